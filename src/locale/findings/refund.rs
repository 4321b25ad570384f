//! How money goes back to a guest, in words: how much, and which way each payment can still take (SPEC §5.5).

use super::days_left_words;
use super::steps::{LOOK_UP_EN, LOOK_UP_JA};
use crate::domain::dates::Day;
use crate::domain::finding::Code;
use crate::domain::money::Yen;
use crate::domain::reconciliation::{Finding, Holding, Lowered, Operation, Reason};
use crate::locale::Language;

/// What has to go back of a finding's money.
pub(super) struct Refund<'f> {
    /// Payments that the card still takes back.
    open: Vec<&'f Holding>,
    /// Payments that it no longer takes back.
    closed: Vec<&'f Holding>,
    /// Payments that GMO has been asked to reverse.
    returning: Vec<&'f Holding>,
    /// What shall stay.
    keep: Yen,
    /// What has to go back besides [`Self::returning`].
    back: Yen,
    way: Way,
}

/// Which way it can go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// GMO has been asked for all of it.
    Asked,
    /// By bank transfer: every window is closed.
    Transfer,
    /// All that can go back to a card, and the rest by bank transfer.
    Return { rest: Yen },
    /// Whole payments of several; a person must find out which.
    Whole,
    /// A part of the one open payment, which is lowered to an amount: 返品 would give back all of it.
    Lower { to: Yen },
    /// A part of several payments.
    LowerTogether,
}

impl<'f> Refund<'f> {
    /// All but `keep` of what the finding's payments hold.
    pub(super) fn down_to(finding: &'f Finding, keep: Yen) -> Self {
        let (returning, rest): (Vec<_>, Vec<_>) = finding.holdings.iter().partition(|holding| holding.is_returning);
        let (closed, open): (Vec<_>, Vec<_>) = rest.into_iter().partition(|holding| holding.window.is_closed());
        let back = finding.group.actual - keep - sum(&returning);
        let is_whole = |kept: Yen| open.iter().any(|holding| holding.held == back || holding.held == kept);
        let left = sum(&open) - back;
        let way = if !back.is_positive() {
            Way::Asked
        } else if open.is_empty() && !closed.is_empty() {
            Way::Transfer
        } else if !left.is_positive() {
            Way::Return { rest: if closed.is_empty() { Yen::ZERO } else { -left } }
        } else if finding.code == Code::DuplicatePayment && is_whole(left) {
            Way::Whole
        } else if open.len() == 1 {
            Way::Lower { to: left }
        } else {
            Way::LowerTogether
        };
        Self { open, closed, returning, keep, back, way }
    }

    /// Whether a person must find out which of several payments goes back.
    pub(super) fn asks_which(&self) -> bool {
        self.way == Way::Whole
    }

    /// The one payment that goes back whole and in good time: its deadline and days left.
    pub(super) fn single(&self) -> Option<(Day, i32)> {
        match (self.way, self.open.as_slice()) {
            (Way::Return { .. }, [one]) if !self.is_several() && one.window.days_left >= 0 => {
                Some((one.window.last_safe_day, one.window.days_left))
            }
            _ => None,
        }
    }

    /// Whole sentences; `before` is the beginning of the first one, unless nothing is left to be done.
    pub(super) fn ja(&self, before: &str) -> String {
        if self.way == Way::Asked {
            return format!("返金は受付済みです。{LOOK_UP_JA}で完了を確認してください。");
        }
        format!("{before}{}。{}", self.clause_ja(), self.after_ja())
    }

    /// The same in English, where `before` ends in a space or is empty.
    pub(super) fn en(&self, before: &str) -> String {
        if self.way == Way::Asked {
            return format!("The refund has been asked for. Look in {LOOK_UP_EN} whether it is done.");
        }
        let mut text = format!("{before}{}.{}", self.clause_en(), self.after_en());
        text.get_mut(..1).map(str::make_ascii_uppercase);
        text
    }

    fn clause_ja(&self) -> String {
        let (back, act, until) = (self.back, self.act_ja(), self.deadlines_ja());
        let by = if until.is_empty() { String::new() } else { format!("（{}{until}）", self.today_alone_ja()) };
        let today = if self.is_last_day() { "本日中に" } else { "" };
        let named = || if self.is_several() { format!("{}を", amounts_ja(&self.open)) } else { String::new() };
        match self.way {
            Way::Asked | Way::Transfer => {
                let amount = if self.is_part() { format!("{back}円を") } else { String::new() };
                let days = closed_days(&self.closed, "、");
                format!(
                    "{amount}銀行振込等で返金してください（取消期限 {days} を過ぎたため、カードには返金できません）"
                )
            }
            Way::Return { rest } if rest.is_positive() => format!(
                "{today}GMO管理画面で{}{act}{by}、残りの{rest}円は銀行振込等で返金してください（{}）",
                named(),
                self.closed_ja()
            ),
            Way::Return { .. } => format!("{today}GMO管理画面で{}{act}てください{by}", named()),
            Way::Whole => format!("{today}重複した取引だけをGMO管理画面で{act}てください{by}"),
            Way::Lower { to } => {
                format!("{today}GMO管理画面の金額変更で{}{to}円に変更してください（返金額{back}円、{until}）", named())
            }
            Way::LowerTogether => format!(
                "{today}GMO管理画面の返品または金額変更で、残高の合計を{}円にしてください（返金額{back}円、{until}）",
                self.keep
            ),
        }
    }

