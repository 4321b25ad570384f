//! The nouns of SPEC §1 as values. Knows nothing of files, clocks, databases, languages or any other module of ours.
//!
//! ```text
//! Observation ──(same shop, same Order ID)──> Payment ──(keys of §5.3)──> MatchGroup <── Booking <── BookingLine
//!                                                │                            │
//!                                          MoneyEvent                 Finding │ matched │ awaiting │ excluded
//! ```

pub mod booking;
pub mod calendar;
pub mod dates;
pub mod delivery;
pub mod finding;
pub mod ids;
pub mod intake;
pub mod money;
pub mod notebook;
pub mod payment;
pub mod policy;
pub mod quiet;
pub mod reconciliation;
pub mod text;
