//! Notes come back: an edited workbook in the inbox, and the command line (SPEC §5.7, FAULTS R20).

#![expect(clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "a test may stop")]

#[expect(dead_code, reason = "each test file uses a part of the sandbox")]
mod sandbox;

use calamine::{Data, Reader, Xlsx};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook};
use sandbox::{Sandbox, rows_below, sheet, text_of_mail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::PathBuf;
use totsugo::read::properties::properties;

const SHOP: &str = "9200000000001";
const RUN: &[&str] =
    &["run", "--as-of", "2026-11-23", "--from", "2026-11-01", "--to", "2026-11-22", "--json", "--shop", SHOP];

type Row = BTreeMap<String, Data>;

/// The demo after its first run: the shop's JSON and its workbook.
fn reported() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::demo();
    let json = run(&sandbox, &[]);
    let workbook = sandbox.path(json["shops"][0]["workbook"].as_str().expect("a workbook"));
    (sandbox, workbook)
}

fn run(sandbox: &Sandbox, more: &[&str]) -> Value {
    let config = sandbox.path("totsugo.toml").display().to_string();
    let said = sandbox.program(&[RUN, more, &["--config", &config]].concat());
    assert!(said.code < 2, "{}\n{}", said.err, said.out);
    serde_json::from_str(&said.out).expect("JSON")
}

fn rows(workbook: &std::path::Path) -> Vec<Row> {
    rows_below(&sheet(workbook, "要確認"), "所見ID")
}

fn notes(workbook: &std::path::Path) -> BTreeMap<String, [String; 3]> {
    let cell = |row: &Row, name: &str| row[name].to_string();
    let note = |row: &Row| ["対応状況", "担当", "メモ"].map(|name| cell(row, name));
    rows(workbook).iter().map(|row| (cell(row, "所見ID"), note(row))).collect()
}

/// What another program makes of the rows of 要確認: only some columns, in another order, under another name of the
/// sheet, with the document properties of `original`, saved at `modified`.
fn saved_by_another_program(original: &[u8], rows: &[Row], columns: &[&str], modified: Option<&str>) -> Vec<u8> {
    let created = ExcelDateTime::parse_from_str("2026-11-23").expect("a date");
    let mut document = DocProperties::new().set_creation_datetime(&created);
    for (name, value) in properties(original).custom {
        document = document.set_custom_property(name, value.as_str());
    }
    let mut book = Workbook::new();
    book.set_properties(&document);
    book.add_worksheet().write_string(0, 0, "表紙").expect("written");
    let target = book.add_worksheet();
    target.write_string(2, 3, "佐藤さん用").expect("written");
    for (column, name) in (0_u16..).zip(columns) {
        target.write_string(5, column, *name).expect("written");
        for (line, row) in (6_u32..).zip(rows) {
            match &row[*name] {
                Data::Empty => {}
                Data::Float(number) => drop(target.write_number(line, column, *number).expect("written")),
                other => drop(target.write_string(line, column, other.to_string()).expect("written")),
            }
        }
    }
    target.write_string(7, 20, "欄外の走り書き").expect("written");
    let bytes = book.save_to_buffer().expect("written");
    modified.map_or(bytes.clone(), |modified| saved_at(&bytes, modified))
}

/// The same workbook with another time of saving.
fn saved_at(bytes: &[u8], modified: &str) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(bytes)).expect("a workbook");
    let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..from.len() {
        let mut part = from.by_index(index).expect("a part");
        let name = part.name().expect("a name").to_string();
        let mut content = Vec::new();
        part.read_to_end(&mut content).expect("read");
        if name == "docProps/core.xml" {
            let text = String::from_utf8(content).expect("UTF-8");
            let (head, rest) = text.split_once("<dcterms:modified xsi:type=\"dcterms:W3CDTF\">").expect("a time");
            let (_, tail) = rest.split_once('<').expect("an end");
            content = format!("{head}<dcterms:modified xsi:type=\"dcterms:W3CDTF\">{modified}<{tail}").into_bytes();
        }
        to.start_file(name, zip::write::SimpleFileOptions::default()).expect("starts");
        to.write_all(&content).expect("writes");
    }
    to.finish().expect("finishes").into_inner()
}

fn set(row: &mut Row, name: &str, value: &str) {
    row.insert(name.to_owned(), Data::String(value.to_owned()));
}

const COLUMNS: &[&str] = &["メモ", "理由", "所見ID", "GMO金額", "担当", "対応状況"];