    fn clause_en(&self) -> String {
        let (back, until) = (self.back, self.deadlines_en());
        let act = self.act("cancel", "refund", "reverse");
        let with = self.act("", " with 返品", " with 取消 or 返品");
        let by = if until.is_empty() { String::new() } else { format!(" ({}{until})", self.today_alone_en()) };
        let today = if self.is_last_day() { " today" } else { "" };
        let what = if self.is_several() { amounts_en(&self.open) } else { "the payment".to_owned() };
        match self.way {
            Way::Asked | Way::Transfer => {
                let amount = if self.is_part() { format!("¥{back}") } else { "the money".to_owned() };
                let days = closed_days(&self.closed, ", ");
                format!(
                    "pay {amount} back by bank transfer (the window closed on {days}, so the card can no longer be refunded)"
                )
            }
            Way::Return { rest } if rest.is_positive() => format!(
                "{act} {what}{with} in the GMO console{today}{by} and pay the remaining ¥{rest} back by bank transfer ({})",
                self.closed_en()
            ),
            Way::Return { .. } => format!("{act} {what}{with} in the GMO console{today}{by}"),
            Way::Whole => format!("{act} that one{with} in the GMO console{today}{by}"),
            Way::Lower { to } => {
                format!("lower {what} to ¥{to} with 金額変更 in the GMO console{today} (¥{back} goes back, {until})")
            }
            Way::LowerTogether => format!(
                "bring what is held to ¥{} in all with 返品 or 金額変更 in the GMO console{today} (¥{back} goes back, {until})",
                self.keep
            ),
        }
    }

    /// What follows the first sentence: where it may fail, and what of the other payments is to be known.
    fn after_ja(&self) -> String {
        let mut text = String::new();
        if self.is_lowered() {
            text.push_str("お客様のカードの利用状況によりエラーとなった場合は、銀行振込等で返金してください。");
        } else if self.is_last_day() {
            text.push_str("できない場合は銀行振込等で返金してください。");
        }
        if self.leaves_closed() {
            text.push_str(&format!("{}。", self.closed_ja()));
        }
        if !self.returning.is_empty() {
            let named = amounts_ja(&self.returning);
            text.push_str(&format!("{named}の返金は受付済みです。完了を取引状態検索で確認してください。"));
        }
        text
    }

    fn after_en(&self) -> String {
        let mut text = String::new();
        if self.is_lowered() {
            text.push_str(" If the guest's card does not allow it, pay it back by bank transfer.");
        } else if self.is_last_day() {
            text.push_str(" If that fails, pay it back by bank transfer.");
        }
        if self.leaves_closed() {
            text.push_str(&format!(" {}.", self.closed_en()));
        }
        if !self.returning.is_empty() {
            let named = amounts_en(&self.returning);
            text.push_str(&format!(
                " The refund of {named} has been asked for: look in 取引状態検索 whether it is done."
            ));
        }
        text
    }

    fn closed_ja(&self) -> String {
        let (orders, days) = (orders(&self.closed, "、"), closed_days(&self.closed, "、"));
        format!("{orders}は取消期限 {days} を過ぎたため、カードには返金できません")
    }

    fn closed_en(&self) -> String {
        let (orders, days) = (orders(&self.closed, ", "), closed_days(&self.closed, ", "));
        format!("{orders} can no longer go back to the card: the window closed on {days}")
    }

    /// The last day of each open payment; one for all where they share it.
    fn deadlines_ja(&self) -> String {
        let one = |holding: &Holding| match (holding.window.last_safe_day, holding.window.days_left) {
            (safe, left @ 0..) => format!("期限 {safe}、{}", days_left_words(Language::Ja, left)),
            (safe, _) => format!("安全期限 {safe} を過ぎています"),
        };
        deadlines(&self.open, one, "：", "、")
    }

    fn deadlines_en(&self) -> String {
        let one = |holding: &Holding| match (holding.window.last_safe_day, holding.window.days_left) {
            (safe, left @ 0..) => format!("by {safe}, {}", days_left_words(Language::En, left)),
            (safe, _) => format!("the safe day {safe} has passed"),
        };
        deadlines(&self.open, one, " ", "; ")
    }

