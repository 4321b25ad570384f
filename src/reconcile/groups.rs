//! Puts every payment and booking of a shop into exactly one bucket, group by group (SPEC §5.3–5.6).

use super::events::{Events, money_events};
use super::finding::{Ledger, Loose, finding, finish};
use super::matching::{Index, Link};
use super::rest::{Coverage, Reach, ShopRules, is_attempt};
use super::verdict::{Case, Claim, Excuse, Paid, Verdict, verdict};
use super::view::{booking_view, is_booking_in, is_payment_in, payment_view};
use super::window::{is_listed, risk, sort, window_of};
use crate::domain::booking::{Booking, State};
use crate::domain::calendar::Calendar;
use crate::domain::dates::{Day, Moment, Period};
use crate::domain::finding::Code;
use crate::domain::money::Yen;
use crate::domain::payment::{Money, Observation, Payment};
use crate::domain::policy::Shop;
use crate::domain::reconciliation::{
    BookingView, Cause, Expiring, Finding, Item, MatchGroup, PaymentView, RestItem, Rule, Wait,
};

/// A payment with what follows from it alone.
pub(super) struct Member<'a> {
    pub(super) payment: &'a Payment,
    pub(super) newest: &'a Observation,
    pub(super) events: Events,
    pub(super) link: Link,
}

impl<'a> Member<'a> {
    /// `None` for a payment that nobody observed.
    pub(super) fn of(payment: &'a Payment, index: &Index<'_>) -> Option<Self> {
        let newest = payment.newest()?;
        Some(Self { payment, newest, events: money_events(payment), link: index.link(payment) })
    }

    /// The booking it belongs to, as a position.
    pub(super) const fn booking(&self) -> Option<usize> {
        match self.link {
            Link::Booking { at, .. } => Some(at),
            Link::Ambiguous(_) | Link::Missing(_) => None,
        }
    }

    /// What its newest label says of money; a hold under way to something else is still a hold (SPEC §5.1).
    fn money(&self) -> Money {
        let mut labels = self.payment.observations.iter().rev().map(|observation| observation.status.money());
        match labels.find(|money| *money != Money::Pending) {
            Some(Money::HeldOnly) => Money::HeldOnly,
            _ => self.newest.status.money(),
        }
    }

    fn is_attempt(&self) -> bool {
        is_attempt(self.money(), self.events.ever_taken, self.events.conflict, self.booking().is_some())
    }

    fn has_other(&self) -> bool {
        matches!(self.link, Link::Booking { other: Some(_), .. })
    }
}

/// All that groups are judged by.
pub(super) struct Ground<'a> {
    pub(super) shop: &'a Shop,
    pub(super) period: Period,
    pub(super) as_of: Day,
    pub(super) calendar: &'a Calendar,
    pub(super) bookings: &'a [&'a Booking],
    pub(super) members: &'a [Member<'a>],
    pub(super) ledger: &'a Ledger<'a>,
    pub(super) reach: Reach<'a>,
    pub(super) coverage: Coverage<'a>,
    pub(super) rules: ShopRules<'a>,
}

/// Where everything went.
#[derive(Default)]
pub(super) struct Buckets {
    pub(super) matched: Vec<MatchGroup>,
    pub(super) findings: Vec<Finding>,
    pub(super) cancellation: Vec<Expiring>,
    pub(super) travels_after_window: u64,
    pub(super) awaiting: Vec<RestItem>,
    pub(super) excluded: Vec<RestItem>,
    loose: Loose,
}

/// Judges every group: bookings by cart code with their payments, then payments without booking by Order ID.
pub(super) fn settle(ground: &Ground<'_>) -> Buckets {
    let mut linked: Vec<(usize, &Member<'_>)> = Vec::with_capacity(ground.members.len());
    let mut alone: Vec<&Member<'_>> = Vec::new();
    for member in ground.members {
        match member.booking() {
            Some(at) => linked.push((at, member)),
            None => alone.push(member),
        }
    }
    // Stable: the payments of a booking stay in their order.
    linked.sort_by_key(|(at, _)| *at);
    let mut linked = linked.as_slice();
    // Room for all at once: a vector that grows stands in memory twice.
    let mut buckets = Buckets { matched: Vec::with_capacity(ground.bookings.len()), ..Buckets::default() };
    for (at, booking) in ground.bookings.iter().enumerate() {
        let (own, rest) = linked.split_at(linked.iter().take_while(|(booking, _)| *booking == at).count());
        linked = rest;
        Group::new(ground, Some(booking), own.iter().map(|(_, member)| *member)).settle(&mut buckets);
    }
    for member in alone {
        Group::new(ground, None, [member]).settle(&mut buckets);
    }
    finish(&mut buckets.findings, &buckets.loose, ground);
    sort(&mut buckets.cancellation);
    buckets
}

/// A booking with its payments, failed attempts apart; or one payment alone.
struct Group<'a> {
    ground: &'a Ground<'a>,
    booking: Option<&'a Booking>,
    claim: Claim,
    core: Vec<&'a Member<'a>>,
    attempts: Vec<&'a Member<'a>>,
}

