//! 売上集計: money events of the period, cut in five ways, each cut with its live total (SPEC §5.2).

use super::super::Edition;
use super::super::workbook::{At, Cell, Chart, Sheet, Style, column_range};
use super::{HEADING_ROW, beside, head, widen};
use crate::domain::money::Yen;
use crate::domain::reconciliation::Totals;
use crate::locale::{Text, sheets as words};

/// Where the summary finds the totals and the days.
pub(in crate::report) struct Places {
    /// Row of the total of the days.
    pub(in crate::report) total_row: u32,
    /// First and last row of the days, if any of them has something to draw.
    pub(in crate::report) days: Option<(u32, u32)>,
}

pub(in crate::report) fn sheet<'a>(edition: &'a Edition<'a>) -> (Sheet<'a>, Places) {
    let (sales, l) = (&edition.reconciliation.sales, edition.language);
    let mut sheet = Sheet::new(words::SALES.of(l));
    head(edition, &mut sheet, "", 1);
    let days: Vec<(Cell, &Totals)> = sales.by_day.iter().map(|(day, totals)| (Cell::day(*day), totals)).collect();
    let first = HEADING_ROW + 1;
    let total_row = table(edition, &mut sheet, HEADING_ROW - 1, (words::BY_DAY, words::DAY), &days);
    let is_drawn = days.iter().any(|(_, totals)| totals.net() != Yen::ZERO);
    let places = Places { total_row, days: is_drawn.then(|| (first, total_row.saturating_sub(1))) };
    sheet.filter = Some((HEADING_ROW, 0, 4, total_row.saturating_sub(1).max(first)));
    sheet.frozen = Some((HEADING_ROW, 1));
    // Where the days fill more than a page, their headings; else the title, as every table has headings of its own.
    let repeated = if days.len() > 31 { (HEADING_ROW, HEADING_ROW) } else { (0, 1) };
    sheet.repeated = Some(repeated);
    sheet.tables.push((HEADING_ROW - 1, total_row));
    let mut row = total_row + 2;
    let cuts = [
        (words::BY_MONTH, words::MONTH, &sales.by_month, words::NOT_STATED),
        (words::BY_STATUS, words::PAYMENT_STATUS, &sales.by_status, words::NOT_STATED),
        (words::BY_METHOD, words::METHOD, &sales.by_method, words::NOT_STATED),
        (words::BY_PRODUCT, words::PRODUCT, &sales.by_product, words::NO_PRODUCT),
    ];
    for (title, heading, rows, blank) in cuts {
        // Titles may differ in their last letters alone.
        let name = |name: &str| Cell::text(if name.is_empty() { blank.of(l) } else { name }).styled(Style::Wrap);
        let rows: Vec<(Cell, &Totals)> = rows.iter().map(|(label, totals)| (name(label), totals)).collect();
        let last = table(edition, &mut sheet, row, (title, heading), &rows);
        sheet.tables.push((row, last));
        row = last + 2;
    }
    // The right half of the page, which the tables leave free, below what every page shows.
    sheet.chart = places.days.map(|rows| chart(edition, (repeated.1 + 1, 6), rows, (620, 360)));
    sheet.one_page = row < 60;
    widen(&mut sheet, [(1, 10), (2, 16), (3, 16), (4, 16)]);
    (sheet, places)
}

/// Net sales by day, out of the rows `first` to `last` of this sheet.
pub(in crate::report) fn chart(edition: &Edition<'_>, at: At, rows: (u32, u32), size: (u32, u32)) -> Chart {
    let (sales, l) = (&edition.reconciliation.sales, edition.language);
    Chart {
        at,
        title: words::NET_BY_DAY.of(l).to_owned(),
        sheet: words::SALES.of(l).to_owned(),
        columns: (0, 4),
        rows,
        size,
        from_zero: sales.by_day.iter().all(|(_, totals)| totals.net() >= Yen::ZERO),
    }
}

/// One cut: title, headings, rows, total; the row of its total.
fn table(
    edition: &Edition<'_>,
    sheet: &mut Sheet<'_>,
    row: u32,
    (title, heading): (Text, Text),
    rows: &[(Cell, &Totals)],
) -> u32 {
    let l = edition.language;
    sheet.put((row, 0), Cell::text(title.of(l)).styled(Style::Section));
    let headings = [heading, words::COUNT, words::GROSS, words::REFUNDS, words::NET].map(|text| text.of(l));
    sheet.put_headings((row + 1, 0), &headings);
    let first = row + 2;
    let mut sum = Totals::default();
    let mut at = first;
    for (label, totals) in rows {
        sheet.put((at, 0), label.clone());
        sheet.put_row(
            (at, 1),
            [Cell::count(totals.count), Cell::yen(totals.gross), Cell::yen(totals.refunds), Cell::yen(totals.net())],
        );
        sum.count += totals.count;
        sum.gross += totals.gross;
        sum.refunds += totals.refunds;
        at += 1;
    }
    sheet.put((at, 0), Cell::text(words::TOTAL.of(l)).styled(Style::Total));
    let count = i64::try_from(sum.count).unwrap_or(i64::MAX);
    for (column, value) in (1_u16..).zip([count, sum.gross.get(), sum.refunds.get(), sum.net().get()]) {
        let cell = if rows.is_empty() {
            Cell::count(0).styled(Style::Total)
        } else {
            Cell::sum(format!("=SUM({})", column_range(column, first, at - 1)), value)
        };
        sheet.put(beside((at, 0), 0, column), cell);
    }
    at
}
