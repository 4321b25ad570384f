//! The daemon: with a clock of the test's own through its looks and executor, and as a real process that is killed.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[expect(dead_code, reason = "each test file uses its own part of the sandbox")]
mod sandbox;
mod tier;

use chrono::{DateTime, Duration, FixedOffset};
use sandbox::{Sandbox, sheet};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use totsugo::config;
use totsugo::daemon::{self, DaemonError, Executor, Service, Watch, Work};
use totsugo::domain::ids::ShopId;
use totsugo::run::{self, Effect, Order, RunError, Workshop};
use totsugo::store::{LedgerSlot, SlotState, Store};

const NIGHTLY: &str = "name = \"nightly\"\ncron = \"0 30 6 * * *\"\n";

fn at(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).expect("a moment")
}

/// The demo's merchant under a clock of the test's own.
struct Night {
    sandbox: Sandbox,
    watch: Watch,
    executor: Executor,
    now: DateTime<FixedOffset>,
}

impl Night {
    fn new(schedules: &[(&str, &str)], now: &str) -> Self {
        Self::with(Sandbox::demo(), schedules, now)
    }

    fn with(sandbox: Sandbox, schedules: &[(&str, &str)], now: &str) -> Self {
        for (name, text) in schedules {
            sandbox.write(&format!("schedules/{name}"), text.as_bytes());
        }
        let mut night = Self { sandbox, watch: Watch::default(), executor: Executor::default(), now: at(now) };
        night.watch.look(&night.workshop());
        night
    }

    fn workshop(&self) -> Workshop {
        let file = self.sandbox.path("totsugo.toml");
        let text = fs::read_to_string(&file).expect("the configuration");
        let config = config::parse(&text, &file, &BTreeMap::new()).expect("a valid configuration");
        Workshop::prepare(config, self.now).expect("a workshop")
    }

    /// How many messages hold `word`, as an address does in the head.
    fn mails_with(&self, word: &str) -> usize {
        let mails = self.sandbox.find("outbox", ".eml").into_values();
        mails.filter(|mail| String::from_utf8_lossy(mail).contains(word)).count()
    }

    /// How many messages to the operator say `words`.
    fn told(&self, words: &str) -> usize {
        self.sandbox.told().iter().filter(|text| text.contains(words)).count()
    }

    /// Looks and works at `time` until nothing is due; gives how many slots were tried.
    fn comes(&mut self, time: &str) -> usize {
        self.now = at(time);
        let workshop = self.workshop();
        self.watch.look(&workshop);
        let mut tried = 0;
        while self.executor.work(&workshop, &self.watch.schedules(), &|| false, &|| ()) == Work::Slot {
            tried += 1;
        }
        tried
    }

    fn store(&self) -> Store {
        self.workshop().open_store(Effect::Real).expect("the history").store
    }

    fn slots(&self) -> Vec<LedgerSlot> {
        self.store().all_slots().expect("slots")
    }

    /// The slots as `planned state attempts`.
    fn said(&self) -> Vec<String> {
        let line = |s: LedgerSlot| {
            let planned = totsugo::domain::dates::stamp(s.slot.planned);
            format!("{} {} {} {}", s.slot.schedule, &planned[..16], s.state.as_str(), s.attempts)
        };
        self.slots().into_iter().map(line).collect()
    }

    /// What the operator was told, by kind.
    fn alerts(&self) -> Vec<String> {
        let history = rusqlite::Connection::open(self.sandbox.path("totsugo.db")).expect("the history");
        let mut alerts = history.prepare("SELECT subject FROM act WHERE act = 'alert' ORDER BY id").expect("SQL");
        let kinds = alerts.query_map([], |row| row.get(0)).expect("alerts");
        kinds.collect::<Result<_, _>>().expect("text")
    }

    /// An export of `shop` with one payment on `day` lies in the inbox.
    fn export(&self, shop: &str, day: &str) {
        let row = format!("{shop},n-{}-{day},即時売上,{day} 20:00:00,1000,0,クレジットカード,,,", &shop[10..]);
        let head = "ショップID,オーダーID,取引状態,処理日時,利用金額,税送料,決済方法,加盟店自由項目1,加盟店自由項目2,加盟店自由項目3";
        self.sandbox.write(&format!("inbox/{shop}-{day}.csv"), format!("{head}\r\n{row}\r\n").as_bytes());
    }

    fn history(&self) -> Vec<Value> {
        let said = self.sandbox.json(&["history", "--json"], 0);
        said["runs"].as_array().expect("runs").clone()
    }

    fn workbooks(&self) -> usize {
        self.sandbox.find("reports", ".xlsx").len()
    }
}

const SHOPS: [&str; 2] = ["9200000000001", "9200000000002"];

#[test]
fn c01_downtime_is_caught_up_as_the_policy_says_and_marked_late() {
    for (policy, ran, expected) in [
        ("each", 3, ["problems", "problems", "problems"]),
        ("latest", 1, ["skipped", "skipped", "problems"]),
        ("skip", 0, ["skipped", "skipped", "skipped"]),
    ] {
        let text = format!("{NIGHTLY}catch_up = \"{policy}\"\n");
        let mut night = Night::new(&[("nightly.toml", &text)], "2031-03-03T12:00:00+09:00");
        assert_eq!(night.comes("2031-03-06T12:00:00+09:00"), ran, "{policy}");
        let states: Vec<_> = night.slots().iter().map(|slot| slot.state.as_str()).collect();
        assert_eq!(states, expected, "{policy}");
        let history = night.history();
        let said: Vec<_> = history.iter().map(|run| (run["slot"].as_str(), run["as_of"].as_str())).collect();
        let days = ["2031-03-06", "2031-03-05", "2031-03-04"];
        let slots = days.map(|day| format!("{day}T06:30:00+09:00"));
        if policy == "each" {
            let expected: Vec<_> = slots.iter().zip(days).map(|(slot, day)| (Some(&**slot), Some(day))).collect();
            assert_eq!(said, expected, "newest first, each with its own date");
            assert_eq!(history[0]["period"]["to"], "2031-03-05");
        }
        let mut outcomes: Vec<_> = history.iter().filter_map(|run| run["outcome"].as_str()).collect();
        outcomes.sort_unstable();
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(outcomes, expected, "{policy}: skipped and caught-up slots are in the history");
        assert_eq!(night.alerts().contains(&"skipped".to_owned()), policy != "each");
        assert_eq!(night.comes("2031-03-06T13:00:00+09:00"), 0, "nothing is done twice");
    }
}

