//! Rows of a workbook, streamed cell by cell; the only place that takes spreadsheet numbers for values. Must not know layouts.

use super::{
    COLUMN_LIMIT, Cell, FIELD_LIMIT, HEADING_SEARCH, Plan, ROW_LIMIT, Reading, Sink, at, control, package, seen, whole,
};
use crate::domain::dates::{Day, Moment};
use crate::domain::intake::{Fault, Measure, Place, Problem, Sought, WorkbookFault};
use calamine::{DataRef, ExcelDateTime, Reader as _, SheetType, Xlsx, XlsxCellReader, XlsxFormulaMetadata};
use chrono::{TimeDelta, Timelike};
use std::borrow::Cow;
use std::io::Cursor;

const SHEET_ROWS: u32 = 1_048_576;
const SHEET_COLUMNS: u32 = 16_384;
const CELL_LIMIT: u64 = 20_000_000;
/// Whole numbers below this are exact in a number cell: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// The first serial date beyond the year 9999.
const SERIAL_END: f64 = 2_958_466.0;

type Book<'b> = Xlsx<Cursor<&'b [u8]>>;

/// Reads the one sheet whose headings fit into `sink`.
///
/// # Errors
/// Why the file must be held.
pub fn read(bytes: &[u8], sink: &mut dyn Sink) -> Result<Reading, Vec<Problem>> {
    let package = package::inspect(bytes).map_err(|problem| vec![problem])?;
    let mut book: Book<'_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| vec![broken(&error)])?;
    let sheets: Vec<(usize, String)> = book
        .sheets_metadata()
        .iter()
        .enumerate()
        .filter(|(_, sheet)| sheet.typ == SheetType::WorkSheet)
        .map(|(index, sheet)| (index, sheet.name.clone()))
        .collect();
    let (mut fitting, mut sought) = (Vec::new(), Sought::default());
    for (index, name) in sheets {
        let mut here = Sought::default();
        if let Some((row, plan)) = find_heading(&mut book, &name, sink, &mut here)? {
            fitting.push((index, name, row, plan));
        }
        // The widest sheet is the one that was meant.
        sought = if here.fields > sought.fields { here } else { sought };
    }
    let mut fitting = fitting.into_iter();
    let Some((index, name, heading_row, plan)) = fitting.next() else {
        return Ok(Reading { encoding: "XLSX", headed: false, sought, hidden_rows: 0 });
    };
    let others: Vec<String> = fitting.map(|(_, name, _, _)| name).collect();
    if !others.is_empty() {
        let names = std::iter::once(name).chain(others).collect();
        return Err(vec![whole(Fault::SeveralSheets { names })]);
    }
    // They stand behind the rows: to look for them is to read the sheet once more.
    if package.has_merged {
        check_merged(&mut book, index, heading_row, &plan)?;
    }
    body(&mut book, &name, heading_row, &plan, sink)?;
    Ok(Reading { encoding: "XLSX", headed: true, sought, hidden_rows: package.hidden_rows(&name) })
}

