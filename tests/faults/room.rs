//! Folders that may not be written and disks that are full at every size, as a name space of its own mounts them: root
//! makes one, and so may others where the system lets users have theirs.

use crate::outcome::{Outcome, RUN, contents, fill, merchant, places};
use crate::sandbox::Sandbox;
use crate::shim;
use crate::tier::is_long;
use std::fs;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs `script` where it may mount; none where the system forbids that, which CI's does not.
fn in_a_name_space(sandbox: &Sandbox, script: &str) -> Option<Output> {
    let made = |with: &str| Command::new("unshare").args([with, "true"]).status().is_ok_and(|status| status.success());
    let with = ["-m", "-rm"].into_iter().find(|with| made(with))?;
    let command = Command::new("unshare")
        .args([with, "sh", "-euc", script])
        .env("TOTSUGO", env!("CARGO_BIN_EXE_totsugo"))
        .env("RUN", RUN)
        .current_dir(sandbox.path(""))
        .env_remove("TOTSUGO_CONFIG")
        .output();
    Some(command.expect("a shell"))
}

fn text(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.path(name)).unwrap_or_default()
}

/// The first run has a disk of `$SIZE`; what it leaves is looked at in `between`. Then the disk grows.
const FULL: &str = "mkdir room between end
mount -t tmpfs -o size=$SIZE tmpfs room
cp -R start/. room/
cd room
code=0; \"$TOTSUGO\" $RUN >../first.json 2>../first.err || code=$?
cd ..
echo $code >first.code
cp -R room/. between/
mount -o remount,size=64m room
cd room
code=0; \"$TOTSUGO\" $RUN >../second.json 2>../second.err || code=$?
cd ..
echo $code >second.code
cp -R room/. end/";

/// One disk of `kibibytes`; whether its first run was stopped, or none where nothing can be mounted.
fn full_at(kibibytes: usize, expected: &Outcome) -> Option<bool> {
    let sandbox = Sandbox::empty();
    fill(&sandbox, "start/");
    let originals = contents(&sandbox, &places("start/"));
    let output = in_a_name_space(&sandbox, &FULL.replace("$SIZE", &format!("{kibibytes}k")))?;
    let (said, code) = (text(&sandbox, "first.err"), text(&sandbox, "first.code"));
    let at = format!("{kibibytes} KiB, code {code}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{at}");
    assert!(matches!(code.trim(), "1" | "3"), "{at}");
    assert!(code.trim() != "3" || !said.is_empty(), "{at}");
    assert!(contents(&sandbox, &places("between/")).keys().eq(originals.keys()), "{at}: an original is gone");
    let half = sandbox.find("between/reports", ".xlsx");
    for (name, bytes) in &half {
        let name = name.strip_prefix("between/").expect("below it");
        let digest = totsugo::domain::ids::FileDigest::of(bytes).to_string();
        assert_eq!(expected.workbooks.get(name), Some(&digest), "{at}: half a workbook");
    }
    let second = text(&sandbox, "second.err");
    assert_eq!(text(&sandbox, "second.code").trim(), "1", "{at}\nwith room: {second}");
    assert_eq!(Outcome::of(&sandbox, "end/", &text(&sandbox, "second.json"), &at), *expected, "{at}");
    Some(code.trim() == "3")
}

#[test]
fn s02_a_disk_that_is_full_at_any_size_stops_the_run_and_once_it_has_grown_the_run_completes() {
    let expected = Outcome::settled(&merchant(), RUN, "undisturbed");
    if full_at(16 * 1_024, &expected).is_none() {
        eprintln!("left out: nothing can be mounted here");
        return;
    }
    // Twelve KiB hold the files themselves; from 64 KiB up in steps of 32, or some of these.
    let sizes: Vec<usize> = (64..=1_600).step_by(if is_long() { 32 } else { 192 }).collect();
    let (stopped, completed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    shim::each(sizes.len(), 2, |number| {
        let was_stopped = full_at(sizes[number - 1], &expected).expect("mounted before");
        let count = if was_stopped { &stopped } else { &completed };
        count.fetch_add(1, Ordering::Relaxed);
    });
    let (stopped, completed) = (stopped.into_inner(), completed.into_inner());
    eprintln!("{} sizes: {stopped} stopped the run, {completed} had room", sizes.len());
    assert!(stopped >= 3 && completed >= 1, "{stopped} stopped, {completed} completed");
}

/// `$FOLDER` may not be written in the first run; in the second it may.
const LOCKED: &str = "mkdir -p start/$FOLDER
cd start
mount --bind $FOLDER $FOLDER
mount -o remount,ro,bind $FOLDER
cd ../start
code=0; \"$TOTSUGO\" $RUN >../first.json 2>../first.err || code=$?
cd ..
echo $code >first.code
umount start/$FOLDER";

#[test]
fn s02_a13_any_folder_may_be_read_only_and_the_run_completes_once_it_is_not() {
    let expected = Outcome::settled(&merchant(), RUN, "undisturbed");
    for folder in ["inbox", "archive", "held", "reports", "outbox", "."] {
        let sandbox = Sandbox::empty();
        fill(&sandbox, "start/");
        let originals = contents(&sandbox, &places("start/"));
        let Some(output) = in_a_name_space(&sandbox, &LOCKED.replace("$FOLDER", folder)) else {
            eprintln!("left out: nothing can be mounted here");
            return;
        };
        let (said, code) = (text(&sandbox, "first.err"), text(&sandbox, "first.code"));
        let at = format!("{folder}, code {code}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{at}");
        assert!(matches!(code.trim(), "1" | "3"), "{at}");
        // The folder that may not be written is named, or a file in it.
        let named = if folder == "." { "totsugo." } else { folder };
        assert!(said.contains(named), "{at}");
        assert!(contents(&sandbox, &places("start/")).keys().eq(originals.keys()), "{at}: an original is gone");
        let again = Command::new(env!("CARGO_BIN_EXE_totsugo"))
            .args(RUN.split(' '))
            .current_dir(sandbox.path("start"))
            .env_remove("TOTSUGO_CONFIG")
            .output()
            .expect("the program starts");
        let json = String::from_utf8(again.stdout).expect("UTF-8");
        assert_eq!(again.status.code(), Some(1), "{at}\n{}", String::from_utf8_lossy(&again.stderr));
        assert_eq!(Outcome::of(&sandbox, "start/", &json, &at), expected, "{at}");
    }
}
