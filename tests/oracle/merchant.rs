//! A merchant as plain data: what stands in its configuration and in its files, before anything reads them.

use chrono::{NaiveDate, NaiveDateTime};

/// All there is to know about a merchant.
#[derive(Clone, Debug)]
pub(crate) struct Merchant {
    /// Configured shops.
    pub(crate) shops: Vec<Shop>,
    /// Files in the order they arrive.
    pub(crate) files: Vec<File>,
    /// The as-of date.
    pub(crate) as_of: NaiveDate,
    /// First day of the period.
    pub(crate) from: NaiveDate,
    /// Last day of the period.
    pub(crate) to: NaiveDate,
}

/// One `[[shops]]`.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    pub(crate) id: String,
    pub(crate) prefixes: Vec<String>,
    /// Name and channels of each rule.
    pub(crate) exclude: Vec<(String, Vec<String>)>,
    pub(crate) window: i64,
    pub(crate) expiring: i64,
    pub(crate) grace: i64,
    pub(crate) awaiting_max: i64,
    pub(crate) history_start: Option<NaiveDate>,
}

/// A file with the shop's sub-folder it is dropped in.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) folder: Option<String>,
    pub(crate) content: Content,
}

/// Its rows.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Payments(Vec<PaymentRow>),
    /// `totsugo-bookings`.
    Bookings(Vec<LineRow>),
    PaymentList(Vec<ListRow>),
}

/// A row of 取引集計, as written.
#[derive(Clone, Debug)]
pub(crate) struct PaymentRow {
    pub(crate) shop: String,
    pub(crate) order: String,
    pub(crate) label: String,
    pub(crate) at: NaiveDateTime,
    pub(crate) amount: i64,
    pub(crate) tax: Option<i64>,
    pub(crate) reference: String,
}

/// A row of a bookings file, as written.
#[derive(Clone, Debug)]
pub(crate) struct LineRow {
    pub(crate) cart: String,
    pub(crate) product: String,
    pub(crate) status: String,
    pub(crate) payment_status: String,
    pub(crate) created: NaiveDateTime,
    pub(crate) start: Option<NaiveDateTime>,
    pub(crate) total: i64,
    pub(crate) currency: String,
    pub(crate) channel: String,
    pub(crate) transaction: String,
    pub(crate) paid: Option<i64>,
    pub(crate) refunded: Option<i64>,
}

/// A row of a payment list, as written.
#[derive(Clone, Debug)]
pub(crate) struct ListRow {
    pub(crate) reference: String,
    pub(crate) cart: String,
    pub(crate) kind: String,
    pub(crate) at: NaiveDateTime,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) transaction: String,
}
