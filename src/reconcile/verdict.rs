//! Booking state × money → verdict (SPEC §5.4), a table read from the top. Knows no codes, dates or files: what it
//! needs of a group is gathered in [`Case`] before.

use crate::domain::booking::{Booking, PaymentStatus, PaymentType, Price, State};
use crate::domain::finding::{Code, Severity};
use crate::domain::money::Yen;
use crate::domain::reconciliation::{Rule, Window};
use std::sync::Arc;

/// The one thing a group is (SPEC §5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Needs a person.
    Finding(Code),
    /// Both sides, and they agree.
    Matched,
    /// Nothing wrong yet.
    Awaiting,
    /// Awaiting, and failed attempts with it: a live booking waits for its money.
    AwaitingMoney,
    /// Left out by a rule.
    Excluded(Rule),
}

/// What Bókun says about the money of a booking (SPEC §5.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claim {
    /// State of the cart; `None` = no booking.
    pub(super) state: Option<State>,
    /// Payment status of the cart.
    pub(super) payment_status: Option<PaymentStatus>,
    /// Should have been paid by web and not got back; zero where the currency is foreign.
    pub(super) expected: Yen,
    /// A file states what was paid and refunded; else `expected` is the price of the lines.
    pub(super) is_stated: bool,
    /// A file says that money was paid by web, whatever went back since.
    pub(super) paid_by_web: bool,
    /// Any part of it agrees: DEPOSIT, and no file says how much.
    pub(super) part_agrees: bool,
    /// The foreign currency, if it is not yen.
    pub(super) foreign: Option<Arc<str>>,
    /// ¥0 or FREE.
    pub(super) free: bool,
    /// INVOICED, or a payment list without a web payment.
    pub(super) not_web: bool,
}

/// What the payments of a group say, failed attempts left aside (SPEC §5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Paid {
    pub(super) unknown_label: bool,
    pub(super) conflict: bool,
    pub(super) key_conflict: bool,
    pub(super) ambiguous: bool,
    /// Held now, by all.
    pub(super) actual: Yen,
    /// How many hold money.
    pub(super) holders: usize,
    pub(super) ever_taken: bool,
    pub(super) held_only: bool,
    pub(super) reverted: bool,
}

/// Which unmatched or held-only items the other side's data may still explain (SPEC §5.4 "awaiting").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Excuse {
    /// Every payment of the group.
    pub(super) payments: bool,
    /// Every held-only payment of the group.
    pub(super) holds: bool,
    /// The booking.
    pub(super) booking: bool,
}

/// All that the verdict on a group depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) claim: Claim,
    pub(super) paid: Paid,
    pub(super) excuse: Excuse,
}

/// The rows of SPEC §5.4, top to bottom; the first that applies decides.
pub(super) fn verdict(case: &Case) -> Verdict {
    use Verdict::{Awaiting, AwaitingMoney, Excluded, Finding, Matched};
    let Case { claim, paid, excuse } = case;
    let is = |state| claim.state == Some(state);
    let (live, alone) = (is(State::Live), claim.state.is_none());
    let held = paid.actual.is_positive();
    let more = paid.actual > claim.expected;
    let less = paid.actual < claim.expected;
    let uncaptured = paid.held_only && !paid.ever_taken;
    let unpaid = live && !paid.ever_taken && claim.says_web_paid();
    let compared = claim.foreign.is_none() && (paid.ever_taken || !claim.asks_nothing());
    let not_paid = claim.payment_status == Some(PaymentStatus::NotPaid);
    let rows = [
        (paid.unknown_label, Finding(Code::UnknownStatus)),
        (paid.conflict, Finding(Code::ObservationConflict)),
        (paid.key_conflict, Finding(Code::KeyConflict)),
        (paid.ambiguous, Finding(Code::AmbiguousBooking)),
        (alone && held && excuse.payments, Awaiting),
        (alone && held, Finding(Code::PaymentWithoutBooking)),
        (held && claim.foreign.is_some(), Finding(Code::CurrencyMismatch)),
        (is(State::Dead) && held, Finding(Code::PaidButDead)),
        (is(State::Cancelled) && more, Finding(Code::CancelledNotRefunded)),
        (is(State::Cancelled) && less, Finding(Code::RefundMismatch)),
        (live && paid.holders >= 2 && more, Finding(Code::DuplicatePayment)),
        (live && not_paid && held, Finding(Code::NotificationMissing)),
        (live && paid.ever_taken && !held, Finding(Code::RefundedNotCancelled)),
        (uncaptured && excuse.holds, Awaiting),
        (uncaptured, Finding(Code::NotCaptured)),
        (unpaid && excuse.booking, AwaitingMoney),
        (unpaid, Finding(Code::BookingWithoutPayment)),
        (live && compared && !claim.agrees_with(paid.actual), Finding(Code::AmountMismatch)),
        (paid.reverted, Finding(Code::StatusReverted)),
        (is(State::Waiting), Awaiting),
        (alone && paid.ever_taken, Excluded(Rule::Returned)),
        (alone, Excluded(Rule::NoMoney)),
        (paid.ever_taken, Matched),
        (claim.free, Excluded(Rule::Free)),
        (claim.not_web, Excluded(Rule::NotWebPayment)),
        (live && not_paid, Excluded(Rule::NotPaid)),
        (is(State::Cancelled), Excluded(Rule::CancelledUnpaid)),
        (is(State::Dead), Excluded(Rule::Dead)),
    ];
    let decided = rows.into_iter().find(|(applies, _)| *applies);
    decided.map_or(Excluded(Rule::Free), |(_, verdict)| verdict)
}

