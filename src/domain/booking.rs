//! Bookings: one Bókun cart with its lines, and what the payment list says about it (SPEC §4.2, §5.4).

use super::dates::{Day, Moment};
use super::ids::{CartCode, ProductCode, ShopId};
use super::intake::Source;
use super::money::Yen;
use std::sync::Arc;

/// The state of a line, or of a cart (SPEC §5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// CONFIRMED, ARRIVED, NO_SHOW.
    Live,
    /// PENDING, RESERVED, REQUESTED, CART.
    Waiting,
    /// CANCELLED.
    Cancelled,
    /// TIMEOUT, ABORTED, ERROR, REJECTED.
    Dead,
}

macro_rules! closed_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Bókun's word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The value that `written` stands for, compared without case, spaces, `_` and `-` (DOMAIN §5.2).
            pub fn read(written: &str) -> Option<Self> {
                if let Some(exact) = Self::ALL.iter().copied().find(|value| value.word() == written) {
                    return Some(exact);
                }
                let bare = |text: &str| super::text::fold(text).replace(['_', '-'], "");
                let wanted = bare(written);
                Self::ALL.iter().copied().find(|value| bare(value.word()) == wanted)
            }
        }
    };
}

closed_words! {
    /// Booking status of a line (DOMAIN §5.4).
    LineStatus {
        /// Confirmed.
        Confirmed = "CONFIRMED",
        /// The guest arrived.
        Arrived = "ARRIVED",
        /// The guest did not come.
        NoShow = "NO_SHOW",
        /// Not yet confirmed.
        Pending = "PENDING",
        /// Reserved.
        Reserved = "RESERVED",
        /// Requested.
        Requested = "REQUESTED",
        /// Still in the guest's cart.
        Cart = "CART",
        /// Cancelled.
        Cancelled = "CANCELLED",
        /// Ran out of time.
        Timeout = "TIMEOUT",
        /// Given up.
        Aborted = "ABORTED",
        /// Failed.
        Error = "ERROR",
        /// Refused.
        Rejected = "REJECTED",
    }
}

closed_words! {
    /// Payment status of a booking (DOMAIN §5.4).
    PaymentStatus {
        /// Paid in part.
        Deposit = "DEPOSIT",
        /// Paid in full.
        PaidInFull = "PAID_IN_FULL",
        /// Paid too much.
        Overpaid = "OVERPAID",
        /// Given back.
        Refund = "REFUND",
        /// Paid by invoice.
        Invoiced = "INVOICED",
        /// Not paid.
        NotPaid = "NOT_PAID",
        /// Costs nothing.
        Free = "FREE",
    }
}

closed_words! {
    /// Payment type of a payment-list row (DOMAIN §5.4). Only web payments can be GMO money.
    PaymentType {
        /// Paid on the web: the card.
        WebPayment = "WEB_PAYMENT",
        /// Paid at a desk.
        PointOfSale = "POINT_OF_SALE",
        /// Paid in cash.
        Cash = "CASH",
        /// Paid by voucher.
        Voucher = "VOUCHER",
    }
}

impl LineStatus {
    /// The state this status belongs to (SPEC §5.4).
    pub const fn state(self) -> State {
        match self {
            Self::Confirmed | Self::Arrived | Self::NoShow => State::Live,
            Self::Pending | Self::Reserved | Self::Requested | Self::Cart => State::Waiting,
            Self::Cancelled => State::Cancelled,
            Self::Timeout | Self::Aborted | Self::Error | Self::Rejected => State::Dead,
        }
    }
}

/// A price: yen, or a foreign amount that never meets them (DOMAIN §5.6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Price {
    /// Whole yen.
    Yen(Yen),
    /// Another currency: ISO code and the amount as written.
    Foreign {
        /// ISO 4217 code.
        currency: Arc<str>,
        /// The amount as written.
        written: Arc<str>,
    },
}

