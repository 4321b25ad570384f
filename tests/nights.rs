//! The daemon as a real process: killed at random, started twice, stopped, told to read its configuration again.

#![cfg(unix)]
#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]
#![expect(clippy::print_stderr, reason = "the long tests say what they measured")]

#[expect(dead_code, reason = "each test file uses its own part of the sandbox")]
mod sandbox;
mod tier;

use chrono::{DateTime, Utc};
use sandbox::{Sandbox, timeless};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tier::{is_long, times};
use totsugo::store::{LedgerSlot, SlotState, Store};

/// Fires every other second, the most often that is allowed.
const OFTEN: &str = "name = \"often\"\ncron = \"*/2 * * * * *\"\n";

/// A daemon that is killed when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Running {
    fn start(sandbox: &Sandbox, variables: &[(&str, &str)]) -> Self {
        Self::start_with(sandbox, variables, Stdio::piped())
    }

    fn start_with(sandbox: &Sandbox, variables: &[(&str, &str)], log: Stdio) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_totsugo"))
            .arg("daemon")
            .current_dir(sandbox.path(""))
            .env_remove("TOTSUGO_CONFIG")
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        Self(child.expect("the program starts"))
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status();
        assert!(sent.expect("kill").success(), "{name}");
    }

    /// Its exit code and what it said, once it has ended.
    fn ended(&mut self) -> (Option<i32>, String) {
        let code = self.0.wait().expect("its end").code();
        let mut said = String::new();
        self.0.stderr.take().expect("stderr").read_to_string(&mut said).expect("UTF-8");
        (code, said)
    }
}

fn merchant(schedule: &str) -> Sandbox {
    scheduled(Sandbox::demo(), schedule)
}

fn scheduled(sandbox: Sandbox, schedule: &str) -> Sandbox {
    sandbox.write("schedules/often.toml", schedule.as_bytes());
    sandbox
}

fn slots(sandbox: &Sandbox) -> Vec<LedgerSlot> {
    let path = sandbox.path("totsugo.db");
    if path.exists() {
        Store::open(&path, "test").expect("the history").all_slots().expect("slots")
    } else {
        Vec::new()
    }
}

/// Waits until `condition` holds, for half a minute at most.
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        sleep(Duration::from_millis(50));
    }
}

fn completed(sandbox: &Sandbox) -> usize {
    slots(sandbox).iter().filter(|slot| matches!(slot.state, SlotState::Completed | SlotState::Problems)).count()
}

#[test]
fn c09_a_daemon_killed_at_random_does_every_slot_once() {
    let sandbox = scheduled(Sandbox::english_demo(), OFTEN);
    let mut chance: u64 = 20_261_124;
    for _ in 0..times(40, 1_000) {
        let _running = Running::start(&sandbox, &[]);
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        sleep(Duration::from_millis(chance >> 33 & 0x3ff));
    }
    let mut last = Running::start(&sandbox, &[]);
    let before = slots(&sandbox).len();
    until("it lists slots", || slots(&sandbox).len() > before);
    // However much that is, it gets less and less.
    let open = || slots(&sandbox).iter().filter(|slot| !slot.state.is_closed()).count();
    let mut left = open();
    while left > 0 {
        until("what was left is worked off", || open() < left);
        left = open();
    }
    last.signal("TERM");
    assert_eq!(last.ended().0, Some(0));
    let slots = slots(&sandbox);
    assert!(slots.len() > 5, "{slots:?}");
    assert_no_slot_is_lost(&slots, 2);
    assert_each_was_done_once(&sandbox, &slots);
    // However often they ran: nothing changed, so each shop has one workbook for each period, and one mail; to the byte
    // those of a program that was never killed.
    let undisturbed = scheduled(Sandbox::english_demo(), OFTEN);
    let mut done = BTreeSet::new();
    for slot in slots.iter().filter(|slot| slot.state != SlotState::Failed).map(|slot| &slot.slot) {
        if done.insert(slot.period) {
            let [from, to] = [slot.period.from(), slot.period.to()].map(|day| day.to_string());
            let said = undisturbed.program(&["run", "--from", &from, "--to", &to, "--as-of", &slot.as_of.to_string()]);
            assert!(said.code <= 1, "{}", said.err);
        }
    }
    let workbooks = sandbox.find("reports", ".xlsx");
    assert_eq!(workbooks.len(), 2 * done.len());
    assert!(workbooks == undisturbed.find("reports", ".xlsx"), "other bytes in {:?}", workbooks.keys());
    // So are the reports that went out. The operator heard of each slot that kills made fail, once, and of nothing else.
    let reports = |of: &Sandbox| -> Vec<String> {
        let mails = of.find("outbox", ".eml").into_values().map(|mail| timeless(&mail));
        let mut reports: Vec<_> = mails.filter(|mail| mail.contains("Content-Disposition: attachment")).collect();
        reports.sort();
        reports
    };
    assert_eq!(reports(&sandbox), reports(&undisturbed));
    assert_eq!(reports(&sandbox).len(), workbooks.len());
    let told = sandbox.told();
    let failed: Vec<_> = slots.iter().filter(|slot| slot.state == SlotState::Failed).collect();
    for slot in &failed {
        let said = format!("The slot {} of schedule", totsugo::domain::dates::stamp(slot.slot.planned));
        assert_eq!(told.iter().filter(|text| text.contains(&said)).count(), 1, "{said}: {told:#?}");
    }
    assert_eq!(told.len(), failed.len() + undisturbed.told().len(), "{told:#?}");
    eprintln!(
        "{} kills: {:?}; {} reports, {} messages to the operator",
        times(40, 1_000),
        by_state(&slots),
        workbooks.len(),
        told.len()
    );
}

