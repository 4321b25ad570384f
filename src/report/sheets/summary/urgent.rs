//! The three items that answer "do I have to do anything today?": amount, last day, next step.

use super::super::super::Edition;
use super::super::super::workbook::{Cell, Sheet, Style};
use super::super::{optional, risk_style, severity_style};
use super::{LAST, body_row, section};
use crate::domain::ids::OrderId;
use crate::domain::money::Yen;
use crate::domain::reconciliation::{Expiring, Finding, Risk};
use crate::locale::{Text, findings, sheets as words};
use hashbrown::HashSet;

/// How many are shown.
const MOST: usize = 3;
/// Where the next step begins.
const NEXT_STEP: u16 = 6;

/// One line: its cells left to right, and where it leads.
struct Line {
    cells: [Cell; 6],
    next_step: String,
    target: (Text, usize),
}

/// The table; the first row below it.
pub(super) fn table(edition: &Edition<'_>, sheet: &mut Sheet<'_>, row: u32) -> u32 {
    let l = edition.language;
    let headings = [
        words::CATEGORY,
        words::SEVERITY,
        words::KEY_OF_ITEM,
        words::AMOUNT,
        words::LAST_SAFE,
        words::DAYS_LEFT,
        words::NEXT_STEP,
    ];
    section(sheet, (row, 0), words::URGENT.of(l), &headings.map(|text| text.of(l)));
    sheet.merge((row + 1, NEXT_STEP), LAST);
    let lines = lines(edition);
    let mut at = row + 2;
    if lines.is_empty() {
        sheet.put((at, 0), Cell::text(words::NONE.of(l)).styled(Style::Grey));
        return at + 1;
    }
    for Line { cells, next_step, target: (name, position) } in lines {
        sheet.put_row((at, 0), cells);
        sheet.put((at, NEXT_STEP), Cell::text(next_step).styled(Style::Wrap));
        sheet.merge((at, NEXT_STEP), LAST);
        sheet.link((at, 0), name.of(l), body_row(Some(position)));
        at += 1;
    }
    at
}

/// Findings nobody has marked as done, worst first; then windows that close without a finding.
fn lines(edition: &Edition<'_>) -> Vec<Line> {
    let (r, l) = (edition.reconciliation, edition.language);
    let findings = r.findings.iter().enumerate().filter(|(_, finding)| finding.note.state != words::DONE);
    let shown: Vec<(usize, &Finding)> = findings.take(MOST).collect();
    let payments = r.findings.iter().flat_map(|finding| &finding.group.payments);
    let found: HashSet<&OrderId> = payments.map(|payment| &payment.order_id).collect();
    let known = |line: &Expiring| found.contains(&line.payment.order_id);
    let windows = r.cancellation.iter().enumerate();
    let windows = windows.filter(|(_, line)| line.risk != Risk::Travelled && !known(line));
    let windows = windows.take(MOST - shown.len()).map(|(at, line)| of_window(edition, at, line));
    let findings = shown.iter().map(|(at, finding)| {
        let window = findings::window(finding);
        let held = finding.group.actual;
        let expected = finding.group.booking.as_ref().map_or(Yen::ZERO, |booking| booking.expected);
        Line {
            cells: [
                Cell::text(findings::code_name(l, finding.code)),
                Cell::text(findings::severity_name(l, finding.severity)).styled(severity_style(finding.severity)),
                Cell::text(finding.key.as_str()).styled(Style::Wrap),
                Cell::yen(if held.is_positive() { held } else { expected }),
                Cell::day(window.map(|(safe_day, ..)| safe_day)),
                window.map_or_else(Cell::empty, |(_, days_left, _)| Cell::count(days_left)),
            ],
            next_step: findings::next_step(l, finding),
            target: (words::EXCEPTIONS, *at),
        }
    });
    findings.chain(windows).collect()
}

fn of_window(edition: &Edition<'_>, at: usize, line: &Expiring) -> Line {
    let l = edition.language;
    let key = line.booking.as_ref().map_or(line.payment.order_id.as_str(), |booking| booking.cart.as_str());
    Line {
        cells: [
            Cell::text(words::CANCELLATION.of(l)),
            Cell::text(findings::risk_name(l, line.risk)).styled(risk_style(line.risk)),
            optional(Some(key)).styled(Style::Wrap),
            Cell::yen(line.payment.held),
            Cell::day(line.window.last_safe_day),
            Cell::count(line.window.days_left),
        ],
        next_step: words::before_the_window_closes(l, line.window.operation),
        target: (words::CANCELLATION, at),
    }
}