/// How urgent a finding is (SPEC §5.4): a cancellation with a closing or closed window is critical.
pub(super) fn severity(code: Code, window: Option<&Window>, expiring_within_days: i32) -> Severity {
    match code {
        Code::PaidButDead | Code::DuplicatePayment => Severity::Critical,
        Code::CurrencyMismatch | Code::StatusReverted => Severity::Normal,
        Code::CancelledNotRefunded if window.is_some_and(|w| w.days_left <= expiring_within_days) => Severity::Critical,
        Code::CancelledNotRefunded
        | Code::UnknownStatus
        | Code::ObservationConflict
        | Code::KeyConflict
        | Code::AmbiguousBooking
        | Code::PaymentWithoutBooking
        | Code::RefundMismatch
        | Code::NotificationMissing
        | Code::RefundedNotCancelled
        | Code::NotCaptured
        | Code::BookingWithoutPayment
        | Code::AmountMismatch => Severity::High,
    }
}

impl Claim {
    /// What Bókun says about `booking`.
    pub(super) fn of(booking: &Booking) -> Self {
        let payment_status = payment_status(booking);
        let foreign = foreign_currency(booking);
        let (is_stated, expected) = expected(booking);
        let free = payment_status == Some(PaymentStatus::Free)
            || booking.lines.iter().all(|line| line.total == Price::Yen(Yen::ZERO));
        let web = booking.entries.iter().any(|entry| entry.payment_type == PaymentType::WebPayment);
        Self {
            state: Some(booking.state()),
            expected: if foreign.is_some() { Yen::ZERO } else { expected },
            is_stated,
            part_agrees: payment_status == Some(PaymentStatus::Deposit) && !is_stated,
            paid_by_web: paid_by_web(booking),
            free,
            not_web: payment_status == Some(PaymentStatus::Invoiced) || (!booking.entries.is_empty() && !web),
            payment_status,
            foreign,
        }
    }

    /// Paid by web payment according to Bókun.
    fn says_web_paid(&self) -> bool {
        let paid = matches!(
            self.payment_status,
            Some(PaymentStatus::Deposit | PaymentStatus::PaidInFull | PaymentStatus::Overpaid)
        );
        paid && !self.free
            && !self.not_web
            && (self.foreign.is_some() || self.paid_by_web || self.expected.is_positive())
    }

    /// Free, paid otherwise or not paid: no card money is due.
    fn asks_nothing(&self) -> bool {
        self.free || self.not_web || self.payment_status == Some(PaymentStatus::NotPaid)
    }

    fn agrees_with(&self, actual: Yen) -> bool {
        if self.part_agrees && actual.is_positive() { actual <= self.expected } else { actual == self.expected }
    }
}

/// What should have been paid by web and not got back, and whether a file states it (SPEC §5.4).
///
/// Less than nothing is no statement: a payment list of one month holds a refund without the payment that it gave back.
fn expected(booking: &Booking) -> (bool, Yen) {
    let of_lines = || (false, booking.standing().filter_map(|line| line.total.yen()).sum());
    stated(booking).filter(|yen| *yen >= Yen::ZERO).map_or_else(of_lines, |yen| (true, yen))
}

/// What a file says was paid by web and not got back.
fn stated(booking: &Booking) -> Option<Yen> {
    if booking.lines.iter().any(|line| line.paid.is_some()) {
        let net = |paid: Option<Yen>, refunded: Option<Yen>| paid.unwrap_or_default() - refunded.unwrap_or_default();
        return Some(booking.lines.iter().map(|line| net(line.paid, line.refunded)).sum());
    }
    let web = || booking.entries.iter().filter(|entry| entry.payment_type == PaymentType::WebPayment);
    if web().any(|entry| entry.amount.yen().is_some()) {
        return Some(web().filter_map(|entry| entry.amount.yen()).sum());
    }
    (!booking.entries.is_empty() && web().next().is_none()).then_some(Yen::ZERO)
}

/// Whether a file states a payment by web: `paid_amount`, or such a row of the payment list.
fn paid_by_web(booking: &Booking) -> bool {
    let web = booking.entries.iter().filter(|entry| entry.payment_type == PaymentType::WebPayment);
    let listed = web.filter_map(|entry| entry.amount.yen());
    booking.lines.iter().filter_map(|line| line.paid).chain(listed).any(Yen::is_positive)
}

/// The cart's payment status: of its standing lines (else all), the first in the order of [`PaymentStatus::ALL`].
fn payment_status(booking: &Booking) -> Option<PaymentStatus> {
    let standing = booking.standing().map(|line| line.payment_status).min();
    standing.or_else(|| booking.lines.iter().map(|line| line.payment_status).min())
}

/// The foreign currency of a standing line, or of any line where none stands.
fn foreign_currency(booking: &Booking) -> Option<Arc<str>> {
    let of = |price: &Price| match price {
        Price::Foreign { currency, .. } => Some(currency.clone()),
        Price::Yen(_) => None,
    };
    if booking.standing().next().is_some() {
        return booking.standing().find_map(|line| of(&line.total));
    }
    booking.lines.iter().find_map(|line| of(&line.total))
}
