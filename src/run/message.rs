//! What a report's mail says, out of the reconciliation: formatted values for the templates.

use crate::domain::money::Yen;
use crate::domain::reconciliation::{Expiring, Finding, HeldSummary, Reconciliation};
use crate::locale::Language;
use crate::locale::findings::{code_name, next_step, reason, risk_name, severity_name};
use crate::locale::problems::beside_name;
use crate::locale::sheets::{DONE, number, work_state, yen};
use crate::locale::verdict::verdict;
use crate::mail::{FindingText, HeldText, MailContext, SalesText, UnknownText, WindowText};
use crate::store::UnknownMail;

/// So many findings and windows stand in the mail, worst first; mail programs cut long messages, and the workbook has
/// them all.
const MOST: usize = 20;

/// What the mail is about.
pub(super) struct Facts<'a> {
    pub(super) language: Language,
    pub(super) result: &'a Reconciliation,
    pub(super) held: &'a [HeldSummary],
    pub(super) revision: u32,
    /// Entries of 変更点.
    pub(super) corrections: usize,
    /// The planned time, where the run for it is late; said in the mail alone, as the workbook holds only facts.
    pub(super) late: Option<String>,
    /// Earlier reports of the shop with an unknown outcome.
    pub(super) unknown: &'a [UnknownMail],
}

/// The values the templates may use.
pub(super) fn context(facts: &Facts<'_>, full_workbook_at: Option<String>) -> MailContext {
    let (language, result) = (facts.language, facts.result);
    let sales = &result.sales.total;
    // As in 今日やること: what somebody has dealt with asks nobody to do it again.
    let (done, open): (Vec<_>, Vec<_>) = result.findings.iter().partition(|finding| is_done(finding));
    let findings = open.iter().chain(&done).take(MOST);
    MailContext {
        shop_name: result.shop_name.clone(),
        period_from: result.period.from().to_string(),
        period_to: result.period.to().to_string(),
        revision: facts.revision,
        verdict: verdict(language, result, facts.held.len()),
        as_of: result.as_of.to_string(),
        sales: SalesText {
            count: number(usize::try_from(sales.count).unwrap_or(usize::MAX)),
            gross: yen(sales.gross),
            refunds: yen(sales.refunds),
            net: yen(sales.net()),
        },
        findings: findings.map(|finding| finding_text(language, finding)).collect(),
        finding_count: result.findings.len(),
        done_count: done.len(),
        cancellation: result.cancellation.iter().take(MOST).map(|line| window_text(language, line)).collect(),
        cancellation_count: result.cancellation.len(),
        payments_until: result.freshness.payments.map(|moment| moment.to_string()),
        bookings_until: result.freshness.bookings.map(|moment| moment.to_string()),
        held: facts
            .held
            .iter()
            .map(|h| HeldText { name: h.name.clone(), reason: beside_name(&h.name, &h.reason) })
            .collect(),
        full_workbook_at,
        corrections: facts.corrections,
        has_empty_payments: result.freshness.has_empty_payments,
        has_empty_bookings: result.freshness.has_empty_bookings,
        is_behind: result.are_payments_behind(),
        are_bookings_behind: result.are_bookings_behind(),
        late: facts.late.clone(),
        unknown: facts.unknown.iter().map(unknown_text).collect(),
    }
}

fn unknown_text(mail: &UnknownMail) -> UnknownText {
    UnknownText {
        period_from: mail.report.period.0.to_string(),
        period_to: mail.report.period.1.to_string(),
        revision: mail.report.revision,
        recipient: mail.recipient.clone(),
    }
}

fn window_text(language: Language, line: &Expiring) -> WindowText {
    WindowText {
        risk: risk_name(language, line.risk).to_owned(),
        order_id: line.payment.order_id.to_string(),
        booking: line.booking.as_ref().map(|booking| booking.cart.to_string()).unwrap_or_default(),
        last_safe_day: line.window.last_safe_day.to_string(),
        last_possible_day: line.window.last_possible_day.to_string(),
        days_left: line.window.days_left.to_string(),
        yen: yen(line.payment.held),
    }
}

fn is_done(finding: &Finding) -> bool {
    finding.note.state == DONE
}

fn finding_text(language: Language, finding: &Finding) -> FindingText {
    let orders: Vec<String> = finding.group.payments.iter().map(|payment| payment.order_id.to_string()).collect();
    let booking = finding.group.booking.as_ref();
    // A foreign price is not compared with yen, so neither it nor a difference is shown (SPEC §5.4); of money without a
    // booking all is the difference, as in the workbook.
    let expected = booking.filter(|booking| booking.foreign.is_none()).map(|booking| booking.expected);
    let compared = if booking.is_none() { Some(Yen::ZERO) } else { expected };
    FindingText {
        id: finding.id.to_string(),
        kind: code_name(language, finding.code).to_owned(),
        severity: severity_name(language, finding.severity).to_owned(),
        done: if is_done(finding) { work_state(language, DONE).to_owned() } else { String::new() },
        assignee: finding.note.assignee.clone(),
        booking: booking.map(|booking| booking.cart.to_string()).unwrap_or_default(),
        order_ids: orders.join(", "),
        gmo: yen(finding.group.actual),
        booking_yen: expected.map(yen).unwrap_or_default(),
        difference: compared.map(|expected| yen(finding.group.actual - expected)).unwrap_or_default(),
        reason: reason(language, finding),
        next: if is_done(finding) { String::new() } else { next_step(language, finding) },
    }
}
