//! Records of a CSV file with their true line numbers, and no quote that swallows rows. Must not know layouts.

use super::decode::{Form, line_ends};
use super::large::Content;
use super::{COLUMN_LIMIT, Cell, FIELD_LIMIT, HEADING_SEARCH, Plan, ROW_LIMIT, Reading, Sink, at, control, whole};
use crate::domain::intake::{Fault, Problem};
use csv::{ByteRecord, Reader, ReaderBuilder};
use std::borrow::Cow;
use std::io::{self, Read};

/// Delimiters that are tried on the heading row, in this order.
const DELIMITERS: [u8; 3] = [b',', b'\t', b';'];

/// Reads all records into `sink`.
///
/// # Errors
/// Why the file must be held.
pub(super) fn read(form: Form, content: &mut Content<'_>, sink: &mut dyn Sink) -> Result<Reading, Vec<Problem>> {
    let failed = |_| one(whole(Fault::Incomplete));
    let mut first = Vec::new();
    content.from(0).and_then(|all| all.take(SEPARATOR).read_to_end(&mut first)).map_err(failed)?;
    let (declared, start) = separator_line(&first);
    for delimiter in DELIMITERS.into_iter().filter(|candidate| declared.is_none_or(|byte| byte == *candidate)) {
        let mut records =
            Records::new(content.from(u64::try_from(start).unwrap_or(u64::MAX)).map_err(failed)?, start, delimiter);
        if let Some(plan) = find_heading(form, &mut records, sink)? {
            body(form, &mut records, &plan, sink)?;
            return Ok(Reading { encoding: form.encoding, headed: true, hidden_rows: 0 });
        }
    }
    Ok(Reading { encoding: form.encoding, headed: false, hidden_rows: 0 })
}

/// The start of a file in which a `sep=` line stands, if any.
const SEPARATOR: u64 = 16;
/// The longest record, in bytes: as many columns as there may be of the longest fields.
const RECORD_LIMIT: usize = COLUMN_LIMIT * FIELD_LIMIT;

/// Excel's `sep=;` line: the delimiter it declares and where the content behind it begins.
fn separator_line(bytes: &[u8]) -> (Option<u8>, usize) {
    let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len());
    match bytes.get(..end) {
        Some([s, e, p, b'=', delimiter]) if [*s, *e, *p].eq_ignore_ascii_case(b"sep") => (Some(*delimiter), end),
        Some(_) | None => (None, 0),
    }
}

fn find_heading(
    form: Form,
    records: &mut Records<impl Read>,
    sink: &mut dyn Sink,
) -> Result<Option<Plan>, Vec<Problem>> {
    let mut looked = 0;
    while looked < HEADING_SEARCH {
        let Some(record) = records.next().map_err(one)? else { break };
        if records.is_blank() {
            continue;
        }
        looked += 1;
        let raw = records.raw(record);
        if records.fields.len() > COLUMN_LIMIT {
            return Err(one(at(record.line, None, Fault::Limit { what: "columns", limit: COLUMN_LIMIT as u64 })));
        }
        if raw.iter().any(|byte| matches!(byte, b'\r' | b'\n')) || !well_quoted(raw, records.delimiter) {
            continue;
        }
        let mut cells = Vec::with_capacity(records.fields.len());
        for field in &records.fields {
            cells.push(decoded(form, record, records, field, None)?.into_owned());
        }
        if let Some(plan) = sink.heading(form.encoding, record.line, &cells)? {
            return Ok(Some(plan));
        }
    }
    Ok(None)
}

