//! Every effect on files, one after the other: fails once, fails for ever after, and ends the program before and after
//! it, in a run and in the run that recovers from a crash.
//!
//! `shim/fault.c` does it by standing between the program and the C library, so nothing in the program knows of it.

use crate::dice::Dice;
use crate::outcome::{Outcome, RUN, RandomMerchant, contents, merchant, places};
use crate::sandbox::Sandbox;
use crate::shim::{self, Disturbed, FAULTS, Fault, disturbed};
use crate::tier::times;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many faults there were, and how many of them stopped the program.
#[derive(Default)]
pub(crate) struct Felt {
    done: AtomicUsize,
    stopped: AtomicUsize,
}

impl Felt {
    pub(crate) fn add(&self, result: &Disturbed) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.stopped.fetch_add(usize::from(result.code.is_none_or(|code| code == 3)), Ordering::Relaxed);
    }

    pub(crate) fn counts(self) -> (usize, usize) {
        (self.done.into_inner(), self.stopped.into_inner())
    }
}

/// A run that is disturbed loses no original, and the next one ends as if nothing had been.
fn recovers(
    (sandbox, library): (&Sandbox, &Path),
    run: &str,
    variables: &[(&str, String)],
    at: &str,
    expected: &Outcome,
    felt: &Felt,
) {
    let originals = contents(sandbox, &places(""));
    let result = disturbed(sandbox, library, run, variables);
    let at = format!("{at}, code {:?}\n{}", result.code, result.said);
    result.assert_told(&at);
    assert!(contents(sandbox, &places("")).keys().eq(originals.keys()), "{at}: an original is gone");
    assert_eq!(Outcome::settled(sandbox, run, &at), *expected, "{at}");
    felt.add(&result);
}

#[test]
fn s01_s02_s03_x07_any_effect_may_fail_or_be_the_last() {
    any_effect_may_fail_or_be_the_last(&[]);
}

/// Network folders and some others cannot rename without overwriting: a link is made, then the old name removed.
#[test]
fn s01_x07_x08_where_renaming_takes_two_steps_any_effect_may_fail_or_be_the_last() {
    any_effect_may_fail_or_be_the_last(&[shim::two_steps()]);
}

fn any_effect_may_fail_or_be_the_last(on: &[(&'static str, String)]) {
    let folder = tempfile::tempdir().expect("a folder");
    let library = shim::build(folder.path());
    let undisturbed = merchant();
    let originals = contents(&undisturbed, &places(""));
    let effects = disturbed(&undisturbed, &library, RUN, on).effects;
    assert!(effects > 30, "{effects} effects");
    let expected = Outcome::settled(&merchant(), RUN, "undisturbed");
    assert_eq!((expected.mails.len(), expected.workbooks.len()), (1, 1), "{expected:?}");
    assert_eq!((&expected.held, &expected.originals), (&vec!["login.csv".to_owned()], &originals));
    let felt = Felt::default();
    shim::every_effect(effects, 2, |nth, fault| {
        let variables = [fault.at(nth), on.to_vec()].concat();
        recovers(
            (&merchant(), &library),
            RUN,
            &variables,
            &format!("{on:?}, effect {nth}, {fault:?}"),
            &expected,
            &felt,
        );
    });
    let (done, stopped) = felt.counts();
    eprintln!("{effects} effects, {done} faults, {stopped} of them stopped the run");
    assert!(stopped * 2 > done, "{stopped} of {done} were felt");
}

/// Random merchants, half of them with a report of their first files before the run that is disturbed: what is already
/// known, issued and held is in the way of nothing.
#[test]
fn s01_s02_x07_any_fault_in_first_and_later_runs_of_random_merchants() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = shim::build(folder.path());
    let merchants = usize::try_from(times(12, 300)).expect("small");
    let felt = Felt::default();
    shim::each(merchants, 2, |seed| {
        let merchant = RandomMerchant::of(u64::try_from(seed).expect("small"));
        let prepared = || if seed.is_multiple_of(2) { merchant.fresh() } else { merchant.reported_in_part() };
        let on = if seed % 4 < 2 { Vec::new() } else { vec![shim::two_steps()] };
        let run = &merchant.run;
        let effects = disturbed(&prepared(), &library, run, &on).effects;
        let expected = Outcome::settled(&prepared(), run, &format!("seed {seed}, undisturbed"));
        let mut dice = Dice::new(u64::try_from(seed).expect("small"));
        for _ in 0..times(5, 20) {
            let nth = dice.range(1, i64::try_from(effects).expect("small"));
            let (nth, fault) = (usize::try_from(nth).expect("small"), *dice.pick(&FAULTS));
            let variables = [fault.at(nth), on.clone()].concat();
            let at = format!("seed {seed}, {on:?}, effect {nth} of {effects}, {fault:?}");
            recovers((&prepared(), &library), run, &variables, &at, &expected, &felt);
        }
    });
    let (done, stopped) = felt.counts();
    eprintln!("{done} faults in runs of {merchants} merchants, {stopped} of them stopped the run");
    assert!(stopped * 2 > done, "{stopped} of {done} were felt");
}

/// A crash at an effect; then a fault at an effect of the run that finds what the crash left.
#[test]
fn s01_s03_a_crash_and_then_any_fault_in_the_run_that_recovers() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = shim::build(folder.path());
    let effects = disturbed(&merchant(), &library, RUN, &[]).effects;
    let expected = Outcome::settled(&merchant(), RUN, "undisturbed");
    let crashes = effects / usize::try_from(times(12, 1)).expect("small");
    let done = AtomicUsize::new(0);
    shim::each(crashes, 2, |number| {
        let nth = number * effects / crashes;
        let crash = if number.is_multiple_of(2) { Fault::Before } else { Fault::After };
        let crashed = || {
            let sandbox = merchant();
            let result = disturbed(&sandbox, &library, RUN, &crash.at(nth));
            assert_eq!(result.code, None, "{crash:?} {nth}: killed");
            sandbox
        };
        let recovering = disturbed(&crashed(), &library, RUN, &[]).effects;
        let mut dice = Dice::new(u64::try_from(nth).expect("small"));
        for _ in 0..times(2, 3) {
            let second = dice.range(1, i64::try_from(recovering).expect("small"));
            let (second, fault) = (usize::try_from(second).expect("small"), *dice.pick(&FAULTS));
            let sandbox = crashed();
            let result = disturbed(&sandbox, &library, RUN, &fault.at(second));
            let at = format!("{crash:?} {nth}, then {fault:?} at {second} of {recovering}\n{}", result.said);
            result.assert_told(&at);
            assert_eq!(Outcome::settled(&sandbox, RUN, &at), expected, "{at}");
            done.fetch_add(1, Ordering::Relaxed);
        }
    });
    eprintln!("{crashes} crashes, {} faults of the runs after them", done.into_inner());
}

