//! When a slot is due: cron expressions, business days, waiting and catch-up (SPEC §8, FAULTS section C).

#![expect(clippy::expect_used, reason = "a test may stop where it cannot go on")]

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use totsugo::domain::calendar::{Calendar, is_first_business_day};
use totsugo::domain::dates::stamp;
use totsugo::schedule::{
    CatchUp, Cron, CronFault, Days, Listing, MAX_ATTEMPTS, Schedule, Slot, business_day, list, retry_after,
};
use totsugo::store::{SlotEnd, SlotState, Store};

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("a moment").with_timezone(&Utc)
}

fn schedule(cron: &str, zone: Tz) -> Schedule {
    Schedule {
        name: "nightly".to_owned(),
        cron: Cron::parse(cron).expect("a cron expression"),
        timezone: zone,
        period: "month-to-date".to_owned(),
        days: Days::All,
        wait_for_exports_until: None,
        catch_up: CatchUp::Each,
        mail: true,
    }
}

/// The first firings after `from`, in the schedule's zone.
fn firings(schedule: &Schedule, from: &str, count: usize) -> Vec<String> {
    let calendar = Calendar::default();
    let local = |moment: DateTime<Utc>| moment.with_timezone(&schedule.timezone).format("%a %Y-%m-%d %H:%M:%S");
    schedule.firings(at(from), &calendar).take(count).map(|moment| local(moment).to_string()).collect()
}

#[test]
fn c06_weekdays_and_days_mean_one_thing() {
    for (cron, expected) in [
        ("0 30 6 * * 0", ["Sun 2026-11-29 06:30:00", "Sun 2026-12-06 06:30:00"]),
        ("0 30 6 * * 7", ["Sun 2026-11-29 06:30:00", "Sun 2026-12-06 06:30:00"]),
        ("0 30 6 * * 1", ["Mon 2026-11-30 06:30:00", "Mon 2026-12-07 06:30:00"]),
        ("0 30 6 * * MON-FRI", ["Tue 2026-11-24 06:30:00", "Wed 2026-11-25 06:30:00"]),
        ("0 0 9 1 * MON", ["Mon 2027-02-01 09:00:00", "Mon 2027-03-01 09:00:00"]),
        ("0 0 9 L * *", ["Mon 2026-11-30 09:00:00", "Thu 2026-12-31 09:00:00"]),
        ("30 6 * * *", ["Tue 2026-11-24 06:30:00", "Wed 2026-11-25 06:30:00"]),
    ] {
        assert_eq!(firings(&schedule(cron, Tz::Asia__Tokyo), "2026-11-24T00:00:00+09:00", 2), expected, "{cron}");
    }
}

#[test]
fn c07_what_never_fires_or_fires_every_second_is_refused() {
    assert_eq!(Cron::parse("0 0 9 30 2 *"), Err(CronFault::NeverFires));
    assert_eq!(Cron::parse("0 0 9 31 2,4,6,9,11 *"), Err(CronFault::NeverFires));
    assert_eq!(Cron::parse("* * * * * *"), Err(CronFault::EverySecond));
    assert_eq!(Cron::parse("* 30 6 * * *"), Err(CronFault::EverySecond), "sixty times at half past six");
    for (wrong, fields) in [("", 0), ("6", 1), ("30 6 * *", 4), ("0 30 6 * * * 2026", 7)] {
        assert_eq!(Cron::parse(wrong), Err(CronFault::Fields(fields)), "{wrong}");
    }
    for wrong in ["0 61 6 * * *", "0 30 6 * * FOO", "a b c d e f"] {
        assert!(matches!(Cron::parse(wrong), Err(CronFault::Unreadable(_))), "{wrong}");
    }
    assert_eq!(Cron::parse("30 6 * * *").expect("five fields").as_str(), "0 30 6 * * *");
    assert_eq!(firings(&schedule("0 0 9 29 2 *", Tz::Asia__Tokyo), "2025-01-01T00:00:00Z", 1).len(), 1, "leap years");
    for right in ["0 0 9 29 2 MON", "1 * * * * *", "*/2 * * * * *"] {
        Cron::parse(right).expect("four times a century, a second past the minute, every other second");
    }
}

