//! Findings in words: category, severity, reason and next step (SPEC §5.4, §7).

mod refund;
mod seen;
mod steps;

use super::{Language, Text, sheets};
use crate::domain::dates::Day;
use crate::domain::finding::{Code, NoBooking, Severity};
use crate::domain::money::Yen;
use crate::domain::reconciliation::{Finding, Operation, Reason, Risk, Suggestion, Window};

/// 区分.
pub const fn code_name(language: Language, code: Code) -> &'static str {
    match language {
        Language::Ja => code.ja(),
        Language::En => match code {
            Code::UnknownStatus => "Unknown status",
            Code::ObservationConflict => "Contradicting exports",
            Code::KeyConflict => "Match keys disagree",
            Code::AmbiguousBooking => "Ambiguous booking",
            Code::PaymentWithoutBooking => "Payment without booking",
            Code::CurrencyMismatch => "Currency mismatch",
            Code::PaidButDead => "Paid, booking failed",
            Code::CancelledNotRefunded => "Cancelled, not refunded",
            Code::RefundMismatch => "Refund amount differs",
            Code::DuplicatePayment => "Duplicate payment",
            Code::NotificationMissing => "Result notification missing",
            Code::RefundedNotCancelled => "Cancelled at GMO only",
            Code::NotCaptured => "Authorised, not captured",
            Code::BookingWithoutPayment => "Booking without payment",
            Code::AmountMismatch => "Amount mismatch",
            Code::StatusReverted => "Status reverted",
        },
    }
}

/// 重要度.
pub const fn severity_name(language: Language, severity: Severity) -> &'static str {
    let text = match severity {
        Severity::Critical => Text { ja: "緊急", en: "Critical" },
        Severity::High => Text { ja: "高", en: "High" },
        Severity::Normal => Text { ja: "中", en: "Normal" },
    };
    text.of(language)
}

/// リスク.
pub const fn risk_name(language: Language, risk: Risk) -> &'static str {
    let text = match risk {
        Risk::RefundDue => Text { ja: "返金未了", en: "Refund due" },
        Risk::TravelsLater => Text { ja: "出発が期限後", en: "Departs after deadline" },
        Risk::NotTravelled => Text { ja: "出発前", en: "Not yet travelled" },
        Risk::NoBooking => Text { ja: "予約不明", en: "No booking" },
        Risk::Travelled => Text { ja: "催行済", en: "Travelled" },
    };
    text.of(language)
}

/// What the finding's sentences are made of.
struct Facts {
    gmo: Yen,
    booking: Yen,
    gap: Yen,
    payments: usize,
    statuses: String,
    booking_status: String,
}

impl Facts {
    fn of(finding: &Finding) -> Self {
        let gmo = finding.group.actual;
        let booking = finding.group.booking.as_ref().map_or(Yen::ZERO, |b| b.expected);
        let gap = gmo - booking;
        let mut statuses: Vec<&str> = Vec::new();
        for payment in &finding.group.payments {
            if !statuses.contains(&&*payment.status) {
                statuses.push(&payment.status);
            }
        }
        Self {
            gmo,
            booking,
            gap: if gap < Yen::ZERO { -gap } else { gap },
            payments: finding.group.payments.iter().filter(|p| p.held.is_positive()).count(),
            statuses: statuses.join("、"),
            booking_status: finding.group.booking.as_ref().map(|b| b.status.to_string()).unwrap_or_default(),
        }
    }
}

/// 理由: why it is a finding, in whole sentences.
pub fn reason(language: Language, finding: &Finding) -> String {
    let mut text = match language {
        Language::Ja => reason_ja(finding),
        Language::En => reason_en(finding),
    };
    if let Some(suggestion) = &finding.suggestion {
        text.push_str(&candidate(language, suggestion));
    }
    text
}

/// A near miss, marked as a candidate: nothing was matched by it (SPEC §5.3).
fn candidate(language: Language, near: &Suggestion) -> String {
    let Suggestion { other, amount, day, state } = near;
    let state = state.map(|state| sheets::state(language, state));
    match (language, state) {
        (Language::Ja, Some(state)) => {
            format!("【候補】同じ金額・同じ日の予約 {other}（{amount}円、{day}）は{state}です。突合はしていません。")
        }
        (Language::Ja, None) => {
            format!("【候補】同じ金額・同じ日の取引 {other}（{amount}円、{day}）があります。突合はしていません。")
        }
        (Language::En, Some(state)) => {
            format!(
                " [Candidate] Booking {other} of the same amount and day (¥{amount}, {day}) is {state}; nothing was matched."
            )
        }
        (Language::En, None) => {
            format!(
                " [Candidate] There is a payment {other} of the same amount and day (¥{amount}, {day}); nothing was matched."
            )
        }
    }
}

