//! The three items that answer "do I have to do anything today?": amount, last day, next step.

use super::super::super::Edition;
use super::super::super::workbook::{Cell, Sheet, Style};
use super::super::{optional, risk_style, severity_style};
use super::{LAST, RIGHT, body_row};
use crate::domain::ids::OrderId;
use crate::domain::money::Yen;
use crate::domain::reconciliation::{Expiring, Finding, Risk};
use crate::locale::verdict::{nothing_found_yet, verdict, verdict_clear};
use crate::locale::{Text, findings, sheets as words};
use hashbrown::HashSet;

/// How many are shown.
const MOST: usize = 3;
/// Where each column of the table begins; the first and the last heading of two of them stand over several columns.
const COLUMNS: [u16; 7] = [0, 1, 2, 4, 5, 6, RIGHT];
const KEY: u16 = COLUMNS[2];

/// One line: its cells left to right, and where it leads.
struct Line {
    cells: [Cell; 7],
    target: (Text, usize),
}

/// What there is besides, and the first of it.
struct More {
    findings: usize,
    windows: usize,
    target: (Text, usize),
}

/// The table; the first row below it.
pub(super) fn table(edition: &Edition<'_>, sheet: &mut Sheet<'_>, row: u32) -> u32 {
    let l = edition.language;
    sheet.put((row, 0), Cell::text(words::TODAY.of(l)).styled(Style::Section));
    let (lines, more) = lines(edition);
    let mut at = row + 1;
    if lines.is_empty() {
        let r = edition.reconciliation;
        let held = edition.held.len();
        let text = if verdict(l, r, held) == verdict_clear(l) {
            words::NOTHING_TO_DO.of(l).to_owned()
        } else if r.findings.is_empty() && r.cancellation.is_empty() {
            nothing_found_yet(l, r, held)
        } else {
            words::NOTHING_LEFT.of(l).to_owned()
        };
        sheet.put((at, 0), Cell::text(text));
        return at + 1;
    }
    let headings = [
        words::CATEGORY,
        words::SEVERITY,
        words::KEY_OF_ITEM,
        words::AMOUNT,
        words::SAFE_DAY,
        words::DAYS_LEFT,
        words::NEXT_STEP,
    ];
    put(sheet, at, headings.map(|heading| Cell::text(heading.of(l)).styled(Style::Heading)));
    for Line { cells, target: (name, position) } in lines {
        at += 1;
        put(sheet, at, cells);
        sheet.link((at, 0), name.of(l), body_row(Some(position)));
    }
    if let Some(More { findings, windows, target: (name, position) }) = more {
        at += 1;
        sheet.put((at, 0), Cell::text(words::more_to_do(l, findings, windows)).styled(Style::Small));
        sheet.link((at, 0), name.of(l), body_row(Some(position)));
    }
    at + 1
}

/// Cells in the columns of the table.
fn put(sheet: &mut Sheet<'_>, row: u32, cells: [Cell; 7]) {
    for (column, cell) in COLUMNS.into_iter().zip(cells) {
        sheet.put((row, column), cell);
    }
    sheet.merge((row, KEY), KEY + 1);
    sheet.merge((row, RIGHT), LAST);
}

/// Findings nobody has marked as done, worst first; then windows that close without a finding.
fn lines(edition: &Edition<'_>) -> (Vec<Line>, Option<More>) {
    let r = edition.reconciliation;
    let findings = r.findings.iter().enumerate().filter(|(_, finding)| finding.note.state != words::DONE);
    let findings: Vec<(usize, &Finding)> = findings.collect();
    let payments = r.findings.iter().flat_map(|finding| &finding.group.payments);
    let found: HashSet<&OrderId> = payments.map(|payment| &payment.order_id).collect();
    let known = |line: &Expiring| found.contains(&line.payment.order_id);
    let windows = r.cancellation.iter().enumerate();
    let windows = windows.filter(|(_, line)| line.risk != Risk::Travelled && !known(line));
    let windows: Vec<(usize, &Expiring)> = windows.collect();
    let of_findings = findings.len().min(MOST);
    let of_windows = windows.len().min(MOST - of_findings);
    let next = match (findings.get(of_findings), windows.get(of_windows)) {
        (Some((at, _)), _) => Some((words::EXCEPTIONS, *at)),
        (None, Some((at, _))) => Some((words::CANCELLATION, *at)),
        (None, None) => None,
    };
    let more =
        next.map(|target| More { findings: findings.len() - of_findings, windows: windows.len() - of_windows, target });
    let of_finding = |(at, finding): &(usize, &Finding)| of_finding(edition, *at, finding);
    let of_window = |(at, line): &(usize, &Expiring)| of_window(edition, *at, line);
    let lines = findings.iter().take(MOST).map(of_finding).chain(windows.iter().take(of_windows).map(of_window));
    (lines.collect(), more)
}

fn of_finding(edition: &Edition<'_>, at: usize, finding: &Finding) -> Line {
    let l = edition.language;
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
            Cell::text(findings::next_step(l, finding)).styled(Style::Wrap),
        ],
        target: (words::EXCEPTIONS, at),
    }
}

fn of_window(edition: &Edition<'_>, at: usize, line: &Expiring) -> Line {
    let l = edition.language;
    let key = line.booking.as_ref().map_or(line.payment.order_id.as_str(), |booking| booking.cart.as_str());
    Line {
        cells: [
            Cell::text(findings::risk_name(l, line.risk)),
            Cell::text(words::CLOSING.of(l)).styled(risk_style(line.risk)),
            optional(Some(key)).styled(Style::Wrap),
            Cell::yen(line.payment.held),
            Cell::day(line.window.last_safe_day),
            Cell::count(line.window.days_left),
            Cell::text(findings::before_the_window_closes(l, &line.window)).styled(Style::Wrap),
        ],
        target: (words::CANCELLATION, at),
    }
}
