//! EIO from the kernel's side of the border: strace lets the n-th call of each kind fail, whoever makes it. What the
//! library between program and C library cannot see is in it too: looks at files, lists of folders, mapped memory.

use crate::outcome::{Outcome, RUN, contents, merchant, one_more, places, reported};
use crate::sandbox::Sandbox;
use crate::shim;
use crate::tier::is_long;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls that say something about files or change them, with another name where some systems have none of the first.
const CALLS: &[&str] = &[
    "openat",
    "read",
    "pread64",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "statx",
    "newfstatat",
    "fstat",
    "getdents64",
    "rename",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "mkdir",
    "fcntl",
    "lseek",
    "copy_file_range",
];

/// A run of which the `nth` call of `call` fails; its code, what it said and how often it made that call.
fn traced(sandbox: &Sandbox, call: &str, nth: usize) -> (Option<i32>, String, usize) {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let inject = format!("inject={call}:error=EIO:when={nth}");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "signal=none", "-o"]).arg(log.path()).args(["-e", &format!("trace={call}")]);
    if nth > 0 {
        command.args(["-e", &inject]);
    }
    let output = command
        .arg(env!("CARGO_BIN_EXE_totsugo"))
        .args(RUN.split(' '))
        .current_dir(sandbox.path(""))
        .env_remove("TOTSUGO_CONFIG")
        .output()
        .expect("strace");
    let calls = fs::read_to_string(log.path()).map_or(0, |text| text.lines().filter(|line| line.contains('(')).count());
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned(), calls)
}

#[test]
#[ignore = "needs strace; .ci/run has it"]
fn s03_a04_eio_from_the_kernel_at_any_call_loses_and_repeats_nothing() {
    any_call_may_fail(merchant);
}

/// What is known, issued and held already is not lost from sight either.
#[test]
#[ignore = "needs strace; .ci/run has it"]
fn s03_a04_eio_from_the_kernel_at_any_call_of_a_later_run_loses_and_repeats_nothing() {
    any_call_may_fail(|| {
        let sandbox = reported();
        one_more(&sandbox);
        sandbox
    });
}

fn any_call_may_fail(prepare: fn() -> Sandbox) {
    let expected = Outcome::settled(&prepare(), RUN, "undisturbed");
    let (mut done, mut stopped) = (0, 0);
    for call in CALLS {
        let (code, _, calls) = traced(&prepare(), call, 0);
        assert_eq!(code, Some(1), "{call}: traced only");
        // Everything, or a dozen calls of each kind.
        let step = if is_long() { 1 } else { calls.div_ceil(6).max(1) };
        let stops = AtomicUsize::new(0);
        let count = calls / step;
        // A lock that could not be let go is waited for a minute before the run gives up.
        let workers = if *call == "fcntl" { 16 } else { 2 };
        shim::each(count, workers, |number| {
            let nth = number * step;
            let sandbox = prepare();
            let originals = contents(&sandbox, &places(""));
            let (code, said, _) = traced(&sandbox, call, nth);
            let at = format!("{call} {nth} of {calls}, code {code:?}\n{said}");
            // 2: the configuration could not be read; 127: the program could not even be loaded.
            assert!(matches!(code, Some(0..=3 | 127)), "{at}");
            stops.fetch_add(usize::from(code != Some(1)), Ordering::Relaxed);
            assert!(contents(&sandbox, &places("")).keys().eq(originals.keys()), "{at}: an original is gone");
            let outcome = Outcome::settled(&sandbox, RUN, &at);
            if said.contains("could not be handled") {
                assert_eq!(outcome.whenever_read(), expected.clone().whenever_read(), "{at}");
            } else {
                assert_eq!(outcome, expected, "{at}");
            }
        });
        done += count;
        stopped += stops.into_inner();
    }
    eprintln!("{done} calls failed with EIO, {stopped} of them stopped the run");
    assert!(stopped * 5 > done, "{stopped} of {done} were felt");
}