#[test]
fn r20_notes_of_a_renamed_resorted_workbook_come_back_and_nothing_else_of_it() {
    let (sandbox, workbook) = reported();
    let original = std::fs::read(&workbook).expect("a workbook");
    let before = notes(&workbook);
    let mut edited = rows(&workbook);
    edited.reverse();
    let last = edited.len() - 1;
    let id = |row: &Row| row["所見ID"].to_string();
    let (first, second) = (id(&edited[last]), id(&edited[last - 1]));
    for (name, value) in [("対応状況", "対応済"), ("担当", "佐藤"), ("メモ", "返品済\n=1+1")] {
        set(&mut edited[last], name, value);
    }
    edited[last].insert("GMO金額".to_owned(), Data::Float(1.0));
    set(&mut edited[last], "理由", "問題なし");
    set(&mut edited[last - 1], "対応状況", "watching");
    sandbox.write("inbox/経理より（最終版）.xlsx", &saved_by_another_program(&original, &edited, COLUMNS, None));
    let json = run(&sandbox, &[]);
    let file = &json["files"][0];
    assert_eq!((&file["layout"], &file["outcome"]), (&"totsugo-workbook".into(), &"stored".into()), "{json}");
    assert_eq!((&file["rows"]["update"], &file["rows"]["rejected"]), (&2.into(), &0.into()), "{json}");
    assert_eq!(sandbox.find("inbox", ".xlsx").len(), 0, "archived");
    // A note alone is no figure: no new revision, no mail.
    assert_eq!(json["shops"][0]["revision"], 1);
    assert_eq!(json["shops"][0]["mail"], "none");
    let json = run(&sandbox, &["--reissue", "--no-mail"]);
    let next = sandbox.path(json["shops"][0]["workbook"].as_str().expect("a workbook"));
    let mut expected = before;
    expected.insert(first, ["対応済", "佐藤", "返品済\n=1+1"].map(str::to_owned));
    let watched = expected.get_mut(&second).expect("a note");
    watched[0] = "様子見".to_owned();
    assert_eq!(notes(&next), expected);
    let amounts = |path: &PathBuf| rows(path).iter().map(|row| row["GMO金額"].to_string()).collect::<Vec<_>>();
    assert_eq!(amounts(&next), amounts(&workbook), "figures are never believed");
}

#[test]
fn s07_notes_come_back_from_the_archive_once_a_run_has_found_their_findings_again() {
    let (sandbox, workbook) = reported();
    let original = std::fs::read(&workbook).expect("a workbook");
    let mut edited = rows(&workbook);
    set(&mut edited[0], "メモ", "返品済");
    sandbox.write("inbox/経理より.xlsx", &saved_by_another_program(&original, &edited, COLUMNS, None));
    run(&sandbox, &["--no-mail"]);
    let json = run(&sandbox, &["--reissue", "--no-mail"]);
    let noted = notes(&sandbox.path(json["shops"][0]["workbook"].as_str().expect("a workbook")));
    assert!(noted.values().any(|note| note[2] == "返品済"), "{noted:?}");
    for file in sandbox.find("", "totsugo.db").into_keys() {
        std::fs::remove_file(sandbox.path(&file)).expect("lost");
    }
    for lost in ["totsugo.db-wal", "totsugo.db-shm"] {
        let _ = std::fs::remove_file(sandbox.path(lost));
    }
    assert_eq!(sandbox.program(&["ingest", "archive"]).code, 1, "its findings are not known yet");
    set(&mut edited[0], "担当", "佐藤");
    sandbox.write("inbox/続き.xlsx", &saved_by_another_program(&original, &edited, COLUMNS, None));
    run(&sandbox, &["--no-mail"]);
    assert_eq!(sandbox.find("inbox", ".xlsx").len(), 1, "it waits for the next run");
    assert_eq!(sandbox.program(&["ingest", "archive"]).code, 0);
    let json = run(&sandbox, &["--reissue", "--no-mail"]);
    let mut with_name = noted;
    with_name.values_mut().filter(|note| note[2] == "返品済").for_each(|note| note[1] = "佐藤".to_owned());
    assert_eq!(notes(&sandbox.path(json["shops"][0]["workbook"].as_str().expect("a workbook"))), with_name);
    assert_eq!(sandbox.find("inbox", ".xlsx").len(), 0);
}

