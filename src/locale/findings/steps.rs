//! 次の対応: what a person does about a finding (SPEC §5.4).

use super::refund::Refund;
use super::{Facts, days_left_words, no_booking};
use crate::domain::booking::State;
use crate::domain::finding::{Code, NoBooking};
use crate::domain::money::Yen;
use crate::domain::reconciliation::{Finding, Reason};
use crate::locale::Language;

/// Where one payment is looked up in the GMO console.
pub(super) const LOOK_UP_JA: &str = "GMO管理画面（その他 → リンクタイプPlus → 取引状態検索 → 虫眼鏡）";
pub(super) const LOOK_UP_EN: &str = "the GMO console (その他 → リンクタイプPlus → 取引状態検索 → magnifier)";

/// What settles the match for good: Order ID = Transaction ID is the first key (SPEC §5.3).
const RECORD_JA: &str = "オーダーIDをTransaction IDとして記録し、それが載った予約データかPayment listを取り込んでください（これで突合が成立します）";
const RECORD_EN: &str = "record the Order ID as its Transaction ID, then take in bookings or a Payment list that names it: \
                         that settles the match";

/// What is held of a cancelled booking stays where it is a fee, and is no finding once a file states it.
const FEE_JA: &str = "取消料として残す場合は返金せず、Payment listを取り込むか、メモに理由を記入して対応状況を「対応済」にしてください。";
const FEE_EN: &str = "If it is kept as a cancellation fee, do not refund it: take in a Payment list, or write the reason as \
                      the memo and set the work status to Done.";

pub(super) fn ja(finding: &Finding) -> String {
    match finding.code {
        Code::UnknownStatus => {
            format!("{LOOK_UP_JA}で取引の内容を確認し、状態名を運用担当に連絡してください。")
        }
        Code::ObservationConflict => {
            format!("{LOOK_UP_JA}で正しい状態と金額を確認し、取引集計（マルチ取引 → 取引集計）をもう一度出力して取り込んでください。")
        }
        Code::KeyConflict => format!("{LOOK_UP_JA}とBókunで、どちらの予約の支払いかを確認し、正しい予約にオーダーIDをTransaction IDとして記録してください。それでも残るときは、対応状況を「対応済」にしてください。"),
        Code::AmbiguousBooking => format!("候補の予約をBókunで確認し、該当する予約に{RECORD_JA}。"),
        Code::PaymentWithoutBooking => {
            let found = match no_booking(finding) {
                NoBooking::Blank | NoBooking::NotANumber => format!("予約がある場合は、その予約に{RECORD_JA}。"),
                NoBooking::NotAmongBookings => "予約データの取り込み漏れの場合は、出力し直して取り込んでください。".to_owned(),
            };
            let back = Refund::down_to(finding, Yen::ZERO).ja("予約がない場合は、");
            format!("Bókunで該当する予約を探してください。{found}{back}")
        }
        Code::CurrencyMismatch if state(finding) == Some(State::Cancelled) => {
            Refund::down_to(finding, Yen::ZERO).ja("予約は取消済のため、残す取消料がなければ、")
        }
        Code::CurrencyMismatch if state(finding) == Some(State::Dead) => {
            Refund::down_to(finding, Yen::ZERO).ja("予約は不成立のため、")
        }
        Code::CurrencyMismatch => "Bókunの予約の通貨を確認し、円での請求額と入金額を手作業で照合してください。金額が一致していれば、対応状況を「対応済」にしてください。".to_owned(),
        Code::PaidButDead => Refund::down_to(finding, Yen::ZERO).ja("お客様に確認し、予約を取り直すか、"),
        Code::CancelledNotRefunded => {
            let refund = Refund::down_to(finding, Facts::of(finding).booking);
            let fee = Fee::of(finding);
            let unless = if fee == Fee::Likely { "残さない場合は、" } else { "" };
            let back = match refund.single() {
                Some((safe, left)) => {
                    let (act, today) = (refund.act_ja(), refund.today_alone_ja());
                    let left = days_left_words(Language::Ja, left);
                    format!("{unless}GMO管理画面で{act}、Bókunの予約に記録してください（{today}期限 {safe}、{left}）。")
                }
                None => format!("{}返金後、Bókunの予約に記録してください。", refund.ja(unless)),
            };
            match fee {
                Fee::None => back,
                Fee::Possible => format!("{back}{FEE_JA}"),
                Fee::Likely => format!("{FEE_JA}{back}"),
            }
        }
        Code::RefundMismatch if finding.reason == Reason::NeverPaid => {
            "取引集計（マルチ取引 → 取引集計）の集計期間とショップを確認し、漏れがあれば出力し直して取り込んでください。漏れがなければ、Bókunの入金と返金の記録を確認してください。".to_owned()
        }
        Code::RefundMismatch => {
            "返金額とキャンセル規定を確認してください。返しすぎの場合はお客様に連絡し、正しい金額をBókunの予約に記録してください。".to_owned()
        }
        Code::DuplicatePayment => {
            let refund = Refund::down_to(finding, Facts::of(finding).booking);
            let which = "どの取引が重複かを確認し、";
            refund.ja(if refund.asks_which() { which } else { "二重決済であることを確認し、" })
        }
        Code::NotificationMissing => {
            "Bókunの予約に入金を記録し、GMO管理画面の通知設定（ショップ管理 → 通知設定 → 編集）を確認してください。".to_owned()
        }
        Code::RefundedNotCancelled => {
            "取消の経緯を確認し、Bókunの予約も取り消してください。予約を続ける場合は、改めて決済を依頼してください。".to_owned()
        }
        Code::NotCaptured => format!(
            "{}あわせて、処理区分が「即時売上（CAPTURE）」になっているかを設定画面（その他 → リンクタイプPlus → 設定）で確認してください。",
            capture_ja(finding)
        ),
        Code::BookingWithoutPayment => {
            if let Reason::NoPaymentData(created) = finding.reason {
                return format!(
                    "この予約の日付（{created}）を含む取引集計（マルチ取引 → 取引集計）を出力して取り込んでください。その前後に取引がないと分かっている場合は、Bókunの入金の記録を確認してください。"
                );
            }
            "取引集計（マルチ取引 → 取引集計）の集計期間とショップを確認してください。予約の取り直しの場合は元の予約の入金を確認し、入金がなければお客様に支払いを依頼してください。".to_owned()
        }
        Code::AmountMismatch => {
            let Facts { gmo, booking, gap, .. } = Facts::of(finding);
            let look = format!("{LOOK_UP_JA}とBókunで変更の履歴を確認し、");
            if gmo < booking {
                return format!("{look}差額{gap}円をお客様に請求するか、Bókunの金額を訂正してください。");
            }
            let back = Refund::down_to(finding, booking).ja(&format!("{look}予約金額が正しければ、"));
            format!("{back}予約金額が誤っている場合は、Bókunの金額を訂正してください。")
        }
        Code::StatusReverted => format!("{LOOK_UP_JA}で取引の経緯を確認してください。問題がなければ、対応状況を「対応済」にしてください。"),
    }
}

