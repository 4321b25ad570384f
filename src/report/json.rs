//! The document of `run --json` (SPEC §9): names and order of keys are a contract.

use crate::domain::dates::Period;
use crate::domain::finding::Severity;
use crate::domain::intake::RowCounts;
use crate::domain::money::Yen;
use crate::domain::reconciliation::{Expiring, Finding, Item, Reconciliation, RestItem};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The version of the document.
pub const SCHEMA: u32 = 1;

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    pub outcome: String,
    /// Why it is held.
    pub reason: Option<String>,
    /// Its rows by disposition.
    pub rows: RowCounts,
}

/// One shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopJson {
    /// GMO Shop ID.
    pub shop_id: String,
    /// Revision of its report.
    pub revision: u32,
    /// Path of its workbook, if one was written.
    pub workbook: Option<String>,
    /// What became of its mail.
    pub mail: String,
    /// Sales of the period.
    pub sales: SalesJson,
    /// Matched groups of the period.
    pub matched: MatchedJson,
    /// Every open finding.
    pub findings: Vec<FindingJson>,
    /// The cancellation list.
    pub cancellation: Vec<CancellationJson>,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct FindingJson {
    pub id: String,
    pub code: Cow<'static, str>,
    pub severity: Cow<'static, str>,
    pub order_ids: Vec<String>,
    pub booking: Option<String>,
    pub gmo_yen: i64,
    pub booking_yen: i64,
    pub difference_yen: i64,
    pub first_seen: String,
    pub age_business_days: u32,
}

/// One line of the cancellation list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct CancellationJson {
    pub order_id: String,
    pub booking: Option<String>,
    pub risk: Cow<'static, str>,
    pub sale_date: String,
    pub last_safe_day: String,
    pub last_possible_day: String,
    pub days_left: i32,
    pub yen: i64,
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

/// The severity as it stands in JSON.
pub const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Normal => "normal",
    }
}

/// The shop's part of the document.
pub fn shop_json(r: &Reconciliation, revision: u32, workbook: Option<&str>, mail: &str) -> ShopJson {
    let total = r.sales.total;
    ShopJson {
        shop_id: r.shop.to_string(),
        revision,
        workbook: workbook.map(str::to_owned),
        mail: mail.to_owned(),
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
        findings: r.findings.iter().map(finding).collect(),
        cancellation: r.cancellation.iter().map(cancellation).collect(),
        awaiting: count(r.awaiting.iter()),
        excluded: excluded(r),
        proof: ProofJson {
            balanced: r.balanced(),
            checks: r.checks.iter().map(|c| CheckJson { name: c.name.clone(), left: c.left, right: c.right }).collect(),
        },
    }
}

/// One open finding.
pub fn finding(f: &Finding) -> FindingJson {
    let (gmo, booking) = (f.group.actual, f.group.booking.as_ref().map_or(Yen::ZERO, |b| b.expected));
    FindingJson {
        id: f.id.to_string(),
        code: f.code.as_str().into(),
        severity: severity(f.severity).into(),
        order_ids: f.group.payments.iter().map(|p| p.order_id.to_string()).collect(),
        booking: f.group.booking.as_ref().map(|b| b.cart.to_string()),
        gmo_yen: gmo.get(),
        booking_yen: booking.get(),
        difference_yen: (gmo - booking).get(),
        first_seen: f.first_seen.to_string(),
        age_business_days: f.age_business_days,
    }
}

/// One line of the cancellation list.
pub fn cancellation(e: &Expiring) -> CancellationJson {
    CancellationJson {
        order_id: e.payment.order_id.to_string(),
        booking: e.booking.as_ref().map(|b| b.cart.to_string()),
        risk: e.risk.as_str().into(),
        sale_date: e.window.sale_date.to_string(),
        last_safe_day: e.window.last_safe_day.to_string(),
        last_possible_day: e.window.last_possible_day.to_string(),
        days_left: e.window.days_left,
        yen: e.payment.held.get(),
    }
}

fn excluded(r: &Reconciliation) -> Vec<RuleJson> {
    let mut rules: BTreeMap<&str, Vec<&RestItem>> = BTreeMap::new();
    for item in &r.excluded {
        if let Some(rule) = &item.rule {
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
