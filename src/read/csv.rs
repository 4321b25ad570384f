//! Records of a CSV file with their true line numbers, and no quote that swallows rows. Must not know layouts.

use super::decode::written_len;
use super::scan::{Field, Record, Scanned, Scanner};
use super::window::{Source, Window};
use super::{
    COLUMN_LIMIT, Cell, FIELD_LIMIT, HEADING_SEARCH, Plan, ROW_LIMIT, Reading, Sink, at, control, holds_controls, seen,
    whole,
};
use crate::domain::intake::{Fault, Measure, Problem, Sought};
use std::borrow::Cow;

/// Delimiters that are tried on the heading row, in this order.
const DELIMITERS: [u8; 3] = [b',', b'\t', b';'];

/// Reads all records into `sink`.
///
/// # Errors
/// Why the file must be held.
pub(super) fn read(
    encoding: &'static str,
    source: &mut Source<'_>,
    sink: &mut dyn Sink,
) -> Result<Reading, Vec<Problem>> {
    let failed = |_| one(whole(Fault::Incomplete));
    let first = source.first(SEPARATOR).map_err(failed)?;
    let (declared, start) = separator_line(&first);
    let mut sought = Sought::default();
    for delimiter in DELIMITERS.into_iter().filter(|candidate| declared.is_none_or(|byte| byte == *candidate)) {
        let mut records = Records::new(encoding, source.window(start).map_err(failed)?, delimiter);
        let mut here = Sought::default();
        if let Some(plan) = find_heading(&mut records, sink, &mut here)? {
            body(&mut records, &plan, sink)?;
            return Ok(Reading { encoding, headed: true, sought, hidden_rows: 0 });
        }
        // The delimiter that parts most is the one that was meant.
        sought = if here.fields > sought.fields { here } else { sought };
    }
    Ok(Reading { encoding, headed: false, sought, hidden_rows: 0 })
}

/// The start of a file in which a `sep=` line stands, if any.
const SEPARATOR: usize = 16;
/// The longest record, in bytes: as many columns as there may be of the longest fields.
const RECORD_LIMIT: usize = COLUMN_LIMIT * FIELD_LIMIT;

/// Excel's `sep=;` line: the delimiter it declares and where the content behind it begins.
fn separator_line(bytes: &[u8]) -> (Option<u8>, usize) {
    let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len());
    match bytes.get(..end) {
        Some([s, e, p, b'=', delimiter]) if [*s, *e, *p].eq_ignore_ascii_case(b"sep") => (Some(*delimiter), end),
        // A second BOM is no part of a heading; before a quote it makes no sense.
        Some([0xEF, 0xBB, 0xBF, rest @ ..]) if !rest.starts_with(b"\"") => (None, 3),
        Some(_) | None => (None, 0),
    }
}

fn find_heading(
    records: &mut Records<'_>,
    sink: &mut dyn Sink,
    sought: &mut Sought,
) -> Result<Option<Plan>, Vec<Problem>> {
    while sought.rows < HEADING_SEARCH {
        if !records.next().map_err(one)? {
            break;
        }
        if records.is_blank() {
            continue;
        }
        let Record { line, fields, is_well_quoted, breaks, .. } = &records.record;
        seen(sought, *line, fields.len());
        if fields.len() > COLUMN_LIMIT {
            return Err(one(at(*line, None, Fault::Limit { what: Measure::Columns, limit: COLUMN_LIMIT as u64 })));
        }
        if *breaks > 0 || !is_well_quoted {
            sought.passed.get_or_insert(*line);
            continue;
        }
        if let [field] = fields.as_slice() {
            sought.divider = sought.divider.or_else(|| divider(&field.value(records.window.text())));
        }
        let cells: Vec<String> = records.values().map(Cow::into_owned).collect();
        if let Some(plan) = sink.heading(records.encoding, *line, &cells)? {
            return Ok(Some(plan));
        }
    }
    Ok(None)
}

/// What seems to stand between the fields of a row that no delimiter parts.
fn divider(row: &str) -> Option<char> {
    let among = |candidate: &char| row.chars().filter(|c| c == candidate).count();
    ['|', '｜', '，', '；', '^'].into_iter().find(|candidate| among(candidate) > 1)
}

