//! The shape of the code, kept by a test: what a module must not know, who may import whom, and where a crate may stand.
//!
//! Only program text is judged: comments, `tests.rs` files and `#[cfg(test)] mod tests` at the end of a file are not.

#![expect(clippy::expect_used, reason = "a test may stop where it cannot go on")]

use std::fs;
use std::path::{Path, PathBuf};

/// Modules that must give the same answer everywhere and at any time.
const PURE: &[&str] =
    &["domain", "read", "normalise", "notes", "reconcile", "report", "locale", "mail", "console", "demo", "schedule"];

/// What a pure module must not mention, and why.
const IMPURE: &[(&str, &str)] = &[
    ("std::fs", "files belong to inbox, store, config, templates and run"),
    ("std::env", "the environment is read by cli and config"),
    ("std::net", "nothing pure talks to a network"),
    ("std::process", "nothing pure starts or ends a process"),
    ("std::thread", "order must not depend on threads"),
    ("std::time::Instant", "the as-of date is handed in"),
    ("SystemTime::now", "the as-of date is handed in"),
    ("Instant::now", "the as-of date is handed in"),
    ("Utc::now", "the as-of date is handed in"),
    ("Local::now", "the as-of date is handed in"),
    ("tokio", "nothing pure waits"),
    ("async", "nothing pure waits"),
    ("rusqlite", "only store speaks SQL"),
];

/// Which modules of ours a module may import. One that is not listed here must be given a line.
const EDGES: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("error", &["domain"]),
    ("clock", &["domain"]),
    ("durable", &["domain"]),
    ("locale", &["domain"]),
    ("console", &["domain"]),
    ("demo", &["domain"]),
    ("schedule", &["domain"]),
    ("read", &["domain"]),
    ("normalise", &["domain", "read"]),
    ("reconcile", &["domain"]),
    ("notes", &["domain", "locale", "read"]),
    ("inbox", &["domain", "durable"]),
    ("store", &["domain", "durable", "schedule"]),
    ("report", &["domain", "locale"]),
    ("mail", &["domain", "locale"]),
    // Addresses are checked once, by the rules of the mail that uses them.
    ("config", &["domain", "durable", "locale", "console", "mail", "schedule"]),
    ("templates", &["durable", "locale", "mail"]),
    // Takes finished bytes out of the store and asks the configuration where to; makes the operator's mails itself.
    ("post", &["domain", "durable", "locale", "config", "mail", "store", "templates"]),
    ("run", &["*"]),
    ("daemon", &["*"]),
    ("cli", &["*"]),
    ("main", &["*"]),
    ("lib", &["*"]),
];

/// Crates with one place, and why.
const PLACES: &[(&str, &[&str], &str)] = &[
    ("calamine", &["src/read/xlsx.rs"], "one file knows how a workbook is read"),
    ("rust_xlsxwriter", &["src/report/xlsx", "src/demo/"], "one file knows how a workbook is written"),
    ("rusqlite", &["src/store/", "src/store.rs"], "all SQL is in the store"),
    ("croner", &["src/schedule/cron.rs"], "one reading of cron expressions"),
    ("tokio_cron_scheduler", &["src/daemon/ticker.rs"], "it only ticks; the slot ledger decides"),
    ("tokio", &["src/daemon/"], "waiting belongs to the daemon; runs are blocking work"),
    ("lettre", &["src/mail/mime.rs"], "one file knows how a message is built"),
    ("rustls", &["src/post/wire.rs"], "one file knows how bytes are encrypted"),
];

/// What may stand at the top level.
const TOP: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "src",
    "templates",
    "schedules",
    "tests",
    "benches",
    "fuzz",
    "docs",
    ".cargo",
    ".ci",
    ".config",
    ".clippy.toml",
    ".rustfmt.toml",
    ".deny.toml",
    ".gitignore",
    ".git",
    "target",
    "sample",
];

const MAX_LINES: usize = 500;

/// Written in two parts so that this file does not complain about itself.
const UNFINISHED: &[&str] =
    &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK"), concat!("to", "do!")];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(under: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(under)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).expect("below the root").display().to_string().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).expect("UTF-8 source")));
            }
        }
    }
    found.sort();
    found
}

fn is_test(path: &str) -> bool {
    Path::new(path).iter().any(|part| part == "tests" || part == "tests.rs")
}

/// The program text: no comments, no test module at the end, brace imports written out.
fn program(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let comment = |line: &str| line.trim_start().starts_with("//");
    let mut text = text.lines().map(|line| if comment(line) { "" } else { line }).collect::<Vec<_>>().join("\n");
    for start in ["std::{", "crate::{", "std::time::{"] {
        let mut from = 0;
        while let Some(at) = text[from..].find(start).map(|at| at + from) {
            let (inner, after) = braces(&text[at + start.len()..]);
            let prefix = start.trim_end_matches('{');
            let all: String = inner.iter().map(|part| format!("{prefix}{part}; ")).collect();
            let end = text.len() - after;
            text.replace_range(at..end, &all);
            from = at + prefix.len();
        }
    }
    text
}

/// The parts of a brace list, and how much text follows it.
fn braces(text: &str) -> (Vec<String>, usize) {
    let (mut depth, mut part, mut parts) = (0, String::new(), Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '}' if depth == 0 => {
                parts.push(part.trim().to_owned());
                return (parts, text.len() - at - 1);
            }
            ',' if depth == 0 => parts.push(std::mem::take(&mut part).trim().to_owned()),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                part.push(c);
            }
        }
    }
    (parts, 0)
}