impl<'a> Group<'a> {
    fn new(
        ground: &'a Ground<'a>,
        booking: Option<&'a Booking>,
        members: impl IntoIterator<Item = &'a Member<'a>>,
    ) -> Self {
        let claim = booking.map(Claim::of).unwrap_or_default();
        let (attempts, core) = members.into_iter().partition(|member| member.is_attempt());
        Self { ground, booking, claim, core, attempts }
    }

    fn settle(self, buckets: &mut Buckets) {
        if self.ground.reach.is_before_history(self.days()) {
            return self.leave(buckets, Some(&Rule::BeforeHistoryStart), Some(&Rule::BeforeHistoryStart), true);
        }
        self.list_windows(buckets);
        self.offer(buckets);
        if self.booking.is_none() && self.core.is_empty() {
            return self.exclude_attempts(buckets);
        }
        if let Some(rule) = self.shop_rule() {
            self.leave(buckets, Some(&rule), Some(&rule), false);
            return self.exclude_attempts(buckets);
        }
        match verdict(&self.case()) {
            Verdict::Finding(code) => {
                let waits = code == Code::BookingWithoutPayment;
                let group = self.group(waits);
                buckets.findings.push(finding(self.ground, code, &self.claim, group, &self.core));
                if waits {
                    return;
                }
            }
            Verdict::Matched if self.is_in_period() => buckets.matched.push(self.group(false)),
            Verdict::Matched => {}
            Verdict::Awaiting => self.leave(buckets, None, None, false),
            Verdict::AwaitingMoney => return self.leave(buckets, None, None, true),
            Verdict::Excluded(rule) if self.booking.is_none() => self.leave(buckets, None, Some(&rule), false),
            Verdict::Excluded(rule) => self.leave(buckets, Some(&rule), Some(&Rule::NoMoney), false),
        }
        self.exclude_attempts(buckets);
    }

    /// The dates a group is old by: a payment's newest 処理日時, a booking's Creation date.
    fn days(&self) -> impl Iterator<Item = Day> {
        let payments = self.core.iter().chain(&self.attempts).map(|member| member.newest.at);
        payments.chain(self.created_at()).map(Moment::day)
    }

    /// What its payments hold now; attempts hold nothing.
    fn actual(&self) -> Yen {
        self.core.iter().map(|member| member.events.held).sum()
    }

    fn created_at(&self) -> Option<Moment> {
        self.booking.and_then(Booking::created_at)
    }

    /// A rule of the shop applies while no money moved, as far as is known.
    fn shop_rule(&self) -> Option<Rule> {
        let moved = |m: &&Member<'_>| m.events.ever_taken || m.events.conflict || m.money() == Money::Unknown;
        if self.core.iter().any(moved) { None } else { self.ground.rules.rule(self.booking?) }
    }

