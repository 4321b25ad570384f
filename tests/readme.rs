//! The README as a new user walks it: every command in it, in its order, pasted as is.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[expect(dead_code, reason = "each test file uses its own part of the sandbox")]
mod sandbox;

use sandbox::Sandbox;
use std::fs;
use std::path::Path;
use std::process::Command;
use totsugo::demo;

/// The lines of all `sh` blocks, without comments.
fn commands() -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README");
    let blocks = text.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    let line = |line: &str| line.split(" #").next().unwrap_or_default().trim().to_owned();
    blocks.flat_map(|block| block.lines().map(line).collect::<Vec<_>>()).filter(|line| !line.is_empty()).collect()
}

/// What a user has done by hand by the time `folder` is prepared: exports dropped, under names of their own.
fn drop_exports(sandbox: &Sandbox, folder: &str) {
    for file in demo::files().expect("the demo's files") {
        if let Some(name) = file.path.strip_prefix("inbox/").map(|name| name.replace('/', "-")) {
            sandbox.write_aged(&format!("{folder}/inbox/{name}"), &file.bytes, 60);
            if name.contains("torihiki") && !sandbox.path(&format!("{folder}/inbox/torihiki.csv")).exists() {
                sandbox.write_aged(&format!("{folder}/inbox/torihiki.csv"), &file.bytes, 60);
            }
        }
    }
}

#[test]
fn every_command_of_the_readme_works_as_it_stands() {
    let sandbox = Sandbox::empty();
    let (mut folder, mut run) = (String::from("."), 0);
    for line in commands() {
        if let Some(next) = line.strip_prefix("cd ") {
            next.clone_into(&mut folder);
            drop_exports(&sandbox, &folder);
            continue;
        }
        let line = line.replace("cargo run --release -- ", "totsugo ");
        let Some(arguments) = line.strip_prefix("totsugo ") else {
            assert!(line.starts_with("cargo ") || line.starts_with(".ci/"), "this test cannot run `{line}`");
            continue;
        };
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let output = Command::new(env!("CARGO_BIN_EXE_totsugo"))
            .args(&arguments)
            .current_dir(sandbox.path(&folder))
            .env_remove("TOTSUGO_CONFIG")
            .output()
            .expect("the program starts");
        let (code, text) = (output.status.code(), [output.stdout, output.stderr].concat());
        // 1 is an answer too: something of the sample needs a person.
        assert!(matches!(code, Some(0 | 1)), "`{line}` ended with {code:?}:\n{}", String::from_utf8_lossy(&text));
        assert!(!text.is_empty(), "`{line}` said nothing");
        run += 1;
    }
    assert!(run >= 12, "only {run} commands were run");
    assert!(!sandbox.find("merchant/reports", ".xlsx").is_empty(), "the first real run made no workbook");
    assert!(sandbox.path("merchant/totsugo-backup.db").exists());
}

#[test]
fn every_command_of_the_program_stands_in_the_readme() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README");
    let said = Sandbox::empty().program_with(&["--help"], &[("LC_ALL", "en_US.UTF-8")]);
    let listed = said.out.split("Commands:").nth(1).and_then(|rest| rest.split("Options:").next()).expect("commands");
    let names: Vec<&str> = listed
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() >= 15, "{names:?}");
    for name in names {
        assert!(readme.contains(&format!("`{name}")), "the README does not name `{name}`");
    }
}
