//! The result of reconciling one shop for a period and an as-of date: what store, report and mail receive.

mod sources;
mod window;

pub use sources::{FileSummary, Freshness, HeldSummary};
pub use window::{Expiring, Holding, Operation, Risk, Window};

use super::booking::{Booking, State};
use super::dates::{Day, Moment, Period};
use super::finding::{Code, FindingRecord, NoBooking, Note, Severity};
use super::ids::{CartCode, FindingId, OrderId, ShopId};
use super::intake::Source;
use super::money::Yen;
use super::payment::{EventKind, Payment};
use super::quiet::Background;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything known of one shop: the only input of reconciling besides policy, period and as-of date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShopFacts {
    /// Its payments, by Order ID.
    pub payments: Vec<Payment>,
    /// Its bookings, by cart code.
    pub bookings: Vec<Booking>,
    /// What more there is, of which the report says nothing by itself.
    pub background: Background,
}

/// Which key matched a payment to its booking (SPEC §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchKey {
    /// Order ID = Transaction ID.
    TransactionId,
    /// Column H digits = digits of a cart code.
    CartDigits,
    /// Column H digits = digits of a product code.
    ProductDigits,
}

/// A payment as a report shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentView {
    /// Order ID.
    pub order_id: OrderId,
    /// The key that matched it, if it is matched.
    pub key: Option<MatchKey>,
    /// Newest status label.
    pub status: Arc<str>,
    /// Newest 処理日時.
    pub newest_at: Moment,
    /// The date of the current sale, or of the last one where nothing is held; `None` if no sale was seen.
    pub sale_date: Option<Day>,
    /// Whether that date is an estimate (SPEC §5.2 rule 4).
    pub sale_date_estimated: bool,
    /// Whether only its 月跨り返品 is known (SPEC §5.2 rule 4).
    pub sale_not_seen: bool,
    /// What it holds now.
    pub held: Yen,
    /// Newest amount as observed: what a held-only payment reserves.
    pub observed: Yen,
    /// 決済方法.
    pub method: Arc<str>,
    /// Column H.
    pub booking_ref: Arc<str>,
    /// Where its newest observation was read.
    pub source: Source,
    /// Whether any of its observations falls in the period.
    pub in_period: bool,
}

/// A booking as a report shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookingView {
    /// Cart code as exported.
    pub cart: CartCode,
    /// State of the cart.
    pub state: State,
    /// Bókun's words: booking status of its lines, without repetition.
    pub status: Cow<'static, str>,
    /// What the guest should have paid by web and not got back; zero where the currency is not yen.
    pub expected: Yen,
    /// Currency, where it is not JPY.
    pub foreign: Option<Arc<str>>,
    /// Product titles, without repetition, in line order.
    pub products: Arc<str>,
    /// Customer of the first line, shown only with `report.customer`.
    pub customer: Arc<str>,
    /// Creation date.
    pub created_at: Moment,
    /// Start of the tour.
    pub start: Option<Day>,
    /// Where its first line was read.
    pub source: Source,
    /// Where the rows of the payment list were read that say what was paid.
    pub listed: Box<[Source]>,
    /// Whether it was created in the period.
    pub in_period: bool,
}

/// A booking with all payments that belong to it, or either side alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchGroup {
    /// Its payments, by Order ID.
    pub payments: Vec<PaymentView>,
    /// Its booking.
    pub booking: Option<BookingView>,
    /// What its payments hold now.
    pub actual: Yen,
}

/// What could go with an unmatched item; never a match (SPEC §5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The Order ID or cart code suggested.
    pub other: String,
    /// Its amount.
    pub amount: Yen,
    /// Its date.
    pub day: Day,
    /// Its state, where it is a booking.
    pub state: Option<State>,
}