#[test]
fn a04_a_read_that_fails_at_any_place_leaves_the_file_for_the_next_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = shim::build(folder.path());
    let reading = |more: Vec<(&'static str, String)>| [vec![("FAULT_READ", "/inbox/".to_owned())], more].concat();
    let reads = disturbed(&merchant(), &library, "ingest", &reading(Vec::new())).effects;
    assert!(reads >= 3, "{reads} reads");
    for nth in 1..=reads {
        let sandbox = merchant();
        let originals = contents(&sandbox, &places(""));
        let result = disturbed(&sandbox, &library, "ingest", &reading(FAULTS[0].at(nth)));
        assert_eq!(result.code, Some(1), "read {nth}: {}", result.said);
        assert!(result.said.contains("could not be handled"), "read {nth}: {}", result.said);
        assert_eq!(sandbox.find("inbox", "").len(), 1, "read {nth}: it stays, the others are taken in");
        assert_eq!(contents(&sandbox, &places("")), originals, "read {nth}");
        // Held again where it was the login page that could not be read.
        assert!(sandbox.program(&["ingest"]).code <= 1, "read {nth}");
        assert_eq!(contents(&sandbox, &places("")), originals, "read {nth}");
        assert!(sandbox.find("inbox", "").is_empty(), "read {nth}");
    }
}

/// The history cannot be read at some place, once or from there on: nothing is guessed, and nothing is half done.
#[test]
fn s03_s08_a_read_of_the_history_that_fails_stops_the_run_or_changes_nothing_of_its_outcome() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = shim::build(folder.path());
    let reading = |more: Vec<(&'static str, String)>| [vec![("FAULT_READ", "totsugo.db".to_owned())], more].concat();
    let started = || {
        let sandbox = merchant();
        assert_eq!(sandbox.program(&["ingest"]).code, 1, "the login page is held");
        sandbox
    };
    let reads = disturbed(&started(), &library, RUN, &reading(Vec::new())).effects;
    assert!(reads > 5, "{reads} reads");
    let expected = Outcome::settled(&started(), RUN, "undisturbed");
    let stopped = AtomicUsize::new(0);
    shim::each(reads, 2, |nth| {
        for fault in [FAULTS[0], FAULTS[1]] {
            let sandbox = started();
            let result = disturbed(&sandbox, &library, RUN, &reading(fault.at(nth)));
            let at = format!("read {nth} of {reads}, {fault:?}, code {:?}\n{}", result.code, result.said);
            result.assert_told(&at);
            stopped.fetch_add(usize::from(result.code == Some(3)), Ordering::Relaxed);
            assert_eq!(Outcome::settled(&sandbox, RUN, &at), expected, "{at}");
        }
    });
    let stopped = stopped.into_inner();
    eprintln!("{reads} reads of the history failed once and for ever, {stopped} stopped the run");
    assert!(stopped > reads, "{stopped} of {}", 2 * reads);
}
