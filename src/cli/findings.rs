//! `findings`: what is open, and what people write on it (SPEC §3, §5.7).
//!
//! A finding is computed from the facts, so nobody can close it by hand: `resolve` marks it 対応済, and it clears by
//! itself once its cause is gone. Until then it stays in the report, marked, so that a promise never hides money.

use super::args::FindingsAction;
use super::lists::{printed, table, with_store};
use super::notices::pick;
use super::{Exit, failed, lock, print_json};
use crate::domain::finding::FindingRecord;
use crate::domain::notebook::{NoteEntry, NoteField};
use crate::locale::findings::code_name;
use crate::locale::sheets::{DONE, work_state};
use crate::run::Workshop;
use crate::store::Store;
use serde_json::json;

/// `findings list | note | resolve | reopen`.
pub(super) fn findings(workshop: &Workshop, action: Option<FindingsAction>) -> Exit {
    let (id, act, words) = match action {
        None => return list(workshop, false),
        Some(FindingsAction::List { json }) => return list(workshop, json),
        Some(FindingsAction::Note { id, text }) => (id, "note", text),
        Some(FindingsAction::Resolve { id, reason }) => (id, "resolve", reason),
        Some(FindingsAction::Reopen { id }) => (id, "reopen", String::new()),
    };
    let _lock = match lock(workshop) {
        Ok(lock) => lock,
        Err(exit) => return exit,
    };
    with_store(workshop, |store| write(workshop, store, &id, act, words.trim()))
}

/// Writes on one finding and into the trail.
fn write(workshop: &Workshop, store: &mut Store, id: &str, act: &str, words: &str) -> Exit {
    let language = workshop.language();
    let known = match store.findings(None) {
        Ok(known) => known,
        Err(error) => return failed(&error),
    };
    let Some(finding) = known.iter().find(|finding| finding.id.as_str().eq_ignore_ascii_case(id)) else {
        let why = pick(
            language,
            "この所見IDはありません。findings list でご確認ください。",
            "no such finding; see `findings list`.",
        );
        complain!("{id}: {why}");
        return Exit::Usage;
    };
    if finding.cleared.is_some() && act != "note" {
        complain!("{id}: {}", pick(language, "この所見は解消済みです。", "this finding has cleared already."));
        return Exit::Usage;
    }
    let entry =
        |field, value: String| NoteEntry { finding: finding.id.clone(), field, value, written: workshop.moment() };
    let entries = match act {
        "resolve" => vec![entry(NoteField::State, DONE.to_owned()), entry(NoteField::Text, added(finding, words))],
        "reopen" => vec![entry(NoteField::State, String::new())],
        _ => vec![entry(NoteField::Text, words.to_owned())],
    };
    match store.save_notes(&entries, &workshop.stamp(), act, words) {
        Ok(()) => Exit::Completed,
        Err(error) => failed(&error),
    }
}

/// The memo with `words` as its last line; said twice is said once.
fn added(finding: &FindingRecord, words: &str) -> String {
    let memo = &finding.note.text;
    if memo.is_empty() || memo.lines().any(|line| line == words) {
        return if memo.is_empty() { words.to_owned() } else { memo.clone() };
    }
    format!("{memo}\n{words}")
}

/// What is open, oldest first.
fn list(workshop: &Workshop, as_json: bool) -> Exit {
    with_store(workshop, |store| {
        let mut open = match store.findings(None) {
            Ok(all) => all,
            Err(error) => return failed(&error),
        };
        open.retain(|finding| finding.cleared.is_none());
        if as_json {
            let list: Vec<_> = open
                .iter()
                .map(|f| {
                    json!({"id": f.id.as_str(), "shop_id": f.shop.as_str(), "code": f.code.as_str(), "key": f.key,
                           "first_seen": f.first_seen.to_string(), "state": f.note.state,
                           "assignee": f.note.assignee, "note": f.note.text})
                })
                .collect();
            return printed(print_json(&json!({"schema": 1, "findings": list})));
        }
        let language = workshop.language();
        if open.is_empty() {
            say!("{}", pick(language, "要確認の項目はありません。", "No findings are open."));
            return Exit::Completed;
        }
        let headings = pick(
            language,
            "所見ID,ショップ,区分,予約番号・オーダーID,初出日,対応状況,担当,メモ",
            "ID,Shop,Kind,Booking or Order ID,First seen,State,Assignee,Memo",
        );
        let mut shown = table(&headings.split(',').collect::<Vec<_>>());
        for f in &open {
            shown.add_row([
                f.id.to_string(),
                f.shop.to_string(),
                code_name(language, f.code).to_owned(),
                f.key.clone(),
                f.first_seen.to_string(),
                work_state(language, &f.note.state).to_owned(),
                f.note.assignee.clone(),
                f.note.text.clone(),
            ]);
        }
        say!("{shown}");
        Exit::Completed
    })
}
