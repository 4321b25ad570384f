//! A run with nothing new says the same without working anything out; whatever a report follows from, once changed, is felt.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[expect(dead_code, reason = "each test file uses its own part of the sandbox")]
mod sandbox;

use chrono::DateTime;
use rusqlite::Connection;
use sandbox::Sandbox;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use totsugo::config;
use totsugo::domain::dates::Period;
use totsugo::run::{self, Effect, Order, Step, Timings, Workshop};

/// What a run says of its shops, and how many of them it worked out.
fn run_at(sandbox: &Sandbox, now: &str) -> (Value, usize) {
    let file = sandbox.path("totsugo.toml");
    let text = fs::read_to_string(&file).expect("the configuration");
    let config = config::parse(&text, &file, &BTreeMap::new()).expect("a valid configuration");
    let now = DateTime::parse_from_rfc3339(now).expect("a moment");
    let workshop = Workshop::prepare(config, now).expect("a workshop");
    let as_of = workshop.today();
    let period = Period::named("month-to-date", as_of).expect("a period");
    let (shops, effect) = (Vec::new(), Effect::Real);
    let order = Order { period, as_of, shops, effect, reissue: false, mail: true, slot: None };
    let worked_out = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&worked_out);
    let timings = Timings::watched(Box::new(move |step| {
        counted.fetch_add(usize::from(matches!(step, Step::Shop(_))), Ordering::Relaxed);
    }));
    let report = run::run(&workshop, &order, &timings).expect("a run");
    let shops = serde_json::to_value(&report.json.shops).expect("a document");
    (shops, worked_out.load(Ordering::Relaxed))
}

const NOW: &str = "2031-03-03T12:00:00+09:00";

/// The same as said before, but for the mail, which went out then.
fn without_mail(mut shops: Value) -> Value {
    shops.as_array_mut().into_iter().flatten().for_each(|shop| shop["mail"] = Value::Null);
    shops
}

#[test]
fn nothing_new_is_not_worked_out_again_and_says_the_same() {
    let sandbox = Sandbox::demo();
    let (first, worked_out) = run_at(&sandbox, NOW);
    assert_eq!(worked_out, 2);
    let issued = (sandbox.find("reports", ""), sandbox.find("outbox", ""));
    for _ in 0..2 {
        let (again, worked_out) = run_at(&sandbox, NOW);
        assert_eq!(worked_out, 0);
        assert!(again.as_array().into_iter().flatten().all(|shop| shop["mail"] == "none"), "{again}");
        assert_eq!(without_mail(again), without_mail(first.clone()));
        assert_eq!((sandbox.find("reports", ""), sandbox.find("outbox", "")), issued);
    }
}

/// Puts `new` in the place of `old` in the configuration.
fn configure(sandbox: &Sandbox, old: &str, new: &str) {
    let text = fs::read_to_string(sandbox.path("totsugo.toml")).expect("the configuration");
    assert!(text.contains(old), "{old}");
    sandbox.write("totsugo.toml", text.replace(old, new).as_bytes());
}

#[test]
fn whatever_a_report_follows_from_is_felt() {
    type Change = fn(&Sandbox);
    let changes: [(&str, Change); 14] = [
        ("a policy", |sandbox| configure(sandbox, "[policy]", "[policy]\nexpiring_within_days = 29")),
        ("the language", |sandbox| configure(sandbox, "language = \"ja\"", "language = \"en\"")),
        ("guests' names", |sandbox| configure(sandbox, "[mail]", "[report]\ncustomer = true\n[mail]")),
        ("the calendar", |sandbox| configure(sandbox, "[mail]", "[calendar]\nclosed = [\"2026-11-24\"]\n[mail]")),
        ("a rule", |sandbox| configure(sandbox, "\"Viator\", ", "")),
        ("another shop's prefixes", |sandbox| configure(sandbox, "\"KY\", \"KX\"", "\"KY\"")),
        ("the names of layouts", |sandbox| {
            let layouts = totsugo::templates::layouts(&sandbox.path("templates")).expect("the built-in layouts");
            let own = layouts.iter().find(|layout| layout.text.contains("\"totsugo-bookings\"")).expect("our own form");
            let text = own.text.replace("\"totsugo-bookings\"", "\"own-form\"");
            let file = std::path::Path::new(&own.name).file_name().expect("a name").to_string_lossy().into_owned();
            sandbox.write(&format!("templates/layouts/{file}"), text.as_bytes());
        }),
        ("that the export of the day is in", |sandbox| {
            let history = Connection::open(sandbox.path("totsugo.db")).expect("the history");
            let later = "UPDATE file_arrival SET at = unixepoch('2031-03-03')";
            assert!(history.execute(later, []).expect("came in then") > 0);
        }),
        ("a file", |sandbox| {
            let row = "2031/03/02 10:00:00,1000,,クレジットカード,";
            let heading = "ショップID,オーダーID,取引状態,処理日時,利用金額,税送料,決済方法,加盟店自由項目1";
            let text = format!("{heading}\r\n9200000000001,NEW-1,即時売上,{row}\r\n");
            sandbox.write_aged("inbox/new.csv", text.as_bytes(), 3_600);
        }),
        ("a held file", |sandbox| sandbox.write_aged("inbox/9200000000001/login.csv", b"<html></html>\n", 3_600)),
        ("a note", |sandbox| {
            let list = sandbox.program(&["findings", "list", "--json"]).out;
            let id = list.split('"').find(|word| word.starts_with("F-")).expect("a finding").to_owned();
            assert_eq!(sandbox.program(&["findings", "note", &id, "seen"]).code, 0);
        }),
        ("what is remembered", |sandbox| {
            let history = Connection::open(sandbox.path("totsugo.db")).expect("the history");
            let changed =
                history.execute("UPDATE remembered SET result = replace(result, '\"count\":', '\"count\":1')", []);
            assert_eq!(changed, Ok(2));
        }),
        ("the ledger of findings", |sandbox| {
            let history = Connection::open(sandbox.path("totsugo.db")).expect("the history");
            assert!(history.execute("UPDATE finding SET first_seen = first_seen - 7", []).expect("changed") > 0);
        }),
        ("the issued report", |sandbox| {
            let history = Connection::open(sandbox.path("totsugo.db")).expect("the history");
            assert_eq!(history.execute("UPDATE report SET digest = 'other'", []), Ok(2));
        }),
    ];
    for (what, change) in changes {
        let sandbox = Sandbox::demo();
        run_at(&sandbox, NOW);
        assert_eq!(run_at(&sandbox, NOW).1, 0, "{what}");
        change(&sandbox);
        let (felt, worked_out) = run_at(&sandbox, NOW);
        assert_eq!(worked_out, 2, "{what}");
        // Nothing of what was remembered before has a part in it.
        let history = Connection::open(sandbox.path("totsugo.db")).expect("the history");
        history.execute("DELETE FROM remembered", []).expect("forgotten");
        drop(history);
        assert_eq!(without_mail(run_at(&sandbox, NOW).0), without_mail(felt), "{what}");
    }
    let sandbox = Sandbox::demo();
    run_at(&sandbox, NOW);
    assert_eq!(run_at(&sandbox, "2031-03-04T12:00:00+09:00").1, 2, "another as-of date");
}
