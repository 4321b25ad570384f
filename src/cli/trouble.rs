//! What stopped a command, in a sentence that says what to do.

use super::Exit;
use super::notices::pick;
use crate::daemon::DaemonError;
use crate::inbox::InboxError;
use crate::locale::Language;
use crate::normalise::LayoutError;
use crate::post::PostError;
use crate::run::{LockError, OwnPlace, PreparationError, RunError, Workshop, inbox_words, os_words, store_words};
use crate::store::StoreError;
use std::io;
use std::path::Path;

/// Tells what stopped the work, and ends with the exit code it stands for.
pub fn stopped(workshop: &Workshop, error: &RunError) -> Exit {
    let language = workshop.language();
    match error {
        RunError::RemoteDatabase { path, kind } => {
            let advice = pick(
                language,
                "ネットワーク上のフォルダーにはデータベースを置けません（ロックと書き込みが保証されず、壊れるおそれがあります）。paths.database にこのコンピューターのディスクを指定してください。",
                "A database must not lie on a network folder: its locks and writes cannot be relied on. Point paths.database to a local disk.",
            );
            complain!("{}: {kind}: {advice}", path.display());
            Exit::Usage
        }
        RunError::DatabaseMissing { path, folder } => {
            let advice = pick(
                language,
                "データベースがないか空ですが、処理済みのファイルが残っています。新しい履歴は作成していません。バックアップがあれば totsugo restore FILE --verify で戻してください。なければ totsugo ingest ARCHIVE で原本から作り直してください。",
                "The database is gone or empty, but files that went through it are there. No new history was begun. If there is a backup, use totsugo restore FILE --verify; if not, rebuild it from the originals with totsugo ingest ARCHIVE.",
            );
            let archive = workshop.config.paths.archive.display().to_string();
            complain!("{} ({}): {}", path.display(), folder.display(), advice.replace("ARCHIVE", &archive));
            Exit::Failed
        }
        RunError::Inbox(error) => {
            complain!("{}", inbox_sentence(language, error));
            Exit::Failed
        }
        RunError::Store(error) | RunError::Post(PostError::Store(error)) => store_stopped(workshop, error),
        RunError::Io { path, source } => unusable(language, path, source),
        RunError::Post(PostError::Record { path, source }) => {
            let ja = "送信記録を読み書きできないため、何も送信していません。";
            complain!("{}", pick(language, ja, "The record of what was sent cannot be used, so nothing was sent."));
            unusable(language, path, source)
        }
        RunError::Clock { now, latest } => {
            match language {
                Language::Ja => complain!(
                    "時計が {now} を指していますが、記録にある最後の時刻は {latest} です。何も処理していません。\n時計を直してください。時計が正しければ totsugo run --accept-clock で続けられます。"
                ),
                Language::En => complain!(
                    "The clock says {now}, but {latest} has been seen. Nothing was done.\nSet the clock; if it is right, go on with totsugo run --accept-clock."
                ),
            }
            Exit::Failed
        }
    }
}

/// Tells which file or folder cannot be used, and what to look at.
pub(super) fn unusable(language: Language, path: &Path, error: &io::Error) -> Exit {
    let advice = pick(
        language,
        "ファイルやフォルダーの権限、空き容量、共有フォルダーの接続をご確認のうえ、もう一度実行してください。",
        "Check permissions, free space and, for a share, that it is mounted; then run it again.",
    );
    complain!("{}: {}\n{advice}", path.display(), os_words(language, error));
    Exit::Failed
}

/// What keeps a command from starting: a broken layout, of the folder `layouts`, or a broken mail template.
pub(super) fn preparation(language: Language, layouts: &Path, error: &PreparationError) -> String {
    match (error, language) {
        (PreparationError::Template(error), _) => error.sentence(language),
        (PreparationError::Layout(LayoutError { file, line, message }), Language::Ja) => format!(
            "{}:{line}: レイアウトファイルが正しくありません ({message})。その行を直すか、このファイルを取り除いて、組み込みのレイアウトに戻してください。",
            layouts.join(file).display()
        ),
        (PreparationError::Layout(LayoutError { file, line, message }), Language::En) => format!(
            "{}:{line}: the layout is not valid ({message}). Correct the line, or remove the file to go back to the built-in one.",
            layouts.join(file).display()
        ),
    }
}

