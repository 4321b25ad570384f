//! The document of `run --json` (SPEC §9): names and order of keys are a contract.

use crate::domain::dates::{Day, Period};
use crate::domain::delivery::MailWord;
use crate::domain::intake::{Outcome, RowCounts};
use crate::domain::money::Yen;
use crate::domain::reconciliation::{Cause, Expiring, Finding, Item, Reconciliation, RestItem};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;
use std::fmt::Display;

/// The version of the document.
pub const SCHEMA: u32 = 1;

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct RunJson {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The run's name, e.g. `2026-11-23T06:30:00+09:00#42`.
    pub run: String,
    /// The period reported.
    pub period: PeriodJson,
    /// 基準日, `YYYY-MM-DD`.
    pub as_of: String,
    /// Every file looked at.
    pub files: Vec<FileJson>,
    /// Every shop.
    pub shops: Vec<ShopJson>,
    /// The exit code of the process.
    pub exit_code: i32,
    /// How long each stage took.
    pub timings_ms: TimingsJson,
}

/// Milliseconds by stage. Reconcile, render and compose are summed over shops that are worked out side by side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the stages say what they are")]
pub struct TimingsJson {
    pub look: u64,
    pub read: u64,
    pub store: u64,
    pub archive: u64,
    pub load: u64,
    pub reconcile: u64,
    pub render: u64,
    /// Reading finished workbooks back before they are mailed; summed over the shops.
    pub read_back: u64,
    pub compose: u64,
    pub save: u64,
    pub total: u64,
}

/// A period, both ends included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PeriodJson {
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
}

impl From<Period> for PeriodJson {
    fn from(period: Period) -> Self {
        Self { from: period.from().to_string(), to: period.to().to_string() }
    }
}

/// One input file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileJson {
    /// Name relative to the inbox.
    pub name: String,
    /// Layout; `None` where a held file fits none.
    pub layout: Option<String>,
    /// Digest, hexadecimal.
    pub sha256: String,
    /// `stored`, `duplicate` or `held`.
    pub outcome: Outcome,
    /// Why it is held.
    pub reason: Option<String>,
    /// Its rows by disposition.
    pub rows: RowCounts,
}

/// One shop. What can be long is written as soon as the shop is worked out: each item stands on one line then.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShopJson {
    /// GMO Shop ID.
    pub shop_id: String,
    /// Revision of its report.
    pub revision: u32,
    /// Path of its workbook, if one was written.
    pub workbook: Option<String>,
    /// What became of its mail.
    pub mail: MailWord,
    /// Sales of the period.
    pub sales: SalesJson,
    /// Matched groups of the period.
    pub matched: MatchedJson,
    /// Every open finding.
    pub findings: Vec<Box<RawValue>>,
    /// The cancellation list.
    pub cancellation: Vec<Box<RawValue>>,
    /// Items awaiting the other side.
    pub awaiting: ItemsJson,
    /// Items out by rule, by name of rule.
    pub excluded: Vec<RuleJson>,
    /// The equations.
    pub proof: ProofJson,
}

/// Sales totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SalesJson {
    pub count: u64,
    pub gross_yen: i64,
    pub refunds_yen: i64,
    pub net_yen: i64,
}

/// Matched groups with their members of the period; `yen` is what the groups hold now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct MatchedJson {
    pub groups: usize,
    pub payments: usize,
    pub bookings: usize,
    pub yen: i64,
}

/// One open finding.
#[derive(Serialize)]
pub struct FindingJson<'a> {
    id: &'a str,
    code: &'a str,
    severity: &'a str,
    order_ids: Vec<&'a str>,
    booking: Option<&'a str>,
    gmo_yen: i64,
    booking_yen: i64,
    difference_yen: i64,
    #[serde(serialize_with = "as_text")]
    first_seen: Day,
    age_business_days: u32,
}

/// One line of the cancellation list.
#[derive(Serialize)]
pub struct CancellationJson<'a> {
    order_id: &'a str,
    booking: Option<&'a str>,
    risk: &'a str,
    #[serde(serialize_with = "as_text")]
    sale_date: Day,
    #[serde(serialize_with = "as_text")]
    last_safe_day: Day,
    #[serde(serialize_with = "as_text")]
    last_possible_day: Day,
    days_left: i32,
    yen: i64,
}

