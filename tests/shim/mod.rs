//! A library under the program that makes its effects on disk and wire fail, and the order in which all are tried.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What happens at an effect.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It fails once, with this error.
    Once(i32),
    /// It and all that follow fail, with this error.
    Ever(i32),
    /// The program is killed before it.
    Before,
    /// The program is killed after it.
    After,
}

/// Input/output error, no space left on the device: their numbers on Linux.
const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// All that can happen at an effect.
pub(crate) const FAULTS: [Fault; 6] =
    [Fault::Once(EIO), Fault::Ever(EIO), Fault::Before, Fault::After, Fault::Once(ENOSPC), Fault::Ever(ENOSPC)];

impl Fault {
    /// The variables that tell the library to do this at the `nth` effect.
    pub(crate) fn at(self, nth: usize) -> Vec<(&'static str, String)> {
        let (mode, error) = match self {
            Self::Once(error) => ("once", error),
            Self::Ever(error) => ("ever", error),
            Self::Before => ("before", 0),
            Self::After => ("after", 0),
        };
        vec![("FAULT_AT", nth.to_string()), ("FAULT_MODE", mode.to_owned()), ("FAULT_ERROR", error.to_string())]
    }
}

/// What makes every rename without overwriting take two steps, as on file systems that know no other way.
pub(crate) fn two_steps() -> (&'static str, String) {
    ("FAULT_TWO_STEPS", "1".to_owned())
}

/// Builds the library in `folder`; a C compiler is there, as SQLite needs one.
pub(crate) fn build(folder: &Path) -> PathBuf {
    let library = folder.join("fault.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim/fault.c");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    assert!(built.expect("a C compiler").success());
    library
}

/// Does `one` for each number from 1 to `last`, on `workers` threads.
pub(crate) fn each(last: usize, workers: usize, one: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(1);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth > last {
                        break;
                    }
                    one(nth);
                }
            });
        }
    });
}

/// Does `one` for every effect, on `workers` threads; each effect with one fault, the faults by turns, or in the long
/// tests with every fault.
pub(crate) fn every_effect(effects: usize, workers: usize, one: impl Fn(usize, Fault) + Sync) {
    let is_all = crate::tier::is_long();
    each(effects, workers, |nth| {
        for (_, fault) in FAULTS.iter().enumerate().filter(|(at, _)| is_all || nth % FAULTS.len() == *at) {
            one(nth, *fault);
        }
    });
}
