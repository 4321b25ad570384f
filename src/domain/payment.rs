//! Payments: what GMO-PG said about them, and the money that follows from it (SPEC §5.1, §5.2).

use super::dates::{Day, Moment};
use super::ids::{OrderId, ShopId};
use super::intake::Source;
use super::money::Yen;
use std::sync::Arc;

/// What a status label means for money (SPEC §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Money {
    /// Money was taken.
    Taken,
    /// Money was given back.
    Reversed,
    /// No money moves.
    None,
    /// Reserved on the card, not taken.
    HeldOnly,
    /// A change was asked for; what was held stays held.
    Pending,
    /// A label this version does not know: never counted as zero.
    Unknown,
}

/// A 取引状態 as a canonical label, or as it was written where it is unknown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(Arc<str>);

/// SPEC §5.1 line by line: canonical label, API code, meaning.
pub const STATUSES: [(&str, &str, Money); 25] = [
    ("即時売上", "CAPTURE", Money::Taken),
    ("実売上", "SALES", Money::Taken),
    ("決済完了", "PAYSUCCESS", Money::Taken),
    ("支払い完了", "", Money::Taken),
    ("取消", "VOID", Money::Reversed),
    ("返品", "RETURN", Money::Reversed),
    ("月跨り返品", "RETURNX", Money::Reversed),
    ("キャンセル", "CANCEL", Money::Reversed),
    ("未決済", "UNPROCESSED", Money::None),
    ("未決済(3D登録済)", "AUTHENTICATED", Money::None),
    ("有効性チェック", "CHECK", Money::None),
    ("要求成功", "REQSUCCESS", Money::None),
    ("決済失敗", "PAYFAIL", Money::None),
    ("期限切れ", "EXPIRED", Money::None),
    ("仮売上取消", "", Money::None),
    ("取引停止", "STOP", Money::None),
    ("取引中", "TRADING", Money::None),
    ("認証処理中", "AUTHPROCESS", Money::None),
    ("仮売上", "AUTH", Money::HeldOnly),
    ("簡易オーソリ", "SAUTH", Money::HeldOnly),
    ("返品受付", "REQRETURN", Money::Pending),
    ("キャンセル受付", "REQCANCEL", Money::Pending),
    ("注文金額変更受付", "REQCHANGE", Money::Pending),
    ("注文確定受付", "REQSALES", Money::Pending),
    ("決済開始", "PAYSTART", Money::Pending),
];

/// Written variants that fold to no canonical label by themselves (SPEC §5.1, DOMAIN §2).
pub const STATUS_VARIANTS: [(&str, &str); 3] =
    [("月跨ぎ返品", "月跨り返品"), ("月跨返品", "月跨り返品"), ("未決済(3DS登録済)", "未決済(3D登録済)")];

/// Labels of [`STATUSES`] by which a reversal is asked for and not done yet.
const REVERSAL_ASKED: [&str; 2] = ["返品受付", "キャンセル受付"];

/// Whether `label`, in its canonical form, says that a reversal is asked for.
pub fn asks_reversal(label: &str) -> bool {
    REVERSAL_ASKED.contains(&label)
}

impl Status {
    /// The status that `written` stands for: a label or an API code, after folding width, case and spaces.
    pub fn read(written: &str) -> Self {
        // Nearly every row has the canonical label: folding the whole table for each would cost more than parsing it.
        if STATUSES.iter().any(|(label, _, _)| *label == written) {
            return Self(Arc::from(written));
        }
        let folded = super::text::fold(written);
        let same = |label: &str| !label.is_empty() && super::text::fold(label) == folded;
        let variant = STATUS_VARIANTS.iter().find(|(variant, _)| same(variant)).map(|(_, label)| *label);
        let label = variant
            .or_else(|| STATUSES.iter().find(|(label, code, _)| same(label) || same(code)).map(|(label, _, _)| *label));
        Self(Arc::from(label.unwrap_or(written.trim())))
    }

    /// The label, in its canonical form if it is known.
    pub fn label(&self) -> &str {
        &self.0
    }

    /// The label, as it is kept.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// What it means for money.
    pub fn money(&self) -> Money {
        STATUSES.iter().find(|(label, _, _)| *label == &*self.0).map_or(Money::Unknown, |(_, _, money)| *money)
    }
}

