//! The cancellation window and the cancellation list (SPEC §5.5). Days are JST days; day 0 is the day of the sale.

use crate::domain::booking::State;
use crate::domain::dates::Day;
use crate::domain::money::Yen;
use crate::domain::policy::Policy;
use crate::domain::reconciliation::{BookingView, Expiring, Operation, Risk, Window};
use std::cmp::Reverse;

/// The window of a sale of `sale_date`, as it looks on `as_of` (SPEC §5.5).
pub fn window(sale_date: Day, policy: &Policy, as_of: Day) -> Window {
    let last_possible_day = sale_date.plus(policy.cancel_window_days);
    let last_safe_day = last_possible_day.plus(-1);
    let operation = if as_of > last_possible_day {
        Operation::Closed
    } else if as_of <= sale_date {
        Operation::Void
    } else if as_of.month_start() == sale_date.month_start() {
        Operation::Return
    } else {
        Operation::CrossMonthReturn
    };
    Window { sale_date, last_safe_day, last_possible_day, days_left: last_safe_day.since(as_of), operation }
}

/// The window of what a payment holds; `None` if it holds nothing.
pub fn window_of(held: Yen, sale_date: Option<Day>, policy: &Policy, as_of: Day) -> Option<Window> {
    let sale_date = sale_date.filter(|_| held.is_positive())?;
    Some(window(sale_date, policy, as_of))
}

/// Whether a payment with this window is on the list today.
pub(super) fn is_listed(window: &Window, policy: &Policy) -> bool {
    window.days_left <= policy.expiring_within_days && window.operation != Operation::Closed
}

/// Why a payment is on the list; `excess` = its group holds more than the booking expects (SPEC §5.5).
pub(super) fn risk(booking: Option<&BookingView>, excess: bool, window: &Window, as_of: Day) -> Risk {
    let Some(booking) = booking else {
        return Risk::NoBooking;
    };
    // A fee may be kept of what was cancelled; of what never came about nothing is.
    let is_due = booking.state == State::Dead || (booking.state == State::Cancelled && excess);
    match booking.start {
        _ if is_due => Risk::RefundDue,
        Some(start) if start < as_of => Risk::Travelled,
        Some(start) if start > window.last_safe_day => Risk::TravelsLater,
        Some(_) | None => Risk::NotTravelled,
    }
}

/// Worst first: by risk, days left, amount, Order ID.
pub(super) fn sort(list: &mut [Expiring]) {
    list.sort_by(|a, b| {
        let key = |e: &Expiring| (e.risk, e.window.days_left, Reverse(e.payment.held));
        key(a).cmp(&key(b)).then_with(|| a.payment.order_id.cmp(&b.payment.order_id))
    });
}
