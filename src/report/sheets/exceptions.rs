//! 要確認: every open finding with reason, next step and room for finance's notes (SPEC §5.4, §5.6, §5.7).

use super::super::Edition;
use super::super::workbook::{Cell, Choices, Rule, Sheet, Style};
use super::{booking_status, listing, optional, severity_style, source_lines, urgency};
use crate::domain::money::Yen;
use crate::domain::reconciliation::Finding;
use crate::locale::{Text, findings, sheets as words};
use std::borrow::Cow;

const COLUMNS: [Text; 22] = [
    words::FINDING_ID,
    words::CATEGORY,
    words::SEVERITY,
    words::FIRST_SEEN,
    words::AGE,
    words::BOOKING,
    words::ORDER_ID,
    words::PAYMENT_STATUS,
    words::BOOKING_STATUS,
    words::SALE_DATE,
    words::START,
    words::GMO_YEN,
    words::BOOKING_YEN,
    words::DIFFERENCE,
    words::DEADLINE,
    words::DAYS_LEFT,
    words::REASON,
    words::NEXT_STEP,
    words::WORK_STATE,
    words::ASSIGNEE,
    words::MEMO,
    words::SOURCE,
];
const ORDERS_COLUMN: u16 = 6;
const MEMO_COLUMN: u16 = 20;
const SEVERITY_COLUMN: u16 = 2;
const DAYS_LEFT_COLUMN: u16 = 15;
const WORK_STATE_COLUMN: u16 = 18;
/// Narrow, so that the sheet can be read on two pages' width; long texts wrap.
const WIDTHS: [(u16, u16); 14] = [
    (1, 20),
    (2, 9),
    (3, 12),
    (4, 13),
    (7, 12),
    (8, 15),
    (9, 13),
    (10, 12),
    (14, 12),
    (15, 10),
    (16, 40),
    (17, 48),
    (19, 10),
    (21, 36),
];

/// Wider where a row would be higher than Excel allows: a long memo.
fn memo_width(findings: &[Finding]) -> u16 {
    match findings.iter().map(|finding| finding.note.text.len()).max() {
        None | Some(..600) => 22,
        Some(..1_000) => 30,
        Some(_) => 40,
    }
}

/// The same for a group of many payments.
fn orders_width(findings: &[Finding]) -> u16 {
    match findings.iter().map(|finding| finding.group.payments.len()).max() {
        None | Some(..25) => 22,
        Some(..100) => 40,
        Some(_) => 72,
    }
}

/// The amounts of a finding: GMO, booking, difference.
pub(in crate::report) fn amounts(finding: &Finding) -> [Yen; 3] {
    let gmo = finding.group.actual;
    let booking = finding.group.booking.as_ref().map_or(Yen::ZERO, |b| b.expected);
    [gmo, booking, gmo - booking]
}

pub(in crate::report) fn sheet<'a>(edition: &'a Edition<'a>) -> Sheet<'a> {
    let (r, l) = (edition.reconciliation, edition.language);
    let mut columns: Vec<super::Column> = COLUMNS.iter().map(|heading| (*heading, None)).collect();
    for (at, column) in columns.iter_mut().skip(11).take(3).enumerate() {
        column.1 = Some(r.findings.iter().map(|f| amounts(f)[at]).sum::<Yen>().get());
    }
    if edition.with_customer {
        columns.push((words::CUSTOMER, None));
    }
    let row = move |at: usize| r.findings.get(at).map(|finding| row(edition, finding)).unwrap_or_default();
    let mut sheet = listing(edition, words::EXCEPTIONS.of(l), &columns, r.findings.len(), row, (words::TOTAL, 2));
    sheet
        .choices
        .push(Choices { column: WORK_STATE_COLUMN, words: words::WORK_STATES.iter().map(|word| word.of(l)).collect() });
    if let Some(body) = &mut sheet.body {
        body.inputs = (WORK_STATE_COLUMN..WORK_STATE_COLUMN + 3).collect();
    }
    sheet.rules.push(Rule::Done { column: WORK_STATE_COLUMN, word: words::WORK_STATES[2].of(l) });
    sheet.rules.extend(urgency(edition, DAYS_LEFT_COLUMN));
    sheet.coloured = vec![SEVERITY_COLUMN];
    sheet.coloured.extend(WORK_STATE_COLUMN..WORK_STATE_COLUMN + 3);
    sheet.is_protected = true;
    sheet.widths.extend(WIDTHS);
    sheet.widths.extend([(ORDERS_COLUMN, orders_width(&r.findings)), (MEMO_COLUMN, memo_width(&r.findings))]);
    sheet.two_pages_wide = true;
    sheet.tab = Some(if r.findings.is_empty() { 0x0054_8235 } else { 0x00C0_0000 });
    sheet
}

fn row(edition: &Edition<'_>, finding: &Finding) -> Vec<Cell> {
    let l = edition.language;
    let group = &finding.group;
    let (payments, booking) = (&group.payments, group.booking.as_ref());
    let mut statuses: Vec<Cow<'_, str>> = Vec::new();
    for payment in payments {
        let status = words::payment_status(l, payment);
        if !statuses.contains(&status) {
            statuses.push(status);
        }
    }
    let orders: Vec<&str> = payments.iter().map(|p| p.order_id.as_str()).collect();
    let [gmo, expected, difference] = amounts(finding);
    let carried = if finding.carried { words::CARRIED.of(l).to_owned() } else { String::new() };
    let window = findings::window(finding);
    let sale_date = finding.window.map(|w| w.sale_date).or_else(|| payments.iter().filter_map(|p| p.sale_date).min());
    let mut cells = vec![
        Cell::text(finding.id.as_str()),
        Cell::text(findings::code_name(l, finding.code)).styled(Style::Wrap),
        Cell::text(findings::severity_name(l, finding.severity)).styled(severity_style(finding.severity)),
        Cell::day(finding.first_seen),
        Cell::count(finding.age_business_days),
        optional(booking.map(|b| b.cart.as_str())),
        optional(Some(&orders.join(words::between_orders(orders.len())))).styled(Style::Wrap),
        optional(Some(&statuses.join("\n"))).styled(Style::Wrap),
        booking_status(l, booking).styled(Style::Wrap),
        Cell::day(sale_date),
        Cell::day(booking.and_then(|b| b.start)),
        Cell::yen(gmo),
        booking.filter(|b| b.foreign.is_none()).map_or_else(Cell::empty, |_| Cell::yen(expected)),
        Cell::yen(difference),
        Cell::day(window.map(|(safe_day, ..)| safe_day)),
        window.map_or_else(Cell::empty, |(_, days_left, _)| Cell::count(days_left)),
        Cell::text(format!("{carried}{}", findings::reason(l, finding))).styled(Style::Wrap),
        Cell::text(findings::next_step(l, finding)).styled(Style::Wrap),
        Cell::text(words::work_state(l, &finding.note.state)).styled(Style::Input),
        optional(Some(&finding.note.assignee)).styled(Style::Input),
        optional(Some(&finding.note.text)).styled(Style::Input),
        source_lines(payments.iter().map(|p| &p.source).chain(booking.into_iter().flat_map(|b| b.sources()))),
    ];
    if edition.with_customer {
        cells.push(optional(booking.map(|b| &*b.customer)).styled(Style::Wrap));
    }
    cells
}
