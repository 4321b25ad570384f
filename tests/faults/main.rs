//! Every effect on files, one after the other: fails once, fails for ever after, and ends the program before and after
//! it; then a restart without faults must find everything whole (FAULTS, "Enumerated side effects").
//!
//! `shim/fault.c` does it by standing between the program and the C library, so nothing in the program knows of it.

#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../sandbox/mod.rs"]
mod sandbox;
#[path = "../shim/mod.rs"]
mod shim;

use sandbox::Sandbox;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use totsugo::store::Store;

const RUN: &str = "run --from 2026-11-01 --to 2026-11-22 --as-of 2026-11-23 --json";

/// One export that is good, one that is held, one whose content comes twice.
fn merchant() -> Sandbox {
    let sandbox = Sandbox::minimal("en");
    let config = fs::read_to_string(sandbox.path("totsugo.toml")).expect("a configuration");
    let mail = "[mail]\nallowed_domains = [\"example.co.jp\"]\n[[shops]]";
    let config = config.replace("[[shops]]", mail) + "recipients = [\"keiri@example.co.jp\"]\n";
    sandbox.write("totsugo.toml", config.as_bytes());
    let heading = "ショップID,オーダーID,取引状態,処理日時,利用金額,税送料,決済方法,加盟店自由項目1\r\n";
    let row = "9200000000001,A-1,即時売上,2026/11/02 10:00:00,5000,300,クレジットカード,1102481\r\n";
    for name in ["a.csv", "copy of a.csv"] {
        sandbox.write(&format!("inbox/{name}"), format!("{heading}{row}").as_bytes());
    }
    sandbox.write("inbox/login.csv", b"<html>logged out</html>\n");
    sandbox
}

/// What went wrong, and what the program said.
struct Disturbed {
    code: Option<i32>,
    said: String,
    effects: usize,
}

fn disturbed(sandbox: &Sandbox, library: &Path, arguments: &str, fault: &[(&str, &str)]) -> Disturbed {
    let log = sandbox.path("effects.log");
    let output = Command::new(env!("CARGO_BIN_EXE_totsugo"))
        .args(arguments.split(' '))
        .current_dir(sandbox.path(""))
        .env("LD_PRELOAD", library)
        .env("FAULT_LOG", &log)
        .envs(fault.iter().copied())
        .output()
        .expect("the program starts");
    let effects = fs::read_to_string(&log).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    drop(fs::remove_file(log));
    assert!(output.status.code().is_some() || output.status.signal() == Some(9), "{:?}", output.status);
    Disturbed { code: output.status.code(), said: String::from_utf8_lossy(&output.stderr).into_owned(), effects }
}

/// The files below a folder by content, without reasons.
fn contents(sandbox: &Sandbox, folders: &[&str]) -> BTreeMap<Vec<u8>, usize> {
    let mut found = BTreeMap::new();
    let files = folders.iter().flat_map(|folder| sandbox.find(folder, ""));
    for (_, bytes) in files.filter(|(name, _)| !name.ends_with(".reason.txt") && !name.ends_with(".part")) {
        *found.entry(bytes).or_default() += 1;
    }
    found
}

fn figures(json: &Value) -> Vec<Value> {
    let shop = &json["shops"][0];
    ["sales", "matched", "findings", "excluded", "awaiting", "proof"].iter().map(|part| shop[*part].clone()).collect()
}

#[test]
fn s01_s02_s03_x07_any_effect_may_fail_or_be_the_last() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = shim::build(folder.path());
    let undisturbed = merchant();
    let originals = contents(&undisturbed, &["inbox"]);
    let effects = disturbed(&undisturbed, &library, RUN, &[]).effects;
    assert!(effects > 30, "{effects} effects");
    let expected = figures(&undisturbed.json(&RUN.split(' ').collect::<Vec<_>>(), 1));
    let stopped = AtomicUsize::new(0);
    shim::every_effect(effects, 2, |nth, mode| {
        let was_stopped = fail_at(&library, nth, mode, &originals, &expected);
        stopped.fetch_add(usize::from(was_stopped), Ordering::Relaxed);
    });
    let stopped = stopped.into_inner();
    assert!(stopped * 2 > effects, "{stopped} of {effects} were felt");
}

/// One run with one fault, then one without; says whether the first was stopped.
fn fail_at(library: &Path, nth: usize, mode: &str, originals: &BTreeMap<Vec<u8>, usize>, expected: &[Value]) -> bool {
    let places = ["inbox", "archive", "held"];
    let sandbox = merchant();
    let number = nth.to_string();
    let result = disturbed(&sandbox, library, RUN, &[("FAULT_AT", &number), ("FAULT_MODE", mode)]);
    let at = format!("effect {nth}, {mode}, code {:?}\n{}", result.code, result.said);
    assert!(matches!(result.code, None | Some(0 | 1 | 3)), "{at}");
    assert!(result.code != Some(3) || !result.said.is_empty(), "{at}");
    assert!(contents(&sandbox, &places).keys().eq(originals.keys()), "{at}: an original is gone");
    let json = sandbox.json(&RUN.split(' ').collect::<Vec<_>>(), 1);
    assert_eq!(figures(&json), expected, "{at}");
    assert_eq!(contents(&sandbox, &places), *originals, "{at}: each in one place");
    assert!(sandbox.find("inbox", "").is_empty(), "{at}");
    let (mails, revision) = (sandbox.find("outbox", ".eml").len(), &json["shops"][0]["revision"]);
    assert_eq!((mails, revision), (1, &Value::from(1)), "{at}: one mail, one revision");
    let store = Store::open(&sandbox.path("totsugo.db"), "test").expect(&at);
    store.verify().expect(&at);
    let held: Vec<String> = store.held().expect(&at).into_iter().map(|file| file.name).collect();
    assert_eq!(held, ["login.csv"], "{at}: what is held is known");
    assert!(sandbox.path("held/login.csv.reason.txt").exists(), "{at}");
    let unfinished = sandbox.find("", ".part");
    assert!(unfinished.is_empty(), "{at}: {:?}", unfinished.keys());
    result.code.is_none_or(|code| code == 3)
}

#[test]
fn a04_a_read_that_fails_at_any_place_leaves_the_file_for_the_next_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = shim::build(folder.path());
    let reads = disturbed(&merchant(), &library, "ingest", &[("FAULT_READ", "/inbox/")]).effects;
    assert!(reads >= 3, "{reads} reads");
    for nth in 1..=reads {
        let sandbox = merchant();
        let originals = contents(&sandbox, &["inbox"]);
        let number = nth.to_string();
        let fault = [("FAULT_READ", "/inbox/"), ("FAULT_AT", number.as_str()), ("FAULT_MODE", "once")];
        let result = disturbed(&sandbox, &library, "ingest", &fault);
        assert_eq!(result.code, Some(1), "read {nth}: {}", result.said);
        assert!(result.said.contains("could not be handled"), "read {nth}: {}", result.said);
        assert_eq!(sandbox.find("inbox", "").len(), 1, "read {nth}: it stays, the others are taken in");
        assert_eq!(contents(&sandbox, &["inbox", "archive", "held"]), originals, "read {nth}");
        // Held again where it was the login page that could not be read.
        assert!(sandbox.program(&["ingest"]).code <= 1, "read {nth}");
        assert_eq!(contents(&sandbox, &["archive", "held"]), originals, "read {nth}");
    }
}
