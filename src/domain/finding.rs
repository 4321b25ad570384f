//! Findings: what needs a person (SPEC §5.4, §5.6).

use super::dates::Day;
use super::ids::{FileDigest, FindingId, ShopId};

/// How urgent a finding is; the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Money is being lost or a window is closing.
    Critical,
    /// Needs work.
    High,
    /// Worth a look.
    Normal,
}

impl Severity {
    /// The word for it in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Normal => "normal",
        }
    }

    /// The severity that `text` says, if any.
    pub fn read(text: &str) -> Option<Self> {
        [Self::Critical, Self::High, Self::Normal].into_iter().find(|severity| severity.as_str() == text)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal / $ja:literal),* $(,)?) => {
        /// The finding codes in SPEC §5.4's order of precedence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $variant),* }

        impl Code {
            /// All codes in order of precedence.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code as it stands in JSON and in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// 区分: the Japanese name of SPEC §5.4.
            pub const fn ja(self) -> &'static str {
                match self { $(Self::$variant => $ja),* }
            }
        }
    };
}

codes! {
    /// A payment's newest label is unknown.
    UnknownStatus = "unknown_status" / "未知の状態",
    /// Same time, other status or amount.
    ObservationConflict = "observation_conflict" / "観測の矛盾",
    /// Keys lead to different bookings.
    KeyConflict = "key_conflict" / "照合キー不一致",
    /// Digits hit several bookings.
    AmbiguousBooking = "ambiguous_booking" / "予約特定不可",
    /// Money held, no booking.
    PaymentWithoutBooking = "payment_without_booking" / "予約なし入金",
    /// Money held, booking not in yen.
    CurrencyMismatch = "currency_mismatch" / "通貨不一致",
    /// Booking dead, money held.
    PaidButDead = "paid_but_dead" / "予約不成立・入金あり",
    /// Booking cancelled, more held than expected.
    CancelledNotRefunded = "cancelled_not_refunded" / "取消済・未返金",
    /// Booking cancelled, less held than expected.
    RefundMismatch = "refund_mismatch" / "返金額不一致",
    /// Two or more payments hold money for one booking.
    DuplicatePayment = "duplicate_payment" / "二重決済",
    /// Bókun says unpaid, GMO holds money.
    NotificationMissing = "notification_missing" / "結果通知不達の疑い",
    /// Cancelled in the GMO console only.
    RefundedNotCancelled = "refunded_not_cancelled" / "GMO側のみ取消",
    /// Reserved on the card and never captured.
    NotCaptured = "not_captured" / "仮売上のまま",
    /// Paid by web according to Bókun, no payment ever took money.
    BookingWithoutPayment = "booking_without_payment" / "入金なし予約",
    /// Live, amounts differ.
    AmountMismatch = "amount_mismatch" / "金額不一致",
    /// Taken again after a reversal.
    StatusReverted = "status_reverted" / "状態の逆行",
}

impl Code {
    /// The code that `text` names.
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

/// The stable id of a finding: `F-` and eight hexadecimal characters out of shop, key and code (SPEC §5.6).
///
/// `key` is the cart code, or the Order ID of a payment without booking.
pub fn finding_id(shop: &ShopId, key: &str, code: Code) -> FindingId {
    let digest = FileDigest::of(format!("{shop}\0{key}\0{}", code.as_str()).as_bytes());
    let hex: String = digest.0.iter().take(4).map(|byte| format!("{byte:02X}")).collect();
    FindingId::new(&format!("F-{hex}"))
}

/// Why a payment has no booking, as the reason of `payment_without_booking` says (SPEC §5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoBooking {
    /// Column H is blank.
    Blank,
    /// Column H is not a number.
    NotANumber,
    /// Its number is not among the bookings.
    NotAmongBookings,
}

/// What is known of a finding from earlier runs (SPEC §5.6, §5.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRecord {
    /// Its id.
    pub id: FindingId,
    /// Its shop.
    pub shop: ShopId,
    /// Its code.
    pub code: Code,
    /// Cart code or Order ID.
    pub key: String,
    /// The as-of date it was first seen on.
    pub first_seen: Day,
    /// The as-of date it cleared on; `None` while open.
    pub cleared: Option<Day>,
    /// What finance wrote.
    pub note: Note,
}

/// What finance wrote on a finding (SPEC §5.7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// 対応状況, one of the drop-down's words; empty = 未対応.
    pub state: String,
    /// 担当.
    pub assignee: String,
    /// メモ.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_is_stored() {
        for code in Code::ALL {
            assert_eq!(Code::read(code.as_str()), Some(*code));
        }
        assert_eq!(Code::read("金額不一致"), None, "the Japanese name is for people");
    }

    #[test]
    fn r20_the_id_of_a_finding_is_that_of_shop_key_and_code_for_ever() {
        let id = |shop: &str, key, code| finding_id(&ShopId::new(shop), key, code).to_string();
        let one = id("9200000000001", "MZ1102481", Code::AmountMismatch);
        assert_eq!(one, "F-AE25CDFC");
        for other in [
            id("9200000000002", "MZ1102481", Code::AmountMismatch),
            id("9200000000001", "MZ1102482", Code::AmountMismatch),
            id("9200000000001", "MZ1102481", Code::StatusReverted),
        ] {
            assert_ne!(other, one);
        }
    }
}
