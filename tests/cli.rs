//! The program as a user meets it: the real binary in a folder of its own, judged by exit code, output and files.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[expect(dead_code, reason = "each test file uses its own part of the sandbox")]
mod sandbox;

use calamine::{Data, DataType};
use sandbox::{Sandbox, rows_below, sheet, shown, strings};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use totsugo::demo;
use totsugo::domain::finding::Code;
use totsugo::domain::reconciliation::Risk;

const WHOLE: &[&str] = &["run", "--as-of", demo::AS_OF, "--json", "--from", "2025-10-01", "--to", "2026-11-22"];
const MONTH: &[&str] = &["run", "--as-of", demo::AS_OF, "--json"];

fn shops(json: &Value) -> &Vec<Value> {
    json["shops"].as_array().expect("shops")
}

fn list<'a>(shop: &'a Value, name: &str) -> &'a Vec<Value> {
    shop[name].as_array().unwrap_or_else(|| panic!("{name} in {shop}"))
}

/// The cart code, or the Order ID of a payment without booking.
fn key(finding: &Value) -> String {
    finding["booking"].as_str().or_else(|| finding["order_ids"][0].as_str()).expect("a key").to_owned()
}

#[test]
fn demo_makes_a_merchant_and_says_where_the_workbooks_lie() {
    let sandbox = Sandbox::empty();
    let said = sandbox.program(&["demo", "merchant"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let workbooks = sandbox.find("merchant/reports", ".xlsx");
    assert_eq!(workbooks.len(), 2, "one workbook per shop: {workbooks:?}");
    for (path, _) in workbooks {
        let name = path.rsplit('/').next().expect("a name");
        assert!(said.out.contains(name), "{name} is not named in:\n{}", said.out);
    }
    assert_eq!(sandbox.find("merchant/outbox", ".eml").len(), 2, "one mail per shop");
    assert_eq!(sandbox.find("merchant/held", "").len(), 0);
}

#[test]
fn the_same_run_again_makes_no_new_file_and_no_new_mail() {
    let sandbox = Sandbox::empty();
    assert_eq!(sandbox.program(&["demo", "."]).code, 0);
    let (reports, mails) = (sandbox.find("reports", ""), sandbox.find("outbox", ""));
    for _ in 0..2 {
        let json = sandbox.json(MONTH, 0);
        for shop in shops(&json) {
            assert_eq!(shop["revision"], 1, "{shop}");
            assert_eq!(shop["mail"], "none", "{shop}");
        }
        assert_eq!(sandbox.find("reports", ""), reports);
        assert_eq!(sandbox.find("outbox", ""), mails);
    }
}

#[test]
fn reissue_makes_the_next_revision() {
    let sandbox = Sandbox::empty();
    assert_eq!(sandbox.program(&["demo", "."]).code, 0);
    let issued = sandbox.find("reports", ".xlsx");
    let json = sandbox.json(&[MONTH, &["--reissue"]].concat(), 0);
    assert!(shops(&json).iter().all(|shop| shop["revision"] == 2));
    let now = sandbox.find("reports", ".xlsx");
    assert_eq!(now.len(), 4);
    for (path, bytes) in issued {
        assert_eq!(now.get(&path), Some(&bytes), "{path} was overwritten");
    }
}

/// Found by an operator: a workbook that somebody had deleted was still named as issued, with exit 0.
#[test]
fn x08_an_issued_workbook_that_is_gone_is_missed() {
    let sandbox = Sandbox::english_demo();
    assert_eq!(sandbox.program(MONTH).code, 0);
    let issued = sandbox.find("reports", ".xlsx");
    let gone = issued.keys().next().expect("a workbook");
    fs::remove_file(sandbox.path(gone)).expect("removed");
    for _ in 0..2 {
        let said = sandbox.program(MONTH);
        assert_eq!(said.code, 1, "{}", said.err);
        assert!(said.err.contains(gone.as_str()) && said.err.contains("run --reissue"), "{}", said.err);
        assert_eq!(sandbox.find("reports", ".xlsx").len(), 1, "nothing is made unasked");
    }
    assert_eq!(sandbox.told().iter().filter(|text| text.contains(gone.as_str())).count(), 1, "and the operator once");
    assert_eq!(sandbox.program(&[MONTH, &["--reissue"]].concat()).code, 0);
    assert_eq!(sandbox.program(MONTH).code, 0);
}

#[test]
fn a_dry_run_changes_nothing() {
    let sandbox = Sandbox::demo();
    let before = sandbox.find("inbox", "");
    let said = sandbox.program(&["run", "--as-of", demo::AS_OF, "--dry-run"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(sandbox.find("inbox", ""), before);
    for folder in ["archive", "held", "reports", "outbox"] {
        assert!(sandbox.find(folder, "").is_empty(), "{folder} is not empty");
    }
}

/// SPEC §5.8: October was reported and closed; its partial refund comes to light in November's report, not only when
/// somebody thinks of reporting October again. Once that is done, it is news no more.
#[test]
fn a_change_in_an_earlier_reported_period_stands_in_the_current_report() {
    let sandbox = Sandbox::minimal("ja");
    let heading = "ショップID,オーダーID,取引状態,処理日時,利用金額,加盟店自由項目1\n";
    let row = |day: &str, yen: &str| format!("9200000000001,A,即時売上,2026/10/{day} 10:00:00,{yen},1\n");
    let run = |from: &str, to: &str| {
        let json = sandbox.json(&["run", "--as-of", "2026-11-23", "--json", "--from", from, "--to", to], 1);
        sandbox.path(shops(&json)[0]["workbook"].as_str().expect("a workbook"))
    };
    let october = || run("2026-10-01", "2026-10-31");
    sandbox.write("inbox/a.csv", format!("{heading}{}", row("05", "12000")).as_bytes());
    october();
    sandbox.write("inbox/b.csv", format!("{heading}{}", row("20", "9000")).as_bytes());
    let corrections = |path: &std::path::Path| -> Vec<[String; 4]> {
        let rows = rows_below(&sheet(path, "変更点"), "種別");
        let rows = rows.iter().filter(|row| row["種別"] == "前期間の修正");
        rows.map(|row| ["項目", "変更前", "変更後", "増減"].map(|name| shown(&row[name]))).collect()
    };
    let found = corrections(&run("2026-11-01", "2026-11-22"));
    let expected = ["2026-10-20", "（なし）", "件数 0　総額 0　返金 -3,000　純額 -3,000", "-3000"];
    assert_eq!(found, [expected.map(str::to_owned)]);
    assert_eq!(corrections(&october()), Vec::<[String; 4]>::new());
    let said = calamine::open_workbook::<calamine::Xlsx<_>, _>(run("2026-11-01", "2026-11-21")).expect("a workbook");
    let sheets = calamine::Reader::sheet_names(&said);
    assert!(!sheets.contains(&"変更点".to_owned()), "reported again, and so no news: {sheets:?}");
}

/// A dry run once left `totsugo.db-wal` and `totsugo.db-shm` beside a database that an earlier run had closed.
#[test]
fn a_dry_run_over_an_existing_history_leaves_every_byte_of_the_folder_as_it_was() {
    let sandbox = Sandbox::minimal("ja");
    let heading = "ショップID,オーダーID,取引状態,処理日時,利用金額,加盟店自由項目1\n";
    let export = |order: &str| format!("{heading}9200000000001,{order},即時売上,2026/11/05 10:00:00,1000,1\n");
    sandbox.write("inbox/first.csv", export("A").as_bytes());
    let run: &[&str] = &["run", "--as-of", "2026-11-23", "--json"];
    sandbox.json(run, 1);
    sandbox.write("inbox/second.csv", export("B").as_bytes());
    let before = sandbox.find(".", "");
    let rehearsed = sandbox.json(&[run, &["--dry-run"]].concat(), 1);
    assert_eq!(shops(&rehearsed)[0]["revision"], 2);
    assert_eq!(sandbox.find(".", "").keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert_eq!(sandbox.find(".", ""), before);
}

#[test]
fn the_demo_shows_exactly_the_findings_it_is_made_for() {
    let json = Sandbox::demo().json(MONTH, 0);
    let found: BTreeSet<(String, String, String)> = shops(&json)
        .iter()
        .flat_map(|shop| list(shop, "findings").iter().map(move |finding| (shop, finding)))
        .map(|(shop, finding)| {
            let text = |value: &Value| value.as_str().expect("text").to_owned();
            (text(&shop["shop_id"]), text(&finding["code"]), key(finding))
        })
        .collect();
    let expected = demo::EXPECTED.iter().map(|(shop, code, key)| (shop.to_string(), code.to_string(), key.to_string()));
    assert_eq!(found, expected.collect());
    for code in Code::ALL {
        assert!(found.iter().any(|(_, found, _)| found == code.as_str()), "{}", code.as_str());
    }
}

#[test]
fn the_demo_shows_every_risk_every_rule_and_both_kinds_of_awaiting() {
    let json = Sandbox::demo().json(WHOLE, 0);
    let all = |name: &str, field: &str| -> BTreeSet<String> {
        let items = shops(&json).iter().flat_map(|shop| list(shop, name));
        items.map(|item| item[field].as_str().expect(field).to_owned()).collect()
    };
    assert_eq!(all("cancellation", "risk"), Risk::ALL.iter().map(|risk| risk.as_str().to_owned()).collect());
    let rules = all("excluded", "rule");
    for rule in ["no_money", "returned", "free", "not_web_payment", "not_paid", "cancelled_unpaid", "dead", "OTA"] {
        assert!(rules.contains(rule), "{rule}: {rules:?}");
    }
    assert!(rules.contains("before_history_start"), "{rules:?}");
    for side in ["payments", "bookings"] {
        let waiting: i64 = shops(&json).iter().filter_map(|shop| shop["awaiting"][side].as_i64()).sum();
        assert!(waiting > 0, "no {side} awaiting");
    }
    for shop in shops(&json) {
        assert_eq!(shop["proof"]["balanced"], true, "{}", shop["proof"]);
        for check in list(&shop["proof"], "checks") {
            assert_eq!(check["left"], check["right"], "{check}");
        }
    }
}

#[test]
fn the_worked_deadline_of_the_manual_stands_in_the_list() {
    let json = Sandbox::demo().json(MONTH, 0);
    let due = shops(&json).iter().flat_map(|shop| list(shop, "cancellation"));
    let due: Vec<_> = due.filter(|item| item["booking"] == "KY2205001").collect();
    let [item] = due.as_slice() else { panic!("one line for KY2205001: {due:?}") };
    assert_eq!(item["risk"], "refund_due");
    assert_eq!(item["last_safe_day"], "2026-12-01");
    assert_eq!(item["last_possible_day"], "2026-12-02");
    assert_eq!(item["days_left"], 8);
    assert_eq!(item["yen"], 48_000);
}

#[test]
fn the_workbook_says_what_the_json_says() {
    let sandbox = Sandbox::demo();
    let json = sandbox.json(MONTH, 0);
    for shop in shops(&json) {
        let path = shop["workbook"].as_str().expect("a workbook");
        let rows = rows_below(&sheet(&sandbox.path(path), "要確認"), "所見ID");
        let number = |row: &BTreeMap<String, Data>, name: &str| -> Option<i64> {
            let cell = row.get(name).filter(|cell| cell.is_float() || cell.is_int())?;
            cell.to_string().parse().ok()
        };
        let mut shown = BTreeMap::new();
        for row in rows.iter().filter(|row| row["所見ID"].to_string().starts_with("F-")) {
            let yen = ["GMO金額", "予約金額", "差額"].map(|name| number(row, name));
            shown.insert(row["所見ID"].to_string(), yen);
        }
        let findings = list(shop, "findings");
        assert_eq!(shown.len(), findings.len(), "{path}");
        for finding in findings {
            let id = finding["id"].as_str().expect("an id");
            let yen = ["gmo_yen", "booking_yen", "difference_yen"].map(|name| finding[name].as_i64());
            for (shown, said) in shown[id].iter().zip(yen) {
                // A figure that does not apply is blank in the workbook.
                assert!(*shown == said || shown.is_none() && said.unwrap_or(0) == 0, "{id}: {shown:?}, {said:?}");
            }
        }
        let sales = strings(&sheet(&sandbox.path(path), "売上集計"));
        for name in ["gross_yen", "refunds_yen", "net_yen"] {
            let yen = shop["sales"][name].as_i64().expect(name).to_string();
            assert!(sales.contains(&yen), "{path}: {name} {yen} is not on 売上集計");
        }
    }
}

#[test]
fn order_times_and_copies_of_files_change_no_byte() {
    let plain = Sandbox::demo();
    plain.json(MONTH, 0);
    let shuffled = Sandbox::empty();
    let mut files = demo::files().expect("the demo's files");
    files.reverse();
    for (at, file) in files.iter().enumerate() {
        let age = u64::try_from(at * 7_919 % 100).expect("small") * 3_600;
        shuffled.write_aged(&file.path, &file.bytes, age);
        if let Some((folder, name)) = file.path.rsplit_once('/') {
            shuffled.write_aged(&format!("{folder}/zz-copy-of-{name}"), &file.bytes, age / 2);
        }
    }
    shuffled.json(MONTH, 0);
    let (one, other) = (plain.find("reports", ".xlsx"), shuffled.find("reports", ".xlsx"));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    assert_eq!(one.len(), 2);
    for (path, bytes) in &one {
        assert!(other.get(path) == Some(bytes), "{path} differs");
    }
}

#[test]
fn files_taken_in_one_by_one_backwards_give_the_same_figures() {
    let plain = Sandbox::demo().json(MONTH, 0);
    let backwards = Sandbox::empty();
    let files = demo::files().expect("the demo's files");
    let (config, inputs): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.path.ends_with(".toml"));
    for file in config {
        backwards.write(&file.path, &file.bytes);
    }
    for file in inputs.iter().rev() {
        backwards.write(&file.path, &file.bytes);
        assert_eq!(backwards.program(&["ingest"]).code, 0, "{}", file.path);
    }
    let json = backwards.json(MONTH, 0);
    for (one, other) in shops(&plain).iter().zip(shops(&json)) {
        for part in ["shop_id", "sales", "matched", "findings", "cancellation", "awaiting", "excluded"] {
            assert_eq!(one[part], other[part], "{part}");
        }
    }
}

const HEADING: &str = "ショップID,オーダーID,取引状態,処理日時,利用金額,税送料,決済方法,加盟店自由項目1\r\n";

/// An export in CP932; the row after the heading is line 2.
fn export(rows: &[&str]) -> Vec<u8> {
    cp932(&format!("{HEADING}{}", rows.iter().map(|row| format!("{row}\r\n")).collect::<String>()))
}

fn cp932(text: &str) -> Vec<u8> {
    let (bytes, _, lossy) = encoding_rs::SHIFT_JIS.encode(text);
    assert!(!lossy, "{text}");
    bytes.into_owned()
}

const GOOD: &str = "9200000000001,20261101-AAAA0001,即時売上,2026/11/01 10:00:00,5000,0,クレジットカード,1102481";

#[test]
fn files_of_an_unknown_shop_are_held_and_the_others_stored() {
    let sandbox = Sandbox::demo();
    for (name, yen) in [("inbox/stranger-1.csv", "5000"), ("inbox/stranger-2.csv", "6000")] {
        let row = GOOD.replace("9200000000001", "9200000000099").replace("5000", yen);
        sandbox.write(name, &export(&[&row]));
    }
    let json = sandbox.json(MONTH, 1);
    assert_eq!(json["exit_code"], 1);
    for name in ["stranger-1.csv", "stranger-2.csv"] {
        let reason = sandbox.reason(name);
        assert!(reason.contains("9200000000099"), "{reason}");
        let file = list(&json, "files").iter().find(|file| file["name"] == name).expect(name);
        assert_eq!(file["outcome"], "held");
        assert!(file["reason"].as_str().is_some_and(|reason| reason.contains("9200000000099")), "{file}");
    }
    let stored = list(&json, "files").iter().filter(|file| file["outcome"] == "stored").count();
    assert_eq!(stored, demo::files().expect("files").len() - 1);
    assert!(shops(&json).iter().all(|shop| shop["revision"] == 1));
}

/// Name, content, what the reason must name in either language.
fn bad_inputs() -> Vec<(&'static str, Vec<u8>, &'static [&'static str])> {
    let second = GOOD.replace("AAAA0001", "AAAA0002");
    let mut undecodable = export(&[GOOD, &second]);
    let at = undecodable.len() - 4;
    undecodable.splice(at..at, [0x81, 0x20]);
    let missing = cp932(
        "ショップID,オーダーID,取引状態,処理日時,利用金額\r\n9200000000001,A1,即時売上,2026/11/01 10:00:00,5000\r\n",
    );
    vec![
        ("undecodable.csv", undecodable, &["line 3"]),
        ("column.csv", missing, &["加盟店自由項目1"]),
        ("amount.csv", export(&[GOOD, &second.replace("5000", "5000.5")]), &["line 3", "利用金額", "5000.5"]),
        ("minus.csv", export(&[GOOD, &second.replace("5000", "-5000")]), &["line 3", "利用金額", "-5000"]),
        ("date.csv", export(&[GOOD, &second.replace("11/01", "13/01")]), &["line 3", "処理日時", "2026/13/01"]),
    ]
}

/// Whether `reason` names `needle`; a line is written `3行` in Japanese, `line 3` in English.
fn names(reason: &str, needle: &str, language: &str) -> bool {
    match needle.strip_prefix("line ") {
        None => reason.contains(needle),
        Some(line) => {
            let bare = reason.replace(' ', "").to_lowercase();
            let forms = if language == "ja" { ["@行", "行@"] } else { ["line@", "row@"] };
            forms.iter().any(|form| bare.contains(&form.replace('@', line)))
        }
    }
}

fn has_hiragana(text: &str) -> bool {
    text.chars().any(|c| ('ぁ'..='ん').contains(&c))
}

#[test]
fn a_bad_file_is_held_whole_with_line_and_column_in_the_users_language() {
    for language in ["ja", "en"] {
        for (name, bytes, needles) in bad_inputs() {
            let sandbox = Sandbox::minimal(language);
            sandbox.write(&format!("inbox/{name}"), &bytes);
            sandbox.write("inbox/good.csv", &export(&[&GOOD.replace("AAAA0001", "AAAA0009")]));
            let said = sandbox.program(&["ingest"]);
            assert_eq!(said.code, 1, "{language} {name}: {}{}", said.out, said.err);
            let reason = sandbox.reason(name);
            for needle in needles {
                assert!(names(&reason, needle, language), "{language} {name}: no {needle} in\n{reason}");
            }
            assert_eq!(has_hiragana(&reason), language == "ja", "{language} {name}:\n{reason}");
            let held = sandbox.find("held", name);
            assert_eq!(held.values().next(), Some(&bytes), "{name}: the original must stay as it was");
            assert_eq!(sandbox.find("archive", "good.csv").len(), 1, "{name} stopped the other file");
        }
    }
}

#[test]
fn a_known_file_is_archived_as_a_duplicate() {
    let sandbox = Sandbox::minimal("ja");
    sandbox.write("inbox/one.csv", &export(&[GOOD]));
    // Exit code 1: no bookings have arrived.
    assert_eq!(sandbox.json(MONTH, 1)["files"][0]["outcome"], "stored");
    sandbox.write("inbox/another.csv", &export(&[GOOD]));
    assert_eq!(sandbox.json(MONTH, 1)["files"][0]["outcome"], "duplicate");
    assert!(sandbox.find("inbox", ".csv").is_empty());
}

#[test]
fn init_leaves_an_installation_that_passes_check() {
    let sandbox = Sandbox::empty();
    let said = sandbox.program(&["init", "."]);
    assert_eq!(said.code, 0, "{}", said.err);
    for command in ["check", "status"] {
        let said = sandbox.program(&[command]);
        assert_eq!(said.code, 0, "{command}: {}{}", said.out, said.err);
    }
}

#[test]
fn init_goes_on_where_it_was_stopped() {
    let sandbox = Sandbox::empty();
    assert_eq!(sandbox.program(&["init", "."]).code, 0);
    let whole = sandbox.find("", "");
    std::fs::remove_dir_all(sandbox.path("schedules")).expect("it came to the configuration only");
    let said = sandbox.program(&["init", "."]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(sandbox.find("", ""), whole);
    sandbox.write("schedules/nightly.toml", b"name = \"of mine\"\n");
    assert_eq!(sandbox.program(&["init", "."]).code, 2, "what a person wrote is not touched");
    assert_eq!(sandbox.find("schedules", "")["schedules/nightly.toml"], b"name = \"of mine\"\n");
}

#[test]
fn init_never_overwrites_a_configuration() {
    let sandbox = Sandbox::minimal("ja");
    let before = sandbox.find("", "totsugo.toml");
    assert_ne!(sandbox.program(&["init", "."]).code, 0);
    assert_eq!(sandbox.find("", "totsugo.toml"), before);
}

#[test]
fn an_unknown_key_is_wrong_configuration_and_named_with_its_line() {
    let sandbox = Sandbox::minimal("en");
    let config = "language = \"en\"\n\n[polcy]\n\n[[shops]]\nid = \"9200000000001\"\nname = \"Test\"\n";
    sandbox.write("totsugo.toml", config.as_bytes());
    let said = sandbox.program(&["run", "--as-of", demo::AS_OF]);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    for needle in ["3", "polcy", "policy"] {
        assert!(said.err.contains(needle), "no {needle} in\n{}", said.err);
    }
    assert!(sandbox.find("reports", "").is_empty());
}

#[test]
fn wrong_usage_is_2() {
    let sandbox = Sandbox::minimal("ja");
    for arguments in [
        &["run", "--from", "2026-11-31", "--to", "2026-12-01"][..],
        &["run", "--from", "2026-11-10", "--to", "2026-11-01"],
        &["run", "--shop", "9200000000077"],
        &["walk"],
    ] {
        assert_eq!(sandbox.program(arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn findings_give_1_only_when_asked_for() {
    let sandbox = Sandbox::demo();
    sandbox.json(MONTH, 0);
    sandbox.json(&[MONTH, &["--fail-on-findings"]].concat(), 1);
}

#[test]
fn no_mail_holds_another_shops_figures() {
    let sandbox = Sandbox::demo();
    let json = sandbox.json(MONTH, 0);
    assert!(shops(&json).iter().all(|shop| shop["mail"] == "queued" || shop["mail"] == "sent"), "{json}");
    let mails = sandbox.find("outbox", ".eml");
    assert_eq!(mails.len(), 2);
    for (name, bytes) in mails {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let named = demo::SHOPS.iter().filter(|shop| text.contains(**shop) || name.contains(**shop)).count();
        assert!(named <= 1, "{name} names both shops");
        assert!(text.contains("keiri@example.co.jp"), "{name}");
    }
}

#[test]
fn history_and_show_know_what_was_done() {
    let sandbox = Sandbox::demo();
    sandbox.json(MONTH, 0);
    let history = sandbox.json(&["history", "--json"], 0);
    let runs = list(&history, "runs");
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0]["as_of"], demo::AS_OF);
    assert_eq!(runs[0]["period"]["from"], "2026-11-01");
    let said = sandbox.program(&["show", "MZ1105010"]);
    assert_eq!(said.code, 0, "{}", said.err);
    for needle in ["MZ1105010", "金額不一致"] {
        assert!(said.out.contains(needle), "no {needle} in\n{}", said.out);
    }
}

#[test]
fn a_blank_reason_is_none() {
    let sandbox = Sandbox::minimal("ja");
    for reason in ["", " ", "\u{3000}"] {
        for command in [&["held", "discard", "x"][..], &["findings", "resolve", "F-1"], &["mail", "resend", "1"]] {
            let said = sandbox.program(&[command, &["--reason", reason]].concat());
            assert_eq!(said.code, 2, "{command:?}: {}", said.err);
        }
    }
}

#[test]
fn k10_a_layout_copied_under_another_file_name_is_an_error() {
    let sandbox = Sandbox::minimal("en");
    let layouts = totsugo::templates::layouts(&sandbox.path("templates")).expect("the built-in layouts");
    let layout = layouts.iter().find(|layout| layout.name.contains("gmo-torihiki-shukei")).expect("the layout");
    sandbox.write("templates/layouts/mine.toml", layout.text.as_bytes());
    let said = sandbox.program(&["check"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("mine.toml:") && said.err.contains("gmo-torihiki-shukei.toml"), "{}", said.err);
}

/// Notepad writes `nightly.toml.txt`: the daemon waited for ever for a schedule that nobody read.
#[test]
fn k01_k10_a_schedule_file_that_nobody_reads_is_named() {
    let sandbox = Sandbox::minimal("en");
    let schedule = b"name = \"nightly\"\ncron = \"0 30 6 * * *\"\n";
    let none = sandbox.program(&["check"]);
    assert!(none.code == 0 && none.out.contains("no schedule"), "{}{}", none.out, none.err);
    for leftover in ["nightly.toml~", ".nightly.toml.swp", "nightly.toml.bak", "nightly.toml.dpkg-old"] {
        sandbox.write(&format!("schedules/{leftover}"), schedule);
    }
    std::fs::create_dir(sandbox.path("schedules/old")).expect("a folder");
    let leftovers = sandbox.program(&["check"]);
    assert!(leftovers.code == 0 && leftovers.out.contains("no schedule"), "{}{}", leftovers.out, leftovers.err);
    for stray in ["nightly.toml.txt", "nightly.txt", "nightly"] {
        sandbox.write(&format!("schedules/{stray}"), schedule);
        for (command, code) in [("check", 2), ("daemon", 2), ("status", 1)] {
            let said = sandbox.program(&[command]);
            assert_eq!(said.code, code, "{command} {stray}: {}", said.err);
            assert!(said.err.contains(stray) && said.err.contains("nightly.toml"), "{command}: {}", said.err);
        }
        std::fs::remove_file(sandbox.path(&format!("schedules/{stray}"))).expect("removed");
    }
    sandbox.write("schedules/nightly.toml", schedule);
    let said = sandbox.program(&["check"]);
    assert!(said.code == 0 && !said.out.contains("no schedule"), "{}{}", said.out, said.err);
}

#[test]
fn k10_a_misplaced_template_is_named_with_its_right_place() {
    let sandbox = Sandbox::minimal("en");
    sandbox.write("templates/mail/report/ja/body.txt", b"for the other language\n");
    assert_eq!(sandbox.program(&["check"]).code, 0);
    for (stray, right) in [
        ("mail/report/subject.txt", "mail/report/en/subject.txt"),
        ("mail/subject.txt", "mail/report/en/subject.txt"),
        ("mails/report/en/subject.txt", "mail/report/en/subject.txt"),
        ("mail/report/de/body.html", "mail/report/en/body.html"),
        ("mail/operator/en/body.txt", "mail/report/en/body.txt"),
        ("mine.toml", "layouts/mine.toml"),
        ("layouts/old/mine.toml", "layouts/mine.toml"),
        ("mail/report/en/old/x.txt", "mail/report/en/subject.txt"),
    ] {
        sandbox.write(&format!("templates/{stray}"), b"{{ verdict }}\n");
        let said = sandbox.program(&["check"]);
        assert_eq!(said.code, 2, "{stray}: {}", said.err);
        for part in [stray, right] {
            assert!(said.err.replace('\\', "/").contains(&format!("templates/{part}")), "{part} in {}", said.err);
        }
        std::fs::remove_file(sandbox.path(&format!("templates/{stray}"))).expect("removed");
    }
    assert_eq!(sandbox.program(&["check"]).code, 0, "empty folders override nothing");
    for subject in
        ["", " \n", "Reconciliation {{ shop_name }}\n", "{% if findings %}{{ verdict }}{% else %}ok{% endif %}\n"]
    {
        sandbox.write("templates/mail/report/en/subject.txt", subject.as_bytes());
        let said = sandbox.program(&["check"]);
        assert_eq!(said.code, 2, "{subject:?}: {}", said.err);
        assert!(said.err.contains("subject.txt:1") && said.err.contains("{{ verdict }}"), "{subject:?}: {}", said.err);
    }
}

#[test]
fn k08_a12_check_says_that_the_inbox_is_missing_or_not_mounted() {
    let sandbox = Sandbox::minimal("en");
    std::fs::remove_dir(sandbox.path("inbox")).expect("removed");
    let said = sandbox.program(&["check"]);
    assert!(said.code == 2 && said.err.contains("inbox"), "{} {}", said.code, said.err);
    std::fs::create_dir(sandbox.path("inbox")).expect("made");
    assert_eq!(sandbox.program(&["check"]).code, 0);
    let config = std::fs::read_to_string(sandbox.path("totsugo.toml")).expect("the configuration");
    sandbox.write("totsugo.toml", config.replace("[intake]", "[intake]\nsentinel = \".mounted\"").as_bytes());
    let said = sandbox.program(&["check"]);
    assert!(said.code == 3 && said.err.contains(".mounted"), "{} {}", said.code, said.err);
    sandbox.write("inbox/.mounted", b"");
    assert_eq!(sandbox.program(&["check"]).code, 0);
}

/// SPEC §5.2 rule 4: the marks were worked out and told nobody.
#[test]
fn show_tells_what_is_not_known_of_a_sale() {
    let sandbox = Sandbox::demo();
    let payments = "ショップID,オーダーID,取引状態,処理日時,利用金額,加盟店自由項目1\n\
        9200000000001,ES1,返品,2026/11/10 10:00:00,1000,1001\n9200000000001,ES2,月跨り返品,2026/11/10 10:00:00,500,1002\n";
    sandbox.write("inbox/returns.csv", payments.as_bytes());
    sandbox.json(MONTH, 0);
    for (order, mark) in [("ES1", "決済日は推定"), ("ES2", "売上の記録なし")] {
        let said = sandbox.program(&["show", order]);
        assert!(said.out.contains(mark), "no {mark} in\n{}{}", said.out, said.err);
    }
}

/// The number of a payment is that of its newest row that has one, as on the report.
#[test]
fn show_finds_a_payment_by_the_number_that_its_return_left_blank() {
    let sandbox = Sandbox::minimal("ja");
    let payments = "ショップID,オーダーID,取引状態,処理日時,利用金額,加盟店自由項目1\n\
        9200000000001,B1,即時売上,2026/11/09 10:00:00,1000,1009999\n9200000000001,B1,返品,2026/11/10 10:00:00,1000,\n";
    sandbox.write("inbox/returns.csv", payments.as_bytes());
    assert_eq!(sandbox.program(&["ingest"]).code, 0);
    let said = sandbox.program(&["show", "1009999"]);
    assert!(said.code == 0 && said.out.contains("B1"), "{}{}", said.out, said.err);
}

/// Found by hand: one run for a day to come froze the findings until that day.
#[test]
fn a_run_for_a_day_to_come_does_not_freeze_the_findings() {
    let sandbox = Sandbox::demo();
    let today = totsugo::schedule::business_day(chrono::Utc::now()).to_string();
    assert!(sandbox.program(&["run", "--as-of", "2099-12-31"]).code < 2);
    let paid = "ショップID,オーダーID,取引状態,処理日時,利用金額,加盟店自由項目1\n\
                9200000000001,NEW-1,即時売上,2026/11/05 10:00:00,5000,\n";
    sandbox.write_aged("inbox/new.csv", paid.as_bytes(), 3_600);
    let run = sandbox.json(&["run", "--as-of", &today, "--json"], 0);
    let listed = sandbox.json(&["findings", "list", "--json"], 0);
    let found: Vec<&Value> = shops(&run).iter().flat_map(|shop| list(shop, "findings")).collect();
    let new = found.iter().find(|finding| finding["order_ids"][0] == "NEW-1").expect("a finding");
    assert!(list(&listed, "findings").iter().any(|kept| kept["id"] == new["id"]), "{} is not in {listed}", new["id"]);
    for finding in found.into_iter().chain(list(&listed, "findings")) {
        assert!(finding["first_seen"].is_string() && finding["first_seen"].as_str() <= Some(&today), "{finding}");
    }
}

#[test]
fn a_day_no_report_can_be_for_is_wrong_usage() {
    let sandbox = Sandbox::minimal("en");
    for day in ["2009-12-31", "2100-01-01", "9999-12-31", "1900-01-01"] {
        let cases: [&[&str]; 3] = [
            &["run", "--as-of", day],
            &["run", "--as-of", "2026-11-23", "--from", day, "--to", "2026-11-23"],
            &["run", "--as-of", "2026-11-23", "--from", "2026-11-23", "--to", day],
        ];
        for arguments in cases {
            let said = sandbox.program(arguments);
            assert_eq!(said.code, 2, "{arguments:?} {}", said.err);
            assert!(said.err.contains("2010-01-01") && said.err.contains(day), "{}", said.err);
        }
    }
    for day in ["2010-01-01", "2099-12-31"] {
        let said = sandbox.program(&["run", "--as-of", day, "--from", day, "--to", day]);
        assert!(said.code < 2, "{day}: {} {}", said.code, said.err);
    }
    assert_eq!(sandbox.program(&["run", "--as-of", "2026-11-23", "--period", "2150-01"]).code, 2);
}

#[test]
fn the_bare_words_of_lists_take_json() {
    let sandbox = Sandbox::demo();
    for (word, list) in [("findings", "findings"), ("held", "held"), ("mail", "mails")] {
        let json = sandbox.json(&[word, "--json"], 0);
        assert!(json[list].is_array(), "{json}");
        assert_eq!(json, sandbox.json(&[word, "list", "--json"], 0));
    }
}

#[test]
fn a_backup_that_cannot_be_written_names_its_file_and_not_the_database() {
    let sandbox = Sandbox::demo();
    assert_eq!(sandbox.program(&["ingest"]).code, 0);
    let said = sandbox.program(&["backup", "nowhere/copy.db"]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.starts_with("nowhere/copy.db: ") && !said.err.contains("totsugo.db"), "{}", said.err);
}
