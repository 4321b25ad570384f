//! The only file that reads the wall clock.

use crate::domain::dates::JST;
use chrono::{DateTime, FixedOffset, Utc};

/// What time it is, in JST whatever the host's zone.
pub fn now() -> DateTime<FixedOffset> {
    Utc::now().with_timezone(&JST)
}

/// A time that has passed on every right clock: when this version was being made (FAULTS C04).
pub fn released() -> DateTime<Utc> {
    /// 2026-11-24 00:00:00 UTC.
    const SECONDS: i64 = 1_795_478_400;
    DateTime::from_timestamp(SECONDS, 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_lies_in_the_past() {
        assert_eq!(released().to_rfc3339(), "2026-11-24T00:00:00+00:00");
        assert!(released() < now());
    }
}
