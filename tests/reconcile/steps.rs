//! 次の対応: what each situation asks a person to do, word for word where a slip would cost money.

use crate::facts::{AS_OF, at, booked, day, facts, paid, run, shop};
use std::sync::Arc;
use totsugo::domain::booking::{Booking, Price};
use totsugo::domain::money::Yen;
use totsugo::domain::payment::Payment;
use totsugo::domain::reconciliation::Finding;
use totsugo::locale::Language;
use totsugo::locale::findings::{before_the_window_closes, next_step, reason};
use totsugo::reconcile::window;

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

const SALE: &str = "2026-11-05 即時売上 5000";
const CLOSED: &str = "2025-11-05 即時売上 5000";
const SAFE_DAY_PAST: &str = "2025-11-23 即時売上 5000";
const BANK: &str = "銀行振込等で返金してください（取消期限 2026-11-04 を過ぎたため、カードには返金できません）";
const FEE: &str = "取消料として残す場合は返金せず、Payment listを取り込むか、メモに理由を記入して対応状況を「対応済」にしてください。";

/// A cancelled booking of which 3,000 yen are kept by the merchant.
fn kept_fee() -> Booking {
    let mut booking = booked("MZ1", "CANCELLED REFUND 8000");
    (booking.lines[0].paid, booking.lines[0].refunded) = (Some(Yen::new(8_000)), Some(Yen::new(5_000)));
    booking
}

#[test]
fn a_closed_window_is_told_in_whole_sentences_wherever_money_goes_back() {
    let [ja, en] = steps("TIMEOUT NOT_PAID 5000", &[CLOSED]);
    assert_eq!(ja, format!("お客様に確認し、予約を取り直すか、{BANK}。"));
    assert_eq!(
        en,
        "Ask the guest and book again, or pay the money back by bank transfer (the window closed on 2026-11-04, so the \
         card can no longer be refunded)."
    );
    let [ja, en] = steps("CANCELLED REFUND 5000", &[CLOSED]);
    assert_eq!(ja, format!("{BANK}。返金後、Bókunの予約に記録してください。{FEE}"));
    holds(&en, &["Pay the money back by bank transfer (", "refunded). Then record it"]);
    let [ja, en] = said(&found(vec![paid("A", "77", CLOSED)], Vec::new(), AS_OF));
    holds(&ja, &[&format!("予約がない場合は、{BANK}。")]);
    holds(&en, &["If there is none, pay the money back by bank transfer ("]);
    let [ja, en] = steps("CONFIRMED PAID_IN_FULL 5000", &[CLOSED, CLOSED]);
    assert_eq!(ja, format!("二重決済であることを確認し、5,000円を{BANK}。"));
    holds(&en, &["Make sure that it was paid twice, then pay ¥5,000 back by bank transfer ("]);
    let [ja, _] = steps("CANCELLED REFUND 5000", &[SAFE_DAY_PAST]);
    assert_eq!(
        ja,
        format!(
            "本日中にGMO管理画面で返品してください（安全期限 2026-11-22 を過ぎています）。できない場合は銀行振込等で返金してください。\
             返金後、Bókunの予約に記録してください。{FEE}"
        )
    );
}

#[test]
fn each_payment_goes_back_the_way_it_still_can() {
    let [ja, en] = steps("CANCELLED REFUND 5000", &[CLOSED, "2026-11-06 即時売上 700"]);
    assert_eq!(
        ja,
        format!(
            "GMO管理画面でB（700円）を返品し（期限 2027-11-05、残347日）、残りの5,000円は銀行振込等で返金してください\
             （Aは取消期限 2026-11-04 を過ぎたため、カードには返金できません）。返金後、Bókunの予約に記録してください。{FEE}"
        )
    );
    assert_eq!(
        en,
        "Refund B (¥700) with 返品 in the GMO console (by 2027-11-05, 347 days left) and pay the remaining ¥5,000 back by \
         bank transfer (A can no longer go back to the card: the window closed on 2026-11-04). Then record it on the \
         booking in Bókun. If it is kept as a cancellation fee, do not refund it: take in a Payment list, or write the \
         reason as the memo and set the work status to Done."
    );
    let [ja, en] = steps("CONFIRMED PAID_IN_FULL 5000", &[CLOSED, SALE]);
    assert_eq!(
        ja,
        "二重決済であることを確認し、GMO管理画面でB（5,000円）を返品してください（期限 2027-11-04、残346日）。\
         Aは取消期限 2026-11-04 を過ぎたため、カードには返金できません。"
    );
    holds(&en, &["refund B (¥5,000) with 返品", "A can no longer go back to the card"]);
    let [ja, en] = steps("CANCELLED REFUND 5000", &[SALE, "2026-11-23 即時売上 700"]);
    holds(
        &ja,
        &[
            "GMO管理画面でA（5,000円）、B（700円）を取り消すか返品してください（取消は本日のみ、明日以降は返品・月跨り返品。\
             A：期限 2027-11-04、残346日、B：期限 2027-11-22、残364日）",
        ],
    );
    holds(&en, &["Reverse A (¥5,000), B (¥700) with 取消 or 返品 in the GMO console (取消 today alone, 返品 or"]);
}