/// Shows `look` every row of every sheet, streamed: its sheet, its number from 1, its cells with their columns from 0.
/// For reading our own workbooks back (FAULTS X01).
///
/// # Errors
/// Why it cannot be read.
pub fn every_row(bytes: &[u8], mut look: impl FnMut(&str, u32, &[(usize, Cell<'_>)])) -> Result<(), Vec<Problem>> {
    let mut book: Book<'_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| vec![broken(&error)])?;
    let names: Vec<String> = book.sheets_metadata().iter().map(|sheet| sheet.name.clone()).collect();
    for name in names {
        let mut rows = SheetRows::open(&mut book, &name)?;
        while let Some(row) = rows.next_row()? {
            look(&name, row, &rows.cells);
        }
    }
    Ok(())
}

fn broken(error: &calamine::XlsxError) -> Problem {
    whole(Fault::Workbook { why: WorkbookFault::Damaged(error.to_string()) })
}

fn find_heading(
    book: &mut Book<'_>,
    sheet: &str,
    sink: &mut dyn Sink,
    sought: &mut Sought,
) -> Result<Option<(u32, Plan)>, Vec<Problem>> {
    let mut rows = SheetRows::open(book, sheet)?;
    while sought.rows < HEADING_SEARCH {
        let Some(row) = rows.next_row()? else { return Ok(None) };
        let width = rows.width();
        if width > COLUMN_LIMIT {
            return Err(vec![at(row, None, Fault::Limit { what: Measure::Columns, limit: COLUMN_LIMIT as u64 })]);
        }
        seen(sought, row, width);
        let mut headings = vec![String::new(); width];
        for (column, cell) in &rows.cells {
            if let (Cell::Text(text), Some(heading)) = (cell, headings.get_mut(*column)) {
                text.as_ref().clone_into(heading);
            }
        }
        if let Some(plan) = sink.heading("XLSX", row, &headings)? {
            return Ok(Some((row, plan)));
        }
    }
    Ok(None)
}

/// P15: a merged cell hides values, so none may touch a used column from the heading on.
fn check_merged(book: &mut Book<'_>, index: usize, heading_row: u32, plan: &Plan) -> Result<(), Vec<Problem>> {
    let merged = book.merge_cells_by_sheet_id(index).map_err(|error| vec![broken(&error)])?;
    for area in merged.iter().filter(|area| area.end.0 + 1 >= heading_row) {
        let touches =
            |column: &usize| (area.start.1..=area.end.1).contains(&u32::try_from(*column).unwrap_or(u32::MAX));
        if let Some(column) = plan.slots.iter().flatten().copied().find(|column| touches(column)) {
            let place = Place { line: Some(area.start.0 + 1), column: plan.heading(column) };
            return Err(vec![Problem { place, fault: Fault::Workbook { why: WorkbookFault::MergedCells } }]);
        }
    }
    Ok(())
}

fn body(
    book: &mut Book<'_>,
    sheet: &str,
    heading_row: u32,
    plan: &Plan,
    sink: &mut dyn Sink,
) -> Result<(), Vec<Problem>> {
    let mut rows = SheetRows::open(book, sheet)?;
    let mut count = 0_u64;
    while let Some(row) = rows.next_row()? {
        if row <= heading_row {
            continue;
        }
        count += 1;
        if count > ROW_LIMIT {
            return Err(vec![at(row, None, Fault::Limit { what: Measure::Rows, limit: ROW_LIMIT })]);
        }
        if rows.width() > plan.headings.len() {
            let fault = Fault::FieldCount { expected: plan.headings.len(), found: rows.width() };
            return Err(vec![at(row, None, fault)]);
        }
        let mut cells = Vec::with_capacity(plan.slots.len());
        for slot in &plan.slots {
            cells.push(rows.cell(row, plan, *slot)?);
        }
        sink.row(row, &cells)?;
        for (column, cell) in rows.cells.iter().filter(|(column, _)| plan.aside.contains(column)) {
            match cell {
                Cell::Text(text) => sink.aside(*column, text.as_bytes()),
                Cell::Integer(number) => sink.aside(*column, number.to_string().as_bytes()),
                Cell::Empty | Cell::Decimal(_) | Cell::Date(_) | Cell::Problem(_) => {}
            }
        }
    }
    Ok(())
}

/// A cell as Excel names it, e.g. `C12`, from row and column counted from 0 (P16, P17).
fn address(row: u32, column: u32) -> String {
    let (mut letters, mut rest) = (String::new(), column + 1);
    while rest > 0 {
        letters.insert(0, char::from(b'A' + u8::try_from((rest - 1) % 26).unwrap_or_default()));
        rest = (rest - 1) / 26;
    }
    format!("{letters}{}", row + 1)
}

/// The formula at `address`, which has no value (P16). Of a shared one only its first cell states it.
fn without_value(formula: &XlsxFormulaMetadata, address: String) -> String {
    if let XlsxFormulaMetadata::Normal { formula } | XlsxFormulaMetadata::Shared { formula, .. } = formula
        && !formula.is_empty()
    {
        return format!("{address} ={formula}");
    }
    address
}

/// The rows of a sheet that are not blank, with checks that calamine's reader leaves to its caller.
struct SheetRows<'a, 'b> {
    reader: XlsxCellReader<'a, Cursor<&'b [u8]>>,
    cells: Vec<(usize, Cell<'a>)>,
    ahead: Option<(u32, u32, Cell<'a>)>,
    last: Option<(u32, u32)>,
    count: u64,
    done: bool,
}

impl<'a, 'b> SheetRows<'a, 'b> {
    fn open(book: &'a mut Book<'b>, sheet: &str) -> Result<Self, Vec<Problem>> {
        let reader = book.worksheet_cells_reader(sheet).map_err(|error| vec![broken(&error)])?;
        Ok(Self { reader, cells: Vec::new(), ahead: None, last: None, count: 0, done: false })
    }

    /// Moves on to the next row with a value; its number counted from 1.
    fn next_row(&mut self) -> Result<Option<u32>, Vec<Problem>> {
        self.cells.clear();
        let mut row = None;
        loop {
            let next = match self.ahead.take() {
                Some(cell) => Some(cell),
                None => self.next_cell().map_err(|problem| vec![problem])?,
            };
            let Some((at_row, column, cell)) = next else { break };
            if row.is_some_and(|row| row != at_row) {
                self.ahead = Some((at_row, column, cell));
                break;
            }
            if cell != Cell::Empty {
                row = Some(at_row);
                self.cells.push((usize::try_from(column).unwrap_or(usize::MAX), cell));
            }
        }
        Ok(row.map(|row| row + 1))
    }

    fn width(&self) -> usize {
        self.cells.last().map_or(0, |(column, _)| column.saturating_add(1))
    }

    fn next_cell(&mut self) -> Result<Option<(u32, u32, Cell<'a>)>, Problem> {
        // Behind the end of the sheet's data the reader would report a missing end.
        if self.done {
            return Ok(None);
        }
        let Some(found) = self.reader.next_cell_with_formula_metadata().map_err(|error| broken(&error))? else {
            self.done = true;
            return Ok(None);
        };
        let (row, column) = found.pos;
        let limit = |what, limit: u64| Err(whole(Fault::Limit { what, limit }));
        self.count += 1;
        if self.count > CELL_LIMIT {
            return limit(Measure::Cells, CELL_LIMIT);
        }
        if row >= SHEET_ROWS {
            return limit(Measure::SheetRows, SHEET_ROWS.into());
        }
        if column >= SHEET_COLUMNS {
            return limit(Measure::SheetColumns, SHEET_COLUMNS.into());
        }
        if self.last.is_some_and(|last| last >= (row, column)) {
            let fault = Fault::Workbook { why: WorkbookFault::CellOrder };
            return Err(at(row + 1, Some(address(row, column)), fault));
        }
        self.last = Some((row, column));
        let value = match (found.value, found.formula) {
            (DataRef::Empty, Some(formula)) => Cell::Problem(without_value(&formula, address(row, column))),
            (value, _) => cell(value, found.pos),
        };
        Ok(Some((row, column, value)))
    }

    fn cell(&self, row: u32, plan: &Plan, slot: Option<usize>) -> Result<Cell<'_>, Vec<Problem>> {
        let Some(column) = slot else { return Ok(Cell::Empty) };
        let Ok(found) = self.cells.binary_search_by_key(&column, |(column, _)| *column) else {
            return Ok(Cell::Empty);
        };
        let Some((_, cell)) = self.cells.get(found) else { return Ok(Cell::Empty) };
        let Cell::Text(text) = cell else { return Ok(cell.clone()) };
        let fault = if text.len() > FIELD_LIMIT {
            Some(Fault::Limit { what: Measure::Field, limit: FIELD_LIMIT as u64 })
        } else {
            control(text, plan.allows_line_breaks(column)).map(|code| Fault::ControlInCell { code: code.into() })
        };
        match fault {
            Some(fault) => Err(vec![at(row, plan.heading(column), fault)]),
            None => Ok(Cell::Text(Cow::Borrowed(text))),
        }
    }
}

fn cell(value: DataRef<'_>, (row, column): (u32, u32)) -> Cell<'_> {
    let text = |text: Cow<'static, str>| if text.trim().is_empty() { Cell::Empty } else { Cell::Text(text) };
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::Int(number) => Cell::Integer(number),
        DataRef::Float(number) => self::number(number),
        DataRef::String(written) => text(Cow::Owned(written)),
        DataRef::SharedString(written) if written.trim().is_empty() => Cell::Empty,
        DataRef::SharedString(written) => Cell::Text(Cow::Borrowed(written)),
        DataRef::Bool(true) => Cell::Text(Cow::Borrowed("TRUE")),
        DataRef::Bool(false) => Cell::Text(Cow::Borrowed("FALSE")),
        DataRef::DateTime(date) => moment(&date).map_or_else(|| Cell::Decimal(date.as_f64().to_string()), Cell::Date),
        DataRef::DateTimeIso(written) => iso(&written).map_or_else(|| text(Cow::Owned(written)), Cell::Date),
        DataRef::DurationIso(written) => text(Cow::Owned(written)),
        DataRef::Error(error) => Cell::Problem(format!("{} {error}", address(row, column))),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "guarded: whole and below 2^53")]
fn number(number: f64) -> Cell<'static> {
    if number.fract() == 0.0 && number.abs() < EXACT {
        Cell::Integer(number as i64)
    } else {
        Cell::Decimal(number.to_string())
    }
}

/// A date cell to the nearest second, in either epoch; `None` for durations and beyond the calendar.
fn moment(date: &ExcelDateTime) -> Option<Moment> {
    if !date.is_datetime() || !(0.0..SERIAL_END).contains(&date.as_f64()) {
        return None;
    }
    let exact = date.as_datetime()?.checked_add_signed(TimeDelta::milliseconds(500))?;
    Moment::new(Day::from_naive(exact.date()), exact.hour(), exact.minute(), exact.second())
}

/// `yyyy-MM-dd`, `yyyy-MM-ddTHH:mm:ss[.0…]` of a strict workbook.
fn iso(written: &str) -> Option<Moment> {
    let (day, time) = written.split_once('T').unwrap_or((written, "00:00:00"));
    let day = Day::parse(day)?;
    let time = match time.split_once('.') {
        Some((time, rest)) if rest.bytes().all(|byte| byte == b'0') => time,
        Some(_) => return None,
        None => time,
    };
    let mut parts = time.split(':').map(|part| (part.len() == 2).then(|| part.parse::<u32>().ok()).flatten());
    let moment = Moment::new(day, parts.next()??, parts.next()??, parts.next()??)?;
    parts.next().is_none().then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::super::tests::keep;
    use super::*;
    use std::io::Write as _;
    use zip::write::SimpleFileOptions;

    /// A workbook with one sheet whose `sheetData` is `rows`.
    fn book(rows: &str) -> Vec<u8> {
        book_with(rows, "", &[])
    }

    fn book_with(rows: &str, behind: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
        const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        const REL: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        const PKG: &str = "http://schemas.openxmlformats.org/package/2006";
        let types = format!(
            "<Types xmlns=\"{PKG}/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>"
        );
        let parts = [
            ("[Content_Types].xml", types),
            (
                "_rels/.rels",
                format!(
                    "<Relationships xmlns=\"{PKG}/relationships\"><Relationship Id=\"r1\" Type=\"{REL}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
                ),
            ),
            (
                "xl/workbook.xml",
                format!(
                    "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{REL}\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
                ),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                format!(
                    "<Relationships xmlns=\"{PKG}/relationships\"><Relationship Id=\"r1\" Type=\"{REL}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
                ),
            ),
            (
                "xl/worksheets/sheet1.xml",
                format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData>{behind}</worksheet>"),
            ),
        ];
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let mut add = |name: &str, content: &[u8]| {
            zip.start_file(name, SimpleFileOptions::default()).expect("starts");
            zip.write_all(content).expect("writes");
        };
        for (name, content) in &parts {
            add(name, content.as_bytes());
        }
        for (name, content) in more {
            add(name, content);
        }
        zip.finish().expect("finishes").into_inner()
    }

    fn text(cell: &str, text: &str) -> String {
        format!("<c r=\"{cell}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
    }

    fn row(number: u32, cells: &str) -> String {
        format!("<row r=\"{number}\">{cells}</row>")
    }

    fn heading() -> String {
        row(1, &(text("A1", "a") + &text("B1", "b")))
    }

    #[test]
    fn p16_values_errors_and_formulas_are_told_apart() {
        let cells = "<c r=\"A3\"><v>1102481</v></c><c r=\"B3\"><v>1.5</v></c>";
        let odd = "<c r=\"A5\"><f>B3*2</f></c><c r=\"B5\" t=\"e\"><v>#N/A</v></c>";
        let file = book(&(heading() + &row(3, cells) + &row(4, "<c r=\"A4\"/>") + &row(5, odd)));
        let kept = keep(&file, 2, &[]).expect("reads");
        let wanted = [(3, ["1102481", "1.5"]), (5, ["!A5 =B3*2", "!B5 #N/A"])];
        assert_eq!(kept, wanted.map(|(line, cells)| (line, cells.map(str::to_owned).to_vec())));
    }

    #[test]
    fn p19_values_in_several_pieces_hold_the_file() {
        for value in [
            "12<!-- x -->000",
            "12&#48;00",
            "87178&amp;",
            "12<?x y?>000",
            "12<![CDATA[000]]>",
            "12<b/>000",
            "<![CDATA[12]]>",
        ] {
            for kind in ["", " t=\"n\"", " t=\"s\"", " t=\"d\""] {
                let cells = format!("<c r=\"A3\"{kind}><v>{value}</v></c>");
                assert!(keep(&book(&(heading() + &row(3, &cells))), 2, &[]).is_err(), "{cells}");
            }
        }
        let text = "<c r=\"A3\" t=\"str\"><v>a<!-- x -->b &amp; c</v></c>";
        let kept = keep(&book(&(heading() + &row(3, text))), 2, &[]).expect("reads");
        assert_eq!(kept, [(3, vec!["ab & c".to_owned(), String::new()])]);
    }

    #[test]
    fn p17_doubled_or_disordered_cells_hold_the_file() {
        for cells in [
            row(2, "<c r=\"A2\"><v>1</v></c><c r=\"A2\"><v>2</v></c>"),
            row(3, "<c r=\"A3\"><v>1</v></c>") + &row(2, "<c r=\"A2\"><v>1</v></c>"),
        ] {
            let kept = keep(&book(&(heading() + &cells)), 2, &[]);
            assert!(matches!(kept, Err((_, Fault::Workbook { .. }))), "{kept:?}");
        }
    }

    #[test]
    fn p11_cells_far_away_cost_nothing() {
        let file = book(&(heading() + &row(1_048_576, "<c r=\"XFD1048576\"><v>1</v></c>")));
        assert_eq!(keep(&file, 2, &[]), Err((Some(1_048_576), Fault::FieldCount { expected: 2, found: 16_384 })));
        let beyond = book(&(heading() + &row(9_999_999, "<c r=\"A9999999\"><v>1</v></c>")));
        assert!(matches!(keep(&beyond, 2, &[]), Err((_, Fault::Limit { .. } | Fault::Workbook { .. }))));
    }

    #[test]
    fn p15_merged_cells_in_used_columns_hold_the_file() {
        let rows = heading() + &row(2, &(text("A2", "1") + &text("B2", "2")));
        let merged = book_with(&rows, "<mergeCells count=\"1\"><mergeCell ref=\"A2:A3\"/></mergeCells>", &[]);
        assert!(matches!(keep(&merged, 2, &[]), Err((Some(2), Fault::Workbook { .. }))));
        assert!(keep(&book(&rows), 2, &[]).is_ok());
    }

    #[test]
    fn p10_bombs_are_refused_before_they_are_opened() {
        let zeros = vec![0_u8; 64 * 1024 * 1024];
        let parts: Vec<(String, &[u8])> = (0..5).map(|n| (format!("xl/{n}.bin"), zeros.as_slice())).collect();
        let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, content)| (name.as_str(), *content)).collect();
        assert!(matches!(keep(&book_with("", "", &parts), 2, &[]), Err((None, Fault::Workbook { .. }))));
        let names: Vec<String> = (0..2_001).map(|n| format!("n{n}")).collect();
        let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
        assert!(matches!(keep(&book_with("", "", &many), 2, &[]), Err((None, Fault::Workbook { .. }))));
    }

    #[test]
    fn p13_duplicate_entries_and_cut_archives_are_held() {
        let mut twin = book_with(&heading(), "", &[("xl/twin1.xml", b"x"), ("xl/twin2.xml", b"y")]);
        while let Some(at) = twin.windows(5).position(|window| window == b"twin2") {
            twin[at + 4] = b'1';
        }
        assert!(matches!(keep(&twin, 2, &[]), Err((None, Fault::Workbook { .. }))));
        let whole = book(&heading());
        for cut in (4..whole.len()).step_by(7) {
            assert!(keep(&whole[..cut], 2, &[]).is_err(), "{cut}");
        }
    }

    #[test]
    fn p18_dates_follow_the_epoch_of_the_workbook() {
        let date = |value, is_1904| {
            moment(&ExcelDateTime::new(value, calamine::ExcelDateTimeType::DateTime, is_1904)).map(|m| m.to_string())
        };
        assert_eq!(date(46_327.5, false).as_deref(), Some("2026-11-01 12:00:00"));
        assert_eq!(date(44_865.5, true).as_deref(), Some("2026-11-01 12:00:00"));
        assert_eq!(date(46_327.378_553_240_74, false).as_deref(), Some("2026-11-01 09:05:07"));
        assert_eq!(date(-1.0, false), None);
        assert_eq!(date(f64::NAN, false), None);
        assert_eq!(date(1e300, false), None);
        assert_eq!(iso("2026-11-01T09:05:07.000").map(|m| m.to_string()).as_deref(), Some("2026-11-01 09:05:07"));
        assert_eq!(iso("2026-11-01T09:05:07Z"), None);
    }

    #[test]
    fn n04_numbers_that_are_not_exact_stay_decimal() {
        assert_eq!(number(1_102_481.0), Cell::Integer(1_102_481));
        assert_eq!(number(0.1), Cell::Decimal("0.1".to_owned()));
        assert_eq!(number(1e17), Cell::Decimal("100000000000000000".to_owned()));
        assert_eq!(number(f64::INFINITY), Cell::Decimal("inf".to_owned()));
    }
}
