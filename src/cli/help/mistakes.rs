//! Mistakes on the command line, in the terminal's language: what is wrong, what was perhaps meant, how it is used.

use crate::cli::marks::BAD;
use crate::locale::Language;
use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Prints help and version to stdout and mistakes to stderr; a closed stream changes nothing.
pub(in crate::cli) fn tell(language: Language, error: &Error) {
    match japanese(error).filter(|_| language == Language::Ja) {
        Some(sentence) => complain!("{BAD} {sentence}"),
        None => drop(error.print()),
    }
}

/// The mistake as a Japanese sentence; `None` for help and version, and for what has no words here.
fn japanese(error: &Error) -> Option<String> {
    let of = |kind| said(error, kind);
    let argument = || of(ContextKind::InvalidArg);
    let perhaps = |kind| of(kind).map(|meant| format!("もしかして「{meant}」ですか。")).unwrap_or_default();
    let kind = error.kind();
    let what = if kind == ErrorKind::UnknownArgument {
        format!("「{}」という指定はありません。{}", argument()?, perhaps(ContextKind::SuggestedArg))
    } else if kind == ErrorKind::InvalidSubcommand {
        let name = of(ContextKind::InvalidSubcommand)?;
        format!("「{name}」というコマンドはありません。{}", perhaps(ContextKind::SuggestedSubcommand))
    } else if kind == ErrorKind::MissingRequiredArgument {
        format!("{} の指定が必要です。", argument()?)
    } else if kind == ErrorKind::ArgumentConflict {
        let (one, other) = (argument()?, of(ContextKind::PriorArg)?);
        if one == other {
            format!("{one} は 1 回だけ指定できます。")
        } else {
            format!("{one} と {other} は同時に指定できません。")
        }
    } else if kind == ErrorKind::InvalidValue || kind == ErrorKind::ValueValidation {
        let value = of(ContextKind::InvalidValue).unwrap_or_default();
        let valid = of(ContextKind::ValidValue).map(|valid| format!("指定できる値: {valid}。")).unwrap_or_default();
        if value.is_empty() {
            format!("{} には値が必要です。{valid}", argument()?)
        } else {
            format!("{} に「{value}」は指定できません。{valid}", argument()?)
        }
    } else {
        return None;
    };
    let usage = of(ContextKind::Usage).map(|usage| usage.trim().trim_start_matches("Usage:").trim().to_owned());
    let usage = usage.map(|usage| format!("使い方: {usage}\n")).unwrap_or_default();
    Some(format!("{what}\n\n{usage}詳しくは「totsugo --help」または「totsugo コマンド --help」をご覧ください。"))
}

fn said(error: &Error, kind: ContextKind) -> Option<String> {
    let value = error.get(kind)?;
    if let ContextValue::String(text) = value {
        Some(text.clone())
    } else if let ContextValue::Strings(texts) = value {
        Some(texts.join("、"))
    } else if let ContextValue::StyledStr(text) = value {
        Some(text.to_string())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::help::command;

    #[test]
    fn each_mistake_says_what_is_wrong_and_how_it_is_used() {
        for (line, expected) in [
            ("totsugo run --perod x", "「--perod」という指定はありません。もしかして「--period」ですか。"),
            ("totsugo runn", "「runn」というコマンドはありません。もしかして「run」ですか。"),
            ("totsugo held discard x", "--reason <REASON> の指定が必要です。"),
            ("totsugo history --acts --shop 1", "同時に指定できません。"),
            ("totsugo run --json --json", "--json は 1 回だけ指定できます。"),
            ("totsugo completions basch", "「basch」は指定できません。指定できる値: bash、"),
            ("totsugo mail resend x --reason y", "「x」は指定できません。"),
            ("totsugo run --shop", "--shop <ID> には値が必要です。"),
        ] {
            let error = command(Language::Ja).try_get_matches_from(line.split(' ')).expect_err(line);
            let sentence = japanese(&error).expect(line);
            assert!(sentence.contains(expected), "{line}: {sentence}");
            assert!(sentence.contains("--help"), "{line}: {sentence}");
            assert!(!sentence.contains("Usage"), "{line}: {sentence}");
        }
        let help = command(Language::Ja).try_get_matches_from(["totsugo", "--help"]).expect_err("help");
        assert_eq!(japanese(&help), None);
    }
}
