//! What reaches finance: the message is one per shop, fits the limit, and stays queued while it cannot be written.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[expect(dead_code, reason = "each test file uses a part of the sandbox")]
mod sandbox;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calamine::{Reader as _, Xlsx};
use sandbox::Sandbox;
use std::io::Cursor;

const RUN: &[&str] = &["run", "--as-of", "2026-11-23", "--json"];

/// A shop with `carts` ordinary carts and their payments.
fn merchant(mail: &str, carts: u32) -> Sandbox {
    let sandbox = Sandbox::minimal("ja");
    let config = format!(
        "[intake]\nsettle_seconds = 0\n[mail]\n{mail}\n[[shops]]\nid = \"9200000000001\"\nname = \"Test\"\n\
         recipients = [\"keiri@example.co.jp\"]\nbooking_prefixes = [\"MZ\"]\n"
    );
    sandbox.write("totsugo.toml", config.as_bytes());
    // Numbers that look random, so that the workbook does not shrink to nothing.
    sandbox.drop_carts(carts, |n| {
        (format!("BK{:010}-{n}", n.wrapping_mul(2_654_435_761)), 1_000 + n.wrapping_mul(40_503) % 50_000)
    });
    sandbox
}

#[test]
fn m11_a_message_above_the_limit_carries_a_workbook_without_matched_rows_and_says_where_the_full_one_lies() {
    let sandbox = merchant("max_attachment_mb = 1", 14_000);
    let json = sandbox.json(RUN, 0);
    let shop = &json["shops"][0];
    assert_eq!((&shop["mail"], &shop["matched"]["groups"]), (&"sent".into(), &14_000.into()));
    let full = std::fs::metadata(sandbox.path(shop["workbook"].as_str().expect("a path"))).expect("a workbook").len();
    assert!(full * 4 / 3 > 1 << 20, "the full workbook would fit: {full} bytes");
    let mails = sandbox.find("outbox", ".eml");
    assert_eq!(mails.len(), 1);
    for message in mails.values() {
        assert!(message.len() < 1 << 20, "{} bytes", message.len());
        let message = std::str::from_utf8(message).expect("ASCII");
        let parts: Vec<Vec<u8>> = message.split("base64\r\n\r\n").skip(1).map(decoded).collect();
        let (workbook, texts) = parts.split_last().expect("a workbook");
        let book = Xlsx::new(Cursor::new(workbook.clone())).expect("a workbook");
        let sheets = book.sheet_names();
        let has = |name: &str| sheets.iter().any(|sheet| sheet == name);
        assert!(has("要確認") && !has("突合明細"), "{sheets:?}");
        let path = shop["workbook"].as_str().expect("a path");
        assert!(!texts.is_empty());
        for text in texts {
            let text = String::from_utf8_lossy(text).replace("&#x2f;", "/");
            assert!(text.contains(path), "{text}");
        }
    }
}

/// A part of a message up to its boundary.
fn decoded(part: &str) -> Vec<u8> {
    let letters: String = part.lines().take_while(|line| !line.starts_with("--") && !line.is_empty()).collect();
    STANDARD.decode(letters).expect("base64")
}

#[test]
fn m20_a_message_that_cannot_be_written_stays_queued_and_goes_out_once_later() {
    let sandbox = merchant("", 3);
    sandbox.write("outbox", b"a file where the folder should be");
    let json = sandbox.json(RUN, 1);
    assert_eq!(json["shops"][0]["mail"], "queued");
    assert_eq!(sandbox.program(&["status"]).code, 0, "the next run writes it");
    let history = rusqlite::Connection::open(sandbox.path("totsugo.db")).expect("the history");
    history.execute("UPDATE delivery_event SET at = '2026-11-01T06:30:00+09:00'", []).expect("long ago");
    let said = sandbox.program(&["status"]);
    assert!(said.code == 1 && said.err.contains("送信待ち: 1"), "m21: {}", said.err);
    std::fs::remove_file(sandbox.path("outbox")).expect("removed");
    let json = sandbox.json(RUN, 0);
    assert_eq!((&json["shops"][0]["mail"], &json["shops"][0]["revision"]), (&"none".into(), &1.into()));
    assert_eq!(sandbox.find("outbox", ".eml").len(), 1, "the queued message of the first run");
}

#[test]
fn a_held_file_that_a_person_removed_is_held_no_longer() {
    let sandbox = merchant("", 3);
    sandbox.write("inbox/odd.csv", "なにか\n1\n".as_bytes());
    assert_eq!(sandbox.json(RUN, 1)["files"].as_array().map(Vec::len), Some(3));
    sandbox.json(RUN, 1);
    std::fs::remove_file(sandbox.path("held/odd.csv")).expect("removed");
    sandbox.json(RUN, 0);
}

