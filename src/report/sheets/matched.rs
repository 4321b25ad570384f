//! 突合明細: matched groups, one row per payment; a booking's amount stands once, on its first row (SPEC §5.3).

use super::super::Edition;
use super::super::workbook::{Cell, Sheet, Style, Value};
use super::{booking_status, listings, optional, source_lines};
use crate::domain::money::Yen;
use crate::domain::reconciliation::{BookingView, MatchGroup, PaymentView};
use crate::locale::{Text, sheets as words};
use std::rc::Rc;

const COLUMNS: [Text; 12] = [
    words::SALE_DATE,
    words::ORDER_ID,
    words::BOOKING,
    words::KEY,
    words::PAYMENT_STATUS,
    words::BOOKING_STATUS,
    words::GMO_YEN,
    words::BOOKING_YEN,
    words::PRODUCT,
    words::START,
    words::METHOD,
    words::SOURCE,
];

/// Narrow, so that a page can be read; long texts wrap.
const WIDTHS: [(u16, u16); 8] = [(0, 12), (3, 14), (4, 12), (5, 18), (8, 30), (9, 12), (10, 16), (11, 44)];

/// Why the two totals differ although all is matched: of a DEPOSIT booking any part may be paid (SPEC §5.4).
fn explain(edition: &Edition<'_>, sheet: &mut Sheet<'_>) {
    let gap = |group: &MatchGroup| {
        let booking = group.booking.as_ref().filter(|booking| booking.foreign.is_none())?;
        (booking.expected != group.actual).then_some(booking.expected - group.actual)
    };
    let gaps: Vec<Yen> = edition.reconciliation.matched.iter().filter_map(gap).collect();
    if let (false, Some(cell)) = (gaps.is_empty(), sheet.cells.get_mut(&(1, 1)))
        && let Value::Text(line) = &mut cell.value
    {
        line.push_str(words::GAP.of(edition.language));
        line.push_str(&words::part_paid(edition.language, gaps.len(), gaps.into_iter().sum()));
    }
}

/// One row: the group, its payment if any, and whether it is the group's first.
type Line<'a> = (&'a MatchGroup, Option<&'a PaymentView>, bool);

pub(in crate::report) fn sheets<'a>(edition: &'a Edition<'a>) -> Vec<Sheet<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::with_capacity(edition.reconciliation.matched.len());
    for group in &edition.reconciliation.matched {
        if group.payments.is_empty() {
            lines.push((group, None, true));
        }
        lines.extend(group.payments.iter().enumerate().map(|(at, payment)| (group, Some(payment), at == 0)));
    }
    let lines: Rc<[Line<'a>]> = lines.into();
    let mut columns = COLUMNS.to_vec();
    if edition.with_customer {
        columns.push(words::CUSTOMER);
    }
    let width = columns.len();
    let total_lines = Rc::clone(&lines);
    let totals = move |from: usize, to: usize| {
        let part = total_lines.get(from..to).unwrap_or_default();
        let mut totals = vec![None; width];
        totals[6] = Some(part.iter().filter_map(|line| line.1).map(|p| p.held).sum::<Yen>().get());
        totals[7] = Some(part.iter().filter_map(|line| expected(*line)).sum::<Yen>().get());
        totals
    };
    let count = lines.len();
    let row = move |at: usize| lines.get(at).map(|line| row(edition, *line)).unwrap_or_default();
    let mut sheets = listings(edition, words::MATCHED, &columns, totals, count, row);
    for sheet in &mut sheets {
        sheet.widths.extend(WIDTHS);
    }
    if let Some(sheet) = sheets.first_mut() {
        explain(edition, sheet);
    }
    sheets
}

/// The booking's amount on the first row of its group, where it is in yen.
fn expected((group, _, first): Line<'_>) -> Option<Yen> {
    group.booking.as_ref().filter(|booking| first && booking.foreign.is_none()).map(|booking| booking.expected)
}

fn row(edition: &Edition<'_>, line: Line<'_>) -> Vec<Cell> {
    let l = edition.language;
    let (group, payment, _) = line;
    let booking: Option<&BookingView> = group.booking.as_ref();
    let mut cells = vec![
        Cell::day(payment.and_then(|p| p.sale_date)),
        optional(payment.map(|p| p.order_id.as_str())),
        optional(booking.map(|b| b.cart.as_str())),
        optional(payment.and_then(|p| p.key).map(|key| words::match_key(l, key))).styled(Style::Wrap),
        optional(payment.map(|p| words::payment_status(l, p)).as_deref()).styled(Style::Wrap),
        booking_status(l, booking).styled(Style::Wrap),
        payment.map_or_else(Cell::empty, |p| Cell::yen(p.held)),
        expected(line).map_or_else(Cell::empty, Cell::yen),
        optional(booking.map(|b| &*b.products)).styled(Style::Wrap),
        Cell::day(booking.and_then(|b| b.start)),
        optional(payment.map(|p| &*p.method)).styled(Style::Wrap),
        source_lines(payment.map(|p| &p.source).into_iter().chain(booking.into_iter().flat_map(BookingView::sources))),
    ];
    if edition.with_customer {
        cells.push(optional(booking.map(|b| &*b.customer)).styled(Style::Wrap));
    }
    cells
}
