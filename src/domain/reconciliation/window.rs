//! Until when money can go back to the card, and what is listed for it (SPEC §5.5).

use super::{BookingView, PaymentView};
use crate::domain::dates::Day;
use crate::domain::ids::OrderId;
use crate::domain::money::Yen;

/// The operation GMO would apply today (SPEC §5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// 取消: same day.
    Void,
    /// 返品: same month.
    Return,
    /// 月跨り返品: later.
    CrossMonthReturn,
    /// None: the window is closed.
    Closed,
}

/// The cancellation window of a payment (SPEC §5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Date of the current sale.
    pub sale_date: Day,
    /// `sale_date` + window − 1.
    pub last_safe_day: Day,
    /// `sale_date` + window.
    pub last_possible_day: Day,
    /// Days from the as-of date to the safe day.
    pub days_left: i32,
    /// What GMO would apply on the as-of date.
    pub operation: Operation,
}

impl Window {
    /// Whether the money can no longer go back to the card.
    pub fn is_closed(&self) -> bool {
        self.operation == Operation::Closed
    }
}

/// A payment that holds money, and until when the card takes it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Order ID.
    pub order_id: OrderId,
    /// What it holds.
    pub held: Yen,
    /// Its cancellation window.
    pub window: Window,
    /// Whether GMO has been asked to reverse it and has not done so yet (SPEC §5.1).
    pub is_returning: bool,
}

/// Why a payment is on the cancellation list, worst first (SPEC §5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Booking cancelled, money still held.
    RefundDue,
    /// The tour starts after the safe day.
    TravelsLater,
    /// Tour still ahead, inside the window.
    NotTravelled,
    /// Money without a booking.
    NoBooking,
    /// Already travelled.
    Travelled,
}

impl Risk {
    /// All risks, worst first.
    pub const ALL: &[Self] =
        &[Self::RefundDue, Self::TravelsLater, Self::NotTravelled, Self::NoBooking, Self::Travelled];

    /// The risk as it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RefundDue => "refund_due",
            Self::TravelsLater => "travels_later",
            Self::NotTravelled => "not_travelled",
            Self::NoBooking => "no_booking",
            Self::Travelled => "travelled",
        }
    }
}

/// One line of the cancellation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiring {
    /// Why it is listed.
    pub risk: Risk,
    /// Its window.
    pub window: Window,
    /// The payment.
    pub payment: PaymentView,
    /// Its booking, if any.
    pub booking: Option<BookingView>,
}
