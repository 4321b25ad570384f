//! Named equations with both sides (SPEC §6 "Proof"). Counts the left sides anew from the facts, never from buckets.

use super::events::money_events;
use super::verdict::Claim;
use super::view::{is_booking_in, is_payment_in};
use crate::domain::booking::Booking;
use crate::domain::finding::FindingRecord;
use crate::domain::money::Yen;
use crate::domain::payment::Payment;
use crate::domain::reconciliation::{
    BookingView, Check, FileSummary, Item, MatchGroup, PaymentView, Reconciliation, Totals,
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
    Check { name: name.to_owned(), left, right }
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
    let (mut shown_payments, mut shown_bookings): (Vec<&PaymentView>, Vec<&BookingView>) = (Vec::new(), Vec::new());
    for group in groups(result) {
        shown_payments.extend(&group.payments);
        shown_bookings.extend(&group.booking);
    }
    for rest in result.awaiting.iter().chain(&result.excluded) {
        match &rest.item {
            Item::Payment(view) => shown_payments.push(view),
            Item::Booking(view) => shown_bookings.push(view),
        }
    }
    shown_payments.retain(|view| view.in_period);
    shown_bookings.retain(|view| view.in_period);
    let payments: Vec<&&Payment> = payments.iter().filter(|p| is_payment_in(p, result.period)).collect();
    let bookings: Vec<&&Booking> = bookings.iter().filter(|b| is_booking_in(b, result.period)).collect();
    let held: Yen = payments.iter().map(|payment| money_events(payment).held).sum();
    let expected: Yen = bookings.iter().map(|booking| Claim::of(booking).expected).sum();
    let shown_held: Yen = shown_payments.iter().map(|view| view.held).sum();
    let shown_expected: Yen = shown_bookings.iter().map(|view| view.expected).sum();
    [
        check("payments_of_period", count(payments.len()), count(shown_payments.len())),
        check("payments_of_period_yen", held.get(), shown_held.get()),
        check("bookings_of_period", count(bookings.len()), count(shown_bookings.len())),
        check("bookings_of_period_yen", expected.get(), shown_expected.get()),
    ]
}

fn groups(result: &Reconciliation) -> impl Iterator<Item = &MatchGroup> {
    result.matched.iter().chain(result.findings.iter().map(|finding| &finding.group))
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
    let left = count(opening.len()) + count(raised) - count(result.cleared.len());
    check("findings", left, count(result.findings.len()))
}
