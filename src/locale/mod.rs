//! Every sentence a user reads, in Japanese and English.

/// The language of workbook, mail and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Japanese.
    Ja,
    /// English.
    En,
}
