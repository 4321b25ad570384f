//! What a person asks for beside runs, with every effect of it failing or being the last. Whether it is asked for again or
//! not, the next run comes to what it comes to where nothing was in the way.

use crate::effects::Felt;
use crate::outcome::{Outcome, RUN, contents, merchant, one_more, places, reported};
use crate::sandbox::Sandbox;
use crate::shim;
use std::fs;

/// Something a person asks for.
struct Act {
    command: &'static str,
    /// What there is before it.
    prepare: fn() -> Sandbox,
    /// Its code where it is asked for again: it may have been done, all but the answer.
    again: &'static [i32],
    /// What happens before the next run.
    before_run: fn(&Sandbox),
    /// Whether it must have been asked for until it was done: otherwise a run comes to the same without it.
    is_needed: bool,
}

/// A login page is held.
fn held() -> Sandbox {
    let sandbox = merchant();
    assert_eq!(sandbox.program(&["ingest"]).code, 1, "the login page is held");
    sandbox
}

/// Reported, copied, and reported once more with a payment that the copy does not know.
fn copied() -> Sandbox {
    let sandbox = reported();
    assert_eq!(sandbox.program(&["backup", "copy.db"]).code, 0);
    one_more(&sandbox);
    assert!(sandbox.program(&RUN.split(' ').collect::<Vec<_>>()).code <= 1, "a second report");
    sandbox
}

const ACTS: &[Act] = &[
    Act { command: "held release login.csv", prepare: held, again: &[0, 2], before_run: |_| {}, is_needed: false },
    Act {
        command: "held discard login.csv --reason test",
        prepare: held,
        again: &[0, 2],
        before_run: |sandbox| assert!(!sandbox.path("held/login.csv").exists()),
        is_needed: true,
    },
    Act {
        command: "backup copy.db",
        prepare: reported,
        again: &[0, 2],
        before_run: |sandbox| {
            if sandbox.path("copy.db").exists() {
                let said = sandbox.program(&["restore", "copy.db", "--dry-run"]);
                assert_eq!(said.code, 0, "a copy that is there is whole: {}", said.err);
            }
        },
        is_needed: false,
    },
    // What the copy does not know comes in again, whether the history is the copy or the one of before.
    Act {
        command: "restore copy.db --reason test",
        prepare: copied,
        again: &[0],
        before_run: one_more,
        is_needed: false,
    },
];

/// A copy that nobody asked for again stays half written beside where it was to be.
fn forget_half_copies(sandbox: &Sandbox, at: &str) {
    for ending in [".part", ".part-journal"] {
        for name in sandbox.find("", ending).into_keys() {
            let is_copy = ["copy.db", "totsugo.db.restored"].iter().any(|copy| name == format!("{copy}{ending}"));
            assert!(is_copy, "{at}: {name} is half written");
            fs::remove_file(sandbox.path(&name)).expect("removed");
        }
    }
}

#[test]
fn s01_s02_s05_any_effect_of_what_a_person_asks_for_may_fail_or_be_the_last() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = shim::build(folder.path());
    for act in ACTS {
        let Act { command, prepare, again, before_run, is_needed } = act;
        let asked_again = |sandbox: &Sandbox, at: &str| {
            let said = sandbox.program(&command.split(' ').collect::<Vec<_>>());
            assert!(again.contains(&said.code), "{at}, asked again: {}\n{}", said.code, said.err);
        };
        let undisturbed = prepare();
        let originals = contents(&undisturbed, &places(""));
        let first = shim::disturbed(&undisturbed, &library, command, &[]);
        assert_eq!(first.code, Some(0), "{command}: {}", first.said);
        before_run(&undisturbed);
        let expected = Outcome::settled(&undisturbed, RUN, command).whenever_read();
        let felt = Felt::default();
        shim::every_effect(first.effects, 2, |nth, fault| {
            for is_asked_again in [true, false] {
                let sandbox = prepare();
                let result = shim::disturbed(&sandbox, &library, command, &fault.at(nth));
                let at = format!("{command}: effect {nth}, {fault:?}, code {:?}\n{}", result.code, result.said);
                result.assert_told(&at);
                assert!(contents(&sandbox, &places("")).keys().eq(originals.keys()), "{at}: an original is gone");
                if is_asked_again || *is_needed {
                    asked_again(&sandbox, &at);
                } else {
                    forget_half_copies(&sandbox, &at);
                }
                before_run(&sandbox);
                let run = sandbox.program(&RUN.split(' ').collect::<Vec<_>>());
                if run.code == 3 {
                    // No history where there was one: what was begun has to be done first, and the words say so.
                    assert!(run.err.contains("restore"), "{at}\n{}", run.err);
                    asked_again(&sandbox, &at);
                }
                assert_eq!(Outcome::settled(&sandbox, RUN, &at).whenever_read(), expected, "{at}");
                let journals = sandbox.find("", "-journal");
                assert!(journals.is_empty(), "{at}: {:?}", journals.keys());
                felt.add(&result);
            }
        });
        let (done, stopped) = felt.counts();
        eprintln!("{command}: {} effects, {done} faults, {stopped} of them stopped it", first.effects);
    }
}
