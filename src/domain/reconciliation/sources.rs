//! What a report says of where its facts come from.

use crate::domain::dates::{Day, Moment};
use crate::domain::intake::RowCounts;
use crate::domain::money::Yen;

/// A file as the proof sheet lists it, for one shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSummary {
    /// Name relative to the inbox.
    pub name: String,
    /// Layout.
    pub layout: String,
    /// Digest, hexadecimal.
    pub digest: String,
    /// Rows of this shop by disposition.
    pub rows: RowCounts,
    /// Rows of the whole file that its sheet hides; they count like the others (FAULTS P15).
    pub hidden_rows: u64,
    /// Headings that its layout does not know (FAULTS P03).
    pub unknown_columns: Vec<String>,
    /// Headings of its secret columns, of which nothing was read (FAULTS N18).
    pub dropped_columns: Vec<String>,
    /// Control total in yen over its accepted rows of this shop.
    pub yen: Yen,
    /// First and last date its rows cover (処理日時, Creation date, transaction date).
    pub covers: Option<(Day, Day)>,
    /// Why each rejected row of this shop was, with file and line.
    pub rejected: Vec<String>,
}

/// How fresh a source is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    /// Newest 処理日時 known; `None` = 未着, or no row in any file.
    pub payments: Option<Moment>,
    /// Newest Creation date known; `None` = 未着, or no row in any file.
    pub bookings: Option<Moment>,
    /// Whether a file of payments is in without any row that counts: 0件, not 未着 (FAULTS P06). Whoever knows the files sets
    /// it, as with the one below.
    pub has_empty_payments: bool,
    /// The same of bookings.
    pub has_empty_bookings: bool,
    /// Whether the payment export of the as-of date is not in: whatever came after [`Self::payments`] is 未着 and not
    /// nothing (FAULTS A20). Rows alone cannot tell a quiet day; whoever knows which files arrived sets it.
    pub is_behind: bool,
}

/// A held file named in the report of its shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldSummary {
    /// Name of the file.
    pub name: String,
    /// Why, in the configured language.
    pub reason: String,
}
