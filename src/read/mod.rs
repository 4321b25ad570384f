//! Bytes → rows of cells, strictly: whole or not at all. Must not know layouts, shops, money, files or the clock.
//!
//! ```text
//! bytes ──content──> CSV (decode → records) ─┐
//!               └──> XLSX (zip check → cells) ┴─> Sink::heading, then Sink::row for each row that is not blank
//! ```

pub mod csv;
pub mod decode;
mod large;
mod metered;
mod package;
mod part;
pub mod properties;
mod rows;
mod scan;
mod window;
pub mod xlsx;

pub use large::Input;
pub use xlsx::every_row;

use crate::domain::dates::Moment;
use crate::domain::intake::{Fault, Place, Problem, Sought};
use decode::Checked;
use large::Content;
use std::borrow::Cow;
use window::Source;

/// The longest field, in bytes.
pub const FIELD_LIMIT: usize = 64 * 1024;
/// The most columns.
pub const COLUMN_LIMIT: usize = 512;
/// The most rows below the heading.
pub const ROW_LIMIT: u64 = 2_000_000;
/// How many rows that are not blank may stand above the heading, plus one.
pub const HEADING_SEARCH: usize = 10;

/// The value of one cell, the same whichever format it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// Text as written.
    Text(Cow<'a, str>),
    /// A number cell that holds a whole number.
    Integer(i64),
    /// A number cell that holds anything else, in digits.
    Decimal(String),
    /// A date cell.
    Date(Moment),
    /// No value to trust: a formula without a stored value, or an error value; its address stands in front.
    Problem(String),
}

/// Which columns of a sheet are wanted, and in what order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// For each wanted value the column it stands in, from 0; `None` gives [`Cell::Empty`].
    pub slots: Vec<Option<usize>>,
    /// All headings, by column.
    pub headings: Vec<String>,
    /// Whether a cell may contain line breaks, by column.
    pub line_breaks: Vec<bool>,
    /// Columns whose cells go to [`Sink::aside`] and nowhere else.
    pub aside: Vec<usize>,
}

impl Plan {
    fn heading(&self, column: usize) -> Option<String> {
        self.headings.get(column).map(|heading| heading.trim().to_owned())
    }

    fn allows_line_breaks(&self, column: usize) -> bool {
        self.line_breaks.get(column).copied().unwrap_or(false)
    }
}