fn as_text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Counts of payments and bookings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ItemsJson {
    pub payments: usize,
    pub bookings: usize,
}

/// Counts under one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct RuleJson {
    pub rule: String,
    pub payments: usize,
    pub bookings: usize,
}

/// The proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofJson {
    /// Whether all equations balance.
    pub balanced: bool,
    /// The equations.
    pub checks: Vec<CheckJson>,
}

/// One equation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct CheckJson {
    pub name: String,
    pub left: i64,
    pub right: i64,
}

/// The shop's part of the document.
///
/// # Errors
/// Whatever writing says; of plain values like these it says nothing.
pub fn shop_json(
    r: &Reconciliation,
    revision: u32,
    workbook: Option<&str>,
    mail: MailWord,
) -> Result<ShopJson, serde_json::Error> {
    let total = r.sales.total;
    Ok(ShopJson {
        shop_id: r.shop.to_string(),
        revision,
        workbook: workbook.map(str::to_owned),
        mail,
        sales: SalesJson {
            count: total.count,
            gross_yen: total.gross.get(),
            refunds_yen: total.refunds.get(),
            net_yen: total.net().get(),
        },
        matched: MatchedJson {
            groups: r.matched.len(),
            payments: r.matched.iter().flat_map(|g| &g.payments).filter(|p| p.in_period).count(),
            bookings: r.matched.iter().filter_map(|g| g.booking.as_ref()).filter(|b| b.in_period).count(),
            yen: r.matched.iter().map(|g| g.actual).sum::<Yen>().get(),
        },
        findings: r.findings.iter().map(|f| to_raw_value(&finding(f))).collect::<Result<_, _>>()?,
        cancellation: r.cancellation.iter().map(|e| to_raw_value(&cancellation(e))).collect::<Result<_, _>>()?,
        awaiting: count(r.awaiting.iter()),
        excluded: excluded(r),
        proof: ProofJson {
            balanced: r.balanced(),
            checks: r.checks.iter().map(|c| CheckJson { name: c.name.clone(), left: c.left, right: c.right }).collect(),
        },
    })
}

/// One open finding.
pub fn finding(f: &Finding) -> FindingJson<'_> {
    let (gmo, booking) = (f.group.actual, f.group.booking.as_ref().map_or(Yen::ZERO, |b| b.expected));
    FindingJson {
        id: f.id.as_str(),
        code: f.code.as_str(),
        severity: f.severity.as_str(),
        order_ids: f.group.payments.iter().map(|p| p.order_id.as_str()).collect(),
        booking: f.group.booking.as_ref().map(|b| b.cart.as_str()),
        gmo_yen: gmo.get(),
        booking_yen: booking.get(),
        difference_yen: (gmo - booking).get(),
        first_seen: f.first_seen,
        age_business_days: f.age_business_days,
    }
}

/// One line of the cancellation list.
pub fn cancellation(e: &Expiring) -> CancellationJson<'_> {
    CancellationJson {
        order_id: e.payment.order_id.as_str(),
        booking: e.booking.as_ref().map(|b| b.cart.as_str()),
        risk: e.risk.as_str(),
        sale_date: e.window.sale_date,
        last_safe_day: e.window.last_safe_day,
        last_possible_day: e.window.last_possible_day,
        days_left: e.window.days_left,
        yen: e.payment.held.get(),
    }
}

fn excluded(r: &Reconciliation) -> Vec<RuleJson> {
    let mut rules: BTreeMap<&str, Vec<&RestItem>> = BTreeMap::new();
    for item in &r.excluded {
        if let Cause::Rule(rule) = &item.cause {
            rules.entry(rule.as_str()).or_default().push(item);
        }
    }
    let one = |(rule, items): (&str, Vec<&RestItem>)| {
        let ItemsJson { payments, bookings } = count(items.into_iter());
        RuleJson { rule: rule.to_owned(), payments, bookings }
    };
    rules.into_iter().map(one).collect()
}

fn count<'a>(items: impl Iterator<Item = &'a RestItem>) -> ItemsJson {
    let mut counts = ItemsJson::default();
    for item in items {
        match item.item {
            Item::Payment(_) => counts.payments += 1,
            Item::Booking(_) => counts.bookings += 1,
        }
    }
    counts
}
