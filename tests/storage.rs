//! The history under bad conditions, as the real program meets them: stops, full disks, lost and restored databases
//! (FAULTS S).

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[expect(dead_code, reason = "other tests use the rest")]
mod sandbox;

use sandbox::{Said, Sandbox};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use totsugo::run::{Effect, RunError, Workshop};
use totsugo::store::Store;
use totsugo::{clock, config};

const MONTH: &[&str] = &["run", "--as-of", "2026-11-23", "--json"];

/// The program under a shell's `limits`, as a disk that is full from some size on.
#[cfg(target_os = "linux")]
fn limited(sandbox: &Sandbox, limits: &str, arguments: &str) -> Said {
    let script = format!("trap '' XFSZ; {limits}; exec '{}' {arguments}", env!("CARGO_BIN_EXE_totsugo"));
    let output = Command::new("sh").args(["-c", &script]).current_dir(sandbox.path("")).output().expect("a shell");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// What a report says, without which run made it.
fn figures(json: &Value) -> Value {
    Value::Array(
        json["shops"]
            .as_array()
            .expect("shops")
            .iter()
            .map(|shop| {
                let parts =
                    ["shop_id", "sales", "matched", "findings", "cancellation", "awaiting", "excluded", "proof"];
                Value::Array(parts.into_iter().map(|part| shop[part].clone()).collect())
            })
            .collect(),
    )
}

/// Every original lies in exactly one of inbox, archive and held, byte for byte; nothing unfinished lies about.
fn assert_originals(sandbox: &Sandbox, originals: &BTreeSet<Vec<u8>>, at: &str) {
    let mut found: Vec<Vec<u8>> = ["inbox", "archive", "held"]
        .iter()
        .flat_map(|folder| sandbox.find(folder, ""))
        .filter(|(name, _)| !name.ends_with(".reason.txt") && !name.ends_with(".part"))
        .map(|(_, bytes)| bytes)
        .collect();
    found.sort();
    assert!(found.iter().eq(originals.iter()), "{at}: {} of {} originals", found.len(), originals.len());
}

fn originals(sandbox: &Sandbox) -> BTreeSet<Vec<u8>> {
    sandbox.find("inbox", "").into_values().collect()
}

fn verified(sandbox: &Sandbox, at: &str) {
    let store = Store::open(&sandbox.path("totsugo.db"), "test").expect(at);
    store.verify().expect(at);
}

#[cfg(target_os = "linux")]
#[test]
fn s02_s03_a_write_that_fails_stops_with_3_and_the_next_run_goes_on() {
    let undisturbed = Sandbox::demo();
    let expected = figures(&undisturbed.json(MONTH, 0));
    let (mut failed, mut completed) = (0, 0);
    // In units of 512 bytes, the smallest that any shell knows: from no room at all to plenty.
    for limit in [0, 8, 24, 60, 130, 200, 300, 450, 700, 1_000, 100_000] {
        let sandbox = Sandbox::demo();
        let originals = originals(&sandbox);
        let said = limited(&sandbox, &format!("ulimit -f {limit}"), "run --as-of 2026-11-23 --json");
        match said.code {
            0 | 1 => completed += 1,
            3 => {
                failed += 1;
                assert!(!said.err.is_empty(), "{limit}");
            }
            code => assert_eq!(code, 3, "{limit}: {}", said.err),
        }
        assert_originals(&sandbox, &originals, &format!("limit {limit}"));
        if sandbox.path("totsugo.db").exists() {
            verified(&sandbox, &format!("limit {limit}"));
        }
        let again = sandbox.json(MONTH, 0);
        assert_eq!(figures(&again), expected, "limit {limit}");
        assert_originals(&sandbox, &originals, &format!("limit {limit}, again"));
        assert!(sandbox.find("inbox", "").is_empty(), "limit {limit}");
    }
    assert!(failed >= 5 && completed >= 1, "{failed} failed, {completed} completed");
}

#[test]
fn s01_a22_a_killed_run_is_completed_by_the_next_one() {
    let undisturbed = Sandbox::demo();
    let start = Instant::now();
    let expected = figures(&undisturbed.json(MONTH, 0));
    let whole = start.elapsed();
    let rounds: u32 = 12;
    for round in 0..rounds {
        let sandbox = Sandbox::demo();
        let originals = originals(&sandbox);
        let mut child = Command::new(env!("CARGO_BIN_EXE_totsugo"))
            .args(MONTH)
            .current_dir(sandbox.path(""))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        std::thread::sleep(whole * round / rounds);
        // SIGKILL on Unix: nothing is tidied up.
        child.kill().expect("killed");
        child.wait().expect("ended");
        let at = format!("round {round}");
        let json = sandbox.json(MONTH, 0);
        assert_eq!(figures(&json), expected, "{at}");
        assert_originals(&sandbox, &originals, &at);
        verified(&sandbox, &at);
    }
}

fn workshop(sandbox: &Sandbox) -> Workshop {
    let config = config::load(Some(&sandbox.path("totsugo.toml"))).expect("a configuration");
    Workshop::prepare(config, clock::now()).expect("a workshop")
}

#[test]
fn s04_a_database_on_a_network_file_system_is_refused_before_it_is_made() {
    let sandbox = Sandbox::minimal("en");
    let remote = Workshop { remote: |_| Some("NFS"), ..workshop(&sandbox) };
    for effect in [Effect::Real, Effect::Rehearsal] {
        let error = remote.open_store(effect).map(|_| ()).expect_err("refused");
        assert!(matches!(error, RunError::RemoteDatabase { kind: "NFS", .. }), "{error}");
        assert_eq!(totsugo::cli::stopped(&remote, &error).code(), 2);
    }
    assert!(remote.open_or_begin_store().is_err() && remote.check_place().is_err());
    assert!(!sandbox.path("totsugo.db").exists());
    let local = workshop(&sandbox);
    local.open_store(Effect::Real).expect("a local disk is fine");
}

/// Two shops, one of which drops exports without a shop ID in its own folder.
fn anonymous_shop() -> Sandbox {
    let sandbox = Sandbox::minimal("en");
    let heading = "オーダーID,取引状態,処理日時,利用金額,税送料,決済方法,加盟店自由項目1\r\n";
    for (name, order) in [("a.csv", "A-1"), ("b.csv", "A-2")] {
        let row = format!("{order},即時売上,2026/11/02 10:00:00,5000,0,クレジットカード,1102481\r\n");
        sandbox.write(&format!("inbox/9200000000001/{name}"), format!("{heading}{row}").as_bytes());
    }
    sandbox
}

#[test]
fn s07_a_missing_database_is_no_fresh_start_and_the_archive_rebuilds_it() {
    for sandbox in [Sandbox::demo(), anonymous_shop()] {
        let before = sandbox.program(MONTH);
        let before: Value = serde_json::from_str(&before.out).expect("JSON");
        let archived = sandbox.find("archive", "");
        assert!(!archived.is_empty());
        fs::rename(sandbox.path("totsugo.db"), sandbox.path("lost.db")).expect("lost");
        let reports = sandbox.find("reports", "");
        let read = [&["run"][..], &["run", "--dry-run"], &["ingest"], &["held"], &["history"], &["check"], &["status"]];
        for arguments in read {
            let said = sandbox.program(arguments);
            assert_eq!(said.code, 3, "{arguments:?}: {}", said.err);
            assert!(said.err.contains("restore") && said.err.contains("ingest"), "{}", said.err);
            assert!(!sandbox.path("totsugo.db").exists(), "{arguments:?} began a history");
        }
        // What a failed copy leaves is no history either: nothing, or a first page without tables.
        let page = sandbox.path("page.db");
        let connection = rusqlite::Connection::open(&page).expect("a database");
        connection.pragma_update(None, "journal_mode", "WAL").expect("a first page");
        drop(connection);
        for left in [Vec::new(), fs::read(page).expect("a page")] {
            fs::write(sandbox.path("totsugo.db"), &left).expect("left");
            for arguments in read {
                let said = sandbox.program(arguments);
                assert_eq!(said.code, 3, "{arguments:?}: {}", said.err);
                assert_eq!(fs::read(sandbox.path("totsugo.db")).expect("untouched"), left, "{arguments:?}");
            }
        }
        assert_eq!(sandbox.find("reports", ""), reports);
        let said = sandbox.program(&["ingest", "archive"]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert_eq!(sandbox.find("archive", ""), archived, "the originals stay where they are");
        fs::remove_dir_all(sandbox.path("reports")).expect("set aside");
        let after = sandbox.program(MONTH);
        let after: Value = serde_json::from_str(&after.out).expect("JSON");
        let sales = |json: &Value| -> Vec<Value> {
            let shops = json["shops"].as_array().expect("shops").iter();
            shops.map(|shop| Value::Array(vec![shop["sales"].clone(), shop["findings"].clone()])).collect()
        };
        assert_eq!(sales(&after), sales(&before));
    }
}

#[test]
fn s09_the_second_instance_ends_at_once_with_4_and_lists_still_work() {
    let sandbox = Sandbox::demo();
    let lock = totsugo::run::Lock::take(&sandbox.path("totsugo.db")).expect("a lock");
    for arguments in [&["run"][..], &["ingest"], &["restore", "totsugo.toml"], &["held", "release", "x"]] {
        let start = Instant::now();
        let said = sandbox.program(arguments);
        assert_eq!(said.code, 4, "{arguments:?}: {}", said.err);
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
    assert_eq!(sandbox.program(&["held"]).code, 0);
    drop(lock);
    // What a killed instance leaves is a file, no lock.
    assert!(sandbox.path("totsugo.lock").exists());
    sandbox.json(MONTH, 0);
}

#[test]
fn s10_lists_work_and_a_run_waits_while_the_database_is_open_in_a_viewer() {
    let sandbox = Sandbox::demo();
    sandbox.json(MONTH, 0);
    let viewer = rusqlite::Connection::open(sandbox.path("totsugo.db")).expect("opens");
    viewer.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let start = Instant::now();
    for arguments in [&["history"][..], &["held"], &["findings"], &["show", "MZ1102481"], &["check"]] {
        let said = sandbox.program(arguments);
        assert!(said.code <= 1, "{arguments:?}: {}", said.err);
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let release = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        viewer.execute_batch("COMMIT").expect("released");
    });
    sandbox.json(MONTH, 0);
    release.join().expect("ended");
}

#[test]
fn s08_a_history_edited_by_hand_stops_every_command_with_3() {
    let sandbox = anonymous_shop();
    assert_eq!(sandbox.program(&["ingest"]).code, 0);
    let history = rusqlite::Connection::open(sandbox.path("totsugo.db")).expect("opens");
    history.execute("UPDATE observation SET amount = 9999", []).expect("edited");
    drop(history);
    for arguments in [&["run"][..], &["ingest"], &["history"], &["check"], &["run", "--dry-run"]] {
        let said = sandbox.program(arguments);
        assert_eq!(said.code, 3, "{arguments:?}");
        assert!(said.err.contains("9200000000001/b.csv"), "the file is named: {}", said.err);
    }
    assert!(!sandbox.path("reports").exists() && !sandbox.path("outbox").exists());
}

#[test]
fn s05_backup_and_restore_bring_back_the_same_history() {
    let sandbox = Sandbox::demo();
    let before = figures(&sandbox.json(MONTH, 0));
    let said = sandbox.program(&["backup", "copy.db", "--reason", "before the move"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(sandbox.program(&["backup", "copy.db"]).code, 2, "nothing is overwritten");
    assert_eq!(sandbox.program(&["restore", "nowhere.db", "--verify"]).code, 2);
    let copy = fs::read(sandbox.path("copy.db")).expect("a copy");
    assert_eq!(sandbox.program(&["restore", "copy.db", "--dry-run"]).code, 0);
    // A copy that was damaged replaces nothing.
    let (database, mut damaged) = (fs::read(sandbox.path("totsugo.db")).expect("a database"), copy.clone());
    let middle = damaged.len() / 2;
    damaged[middle..middle + 4_096].fill(0);
    sandbox.write("damaged.db", &damaged);
    let said = sandbox.program(&["restore", "damaged.db", "--verify"]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert_eq!(fs::read(sandbox.path("totsugo.db")).expect("a database"), database);
    let said = sandbox.program(&["restore", "copy.db", "--verify", "--reason", "disk change"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(fs::read(sandbox.path("totsugo.db.replaced")).expect("kept"), database);
    assert_eq!(fs::read(sandbox.path("copy.db")).expect("a copy"), copy);
    let is_log = |name: &String| name.ends_with("-wal") || name.ends_with("-shm");
    let beside: Vec<String> = sandbox.find(".", "").into_keys().filter(is_log).collect();
    assert!(beside.is_empty(), "left behind: {beside:?}");
    assert_eq!(figures(&sandbox.json(MONTH, 0)), before);
    let acts = sandbox.program(&["history", "--acts"]).out;
    for part in ["復元", "disk change", "copy.db"] {
        assert!(acts.contains(part), "{part}: {acts}");
    }
    verified(&sandbox, "restored");
}

/// A link to itself is there and cannot be looked at.
#[cfg(unix)]
#[test]
fn s05_a_restore_that_cannot_see_the_database_leaves_its_log_beside_it() {
    let sandbox = anonymous_shop();
    sandbox.program(&["ingest"]);
    assert_eq!(sandbox.program(&["backup", "copy.db"]).code, 0);
    fs::rename(sandbox.path("totsugo.db"), sandbox.path("away.db")).expect("out of sight");
    std::os::unix::fs::symlink("totsugo.db", sandbox.path("totsugo.db")).expect("a link");
    sandbox.write("totsugo.db-wal", b"its log");
    assert_eq!(sandbox.program(&["restore", "copy.db"]).code, 3);
    assert_eq!(fs::read(sandbox.path("totsugo.db-wal")).expect("in its place"), b"its log");
}

#[test]
fn acts_on_held_files_carry_time_user_and_reason() {
    let sandbox = Sandbox::minimal("en");
    for name in ["one.csv", "two.csv"] {
        sandbox.write(&format!("inbox/{name}"), format!("<html>{name}\n").as_bytes());
    }
    sandbox.program(&["ingest"]);
    for arguments in [&["held", "discard", "one.csv", "--reason", "not ours"][..], &["held", "release", "two.csv"]] {
        let status = Command::new(env!("CARGO_BIN_EXE_totsugo"))
            .args(arguments)
            .current_dir(sandbox.path(""))
            .env_remove("SUDO_USER")
            .env("USER", "hanako")
            .status()
            .expect("starts");
        assert!(status.success(), "{arguments:?}");
    }
    let store = Store::open(&sandbox.path("totsugo.db"), "test").expect("opens");
    let acts = store.acts().expect("acts");
    let told: Vec<_> = acts.iter().map(|act| (&*act.user, &*act.act, &*act.subject, &*act.reason)).collect();
    assert_eq!(told, [("hanako", "release", "two.csv", ""), ("hanako", "discard", "one.csv", "not ours")]);
    assert!(acts.iter().all(|act| act.at.ends_with("+09:00")), "{acts:?}");
}

/// `held_days` finds a discarded file by the name it got: the second of one name gets another.
#[test]
fn each_file_discarded_under_one_name_has_a_day_of_its_own() {
    let sandbox = Sandbox::minimal("en");
    for (content, reason) in [("one", "not ours"), ("two", "nor this")] {
        sandbox.write("inbox/a.csv", format!("<html>{content}\n").as_bytes());
        sandbox.program(&["ingest"]);
        let said = sandbox.program(&["held", "discard", "a.csv", "--reason", reason]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    let store = Store::open(&sandbox.path("totsugo.db"), "test").expect("opens");
    for path in ["held/discarded/a.csv", "held/discarded/a (2).csv"] {
        assert!(sandbox.path(path).is_file(), "{path}");
        let name = path.trim_start_matches("held/discarded/");
        assert!(store.discarded_on(name).expect("read").is_some(), "{name}");
    }
    let acts = store.acts().expect("acts");
    let told: Vec<_> = acts.iter().map(|act| (&*act.act, &*act.subject, &*act.reason)).collect();
    assert_eq!(told, [("discard", "a (2).csv", "nor this"), ("discard", "a.csv", "not ours")]);
}

/// Where nobody is named (cron, containers) the account's number stands.
#[cfg(unix)]
#[test]
fn every_act_names_its_user_and_an_unnamed_one_by_number() {
    let sandbox = Sandbox::demo();
    sandbox.json(MONTH, 0);
    let list = sandbox.json(&["findings", "list", "--json"], 0);
    let id = list["findings"][0]["id"].as_str().expect("a finding").to_owned();
    let users = |name: &str| {
        let set = [("SUDO_USER", ""), ("USER", name), ("LOGNAME", ""), ("USERNAME", "")];
        let acts = [&["note", &id, "x"][..], &["resolve", &id, "--reason", "x"], &["reopen", &id]];
        for arguments in acts {
            let said = sandbox.program_with(&[&["findings"], arguments].concat(), &set);
            assert_eq!(said.code, 0, "{arguments:?}: {}", said.err);
        }
        let acts = Store::open(&sandbox.path("totsugo.db"), "test").expect("opens").acts().expect("acts");
        acts.into_iter().take(3).map(|act| act.user).collect::<Vec<_>>()
    };
    assert_eq!(users("hanako"), ["hanako"; 3]);
    let number = format!("uid {}", rustix::process::getuid().as_raw());
    assert_eq!(users(""), [&*number; 3]);
}

#[test]
fn s07_a_restore_brings_back_a_lost_database() {
    let sandbox = anonymous_shop();
    sandbox.program(&["ingest"]);
    assert_eq!(sandbox.program(&["backup", "copy.db"]).code, 0);
    fs::remove_file(sandbox.path("totsugo.db")).expect("lost");
    sandbox.write("totsugo.db-wal", b"the log of another database");
    let said = sandbox.program(&["restore", "copy.db", "--verify"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(sandbox.program(&["show", "A-1"]).out.contains("5,000"));
}

/// A link to itself is there and cannot be looked at.
#[cfg(unix)]
#[test]
fn s07_a_missing_database_beside_an_archive_that_cannot_be_listed_is_no_fresh_start() {
    let sandbox = anonymous_shop();
    std::os::unix::fs::symlink("archive", sandbox.path("archive")).expect("a link");
    let said = sandbox.program(&["ingest"]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(!sandbox.path("totsugo.db").exists());
}

#[test]
fn s14_an_edited_layout_changes_no_stored_row_and_a_changed_figure_is_a_revision() {
    let sandbox = Sandbox::minimal("en");
    let heading = "ショップID,オーダーID,取引状態,処理日時,利用金額,税送料,決済方法,加盟店自由項目1\r\n";
    let row = "9200000000001,A-1,即時売上,2026/11/02 10:00:00,5000,300,クレジットカード,1102481\r\n";
    sandbox.write("inbox/a.csv", format!("{heading}{row}").as_bytes());
    let run = ["run", "--from", "2026-11-01", "--to", "2026-11-22", "--as-of", "2026-11-23", "--json"];
    let first = sandbox.json(&run, 1);
    assert_eq!(first["shops"][0]["sales"]["gross_yen"], 5_300);
    let issued = sandbox.find("reports", ".xlsx");
    // A layout that no longer reads 税送料: what is stored stays as it was read.
    let layouts = totsugo::templates::layouts(&sandbox.path("templates")).expect("the built-in layouts");
    let layout = layouts.iter().find(|layout| layout.text.contains("税送料")).expect("its layout");
    let name = layout.name.rsplit('/').next().expect("a name").to_owned();
    let name = if name.ends_with(".toml") { name } else { format!("{name}.toml") };
    sandbox.write(&format!("templates/layouts/{name}"), layout.text.replace("税送料", "送料の別名").as_bytes());
    let again = sandbox.json(&run, 1);
    assert_eq!(again["shops"][0]["sales"], first["shops"][0]["sales"]);
    assert_eq!(again["shops"][0]["revision"], 1, "unchanged figures are no new revision");
    // The raw rows are kept in the archive; their content is known and not read anew.
    let raw: Vec<Vec<u8>> = sandbox.find("archive", ".csv").into_values().collect();
    assert_eq!(raw, [format!("{heading}{row}").into_bytes()]);
    assert_eq!(sandbox.program(&["ingest", "archive"]).code, 0);
    assert_eq!(sandbox.json(&run, 1)["shops"][0]["revision"], 1);
    // A rule that changes figures does so in the open: next revision, issued files untouched.
    let config = fs::read_to_string(sandbox.path("totsugo.toml")).expect("a configuration");
    sandbox.write(
        "totsugo.toml",
        config.replace("[[shops]]", "[policy]\nhistory_start = \"2026-11-03\"\n[[shops]]").as_bytes(),
    );
    let changed = sandbox.json(&run, 1);
    assert_eq!(changed["shops"][0]["revision"], 2);
    assert_ne!(changed["shops"][0]["excluded"], first["shops"][0]["excluded"]);
    let second = sandbox.path(changed["shops"][0]["workbook"].as_str().expect("a path"));
    assert!(!sandbox::strings(&sandbox::sheet(&second, "Changes")).is_empty());
    for (path, bytes) in issued {
        assert_eq!(sandbox.find("reports", ".xlsx").get(&path), Some(&bytes), "{path}");
    }
}

#[test]
fn the_trail_says_since_when_a_configuration_holds() {
    let sandbox = Sandbox::minimal("en");
    let configurations = || {
        let acts = Store::open(&sandbox.path("totsugo.db"), "test").expect("opens").acts().expect("acts");
        acts.into_iter().filter(|act| act.act == "configuration").map(|act| act.reason).collect::<Vec<_>>()
    };
    let digest = || {
        let text = fs::read(sandbox.path("totsugo.toml")).expect("a configuration");
        totsugo::domain::ids::FileDigest::of(&text).to_string()
    };
    sandbox.program(MONTH);
    sandbox.program(MONTH);
    let first = digest();
    assert!(configurations().iter().eq([&first]), "two runs, one configuration");
    let text = fs::read_to_string(sandbox.path("totsugo.toml")).expect("a configuration");
    sandbox.write("totsugo.toml", format!("{text}grace_days = 2\n").as_bytes());
    sandbox.program(&[MONTH, &["--dry-run"]].concat());
    assert!(configurations().iter().eq([&first]), "a dry run leaves no trace");
    sandbox.program(MONTH);
    assert_eq!(configurations(), [digest(), first], "newest first");
}

/// Found by hand: in a folder whose name is not UTF-8 every report said that nothing was ever sold.
#[test]
#[cfg(target_os = "linux")]
fn a15_a_history_in_a_folder_whose_name_is_not_utf_8_is_read() {
    use std::os::unix::ffi::OsStrExt as _;
    let sandbox = Sandbox::empty();
    let folder = sandbox.path("").join(std::ffi::OsStr::from_bytes(b"nu\xffx"));
    for file in totsugo::demo::files().expect("the demo's files") {
        let path = folder.join(&file.path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, &file.bytes).expect("a file");
    }
    let run = |folder: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_totsugo"));
        command.args(["run", "--as-of", totsugo::demo::AS_OF, "--json"]).current_dir(folder);
        let output = command.env_remove("TOTSUGO_CONFIG").output().expect("the program starts");
        let json: Value = serde_json::from_slice(&output.stdout).expect("a document");
        figures(&json)
    };
    assert_eq!(run(&folder), run(&Sandbox::demo().path("")));
}