#[test]
fn what_is_cancelled_today_is_returned_from_tomorrow_on() {
    let today = "2026-11-23 即時売上 5000";
    let [ja, en] = steps("TIMEOUT NOT_PAID 5000", &[today]);
    assert_eq!(
        ja,
        "お客様に確認し、予約を取り直すか、GMO管理画面で取り消してください（本日は取消、明日以降は返品・月跨り返品。\
         期限 2027-11-22、残364日）。"
    );
    assert_eq!(
        en,
        "Ask the guest and book again, or cancel the payment in the GMO console (取消 today, 返品 or 月跨り返品 from tomorrow \
         on; by 2027-11-22, 364 days left)."
    );
    let [ja, _] = steps("CANCELLED REFUND 5000", &[today]);
    assert_eq!(
        ja,
        format!(
            "GMO管理画面で取り消し、Bókunの予約に記録してください（本日は取消、明日以降は返品・月跨り返品。\
             期限 2027-11-22、残364日）。{FEE}"
        )
    );
    let [ja, en] = steps("CONFIRMED PAID_IN_FULL 5000", &[today, today]);
    holds(&ja, &["だけをGMO管理画面で取り消してください（本日は取消、"]);
    holds(&en, &["cancel that one in the GMO console (取消 today, "]);
    let [ja, _] = steps("CANCELLED REFUND 5000", &[CLOSED, today]);
    holds(&ja, &["GMO管理画面でB（5,000円）を取り消し（本日は取消、", "）、残りの5,000円は銀行振込等で"]);
}

#[test]
fn a_duplicate_is_returned_whole_or_else_lowered() {
    let [ja, en] = steps("CONFIRMED PAID_IN_FULL 5000", &[SALE, SALE]);
    assert_eq!(
        ja,
        "どの取引が重複かを確認し、重複した取引だけをGMO管理画面で返品してください（期限 2027-11-04、残346日）。"
    );
    assert_eq!(
        en,
        "Find out which payment is the duplicate and refund that one with 返品 in the GMO console (by 2027-11-04, 346 days \
         left)."
    );
    let twice = found(
        vec![paid("A", "1", SALE), paid("B", "1", SALE)],
        vec![booked("MZ1", "CONFIRMED PAID_IN_FULL 5000")],
        AS_OF,
    );
    holds(&reason(Language::Ja, &twice), &["1つの予約に2件の取引があり"]);
    let [ja, _] = steps("CONFIRMED PAID_IN_FULL 5000", &[SALE, SALE, SALE]);
    holds(&ja, &["重複した取引だけを"]);
    let [ja, en] = steps("CONFIRMED PAID_IN_FULL 8000", &[SALE, "2026-11-05 即時売上 4000"]);
    holds(&ja, &["返品または金額変更で、残高の合計を8,000円にしてください（返金額1,000円、期限 2027-11-04、残346日）"]);
    holds(&ja, &["お客様のカードの利用状況によりエラーとなった場合は"]);
    holds(&en, &["to ¥8,000 in all with 返品 or 金額変更", "(¥1,000 goes back, by 2027-11-04, 346 days left)"]);
    let [ja, _] = steps("CONFIRMED PAID_IN_FULL 8000", &[CLOSED, SALE]);
    holds(&ja, &["金額変更でB（5,000円）を3,000円に変更してください（返金額2,000円、", "Aは取消期限 2026-11-04"]);
}