/// Why a path that was named for `ingest` is left alone.
pub(super) fn own_place(language: Language, path: &Path, own: &OwnPlace) -> String {
    let why = match (own, language) {
        (OwnPlace::Itself, Language::Ja) => {
            "totsugo 自身が使うファイルまたはフォルダーのため、取り込めません。".to_owned()
        }
        (OwnPlace::Itself, Language::En) => "totsugo itself uses it, so it cannot be taken in.".to_owned(),
        (OwnPlace::Around(own), Language::Ja) => {
            format!("totsugo 自身が使う {} を含むため、取り込めません。", own.display())
        }
        (OwnPlace::Around(own), Language::En) => {
            format!("{}, which totsugo itself uses, lies in it, so it cannot be taken in.", own.display())
        }
    };
    let advice = pick(
        language,
        "何も取り込んでいません。取り込むファイルを指定するか、inbox にコピーしてください。メモを書いたレポートもコピーして inbox に置きます。保留ファイルは totsugo held release で再処理できます。",
        "Nothing was taken in. Name the files themselves, or copy them into the inbox, as also a workbook with notes; totsugo held release sends a held file through again.",
    );
    format!("{}: {why}\n{advice}", path.display())
}

/// That the inbox cannot be used now, whether or not a run has met that (FAULTS A12).
pub(super) fn unavailable(language: Language, error: &InboxError) -> String {
    let ja = "inbox を利用できません。共有フォルダーの接続をご確認ください。利用できるまで、レポートもメールも作成しません。";
    let en = "the inbox is not available; check that the share is mounted. Until then nothing is reported or mailed.";
    format!("{}: {}", inbox_words(language, error), pick(language, ja, en))
}

/// Why the daemon ended by itself.
pub(super) fn daemon_ended(workshop: &Workshop, error: &DaemonError) -> Exit {
    let language = workshop.language();
    match error {
        DaemonError::Schedules(problems) => {
            problems.iter().for_each(|problem| complain!("{}", problem.sentence(language)));
            Exit::Usage
        }
        DaemonError::Lock(LockError::Taken) => {
            let ja = "別の totsugo daemon が動いています。totsugo status で状況をご確認ください。";
            complain!("{}", pick(language, ja, "Another totsugo daemon is running; see totsugo status."));
            Exit::Busy
        }
        DaemonError::Lock(LockError::Io { path, source }) => unusable(language, path, source),
        DaemonError::Run(error) => stopped(workshop, error),
        DaemonError::Io(error) => {
            let ja = "スレッドまたはシグナルを用意できないため、終了しました";
            let en = "Threads or signals are not to be had, so the daemon ended";
            complain!("{}: {}", pick(language, ja, en), os_words(language, error));
            Exit::Failed
        }
        DaemonError::WorkerDied(why) => {
            let ja = "内部の処理が止まったため、終了しました。起動し直すと、途中の回からやり直します";
            let en =
                "A worker ended unasked, so the daemon ended; started again, it goes on with the slot that was cut off";
            complain!("{}: {why}", pick(language, ja, en));
            Exit::Failed
        }
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
    complain!("{}: {}\n{advice}", workshop.config.paths.database.display(), store_words(language, error));
    Exit::Failed
}

fn inbox_sentence(language: Language, error: &InboxError) -> String {
    let advice = pick(
        language,
        "inbox を利用できません。共有フォルダーの接続をご確認ください。「ファイルなし」とは扱わず、レポートもメールも作成していません。",
        "The inbox is not available; check that the share is mounted. This is not \"no files\": nothing was reported or mailed.",
    );
    format!("{}\n{advice}", inbox_words(language, error))
}