pub(super) fn en(finding: &Finding) -> String {
    match finding.code {
        Code::UnknownStatus => format!("Look the payment up in {LOOK_UP_EN} and tell the operator the status."),
        Code::ObservationConflict => format!(
            "Look the payment up in {LOOK_UP_EN}, then export マルチ取引 → 取引集計 again and drop the file in the inbox."
        ),
        Code::KeyConflict => format!(
            "Find out in {LOOK_UP_EN} and Bókun which booking was paid, and record the Order ID as the Transaction ID of \
             that booking. If this stays all the same, set the work status to Done."
        ),
        Code::AmbiguousBooking => format!("Look at the candidates in Bókun and on the right one {RECORD_EN}."),
        Code::PaymentWithoutBooking => {
            let found = match no_booking(finding) {
                NoBooking::Blank | NoBooking::NotANumber => format!("If there is one, {RECORD_EN}."),
                NoBooking::NotAmongBookings => "If the export left it out, export the bookings again.".to_owned(),
            };
            let back = Refund::down_to(finding, Yen::ZERO).en("If there is none, ");
            format!("Look for the booking in Bókun. {found} {back}")
        }
        Code::CurrencyMismatch if state(finding) == Some(State::Cancelled) => {
            Refund::down_to(finding, Yen::ZERO).en("The booking is cancelled: unless a fee is kept, ")
        }
        Code::CurrencyMismatch if state(finding) == Some(State::Dead) => {
            Refund::down_to(finding, Yen::ZERO).en("The booking failed: ")
        }
        Code::CurrencyMismatch => {
            "Check the currency in Bókun and compare the yen charged by hand. If the amounts agree, set the work status to Done.".to_owned()
        },
        Code::PaidButDead => Refund::down_to(finding, Yen::ZERO).en("Ask the guest and book again, or "),
        Code::CancelledNotRefunded => {
            let fee = Fee::of(finding);
            let unless = if fee == Fee::Likely { "If it is not kept, " } else { "" };
            let back = Refund::down_to(finding, Facts::of(finding).booking).en(unless);
            let back = format!("{back} Then record it on the booking in Bókun.");
            match fee {
                Fee::None => back,
                Fee::Possible => format!("{back} {FEE_EN}"),
                Fee::Likely => format!("{FEE_EN} {back}"),
            }
        }
        Code::RefundMismatch if finding.reason == Reason::NeverPaid => {
            "Check period and shop of the export (マルチ取引 → 取引集計) and export again what it left out; otherwise check the payments and refunds in Bókun.".to_owned()
        }
        Code::RefundMismatch => {
            "Check the refund against the cancellation terms, tell the guest if too much went back, and record it in Bókun.".to_owned()
        }
        Code::DuplicatePayment => {
            let refund = Refund::down_to(finding, Facts::of(finding).booking);
            let which = "Find out which payment is the duplicate and ";
            refund.en(if refund.asks_which() { which } else { "Make sure that it was paid twice, then " })
        }
        Code::NotificationMissing => {
            "Record the payment in Bókun and check the notification settings (ショップ管理 → 通知設定 → 編集).".to_owned()
        }
        Code::RefundedNotCancelled => {
            "Find out why it was cancelled at GMO and cancel the booking in Bókun too, or ask the guest to pay again.".to_owned()
        }
        Code::NotCaptured => format!(
            "{} Also check that 処理区分 is CAPTURE (その他 → リンクタイプPlus → 設定).",
            capture_en(finding)
        ),
        Code::BookingWithoutPayment => {
            if let Reason::NoPaymentData(created) = finding.reason {
                return format!(
                    "Export マルチ取引 → 取引集計 for a period that holds the day of this booking ({created}) and take it in. Where you know that there are no payments around it, check the payment in Bókun."
                );
            }
            "Check period and shop of the export (マルチ取引 → 取引集計). If the guest booked again, look for the payment of the first booking; if nothing was paid, ask the guest to pay.".to_owned()
        }
        Code::AmountMismatch => {
            let Facts { gmo, booking, gap, .. } = Facts::of(finding);
            let look = format!("Compare the changes in {LOOK_UP_EN} and Bókun.");
            if gmo < booking {
                return format!("{look} Charge the guest the missing ¥{gap}, or correct the amount in Bókun.");
            }
            let back = Refund::down_to(finding, booking).en("If the amount in Bókun is right, ");
            format!("{look} {back} If the amount in Bókun is wrong, correct it.")
        }
        Code::StatusReverted => format!("Look at the payment in {LOOK_UP_EN}; if all is well, set the work status to Done."),
    }
}

