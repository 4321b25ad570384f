//! A sample merchant, made in code: two shops, their exports and bookings, and a configuration (SPEC §3 `demo`).
//!
//! Knows nothing of files or clocks: [`files`] gives names and bytes, the same on every machine and every day.

mod scenarios;
mod world;
mod write;

use crate::domain::dates::{Day, Moment, Period};
use scenarios::SCENARIOS;

/// The as-of date the demo is made for; its period is month-to-date, 2026-11-01 to 2026-11-22.
pub const AS_OF: &str = "2026-11-23";

/// The two shops.
pub const SHOPS: [&str; 2] = ["9200000000001", "9200000000002"];

/// The periods of the four exports of each shop: file name and its first and last day.
const EXPORTS: [(&str, &str, &str); 4] = [
    ("torihiki_20251020-20251231.csv", "2025-10-20", "2025-12-31"),
    ("torihiki_20261001-20261031.csv", "2026-10-01", "2026-10-31"),
    ("torihiki_20261101-20261115.csv", "2026-11-01", "2026-11-15"),
    ("torihiki_20261101-20261122.csv", "2026-11-01", "2026-11-22"),
];

const CONFIG: &str = include_str!("totsugo.toml");

const FINDINGS: usize = {
    let (mut at, mut count) = (0, 0);
    while at < SCENARIOS.len() {
        count += !SCENARIOS[at].finding.is_empty() as usize;
        at += 1;
    }
    count
};

/// Every finding the demo leads to: Shop ID, code, key (cart code, or Order ID of a payment without booking).
pub const EXPECTED: &[(&str, &str, &str)] = &{
    let mut expected = [("", "", ""); FINDINGS];
    let (mut at, mut filled) = (0, 0);
    while at < SCENARIOS.len() {
        let case = &SCENARIOS[at];
        if !case.finding.is_empty() {
            expected[filled] = (SHOPS[case.shop - 1], case.finding, case.key);
            filled += 1;
        }
        at += 1;
    }
    expected
};

/// One file of the demo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoFile {
    /// Relative to the demo's folder, with `/`.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Why the demo could not be made: a mistake in its tables, never one of the user's.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A special case that cannot be read.
    #[error("the demo's case {key} cannot be read")]
    Scenario {
        /// Its key.
        key: &'static str,
    },
    /// A day that does not exist.
    #[error("the demo's calendar has a day that does not exist")]
    Calendar,
    /// A character that CP932 does not have.
    #[error("the demo has a character that CP932 does not have")]
    NotInCp932,
    /// A CSV that cannot be written.
    #[error("a demo table cannot be written")]
    Csv(#[from] csv::Error),
    /// A workbook that cannot be written.
    #[error("a demo workbook cannot be written")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
}

/// The demo's files: configuration, eight exports, two booking files, a payment list and our own booking form.
pub fn files() -> Result<Vec<DemoFile>, DemoError> {
    let mut files = vec![file("totsugo.toml", CONFIG.as_bytes().to_vec())];
    let worlds = [world::world(1)?, world::world(2)?];
    for (shop, world) in SHOPS.iter().zip(&worlds) {
        for (name, from, to) in EXPORTS {
            let (from, to) = (Day::parse(from), Day::parse(to));
            let period = from.zip(to).and_then(|(from, to)| Period::new(from, to)).ok_or(DemoError::Calendar)?;
            files.push(file(&format!("inbox/{shop}/{name}"), write::shukei(shop, world, period)?));
        }
    }
    let made = Day::parse(AS_OF).and_then(|day| Moment::new(day, 6, 0, 0)).ok_or(DemoError::Calendar)?;
    let [first, second] = &worlds;
    files.push(file("inbox/bokun_bookings_MZ.xlsx", write::bookings_xlsx(first, made)?));
    files.push(file("inbox/bokun_payments_MZ.csv", write::payment_list(first)?));
    files.push(file("inbox/bokun_bookings_KY.csv", write::bookings_csv(second)?));
    files.push(file("inbox/totsugo_bookings_KY.csv", write::own_form(second)?));
    Ok(files)
}

fn file(path: &str, bytes: Vec<u8>) -> DemoFile {
    DemoFile { path: path.to_owned(), bytes }
}

#[cfg(test)]
mod tests;
