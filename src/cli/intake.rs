//! `ingest`, and what taking a file in brought, in a line.

use super::notices::pick;
use super::{Exit, lock, print_json, progress, tell_held, tell_notices, trouble};
use crate::domain::intake::{Outcome, RowCounts};
use crate::domain::notebook::LAYOUT;
use crate::inbox;
use crate::locale::Language;
use crate::report::json::FileJson;
use crate::run::{self, Effect, Notice, Workshop};
use std::path::PathBuf;

/// `ingest [PATH]…`: takes in what lies in the inbox, or what is named.
pub(super) fn ingest(workshop: &Workshop, paths: &[PathBuf], json: bool) -> Exit {
    let language = workshop.language();
    let own = paths.iter().find_map(|path| Some((path, run::own_place(&workshop.config, path)?)));
    if let Some((path, own)) = own {
        complain!("{}", trouble::own_place(language, path, &own));
        return Exit::Usage;
    }
    let _lock = match lock(workshop) {
        Ok(lock) => lock,
        Err(exit) => return exit,
    };
    // Named files may be the archive of a history that is lost (FAULTS S07).
    let opened = if paths.is_empty() { workshop.open_store(Effect::Real) } else { workshop.open_or_begin_store() };
    let mut open = match opened {
        Ok(open) => open,
        Err(error) => return trouble::stopped(workshop, &error),
    };
    let found = if paths.is_empty() {
        let settle = std::time::Duration::from_secs(workshop.config.intake.settle_seconds);
        inbox::scan(&workshop.config.paths.inbox, workshop.config.intake.sentinel.as_deref(), settle)
    } else {
        inbox::named(paths, &workshop.config.paths.inbox, &workshop.config.paths.archive).map(|mut arrivals| {
            arrivals.retain(|arrival| !run::is_sentinel(&workshop.config, &arrival.path));
            inbox::Scan { arrivals, ..inbox::Scan::default() }
        })
    };
    let intake = match found {
        Ok(scan) => run::ingest(workshop, &mut open.store, &scan, Effect::Real, &progress::watch(language)),
        Err(error) if paths.is_empty() => return trouble::stopped(workshop, &error.into()),
        Err(error) => {
            let ja = "パスと権限をご確認ください。何も取り込んでいません。";
            let en = "Look at path and permissions. Nothing was taken in.";
            complain!("{}\n{}", run::inbox_words(language, &error), pick(language, ja, en));
            return Exit::Usage;
        }
    };
    let intake = match intake {
        Ok(intake) => intake,
        Err(error) => return trouble::stopped(workshop, &error),
    };
    if json {
        let files: Vec<_> = intake.files.iter().map(run::FileOutcome::json).collect();
        if print_json(&serde_json::json!({ "schema": 1, "files": files })).is_err() {
            return Exit::Failed;
        }
    }
    for file in intake.files.iter().filter(|file| file.outcome != Outcome::Held && !json) {
        say!("{}", line(language, &file.json()));
    }
    let held = intake.files.iter().filter(|file| file.outcome == Outcome::Held);
    tell_held(language, held.map(|file| (file.name.as_str(), file.reason.as_deref().unwrap_or_default())));
    tell_notices(language, &intake.notices);
    let held = intake.files.iter().any(|file| file.outcome == Outcome::Held);
    if held || intake.notices.iter().any(Notice::needs_operator) { Exit::Attention } else { Exit::Completed }
}

/// One accepted file.
pub(super) fn line(language: Language, file: &FileJson) -> String {
    let (name, rows) = (&file.name, &file.rows);
    let is_known = file.outcome == Outcome::Duplicate;
    let is_notebook = file.layout.as_deref() == Some(LAYOUT);
    let said = match (language, is_known, is_notebook) {
        (Language::Ja, true, _) => "取込済みの内容です（重複）".to_owned(),
        (Language::En, true, _) => "known already (duplicate)".to_owned(),
        (Language::Ja, _, true) if rows.update == 0 => "新しいメモはありません".to_owned(),
        (Language::En, _, true) if rows.update == 0 => "no new notes".to_owned(),
        (Language::Ja, _, true) => format!("メモ{}件を取り込みました", rows.update),
        (Language::En, _, true) => format!("notes on {} taken in", counted(rows.update, "finding")),
        (Language::Ja, ..) => format!("{}行{}", rows.read, parts(language, rows)),
        (Language::En, ..) => format!("{}{}", counted(rows.read, "row"), parts(language, rows)),
    };
    format!("{name}: {said}")
}

fn counted(count: u64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// Its rows by what became of them, those of which there are none left out.
fn parts(language: Language, rows: &RowCounts) -> String {
    let parts = [
        (rows.new, "新規", "new"),
        (rows.update, "更新", "updated"),
        (rows.same, "同一", "same"),
        (rows.stale, "旧データ", "stale"),
        (rows.conflict, "矛盾", "conflicting"),
        (rows.excluded, "対象外", "excluded"),
        (rows.rejected, "不良", "rejected"),
    ];
    let parts = parts.iter().filter(|(count, ..)| *count > 0);
    match language {
        Language::Ja => {
            let parts: Vec<String> = parts.map(|(count, ja, _)| format!("{ja}{count}行")).collect();
            if parts.is_empty() { String::new() } else { format!("（{}）", parts.join("・")) }
        }
        Language::En => {
            let parts: Vec<String> = parts.map(|(count, _, en)| format!("{count} {en}")).collect();
            if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
        }
    }
}
