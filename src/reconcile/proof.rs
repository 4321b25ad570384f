//! Named equations with both sides (SPEC §6 "Proof"). Counts the left sides anew from the facts, never from buckets.

use super::events::money_events;
use super::verdict::Claim;
use super::view::{is_booking_in, is_payment_in};
use crate::domain::booking::Booking;
use crate::domain::finding::FindingRecord;
use crate::domain::money::Yen;
use crate::domain::payment::Payment;
use crate::domain::reconciliation::{
    BookingView, Check, FileSummary, Item, MatchGroup, PaymentView, Reconciliation, RestItem, Totals,
};
use hashbrown::HashSet;

/// All equations of the proof for one shop; `open_before` are the ledger's open findings of the shop.
pub(super) fn checks(
    result: &Reconciliation,
    payments: &[&Payment],
    bookings: &[&Booking],
    files: &[FileSummary],
    open_before: &[&FindingRecord],
) -> Vec<Check> {
    let mut checks = vec![rows_read(files)];
    checks.extend(items(result, payments, bookings));
    checks.extend(sales(result, payments));
    checks.push(findings(result, open_before));
    checks
}

fn check(name: &str, left: i64, right: i64) -> Check {
    Check { name: name.to_owned(), left, right, parts: Vec::new() }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn rows_read(files: &[FileSummary]) -> Check {
    let rows = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let read = files.iter().map(|file| file.rows.read).sum();
    let accounted = files.iter().map(|file| file.rows.accounted()).sum();
    check("rows_read", rows(read), rows(accounted))
}

/// Items of the period = matched + in findings + awaiting + excluded, in number and in yen.
fn items(result: &Reconciliation, payments: &[&Payment], bookings: &[&Booking]) -> [Check; 4] {
    let shown = [
        Shown::groups(result.matched.iter()),
        Shown::groups(result.findings.iter().map(|finding| &finding.group)),
        Shown::rest(&result.awaiting),
        Shown::rest(&result.excluded),
    ];
    let payments: Vec<&&Payment> = payments.iter().filter(|p| is_payment_in(p, result.period)).collect();
    let bookings: Vec<&&Booking> = bookings.iter().filter(|b| is_booking_in(b, result.period)).collect();
    let held: Yen = payments.iter().map(|payment| money_events(payment).held).sum();
    let expected: Yen = bookings.iter().map(|booking| Claim::of(booking).expected).sum();
    let of_shown = |name: &str, left: i64, part: fn(&Shown) -> i64| {
        let parts: Vec<i64> = shown.iter().map(part).collect();
        Check { name: name.to_owned(), left, right: parts.iter().sum(), parts }
    };
    [
        of_shown("payments_of_period", count(payments.len()), |shown| shown.payments),
        of_shown("payments_of_period_yen", held.get(), |shown| shown.held.get()),
        of_shown("bookings_of_period", count(bookings.len()), |shown| shown.bookings),
        of_shown("bookings_of_period_yen", expected.get(), |shown| shown.expected.get()),
    ]
}

/// What one bucket shows of the period.
#[derive(Default)]
struct Shown {
    payments: i64,
    held: Yen,
    bookings: i64,
    expected: Yen,
}

impl Shown {
    fn groups<'r>(groups: impl Iterator<Item = &'r MatchGroup>) -> Self {
        let mut shown = Self::default();
        for group in groups {
            group.payments.iter().for_each(|view| shown.payment(view));
            group.booking.iter().for_each(|view| shown.booking(view));
        }
        shown
    }

    fn rest(items: &[RestItem]) -> Self {
        let mut shown = Self::default();
        for rest in items {
            match &rest.item {
                Item::Payment(view) => shown.payment(view),
                Item::Booking(view) => shown.booking(view),
            }
        }
        shown
    }

    fn payment(&mut self, view: &PaymentView) {
        if view.in_period {
            self.payments += 1;
            self.held += view.held;
        }
    }

    fn booking(&mut self, view: &BookingView) {
        if view.in_period {
            self.bookings += 1;
            self.expected += view.expected;
        }
    }
}

/// Sales totals = Σ money events, and every cut adds up to them.
fn sales(result: &Reconciliation, payments: &[&Payment]) -> Vec<Check> {
    let sales = &result.sales;
    // An event lies on the day of an observation: other payments have none in the period.
    let payments = payments.iter().filter(|payment| is_payment_in(payment, result.period));
    let events = payments.flat_map(|payment| money_events(payment).list);
    let moved: Yen = events.filter(|event| result.period.contains(event.day)).map(|event| event.amount).sum();
    let net = sales.total.net().get();
    vec![
        check("sales_yen", net, moved.get()),
        check("sales_by_day_yen", net, total(&sales.by_day)),
        check("sales_by_month_yen", net, total(&sales.by_month)),
        check("sales_by_status_yen", net, total(&sales.by_status)),
        check("sales_by_method_yen", net, total(&sales.by_method)),
        check("sales_by_product_yen", net, total(&sales.by_product)),
    ]
}

fn total<K>(cut: &[(K, Totals)]) -> i64 {
    cut.iter().map(|(_, totals)| totals.net()).sum::<Yen>().get()
}

/// Opening + raised − cleared = closing.
fn findings(result: &Reconciliation, open_before: &[&FindingRecord]) -> Check {
    let opening: HashSet<_> = open_before.iter().map(|record| &record.id).collect();
    let raised = result.findings.iter().filter(|finding| !opening.contains(&finding.id)).count();
    let [opening, raised, cleared] = [opening.len(), raised, result.cleared.len()].map(count);
    let right = count(result.findings.len());
    Check {
        name: "findings".to_owned(),
        left: opening + raised - cleared,
        right,
        parts: vec![opening, raised, cleared],
    }
}
