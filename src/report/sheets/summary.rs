//! サマリー: the first screen: verdict, sources, sales, findings and windows by kind, proof (SPEC §6).

mod urgent;

use super::super::Edition;
use super::super::workbook::{At, Cell, Sheet, Style, Value, a1, column_range};
use super::exceptions::amounts;
use super::sales::{Places, chart};
use super::{beside, blanks, risk_style, severity_style};
use crate::domain::dates::Moment;
use crate::domain::finding::{Code, Severity};
use crate::domain::money::Yen;
use crate::domain::reconciliation::{Finding, Risk};
use crate::locale::problems::beside_name;
use crate::locale::verdict::{verdict, verdict_clear};
use crate::locale::{Text, findings, sheets as words};

/// Last column of the page, and first column of its right half.
const LAST: u16 = 9;
const RIGHT: u16 = 7;
/// The first row below the verdict, and the one that tells of held files.
const FACTS: u32 = 2;
const HELD: u32 = 8;

pub(in crate::report) fn sheet<'a>(edition: &'a Edition<'a>, places: &Places, names: &[String]) -> Sheet<'a> {
    let (r, l) = (edition.reconciliation, edition.language);
    let mut sheet = Sheet::new(words::SUMMARY.of(l));
    sheet.put((0, 0), Cell::text([words::TITLE.of(l), &r.shop_name].join(words::GAP.of(l))).styled(Style::Banner));
    sheet.merge((0, 0), LAST);
    let verdict = verdict(l, r, edition.held.len());
    let clear = verdict == verdict_clear(l);
    let style = if clear { Style::VerdictClear } else { Style::VerdictOpen };
    sheet.put((1, 0), Cell::text(verdict).styled(style));
    sheet.merge((1, 0), LAST);
    sheet.heights.extend([(0, 32), (1, 34)]);
    let row = facts(edition, &mut sheet);
    boxes(edition, &mut sheet);
    sheet.put((row, 0), Cell::text(words::IN_YEN.of(l)).styled(Style::Subtitle));
    let row = urgent::table(edition, &mut sheet, row + 2) + 1;
    sales(edition, &mut sheet, places, row);
    let left = kinds(edition, &mut sheet, row + 3);
    let right = risks(edition, &mut sheet, row);
    let right = links(edition, &mut sheet, right + 1, names);
    let mut below = left;
    if let Some(rows) = places.days {
        sheet.chart = Some(chart(edition, (right + 1, RIGHT), rows, (484, 230)));
        below = below.max(right + 13);
    }
    let whole = below;
    let below = held(edition, &mut sheet, below + 1);
    sheet.one_page = below < 60;
    sheet.whole = Some(whole);
    // Sums of any size are shown in full.
    let sums =
        [r.sales.total.gross, r.sales.total.refunds].map(|sum| u16::try_from(sum.to_string().len()).unwrap_or(0));
    let sum = 16.max(sums.into_iter().max().unwrap_or(0) + 5);
    let widths = [28, 11, sum, sum, sum, 15, 10, 30, 14, 20];
    sheet.widths.extend((0..).zip(widths));
    sheet.tab = Some(if clear { 0x0054_8235 } else { 0x00C0_0000 });
    sheet
}