/// Found by hand: `totsugo findings | head` ended in a panic.
#[test]
#[cfg(unix)]
fn g03_a_reader_that_went_away_changes_nothing() {
    let sandbox = merchant("", 3);
    let program = format!("'{}' run --as-of 2026-11-23 >&-; echo $?", env!("CARGO_BIN_EXE_totsugo"));
    let output = std::process::Command::new("sh")
        .args(["-c", &program])
        .current_dir(sandbox.path("."))
        .output()
        .expect("a shell");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "0", "{}", String::from_utf8_lossy(&output.stderr));
    let piped = format!("'{}' history | true; '{0}' findings | true", env!("CARGO_BIN_EXE_totsugo"));
    let output =
        std::process::Command::new("sh").args(["-c", &piped]).current_dir(sandbox.path(".")).output().expect("a shell");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn x07_a_workbook_left_by_a_killed_run_is_that_revision_and_another_file_of_its_name_is_never_touched() {
    let first = merchant("", 3);
    let json = first.json(RUN, 0);
    let workbook = json["shops"][0]["workbook"].as_str().expect("a path").to_owned();
    let bytes = std::fs::read(first.path(&workbook)).expect("a workbook");
    for (left, revision) in [(&bytes[..], 1), (b"somebody's own", 2)] {
        let sandbox = merchant("", 3);
        // A history is there: without one, a workbook would be a sign that it was lost (FAULTS S07).
        assert_eq!(sandbox.program(&["held"]).code, 0);
        sandbox.write(&workbook, left);
        let json = sandbox.json(RUN, 0);
        assert_eq!((&json["shops"][0]["revision"], &json["shops"][0]["mail"]), (&revision.into(), &"sent".into()));
        assert_eq!(std::fs::read(sandbox.path(&workbook)).expect("still there"), left);
    }
}

/// The run of these arguments besides [`RUN`], with the recipients of the configuration set to `recipients`.
fn mail_of(sandbox: &Sandbox, recipients: &str, more: &[&str], code: i32) -> (String, u64) {
    let config = std::fs::read_to_string(sandbox.path("totsugo.toml")).expect("the configuration");
    let line =
        |line: &str| if line.starts_with("recipients") { format!("recipients = [{recipients}]") } else { line.into() };
    sandbox.write("totsugo.toml", config.lines().map(line).collect::<Vec<String>>().join("\n").as_bytes());
    let json = sandbox.json(&[RUN, more].concat(), code);
    let shop = &json["shops"][0];
    (shop["mail"].as_str().expect("a word").to_owned(), shop["revision"].as_u64().expect("a revision"))
}

const KEIRI: &str = "\"keiri@example.co.jp\"";

fn said(mail: &str, revision: u64) -> (String, u64) {
    (mail.to_owned(), revision)
}

/// Found by hand: what was once worked out without mail, or with nobody to mail it to, was never mailed.
#[test]
fn m17_a_report_that_was_made_without_mail_is_mailed_once_as_it_was_issued() {
    for (recipients, more) in [(KEIRI, &["--no-mail"][..]), ("", &[])] {
        let sandbox = merchant("", 3);
        for _ in 0..2 {
            assert_eq!(mail_of(&sandbox, recipients, more, 0), said("none", 1));
        }
        let issued = sandbox.find("reports", ".xlsx");
        assert!(sandbox.find("outbox", ".eml").is_empty());
        assert_eq!(mail_of(&sandbox, KEIRI, &["--dry-run"], 0), said("queued", 1));
        assert_eq!(mail_of(&sandbox, KEIRI, &["--no-mail"], 0), said("none", 1));
        assert_eq!(mail_of(&sandbox, KEIRI, &[], 0), said("sent", 1));
        for _ in 0..2 {
            assert_eq!(mail_of(&sandbox, KEIRI, &[], 0), said("none", 1));
        }
        assert_eq!(sandbox.find("reports", ".xlsx"), issued, "no other revision, and no other bytes");
        let mails = sandbox.find("outbox", ".eml");
        assert_eq!(mails.len(), 1);
        let text = String::from_utf8(mails.into_values().next().expect("a mail")).expect("ASCII").replace("\r\n", "");
        let workbook = issued.values().next().expect("a workbook");
        use base64::Engine as _;
        assert!(
            text.contains(&base64::engine::general_purpose::STANDARD.encode(workbook)),
            "another workbook was mailed"
        );
        let history = sandbox.json(&["history", "--json"], 0);
        let words: Vec<_> =
            history["runs"].as_array().expect("runs").iter().map(|run| &run["shops"][0]["mail"]).collect();
        assert_eq!(words.iter().filter(|word| **word == "sent").count(), 1, "{words:?}");
        assert!(words.iter().all(|word| **word == "sent" || **word == "none"), "{words:?}");
    }
}

#[test]
fn m17_x01_a_workbook_that_is_gone_or_was_changed_is_not_mailed_and_the_next_revision_is() {
    for left in [None, Some(&b"not a workbook"[..])] {
        let sandbox = merchant("", 3);
        mail_of(&sandbox, KEIRI, &["--no-mail"], 0);
        let workbook = sandbox.find("reports", ".xlsx").into_keys().next().expect("a workbook");
        std::fs::remove_file(sandbox.path(&workbook)).expect("removed");
        if let Some(bytes) = left {
            sandbox.write(&workbook, bytes);
        }
        assert_eq!(mail_of(&sandbox, KEIRI, &[], 0), said("sent", 2));
        assert_eq!(mail_of(&sandbox, KEIRI, &[], 0), said("none", 2));
        assert_eq!(sandbox.find("outbox", ".eml").len(), 1);
    }
}
