//! What is told of a long history to find the groups of which a report can say nothing, and what is left of them.

use super::dates::{Day, Moment};
use super::money::Yen;
use super::payment::Status;
use super::reconciliation::Totals;
use std::collections::BTreeMap;

/// What is told of an observation; `row` is whatever finds it again.
#[derive(Clone, Copy, Debug)]
pub struct ObservationNote<'a> {
    /// Its row.
    pub row: i64,
    /// Whether it is all that was ever observed of its payment, and no booking names the payment's Order ID.
    pub is_plain: bool,
    /// 処理日時.
    pub at: Moment,
    /// 取引状態.
    pub status: &'a Status,
    /// 利用金額 + 税送料.
    pub amount: Yen,
    /// Column H.
    pub booking_ref: &'a str,
}

/// What is told of a cart; `version` is whatever finds it again.
#[derive(Clone, Copy, Debug)]
pub struct CartNote<'a> {
    /// Its newest version.
    pub version: i64,
    /// Cart code as exported.
    pub cart: &'a str,
    /// The first day on which a line of it was created.
    pub created: Option<Day>,
    /// The sum of its lines in yen.
    pub yen: Yen,
    /// Where nothing about it is out of the ordinary ([`super::booking::plain_start`]): the day its tour starts.
    pub plain_start: Option<Option<Day>>,
}

/// What is not quiet, and must be read whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loud {
    /// Rows of observations, ascending.
    pub rows: Vec<i64>,
    /// Versions of carts, ascending.
    pub versions: Vec<i64>,
}

/// What groups add that were not read whole, because no report of the period can say anything of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Background {
    /// What they sold, by day.
    pub sales: BTreeMap<Day, Totals>,
    /// The newest 処理日時 among them.
    pub newest_payment: Option<Moment>,
    /// The newest Creation date of the shop's bookings.
    pub newest_booking: Option<Moment>,
}