/// Shop, period, as-of date, revision, freshness, held files, proof; the first row below.
fn facts(edition: &Edition<'_>, sheet: &mut Sheet<'_>) -> u32 {
    let (r, l) = (edition.reconciliation, edition.language);
    let fresh = |newest: Option<Moment>, is_behind: bool, is_empty: bool| match newest {
        Some(at) if is_behind => Cell::text(words::data_up_to(l, at)).styled(Style::Red),
        Some(at) => Cell { value: Value::Moment(at), style: Style::Value },
        None if is_empty => Cell::text(words::NO_ROWS.of(l)),
        None => Cell::text(words::NOT_ARRIVED.of(l)).styled(Style::Red),
    };
    let proof = if r.balanced() {
        Cell::text(words::PROOF_OK.of(l)).styled(Style::Green)
    } else {
        Cell::text(words::PROOF_BAD.of(l)).styled(Style::Red)
    };
    let held = match edition.held.len() {
        0 => Cell::text(words::NONE.of(l)),
        held => Cell::text(words::held_files(l, held)).styled(Style::Red),
    };
    let rows = [
        (words::SHOP, Cell::text(format!("{} ({})", r.shop_name, r.shop)).styled(Style::Wrap)),
        (words::PERIOD, Cell::text(words::period(l, r.period))),
        (words::AS_OF, Cell::day(r.as_of).styled(Style::Value)),
        (words::REVISION, Cell::text(format!("r{}", edition.revision))),
        (words::PAYMENT_DATA, fresh(r.freshness.payments, r.are_payments_behind(), r.freshness.has_empty_payments)),
        (words::BOOKING_DATA, fresh(r.freshness.bookings, r.are_bookings_behind(), r.freshness.has_empty_bookings)),
        (words::HELD_FILES, held),
        (words::PROOF, proof),
    ];
    let mut row = FACTS;
    for (label, value) in rows {
        sheet.put((row, 0), Cell::text(label.of(l)).styled(Style::Label));
        sheet.put((row, 1), value);
        if [words::PROOF, words::PAYMENT_DATA, words::BOOKING_DATA].contains(&label) {
            sheet.link((row, 0), words::PROOF.of(l), (0, 0));
        }
        sheet.merge((row, 1), 4);
        row += 1;
    }
    row
}

/// 作成 / 確認 / 承認.
fn boxes(edition: &Edition<'_>, sheet: &mut Sheet<'_>) {
    let l = edition.language;
    for (column, name) in (RIGHT..).zip([words::PREPARED, words::REVIEWED, words::APPROVED]) {
        sheet.put((3, column), Cell::text(name.of(l)).styled(Style::Heading));
        for row in 4..=6 {
            sheet.put((row, column), Cell::empty().styled(Style::Box));
        }
    }
}