fn body(records: &mut Records<'_>, plan: &Plan, sink: &mut dyn Sink) -> Result<(), Vec<Problem>> {
    let (mut count, mut room) = (0_u64, Vec::new());
    while records.next().map_err(one)? {
        let line = records.record.line;
        if !records.record.is_well_quoted {
            return Err(one(at(line, None, Fault::Quoting)));
        }
        check_breaks(records, plan).map_err(one)?;
        if records.is_blank() {
            continue;
        }
        count += 1;
        if count > ROW_LIMIT {
            return Err(one(at(line, None, Fault::Limit { what: Measure::Rows, limit: ROW_LIMIT })));
        }
        let found = records.record.fields.len();
        if found != plan.headings.len() {
            return Err(one(at(line, None, Fault::FieldCount { expected: plan.headings.len(), found })));
        }
        if let Some(column) = records.too_long() {
            let fault = Fault::Limit { what: Measure::Field, limit: FIELD_LIMIT as u64 };
            return Err(one(at(line, plan.heading(column), fault)));
        }
        let mut cells = emptied(room);
        cells.resize_with(plan.slots.len(), || Cell::Empty);
        cells.iter_mut().zip(&plan.slots).for_each(|(cell, slot)| fill(cell, records, *slot));
        if records.may_hold_controls {
            check_controls(line, &cells, plan).map_err(one)?;
        }
        sink.row(line, &cells)?;
        for column in &plan.aside {
            sink.aside(*column, records.value(*column).as_bytes());
        }
        room = emptied(cells);
    }
    Ok(())
}

/// An empty list in the room of another, whatever that one borrowed.
fn emptied<'c>(mut cells: Vec<Cell<'_>>) -> Vec<Cell<'c>> {
    cells.clear();
    cells.into_iter().map(|_| Cell::Empty).collect()
}

/// Fills an empty cell. Where it lies, at once: made elsewhere and moved here, a cell costs three times as much.
fn fill<'r>(cell: &mut Cell<'r>, records: &'r Records<'_>, slot: Option<usize>) {
    let Some(field) = slot.and_then(|column| records.record.fields.get(column)) else { return };
    let text = records.window.text();
    match field.as_written(text) {
        Some("") => {}
        Some(value) => *cell = Cell::Text(Cow::Borrowed(value)),
        None => fill_unquoted(cell, field, text),
    }
}

#[cold]
fn fill_unquoted<'r>(cell: &mut Cell<'r>, field: &Field, text: &'r str) {
    *cell = Cell::Text(field.value(text));
}

/// D02: no wanted cell holds a control character; line breaks were looked at already.
fn check_controls(line: u32, cells: &[Cell<'_>], plan: &Plan) -> Result<(), Problem> {
    for (cell, slot) in cells.iter().zip(&plan.slots) {
        if let Cell::Text(value) = cell
            && let Some(code) = control(value, true)
        {
            let heading = slot.and_then(|column| plan.heading(column));
            return Err(at(line, heading, Fault::ControlCharacter { code: code.into() }));
        }
    }
    Ok(())
}

fn one(problem: Problem) -> Vec<Problem> {
    vec![problem]
}

/// The records of a text, one at a time.
struct Records<'w> {
    encoding: &'static str,
    window: Window<'w>,
    /// Whether what is in the window holds characters that no cell may contain; ASCII ones hold no checked file.
    may_hold_controls: bool,
    delimiter: u8,
    scanner: Scanner,
    record: Record,
}

impl<'w> Records<'w> {
    fn new(encoding: &'static str, window: Window<'w>, delimiter: u8) -> Self {
        let may_hold_controls = holds_controls(window.text());
        let (scanner, record) = (Scanner::new(delimiter), Record::default());
        Self { encoding, window, may_hold_controls, delimiter, scanner, record }
    }

