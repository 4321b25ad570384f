//! `mail`: who got what and when, sending again on purpose, and a test without figures.

use super::args::MailAction;
use super::lists::{print_list, with_own_store, with_store};
use super::marks::{BAD, GOOD};
use super::notices::{pick, written};
use super::table::List;
use super::trouble::unusable;
use super::{Exit, failed, tell_notices};
use crate::config::Transport;
use crate::domain::delivery::State;
use crate::durable;
use crate::locale::Language;
use crate::mail::address::domain_of;
use crate::mail::{self, Note};
use crate::post::{self, Timeouts};
use crate::run::{self, RunError, Workshop, state_name};
use crate::store::{Delivery, Store};
use serde_json::json;

/// How many of the newest messages `mail list` shows; what is not delivered is always shown.
const SHOWN: u32 = 200;

/// `mail list`, `mail resend`, `mail settle`, `mail send-test`.
pub(super) fn mail(workshop: &Workshop, action: MailAction) -> Exit {
    match action {
        MailAction::List { json } => list(workshop, json),
        MailAction::Resend { id, reason } => resend(workshop, id, &reason),
        MailAction::Settle { id, reason } => settle(workshop, id, &reason),
        MailAction::SendTest { address } => send_test(workshop, &address),
    }
}

fn list(workshop: &Workshop, json: bool) -> Exit {
    with_store(workshop, |store| {
        let deliveries = run::deliveries(workshop, store, SHOWN)?;
        if json {
            return Ok(print_list("mails", deliveries.iter().map(as_json).collect()));
        }
        let language = workshop.language();
        let mut list = List::new(pick(
            language,
            "番号,ショップ,対象期間,版,宛先,状態,回数,更新日時,サーバーの応答,再送・確認済の理由",
            "ID,Shop,Period,Revision,Recipient,State,Tries,Changed,The server,Why resent or settled",
        ));
        deliveries.iter().for_each(|delivery| list.add(row(language, delivery)));
        list.print(pick(language, "メールはまだありません。", "There is no mail yet."));
        Ok(Exit::Completed)
    })
}

fn row(language: Language, delivery: &Delivery) -> [String; 10] {
    let operator = || pick(language, "（運用担当宛）", "(operator)").to_owned();
    let (shop, period, revision) = delivery.report.as_ref().map_or_else(
        || (operator(), String::new(), String::new()),
        |report| {
            let period = format!("{}..{}", report.period.0, report.period.1);
            (report.shop.to_string(), period, format!("r{}", report.revision))
        },
    );
    // Every server has something to say; a folder has not.
    let is_written = delivery.state == State::Accepted && delivery.words.is_empty();
    let mut state = if is_written { written(language) } else { state_name(language, delivery.state) }.to_owned();
    if delivery.resent > 0 {
        state.push_str(pick(language, "（再送）", " (resent)"));
    }
    let (id, tries) = (delivery.id.to_string(), delivery.tries.to_string());
    let Delivery { recipient, at, words, reason, .. } = delivery.clone();
    [id, shop, period, revision, recipient, state, tries, at, words, reason]
}

fn as_json(delivery: &Delivery) -> serde_json::Value {
    let report = delivery.report.as_ref();
    json!({
        "id": delivery.id,
        "shop_id": report.map(|report| report.shop.as_str()),
        "period": report.map(|report| json!({"from": report.period.0.to_string(), "to": report.period.1.to_string()})),
        "revision": report.map(|report| report.revision),
        "recipient": delivery.recipient,
        "message_id": delivery.message_id,
        "state": delivery.state.name(),
        "tries": delivery.tries,
        "resent": delivery.resent,
        "changed": delivery.at,
        "reply": delivery.words,
        "reason": delivery.reason,
    })
}

