//! 次の対応: what each situation asks a person to do, word for word where a slip would cost money.

use crate::facts::{AS_OF, booked, facts, paid, run, shop};
use totsugo::domain::booking::Booking;
use totsugo::domain::payment::Payment;
use totsugo::domain::reconciliation::Finding;
use totsugo::locale::Language;
use totsugo::locale::findings::{next_step, reason};

/// The one finding of these facts.
fn found(payments: Vec<Payment>, bookings: Vec<Booking>, as_of: &str) -> Finding {
    let mut findings = run(&shop(), &facts(payments, bookings), as_of).findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

/// Next step in Japanese and English, told of a booking `MZ1` with payments `A`, `B` ….
fn steps(words: &str, histories: &[&str]) -> [String; 2] {
    let payments = ["A", "B", "C"].into_iter().zip(histories).map(|(id, history)| paid(id, "1", history));
    said(&found(payments.collect(), vec![booked("MZ1", words)], AS_OF))
}

fn said(finding: &Finding) -> [String; 2] {
    [Language::Ja, Language::En].map(|language| next_step(language, finding))
}

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

fn lacks(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(!text.contains(part), "{part:?} is in {text:?}");
    }
}

#[test]
fn what_settles_a_match_for_good_is_said_where_column_h_cannot() {
    let sale = "2026-11-05 即時売上 5000";
    for (column_h, settles) in [("", true), ("電話予約", true), ("77", false)] {
        let [ja, en] = said(&found(vec![paid("A", column_h, sale)], Vec::new(), AS_OF));
        assert_eq!(ja.contains("オーダーIDをTransaction IDとして記録し"), settles, "{ja}");
        assert_eq!(en.contains("record the Order ID as its Transaction ID"), settles, "{en}");
        assert_eq!(ja.contains("出力し直して"), !settles, "{ja}");
    }
    let bookings = ["MZ1", "KX1"].map(|cart| booked(cart, "CANCELLED NOT_PAID 5000"));
    let mut shop = shop();
    shop.booking_prefixes = vec!["MZ".to_owned(), "KX".to_owned()];
    let result = run(&shop, &facts(vec![paid("A", "1", sale)], bookings.to_vec()), AS_OF);
    let [ja, en] = said(&result.findings[0]);
    holds(&ja, &["オーダーIDをTransaction IDとして記録し", "Payment list"]);
    holds(&en, &["record the Order ID as its Transaction ID", "Payment list"]);
}

#[test]
fn what_should_remain_of_a_cancelled_booking_is_called_that() {
    let finding =
        found(vec![paid("A", "1", "2026-11-05 即時売上 5000")], vec![booked("MZ1", "CANCELLED REFUND 5000")], AS_OF);
    holds(&reason(Language::Ja, &finding), &["（残るべき金額は0円、未返金5,000円）"]);
}

#[test]
fn english_asks_for_the_duplicate_and_not_for_a_payment_made_twice() {
    let sale = "2026-11-05 即時売上 5000";
    let [_, en] = steps("CONFIRMED PAID_IN_FULL 5000", &[sale, sale]);
    holds(&en, &["Find out which payment is the duplicate"]);
    lacks(&en, &["made twice"]);
}

#[test]
fn a_hold_is_captured_only_for_a_booking_that_stands() {
    let hold = "2026-11-05 仮売上 5000";
    for words in ["CANCELLED NOT_PAID 5000", "TIMEOUT NOT_PAID 5000"] {
        let [ja, en] = steps(words, &[hold]);
        holds(&ja, &["仮売上を取り消してください（実売上にはしないでください）"]);
        lacks(&ja, &["実売上に変更"]);
        holds(&en, &["release the hold; do not capture it"]);
    }
    let [ja, en] = steps("CONFIRMED PAID_IN_FULL 5000", &[hold]);
    holds(&ja, &["取引を開いて内容を確認し、実売上に変更", "変更できない場合は、お客様に改めて決済を依頼"]);
    holds(&en, &["capture it (実売上)", "ask the guest to pay again"]);
    let [ja, en] = steps("REQUESTED NOT_PAID 5000", &[hold]);
    holds(&ja, &["予約が確定したら実売上に変更し、成立しない場合は仮売上を取り消して"]);
    holds(&en, &["when the booking is confirmed"]);
    let [ja, en] = said(&found(vec![paid("A", "77", hold)], Vec::new(), AS_OF));
    holds(&ja, &["先にBókunで該当する予約を確認", "予約がない場合は", "仮売上を取り消してください"]);
    lacks(&ja, &["実売上"]);
    holds(&en, &["First look for its booking"]);
}
