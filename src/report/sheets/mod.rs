//! The sheets of SPEC §6, one file each, and what the listing sheets have in common.

pub(super) mod cancellation;
pub(super) mod changes;
pub(super) mod exceptions;
pub(super) mod excluded;
pub(super) mod matched;
pub(super) mod proof;
pub(super) mod sales;
pub(super) mod summary;

use super::Edition;
use super::workbook::{At, Body, Cell, MAX_ROWS, Rule, Sheet, Style, Value, column_range};
use crate::domain::finding::Severity;
use crate::domain::intake::Source;
use crate::domain::money::Yen;
use crate::domain::reconciliation::{BookingView, Risk};
use crate::locale::{Language, Text, sheets as words};

/// The row of the headings on every listing sheet; title, shop and totals stand above.
pub(super) const HEADING_ROW: u32 = 3;

/// Rows of a listing that fit on one sheet.
const ROWS_PER_SHEET: usize = MAX_ROWS - 1 - 3;

/// A column of a listing: its heading, and its total where it has one.
pub(super) type Column = (Text, Option<i64>);

/// The head of every sheet: title, the way back to the first sheet, and from column `beside` on shop, period and a note.
fn head(edition: &Edition<'_>, sheet: &mut Sheet<'_>, note: &str, beside: u16) {
    let (r, l) = (edition.reconciliation, edition.language);
    sheet.put((0, 0), Cell::text(sheet.name.clone()).styled(Style::Title));
    sheet.put((1, 0), Cell::text(words::BACK.of(l)));
    sheet.link((1, 0), words::SUMMARY.of(l), (0, 0));
    let mut parts = vec![
        format!("{} ({})", r.shop_name, r.shop),
        words::period(l, r.period),
        format!("{} {}", words::AS_OF.of(l), r.as_of),
        format!("r{}", edition.revision),
        words::IN_YEN.of(l).to_owned(),
    ];
    parts.extend((!note.is_empty()).then(|| note.to_owned()));
    let line = parts.join(words::GAP.of(l));
    sheet.put((1, beside), Cell::text(line).styled(Style::Subtitle));
}

/// Days left turn orange within the horizon and red within a week.
fn urgency(edition: &Edition<'_>, column: u16) -> [Rule; 2] {
    let horizon = i64::from(edition.expiring_within_days);
    [(7, Style::Red), (horizon, Style::Orange)].map(|(limit, style)| Rule::AtMost { column, limit, style })
}

/// A sheet with one long table: totals above the headings, so that they follow the filter and stay in sight, as the
/// first `frozen` columns do.
fn listing<'a>(
    edition: &'a Edition<'a>,
    name: &str,
    columns: &[Column],
    rows: usize,
    row: impl Fn(usize) -> Vec<Cell> + 'a,
    (total, frozen): (Text, u16),
) -> Sheet<'a> {
    let l = edition.language;
    let mut sheet = Sheet::new(name);
    head(edition, &mut sheet, &words::items(l, rows), frozen.max(1));
    let first = HEADING_ROW + 1;
    let last = HEADING_ROW + u32::try_from(rows).unwrap_or(u32::MAX);
    if columns.iter().any(|(_, total)| total.is_some()) {
        sheet.put((HEADING_ROW - 1, 0), Cell::text(total.of(l)).styled(Style::Total));
        for (column, (_, total)) in (0_u16..).zip(columns) {
            let cell = match total {
                Some(total) => Cell::sum(format!("=SUBTOTAL(109,{})", column_range(column, first, last)), *total),
                None if column > 0 => Cell::empty().styled(Style::Total),
                None => continue,
            };
            sheet.put((HEADING_ROW - 1, column), cell);
        }
    }
    let headings: Vec<&'static str> = columns.iter().map(|(heading, _)| heading.of(l)).collect();
    let last_column = u16::try_from(headings.len().saturating_sub(1)).unwrap_or(0);
    sheet.frozen = Some((HEADING_ROW, frozen));
    sheet.repeated = Some((HEADING_ROW, HEADING_ROW));
    sheet.filter = Some((HEADING_ROW, 0, last_column, last.max(first)));
    sheet.body = Some(Body { heading_row: HEADING_ROW, headings, inputs: Vec::new(), rows, row: Box::new(row) });
    sheet
}

/// The listing on as many sheets as its rows need: `name`, `name (2)`, ….
fn listings<'a>(
    edition: &'a Edition<'a>,
    name: Text,
    columns: &[Text],
    totals: impl Fn(usize, usize) -> Vec<Option<i64>>,
    rows: usize,
    row: impl Fn(usize) -> Vec<Cell> + Clone + 'a,
) -> Vec<Sheet<'a>> {
    let parts = rows.div_ceil(ROWS_PER_SHEET).max(1);
    let part = |part: usize| {
        let from = part * ROWS_PER_SHEET;
        let to = rows.min(from + ROWS_PER_SHEET);
        let columns: Vec<Column> = columns.iter().copied().zip(totals(from, to)).collect();
        let title = name.of(edition.language);
        let title = if part == 0 { title.to_owned() } else { format!("{title} ({})", part + 1) };
        let total = if parts == 1 { words::TOTAL } else { words::SHEET_TOTAL };
        let row = row.clone();
        listing(edition, &title, &columns, to - from, move |at| row(from + at), (total, 0))
    };
    (0..parts).map(part).collect()
}

