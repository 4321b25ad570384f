//! 取消期限: payments whose cancellation window closes soon, worst first (SPEC §5.5).

use super::super::Edition;
use super::super::workbook::{Cell, Sheet, Style};
use super::{booking_status, listing, optional, risk_style, source_lines, urgency};
use crate::domain::money::Yen;
use crate::locale::{findings, sheets as words};

pub(in crate::report) fn sheet<'a>(edition: &'a Edition<'a>) -> Sheet<'a> {
    let (r, l) = (edition.reconciliation, edition.language);
    let held: Yen = r.cancellation.iter().map(|line| line.payment.held).sum();
    let mut columns = vec![
        (words::RISK, None),
        (words::DAYS_LEFT, None),
        (words::SAFE_DAY, None),
        (words::LAST_DAY, None),
        (words::SALE_DATE, None),
        (words::ORDER_ID, None),
        (words::BOOKING, None),
        (words::BOOKING_STATUS, None),
        (words::START, None),
        (words::BALANCE, Some(held.get())),
        (words::OPERATION, None),
        (words::SOURCE, None),
    ];
    if edition.with_customer {
        columns.push((words::CUSTOMER, None));
    }
    let row = move |at: usize| {
        let Some(line) = r.cancellation.get(at) else { return Vec::new() };
        let (payment, booking) = (&line.payment, line.booking.as_ref());
        let mut cells = vec![
            Cell::text(findings::risk_name(l, line.risk)).styled(risk_style(line.risk)),
            Cell::count(line.window.days_left),
            Cell::day(line.window.last_safe_day),
            Cell::day(line.window.last_possible_day),
            Cell::day(line.window.sale_date),
            Cell::text(payment.order_id.as_str()),
            optional(booking.map(|b| b.cart.as_str())),
            booking_status(l, booking),
            Cell::day(booking.and_then(|b| b.start)),
            Cell::yen(payment.held),
            Cell::text(words::operation(l, line.window.operation)),
            source_lines(std::iter::once(&payment.source).chain(booking.into_iter().flat_map(|b| b.sources()))),
        ];
        if edition.with_customer {
            cells.push(optional(booking.map(|b| &*b.customer)).styled(Style::Wrap));
        }
        cells
    };
    let mut sheet = listing(edition, words::CANCELLATION.of(l), &columns, r.cancellation.len(), row, (words::TOTAL, 1));
    sheet.rules.extend(urgency(edition, 1));
    sheet.coloured = vec![0];
    sheet.widths.insert(11, 36);
    sheet.tab = (!r.cancellation.is_empty()).then_some(0x00ED_7D31);
    sheet
}