/// A clock that runs `speed` times as fast as the real one, for processes: libfaketime, on Linux, for the long tests only.
struct FastClock {
    library: String,
    from: DateTime<Utc>,
    speed: u32,
    started: Instant,
}

impl FastClock {
    fn new(speed: u32) -> Self {
        let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
        let library = folders.map(|folder| format!("{folder}/faketime/libfaketime.so.1"));
        let library = library.into_iter().find(|path| Path::new(path).exists()).expect("apt-get install faketime");
        let from = DateTime::parse_from_rfc3339("2031-03-03T12:00:00+09:00").expect("a moment").to_utc();
        Self { library, from, speed, started: Instant::now() }
    }

    /// What the clock says now.
    fn now(&self) -> DateTime<Utc> {
        let elapsed = chrono::Duration::from_std(self.started.elapsed()).expect("a short while");
        self.from + elapsed * i32::try_from(self.speed).expect("a small number")
    }

    /// How many minutes it has run.
    fn minutes(&self) -> i64 {
        (self.now() - self.from).num_minutes()
    }

    /// A daemon that lives by this clock, which goes on where it stands.
    fn start(&self, sandbox: &Sandbox) -> Running {
        let now = format!("@{} x{}", self.now().format("%Y-%m-%d %H:%M:%S"), self.speed);
        Running::start(sandbox, &[("LD_PRELOAD", &self.library), ("FAKETIME", &now), ("TZ", "UTC")])
    }
}

/// What a process holds now: kilobytes of memory and open descriptors.
fn held(process: u32) -> (u64, usize) {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("its status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
    let kilobytes = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number");
    (kilobytes, fs::read_dir(format!("/proc/{process}/fd")).expect("its descriptors").count())
}

/// Hundredths of a second of processor time that a process has used.
fn processor_ticks(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("its figures");
    let (_, after_name) = stat.rsplit_once(')').expect("a name");
    let ticks = after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("ticks"));
    ticks.sum()
}

/// No slot is missing between the first and the last of `slots`, and none is open.
fn assert_no_slot_is_lost(slots: &[LedgerSlot], seconds_between: i64) {
    let open: Vec<_> = slots.iter().filter(|slot| !slot.state.is_closed()).collect();
    assert!(open.is_empty(), "{open:?}");
    let planned: Vec<i64> = slots.iter().map(|slot| slot.slot.planned.timestamp()).collect();
    assert!(planned.windows(2).all(|pair| pair[1] - pair[0] == seconds_between), "no slot is lost: {planned:?}");
}

