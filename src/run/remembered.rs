//! A run with nothing new: a shop's report is a function of its facts, its policy, the period and the as-of date, so what
//! it came to is remembered and not worked out again while none of them changes.

use super::shop_report::{Known, WorkedOut};
use super::{Order, Workshop};
use crate::domain::ids::{Digesting, FileDigest};
use crate::domain::policy::Shop;
use crate::report::json::ShopJson;
use crate::store::FactsMark;
use serde::{Deserialize, Serialize};
use std::io::Write;

/// What is remembered of a shop.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Remembered {
    json: ShopJson,
    verdict: String,
    matched: u64,
}

/// The digest of all that the report of `shop` follows from; `facts` stands for what is stored.
pub(super) fn basis(workshop: &Workshop, order: &Order, shop: &Shop, known: &Known, facts: &FactsMark) -> FileDigest {
    let config = &workshop.config;
    let shops: Vec<_> = config.shops.iter().map(|shop| (&shop.shop.id, &shop.shop.booking_prefixes)).collect();
    let mut digest = Digesting::default();
    let version = (env!("CARGO_PKG_VERSION"), config.language, config.report_customer);
    let told = [
        write!(digest, "{version:?}{facts:?}{:?}{:?}", order.period, order.as_of),
        write!(digest, "{shop:?}{shops:?}{:?}{:?}", config.calendar, known.ledger),
        write!(digest, "{:?}{:?}{}{:?}", known.held, known.said, known.installation, known.is_export_in),
        write!(digest, "{:?}", known.last.as_ref().map(|last| (last.revision, &last.digest, &last.workbook))),
    ];
    // A digest takes all that is written to it; were it otherwise, nothing would ever be remembered.
    if told.iter().all(Result::is_ok) { digest.end() } else { FileDigest::of(b"") }
}

impl Remembered {
    /// What an equal run after `done` will say; `None` where there is something to be told or mended each time.
    pub(super) fn of(done: &WorkedOut) -> Option<Self> {
        let is_quiet = done.notices.is_empty() && done.unbalanced.is_none();
        let json = ShopJson { mail: "none".to_owned(), ..done.json.clone() };
        is_quiet.then(|| Self { json, verdict: done.verdict.clone(), matched: done.matched })
    }

    pub(super) fn to_text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    pub(super) fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The same again: nothing new is issued, and no finding begins or ends.
    pub(super) fn again(self) -> WorkedOut {
        WorkedOut {
            revision: self.json.revision,
            workbook: self.json.workbook.clone(),
            findings: self.json.findings.len(),
            json: self.json,
            verdict: self.verdict,
            new: None,
            message: None,
            open: None,
            matched: self.matched,
            unbalanced: None,
            notices: Vec::new(),
        }
    }
}
