//! Payments and bookings as a report shows them (SPEC §6). Chooses what is shown; decides nothing.

use super::events::Events;
use super::matching::column_h;
use super::verdict::Claim;
use crate::domain::booking::{Booking, State};
use crate::domain::dates::{Moment, Period};
use crate::domain::intake::Source;
use crate::domain::payment::{Observation, Payment};
use crate::domain::reconciliation::{BookingView, MatchKey, PaymentView};
use hashbrown::HashSet;
use std::borrow::Cow;
use std::sync::Arc;

/// A payment as a report shows it.
pub(super) fn payment_view(
    payment: &Payment,
    newest: &Observation,
    events: &Events,
    key: Option<MatchKey>,
    period: Period,
) -> PaymentView {
    PaymentView {
        order_id: payment.order_id.clone(),
        key,
        status: newest.status.shared(),
        newest_at: newest.at,
        sale_date: events.sale_date,
        sale_date_estimated: events.estimated,
        sale_not_seen: events.lacks_sale(),
        held: events.held,
        observed: newest.amount,
        method: newest.method.clone(),
        booking_ref: shared_column_h(payment),
        source: newest.source.clone(),
        in_period: is_payment_in(payment, period),
    }
}

/// [`column_h`], as it is kept.
fn shared_column_h(payment: &Payment) -> Arc<str> {
    let text = column_h(payment);
    let kept = payment.observations.iter().rev().find(|observation| *observation.booking_ref == *text);
    kept.map_or_else(|| Arc::from(text), |observation| Arc::clone(&observation.booking_ref))
}

/// A booking as a report shows it.
pub(super) fn booking_view(booking: &Booking, claim: &Claim, period: Period) -> BookingView {
    let first = booking.lines.first();
    BookingView {
        cart: booking.cart.clone(),
        state: claim.state.unwrap_or(State::Dead),
        status: match booking.lines.as_slice() {
            [line] => Cow::Borrowed(line.status.word()),
            lines => Cow::Owned(joined(lines.iter().map(|line| line.status.word()), ", ")),
        },
        expected: claim.expected,
        foreign: claim.foreign.clone(),
        products: match booking.lines.as_slice() {
            [line] => line.product.clone(),
            lines => Arc::from(joined(lines.iter().map(|line| &*line.product), " / ")),
        },
        customer: first.map_or_else(|| Arc::from(""), |line| line.customer.clone()),
        created_at: booking.created_at().unwrap_or(Moment::from_number(0)),
        start: booking.start_at().map(Moment::day),
        source: first.map_or_else(|| Source { file: Arc::from(""), line: 0 }, |line| line.source.clone()),
        listed: booking.entries.iter().map(|entry| entry.source.clone()).collect(),
        in_period: is_booking_in(booking, period),
    }
}

/// A payment belongs to a period if any of its observations falls in it (SPEC §5.6).
pub(super) fn is_payment_in(payment: &Payment, period: Period) -> bool {
    payment.observations.iter().any(|observation| period.contains(observation.at.day()))
}

/// A booking belongs to a period if it was created in it (SPEC §5.6).
pub(super) fn is_booking_in(booking: &Booking, period: Period) -> bool {
    booking.created_at().is_some_and(|at| period.contains(at.day()))
}

/// The words in their order, each once.
fn joined<'a>(words: impl Iterator<Item = &'a str>, between: &str) -> String {
    let mut seen = HashSet::new();
    let once: Vec<&str> = words.filter(|word| !word.is_empty() && seen.insert(*word)).collect();
    once.join(between)
}
