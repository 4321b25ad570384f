//! The operator hears of each fault once: not every minute, never figures, never guests (FAULTS M21).

use super::PostError;
use crate::config::Config;
use crate::domain::dates::stamp;
use crate::domain::ids::ShopId;
use crate::mail::{self, Note, OperatorContext};
use crate::store::{NewMessage, Store};
use crate::templates;
use chrono::{DateTime, FixedOffset};
use std::collections::BTreeSet;

/// Something the operator must hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorFault {
    /// What makes it the same fault tomorrow.
    pub key: String,
    /// One sentence without figures and guests: what is wrong and what to do.
    pub text: String,
}

/// What becomes of the faults that were told under a scope and are not among those of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They are over, and are told again should they come back.
    End,
    /// They stay told: who looks now did not look for all of them.
    Stay,
}

/// Marks of the daily sign of life.
const HEARTBEAT: &str = "heartbeat/";

/// Queues one message about those of `faults` that the operator has not heard of, new pairs of address and shop among
/// them (FAULTS K05), and the daily sign of life if it is due. Call before [`super::deliver`].
///
/// `scope` names who looks (`run`, `mail`, `daemon/…`); `others` says what becomes of what was told under it before.
/// Returns the texts that are new, for the screen.
///
/// # Errors
/// When the history cannot be used.
pub fn tell_operator(
    config: &Config,
    store: &mut Store,
    scope: &str,
    faults: &[OperatorFault],
    others: Others,
    now: DateTime<FixedOffset>,
) -> Result<Vec<String>, PostError> {
    let key = |fault: &OperatorFault| format!("{scope}/{}", fault.key);
    let told: BTreeSet<String> = store.faults_told()?.into_iter().map(|(key, _)| key).collect();
    let day = now.date_naive().to_string();
    let beat = format!("{HEARTBEAT}{day}");
    let current: BTreeSet<String> = faults.iter().map(key).collect();
    let is_over = |old: &String| {
        (old.starts_with(HEARTBEAT) && *old != beat)
            || (others == Others::End && is_under(old, scope) && !current.contains(old))
    };
    let over: Vec<String> = told.iter().filter(|old| is_over(old)).cloned().collect();
    store.forget_told(&over)?;
    let mut pairs = store.untold_pairs(&pairs(config))?;
    if !store.knows_pairs()? {
        // What a new installation begins with is what `check` has shown; only what is added later is news.
        store.tell_operator(None, &[], &pairs, &stamp(now))?;
        pairs.clear();
    }
    let new: Vec<&OperatorFault> = faults.iter().filter(|fault| !told.contains(&key(fault))).collect();
    let mut texts: Vec<String> = new.iter().map(|fault| fault.text.clone()).collect();
    texts.extend(pairs.iter().map(|(address, shop)| new_pair(config, address, shop)));
    let heartbeat = config.mail.heartbeat && !told.contains(&beat);
    if texts.is_empty() && !heartbeat {
        return Ok(texts);
    }
    let mut keys: Vec<String> = new.into_iter().map(key).collect();
    keys.extend(heartbeat.then_some(beat));
    let message = compose(config, &OperatorContext { faults: texts.clone(), heartbeat, day }, now);
    store.tell_operator(message.as_ref(), &keys, &pairs, &stamp(now))?;
    Ok(texts)
}

/// Ends whatever was told under `scope`: it is told again should it come back.
///
/// # Errors
/// When the history cannot be used.
pub fn end_faults(store: &Store, scope: &str) -> Result<(), PostError> {
    let told = store.faults_told()?.into_iter().map(|(key, _)| key);
    let over: Vec<String> = told.filter(|key| is_under(key, scope)).collect();
    Ok(store.forget_told(&over)?)
}

fn is_under(key: &str, scope: &str) -> bool {
    key.strip_prefix(scope).is_some_and(|rest| rest.starts_with('/'))
}

/// Every address with every shop it hears about.
fn pairs(config: &Config) -> Vec<(String, ShopId)> {
    let book = config.address_book();
    let pairs = book.into_iter().flat_map(|(address, shops)| {
        shops.into_iter().map(move |shop| (address.clone(), shop.clone())).collect::<Vec<_>>()
    });
    pairs.collect()
}

fn new_pair(config: &Config, address: &str, shop: &ShopId) -> String {
    let name = config.shops.iter().find(|known| known.shop.id == *shop).map_or("", |known| known.shop.name.as_str());
    match config.language {
        crate::locale::Language::Ja => {
            format!(
                "宛先の追加: 今後、ショップ {shop} {name} のレポートの宛先に {address} が加わります。誤りがないかご確認ください。"
            )
        }
        crate::locale::Language::En => {
            format!(
                "New recipient: from now on {address} is among those who get the reports of shop {shop} {name}. Please check that this is right."
            )
        }
    }
}

/// The message, if there is anybody to hear it. Its template is ours and tested, so that it cannot fail here.
fn compose(config: &Config, context: &OperatorContext, now: DateTime<FixedOffset>) -> Option<NewMessage> {
    if config.mail.operator.is_empty() {
        return None;
    }
    let (subject, text) = templates::operator(config.language).render(context).ok()?;
    let from = &config.mail.from;
    let message_id = mail::note_id(&text, now, from.domain());
    let subject: String = subject.chars().filter(|c| !c.is_control()).collect();
    let note =
        Note { from, to: &config.mail.operator, subject: &subject, text: &text, message_id: &message_id, date: now };
    let content = mail::compose_note(&note).ok()?;
    let sender = from.address().to_owned();
    Some(NewMessage { message_id, sender, recipients: config.mail.operator.clone(), content, queued: stamp(now) })
}