#[test]
fn c06_the_next_planned_time_is_the_first_of_them() {
    let nightly = Schedule { days: Days::Business, ..schedule("0 30 6 * * *", Tz::Asia__Tokyo) };
    let next = nightly.next(at("2026-11-20T06:30:00+09:00"), &Calendar::default());
    assert_eq!(next.map(stamp).as_deref(), Some("2026-11-24T06:30:00+09:00"), "after a weekend and a holiday");
}

#[test]
fn c05_a_time_in_the_gap_or_the_overlap_of_summer_time_comes_once() {
    for (zone, gap, overlap) in [
        (Tz::America__New_York, "2026-03-08", "2026-11-01"),
        (Tz::Europe__Berlin, "2026-03-29", "2026-10-25"),
        (Tz::Australia__Sydney, "2026-10-04", "2026-04-05"),
        (Tz::Europe__London, "2026-03-29", "2026-10-25"),
    ] {
        for hour in ["1", "2", "3"] {
            let nightly = schedule(&format!("0 30 {hour} * * *"), zone);
            for day in [gap, overlap] {
                let from = at(&format!("{day}T00:00:00Z")) - Duration::days(2);
                let calendar = Calendar::default();
                let all: Vec<_> =
                    nightly.firings(from, &calendar).take_while(|t| *t < from + Duration::days(5)).collect();
                let dates: Vec<_> = all.iter().map(|t| t.with_timezone(&zone).date_naive()).collect();
                let mut once = dates.clone();
                once.dedup();
                assert_eq!(dates, once, "{zone} {day} {hour}: {all:?}");
                assert!(
                    once.windows(2).all(|pair| (pair[1] - pair[0]).num_days() == 1),
                    "{zone} {day} {hour}: {all:?}"
                );
            }
        }
    }
}

#[test]
fn c05_what_the_gap_leaves_out_comes_when_it_ends_and_a_repeated_hour_is_not_gone_through_twice() {
    let next = |cron: &str, moment: &str, zone| {
        let cron = Cron::parse(cron).expect("valid");
        cron.next(at(moment), zone).map(|next| next.to_rfc3339())
    };
    let said = |moment: &str| Some(at(moment).to_rfc3339());
    for (zone, before, ends) in [
        (Tz::America__New_York, "2026-03-08T00:00:00-05:00", "2026-03-08T03:00:00-04:00"),
        (Tz::Europe__Berlin, "2026-03-29T00:00:00+01:00", "2026-03-29T03:00:00+02:00"),
        (Tz::Australia__Lord_Howe, "2026-10-04T00:00:00+10:30", "2026-10-04T02:30:00+11:00"),
    ] {
        assert_eq!(next("0 15 2 * * *", before, zone), said(ends), "{zone}");
    }
    // The clock shows half past one for the second time; twenty to two lies behind us as well.
    let again = "2026-11-01T01:30:00-05:00";
    assert_eq!(next("0 */10 * * * *", again, Tz::America__New_York), said("2026-11-01T02:00:00-05:00"));
}

#[test]
fn c13_a_schedule_is_another_one_if_it_fires_at_other_times() {
    let cron = |text| Cron::parse(text).expect("valid");
    assert_eq!(cron("30 6 * * *"), cron("0 30 6 * * *"));
    assert_ne!(cron("0 30 6 * * *"), cron("0 31 6 * * *"));
}

#[test]
fn c01_the_latest_runs_however_late_and_what_was_seen_in_time_runs_too() {
    let skipped = |cron: &str, from: &str, to: &str| -> Vec<bool> {
        let latest = Schedule { catch_up: CatchUp::Latest, ..schedule(cron, Tz::Asia__Tokyo) };
        let listing = list(&latest, &Calendar::default(), at(from), at(to));
        listing.slots.iter().map(|listed| listed.skipped.is_some()).collect()
    };
    let nights = skipped("0 30 6 * * *", "2026-11-30T12:00:00+09:00", "2026-12-03T12:00:00+09:00");
    assert_eq!(nights, [true, true, false]);
    let minutes = skipped("0 * * * * *", "2026-11-30T12:00:00+09:00", "2026-11-30T12:06:00+09:00");
    assert_eq!(minutes, [true, true, false, false, false, false], "three minutes are in time");
}

