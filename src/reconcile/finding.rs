//! A group that needs a person becomes a finding: its id, urgency, reason, age and suggestion (SPEC §5.4, §5.6).

use super::groups::{Ground, Member};
use super::matching::Link;
use super::verdict::{Claim, severity};
use super::window::window_of;
use crate::domain::booking::State;
use crate::domain::calendar::business_days_between;
use crate::domain::dates::Day;
use crate::domain::finding::{Code, FindingRecord, Severity, finding_id};
use crate::domain::ids::{FindingId, ShopId};
use crate::domain::money::Yen;
use crate::domain::payment::{EventKind, Money, Observation, asks_reversal};
use crate::domain::policy::Shop;
use crate::domain::reconciliation::{
    Finding, Holding, Lowered, MatchGroup, PaymentView, Reason, Said, Suggestion, Window,
};
use crate::domain::text::code_key;
use hashbrown::HashMap;
use std::cmp::Reverse;

/// The findings of one shop that are known from earlier runs (SPEC §5.6).
pub(super) struct Ledger<'a> {
    by_id: HashMap<&'a FindingId, &'a FindingRecord>,
}

impl<'a> Ledger<'a> {
    pub(super) fn of(shop: &Shop, records: &'a [FindingRecord]) -> Self {
        Self::of_shop(&shop.id, records)
    }

    pub(super) fn of_shop(shop: &ShopId, records: &'a [FindingRecord]) -> Self {
        let own = records.iter().filter(|record| record.shop == *shop);
        Self { by_id: own.map(|record| (&record.id, record)).collect() }
    }

    /// All of them, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a FindingRecord> {
        self.by_id.values().copied()
    }

    /// Those that were open before the run of `as_of`. One that an earlier run of the same date cleared was open too, so
    /// that a report made again says the same.
    pub(super) fn open_before(&self, as_of: Day) -> Vec<&'a FindingRecord> {
        let was_open = |record: &&FindingRecord| {
            record.first_seen <= as_of && record.cleared.is_none_or(|cleared| cleared >= as_of)
        };
        self.by_id.values().copied().filter(was_open).collect()
    }
}

