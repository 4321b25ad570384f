//! Reconciling through its public face (SPEC §4.3, §4.4, §5). Names carry the faults of FAULTS.md section R.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests stop the test")]

mod facts;
mod findings;
mod matching;
mod observations;
mod properties;
mod quiet;
mod results;
mod steps;
