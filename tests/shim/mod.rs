//! A library under the program that makes its effects on disk and wire fail, and the order in which all are tried.

use crate::sandbox::Sandbox;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
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

/// What became of the program, what it said, and how many effects there were.
pub(crate) struct Disturbed {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
    pub(crate) effects: usize,
}

/// Runs the program above the library, with `arguments` parted by spaces and these variables.
pub(crate) fn disturbed(sandbox: &Sandbox, library: &Path, arguments: &str, variables: &[(&str, String)]) -> Disturbed {
    let log = sandbox.path("effects.log");
    let output = Command::new(env!("CARGO_BIN_EXE_totsugo"))
        .args(arguments.split(' '))
        .current_dir(sandbox.path(""))
        .env("LD_PRELOAD", library)
        .env("FAULT_LOG", &log)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .output()
        .expect("the program starts");
    let effects = fs::read_to_string(&log).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    drop(fs::remove_file(log));
    assert!(output.status.code().is_some() || output.status.signal() == Some(9), "{:?}", output.status);
    Disturbed { code: output.status.code(), said: String::from_utf8_lossy(&output.stderr).into_owned(), effects }
}

impl Disturbed {
    /// A fault may stop the program with its code, or be survived; it never passes for a mistake of the user.
    pub(crate) fn assert_told(&self, at: &str) {
        assert!(matches!(self.code, None | Some(0 | 1 | 3)), "{at}");
        assert!(self.code != Some(3) || !self.said.is_empty(), "{at}");
    }
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