/// Each slot that did not fail has exactly one run that ended well.
fn assert_each_was_done_once(sandbox: &Sandbox, slots: &[LedgerSlot]) {
    let history = sandbox.json(&["history", "--json"], 0);
    let mut runs: BTreeMap<&str, u32> = BTreeMap::new();
    for run in history["runs"].as_array().expect("runs").iter().filter(|run| run["outcome"] != "failed") {
        *runs.entry(run["slot"].as_str().expect("a slot")).or_default() += 1;
    }
    for slot in slots.iter().filter(|slot| slot.state != SlotState::Failed) {
        let planned = totsugo::domain::dates::stamp(slot.slot.planned);
        assert_eq!(runs.get(&*planned), Some(&1), "{planned}: done once, after {} attempts", slot.attempts);
    }
}

/// How many slots are in which state.
fn by_state(slots: &[LedgerSlot]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for slot in slots {
        *counts.entry(slot.state.as_str()).or_default() += 1;
    }
    counts
}

#[test]
#[cfg(target_os = "linux")]
fn c09_an_hour_of_slots_under_200_kills_is_done_once_each() {
    if !is_long() {
        return;
    }
    let sandbox = merchant(OFTEN);
    let clock = FastClock::new(8);
    let mut chance: u64 = 20_261_124;
    for _ in 0..200 {
        let _running = clock.start(&sandbox);
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        sleep(Duration::from_millis((chance >> 33) % 4_500));
    }
    // From the first slot there was: an hour of them, all worked off however long that takes.
    let first = slots(&sandbox).first().map(|slot| slot.slot.planned).expect("a slot");
    let hour = || -> Vec<LedgerSlot> {
        let all = slots(&sandbox).into_iter();
        all.filter(|slot| slot.slot.planned - first < chrono::Duration::hours(1)).collect()
    };
    let killed_over = clock.minutes();
    let last = clock.start(&sandbox);
    let start = Instant::now();
    while clock.minutes() < 61 || hour().iter().any(|slot| !slot.state.is_closed()) {
        assert!(start.elapsed() < Duration::from_secs(1_200), "not worked off: {:?}", by_state(&hour()));
        sleep(Duration::from_secs(1));
    }
    drop(last);
    let slots = hour();
    assert_eq!(slots.len(), 1_800);
    assert_no_slot_is_lost(&slots, 2);
    assert_each_was_done_once(&sandbox, &slots);
    assert_eq!(sandbox.find("reports", "_r2.xlsx").len(), 0);
    let again = slots.iter().filter(|slot| slot.attempts > 1).count();
    eprintln!(
        "200 kills over {killed_over} minutes; {:?}, {again} of them after more than one attempt",
        by_state(&slots)
    );
}

#[test]
#[cfg(target_os = "linux")]
fn g02_three_days_and_nights_leave_memory_and_descriptors_flat() {
    if !is_long() {
        return;
    }
    let sandbox = merchant("name = \"often\"\ncron = \"0 */30 * * * *\"\n");
    let clock = FastClock::new(720);
    let daemon = clock.start(&sandbox);
    let mut figures = Vec::new();
    // What it holds at rest: the least of each twelve hours, since a run holds more while it lasts.
    for half_day in 1..=6 {
        let mut least = (u64::MAX, usize::MAX);
        while clock.minutes() < half_day * 720 {
            let (kilobytes, descriptors) = held(daemon.0.id());
            least = (least.0.min(kilobytes), least.1.min(descriptors));
            sleep(Duration::from_millis(100));
        }
        figures.push(least);
    }
    let slots = slots(&sandbox);
    eprintln!("72 h: {} slots, {:?}; (kB, descriptors): {figures:?}", slots.len(), by_state(&slots));
    assert!(slots.len() >= 143, "{}", slots.len());
    let done = slots.iter().filter(|slot| slot.state.is_closed()).count();
    assert!(slots.len() - done < 3, "{:?}", by_state(&slots));
    assert_no_slot_is_lost(slots.get(..done).expect("the first ones"), 1_800);
    let first = figures[1];
    assert!(figures.iter().all(|(kilobytes, _)| *kilobytes < first.0 + first.0 / 4), "memory grows: {figures:?}");
    assert!(figures.iter().all(|(_, descriptors)| *descriptors <= first.1 + 2), "descriptors: {figures:?}");
    drop(daemon);
}

