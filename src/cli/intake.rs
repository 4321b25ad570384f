//! What taking a file in brought, in a line.

use crate::domain::intake::{Outcome, RowCounts};
use crate::domain::notebook::LAYOUT;
use crate::locale::Language;
use crate::report::json::FileJson;

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
