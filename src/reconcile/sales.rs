//! Sales of a period, cut by day, month, status, method and product (SPEC §5.2). Sums events; decides nothing.

use super::events::money_events;
use super::groups::Member;
use super::view::is_payment_in;
use crate::domain::booking::{Booking, BookingLine};
use crate::domain::dates::{Day, Period};
use crate::domain::money::Yen;
use crate::domain::payment::{EventKind, MoneyEvent};
use crate::domain::reconciliation::{Sales, ShopFacts, Totals};
use hashbrown::HashMap;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The sales of `period`: all events of all payments, allocated to the lines of their bookings by price.
pub(super) fn sales<'a>(members: &'a [Member<'a>], bookings: &[&'a Booking], period: Period) -> Sales {
    let mut cuts = Cuts::new(period);
    for member in members.iter().filter(|member| is_payment_in(member.payment, period)) {
        let events = member.events.list.iter().filter(|event| period.contains(event.day));
        let shares = member.booking().map(|at| Shares::of(bookings[at]));
        for event in events {
            cuts.add(event, shares.as_ref());
        }
    }
    cuts.finish()
}

/// The sales on each day of `period` that had any.
pub fn sales_by_day(facts: &ShopFacts, period: Period) -> BTreeMap<Day, Totals> {
    let background = facts.background.sales.range(period.from()..=period.to());
    let mut days: BTreeMap<Day, Totals> = background.map(|(day, totals)| (*day, *totals)).collect();
    let seen = facts.payments.iter().filter(|payment| is_payment_in(payment, period));
    for event in seen.flat_map(|payment| money_events(payment).list) {
        if period.contains(event.day) {
            days.entry(event.day).or_default().add(event.kind, event.amount);
        }
    }
    days
}

#[derive(Default)]
struct Cuts<'a> {
    total: Totals,
    by_day: BTreeMap<Day, Totals>,
    by_month: BTreeMap<Day, Totals>,
    by_status: HashMap<&'a str, Totals>,
    by_method: HashMap<&'a str, Totals>,
    by_product: HashMap<&'a str, Totals>,
}

impl<'a> Cuts<'a> {
    /// Every day and month of the period stands, with or without sales.
    fn new(period: Period) -> Self {
        let mut cuts = Self::default();
        let days = 0..=period.to().since(period.from());
        for day in days.map(|ahead| period.from().plus(ahead)) {
            cuts.by_day.entry(day).or_default();
            cuts.by_month.entry(day.month_start()).or_default();
        }
        cuts
    }

    fn add(&mut self, event: &'a MoneyEvent, shares: Option<&Shares<'a>>) {
        let count = |totals: &mut Totals| totals.add(event.kind, event.amount);
        count(&mut self.total);
        count(self.by_day.entry(event.day).or_default());
        count(self.by_month.entry(event.day.month_start()).or_default());
        count(self.by_status.entry(event.status.label()).or_default());
        count(self.by_method.entry(&event.method).or_default());
        let Some(shares) = shares else {
            count(self.by_product.entry("").or_default());
            return;
        };
        if let [product] = shares.products.as_slice() {
            count(self.by_product.entry(*product).or_default());
            return;
        }
        let parts = event.amount.split(&shares.weights);
        for (at, (product, part)) in shares.products.iter().zip(parts).enumerate() {
            let kind = if at == 0 { event.kind } else { EventKind::Change };
            if at == 0 || !part.is_zero() {
                self.by_product.entry(*product).or_default().add(kind, part);
            }
        }
    }

    fn finish(self) -> Sales {
        let month = |day: Day| format!("{:04}-{:02}", day.year(), day.month());
        Sales {
            total: self.total,
            by_day: self.by_day.into_iter().collect(),
            by_month: self.by_month.into_iter().map(|(day, totals)| (month(day), totals)).collect(),
            by_status: owned(self.by_status),
            by_method: owned(self.by_method),
            by_product: largest_first(owned(self.by_product)),
        }
    }
}

/// By name.
fn owned(cut: HashMap<&str, Totals>) -> Vec<(String, Totals)> {
    let mut cut: Vec<_> = cut.into_iter().map(|(name, totals)| (name.to_owned(), totals)).collect();
    cut.sort_by(|a, b| a.0.cmp(&b.0));
    cut
}

/// By net, what has no name last: products are many, and their names are in no order that says anything.
fn largest_first(mut cut: Vec<(String, Totals)>) -> Vec<(String, Totals)> {
    cut.sort_by_key(|(name, totals)| (name.is_empty(), Reverse(totals.net())));
    cut
}

/// The lines of a cart that its money is allocated to: standing ones, else all (DOMAIN §5.6).
struct Shares<'a> {
    products: Vec<&'a str>,
    weights: Vec<Yen>,
}

impl<'a> Shares<'a> {
    fn of(booking: &'a Booking) -> Self {
        let standing: Vec<&BookingLine> = booking.standing().collect();
        let lines = if standing.is_empty() { booking.lines.iter().collect() } else { standing };
        Self {
            products: lines.iter().map(|line| &*line.product).collect(),
            weights: lines.iter().map(|line| line.total.yen().unwrap_or_default()).collect(),
        }
    }
}