#[test]
fn c09_a_failed_slot_rests_longer_each_time() {
    let minutes = [0, 1, 2, 3, 4, 5].map(|attempts| retry_after(attempts).num_minutes());
    assert_eq!(minutes, [1, 1, 5, 15, 30, 30]);
}

#[test]
fn c05_business_days_are_japanese_in_any_zone() {
    let nightly = schedule("0 0 20 * * *", Tz::America__New_York);
    let slot = nightly.slot(at("2026-11-30T20:00:00-05:00"));
    assert_eq!(
        (slot.as_of.to_string(), slot.period.to_string()),
        ("2026-12-01".into(), "2026-11-01..2026-11-30".into())
    );
}

#[test]
fn c12_business_days_and_the_first_of_a_month() {
    let business = Schedule { days: Days::Business, ..schedule("0 30 6 * * *", Tz::Asia__Tokyo) };
    assert_eq!(
        firings(&business, "2026-12-28T12:00:00+09:00", 2),
        ["Mon 2027-01-04 06:30:00", "Tue 2027-01-05 06:30:00"]
    );
    let first = Schedule { days: Days::FirstBusinessDay, ..business };
    assert_eq!(
        firings(&first, "2026-12-01T12:00:00+09:00", 3),
        ["Mon 2027-01-04 06:30:00", "Mon 2027-02-01 06:30:00", "Mon 2027-03-01 06:30:00"]
    );
    let never = Schedule { cron: Cron::parse("0 30 6 1 1 *").expect("valid"), ..first };
    assert_eq!(firings(&never, "2026-12-01T12:00:00+09:00", 1), Vec::<String>::new(), "New Year's Day is never one");
}

#[test]
fn c11_period_and_as_of_date_come_from_the_planned_time() {
    let nightly = schedule("0 30 6 * * *", Tz::Asia__Tokyo);
    let listing =
        list(&nightly, &Calendar::default(), at("2026-11-30T12:00:00+09:00"), at("2026-12-03T12:00:00+09:00"));
    let said: Vec<_> = listing.slots.iter().map(|l| format!("{} {}", stamp(l.slot.planned), l.slot.period)).collect();
    assert_eq!(
        said,
        [
            "2026-12-01T06:30:00+09:00 2026-11-01..2026-11-30",
            "2026-12-02T06:30:00+09:00 2026-12-01..2026-12-01",
            "2026-12-03T06:30:00+09:00 2026-12-01..2026-12-02",
        ]
    );
}

#[test]
fn c01_missed_slots_are_treated_as_the_policy_says() {
    let (calendar, through) = (Calendar::default(), at("2026-11-20T12:00:00+09:00"));
    let now = at("2026-11-23T06:30:30+09:00");
    for (catch_up, expected) in [
        (CatchUp::Each, [None, None, None]),
        (CatchUp::Latest, [Some("missed; catch_up = latest"), Some("missed; catch_up = latest"), None]),
        (CatchUp::Skip, [Some("missed; catch_up = skip"), Some("missed; catch_up = skip"), None]),
    ] {
        let nightly = Schedule { catch_up, ..schedule("0 30 6 * * *", Tz::Asia__Tokyo) };
        let listing = list(&nightly, &calendar, through, now);
        assert_eq!(listing.slots.iter().map(|l| l.skipped).collect::<Vec<_>>(), expected, "{catch_up:?}");
        assert_eq!((listing.through, listing.is_partial), (now, false));
    }
}

#[test]
fn c02_a_clock_that_went_back_lists_nothing_again() {
    let (calendar, nightly) = (Calendar::default(), schedule("0 30 6 * * *", Tz::Asia__Tokyo));
    let through = at("2026-11-24T06:31:00+09:00");
    for back in [1, 3_600, 86_400] {
        let listing = list(&nightly, &calendar, through, through - Duration::seconds(back));
        assert_eq!((listing.slots.len(), listing.through), (0, through));
    }
}