/// Facts that a finding's reason is made of; the sentence is the locale's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The code and the amounts say it all.
    Plain,
    /// `unknown_status`: each payment whose newest label is unknown, and what it holds where money moved before.
    Unknown(Vec<(Said, Option<Yen>)>),
    /// `observation_conflict`: what the newest moment of each payment in conflict says, each once.
    Conflict(Vec<Said>),
    /// `payment_without_booking`: why there is none.
    NoBooking(NoBooking),
    /// `key_conflict`: the cart of the Transaction ID, the cart of column H.
    Keys {
        /// Cart that the Order ID leads to.
        by_transaction: CartCode,
        /// Cart that column H leads to.
        by_digits: CartCode,
    },
    /// `ambiguous_booking`: the candidates.
    Candidates(Vec<CartCode>),
    /// `cancelled_not_refunded`, `paid_but_dead`, `duplicate_payment`: the window of the finding.
    Window {
        /// Last safe day.
        last_safe_day: Day,
        /// Last possible day.
        last_possible_day: Day,
        /// Days left to the safe day, negative if past.
        days_left: i32,
        /// What GMO would apply today.
        operation: Operation,
    },
    /// `cancelled_not_refunded`, where no file states what was paid and refunded: what is held may be a cancellation fee.
    /// The payments of which a part went back.
    Unstated(Vec<Lowered>),
    /// `refund_mismatch`: no payment of the group ever took money, so nothing can have gone back.
    NeverPaid,
    /// `booking_without_payment`: no payment data that covers the day the booking was created, which is this.
    NoPaymentData(Day),
    /// `currency_mismatch`: the currency.
    Currency(Arc<str>),
}

/// What a row says of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Order ID.
    pub order_id: OrderId,
    /// Status label.
    pub label: Arc<str>,
    /// 利用金額 + 税送料.
    pub amount: Yen,
}

/// A payment that holds less than its sale was (SPEC §5.2 rule 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lowered {
    /// Order ID.
    pub order_id: OrderId,
    /// The amount of its current sale.
    pub from: Yen,
    /// What it holds.
    pub to: Yen,
}

/// A finding with what a report shows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable id.
    pub id: FindingId,
    /// Code.
    pub code: Code,
    /// Severity.
    pub severity: Severity,
    /// Cart code or Order ID the id is made of.
    pub key: String,
    /// Its group. Failed attempts that are excluded stand apart.
    pub group: MatchGroup,
    /// Why.
    pub reason: Reason,
    /// Cancellation window of the money held: the first that closes; one that is closed only where all are.
    pub window: Option<Window>,
    /// Its payments that hold money, each with its own window, by Order ID.
    pub holdings: Vec<Holding>,
    /// A suggestion, where one offers itself.
    pub suggestion: Option<Suggestion>,
    /// Whether it lies outside the period (繰越).
    pub carried: bool,
    /// The as-of date it was first seen on.
    pub first_seen: Day,
    /// Its age in Japanese business days.
    pub age_business_days: u32,
    /// What finance wrote.
    pub note: Note,
}

/// Rules that leave items out (SPEC §5.4 "excluded").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Failed, unpaid, expired attempts.
    NoMoney,
    /// Taken and fully returned, no booking.
    Returned,
    /// ¥0 or FREE.
    Free,
    /// INVOICED, or cash, voucher, point of sale.
    NotWebPayment,
    /// Live, NOT_PAID, no money.
    NotPaid,
    /// Cancelled, never paid.
    CancelledUnpaid,
    /// Dead.
    Dead,
    /// Older than `history_start`.
    BeforeHistoryStart,
    /// A rule of the shop, by name.
    Shop(String),
}

impl Rule {
    /// The rule's name in JSON and in the workbook.
    pub fn as_str(&self) -> &str {
        match self {
            Self::NoMoney => "no_money",
            Self::Returned => "returned",
            Self::Free => "free",
            Self::NotWebPayment => "not_web_payment",
            Self::NotPaid => "not_paid",
            Self::CancelledUnpaid => "cancelled_unpaid",
            Self::Dead => "dead",
            Self::BeforeHistoryStart => "before_history_start",
            Self::Shop(name) => name,
        }
    }
}

/// One payment or booking that is awaiting or excluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestItem {
    /// The item.
    pub item: Item,
    /// Why.
    pub cause: Cause,
}

/// Why an item is awaiting or excluded (SPEC §5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Excluded by a rule.
    Rule(Rule),
    /// Awaiting.
    Wait(Wait),
}

/// What an awaiting item waits for (SPEC §5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The booking is not confirmed.
    Confirmation,
    /// Its date is within `grace_days`.
    Grace,
    /// For bookings as new as the payment.
    Bookings,
    /// For payments as new as the booking.
    Payments,
}

