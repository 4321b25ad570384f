//! What stopped a command, in a sentence that says what to do.

use super::notices::pick;
use super::{Exit, failed};
use crate::inbox::InboxError;
use crate::locale::Language;
use crate::run::{RunError, Workshop};
use crate::store::StoreError;

/// Tells what stopped the work, and ends with the exit code it stands for.
pub fn stopped(workshop: &Workshop, error: &RunError) -> Exit {
    let language = workshop.language();
    match error {
        RunError::RemoteDatabase { path, kind } => {
            let advice = pick(
                language,
                "ネットワーク上のフォルダにはデータベースを置けません（ロックと書き込みが保証されず、壊れるおそれがあります）。paths.database にこのコンピューターのディスクを指定してください。",
                "A database must not lie on a network folder: its locks and writes cannot be relied on. Point paths.database to a local disk.",
            );
            complain!("{}: {kind}: {advice}", path.display());
            Exit::Usage
        }
        RunError::DatabaseMissing { path, folder } => {
            let advice = pick(
                language,
                "データベースがありませんが、処理済みのファイルが残っています。新しい履歴は作成していません。バックアップがあれば totsugo restore FILE --verify で戻してください。なければ totsugo ingest ARCHIVE で原本から作り直してください。",
                "The database is gone, but files that went through it are there. No new history was begun. If there is a backup, use totsugo restore FILE --verify; if not, rebuild it from the originals with totsugo ingest ARCHIVE.",
            );
            let archive = workshop.config.paths.archive.display().to_string();
            complain!("{} ({}): {}", path.display(), folder.display(), advice.replace("ARCHIVE", &archive));
            Exit::Failed
        }
        RunError::Inbox(error) => {
            complain!("{}", inbox_sentence(language, error));
            Exit::Failed
        }
        RunError::Store(error) => store_stopped(workshop, error),
        RunError::Io { .. } | RunError::Clock { .. } | RunError::Post(_) => failed(error),
    }
}

/// Tells what is wrong with the history.
pub(super) fn store_stopped(workshop: &Workshop, error: &StoreError) -> Exit {
    let language = workshop.language();
    let advice = if error.is_busy() {
        pick(
            language,
            "ほかのプログラムがデータベースを開いています。閉じてからもう一度実行してください。",
            "Another program has the database open. Close it and try again.",
        )
    } else if error.is_damage() {
        pick(
            language,
            "データベースの内容が保存時と一致しないため、何も変更せずに停止しました。ファイルをそのまま残し、totsugo check で確認のうえ、バックアップから totsugo restore FILE --verify で戻してください。",
            "The database does not hold what was stored, so everything stopped and nothing was changed. Keep the file, look at it with totsugo check, and restore a backup with totsugo restore FILE --verify.",
        )
    } else if matches!(error, StoreError::Newer { .. }) {
        pick(
            language,
            "より新しい版の totsugo が作成したデータベースです。新しい版をお使いください。",
            "A newer totsugo wrote this database. Use that version.",
        )
    } else {
        pick(
            language,
            "処理を停止しました。空き容量と権限をご確認のうえ、もう一度実行してください。途中までの内容は残っていません。",
            "Work stopped. Check free space and permissions and run it again; nothing was left half done.",
        )
    };
    complain!("{}: {error}\n{advice}", workshop.config.paths.database.display());
    Exit::Failed
}

fn inbox_sentence(language: Language, error: &InboxError) -> String {
    let (folder, why) = match error {
        InboxError::Unavailable { path, source } => (path, source.to_string()),
        InboxError::NotMounted { path, sentinel } => {
            let missing = pick(language, "がありません", "is missing");
            (path, format!("{sentinel} {missing}"))
        }
        InboxError::FoldersGone { path, folders } => {
            let missing = pick(language, "がすべて見当たりません", "are all gone");
            (path, format!("{} {missing}", folders.join(", ")))
        }
    };
    let advice = pick(
        language,
        "inbox を利用できません。共有フォルダの接続をご確認ください。「ファイルなし」とは扱わず、レポートもメールも作成していません。",
        "The inbox is not available; check that the share is mounted. This is not \"no files\": nothing was reported or mailed.",
    );
    format!("{}: {why}\n{advice}", folder.display())
}
