//! Facts, policy, period and as-of date → reconciliation (SPEC §4.3, §4.4, §5). Pure: no file, clock or environment,
//! and no memory of earlier runs but the ledger of findings it is handed.
//!
//! ```text
//! Desk ─> ShopFacts ─> events ┐
//!                       link   ┴─> groups ─> verdict ─> matched │ findings │ awaiting │ excluded ─> proof
//! ```

mod events;
mod finding;
mod groups;
mod matching;
mod observe;
mod placement;
mod proof;
mod quiet;
mod rest;
mod sales;
mod trend;
mod verdict;
mod view;
mod window;

pub use events::{Events, money_events};
pub use matching::column_h;
pub use observe::disposition;
pub use placement::{Desk, Home};
pub use quiet::Quiet;
pub use sales::sales_by_day;
pub use window::{window, window_of};

use crate::domain::booking::Booking;
use crate::domain::calendar::Calendar;
use crate::domain::dates::{Day, Moment, Period};
use crate::domain::finding::FindingRecord;
use crate::domain::ids::FindingId;
use crate::domain::payment::Payment;
use crate::domain::policy::Shop;
use crate::domain::reconciliation::{FileSummary, Finding, Freshness, Reconciliation, ShopFacts};
use finding::Ledger;
use groups::{Buckets, Ground, Member};
use hashbrown::HashSet;
use matching::Link;
use rest::{Coverage, Reach, ShopRules};

/// The whole of SPEC §5 for one shop. `ledger`: findings known from earlier runs, of any shop; `calendar`: what counts as
/// a business day in their ages.
///
/// Depends on the facts alone, never on their order or on which runs happened before (SPEC §5.6); linear in their
/// number but for sorting.
pub fn reconcile(
    shop: &Shop,
    facts: &ShopFacts,
    ledger: &[FindingRecord],
    files: &[FileSummary],
    calendar: &Calendar,
    period: Period,
    as_of: Day,
) -> Reconciliation {
    let bookings = sorted_bookings(facts);
    let payments = sorted_payments(facts);
    let index = matching::Index::new(shop, &bookings);
    let members: Vec<Member<'_>> = payments.iter().filter_map(|payment| Member::of(payment, &index)).collect();
    let freshness = freshness(facts);
    let ledger = Ledger::of(shop, ledger);
    let ground = Ground {
        shop,
        calendar,
        period,
        as_of,
        bookings: &bookings,
        members: &members,
        ledger: &ledger,
        reach: Reach::new(&shop.policy, &freshness, as_of),
        coverage: Coverage::of(facts),
        rules: ShopRules::new(shop),
    };
    let Buckets { matched, findings, cancellation, travels_after_window, awaiting, excluded, .. } =
        groups::settle(&ground);
    let trend = trend::trend(&ledger, &findings, as_of);
    let open_before = ledger.open_before(as_of);
    let cleared = cleared(&open_before, &findings);
    let mut result = Reconciliation {
        shop: shop.id.clone(),
        shop_name: shop.name.clone(),
        period,
        as_of,
        sales: sales::sales(&members, &bookings, period),
        matched,
        findings,
        cancellation,
        travels_after_window,
        awaiting,
        excluded,
        freshness: freshness.clone(),
        checks: Vec::new(),
        cleared,
        trend,
    };
    result.checks = proof::checks(&result, &payments, &bookings, files, &open_before);
    result
}

/// Payments with the booking their keys lead to (SPEC §5.3), of whatever period; what leads nowhere or to several is left
/// out.
pub fn pairs<'a>(shop: &Shop, facts: &'a ShopFacts) -> Vec<(&'a Payment, &'a Booking)> {
    let bookings = sorted_bookings(facts);
    let index = matching::Index::new(shop, &bookings);
    let pair = |payment: &'a Payment| match index.link(payment) {
        Link::Booking { at, .. } => bookings.get(at).map(|booking| (payment, *booking)),
        Link::Ambiguous(_) | Link::Missing(_) => None,
    };
    facts.payments.iter().filter_map(pair).collect()
}

fn sorted_bookings(facts: &ShopFacts) -> Vec<&Booking> {
    let mut bookings: Vec<&Booking> = facts.bookings.iter().collect();
    bookings.sort_by(|a, b| a.cart.cmp(&b.cart).then_with(|| a.lines.cmp(&b.lines)));
    bookings
}

fn sorted_payments(facts: &ShopFacts) -> Vec<&Payment> {
    let mut payments: Vec<&Payment> = facts.payments.iter().collect();
    payments.sort_by(|a, b| a.order_id.cmp(&b.order_id).then_with(|| a.observations.cmp(&b.observations)));
    payments
}

/// How far each side's data reaches (SPEC §5.4 "awaiting").
fn freshness(facts: &ShopFacts) -> Freshness {
    Freshness {
        payments: newest(facts).max(facts.background.newest_payment),
        bookings: newest_booking(facts).max(facts.background.newest_booking),
        ..Freshness::default()
    }
}

fn newest(facts: &ShopFacts) -> Option<Moment> {
    facts.payments.iter().filter_map(|payment| payment.newest()).map(|newest| newest.at).max()
}

fn newest_booking(facts: &ShopFacts) -> Option<Moment> {
    facts.bookings.iter().flat_map(|booking| &booking.lines).map(|line| line.created_at).max()
}

/// Those open before and no longer, by id (SPEC §5.6).
fn cleared(open_before: &[&FindingRecord], findings: &[Finding]) -> Vec<FindingRecord> {
    let now: HashSet<&FindingId> = findings.iter().map(|finding| &finding.id).collect();
    let gone = open_before.iter().filter(|record| !now.contains(&record.id));
    let mut cleared: Vec<FindingRecord> = gone.map(|record| (*record).clone()).collect();
    cleared.sort_by(|a, b| a.id.cmp(&b.id));
    cleared
}
