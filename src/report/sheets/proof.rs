//! 検算: the files read with their rows by disposition, and every equation with both sides (SPEC §6).

use super::super::Edition;
use super::super::workbook::{Cell, Sheet, Style, Value, a1, column_range};
use super::{head, widen};
use crate::domain::reconciliation::FileSummary;
use crate::locale::proof::equation;
use crate::locale::{Language, findings, sheets as words};
use std::collections::BTreeSet;

pub(in crate::report) fn sheet<'a>(edition: &'a Edition<'a>) -> Sheet<'a> {
    let (r, l) = (edition.reconciliation, edition.language);
    let mut sheet = Sheet::new(words::PROOF.of(l));
    let verdict = if r.balanced() { words::PROOF_OK } else { words::PROOF_BAD };
    head(edition, &mut sheet, verdict.of(l), 1);
    let row = equations(edition, &mut sheet, 2);
    let row = cleared(edition, &mut sheet, row + 1);
    let row = rows_written(edition, &mut sheet, row);
    files(edition, &mut sheet, row + 1);
    sheet.widths.extend([(0, 58), (14, 32)]);
    widen(&mut sheet, [(1, 16), (2, 14)].into_iter().chain((3..=11).map(|column| (column, 9))));
    sheet.frozen = Some((1, 0));
    sheet.tab = Some(if r.balanced() { 0x0054_8235 } else { 0x00C0_0000 });
    sheet
}

/// A live comparison with its result.
fn agrees(formula: String, result: bool) -> Cell {
    let style = if result { Style::Green } else { Style::Red };
    Cell { value: Value::Check { formula, result }, style }
}

fn equations(edition: &Edition<'_>, sheet: &mut Sheet<'_>, mut row: u32) -> u32 {
    let l = edition.language;
    sheet.put((row, 0), Cell::text(words::EQUATIONS.of(l)).styled(Style::Section));
    let headings = [words::EQUATION, words::LEFT, words::RIGHT, words::AGREES].map(|text| text.of(l));
    sheet.put_headings((row + 1, 0), &headings);
    row += 2;
    for check in &edition.reconciliation.checks {
        let formula = format!("{}={}", a1((row, 1)), a1((row, 2)));
        sheet.put_row(
            (row, 0),
            [
                Cell::text(equation(l, check)).styled(Style::Wrap),
                Cell::count(check.left),
                Cell::count(check.right),
                agrees(formula, check.balances()),
            ],
        );
        row += 1;
    }
    sheet.put((row, 0), Cell::text(words::BALANCE_NOTE.of(l)).styled(Style::Subtitle));
    row + 1
}

/// The findings that were open in the last report and are no longer.
fn cleared(edition: &Edition<'_>, sheet: &mut Sheet<'_>, mut row: u32) -> u32 {
    let l = edition.language;
    let gone = &edition.reconciliation.cleared;
    if gone.is_empty() {
        return row;
    }
    sheet.put((row, 0), Cell::text(words::CLEARED.of(l)).styled(Style::Section));
    sheet.put_headings((row + 1, 0), &[words::CATEGORY, words::FINDING_ID, words::FIRST_SEEN].map(|text| text.of(l)));
    row += 2;
    for record in gone {
        let named = format!("{}　{}", findings::code_name(l, record.code), record.key);
        sheet.put_row(
            (row, 0),
            [Cell::text(named).styled(Style::Wrap), Cell::text(record.id.as_str()), Cell::day(record.first_seen)],
        );
        row += 1;
    }
    row + 1
}

/// How many rows each listing has, so that a cut-off sheet is noticed.
fn rows_written(edition: &Edition<'_>, sheet: &mut Sheet<'_>, mut row: u32) -> u32 {
    let (r, l) = (edition.reconciliation, edition.language);
    sheet.put((row, 0), Cell::text(words::ROWS_WRITTEN.of(l)).styled(Style::Section));
    sheet.put_headings((row + 1, 0), &[words::SHEETS.of(l), words::COUNT.of(l)]);
    row += 2;
    let mut listings = vec![(words::EXCEPTIONS, r.findings.len()), (words::CANCELLATION, r.cancellation.len())];
    if edition.with_matched {
        listings.push((words::MATCHED, r.matched.iter().map(|group| group.payments.len().max(1)).sum()));
    }
    listings.push((words::EXCLUDED, r.awaiting.len() + r.excluded.len()));
    for (name, count) in listings {
        sheet.put_row((row, 0), [Cell::text(name.of(l)), Cell::count(count)]);
        row += 1;
    }
    row
}

