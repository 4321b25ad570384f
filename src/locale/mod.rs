//! What workbooks, mails and reasons of held files say, in Japanese and English, as typed values: a text that one language lacks
//! does not compile. What a command or the daemon says of itself stands beside it.

pub mod changes;
pub mod findings;
mod foreign;
pub mod problems;
pub mod proof;
mod reading;
pub mod sheets;
pub mod verdict;

/// The language of reports, mails and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Japanese.
    Ja,
    /// English.
    En,
}

/// What stands in `language`, of a word or sentence in both.
pub const fn pick<'t>(language: Language, ja: &'t str, en: &'t str) -> &'t str {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

/// A word or sentence in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// Japanese.
    pub ja: &'static str,
    /// English.
    pub en: &'static str,
}

impl Text {
    /// The text in `language`.
    pub const fn of(self, language: Language) -> &'static str {
        pick(language, self.ja, self.en)
    }
}