#[test]
#[cfg(target_os = "linux")]
fn g02_an_idle_daemon_uses_next_to_no_processor_time() {
    if !is_long() {
        return;
    }
    let sandbox = merchant("name = \"rarely\"\ncron = \"0 0 0 1 1 *\"\n");
    let daemon = Running::start(&sandbox, &[]);
    until("it is ready", || sandbox.path("totsugo.db").exists());
    sleep(Duration::from_secs(10));
    let before = processor_ticks(daemon.0.id());
    sleep(Duration::from_secs(180));
    let used = processor_ticks(daemon.0.id()) - before;
    eprintln!("idle: {used} of 18000 hundredths of a second");
    assert!(used < 18, "0.1 % of one processor: {used}");
}

#[test]
fn c02_of_two_daemons_started_together_one_works_and_one_exits_4() {
    let sandbox = merchant("name = \"rarely\"\ncron = \"0 0 0 1 1 *\"\n");
    for _ in 0..times(20, 200) {
        let mut pair = [Running::start(&sandbox, &[]), Running::start(&sandbox, &[])];
        let mut code = None;
        until("one of them ends", || {
            code = pair.iter_mut().find_map(|daemon| daemon.0.try_wait().expect("its state"));
            code.is_some()
        });
        assert_eq!(code.and_then(|status| status.code()), Some(4));
        let still =
            pair.iter_mut().map(|daemon| daemon.0.try_wait().expect("its state")).filter(Option::is_none).count();
        assert_eq!(still, 1, "the other one works");
    }
}

#[test]
fn g01_a_daemon_stops_within_ten_seconds_of_any_moment() {
    let sandbox = merchant(OFTEN);
    for (at, name) in [(30, "TERM"), (700, "INT"), (2_050, "TERM"), (2_150, "TERM"), (2_300, "INT")] {
        let mut daemon = Running::start(&sandbox, &[]);
        sleep(Duration::from_millis(at));
        let start = Instant::now();
        // Before it listens, the signal ends it by itself.
        daemon.signal(name);
        let (code, said) = daemon.ended();
        assert!(start.elapsed() < Duration::from_secs(10), "{at} ms, {name}");
        assert!(code == Some(0) || (code.is_none() && at < 500), "{at} ms, {name}: {code:?}\n{said}");
        assert!(sandbox.find("reports", ".part").is_empty(), "nothing half done");
    }
}

#[test]
fn g03_a_log_that_nobody_reads_stops_nothing() {
    let sandbox = merchant(OFTEN);
    let config = fs::read_to_string(sandbox.path("totsugo.toml")).expect("the configuration");
    sandbox.write("totsugo.toml", format!("{config}\n[daemon]\nlog_file = \"log/totsugo.log\"\n").as_bytes());
    // A pipe that is full from the beginning and that nobody reads.
    let (_reader, mut writer) = std::io::pipe().expect("a pipe");
    let full = writer.try_clone().expect("the same pipe");
    let filling = std::thread::spawn(move || drop(writer.write_all(&[b' '; 1 << 20])));
    sleep(Duration::from_millis(300));
    assert!(!filling.is_finished(), "the pipe is full");
    let mut daemon = Running::start_with(&sandbox, &[], Stdio::from(full));
    until("slots go on", || completed(&sandbox) > 3);
    daemon.signal("TERM");
    let start = Instant::now();
    assert_eq!(daemon.0.wait().expect("its end").code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(7), "{:?}", start.elapsed());
}

#[test]
#[cfg(target_os = "linux")]
fn g03_a_full_log_disk_stops_nothing() {
    let sandbox = merchant(OFTEN);
    let config = fs::read_to_string(sandbox.path("totsugo.toml")).expect("the configuration");
    sandbox.write("totsugo.toml", format!("{config}\n[daemon]\nlog_file = \"log/totsugo.log\"\n").as_bytes());
    // No write to /dev/full finds room. The log of today, and should midnight pass, of tomorrow.
    fs::create_dir(sandbox.path("log")).expect("a folder");
    for days in 0..2 {
        let day = (Utc::now() + chrono::Duration::days(days)).format("%Y-%m-%d");
        let name = sandbox.path(&format!("log/totsugo.{day}.log"));
        std::os::unix::fs::symlink("/dev/full", name).expect("a link");
    }
    let full = fs::File::options().write(true).open("/dev/full").expect("a full device");
    let mut daemon = Running::start_with(&sandbox, &[], Stdio::from(full));
    until("slots go on", || completed(&sandbox) > 1);
    daemon.signal("TERM");
    assert_eq!(daemon.0.wait().expect("its end").code(), Some(0));
    let logs = fs::read_dir(sandbox.path("log")).expect("a folder").map(|log| log.expect("an entry").path());
    for log in logs {
        assert!(log.is_symlink(), "a log that had room: {}", log.display());
    }
}