impl Price {
    /// The yen, if these are yen.
    pub const fn yen(&self) -> Option<Yen> {
        match self {
            Self::Yen(yen) => Some(*yen),
            Self::Foreign { .. } => None,
        }
    }
}

/// One product booking of a cart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BookingLine {
    /// Product confirmation code; empty where the file has none.
    pub product_code: ProductCode,
    /// Booking status.
    pub status: LineStatus,
    /// Payment status.
    pub payment_status: PaymentStatus,
    /// Creation date.
    pub created_at: Moment,
    /// Start of the tour, where stated.
    pub start_at: Option<Moment>,
    /// Total price with discount.
    pub total: Price,
    /// Booking channel.
    pub channel: Arc<str>,
    /// Product title.
    pub product: Arc<str>,
    /// Customer, shown only with `report.customer`.
    pub customer: Arc<str>,
    /// External booking reference.
    pub external_ref: Arc<str>,
    /// Transaction ID, where the file has one: equals GMO's Order ID.
    pub transaction_id: Arc<str>,
    /// `paid_amount` of our own form.
    pub paid: Option<Yen>,
    /// `refunded_amount` of our own form.
    pub refunded: Option<Yen>,
    /// Where it was read.
    pub source: Source,
}

/// One row of Bókun's payment list (SPEC §4.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PaymentEntry {
    /// Payment reference; empty where the file has none.
    pub reference: Arc<str>,
    /// Booking reference: the cart code as written.
    pub cart: CartCode,
    /// How it was paid.
    pub payment_type: PaymentType,
    /// Transaction date.
    pub at: Moment,
    /// Positive: paid, negative: refunded (DOMAIN §5.3).
    pub amount: Price,
    /// Transaction ID: equals GMO's Order ID.
    pub transaction_id: Arc<str>,
    /// Where it was read.
    pub source: Source,
}

/// One cart as the newest file says, with its payment-list rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// Cart confirmation code as exported.
    pub cart: CartCode,
    /// The shop's sub-folder its file was dropped in, if any (SPEC §4.3).
    pub folder: Option<ShopId>,
    /// Product bookings, in file order, never empty.
    pub lines: Vec<BookingLine>,
    /// Rows of the payment list for this cart, sorted.
    pub entries: Vec<PaymentEntry>,
}

/// How far a snapshot of a cart has come, to decide which of two is the later word (SPEC §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotAge {
    /// Twice the number of cancelled lines, and 1 more where the cart is live or dead.
    pub rank: i64,
    /// Newest Creation date of the file it stands in.
    pub reach: Moment,
}

impl SnapshotAge {
    /// The age of a snapshot with `lines` out of a file that reaches to `reach`.
    pub fn of(lines: &[BookingLine], reach: Moment) -> Self {
        let cancelled = lines.iter().filter(|line| line.status.state() == State::Cancelled).count();
        let is_settled = matches!(cart_state(lines), State::Live | State::Dead);
        let rank = i64::try_from(cancelled).unwrap_or(i64::MAX).saturating_mul(2).saturating_add(i64::from(is_settled));
        Self { rank, reach }
    }

    const fn cancelled(self) -> i64 {
        self.rank / 2
    }

    /// Whether this snapshot, arriving now, replaces `stored`.
    ///
    /// An export carries no time of its own. What is cancelled never comes back (a rebooking makes a new cart, DOMAIN §5.1), so
    /// the lines that are cancelled decide first; then how far the file's data reaches, so that last month's export dropped
    /// beside today's changes nothing; then whether the cart waits no longer; between equals the later arrival.
    pub fn replaces(self, stored: Self) -> bool {
        let age = |snapshot: Self| (snapshot.cancelled(), snapshot.reach, snapshot.rank);
        age(self) >= age(stored)
    }
}

