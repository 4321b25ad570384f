//! Words that several commands say.

use crate::domain::delivery::State;
use crate::locale::Language;
use crate::run::state_name;

/// The sentence of the language.
pub(super) const fn pick(language: Language, ja: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

/// What became of a report's mail, in words; `--json` has the word itself.
pub(super) fn mail_name(language: Language, mail: &str) -> &str {
    match (mail, language) {
        ("none", Language::Ja) => "なし",
        ("blocked", Language::Ja) => "停止（検算の不一致）",
        ("sent", Language::Ja) => "送信済",
        _ => State::named(mail).map_or(mail, |state| state_name(language, state)),
    }
}
