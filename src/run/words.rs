//! What stopped a piece of work, in the language: for the command line, and for the mails of the daemon.

use super::RunError;
use crate::inbox::InboxError;
use crate::locale::{Language, pick};
use crate::post::PostError;
use crate::store::StoreError;
use std::io;

/// What stopped a run, in few words; whoever says it adds what to do.
pub fn stopped_words(language: Language, error: &RunError) -> String {
    let about =
        |path: &std::path::Path, source: &io::Error| format!("{}: {}", path.display(), os_words(language, source));
    match (error, language) {
        (RunError::Inbox(error), _) => inbox_words(language, error),
        (RunError::Store(error) | RunError::Post(PostError::Store(error)), _) => store_words(language, error),
        (RunError::Io { path, source } | RunError::Post(PostError::Record { path, source }), _) => about(path, source),
        (RunError::Clock { now, latest }, Language::Ja) => {
            format!("時計が {now} を指していますが、記録にある最後の時刻は {latest} です")
        }
        (RunError::RemoteDatabase { path, kind }, Language::Ja) => {
            format!("{}: {kind} にはデータベースを置けません", path.display())
        }
        (RunError::DatabaseMissing { path, folder }, Language::Ja) => {
            format!(
                "{}: データベースがないか空ですが、{} に処理済みのファイルがあります",
                path.display(),
                folder.display()
            )
        }
        (_, Language::En) => error.to_string(),
    }
}

/// What the system said, in the language where the commonest answers have words; its number stays, for a search.
pub fn os_words(language: Language, error: &io::Error) -> String {
    let words = [
        (io::ErrorKind::NotFound, "見つかりません", "not found"),
        (io::ErrorKind::PermissionDenied, "権限がありません", "permission denied"),
        (io::ErrorKind::AlreadyExists, "すでにあります", "exists already"),
        (io::ErrorKind::StorageFull, "空き容量がありません", "no space is left"),
        (io::ErrorKind::ReadOnlyFilesystem, "読み取り専用です", "read-only"),
        (io::ErrorKind::NotADirectory, "フォルダーではありません", "not a folder"),
        (io::ErrorKind::IsADirectory, "フォルダーです", "a folder"),
        (io::ErrorKind::InvalidInput, "通常のファイルではありません", "not a regular file"),
    ];
    match (words.iter().find(|(kind, ..)| *kind == error.kind()), error.raw_os_error()) {
        (Some((_, ja, en)), Some(number)) => format!("{} (os error {number})", pick(language, ja, en)),
        (Some((_, ja, en)), None) => pick(language, ja, en).to_owned(),
        (None, _) => error.to_string(),
    }
}

/// What is wrong with a history.
pub fn store_words(language: Language, error: &StoreError) -> String {
    if language == Language::En {
        return error.to_string();
    }
    match error {
        StoreError::Sqlite(error) => format!("データベースを使えません（{error}）。"),
        StoreError::Migration(error) => format!("データベースを新しい形式にできません（{error}）。"),
        StoreError::Unexpected { what, found } => {
            format!("データベースに、totsugo が書かない値があります（{what}: {found}）。")
        }
        StoreError::Damaged(why) => format!("データベースが壊れているか、totsugo のものではありません（{why}）。"),
        StoreError::Altered { file } => {
            format!("データベースが書き換えられています。{file} の記録が、保存したときの内容と一致しません。")
        }
        StoreError::Newer { found, known, program, own } => format!(
            "データベースの形式 {found} は totsugo {program} が書いたものです。この totsugo {own} が扱えるのは形式 {known} までです。"
        ),
        StoreError::Io { path, source } => format!("{}: {}", path.display(), os_words(language, source)),
    }
}

/// Which folder or file of the inbox it is about, and why.
pub fn inbox_words(language: Language, error: &InboxError) -> String {
    match error {
        InboxError::Unavailable { path, source } => format!("{}: {}", path.display(), os_words(language, source)),
        InboxError::NotMounted { path, sentinel } => {
            format!("{}: {sentinel} {}", path.display(), pick(language, "がありません", "is missing"))
        }
        InboxError::FoldersGone { path, folders } => {
            let missing = pick(language, "がすべて見当たりません", "are all gone");
            format!("{}: {} {missing}", path.display(), folders.join(", "))
        }
    }
}
