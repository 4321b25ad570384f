//! The only file that reads the wall clock.

use chrono::{DateTime, FixedOffset, Utc};

/// Seconds east of Greenwich of Japan Standard Time, which has no summer time.
const JST_SECONDS: i32 = 9 * 3_600;

/// What time it is, in JST whatever the host's zone.
pub fn now() -> DateTime<FixedOffset> {
    let offset = FixedOffset::east_opt(JST_SECONDS).unwrap_or_else(|| chrono::Offset::fix(&Utc));
    Utc::now().with_timezone(&offset)
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