fn reason_ja(finding: &Finding) -> String {
    let Facts { gmo, booking, gap, payments, statuses, booking_status } = Facts::of(finding);
    match finding.code {
        Code::UnknownStatus => seen::unknown_ja(finding),
        Code::ObservationConflict => seen::conflict_ja(finding),
        Code::KeyConflict => {
            if let Reason::Keys { by_transaction, by_digits } = &finding.reason {
                format!(
                    "オーダーIDは予約 {by_transaction} を、加盟店自由項目1は予約 {by_digits} を指しており、一致しません。"
                )
            } else {
                "照合キーが別々の予約を指しており、一致しません。".to_owned()
            }
        }
        Code::AmbiguousBooking => {
            if let Reason::Candidates(carts) = &finding.reason {
                let carts: Vec<&str> = carts.iter().map(|cart| cart.as_str()).collect();
                format!("加盟店自由項目1の番号に当たる予約が{}件あります（{}）。", carts.len(), carts.join("、"))
            } else {
                "加盟店自由項目1の番号に当たる予約が複数あります。".to_owned()
            }
        }
        Code::PaymentWithoutBooking => {
            let why = match no_booking(finding) {
                NoBooking::Blank => "加盟店自由項目1が空欄です。",
                NoBooking::NotANumber => "加盟店自由項目1が番号ではありません。",
                NoBooking::NotAmongBookings => "加盟店自由項目1の番号の予約が、取り込んだ予約データにありません。",
            };
            format!("{gmo}円の入金に対応する予約がありません。{why}")
        }
        Code::CurrencyMismatch => {
            let currency = currency(finding);
            format!("予約の通貨が{currency}のため、入金{gmo}円と金額を比較していません。")
        }
        Code::PaidButDead => {
            format!("予約は成立していませんが（{booking_status}）、{gmo}円が入金されたままです。")
        }
        Code::CancelledNotRefunded => {
            let lowered = refund::lowered_ja(finding);
            format!("予約は取消済ですが、{gmo}円が残っています（残るべき金額は{booking}円、未返金{gap}円）。{lowered}")
        }
        Code::RefundMismatch if finding.reason == Reason::NeverPaid => {
            format!("予約は取消済ですが、GMOに入金の記録がありません（残るべき金額 {booking}円）。")
        }
        Code::RefundMismatch => {
            format!("取消済の予約に残るべき金額は{booking}円ですが、GMOの残高は{gmo}円です（{gap}円の返しすぎ）。")
        }
        Code::DuplicatePayment => {
            format!(
                "1つの予約に{payments}件の取引があり、{gmo}円が入金されています（予約金額{booking}円、超過{gap}円）。"
            )
        }
        Code::NotificationMissing => {
            format!(
                "Bókunでは未払いですが、GMOには{gmo}円が入金されています。決済結果の通知が届いていない疑いがあります。"
            )
        }
        Code::RefundedNotCancelled => {
            format!("GMO側で取消・返品され（{statuses}）残高は0円ですが、Bókunの予約は有効なままです（{booking}円）。")
        }
        Code::NotCaptured => {
            let reserved: Yen = finding.group.payments.iter().filter(|p| p.held.is_zero()).map(|p| p.observed).sum();
            format!("仮売上のまま（{statuses}、{reserved}円）で、売上が確定していません。")
        }
        Code::BookingWithoutPayment => {
            if let Reason::NoPaymentData(created) = finding.reason {
                return format!(
                    "Bókunではカード払い済（{booking}円）ですが、予約の日付（{created}）を含む取引集計が取り込まれていません。"
                );
            }
            format!("Bókunではカード払い済（{booking}円）ですが、GMOに入金の記録がありません。")
        }
        Code::AmountMismatch => {
            format!("GMOの入金は{gmo}円、予約金額は{booking}円で、{gap}円の差があります。")
        }
        Code::StatusReverted => "取消・返品のあとに、再び売上の状態になっています。".to_owned(),
    }
}