/// For a cart that is live, paid in full and priced in yen in all its lines, which state nothing else about money: the day its
/// tour starts, if any line says so. `None` for any other.
///
/// Once a payment of the same amount has met such a cart, nothing more is to be said about the two.
pub fn plain_start(lines: &[BookingLine]) -> Option<Option<Day>> {
    let is_plain = |line: &BookingLine| {
        line.status.state() == State::Live
            && line.payment_status == PaymentStatus::PaidInFull
            && line.total.yen().is_some()
            && line.paid.is_none()
            && line.refunded.is_none()
            && line.transaction_id.is_empty()
    };
    let start = || lines.iter().filter_map(|line| line.start_at).min().map(Moment::day);
    (!lines.is_empty() && lines.iter().all(is_plain)).then(start)
}

/// Live if any line is; else waiting if any is; else cancelled if any is; else dead (SPEC §5.4).
pub fn cart_state(lines: &[BookingLine]) -> State {
    lines.iter().map(|line| line.status.state()).min().unwrap_or(State::Dead)
}

impl PaymentEntry {
    /// Whether it tells of money that went back: one with the reference of a payment is another row than the payment.
    pub fn is_refund(&self) -> bool {
        match &self.amount {
            Price::Yen(yen) => *yen < Yen::ZERO,
            Price::Foreign { written, .. } => written.starts_with(['-', '−']),
        }
    }

    /// Whether both say the same, wherever they were read.
    pub fn says_same(&self, other: &Self) -> bool {
        Self { source: other.source.clone(), ..self.clone() } == *other
    }
}

impl BookingLine {
    /// Whether both say the same, wherever they were read.
    pub fn says_same(&self, other: &Self) -> bool {
        Self { source: other.source.clone(), ..self.clone() } == *other
    }
}

impl Booking {
    /// Live if any line is; else waiting if any is; else cancelled if any is; else dead (SPEC §5.4).
    pub fn state(&self) -> State {
        cart_state(&self.lines)
    }

    /// The earliest Creation date of its lines.
    pub fn created_at(&self) -> Option<Moment> {
        self.lines.iter().map(|line| line.created_at).min()
    }

    /// The lines that are neither cancelled nor dead.
    pub fn standing(&self) -> impl Iterator<Item = &BookingLine> {
        self.lines.iter().filter(|line| matches!(line.status.state(), State::Live | State::Waiting))
    }

