//! Any one damage anywhere in a good file: the exact rows of what stands there now, or a held file. Never other rows.
//!
//! A changed digit makes another lawful file, so each accepted mutant is judged by the naive reading of `naive`.

#![expect(clippy::expect_used, reason = "helpers of tests, outside functions that clippy knows as tests")]

mod bases;
mod naive;

use bases::{Base, Dice, bases};
use naive::plain;
use std::io::{Cursor, Read as _, Write as _};
use std::sync::LazyLock;
use totsugo::domain::booking::Price;
use totsugo::domain::dates::Day;
use totsugo::domain::ids::ShopId;
use totsugo::domain::intake::{Normalised, Problem, Rows};
use totsugo::normalise::{Context, Layout, normalise};
use zip::write::SimpleFileOptions;

static LAYOUTS: LazyLock<Vec<Layout>> = LazyLock::new(|| {
    [
        include_str!("../../templates/layouts/gmo-torihiki-shukei.toml"),
        include_str!("../../templates/layouts/bokun-bookings.toml"),
        include_str!("../../templates/layouts/bokun-payments.toml"),
        include_str!("../../templates/layouts/totsugo-bookings.toml"),
    ]
    .map(|text| Layout::parse("layout.toml", text).expect("a built-in layout"))
    .into()
});

/// Reads a file as the program does.
fn take(bytes: &[u8]) -> Result<Normalised, Vec<Problem>> {
    let context = Context {
        layouts: &LAYOUTS,
        folder: None,
        shops: &[ShopId::new(bases::SHOP)],
        max_rejects: 0,
        latest: Day::new(2026, 12, 31).expect("a day"),
        is_late: &|| false,
    };
    normalise(bytes, "in", &context)
}

/// The rows that were taken, each as line and values in the order of [`bases::PAYMENTS`] or [`bases::BOOKINGS`].
fn taken(file: &Normalised) -> Vec<naive::Line> {
    assert!(file.rejected.is_empty());
    let mut rows: Vec<naive::Line> = match &file.rows {
        Rows::Payments(rows) => rows
            .iter()
            .map(|row| {
                let seen = &row.observation;
                let values = vec![
                    row.shop.to_string(),
                    row.order_id.to_string(),
                    word(seen.status.label()),
                    seen.at.to_string(),
                    seen.amount.get().to_string(),
                    plain(&seen.booking_ref),
                ];
                (seen.source.line, values)
            })
            .collect(),
        Rows::Bookings(carts) => carts
            .iter()
            .flat_map(|cart| cart.lines.iter().map(move |line| (cart, line)))
            .map(|(cart, line)| {
                let total = match &line.total {
                    Price::Yen(yen) => yen.get().to_string(),
                    Price::Foreign { currency, written } => format!("{currency} {}", plain(written)),
                };
                let values = vec![
                    plain(cart.cart.as_str()),
                    plain(line.product_code.as_str()),
                    word(line.status.word()),
                    line.created_at.to_string(),
                    total,
                    plain(&line.customer),
                ];
                (line.source.line, values)
            })
            .collect(),
        Rows::PaymentList(_) => Vec::new(),
    };
    rows.sort();
    rows
}

/// A word of a closed set, which may be written in any case and with spaces.
fn word(text: &str) -> String {
    plain(text).replace([' ', '_', '-', '\t'], "").to_uppercase()
}

/// The rows that stand in the file by the naive reading, in the same form; `None` where it finds the file broken.
fn standing(base: &Base, rows: &[naive::Line], even: bool) -> Option<Vec<naive::Line>> {
    let table = naive::table(rows, base.headings, even)?;
    let mut all = table
        .into_iter()
        .map(|(line, cells)| {
            let [a, b, status, at, amount, last, more] = cells.as_slice() else { return None };
            let (a, b, status, last) = (plain(a), plain(b), word(status), plain(last));
            let amount = match (base.headings == bases::PAYMENTS, plain(more).to_uppercase()) {
                (true, tax) if tax.is_empty() => naive::yen(amount)?.to_string(),
                (true, tax) => (naive::yen(amount)? + naive::yen(&tax)?).to_string(),
                (false, currency) if matches!(currency.as_str(), "JPY" | "円") => naive::yen(amount)?.to_string(),
                (false, currency) => format!("{currency} {}", plain(amount)),
            };
            Some((line, vec![a, b, status, naive::moment(at)?, amount, last]))
        })
        .collect::<Option<Vec<naive::Line>>>()?;
    all.sort();
    Some(all)
}