fn files(edition: &Edition<'_>, sheet: &mut Sheet<'_>, row: u32) {
    let l = edition.language;
    sheet.put((row, 0), Cell::text(words::FILES.of(l)).styled(Style::Section));
    let headings = [
        words::FILE,
        words::LAYOUT,
        words::YEN,
        words::READ,
        words::NEW,
        words::UPDATE,
        words::SAME,
        words::STALE,
        words::CONFLICT,
        words::LEFT_OUT,
        words::REJECTED,
        words::AGREES,
        words::COVERS_FROM,
        words::COVERS_TO,
        words::DIGEST,
    ]
    .map(|text| text.of(l));
    sheet.put_headings((row + 1, 0), &headings);
    // The only table here that can be longer than a page.
    sheet.repeated = Some((row + 1, row + 1));
    let first = row + 2;
    let mut at = first;
    let mut sums = [0_i64; 9];
    for file in edition.files {
        let c = file.rows;
        let counts = [c.read, c.new, c.update, c.same, c.stale, c.conflict, c.excluded, c.rejected];
        let counts = counts.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
        let [from, to] = [file.covers.map(|c| c.0), file.covers.map(|c| c.1)];
        let mut cells = vec![
            Cell::text(file.name.as_str()).styled(Style::Wrap),
            Cell::text(words::layout(l, &file.layout)).styled(Style::Wrap),
            Cell::yen(file.yen),
        ];
        cells.extend(counts.iter().map(|count| Cell::count(*count)));
        cells.push(agrees(disposed(at), c.read == c.accounted()));
        cells.extend([Cell::day(from), Cell::day(to), Cell::text(file.digest.as_str()).styled(Style::SmallWrap)]);
        sheet.put_row((at, 0), cells);
        sheet.heights.insert(at, 40);
        for (sum, value) in sums.iter_mut().zip(std::iter::once(file.yen.get()).chain(counts)) {
            *sum += value;
        }
        at += 1;
    }
    if edition.files.is_empty() {
        sheet.put((at, 0), Cell::text(words::NONE.of(l)).styled(Style::Grey));
        return;
    }
    sheet.put((at, 0), Cell::text(words::TOTAL.of(l)).styled(Style::Total));
    sheet.put((at, 1), Cell::empty().styled(Style::Total));
    for (column, sum) in (2_u16..).zip(sums) {
        sheet.put((at, column), Cell::sum(format!("=SUM({})", column_range(column, first, at - 1)), sum));
    }
    let balanced = sums[1] == sums.iter().skip(2).sum::<i64>();
    sheet.put((at, 11), agrees(disposed(at), balanced));
    sheet.filter = Some((row + 1, 0, 14, at - 1));
    for file in edition.files.iter().filter(|file| file.hidden_rows > 0) {
        at += 1;
        let line = words::hidden_rows(l, &file.name, file.hidden_rows);
        sheet.put((at, 0), Cell::text(line).styled(Style::Subtitle));
    }
    for sentence in edition.files.iter().flat_map(|file| &file.rejected) {
        at += 1;
        sheet.put((at, 0), Cell::text(words::rejected_row(l, sentence)).styled(Style::Subtitle));
    }
    for (columns_of, line) in OTHER_COLUMNS {
        if let Some((headings, files)) = other_columns(edition, columns_of) {
            at += 1;
            sheet.put((at, 0), Cell::text(line(l, &headings, &files)).styled(Style::Subtitle));
        }
    }
}

/// Columns of which nothing is used, with the sentence that names them.
type OtherColumns = (fn(&FileSummary) -> &[String], fn(Language, &str, &str) -> String);

const OTHER_COLUMNS: [OtherColumns; 2] =
    [(|file| &file.unknown_columns, words::unknown_columns), (|file| &file.dropped_columns, words::dropped_columns)];

/// Every such heading once, and the files it stands in (FAULTS P03, N18).
fn other_columns(edition: &Edition<'_>, columns_of: fn(&FileSummary) -> &[String]) -> Option<(String, String)> {
    let mut files = edition.files.iter().filter(|file| !columns_of(file).is_empty());
    let headings: BTreeSet<&str> = edition.files.iter().flat_map(columns_of).map(String::as_str).collect();
    let first = files.next()?;
    let headings = words::headings(edition.language, headings.into_iter());
    Some((headings, words::and_more(edition.language, &first.name, files.count())))
}

/// Rows read = the rows of all dispositions.
fn disposed(row: u32) -> String {
    format!("{}=SUM({}:{})", a1((row, 3)), a1((row, 4)), a1((row, 10)))
}
