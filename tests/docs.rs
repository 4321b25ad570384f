//! What the documents name exists: files, functions, tests, links, keys and messages. A document that lies is worse than none.

#![expect(clippy::expect_used, reason = "a test may stop where it cannot go on")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect(path)
}

/// The documents, by path.
fn documents() -> Vec<(String, String)> {
    let mut paths: Vec<String> = ["README.md", "CHANGELOG.md", "benches/README.md"].map(str::to_owned).to_vec();
    for entry in fs::read_dir(root().join("docs")).expect("docs") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") {
            paths.push(format!("docs/{name}"));
        }
    }
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), text(&path))).collect()
}

/// All Rust files below `folder`.
fn sources(folder: &str) -> Vec<(String, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let name = entry.strip_prefix(root()).expect("below").display().to_string().replace('\\', "/");
                found.push((name, fs::read_to_string(&entry).expect("UTF-8")));
            }
        }
    }
    found
}

/// What stands between backticks in prose; code blocks are left out.
fn quoted(document: &str) -> Vec<String> {
    let prose: String = document.split("```").step_by(2).collect();
    prose.lines().flat_map(|line| line.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether `path`, with `*`, `<…>` and `{a,b}` standing for anything, leads to something.
fn leads_somewhere(path: &str) -> bool {
    let fixed = path.split(['*', '<', '{']).next().unwrap_or_default();
    let fixed = if fixed.len() < path.len() { fixed.rsplit_once('/').map_or("", |(folder, _)| folder) } else { fixed };
    root().join(fixed).exists()
}

#[test]
fn every_path_a_document_names_exists() {
    let top = ["src/", "tests/", "templates/", "docs/", "benches/", ".ci/", "fuzz/", "schedules/"];
    // Folders of a merchant, and paths below src as the modules have them.
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (document, content) in documents() {
        for word in quoted(&content) {
            let path = word.split([' ', ':']).next().unwrap_or_default();
            if top.iter().any(|top| path.starts_with(top)) {
                seen += 1;
                if !leads_somewhere(path) {
                    wrong.push(format!("{document}: {path}"));
                }
            }
        }
    }
    // A merchant's own folders have names of ours.
    wrong.retain(|line| !["schedules/n.toml", "schedules/nightly.toml"].iter().any(|own| line.ends_with(own)));
    assert!(seen > 60, "{seen}");
    assert!(wrong.is_empty(), "no such file:\n{}", wrong.join("\n"));
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (document, content) in documents() {
        let folder = Path::new(&document).parent().unwrap_or_else(|| Path::new("")).to_owned();
        for link in content.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("http") {
                continue;
            }
            seen += 1;
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { PathBuf::from(&document) } else { folder.join(path) };
            let Ok(found) = fs::read(root().join(&target)) else {
                wrong.push(format!("{document}: {link}"));
                continue;
            };
            let found = String::from_utf8_lossy(&found).to_lowercase();
            let anchor = |line: &str| line.trim_start_matches('#').trim().replace(' ', "-");
            if !heading.is_empty() && !found.lines().any(|line| line.starts_with('#') && anchor(line) == heading) {
                wrong.push(format!("{document}: {link}: no such heading"));
            }
        }
    }
    assert!(seen > 15, "{seen}");
    assert!(wrong.is_empty(), "leads nowhere:\n{}", wrong.join("\n"));
}

/// Whether something named `name` is defined in `files`: an item, a variant, a field.
fn defines(files: &[&String], name: &str) -> bool {
    let item = ["fn", "struct", "enum", "const", "static", "type", "trait", "mod", "macro_rules!"];
    files.iter().any(|file| {
        file.lines().any(|line| {
            let line = line.trim_start();
            let is_item = item.iter().any(|kind| {
                line.split_once(&format!("{kind} ")).is_some_and(|(_, rest)| {
                    rest.strip_prefix(name)
                        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
                })
            });
            let variant =
                line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['(', ',', ' ']) || rest.is_empty());
            is_item || (variant && name.starts_with(char::is_uppercase))
        })
    })
}

