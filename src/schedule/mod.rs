//! When a run is due: schedules, their slots, and what becomes of slots that were missed (SPEC §8).
//!
//! Pure: every function is given the times it needs. The ledger of slots is in `store`, the files are read by `config`,
//! and the ticker, which may fire late, twice or never, is in `daemon`; none of them decides what is due.

mod cron;
mod plan;

pub use cron::{Cron, CronFault};
pub use plan::{INBOX_REST, LATE_AFTER, Listed, Listing, MISSED_AFTER, Slot, list, retry_after};

use crate::domain::calendar::{Calendar, is_first_business_day};
use crate::domain::dates::{Day, JST, Period};
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

/// How often a slot is tried before it is closed as failed (FAULTS C09).
pub const MAX_ATTEMPTS: u32 = 5;

/// A valid schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Its name; with a planned time it identifies a slot.
    pub name: String,
    /// At which times of day and on which days.
    pub cron: Cron,
    /// The zone those times are meant in.
    pub timezone: Tz,
    /// A period of SPEC §3, relative to the as-of date of the slot.
    pub period: String,
    /// On which of those days.
    pub days: Days,
    /// The time of the slot's day, in the schedule's zone as seconds after midnight, until which it waits for exports.
    pub wait_for_exports_until: Option<u32>,
    /// What becomes of slots missed while nothing ran.
    pub catch_up: CatchUp,
    /// Whether reports are mailed.
    pub mail: bool,
}

/// Which days count, by the Japanese business calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Days {
    /// All.
    All,
    /// Business days.
    Business,
    /// The first business day of a month.
    FirstBusinessDay,
}

/// What becomes of slots missed while nothing ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUp {
    /// Each runs, in order.
    Each,
    /// The newest runs, the others are recorded as skipped.
    Latest,
    /// All are recorded as skipped.
    Skip,
}

/// The business date that `moment` lies in, in JST whatever the zone of the schedule.
pub fn business_day(moment: DateTime<Utc>) -> Day {
    Day::from_naive(moment.with_timezone(&JST).date_naive())
}

impl Schedule {
    /// Whether a slot planned at `moment` falls on a day that counts.
    fn counts(&self, moment: DateTime<Utc>, calendar: &Calendar) -> bool {
        let day = business_day(moment);
        match self.days {
            Days::All => true,
            Days::Business => calendar.is_business_day(day),
            Days::FirstBusinessDay => is_first_business_day(calendar, day),
        }
    }

    /// The first planned time after `moment`, within about ten years.
    pub fn next(&self, moment: DateTime<Utc>, calendar: &Calendar) -> Option<DateTime<Utc>> {
        self.firings(moment, calendar).next()
    }

    /// Planned times after `moment`, in order, until the cron expression ends or ten years pass without one.
    pub fn firings<'a>(
        &'a self,
        moment: DateTime<Utc>,
        calendar: &'a Calendar,
    ) -> impl Iterator<Item = DateTime<Utc>> + 'a {
        let mut at = moment;
        let mut limit = moment + Duration::days(3_660);
        std::iter::from_fn(move || {
            loop {
                at = self.cron.next(at, self.timezone).filter(|at| *at <= limit)?;
                if self.counts(at, calendar) {
                    limit = at + Duration::days(3_660);
                    return Some(at);
                }
            }
        })
    }

    /// The slot planned at `moment`: its as-of date and period follow from that time alone (FAULTS C01).
    pub fn slot(&self, moment: DateTime<Utc>) -> Slot {
        let as_of = business_day(moment);
        let yesterday = as_of.plus(-1);
        let period = Period::named(&self.period, as_of).unwrap_or(Period::day(yesterday));
        Slot { schedule: self.name.clone(), planned: moment, as_of, period }
    }

    /// Until when the slot planned at `moment` waits for exports; `None` if it does not wait.
    ///
    /// A time that is not after the slot's own means no waiting. In a zone with summer time, a time in the gap is taken
    /// as the moment the gap ends.
    pub fn waits_until(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let seconds = self.wait_for_exports_until?;
        let day = moment.with_timezone(&self.timezone).date_naive();
        let naive = day.and_hms_opt(0, 0, 0)? + Duration::seconds(i64::from(seconds));
        let until = cron::at_wall_clock(naive, self.timezone)?;
        Some(until).filter(|until| *until > moment)
    }
}