#[test]
fn a_kept_fee_stays_with_the_merchant() {
    let [ja, en] = said(&found(vec![paid("A", "1", "2026-11-05 即時売上 8000")], vec![kept_fee()], AS_OF));
    assert_eq!(
        ja,
        "GMO管理画面の金額変更で3,000円に変更してください（返金額5,000円、期限 2027-11-04、残346日）。\
         お客様のカードの利用状況によりエラーとなった場合は、銀行振込等で返金してください。返金後、Bókunの予約に記録してください。"
    );
    assert_eq!(
        en,
        "Lower the payment to ¥3,000 with 金額変更 in the GMO console (¥5,000 goes back, by 2027-11-04, 346 days left). If the \
         guest's card does not allow it, pay it back by bank transfer. Then record it on the booking in Bókun."
    );
    let [ja, _] = said(&found(vec![paid("A", "1", "2025-11-05 即時売上 8000")], vec![kept_fee()], AS_OF));
    assert_eq!(ja, format!("5,000円を{BANK}。返金後、Bókunの予約に記録してください。"));
}

#[test]
fn what_may_be_a_fee_is_not_told_to_be_given_back_at_once() {
    let lowered = "2026-11-05 即時売上 20000;2026-11-09 即時売上 5000";
    let finding = found(vec![paid("A", "1", lowered)], vec![booked("MZ1", "CANCELLED REFUND 20000")], AS_OF);
    assert_eq!(
        reason(Language::Ja, &finding),
        "予約は取消済ですが、5,000円が残っています（残るべき金額は0円、未返金5,000円）。\
         20,000円から5,000円への金額変更が記録されています。取消料の可能性があります。"
    );
    holds(
        &reason(Language::En, &finding),
        &["not refunded). GMO shows a change from ¥20,000 to ¥5,000, which may be a cancellation fee."],
    );
    let [ja, en] = said(&finding);
    assert_eq!(
        ja,
        format!(
            "{FEE}残さない場合は、GMO管理画面で返品し、Bókunの予約に記録してください（期限 2027-11-04、残346日）。"
        )
    );
    assert_eq!(
        en,
        "If it is kept as a cancellation fee, do not refund it: take in a Payment list, or write the reason as the memo \
         and set the work status to Done. If it is not kept, refund the payment with 返品 in the GMO console (by \
         2027-11-04, 346 days left). Then record it on the booking in Bókun."
    );
    let several = [lowered, "2026-11-06 即時売上 700"];
    let several = ["A", "B"].into_iter().zip(several).map(|(id, history)| paid(id, "1", history)).collect();
    let several = found(several, vec![booked("MZ1", "CANCELLED REFUND 20000")], AS_OF);
    holds(&reason(Language::Ja, &several), &["未返金5,700円）。Aの20,000円から5,000円への金額変更が"]);
    holds(&reason(Language::En, &several), &["GMO shows a change of A from ¥20,000 to ¥5,000"]);
    let whole = found(vec![paid("A", "1", SALE)], vec![booked("MZ1", "CANCELLED REFUND 5000")], AS_OF);
    lacks(&reason(Language::Ja, &whole), &["取消料", "金額変更"]);
    holds(&said(&whole)[0], &[FEE]);
    // Where a file states what was paid and refunded, what should remain is known.
    let stated = found(vec![paid("A", "1", lowered)], vec![kept_fee()], AS_OF);
    lacks(&reason(Language::Ja, &stated), &["取消料"]);
    lacks(&said(&stated)[0], &["取消料"]);
    holds(&said(&stated)[0], &["金額変更で3,000円に"]);
}

#[test]
fn an_amount_that_differs_says_which_way_and_until_when() {
    let [ja, en] = steps("CONFIRMED PAID_IN_FULL 4000", &[SALE]);
    holds(
        &ja,
        &[
            "予約金額が正しければ、GMO管理画面の金額変更で4,000円に変更してください（返金額1,000円、期限 2027-11-04、残346日）",
        ],
    );
    holds(&ja, &["予約金額が誤っている場合は、Bókunの金額を訂正してください。"]);
    holds(
        &en,
        &[
            "If the amount in Bókun is right, lower the payment to ¥4,000 with 金額変更",
            "¥1,000 goes back, by 2027-11-04",
        ],
    );
    let [ja, en] = steps("CONFIRMED PAID_IN_FULL 4000", &[CLOSED]);
    holds(&ja, &[&format!("予約金額が正しければ、1,000円を{BANK}。")]);
    holds(&en, &["If the amount in Bókun is right, pay ¥1,000 back by bank transfer"]);
    let [ja, en] = steps("CONFIRMED PAID_IN_FULL 6000", &[SALE]);
    holds(&ja, &["差額1,000円をお客様に請求するか、Bókunの金額を訂正してください。"]);
    lacks(&ja, &["返金", "金額変更"]);
    holds(&en, &["Charge the guest the missing ¥1,000, or correct the amount in Bókun."]);
}

