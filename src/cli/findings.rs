//! `findings`: what is open, and what people write on it (SPEC §3, §5.7).
//!
//! A finding is computed from the facts, so nobody can close it by hand: `resolve` marks it 対応済, and it clears by
//! itself once its cause is gone. Until then it stays in the report, marked, so that a promise never hides money.

use super::Exit;
use super::args::FindingsAction;
use super::lists::{print_list, with_own_store, with_store};
use super::notices::pick;
use super::table::List;
use crate::domain::finding::FindingRecord;
use crate::domain::notebook::{NoteEntry, NoteField, comes_back};
use crate::locale::findings::code_name;
use crate::locale::sheets::{DONE, work_state};
use crate::run::{RunError, Workshop};
use crate::store::Store;
use serde_json::json;

/// `findings list | note | resolve | reopen`.
pub(super) fn findings(workshop: &Workshop, action: FindingsAction) -> Exit {
    let (id, act, words) = match action {
        FindingsAction::List { json } => return list(workshop, json),
        FindingsAction::Note { id, text } => (id, "note", text),
        FindingsAction::Resolve { id, reason } => (id, "resolve", reason),
        FindingsAction::Reopen { id } => (id, "reopen", String::new()),
    };
    with_own_store(workshop, |store| write(workshop, store, &id, act, words.trim()))
}

/// Writes on one finding and into the trail.
fn write(workshop: &Workshop, store: &mut Store, id: &str, act: &str, words: &str) -> Result<Exit, RunError> {
    let language = workshop.language();
    let known = store.findings(None)?;
    let Some(finding) = known.iter().find(|finding| finding.id.as_str().eq_ignore_ascii_case(id)) else {
        let why = pick(
            language,
            "この所見IDはありません。totsugo findings でご確認ください。",
            "no such finding; see totsugo findings.",
        );
        complain!("{id}: {why}");
        return Ok(Exit::Usage);
    };
    if finding.cleared.is_some() && act != "note" {
        let ja = "この所見は原因がなくなり、すでに解消しています。書けるのはメモ（findings note）だけです。";
        let en = "its cause is gone, so this finding has cleared already; only a memo (findings note) can be written.";
        complain!("{id}: {}", pick(language, ja, en));
        return Ok(Exit::Usage);
    }
    let memo = if act == "resolve" { added(finding, words) } else { words.to_owned() };
    if !comes_back(&memo) {
        let ja = "メモが長すぎるため、書いていません。全角で21,000文字以内に縮めてください（すでにあるメモに書き足す分も含みます）。";
        let en = "the memo is too long and was not written. Keep it within 32,000 characters, with what stands there already; Japanese within 21,000.";
        complain!("{id}: {}", pick(language, ja, en));
        return Ok(Exit::Usage);
    }
    let entry =
        |field, value: String| NoteEntry { finding: finding.id.clone(), field, value, written: workshop.moment() };
    let entries = match act {
        "resolve" => vec![entry(NoteField::State, DONE.to_owned()), entry(NoteField::Text, memo)],
        "reopen" => vec![entry(NoteField::State, String::new())],
        _ => vec![entry(NoteField::Text, memo)],
    };
    store.save_notes(&entries, &workshop.stamp(), act, words)?;
    let said = match act {
        "resolve" => pick(
            language,
            "対応済にしました。原因が残っている間は、要確認に載り続けます。",
            "marked as done; it stays in the report until its cause is gone.",
        ),
        "reopen" => pick(language, "未対応に戻しました。", "marked as not done."),
        _ => pick(language, "メモを書き換えました。", "memo written."),
    };
    say!("{}: {said}", finding.id);
    Ok(Exit::Completed)
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
        let mut open = store.findings(None)?;
        open.retain(|finding| finding.cleared.is_none());
        if as_json {
            let one = |f: &FindingRecord| {
                json!({"id": f.id.as_str(), "shop_id": f.shop.as_str(), "code": f.code.as_str(), "key": f.key,
                       "first_seen": f.first_seen.to_string(), "state": f.note.state,
                       "assignee": f.note.assignee, "note": f.note.text})
            };
            return Ok(print_list("findings", open.iter().map(one).collect()));
        }
        let language = workshop.language();
        let mut list = List::new(pick(
            language,
            "所見ID,ショップ,区分,予約番号・オーダーID,初出日,対応状況,担当,メモ",
            "Finding ID,Shop,Category,Booking or Order ID,First seen,Work status,Assignee,Memo",
        ));
        for f in &open {
            list.add([
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
        list.print(pick(language, "要確認の項目はありません。", "No findings are open."));
        Ok(Exit::Completed)
    })
}