fn body(form: Form, records: &mut Records<impl Read>, plan: &Plan, sink: &mut dyn Sink) -> Result<(), Vec<Problem>> {
    let mut count = 0_u64;
    while let Some(record) = records.next().map_err(one)? {
        check_quotes(records, record, plan).map_err(one)?;
        if records.is_blank() {
            continue;
        }
        count += 1;
        if count > ROW_LIMIT {
            return Err(one(at(record.line, None, Fault::Limit { what: "rows", limit: ROW_LIMIT })));
        }
        if records.fields.len() != plan.headings.len() {
            let fault = Fault::FieldCount { expected: plan.headings.len(), found: records.fields.len() };
            return Err(one(at(record.line, None, fault)));
        }
        if let Some(column) = records.fields.iter().position(|field| field.len() > FIELD_LIMIT) {
            let fault = Fault::Limit { what: "field", limit: FIELD_LIMIT as u64 };
            return Err(one(at(record.line, plan.heading(column), fault)));
        }
        let mut cells = Vec::with_capacity(plan.slots.len());
        for slot in &plan.slots {
            cells.push(cell(form, record, records, plan, *slot)?);
        }
        sink.row(record.line, &cells)?;
        for column in &plan.aside {
            sink.aside(*column, records.fields.get(*column).unwrap_or_default());
        }
    }
    Ok(())
}

fn cell<'r>(
    form: Form,
    record: Span,
    records: &'r Records<impl Read>,
    plan: &Plan,
    slot: Option<usize>,
) -> Result<Cell<'r>, Vec<Problem>> {
    let Some((column, field)) = slot.and_then(|column| Some((column, records.fields.get(column)?))) else {
        return Ok(Cell::Empty);
    };
    if field.is_empty() {
        return Ok(Cell::Empty);
    }
    let value = decoded(form, record, records, field, Some((plan, column)))?;
    match control(&value, plan.allows_line_breaks(column)) {
        None => Ok(Cell::Text(value)),
        Some(code) => Err(one(at(record.line, plan.heading(column), Fault::ControlCharacter { code: code.into() }))),
    }
}

fn decoded<'r>(
    form: Form,
    record: Span,
    records: &'r Records<impl Read>,
    field: &'r [u8],
    column: Option<(&Plan, usize)>,
) -> Result<Cow<'r, str>, Vec<Problem>> {
    form.field(field).map_err(|_| {
        // The field has lost its quotes, so the place is looked up in the record as it stands in the file.
        let offset = form.field(records.raw(record)).err().unwrap_or_default();
        let heading = column.and_then(|(plan, column)| plan.heading(column));
        let bad = records.reader.get_ref().get(record.start + offset, record.start + offset + 2);
        one(form.undecodable(record.line, heading, record.start + offset, bad))
    })
}

fn one(problem: Problem) -> Vec<Problem> {
    vec![problem]
}

/// Where a record stands: bytes `start..end` without its line end, and the line of its first byte.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
    line: u32,
}

/// Keeps what csv's reader was given, as far back as is still of use.
struct Kept<R> {
    inner: R,
    bytes: Vec<u8>,
    /// Where in the file `bytes` begin.
    from: usize,
}

