//! kill -9 at random times through whole runs of random merchants, several times in a row.

use crate::dice::Dice;
use crate::outcome::{Outcome, RandomMerchant, contents, places};
use crate::sandbox::Sandbox;
use crate::shim;
use crate::tier::times;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Lets a run live for `time`; says whether it was killed before it had ended.
fn killed(sandbox: &Sandbox, run: &str, time: Duration) -> bool {
    let mut child = Command::new(env!("CARGO_BIN_EXE_totsugo"))
        .args(run.split(' '))
        .current_dir(sandbox.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    std::thread::sleep(time);
    // SIGKILL on Unix: nothing is tidied up.
    child.kill().expect("killed");
    child.wait().expect("its end").code().is_none()
}

/// Kills runs of the merchant of `seed` in `rounds` rounds; how many runs were killed.
fn kill_runs_of(seed: u64, rounds: u64) -> usize {
    let merchant = RandomMerchant::of(seed);
    // Every third merchant has been reported in part.
    let fresh = || if seed.is_multiple_of(3) { merchant.reported_in_part() } else { merchant.fresh() };
    let run = &merchant.run;
    let undisturbed = fresh();
    let start = Instant::now();
    let expected = Outcome::settled(&undisturbed, run, &format!("seed {seed}, undisturbed"));
    let whole = start.elapsed();
    let mut dice = Dice::new(!seed);
    let mut kills = 0;
    for round in 1..=rounds {
        let sandbox = fresh();
        let originals = contents(&sandbox, &places(""));
        let mut times_of_death = Vec::new();
        for _ in 0..dice.range(1, 4) {
            let permille = dice.range(0, 1_000);
            if killed(&sandbox, run, whole * u32::try_from(permille).expect("small") / 1_000) {
                kills += 1;
                times_of_death.push(permille);
            }
            let at = format!("seed {seed}, round {round}, killed at {times_of_death:?} ‰ of {whole:?}");
            assert!(contents(&sandbox, &places("")).keys().eq(originals.keys()), "{at}: an original is gone");
        }
        let at = format!("seed {seed}, round {round}, killed at {times_of_death:?} ‰ of {whole:?}");
        assert_eq!(Outcome::settled(&sandbox, run, &at), expected, "{at}");
    }
    kills
}

#[test]
fn s01_m01_a22_killed_at_random_times_a_run_ends_as_if_nothing_had_been() {
    let merchants = usize::try_from(times(14, 100)).expect("small");
    let kills = AtomicUsize::new(0);
    shim::each(merchants, 2, |seed| {
        let of_seed = kill_runs_of(u64::try_from(seed).expect("small"), times(7, 15));
        kills.fetch_add(of_seed, Ordering::Relaxed);
    });
    let kills = kills.into_inner();
    eprintln!("{kills} kills through the runs of {merchants} merchants");
    assert!(kills > merchants * 7, "{kills} kills hit a run");
}