/// Either side of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A payment.
    Payment(PaymentView),
    /// A booking.
    Booking(BookingView),
}

/// Sums of money events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Number of sales.
    pub count: u64,
    /// Sales and upward changes.
    pub gross: Yen,
    /// Reversals and downward changes, negative.
    pub refunds: Yen,
}

impl Totals {
    /// Gross plus refunds.
    pub fn net(&self) -> Yen {
        self.gross + self.refunds
    }

    /// Adds one movement of `amount`; a zero change moves nothing.
    pub fn add(&mut self, kind: EventKind, amount: Yen) {
        if kind == EventKind::Sale {
            self.count += 1;
        }
        if amount < Yen::ZERO {
            self.refunds += amount;
        } else {
            self.gross += amount;
        }
    }
}

/// Sales of the period, cut in five ways; each cut adds up to `total` (SPEC §5.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sales {
    /// Of the whole period.
    pub total: Totals,
    /// By day, every day of the period, in order.
    pub by_day: Vec<(Day, Totals)>,
    /// By month `YYYY-MM`, in order.
    pub by_month: Vec<(String, Totals)>,
    /// By status label.
    pub by_status: Vec<(String, Totals)>,
    /// By 決済方法.
    pub by_method: Vec<(String, Totals)>,
    /// By product title, the largest net first; the empty name, which stands last, holds what has no booking. `count` counts sales under their first product.
    pub by_product: Vec<(String, Totals)>,
}

/// How many findings were open on some days up to the as-of date, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trend {
    /// The days, the as-of date last; empty where no earlier finding is known.
    pub days: Vec<Day>,
    /// For each kind the number open on each day.
    pub open: BTreeMap<Code, Vec<u64>>,
}

/// One equation of the proof with both sides; rows and yen are separate checks (SPEC §6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Name, as in JSON.
    pub name: String,
    /// Left side.
    pub left: i64,
    /// Right side.
    pub right: i64,
    /// What the side that is put together comes from, in the order of its words; empty where it is one sum.
    pub parts: Vec<i64>,
}

impl Check {
    /// Whether both sides agree.
    pub const fn balances(&self) -> bool {
        self.left == self.right
    }
}

/// The result for one shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    /// The shop.
    pub shop: ShopId,
    /// Its name.
    pub shop_name: String,
    /// The period reported.
    pub period: Period,
    /// 基準日.
    pub as_of: Day,
    /// Sales of the period.
    pub sales: Sales,
    /// Matched groups of the period: any member falls in it.
    pub matched: Vec<MatchGroup>,
    /// Every open finding, worst first.
    pub findings: Vec<Finding>,
    /// The cancellation list, worst first.
    pub cancellation: Vec<Expiring>,
    /// Live bookings that travel after their safe day, independently of the list's horizon.
    pub travels_after_window: u64,
    /// Awaiting items of the period.
    pub awaiting: Vec<RestItem>,
    /// Excluded items of the period.
    pub excluded: Vec<RestItem>,
    /// How fresh its sources are.
    pub freshness: Freshness,
    /// The equations.
    pub checks: Vec<Check>,
    /// Findings that were open before and are no longer, by id.
    pub cleared: Vec<FindingRecord>,
    /// Open findings in the weeks before; no figure, because it changes by the passing of days alone.
    pub trend: Trend,
}

impl BookingView {
    /// Every row that it follows from.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        std::iter::once(&self.source).chain(&self.listed)
    }
}

impl Reconciliation {
    /// Whether anything of the period waits for `wait`.
    fn waits_for(&self, wait: Wait) -> bool {
        self.awaiting.iter().any(|item| item.cause == Cause::Wait(wait))
    }

    /// Whether payments are in, but not the newest: the export of the as-of date is missing, or bookings wait for them
    /// (FAULTS A20, R13).
    pub fn are_payments_behind(&self) -> bool {
        self.freshness.payments.is_some() && (self.freshness.is_behind || self.waits_for(Wait::Payments))
    }

    /// Whether bookings are in, but older than payments that wait for them (FAULTS R13).
    pub fn are_bookings_behind(&self) -> bool {
        self.freshness.bookings.is_some() && self.waits_for(Wait::Bookings)
    }

    /// Whether every equation balances.
    pub fn balanced(&self) -> bool {
        self.checks.iter().all(Check::balances)
    }
}
