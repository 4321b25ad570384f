//! What becomes of a file and its rows on the way in (SPEC §4.4): sources, dispositions, problems, held files.

use super::booking::{BookingLine, PaymentEntry};
use super::dates::Moment;
use super::ids::{CartCode, OrderId, ShopId};
use super::money::Yen;
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

/// Where in a file something stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Line (CSV) or row (XLSX), counted from 1.
    pub line: Option<u32>,
    /// The heading of the column, or a cell address.
    pub column: Option<String>,
}

/// One thing that is wrong with a file or a row: facts only, the sentences are in `locale::problems`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    pub fault: Fault,
}

/// What can be wrong with an input, with the facts a clerk needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No bytes at all.
    Empty,
    /// The reader itself failed on it.
    Unreadable {
        /// What to name when asking for help: the start of the file's digest.
        id: String,
    },
    /// Not read to its end in time.
    TooSlow {
        /// How long it was tried.
        seconds: u64,
    },
    /// Larger than `max_file_mb`.
    TooLarge {
        /// The limit in MiB.
        limit_mb: u64,
    },
    /// May be incomplete: it does not end as its format must.
    Incomplete,
    /// Not a table file: what it seems to be instead.
    NotATable {
        /// What the content looks like, e.g. `HTML`, `PDF`, `xls`.
        looks_like: String,
    },
    /// A workbook that cannot be read safely or at all.
    Workbook {
        /// Why, in the reader's words.
        why: String,
    },
    /// A byte that the encoding does not have.
    Undecodable {
        /// Encoding tried.
        encoding: &'static str,
        /// Offset of the first bad byte from the start of the file.
        byte: u64,
        /// The bad bytes in hexadecimal.
        found: String,
    },
    /// A control character or another byte that no export contains.
    ControlCharacter {
        /// The code point.
        code: u32,
    },
    /// Quotes do not close as they should, so rows would be swallowed.
    Quoting,
    /// A row has another number of fields than the heading.
    FieldCount {
        /// Fields in the heading.
        expected: usize,
        /// Fields in the row.
        found: usize,
    },
    /// A limit on rows, columns or field length is exceeded.
    Limit {
        /// Which limit.
        what: &'static str,
        /// Its value.
        limit: u64,
    },
    /// No layout fits: the nearest one and what it misses.
    NoLayout {
        /// The nearest layout, if any heading was known.
        nearest: Option<String>,
        /// Required headings that are missing.
        missing: Vec<String>,
        /// Headings found.
        found: Box<[String]>,
        /// A missing heading with the one found that is most like it.
        similar: Box<[(String, String)]>,
    },
    /// More than one layout fits.
    SeveralLayouts {
        /// Their names.
        names: Vec<String>,
    },
    /// More than one sheet of a workbook fits.
    SeveralSheets {
        /// Their names.
        names: Vec<String>,
    },
    /// A column stands twice after folding, or two aliases stand for one.
    DuplicateColumn {
        /// The canonical heading.
        heading: String,
    },
    /// The heading row comes again in mid-file.
    HeadingRepeated,
    /// A shop ID that is not configured.
    UnknownShop {
        /// As written.
        found: String,
    },
    /// A row of another shop than the folder's.
    OtherShop {
        /// The shop of the row.
        found: String,
        /// The shop of the folder.
        folder: String,
    },
    /// No shop ID column, and not in a shop's folder.
    NoShop,
    /// Known content of one shop, now in another shop's folder.
    KnownForOtherShop,
    /// An amount that is no whole unsigned yen.
    Amount {
        /// As written.
        found: String,
    },
    /// A date that is none of the layout's forms.
    Date {
        /// As written.
        found: String,
        /// The accepted forms.
        expected: String,
    },
    /// A date that forms of the layout read as different days.
    AmbiguousDate {
        /// As written.
        found: String,
        /// The forms that read it.
        forms: Vec<String>,
    },
    /// The dates of one column are written in several time zones.
    MixedZones {
        /// The first date in another zone than the one before.
        found: String,
    },
    /// A moment outside the plausible span.
    ImplausibleDate {
        /// As written.
        found: String,
    },
    /// An identifier of the wrong form.
    Identifier {
        /// As written.
        found: String,
        /// What it should look like.
        expected: &'static str,
    },
    /// An identifier damaged by Excel.
    DamagedIdentifier {
        /// As written.
        found: String,
    },
    /// An Order ID of which nothing is stored, and another one of the shop that differs by zeros in front alone.
    LostZeros {
        /// As written in the file.
        found: String,
        /// The other one.
        other: String,
        /// The file it was taken in from; `None`: it stands in the same file.
        file: Option<String>,
        /// Its line there.
        line: u32,
    },
    /// A word outside a closed set (booking status, payment status, payment type).
    UnknownWord {
        /// As written.
        found: String,
        /// The known words.
        expected: String,
    },
    /// 対応状況 of a returned workbook that the drop-down does not have (SPEC §5.7).
    UnknownWorkState {
        /// As written.
        found: String,
    },
    /// A required value is blank.
    Blank,
    /// A formula without a stored value, or an error value, in a used column.
    CellWithoutValue {
        /// What the cell holds.
        found: String,
    },
    /// The same product code twice in a file with different content.
    ContradictoryLine {
        /// The product code.
        code: String,
    },
    /// The same payment reference twice in a file with different content.
    ContradictoryPayment {
        /// The payment reference.
        reference: String,
    },
    /// A workbook that another installation made, or whose mark is damaged (SPEC §5.7).
    ForeignWorkbook,
    /// Notes on a finding that the workbook's shop does not have.
    UnknownFinding {
        /// As written; empty where the row has no ID.
        found: String,
    },
    /// Rows of one finding with different notes.
    ContradictoryNote {
        /// The finding.
        id: String,
    },
    /// A column that looks like full card numbers.
    CardNumbers,
    /// A total row that does not equal the sum of its rows.
    TotalDiffers {
        /// As stated in the file.
        stated: Yen,
        /// As calculated.
        calculated: Yen,
    },
    /// More rejected rows than `max_rejects`.
    TooManyRejects {
        /// How many.
        found: u64,
        /// How many are tolerated.
        limit: u64,
    },
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
