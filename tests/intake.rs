//! Intake as a whole: files in every encoding and format → the same rows, or a held file with its reason.

use proptest::prelude::*;
use rust_xlsxwriter::Workbook;
use std::path::Path;
use totsugo::domain::dates::Day;
use totsugo::domain::ids::ShopId;
use totsugo::domain::intake::{Fault, Normalised, Problem, Rows};
use totsugo::locale::{Language, problems};
use totsugo::normalise::{Context, Layout, normalise};

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

    fn take(&self, bytes: &[u8]) -> Result<Normalised, Vec<Problem>> {
        let context = Context {
            layouts: &self.layouts,
            folder: self.folder.as_ref(),
            shops: &self.shops,
            max_rejects: self.max_rejects,
            latest: Day::new(2026, 12, 31).expect("a day"),
        };
        let taken = normalise(bytes, "in.csv", &context);
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
        Rows::Bookings(carts) => carts.iter().map(|cart| cart.lines.len() as u64 + cart.repeated).sum(),
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
                out.push_str(&format!("{} repeated={}\n", cart.cart, cart.repeated));
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
