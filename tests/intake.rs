//! Intake as a whole: files in every encoding and format → the same rows, or a held file with its reason.

#![expect(clippy::expect_used, reason = "helpers of tests, outside functions that clippy knows as tests")]

use proptest::prelude::*;
use rust_xlsxwriter::Workbook;
use std::path::Path;
use totsugo::domain::dates::Day;
use totsugo::domain::ids::ShopId;
use totsugo::domain::intake::{Fault, Kind, Normalised, Problem, Rows, Sought, reach};
use totsugo::locale::{Language, problems};
use totsugo::normalise::{Context, Examined, Layout, examine, normalise};

const SHOP: &str = "9200000000123";

fn layouts() -> Vec<Layout> {
    [
        ("gmo-torihiki-shukei.toml", include_str!("../templates/layouts/gmo-torihiki-shukei.toml")),
        ("bokun-bookings.toml", include_str!("../templates/layouts/bokun-bookings.toml")),
        ("bokun-payments.toml", include_str!("../templates/layouts/bokun-payments.toml")),
        ("totsugo-bookings.toml", include_str!("../templates/layouts/totsugo-bookings.toml")),
    ]
    .into_iter()
    .map(|(name, text)| Layout::parse(name, text).expect("a built-in layout"))
    .collect()
}

struct Desk {
    layouts: Vec<Layout>,
    shops: Vec<ShopId>,
    folder: Option<ShopId>,
    max_rejects: u32,
}

impl Desk {
    fn new() -> Self {
        let shops = vec![ShopId::new(SHOP), ShopId::new("tshop00000001")];
        Self { layouts: layouts(), shops, folder: None, max_rejects: 0 }
    }

    fn context(&self) -> Context<'_> {
        Context {
            layouts: &self.layouts,
            folder: self.folder.as_ref(),
            shops: &self.shops,
            max_rejects: self.max_rejects,
            latest: Day::new(2026, 12, 31).expect("a day"),
            is_late: &|| false,
        }
    }

    fn take(&self, bytes: &[u8]) -> Result<Normalised, Vec<Problem>> {
        let taken = normalise(bytes, "in.csv", &self.context());
        if let Ok(file) = &taken {
            assert_eq!(file.rows_read, accounted(file), "the proof does not balance");
        }
        taken
    }

    fn fault(&self, bytes: &[u8]) -> (Option<u32>, Fault) {
        let mut problems = self.take(bytes).expect_err("held");
        for problem in &problems {
            assert!(problems::problem(Language::Ja, "in.csv", problem).ends_with('。'));
            assert!(problems::problem(Language::En, "in.csv", problem).ends_with('.'));
        }
        let first = problems.remove(0);
        (first.place.line, first.fault)
    }
}

fn accounted(file: &Normalised) -> u64 {
    let accepted = match &file.rows {
        Rows::Payments(rows) => rows.len() as u64,
        Rows::Bookings(carts) => carts.iter().map(|cart| (cart.lines.len() + cart.repeated.len()) as u64).sum(),
        Rows::PaymentList(entries) => entries.len() as u64,
    };
    accepted + file.excluded.len() as u64 + file.rejected.len() as u64
}

/// A normalised file as text, one row a line.
fn shown(file: &Normalised) -> String {
    let mut out =
        format!("{} {} rows={} unknown={:?}\n", file.layout, file.encoding, file.rows_read, file.unknown_columns);
    match &file.rows {
        Rows::Payments(rows) => rows.iter().for_each(|row| out.push_str(&format!("{row:?}\n"))),
        Rows::Bookings(carts) => {
            for cart in carts {
                out.push_str(&format!("{} repeated={}\n", cart.cart, cart.repeated.len()));
                cart.lines.iter().for_each(|line| out.push_str(&format!("  {line:?}\n")));
            }
        }
        Rows::PaymentList(entries) => entries.iter().for_each(|entry| out.push_str(&format!("{entry:?}\n"))),
    }
    out.push_str(&format!("excluded={:?} rejected={:?}\n", file.excluded, file.rejected));
    out
}

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/intake").join(name)).expect("a golden file")
}

#[test]
fn samples_give_their_expected_rows() {
    for name in ["gmo", "bokun-bookings", "bokun-payments", "totsugo-bookings"] {
        let file = Desk::new().take(&golden(&format!("{name}.csv"))).expect("taken");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/intake").join(format!("{name}.expected"));
        let shown = shown(&file);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &shown).expect("writes");
        }
        assert_eq!(shown, std::fs::read_to_string(&path).expect("an expected result"), "{name}");
    }
}

/// What becomes of a golden case: its rows, or the sentences it is held with in both languages.
fn told(name: &str, bytes: &[u8]) -> String {
    let mut out = format!("== {name}\n");
    match Desk::new().take(bytes) {
        Ok(file) => {
            let columns = [("unknown", &file.unknown_columns), ("dropped", &file.dropped_columns)];
            out.push_str(&format!("taken: {}, {}, {} rows", file.layout, file.encoding, file.rows_read));
            for (what, headings) in columns.into_iter().filter(|(_, headings)| !headings.is_empty()) {
                out.push_str(&format!(", {what}: {}", headings.join(" | ")));
            }
            if file.hidden_rows > 0 {
                out.push_str(&format!(", {} hidden", file.hidden_rows));
            }
            out.push('\n');
            match &file.rows {
                Rows::Payments(rows) => rows.iter().for_each(|row| {
                    let o = &row.observation;
                    let long: String = o.booking_ref.chars().take(40).collect();
                    out.push_str(&format!(
                        "  {}: {} {} {:?} {} {} [{}] [{long}]\n",
                        o.source.line, row.shop, row.order_id, o.status, o.at, o.amount, o.method
                    ));
                }),
                Rows::Bookings(carts) => carts.iter().for_each(|cart| {
                    cart.lines.iter().for_each(|line| {
                        out.push_str(&format!(
                            "  {}: {} {} {:?} {:?} {} {:?}\n",
                            line.source.line,
                            cart.cart,
                            line.product_code,
                            line.status,
                            line.payment_status,
                            line.created_at,
                            line.total
                        ));
                    });
                }),
                Rows::PaymentList(entries) => entries.iter().for_each(|entry| {
                    out.push_str(&format!("  {}: {} {} {:?}\n", entry.source.line, entry.cart, entry.at, entry.amount));
                }),
            }
            file.excluded.iter().for_each(|(line, rule)| out.push_str(&format!("  {line}: excluded {rule}\n")));
        }
        Err(problems) => {
            out.push_str("held\n");
            for problem in &problems {
                for language in [Language::Ja, Language::En] {
                    out.push_str(&format!("  {}\n", problems::problem(language, name, problem)));
                }
            }
        }
    }
    out
}