#[test]
fn r20_of_two_notes_the_later_holds_and_an_untouched_cell_takes_nothing_away() {
    let (sandbox, workbook) = reported();
    let original = std::fs::read(&workbook).expect("a workbook");
    let all = rows(&workbook);
    let (first, second) = (all[0]["所見ID"].to_string(), all[1]["所見ID"].to_string());
    let edited = |memo: &str, at: &str| {
        let mut edited = all.clone();
        set(&mut edited[0], "メモ", memo);
        saved_by_another_program(&original, &edited, COLUMNS, Some(at))
    };
    sandbox.write("inbox/a.xlsx", &edited("あと", "2026-11-24T02:00:00Z"));
    assert_eq!(run(&sandbox, &[])["files"][0]["rows"]["update"], 1);
    sandbox.write("inbox/b.xlsx", &edited("さき", "2026-11-24T01:00:00Z"));
    assert_eq!(run(&sandbox, &[])["files"][0]["rows"]["stale"], 1);
    let config = sandbox.path("totsugo.toml").display().to_string();
    let said = sandbox.program(&["findings", "note", &second, "電話で確認中", "--config", &config]);
    assert_eq!(said.code, 0, "{}", said.err);
    // The same old workbook again, with something written on the first finding only.
    let mut old = all.clone();
    set(&mut old[0], "担当", "鈴木");
    sandbox.write("inbox/c.xlsx", &saved_by_another_program(&original, &old, COLUMNS, None));
    run(&sandbox, &[]);
    let json = run(&sandbox, &["--reissue", "--no-mail"]);
    let next = notes(&sandbox.path(json["shops"][0]["workbook"].as_str().expect("a workbook")));
    assert_eq!(next[&first], ["未対応", "鈴木", "あと"].map(str::to_owned));
    assert_eq!(next[&second][2], "電話で確認中");
    // A newer workbook that showed the memo can take it away.
    let newer = std::fs::read(sandbox.path(json["shops"][0]["workbook"].as_str().expect("a workbook"))).expect("read");
    let mut emptied = rows(&sandbox.path(json["shops"][0]["workbook"].as_str().expect("a workbook")));
    emptied[0].insert("メモ".to_owned(), Data::Empty);
    sandbox.write("inbox/d.xlsx", &saved_by_another_program(&newer, &emptied, COLUMNS, None));
    assert_eq!(run(&sandbox, &[])["files"][0]["rows"]["update"], 1);
    let json = run(&sandbox, &["--reissue", "--no-mail"]);
    let next = notes(&sandbox.path(json["shops"][0]["workbook"].as_str().expect("a workbook")));
    assert_eq!(next[&first], ["未対応", "鈴木", ""].map(str::to_owned));
}

#[test]
fn r20_what_is_not_believed_is_named_and_the_rest_is_taken_in() {
    let (sandbox, workbook) = reported();
    let original = std::fs::read(&workbook).expect("a workbook");
    let mut edited = rows(&workbook);
    let first = edited[0]["所見ID"].to_string();
    set(&mut edited[0], "対応状況", "完了");
    set(&mut edited[0], "メモ", "確認した");
    set(&mut edited[1], "所見ID", "F-00000000");
    let mut copied = edited[2].clone();
    set(&mut copied, "メモ", "写し");
    edited.push(copied);
    sandbox.write("inbox/a.xlsx", &saved_by_another_program(&original, &edited, COLUMNS, None));
    let config = sandbox.path("totsugo.toml").display().to_string();
    let said = sandbox.program(&[RUN, &["--config", &config]].concat());
    assert_eq!(said.code, 1, "{}", said.err);
    let choice = "「対応状況」列：「完了」は一覧にありません。一覧（未対応、対応中、対応済、様子見）から選んで保存し、もう一度置いてください。";
    for named in [choice, "「F-00000000」", "行が複数あり"] {
        assert!(said.err.contains(named), "{named}: {}", said.err);
    }
    let list = sandbox.json(&["findings", "list", "--json"], 0);
    let finding = list["findings"].as_array().expect("a list").iter().find(|f| f["id"] == *first).expect("it");
    assert_eq!((&finding["state"], &finding["note"]), (&"".into(), &"確認した".into()));
}

