//! What a run does with the outbox: settle what was left, tell the operator, send what is due, say what became of it.

use super::publish::Published;
use super::{Effect, Intake, Lock, Notice, Order, Workshop, sentence};
use crate::domain::delivery::{MailWord, State, TELL_AFTER_SECONDS};
use crate::domain::ids::ShopId;
use crate::locale::Language;
use crate::post::{self, OperatorFault, Others, PostError, Recovered, Timeouts, Trouble};
use crate::store::{Delivery, ReportKey, Store, StoreError};
use chrono::DateTime;

/// Settles what the last process left (FAULTS M02, S06).
pub(super) fn recover(workshop: &Workshop, store: &mut Store) -> Result<Vec<Notice>, PostError> {
    let Recovered { restored, unknown } = post::recover(&workshop.config, store, workshop.now)?;
    let unknown = unknown.into_iter().map(|recipient| {
        let (words, state) = ("killed while the final dot went".to_owned(), State::Unknown);
        Notice::Mail(Trouble { report: None, recipient, state, words })
    });
    Ok((restored > 0).then_some(Notice::Restored(restored)).into_iter().chain(unknown).collect())
}

/// Tells the operator what is new, sends what is due unless the order says no, and fills in what became of each shop's
/// mail. Returns what people are told of it.
pub(super) fn send(
    workshop: &Workshop,
    store: &mut Store,
    order: &Order,
    notices: &[Notice],
    published: &mut Published,
    timeouts: Timeouts,
) -> Result<Vec<Notice>, PostError> {
    if order.effect != Effect::Real || !order.mail {
        return waiting(store);
    }
    let faults = faults(workshop, store, notices, published)?;
    let others = if order.shops.is_empty() { Others::End } else { Others::Stay };
    let told = post::tell_operator(&workshop.config, store, "run", &faults, others, workshop.now)?;
    let mut said: Vec<Notice> = new_recipients(&faults, told);
    said.extend(send_due(workshop, store, timeouts)?);
    for shop in &mut published.shops {
        let id = ShopId::new(&shop.shop_id);
        if shop.mail == MailWord::Queued {
            let states = store.report_states(&ReportKey {
                shop: id.clone(),
                period: (order.period.from(), order.period.to()),
                revision: shop.revision,
            })?;
            shop.mail = MailWord::of(&states);
            for issued in published.issued.iter_mut().filter(|issued| issued.shop == id) {
                issued.mail = shop.mail;
            }
        }
    }
    said.extend(waiting(store)?);
    Ok(said)
}

/// Tells the operator what taking files in outside a run brought, as a run does; what was told before stays told, as it is
/// for the next run to end it. Returns what is new.
///
/// A file that is not complete yet is what the wait is for: the next look comes to it.
///
/// # Errors
/// When the history cannot be used.
pub fn tell_intake(workshop: &Workshop, store: &mut Store, intake: Intake) -> Result<Vec<Notice>, PostError> {
    let mut notices = intake.notices;
    notices.retain(|notice| !matches!(notice, Notice::StillGrowing(_) | Notice::InUse { is_long: false, .. }));
    let faults = faults(workshop, store, &notices, &Published::default())?;
    let told = post::tell_operator(&workshop.config, store, "run", &faults, Others::Stay, workshop.now)?;
    notices.retain(|notice| !notice.needs_operator() || told.contains(&sentence(workshop.language(), notice)));
    Ok(notices)
}

/// Sends what is due outside a run: retries, and what `mail resend` queued. The operator hears of what went wrong.
///
/// # Errors
/// When history or record cannot be used.
pub fn send_due(workshop: &Workshop, store: &mut Store, timeouts: Timeouts) -> Result<Vec<Notice>, PostError> {
    let deliver = |store: &mut Store| {
        let troubles = post::deliver(&workshop.config, store, workshop.now, timeouts, &workshop.stop)?;
        Ok::<_, PostError>(troubles.into_iter().map(Notice::Mail))
    };
    let mut said = recover(workshop, store)?;
    said.extend(deliver(store)?);
    let faults = mail_faults(workshop, store)?;
    if !post::tell_operator(&workshop.config, store, "mail", &faults, Others::End, workshop.now)?.is_empty() {
        let new: Vec<Notice> = deliver(store)?.filter(|notice| !said.contains(notice)).collect();
        said.extend(new);
    }
    Ok(said)
}

