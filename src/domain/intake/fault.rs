//! What can be wrong with an input: facts only, the sentences are in `locale::problems`.

use super::Kind;
use crate::domain::money::Yen;

/// Where in a file something stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Line (CSV) or row (XLSX), counted from 1.
    pub line: Option<u32>,
    /// The heading of the column, or a cell address.
    pub column: Option<String>,
}

/// Rows that were looked at for a heading, in vain; nothing of what stands in them, as it may be of a guest (FAULTS G07).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// How many they are, without blank ones.
    pub rows: usize,
    /// Whether these are as many as may stand above a heading.
    pub is_limit: bool,
    /// The line of the first one.
    pub first: u32,
    /// The fields of the first one.
    pub fields: usize,
    /// The first row that could be no heading: a line break or a quote stands in it where none may.
    pub passed: Option<u32>,
    /// What seems to stand between the fields, where it is no delimiter.
    pub divider: Option<char>,
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
    /// An archive, such as a workbook, whose end is missing.
    IncompleteArchive,
    /// Not a table file: what it seems to be instead.
    NotATable {
        /// What the content looks like, e.g. `HTML`, `PDF`, `xls`.
        looks_like: String,
    },
    /// A workbook that cannot be read safely or at all.
    Workbook {
        /// Why.
        why: WorkbookFault,
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
    /// A character that a cell of a workbook may not hold, a line break where it may hold none among them.
    ControlInCell {
        /// The code point.
        code: u32,
    },
    /// Quotes do not close as they should, so rows would be swallowed.
    Quoting,
    /// A line break in a field of text that may hold none: swallowed rows would look the same.
    LineBreak,
    /// A row has another number of fields than the heading.
    FieldCount {
        /// Fields in the heading.
        expected: usize,
        /// Fields in the row.
        found: usize,
    },
    /// A limit on rows, columns or field length is exceeded.
    Limit {
        /// What there is too much of.
        what: Measure,
        /// Its value.
        limit: u64,
    },
    /// No row was a heading, nor like one.
    NoHeading(Sought),
    /// No layout fits: the nearest one and what it misses.
    NoLayout {
        /// The nearest layout.
        nearest: String,
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
    /// An amount that is no whole yen, or has a sign that it may not have.
    Amount {
        /// As written.
        found: String,
        /// The kind of its file, which says what signs mean.
        kind: Kind,
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

/// Why a workbook cannot be read safely or at all (FAULTS P10–P17).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkbookFault {
    /// It is packed of more parts than any honest one.
    TooManyEntries,
    /// Two of its parts have one name.
    DuplicateEntries,
    /// Larger than the limit when unpacked.
    TooLarge {
        /// The limit in MiB.
        limit_mb: u64,
    },
    /// One part is larger than the limit when unpacked.
    PartTooLarge {
        /// The limit in MiB.
        limit_mb: u64,
    },
    /// Merged cells in a used column.
    MergedCells,
    /// Cells doubled or out of order.
    CellOrder,
    /// Damaged or of no standard form: the words of whoever tried to read it.
    Damaged(String),
}

/// What a limit is set on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The length of one field, in bytes.
    Field,
    /// Columns.
    Columns,
    /// Rows below the heading.
    Rows,
    /// Cells of a sheet.
    Cells,
    /// The number of a sheet's row.
    SheetRows,
    /// The number of a sheet's column.
    SheetColumns,
}
