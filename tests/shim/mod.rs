//! A library under the program that makes its effects on disk and wire fail, and the order in which all are tried.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Fails once, fails for ever, kills before the effect, kills after it.
const MODES: [&str; 4] = ["once", "ever", "before", "after"];

/// Builds the library in `folder`; a C compiler is there, as SQLite needs one.
pub(crate) fn build(folder: &Path) -> PathBuf {
    let library = folder.join("fault.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim/fault.c");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    assert!(built.expect("a C compiler").success());
    library
}

/// Does `one` for every effect, on `workers` threads; each effect in one mode, the modes by turns, or with
/// `TOTSUGO_FAULTS=all` in every mode.
pub(crate) fn every_effect(effects: usize, workers: usize, one: impl Fn(usize, &str) + Sync) {
    let is_all = std::env::var("TOTSUGO_FAULTS").is_ok_and(|which| which == "all");
    let next = AtomicUsize::new(1);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth > effects {
                        break;
                    }
                    for (_, mode) in MODES.iter().enumerate().filter(|(at, _)| is_all || nth % 4 == *at) {
                        one(nth, mode);
                    }
                }
            });
        }
    });
}
