//! What needs the operator, in a sentence that says what to do.

use crate::locale::Language;
use crate::run::Notice;

/// The sentence of the language.
pub(super) const fn pick(language: Language, ja: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

/// One notice as a sentence.
pub(super) fn sentence(language: Language, notice: &Notice) -> String {
    let say = |ja: String, en: String| match language {
        Language::Ja => ja,
        Language::En => en,
    };
    match notice {
        Notice::StillGrowing(name) => say(
            format!("{name}: まだ書き込み中のため、次回取り込みます。"),
            format!("{name}: still being written; it is taken in next time."),
        ),
        Notice::InUse { name, is_long: false } => say(
            format!("{name}: Excel などで開かれています。ファイルを閉じてください。次回取り込みます。"),
            format!("{name}: open in a spreadsheet program. Close it; it is taken in next time."),
        ),
        Notice::InUse { name, is_long: true } => say(
            format!(
                "{name}: 4時間以上、Excel などで開かれたままのため取り込めません。ファイルを閉じてください。どこでも開いていない場合は、ロックファイル（~$… または .~lock.…#）を削除してください。"
            ),
            format!(
                "{name}: open in a spreadsheet program for more than 4 hours, so it is not taken in. Close the file; if nobody has it open, remove its lock file (~$… or .~lock.…#)."
            ),
        ),
        Notice::CannotLeave { name, why, .. } => say(
            format!(
                "{name}: 取り込み済みですが、inbox から移動できません（{why}）。二重には集計されません。フォルダの権限をご確認ください。"
            ),
            format!(
                "{name}: taken in, but it cannot leave the inbox ({why}). It does not count twice; check the folder's permissions."
            ),
        ),
        Notice::NotAFile(name) => say(
            format!("{name}: 通常のファイルではないため、読み込みません。inbox から取り除いてください。"),
            format!("{name}: not a regular file, not read. Please remove it from the inbox."),
        ),
        Notice::FileFailed { name, why } => say(
            format!(
                "{name}: 処理できませんでした（{why}）。ファイルは inbox に残っています。権限と空き容量をご確認ください。"
            ),
            format!(
                "{name}: could not be handled ({why}). It is still in the inbox; check permissions and free space."
            ),
        ),
        Notice::NotesRefused(sentences) => sentences.join("\n"),
        Notice::UnplacedBookings(carts) => say(
            format!(
                "どのショップの予約か決められない予約が{}件あります（{}）。booking_prefixes を設定するか、ファイルを inbox/<ショップID>/ に置いてください。",
                carts.len(),
                some(carts)
            ),
            format!(
                "{} bookings belong to no shop ({}). Set booking_prefixes, or drop the file in inbox/<shop id>/.",
                carts.len(),
                some(carts)
            ),
        ),
        Notice::MissingExport { shop, source } => say(
            format!("{shop}: {source} のデータが未着です。出力して inbox に置いてください。"),
            format!("{shop}: no data from {source} has arrived. Export it and drop it in the inbox."),
        ),
        Notice::ExportNotIn(shop) => say(
            format!("{shop}: 当日分の GMO-PG の出力が未着です。届き次第 inbox に置いてください。"),
            format!(
                "{shop}: the export of the day from GMO-PG is not in. Drop it in the inbox as soon as it is there."
            ),
        ),
        Notice::Late { schedule, planned } => say(
            format!("遅延: 予定「{schedule}」の {planned} の回を、遅れて実行しました。"),
            format!("Late: the slot {planned} of schedule \"{schedule}\" ran after its time."),
        ),
        Notice::NoRecipients(shop) => say(
            format!("{shop}: 宛先（recipients）が未設定のため、メールは作成していません。"),
            format!("{shop}: no recipients are configured, so no mail was made."),
        ),
        Notice::MailWaiting(count) => {
            say(format!("未送信のメールが{count}通あります。"), format!("{count} messages are waiting to be sent."))
        }
    }
}

fn some(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
    let more = if names.len() > shown.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
