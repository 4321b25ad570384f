//! What becomes of a file and its rows on the way in (SPEC §4.4): sources, dispositions, problems, held files.

mod fault;

pub use fault::{Fault, Measure, Place, Problem, Sought, WorkbookFault};

use super::booking::{BookingLine, PaymentEntry};
use super::dates::Moment;
use super::ids::{CartCode, OrderId, ShopId};
use super::payment::Observation;
use serde::Serialize;
use std::ops::AddAssign;
use std::sync::Arc;

/// File and line something was read from (出典).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// The file's name relative to the inbox.
    pub file: Arc<str>,
    /// Line (CSV) or row (XLSX), counted from 1.
    pub line: u32,
}

/// The kinds of content a layout can describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// 取引集計: observations of payments.
    Payments,
    /// Product bookings.
    Bookings,
    /// Bókun's payment list.
    PaymentList,
}

/// What became of a file (SPEC §4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Its rows are in the history.
    Stored,
    /// Its content was known; nothing counts again.
    Duplicate,
    /// It cannot be accepted as it is; nothing of it counts.
    Held,
}

/// What a row is, given what is stored (SPEC §4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// A payment or cart never seen before.
    New,
    /// Says something later, or something that changes what is known.
    Update,
    /// Known already, word for word.
    Same,
    /// Older than what is known, and says nothing new.
    Stale,
    /// Same time, other status or amount.
    Conflict,
    /// Left out by a rule the layout names.
    Excluded,
    /// Cannot be normalised.
    Rejected,
}

/// Rows of a file by disposition; the fields are those of SPEC §9, in its order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RowCounts {
    /// All rows read.
    pub read: u64,
    /// See [`Disposition::New`].
    pub new: u64,
    /// See [`Disposition::Update`].
    pub update: u64,
    /// See [`Disposition::Same`].
    pub same: u64,
    /// See [`Disposition::Stale`].
    pub stale: u64,
    /// See [`Disposition::Conflict`].
    pub conflict: u64,
    /// See [`Disposition::Excluded`].
    pub excluded: u64,
    /// See [`Disposition::Rejected`].
    pub rejected: u64,
}

impl RowCounts {
    /// Counts one row as read and as `disposition`.
    pub fn add(&mut self, disposition: Disposition) {
        self.add_all(disposition, 1);
    }

    /// Counts `rows` of them.
    pub fn add_all(&mut self, disposition: Disposition, rows: u64) {
        self.read += rows;
        *self.of(disposition) += rows;
    }

    /// Counts as `to` a row that was counted as `from`.
    pub fn recount(&mut self, from: Disposition, to: Disposition) {
        *self.of(from) = self.of(from).saturating_sub(1);
        *self.of(to) += 1;
    }

    fn of(&mut self, disposition: Disposition) -> &mut u64 {
        match disposition {
            Disposition::New => &mut self.new,
            Disposition::Update => &mut self.update,
            Disposition::Same => &mut self.same,
            Disposition::Stale => &mut self.stale,
            Disposition::Conflict => &mut self.conflict,
            Disposition::Excluded => &mut self.excluded,
            Disposition::Rejected => &mut self.rejected,
        }
    }

    /// The rows that have a disposition: equals `read` when the proof balances.
    pub const fn accounted(&self) -> u64 {
        self.new + self.update + self.same + self.stale + self.conflict + self.excluded + self.rejected
    }

    /// These without those of `part`.
    pub const fn without(self, part: Self) -> Self {
        Self {
            read: self.read.saturating_sub(part.read),
            new: self.new.saturating_sub(part.new),
            update: self.update.saturating_sub(part.update),
            same: self.same.saturating_sub(part.same),
            stale: self.stale.saturating_sub(part.stale),
            conflict: self.conflict.saturating_sub(part.conflict),
            excluded: self.excluded.saturating_sub(part.excluded),
            rejected: self.rejected.saturating_sub(part.rejected),
        }
    }
}

impl AddAssign for RowCounts {
    fn add_assign(&mut self, more: Self) {
        let Self { read, new, update, same, stale, conflict, excluded, rejected } = more;
        self.read += read;
        self.new += new;
        self.update += update;
        self.same += same;
        self.stale += stale;
        self.conflict += conflict;
        self.excluded += excluded;
        self.rejected += rejected;
    }
}

/// One row of 取引集計, normalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRow {
    /// Its shop.
    pub shop: ShopId,
    /// Its Order ID.
    pub order_id: OrderId,
    /// What it says.
    pub observation: Observation,
}

/// A cart as one file shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartSnapshot {
    /// Cart confirmation code as exported.
    pub cart: CartCode,
    /// Its lines in file order.
    pub lines: Vec<BookingLine>,
    /// Lines of rows that repeat a line of this file word for word.
    pub repeated: Vec<u32>,
}

/// The rows of a file, by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Of 取引集計, in file order.
    Payments(Vec<PaymentRow>),
    /// Of a bookings file, by cart in order of first appearance.
    Bookings(Vec<CartSnapshot>),
    /// Of a payment list, in file order.
    PaymentList(Vec<PaymentEntry>),
}

/// A file read and normalised, every row accounted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normalised {
    /// The layout that fitted.
    pub layout: String,
    /// How it was encoded: `CP932`, `UTF-8`, `UTF-16LE`, `UTF-16BE`, `XLSX`.
    pub encoding: &'static str,
    /// Rows below the heading, without blank ones: accepted + excluded + rejected.
    pub rows_read: u64,
    /// The accepted rows.
    pub rows: Rows,
    /// Rows left out by a rule the layout names: line and rule.
    pub excluded: Vec<(u32, String)>,
    /// Rows that could not be normalised.
    pub rejected: Vec<Problem>,
    /// Headings the layout does not know, each on one line.
    pub unknown_columns: Vec<String>,
    /// Headings of columns that the layout calls secret; nothing of them was read (FAULTS N18).
    pub dropped_columns: Vec<String>,
    /// Rows of the sheet that were hidden or filtered out when it was saved; they count like any other (FAULTS P15).
    pub hidden_rows: u64,
}

/// How far the data of a bookings file reaches: its newest Creation date.
pub fn reach(carts: &[CartSnapshot]) -> Option<Moment> {
    carts.iter().flat_map(|cart| &cart.lines).map(|line| line.created_at).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r17_every_row_counts_once_as_read_and_once_as_what_it_is() {
        use Disposition::{Conflict, Excluded, New, Rejected, Same, Stale, Update};
        let mut rows = RowCounts::default();
        for (power, disposition) in (0..).zip([New, Update, Same, Stale, Conflict, Excluded, Rejected]) {
            rows.add_all(disposition, 1 << power);
        }
        rows.add(Same);
        assert_eq!((rows.read, rows.accounted()), (128, 128));
        rows.recount(New, Conflict);
        assert_eq!((rows.new, rows.conflict, rows.read, rows.accounted()), (0, 17, 128, 128));
        rows.rejected -= 1;
        assert_ne!(rows.accounted(), rows.read, "a row that went astray shows");
    }
}