/// What one row of one export said about a payment at a time (SPEC §1).
///
/// The order of fields is the total order of observations of one payment: by time, then by content, never by file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Observation {
    /// 処理日時: the time of the last processing.
    pub at: Moment,
    /// 取引状態.
    pub status: Status,
    /// 利用金額 + 税送料.
    pub amount: Yen,
    /// 加盟店自由項目1 (column H), trimmed, otherwise as written.
    pub booking_ref: Arc<str>,
    /// 決済方法 as written.
    pub method: Arc<str>,
    /// Where it was read.
    pub source: Source,
}

impl Observation {
    /// Whether both say the same, wherever they were read.
    pub fn says_same(&self, other: &Self) -> bool {
        self.at == other.at
            && self.status == other.status
            && self.amount == other.amount
            && self.booking_ref == other.booking_ref
            && self.method == other.method
    }

    /// Rule 6 of SPEC §5.2: same time, other status or amount.
    pub fn contradicts(&self, other: &Self) -> bool {
        self.at == other.at && (self.status != other.status || self.amount != other.amount)
    }
}

/// One GMO transaction with everything ever observed of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The shop it belongs to.
    pub shop: ShopId,
    /// Its Order ID, unique in the shop.
    pub order_id: OrderId,
    /// All observations, in their order, each content once, never empty.
    pub observations: Vec<Observation>,
}

impl Payment {
    /// What was observed last; `None` only for a payment nobody observed.
    pub fn newest(&self) -> Option<&Observation> {
        self.observations.last()
    }
}

/// A movement of money that follows from the observations (SPEC §5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoneyEvent {
    /// What kind of movement.
    pub kind: EventKind,
    /// The day it counts on.
    pub day: Day,
    /// Positive into the shop, negative back to the guest.
    pub amount: Yen,
    /// The status of the observation that showed it.
    pub status: Status,
    /// 決済方法 of that observation.
    pub method: Arc<str>,
}

/// The kinds of money event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// Money was taken.
    Sale,
    /// The amount of a sale was raised or lowered.
    Change,
    /// What was left was given back.
    Refund,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_and_code_of_the_table_reads_as_itself() {
        for (label, code, money) in STATUSES {
            assert_eq!(Status::read(label).label(), label);
            assert_eq!(Status::read(label).money(), money, "{label}");
            if !code.is_empty() {
                assert_eq!(Status::read(&code.to_lowercase()).label(), label, "{code}");
            }
        }
    }

    #[test]
    fn variants_are_the_same_label_and_the_rest_is_unknown() {
        for written in ["月跨ぎ返品", "月跨返品", " 月跨り 返品 ", "RETURNX"] {
            assert_eq!(Status::read(written).label(), "月跨り返品");
        }
        assert_eq!(Status::read("未決済（３ＤＳ登録済）").label(), "未決済(3D登録済)");
        assert_eq!(Status::read("NEWSTATE").money(), Money::Unknown);
        assert_eq!(Status::read("利用承諾").money(), Money::Unknown);
        assert_eq!(Status::read("").money(), Money::Unknown);
    }

    #[test]
    fn s12_of_the_same_time_only_another_status_or_amount_contradicts() {
        let source = |line| Source { file: Arc::from("x.csv"), line };
        let one = Observation {
            at: Moment::from_number(0),
            status: Status::read("即時売上"),
            amount: Yen::new(100),
            booking_ref: Arc::from("1"),
            method: Arc::from("クレジットカード"),
            source: source(2),
        };
        let with = |change: fn(&mut Observation)| {
            let mut other = Observation { source: source(3), ..one.clone() };
            change(&mut other);
            (one.says_same(&other), one.contradicts(&other))
        };
        assert_eq!(with(|_| {}), (true, false), "read elsewhere");
        assert_eq!(with(|other| other.status = Status::read("返品")), (false, true));
        assert_eq!(with(|other| other.amount = Yen::new(200)), (false, true));
        assert_eq!(with(|other| other.booking_ref = Arc::from("2")), (false, false));
        assert_eq!(with(|other| other.method = Arc::from("PayPay")), (false, false));
        assert_eq!(with(|other| other.at = Moment::from_number(1)), (false, false));
        let later = |other: &mut Observation| {
            (other.at, other.amount) = (Moment::from_number(1), Yen::new(200));
        };
        assert_eq!(with(later), (false, false));
    }
}