/// `tests/golden/intake/cases`: one file for each way that FAULTS D, P and N name, and `cases.expected` with what becomes
/// of it. Each ID has a case; of P20 there is no file, as no file makes the program fail.
#[test]
fn every_golden_case_gives_its_rows_or_its_reason() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/intake");
    let mut cases: Vec<String> = std::fs::read_dir(folder.join("cases"))
        .expect("the cases")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    cases.sort();
    let ids =
        [('d', 8), ('p', 19), ('n', 18)].into_iter().flat_map(|(section, last)| (1..=last).map(move |n| (section, n)));
    for (section, number) in ids {
        let id = format!("{section}{number:02}-");
        assert!(cases.iter().any(|name| name.starts_with(&id)), "no case {id}");
    }
    let found: String =
        cases.iter().map(|name| told(name, &golden(&format!("cases/{name}")))).collect::<Vec<_>>().join("\n");
    let expected = folder.join("cases.expected");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&expected, &found).expect("writes");
    }
    let expected = std::fs::read_to_string(&expected).expect("what is expected");
    for (found, expected) in found.split("\n\n").zip(expected.split("\n\n")) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len(), "as many cases as are expected");
}

/// The golden 取引集計 as text.
fn sample() -> String {
    encoding_rs::SHIFT_JIS
        .decode_without_bom_handling_and_without_replacement(&golden("gmo.csv"))
        .expect("CP932")
        .into_owned()
}

#[test]
fn d01_d04_one_table_gives_the_same_rows_in_every_form() {
    let text = sample();
    let wide = |bom: [u8; 2], unit: fn(u16) -> [u8; 2], text: &str| -> Vec<u8> {
        bom.into_iter().chain(text.encode_utf16().flat_map(unit)).collect()
    };
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    for (row, record) in reader.records().enumerate() {
        for (column, field) in record.expect("a record").iter().enumerate() {
            sheet.write_string(row as u32, column as u16, field).expect("writes");
        }
    }
    let forms = [
        ("CP932", golden("gmo.csv")),
        ("CP932", [golden("gmo.csv").as_slice(), b"\x1A"].concat()),
        ("UTF-8", text.clone().into_bytes()),
        ("UTF-8", format!("\u{feff}{text}").into_bytes()),
        ("UTF-8", text.replace("\r\n", "\n").into_bytes()),
        ("UTF-16LE", wide([0xFF, 0xFE], u16::to_le_bytes, &text)),
        ("UTF-16BE", wide([0xFE, 0xFF], u16::to_be_bytes, &text)),
        ("XLSX", book.save_to_buffer().expect("saves")),
    ];
    let desk = Desk::new();
    let wanted = desk.take(&forms[0].1).expect("taken");
    for (encoding, bytes) in forms {
        let file = desk.take(&bytes).expect("taken");
        assert_eq!((file.encoding, &file.rows), (encoding, &wanted.rows));
    }
}

#[test]
fn n18_secret_columns_reach_nothing() {
    let file = Desk::new().take(&golden("gmo.csv")).expect("taken");
    assert!(!format!("{file:?}").contains("secret"));
    assert!(file.unknown_columns.is_empty());
}

const HEADING: &str = "ショップID,オーダーID,取引状態,処理日時,利用金額,税送料,決済方法,加盟店自由項目1";

/// A UTF-8 取引集計 of these rows.
fn gmo(rows: &[&str]) -> Vec<u8> {
    let mut text = format!("{HEADING}\r\n");
    rows.iter().for_each(|row| text.push_str(&format!("{row}\r\n")));
    text.into_bytes()
}

/// A good row with one field replaced.
fn with(column: usize, value: &str) -> String {
    let mut fields = [SHOP, "A-1", "即時売上", "2026/11/01 09:05:07", "12000", "0", "クレジットカード", "1102481"]
        .map(str::to_owned);
    fields[column] = value.to_owned();
    fields.join(",")
}

#[test]
fn rows_that_cannot_be_normalised_are_rejected_with_their_fault() {
    let mut desk = Desk::new();
    let amount = |found: &str| Fault::Amount { found: found.to_owned(), kind: Kind::Payments };
    let id = |found: &str| Fault::Identifier { found: found.to_owned(), expected: "[-0-9A-Za-z]{1,27}" };
    let odd = |found: &str| Fault::ImplausibleDate { found: found.to_owned() };
    let cases = [
        (4, "-1234", amount("-1234")),
        (4, "△1234", amount("△1234")),
        (4, "(1234)", amount("(1234)")),
        (4, "1234.5", amount("1234.5")),
        (4, "1.1E+06", amount("1.1E+06")),
        (4, "10000000000", amount("10000000000")),
        (4, "", Fault::Blank),
        (4, "NULL", amount("NULL")),
        (5, "x", amount("x")),
        (5, "9999999999", amount("10,000,011,999")),
        (1, "A B", id("A B")),
        (1, "A_1", id("A_1")),
        (1, "1234567890123456789012345678", id("1234567890123456789012345678")),
        (1, "", Fault::Blank),
        (0, "", Fault::Blank),
        (2, "", Fault::Blank),
        (3, "", Fault::Blank),
        (3, "2009/12/31 23:59:59", odd("2009/12/31 23:59:59")),
        (3, "2027/01/01 00:00:00", odd("2027/01/01 00:00:00")),
    ];
    for (column, value, fault) in cases {
        let file = gmo(&[&with(column, value), &with(1, "B-2")]);
        desk.max_rejects = 0;
        assert_eq!(desk.fault(&file), (Some(2), fault.clone()), "n05-n16 {value}");
        desk.max_rejects = 1;
        let taken = desk.take(&file).expect("taken");
        assert_eq!(taken.rejected.len(), 1, "{value}");
        assert_eq!(taken.rejected[0].fault, fault);
    }
    desk.max_rejects = 0;
    for date in ["R8.11.1", "26/11/01", "01/11/2026", "2026/11/01 24:00:00", "2026-11-01T09:05:07 JST"] {
        assert!(matches!(desk.fault(&gmo(&[&with(3, date)])).1, Fault::Date { .. }), "n06_n15 {date}");
    }
}

