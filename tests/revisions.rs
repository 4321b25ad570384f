//! Revisions: a closed period that changes says what, before and after, and leaves what was sent alone (SPEC §5.8,
//! FAULTS R18).

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[path = "oracle/dice.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod dice;
#[expect(dead_code, reason = "each test file uses a part of the sandbox")]
mod sandbox;
mod tier;

use dice::Dice;
use sandbox::{Sandbox, rows_below, sheet, shown};
use std::collections::{BTreeMap, BTreeSet};
use tier::times;

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
        let cells = |row: &[calamine::Data]| row.iter().map(|cell| shown(cell).replace('\n', " ¶ ")).collect();
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

/// One row of an export, and what it is worth knowing of: the second it was processed, in 2026.
#[derive(Clone)]
struct Seen {
    order: usize,
    month: i64,
    day: i64,
    minute: i64,
    status: &'static str,
    yen: i64,
}

/// A payment's life: a sale, then smaller amounts, then perhaps nothing left. Each on a later day.
fn life(dice: &mut Dice, order: usize) -> Vec<Seen> {
    let minute = i64::try_from(order).expect("small");
    let (mut month, mut day, mut yen) = (dice.range(9, 11), dice.range(1, 20), dice.range(2, 90) * 500);
    let mut seen = vec![Seen { order, month, day, minute, status: "即時売上", yen }];
    while dice.chance(60) && seen.len() < 4 {
        (month, day) = if day > 15 && month < 11 { (month + 1, dice.range(1, 9)) } else { (month, day + 1) };
        let is_over = dice.chance(40);
        yen = if is_over { yen } else { yen + dice.range(-1, 1) * 100 };
        seen.push(Seen {
            order, month, day, minute, status: if is_over { "月跨り返品" } else { "即時売上" }, yen
        });
        if is_over {
            break;
        }
    }
    seen
}

/// Count, gross and refunds of each day, told as simply as can be.
fn sales(known: &[Seen]) -> BTreeMap<String, [i64; 3]> {
    let mut days: BTreeMap<String, [i64; 3]> = BTreeMap::new();
    for order in known.iter().map(|seen| seen.order).collect::<BTreeSet<_>>() {
        let mut rows: Vec<&Seen> = known.iter().filter(|seen| seen.order == order).collect();
        rows.sort_by_key(|seen| (seen.month, seen.day));
        let mut held = 0;
        for (nth, row) in rows.into_iter().enumerate() {
            let now = if row.status == "即時売上" { row.yen } else { 0 };
            let day = days.entry(format!("2026-{:02}-{:02}", row.month, row.day)).or_default();
            day[0] += i64::from(nth == 0);
            day[if now > held { 1 } else { 2 }] += now - held;
            held = now;
        }
    }
    days
}

/// As 変更点 writes it.
fn written(of: Option<&[i64; 3]>) -> String {
    let yen = |yen: i64| {
        let digits = yen.abs().to_string();
        let split = digits.len().saturating_sub(3);
        let (high, low) = digits.split_at(split);
        format!("{}{high}{}{low}", if yen < 0 { "-" } else { "" }, if high.is_empty() { "" } else { "," })
    };
    match of {
        None | Some([0, 0, 0]) => "（なし）".to_owned(),
        Some([count, gross, refunds]) => {
            format!("件数 {count}　総額 {}　返金 {}　純額 {}", yen(*gross), yen(*refunds), yen(gross + refunds))
        }
    }
}

/// Random exports that correct random days, between reports of random periods.
fn correct_the_past(seed: u64) {
    let mut dice = Dice::new(seed);
    let sandbox = Sandbox::minimal("ja");
    let mut unknown: Vec<Vec<Seen>> =
        (0..usize::try_from(dice.range(4, 12)).expect("small")).map(|order| life(&mut dice, order)).collect();
    let mut known: Vec<Seen> = Vec::new();
    let mut issued: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    // Of each day what the newest report covering it said; which periods were reported.
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    let mut reported = BTreeSet::new();
    for step in 0..8 {
        let mut rows = String::from("ショップID,オーダーID,取引状態,処理日時,利用金額,加盟店自由項目1\n");
        // A sale first, what follows it in any order.
        for life in &mut unknown {
            if !life.is_empty() && (step == 7 || dice.chance(35)) {
                let is_sale = !known.iter().any(|seen| seen.order == life[0].order);
                let last = i64::try_from(life.len() - 1).expect("small");
                let row = life.remove(if is_sale { 0 } else { usize::try_from(dice.range(0, last)).expect("small") });
                let Seen { order, month, day, minute, status, yen } = &row;
                rows += &format!(
                    "9200000000001,A{order},{status},2026/{month:02}/{day:02} 10:{minute:02}:00,{yen},{order}\n"
                );
                known.push(row);
            }
        }
        sandbox.write(&format!("inbox/{step}.csv"), rows.as_bytes());
        let periods = [
            ("2026-09-01", "2026-09-30"),
            ("2026-10-01", "2026-10-31"),
            ("2026-11-01", "2026-11-22"),
            ("2026-10-10", "2026-11-05"),
        ];
        let (from, to) = if step == 7 { ("2026-11-20", "2026-11-22") } else { *dice.pick(&periods) };
        let said_by_run = sandbox.program(&["run", "--as-of", "2026-11-23", "--json", "--from", from, "--to", to]);
        let at = format!("seed {seed}, step {step}, {from} to {to}\n{}", said_by_run.err);
        assert!(said_by_run.code <= 1, "{at}");
        let now = sandbox.find("reports", ".xlsx");
        for (path, bytes) in &issued {
            assert!(now.get(path) == Some(bytes), "{at}: {path} was issued and is not the same any more");
        }
        let truth = sales(&known);
        let new: Vec<&String> = now.keys().filter(|path| !issued.contains_key(*path)).collect();
        let is_within = |day: &str| from <= day && day <= to;
        let days: BTreeSet<&str> = truth.keys().chain(said.keys()).map(String::as_str).collect();
        if let [path] = new[..] {
            let mut expected = BTreeSet::new();
            let nothing = "（なし）".to_owned();
            for day in days {
                let (before, after) = (said.get(day).unwrap_or(&nothing), written(truth.get(day)));
                let was_reported = reported.iter().any(|(from, to): &(&str, &str)| *from <= day && day <= *to);
                let is_own = is_within(day) && !reported.contains(&(from, to));
                if (day < from || is_own) && was_reported && *before != after {
                    expected.insert(format!("前期間の修正 | {day} | {before} | {after}"));
                }
            }
            let told = changes(&sandbox, path);
            let corrections = told.iter().filter(|line| line.starts_with("前期間の修正")).cloned().collect();
            assert_eq!(expected, corrections, "{at}");
            if reported.contains(&(from, to)) {
                let last =
                    now.keys().filter(|other| issued.contains_key(*other) && other.contains(&format!("{from}_{to}/")));
                let before = by_day(&sandbox, last.max_by_key(|path| revision(path)).expect("an earlier revision"));
                let after = by_day(&sandbox, path);
                for day in before.keys().chain(after.keys()) {
                    let [before, after] = [&before, &after].map(|of| of.get(day).cloned());
                    let line = [before.clone(), after.clone()].map(|text| text.unwrap_or_else(|| nothing.clone()));
                    let line = format!("売上・日別 | {day} | {} | {}", line[0], line[1]);
                    assert_eq!(before != after, told.contains(&line), "{at}: {line}\n{told:#?}");
                }
            }
            let stated = by_day(&sandbox, path);
            for (day, figures) in truth.iter().filter(|(day, _)| is_within(day)) {
                let stated = stated.get(day).unwrap_or(&nothing);
                assert_eq!(*stated, written(Some(figures)), "{at}: {day}");
            }
            said.retain(|day, _| !is_within(day));
            said.extend(stated);
            reported.insert((from, to));
        } else {
            assert!(new.is_empty() && reported.contains(&(from, to)), "{at}: {new:?}");
            let of_period = now.keys().filter(|path| path.contains(&format!("{from}_{to}/")));
            let newest = by_day(&sandbox, of_period.max_by_key(|path| revision(path)).expect("a report"));
            for day in days.into_iter().filter(|day| is_within(day)) {
                let stated = newest.get(day).cloned().unwrap_or_else(|| "（なし）".to_owned());
                assert_eq!(stated, written(truth.get(day)), "{at}: {day} changed and no revision says so");
            }
        }
        issued = now;
    }
}

/// The number after `_r` in a workbook's name.
fn revision(path: &str) -> u32 {
    let (_, number) = path.trim_end_matches(".xlsx").rsplit_once("_r").expect("a revision");
    number.parse().expect("a number")
}

/// The lines of 変更点, if there is such a sheet.
fn changes(sandbox: &Sandbox, path: &str) -> Vec<String> {
    let workbook = calamine::open_workbook::<calamine::Xlsx<_>, _>(sandbox.path(path)).expect("a workbook");
    if !calamine::Reader::sheet_names(&workbook).contains(&"変更点".to_owned()) {
        return Vec::new();
    }
    let rows = rows_below(&sheet(&sandbox.path(path), "変更点"), "項目");
    let columns = ["種別", "項目", "変更前", "変更後"];
    rows.iter().map(|row| columns.map(|name| shown(&row[name])).join(" | ")).collect()
}

/// What 売上集計 says of each day, as 変更点 would write it.
fn by_day(sandbox: &Sandbox, path: &str) -> BTreeMap<String, String> {
    let sheet = sheet(&sandbox.path(path), "売上集計");
    let mut days = BTreeMap::new();
    for row in sheet.rows() {
        let number = |at: usize| row.get(at).and_then(calamine::DataType::as_i64);
        let Some(calamine::Data::DateTime(date)) = row.first() else { continue };
        let date = date.as_datetime().expect("a date").date().to_string();
        if let [Some(count), Some(gross), Some(refunds)] = [1, 2, 3].map(number)
            && [count, gross, refunds] != [0, 0, 0]
        {
            days.insert(date, written(Some(&[count, gross, refunds])));
        }
    }
    days
}

/// Promise 4.
#[test]
fn r18_a21_random_corrections_of_random_pasts_are_told_day_by_day_and_change_no_issued_file() {
    for seed in 1..=times(8, 300) {
        correct_the_past(seed);
    }
}

/// The default schedule: each night another period, from the first of the month to yesterday.
#[test]
fn a21_month_to_date_says_which_earlier_day_of_the_month_changed() {
    let sandbox = Sandbox::minimal("ja");
    let config = sandbox.path("totsugo.toml").display().to_string();
    let night = |as_of: &str, to: &str| {
        let said = sandbox.program(&["run", "--as-of", as_of, "--period", "month-to-date", "--config", &config]);
        assert!(said.code < 2, "{}\n{}", said.err, said.out);
        let path = sandbox.find("reports", &format!("2026-10-{to}_r1.xlsx")).into_keys().next().expect("a report");
        changes(&sandbox, &path)
    };
    sandbox.write("inbox/a.csv", &export(&[("A1", "即時売上", "05", 12_000), ("A2", "即時売上", "20", 8_000)]));
    assert_eq!(night("2026-10-22", "21"), Vec::<String>::new());
    // A row of the 20th that yesterday's report did not know, and today's own.
    sandbox.write("inbox/b.csv", &export(&[("A3", "即時売上", "20", 3_000), ("A4", "即時売上", "22", 5_000)]));
    let told = night("2026-10-23", "22");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("2026-10-20") && told[0].contains("11,000"), "{told:?}");
    assert_eq!(night("2026-10-24", "23"), Vec::<String>::new(), "said once");
}