    /// The earliest start of a standing line, or of any line where none stands.
    pub fn start_at(&self) -> Option<Moment> {
        self.standing()
            .filter_map(|line| line.start_at)
            .min()
            .or_else(|| self.lines.iter().filter_map(|l| l.start_at).min())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).expect("a day")
    }

    fn line(status: LineStatus) -> BookingLine {
        BookingLine {
            product_code: ProductCode::new("MZ-T1"),
            status,
            payment_status: PaymentStatus::PaidInFull,
            created_at: day("2026-11-01").start(),
            start_at: Some(day("2026-12-01").start()),
            total: Price::Yen(Yen::new(100)),
            channel: Arc::from(""),
            product: Arc::from(""),
            customer: Arc::from(""),
            external_ref: Arc::from(""),
            transaction_id: Arc::from(""),
            paid: None,
            refunded: None,
            source: Source { file: Arc::from("x.csv"), line: 2 },
        }
    }

    fn booking(lines: Vec<BookingLine>) -> Booking {
        Booking { cart: CartCode::new("MZ1"), folder: None, lines, entries: Vec::new() }
    }

    #[test]
    fn a_cart_is_live_if_any_line_is_else_waiting_else_cancelled_else_dead() {
        use LineStatus::{Aborted, Cancelled, Confirmed, Pending, Rejected, Timeout};
        for (statuses, state) in [
            (&[Cancelled, Timeout, Pending, Confirmed][..], State::Live),
            (&[Timeout, Cancelled, Pending], State::Waiting),
            (&[Rejected, Cancelled], State::Cancelled),
            (&[Aborted, Rejected], State::Dead),
        ] {
            let lines = statuses.iter().copied().map(line).collect();
            assert_eq!(booking(lines).state(), state, "{statuses:?}");
        }
    }

    #[test]
    fn of_two_snapshots_what_is_cancelled_decides_then_the_reach_then_the_state_then_the_arrival() {
        use LineStatus::{Arrived, Cancelled, Confirmed, Pending, Timeout};
        let age = |statuses: &[LineStatus], reach| {
            let lines: Vec<BookingLine> = statuses.iter().copied().map(line).collect();
            SnapshotAge::of(&lines, day(reach).start())
        };
        let (october, november) = ("2026-10-31", "2026-11-30");
        for (arriving, stored, replaces) in [
            ((&[Cancelled][..], october), (&[Confirmed][..], november), true),
            ((&[Confirmed], november), (&[Cancelled], october), false),
            ((&[Cancelled, Pending], november), (&[Confirmed, Pending], october), true),
            ((&[Confirmed, Confirmed], november), (&[Cancelled, Confirmed], october), false),
            ((&[Cancelled, Confirmed], november), (&[Cancelled], october), true),
            ((&[Cancelled, Confirmed], october), (&[Cancelled], november), false),
            ((&[Pending], november), (&[Confirmed], october), true),
            ((&[Pending], november), (&[Confirmed], november), false),
            ((&[Confirmed], november), (&[Pending], november), true),
            ((&[Timeout], november), (&[Confirmed], october), true),
            ((&[Confirmed], october), (&[Timeout], november), false),
            ((&[Confirmed], november), (&[Arrived], november), true),
        ] {
            let (new, old) = (age(arriving.0, arriving.1), age(stored.0, stored.1));
            assert_eq!(new.replaces(old), replaces, "{arriving:?} over {stored:?}");
        }
    }

    #[test]
    fn a_cart_is_plain_if_no_line_says_more_than_paid_in_full_in_yen() {
        let plain = || line(LineStatus::Confirmed);
        assert_eq!(plain_start(&[plain()]), Some(Some(day("2026-12-01"))));
        assert_eq!(plain_start(&[BookingLine { start_at: None, ..plain() }]), Some(None));
        let sooner = BookingLine { start_at: Some(day("2026-11-30").start()), ..plain() };
        assert_eq!(plain_start(&[plain(), sooner]), Some(Some(day("2026-11-30"))));
        assert_eq!(plain_start(&[]), None);
        let foreign = Price::Foreign { currency: Arc::from("USD"), written: Arc::from("1.00") };
        for odd in [
            line(LineStatus::Cancelled),
            BookingLine { payment_status: PaymentStatus::Deposit, ..plain() },
            BookingLine { total: foreign, ..plain() },
            BookingLine { paid: Some(Yen::new(100)), ..plain() },
            BookingLine { refunded: Some(Yen::ZERO), ..plain() },
            BookingLine { transaction_id: Arc::from("BK1"), ..plain() },
        ] {
            assert_eq!(plain_start(&[plain(), odd.clone()]), None, "{odd:?}");
        }
    }

    #[test]
    fn a_line_says_the_same_wherever_it_was_read() {
        let one = line(LineStatus::Confirmed);
        let elsewhere = BookingLine { source: Source { file: Arc::from("y.csv"), line: 9 }, ..one.clone() };
        assert!(one.says_same(&elsewhere));
        assert!(!one.says_same(&line(LineStatus::NoShow)));
    }

    #[test]
    fn a_tour_starts_with_the_earliest_line_that_stands_or_with_any_where_none_does() {
        let at = |status, start| BookingLine { start_at: Some(day(start).start()), ..line(status) };
        let cancelled = at(LineStatus::Cancelled, "2026-12-01");
        let live = at(LineStatus::Confirmed, "2026-12-03");
        let waiting = at(LineStatus::Pending, "2026-12-02");
        let start =
            |lines: &[&BookingLine]| booking(lines.iter().copied().cloned().collect()).start_at().map(Moment::day);
        assert_eq!(start(&[&cancelled, &live, &waiting]), Some(day("2026-12-02")));
        assert_eq!(start(&[&cancelled, &live]), Some(day("2026-12-03")));
        assert_eq!(start(&[&cancelled]), Some(day("2026-12-01")));
    }
}