    /// Moves to the next record, if there is one.
    fn next(&mut self) -> Result<bool, Problem> {
        loop {
            let scanned = self.scanner.next(self.window.text(), self.window.is_last(), &mut self.record);
            let (length, line) = match scanned {
                Scanned::Record => (self.record.end - self.record.start, self.record.line),
                Scanned::More => (self.window.text().len() - self.scanner.at(), self.scanner.line()),
                Scanned::End => return Ok(false),
            };
            // Longer than any record can be: quotes that do not close, or one field without an end.
            if length > RECORD_LIMIT {
                let start = if scanned == Scanned::Record { self.record.start } else { self.scanner.at() };
                let is_quoted = self.window.text().bytes().skip(start).any(|byte| byte == b'"');
                let endless = Fault::Limit { what: Measure::Field, limit: FIELD_LIMIT as u64 };
                return Err(at(line, None, if is_quoted { Fault::Quoting } else { endless }));
            }
            if scanned == Scanned::Record {
                return Ok(true);
            }
            self.window.slide(self.scanner.at()).map_err(|_| whole(Fault::Incomplete))?;
            self.may_hold_controls = holds_controls(self.window.text());
            self.scanner.slid();
        }
    }

    fn value(&self, column: usize) -> Cow<'_, str> {
        self.record.fields.get(column).map(|field| field.value(self.window.text())).unwrap_or_default()
    }

    fn values(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.record.fields.iter().map(|field| field.value(self.window.text()))
    }

    fn is_blank(&self) -> bool {
        self.values().all(|value| value.trim_start().is_empty())
    }

    /// The first column whose field is too long.
    fn too_long(&self) -> Option<usize> {
        // Nearly all records are shorter than one field may be.
        if self.record.end - self.record.start <= FIELD_LIMIT {
            return None;
        }
        self.values().position(|value| value.len() > FIELD_LIMIT && written_len(self.encoding, &value) > FIELD_LIMIT)
    }
}
/// P01: line breaks stand where the plan allows them, and none swallows a row.
fn check_breaks(records: &Records<'_>, plan: &Plan) -> Result<(), Problem> {
    if records.record.breaks == 0 {
        return Ok(());
    }
    for (column, value) in records.values().enumerate() {
        let mut lines = value.split(['\r', '\n']).skip(1).peekable();
        if lines.peek().is_none() {
            continue;
        }
        let width = plan.headings.len();
        let swallows =
            |line: &str| width > 1 && line.bytes().filter(|byte| *byte == records.delimiter).count() >= width - 1;
        let fault = match lines.any(swallows) {
            true => Fault::Quoting,
            false if plan.allows_line_breaks(column) => continue,
            false => Fault::LineBreak,
        };
        return Err(at(records.record.line, plan.heading(column), fault));
    }
    Ok(())
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
        // As in a workbook, whatever white space it is.
        assert_eq!(lines("a,b,c\n\u{3000},,\n1,2,3\n\u{a0},\u{3000},\n\u{3000}\n4,5,6\n", 3), [3, 6]);
    }

    #[test]
    fn p01_quotes_that_do_not_close_hold_the_file() {
        for (text, line) in
            [("a,b\n1,\"2\n3,4\n", 2), ("a,b\n1,2\n3,4\"\n", 3), ("a,b\n\"1\"x,2\n", 2), ("a,b\n1,\"\"\"\n", 2)]
        {
            assert_eq!(keep(text.as_bytes(), 2, &[]), Err((Some(line), Fault::Quoting)), "{text}");
        }
    }

    #[test]
    fn p01_a_line_break_where_none_may_be_is_named() {
        let kept = keep(b"a,b,c\n1,2,3\n\"3\n4\",5,6\n", 3, &[1]);
        assert_eq!(kept, Err((Some(3), Fault::LineBreak)));
        let swallowed = keep(b"a,b,c\n\"1\n3,4,5\n6\",2,3\n", 3, &[1]);
        assert_eq!(swallowed, Err((Some(2), Fault::Quoting)));
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
        assert_eq!(keep(long.as_bytes(), 2, &[]), Err((Some(2), Fault::Limit { what: Measure::Field, limit: 65_536 })));
        let wide = format!("{}\n", "x,".repeat(COLUMN_LIMIT));
        assert_eq!(keep(wide.as_bytes(), 2, &[]), Err((Some(1), Fault::Limit { what: Measure::Columns, limit: 512 })));
    }
}
