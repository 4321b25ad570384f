//! What was seen of payments whose money does not count: unknown states and contradictions (SPEC §5.1, §5.2 rule 6).

use crate::domain::money::Yen;
use crate::domain::reconciliation::{Finding, Reason, Said};

/// Which rows say what, and which money counts all the same.
pub(super) fn unknown_ja(finding: &Finding) -> String {
    let all = unknown(finding);
    let one = |(Said { order_id, label, amount }, _): &(Said, Option<Yen>)| {
        format!("取引 {order_id} の取引状態「{label}」（{amount}円）")
    };
    let named = all.iter().map(one).collect::<Vec<_>>().join("、");
    if let Some(held) = counted(all) {
        return format!(
            "{named}は未知の状態のため、集計に入れていません。残高は、その前の記録による{held}円のままとしています。"
        );
    }
    format!("{named}は未知の状態のため、この取引の金額は集計に入れていません。")
}

pub(super) fn unknown_en(finding: &Finding) -> String {
    let all = unknown(finding);
    let one = |(Said { order_id, label, amount }, _): &(Said, Option<Yen>)| {
        format!("the status “{label}” (¥{amount}) of payment {order_id}")
    };
    let mut named = all.iter().map(one).collect::<Vec<_>>().join(" and ");
    named.get_mut(..1).map(str::make_ascii_uppercase);
    if let Some(held) = counted(all) {
        return format!(
            "{named} is not known, so it was not counted; the ¥{held} of the rows before still count as held."
        );
    }
    format!("{named} is not known, so no money of this payment was counted.")
}

/// What the rows of one time say, payment by payment.
pub(super) fn conflict_ja(finding: &Finding) -> String {
    let is_alone = finding.group.payments.len() < 2;
    let of_payment = |rows: &[Said]| {
        let order = rows.first().filter(|_| !is_alone).map(|said| format!("取引 {} には、", said.order_id));
        let rows: Vec<_> = rows.iter().map(|said| format!("{} {}円", said.label, said.amount)).collect();
        format!("{}同じ処理日時に、{} の記録があります。", order.unwrap_or_default(), rows.join(" と "))
    };
    let seen: String = conflict(finding).chunk_by(|a, b| a.order_id == b.order_id).map(of_payment).collect();
    format!("{seen}どちらが正しいか判断できないため、この取引の金額は集計に入れていません。")
}

pub(super) fn conflict_en(finding: &Finding) -> String {
    let is_alone = finding.group.payments.len() < 2;
    let of_payment = |rows: &[Said]| {
        let order = rows.first().filter(|_| !is_alone).map(|said| format!(" of {}", said.order_id));
        let rows: Vec<_> = rows.iter().map(|said| format!("{} ¥{}", said.label, said.amount)).collect();
        format!("Rows{} give {} for the same processing time. ", order.unwrap_or_default(), rows.join(" and "))
    };
    let seen: String = conflict(finding).chunk_by(|a, b| a.order_id == b.order_id).map(of_payment).collect();
    format!("{seen}Which one is right cannot be told, so no money of this payment was counted.")
}

/// What is held by the rows before; `None` where no money ever moved.
fn counted(all: &[(Said, Option<Yen>)]) -> Option<Yen> {
    let mut moved = all.iter().filter_map(|(_, held)| *held).peekable();
    moved.peek().is_some().then(|| moved.sum())
}

fn unknown(finding: &Finding) -> &[(Said, Option<Yen>)] {
    if let Reason::Unknown(all) = &finding.reason { all } else { &[] }
}

fn conflict(finding: &Finding) -> &[Said] {
    if let Reason::Conflict(all) = &finding.reason { all } else { &[] }
}
