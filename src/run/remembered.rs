//! A run with nothing new: a shop's report is a function of its facts, its policy, the period and the as-of date, so what
//! it came to is remembered and not worked out again while none of them changes.

use super::shop_report::{Known, WorkedOut};
use super::{Order, Workshop};
use crate::domain::delivery::MailWord;
use crate::domain::ids::{Digesting, FileDigest};
use crate::domain::policy::Shop;
use crate::report::json::ShopJson;
use crate::store::FactsMark;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io::Write;

/// What is remembered of a shop.
#[derive(Serialize, Deserialize)]
struct Remembered<'w> {
    json: Cow<'w, ShopJson>,
    verdict: Cow<'w, str>,
    matched: u64,
}

/// The digest of all that the report of `shop` follows from; `facts` stands for what is stored.
pub(super) fn basis(workshop: &Workshop, order: &Order, shop: &Shop, known: &Known, facts: &FactsMark) -> FileDigest {
    let config = &workshop.config;
    let shops: Vec<_> = config.shops.iter().map(|shop| (&shop.shop.id, &shop.shop.booking_prefixes)).collect();
    // A layout that is called otherwise tells of another kind of file, or of none.
    let layouts: Vec<_> = workshop.layouts.iter().map(|layout| (layout.name(), layout.kind())).collect();
    let mut digest = Digesting::default();
    let version = (env!("CARGO_PKG_VERSION"), config.language, config.report_customer, layouts);
    let told = [
        write!(digest, "{version:?}{facts:?}{:?}{:?}", order.period, order.as_of),
        write!(digest, "{shop:?}{shops:?}{:?}{:?}", config.calendar, known.ledger),
        write!(digest, "{:?}{:?}{}{:?}", known.held, known.said, known.installation, known.is_export_in),
        write!(digest, "{:?}", known.last.as_ref().map(|last| (last.revision, &last.digest, &last.workbook))),
        write!(digest, "{:?}", known.unmailed),
    ];
    // A digest takes all that is written to it; were it otherwise, nothing would ever be remembered.
    if told.iter().all(Result::is_ok) { digest.end() } else { FileDigest::of(b"") }
}

/// What to remember of `done`; `None` where there is something to be told or mended each time.
pub(super) fn text_of(done: &WorkedOut) -> Option<String> {
    let is_quiet = done.notices.is_empty() && done.unbalanced.is_none();
    let (json, verdict) = (Cow::Borrowed(&done.json), Cow::Borrowed(done.verdict.as_str()));
    is_quiet.then(|| serde_json::to_string(&Remembered { json, verdict, matched: done.matched }).ok()).flatten()
}

/// The same again as `text` says: nothing new is issued or mailed, and no finding begins or ends.
pub(super) fn again(text: &str) -> Option<WorkedOut> {
    let Remembered { json, verdict, matched } = serde_json::from_str(text).ok()?;
    let json = ShopJson { mail: MailWord::None, ..json.into_owned() };
    Some(WorkedOut {
        revision: json.revision,
        workbook: json.workbook.clone(),
        findings: json.findings.len(),
        json,
        verdict: verdict.into_owned(),
        new: None,
        message: None,
        open: None,
        matched,
        unbalanced: None,
        notices: Vec::new(),
    })
}
