//! The documents' commands as a new user walks them: pasted as they are, in their order, into one shell.
//!
//! `cargo` compiles, and packing needs root, so those two lines are walked by `.ci/walk` and `.ci/package`; here the shell
//! has this build under the name `totsugo`.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[expect(dead_code, reason = "each test file uses its own part of the sandbox")]
mod sandbox;

use sandbox::Sandbox;
use std::fs;
use std::path::Path;

/// Lines that are walked elsewhere, and where.
const ELSEWHERE: [(&str, &str); 3] = [
    ("cargo test", "this is it"),
    ("cargo install --path .", ".ci/walk"),
    (".ci/package && sudo dpkg -i target/package/totsugo.deb", ".ci/package"),
];

fn document(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

/// The lines of all `sh` blocks.
fn commands(path: &str) -> Vec<String> {
    let text = document(path);
    let blocks = text.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    blocks
        .flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| !line.is_empty())
        .collect()
}

/// Pastes `lines` into a shell in a clean environment; `after_cd` is what the text has the user do once in the folder.
///
/// 1 is an answer too: something needs a person.
#[cfg(unix)]
fn walk(sandbox: &Sandbox, lines: &[String], after_cd: &str) -> String {
    let mut script = String::from("cargo() { shift 3; totsugo \"$@\"; }\n");
    for line in lines {
        if ELSEWHERE.iter().any(|(known, _)| known == line) {
            continue;
        }
        assert!(!line.starts_with("cargo ") || line.starts_with("cargo run --release -- "), "nobody walks `{line}`");
        let shown = line.replace('\'', "'\\''");
        script.push_str(&format!(
            "echo '$ {shown}'\n{line}\ncode=$?; [ $code -le 1 ] || {{ echo \"ended with $code\"; exit 9; }}\n"
        ));
        if line.starts_with("cd ") {
            script.push_str(after_cd);
        }
    }
    fs::create_dir(sandbox.path("bin")).expect("a folder");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_totsugo"), sandbox.path("bin/totsugo")).expect("a link");
    let output = std::process::Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{script}")])
        .env_clear()
        .env("HOME", sandbox.path("."))
        .env("PATH", format!("{}:/usr/bin:/bin", sandbox.path("bin").display()))
        .current_dir(sandbox.path("."))
        .output()
        .expect("a shell");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{said}");
    said
}

#[cfg(unix)]
#[test]
fn every_command_of_the_readme_works_as_it_stands() {
    let sandbox = Sandbox::empty();
    let lines = commands("README.md");
    assert!(lines.len() >= 16, "{lines:?}");
    for (line, _) in ELSEWHERE {
        assert!(lines.iter().any(|known| known == line), "`{line}` is no longer in the README");
    }
    let said = walk(&sandbox, &lines, "");
    assert!(!sandbox.find("merchant/reports", ".xlsx").is_empty(), "the first real run made no workbook:\n{said}");
    assert!(sandbox.path("merchant/totsugo-backup.db").exists(), "{said}");
    // The file that is looked at is one that can be taken in, and nothing of the walk was held.
    assert!(said.contains("このまま取り込めます"), "{said}");
    assert!(said.contains("保留ファイルはありません"), "{said}");
    assert!(said.contains("返金額不一致:"), "the booking that is asked for is none of the demo's:\n{said}");
}

#[cfg(unix)]
#[test]
fn every_command_of_the_operators_guide_works_as_it_stands() {
    let sandbox = Sandbox::demo();
    let lines = commands("docs/operator.ja.md");
    assert!(lines.len() >= 16, "{lines:?}");
    let said = walk(&sandbox, &lines, "cp -r ../inbox/. inbox/\n");
    for words in ["予行", "保留ファイル", "取引", "totsugo-2026-11-24.db", "totsugo.db.replaced"] {
        assert!(said.contains(words), "{words} is not in:\n{said}");
    }
}

#[test]
fn every_command_of_the_program_stands_in_the_readme() {
    let readme = document("README.md");
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