/// The finding `code` on `group`, made of `core` members; age and suggestion come later.
pub(super) fn finding(
    ground: &Ground<'_>,
    code: Code,
    claim: &Claim,
    group: MatchGroup,
    core: &[&Member<'_>],
) -> Finding {
    let booking = group.booking.as_ref();
    let order_id = core.first().map_or("", |member| member.payment.order_id.as_str());
    let key = booking.map_or(order_id, |booking| booking.cart.as_str()).to_owned();
    // However a file spells the cart, it is the same finding (SPEC §5.3, §5.6).
    let id = finding_id(&ground.shop.id, &booking.map_or_else(|| key.clone(), |_| code_key(&key)), code);
    let known = ground.ledger.by_id.get(&id);
    let policy = &ground.shop.policy;
    let holdings: Vec<Holding> = group.payments.iter().filter_map(|payment| holding(ground, payment)).collect();
    let windows = || holdings.iter().map(|holding| holding.window);
    // One payment whose window is closed makes the finding urgent, but does not speak for those that can still go back.
    let window = windows().min_by_key(|window| (window.is_closed(), window.last_safe_day));
    let first_to_close = windows().min_by_key(|window| window.last_safe_day);
    let in_period = group.payments.iter().any(|payment| payment.in_period) || booking.is_some_and(|b| b.in_period);
    Finding {
        code,
        severity: severity(code, first_to_close.as_ref(), policy.expiring_within_days),
        reason: reason(ground, code, claim, &group, core, window),
        key,
        group,
        window,
        holdings,
        suggestion: None,
        carried: !in_period,
        // A run for a day to come may have seen it first.
        first_seen: known.map_or(ground.as_of, |record| record.first_seen.min(ground.as_of)),
        age_business_days: 0,
        note: known.map(|record| record.note.clone()).unwrap_or_default(),
        id,
    }
}

/// What `payment` holds and until when it can go back; `None` if it holds nothing.
fn holding(ground: &Ground<'_>, payment: &PaymentView) -> Option<Holding> {
    let window = window_of(payment.held, payment.sale_date, &ground.shop.policy, ground.as_of)?;
    let order_id = payment.order_id.clone();
    Some(Holding { order_id, held: payment.held, window, is_returning: asks_reversal(&payment.status) })
}

/// The facts that the reason is made of (SPEC §5.4).
fn reason(
    ground: &Ground<'_>,
    code: Code,
    claim: &Claim,
    group: &MatchGroup,
    core: &[&Member<'_>],
    window: Option<Window>,
) -> Reason {
    let cart = |at: usize| ground.bookings[at].cart.clone();
    let found = match code {
        Code::UnknownStatus => {
            let unknown = core.iter().filter(|member| member.newest.status.money() == Money::Unknown);
            let one = |m: &&Member<'_>| (said(m, m.newest), m.events.ever_taken.then_some(m.events.held));
            Some(Reason::Unknown(unknown.map(one).collect()))
        }
        Code::ObservationConflict => {
            Some(Reason::Conflict(core.iter().filter(|m| m.events.conflict).flat_map(|m| contradicting(m)).collect()))
        }
        Code::KeyConflict => core.iter().find_map(|member| match member.link {
            Link::Booking { at, other: Some(other), .. } => {
                Some(Reason::Keys { by_transaction: cart(at), by_digits: cart(other) })
            }
            Link::Booking { .. } | Link::Ambiguous(_) | Link::Missing(_) => None,
        }),
        Code::AmbiguousBooking => core.iter().find_map(|member| match &member.link {
            Link::Ambiguous(several) => Some(Reason::Candidates(several.iter().map(|at| cart(*at)).collect())),
            Link::Booking { .. } | Link::Missing(_) => None,
        }),
        Code::PaymentWithoutBooking => core.iter().find_map(|member| match member.link {
            Link::Missing(why) => Some(Reason::NoBooking(why)),
            Link::Booking { .. } | Link::Ambiguous(_) => None,
        }),
        Code::CurrencyMismatch => {
            group.booking.as_ref().and_then(|booking| booking.foreign.clone()).map(Reason::Currency)
        }
        Code::CancelledNotRefunded if !claim.is_stated => {
            Some(Reason::Unstated(core.iter().filter_map(|member| lowered(member)).collect()))
        }
        Code::CancelledNotRefunded | Code::PaidButDead | Code::DuplicatePayment => window.map(|w| Reason::Window {
            last_safe_day: w.last_safe_day,
            last_possible_day: w.last_possible_day,
            days_left: w.days_left,
            operation: w.operation,
        }),
        Code::RefundMismatch => {
            let is_paid = core.iter().any(|member| member.events.ever_taken);
            (!is_paid).then_some(Reason::NeverPaid)
        }
        Code::BookingWithoutPayment => {
            let created = group.booking.as_ref().map(|booking| booking.created_at.day());
            created.filter(|day| !ground.coverage.holds(*day)).map(Reason::NoPaymentData)
        }
        Code::NotificationMissing
        | Code::RefundedNotCancelled
        | Code::NotCaptured
        | Code::AmountMismatch
        | Code::StatusReverted => None,
    };
    found.unwrap_or(Reason::Plain)
}

fn said(member: &Member<'_>, observation: &Observation) -> Said {
    let order_id = member.payment.order_id.clone();
    Said { order_id, label: observation.status.shared(), amount: observation.amount }
}

/// What the newest moment of `member` says, which is not one thing (SPEC §5.2 rule 6).
fn contradicting(member: &Member<'_>) -> Vec<Said> {
    let tied = member.payment.observations.iter().filter(|observation| observation.at == member.newest.at);
    let mut all: Vec<Said> = tied.map(|observation| said(member, observation)).collect();
    all.dedup();
    all
}

/// What `member` was lowered from and to; `None` if it holds nothing, or all of its sale.
fn lowered(member: &Member<'_>) -> Option<Lowered> {
    let events = &member.events;
    let sale = events.list.iter().rev().find(|event| event.kind == EventKind::Sale)?;
    let is_lowered = events.held.is_positive() && events.held < sale.amount;
    let order_id = || member.payment.order_id.clone();
    is_lowered.then(|| Lowered { order_id: order_id(), from: sale.amount, to: events.held })
}

/// Unmatched items of both sides by amount and day: suggestions, never matches (SPEC §5.3).
#[derive(Default)]
pub(super) struct Loose {
    payments: HashMap<(Yen, Day), Suggestion>,
    bookings: HashMap<(Yen, Day), Suggestion>,
}

impl Loose {
    pub(super) fn add_payment(&mut self, order_id: &str, amount: Yen, day: Day) {
        keep_smallest(&mut self.payments, order_id, amount, day, None);
    }

    pub(super) fn add_booking(&mut self, cart: &str, amount: Yen, day: Day, state: State) {
        keep_smallest(&mut self.bookings, cart, amount, day, Some(state));
    }

    fn suggestion(&self, finding: &Finding) -> Option<Suggestion> {
        match (finding.code, &finding.group.booking, finding.group.payments.first()) {
            (Code::PaymentWithoutBooking, _, Some(payment)) => {
                self.bookings.get(&(payment.held, payment.sale_date?)).cloned()
            }
            (Code::BookingWithoutPayment, Some(booking), _) => {
                self.payments.get(&(booking.expected, booking.created_at.day())).cloned()
            }
            _ => None,
        }
    }
}

fn keep_smallest(map: &mut HashMap<(Yen, Day), Suggestion>, other: &str, amount: Yen, day: Day, state: Option<State>) {
    let known = map.get(&(amount, day)).is_some_and(|known| known.other.as_str() <= other);
    if amount.is_positive() && !known {
        map.insert((amount, day), Suggestion { other: other.to_owned(), amount, day, state });
    }
}

/// Gives findings their age in business days and their suggestion, and puts the worst first.
pub(super) fn finish(findings: &mut [Finding], loose: &Loose, ground: &Ground<'_>) {
    let (calendar, as_of, horizon) = (ground.calendar, ground.as_of, ground.shop.policy.expiring_within_days);
    let mut ages: HashMap<Day, u32> = HashMap::new();
    for finding in &mut *findings {
        let first_seen = finding.first_seen;
        let age = ages.entry(first_seen).or_insert_with(|| business_days_between(calendar, first_seen, as_of));
        finding.age_business_days = *age;
        finding.suggestion = loose.suggestion(finding);
    }
    findings.sort_by(|a, b| rank(a, horizon).cmp(&rank(b, horizon)).then_with(|| a.id.cmp(&b.id)));
}

/// Severity; then what must go back within `horizon` days, by days left; then what has time, by what the sides differ in,
/// what is at stake and days left; then what no longer can go back.
fn rank(finding: &Finding, horizon: i32) -> (Severity, Urgency, [Reverse<Yen>; 2], i32) {
    let urgency = match &finding.window {
        Some(window) if window.is_closed() => Urgency::Closed(window.days_left),
        Some(window) if window.days_left <= horizon => Urgency::Closing(window.days_left),
        Some(_) | None => Urgency::None,
    };
    let actual = finding.group.actual;
    let expected = finding.group.booking.as_ref().map_or(Yen::ZERO, |booking| booking.expected);
    let (larger, smaller) = (actual.max(expected), actual.min(expected));
    let days_left = finding.window.map_or(i32::MAX, |window| window.days_left);
    (finding.severity, urgency, [Reverse(larger - smaller), Reverse(larger)], days_left)
}

/// How near the last day is on which the card takes the money back.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    Closing(i32),
    None,
    Closed(i32),
}