    fn case(&self) -> Case {
        let reach = &self.ground.reach;
        let any = |is: fn(&Member<'a>) -> bool| self.core.iter().any(|member| is(member));
        let paid = Paid {
            unknown_label: any(|m| m.money() == Money::Unknown),
            conflict: any(|m| m.events.conflict),
            key_conflict: any(Member::has_other),
            ambiguous: any(|m| matches!(m.link, Link::Ambiguous(_))),
            actual: self.actual(),
            holders: self.core.iter().filter(|m| m.events.held.is_positive()).count(),
            ever_taken: any(|m| m.events.ever_taken),
            held_only: any(|m| m.money() == Money::HeldOnly),
            reverted: any(|m| m.events.reverted),
        };
        let mut holds = self.core.iter().filter(|m| m.money() == Money::HeldOnly);
        let excuse = Excuse {
            payments: self.core.iter().all(|m| reach.excuses_payment(m.newest.at)),
            holds: holds.all(|m| reach.excuses_payment(m.newest.at)),
            booking: self.created_at().is_some_and(|at| reach.excuses_booking(at)),
        };
        Case { claim: self.claim.clone(), paid, excuse }
    }

    fn payment_view(&self, member: &Member<'_>) -> PaymentView {
        let key = match member.link {
            Link::Booking { key, .. } => Some(key),
            Link::Ambiguous(_) | Link::Missing(_) => None,
        };
        payment_view(member.payment, member.newest, &member.events, key, self.ground.period)
    }

    fn booking_view(&self) -> Option<BookingView> {
        self.booking.map(|booking| booking_view(booking, &self.claim, self.ground.period))
    }

    /// Its payments by Order ID.
    fn members(&self, with_attempts: bool) -> Vec<&'a Member<'a>> {
        let attempts = self.attempts.iter().filter(|_| with_attempts);
        let mut members: Vec<_> = self.core.iter().chain(attempts).copied().collect();
        members.sort_by(|a, b| a.payment.order_id.cmp(&b.payment.order_id));
        members
    }

    /// The group as a report shows it.
    fn group(&self, with_attempts: bool) -> MatchGroup {
        let payments: Vec<_> = self.members(with_attempts).into_iter().map(|m| self.payment_view(m)).collect();
        let actual = payments.iter().map(|payment| payment.held).sum();
        MatchGroup { payments, booking: self.booking_view(), actual }
    }

    fn is_payment_in(&self, member: &Member<'_>) -> bool {
        is_payment_in(member.payment, self.ground.period)
    }

    fn is_booking_in(&self) -> bool {
        self.booking.is_some_and(|booking| is_booking_in(booking, self.ground.period))
    }

    /// A group belongs to the period if any member does (SPEC §5.6).
    fn is_in_period(&self) -> bool {
        self.is_booking_in() || self.core.iter().any(|member| self.is_payment_in(member))
    }

    /// What an awaiting group waits for: its payments for newer bookings, or its booking for newer payments.
    fn wait(&self) -> Wait {
        let is_in_grace = |at: Moment| self.ground.reach.is_in_grace(at);
        let is_awaited = |member: &&&Member<'a>| self.booking.is_none() || member.money() == Money::HeldOnly;
        let mut payments = self.core.iter().filter(is_awaited).map(|member| member.newest.at).peekable();
        if self.claim.state == Some(State::Waiting) {
            Wait::Confirmation
        } else if payments.peek().is_some() {
            if payments.all(is_in_grace) { Wait::Grace } else { Wait::Bookings }
        } else {
            if self.created_at().is_some_and(is_in_grace) { Wait::Grace } else { Wait::Payments }
        }
    }

    /// Booking and payments leave one by one: by a rule each, or awaiting where there is none.
    fn leave(&self, buckets: &mut Buckets, booking: Option<&Rule>, payments: Option<&Rule>, with_attempts: bool) {
        if self.is_booking_in()
            && let Some(view) = self.booking_view()
        {
            buckets.put(Item::Booking(view), self.cause(booking));
        }
        for member in self.members(with_attempts) {
            self.put(buckets, member, payments);
        }
    }

    fn cause(&self, rule: Option<&Rule>) -> Cause {
        rule.map_or_else(|| Cause::Wait(self.wait()), |rule| Cause::Rule(rule.clone()))
    }

    fn exclude_attempts(&self, buckets: &mut Buckets) {
        for attempt in &self.attempts {
            self.put(buckets, attempt, Some(&Rule::NoMoney));
        }
    }

    fn put(&self, buckets: &mut Buckets, member: &Member<'_>, rule: Option<&Rule>) {
        if self.is_payment_in(member) {
            buckets.put(Item::Payment(self.payment_view(member)), self.cause(rule));
        }
    }

    /// Payments whose window closes, and live bookings that travel after it (SPEC §5.5).
    fn list_windows(&self, buckets: &mut Buckets) {
        let (policy, as_of) = (&self.ground.shop.policy, self.ground.as_of);
        let start = self.booking.and_then(Booking::start_at).map(Moment::day);
        let mut late = false;
        for member in &self.core {
            let events = &member.events;
            let Some(window) = window_of(events.held, events.sale_date, policy, as_of) else { continue };
            late |= start.is_some_and(|start| start > window.last_safe_day);
            if is_listed(&window, policy) {
                let (booking, payment) = (self.booking_view(), self.payment_view(member));
                let risk = risk(booking.as_ref(), self.actual() > self.claim.expected, &window, as_of);
                buckets.cancellation.push(Expiring { risk, window, payment, booking });
            }
        }
        buckets.travels_after_window += u64::from(late && self.claim.state == Some(State::Live));
    }

    /// Makes an unmatched item available as a suggestion (SPEC §5.3).
    fn offer(&self, buckets: &mut Buckets) {
        let Some(booking) = self.booking else {
            for member in &self.core {
                if let Some(day) = member.events.sale_date {
                    buckets.loose.add_payment(member.payment.order_id.as_str(), member.events.held, day);
                }
            }
            return;
        };
        let unmatched = !self.core.iter().any(|member| member.events.ever_taken);
        let open = unmatched || self.claim.state == Some(State::Cancelled);
        if let (true, None, Some(created), Some(state)) =
            (open, &self.claim.foreign, booking.created_at(), self.claim.state)
        {
            let listed = booking.lines.iter().filter_map(|line| line.total.yen()).sum();
            let amount = if self.claim.expected.is_positive() { self.claim.expected } else { listed };
            buckets.loose.add_booking(booking.cart.as_str(), amount, created.day(), state);
        }
    }
}

impl Buckets {
    /// An item of the period (SPEC §5.6).
    fn put(&mut self, item: Item, cause: Cause) {
        let list = match cause {
            Cause::Rule(_) => &mut self.excluded,
            Cause::Wait(_) => &mut self.awaiting,
        };
        list.push(RestItem { item, cause });
    }
}
