//! What needs the operator, in a sentence that says what to do.

use super::{Notice, state_name};
use crate::domain::delivery::State;
use crate::locale::Language;
use crate::post::Trouble;

/// One notice as a sentence.
pub fn sentence(language: Language, notice: &Notice) -> String {
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
        Notice::CannotLeave { name, is_held: true, why, .. } => say(
            format!("{name}: 保留にしましたが、inbox から移動できません（{why}）。フォルダーの権限をご確認ください。"),
            format!("{name}: held, but it cannot leave the inbox ({why}); check the folder's permissions."),
        ),
        Notice::CannotLeave { name, why, .. } => say(
            format!(
                "{name}: 取り込み済みですが、inbox から移動できません（{why}）。二重には集計されません。フォルダーの権限をご確認ください。"
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
        Notice::NotesRefused(sentences) | Notice::RowsRejected(sentences) => sentences.join("\n"),
        Notice::UnplacedBookings(carts) => say(
            format!(
                "どのショップの予約か決められない予約が{}件あります（{}）。booking_prefixes を設定するか、次に出力するファイルから inbox/<ショップID>/ に置いてください（取込済みのファイルは置き直しても変わりません）。",
                carts.len(),
                some(carts)
            ),
            format!(
                "{} bookings belong to no shop ({}). Set booking_prefixes, or drop the exports from the next one on in inbox/<shop id>/: a file that was taken in changes nothing there.",
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
        Notice::WorkbookGone { shop, workbook } => say(
            format!(
                "{shop}: 発行済みのレポート {workbook} が見当たりません。数字は前回と同じため、新しい版は作成していません。元の場所に戻すか、同じ期間で totsugo run --reissue を実行して、次の版を発行してください。"
            ),
            format!(
                "{shop}: the workbook {workbook} that was issued is not there. No figure changed, so no new one was made. Put it back, or make the next revision with totsugo run --reissue for the same period."
            ),
        ),
        Notice::MailWaiting(count) => {
            say(format!("未送信のメールが{count}通あります。"), format!("{count} messages are waiting to be sent."))
        }
        Notice::MailUndelivered(count) => say(
            format!(
                "届いていない、または届いたか不明のメールが{count}通あります。totsugo mail list で確認し、mail resend で再送するか、届いていれば mail settle で確認済みにしてください。"
            ),
            format!(
                "{count} messages did not arrive, or nobody knows whether they did. See totsugo mail list; use mail resend, or mail settle once that is cleared up."
            ),
        ),
        Notice::Mail(trouble) => mail(language, trouble),
        Notice::Restored(count) => say(
            format!(
                "送信済みのレポート{count}件が履歴にありません（古いバックアップの復元）。送信記録 totsugo.sent.jsonl に従い、送信済みとして扱いました。もう一度送る必要がある場合は、totsugo run --reissue で新しい版を発行してください。"
            ),
            format!(
                "{count} reports had left that the history does not know (an older backup was restored). By totsugo.sent.jsonl they count as sent; to send one again, issue its next revision with totsugo run --reissue."
            ),
        ),
        Notice::NewRecipient(text) => text.clone(),
    }
}

/// What became of a message to one recipient, and what to do.
fn mail(language: Language, trouble: &Trouble) -> String {
    let about =
        trouble.report.as_ref().map_or_else(String::new, |report| format!("{} r{} ", report.shop, report.revision));
    let (to, state, words) = (&trouble.recipient, state_name(language, trouble.state), &trouble.words);
    let next = match (trouble.state, language) {
        (State::Queued, Language::Ja) => "フォルダーの権限と空き容量をご確認ください。次回書き出します。",
        (State::Queued, Language::En) => "Check the folder; it is written next time.",
        (State::Deferred, Language::Ja) => "自動で再送を試みます。",
        (State::Deferred, Language::En) => "It is tried again by itself.",
        (State::Refused, Language::Ja) => "宛先とサーバーの応答を確認し、totsugo mail resend で送り直してください。",
        (State::Refused, Language::En) => "Check address and reply, then use totsugo mail resend.",
        (State::Unknown, Language::Ja) => {
            "届いたかどうか不明です。受信者に確認し、届いていない場合だけ totsugo mail resend で再送してください。"
        }
        (State::Unknown, Language::En) => "It may have arrived. Ask the recipient; if not, use totsugo mail resend.",
        (State::Dropped, Language::Ja) => "設定にない宛先のため送信していません。",
        (State::Dropped, Language::En) => "The address is no longer configured, so nothing was sent to it.",
        (State::Sending | State::Ending | State::Accepted | State::Settled, _) => "",
    };
    // The words are a server's or the system's; there are none where nobody was asked.
    match (language, words.is_empty()) {
        (Language::Ja, true) => format!("メール {about}{to}: {state}。{next}"),
        (Language::Ja, false) => format!("メール {about}{to}: {state}（{words}）。{next}"),
        (Language::En, true) => format!("Mail {about}{to}: {state}. {next}"),
        (Language::En, false) => format!("Mail {about}{to}: {state} ({words}). {next}"),
    }
}

fn some(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
    let more = if names.len() > shown.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
