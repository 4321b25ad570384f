//! The corpus of the fuzz targets, replayed: what once was found stays found.

#![expect(clippy::expect_used, reason = "a test may stop where it cannot go on")]

#[path = "../fuzz/targets.rs"]
#[expect(unreachable_pub, reason = "the targets stand in crates of their own")]
mod targets;

use std::path::Path;

/// Every file in the corpus of `target`, by name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut found: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .expect("a corpus")
        .map(|entry| entry.expect("an entry"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).expect("a file")))
        .collect();
    found.sort();
    found
}

#[test]
fn p09_p20_the_fuzz_corpus_is_read_or_refused() {
    for target in ["csv", "xlsx", "layout", "config"] {
        let run = match target {
            "csv" => targets::csv,
            "xlsx" => targets::xlsx,
            "layout" => targets::layout,
            _ => targets::config,
        };
        let files = corpus(target);
        assert!(files.len() >= 3, "{target}: {} files", files.len());
        for (name, bytes) in files {
            let outcome = std::panic::catch_unwind(|| run(&bytes));
            assert!(outcome.is_ok(), "{target}/{name}");
        }
    }
}