#[test]
fn every_function_and_type_a_document_names_exists() {
    let sources = sources("src");
    let modules: BTreeSet<String> = sources
        .iter()
        .filter_map(|(path, _)| {
            path.strip_prefix("src/")?.split('/').next().map(|name| name.trim_end_matches(".rs").to_owned())
        })
        .collect();
    let of = |module: &str| -> Vec<&String> {
        let (file, folder) = (format!("src/{module}.rs"), format!("src/{module}/"));
        sources.iter().filter(|(path, _)| *path == file || path.starts_with(&folder)).map(|(_, text)| text).collect()
    };
    let (mut seen, mut wrong) = (0, Vec::new());
    for (document, content) in documents() {
        for word in quoted(&content) {
            let name = word.trim_end_matches("()");
            // `run::ingest::take_in`, `store.save_file`.
            let parts: Vec<&str> = name.split("::").flat_map(|part| part.split('.')).collect();
            let [module, .., last] = parts.as_slice() else { continue };
            if !modules.contains(*module) || !parts.iter().all(|part| is_word(part)) || *last == "rs" || *last == "toml"
            {
                continue;
            }
            // Keys of the configuration are written with dots too.
            if name.contains('.') && !name.starts_with("store.") {
                continue;
            }
            seen += 1;
            let is_file = sources.iter().any(|(path, _)| path.trim_end_matches(".rs").ends_with(&format!("/{last}")));
            if !is_file && !defines(&of(module), last) {
                wrong.push(format!("{document}: {word}"));
            }
        }
    }
    assert!(seen > 40, "{seen}");
    assert!(wrong.is_empty(), "no such thing in src:\n{}", wrong.join("\n"));
}

#[test]
fn every_test_a_document_names_exists() {
    let all: String = ["src", "tests"].into_iter().flat_map(sources).map(|(_, text)| text).collect();
    let (mut seen, mut wrong) = (0, Vec::new());
    for (document, content) in documents() {
        for word in quoted(&content) {
            // `intake: p01_one_quote_more…` names the file first; an ellipsis cuts a name short.
            let name = word.rsplit(": ").next().unwrap_or_default();
            let (name, is_cut) = name.strip_suffix('…').map_or((name, false), |name| (name, true));
            if !is_word(name) || name.matches('_').count() < 4 || name.chars().any(char::is_uppercase) {
                continue;
            }
            seen += 1;
            let wanted = if is_cut { format!("fn {name}") } else { format!("fn {name}(") };
            if !all.contains(&wanted) {
                wrong.push(format!("{document}: {name}"));
            }
        }
    }
    assert!(seen > 60, "{seen}");
    assert!(wrong.is_empty(), "no such test:\n{}", wrong.join("\n"));
}

/// The part of the README below `heading`.
fn section(heading: &str) -> String {
    let readme = text("README.md");
    let (_, rest) = readme.split_once(&format!("\n## {heading}")).expect(heading);
    rest.split("\n## ").next().unwrap_or_default().to_owned()
}

#[test]
fn every_message_the_readme_explains_is_one_the_program_says() {
    // A sentence may be broken into lines in the source.
    let all: String = sources("src").into_iter().map(|(_, text)| text).collect();
    let rows: Vec<String> = section("When it says")
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| line.split('|').nth(1).map(str::to_owned))
        .collect();
    assert!(rows.len() >= 15, "{}", rows.len());
    for row in rows {
        let messages = quoted(&row);
        assert_eq!(messages.len(), 2, "Japanese and English: {row}");
        for message in messages {
            assert!(all.contains(&message), "no message of the program has `{message}`");
        }
    }
}

#[test]
fn the_glossary_has_the_contracts_words() {
    let glossary = section("Glossary");
    for word in [
        "ショップ",
        "取引",
        "観測",
        "予約",
        "突合グループ",
        "要確認",
        "不良行",
        "保留",
        "対象外",
        "待ち",
        "検算",
        "処理",
        "版",
        "基準日",
    ] {
        assert!(glossary.contains(&format!("| {word} |")), "{word}");
    }
}