fn resend(workshop: &Workshop, id: i64, reason: &str) -> Exit {
    let language = workshop.language();
    with_reason(workshop, reason, |store| {
        if !store.resend(id, &workshop.stamp(), reason)? {
            let ja = "再送できるメールではありません（番号違い、送信待ち、または本文が手元にありません）。totsugo mail list でご確認ください。本文がないレポートは、totsugo run --reissue で新しい版を発行できます。";
            let en = "cannot be sent again: there is no such number, it is still waiting to be sent, or its content is not stored here. See totsugo mail list; totsugo run --reissue issues the next revision of a report without its content.";
            complain!("{id}: {}", pick(language, ja, en));
            return Ok(Exit::Usage);
        }
        store.log_act(&workshop.stamp(), "mail resend", &id.to_string(), reason)?;
        say!("{id}: {}", pick(language, "再送として送信します。", "sent again, marked as such."));
        let notices = run::send_due(workshop, store, Timeouts::RFC)?;
        tell_notices(language, &notices);
        Ok(if notices.iter().any(run::Notice::needs_operator) { Exit::Attention } else { Exit::Completed })
    })
}

/// Does `work` on the history for a person who gave a reason, while no run is at work.
fn with_reason(workshop: &Workshop, reason: &str, work: impl FnOnce(&mut Store) -> Result<Exit, RunError>) -> Exit {
    if reason.trim().is_empty() || reason.chars().any(char::is_control) {
        complain!("{}", pick(workshop.language(), "--reason に理由を書いてください。", "Give a reason with --reason."));
        return Exit::Usage;
    }
    with_own_store(workshop, |store| {
        // What a killed process left is settled first: it may be the very message that is asked for.
        let left = post::recover(&workshop.config, store, workshop.now)?;
        if left.restored > 0 {
            tell_notices(workshop.language(), &[run::Notice::Restored(left.restored)]);
        }
        work(store)
    })
}

/// Closes what a person has looked into, so that no run speaks of it any more.
fn settle(workshop: &Workshop, id: i64, reason: &str) -> Exit {
    let language = workshop.language();
    with_reason(workshop, reason, |store| {
        if !store.settle(id, &workshop.stamp(), reason)? {
            let ja = "拒否または到達不明のメールではありません。totsugo mail list でご確認ください。";
            complain!("{id}: {}", pick(language, ja, "neither refused nor unknown; see totsugo mail list."));
            return Ok(Exit::Usage);
        }
        store.log_act(&workshop.stamp(), "mail settle", &id.to_string(), reason)?;
        say!("{id}: {}", pick(language, "確認済みにしました。", "marked as settled."));
        Ok(Exit::Completed)
    })
}

/// A message without figures to one address, which must lie in `allowed_domains` (FAULTS K04).
fn send_test(workshop: &Workshop, address: &str) -> Exit {
    let (language, config) = (workshop.language(), &workshop.config);
    let domains = &config.mail.allowed_domains;
    let is_allowed = |domain| domains.is_empty() || domains.contains(&domain);
    if !domain_of(address).is_some_and(is_allowed) {
        let ja = "メールアドレスでないか、mail.allowed_domains の外のアドレスです。宛先を直すか、設定に加えてください。送信していません。";
        let en = "not a mail address, or outside mail.allowed_domains; correct it, or the setting. Nothing was sent.";
        complain!("{address}: {}", pick(language, ja, en));
        return Exit::Usage;
    }
    let subject = pick(language, "【突合】送信テスト", "[totsugo] test");
    let text = pick(
        language,
        "突合からの送信テストです。このメールが届いていれば、レポートも届きます。\n金額や予約の内容は含まれていません。\n",
        "This is a test by totsugo. If it arrives, so will the reports. It holds no figures.\n",
    );
    let from = &config.mail.from;
    let message_id = mail::note_id(text, workshop.now, from.domain());
    let to = [address.to_owned()];
    let note = Note { from, to: &to, subject, text, message_id: &message_id, date: workshop.now };
    let content = match mail::compose_note(&note) {
        Ok(content) => content,
        Err(error) => return failed(&error),
    };
    match &config.mail.transport {
        Transport::Directory => {
            let path = config.paths.outbox.join(format!("{message_id}.eml"));
            match durable::write_new(&path, &content) {
                Ok(()) => {
                    let written = pick(language, "試験メールを書き出しました", "The test mail was written");
                    say!("{written}: {}", path.display());
                    Exit::Completed
                }
                Err(error) => unusable(language, &path, &error),
            }
        }
        Transport::Smtp(server) => match post::send_test(config, server, address, &content, Timeouts::RFC) {
            Ok(words) => {
                say!("{GOOD} {address}: {words}");
                Exit::Completed
            }
            Err(failure) => {
                complain!("{BAD} {address}: {}", failure.words());
                Exit::Attention
            }
        },
    }
}
