//! An upgrade keeps the data: histories as each earlier schema left them, taken over by the program of today (FAULTS S13).
//!
//! A history of schema *n* is made out of the demo's: the migrations up to *n* make its tables. What files brought goes in as
//! the last program with wide rows had stored and sealed it (`golden/history/schema8.sql`), all else as it is stored today, with
//! those columns that the tables have. `TOTSUGO_HISTORIES` names a folder to keep them in, for `.ci/package`.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]
#![cfg_attr(target_os = "linux", expect(clippy::print_stderr, reason = "the experiment says how much it did"))]

#[expect(dead_code, reason = "each test file uses its own part of the sandbox")]
mod sandbox;
#[cfg(target_os = "linux")]
#[expect(dead_code, reason = "nothing goes over a wire here")]
mod shim;
#[cfg(target_os = "linux")]
#[expect(dead_code, reason = "other tests use the rest")]
mod tier;

use rusqlite::Connection;
use sandbox::Sandbox;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const MONTH: &[&str] = &["run", "--as-of", "2026-11-23", "--json"];

/// The migrations in their order.
fn migrations() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("migrations").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).expect("SQL")).collect()
}

/// First column of all rows, as text.
fn texts(history: &Connection, query: &str) -> Vec<String> {
    let mut statement = history.prepare(query).expect(query);
    let rows = statement.query_map([], |row| row.get(0)).expect(query);
    rows.map(|row| row.expect("a row")).collect()
}

/// The last schema with wide rows.
const WIDE: u32 = 8;

/// An empty history of `schema` at `path`.
fn empty(schema: u32, path: &Path) -> Connection {
    let history = Connection::open(path).expect("a new file");
    for (migration, _) in migrations().iter().zip(0..schema) {
        history.execute_batch(migration).expect("a migration");
    }
    history
}

/// The facts of the demo as they were stored with wide rows, at `path`.
fn wide(today: &Path, path: &Path) {
    let history = empty(WIDE, path);
    history.execute_batch(include_str!("golden/history/schema8.sql")).expect("its rows");
    let files = "SELECT id || ' ' || name || ' ' || hex(digest) FROM file ORDER BY id";
    let today = Connection::open(today).expect("today's history");
    assert_eq!(texts(&history, files), texts(&today, files), "the demo has other files than the golden history");
}

/// The history `today` as the program of `schema` would have left it, at `path`; its facts are those of `wide`.
fn older(today: &Path, wide: &Path, schema: u32, path: &Path) {
    let history = empty(schema, path);
    // Tables come by name, not by what refers to what.
    history.pragma_update(None, "foreign_keys", "OFF").expect("off");
    history.pragma_update(None, "user_version", schema).expect("its number");
    history.execute("ATTACH ?1 AS today", [today.display().to_string()]).expect("today's history");
    history.execute("ATTACH ?1 AS wide", [wide.display().to_string()]).expect("its facts");
    let columns =
        |of: &str, table: &str| texts(&history, &format!("SELECT name FROM pragma_table_info('{table}', '{of}')"));
    for table in texts(&history, "SELECT name FROM main.sqlite_schema WHERE type = 'table' ORDER BY name") {
        let has_rows = |of: &str| {
            !texts(&history, &format!("SELECT name FROM pragma_table_info('{table}', '{of}')")).is_empty()
                && history
                    .prepare(&format!("SELECT 1 FROM {of}.{table}"))
                    .expect("a table")
                    .exists([])
                    .expect("looked at")
        };
        let source = if has_rows("wide") { "wide" } else { "today" };
        let there = columns(source, &table);
        let shared: Vec<String> = columns("main", &table)
            .into_iter()
            .filter(|name| there.contains(name))
            .map(|name| format!("\"{name}\""))
            .collect();
        if shared.is_empty() {
            continue;
        }
        let (mut shared, mut values) = (shared.join(", "), shared.join(", "));
        // The figures stood with their report before they had a table.
        if table == "report" && columns("main", &table).contains(&"figures".to_owned()) {
            shared.push_str(", figures");
            values.push_str(
                ", (SELECT f.figures FROM today.report_figures f WHERE (f.shop, f.period_from, f.period_to, f.revision) \
                 = (report.shop, report.period_from, report.period_to, report.revision))",
            );
        }
        // A trigger may have written rows of its own.
        history.execute(&format!("DELETE FROM main.{table}"), []).expect("emptied");
        history
            .execute(&format!("INSERT INTO main.{table} ({shared}) SELECT {values} FROM {source}.{table}"), [])
            .expect("its rows");
    }
    // The outbox was one table before it had messages and deliveries; the words of its states are the same.
    if !texts(&history, "SELECT name FROM main.sqlite_schema WHERE name = 'outbox'").is_empty() {
        history
            .execute(
                "INSERT INTO main.outbox (shop, period_from, period_to, revision, recipient, message_id, state, message)
                 SELECT m.shop, m.period_from, m.period_to, m.revision, d.recipient, m.message_id, d.state, m.content
                 FROM today.message m JOIN today.delivery d ON d.message = m.id WHERE m.shop IS NOT NULL",
                [],
            )
            .expect("its mails");
    }
}

