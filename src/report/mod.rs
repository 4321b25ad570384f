//! Reconciliation → workbook, JSON and figures (SPEC §5.8, §6, §9). Pure: the same edition gives the same bytes.
//!
//! ```text
//! Edition ──sheets/*──> workbook::Book (typed cells) ──xlsx──> bytes
//!    └────json──> `run --json`            └────figures──> what a report states, and what changed since
//! ```

pub mod figures;
pub mod json;
mod sheets;
mod workbook;
mod xlsx;

use crate::domain::dates::Period;
use crate::domain::ids::ShopId;
use crate::domain::notebook::Mark;
use crate::domain::reconciliation::{FileSummary, HeldSummary, Reconciliation};
use crate::locale::{Language, sheets as words};
use figures::Change;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use workbook::{Book, Sheet};

/// Everything a workbook is made of.
#[derive(Clone, Copy, Debug)]
pub struct Edition<'a> {
    /// Language of the workbook.
    pub language: Language,
    /// The result for the shop.
    pub reconciliation: &'a Reconciliation,
    /// Revision of the report, from 1.
    pub revision: u32,
    /// Files the proof lists.
    pub files: &'a [FileSummary],
    /// Held files of the shop.
    pub held: &'a [HeldSummary],
    /// What changed since the last revision and in earlier periods; empty = no sheet 変更点.
    pub changes: &'a [Change],
    /// Whether guests' names are shown (`report.customer`).
    pub with_customer: bool,
    /// `false`: without the sheet 突合明細, for the size of the mail.
    pub with_matched: bool,
    /// Name of the installation, by which our own workbooks are recognised.
    pub installation: &'a str,
    /// Horizon of the cancellation list in days.
    pub expiring_within_days: i32,
}

/// Why a workbook could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The Excel writer refused.
    #[error("the workbook could not be written: {why}")]
    Workbook {
        /// Its own words.
        why: String,
    },
}

/// The finished workbook: `.xlsx` bytes, identical for identical editions.
///
/// # Errors
/// Fails if the writer has no room for temporary data or refuses a sheet.
pub fn workbook(edition: &Edition<'_>) -> Result<Vec<u8>, ReportError> {
    xlsx::bytes(&book(edition)).map_err(|error| ReportError::Workbook { why: error.to_string() })
}

/// The name of a report's file, the same in every language (SPEC §6).
pub fn file_name(shop: &ShopId, period: Period, revision: u32) -> String {
    format!("{}_{shop}_{}_{}_r{revision}.xlsx", words::TITLE.ja, period.from(), period.to())
}

/// A shop's name as short as it must be to end before the sheet's name in the middle of the footer.
fn in_footer(name: &str) -> String {
    const ROOM: usize = 28;
    if name.width_cjk() <= ROOM {
        return name.to_owned();
    }
    let mut used = 0;
    let begun = name.chars().take_while(|c| {
        used += c.width_cjk().unwrap_or(0);
        used < ROOM - 1
    });
    begun.chain(['…']).collect()
}

fn book<'a>(edition: &'a Edition<'a>) -> Book<'a> {
    let (r, l) = (edition.reconciliation, edition.language);
    let (sales, places) = sheets::sales::sheet(edition);
    let mut rest: Vec<Sheet<'a>> =
        vec![sales, sheets::exceptions::sheet(edition), sheets::cancellation::sheet(edition)];
    if edition.with_matched {
        rest.extend(sheets::matched::sheets(edition));
    }
    rest.extend(sheets::excluded::sheets(edition));
    if !edition.changes.is_empty() {
        rest.push(sheets::changes::sheet(edition));
    }
    rest.push(sheets::proof::sheet(edition));
    let names: Vec<String> = rest.iter().map(|sheet| sheet.name.clone()).collect();
    let mut all = vec![sheets::summary::sheet(edition, &places, &names)];
    all.append(&mut rest);
    let mark = Mark {
        installation: edition.installation.to_owned(),
        shop: r.shop.clone(),
        period: r.period,
        revision: edition.revision,
    };
    Book {
        sheets: all,
        title: [words::TITLE.of(l), &r.shop_name, &words::period(l, r.period), &format!("r{}", edition.revision)]
            .join(" "),
        created: r.as_of,
        properties: mark.properties(),
        footer: format!(
            "{} ({})  {}  r{}",
            in_footer(&r.shop_name),
            r.shop,
            words::period(l, r.period),
            edition.revision
        ),
        choose: words::CHOOSE.of(l),
        cut: words::CUT.of(l),
    }
}