/// The lines on which `word` stands by itself.
fn mentions(text: &str, word: &str) -> Vec<usize> {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let whole = |line: &str| {
        line.match_indices(word)
            .any(|(at, _)| !is_part(line[..at].chars().next_back()) && !is_part(line[at + word.len()..].chars().next()))
    };
    text.lines().enumerate().filter(|(_, line)| whole(line)).map(|(at, _)| at + 1).collect()
}

fn module(path: &str) -> &str {
    let below = path.strip_prefix("src/").unwrap_or(path);
    below.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

/// Everything that is wrong with one source file.
fn complaints(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !text.starts_with("//!") {
        found.push(format!("{path}: must open with `//!`, saying what it is for"));
    }
    for word in UNFINISHED {
        for line in mentions(text, word) {
            found.push(format!("{path}:{line}: `{word}`: finish it or describe it in an issue"));
        }
    }
    if !path.starts_with("src/") {
        return found;
    }
    let lines = text.lines().count();
    if lines > MAX_LINES {
        found.push(format!("{path}: {lines} lines, {MAX_LINES} at most"));
    }
    if is_test(path) {
        return found;
    }
    let (text, module) = (program(text), module(path));
    if PURE.contains(&module) {
        for (word, why) in IMPURE {
            found.extend(mentions(&text, word).into_iter().map(|line| format!("{path}:{line}: `{word}`: {why}")));
        }
    }
    for (name, places, why) in PLACES {
        if !places.iter().any(|place| path.starts_with(place)) {
            found.extend(mentions(&text, name).into_iter().map(|line| format!("{path}:{line}: `{name}`: {why}")));
        }
    }
    match EDGES.iter().find(|(name, _)| *name == module) {
        None => found.push(format!("{path}: module `{module}` has no line in EDGES")),
        Some((_, allowed)) if allowed.contains(&"*") => {}
        Some((_, allowed)) => {
            for (other, _) in EDGES.iter().filter(|(other, _)| *other != module && !allowed.contains(other)) {
                for line in mentions(&text, &format!("crate::{other}")) {
                    found.push(format!("{path}:{line}: `{module}` must not import `{other}`"));
                }
            }
        }
    }
    found
}

#[test]
fn the_code_keeps_its_shape() {
    let all: Vec<String> = ["src", "tests", "benches"]
        .into_iter()
        .flat_map(sources)
        .flat_map(|(path, text)| complaints(&path, &text))
        .collect();
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

#[test]
fn the_top_level_holds_what_it_may() {
    let names = fs::read_dir(root()).expect("the root").map(|entry| entry.expect("an entry").file_name());
    let strangers: Vec<String> =
        names.map(|name| name.to_string_lossy().into_owned()).filter(|name| !TOP.contains(&name.as_str())).collect();
    assert!(strangers.is_empty(), "not allowed at the top level: {strangers:?}");
}

#[test]
fn every_rule_can_fail() {
    for (path, text, expected) in [
        ("src/report/x.rs", "fn x() {}", "must open with"),
        ("src/report/x.rs", "//! X.\nuse std::fs;", "x.rs:2: `std::fs`"),
        ("src/report/x.rs", "//! X.\nuse std::{fmt, fs::File};", "`std::fs`"),
        ("src/mail/x.rs", "//! X.\nuse std::time::{Duration, Instant};", "`std::time::Instant`"),
        ("src/mail/x.rs", "//! X.\nlet now = chrono::Utc::now();", "`Utc::now`"),
        ("src/domain/x.rs", "//! X.\nasync fn x() {}", "`async`"),
        ("src/domain/x.rs", "//! X.\nuse crate::read::rows;", "`domain` must not import `read`"),
        ("src/report/x.rs", "//! X.\nuse crate::{domain, reconcile::{a, b}};", "`report` must not import `reconcile`"),
        ("src/store/x.rs", "//! X.\nuse crate::inbox::Scan;", "`store` must not import `inbox`"),
        ("src/read/csv.rs", "//! X.\nuse calamine::Reader;", "`calamine`"),
        ("src/run.rs", "//! X.\nuse rusqlite::Connection;", "`rusqlite`"),
        ("src/cli/x.rs", "//! X.\nlet w = rust_xlsxwriter::Workbook::new();", "`rust_xlsxwriter`"),
        ("src/extra.rs", "//! X.\n", "no line in EDGES"),
        ("tests/x.rs", concat!("//! X.\n// TO", "DO later"), "finish it"),
    ] {
        let found = complaints(path, text);
        assert!(found.iter().any(|line| line.contains(expected)), "{expected}: {found:?}");
    }
    let long = format!("//! X.\n{}", "\n".repeat(MAX_LINES));
    assert_eq!(complaints("src/run.rs", &long).len(), 1);
}

#[test]
fn what_is_allowed_passes() {
    for (path, text) in [
        ("src/normalise/x.rs", "//! Never std::fs.\nuse crate::read::Row;\n// tokio\nfn synchronous() {}"),
        ("src/report/x.rs", "//! X.\nuse crate::{domain::money::Yen, locale};"),
        ("src/report/x.rs", "//! X.\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}"),
        ("src/demo/tests.rs", "//! X.\nuse calamine::Reader;"),
        ("src/run.rs", "//! X.\nuse crate::{inbox, store, reconcile};\nuse std::fs;"),
    ] {
        assert_eq!(complaints(path, text), Vec::<String>::new(), "{path}");
    }
}

/// TLS is rustls over ring alone: no second implementation, and nothing that needs a C toolchain of its own (SPEC §7).
#[test]
fn one_implementation_of_tls_is_linked() {
    let lock = include_str!("../Cargo.lock");
    assert!(lock.contains("name = \"rustls\""));
    for other in ["aws-lc-rs", "aws-lc-sys", "openssl", "openssl-sys", "native-tls"] {
        assert!(!lock.contains(&format!("name = \"{other}\"\n")), "{other}");
    }
}
