//! A whole report in one line: what stands at the top of the workbook and in the subject of its mail (SPEC §7).

use super::sheets::number;
use super::{Language, Text};
use crate::domain::dates::Moment;
use crate::domain::reconciliation::Reconciliation;

const PAYMENTS: Text = Text { ja: "取引データ", en: "payments" };
const BOOKINGS: Text = Text { ja: "予約データ", en: "bookings" };

/// The report in one line; `held` counts held files of the shop.
///
/// `差異なし` is said only when both sources have arrived, up to the as-of date and to the newest item of the other side,
/// and nothing whatever is open (FAULTS A20, R13).
pub fn verdict(language: Language, r: &Reconciliation, held: usize) -> String {
    let mut parts = Vec::new();
    let (findings, expiring) = (r.findings.len(), r.cancellation.len());
    match language {
        Language::Ja => {
            if !r.balanced() {
                parts.push("検算不一致".to_owned());
            }
            parts.extend(missing(language, r));
            if held > 0 {
                parts.push(format!("保留ファイル{}件", number(held)));
            }
            if findings > 0 {
                parts.push(format!("要確認{}件", number(findings)));
            }
            if expiring > 0 {
                parts.push(format!("期限間近{}件", number(expiring)));
            }
            if parts.is_empty() { verdict_clear(language).to_owned() } else { parts.join("・") }
        }
        Language::En => {
            if !r.balanced() {
                parts.push("proof does not balance".to_owned());
            }
            parts.extend(missing(language, r));
            if held > 0 {
                parts.push(format!("{} held file{}", number(held), plural(held)));
            }
            if findings > 0 {
                parts.push(format!("{} exception{}", number(findings), plural(findings)));
            }
            if expiring > 0 {
                parts.push(format!("{} window{} closing", number(expiring), plural(expiring)));
            }
            let mut line = if parts.is_empty() { verdict_clear(language).to_owned() } else { parts.join(", ") };
            line.get_mut(..1).map(str::make_ascii_uppercase);
            line
        }
    }
}

/// That nothing was found in a report that is not clear, and why that is not the last word.
pub fn nothing_found_yet(language: Language, r: &Reconciliation, held: usize) -> String {
    let fresh = &r.freshness;
    let is_missing = (fresh.payments.is_none() && !fresh.has_empty_payments)
        || (fresh.bookings.is_none() && !fresh.has_empty_bookings)
        || r.are_payments_behind()
        || r.are_bookings_behind();
    let is_empty = (fresh.payments.is_none() && fresh.has_empty_payments)
        || (fresh.bookings.is_none() && fresh.has_empty_bookings);
    let reasons = [
        (is_missing, Text { ja: "「未着」", en: "what has not arrived" }),
        (is_empty, Text { ja: "「0件（ファイルあり）」", en: "the data without rows" }),
        (held > 0, Text { ja: "「保留中のファイル」", en: "the held files" }),
        (!r.balanced(), Text { ja: "「検算」", en: "the proof" }),
    ];
    let reasons = reasons.into_iter().filter(|(applies, _)| *applies).map(|(_, text)| text.of(language));
    let reasons: Vec<&str> = reasons.collect();
    match language {
        Language::Ja => {
            format!("所見はありませんが、結果は確定していません。上の{}をご確認ください。", reasons.join("と"))
        }
        Language::En => {
            format!("Nothing was found, but the result is not final: see {} above.", reasons.join(" and "))
        }
    }
}

/// What has not arrived of either source.
fn missing(language: Language, r: &Reconciliation) -> impl Iterator<Item = String> {
    let fresh = &r.freshness;
    let sides = [
        (PAYMENTS, fresh.payments, fresh.has_empty_payments, r.are_payments_behind()),
        (BOOKINGS, fresh.bookings, fresh.has_empty_bookings, r.are_bookings_behind()),
    ];
    let say = move |(side, newest, is_empty, is_behind): (Text, Option<Moment>, bool, bool)| {
        let side = side.of(language);
        match (newest, language) {
            (None, Language::Ja) if is_empty => Some(format!("{side}0件（ファイルあり）")),
            (None, Language::En) if is_empty => Some(format!("no rows of {side} (file is in)")),
            (None, Language::Ja) => Some(format!("{side}未着")),
            (None, Language::En) => Some(format!("{side} not arrived")),
            (Some(until), Language::Ja) if is_behind => Some(format!("{side}未着（{}まで）", month_day(until))),
            (Some(until), Language::En) if is_behind => {
                Some(format!("{side} not arrived (data up to {})", month_day(until)))
            }
            (Some(_), _) => None,
        }
    };
    sides.into_iter().filter_map(say)
}

/// The verdict when nothing is open.
pub const fn verdict_clear(language: Language) -> &'static str {
    Text { ja: "差異なし", en: "No differences" }.of(language)
}

/// `11-20`; the year stands in the period beside it.
fn month_day(at: Moment) -> String {
    at.to_string().chars().skip(5).take(5).collect()
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