#[test]
fn c14_waiting_ends_at_a_time_of_the_slots_own_day() {
    let planned = at("2026-11-24T06:30:00+09:00");
    let until = |seconds| {
        Schedule { wait_for_exports_until: seconds, ..schedule("0 30 6 * * *", Tz::Asia__Tokyo) }.waits_until(planned)
    };
    assert_eq!(until(Some(9 * 3_600)), Some(at("2026-11-24T09:00:00+09:00")));
    assert_eq!(until(Some(6 * 3_600)), None, "not after the slot's own time");
    assert_eq!(until(Some(6 * 3_600 + 1_800)), None, "the slot's own time");
    assert_eq!(until(None), None);
}

#[test]
fn c08_a_long_downtime_is_worked_off_in_pieces_without_loss() {
    let (calendar, often) = (Calendar::default(), schedule("0 * * * * *", Tz::Asia__Tokyo));
    let (start, end) = (at("2026-11-01T00:00:00Z"), at("2026-11-02T12:00:00Z"));
    let (mut through, mut listed) = (start, Vec::new());
    loop {
        let listing = list(&often, &calendar, through, end);
        listed.extend(listing.slots.into_iter().map(|l| l.slot.planned));
        through = listing.through;
        if !listing.is_partial {
            break;
        }
    }
    let expected: Vec<_> = (1..=36 * 60).map(|minutes| start + Duration::minutes(minutes)).collect();
    assert_eq!((listed, through), (expected, end));
}

/// A small generator of numbers: the same seed gives the same year.
struct Chance(u64);

impl Chance {
    /// A number below `most`.
    fn below(&mut self, most: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        i64::try_from((mixed ^ (mixed >> 31)) % most.unsigned_abs()).expect("small")
    }

    fn one_in(&mut self, most: i64) -> bool {
        self.below(most) == 0
    }
}

/// What the simulated daemon keeps: the real ledger, or one in memory for many more seeds.
trait Ledger {
    /// `false` if the clock stands more than an hour before the latest time seen.
    fn sees(&mut self, now: DateTime<Utc>) -> bool;
    fn through(&mut self, now: DateTime<Utc>) -> DateTime<Utc>;
    fn record(&mut self, listing: &Listing, now: DateTime<Utc>);
    fn open(&mut self) -> Vec<Slot>;
    /// Begins an attempt; `end` is `None` if the process is killed in it.
    fn attempt(&mut self, slot: &Slot, end: Option<SlotEnd>, now: DateTime<Utc>);
    /// Planned time, state, attempts, reason of all slots.
    fn all(&mut self) -> Vec<(DateTime<Utc>, SlotState, u32, Option<String>)>;
}

struct Real(Store);

impl Ledger for Real {
    fn sees(&mut self, now: DateTime<Utc>) -> bool {
        self.0.see_clock(now).expect("the clock").is_none()
    }

    fn through(&mut self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.0.looked_through("nightly", now).expect("a schedule")
    }

    fn record(&mut self, listing: &Listing, now: DateTime<Utc>) {
        self.0.record_slots("nightly", listing, now).expect("recorded");
    }

    fn open(&mut self) -> Vec<Slot> {
        self.0.open_slots().expect("open slots").into_iter().map(|ledger| ledger.slot).collect()
    }

    fn attempt(&mut self, slot: &Slot, end: Option<SlotEnd>, now: DateTime<Utc>) {
        let attempt = self.0.begin_slot(slot).expect("begun");
        if let (Some(_), Some(end)) = (attempt, end) {
            self.0.end_slot(slot, &end, MAX_ATTEMPTS, now, now).expect("ended");
        }
    }

    fn all(&mut self) -> Vec<(DateTime<Utc>, SlotState, u32, Option<String>)> {
        let slots = self.0.all_slots().expect("all slots");
        slots.into_iter().map(|s| (s.slot.planned, s.state, s.attempts, s.reason)).collect()
    }
}

#[derive(Default)]
struct Memory {
    latest: Option<DateTime<Utc>>,
    through: Option<DateTime<Utc>>,
    slots: BTreeMap<DateTime<Utc>, (Slot, SlotState, u32, Option<String>)>,
    open: BTreeSet<DateTime<Utc>>,
}