#[test]
fn c08_an_idle_daemon_leaves_a_run_by_hand_alone() {
    let sandbox = merchant("name = \"rarely\"\ncron = \"0 0 0 1 1 *\"\n");
    let daemon = Running::start(&sandbox, &[]);
    until("it is ready", || sandbox.path("totsugo.db").exists());
    let by_hand = sandbox.json(&["run", "--as-of", "2026-11-23", "--json"], 0);
    assert_eq!(by_hand["shops"].as_array().map(Vec::len), Some(2));
    let runs = sandbox.json(&["history", "--json"], 0);
    assert_eq!((&runs["runs"][0]["schedule"], &runs["runs"][0]["slot"]), (&Value::Null, &Value::Null));
    drop(daemon);
}

#[test]
fn k11_a_configuration_that_became_invalid_leaves_the_old_one_in_force() {
    let sandbox = merchant(OFTEN);
    let valid = fs::read_to_string(sandbox.path("totsugo.toml")).expect("the configuration");
    let mut daemon = Running::start(&sandbox, &[]);
    until("a slot is done", || completed(&sandbox) > 0);
    sandbox.write("totsugo.toml", b"[mial]\n");
    daemon.signal("HUP");
    let before = completed(&sandbox);
    until("slots go on", || completed(&sandbox) > before + 1);
    assert_eq!(sandbox.program(&["status"]).code, 2, "status says what is wrong");
    sandbox.write("totsugo.toml", valid.replace("9200000000002", "9200000000003").as_bytes());
    daemon.signal("HUP");
    until("the new one is in force", || {
        let history = sandbox.json(&["history", "--json"], 0);
        history["runs"][0]["shops"]
            .as_array()
            .is_some_and(|shops| shops.iter().any(|s| s["shop_id"] == "9200000000003"))
    });
    daemon.signal("TERM");
    let (code, said) = daemon.ended();
    assert_eq!(code, Some(0));
    assert!(said.contains("alert=\"configuration\"") && said.contains("configuration read again"), "{said}");
}

#[test]
fn c07_c13_a_daemon_does_not_start_with_schedules_that_are_wrong() {
    for (wrong, expected) in [
        ("name = \"a\"\ncron = \"0 0 9 30 2 *\"\n", "2行"),
        ("name = \"a\"\ncron = \"* * * * * *\"\n", "2行"),
        ("name = \"often\"\ncron = \"0 0 9 * * *\"\n", "often"),
        ("name = \"a\"\ncron = \"0 0 9 * * *\"\ncatchup = \"each\"\n", "catch_up"),
        ("cron = \"0 0 9 * * *\"\ntimezone = \"asia/tokyo\"\nwait_for_exports_until = \"9時\"\n", "Asia/Tokyo"),
        ("name = \"a\"\ncron = \"0 0 9 1 1 *\"\ndays = \"business\"\n", "2行"),
    ] {
        let sandbox = merchant(OFTEN);
        sandbox.write("schedules/wrong.toml", wrong.as_bytes());
        let (code, said) = Running::start(&sandbox, &[]).ended();
        assert_eq!(code, Some(2), "{wrong}\n{said}");
        assert!(said.contains(expected) && said.contains("toml: "), "{wrong}\n{said}");
        let checked = sandbox.program(&["check"]);
        assert_eq!(checked.code, 2, "{wrong}\n{}", checked.err);
        assert!(checked.err.contains(expected), "{wrong}\n{}", checked.err);
    }
}

