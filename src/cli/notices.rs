//! Words that several commands say.

use crate::locale::Language;

/// The sentence of the language.
pub(super) const fn pick(language: Language, ja: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}
