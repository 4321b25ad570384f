//! The special cases of the demo: one line says what is in the world and which finding follows from it.
//!
//! Words of a booking: status, payment status, created, start, total; then any of `USD`, `@channel`, `code=` (product
//! code), `own` (in our own form instead of Bókun's), `list` (with rows in the payment list), `paid=`, `back=`, `tx=`,
//! `type=`. ` + ` joins the lines of a cart. Words of a payment: label, day, yen; ` → ` leads to what was observed
//! next, ` ≠ ` to what a later export says of the same second; ` ; ` parts payments; `H=` sets column H, `id=` the Order
//! ID. A day without a year is of 2026.

/// One special case.
pub(super) struct Scenario {
    /// Which shop, counted from 1.
    pub(super) shop: usize,
    /// Cart code, or the Order ID of a payment without booking: the key of a finding (SPEC §5.6).
    pub(super) key: &'static str,
    /// The booking; empty where there is none.
    pub(super) booking: &'static str,
    /// The payments; empty where there are none.
    pub(super) payments: &'static str,
    /// The finding's code; empty where nothing is wrong.
    pub(super) finding: &'static str,
}

const fn case(
    shop: usize,
    key: &'static str,
    booking: &'static str,
    payments: &'static str,
    finding: &'static str,
) -> Scenario {
    Scenario { shop, key, booking, payments, finding }
}

