//! The figures of a report: the facts it states, without what only the passing of days changes (SPEC §5.8).
//!
//! Two reports with equal figures are the same report; the difference of two is the sheet 変更点. Facts are written
//! without regard to language, so that changing the language corrects nothing.

use crate::domain::booking::State;
use crate::domain::dates::Day;
use crate::domain::ids::FileDigest;
use crate::domain::money::Yen;
use crate::domain::reconciliation::{BookingView, MatchGroup, PaymentView, Reconciliation, Totals};
use std::collections::BTreeMap;

/// How the items begin that say what a day sold.
const DAY: &str = "sales.day.";

/// Facts by item, e.g. `sales.net`, `finding.F-…`, `matched.<order>`, `cancellation.<order>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures(pub BTreeMap<String, String>);

/// One item that differs between two reports; `None` where the report does not have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The item.
    pub item: String,
    /// What the earlier report said.
    pub before: Option<String>,
    /// What the later report says.
    pub after: Option<String>,
}

/// The figures of a reconciliation.
pub fn figures(r: &Reconciliation) -> Figures {
    let total = r.sales.total;
    let mut facts = vec![
        ("sales.count".to_owned(), total.count.to_string()),
        ("sales.gross".to_owned(), total.gross.to_string()),
        ("sales.refunds".to_owned(), total.refunds.to_string()),
        ("sales.net".to_owned(), total.net().to_string()),
    ];
    for (day, totals) in &r.sales.by_day {
        cut(&mut facts, "day", &day.to_string(), totals);
    }
    let cuts = [
        ("month", &r.sales.by_month),
        ("status", &r.sales.by_status),
        ("method", &r.sales.by_method),
        ("product", &r.sales.by_product),
    ];
    for (name, rows) in cuts {
        for (label, totals) in rows {
            cut(&mut facts, name, label, totals);
        }
    }
    for finding in &r.findings {
        // Of several the first, whether or not it is past: the passing of days alone changes no figure.
        let safe_day = finding.holdings.iter().map(|holding| holding.window.last_safe_day).min();
        let safe_day = safe_day.map(|day| format!("@{day}")).unwrap_or_default();
        let fact = format!("{}{safe_day} {}", finding.code.as_str(), group(&finding.group));
        facts.push((format!("finding.{}", finding.id), fact));
    }
    for matched in &r.matched {
        let key = match (matched.payments.first(), &matched.booking) {
            (Some(payment), _) => payment.order_id.as_str(),
            (None, Some(booking)) => booking.cart.as_str(),
            (None, None) => continue,
        };
        facts.push((format!("matched.{key}"), group(matched)));
    }
    for line in &r.cancellation {
        let booking = line.booking.as_ref().map(|b| format!(" {}", booking(b))).unwrap_or_default();
        let fact = format!("{} {} {}{booking}", line.risk.as_str(), line.window.last_safe_day, payment(&line.payment));
        facts.push((format!("cancellation.{}", line.payment.order_id), fact));
    }
    Figures(facts.into_iter().collect())
}

/// What the newest reports said of the days before a period and no longer holds (SPEC §5.8): 前期間の修正.
///
/// `said`: the sales of each day as last reported, as [`Figures::sales_of`] gives them.
pub fn corrections(said: &BTreeMap<Day, Option<String>>, now: &BTreeMap<Day, Totals>) -> Vec<Change> {
    let mut facts = Vec::new();
    for (day, totals) in now {
        cut(&mut facts, "day", &day.to_string(), totals);
    }
    let now = Figures(facts.into_iter().collect());
    let change = |(day, before): (&Day, &Option<String>)| {
        let after = now.sales_of(*day);
        let item = || format!("earlier.{day}");
        (*before != after).then(|| Change { item: item(), before: before.clone(), after })
    };
    said.iter().filter_map(change).collect()
}

fn cut(facts: &mut Vec<(String, String)>, name: &str, label: &str, totals: &Totals) {
    let Totals { count, gross, refunds } = *totals;
    if count != 0 || gross != Yen::ZERO || refunds != Yen::ZERO {
        facts.push((
            format!("sales.{name}.{label}"),
            format!("count={count} gross={gross} refunds={refunds} net={}", totals.net()),
        ));
    }
}

fn group(group: &MatchGroup) -> String {
    let mut parts: Vec<String> = group.payments.iter().map(payment).collect();
    parts.extend(group.booking.as_ref().map(booking));
    parts.join(" + ")
}

fn payment(payment: &PaymentView) -> String {
    format!("{}:{}:¥{}", payment.order_id, payment.status, payment.held)
}

fn booking(booking: &BookingView) -> String {
    let state = match booking.state {
        State::Live => "live",
        State::Waiting => "waiting",
        State::Cancelled => "cancelled",
        State::Dead => "dead",
    };
    let foreign = booking.foreign.as_ref().map(|currency| format!(":{currency}")).unwrap_or_default();
    format!("{}:{state}:¥{}{foreign}", booking.cart, booking.expected)
}

impl Figures {
    /// One line per item, item and fact divided by a tab; the form that is stored.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (item, fact) in &self.0 {
            escape(item, &mut text);
            text.push('\t');
            escape(fact, &mut text);
            text.push('\n');
        }
        text
    }

    /// The digest of what [`Figures::to_text`] gave, hexadecimal.
    pub fn digest_of(text: &str) -> String {
        FileDigest::of(text.as_bytes()).to_string()
    }

    /// The inverse of [`Figures::to_text`]; a line without a tab is an item without a fact.
    pub fn from_text(text: &str) -> Self {
        let line = |line: &str| {
            let (item, fact) = line.split_once('\t').unwrap_or((line, ""));
            (unescape(item), unescape(fact))
        };
        Self(text.split('\n').filter(|l| !l.is_empty()).map(line).collect())
    }

    /// As [`Figures::from_text`], of the sales of days alone: a report has few of them among all it states.
    pub fn sales_of_text(text: &str) -> Self {
        let first = if text.starts_with(DAY) { Some(0) } else { text.find(&format!("\n{DAY}")).map(|at| at + 1) };
        // Items stand in their order, so these are neighbours.
        let days = first.and_then(|first| text.get(first..)).unwrap_or_default().split('\n');
        let days = days.take_while(|line| line.starts_with(DAY));
        Self::from_text(&days.collect::<Vec<_>>().join("\n"))
    }

    /// The sales of one day, if it had any.
    pub fn sales_of(&self, day: Day) -> Option<String> {
        self.0.get(&format!("{DAY}{day}")).cloned()
    }

    /// What `after` states otherwise than these figures, by item.
    pub fn changes(&self, after: &Self) -> Vec<Change> {
        let items: std::collections::BTreeSet<&String> = self.0.keys().chain(after.0.keys()).collect();
        let change = |item: &String| {
            let (before, after) = (self.0.get(item), after.0.get(item));
            (before != after).then(|| Change { item: item.clone(), before: before.cloned(), after: after.cloned() })
        };
        items.into_iter().filter_map(change).collect()
    }
}

fn escape(text: &str, into: &mut String) {
    // Byte by byte, which is faster: none of these is a part of another character.
    if !text.bytes().any(|byte| matches!(byte, b'\\' | b'\t' | b'\n')) {
        into.push_str(text);
        return;
    }
    for c in text.chars() {
        match c {
            '\\' => into.push_str("\\\\"),
            '\t' => into.push_str("\\t"),
            '\n' => into.push_str("\\n"),
            other => into.push(other),
        }
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('t') => out.push('\t'),
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
    out
}