/// Receives the rows of a table.
pub trait Sink {
    /// Whether this row is the heading. Asked for the first rows, possibly split in several ways.
    ///
    /// # Errors
    /// Why the file must be held.
    fn heading(&mut self, encoding: &'static str, line: u32, cells: &[String]) -> Result<Option<Plan>, Vec<Problem>>;

    /// Takes one row below the heading, its cells in the order of [`Plan::slots`].
    ///
    /// # Errors
    /// Why the file must be held.
    fn row(&mut self, line: u32, cells: &[Cell<'_>]) -> Result<(), Vec<Problem>>;

    /// Is shown a cell of [`Plan::aside`], as its bytes stand in the file (FAULTS N17).
    fn aside(&mut self, _column: usize, _value: &[u8]) {}
}

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// `CP932`, `UTF-8`, `UTF-16LE`, `UTF-16BE`, `XLSX`.
    pub encoding: &'static str,
    /// Whether a heading was found; without one no row was handed over.
    pub headed: bool,
    /// What was looked at in vain where none was found.
    pub sought: Sought,
    /// Rows of the sheet that are hidden or filtered out; they count like any other (P15).
    pub hidden_rows: u64,
}

/// Counts in one more row that was looked at for a heading.
pub(crate) fn seen(sought: &mut Sought, line: u32, fields: usize) {
    if sought.rows == 0 {
        (sought.first, sought.fields) = (line, fields);
    }
    sought.rows += 1;
    sought.is_limit = sought.rows == HEADING_SEARCH;
}

/// A file to be read.
pub enum Table<'t> {
    /// All its bytes.
    Bytes(&'t [u8]),
    /// Text too large for memory, see [`is_text`]: read in stretches, in two passes.
    Text(&'t mut dyn Input),
}

/// Reads a file into `sink` as [`rows`] does.
///
/// # Errors
/// Why the file must be held.
pub fn table(table: Table<'_>, sink: &mut dyn Sink) -> Result<Reading, Vec<Problem>> {
    match table {
        Table::Bytes(bytes) => rows(bytes, sink),
        Table::Text(input) => {
            let (form, content) = large::open(input).map_err(|problem| vec![problem])?;
            csv::read(form.encoding, &mut Source::Bytes(form, content), sink)
        }
    }
}

/// Reads a file whole into `sink`, recognising by content what it is.
///
/// # Errors
/// Why the file must be held.
pub fn rows(bytes: &[u8], sink: &mut dyn Sink) -> Result<Reading, Vec<Problem>> {
    if bytes.is_empty() {
        return Err(vec![whole(Fault::Empty)]);
    }
    if is_zip(bytes) {
        return xlsx::read(bytes, sink);
    }
    if let Some(looks_like) = other_format(bytes) {
        return Err(vec![whole(Fault::NotATable { looks_like: looks_like.to_owned() })]);
    }
    let text = decode::open(bytes).map_err(|problem| vec![problem])?;
    match &text.content {
        Checked::Unicode(content) => csv::read(text.encoding, &mut Source::Text(content), sink),
        Checked::Cp932(bytes) => {
            let mut input = std::io::Cursor::new(*bytes);
            csv::read(text.encoding, &mut Source::Bytes(text.form(), Content::new(&mut input, bytes.len())), sink)
        }
    }
}

/// Whether a file that begins with `head` is read as text, and not as UTF-16.
pub fn is_text(head: &[u8]) -> bool {
    let is_wide = head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF");
    let is_blank = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start().is_empty();
    !is_wide && !is_blank && !is_zip(head) && other_format(head).is_none()
}

/// Whether a file ends as its format must: a line end, a whole ZIP end record. A cut at a line end cannot be seen.
pub fn ends_whole(bytes: &[u8]) -> bool {
    if is_zip(bytes) {
        return package::declared_entries(bytes).is_some();
    }
    other_format(bytes).is_some() || decode::ends_a_line(bytes)
}

fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// A format that is no table for us, by its first bytes.
fn other_format(bytes: &[u8]) -> Option<&'static str> {
    const OLE2: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    if bytes.starts_with(OLE2) {
        let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let locked = bytes.windows(name.len()).any(|window| window == name);
        return Some(if locked { "password" } else { "xls" });
    }
    const MARKS: [(&[u8], &str); 6] = [
        (b"%PDF", "PDF"),
        (b"\x1F\x8B", "gzip"),
        (b"7z\xBC\xAF\x27\x1C", "7z"),
        (b"Rar!\x1A\x07", "RAR"),
        (b"\x89PNG\r\n", "PNG"),
        (b"\xFF\xD8\xFF", "JPEG"),
    ];
    if let Some((_, name)) = MARKS.iter().find(|(mark, _)| bytes.starts_with(mark)) {
        return Some(name);
    }
    let start = start(bytes);
    let start = start.trim_ascii_start();
    let starts = |tag: &str| start.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag.as_bytes()));
    if ["<!doctype", "<!--", "<html", "<head", "<body", "<table"].into_iter().any(starts) {
        return Some("HTML");
    }
    if ["{\"", "[{"].into_iter().any(starts) {
        return Some("JSON");
    }
    starts("<?xml").then_some("XML")
}

/// The text of a file without its BOM, of UTF-16 the start of it, where what is no ASCII is 0.
fn start(bytes: &[u8]) -> Cow<'_, [u8]> {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, _) = rest.as_chunks();
        units.iter().take(256).map(|pair| u8::try_from(unit(*pair)).unwrap_or(0)).collect::<Vec<u8>>()
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(wide(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(wide(rest, u16::from_be_bytes)),
        [0xEF, 0xBB, 0xBF, rest @ ..] => Cow::Borrowed(rest),
        all => Cow::Borrowed(all),
    }
}

/// A problem of the whole file.
pub(crate) fn whole(fault: Fault) -> Problem {
    Problem { place: Place::default(), fault }
}

/// A problem on a line, perhaps in a column.
pub(crate) fn at(line: u32, column: Option<String>, fault: Fault) -> Problem {
    Problem { place: Place { line: Some(line), column }, fault }
}

/// A control character that no cell may contain; line breaks only where `line_breaks` says so.
pub(crate) fn control(text: &str, line_breaks: bool) -> Option<char> {
    let plain = |byte: u8| matches!(byte, b' '..=b'~');
    if text.bytes().all(plain) {
        return None;
    }
    text.chars().find(|c| match c {
        '\t' => false,
        '\r' | '\n' => !line_breaks,
        '\u{FFFD}' => true,
        other => other.is_control(),
    })
}

