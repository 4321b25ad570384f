//! Every sentence a user reads, Japanese and English. Decides nothing: facts come in, words go out.

pub mod problems;

/// The languages of what users read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Japanese, polite form.
    Ja,
    /// English.
    En,
}