impl Ledger for Memory {
    fn sees(&mut self, now: DateTime<Utc>) -> bool {
        let right = self.latest.is_none_or(|latest| now + Duration::hours(1) >= latest);
        self.latest = self.latest.max(Some(now));
        right
    }

    fn through(&mut self, now: DateTime<Utc>) -> DateTime<Utc> {
        *self.through.get_or_insert(now)
    }

    fn record(&mut self, listing: &Listing, _now: DateTime<Utc>) {
        for listed in &listing.slots {
            let state = if listed.skipped.is_some() { SlotState::Skipped } else { SlotState::Planned };
            let reason = listed.skipped.map(str::to_owned);
            if state == SlotState::Planned && !self.slots.contains_key(&listed.slot.planned) {
                self.open.insert(listed.slot.planned);
            }
            self.slots.entry(listed.slot.planned).or_insert((listed.slot.clone(), state, 0, reason));
        }
        self.through = self.through.max(Some(listing.through));
    }

    fn open(&mut self) -> Vec<Slot> {
        self.open.iter().map(|planned| self.slots[planned].0.clone()).collect()
    }

    fn attempt(&mut self, slot: &Slot, end: Option<SlotEnd>, _now: DateTime<Utc>) {
        let (_, state, attempts, reason) = self.slots.get_mut(&slot.planned).expect("listed");
        *attempts += 1;
        (*state, *reason) = match end {
            None => (SlotState::Running, None),
            Some(SlotEnd::Done { .. }) => (SlotState::Completed, None),
            Some(SlotEnd::Failed { why, .. }) if *attempts >= MAX_ATTEMPTS => (SlotState::Failed, Some(why)),
            Some(SlotEnd::Failed { why, .. }) => (SlotState::Planned, Some(why)),
            Some(SlotEnd::Postponed { why }) => {
                *attempts -= 1;
                (SlotState::Planned, Some(why))
            }
        };
        if state.is_closed() {
            self.open.remove(&slot.planned);
        }
    }

    fn all(&mut self) -> Vec<(DateTime<Utc>, SlotState, u32, Option<String>)> {
        self.slots.values().map(|(slot, state, n, why)| (slot.planned, *state, *n, why.clone())).collect()
    }
}