/// Every delivery, as [`Store::deliveries`] has them. Where no process is at work, what stands as being sent was left by
/// one that ended, and is what the next start makes of it (FAULTS M02).
///
/// # Errors
/// When the history cannot be read.
pub fn deliveries(workshop: &Workshop, store: &Store, limit: u32) -> Result<Vec<Delivery>, StoreError> {
    let deliveries = store.deliveries(limit)?;
    if deliveries.iter().all(|delivery| delivery.state.after_restart() == delivery.state) {
        return Ok(deliveries);
    }
    let Ok(_lock) = Lock::take(&workshop.config.paths.database) else { return Ok(deliveries) };
    // Read again under the lock: whoever was at work may have come to the end in between.
    let mut deliveries = store.deliveries(limit)?;
    for delivery in &mut deliveries {
        delivery.state = delivery.state.after_restart();
    }
    Ok(deliveries)
}

/// How many messages wait, and how many a person has to look into: said by every run until they are sent again or
/// settled.
fn waiting(store: &Store) -> Result<Vec<Notice>, PostError> {
    let deliveries = store.deliveries(0)?;
    let count = |is: fn(State) -> bool| {
        u64::try_from(deliveries.iter().filter(|delivery| is(delivery.state)).count()).unwrap_or(u64::MAX)
    };
    let (open, undelivered) = (count(State::is_open), count(State::needs_a_person));
    let open = (open > 0).then_some(Notice::MailWaiting(open));
    Ok(open.into_iter().chain((undelivered > 0).then_some(Notice::MailUndelivered(undelivered))).collect())
}

/// Pairs of address and shop are said on the screen too: whoever has no `mail.operator` would not hear of them.
fn new_recipients(faults: &[OperatorFault], told: Vec<String>) -> Vec<Notice> {
    let known: Vec<&String> = faults.iter().map(|fault| &fault.text).collect();
    told.into_iter().filter(|text| !known.contains(&text)).map(Notice::NewRecipient).collect()
}

/// Everything the operator must know of: faults of this run, held files, failed shops, mail that did not arrive. Words
/// of files and figures of proofs stay out (FAULTS M21).
fn faults(
    workshop: &Workshop,
    store: &Store,
    notices: &[Notice],
    published: &Published,
) -> Result<Vec<OperatorFault>, PostError> {
    let language = workshop.language();
    let say = |ja: String, en: String| match language {
        Language::Ja => ja,
        Language::En => en,
    };
    let mut faults = Vec::new();
    for notice in notices.iter().filter(|notice| notice.needs_operator()) {
        // What the outbox itself says is said below, per recipient.
        if !matches!(notice, Notice::MailWaiting(_) | Notice::MailUndelivered(_) | Notice::Mail(_)) {
            let text = sentence(language, notice);
            faults.push(OperatorFault { key: format!("notice/{text}"), text });
        }
    }
    for held in store.held()? {
        let text = say(
            format!("保留ファイル: {}。理由は held フォルダーの .reason.txt をご覧ください。", held.name),
            format!("Held file: {}. Its .reason.txt in the held folder says why.", held.name),
        );
        faults.push(OperatorFault { key: format!("held/{}", held.name), text });
    }
    for (shop, _) in &published.failures {
        let text = say(
            format!(
                "ショップ {shop}: レポートを発行できませんでした（検算の不一致など）。経理にはメールしていません。totsugo run の画面をご確認ください。"
            ),
            format!(
                "Shop {shop}: no report was issued (a proof does not balance, or it failed). Nothing was mailed to finance; see what totsugo run says."
            ),
        );
        faults.push(OperatorFault { key: format!("failed/{shop}"), text });
    }
    Ok(faults)
}