#[test]
fn c10_the_service_manager_hears_of_readiness_and_of_progress_only() {
    let sandbox = merchant(OFTEN);
    let manager = UnixDatagram::bind(sandbox.path("notify")).expect("a socket");
    manager.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let hear = || {
        let mut said = [0; 256];
        manager.recv(&mut said).map(|length| String::from_utf8_lossy(&said[..length]).into_owned())
    };
    let socket = sandbox.path("notify").display().to_string();
    // No WATCHDOG_PID: then the watchdog is meant for whoever reads the variable.
    let variables = [("NOTIFY_SOCKET", &*socket), ("WATCHDOG_USEC", "900000")];
    let daemon = Running::start(&sandbox, &variables);
    let mut heard = Vec::new();
    while heard.iter().filter(|said: &&String| said.contains("WATCHDOG=1")).count() < 4 {
        heard.push(hear().unwrap_or_else(|error| panic!("{error}: {heard:?}")));
    }
    assert!(heard.iter().any(|said| said.contains("READY=1")), "{heard:?}");
    // A database that somebody else keeps locked stops every stage: nothing is finished, so nothing is fed.
    let stuck = rusqlite::Connection::open(sandbox.path("totsugo.db")).expect("the history");
    stuck.execute_batch("BEGIN IMMEDIATE").expect("locked");
    sleep(Duration::from_secs(3));
    manager.set_nonblocking(true).expect("a mode");
    while hear().is_ok() {}
    sleep(Duration::from_secs(3));
    assert_eq!(hear().ok(), None, "no progress, no food");
    stuck.execute_batch("ROLLBACK").expect("released");
    manager.set_nonblocking(false).expect("a mode");
    assert!(hear().expect("fed again").contains("WATCHDOG=1"));
    daemon.signal("TERM");
    until("it says that it stops", || hear().is_ok_and(|said| said.contains("STOPPING=1")));
}

#[test]
fn c10_status_tells_people_and_monitors_how_things_stand() {
    let sandbox = merchant("name = \"nightly\"\ncron = \"0 30 6 * * *\"\n");
    let never = sandbox.json(&["status", "--json", "--max-age", "26h"], 1);
    assert_eq!((&never["ok"], &never["last_success"]), (&Value::Bool(false), &Value::Null));
    assert!(!sandbox.path("totsugo.db").exists(), "asking makes no history");
    sandbox.json(&["run", "--as-of", "2026-11-23", "--json"], 0);
    let status = sandbox.json(&["status", "--json", "--max-age", "26h"], 0);
    let keys: Vec<_> = status.as_object().expect("an object").keys().cloned().collect();
    let expected = ["held", "last_success", "mail", "ok", "open_findings", "schedules", "schema"];
    assert!(expected.iter().all(|key| keys.iter().any(|k| k == key)), "{keys:?}");
    assert_eq!(status["database_bytes"], fs::metadata(sandbox.path("totsugo.db")).expect("a history").len());
    assert!(status["oldest_critical"]["id"].as_str().is_some_and(|id| id.starts_with("F-")), "{status}");
    let schedule = &status["schedules"][0];
    let keys: Vec<_> = schedule.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(keys, ["completed", "failed", "last_completed", "name", "next", "skipped"]);
    assert!(schedule["next"].as_str().is_some_and(|next| next.ends_with("T06:30:00+09:00")), "{schedule}");
    assert_eq!(status["mail"], serde_json::json!({"queued": 0, "deferred": 0, "unknown": 0, "refused": 0}));
    let findings = sandbox.json(&["run", "--as-of", "2026-11-23", "--json"], 0);
    let critical = findings["shops"].as_array().expect("shops").iter().flat_map(|shop| shop["findings"].as_array());
    let critical = critical.flatten().filter(|finding| finding["severity"] == "critical").count();
    assert_eq!(status["open_findings"]["critical"], critical);
    sandbox.write("inbox/odd.csv", "何か,別の\r\n1,2\r\n".as_bytes());
    sandbox.json(&["ingest", "--json"], 1);
    let held = sandbox.json(&["status", "--json"], 1);
    assert_eq!((held["held"][0]["name"].as_str(), &held["ok"]), (Some("odd.csv"), &Value::Bool(false)));
    assert_eq!(sandbox.program(&["status", "--max-age", "26"]).code, 2);
    let said = sandbox.program(&["status", "--max-age", "0s"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("最も古い緊急の所見: F-"), "{}", said.out);
}

#[test]
fn g07_logs_name_slots_and_no_guest_and_no_yen() {
    let sandbox = merchant(OFTEN);
    let config = fs::read_to_string(sandbox.path("totsugo.toml")).expect("the configuration");
    let daemon = "[daemon]\nlog = \"json\"\nlog_file = \"log/totsugo.log\"\nmetrics_file = \"totsugo.prom\"\n";
    sandbox.write("totsugo.toml", format!("{config}\n{daemon}").as_bytes());
    let mut running = Running::start(&sandbox, &[]);
    until("slots are done", || completed(&sandbox) > 1);
    running.signal("TERM");
    let (_, said) = running.ended();
    for line in said.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with("+09:00")), "{line}");
    }
    let logged: String =
        sandbox.find("log", ".log").into_values().map(|file| String::from_utf8(file).expect("UTF-8")).collect();
    assert_eq!(logged, said, "the file has what stderr has");
    for never in ["円", "yen", "MZ1", "@", "山田"] {
        assert!(!said.contains(never), "{never}: {said}");
    }
    let metrics = fs::read_to_string(sandbox.path("totsugo.prom")).expect("the metrics");
    assert!(metrics.contains("totsugo_slots_total{schedule=\"often\",state=\"completed\"} "), "{metrics}");
    assert!(metrics.lines().all(|line| line.starts_with('#') || line.split(' ').count() == 2), "{metrics}");
}