fn section(sheet: &mut Sheet<'_>, at: (u32, u16), title: &'static str, headings: &[&'static str]) {
    sheet.put(at, Cell::text(title).styled(Style::Section));
    sheet.put_headings(beside(at, 1, 0), headings);
}

fn sales(edition: &Edition<'_>, sheet: &mut Sheet<'_>, places: &Places, row: u32) {
    let (total, l) = (edition.reconciliation.sales.total, edition.language);
    let headings = [words::SALES, words::COUNT, words::GROSS, words::REFUNDS, words::NET].map(|text| text.of(l));
    sheet.put_headings((row, 0), &headings);
    sheet.put((row + 1, 0), Cell::text(words::TOTAL.of(l)).styled(Style::Total));
    let count = i64::try_from(total.count).unwrap_or(i64::MAX);
    for (column, value) in (1_u16..).zip([count, total.gross.get(), total.refunds.get(), total.net().get()]) {
        let formula = format!("='{}'!{}", words::SALES.of(l), a1((places.total_row, column)));
        sheet.put((row + 1, column), Cell::sum(formula, value));
        sheet.link((row + 1, column), words::SALES.of(l), (places.total_row, column));
    }
}

/// One kind of finding: its worst severity, count, yen, oldest age.
fn kind(findings: &[Finding], code: Code) -> Option<(Severity, i64, Yen, u32)> {
    let of_kind = || findings.iter().filter(move |finding| finding.code == code);
    let severity = of_kind().map(|finding| finding.severity).min()?;
    let apart = |finding: &Finding| Yen::new(amounts(finding)[2].get().abs());
    let oldest = of_kind().map(|finding| finding.age_business_days).max().unwrap_or(0);
    Some((severity, i64::try_from(of_kind().count()).unwrap_or(i64::MAX), of_kind().map(apart).sum(), oldest))
}

fn kinds(edition: &Edition<'_>, sheet: &mut Sheet<'_>, row: u32) -> u32 {
    let (r, l) = (edition.reconciliation, edition.language);
    let headings =
        [words::CATEGORY, words::SEVERITY, words::COUNT, words::ABSOLUTE_DIFFERENCE, words::OLDEST, words::TREND]
            .map(|text| text.of(l));
    // The first report has nothing to show a trend of.
    let has_trend = r.trend.days.len() > 1;
    let width = if has_trend { 6 } else { 5 };
    section(sheet, (row, 0), words::FINDINGS_BY_KIND.of(l), headings.get(..width).unwrap_or(&headings));
    let first = row + 2;
    let mut at = first;
    let (mut count, mut yen, mut oldest) = (0, Yen::ZERO, 0);
    let mut kinds: Vec<_> = Code::ALL.iter().filter_map(|code| Some((code, kind(&r.findings, *code)?))).collect();
    kinds.sort_by_key(|(_, (severity, ..))| *severity);
    for (code, (severity, of_kind, apart, age)) in kinds {
        sheet.put_row(
            (at, 0),
            [
                Cell::text(findings::code_name(l, *code)),
                Cell::text(findings::severity_name(l, severity)).styled(severity_style(severity)),
                Cell::count(of_kind),
                Cell::yen(apart),
                Cell::count(age),
                trend(r.trend.open.get(code).filter(|_| has_trend)),
            ],
        );
        let position = r.findings.iter().position(|finding| finding.code == *code);
        for column in [0, 2, 3, 4] {
            sheet.link((at, column), words::EXCEPTIONS.of(l), body_row(position));
        }
        count += of_kind;
        yen += apart;
        oldest = oldest.max(age);
        at += 1;
    }
    if at == first {
        sheet.put_row(
            (at, 0),
            std::iter::once(Cell::text(words::NONE.of(l)).styled(Style::Grey)).chain(blanks(5, Style::Plain)),
        );
        at += 1;
    } else {
        sheet.put((at, 0), Cell::text(words::TOTAL.of(l)).styled(Style::Total));
        sheet.put((at, 1), Cell::empty().styled(Style::Total));
        sheet.link((at, 2), words::EXCEPTIONS.of(l), body_row(Some(0)));
        let range = |column| column_range(column, first, at - 1);
        sheet.put((at, 2), Cell::sum(format!("=SUM({})", range(2)), count));
        sheet.put((at, 3), Cell::sum(format!("=SUM({})", range(3)), yen.get()));
        sheet.put((at, 4), Cell::sum(format!("=MAX({})", range(4)), i64::from(oldest)));
        let of_all = |day: usize| r.trend.open.values().filter_map(|counts| counts.get(day)).sum();
        let totals: Vec<u64> = (0..r.trend.days.len()).map(of_all).collect();
        sheet.put((at, 5), trend(Some(&totals).filter(|_| has_trend)));
        at += 1;
        let done = r.findings.iter().filter(|finding| finding.note.state == words::DONE).count();
        sheet.put((at, 0), Cell::text(words::MARKED_DONE.of(l)).styled(Style::Label));
        sheet.put((at, 2), Cell::count(done));
        at += 1;
    }
    sheet.put((at, 0), Cell::text(words::CLEARED.of(l)).styled(Style::Label));
    sheet.put((at, 2), Cell::count(r.cleared.len()));
    if has_trend {
        let days: Vec<String> = r.trend.days.iter().map(ToString::to_string).collect();
        let line = format!("{} {}", words::TREND_DAYS.of(l), days.join(" → "));
        sheet.put((at + 1, 0), Cell::text(line).styled(Style::Subtitle));
        at += 1;
    }
    at + 1
}

/// Open findings week by week, e.g. `3 → 2 → 2`.
fn trend(counts: Option<&Vec<u64>>) -> Cell {
    let counts: Vec<String> = counts.into_iter().flatten().map(ToString::to_string).collect();
    Cell::text(counts.join(" → ")).styled(Style::Small)
}

/// The first cell of a row of a listing.
fn body_row(position: Option<usize>) -> At {
    (position.and_then(|at| u32::try_from(at).ok()).map_or(0, |at| super::HEADING_ROW + 1 + at), 0)
}

fn risks(edition: &Edition<'_>, sheet: &mut Sheet<'_>, row: u32) -> u32 {
    let (r, l) = (edition.reconciliation, edition.language);
    let headings = [words::RISK, words::COUNT, words::BALANCE].map(|text: Text| text.of(l));
    section(sheet, (row, RIGHT), words::WINDOWS_BY_RISK.of(l), &headings);
    sheet
        .put((row, RIGHT + 1), Cell::text(words::within_days(l, edition.expiring_within_days)).styled(Style::Subtitle));
    let first = row + 2;
    let mut at = first;
    for risk in Risk::ALL {
        let of_risk = || r.cancellation.iter().filter(move |line| line.risk == *risk);
        let style = if of_risk().next().is_some() { risk_style(*risk) } else { Style::Plain };
        sheet.put_row(
            (at, RIGHT),
            [
                Cell::text(findings::risk_name(l, *risk)).styled(style),
                Cell::count(of_risk().count()),
                Cell::yen(of_risk().map(|line| line.payment.held).sum()),
            ],
        );
        let position = r.cancellation.iter().position(|line| line.risk == *risk);
        if position.is_some() {
            for column in [RIGHT + 1, RIGHT + 2] {
                sheet.link((at, column), words::CANCELLATION.of(l), body_row(position));
            }
        }
        at += 1;
    }
    sheet.put((at, RIGHT), Cell::text(words::TOTAL.of(l)).styled(Style::Total));
    let held: Yen = r.cancellation.iter().map(|line| line.payment.held).sum();
    let count = i64::try_from(r.cancellation.len()).unwrap_or(i64::MAX);
    for (column, value) in [(RIGHT + 1, count), (RIGHT + 2, held.get())] {
        sheet.put((at, column), Cell::sum(format!("=SUM({})", column_range(column, first, at - 1)), value));
    }
    at += 1;
    sheet.put((at, RIGHT), Cell::text(words::TRAVELS_AFTER.of(l)).styled(Style::Small));
    sheet.put((at, RIGHT + 1), Cell::count(r.travels_after_window));
    at + 1
}

fn links(edition: &Edition<'_>, sheet: &mut Sheet<'_>, row: u32, names: &[String]) -> u32 {
    sheet.put((row, RIGHT), Cell::text(words::SHEETS.of(edition.language)).styled(Style::Section));
    let mut at = row + 1;
    for some in names.chunks(3) {
        for (column, name) in (RIGHT..).zip(some) {
            sheet.put((at, column), Cell::text(name.as_str()));
            sheet.link((at, column), name, (0, 0));
        }
        at += 1;
    }
    at
}

/// Held files and what was left out; the first row below.
fn held(edition: &Edition<'_>, sheet: &mut Sheet<'_>, mut row: u32) -> u32 {
    let l = edition.language;
    if !edition.held.is_empty() {
        sheet.link((HELD, 0), words::SUMMARY.of(l), (row, 0));
        section(sheet, (row, 0), words::HELD_FILES.of(l), &[words::FILE.of(l), words::HELD_WHY.of(l)]);
        sheet.merge((row + 1, 1), LAST);
        row += 2;
        for file in edition.held {
            sheet.put((row, 0), Cell::text(file.name.as_str()).styled(Style::Wrap));
            sheet.put((row, 1), Cell::text(beside_name(&file.name, &file.reason)).styled(Style::Wrap));
            sheet.merge((row, 1), LAST);
            row += 1;
        }
        row += 1;
    }
    if !edition.with_matched {
        sheet.put((row, 0), Cell::text(words::MATCHED_LEFT_OUT.of(l)).styled(Style::Subtitle));
        row += 1;
    }
    row
}