#[test]
fn r20_of_rows_that_contradict_each_other_each_is_rejected() {
    let (sandbox, workbook) = reported();
    let original = std::fs::read(&workbook).expect("a workbook");
    let mut edited = rows(&workbook);
    let mut copied = edited[0].clone();
    set(&mut copied, "メモ", "写し");
    edited.push(copied);
    let last = edited.len() + 6;
    sandbox.write("inbox/a.xlsx", &saved_by_another_program(&original, &edited, COLUMNS, None));
    let config = sandbox.path("totsugo.toml").display().to_string();
    let said = sandbox.program(&[RUN, &["--config", &config]].concat());
    let json: Value = serde_json::from_str(&said.out).expect("JSON");
    let of = &json["files"][0]["rows"];
    assert_eq!((&of["rejected"], &of["same"]), (&2.into(), &(edited.len() - 2).into()), "{json}");
    for line in [7, last] {
        let named = format!("a.xlsx {line}行目「所見ID」列");
        assert!(said.err.contains(&named), "{named}: {}", said.err);
    }
}

#[test]
fn r20_a_column_is_named_as_the_workbook_has_it() {
    let sandbox = Sandbox::english_demo();
    let json = run(&sandbox, &[]);
    let workbook = sandbox.path(json["shops"][0]["workbook"].as_str().expect("a workbook"));
    let original = std::fs::read(&workbook).expect("a workbook");
    let mut edited = rows_below(&sheet(&workbook, "Exceptions"), "Finding ID");
    set(&mut edited[0], "Work status", "finished");
    let columns = ["Finding ID", "Work status", "Assignee", "Memo"];
    sandbox.write("inbox/a.xlsx", &saved_by_another_program(&original, &edited, &columns, None));
    let config = std::fs::read_to_string(sandbox.path("totsugo.toml")).expect("a configuration");
    sandbox.write("totsugo.toml", config.replace("language = \"en\"", "language = \"ja\"").as_bytes());
    let said = sandbox.program(&["ingest"]);
    assert!(said.err.contains("「Work status」列：「finished」は一覧にありません"), "{}", said.err);
}

#[test]
fn r20_workbooks_of_others_or_without_their_sheet_are_held() {
    let (sandbox, workbook) = reported();
    let original = std::fs::read(&workbook).expect("a workbook");
    let rows = rows(&workbook);
    let foreign = {
        let other = Sandbox::demo();
        let config = std::fs::read_to_string(other.path("totsugo.toml")).expect("read");
        let (head, tail) = config.split_once("from = \"").expect("a sender");
        other.write("totsugo.toml", format!("{head}from = \"x{tail}").as_bytes());
        let json = run(&other, &[]);
        std::fs::read(other.path(json["shops"][0]["workbook"].as_str().expect("a workbook"))).expect("read")
    };
    sandbox.write("inbox/foreign.xlsx", &foreign);
    let without = saved_by_another_program(&original, &rows, &["所見ID", "理由"], None);
    sandbox.write("inbox/without.xlsx", &without);
    sandbox.write("inbox/9200000000002/misplaced.xlsx", &original);
    let json = run(&sandbox, &[]);
    for file in json["files"].as_array().expect("a list") {
        assert_eq!(file["outcome"], "held", "{file}");
    }
    assert!(sandbox.reason("foreign").contains("別の環境"));
    assert!(sandbox.reason("without").contains("対応状況"));
    assert!(sandbox.reason("misplaced").contains("9200000000002"));
    // Its own, untouched: taken in, and nothing new in it.
    sandbox.write("inbox/untouched.xlsx", &original);
    let json = run(&sandbox, &[]);
    let file = json["files"].as_array().expect("a list").iter().find(|f| f["name"] == "untouched.xlsx").expect("it");
    assert_eq!((&file["rows"]["read"], &file["rows"]["same"]), (&rows.len().into(), &rows.len().into()), "{file}");
}

#[test]
fn a_mail_asks_for_nothing_that_is_marked_as_done() {
    let (sandbox, workbook) = reported();
    let first = rows(&workbook)[0].clone();
    let (id, kind) = (first["所見ID"].to_string(), first["区分"].to_string());
    let config = sandbox.path("totsugo.toml").display().to_string();
    let said = sandbox.program(&["findings", "resolve", &id, "--reason", "返品済", "--config", &config]);
    assert_eq!(said.code, 0, "{}", said.err);
    let before = sandbox.find("outbox", ".eml");
    run(&sandbox, &["--reissue"]);
    let mails = sandbox.find("outbox", ".eml");
    let mut new = mails.iter().filter(|(name, _)| !before.contains_key(*name));
    let (_, mail) = new.next().expect("a mail");
    let text = text_of_mail(std::str::from_utf8(mail).expect("ASCII"));
    assert!(text.contains("件（うち対応済 1件）"), "{text}");
    assert!(text.contains(" / 予約 - / 差額 ¥"), "money without a booking differs by all of it: {text}");
    let (_, last) = text.rsplit_once("対応済] ").expect("one that is done");
    assert!(last.starts_with(&format!("{kind}（{id}）")), "{text}");
    let (last, _) = last.split_once("■").expect("what follows the findings");
    assert!(last.contains("理由") && !last.contains("次の対応"), "it stands last and asks for nothing: {text}");
}