impl<R: Read> Read for Kept<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes.len() > RECORD_LIMIT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.inner.read(buffer)?;
        self.bytes.extend_from_slice(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl<R> Kept<R> {
    fn get(&self, start: usize, end: usize) -> &[u8] {
        let at = |offset: usize| offset.saturating_sub(self.from).min(self.bytes.len());
        self.bytes.get(at(start)..at(end)).unwrap_or_default()
    }

    /// Lets go of what stands before `offset`, once that is worth the moving.
    fn forget(&mut self, offset: usize) {
        let unused = offset.saturating_sub(self.from);
        if unused > 4 * BUFFER && unused <= self.bytes.len() {
            self.bytes.drain(..unused);
            self.from = offset;
        }
    }
}

/// How much csv's reader takes at a time.
const BUFFER: usize = 64 * 1024;

/// csv's reader, with byte spans and lines of our own: its line numbers shift at blank lines (FAULTS, measured traps).
struct Records<R> {
    reader: Reader<Kept<R>>,
    base: usize,
    delimiter: u8,
    fields: ByteRecord,
    counted: usize,
    line: u32,
}

impl<R: Read> Records<R> {
    fn new(content: R, start: usize, delimiter: u8) -> Self {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .buffer_capacity(BUFFER)
            .from_reader(Kept { inner: content, bytes: Vec::new(), from: start });
        Self { reader, base: start, delimiter, fields: ByteRecord::new(), counted: start, line: 1 }
    }

    fn offset(&self) -> usize {
        self.base + usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX - self.base)
    }

    /// A record as it stands in the file.
    fn raw(&self, record: Span) -> &[u8] {
        self.reader.get_ref().get(record.start, record.end)
    }

    fn next(&mut self) -> Result<Option<Span>, Problem> {
        // The byte before is kept: it tells whether a line feed ends a line of its own.
        self.reader.get_mut().forget(self.counted.saturating_sub(1));
        let mut start = self.offset();
        let more = self.reader.read_byte_record(&mut self.fields);
        let kept = self.reader.get_ref();
        let mut end = self.offset().min(kept.from + kept.bytes.len());
        let is_end = |at: usize| matches!(kept.get(at, at + 1), [b'\r' | b'\n']);
        while start < end && is_end(start) {
            start += 1;
        }
        while end > start && is_end(end - 1) {
            end -= 1;
        }
        self.line += line_ends(&kept.bytes, self.counted - kept.from, start - kept.from);
        self.counted = start;
        match more {
            Ok(true) => Ok(Some(Span { start, end, line: self.line })),
            Ok(false) => Ok(None),
            Err(_) if kept.bytes.len() <= RECORD_LIMIT => Err(whole(Fault::Incomplete)),
            // Longer than any record can be: quotes that do not close, or one field without an end.
            Err(_) if kept.bytes.contains(&b'"') => Err(at(self.line, None, Fault::Quoting)),
            Err(_) => Err(at(self.line, None, Fault::Limit { what: "field", limit: FIELD_LIMIT as u64 })),
        }
    }

    fn is_blank(&self) -> bool {
        self.fields.iter().all(|field| field.trim_ascii().is_empty())
    }
}

/// P01: the record is quoted as RFC 4180 says, and its line breaks stand where the plan allows them.
fn check_quotes(records: &Records<impl Read>, record: Span, plan: &Plan) -> Result<(), Problem> {
    let raw = records.raw(record);
    if !raw.contains(&b'"') {
        return Ok(());
    }
    if !well_quoted(raw, records.delimiter) {
        return Err(at(record.line, None, Fault::Quoting));
    }
    if !raw.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return Ok(());
    }
    for (column, field) in records.fields.iter().enumerate() {
        let mut lines = field.split(|byte| matches!(byte, b'\r' | b'\n')).skip(1).peekable();
        if lines.peek().is_none() {
            continue;
        }
        let width = plan.headings.len();
        let swallows =
            |line: &[u8]| width > 1 && line.iter().filter(|byte| **byte == records.delimiter).count() >= width - 1;
        if !plan.allows_line_breaks(column) || lines.any(swallows) {
            return Err(at(record.line, plan.heading(column), Fault::Quoting));
        }
    }
    Ok(())
}

/// Whether every field is either bare without any quote, or quoted from its first to its last byte.
fn well_quoted(raw: &[u8], delimiter: u8) -> bool {
    let mut rest = raw;
    loop {
        if let Some(quoted) = rest.strip_prefix(b"\"") {
            let Some(behind) = behind_quoted(quoted) else { return false };
            match behind.split_first() {
                None => return true,
                Some((byte, more)) if *byte == delimiter => rest = more,
                Some(_) => return false,
            }
        } else {
            let end = rest.iter().position(|byte| *byte == delimiter);
            let (bare, more) = rest.split_at(end.unwrap_or(rest.len()));
            if bare.contains(&b'"') {
                return false;
            }
            match more.split_first() {
                None => return true,
                Some((_, more)) => rest = more,
            }
        }
    }
}

