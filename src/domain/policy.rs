//! What may be configured per shop about reconciling, already validated (SPEC §2 `[policy]`, `[[shops]]`).

use super::dates::Day;
use super::ids::ShopId;

/// The numbers and rules a shop is reconciled by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Card cancellation window in days, counted from the sale date.
    pub cancel_window_days: i32,
    /// How many days before the safe day a payment is listed.
    pub expiring_within_days: i32,
    /// How many days one side may lag before it is a finding.
    pub grace_days: i32,
    /// The longest, in days, that missing data of the other side excuses an item.
    pub awaiting_max_days: i32,
    /// Cut-over date: older items are excluded by the rule `before_history_start`.
    pub history_start: Option<Day>,
    /// Rejected rows tolerated in a file before it is held whole.
    pub max_rejects: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            cancel_window_days: 365,
            expiring_within_days: 30,
            grace_days: 1,
            awaiting_max_days: 7,
            history_start: None,
            max_rejects: 0,
        }
    }
}

/// A named rule that takes bookings out. All stated conditions must hold; words are compared folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExcludeRule {
    /// Its name, shown in the report.
    pub name: String,
    /// Booking channels it takes out.
    pub channel: Vec<String>,
}

/// One shop as reconciliation sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shop {
    /// GMO Shop ID.
    pub id: ShopId,
    /// Name shown to people.
    pub name: String,
    /// Upper-case prefixes of the cart codes that are this shop's.
    pub booking_prefixes: Vec<String>,
    /// Rules that take bookings out.
    pub exclude: Vec<ExcludeRule>,
    /// Its policy.
    pub policy: Policy,
}