#[test]
fn findings_are_noted_resolved_and_reopened_on_the_command_line() {
    let (sandbox, workbook) = reported();
    let id = rows(&workbook)[0]["所見ID"].to_string();
    let config = sandbox.path("totsugo.toml").display().to_string();
    let findings =
        |arguments: &[&str]| sandbox.program(&[&["findings"], arguments, &["--config", &config]].concat()).code;
    let now = || {
        let list = sandbox.json(&["findings", "list", "--json"], 0);
        let list = list["findings"].as_array().expect("a list").clone();
        let of = list.iter().find(|finding| finding["id"] == *id).expect("still open");
        (of["state"].as_str().expect("text").to_owned(), of["note"].as_str().expect("text").to_owned())
    };
    assert_eq!(findings(&["note", "F-NONE", "x"]), 2);
    assert_eq!(findings(&["note", &id, "電話した"]), 0);
    assert_eq!(now(), (String::new(), "電話した".to_owned()));
    assert_eq!(findings(&["resolve", &id, "--reason", "返品済"]), 0);
    assert_eq!(findings(&["resolve", &id, "--reason", "返品済"]), 0);
    assert_eq!(now(), ("対応済".to_owned(), "電話した\n返品済".to_owned()));
    assert_eq!(findings(&["reopen", &id.to_lowercase()]), 0);
    assert_eq!(now(), (String::new(), "電話した\n返品済".to_owned()));
    let open = run(&sandbox, &[])["shops"][0]["findings"].as_array().expect("a list").len();
    assert_eq!(open, rows(&workbook).len(), "what is marked done stays open until its cause is gone");
}

#[test]
fn a_cut_or_damaged_workbook_of_ours_never_stops_a_run() {
    let (_sandbox, workbook) = reported();
    let bytes = std::fs::read(&workbook).expect("a workbook");
    let jst = chrono::FixedOffset::east_opt(9 * 3_600).expect("an offset");
    for cut in (0..bytes.len()).step_by(997) {
        let mut damaged = bytes.clone();
        damaged[cut] ^= 0x55;
        for odd in [&bytes[..cut], &damaged[..]] {
            if totsugo::notes::cover(odd, jst).is_some() {
                drop(totsugo::notes::read(odd));
            }
        }
    }
    let book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes.clone())).expect("opens");
    assert!(book.sheet_names().contains(&"要確認".to_owned()));
    assert!(totsugo::notes::cover(&bytes, jst).is_some_and(|cover| cover.mark.is_some() && cover.saved.is_none()));
}

/// Found by an operator: a memo that the command line took could not come back in the workbook that showed it.
#[test]
fn r20_a_memo_that_is_written_comes_back() {
    let (sandbox, workbook) = reported();
    let id = rows(&workbook)[0]["所見ID"].to_string();
    // In bytes, in units of a cell, and with what stands there already.
    for memo in ["あ".repeat(22_000), "x".repeat(32_768)] {
        let said = sandbox.program(&["findings", "note", &id, &memo]);
        assert_eq!((said.code, said.err.contains("メモが長すぎる")), (2, true), "{}", said.err);
    }
    let memo = "あ".repeat(64 * 1024 / 3);
    assert_eq!(sandbox.program(&["findings", "note", &id, &memo]).code, 0);
    assert_eq!(sandbox.program(&["findings", "resolve", &id, "--reason", "返金済み"]).code, 2);
    let json = run(&sandbox, &["--reissue", "--no-mail"]);
    let issued = sandbox.path(json["shops"][0]["workbook"].as_str().expect("a workbook"));
    assert_eq!(notes(&issued)[&id][2], memo);
    sandbox.write("inbox/returned.xlsx", &fs::read(&issued).expect("the workbook"));
    let said = sandbox.program(&["ingest"]);
    assert_eq!((said.code, said.out.contains("新しいメモはありません")), (0, true), "{}\n{}", said.err, said.out);
}
