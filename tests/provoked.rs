//! Errors as an operator meets them, provoked one by one, in both languages: what is said, and the exit code.
//!
//! `tests/golden/provoked.txt` holds every word. `UPDATE_GOLDEN=1` writes it anew; a person reads it before it is kept.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[expect(dead_code, reason = "each test file uses its own part of the sandbox")]
mod sandbox;

use sandbox::Sandbox;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What is wrong, how it is brought about, and the command that meets it.
struct Case {
    what: &'static str,
    provoke: fn(&Sandbox),
    command: &'static [&'static str],
    code: i32,
}

const fn case(what: &'static str, provoke: fn(&Sandbox), command: &'static [&'static str], code: i32) -> Case {
    Case { what, provoke, command, code }
}

const HEADING: &str = "ショップID,オーダーID,取引状態,処理日時,利用金額,税送料,決済方法,加盟店自由項目1\r\n";

fn nothing(_: &Sandbox) {}

/// A configuration with these lines before its shop.
fn configured(sandbox: &Sandbox, lines: &str) {
    let path = sandbox.path("totsugo.toml");
    let text = fs::read_to_string(&path).expect("the configuration");
    fs::write(path, text.replace("[[shops]]", &format!("{lines}\n[[shops]]"))).expect("written");
}

fn sentinel(sandbox: &Sandbox) {
    let path = sandbox.path("totsugo.toml");
    let text = fs::read_to_string(&path).expect("the configuration");
    fs::write(path, text.replace("[intake]", "[intake]\nsentinel = \".mounted\"")).expect("written");
}

/// An export of one row.
fn export(sandbox: &Sandbox, row: &str) {
    sandbox.write("inbox/nov.csv", format!("{HEADING}{row}\r\n").as_bytes());
}

/// A history with one file.
fn taken_in(sandbox: &Sandbox) {
    taken_in_as(sandbox, "A-1");
}

/// The same, with the payment's Order ID.
fn taken_in_as(sandbox: &Sandbox, order_id: &str) {
    let row = "即時売上,2026/11/02 10:00:00,5000,0,クレジットカード,1102481";
    export(sandbox, &format!("9200000000001,{order_id},{row}"));
    assert_eq!(sandbox.program(&["ingest"]).code, 0);
}

/// A layout that has both orders of day and month, and an export that does not tell which.
fn contradicting_forms(sandbox: &Sandbox) {
    let layouts = totsugo::templates::layouts(Path::new("/nowhere")).expect("the built-in layouts");
    let layout = layouts.iter().find(|layout| layout.name.starts_with("gmo-")).expect("the layout");
    let (before, after) = layout.text.split_once("date_forms = [").expect("its date forms");
    let forms = "date_forms = [\"MM/dd/yyyy\", \"dd/MM/yyyy\",";
    sandbox.write(&format!("templates/layouts/{}", layout.name), format!("{before}{forms}{after}").as_bytes());
    export(sandbox, "9200000000001,A-1,即時売上,05/11/2026,5000,0,クレジットカード,1102481");
}

fn in_history(sandbox: &Sandbox, statement: &str) {
    taken_in(sandbox);
    let history = rusqlite::Connection::open(sandbox.path("totsugo.db")).expect("a history");
    history.execute_batch(statement).expect(statement);
}

const CASES: &[Case] = &[
    case("there is no configuration", |s| fs::remove_file(s.path("totsugo.toml")).expect("gone"), &["run"], 2),
    case(
        "a key is misspelt, a number is out of range",
        |s| configured(s, "[policy]\ngrace_day = 1\nmax_rejects = -1"),
        &["check"],
        2,
    ),
    case(
        "a secret stands in the file",
        |s| configured(s, "[mail.smtp]\nhost = \"localhost\"\npassword = \"x\""),
        &["check"],
        2,
    ),
    case("a command is misspelt", nothing, &["chek"], 2),
    case("an option is misspelt", nothing, &["run", "--perod", "2026-11"], 2),
    case("an option is missing", nothing, &["mail", "resend", "1"], 2),
    case(
        "two options exclude each other",
        nothing,
        &["run", "--from", "2026-11-01", "--to", "2026-11-02", "--period", "2026-11"],
        2,
    ),
    case("a value is none of the known ones", nothing, &["completions", "basch"], 2),
    case("no such period", nothing, &["run", "--period", "novmber"], 2),
    case("a day that does not exist", nothing, &["run", "--period", "2026-11", "--as-of", "2026-11-31"], 2),
    case("a last day before the first", nothing, &["run", "--from", "2026-11-02", "--to", "2026-11-01"], 2),
    case("a shop that is not configured", nothing, &["run", "--shop", "123"], 2),
    case("an age without a unit", nothing, &["status", "--max-age", "26"], 2),
    case(
        "a layout is broken",
        |s| s.write("templates/layouts/totsugo-bookings.toml", b"kind = \"bookings\"\nname = 1\n"),
        &["check"],
        2,
    ),
    case(
        "a mail template is broken",
        |s| {
            ["ja", "en"]
                .iter()
                .for_each(|l| s.write(&format!("templates/mail/report/{l}/subject.txt"), b"{{ verdict }\n"))
        },
        &["check"],
        2,
    ),
    case(
        "a template overrides nothing",
        |s| ["ja", "en"].iter().for_each(|l| s.write(&format!("templates/mail/report/{l}/subjct.txt"), b"x\n")),
        &["check"],
        2,
    ),
    case("a template lies where none is read", |s| s.write("templates/mail/report/subject.txt", b"x\n"), &["check"], 2),
    case(
        "a subject without the verdict",
        |s| ["ja", "en"].iter().for_each(|l| s.write(&format!("templates/mail/report/{l}/subject.txt"), b"\n")),
        &["check"],
        2,
    ),
    case(
        "a schedule that Notepad saved",
        |s| s.write("schedules/nightly.toml.txt", b"name = \"n\"\ncron = \"0 30 6 * * *\"\n"),
        &["check"],
        2,
    ),
    case(
        "a schedule never comes",
        |s| s.write("schedules/n.toml", b"name = \"n\"\ncron = \"0 30 6 30 2 *\"\n"),
        &["check"],
        2,
    ),
    case("the inbox is not there", |s| fs::remove_dir_all(s.path("inbox")).expect("gone"), &["run"], 3),
    case("the inbox was never made", |s| fs::remove_dir_all(s.path("inbox")).expect("gone"), &["check"], 2),
    case("the sentinel is not there", sentinel, &["run"], 3),
    case("an export that is none", |s| s.write("inbox/strange.csv", b"a,b\r\n1,2\r\n"), &["ingest"], 1),
    case(
        "a shop that is not ours",
        |s| export(s, "9999999999999,A-1,即時売上,2026/11/02 10:00:00,5000,0,クレジットカード,1102481"),
        &["ingest"],
        1,
    ),
    case(
        "an amount that is none",
        |s| export(s, "9200000000001,A-1,即時売上,2026/11/02 10:00:00,5千円,0,クレジットカード,1102481"),
        &["ingest"],
        1,
    ),
    case(
        "a time that is none",
        |s| export(s, "9200000000001,A-1,即時売上,先週,5000,0,クレジットカード,1102481"),
        &["ingest"],
        1,
    ),
    case(
        "a number that Excel changed",
        |s| export(s, "9200000000001,1.23E+12,即時売上,2026/11/02 10:00:00,5000,0,クレジットカード,1102481"),
        &["ingest"],
        1,
    ),
    case(
        "an amount that could be two",
        |s| export(s, "9200000000001,A-1,即時売上,2026/11/02 10:00:00,12.000,0,クレジットカード,1102481"),
        &["ingest"],
        1,
    ),
    case(
        "a number without its zeros comes later",
        |s| {
            taken_in_as(s, "00123");
            export(s, "9200000000001,123,即時売上,2026/11/02 10:00:00,5000,0,クレジットカード,1102481");
        },
        &["ingest"],
        1,
    ),
    case(
        "a number without its zeros came before",
        |s| {
            taken_in_as(s, "123");
            export(s, "9200000000001,00123,即時売上,2026/11/02 10:00:00,5000,0,クレジットカード,1102481");
        },
        &["ingest"],
        1,
    ),
    case(
        "a number with and without its zeros",
        |s| {
            let row = |id| format!("9200000000001,{id},即時売上,2026/11/02 10:00:00,5000,0,クレジットカード,1102481");
            export(s, &format!("{}\r\n{}", row("123"), row("00123")));
        },
        &["ingest"],
        1,
    ),
    case("a date that two forms read differently", contradicting_forms, &["ingest"], 1),
    case(
        "an old Excel workbook",
        |s| s.write("inbox/old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more"),
        &["ingest"],
        1,
    ),
    case("an empty file", |s| s.write("inbox/empty.csv", b""), &["ingest"], 1),
    case("a file that is not there", nothing, &["check", "--file", "inbox/no.csv"], 2),
    case("a folder that is not there", nothing, &["ingest", "elsewhere"], 2),
    case(
        "the database is gone",
        |s| {
            taken_in(s);
            fs::remove_file(s.path("totsugo.db")).expect("gone");
        },
        &["run"],
        3,
    ),
    case("the database was edited", |s| in_history(s, "UPDATE observation SET amount = 9999"), &["run"], 3),
    case(
        "the database is newer",
        |s| in_history(s, "PRAGMA user_version = 99; UPDATE installation SET program = '9.0.0'"),
        &["run"],
        3,
    ),
    case(
        "the database is something else",
        |s| s.write("totsugo.db", b"Dear Sir or Madam, this is no database."),
        &["run"],
        3,
    ),
    case(
        "the clock stands before what is recorded",
        |s| in_history(s, "INSERT OR REPLACE INTO clock (id, latest) VALUES (1, 4102444800)"),
        &["run"],
        3,
    ),
    case(
        "reports cannot be written",
        |s| {
            s.write("reports", b"a file");
            taken_in(s);
        },
        &["run", "--period", "2026-11", "--as-of", "2026-11-23"],
        3,
    ),
    case("a held file of another name", taken_in, &["held", "release", "x.csv"], 2),
    case("a finding of another name", taken_in, &["findings", "resolve", "F-00000000", "--reason", "x"], 2),
    case("a mail of another number", taken_in, &["mail", "resend", "99", "--reason", "x"], 2),
    case("a mail that is settled already", taken_in, &["mail", "settle", "99", "--reason", "x"], 2),
    case(
        "an address outside the domains",
        |s| configured(s, "[mail]\nallowed_domains = [\"example.co.jp\"]"),
        &["mail", "send-test", "a@example.com"],
        2,
    ),
    case("a key that nobody knows", taken_in, &["show", "MZ9"], 1),
    case(
        "a backup over a file",
        |s| {
            taken_in(s);
            s.write("copy.db", b"");
        },
        &["backup", "copy.db"],
        2,
    ),
    case("a restore from nowhere", taken_in, &["restore", "no.db"], 2),
    case(
        "a restore from something else",
        |s| {
            taken_in(s);
            s.write("copy.db", b"Dear Sir or Madam, this is no database.");
        },
        &["restore", "copy.db"],
        3,
    ),
    case("a demo in a folder that is used", nothing, &["demo", "."], 2),
    case("init in a folder that is used", nothing, &["init", "."], 2),
    case("a manual page of no command", nothing, &["man", "runn"], 2),
];

/// `text` without what differs from place to place and from day to day.
fn settled(text: &str, sandbox: &Sandbox) -> String {
    let root = sandbox.path(".");
    let real = fs::canonicalize(&root).expect("a folder");
    let root = root.parent().unwrap_or(&root).display().to_string();
    let mut text = text.replace(&real.display().to_string(), "/merchant").replace(&root, "/merchant");
    // A time of this run: 2026-11-23T06:30:00+09:00.
    while let Some(at) = text.find("+09:00").filter(|at| *at >= 19 && text.is_char_boundary(at - 19)) {
        text.replace_range(at - 19..at + 6, "<time>");
    }
    // Who runs the test is no part of the case.
    let is_of_root = |line: &&str| line.contains("Running as root") || line.contains("管理者権限（root）");
    text.lines().filter(|line| !is_of_root(line)).map(|line| format!("  {line}\n")).collect()
}

#[test]
fn every_provoked_error_says_what_to_do_in_both_languages() {
    let mut told = String::new();
    for Case { what, provoke, command, code } in CASES {
        let _ = writeln!(told, "#### {what}\n$ totsugo {}\nexit {code}", command.join(" "));
        for (language, locale) in [("ja", "ja_JP.UTF-8"), ("en", "en_US.UTF-8")] {
            let sandbox = Sandbox::minimal(language);
            provoke(&sandbox);
            let said = sandbox.program_with(command, &[("LC_ALL", locale)]);
            assert_eq!(said.code, *code, "{what}: {}{}", said.out, said.err);
            assert!(!said.err.is_empty(), "{what}: says nothing on stderr");
            let _ = write!(told, "{language}:\n{}", settled(&said.err, &sandbox));
        }
        told.push('\n');
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/provoked.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &told).expect("written");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    if let Some((now, kept)) =
        told.lines().zip(golden.lines().chain(std::iter::repeat(""))).find(|(now, kept)| now != kept)
    {
        panic!("says\n{now}\ninstead of\n{kept}\n(tests/golden/provoked.txt)");
    }
    assert_eq!(told.len(), golden.len());
}

/// No sentence for the operator is left in the other language.
#[test]
fn every_provoked_error_is_said_in_the_language_that_was_asked_for() {
    let golden = include_str!("golden/provoked.txt");
    let is_japanese = |text: &str| text.chars().any(|c| matches!(c, '\u{3040}'..='\u{30ff}'));
    for block in golden.split("#### ").filter(|block| !block.is_empty()) {
        let (what, _) = block.split_once('\n').expect("a title");
        let (_, said) = block.split_once("ja:\n").expect("Japanese");
        let (ja, en) = said.split_once("en:\n").expect("English");
        assert!(is_japanese(ja), "{what}: not Japanese: {ja}");
        assert!(!en.trim().is_empty(), "{what}");
        // Names of columns, values and files are the file's words, not ours.
        let own = |line: &str| line.split('"').step_by(2).collect::<String>();
        let words = en.lines().map(own).collect::<Vec<_>>().join(" ");
        let words: Vec<&str> = words.split(' ').filter(|word| !word.contains("/merchant/")).collect();
        assert!(!is_japanese(&words.concat()), "{what}: not English: {en}");
    }
}