/// What a run says, without which run said it and how long it took.
fn said(run: &Value) -> Value {
    let mut shops = run["shops"].clone();
    for shop in shops.as_array_mut().expect("shops") {
        shop["mail"] = Value::Null;
    }
    shops
}

fn merchant() -> (Sandbox, Value) {
    let sandbox = Sandbox::demo();
    let first = sandbox.json(MONTH, 0);
    // Everything a history can hold: notes, acts, a backup taken.
    let id = first["shops"][0]["findings"][0]["id"].as_str().expect("a finding").to_owned();
    assert_eq!(sandbox.program(&["findings", "note", &id, "確認中"]).code, 0);
    assert_eq!(sandbox.program(&["backup", "today.db", "--reason", "test"]).code, 0);
    (sandbox, first)
}

#[test]
fn s13_a_history_of_every_earlier_schema_is_taken_over_whole() {
    let (sandbox, first) = merchant();
    let (workbooks, mails) = (sandbox.find("reports", ".xlsx"), sandbox.find("outbox", ".eml"));
    assert_eq!((workbooks.len(), mails.len()), (2, 2));
    let newest = u32::try_from(migrations().len()).expect("a number");
    assert_eq!(newest, WIDE + 1, "of each later schema a history is to be upgraded too");
    wide(&sandbox.path("today.db"), &sandbox.path("wide.db"));
    for schema in 1..newest {
        for ending in ["", "-wal", "-shm"] {
            drop(fs::remove_file(sandbox.path(&format!("totsugo.db{ending}"))));
        }
        older(&sandbox.path("today.db"), &sandbox.path("wide.db"), schema, &sandbox.path("totsugo.db"));
        if let Some(folder) = std::env::var_os("TOTSUGO_HISTORIES") {
            fs::create_dir_all(&folder).expect("a folder");
            let kept = Path::new(&folder).join(format!("schema{schema}.db"));
            fs::copy(sandbox.path("totsugo.db"), kept).expect("kept");
        }

        // The same figures, so no further revision, no further file and no further mail.
        let again = sandbox.json(MONTH, 0);
        assert_eq!(said(&again), said(&first), "schema {schema}");
        assert_eq!(sandbox.find("reports", ".xlsx"), workbooks, "schema {schema}");
        assert_eq!(sandbox.find("outbox", ".eml"), mails, "schema {schema}");

        let check = sandbox.program(&["check"]);
        assert_eq!(check.code, 0, "schema {schema}: {}{}", check.out, check.err);
        assert!(check.out.contains("12ファイル"), "schema {schema}: {}", check.out);
        let history: Value = serde_json::from_str(&sandbox.program(&["history", "--json"]).out).expect("JSON");
        assert_eq!(history["runs"].as_array().map(Vec::len), Some(2), "schema {schema}: {history}");
        let mail: Value = serde_json::from_str(&sandbox.program(&["mail", "list", "--json"]).out).expect("JSON");
        let states = mail["mails"].as_array().expect("mails").iter().map(|mail| mail["state"].as_str());
        assert_eq!(states.collect::<Vec<_>>(), [Some("accepted"); 2], "schema {schema}");
        if schema >= 3 {
            assert!(sandbox.program(&["findings"]).out.contains("確認中"), "schema {schema} lost a note");
        }

        // What was there is kept as it was, and can be gone back to with the program that wrote it.
        let kept = Connection::open(sandbox.path(&format!("totsugo.db.schema{schema}.bak"))).expect("the copy");
        let version = kept.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0)).expect("its number");
        assert_eq!(version, schema);
        let upgraded = Connection::open(sandbox.path("totsugo.db")).expect("the history");
        let version = upgraded.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0)).expect("its number");
        assert_eq!(version, newest);
    }
}