/// Whether money left of a cancelled booking may be a cancellation fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fee {
    /// A file states what was paid and refunded.
    None,
    /// No file does.
    Possible,
    /// No file does, and a part went back.
    Likely,
}

impl Fee {
    const fn of(finding: &Finding) -> Self {
        let Reason::Unstated(lowered) = &finding.reason else { return Self::None };
        if lowered.is_empty() { Self::Possible } else { Self::Likely }
    }
}

fn state(finding: &Finding) -> Option<State> {
    finding.group.booking.as_ref().map(|booking| booking.state)
}

/// What becomes of money that is only reserved: nobody may be charged for a booking that does not stand. A hold cannot be
/// captured for ever (60 to 90 days, DOMAIN §4), so a live one may have to be paid anew.
fn capture_ja(finding: &Finding) -> String {
    match state(finding) {
        Some(State::Live) => format!(
            "{LOOK_UP_JA}で取引を開いて内容を確認し、実売上に変更してください。期間の経過などで変更できない場合は、お客様に改めて決済を依頼してください。"
        ),
        Some(State::Waiting) => format!(
            "{LOOK_UP_JA}で取引を開いて内容を確認し、予約が確定したら実売上に変更し、成立しない場合は仮売上を取り消してください。"
        ),
        Some(State::Cancelled | State::Dead) => {
            format!(
                "{LOOK_UP_JA}で取引を開いて内容を確認し、仮売上を取り消してください（実売上にはしないでください）。"
            )
        }
        None => format!(
            "先にBókunで該当する予約を確認してください。予約がない場合は、{LOOK_UP_JA}で取引を開いて内容を確認し、仮売上を取り消してください。"
        ),
    }
}

fn capture_en(finding: &Finding) -> String {
    match state(finding) {
        Some(State::Live) => format!(
            "Open the payment in {LOOK_UP_EN}, check it and capture it (実売上). If that is no longer possible, for \
             instance because too much time has passed, ask the guest to pay again."
        ),
        Some(State::Waiting) => format!(
            "Open the payment in {LOOK_UP_EN} and check it; capture it (実売上) when the booking is confirmed, and \
             release the hold if it is not."
        ),
        Some(State::Cancelled | State::Dead) => {
            format!("Open the payment in {LOOK_UP_EN}, check it and release the hold; do not capture it.")
        }
        None => format!(
            "First look for its booking in Bókun. If there is none, open the payment in {LOOK_UP_EN}, check it and \
             release the hold."
        ),
    }
}