/// Judges one mutant; whether it was taken.
fn judge(base: &Base, mutant: &[u8], read: impl FnOnce() -> Option<Vec<naive::Line>>, what: &str) -> bool {
    let Ok(file) = take(mutant) else { return false };
    let rows = read().and_then(|rows| standing(base, &rows, !base.is_workbook()));
    assert_eq!(Some(taken(&file)), rows, "{} {what}", base.name);
    true
}

#[test]
fn p01_p02_d03_any_damage_to_a_text_file_gives_its_rows_or_holds_it() {
    let (mut count, mut kept) = (0, 0);
    for base in bases().into_iter().filter(|base| !base.is_workbook()) {
        let mut dice = Dice::new(base.name);
        assert!(judge(&base, &base.bytes, || base.read(&base.bytes), "as it is"));
        for round in 0..2_800 {
            let (mutant, what) = dice.damage(&base.bytes, base.wide());
            count += 1;
            kept += u32::from(judge(&base, &mutant, || base.read(&mutant), &format!("round {round}: {what}")));
        }
    }
    // Were nearly all mutants held, the comparison would say little.
    assert!(count >= 11_000 && kept > count / 10, "{kept} of {count} taken");
}

#[test]
fn p01_one_quote_more_or_less_never_changes_the_rows() {
    for base in bases().into_iter().filter(|base| !base.is_workbook() && !base.wide()) {
        let wanted = taken(&take(&base.bytes).expect("taken"));
        for at in 0..=base.bytes.len() {
            let mut more = base.bytes.clone();
            more.insert(at, b'"');
            let mut fewer = base.bytes.clone();
            if fewer.get(at) == Some(&b'"') {
                fewer.remove(at);
            }
            for mutant in [more, fewer] {
                if let Ok(file) = take(&mutant) {
                    assert_eq!(taken(&file), wanted, "{} quote at {at}", base.name);
                }
            }
        }
    }
}

#[test]
fn p10_p13_any_damage_to_a_packed_workbook_gives_its_rows_or_holds_it() {
    let mut count = 0;
    for base in bases().into_iter().filter(Base::is_workbook) {
        let wanted = taken(&take(&base.bytes).expect("taken"));
        let mut dice = Dice::new(base.name);
        for round in 0..2_000 {
            let (mutant, what) = dice.damage(&base.bytes, false);
            count += 1;
            if let Ok(file) = take(&mutant) {
                assert_eq!(taken(&file), wanted, "{} round {round}: {what}", base.name);
            }
        }
    }
    assert!(count >= 4_000);
}

#[test]
fn p12_p16_p17_any_damage_inside_a_workbook_gives_its_rows_or_holds_it() {
    let (mut count, mut kept) = (0, 0);
    for base in bases().into_iter().filter(Base::is_workbook) {
        let parts = unpack(&base.bytes);
        let text = |parts: &[(String, Vec<u8>)], end: &str| {
            let found = parts.iter().find(|(name, _)| name.ends_with(end))?;
            String::from_utf8(found.1.clone()).ok()
        };
        let read = |parts: &[(String, Vec<u8>)]| {
            let strings = naive::strings(&text(parts, "sharedStrings.xml").unwrap_or_default())?;
            naive::sheet(&text(parts, "sheet1.xml")?, &strings)
        };
        assert!(judge(&base, &pack(&parts), || read(&parts), "as it is"));
        let mut dice = Dice::new(base.name);
        for round in 0..3_000 {
            let mut parts = parts.clone();
            let at = match round % 8 {
                0 => dice.below(parts.len()),
                1 | 2 => parts.iter().position(|(name, _)| name.ends_with("sharedStrings.xml")).unwrap_or(0),
                _ => parts.iter().position(|(name, _)| name.ends_with("sheet1.xml")).expect("a sheet"),
            };
            let (name, content) = &mut parts[at];
            let (mutant, what) = dice.damage(content, false);
            let what = format!("round {round}: {name}: {what}");
            *content = mutant;
            count += 1;
            kept += u32::from(judge(&base, &pack(&parts), || read(&parts), &what));
        }
    }
    assert!(count >= 6_000 && kept > count / 50, "{kept} of {count} taken");
}

fn unpack(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a workbook");
    let mut parts = Vec::new();
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).expect("an entry");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("reads");
        parts.push((entry.name().expect("a name").into_owned(), content));
    }
    parts
}

fn pack(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        zip.start_file(name.as_str(), options).expect("starts");
        zip.write_all(content).expect("writes");
    }
    zip.finish().expect("finishes").into_inner()
}