fn reason_en(finding: &Finding) -> String {
    let Facts { gmo, booking, gap, payments, statuses, booking_status } = Facts::of(finding);
    match finding.code {
        Code::UnknownStatus => seen::unknown_en(finding),
        Code::ObservationConflict => seen::conflict_en(finding),
        Code::KeyConflict => {
            if let Reason::Keys { by_transaction, by_digits } = &finding.reason {
                format!("The Order ID leads to booking {by_transaction}, merchant free field 1 to {by_digits}.")
            } else {
                "The match keys lead to different bookings.".to_owned()
            }
        }
        Code::AmbiguousBooking => {
            if let Reason::Candidates(carts) = &finding.reason {
                let carts: Vec<&str> = carts.iter().map(|cart| cart.as_str()).collect();
                format!("The number in merchant free field 1 fits {} bookings ({}).", carts.len(), carts.join(", "))
            } else {
                "The number in merchant free field 1 fits several bookings.".to_owned()
            }
        }
        Code::PaymentWithoutBooking => {
            let why = match no_booking(finding) {
                NoBooking::Blank => "merchant free field 1 is blank",
                NoBooking::NotANumber => "merchant free field 1 is not a number",
                NoBooking::NotAmongBookings => "its number is not among the bookings",
            };
            format!("¥{gmo} was paid without a booking: {why}.")
        }
        Code::CurrencyMismatch => {
            format!("The booking is in {}, so it was not compared with the ¥{gmo} held.", currency(finding))
        }
        Code::PaidButDead => format!("The booking did not go through ({booking_status}), but ¥{gmo} is held."),
        Code::CancelledNotRefunded => {
            let lowered = refund::lowered_en(finding);
            format!(
                "The booking is cancelled, but ¥{gmo} is held (¥{booking} should remain, ¥{gap} not refunded).{lowered}"
            )
        }
        Code::RefundMismatch if finding.reason == Reason::NeverPaid => {
            format!("The booking is cancelled, and GMO has no payment of it (¥{booking} should remain).")
        }
        Code::RefundMismatch => {
            format!(
                "¥{booking} should remain of the cancelled booking, but ¥{gmo} is held (¥{gap} too much was refunded)."
            )
        }
        Code::DuplicatePayment => {
            format!("{payments} payments hold ¥{gmo} for one booking of ¥{booking} (¥{gap} too much).")
        }
        Code::NotificationMissing => {
            format!("Bókun says unpaid, but GMO holds ¥{gmo}: the payment result was probably never notified.")
        }
        Code::RefundedNotCancelled => {
            format!("Cancelled at GMO ({statuses}), nothing is held, but the booking of ¥{booking} is still live.")
        }
        Code::NotCaptured => {
            let reserved: Yen = finding.group.payments.iter().filter(|p| p.held.is_zero()).map(|p| p.observed).sum();
            format!("¥{reserved} is only reserved on the card ({statuses}) and was never captured.")
        }
        Code::BookingWithoutPayment => {
            if let Reason::NoPaymentData(created) = finding.reason {
                return format!(
                    "Bókun says ¥{booking} was paid by card, but no payment data covers the day of the booking ({created})."
                );
            }
            format!("Bókun says ¥{booking} was paid by card, but GMO has no payment.")
        }
        Code::AmountMismatch => format!("GMO holds ¥{gmo}, the booking says ¥{booking}: ¥{gap} apart."),
        Code::StatusReverted => "The payment was taken again after a reversal.".to_owned(),
    }
}

fn no_booking(finding: &Finding) -> NoBooking {
    if let Reason::NoBooking(why) = finding.reason { why } else { NoBooking::NotAmongBookings }
}

/// The currency of the booking, empty where nobody states it.
fn currency(finding: &Finding) -> &str {
    let of_booking = finding.group.booking.as_ref().and_then(|booking| booking.foreign.as_deref());
    if let Reason::Currency(currency) = &finding.reason { currency } else { of_booking.unwrap_or_default() }
}

/// The window of the money held, from whichever place states it: safe day, days left, operation.
pub fn window(finding: &Finding) -> Option<(Day, i32, Operation)> {
    match (&finding.window, &finding.reason) {
        (Some(Window { last_safe_day, days_left, operation, .. }), _)
        | (None, Reason::Window { last_safe_day, days_left, operation, .. }) => {
            Some((*last_safe_day, *days_left, *operation))
        }
        _ => None,
    }
}

/// The days left as people say them.
pub fn days_left_words(language: Language, days: i32) -> String {
    match (language, days) {
        (Language::Ja, 0) => "本日まで".to_owned(),
        (Language::Ja, _) => format!("残{days}日"),
        (Language::En, 0) => "today is the last day".to_owned(),
        (Language::En, 1) => "1 day left".to_owned(),
        (Language::En, _) => format!("{days} days left"),
    }
}

/// 次の対応: what to do, with the menu path and the deadline where there is one.
pub fn next_step(language: Language, finding: &Finding) -> String {
    match language {
        Language::Ja => steps::ja(finding),
        Language::En => steps::en(finding),
    }
}

/// What to do about a window that closes without anything being wrong yet. Past its safe day it is open today alone.
pub fn before_the_window_closes(language: Language, window: &Window) -> String {
    let (operation, safe_day) = (sheets::operation(language, window.operation), window.last_safe_day);
    match (language, window.days_left) {
        (Language::Ja, 0..) => {
            format!("取り消す見込みがあれば、期限までにGMO管理画面で処理してください（現在可能な操作: {operation}）。")
        }
        (Language::Ja, _) => format!(
            "取り消す見込みがあれば、本日中にGMO管理画面で処理してください（安全期限 {safe_day} を過ぎ、最終期限は本日です）。"
        ),
        (Language::En, 0..) => {
            format!("If it may still be cancelled, do it in the GMO console by that day (available now: {operation}).")
        }
        (Language::En, _) => format!(
            "If it may still be cancelled, do it in the GMO console today: the safe day {safe_day} has passed, and today \
             is the last possible day."
        ),
    }
}