/// An older export moves the sale to an earlier day: what was sold then is outside the period, the deadline is not.
#[test]
fn r03_a_deadline_that_moves_is_a_revision() {
    let sandbox = Sandbox::minimal("ja");
    let config = sandbox.path("totsugo.toml").display().to_string();
    let run = || {
        sandbox.program(
            &[
                &["run", "--as-of", "2026-11-23", "--from", "2026-11-01", "--to", "2026-11-22"][..],
                &["--config", &config],
            ]
            .concat(),
        )
    };
    let heading = "cart_code,product_code,status,payment_status,created_at,start_at,total,currency\n";
    let booking = "MZ1,MZ-T1,CANCELLED,REFUND,2026-11-05 09:00,2026-12-01 09:00,12000,JPY\n";
    sandbox.write("inbox/bookings.csv", format!("{heading}{booking}").as_bytes());
    sandbox.write("inbox/b.csv", &export(&[("A1", "即時売上", "20", 12_000)]));
    run();
    sandbox.write("inbox/a.csv", &export(&[("A1", "即時売上", "05", 12_000)]));
    run();
    let newest = sandbox.find("reports", "_r2.xlsx").into_keys().next().expect("the second revision");
    let told = changes(&sandbox, &newest);
    assert!(told.iter().any(|line| line.contains("2027-10-19") && line.contains("2027-10-04")), "{told:?}");
}