/// All special cases.
#[rustfmt::skip]
pub(super) const SCENARIOS: &[Scenario] = &[
    // Findings of SPEC §5.4, in its order.
    case(1, "MZ1105001", "CONFIRMED PAID_IN_FULL 11-12 12-05 18000", "審査中 11-12 18000", "unknown_status"),
    case(1, "MZ1105002", "CONFIRMED PAID_IN_FULL 11-05 11-29 12000", "即時売上 11-05 12000 ≠ 即時売上 11-18 9000", "observation_conflict"),
    case(2, "KY2205600", "CONFIRMED PAID_IN_FULL 11-10 12-12 15000 own tx=20261110-KYTX5600", "id=20261110-KYTX5600 H=2205601 即時売上 11-10 15000", "key_conflict"),
    case(2, "KY2205601", "CONFIRMED PAID_IN_FULL 11-09 12-11 9800", "即時売上 11-09 9800", ""),
    case(2, "20261109-KYKX0500", "", "H=2200500 即時売上 11-09 16500", "ambiguous_booking"),
    case(2, "KY2200500", "CONFIRMED NOT_PAID 11-09 12-20 16500", "", ""),
    case(2, "KX2200500", "CONFIRMED NOT_PAID 11-09 12-21 16500", "", ""),
    case(1, "20261104-MZBLANK1", "", "即時売上 11-04 6600", "payment_without_booking"),
    case(1, "20261106-MZTEXT01", "", "H=電話予約 即時売上 11-06 8800", "payment_without_booking"),
    case(2, "20261117-KYNONE01", "", "H=2209999 即時売上 11-17 24200", "payment_without_booking"),
    case(1, "MZ1105003", "CONFIRMED PAID_IN_FULL 11-08 12-24 12050 USD", "即時売上 11-08 18600", "currency_mismatch"),
    case(1, "MZ1105004", "TIMEOUT NOT_PAID 11-14 11-30 22000", "即時売上 11-14 22000", "paid_but_dead"),
    case(1, "MZ1105005", "CANCELLED PAID_IN_FULL 11-02 11-27 26400", "即時売上 11-02 26400", "cancelled_not_refunded"),
    case(2, "KY2205001", "CANCELLED PAID_IN_FULL 2025-12-02 12-10 48000", "即時売上 2025-12-02 48000", "cancelled_not_refunded"),
    case(1, "MZ1105006", "CANCELLED PAID_IN_FULL 2025-11-10 11-15 33000", "即時売上 2025-11-10 33000", "cancelled_not_refunded"),
    case(1, "MZ1105007", "CANCELLED REFUND 11-03 11-21 20000 list paid=20000 back=10000", "即時売上 11-03 20000 → 即時売上 11-19 8000", "refund_mismatch"),
    case(1, "MZ1105008", "CONFIRMED PAID_IN_FULL 11-11 12-01 13200", "即時売上 11-11 13200 ; 即時売上 11-11 13200", "duplicate_payment"),
    case(2, "KY2205002", "CONFIRMED NOT_PAID 11-13 12-07 19800", "即時売上 11-13 19800", "notification_missing"),
    case(2, "KY2205003", "CONFIRMED PAID_IN_FULL 11-06 12-06 14300", "即時売上 11-06 14300 → 返品 11-18 14300", "refunded_not_cancelled"),
    case(1, "MZ1105009", "CONFIRMED PAID_IN_FULL 11-10 12-13 30800", "仮売上 11-10 30800", "not_captured"),
    case(2, "KY2205004", "CONFIRMED PAID_IN_FULL 11-12 12-19 11000", "", "booking_without_payment"),
    case(1, "MZ1105010", "CONFIRMED PAID_IN_FULL 11-16 12-26 18000", "即時売上 11-16 16000", "amount_mismatch"),
    case(2, "KY2205005", "CONFIRMED PAID_IN_FULL 10-28 11-08 21000", "即時売上 10-28 19000", "amount_mismatch"),
    case(2, "KY2205006", "CONFIRMED PAID_IN_FULL 11-05 12-03 5500", "即時売上 11-05 5500 → 返品 11-06 5500 → 即時売上 11-17 5500", "status_reverted"),

    // Cancellation windows that close soon (SPEC §5.5); `refund_due` is KY2205001 above.
    case(1, "MZ1105020", "CONFIRMED PAID_IN_FULL 2025-12-05 2026-12-20 39600", "即時売上 2025-12-05 39600", ""),
    case(1, "MZ1105021", "CONFIRMED PAID_IN_FULL 2025-12-20 2026-12-05 17600", "即時売上 2025-12-20 17600", ""),
    case(2, "20251210-KYNOBK01", "", "H=2209998 即時売上 2025-12-10 7700", "payment_without_booking"),
    case(2, "KY2205020", "ARRIVED PAID_IN_FULL 2025-12-15 2026-03-01 9900", "即時売上 2025-12-15 9900", ""),

    // Awaiting: nothing wrong yet.
    case(1, "20261122-MZLATE01", "", "H=1105090 即時売上 11-22 12100", ""),
    case(1, "MZ1105030", "CONFIRMED PAID_IN_FULL 11-22 12-15 12100", "", ""),
    case(1, "MZ1105031", "PENDING PAID_IN_FULL 11-19 12-22 35200", "即時売上 11-19 35200", ""),
    case(2, "KY2205030", "REQUESTED NOT_PAID 11-20 12-23 8800", "", ""),
    case(2, "KY2205031", "CONFIRMED PAID_IN_FULL 11-22 12-18 14300", "仮売上 11-22 14300", ""),

    // Excluded, by rule.
    case(1, "20261107-MZFAIL01", "", "H=1105091 決済失敗 11-07 9900", ""),
    case(1, "20261113-MZBACK01", "", "即時売上 11-12 4400 → 返品 11-13 4400", ""),
    case(1, "MZ1105040", "CONFIRMED FREE 11-04 11-25 0", "", ""),
    case(1, "MZ1105041", "CONFIRMED INVOICED 11-06 12-02 88000 @Agency", "", ""),
    case(1, "MZ1105042", "CONFIRMED PAID_IN_FULL 11-08 11-08 6600 list paid=6600 type=CASH", "", ""),
    case(1, "MZ1105043", "CONFIRMED NOT_PAID 11-09 12-09 15400 @Import", "", ""),
    case(1, "MZ1105044", "CANCELLED NOT_PAID 11-10 12-10 15400", "", ""),
    case(1, "MZ1105045", "ABORTED NOT_PAID 11-11 12-11 15400", "", ""),
    case(1, "MZ1105046", "CONFIRMED PAID_IN_FULL 11-12 12-12 22000 @Viator", "", ""),
    case(2, "KY2205040", "CONFIRMED PAID_IN_FULL 11-13 12-13 27500 @Viator", "", ""),
    case(1, "MZ1105047", "CONFIRMED PAID_IN_FULL 2025-10-28 2025-11-20 11000", "即時売上 2025-10-28 11000", ""),

    // Matched, each by another way than the ordinary one.
    case(1, "MZ1105060", "CANCELLED REFUND 11-04 11-19 20000 list paid=20000 back=15000", "即時売上 11-04 20000 → 即時売上 11-15 5000", ""),
    case(1, "MZ1105061", "CONFIRMED PAID_IN_FULL 11-05 12-04 8000 code=MZT5199001 + CONFIRMED PAID_IN_FULL 11-05 12-05 4000", "H=5199001 即時売上 11-05 12000", ""),
    case(1, "MZ1105062", "CONFIRMED DEPOSIT 11-06 12-30 50000", "即時売上 11-06 10000", ""),
    case(2, "KY2205060", "CONFIRMED PAID_IN_FULL 11-07 12-08 18700 own tx=20261107-KYTX5060", "id=20261107-KYTX5060 H= 即時売上 11-07 18700", ""),
    case(2, "KY2205061", "CANCELLED REFUND 11-08 11-18 30000 own paid=30000 back=21000", "即時売上 11-08 30000 → 即時売上 11-16 9000", ""),
    case(2, "KY2205062", "CONFIRMED PAID_IN_FULL 11-15 12-27 44000", "決済失敗 11-15 44000 ; 即時売上 11-15 44000", ""),
];