#[test]
fn too_many_rejects_hold_the_file_and_say_which() {
    let rows: Vec<String> = (0..80).map(|_| with(4, "x")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let problems = Desk::new().take(&gmo(&rows)).expect_err("held");
    assert_eq!(problems.len(), 51);
    assert_eq!(problems[50].fault, Fault::TooManyRejects { found: 80, limit: 0 });
}

#[test]
fn n01_n02_damaged_identifiers_hold_the_file_whatever_is_tolerated() {
    let mut desk = Desk::new();
    desk.max_rejects = 100;
    for (column, value) in
        [(0, "9.2E+12"), (1, "1.10248E+06"), (7, "1.10248E+06"), (1, "1月2日"), (1, "Jan-02"), (7, "2026年1月2日")]
    {
        let fault = Fault::DamagedIdentifier { found: value.to_owned() };
        assert_eq!(desk.fault(&gmo(&[&with(column, value)])), (Some(2), fault), "{value}");
    }
    assert!(desk.take(&gmo(&[&with(1, "12E5")])).is_ok());
    for written in ["予約 MZ1102481", "", "５月分"] {
        assert!(desk.take(&gmo(&[&with(7, written)])).is_ok(), "n13 {written}");
    }
}

#[test]
fn n04_n17_columns_of_rounded_or_card_numbers_hold_the_file() {
    let rows = |make: &dyn Fn(usize) -> String| -> Vec<u8> {
        let rows: Vec<String> = (0..9).map(make).collect();
        gmo(&rows.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let rounded = rows(&|n| with(1, &format!("20261101{n:07}000")));
    assert!(matches!(Desk::new().fault(&rounded).1, Fault::DamagedIdentifier { .. }));
    assert!(Desk::new().take(&rows(&|n| with(1, &format!("20261101{n:07}123")))).is_ok());
    assert!(Desk::new().take(&rows(&|n| with(1, &format!("20261101{n}")))).is_ok(), "too short to have lost digits");
    assert_eq!(Desk::new().fault(&rows(&|_| with(7, "4111111111111111"))), (None, Fault::CardNumbers));
}

/// Below eight long IDs in a file nothing was seen: two payments that Excel had rounded to one ID became one.
#[test]
fn n04_rounded_order_ids_hold_a_file_of_any_size() {
    let taken = |ids: &[String]| {
        let rows: Vec<String> = ids.iter().map(|id| with(1, id)).collect();
        let taken = Desk::new().take(&gmo(&rows.iter().map(String::as_str).collect::<Vec<_>>()));
        taken.err().map(|mut problems| problems.remove(0).fault)
    };
    // Of 18 digits each: a rounded one ends in three zeros, which a thousandth of all do anyway.
    for (rounded, others, is_held) in [
        (1, 0, false),
        (2, 0, true),
        (5, 0, true),
        (7, 0, true),
        (8, 0, true),
        (4, 4, false),
        (5, 4, true),
        (1, 9, false),
    ] {
        let id = |n: usize| format!("20261101{n:07}{}", if n < rounded { "000" } else { "123" });
        let ids: Vec<String> = (0..rounded + others).map(id).collect();
        let fault = is_held.then(|| Fault::DamagedIdentifier { found: id(0) });
        assert_eq!(taken(&ids), fault, "{rounded} and {others}");
    }
    // One zero: a tenth of all IDs end so.
    for (rounded, others, is_held) in [(5, 0, false), (6, 0, true), (7, 1, true), (7, 2, false), (16, 15, true)] {
        let id = |n: usize| format!("12345678901{n:04}{}", if n < rounded { 0 } else { 1 });
        assert_eq!(taken(&(0..rounded + others).map(id).collect::<Vec<_>>()).is_some(), is_held, "{rounded}, {others}");
    }
    assert!(taken(&["123456789012345000000".to_owned()]).is_some(), "six zeros of one ID are as rare as three of two");
    // Two payments that became one ID differ in column H; rows of one payment do not.
    let rounded = with(1, "123456789012345000");
    let other = rounded.replace("1102481", "1102482");
    assert!(matches!(Desk::new().fault(&gmo(&[&rounded, &other])).1, Fault::DamagedIdentifier { .. }));
    assert!(Desk::new().take(&gmo(&[&rounded, &rounded.replace("即時売上", "取消")])).is_ok());
}

#[test]
fn n17_six_card_numbers_that_are_most_of_a_column_hold_the_file() {
    for (cards, others, is_held) in [(5, 0, false), (6, 0, true), (6, 5, true), (6, 6, false), (7, 6, true)] {
        let references = [vec!["4111111111111111"; cards], vec!["1102481"; others]].concat();
        let rows: Vec<String> = references.iter().map(|reference| with(7, reference)).collect();
        let taken = Desk::new().take(&gmo(&rows.iter().map(String::as_str).collect::<Vec<_>>()));
        let problems = taken.err().unwrap_or_default();
        assert_eq!(problems.iter().any(|one| one.fault == Fault::CardNumbers), is_held, "{cards} and {others}");
    }
}

#[test]
fn an_examined_file_tells_what_was_found_out_before_anything_went_wrong() {
    let mut desk = Desk::new();
    let shown = |id: &str| -> Vec<(String, String)> {
        HEADING.split(',').map(str::to_owned).zip(with(1, id).split(',').map(str::to_owned)).collect()
    };
    let file = |ids: &[&str]| {
        let rows: String = ids.iter().map(|id| format!("{},memo,secret\n", with(1, id))).collect();
        format!("{HEADING},余分,取引パスワード\n{rows}").into_bytes()
    };
    let expected = Examined {
        layout: Some("gmo-torihiki-shukei".to_owned()),
        encoding: Some("UTF-8"),
        columns: HEADING.split(',').map(str::to_owned).collect(),
        unknown_columns: vec!["余分".to_owned()],
        dropped_columns: vec!["取引パスワード".to_owned()],
        rows: 4,
        first: ["A-1", "A-2", "A-3"].map(shown).into(),
        accepted: true,
        ..Examined::default()
    };
    let good = file(&["A-1", "A-2", "A-3", "A-4"]);
    assert_eq!(examine(&good, "in.csv", &desk.context()), expected);
    let damaged = examine(&file(&["A-1", "9.2E+12", "A-3"]), "in.csv", &desk.context());
    assert_eq!((damaged.rows, damaged.accepted, damaged.first.len()), (2, false, 2));
    assert!(matches!(damaged.problems[0].fault, Fault::DamagedIdentifier { .. }));
    let tolerated = |desk: &Desk| {
        let examined = examine(&file(&["A-1", ""]), "in.csv", &desk.context());
        (examined.accepted, examined.problems[0].fault.clone())
    };
    assert_eq!(tolerated(&desk), (false, Fault::Blank));
    desk.max_rejects = 1;
    assert_eq!(tolerated(&desk), (true, Fault::Blank));
    desk.folder = Some(ShopId::new("nobody"));
    let examined = examine(&good, "in.csv", &desk.context());
    let unknown = Fault::UnknownShop { found: "nobody".to_owned() };
    assert_eq!((examined.layout, &examined.problems[0].fault), (None, &unknown));
}

#[test]
fn the_shop_follows_from_row_and_folder() {
    let mut desk = Desk::new();
    let without = format!("{}\n{}\n", &HEADING["ショップID,".len()..], &with(0, "")[1..]);
    assert_eq!(desk.fault(without.as_bytes()), (None, Fault::NoShop));
    assert!(matches!(desk.fault(&gmo(&[&with(0, "9999")])).1, Fault::UnknownShop { .. }));
    assert!(desk.take(&gmo(&[&with(0, "９２００００００００１２３")])).is_ok());
    desk.folder = Some(ShopId::new("tshop00000001"));
    assert!(desk.take(without.as_bytes()).is_ok());
    let other = Fault::OtherShop { found: SHOP.to_owned(), folder: "tshop00000001".to_owned() };
    assert_eq!(desk.fault(&gmo(&[&with(1, "A")])), (Some(2), other));
    desk.folder = Some(ShopId::new(SHOP));
    assert!(desk.take(&gmo(&[&with(1, "A")])).is_ok());
    desk.folder = Some(ShopId::new("nobody"));
    assert!(matches!(desk.fault(&gmo(&[])).1, Fault::UnknownShop { .. }));
}

#[test]
fn p03_p04_headings_by_alias_in_any_order_or_held() {
    let desk = Desk::new();
    let row = with(1, "A-1");
    let renamed = "ｼｮｯﾌﾟＩＤ,注文ID, 取引 状態,TranDate,AMOUNT,税・送料,決済方法,加盟店事由項目１,余分";
    let file = desk.take(format!("{renamed}\n{row},x\n").as_bytes()).expect("taken");
    assert_eq!(file.unknown_columns, ["余分"]);
    assert_eq!(file.rows, desk.take(&gmo(&[&row])).expect("taken").rows);
    let reversed = |line: &str| line.split(',').rev().collect::<Vec<_>>().join(",");
    let file = desk.take(format!("{}\n{}\n", reversed(HEADING), reversed(&row)).as_bytes()).expect("taken");
    assert_eq!(file.rows, desk.take(&gmo(&[&row])).expect("taken").rows);
    // The canonical heading wins over an alias beside it; two aliases without it are unclear.
    assert!(desk.take(format!("{HEADING},支払方法\n{row},一括\n").as_bytes()).is_ok());
    let doubled = HEADING.replace("決済方法", "支払方法");
    let (_, fault) = desk.fault(format!("{doubled},決済手段\n{row},一括\n").as_bytes());
    assert_eq!(fault, Fault::DuplicateColumn { heading: "決済方法".to_owned() });
    let (_, fault) = desk.fault(format!("{HEADING},オーダーＩＤ\n{row},x\n").as_bytes());
    assert_eq!(fault, Fault::DuplicateColumn { heading: "オーダーID".to_owned() });
    let (_, fault) = desk.fault(format!("{}\n{row}\n", HEADING.replace("利用金額", "お金")).as_bytes());
    let Fault::NoLayout { nearest, missing, found, similar } = fault else { panic!("{fault:?}") };
    assert!(similar.is_empty(), "nothing is like it: {similar:?}");
    // Heading drift: the nearest heading is named beside the one that is missing.
    let drifted = HEADING.replace("利用金額", "ご利用金額").replace("オーダーID", "オーダー番号ID");
    let (_, drift) = desk.fault(format!("{drifted}\n{row}\n").as_bytes());
    let Fault::NoLayout { similar, .. } = drift else { panic!("{drift:?}") };
    let pair = |missing: &str, found: &str| (missing.to_owned(), found.to_owned());
    assert_eq!(*similar, [pair("オーダーID", "オーダー番号ID"), pair("利用金額", "ご利用金額")]);
    // Of the eight signs of 加盟店自由項目1 fewer than half may differ.
    for (heading, expected) in [("加盟店自由メモ欄1", Some("加盟店自由メモ欄1")), ("加盟店の備考欄1", None)]
    {
        let (_, drift) = desk.fault(format!("{}\n{row}\n", HEADING.replace("加盟店自由項目1", heading)).as_bytes());
        let Fault::NoLayout { similar, .. } = drift else { panic!("{drift:?}") };
        assert_eq!(similar.first().map(|(_, found)| found.as_str()), expected);
    }
    assert_eq!((nearest.as_str(), missing), ("gmo-torihiki-shukei", vec!["利用金額".to_owned()]));
    assert!(found.contains(&"お金".to_owned()));
    for (no_heading, name) in [(row.clone(), "p05"), ("取引番号,取引ステータス,取引日時,取引金額".to_owned(), "PayPay")]
    {
        assert!(
            matches!(
                desk.fault(format!("{no_heading}\n{no_heading}\n").as_bytes()).1,
                Fault::NoHeading(_) | Fault::NoLayout { .. }
            ),
            "{name}"
        );
    }
}

#[test]
fn d05_p06_p07_headings_and_totals() {
    let desk = Desk::new();
    let (one, two) = (with(1, "A-1"), with(1, "A-2"));
    assert_eq!(desk.fault(&gmo(&[&one, HEADING, &two])), (Some(3), Fault::HeadingRepeated));
    assert_eq!(desk.take(&gmo(&[])).expect("taken").rows_read, 0);
    let total = |yen: &str| format!("合計,,,,\"{yen}\",0,,");
    let file = desk.take(&gmo(&[&one, "", &two, ",,,,,,,", &total("24,000")])).expect("taken");
    assert_eq!((file.rows_read, file.excluded), (3, vec![(6, "total_row".to_owned())]));
    let differs = Fault::TotalDiffers { stated: 24_000.into_yen(), calculated: 12_000.into_yen() };
    assert_eq!(desk.fault(&gmo(&[&one, &total("24,000")])), (Some(3), differs));
    assert_eq!(desk.fault(&gmo(&[&one, &total("")])), (Some(3), Fault::Blank));
    let taxed = |total: &str| desk.take(&gmo(&[&with(5, "500"), total])).is_ok();
    assert!(taxed("合計,,,,12000,500,,") && !taxed("合計,,,,12000,,,") && !taxed("合計,,,,12500,500,,"));
    let titled = ["取引集計\r\n期間,2026/11\r\n\r\n".as_bytes(), &gmo(&[&one])].concat();
    assert_eq!(desk.take(&titled).expect("taken").rows_read, 1);
}

/// Yen out of a literal.
trait IntoYen {
    fn into_yen(self) -> totsugo::domain::money::Yen;
}

impl IntoYen for i64 {
    fn into_yen(self) -> totsugo::domain::money::Yen {
        totsugo::domain::money::Yen::new(self)
    }
}

#[test]
fn a_bookings_file_reaches_to_its_newest_creation_date() {
    let file = Desk::new().take(&golden("bokun-bookings.csv")).expect("taken");
    let Rows::Bookings(carts) = &file.rows else { panic!("bookings") };
    assert_eq!(reach(carts).map(|reach| reach.to_string()).as_deref(), Some("2026-11-02 00:00:00"));
    assert_eq!(reach(&[]), None);
}

#[test]
fn n12_bookings_hold_on_unknown_words_and_contradictions() {
    let desk = Desk::new();
    let text = String::from_utf8(golden("bokun-bookings.csv")).expect("UTF-8");
    let fault = |from: &str, to: &str| desk.fault(text.replacen(from, to, 1).as_bytes());
    assert!(matches!(fault("CONFIRMED", "MAYBE"), (Some(2), Fault::UnknownWord { .. })));
    assert!(matches!(fault("PAID_IN_FULL", "?"), (Some(2), Fault::UnknownWord { .. })));
    let code = "REY-T9091666".to_owned();
    assert_eq!(fault("Lunch,,29.0", "Lunch,,30.0"), (Some(5), Fault::ContradictoryLine { code }));
    assert_eq!(fault(",MZ1102481,", ",,"), (Some(2), Fault::Blank));
    assert_eq!(
        fault("12000.0", "12000.5"),
        (Some(2), Fault::Amount { found: "12000.5".to_owned(), kind: Kind::Bookings })
    );
    assert!(matches!(fault("01.11.2026 08:59", "11/01/2026"), (Some(2), Fault::Date { .. })));
    assert!(matches!(fault("MZ1102481", "1.10248E+06"), (Some(2), Fault::DamagedIdentifier { .. })));
}

#[test]
fn a_line_that_stands_twice_is_known_again_in_a_cart_of_any_length() {
    let heading = "cart_code;product_code;status;payment_status;created_at;total;currency\n";
    let line = |number: i64, yen| format!("MZ1;MZ-T{number};CONFIRMED;PAID_IN_FULL;2026-11-01;{yen};JPY\n");
    let uncoded = "MZ1;;CONFIRMED;PAID_IN_FULL;2026-11-01;7;JPY\n";
    for count in [1, 2, 15, 16, 17, 40] {
        let lines: String = (0..count).map(|number| line(number, 1_000)).collect();
        // A line without a code is never known again, and hides none of the others.
        for (between, more) in [("", 0), (uncoded, 1)] {
            let twice = format!("{heading}{lines}{between}{lines}");
            let taken = Desk::new().take(twice.as_bytes()).expect("taken");
            let Rows::Bookings(carts) = taken.rows else { panic!("bookings") };
            let [cart] = carts.as_slice() else { panic!("one cart") };
            assert_eq!(
                (cart.lines.len(), cart.repeated.len()),
                (count as usize + more, count as usize),
                "{count}, {more}"
            );
        }
        for number in [0, count - 1] {
            let fault = Fault::ContradictoryLine { code: format!("MZ-T{number}") };
            let changed = format!("{heading}{lines}{}", line(number, 2_000));
            assert_eq!(Desk::new().fault(changed.as_bytes()).1, fault, "{count} lines");
        }
    }
}

#[test]
fn r14_currencies_are_iso_codes_and_foreign_prices_are_numbers_of_their_kind_of_file() {
    let booking = |total: &str, currency: &str| {
        format!(
            "cart_code;status;payment_status;created_at;total;currency\nMZ1;CONFIRMED;PAID_IN_FULL;2026-11-01;{total};{currency}\n"
        )
    };
    let paid = |total: &str, currency: &str| {
        format!(
            "Booking reference,Payment type,Transaction date,Amount,Currency\nMZ1,Cash,2026-11-01,{total},{currency}\n"
        )
    };
    let desk = Desk::new();
    for currency in ["US", "USDX", "U2D", "ドル"] {
        let expected = Fault::Identifier { found: currency.to_owned(), expected: "ISO 4217 (JPY)" };
        assert_eq!(desk.fault(booking("29", currency).as_bytes()).1, expected);
        assert_eq!(desk.fault(paid("29", currency).as_bytes()).1, expected);
    }
    for (total, in_bookings, in_payments) in
        [("29.95", true, true), ("-29.95", false, true), ("about 29", false, false)]
    {
        for (text, kind, is_taken) in
            [(booking(total, "usd"), Kind::Bookings, in_bookings), (paid(total, "usd"), Kind::PaymentList, in_payments)]
        {
            let fault = desk.take(text.as_bytes()).err().map(|mut problems| problems.remove(0).fault);
            assert_eq!(fault, (!is_taken).then(|| Fault::Amount { found: total.to_owned(), kind }), "{text}");
        }
    }
}

#[test]
fn p14_p16_p18_workbooks_with_typed_cells() {
    let headings: Vec<&str> = HEADING.split(',').collect();
    let make = |sheets: usize, order: &dyn Fn(&mut rust_xlsxwriter::Worksheet)| {
        let mut book = Workbook::new();
        book.add_worksheet().write_string(0, 0, "表紙").expect("writes");
        for _ in 0..sheets {
            let sheet = book.add_worksheet();
            for (column, heading) in headings.iter().enumerate() {
                sheet.write_string(0, column as u16, *heading).expect("writes");
            }
            for (column, value) in with(1, "A-1").split(',').enumerate() {
                sheet.write_string(1, column as u16, value).expect("writes");
            }
            let format = rust_xlsxwriter::Format::new().set_num_format("yyyy/m/d h:mm");
            let at = rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 11, 1)
                .and_then(|day| day.and_hms(9, 5, 7))
                .expect("a date");
            sheet.write_datetime_with_format(1, 3, &at, &format).expect("writes");
            sheet.write_number(1, 0, 9_200_000_000_123_f64).expect("writes");
            sheet.write_number(1, 4, 12_000).expect("writes");
            sheet.write_number(1, 7, 1_102_481).expect("writes");
            order(sheet);
        }
        book.save_to_buffer().expect("saves")
    };
    let desk = Desk::new();
    let file = desk.take(&make(1, &|_| ())).expect("taken");
    assert_eq!(file.rows, desk.take(&gmo(&[&with(1, "A-1")])).expect("taken").rows);
    let names = vec!["Sheet2".to_owned(), "Sheet3".to_owned()];
    assert_eq!(desk.fault(&make(2, &|_| ())), (None, Fault::SeveralSheets { names }));
    let number = |column: u16, value: f64| {
        make(1, &|sheet| {
            sheet.write_number(1, column, value).expect("writes");
        })
    };
    assert!(matches!(desk.fault(&number(1, 1e15)).1, Fault::DamagedIdentifier { .. }), "n04");
    assert!(matches!(desk.fault(&number(3, 46_327.5)).1, Fault::Date { .. }), "p18");
    assert!(matches!(desk.fault(&number(4, 0.5)).1, Fault::Amount { .. }), "n09");
    assert!(matches!(desk.fault(&number(4, -5.0)).1, Fault::Amount { .. }), "n08");
    let beyond = make(1, &|sheet| {
        sheet.write_string(1, 9, "memo").expect("writes");
    });
    assert_eq!(desk.fault(&beyond).1, Fault::FieldCount { expected: 8, found: 10 }, "p02");
}

#[test]
fn a_broken_layout_names_file_and_line() {
    let text = include_str!("../templates/layouts/gmo-torihiki-shukei.toml");
    let message =
        |from: &str, to: &str| Layout::parse("my.toml", &text.replacen(from, to, 1)).expect_err("broken").to_string();
    assert!(message("kind = \"payments\"", "kind = \"x\"").starts_with("my.toml:3: unknown kind `x`"));
    assert!(message("\"CP932\"", "\"EUC-JP\"").starts_with("my.toml:4: unknown encoding"));
    assert!(message("yyyyMMdd\"", "yyMMdd\"").contains("date form"));
    assert!(message("field = \"tax\"", "field = \"cart\"").contains("does not belong"));
    assert!(message("field = \"tax\"", "colour = 1").contains("colour"));
    assert!(message("heading = \"税送料\"", "heading = \"ｵｰﾀﾞｰID\"").contains("stands twice"));
    assert!(message("field = \"tax\"", "field = \"product_code\"").contains("field `product_code` does not belong"));
    let optional = message("aliases = [\"金額\", \"Amount\"]\nrequired = true", "aliases = [\"金額\"]");
    assert!(optional.contains("field `amount` needs a required column"), "{optional}");
    let bookings = include_str!("../templates/layouts/bokun-bookings.toml");
    let totals = Layout::parse("my.toml", &format!("{bookings}\n[total_row]\nlabels = [\"合計\"]\n"));
    assert!(totals.expect_err("broken").message.contains("no total row"));
}

/// A layout whose date forms give different days for one value guessed by their order.
#[test]
fn n06_a_date_that_two_forms_read_as_different_days_holds_the_file() {
    let text = include_str!("../templates/layouts/gmo-torihiki-shukei.toml");
    let (before, after) = text.split_once("date_forms = [").expect("its date forms");
    let (_, after) = after.split_once(']').expect("their end");
    let mut desk = Desk::new();
    desk.max_rejects = 100;
    for (forms, sound, ambiguous) in [
        ("\"MM/dd/yyyy\", \"dd/MM/yyyy\"", "25/11/2026", "05/11/2026"),
        ("\"dd/MM/yyyy\", \"MM/dd/yyyy\"", "05/05/2026", "11/12/2026"),
    ] {
        let layout = Layout::parse("gmo.toml", &format!("{before}date_forms = [{forms}]{after}")).expect("a layout");
        desk.layouts = vec![layout];
        let taken = desk.take(&gmo(&[&with(3, sound)]));
        assert!(taken.is_ok_and(|file| file.rejected.is_empty()), "{sound} by {forms}");
        let problems = desk.take(&gmo(&[&with(3, sound), &with(3, ambiguous)])).expect_err("held");
        let told = problems::problem(Language::En, "in.csv", &problems[0]);
        for part in ["line 3, column \"処理日時\"", ambiguous, "MM/dd/yyyy", "dd/MM/yyyy", "date_forms"] {
            assert!(told.contains(part), "{part} in {told}");
        }
    }
}

#[test]
fn k10_a_layout_that_cannot_mean_what_it_says_is_an_error() {
    let text = include_str!("../templates/layouts/gmo-torihiki-shukei.toml");
    let bookings = include_str!("../templates/layouts/bokun-bookings.toml");
    let line_of = |text: &str, part: &str| text.lines().position(|line| line.contains(part)).map_or(0, |at| at + 1);
    for (base, from, to, place, needle) in [
        (text, "\"Tax\"]", "\"amount\"]", "\"amount\"]", "`amount` stands for two columns"),
        (text, "\"Tax\"]", "\" \u{3000}\"]", "\u{3000}\"]", "blank"),
        (bookings, "\"CONFIRMED\"", "\"CONFIRMD\"", "CONFIRMD", "unknown word `CONFIRMD`; known: CONFIRMED"),
        (bookings, "\"日本円\" = \"JPY\"", "\"日本円\" = \"yen!\"", "yen!", "unknown word `yen!`"),
        (bookings, "[words.currency]", "[words.created_at]", "\"円\" =", "`created_at` takes no words"),
        (bookings, "\"保留中\" = ", "\"ｷｬﾝｾﾙ\" = ", "\"ｷｬﾝｾﾙ\"", "two values"),
        (bookings, "\"確定\" = \"CONFIRMED\"", "\"pending\" = \"CONFIRMED\"", "\"pending\"", "`pending` means PENDING"),
    ] {
        assert!(base.contains(from), "{from}");
        let broken = base.replacen(from, to, 1);
        let error = Layout::parse("my.toml", &broken).expect_err(needle);
        assert!(error.message.contains(needle), "{needle}: {error}");
        assert_eq!(error.line, line_of(&broken, place), "{error}");
    }
    let gmo_words = Layout::parse("my.toml", &format!("{text}\n[words.status]\n\"売上\" = \"即時売上\"\n"));
    assert!(gmo_words.expect_err("without effect").message.contains("`status` takes no words"));
    for key in ["encodings", "date_forms"] {
        let (before, after) = text.split_once(&format!("\n{key} = [")).expect("the key");
        let (_, after) = after.split_once(']').expect("its end");
        let error = Layout::parse("my.toml", &format!("{before}\n{key} = []{after}")).expect_err(key);
        assert!(error.message.contains(&format!("`{key}` is empty")), "{error}");
        assert_eq!(error.line, line_of(text, &format!("{key} =")), "{error}");
    }
}

#[test]
fn a_layout_takes_the_encodings_that_it_names() {
    let text = include_str!("../templates/layouts/gmo-torihiki-shukei.toml");
    let utf16 =
        |unit: fn(u16) -> [u8; 2]| "\u{feff}".encode_utf16().chain(sample().encode_utf16()).flat_map(unit).collect();
    let files: [(&str, Vec<u8>); 4] = [
        ("CP932", golden("gmo.csv")),
        ("UTF-8", sample().into_bytes()),
        ("UTF-16LE", utf16(u16::to_le_bytes)),
        ("UTF-16BE", utf16(u16::to_be_bytes)),
    ];
    for (named, taken) in [("CP932", &["CP932"][..]), ("UTF-8", &["UTF-8"]), ("UTF-16", &["UTF-16LE", "UTF-16BE"])] {
        let written = text.replace("[\"CP932\", \"UTF-8\", \"UTF-16\", \"XLSX\"]", &format!("[\"{named}\"]"));
        let desk = Desk { layouts: vec![Layout::parse("my.toml", &written).expect("a layout")], ..Desk::new() };
        for (encoding, bytes) in &files {
            if taken.contains(encoding) {
                assert!(desk.take(bytes).is_ok(), "{named} {encoding}");
            } else {
                let Fault::NoLayout { missing, .. } = desk.fault(bytes).1 else { panic!("{named} {encoding}") };
                assert_eq!(missing, [*encoding], "{named}");
            }
        }
    }
}

/// A 取引集計 with quotes, and its rows.
fn quoted() -> (Vec<u8>, Rows) {
    let rows: Vec<String> = (0..6).map(|n| with(1, &format!("A-{n}")).replace("12000", "\"12,000\"")).collect();
    let file = gmo(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let rows = Desk::new().take(&file).expect("taken").rows;
    (file, rows)
}

#[test]
fn p01_one_quote_more_anywhere_never_changes_the_rows() {
    let (file, rows) = quoted();
    let desk = Desk::new();
    for at in 0..=file.len() {
        let mut mutant = file.clone();
        mutant.insert(at, b'"');
        if let Ok(taken) = desk.take(&mutant) {
            assert_eq!(taken.rows, rows, "quote at {at}");
        }
    }
}

#[test]
fn a02_d03_a_cut_file_is_held_or_ends_with_a_whole_row() {
    let (file, rows) = quoted();
    let Rows::Payments(rows) = rows else { panic!("payments") };
    let desk = Desk::new();
    for cut in 0..file.len() {
        if let Ok(Normalised { rows: Rows::Payments(taken), .. }) = desk.take(&file[..cut]) {
            assert_eq!(taken, rows[..taken.len()], "cut at {cut}");
            assert!(matches!(file[cut - 1], b'\r' | b'\n'));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_bytes_are_read_whole_or_held(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..6),
        cp932 in any::<bool>(),
    ) {
        let mut file = if cp932 { golden("gmo.csv") } else { quoted().0 };
        for (index, byte, kind) in edits {
            let at = index.index(file.len().max(1));
            match kind {
                0 => file.insert(at, byte),
                1 if !file.is_empty() => { file.remove(at); }
                _ => file.truncate(at.max(file.len() / 2)),
            }
        }
        // `take` checks that every row is accounted for.
        let _ = Desk::new().take(&file);
    }

    #[test]
    fn p09_any_bytes_are_read_or_held(bytes in prop::collection::vec(any::<u8>(), 0..400), zip in any::<bool>()) {
        let file = if zip { [b"PK\x03\x04".as_slice(), &bytes].concat() } else { bytes };
        let _ = Desk::new().take(&file);
    }
}

proptest! {
    #[test]
    fn p03_columns_in_any_order_give_the_same_rows(order in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let permuted = |line: &str| {
            let fields: Vec<&str> = line.split(',').collect();
            order.iter().map(|at| fields[*at]).collect::<Vec<_>>().join(",")
        };
        let row = with(1, "A-1");
        let file = format!("{}\n{}\n", permuted(HEADING), permuted(&row));
        let desk = Desk::new();
        let taken = desk.take(file.as_bytes()).expect("taken");
        prop_assert_eq!(taken.rows, desk.take(&gmo(&[&row])).expect("taken").rows);
    }
}

/// An Order ID as it may be written.
fn order_ids() -> impl Strategy<Value = String> {
    "[-0-9A-Za-z]{1,27}".prop_filter("damaged by a spreadsheet", |id| {
        let is_month = |part: &str| part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
        // `1E-5`: a digit, an exponent with its sign, and no more than three digits.
        let is_scientific = match id.as_bytes() {
            [b'0'..=b'9', b'E' | b'e', b'-', digits @ ..] => {
                (1..=3).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
            }
            _ => false,
        };
        !is_scientific && !id.split('-').any(is_month)
    })
}

proptest! {
    #[test]
    fn n14_order_ids_are_trimmed_and_narrowed_and_then_compared_exactly(
        id in order_ids(),
        wide in prop::collection::vec(any::<bool>(), 27),
        (before, behind) in (0..3_usize, 0..3_usize),
        more in "[-0-9A-Za-z]{1,9}",
    ) {
        let widened: String = id
            .chars()
            .zip(&wide)
            .map(|(c, wide)| if *wide { char::from_u32(u32::from(c) + 0xFEE0).expect("a wide form") } else { c })
            .collect();
        let taken = |written: &str| Desk::new().take(&gmo(&[&with(1, written)])).map(|file| match file.rows {
            Rows::Payments(rows) => rows[0].order_id.to_string(),
            Rows::Bookings(_) | Rows::PaymentList(_) => panic!("payments"),
        });
        // The original stays in the archived file; the line leads to it.
        prop_assert_eq!(taken(&format!("{}{widened}{}", "\u{3000}".repeat(before), " ".repeat(behind))), Ok(id.clone()));
        prop_assert_eq!(taken(&id), Ok(id.clone()));
        let swapped: String =
            id.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect();
        prop_assert_eq!(taken(&swapped), Ok(swapped.clone()), "case counts");
        // A circled or raised digit is no wide one: two IDs would become one.
        for odd in [format!("{id} {more}"), format!("{id}_{more}"), format!("{:Z<28}", id), format!("{id}①"), format!("²{id}")] {
            let problems = taken(&odd).expect_err("rejected");
            prop_assert_eq!(&problems[0].fault, &Fault::Identifier { found: odd, expected: "[-0-9A-Za-z]{1,27}" });
        }
    }
}

#[test]
fn d06_bytes_of_ascii_within_a_character_are_no_delimiters_quotes_or_escapes() {
    // The second byte of each of these is 0x5C (\) or 0x7C (|); of others 0x40 to 0x7E, never a comma or a quote.
    let tricky: Vec<char> = (0x81..=0xFC_u8)
        .flat_map(|lead| [[lead, 0x5C], [lead, 0x7C]])
        .filter_map(|pair| {
            let text = encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(&pair)?;
            let mut chars = text.chars();
            chars.next().filter(|c| chars.next().is_none() && !matches!(c, '\u{E000}'..='\u{F8FF}'))
        })
        .collect();
    assert!(tricky.len() > 80 && ['表', 'ソ', '能', 'ポ'].iter().all(|c| tricky.contains(c)), "{tricky:?}");
    for c in tricky {
        for (method, reference) in
            [(format!("{c}"), format!("a{c}")), (format!("\"{c},{c}\""), format!("\"{c}\"\"{c}\""))]
        {
            let row = with(6, &method).replace("1102481", &reference);
            let text = format!("{HEADING}\r\n{row}\r\n");
            let (bytes, _, lossy) = encoding_rs::SHIFT_JIS.encode(&text);
            if lossy {
                continue;
            }
            let Rows::Payments(rows) = Desk::new().take(&bytes).expect("taken").rows else { panic!("payments") };
            let plain = |field: &str| field.trim_matches('"').replace("\"\"", "\"");
            assert_eq!(
                (rows[0].observation.method.as_ref(), rows[0].observation.booking_ref.as_ref()),
                (plain(&method).as_str(), plain(&reference).as_str())
            );
        }
    }
}

#[test]
fn p05_without_a_heading_no_column_is_guessed_from_its_place() {
    let rows: Vec<String> = (0..30).map(|n| with(1, &format!("A-{n}"))).collect();
    let desk = Desk::new();
    // Whatever stands in the first row, be it data or another table's heading, the columns are not those of the layout.
    for first in ["", "1,2,3,4,5,6,7,8", "A,B,C,D,E,F,G,H", "ID,注文,状態の変化,日時,金額(円),税,方法,メモ"]
    {
        let body: String = rows.iter().map(|row| format!("{row}\r\n")).collect();
        let fault = desk.fault(format!("{first}\r\n{body}").as_bytes());
        assert!(matches!(fault, (None, Fault::NoHeading(_))), "{first}: {fault:?}");
    }
    // A heading below the rows it should stand above, or below more rows than may be a title, is none.
    let late = |above: usize| format!("{}{HEADING}\r\n{}\r\n", "題\r\n".repeat(above), rows[0]);
    assert!(desk.take(late(9).as_bytes()).is_ok());
    assert!(matches!(desk.fault(late(10).as_bytes()).1, Fault::NoHeading(Sought { is_limit: true, .. })));
}
