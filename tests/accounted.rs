//! Promise 1 as finance sees it: every row of every file stands in 検算, and each rejected one with its file and line.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop")]

#[expect(dead_code, reason = "each test file uses a part of the sandbox")]
mod sandbox;

use calamine::Data;
use sandbox::{Sandbox, sheet};

const RUN: [&str; 8] = ["run", "--from", "2026-11-01", "--to", "2026-11-22", "--as-of", "2026-11-23", "--json"];
const SHOP: &str = "9200000000001";
const PAYMENTS: &str = "ショップID,オーダーID,取引状態,処理日時,利用金額,加盟店自由項目1\r\n";
const BOOKINGS: &str = "cart_code,product_code,status,payment_status,created_at,start_at,total,currency\n";
const LIST: &str = "Payment reference,Booking reference,Payment type,Transaction date,Amount,Currency,Transaction ID\n\
     PMT-1,MZ1001,WEB_PAYMENT,05.11.2026 09:26,900,JPY,\n";

/// Two payments and two bookings, one of each rejected, and a payment list that comes again with one more row.
fn sandbox(more: &str) -> Sandbox {
    let sandbox = Sandbox::minimal("ja");
    let config = std::fs::read_to_string(sandbox.path("totsugo.toml")).expect("a configuration");
    sandbox.write(
        "totsugo.toml",
        format!("{config}{more}").replacen("[[shops]]", "[policy]\nmax_rejects = 1\n[[shops]]", 1).as_bytes(),
    );
    let payments = format!(
        "{PAYMENTS}{SHOP},A-1,即時売上,2026/11/05 10:00:00,900,1001\r\n{SHOP},A-2,即時売上,2026/11/05 10:00:00,x9,1002\r\n"
    );
    let bookings = format!(
        "{BOOKINGS}MZ1001,MZ-T1,CONFIRMED,PAID_IN_FULL,2026-11-05 09:00,2026-12-01 09:00,1000,JPY\n\
         MZ1002,MZ-T2,CONFIRMED,PAID_IN_FULL,2026-11-05 09:00,2026-12-01 09:00,x1000,JPY\n"
    );
    let longer = format!("{LIST}PMT-2,MZ1001,WEB_PAYMENT,06.11.2026 09:26,0,JPY,\n");
    for (name, text) in [("a.csv", payments), ("b.csv", bookings), ("c.csv", LIST.to_owned()), ("d.csv", longer)] {
        sandbox.write(&format!("inbox/{SHOP}/{name}"), text.as_bytes());
    }
    sandbox
}

fn first_sheet(sandbox: &Sandbox, name: &str) -> calamine::Range<Data> {
    let reports = sandbox.find(&format!("reports/{SHOP}"), ".xlsx");
    sheet(&sandbox.path(reports.keys().next().expect("a report")), name)
}

/// A file in 検算: name, yen, rows read, rejected, whether they agree.
type File = (String, i64, i64, i64, bool);

/// The files in 検算, and the lines that follow on them.
fn proof(sandbox: &Sandbox) -> (Vec<File>, Vec<String>) {
    let sheet = first_sheet(sandbox, "検算");
    let text = |row: &[Data], at: usize| row.get(at).map(ToString::to_string).unwrap_or_default();
    let rows: Vec<&[Data]> = sheet.rows().skip_while(|row| text(row, 0) != "読み込んだファイル").skip(2).collect();
    let number = |row: &[Data], at: usize| text(row, at).parse().unwrap_or(-1);
    let files = rows.iter().take_while(|row| text(row, 0) != "合計");
    let files = files.map(|row| (text(row, 0), number(row, 2), number(row, 3), number(row, 10), text(row, 11) == "✓"));
    (files.collect(), rows.iter().map(|row| text(row, 0)).skip_while(|name| name != "合計").skip(1).collect())
}