/// An upgrade seals anew: what was altered before must not come out as sealed.
#[test]
fn s08_s13_an_altered_history_is_not_upgraded() {
    let (sandbox, _) = merchant();
    wide(&sandbox.path("today.db"), &sandbox.path("wide.db"));
    for schema in 2..=WIDE {
        let path = sandbox.path(&format!("altered{schema}.db"));
        older(&sandbox.path("today.db"), &sandbox.path("wide.db"), schema, &path);
        // As it is, it passes: a backup of an earlier program can be looked at and restored.
        assert_eq!(totsugo::store::Store::inspect(&path).expect("whole").files, 12, "schema {schema}");
        let history = Connection::open(&path).expect("opens");
        let edited = history.execute("UPDATE observation SET amount = amount + 1 WHERE file_id = 9 AND line = 2", []);
        assert_eq!(edited.expect("edited"), 1);
        drop(history);
        let looked_at = totsugo::store::Store::inspect(&path).expect_err("altered");
        assert!(looked_at.to_string().contains("torihiki_20251020"), "schema {schema}: {looked_at}");
        let error = totsugo::store::Store::open(&path, "test").map(|_| ()).expect_err("refused");
        assert!(error.to_string().contains("torihiki_20251020"), "schema {schema}: {error}");
        let history = Connection::open(&path).expect("opens");
        let version = history.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0)).expect("its number");
        assert!(version <= WIDE, "schema {schema} became {version}");
    }
}

/// An upgrade that was stopped anywhere is done by the next run, which then says what it says without a stop.
#[cfg(target_os = "linux")]
#[test]
fn s01_s13_any_effect_of_an_upgrade_may_fail_or_be_the_last() {
    let (sandbox, first) = merchant();
    // What the operator was told of the fault stands beside the reports.
    let issued = |sandbox: &Sandbox| {
        let mut mails = sandbox.find("outbox", ".eml");
        mails.retain(|_, mail| String::from_utf8_lossy(mail).contains("Content-Disposition: attachment"));
        (sandbox.find("reports", ".xlsx"), mails)
    };
    let expected = issued(&sandbox);
    let others = sandbox.find("", "");
    wide(&sandbox.path("today.db"), &sandbox.path("wide.db"));
    let folder = tempfile::tempdir().expect("a folder");
    let library = shim::build(folder.path());
    for schema in if tier::is_long() { (1..=WIDE).collect() } else { vec![1, WIDE] } {
        let history = sandbox.path(&format!("schema{schema}.db"));
        older(&sandbox.path("today.db"), &sandbox.path("wide.db"), schema, &history);
        let history = fs::read(history).expect("the history");
        let prepared = || {
            let sandbox = Sandbox::empty();
            for (name, bytes) in others.iter().filter(|(name, _)| !name.contains(".db")) {
                sandbox.write(name, bytes);
            }
            sandbox.write("totsugo.db", &history);
            for shop in ["9200000000001", "9200000000002"] {
                fs::create_dir_all(sandbox.path(&format!("inbox/{shop}"))).expect("an inbox");
            }
            sandbox
        };
        let run = |sandbox: &Sandbox, variables: &[(&str, String)]| {
            shim::disturbed(sandbox, &library, &MONTH.join(" "), variables)
        };
        let undisturbed = run(&prepared(), &[]);
        assert_eq!(undisturbed.code, Some(0), "schema {schema}: {}", undisturbed.said);
        let effects = undisturbed.effects;
        shim::every_effect(effects, 2, |nth, fault| {
            let sandbox = prepared();
            let result = run(&sandbox, &fault.at(nth));
            let (code, words) = (result.code, &result.said);
            let at = format!("schema {schema}, effect {nth} of {effects}, {fault:?}, {code:?}\n{words}");
            result.assert_told(&at);
            let again = sandbox.program(MONTH);
            assert_eq!(again.code, 0, "{at}\n{}", again.err);
            let again: Value = serde_json::from_str(&again.out).expect("JSON");
            assert_eq!(said(&again), said(&first), "{at}");
            assert!(issued(&sandbox) == expected, "{at}: reports and their mails");
            let check = sandbox.program(&["check"]);
            assert_eq!(check.code, 0, "{at}\n{}{}", check.out, check.err);
            // Every copy that was kept is that of the schema it is named after, and whole.
            let kept = sandbox.find("", ".bak");
            assert!(!kept.is_empty(), "{at}: nothing was kept");
            for name in kept.keys() {
                let copy = totsugo::store::Store::inspect(&sandbox.path(name));
                assert!(copy.is_ok(), "{at}: {name}: {copy:?}");
            }
            let unfinished = [sandbox.find("", ".part"), sandbox.find("", "-journal")];
            assert!(unfinished.iter().all(|found| found.is_empty()), "{at}: {unfinished:?}");
        });
        let faults = if tier::is_long() { shim::FAULTS.len() } else { 1 };
        eprintln!("schema {schema}: {effects} effects, {} faults", effects * faults);
    }
}