#[test]
fn c02_double_ticks_and_clocks_that_go_back_run_nothing_twice() {
    let mut night = Night::new(&[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    assert_eq!(night.comes("2031-03-04T06:30:00+09:00"), 1);
    let (workbooks, mails) = (night.workbooks(), night.sandbox.find("outbox", ".eml").len());
    for again in ["2031-03-04T06:30:00+09:00", "2031-03-04T05:45:00+09:00", "2031-03-04T06:30:01+09:00"] {
        assert_eq!(night.comes(again), 0, "{again}");
    }
    assert_eq!((night.workbooks(), night.sandbox.find("outbox", ".eml").len()), (workbooks, mails));
    assert_eq!(night.slots().len(), 1);
}

#[test]
fn c03_c04_a_clock_days_ahead_never_looks_clean_and_one_gone_back_runs_nothing() {
    let mut night = Night::new(&[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    assert_eq!(night.comes("2031-03-06T12:00:00+09:00"), 3, "looks like downtime");
    assert!(
        night.slots().iter().all(|slot| slot.state == SlotState::Problems),
        "exports are not in: {:?}",
        night.said()
    );
    assert_eq!(night.comes("2031-03-04T12:00:00+09:00"), 0, "the clock is right again");
    assert_eq!(night.alerts(), ["clock"]);
    let order = by_hand(&night);
    let manual = run::run(&night.workshop(), &order, &run::Timings::start());
    assert!(matches!(manual, Err(RunError::Clock { .. })), "no run by hand either");
    let before = Workshop { now: at("1970-01-01T09:00:00+09:00"), ..night.workshop() };
    assert!(matches!(run::run(&before, &order, &run::Timings::start()), Err(RunError::Clock { .. })), "a dead battery");
    assert_eq!(night.comes("2031-03-07T06:31:00+09:00"), 1, "and goes on by itself when the time has come");
}

#[test]
fn c08_slots_that_are_due_together_run_one_after_the_other_in_a_fixed_order() {
    let weekly = NIGHTLY.replace("nightly", "all");
    let mut night = Night::new(&[("z.toml", &weekly), ("a.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    assert_eq!(night.comes("2031-03-05T06:30:00+09:00"), 4);
    let history = night.history();
    let order: Vec<_> = history.iter().rev().map(|run| (run["slot"].as_str(), run["schedule"].as_str())).collect();
    let (first, second) = (Some("2031-03-04T06:30:00+09:00"), Some("2031-03-05T06:30:00+09:00"));
    assert_eq!(
        order,
        [(first, Some("all")), (first, Some("nightly")), (second, Some("all")), (second, Some("nightly"))]
    );
}

#[test]
fn c09_a_shop_that_fails_is_tried_five_times_and_stops_no_other() {
    let mut night = Night::new(&[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    night.sandbox.write(&format!("reports/{}", SHOPS[0]), b"a file where a folder must be");
    let mut tried = Vec::new();
    for minute in 0..90 {
        let time = at("2031-03-04T06:30:00+09:00") + Duration::minutes(minute);
        if night.comes(&time.to_rfc3339()) > 0 {
            tried.push(minute);
        }
    }
    assert_eq!(tried, [0, 1, 6, 21, 51], "minutes after the planned time");
    assert_eq!(night.said(), ["nightly 2031-03-04T06:30 failed 5"]);
    assert_eq!(night.slots()[0].shops, [ShopId::new(SHOPS[0])], "the other shop is not done again");
    assert_eq!(night.alerts(), ["slot failed"]);
    assert_eq!(night.workbooks(), 1, "the other shop has its report");
    fs::remove_file(night.sandbox.path(&format!("reports/{}", SHOPS[0]))).expect("removed");
    assert_eq!(night.comes("2031-03-05T06:30:00+09:00"), 1, "the next night is tried as if nothing had been");
    assert_eq!(night.said()[1], "nightly 2031-03-05T06:30 problems 1");
}

/// Found by an operator: with the share gone over night the slot was given up, and a share back at eight gave no report.
#[test]
fn a12_a_slot_stays_due_while_the_inbox_is_not_available_and_the_operator_hears_at_once() {
    let mut night = Night::with(Sandbox::english_demo(), &[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    let (inbox, away) = (night.sandbox.path("inbox"), night.sandbox.path("away"));
    fs::rename(&inbox, &away).expect("not mounted");
    let mut tried = 0;
    for minute in 0..180 {
        let time = at("2031-03-04T06:30:00+09:00") + Duration::minutes(minute);
        tried += night.comes(&time.to_rfc3339());
        assert_eq!(night.told("The inbox is not available"), 1, "at once, and once");
    }
    assert_eq!(tried, 36, "every five minutes");
    assert_eq!(night.said(), ["nightly 2031-03-04T06:30 planned 0"]);
    let status = night.sandbox.program(&["status"]);
    assert_eq!(status.code, 1, "{}", status.out);
    assert!(status.err.contains("inbox is not available"), "{}", status.err);
    assert_eq!((night.workbooks(), night.alerts()), (0, vec!["inbox".to_owned()]));
    fs::rename(&away, &inbox).expect("mounted again");
    assert_eq!(night.comes("2031-03-04T09:30:00+09:00"), 1);
    assert_eq!(night.said(), ["nightly 2031-03-04T06:30 problems 1"]);
    assert_eq!(night.workbooks(), 2, "of the day it was planned for");
    // Away again the next night: that is news.
    fs::rename(&inbox, &away).expect("not mounted");
    night.comes("2031-03-05T06:30:00+09:00");
    assert_eq!(night.told("The inbox is not available"), 2);
    assert_eq!(night.alerts(), ["inbox"; 2]);
}

/// Found by an operator: after a run by hand that ended for it, `status` said nothing.
#[test]
fn a12_status_looks_whether_the_inbox_is_there() {
    let sandbox = Sandbox::english_demo();
    assert_eq!(sandbox.program(&["run", "--as-of", "2026-11-23"]).code, 0);
    assert!(!sandbox.program(&["status"]).err.contains("inbox"));
    fs::rename(sandbox.path("inbox"), sandbox.path("away")).expect("not mounted");
    assert_eq!(sandbox.program(&["run"]).code, 3);
    let status = sandbox.program(&["status"]);
    assert_eq!(status.code, 1, "{}", status.err);
    assert!(status.err.contains("inbox is not available"), "{}", status.err);
}

#[test]
fn c09_a_slot_whose_process_was_killed_is_resumed_and_one_that_was_done_is_not_done_again() {
    let mut night = Night::new(&[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    night.now = at("2031-03-04T06:30:00+09:00");
    night.watch.look(&night.workshop());
    let slot = night.slots()[0].slot.clone();
    assert_eq!(night.store().begin_slot(&slot).expect("begun"), Some(1));
    assert_eq!(night.comes("2031-03-04T06:31:00+09:00"), 1);
    assert_eq!(night.said(), ["nightly 2031-03-04T06:30 problems 2"]);
    // Killed after the run was complete and before its slot was closed.
    let history = rusqlite::Connection::open(night.sandbox.path("totsugo.db")).expect("the history");
    history.execute("UPDATE slot SET state = 'running'", []).expect("reopened");
    let runs = night.history().len();
    assert_eq!(night.comes("2031-03-04T06:32:00+09:00"), 1);
    assert_eq!((night.said(), night.history().len()), (vec!["nightly 2031-03-04T06:30 problems 3".to_owned()], runs));
    // Killed in each of five attempts.
    history.execute("UPDATE slot SET state = 'running', attempts = 5", []).expect("reopened");
    history.execute("UPDATE run SET outcome = 'failed'", []).expect("never completed");
    assert_eq!(night.comes("2031-03-04T06:33:00+09:00"), 1);
    assert_eq!(night.said(), ["nightly 2031-03-04T06:30 failed 5"]);
    assert_eq!(night.alerts(), ["slot failed"]);
}

#[test]
fn c13_schedule_files_change_break_move_and_go_while_the_daemon_runs() {
    let mut night = Night::new(&[("a.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    night.sandbox.write("schedules/a.toml", b"name = \"nightly\"\ncron = \"0 30 6 * *\nx = 1");
    assert_eq!(night.comes("2031-03-04T06:30:00+09:00"), 1, "the last valid version stays in force");
    assert_eq!(night.alerts(), ["schedule"]);
    night.sandbox.write("schedules/a.toml", NIGHTLY.replace("30 6", "0 8").as_bytes());
    assert_eq!(night.comes("2031-03-04T07:00:00+09:00"), 0);
    assert_eq!(night.comes("2031-03-04T08:00:00+09:00"), 1, "the new time counts at once");
    night.sandbox.write("schedules/b.toml", NIGHTLY.as_bytes());
    assert_eq!(night.comes("2031-03-04T09:00:00+09:00"), 0);
    assert_eq!(night.alerts(), ["schedule", "schedule"], "the same name twice");
    let by_check = night.sandbox.program(&["check"]);
    assert_eq!((by_check.code, by_check.err.contains("a.toml")), (2, true), "{}", by_check.err);
    fs::remove_file(night.sandbox.path("schedules/b.toml")).expect("removed");
    fs::rename(night.sandbox.path("schedules/a.toml"), night.sandbox.path("schedules/c.toml")).expect("renamed");
    assert_eq!(night.comes("2031-03-05T08:00:00+09:00"), 1, "another file name is the same schedule");
    night.sandbox.write("schedules/c.toml", NIGHTLY.replace("nightly", "other").as_bytes());
    assert_eq!(night.comes("2031-03-05T09:00:00+09:00"), 0, "a new name never catches up the past");
    assert_eq!(night.comes("2031-03-05T09:01:00+09:00"), 0);
    assert_eq!(night.alerts(), ["schedule", "schedule", "schedule gone"]);
    assert_eq!(night.comes("2031-03-06T06:30:00+09:00"), 1);
    assert_eq!(
        night.said(),
        [
            "nightly 2031-03-04T06:30 problems 1",
            "nightly 2031-03-04T08:00 problems 1",
            "nightly 2031-03-05T08:00 problems 1",
            "other 2031-03-06T06:30 problems 1",
        ]
    );
}

#[test]
fn c13_m21_that_a_schedule_is_gone_is_told_before_it_is_forgotten_and_once() {
    let mut night = Night::new(&[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    assert_eq!(night.comes("2031-03-04T06:30:00+09:00"), 1);
    fs::remove_file(night.sandbox.path("schedules/nightly.toml")).expect("removed");
    let history = rusqlite::Connection::open(night.sandbox.path("totsugo.db")).expect("the history");
    let planted = "CREATE TRIGGER planted BEFORE DELETE ON schedule BEGIN SELECT RAISE(ABORT, 'planted'); END";
    history.execute_batch(planted).expect("planted");
    for time in ["2031-03-04T09:00:00+09:00", "2031-03-04T09:01:00+09:00"] {
        assert_eq!(night.comes(time), 0);
    }
    let told = |night: &Night| {
        let mut alerts = night.alerts();
        // That none is left is told besides.
        alerts.retain(|alert| alert != "no schedule");
        alerts
    };
    assert_eq!(told(&night), ["schedule gone", "ledger"], "told, and not yet forgotten");
    history.execute_batch("DROP TRIGGER planted").expect("mended");
    night.watch = Watch::default();
    for time in ["2031-03-04T09:02:00+09:00", "2031-03-04T09:03:00+09:00"] {
        assert_eq!(night.comes(time), 0);
    }
    assert_eq!(told(&night), ["schedule gone", "ledger"], "the next process does not tell it again");
    let left: i64 = history.query_row("SELECT count(*) FROM schedule", [], |row| row.get(0)).expect("a count");
    assert_eq!((left, night.told("nightly")), (0, 1));
    night.sandbox.write("schedules/nightly.toml", NIGHTLY.as_bytes());
    assert_eq!(night.comes("2031-03-05T06:30:00+09:00"), 0, "it begins anew");
    assert_eq!(night.comes("2031-03-06T06:30:00+09:00"), 1);
    fs::remove_file(night.sandbox.path("schedules/nightly.toml")).expect("removed again");
    for time in ["2031-03-06T09:00:00+09:00", "2031-03-06T09:01:00+09:00"] {
        assert_eq!(night.comes(time), 0);
    }
    assert_eq!(told(&night), ["schedule gone", "ledger", "schedule gone"], "another time is told again");
}

/// Found by an operator: with `paths.schedules` mistyped or not mounted no night ever ran, and nobody heard of it.
#[test]
fn c10_a_daemon_without_any_schedule_says_so() {
    let mut night = Night::with(Sandbox::english_demo(), &[], "2031-03-03T12:00:00+09:00");
    let (folder, words) = (night.sandbox.path("schedules").display().to_string(), "there is no schedule");
    let said = |night: &Night, command: &str| {
        let said = night.sandbox.program(&[command]);
        [said.out, said.err].map(|text| text.contains(words) && text.contains(&folder))
    };
    night.comes("2031-03-03T12:01:00+09:00");
    (night.watch, night.executor) = (Watch::default(), Executor::default());
    night.comes("2031-03-03T12:02:00+09:00");
    assert_eq!(
        (night.alerts(), night.told(words)),
        (vec!["no schedule".to_owned()], 1),
        "once, to the next process too"
    );
    assert_eq!((said(&night, "check"), said(&night, "status")), ([true, false], [false, true]));
    assert_eq!(night.sandbox.program(&["status"]).code, 1);
    night.sandbox.write("schedules/nightly.toml", NIGHTLY.as_bytes());
    night.comes("2031-03-03T12:03:00+09:00");
    assert_eq!((said(&night, "check"), said(&night, "status")), ([false; 2], [false; 2]));
    // Gone for one look: an editor at work.
    fs::remove_file(night.sandbox.path("schedules/nightly.toml")).expect("removed");
    night.comes("2031-03-03T12:04:00+09:00");
    assert_eq!(night.told(words), 1);
    night.comes("2031-03-03T12:05:00+09:00");
    assert_eq!(night.told(words), 2);
}

/// Who runs by hand needs no schedule: it is said, and all is well.
#[test]
fn c10_without_a_daemon_a_missing_schedule_is_merely_said() {
    let sandbox = Sandbox::english_demo();
    assert_eq!(sandbox.program(&["run", "--as-of", "2026-11-23"]).code, 0);
    for command in ["check", "status"] {
        let said = sandbox.program(&[command]);
        assert_eq!(said.code, 0, "{command}: {}", said.err);
        assert!(said.out.contains("there is no schedule"), "{command}: {}", said.out);
    }
}

#[test]
fn c14_a20_a_slot_waits_for_exports_or_runs_at_its_time_with_the_gap_named() {
    let waiting = format!("{NIGHTLY}wait_for_exports_until = \"09:00\"\n");
    let mut night = Night::new(&[("nightly.toml", &waiting)], "2031-03-03T12:00:00+09:00");
    night.export(SHOPS[0], "2031-03-03");
    for time in ["2031-03-04T06:30:00+09:00", "2031-03-04T08:58:00+09:00"] {
        assert_eq!(night.comes(time), 0, "{time}: one export is not in");
    }
    night.export(SHOPS[1], "2031-03-03");
    assert_eq!(night.comes("2031-03-04T08:59:00+09:00"), 1, "a minute before");
    assert_eq!(night.comes("2031-03-04T09:00:00+09:00"), 0, "once");
    night.export(SHOPS[0], "2031-03-04");
    assert_eq!(night.comes("2031-03-05T08:59:00+09:00"), 0);
    assert_eq!(night.comes("2031-03-05T09:00:00+09:00"), 1, "never: at the time, with the gap");
    night.export(SHOPS[1], "2031-03-04");
    assert_eq!(night.comes("2031-03-05T09:01:00+09:00"), 0, "a minute after: the next slot's");
    assert_eq!(night.comes("2031-03-06T11:00:00+09:00"), 1, "already past at the start");
    assert_eq!(
        night.said(),
        [
            "nightly 2031-03-04T06:30 completed 1",
            "nightly 2031-03-05T06:30 problems 1",
            "nightly 2031-03-06T06:30 problems 1",
        ]
    );
}

/// The subjects of all mails, by file name, in one line each.
fn subjects(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let subject = |mail: Vec<u8>| {
        let mail = String::from_utf8(mail).expect("ASCII");
        let (_, rest) = mail.split_once("\nSubject: ").expect("a subject");
        let folded = rest.lines().enumerate().take_while(|(at, line)| *at == 0 || line.starts_with(' '));
        folded.map(|(_, line)| line.trim().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let mails = sandbox.find("outbox", ".eml").into_iter();
    mails.filter(|(name, _)| name.contains(SHOPS[0])).map(|(name, mail)| (name, subject(mail))).collect()
}

#[test]
fn a20_a_slot_without_its_export_says_how_far_the_data_reach_in_subject_and_workbook() {
    let mut night = Night::with(Sandbox::english_demo(), &[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    night.export(SHOPS[0], "2031-03-03");
    assert_eq!(night.comes("2031-03-04T06:30:00+09:00"), 1);
    let before = subjects(&night.sandbox);
    assert!(before.values().all(|subject| !subject.contains("not arrived")), "{before:?}");
    assert_eq!(night.comes("2031-03-06T06:30:00+09:00"), 2);
    let after = subjects(&night.sandbox);
    let newer: Vec<_> = after.iter().filter(|(name, _)| !before.contains_key(*name)).collect();
    assert_eq!(newer.len(), 2, "{after:?}");
    for (name, subject) in newer {
        assert!(subject.contains("Payments not arrived (data up to 03-03)"), "{name}: {subject}");
        assert!(!subject.contains("No differences"), "{name}: {subject}");
    }
    let books = night.sandbox.find("reports", ".xlsx");
    let newest = books.keys().filter(|name| name.contains(SHOPS[0])).max().expect("a workbook");
    let summary = sheet(&night.sandbox.path(newest), "Summary");
    let says = |wanted: &str| summary.used_cells().any(|(_, _, cell)| cell.to_string().contains(wanted));
    assert!(says("Payments not arrived (data up to 03-03)"), "{newest}");
    assert!(says("data up to 2031-03-03 20:00:00, nothing later has arrived"), "{newest}");
}

#[test]
fn c01_a_late_report_says_so_in_its_mail_and_holds_the_same_bytes() {
    let done = ["2031-03-04T06:30:00+09:00", "2031-03-04T12:00:00+09:00"].map(|time| {
        let mut night = Night::with(Sandbox::english_demo(), &[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
        night.export(SHOPS[0], "2031-03-03");
        assert_eq!(night.comes(time), 1, "{time}");
        night
    });
    let [in_time, late] = done.each_ref().map(|night| subjects(&night.sandbox));
    assert_eq!((in_time.len(), late.len()), (1, 1));
    assert!(in_time.values().all(|subject| !subject.contains("(late)")), "{in_time:?}");
    assert!(late.values().all(|subject| subject.ends_with("(late)")), "{late:?}");
    let [in_time, late] = done.each_ref().map(|night| night.sandbox.find("reports", ".xlsx"));
    assert!(in_time == late && !late.is_empty(), "the workbook holds facts, and these are the same");
}

#[test]
fn clean_removes_only_what_retention_lets_go_and_the_history_has_recorded() {
    let mut night = Night::new(&[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    let keys = "[retention]\narchive_days = 30\nheld_days = 30\nreports_days = 30\n";
    let config = fs::read_to_string(night.sandbox.path("totsugo.toml")).expect("the configuration");
    assert_eq!(night.comes("2031-03-04T06:30:00+09:00"), 1);
    let order = Order { reissue: true, ..by_hand(&night) };
    run::run(&night.workshop(), &order, &run::Timings::start()).expect("a second revision");
    night.sandbox.write("archive/2031-03/stranger.csv", b"never taken in");
    let discarded = "held/discarded/odd.csv";
    night.sandbox.write(discarded, b"odd");
    let store = night.store();
    store.log_act("2031-03-04T06:30:00+09:00", "discard", "odd.csv", "not ours").expect("logged");
    let files = || -> Vec<String> {
        let all = ["archive", "held", "reports"].map(|folder| night.sandbox.find(folder, "").into_keys());
        all.into_iter().flatten().collect()
    };
    let before = files();
    night.now = at("2036-01-01T12:00:00+09:00");
    let planned = |night: &Night| -> Vec<String> {
        let items = run::removable(&night.workshop(), &store).expect("a plan");
        let root = night.sandbox.path("");
        items.iter().map(|item| item.path.strip_prefix(&root).expect("inside").display().to_string()).collect()
    };
    assert_eq!(planned(&night), Vec::<String>::new(), "off by default");
    night.sandbox.write("totsugo.toml", format!("{config}\n{keys}").as_bytes());
    let due = planned(&night);
    let stays = |name: &&String| name.contains("_r2.") || name.ends_with("stranger.csv") || name.contains("reason.txt");
    let expected: Vec<String> = before.iter().filter(|name| !stays(name)).cloned().collect();
    assert_eq!(due, expected, "neither the newest revision nor what was never recorded");
    assert!(due.iter().any(|name| name.contains("_r1.")) && due.contains(&discarded.to_owned()), "{due:?}");
    for item in run::removable(&night.workshop(), &store).expect("a plan") {
        run::remove(&night.workshop(), &store, &item).expect("removed");
    }
    assert_eq!(files().len(), before.len() - due.len());
    night.now = at("2031-03-20T12:00:00+09:00");
    assert_eq!(planned(&night), Vec::<String>::new());
    let said = night.sandbox.program(&["clean", "--dry-run"]);
    assert_eq!(said.code, 0, "{}", said.err);
}

/// A run that a person asks for now.
fn by_hand(night: &Night) -> Order {
    let as_of = night.workshop().today();
    let period = totsugo::domain::dates::Period::named("month-to-date", as_of).expect("a period");
    Order { period, as_of, shops: Vec::new(), effect: Effect::Real, reissue: false, mail: true, slot: None }
}

#[test]
fn a_run_by_hand_and_a_nightly_run_are_revisions_of_one_report() {
    let mut night = Night::new(&[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    assert_eq!(night.comes("2031-03-04T06:30:00+09:00"), 1);
    let again = run::run(&night.workshop(), &by_hand(&night), &run::Timings::start()).expect("a run");
    assert!(again.issued.iter().all(|shop| shop.revision == 1 && !shop.is_new), "{:?}", again.issued);
    let reissued = Order { reissue: true, ..by_hand(&night) };
    let second = run::run(&night.workshop(), &reissued, &run::Timings::start()).expect("a run");
    assert!(second.issued.iter().all(|shop| shop.revision == 2 && shop.is_new), "{:?}", second.issued);
    assert_eq!(night.workbooks(), 4);
}

#[test]
fn a_success_is_pinged_and_a_failure_is_not() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let pings = std::thread::spawn(move || {
        let (mut caller, _) = listener.accept().expect("a call");
        let mut said = [0; 1_024];
        let length = caller.read(&mut said).expect("a request");
        caller.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").expect("an answer");
        String::from_utf8_lossy(&said[..length]).into_owned()
    });
    let mut night = Night::new(&[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    let config = fs::read_to_string(night.sandbox.path("totsugo.toml")).expect("the configuration");
    let daemon = format!("[daemon]\nping_url = \"http://{address}/alive\"\n");
    night.sandbox.write("totsugo.toml", format!("{config}\n{daemon}").as_bytes());
    fs::remove_dir_all(night.sandbox.path("inbox")).expect("the share is gone");
    assert_eq!(night.comes("2031-03-04T06:30:00+09:00"), 1);
    assert_eq!(night.said(), ["nightly 2031-03-04T06:30 planned 0"], "nothing was done, it stays due");
    assert!(!pings.is_finished(), "no ping for a failure");
    fs::create_dir_all(night.sandbox.path("inbox")).expect("the share is back");
    assert_eq!(night.comes("2031-03-04T06:35:00+09:00"), 1);
    let request = pings.join().expect("a ping");
    assert!(request.starts_with("GET /alive HTTP/1.1\r\n"), "{request}");
    assert!(!request.contains("9200000000001"), "{request}");
}

#[test]
fn c12_the_operator_hears_in_time_that_the_table_of_holidays_ends() {
    let business = format!("{NIGHTLY}days = \"business\"\ncatch_up = \"skip\"\n");
    let mut night = Night::new(&[("nightly.toml", &business)], "2035-10-01T12:00:00+09:00");
    night.comes("2035-10-01T12:01:00+09:00");
    assert_eq!(night.alerts(), Vec::<String>::new());
    night.comes("2035-12-03T12:00:00+09:00");
    night.comes("2035-12-03T12:01:00+09:00");
    assert_eq!(night.alerts(), ["skipped", "calendar"], "once");
}

#[test]
fn c10_a_daemon_that_does_not_run_shows_for_200_days() {
    // A merchant without data: two hundred runs are about time, not about money.
    let mut night = Night::with(Sandbox::minimal("ja"), &[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    let last_success = |night: &Night| night.store().last_success().expect("the history");
    assert_eq!(last_success(&night), None);
    let start = at("2031-03-04T06:30:00+09:00");
    for day in 0..200 {
        let planned = start + Duration::days(day);
        let is_down = day % 7 > 4;
        if !is_down {
            let time = planned.to_rfc3339();
            assert_eq!(night.comes(&time), if day % 7 == 0 && day > 0 { 3 } else { 1 }, "day {day}");
            assert_eq!(last_success(&night).as_deref(), Some(&*time), "day {day}");
        } else {
            let last = at(&last_success(&night).expect("a success"));
            assert_eq!((planned - last).num_days(), day % 7 - 4, "day {day}: its age tells");
        }
    }
    assert_eq!(night.slots().iter().filter(|slot| slot.state.is_closed()).count(), 200, "all were caught up");
}

#[test]
fn c09_an_alert_reaches_the_operator_by_mail_once() {
    let mut night = Night::new(&[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    night.sandbox.write("schedules/broken.toml", b"name = ");
    for time in ["2031-03-03T12:01:00+09:00", "2031-03-03T12:02:00+09:00", "2031-03-03T18:00:00+09:00"] {
        assert_eq!(night.comes(time), 0, "no run is due");
        assert_eq!((night.alerts().len(), night.mails_with("it@example.co.jp")), (1, 1), "{time}");
    }
    // Another daemon after this one: the same fault is no news.
    (night.watch, night.executor) = (Watch::default(), Executor::default());
    night.comes("2031-03-03T19:00:00+09:00");
    assert_eq!(night.mails_with("it@example.co.jp"), 1);
}

#[test]
fn m21_what_lasts_is_told_once_whatever_else_happens_and_again_when_it_comes_back() {
    let mut night = Night::with(Sandbox::english_demo(), &[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    let told = |night: &Night| ["A schedule file is not valid", "was given up"].map(|words| night.told(words));
    night.sandbox.write("schedules/broken.toml", b"name = ");
    night.comes("2031-03-03T12:01:00+09:00");
    assert_eq!(told(&night), [1, 0]);
    night.sandbox.write(&format!("reports/{}", SHOPS[0]), b"a file where a folder must be");
    for minute in ["30", "31", "36", "51"] {
        night.comes(&format!("2031-03-04T06:{minute}:00+09:00"));
    }
    night.comes("2031-03-04T07:21:00+09:00");
    night.comes("2031-03-04T07:22:00+09:00");
    assert_eq!(told(&night), [1, 1]);
    // The next daemon finds the file as broken as it was, and the slot as if its process had ended while closing it.
    (night.watch, night.executor) = (Watch::default(), Executor::default());
    let history = rusqlite::Connection::open(night.sandbox.path("totsugo.db")).expect("the history");
    history.execute("UPDATE slot SET state = 'running', not_before = planned", []).expect("reopened");
    night.comes("2031-03-04T07:23:00+09:00");
    night.comes("2031-03-04T07:24:00+09:00");
    assert_eq!((night.said(), told(&night)), (vec!["nightly 2031-03-04T06:30 failed 5".to_owned()], [1, 1]));
    assert_eq!(night.alerts(), ["schedule", "slot failed"]);
    // Mended while no daemon looked, and broken in the same way again.
    night.sandbox.write("schedules/broken.toml", NIGHTLY.replace("nightly", "weekly").as_bytes());
    (night.watch, night.executor) = (Watch::default(), Executor::default());
    night.comes("2031-03-04T08:00:00+09:00");
    night.sandbox.write("schedules/broken.toml", b"name = ");
    night.comes("2031-03-04T08:01:00+09:00");
    assert_eq!(told(&night), [2, 1]);
}

#[test]
fn c01_every_downtime_is_told_also_one_that_is_as_long_as_the_last() {
    let skips = format!("{NIGHTLY}catch_up = \"skip\"\n");
    let mut night = Night::with(Sandbox::english_demo(), &[("nightly.toml", &skips)], "2031-03-03T12:00:00+09:00");
    for (told, time) in [(1, "2031-03-06T12:00:00+09:00"), (2, "2031-03-09T12:00:00+09:00")] {
        night.comes(time);
        (night.watch, night.executor) = (Watch::default(), Executor::default());
        night.comes(time);
        assert_eq!((night.told("3 missed slots"), night.alerts().len()), (told, told), "{time}");
    }
    // Killed after the operator was told and before the slots were recorded.
    let history = rusqlite::Connection::open(night.sandbox.path("totsugo.db")).expect("the history");
    let last = at("2031-03-06T12:00:00+09:00").timestamp();
    history.execute("DELETE FROM slot WHERE planned > ?1", [last]).expect("not recorded");
    history.execute("UPDATE schedule SET through = ?1", [last]).expect("not looked at");
    night.comes("2031-03-09T12:01:00+09:00");
    assert_eq!((night.slots().len(), night.told("3 missed slots")), (6, 2));
}

#[test]
fn c09_mail_that_waits_leaves_without_a_run_and_nobody_waits_for_an_idle_daemon() {
    let mut night = Night::new(&[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    night.sandbox.write("outbox", b"a file where a folder must be");
    assert_eq!(night.comes("2031-03-04T06:30:00+09:00"), 1);
    fs::remove_file(night.sandbox.path("outbox")).expect("removed");
    let history = rusqlite::Connection::open(night.sandbox.path("totsugo.db")).expect("the history");
    let due = at("2031-03-04T07:00:00+09:00").timestamp();
    let deferred = history.execute("UPDATE delivery SET state = 'deferred', since = ?1, due = ?1", [due]);
    let count = deferred.expect("deferred");
    assert!(count > 0, "reports wait");
    let runs = night.history().len();
    // Whatever else stands in the outbox: the deliveries by state, as they are.
    for (state, count) in [("unknown", 1), ("refused", 2)] {
        let sql = format!(
            "INSERT INTO delivery (message, recipient, state) \
             SELECT (SELECT min(id) FROM message), '{state}' || value || '@example.co.jp', '{state}' \
             FROM json_each('[1,2]') LIMIT {count}"
        );
        assert_eq!(history.execute(&sql, []).expect("added"), count);
    }
    let status = night.sandbox.json(&["status", "--json"], 1);
    let expected = serde_json::json!({"queued": 0, "deferred": count, "unknown": 1, "refused": 2});
    assert_eq!((&status["mail"], &status["ok"]), (&expected, &Value::Bool(false)));
    history.execute("DELETE FROM delivery WHERE state IN ('unknown', 'refused')", []).expect("taken out");
    // Whoever holds the lock is not disturbed, and a daemon with nothing to send never takes it.
    let by_hand = run::Lock::take(&night.workshop().config.paths.database).expect("the lock");
    for time in ["2031-03-04T06:59:00+09:00", "2031-03-04T07:00:00+09:00"] {
        assert_eq!(night.comes(time), 0);
        assert_eq!(night.sandbox.find("outbox", ".eml").len(), 0, "{time}");
    }
    drop(by_hand);
    assert_eq!(night.comes("2031-03-04T07:01:00+09:00"), 0);
    let mails = night.sandbox.find("outbox", ".eml").len();
    assert!(mails > 0, "sent");
    assert_eq!(night.comes("2031-03-04T07:02:00+09:00"), 0);
    assert_eq!((night.sandbox.find("outbox", ".eml").len(), night.history().len()), (mails, runs), "once, and no run");
}

#[test]
fn g04_a_panic_in_one_shops_job_fails_that_shop_alone() {
    let night = Night::new(&[], "2031-03-03T12:00:00+09:00");
    let planted = run::Timings::watched(Box::new(|step| {
        assert!(step != run::Step::Shop(ShopId::new(SHOPS[0])), "planted");
    }));
    let report = run::run(&night.workshop(), &by_hand(&night), &planted).expect("a run");
    let failed: Vec<&str> = report.failures.iter().map(|(shop, _)| shop.as_str()).collect();
    let issued: Vec<&str> = report.issued.iter().map(|shop| shop.shop.as_str()).collect();
    assert_eq!((failed, issued, report.json.exit_code), (vec![SHOPS[0]], vec![SHOPS[1]], 3));
    assert_eq!(night.workbooks(), 1);
    assert_eq!(night.history()[0]["outcome"], "failed");
    let again = run::run(&night.workshop(), &by_hand(&night), &run::Timings::start()).expect("a run");
    assert_eq!((again.failures.len(), again.issued.len()), (0, 2), "nothing is left behind");
}

#[test]
fn g04_a_panic_in_a_run_is_a_failed_attempt_and_the_next_slot_goes_on() {
    let other = NIGHTLY.replace("nightly", "other");
    let mut night = Night::new(&[("a.toml", NIGHTLY), ("b.toml", &other)], "2031-03-03T12:00:00+09:00");
    night.now = at("2031-03-04T06:30:00+09:00");
    let workshop = night.workshop();
    night.watch.look(&workshop);
    let work = night.executor.work(&workshop, &night.watch.schedules(), &|| false, &|| panic!("planted"));
    assert_eq!(work, Work::Slot);
    assert_eq!(night.said(), ["nightly 2031-03-04T06:30 planned 1", "other 2031-03-04T06:30 planned 0"]);
    assert_eq!(night.comes("2031-03-04T06:30:30+09:00"), 1, "the other schedule does not wait for it");
    assert_eq!(night.comes("2031-03-04T06:31:00+09:00"), 1);
    assert!(night.slots().iter().all(|slot| slot.state.is_closed()), "{:?}", night.said());
}

#[test]
fn g04_a_daemon_whose_worker_died_ends() {
    let night = Night::new(&[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
    for last in 0..3 {
        let (asked, now) = (AtomicUsize::new(0), night.now);
        let clock = move || {
            assert!(asked.fetch_add(1, Ordering::Relaxed) < last, "planted");
            now
        };
        let reload = Box::new(|| Err("not asked for".to_owned()));
        let service = Service { workshop: night.workshop(), reload, clock: Arc::new(clock) };
        let (tell, told) = mpsc::channel();
        thread::spawn(move || tell.send(daemon::serve(service).map_err(|error| (error.to_string(), error))));
        // The first questions come at once, further ones with the look of each minute.
        let ended = told.recv_timeout(std::time::Duration::from_secs(100));
        let (said, error) = ended.expect("it ends").expect_err("not by itself");
        assert!(matches!(error, DaemonError::WorkerDied(_)), "{last}: {said}");
    }
}

#[test]
fn c10_a_hang_in_any_step_of_a_run_feeds_no_watchdog() {
    let begun = "2031-03-04T06:30:00+09:00";
    let steps = {
        let mut night = Night::new(&[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
        let count = AtomicUsize::new(0);
        work_with(&mut night, begun, &|| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        count.into_inner()
    };
    assert!(steps > 10, "files, shops and what is between: {steps}");
    let each = usize::try_from(tier::times(5, 1)).expect("small");
    for hanging in (0..steps).step_by(each) {
        let mut night = Night::new(&[("nightly.toml", NIGHTLY)], "2031-03-03T12:00:00+09:00");
        let (fed, (release, released)) = (AtomicUsize::new(0), mpsc::channel::<()>());
        let released = std::sync::Mutex::new(released);
        let progressed = || {
            if fed.fetch_add(1, Ordering::Relaxed) == hanging {
                released.lock().expect("the one that hangs").recv().expect("released");
            }
        };
        thread::scope(|scope| {
            let at_work = scope.spawn(|| {
                work_with(&mut night, begun, &progressed);
                night
            });
            while fed.load(Ordering::Relaxed) <= hanging {
                thread::sleep(std::time::Duration::from_millis(5));
            }
            // Another shop that is being worked out may come to its end.
            thread::sleep(std::time::Duration::from_millis(300));
            let hungry = fed.load(Ordering::Relaxed);
            thread::sleep(std::time::Duration::from_millis(100));
            assert_eq!(fed.load(Ordering::Relaxed), hungry, "step {hanging} of {steps}");
            release.send(()).expect("it hangs");
            let night = at_work.join().expect("no panic");
            assert_eq!(night.slots()[0].attempts, 1);
            assert!(night.slots()[0].state.is_closed(), "it goes on where it hung");
        });
    }
}

/// One attempt at what is due at `time`, with somebody who hears of progress.
fn work_with(night: &mut Night, time: &str, progressed: &(dyn Fn() + Sync)) {
    night.now = at(time);
    let workshop = night.workshop();
    night.watch.look(&workshop);
    assert_eq!(night.executor.work(&workshop, &night.watch.schedules(), &|| false, progressed), Work::Slot);
}

/// Found by hand: what the daemon found in the inbox while it waited for exports was told to nobody.
#[test]
fn c14_m21_what_is_found_in_the_inbox_while_a_slot_waits_is_told_once() {
    let waiting = format!("{NIGHTLY}wait_for_exports_until = \"09:00\"\n");
    let mut night = Night::with(Sandbox::english_demo(), &[("nightly.toml", &waiting)], "2031-03-03T12:00:00+09:00");
    fs::create_dir(night.sandbox.path("inbox/odd.csv")).expect("a folder that looks like a file");
    for time in ["2031-03-04T06:30:00+09:00", "2031-03-04T06:31:00+09:00", "2031-03-04T06:32:00+09:00"] {
        assert_eq!(night.comes(time), 0, "{time}: no export is in");
    }
    assert_eq!(night.told("odd.csv"), 1);
    fs::remove_dir(night.sandbox.path("inbox/odd.csv")).expect("removed");
    assert_eq!(night.comes("2031-03-04T09:00:00+09:00"), 1);
    assert_eq!(night.told("odd.csv"), 1);
}

/// Found by hand: while one fault of the ledger lasted, another one was neither told nor logged.
#[test]
fn m21_another_fault_of_the_daemons_work_is_told_while_the_first_lasts() {
    let waiting = format!("{NIGHTLY}wait_for_exports_until = \"09:00\"\n");
    let mut night = Night::with(Sandbox::english_demo(), &[("nightly.toml", &waiting)], "2031-03-03T12:00:00+09:00");
    let lock = night.sandbox.path("totsugo.lock");
    let (inbox, away) = (night.sandbox.path("inbox"), night.sandbox.path("away"));
    for (time, is_away, alerts) in [("06:30", true, 1), ("06:31", true, 1), ("06:32", false, 2), ("06:33", true, 2)] {
        if is_away {
            drop(fs::remove_dir(&lock));
            drop(fs::rename(&inbox, &away));
        } else {
            fs::rename(&away, &inbox).expect("back again");
            drop(fs::remove_file(&lock));
            fs::create_dir(&lock).expect("what is no lock");
        }
        assert_eq!(night.comes(&format!("2031-03-04T{time}:00+09:00")), 0);
        assert_eq!(night.alerts(), ["inbox", "ledger"][..alerts], "{time}");
    }
    drop(fs::remove_dir(&lock));
    fs::rename(&away, &inbox).expect("back again");
    night.comes("2031-03-04T06:34:00+09:00");
    fs::rename(&inbox, &away).expect("away again");
    night.comes("2031-03-04T06:35:00+09:00");
    assert_eq!(night.alerts(), ["inbox", "ledger", "inbox"], "mended, then broken again");
}