#[test]
fn c04_a_clock_before_what_is_recorded_stops_every_run_until_a_person_accepts_it() {
    let sandbox = merchant(OFTEN);
    sandbox.json(&["run", "--as-of", "2026-11-23", "--json"], 0);
    let history = rusqlite::Connection::open(sandbox.path("totsugo.db")).expect("the history");
    history.execute("UPDATE clock SET latest = latest + 7200", []).expect("two hours ahead");
    let refused = sandbox.program(&["run", "--as-of", "2026-11-23"]);
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(refused.err.contains("--accept-clock"), "{}", refused.err);
    let mut daemon = Running::start(&sandbox, &[]);
    sleep(Duration::from_secs(5));
    assert_eq!(slots(&sandbox), [], "no slot is listed or run");
    daemon.signal("TERM");
    let (code, said) = daemon.ended();
    assert_eq!((code, said.matches("alert=\"clock\"").count()), (Some(0), 1), "told once: {said}");
    sandbox.json(&["run", "--as-of", "2026-11-23", "--accept-clock", "--json"], 0);
    sandbox.json(&["run", "--as-of", "2026-11-23", "--json"], 0);
}

#[test]
fn c03_status_says_what_a_clock_that_ran_ahead_has_left() {
    let sandbox = merchant("name = \"nightly\"\ncron = \"0 30 6 * * *\"\n");
    sandbox.json(&["run", "--as-of", "2026-11-23", "--json"], 0);
    let history = rusqlite::Connection::open(sandbox.path("totsugo.db")).expect("the history");
    let ahead = chrono::Utc::now() + chrono::Duration::days(3);
    history.execute("INSERT INTO schedule VALUES ('nightly', ?1)", [ahead.timestamp()]).expect("looked at");
    let started = format!("{}#1", ahead.to_rfc3339_opts(chrono::SecondsFormat::Secs, false));
    history.execute("UPDATE run SET name = ?1", [started]).expect("run then");
    let status = sandbox.json(&["status", "--json", "--max-age", "26h"], 1);
    let next = status["schedules"][0]["next"].as_str().expect("a time");
    let next = chrono::DateTime::parse_from_rfc3339(next).expect("RFC 3339");
    assert!(next > ahead && next < ahead + chrono::Duration::days(1), "{next}: the times before it have their slots");
    let said = sandbox.program(&["status"]);
    assert!(said.err.contains("最後に成功した処理の時刻が現在より先です"), "{}", said.err);
}

#[test]
fn c05_c06_check_shows_the_same_five_firings_whatever_the_hosts_zone_is() {
    let sandbox = merchant("name = \"weekly\"\ncron = \"30 6 * * 0\"\n");
    let firings = |zone: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_totsugo"))
            .arg("check")
            .current_dir(sandbox.path(""))
            .env_remove("TOTSUGO_CONFIG")
            .env("TZ", zone)
            .output();
        let text = String::from_utf8(output.expect("the program starts").stdout).expect("UTF-8");
        text.lines().filter(|line| line.ends_with("06:30:00 (日)")).map(str::to_owned).collect::<Vec<_>>()
    };
    let here = firings("Asia/Tokyo");
    assert_eq!(here.len(), 5, "{here:?}");
    for zone in ["", "UTC", "America/Los_Angeles", "Pacific/Kiritimati"] {
        assert_eq!(firings(zone), here, "{zone}");
    }
}
