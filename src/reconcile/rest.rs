//! What is left out or still awaited, and by which rule (SPEC §5.4 "everything else"). Looks at one group at a time.

use crate::domain::booking::Booking;
use crate::domain::dates::{Day, Moment};
use crate::domain::payment::Money;
use crate::domain::policy::{Policy, Shop};
use crate::domain::reconciliation::{Freshness, Rule, ShopFacts};
use crate::domain::text::fold;
use hashbrown::HashMap;
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// Whether a payment is a failed attempt: never took money and nothing is under way (`no_money`).
///
/// It stands apart from its group. An unknown label, a conflict or a hold never makes one.
pub(super) fn is_attempt(newest: Money, ever_taken: bool, conflict: bool, has_booking: bool) -> bool {
    let idle = match newest {
        Money::None => true,
        Money::Pending => !has_booking,
        Money::Taken | Money::Reversed | Money::HeldOnly | Money::Unknown => false,
    };
    idle && !ever_taken && !conflict
}

/// The longest that two payments are apart if no export between them is missing: exports are made by the month.
const MONTH: i32 = 31;

/// The days on which payments of a shop were processed: which days its payment data covers. An export does not say its
/// period, so only its rows tell; they are gone through only when asked for.
pub(super) struct Coverage<'a> {
    facts: &'a ShopFacts,
    days: OnceCell<BTreeSet<Day>>,
}

impl<'a> Coverage<'a> {
    pub(super) const fn of(facts: &'a ShopFacts) -> Self {
        Self { facts, days: OnceCell::new() }
    }

    /// Whether `day` lies among payments, with no month of them missing around it.
    pub(super) fn holds(&self, day: Day) -> bool {
        let days = self.days.get_or_init(|| self.days());
        let (before, after) = (days.range(..=day).next_back(), days.range(day..).next());
        before.zip(after).is_some_and(|(before, after)| after.since(*before) <= MONTH)
    }

    /// Of quiet payments too.
    fn days(&self) -> BTreeSet<Day> {
        let seen = self.facts.payments.iter().flat_map(|payment| &payment.observations);
        seen.map(|seen| seen.at.day()).chain(self.facts.background.sales.keys().copied()).collect()
    }
}

/// How far each side's data reaches, and what that excuses (SPEC §5.4 "awaiting").
pub(super) struct Reach<'a> {
    policy: &'a Policy,
    fresh: &'a Freshness,
    as_of: Day,
}

impl<'a> Reach<'a> {
    pub(super) const fn new(policy: &'a Policy, fresh: &'a Freshness, as_of: Day) -> Self {
        Self { policy, fresh, as_of }
    }

    /// Whether the bookings' data may still explain a payment observed last at `newest`.
    pub(super) fn excuses_payment(&self, newest: Moment) -> bool {
        self.excuses(newest, self.fresh.bookings)
    }

    /// Whether the payments' data may still explain a booking created at `created`.
    pub(super) fn excuses_booking(&self, created: Moment) -> bool {
        self.excuses(created, self.fresh.payments)
    }

    fn excuses(&self, item: Moment, other_side: Option<Moment>) -> bool {
        let ahead = other_side.is_none_or(|newest| item > newest);
        self.is_in_grace(item) || (ahead && self.as_of.since(item.day()) <= self.policy.awaiting_max_days)
    }

    /// Whether `item` is so new that nothing explains it but how far one side may always lag.
    pub(super) fn is_in_grace(&self, item: Moment) -> bool {
        self.as_of.since(item.day()) <= self.policy.grace_days
    }

    /// Whether all of a group's `days` lie before the cut-over date.
    pub(super) fn is_before_history(&self, mut days: impl Iterator<Item = Day>) -> bool {
        self.policy.history_start.is_some_and(|start| days.all(|day| day < start))
    }
}

/// The shop's own exclusion rules, by folded channel.
pub(super) struct ShopRules<'a> {
    by_channel: HashMap<String, &'a str>,
}

impl<'a> ShopRules<'a> {
    pub(super) fn new(shop: &'a Shop) -> Self {
        let mut by_channel = HashMap::new();
        for rule in &shop.exclude {
            for channel in &rule.channel {
                by_channel.entry(fold(channel)).or_insert(rule.name.as_str());
            }
        }
        Self { by_channel }
    }

    /// The rule that takes `booking` out: of its first line that any rule names.
    pub(super) fn rule(&self, booking: &Booking) -> Option<Rule> {
        if self.by_channel.is_empty() {
            return None;
        }
        let named = booking.lines.iter().find_map(|line| self.by_channel.get(&fold(&line.channel)));
        named.map(|name| Rule::Shop((*name).to_owned()))
    }
}
