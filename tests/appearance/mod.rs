//! How a workbook looks: marks, real values, widths and what is printed where.

use super::*;

/// Rows of one sheet of the workbook of `edition`.
fn rows(edition: &Edition<'_>, sheet: &str) -> Vec<Vec<Data>> {
    grid(&mut open(workbook(edition).expect("written")), sheet)
}

#[test]
fn a_sale_that_no_file_showed_is_marked_beside_the_status() {
    let mut r = empty();
    let returned = |order: &str, status: &str, is_estimated: bool| PaymentView {
        status: Arc::from(status),
        sale_date_estimated: is_estimated,
        sale_not_seen: !is_estimated,
        ..payment(order, 0, 2)
    };
    r.matched = vec![
        group(vec![returned("O1", "返品", true)], Some(booking("MZ1", 0))),
        group(vec![returned("O2", "月跨り返品", false)], Some(booking("MZ2", 0))),
        group(vec![payment("O3", 9_000, 2)], Some(booking("MZ3", 9_000))),
    ];
    let payments = r.matched.iter().flat_map(|group| group.payments.clone()).collect();
    let mut finding = rich().findings.remove(0);
    finding.group = group(payments, None);
    r.findings.push(finding);
    let statuses = |language: Language, sheet: &str| {
        let rows = rows(&edition(&r, &[], language), sheet);
        rows[4..].iter().map(|row| row[if rows[4].len() > 14 { 7 } else { 4 }].to_string()).collect::<Vec<_>>()
    };
    let ja = ["返品（決済日は推定）", "月跨り返品（売上の記録なし）", "即時売上"];
    assert_eq!(statuses(Language::Ja, "突合明細"), ja);
    assert_eq!(statuses(Language::Ja, "要確認"), [ja.join("\n")]);
    let en = ["返品 (settlement date estimated)", "月跨り返品 (sale not seen)", "即時売上"];
    assert_eq!(statuses(Language::En, "Matched"), en);
}

/// A part of the workbook of `edition`, as it is stored.
fn part(edition: &Edition<'_>, name: &str) -> String {
    let mut parts = zip::ZipArchive::new(Cursor::new(workbook(edition).expect("written"))).expect("an archive");
    let mut text = String::new();
    parts.by_name(name).expect("a part").read_to_string(&mut text).expect("XML");
    text
}

/// A year of days and so many products.
fn long_sales(products: usize) -> Reconciliation {
    let mut r = rich();
    let one = r.sales.by_day[0].1;
    r.sales.by_day = (0..365).map(|n| (day("2026-01-01").plus(n), one)).collect();
    r.sales.by_product = (0..products).map(|n| (format!("商品{n}"), one)).collect();
    r
}

