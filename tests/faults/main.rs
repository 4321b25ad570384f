//! What may happen to a run: every effect on files fails or is the last, also in the run after that; folders that may not
//! be written; disks of every size; kills at any time. Afterwards an undisturbed run comes to the outcome that it would
//! have come to without all this, to the byte (FAULTS, "Enumerated side effects"; promises 5 and 6).
//!
//! `TOTSUGO_LONG_TESTS` does all of it, else a part by turns. A failure names what to do again.

#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]
#![expect(clippy::print_stderr, reason = "the experiments say how much they did")]

mod acts;
#[path = "../oracle/dice.rs"]
mod dice;
mod effects;
#[path = "../oracle/generate.rs"]
mod generate;
mod kills;
#[path = "../oracle/merchant.rs"]
mod merchant;
mod outcome;
mod room;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../sandbox/mod.rs"]
mod sandbox;
#[path = "../shim/mod.rs"]
mod shim;
mod syscalls;
#[path = "../tier/mod.rs"]
mod tier;
#[path = "../oracle/write.rs"]
mod write;