/// More than four hundred days of outages, clock jumps, double ticks, kills and failures; then quiet, until all is done.
fn four_hundred_days(seed: u64, ledger: &mut dyn Ledger) {
    let mut chance = Chance(seed);
    let catch_up = [CatchUp::Each, CatchUp::Latest, CatchUp::Skip][usize::try_from(seed % 3).expect("small")];
    let days = [Days::All, Days::Business, Days::FirstBusinessDay][usize::try_from(seed / 3 % 3).expect("small")];
    let nightly = Schedule { catch_up, days, ..schedule("0 30 6 * * *", Tz::Asia__Tokyo) };
    let calendar = Calendar::default();
    let start = at("2026-11-24T12:00:00+09:00");
    let (mut real, mut offset, mut done) = (start, Duration::zero(), BTreeMap::<DateTime<Utc>, u32>::new());
    let mut last = start;
    let end = start + Duration::days(410);
    let mut look = |clock: DateTime<Utc>, chance: Option<&mut Chance>| {
        if !ledger.sees(clock) {
            return;
        }
        let through = ledger.through(clock);
        let listing = list(&nightly, &calendar, through, clock);
        ledger.record(&listing, clock);
        last = last.max(clock);
        let Some(chance) = chance else {
            for slot in ledger.open() {
                ledger.attempt(&slot, Some(SlotEnd::Done { needs_operator: false }), clock);
                *done.entry(slot.planned).or_default() += 1;
            }
            return;
        };
        for slot in ledger.open() {
            match chance.below(12) {
                0 => return ledger.attempt(&slot, None, clock),
                1 => {
                    let end = SlotEnd::Failed { why: "planted".to_owned(), shops: Vec::new() };
                    ledger.attempt(&slot, Some(end), clock);
                }
                2 => ledger.attempt(&slot, Some(SlotEnd::Postponed { why: "planted".to_owned() }), clock),
                _ => {
                    ledger.attempt(&slot, Some(SlotEnd::Done { needs_operator: false }), clock);
                    *done.entry(slot.planned).or_default() += 1;
                }
            }
        }
    };
    look(start, Some(&mut chance));
    while real < end {
        real += match chance.below(40) {
            0 => Duration::hours(chance.below(24 * 12)),
            1..6 => Duration::minutes(chance.below(90)),
            _ => Duration::minutes(700 + chance.below(1_400)),
        };
        if chance.one_in(60) {
            offset = [
                Duration::minutes(chance.below(120) - 60),
                Duration::hours(chance.below(48) - 24),
                Duration::days(chance.below(20) - 10),
                Duration::zero(),
            ][usize::try_from(chance.below(4)).expect("small")];
        }
        for _ in 0..1 + i64::from(chance.one_in(4)) {
            look(real + offset, Some(&mut chance));
        }
    }
    // The clock comes right again, and everything is quiet.
    for _ in 0..20 {
        real += Duration::days(1);
        look(real, None);
    }
    let slots = ledger.all();
    let planned: Vec<_> = slots.iter().map(|(planned, ..)| *planned).collect();
    let expected: Vec<_> = (0..450)
        .map(|day| at("2026-11-25T06:30:00+09:00") + Duration::days(day))
        .filter(|planned| *planned <= last)
        .filter(|planned| match days {
            Days::All => true,
            Days::Business => calendar.is_business_day(business_day(*planned)),
            Days::FirstBusinessDay => is_first_business_day(&calendar, business_day(*planned)),
        })
        .collect();
    assert_eq!(planned, expected, "seed {seed}: every slot is there once");
    for (planned, state, attempts, reason) in slots {
        let times = done.get(&planned).copied().unwrap_or(0);
        let is_right = match state {
            SlotState::Completed | SlotState::Problems => times == 1 && attempts >= 1,
            SlotState::Skipped => times == 0 && reason.is_some() && catch_up != CatchUp::Each,
            SlotState::Failed => times == 0 && reason.is_some() && attempts >= MAX_ATTEMPTS,
            SlotState::Planned | SlotState::Running => false,
        };
        assert!(is_right, "seed {seed}: {planned} {state:?} after {attempts} attempts, done {times} times: {reason:?}");
    }
}

#[test]
fn c01_c02_c03_every_slot_of_400_days_is_done_once_or_recorded_for_1000_seeds() {
    for seed in 0..1_000 {
        four_hundred_days(seed, &mut Memory::default());
    }
}

/// The second thousand, so that two cores share them.
#[test]
fn c01_c02_c03_every_slot_of_400_days_is_done_once_or_recorded_for_1000_other_seeds() {
    for seed in 1_000..2_000 {
        four_hundred_days(seed, &mut Memory::default());
    }
}

#[test]
fn c01_c02_c03_c09_the_real_ledger_keeps_400_days_too() {
    for seed in 0..45 {
        four_hundred_days(seed, &mut Real(Store::open(Path::new(":memory:"), "test").expect("a ledger")));
    }
}

/// Found by hand: of exactly as many missed slots as one look lists, none ran.
#[test]
fn c01_the_latest_runs_of_any_number_of_missed_slots() {
    for missed in [499, 500, 501, 1_000, 1_001] {
        let latest = Schedule { catch_up: CatchUp::Latest, ..schedule("0 0 * * * *", Tz::Asia__Tokyo) };
        let start = at("2026-11-01T00:30:00+09:00");
        let now = start + Duration::hours(missed);
        let (mut through, mut slots) = (start, Vec::new());
        loop {
            let listing = list(&latest, &Calendar::default(), through, now);
            slots.extend(listing.slots);
            through = listing.through;
            if !listing.is_partial {
                break;
            }
        }
        let run = slots.iter().filter(|listed| listed.skipped.is_none()).count();
        assert_eq!((i64::try_from(slots.len()), run), (Ok(missed), 1), "{missed}");
        assert_eq!((slots.last().map(|listed| listed.skipped), through), (Some(None), now), "{missed}");
    }
}
