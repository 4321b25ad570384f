//! Revisions: a closed period that changes says what, before and after, and leaves what was sent alone (SPEC §5.8,
//! FAULTS R18).

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[expect(dead_code, reason = "each test file uses a part of the sandbox")]
mod sandbox;

use sandbox::{Sandbox, sheet};

const OCTOBER: &[&str] = &["run", "--as-of", "2026-11-23", "--from", "2026-10-01", "--to", "2026-10-31"];

fn export(rows: &[(&str, &str, &str, u32)]) -> Vec<u8> {
    let heading = "ショップID,オーダーID,取引状態,処理日時,利用金額,加盟店自由項目1\n".to_owned();
    let row = |(order, status, at, yen): &(&str, &str, &str, u32)| {
        format!("9200000000001,{order},{status},2026/10/{at} 10:00:00,{yen},{}\n", &order[1..])
    };
    rows.iter().map(row).fold(heading, |all, row| all + &row).into_bytes()
}

#[test]
fn r18_a_closed_period_that_changes_says_what_before_and_after() {
    let goldens = [include_str!("golden/changes-ja.txt"), include_str!("golden/changes-en.txt")];
    let names = [
        ("変更点", "種別", "変更があります", "前回から変更なし"),
        ("Changes", "Type", "reported before", "(unchanged)"),
    ];
    for ((language, (changes, first, differs, unchanged)), golden) in ["ja", "en"].into_iter().zip(names).zip(goldens) {
        let sandbox = Sandbox::minimal(language);
        let config = sandbox.path("totsugo.toml").display().to_string();
        let october = |code: i32| {
            let said = sandbox.program(&[OCTOBER, &["--config", &config]].concat());
            assert_eq!(said.code, code, "{}\n{}", said.err, said.out);
            said.out
        };
        let bookings = "cart_code,product_code,status,payment_status,created_at,start_at,total,currency\n\
                        MZ1,MZ-T1,CONFIRMED,PAID_IN_FULL,2026-10-05 09:00,2026-12-01 09:00,12000,JPY\n\
                        MZ2,MZ-T2,CONFIRMED,PAID_IN_FULL,2026-10-06 09:00,2026-12-01 09:00,8000,JPY\n";
        sandbox.write("inbox/bookings.csv", bookings.as_bytes());
        sandbox.write("inbox/a.csv", &export(&[("A1", "即時売上", "05", 12_000), ("A2", "即時売上", "06", 8_000)]));
        assert!(!october(0).contains(differs));
        let issued = sandbox.find("reports", ".xlsx");
        assert!(october(0).contains(unchanged));
        // A partial refund, and a payment nobody knew of.
        sandbox.write("inbox/b.csv", &export(&[("A1", "即時売上", "20", 9_000), ("A3", "即時売上", "21", 5_000)]));
        let said = october(0);
        let now = sandbox.find("reports", ".xlsx");
        assert_eq!(now.len(), 2);
        for (path, bytes) in &issued {
            assert_eq!(now.get(path), Some(bytes), "what was issued is never touched");
        }
        let newest = now.keys().find(|path| path.ends_with("_r2.xlsx")).expect("the second revision");
        let rows = sheet(&sandbox.path(newest), changes);
        let rows = rows.rows().skip_while(|row| row[0] != first).skip(1);
        let cells = |row: &[calamine::Data]| row.iter().map(|cell| cell.to_string().replace('\n', " ¶ ")).collect();
        let lines: Vec<Vec<String>> = rows.map(cells).collect();
        let lines: Vec<String> = lines.iter().map(|cells| cells.join(" | ").trim_end().to_owned()).collect();
        assert!(said.contains(differs) && said.contains(&lines.len().to_string()), "{said}");
        assert_eq!(format!("{}\n", lines.join("\n")), golden, "\n{}", lines.join("\n"));
        let history = sandbox.json(&["history", "--json"], 0);
        let revisions = history["runs"].as_array().expect("runs").iter();
        let revisions: Vec<u64> = revisions.map(|run| run["shops"][0]["revision"].as_u64().expect("one")).collect();
        assert_eq!(revisions, [2, 1, 1], "newest first");
    }
}

#[test]
fn r20_a_report_made_again_still_says_what_was_cleared() {
    let sandbox = Sandbox::minimal("ja");
    let config = sandbox.path("totsugo.toml").display().to_string();
    let october = |as_of: &str, more: &[&str]| {
        let arguments = ["run", "--as-of", as_of, "--from", "2026-10-01", "--to", "2026-10-31", "--config", &config];
        let said = sandbox.program(&[&arguments, more].concat());
        assert!(said.code < 2, "{}\n{}", said.err, said.out);
    };
    let bookings = "cart_code,product_code,status,payment_status,created_at,start_at,total,currency\n\
                    MZ1,MZ-T1,CONFIRMED,PAID_IN_FULL,2026-10-05 09:00,2026-12-01 09:00,12000,JPY\n";
    sandbox.write("inbox/bookings.csv", bookings.as_bytes());
    sandbox.write("inbox/a.csv", &export(&[("A1", "即時売上", "05", 15_000)]));
    october("2026-11-22", &[]);
    sandbox.write("inbox/b.csv", &export(&[("A1", "即時売上", "20", 12_000)]));
    october("2026-11-23", &[]);
    october("2026-11-23", &["--reissue"]);
    let books = sandbox.find("reports", ".xlsx");
    assert_eq!(books.len(), 3);
    for (name, cleared) in books.keys().zip([0.0, 1.0, 1.0]) {
        let summary = sheet(&sandbox.path(name), "サマリー");
        let row = summary.rows().find(|row| row[0] == "前回以降に解消した所見").expect("the row");
        assert_eq!(row[2].to_string(), cleared.to_string(), "{name}");
    }
}
