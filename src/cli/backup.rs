//! `backup` and `restore`: copies of the history, looked at before they are believed (FAULTS S05, S08).

use super::marks::GOOD;
use super::notices::pick;
use super::trouble::{stopped, store_stopped, unusable};
use super::{Exit, lock};
use crate::locale::Language;
use crate::run::{Effect, RunError, Workshop, store_words};
use crate::store::{Store, StoreError, Verified};
use std::path::Path;

/// `backup FILE`: a verified copy; whoever works meanwhile is not disturbed.
pub(super) fn backup(workshop: &Workshop, file: &Path, reason: &str) -> Exit {
    if !workshop.config.paths.database.exists() {
        return missing(workshop, &workshop.config.paths.database);
    }
    let open = match workshop.open_store(Effect::Real) {
        Ok(open) => open,
        Err(error) => return stopped(workshop, &error),
    };
    if file.exists() {
        let ja = "すでにあります。上書きはしません。別の名前を指定してください。";
        complain!(
            "{}: {}",
            file.display(),
            pick(workshop.language(), ja, "exists already and is not overwritten. Give another name.")
        );
        return Exit::Usage;
    }
    let subject = file.display().to_string();
    let held = match open.store.back_up(file) {
        Ok(held) => held,
        Err(StoreError::Io { path, source }) => return unusable(workshop.language(), &path, &source),
        Err(error) if error.is_damage() || error.is_busy() => return store_stopped(workshop, &error),
        Err(error) => {
            let (language, words) = (workshop.language(), store_words(workshop.language(), &error));
            let ja = "バックアップは作成していません。フォルダーの有無・権限・空き容量をご確認ください。";
            let en = "No backup was made; look at the folder, its permissions and free space.";
            complain!("{}: {words}\n{}", file.display(), pick(language, ja, en));
            return Exit::Failed;
        }
    };
    match open.store.log_act(&workshop.stamp(), "backup", &subject, reason) {
        Ok(()) => {
            say!("{GOOD} {}: {}", file.display(), holds(workshop.language(), held));
            Exit::Completed
        }
        Err(error) => store_stopped(workshop, &error),
    }
}

/// `restore FILE --dry-run`: says what a copy holds.
pub(super) fn inspect(workshop: &Workshop, file: &Path) -> Exit {
    if !file.exists() {
        return missing(workshop, file);
    }
    match Store::inspect(file) {
        Ok(held) => {
            say!("{GOOD} {}: {}", file.display(), holds(workshop.language(), held));
            Exit::Completed
        }
        Err(error) => refused(workshop, file, &error),
    }
}

/// `restore FILE`: puts the copy in the place of the history; what was there is kept and named.
pub(super) fn restore(workshop: &Workshop, file: &Path, verify: bool, reason: &str) -> Exit {
    let database = &workshop.config.paths.database;
    if !file.exists() {
        return missing(workshop, file);
    }
    if let Err(error) = workshop.check_place() {
        return stopped(workshop, &error);
    }
    let _lock = match lock(workshop) {
        Ok(lock) => lock,
        Err(exit) => return exit,
    };
    let restored = match Store::restore(file, database) {
        Ok(restored) => restored,
        Err(error) => return refused(workshop, file, &error),
    };
    let language = workshop.language();
    if let Some(kept) = &restored.kept {
        let ja = "以前のデータベースの保管先";
        say!("{}: {}", pick(language, ja, "The database that was there is kept as"), kept.display());
    }
    let logged = workshop.open_store(Effect::Real).and_then(|open| {
        open.store.log_act(&workshop.stamp(), "restore", &file.display().to_string(), reason)?;
        Ok(if verify { open.store.verify()? } else { restored.verified })
    });
    match logged {
        Ok(held) => {
            say!("{GOOD} {}: {}", database.display(), holds(language, held));
            Exit::Completed
        }
        Err(RunError::Store(error)) => store_stopped(workshop, &error),
        Err(error) => stopped(workshop, &error),
    }
}

/// What a history holds, all of it verified.
pub(super) fn holds(language: Language, held: Verified) -> String {
    match language {
        Language::Ja => format!("{}ファイル・{}行、記録との一致を確認しました。", held.files, held.rows),
        Language::En => format!("{} files with {} rows, all as they were stored.", held.files, held.rows),
    }
}

fn missing(workshop: &Workshop, file: &Path) -> Exit {
    let ja = "ファイルがありません。場所をご確認ください。";
    complain!("{}: {}", file.display(), pick(workshop.language(), ja, "no such file; look at the path."));
    Exit::Usage
}

fn refused(workshop: &Workshop, file: &Path, error: &StoreError) -> Exit {
    let language = workshop.language();
    let (ja, en) = if workshop.config.paths.database.exists() {
        (
            "このファイルからは戻せません。データベースは変更していません。別のバックアップをお試しください。",
            "It cannot be restored; the database was not changed. Try another backup.",
        )
    } else {
        (
            "このファイルからは戻せません。データベースは所定の場所にありません（以前のものは、あれば隣に .replaced として残っています）。\
             空き容量と権限をご確認のうえ、もう一度 restore を実行してください。",
            "It was not restored, and there is no database in its place; one that was there is kept beside it as .replaced. \
             Look at free space and permissions, then restore again.",
        )
    };
    complain!("{}: {}\n{}", file.display(), store_words(language, error), pick(language, ja, en));
    Exit::Failed
}