    /// What is done with the open payments, ready for て or a comma.
    pub(super) fn act_ja(&self) -> &'static str {
        self.act("取り消し", "返品し", "取り消すか返品し")
    }

    /// 取消 is there on the day of the sale alone, whatever the deadline.
    pub(super) fn today_alone_ja(&self) -> &'static str {
        self.act("本日は取消、明日以降は返品・月跨り返品。", "", "取消は本日のみ、明日以降は返品・月跨り返品。")
    }

    fn today_alone_en(&self) -> &'static str {
        let void = "取消 today, 返品 or 月跨り返品 from tomorrow on; ";
        self.act(void, "", "取消 today alone, 返品 or 月跨り返品 from tomorrow on; ")
    }

    /// What GMO would apply to the open payments today, out of the words for 取消, for 返品 and for both.
    fn act(&self, void: &'static str, refund: &'static str, either: &'static str) -> &'static str {
        match self.open.iter().filter(|holding| holding.window.operation == Operation::Void).count() {
            0 => refund,
            voids if voids == self.open.len() => void,
            _ => either,
        }
    }

    fn is_several(&self) -> bool {
        self.open.len() + self.closed.len() + self.returning.len() > 1
    }

    /// Whether not all of the money goes back by this.
    fn is_part(&self) -> bool {
        self.keep.is_positive() || !self.returning.is_empty()
    }

    /// Whether an amount is changed, which GMO may refuse for the guest's card (the manual's restriction ②).
    fn is_lowered(&self) -> bool {
        matches!(self.way, Way::Lower { .. } | Way::LowerTogether)
    }

    /// Whether an open payment is past its safe day: it can go back today, and perhaps not tomorrow.
    fn is_last_day(&self) -> bool {
        self.open.iter().any(|holding| holding.window.days_left < 0)
    }

    /// Whether there are closed payments of which the first sentence says nothing.
    fn leaves_closed(&self) -> bool {
        let is_told = match self.way {
            Way::Transfer => true,
            Way::Return { rest } => rest.is_positive(),
            Way::Asked | Way::Whole | Way::Lower { .. } | Way::LowerTogether => false,
        };
        !self.closed.is_empty() && !is_told
    }
}

/// Payments of a cancelled booking that were lowered and not given back whole: perhaps to a cancellation fee. By Order ID
/// where the finding has several payments.
pub(super) fn lowered_ja(finding: &Finding) -> String {
    let is_alone = finding.holdings.len() == 1;
    let one = |Lowered { order_id, from, to }: &Lowered| {
        if is_alone { format!("{from}円から{to}円へ") } else { format!("{order_id}の{from}円から{to}円へ") }
    };
    match lowered(finding) {
        [] => String::new(),
        all => {
            let amounts = all.iter().map(one).collect::<Vec<_>>().join("、");
            format!("{amounts}の金額変更が記録されています。取消料の可能性があります。")
        }
    }
}

/// The same in English, with a space before it.
pub(super) fn lowered_en(finding: &Finding) -> String {
    let is_alone = finding.holdings.len() == 1;
    let one = |Lowered { order_id, from, to }: &Lowered| {
        if is_alone { format!("from ¥{from} to ¥{to}") } else { format!("of {order_id} from ¥{from} to ¥{to}") }
    };
    match lowered(finding) {
        [] => String::new(),
        all => {
            let amounts = all.iter().map(one).collect::<Vec<_>>().join(", ");
            format!(" GMO shows a change {amounts}, which may be a cancellation fee.")
        }
    }
}

fn lowered(finding: &Finding) -> &[Lowered] {
    if let Reason::Unstated(all) = &finding.reason { all } else { &[] }
}

fn sum(holdings: &[&Holding]) -> Yen {
    holdings.iter().map(|holding| holding.held).sum()
}

fn orders(holdings: &[&Holding], between: &str) -> String {
    let orders: Vec<&str> = holdings.iter().map(|holding| holding.order_id.as_str()).collect();
    orders.join(between)
}

fn amounts_ja(holdings: &[&Holding]) -> String {
    let amounts: Vec<_> =
        holdings.iter().map(|holding| format!("{}（{}円）", holding.order_id, holding.held)).collect();
    amounts.join("、")
}

fn amounts_en(holdings: &[&Holding]) -> String {
    let amounts: Vec<_> = holdings.iter().map(|holding| format!("{} (¥{})", holding.order_id, holding.held)).collect();
    amounts.join(", ")
}

/// The safe days of `closed`, each once.
fn closed_days(closed: &[&Holding], between: &str) -> String {
    let mut days: Vec<Day> = closed.iter().map(|holding| holding.window.last_safe_day).collect();
    days.sort();
    days.dedup();
    let days: Vec<String> = days.iter().map(ToString::to_string).collect();
    days.join(between)
}

fn deadlines(open: &[&Holding], one: impl Fn(&Holding) -> String, colon: &str, between: &str) -> String {
    match open {
        [] => String::new(),
        [first, rest @ ..] if rest.iter().all(|other| other.window == first.window) => one(first),
        several => {
            let each: Vec<_> =
                several.iter().map(|holding| format!("{}{colon}{}", holding.order_id, one(holding))).collect();
            each.join(between)
        }
    }
}