#[test]
fn a_refund_that_was_asked_for_is_not_asked_for_again() {
    for label in ["返品受付", "キャンセル受付"] {
        let asked = format!("{SALE};2026-11-09 {label} 5000");
        for words in ["CANCELLED REFUND 5000", "TIMEOUT NOT_PAID 5000"] {
            let [ja, en] = steps(words, &[&asked]);
            holds(&ja, &["返金は受付済みです。", "取引状態検索", "完了を確認してください。"]);
            lacks(&ja, &["返品し", "返品して", "取り直す"]);
            holds(&en, &["The refund has been asked for."]);
        }
        let [ja, en] = steps("CANCELLED REFUND 5000", &[&asked, "2026-11-06 即時売上 700"]);
        holds(&ja, &["B（700円）を返品してください", "A（5,000円）の返金は受付済みです。完了を取引状態検索で確認"]);
        holds(&en, &["Refund B (¥700)", "The refund of A (¥5,000) has been asked for"]);
    }
}

#[test]
fn money_of_a_foreign_booking_that_does_not_stand_goes_back_first() {
    let step = |words: &str, history: &str| {
        let mut booking = booked("MZ1", words);
        booking.lines[0].total = Price::Foreign { currency: Arc::from("USD"), written: Arc::from("40") };
        said(&found(vec![paid("A", "1", history)], vec![booking], AS_OF))
    };
    let [ja, en] = step("CANCELLED REFUND 1", SALE);
    assert_eq!(
        ja,
        "予約は取消済のため、残す取消料がなければ、GMO管理画面で返品してください（期限 2027-11-04、残346日）。"
    );
    holds(&en, &["The booking is cancelled: unless a fee is kept, refund the payment with 返品"]);
    let [ja, en] = step("TIMEOUT NOT_PAID 1", SALE);
    holds(&ja, &["予約は不成立のため、GMO管理画面で返品してください"]);
    holds(&en, &["The booking failed: refund the payment with 返品"]);
    holds(&step("CANCELLED REFUND 1", CLOSED)[0], &[BANK]);
    let [ja, en] = step("CONFIRMED PAID_IN_FULL 1", SALE);
    assert_eq!(
        ja,
        "Bókunの予約の通貨を確認し、円での請求額と入金額を手作業で照合してください。\
         金額が一致していれば、対応状況を「対応済」にしてください。"
    );
    holds(&en, &["If the amounts agree, set the work status to Done."]);
}

#[test]
fn keys_that_no_file_can_bring_together_are_marked_as_done() {
    let mut other = booked("MZ2", "CONFIRMED PAID_IN_FULL 5000");
    other.lines[0].transaction_id = Arc::from("A");
    let known = facts(vec![paid("A", "1", SALE)], vec![booked("MZ1", "CONFIRMED NOT_PAID 5000"), other]);
    let result = run(&shop(), &known, AS_OF);
    let [ja, en] = said(&result.findings[0]);
    holds(
        &ja,
        &["正しい予約にオーダーIDをTransaction IDとして記録してください。それでも残るときは、対応状況を「対応済」に"],
    );
    holds(&en, &["record the Order ID as the Transaction ID of that booking. If this stays all the same"]);
}

#[test]
fn on_the_last_possible_day_a_window_is_open_today_alone() {
    let said = |sold: &str| {
        let window = window(day(sold), &shop().policy, day(AS_OF));
        [Language::Ja, Language::En].map(|language| before_the_window_closes(language, &window))
    };
    let [ja, en] = said("2025-11-23");
    assert_eq!(
        ja,
        "取り消す見込みがあれば、本日中にGMO管理画面で処理してください（安全期限 2026-11-22 を過ぎ、最終期限は本日です）。"
    );
    holds(&en, &["in the GMO console today: the safe day 2026-11-22 has passed"]);
    let [ja, en] = said("2025-11-24");
    holds(&ja, &["期限までにGMO管理画面で処理してください（現在可能な操作: 月跨り返品）"]);
    holds(&en, &["by that day"]);
}

