//! Words that several commands say.

use crate::config::Transport;
use crate::domain::delivery::{MailWord, State};
use crate::locale::Language;
pub(super) use crate::locale::pick;
use crate::run::state_name;

/// That a message lies in the outbox folder: nothing was sent.
pub(super) const fn written(language: Language) -> &'static str {
    pick(language, "書き出し済（outbox）", "written to outbox")
}

/// What became of a report's mail by this `transport`, in words; `--json` has the word itself.
pub(super) const fn mail_name(language: Language, transport: &Transport, mail: MailWord) -> &'static str {
    let state = match mail {
        MailWord::None => return pick(language, "なし", "none"),
        MailWord::Blocked => return pick(language, "停止（検算の不一致）", "blocked"),
        MailWord::Sent if matches!(transport, Transport::Directory) => return written(language),
        MailWord::Sent => return pick(language, "送信済", "sent"),
        MailWord::Queued => State::Queued,
        MailWord::Deferred => State::Deferred,
        MailWord::Refused => State::Refused,
        MailWord::Unknown => State::Unknown,
        MailWord::Settled => State::Settled,
    };
    state_name(language, state)
}
