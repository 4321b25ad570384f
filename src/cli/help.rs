//! The help in the user's language, with examples: what `--help`, `man` and wrong usage show.
//!
//! The command tree of `args` is English; here it gets its Japanese words and, in both languages, its examples. Help
//! comes before any configuration is read, so the language is the terminal's (`LC_ALL`, `LC_MESSAGES`, `LANG`); where
//! none is set it is Japanese, as everywhere else.

mod mistakes;
mod words;

pub(super) use mistakes::tell;

use super::args::Arguments;
use crate::locale::Language;
use clap::{Arg, ArgAction, Command, CommandFactory};

/// The language of a terminal whose locale variables are `set`, the strongest first.
pub(super) fn language(set: impl IntoIterator<Item = String>) -> Language {
    match set.into_iter().find(|value| !value.is_empty()) {
        Some(locale) if !locale.starts_with("ja") => Language::En,
        Some(_) | None => Language::Ja,
    }
}

/// The language of this terminal.
pub(super) fn terminal_language() -> Language {
    language(["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok()))
}

/// The whole command tree, its words in `language`.
pub(super) fn command(language: Language) -> Command {
    let tree = translated(Arguments::command(), "", language);
    match language {
        Language::Ja => tree.version(env!("CARGO_PKG_VERSION")).disable_version_flag(true).arg(
            Arg::new("version")
                .short('V')
                .long("version")
                .action(ArgAction::Version)
                .help("バージョンを表示します")
                .help_heading(OPTIONS),
        ),
        Language::En => tree,
    }
}

const OPTIONS: &str = "オプション";
const OPERANDS: &str = "引数";

/// One command and all below it; `path` is its words behind the program's name.
fn translated(command: Command, path: &str, language: Language) -> Command {
    let below: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let mut command = command;
    for name in below {
        let path = format!("{path} {name}").trim_start().to_owned();
        command = command.mut_subcommand(name, |sub| translated(sub, &path, language));
    }
    let examples = examples(path);
    if !examples.is_empty() {
        let heading = match language {
            Language::Ja => "例:",
            Language::En => "Examples:",
        };
        let lines: Vec<String> = examples
            .into_iter()
            .map(|(line, ja, en)| {
                let why = match language {
                    Language::Ja => ja,
                    Language::En => en,
                };
                format!("  {line}\n      {why}")
            })
            .collect();
        command = command.after_help(format!("{heading}\n{}", lines.join("\n")));
    }
    match language {
        Language::En => command,
        Language::Ja => japanese(command, path),
    }
}

/// A command's own examples, else those of the command above it that show it.
fn examples(path: &str) -> Vec<words::Example> {
    let of = |wanted: &str| words::EXAMPLES.iter().find(|(of, _)| *of == wanted).map(|(_, examples)| examples.to_vec());
    let shows = |(line, ..): &words::Example| line.starts_with(&format!("totsugo {path} "));
    of(path).unwrap_or_else(|| {
        let above = path.split(' ').next().and_then(of).unwrap_or_default();
        above.into_iter().filter(shows).collect()
    })
}

fn japanese(command: Command, path: &str) -> Command {
    let mut command = command
        .help_template("{about-with-newline}\n使い方: {usage}\n\n{all-args}{after-help}")
        .subcommand_help_heading("コマンド")
        .subcommand_value_name("コマンド")
        .disable_help_flag(true)
        .mut_args(|argument| {
            let heading = if argument.is_positional() { OPERANDS } else { OPTIONS };
            let text = words::ARGUMENTS.iter().find(|(id, _)| *id == argument.get_id().as_str()).map(|(_, text)| *text);
            let own = format!("{path} {}", argument.get_id());
            let text = words::OWN.iter().find(|(of, _)| *of == own).map(|(_, text)| *text).or(text);
            match text {
                Some(text) => argument.help_heading(heading).help(text),
                None => argument.help_heading(heading),
            }
        })
        .arg(
            Arg::new("help")
                .short('h')
                .long("help")
                .action(ArgAction::Help)
                .help("この説明を表示します")
                .help_heading(OPTIONS),
        );
    if let Some((_, about)) = words::COMMANDS.iter().find(|(of, _)| *of == path) {
        command = command.about(*about);
    }
    if path.is_empty() {
        command = command.after_help(words::EXIT_CODES);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command and argument of the tree, as `path: words`.
    fn all_words(command: &Command, path: &str, found: &mut Vec<(String, String)>) {
        found.push((path.to_owned(), command.get_about().map(ToString::to_string).unwrap_or_default()));
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            found.push((format!("{path} {}", argument.get_id()), help));
        }
        for sub in command.get_subcommands() {
            all_words(sub, &format!("{path} {}", sub.get_name()), found);
        }
    }

    #[test]
    fn every_command_and_argument_has_words_in_both_languages() {
        for language in [Language::Ja, Language::En] {
            let mut found = Vec::new();
            all_words(&command(language), "totsugo", &mut found);
            assert!(found.len() > 60, "{}", found.len());
            for (path, words) in found {
                assert!(!words.is_empty(), "{path} says nothing");
                if language == Language::Ja {
                    assert!(!words.is_ascii(), "{path} is not translated: {words}");
                }
            }
        }
    }

    #[test]
    fn every_command_teaches_by_an_example() {
        fn paths(command: &Command, path: &str, found: &mut Vec<String>) {
            for sub in command.get_subcommands() {
                let path = format!("{path} {}", sub.get_name()).trim_start().to_owned();
                paths(sub, &path, found);
                found.push(path);
            }
        }
        let mut found = Vec::new();
        paths(&command(Language::En), "", &mut found);
        found.retain(|path| examples(path).is_empty());
        assert!(found.is_empty(), "no example: {found:?}");
    }

    #[test]
    fn every_example_is_a_command_the_tree_accepts() {
        for (of, examples) in words::EXAMPLES {
            for (line, _, _) in *examples {
                let line = line.split(['>', '|']).next().unwrap_or_default();
                let words = line.split_whitespace().map(|word| if word == "\"\"" { "" } else { word });
                let parsed = command(Language::En).try_get_matches_from(words);
                assert!(parsed.is_ok(), "{of}: {line}: {parsed:?}");
            }
        }
    }

    #[test]
    fn the_terminal_decides_and_japanese_is_the_default() {
        let of = |set: &[&str]| language(set.iter().map(|value| (*value).to_owned()));
        assert_eq!(of(&[]), Language::Ja);
        assert_eq!(of(&["", "ja_JP.UTF-8"]), Language::Ja);
        assert_eq!(of(&["en_US.UTF-8", "ja_JP.UTF-8"]), Language::En);
        assert_eq!(of(&["C"]), Language::En);
    }
}