/// Widths of columns of amounts: the usual ones, or what their largest number needs.
fn widen(sheet: &mut Sheet<'_>, usual: impl IntoIterator<Item = (u16, u16)>) {
    for (column, usual) in usual {
        let width = number_width(sheet, column).max(usual);
        sheet.widths.insert(column, width);
    }
}

/// As wide as the largest number of a column, which as a total is bold.
fn number_width(sheet: &Sheet<'_>, column: u16) -> u16 {
    let digits = |cell: &Cell| match cell.value {
        Value::Number(number) | Value::Sum { result: number, .. } => Yen::new(number).to_string().len(),
        Value::Empty | Value::Text(_) | Value::Day(_) | Value::Moment(_) | Value::Check { .. } => 0,
    };
    let cells = sheet.cells.iter().filter(|((_, at), _)| *at == column);
    let widest = cells.map(|(_, cell)| digits(cell)).max().unwrap_or(0);
    u16::try_from(widest + 4).unwrap_or(u16::MAX)
}

/// So many sources stand on a line of their own each.
const SOURCES_IN_LINES: usize = 24;

/// 出典, each row that was read on its line, once; of many, those of a file side by side.
fn source_lines<'s>(sources: impl IntoIterator<Item = &'s Source>) -> Cell {
    let (mut lines, mut told): (String, Vec<&Source>) = (String::new(), Vec::new());
    for source in sources {
        if told.contains(&source) {
            continue;
        }
        told.push(source);
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines.push_str(&source.file);
        lines.push(':');
        lines.push_str(&source.line.to_string());
    }
    if told.len() > SOURCES_IN_LINES {
        lines = by_file(&told);
    }
    Cell::text(lines).styled(Style::SmallWrap)
}

/// `file:2, 3, 4` for each run of rows of one file.
fn by_file(sources: &[&Source]) -> String {
    let of_file = |run: &[&Source]| {
        let lines: Vec<String> = run.iter().map(|source| source.line.to_string()).collect();
        run.first().map(|first| format!("{}:{}", first.file, lines.join(", ")))
    };
    let runs: Vec<String> = sources.chunk_by(|a, b| a.file == b.file).filter_map(of_file).collect();
    runs.join("\n")
}

/// Text that may be absent.
fn optional(text: Option<&str>) -> Cell {
    text.filter(|text| !text.is_empty()).map_or_else(Cell::empty, Cell::text)
}

/// 予約状態: how the report takes it, and Bókun's own word.
fn booking_status(language: Language, booking: Option<&BookingView>) -> Cell {
    optional(booking.map(|b| words::booking_status(language, b.state, &b.status)).as_deref())
}

const fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => Style::Red,
        Severity::High => Style::Orange,
        Severity::Normal => Style::Yellow,
    }
}

const fn risk_style(risk: Risk) -> Style {
    match risk {
        Risk::RefundDue => Style::Red,
        Risk::TravelsLater => Style::Orange,
        Risk::NotTravelled | Risk::NoBooking => Style::Yellow,
        Risk::Travelled => Style::Grey,
    }
}

/// `count` cells of one style, e.g. the blank part of a total line.
fn blanks(count: usize, style: Style) -> impl Iterator<Item = Cell> {
    std::iter::repeat_n(Cell::empty().styled(style), count)
}

/// The cell `rows` below and `columns` right of `at`.
const fn beside(at: At, rows: u32, columns: u16) -> At {
    (at.0 + rows, at.1 + columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dates::{Day, Period};
    use crate::domain::ids::ShopId;
    use crate::domain::reconciliation::{Freshness, Reconciliation, Sales, Trend};

    #[test]
    fn x04_rows_beyond_the_limit_continue_on_a_next_sheet() {
        let day = Day::from_number(20_000);
        let reconciliation = Reconciliation {
            shop: ShopId::new("S"),
            shop_name: "S".to_owned(),
            period: Period::new(day, day).expect("a period"),
            as_of: day,
            sales: Sales::default(),
            matched: Vec::new(),
            findings: Vec::new(),
            cancellation: Vec::new(),
            travels_after_window: 0,
            awaiting: Vec::new(),
            excluded: Vec::new(),
            freshness: Freshness::default(),
            checks: Vec::new(),
            cleared: Vec::new(),
            trend: Trend::default(),
        };
        let edition = Edition {
            language: Language::Ja,
            reconciliation: &reconciliation,
            revision: 1,
            files: &[],
            held: &[],
            changes: &[],
            with_customer: false,
            with_matched: true,
            installation: "",
            expiring_within_days: 30,
        };
        let columns = [words::ORDER_ID, words::AMOUNT];
        let totals = |from: usize, to: usize| vec![None, i64::try_from(to - from).ok()];
        let row = |at: usize| vec![Cell::count(at), Cell::count(1)];
        let sheets = listings(&edition, words::MATCHED, &columns, totals, ROWS_PER_SHEET + 2, row);
        let names: Vec<&str> = sheets.iter().map(|sheet| sheet.name.as_str()).collect();
        assert_eq!(names, ["突合明細", "突合明細 (2)"]);
        let bodies: Vec<&Body<'_>> = sheets.iter().filter_map(|sheet| sheet.body.as_ref()).collect();
        assert_eq!(bodies.iter().map(|body| body.rows).collect::<Vec<_>>(), [ROWS_PER_SHEET, 2]);
        assert_eq!((bodies[1].row)(0)[0], Cell::count(ROWS_PER_SHEET));
        assert_eq!(HEADING_ROW as usize + 1 + ROWS_PER_SHEET, MAX_ROWS);
    }
}