#[test]
fn every_sheet_repeats_its_head_on_print_and_no_table_leaves_its_heading() {
    let (r, files) = (long_sales(30), files());
    let edition = edition(&r, &files, Language::Ja);
    look("year.xlsx", &workbook(&edition).expect("written"));
    let names = part(&edition, "xl/workbook.xml");
    let titles = |sheet: &str| names.contains(&format!("'{sheet}'!$")) || names.contains(&format!("{sheet}!$"));
    for sheet in ["売上集計", "要確認", "取消期限", "突合明細", "検算"] {
        assert!(names.contains("_xlnm.Print_Titles") && titles(sheet), "{sheet}: {names}");
    }
    assert!(names.contains("売上集計!$4:$4"), "{names}");
    assert!(part(&super::edition(&rich(), &files, Language::Ja), "xl/workbook.xml").contains("売上集計!$1:$2"));
    assert!(part(&edition, "xl/worksheets/sheet7.xml").contains("topLeftCell=\"A3\""), "検算 is frozen");
    let sales = part(&edition, "xl/worksheets/sheet2.xml");
    let breaks: Vec<usize> = sales
        .split("<brk id=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().expect("a row").parse().expect("a number"))
        .collect();
    assert!(breaks.len() > 8, "{breaks:?}");
    assert!(breaks.windows(2).all(|pair| pair[0] < pair[1] && pair[1] - pair[0] < 60), "{breaks:?}");
    let rows = rows(&edition, "売上集計");
    // A break stands before the row of its number, counted from 0.
    for at in breaks {
        let is_heading = |at: usize| rows[at].iter().take(5).filter(|cell| matches!(cell, Data::String(_))).count() > 1;
        assert!(!is_heading(at) && !is_heading(at - 1) && rows[at][0] != *"合計", "row {at}: {:?}", rows[at]);
    }
    let short = part(&super::edition(&rich(), &files, Language::Ja), "xl/worksheets/sheet2.xml");
    assert!(!short.contains("<brk ") && short.contains("fitToPage"), "one page is fitted");
}

#[test]
fn dates_and_numbers_of_summary_and_changes_are_real() {
    let r = rich();
    let change = |item: &str, before: &str, after: &str| Change {
        item: item.to_owned(),
        before: Some(before.to_owned()),
        after: Some(after.to_owned()),
    };
    let cut = "count=1 gross=5,000 refunds=0 net=5,000";
    let changes = [change("sales.net", "1,961,500", "-2"), change("earlier.2026-10-20", cut, cut)];
    let with = Edition { changes: &changes, ..edition(&r, &[], Language::Ja) };
    let summary = rows(&with, "サマリー");
    let Data::DateTime(at) = &summary[6][1] else { panic!("{:?}", summary[6]) };
    let expected = f64::from(day("2026-11-22").number()) + 25_569.0 + 45_296.0 / 86_400.0;
    assert!((at.as_f64() - expected).abs() < 1e-9, "{at:?}");
    look("changes.xlsx", &workbook(&with).expect("written"));
    let changed = rows(&with, "変更点");
    assert_eq!((&changed[4][2], &changed[4][3]), (&Data::Float(1_961_500.0), &Data::Float(-2.0)));
    assert!(matches!(changed[5][1], Data::DateTime(_)) && matches!(changed[5][2], Data::String(_)), "{:?}", changed[5]);
    let behind = Freshness { is_behind: true, ..r.freshness };
    let behind = Reconciliation { freshness: behind, ..rich() };
    assert_eq!(
        rows(&edition(&behind, &[], Language::Ja), "サマリー")[6][1].to_string(),
        "2026-11-22 12:34:56 まで（以降は未着）"
    );
}

#[test]
fn the_count_of_later_departures_stands_under_the_counts() {
    let rows = rows(&edition(&rich(), &[], Language::Ja), "サマリー");
    let row = rows.iter().find(|row| row[7].to_string().starts_with("安全期限より後")).expect("the line");
    assert_eq!((row[8].to_string(), row[9].to_string()), ("4".to_owned(), String::new()));
}

/// The width of a column, from 1, in characters.
fn width(sheet: &str, column: usize) -> f64 {
    let (_, rest) = sheet.split_once(&format!("<col min=\"{column}\" ")).expect("a column");
    rest.split("width=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a width").parse().expect("a number")
}

#[test]
fn totals_of_sales_fit_whatever_they_come_to() {
    let mut r = rich();
    r.sales.by_day[0].1.gross = Yen::new(47_940_887_823);
    let sales = part(&edition(&r, &[], Language::Ja), "xl/worksheets/sheet2.xml");
    assert!(width(&sales, 3) > 17.0, "{}", width(&sales, 3));
    assert!(width(&sales, 4) < 17.5, "the usual width stays: {}", width(&sales, 4));
}

/// A row ends at 409 points: what does not fit is not printed.
#[test]
fn long_memos_and_many_orders_fit_their_row() {
    let mut r = rich();
    r.findings[0].note.text = "あいうえおかきくけこ".repeat(50);
    r.findings[1].note.text = "あいうえおかきくけこ".repeat(80);
    let orders: Vec<String> = (0..200).map(|n| format!("{:012}", 123_456_000 + n)).collect();
    r.findings[2].group.payments = (2..).zip(&orders).map(|(line, order)| payment(order, 1, line)).collect();
    let edition = edition(&r, &[], Language::Ja);
    look("memos.xlsx", &workbook(&edition).expect("written"));
    let sheet = part(&edition, "xl/worksheets/sheet3.xml");
    assert!(width(&sheet, 21) > 30.0 && width(&sheet, 7) > 30.0);
    let heights: Vec<f64> = sheet
        .split("ht=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().expect("a height").parse().expect("a number"))
        .collect();
    assert!(heights.iter().all(|height| *height < 404.0), "no row is cut: {heights:?}");
    let rows = rows(&edition, "要確認");
    assert_eq!(rows[6][6].to_string(), orders.join(", "));
    assert!(rows[6][21].to_string().starts_with("GMO取引集計_20261123.csv:2, 3, 4, "), "{}", rows[6][21]);
}

#[test]
fn long_names_end_before_the_middle_of_the_footer_and_are_whole_at_the_top() {
    let r = Reconciliation { shop_name: "富士山".repeat(20), ..rich() };
    let edition = edition(&r, &[], Language::En);
    look("names.xlsx", &workbook(&edition).expect("written"));
    let sheet = part(&edition, "xl/worksheets/sheet1.xml");
    assert!(sheet.contains(" 富士山富士山富士山富士山富… (9200000000001)"), "{}", sheet.len());
    assert!(
        sheet.contains("<row r=\"3\" spans=\"1:10\" ht=\"") || sheet.contains("<row r=\"3\" ht="),
        "the third row is higher"
    );
    assert!(rows(&edition, "Summary")[2][1].to_string().ends_with("(9200000000001)"));
}

#[test]
fn the_last_day_is_called_today() {
    let r = rich();
    let finding = r.findings.iter().find(|finding| finding.code == Code::CancelledNotRefunded).expect("one");
    let today = window("2025-11-24", "2026-11-23");
    let mut last = Finding { window: Some(today), ..finding.clone() };
    last.holdings.iter_mut().for_each(|holding| holding.window = today);
    last.group.booking.as_mut().expect("a booking").expected = Yen::ZERO;
    assert_eq!(
        next_step(Language::Ja, &last),
        "GMO管理画面で返品し、Bókunの予約に記録してください（期限 2026-11-23、本日まで）。"
    );
    assert!(next_step(Language::En, &last).contains("(by 2026-11-23, today is the last day)"));
}

/// A file's name stood in its own column and again before each line of what is wrong with it.
#[test]
fn the_proof_names_what_was_cleared_and_what_its_sums_come_from() {
    let mut r = empty();
    let key = "MZ1102481".to_owned();
    let id = finding_id(&r.shop, &key, Code::AmountMismatch);
    let (shop, first_seen) = (r.shop.clone(), day("2026-11-20"));
    let gone = FindingRecord {
        id: id.clone(),
        shop,
        code: Code::AmountMismatch,
        key,
        first_seen,
        cleared: None,
        note: Note::default(),
    };
    r.cleared = vec![gone];
    r.checks.push(Check { name: "findings".to_owned(), left: 4, right: 4, parts: vec![3, 2, 1] });
    let rows = rows(&edition(&r, &[], Language::Ja), "検算");
    let texts = |row: &Vec<Data>| row.iter().take(2).map(ToString::to_string).collect::<Vec<_>>();
    let shown: Vec<_> = rows.iter().map(texts).collect();
    assert!(shown.contains(&vec!["金額不一致　MZ1102481".to_owned(), id.to_string()]), "{shown:?}");
    assert!(shown.iter().any(|row| row[0] == "要確認: 期首 3＋発生 2－解消 1 = 期末 (findings)"), "{shown:?}");
}

#[test]
fn a_held_file_is_named_once() {
    let held = [HeldSummary {
        name: "c.csv".to_owned(),
        reason: "c.csv 2行目「利用金額」列：読めません。\nc.csv：以上です。".to_owned(),
    }];
    let r = rich();
    let rows = rows(&Edition { held: &held, ..edition(&r, &[], Language::Ja) }, "サマリー");
    let row = rows.iter().find(|row| row[0] == *"c.csv").expect("the file");
    assert_eq!(row[1].to_string(), "2行目「利用金額」列：読めません。\n以上です。");
}

/// The chart was cut where a long list of held files makes a second page.
#[test]
fn what_stands_above_a_long_list_stays_on_the_first_page() {
    let file = |n: usize| HeldSummary { name: format!("{n}.csv"), reason: "読めません。".to_owned() };
    let held: Vec<HeldSummary> = (0..30).map(file).collect();
    let r = rich();
    let with = Edition { held: &held, ..edition(&r, &[], Language::Ja) };
    look("held.xlsx", &workbook(&with).expect("written"));
    let first = rows(&with, "サマリー").iter().position(|row| row[0] == *"保留中のファイル" && row[1] == Data::Empty);
    let sheet = part(&with, "xl/worksheets/sheet1.xml");
    let first = first.expect("the list");
    assert!(sheet.contains("<brk id=\"") && !sheet.contains("fitToPage"), "{first}");
    let at: usize = sheet
        .split("<brk id=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a break")
        .parse()
        .expect("a number");
    assert!(at <= first && first - at < 3, "{at} {first}");
}
