//! How much of a test that could go on for hours is done: a part of it with every change, all of it where
//! `TOTSUGO_LONG_TESTS` is set.

/// Whether all of it is asked for.
pub(crate) fn is_long() -> bool {
    std::env::var_os("TOTSUGO_LONG_TESTS").is_some()
}

/// How often: few times in the usual tests, many in the long ones.
pub(crate) fn times(usual: u64, long: u64) -> u64 {
    if is_long() { long } else { usual }
}
