//! Words that several commands say.

use crate::config::Transport;
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

/// That a message lies in the outbox folder: nothing was sent.
pub(super) const fn written(language: Language) -> &'static str {
    pick(language, "書き出し済（outbox）", "written to outbox")
}

/// What became of a report's mail by this `transport`, in words; `--json` has the word itself.
pub(super) fn mail_name<'m>(language: Language, transport: &Transport, mail: &'m str) -> &'m str {
    match (mail, language) {
        ("none", Language::Ja) => "なし",
        ("blocked", Language::Ja) => "停止（検算の不一致）",
        ("sent", _) if matches!(transport, Transport::Directory) => written(language),
        ("sent", Language::Ja) => "送信済",
        _ => State::named(mail).map_or(mail, |state| state_name(language, state)),
    }
}