/// Whether [`control`] finds anything in `text` beyond ASCII: U+0080 to U+009F, or U+FFFD.
fn holds_controls(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_control = |at: usize| matches!(bytes.get(at + 1), Some(0x80..=0x9F));
    memchr::memchr_iter(0xC2, bytes).any(is_control) || memchr::memmem::find(bytes, "\u{FFFD}".as_bytes()).is_some()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A line with its cells.
    pub(crate) type Numbered = (u32, Vec<String>);

    /// Takes the first row with as many cells as `width` for the heading and keeps every row as text.
    pub(crate) struct Keep {
        pub(crate) width: usize,
        pub(crate) line_breaks: Vec<usize>,
        pub(crate) rows: Vec<Numbered>,
    }

    impl Sink for Keep {
        fn heading(&mut self, _: &'static str, _: u32, cells: &[String]) -> Result<Option<Plan>, Vec<Problem>> {
            Ok((cells.len() == self.width).then(|| Plan {
                slots: (0..self.width).map(Some).collect(),
                headings: cells.to_vec(),
                line_breaks: (0..self.width).map(|at| self.line_breaks.contains(&at)).collect(),
                aside: Vec::new(),
            }))
        }

        fn row(&mut self, line: u32, cells: &[Cell<'_>]) -> Result<(), Vec<Problem>> {
            let text = |cell: &Cell<'_>| match cell {
                Cell::Empty => String::new(),
                Cell::Text(text) => text.to_string(),
                Cell::Integer(number) => number.to_string(),
                Cell::Decimal(text) => text.clone(),
                Cell::Date(moment) => moment.to_string(),
                Cell::Problem(why) => format!("!{why}"),
            };
            self.rows.push((line, cells.iter().map(text).collect()));
            Ok(())
        }
    }

    /// The rows of a table of `width` columns, or the first fault with its line.
    pub(crate) fn keep(bytes: &[u8], width: usize, breaks: &[usize]) -> Result<Vec<Numbered>, (Option<u32>, Fault)> {
        let mut sink = Keep { width, line_breaks: breaks.to_vec(), rows: Vec::new() };
        match rows(bytes, &mut sink) {
            Ok(_) => Ok(sink.rows),
            Err(mut problems) => {
                let first = problems.remove(0);
                Err((first.place.line, first.fault))
            }
        }
    }

    #[test]
    fn a02_a10_a_file_ends_with_a_line_or_its_zip_record() {
        for whole in
            [b"a\n".as_slice(), b"a\r", b"a\r\n\x1A", b"\xFF\xFEa\x00\n\x00", b"\xFE\xFF\x00a\x00\n", b"%PDF-1.7"]
        {
            assert!(ends_whole(whole), "{whole:?}");
        }
        for cut in
            [b"".as_slice(), b"a", b"a\nb", b"\xFF\xFEa\x00\n", b"\xFF\xFEa\x00\x0A\x30", b"PK\x03\x04\n", b"\x1A"]
        {
            assert!(!ends_whole(cut), "{cut:?}");
        }
    }

    #[test]
    fn d07_all_cp932_characters_come_out_as_they_went_in() {
        let pairs = (0x81..=0xFC_u8).flat_map(|lead| (0x40..=0xFC_u8).map(move |trail| vec![lead, trail]));
        let mut wanted = Vec::new();
        let mut file = b"a,b\r\n".to_vec();
        for raw in (0x20..=0xDF_u8).map(|byte| vec![byte]).chain(pairs) {
            let decoded = encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(&raw);
            let Some(text) = decoded.filter(|text| text.chars().count() == 1 && decode::is_cp932(&raw)) else {
                continue;
            };
            if !matches!(&*text, "\"" | "\u{7f}") {
                file.extend([b"x".as_slice(), &raw, b",\x95\x5C\r\n"].concat());
                wanted.push(format!("x{text}"));
            }
        }
        let at = wanted.iter().position(|text| text == "x,").expect("a comma");
        wanted[at] = "x".to_owned();
        let start = file.windows(4).position(|window| window == b"x,,\x95").expect("a comma");
        file.remove(start + 1);
        let rows = keep(&file, 2, &[]).expect("read whole");
        assert!(rows.len() > 7_000, "{}", rows.len());
        assert_eq!(rows.iter().map(|(_, cells)| cells[0].clone()).collect::<Vec<_>>(), wanted);
        assert!(rows.iter().all(|(_, cells)| cells[1] == "表"));
    }

    #[test]
    fn a16_what_is_no_table_is_named() {
        let looks = |bytes: &[u8]| match keep(bytes, 2, &[]) {
            Err((_, Fault::NotATable { looks_like })) => looks_like,
            other => panic!("{other:?}"),
        };
        assert_eq!(looks(b"%PDF-1.7"), "PDF");
        assert_eq!(looks(b"\xEF\xBB\xBF \r\n<!DOCTYPE html>"), "HTML");
        assert_eq!(looks(b"<HTML><body>"), "HTML");
        assert_eq!(looks(b"<!-- login -->\n<html>"), "HTML");
        assert_eq!(looks(b"\xFF\xFE<\0h\0t\0m\0l\0>\0"), "HTML");
        assert_eq!(looks(b"\xFE\xFF\0\n\0<\0h\0t\0m\0l\0>"), "HTML");
        assert_eq!(looks(b"{\"error\":\"expired\"}"), "JSON");
        assert_eq!(looks(b"\x1F\x8B\x08\0"), "gzip");
        assert_eq!(looks(b"\xFF\xD8\xFF\xE0"), "JPEG");
        let mut ole = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
        assert_eq!(looks(&ole), "xls");
        ole.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(looks(&ole), "password");
        assert_eq!(keep(b"", 2, &[]), Err((None, Fault::Empty)));
    }
}
