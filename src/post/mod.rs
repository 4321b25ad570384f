//! The outbox leaves: to a mail server, or as `.eml` files into a folder (SPEC §7, FAULTS section M).
//!
//! [`recover`] settles what a killed process left, [`deliver`] sends what is due. Each step is in the history before
//! its bytes are on the wire; what may have passed the final dot is never sent again by itself. Knows nothing of what a
//! report is.

mod directory;
mod hold_off;
mod login;
mod operator;
mod record;
mod reply;
mod session;
mod smtp;
mod stop;
mod wire;

pub use operator::{OperatorFault, Others, end_faults, tell_operator};
pub use reply::Reply;
pub use session::{Cause, Failure, Phase, Session, Timeouts};
pub use smtp::{probe, send_test};
pub use stop::Stop;

use crate::config::{Config, Transport};
use crate::domain::dates::stamp;
use crate::domain::delivery::State;
use crate::store::{DueMessage, ReportKey, Step, Store, StoreError};
use chrono::{DateTime, FixedOffset};
use hold_off::HoldOff;
use std::io;
use std::path::PathBuf;

/// Why mail cannot be handled at all; nothing was sent for it.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The history cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record of what left cannot be read or written.
    #[error("{}: {source}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A recipient who did not simply get the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The report; `None`: a message to the operator, or the folder of the directory transport.
    pub report: Option<ReportKey>,
    /// The address, or the file that could not be written.
    pub recipient: String,
    /// What became of it.
    pub state: State,
    /// In whose words.
    pub words: String,
}

/// What a start found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Reports that had left and that the history, restored from an older copy, did not know (FAULTS S06).
    pub restored: u64,
    /// Recipients whose mail may have arrived: the process was killed while the final dot went (FAULTS M02).
    pub unknown: Vec<String>,
}

/// Settles what the last process left. Call once before anything is queued or sent.
///
/// # Errors
/// When history or record cannot be used.
pub fn recover(config: &Config, store: &mut Store, now: DateTime<FixedOffset>) -> Result<Recovered, PostError> {
    let at = stamp(now);
    let mut recovered = record::import(&config.paths.database, store, &at)?;
    recovered.unknown.extend(store.settle_interrupted(&at)?);
    Ok(recovered)
}

/// Sends every message a try is due for at `now`, until `stop` is set.
///
/// # Errors
/// When history or record cannot be used: then nothing further is sent. What a server says is in the result.
pub fn deliver(
    config: &Config,
    store: &mut Store,
    now: DateTime<FixedOffset>,
    timeouts: Timeouts,
    stop: &Stop,
) -> Result<Vec<Trouble>, PostError> {
    let mut troubles = Vec::new();
    let mut due = store.due_messages(now.timestamp())?;
    for message in &mut due {
        troubles.extend(drop_strangers(config, store, message, now)?);
    }
    due.retain(|message| !message.deliveries.is_empty());
    if due.is_empty() {
        return Ok(troubles);
    }
    match &config.mail.transport {
        Transport::Directory => directory::write(&config.paths.outbox, store, &due, now, &mut troubles)?,
        Transport::Smtp(server) => {
            let (from, database) = (&config.mail.from, &config.paths.database);
            match HoldOff::standing(store, &due, now)? {
                Some(hold_off) => hold_off.put_off(store, &due, now, &mut troubles)?,
                None => {
                    smtp::Round { server, from, database, now, timeouts, stop }.send(store, &due, &mut troubles)?;
                }
            }
        }
    }
    Ok(troubles)
}

/// Takes recipients out that the configuration no longer names for the shop (FAULTS M13).
fn drop_strangers(
    config: &Config,
    store: &mut Store,
    message: &mut DueMessage,
    now: DateTime<FixedOffset>,
) -> Result<Vec<Trouble>, StoreError> {
    let mut known: Vec<&String> = Vec::new();
    match &message.report {
        None => known.extend(&config.mail.operator),
        Some(report) => {
            for shop in config.shops.iter().filter(|shop| shop.shop.id == report.shop) {
                known.extend(shop.recipients.iter().chain(&shop.cc));
            }
        }
    }
    let is_known = |address: &str| known.iter().any(|known| known.eq_ignore_ascii_case(address));
    let mut dropped = Vec::new();
    for stranger in message.deliveries.iter().filter(|delivery| !is_known(&delivery.recipient)) {
        let words = "no longer configured";
        let step = Step { state: State::Dropped, began: None, due: None, words, at_once: false };
        store.step(&[stranger.id], &stamp(now), &step)?;
        dropped.push(Trouble {
            report: message.report.clone(),
            recipient: stranger.recipient.clone(),
            state: State::Dropped,
            words: String::new(),
        });
    }
    message.deliveries.retain(|delivery| is_known(&delivery.recipient));
    Ok(dropped)
}
