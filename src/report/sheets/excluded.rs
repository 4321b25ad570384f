//! 対象外・待ち: what the report leaves out, by which rule, and what it still waits for (SPEC §5.4).

use super::super::Edition;
use super::super::workbook::{Cell, Sheet, Style};
use super::{listings, optional, source_lines};
use crate::domain::money::Yen;
use crate::domain::reconciliation::{Cause, Item, RestItem};
use crate::locale::{Text, sheets as words};

const COLUMNS: [Text; 7] =
    [words::KIND, words::RULE, words::ORDER_ID, words::BOOKING, words::DAY, words::AMOUNT, words::SOURCE];

pub(in crate::report) fn sheets<'a>(edition: &'a Edition<'a>) -> Vec<Sheet<'a>> {
    let r = edition.reconciliation;
    let item = move |at: usize| r.awaiting.get(at).or_else(|| r.excluded.get(at.checked_sub(r.awaiting.len())?));
    let totals = move |from: usize, to: usize| {
        let total: Yen = (from..to).filter_map(item).map(amount).sum();
        vec![None, None, None, None, None, Some(total.get()), None]
    };
    let row = move |at: usize| item(at).map(|item| row(edition, item)).unwrap_or_default();
    let rows = r.awaiting.len() + r.excluded.len();
    let mut sheets = listings(edition, words::EXCLUDED, &COLUMNS, totals, rows, row);
    for sheet in &mut sheets {
        sheet.widths.insert(6, 40);
    }
    sheets
}

fn amount(item: &RestItem) -> Yen {
    match &item.item {
        Item::Payment(payment) => payment.observed,
        Item::Booking(booking) => booking.expected,
    }
}

fn row(edition: &Edition<'_>, item: &RestItem) -> Vec<Cell> {
    let l = edition.language;
    let rule = match &item.cause {
        Cause::Rule(rule) => Cell::text(words::rule(l, rule)),
        Cause::Wait(wait) => {
            Cell::text(words::wait(l, *wait, &edition.reconciliation.freshness)).styled(Style::YellowText)
        }
    };
    match &item.item {
        Item::Payment(payment) => vec![
            Cell::text(words::PAYMENT.of(l)),
            rule,
            Cell::text(payment.order_id.as_str()),
            optional(Some(&payment.booking_ref)),
            Cell::day(payment.newest_at.day()),
            Cell::yen(payment.observed),
            source_lines([&payment.source]),
        ],
        Item::Booking(booking) => vec![
            Cell::text(words::BOOKING_ITEM.of(l)),
            rule,
            Cell::empty(),
            Cell::text(booking.cart.as_str()),
            Cell::day(booking.created_at.day()),
            if booking.foreign.is_some() { Cell::empty() } else { Cell::yen(booking.expected) },
            source_lines(booking.sources()),
        ],
    }
}