#[test]
fn p07_every_row_of_every_file_stands_in_the_proof_with_its_rejects() {
    for more in ["", "[[shops]]\nid = \"9200000000002\"\nname = \"Other\"\nbooking_prefixes = [\"MA\"]\n"] {
        let sandbox = sandbox(more);
        let json = sandbox.json(&RUN, i32::from(!more.is_empty()));
        let (files, lines) = proof(&sandbox);
        let told: Vec<(&str, i64, i64, i64, bool)> = files
            .iter()
            .map(|(name, yen, read, rejected, agrees)| (&name[SHOP.len() + 1..], *yen, *read, *rejected, *agrees))
            .collect();
        assert_eq!(
            told,
            [
                ("c.csv", 900, 1, 0, true),
                ("d.csv", 900, 2, 0, true),
                ("a.csv", 900, 2, 1, true),
                ("b.csv", 1_000, 2, 1, true)
            ]
        );
        let read: i64 =
            json["files"].as_array().expect("files").iter().filter_map(|file| file["rows"]["read"].as_i64()).sum();
        assert_eq!(read, 7);
        assert_eq!(lines.len(), 2, "{lines:?}");
        for (line, words) in lines.iter().zip([["a.csv", "3行", "x9"], ["b.csv", "3行", "x1000"]]) {
            assert!(words.iter().all(|word| line.contains(word)), "{line}");
        }
    }
}

#[test]
fn a_rejected_row_that_is_tolerated_is_said_and_ends_with_0() {
    let said = sandbox("").program(&RUN);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("a.csv") && said.err.contains("x9") && said.err.contains("x1000"), "{}", said.err);
}

#[test]
fn p06_a_file_without_rows_is_in_and_not_missing() {
    let sandbox = Sandbox::minimal("ja");
    sandbox.write("inbox/empty.csv", PAYMENTS.as_bytes());
    sandbox.write(
        "inbox/b.csv",
        format!("{BOOKINGS}MZ1,MZ-T1,CANCELLED,NOT_PAID,2026-11-05 09:00,2026-12-01 09:00,1,JPY\n").as_bytes(),
    );
    sandbox.json(&RUN, 0);
    let (files, _) = proof(&sandbox);
    assert!(files.contains(&("empty.csv".to_owned(), 0, 0, 0, true)), "{files:?}");
    let summary = first_sheet(&sandbox, "サマリー");
    let cells: Vec<String> = summary.rows().flatten().map(ToString::to_string).collect();
    assert!(cells.iter().any(|cell| cell == "取引データ0件（ファイルあり）"), "{cells:?}");
    assert!(cells.iter().any(|cell| cell == "0件（ファイルあり）") && !cells.iter().any(|cell| cell == "未着"));
}

#[test]
fn p06_a20_a_file_without_rows_is_the_export_of_its_day() {
    let sandbox = Sandbox::minimal("ja");
    let sale = format!("{SHOP},BK1,即時売上,2026/11/05 10:00:00,1,1\n");
    sandbox.write("inbox/a.csv", format!("{PAYMENTS}{sale}").as_bytes());
    sandbox.json(&RUN, 1);
    let history = rusqlite::Connection::open(sandbox.path("totsugo.db")).expect("the history");
    history.execute("UPDATE file_arrival SET at = 0", []).expect("came in long ago");
    let is_behind = || {
        let reports = sandbox.find(&format!("reports/{SHOP}"), ".xlsx");
        let cells = sheet(&sandbox.path(reports.keys().max().expect("a report")), "サマリー");
        cells.used_cells().any(|(.., cell)| cell.to_string().contains("以降は未着"))
    };
    sandbox.json(&[&RUN[..], &["--reissue"]].concat(), 1);
    assert!(is_behind());
    sandbox.write("inbox/empty.csv", PAYMENTS.as_bytes());
    sandbox.json(&[&RUN[..], &["--reissue"]].concat(), 1);
    assert!(!is_behind());
    // And so is one that says what the last one said: nothing was sold in between.
    history.execute("UPDATE file_arrival SET at = 0", []).expect("came in long ago");
    sandbox.json(&[&RUN[..], &["--reissue"]].concat(), 1);
    assert!(is_behind());
    sandbox.write("inbox/again.csv", format!("{PAYMENTS}{sale}").as_bytes());
    assert_eq!(sandbox.json(&[&RUN[..], &["--reissue"]].concat(), 1)["files"][0]["outcome"], "duplicate");
    assert!(!is_behind());
}

#[test]
fn what_the_payment_list_says_is_named_in_the_sources() {
    let sandbox = sandbox("");
    sandbox.json(&RUN, 0);
    let matched = first_sheet(&sandbox, "突合明細");
    let sources: Vec<String> = matched.rows().filter_map(|row| row.last().map(ToString::to_string)).collect();
    let wanted = ["a.csv:2", "b.csv:2", "c.csv:2", "d.csv:3"].map(|source| format!("{SHOP}/{source}"));
    assert!(sources.iter().any(|lines| wanted.iter().all(|source| lines.contains(source))), "{sources:?}");
}