#[test]
fn amounts_that_do_not_count_are_named_with_what_they_stand_for() {
    let booking = || vec![booked("MZ1", "CONFIRMED PAID_IN_FULL 18000")];
    let reasons = |payments: Vec<Payment>, bookings| {
        let finding = found(payments, bookings, AS_OF);
        [Language::Ja, Language::En].map(|language| reason(language, &finding))
    };
    let [ja, en] = reasons(vec![paid("A", "1", "2026-11-05 審査中 18000")], booking());
    assert_eq!(ja, "取引 A の取引状態「審査中」（18,000円）は未知の状態のため、この取引の金額は集計に入れていません。");
    assert_eq!(en, "The status “審査中” (¥18,000) of payment A is not known, so no money of this payment was counted.");
    // What was taken before still counts.
    let [ja, en] = reasons(vec![paid("A", "1", "2026-11-05 即時売上 18000;2026-11-06 審査中 2000")], booking());
    assert_eq!(
        ja,
        "取引 A の取引状態「審査中」（2,000円）は未知の状態のため、集計に入れていません。\
         残高は、その前の記録による18,000円のままとしています。"
    );
    holds(&en, &["(¥2,000) of payment A is not known, so it was not counted; the ¥18,000 of the rows before still"]);
    let returned = "2026-11-05 即時売上 18000;2026-11-06 返品 18000;2026-11-07 審査中 2000";
    holds(&reasons(vec![paid("A", "1", returned)], booking())[0], &["その前の記録による0円のままとしています。"]);
    let conflict = "2026-11-05 即時売上 12000;2026-11-05 即時売上 9000";
    let [ja, en] = reasons(vec![paid("A", "1", conflict)], booking());
    assert_eq!(
        ja,
        "同じ処理日時に、即時売上 9,000円 と 即時売上 12,000円 の記録があります。\
         どちらが正しいか判断できないため、この取引の金額は集計に入れていません。"
    );
    holds(&en, &["Rows give 即時売上 ¥9,000 and 即時売上 ¥12,000 for the same processing time."]);
    let [ja, en] = reasons(vec![paid("A", "1", conflict), paid("B", "1", SALE)], booking());
    holds(&ja, &["取引 A には、同じ処理日時に、即時売上 9,000円 と"]);
    holds(&en, &["Rows of A give"]);
}

#[test]
fn what_was_never_paid_was_not_refunded_too_much() {
    let never = found(Vec::new(), vec![kept_fee()], AS_OF);
    assert_eq!(
        reason(Language::Ja, &never),
        "予約は取消済ですが、GMOに入金の記録がありません（残るべき金額 3,000円）。"
    );
    holds(&reason(Language::En, &never), &["GMO has no payment of it (¥3,000 should remain)"]);
    let [ja, en] = said(&never);
    holds(&ja, &["集計期間とショップを確認"]);
    lacks(&ja, &["返しすぎ"]);
    holds(&en, &["Check period and shop of the export"]);
    let returned = found(vec![paid("A", "1", "2026-11-09 月跨り返品 8000")], vec![kept_fee()], AS_OF);
    holds(&reason(Language::Ja, &returned), &["（3,000円の返しすぎ）"]);
}

#[test]
fn nobody_is_asked_to_pay_while_the_payment_data_has_a_gap() {
    // A booking of 11-05, and the days on which other payments were processed.
    for (days, is_covered) in [
        (&[][..], false),
        (&["2026-11-04"], false),
        (&["2026-11-06"], false),
        (&["2026-11-05"], true),
        (&["2026-11-04", "2026-11-06"], true),
        (&["2026-10-10", "2026-11-10"], true),
        (&["2026-10-10", "2026-11-11"], false),
    ] {
        let other = |(nth, day): (usize, &&str)| paid(&format!("Z{nth}"), "", &format!("{day} 決済失敗 1"));
        let payments = days.iter().enumerate().map(other).collect();
        let mut booking = booked("MZ1", "CONFIRMED PAID_IN_FULL 5000");
        booking.lines[0].created_at = at("2026-11-05");
        let finding = found(payments, vec![booking], AS_OF);
        let [ja, en] = said(&finding);
        let asks = ["お客様に支払いを依頼", "予約の取り直しの場合は元の予約の入金を確認"];
        let export = "この予約の日付（2026-11-05）を含む取引集計";
        if is_covered {
            holds(&ja, &asks);
            holds(&en, &["If the guest booked again", "ask the guest to pay"]);
            holds(&reason(Language::Ja, &finding), &["GMOに入金の記録がありません"]);
        } else {
            holds(&ja, &[export, "出力して取り込んでください"]);
            lacks(&ja, &asks);
            lacks(&en, &["ask the guest"]);
            holds(&reason(Language::Ja, &finding), &["予約の日付（2026-11-05）を含む取引集計が取り込まれていません"]);
        }
    }
}