/// What follows the closing quote of a field whose opening quote is already taken off.
fn behind_quoted(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let quote = rest.iter().position(|byte| *byte == b'"')?;
        rest = rest.get(quote + 1..)?;
        match rest.strip_prefix(b"\"") {
            Some(more) => rest = more,
            None => return Some(rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::keep;
    use super::*;

    fn lines(text: &str, width: usize) -> Vec<u32> {
        keep(text.as_bytes(), width, &[]).expect("reads").into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn d08_lines_are_counted_whatever_ends_them() {
        assert_eq!(lines("a,b\n1,2\n\n\n3,4\n", 2), [2, 5]);
        assert_eq!(lines("a,b\r\n1,2\r\n\r\n3,4\r\n", 2), [2, 4]);
        assert_eq!(lines("a,b\r1,2\r\r3,4\r", 2), [2, 4]);
        assert_eq!(lines("a,b\r\n1,2\n3,4\r5,6\n", 2), [2, 3, 4]);
        assert_eq!(lines("sep=;\r\na;b\r\n1;2\r\n", 2), [3]);
        assert_eq!(lines("\ntitle\n\na,b\n1,2\n", 2), [5]);
    }

    #[test]
    fn p08_the_delimiter_follows_from_the_heading_row() {
        for text in ["a,b\n1,2\n", "a\tb\n1\t2\n", "a;b\n1;2\n"] {
            assert_eq!(keep(text.as_bytes(), 2, &[]), Ok(vec![(2, vec!["1".to_owned(), "2".to_owned()])]), "{text}");
        }
    }

    #[test]
    fn p07_blank_rows_are_skipped() {
        assert_eq!(lines("a,b,c\n,,\n1,2,3\n , ,\n\"\",,\n  \n4,5,6\n", 3), [3, 7]);
    }

    #[test]
    fn p01_quotes_that_do_not_close_hold_the_file() {
        for (text, line) in [
            ("a,b\n1,\"2\n3,4\n", 2),
            ("a,b\n1,2\n3,4\"\n", 3),
            ("a,b\n\"1\"x,2\n", 2),
            ("a,b\n1,2\n\"3\n4\",5\n", 3),
            ("a,b\n1,\"\"\"\n", 2),
        ] {
            assert_eq!(keep(text.as_bytes(), 2, &[]), Err((Some(line), Fault::Quoting)), "{text}");
        }
    }

    #[test]
    fn p01_a_note_may_have_lines_but_not_rows() {
        let kept = keep(b"a,b\n1,\"x\ny\"\n2,z\n", 2, &[1]).expect("reads");
        assert_eq!(kept.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4]);
        let swallowed = keep(b"a,b,c\n1,2,\"x\n3,4,y\"\n5,6,z\n", 3, &[2]);
        assert_eq!(swallowed, Err((Some(2), Fault::Quoting)));
    }

    #[test]
    fn p02_a_row_of_another_width_holds_the_file() {
        for (text, line, found) in [("a,b\n1,2\n3\n", 3, 1), ("a,b\n1,2,3\n", 2, 3)] {
            assert_eq!(keep(text.as_bytes(), 2, &[]), Err((Some(line), Fault::FieldCount { expected: 2, found })));
        }
    }

    #[test]
    fn p09_limits_hold_the_file() {
        let long = format!("a,b\n1,{}\n", "x".repeat(FIELD_LIMIT + 1));
        assert_eq!(keep(long.as_bytes(), 2, &[]), Err((Some(2), Fault::Limit { what: "field", limit: 65_536 })));
        let wide = format!("{}\n", "x,".repeat(COLUMN_LIMIT));
        assert_eq!(keep(wide.as_bytes(), 2, &[]), Err((Some(1), Fault::Limit { what: "columns", limit: 512 })));
    }
}