#[test]
fn a_file_of_one_shop_among_several_accounts_for_what_it_left_out() {
    let sandbox = sandbox("[[shops]]\nid = \"9200000000002\"\nname = \"Other\"\nbooking_prefixes = [\"MA\"]\n");
    for name in ["a.csv", "b.csv", "c.csv", "d.csv"] {
        std::fs::rename(sandbox.path(&format!("inbox/{SHOP}/{name}")), sandbox.path(&format!("inbox/{name}")))
            .expect("moved");
    }
    let more = "MZ1003,MZ-T3,CONFIRMED,NOT_PAID,2026-11-05 09:00,2026-12-01 09:00,70,JPY\n\
                XX9,XX-T9,CONFIRMED,NOT_PAID,2026-11-05 09:00,2026-12-01 09:00,50000,JPY\n";
    sandbox.write("inbox/e.csv", format!("{BOOKINGS}{more}").as_bytes());
    sandbox.json(&RUN, 1);
    let (files, lines) = proof(&sandbox);
    let told: Vec<_> =
        files.iter().map(|(name, yen, read, rejected, agrees)| (&**name, *yen, *read, *rejected, *agrees)).collect();
    assert_eq!(
        told,
        [
            ("c.csv", 900, 1, 0, true),
            ("d.csv", 0, 1, 0, true),
            ("a.csv", 900, 2, 1, true),
            ("b.csv", 1_000, 2, 1, true),
            ("e.csv", 70, 1, 0, true)
        ],
        "neither the repeated row of the list nor the cart that no rule places can be told to a shop"
    );
    assert_eq!(lines.len(), 2, "{lines:?}");
}

/// One cancelled booking of which a fee is kept, with what a payment list says of it in `lists`, one file after the other.
fn kept_fee(lists: &[&str]) -> (Sandbox, i32) {
    let sandbox = Sandbox::minimal("ja");
    let sales = format!(
        "{PAYMENTS}{SHOP},A-1,即時売上,2026/11/05 10:00:00,10000,1001\r\n{SHOP},A-1,即時売上,2026/11/12 10:00:00,3000,1001\r\n"
    );
    sandbox.write("inbox/a.csv", sales.as_bytes());
    let booking = "MZ1001,MZ-T1,CANCELLED,REFUND,2026-11-05 09:00,2026-12-01 09:00,10000,JPY\n";
    sandbox.write("inbox/b.csv", format!("{BOOKINGS}{booking}").as_bytes());
    sandbox.program(&RUN);
    let mut code = 0;
    for (nth, rows) in lists.iter().enumerate() {
        let heading = LIST.lines().next().expect("a heading");
        sandbox.write(&format!("inbox/list{nth}.csv"), format!("{heading}\n{rows}").as_bytes());
        code = sandbox.program(&RUN).code;
    }
    (sandbox, code)
}

fn findings(sandbox: &Sandbox) -> Vec<String> {
    let json = sandbox.json(&RUN, 0);
    let findings = json["shops"][0]["findings"].as_array().expect("findings").iter();
    findings.map(|finding| format!("{} {}", finding["code"], finding["difference_yen"])).collect()
}

#[test]
fn a_refund_with_the_reference_of_its_payment_is_a_row_of_its_own() {
    let (paid, back) =
        ("7,MZ1001,WEB_PAYMENT,05.11.2026 09:26,10000,JPY,\n", "7,MZ1001,WEB_PAYMENT,12.11.2026 09:26,-7000,JPY,\n");
    for lists in [vec![format!("{paid}{back}")], vec![format!("{back}{paid}")], vec![paid.to_owned(), back.to_owned()]]
    {
        let (sandbox, _) = kept_fee(&lists.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(findings(&sandbox), Vec::<String>::new(), "{lists:?}");
    }
}

#[test]
fn s11_two_payments_of_one_reference_hold_the_list() {
    let (sandbox, code) = kept_fee(&[
        "7,MZ1001,WEB_PAYMENT,05.11.2026 09:26,10000,JPY,\n7,MZ1002,WEB_PAYMENT,05.11.2026 09:26,10000,JPY,\n",
    ]);
    assert_eq!(code, 1);
    let reason = sandbox.reason("list0.csv");
    assert!(reason.contains("3行目") && reason.contains('7'), "{reason}");
}