/// Reports' mail the operator must know of. What became of a note to the operator is said by the exit code, the log and
/// `status`: a note about it would go the same way, and the next one about that.
fn mail_faults(workshop: &Workshop, store: &Store) -> Result<Vec<OperatorFault>, PostError> {
    let (language, now) = (workshop.language(), workshop.now.timestamp());
    let mut matters_now = store.deliveries(0)?;
    matters_now.retain(|delivery| delivery.report.is_some() && matters(delivery, now));
    let fault = |delivery: &Delivery| OperatorFault {
        key: format!("{}/{}/{}", delivery.id, delivery.resent, delivery.state.name()),
        text: undelivered(language, delivery),
    };
    Ok(matters_now.iter().map(fault).collect())
}

/// Whether the operator hears of a delivery by mail (M03, M04).
fn matters(delivery: &Delivery, now: i64) -> bool {
    delivery.state.needs_a_person() || (delivery.state == State::Deferred && is_stuck(delivery, now))
}

/// Whether somebody must see to a delivery though a try of it is to come: at once where no try will help, after two hours
/// otherwise (M03, M08).
pub fn is_stuck(delivery: &Delivery, now: i64) -> bool {
    let since = match delivery.state {
        State::Deferred if delivery.at_once => return true,
        State::Deferred => delivery.since,
        // A folder that cannot be written leaves it so, and so does a daemon that does not run.
        State::Queued => DateTime::parse_from_rfc3339(&delivery.at).ok().map(|at| at.timestamp()),
        State::Sending
        | State::Ending
        | State::Accepted
        | State::Refused
        | State::Unknown
        | State::Dropped
        | State::Settled => None,
    };
    since.is_some_and(|since| now.saturating_sub(since) >= TELL_AFTER_SECONDS)
}

fn undelivered(language: Language, delivery: &Delivery) -> String {
    let about = delivery.report.as_ref().map_or_else(String::new, |report| {
        format!("{} {}..{} r{} ", report.shop, report.period.0, report.period.1, report.revision)
    });
    let (id, recipient, state) = (delivery.id, &delivery.recipient, state_name(language, delivery.state));
    match (language, delivery.words.as_str()) {
        (Language::Ja, "") => format!("メール #{id} {about}{recipient}: {state}。"),
        (Language::Ja, words) => format!("メール #{id} {about}{recipient}: {state}。サーバーの応答: {words}"),
        (Language::En, "") => format!("Mail #{id} {about}{recipient}: {state}."),
        (Language::En, words) => format!("Mail #{id} {about}{recipient}: {state}. The server: {words}"),
    }
}

/// A state in a word or two.
pub const fn state_name(language: Language, state: State) -> &'static str {
    match (state, language) {
        (State::Queued, Language::Ja) => "送信待ち",
        (State::Queued, Language::En) => "queued",
        (State::Sending | State::Ending, Language::Ja) => "送信中",
        (State::Sending | State::Ending, Language::En) => "sending",
        (State::Accepted, Language::Ja) => "受付済",
        (State::Accepted, Language::En) => "accepted",
        (State::Deferred, Language::Ja) => "再試行待ち",
        (State::Deferred, Language::En) => "deferred",
        (State::Refused, Language::Ja) => "拒否",
        (State::Refused, Language::En) => "refused",
        (State::Unknown, Language::Ja) => "到達不明",
        (State::Unknown, Language::En) => "unknown",
        (State::Dropped, Language::Ja) => "宛先から除外",
        (State::Dropped, Language::En) => "dropped",
        (State::Settled, Language::Ja) => "確認済",
        (State::Settled, Language::En) => "settled",
    }
}
