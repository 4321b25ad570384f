//! What left, in a file of its own beside the database: append-only, flushed before the final dot and after the answer.
//! It wins over an older database that was restored, so that nothing is sent twice for it (FAULTS S06).

use crate::domain::dates::Day;
use crate::domain::delivery::State;
use crate::domain::ids::ShopId;
use crate::durable;
use crate::store::{Found, ReportKey, SentReport, Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// One line of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) at: String,
    pub(super) state: String,
    pub(super) shop: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) revision: u32,
    pub(super) recipient: String,
    /// SHA-256 of the finished bytes.
    pub(super) digest: String,
    pub(super) message_id: String,
    /// Digest of the report's figures.
    pub(super) figures: String,
    pub(super) workbook: String,
    /// How often it had been sent again on purpose.
    pub(super) resent: u32,
}

/// Where the record of `database` lies.
pub(super) fn path(database: &Path) -> PathBuf {
    database.with_extension("sent.jsonl")
}

/// Appends lines, durable when it returns.
pub(super) fn append(database: &Path, lines: &[Line]) -> io::Result<()> {
    let text = lines.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>().map_err(io::Error::other)?;
    if text.is_empty() { Ok(()) } else { durable::append_line(&path(database), &text.join("\n")) }
}

/// The last line about each report and recipient. A line that a crash cut, or nobody of us wrote, says nothing.
fn read(database: &Path) -> io::Result<Vec<Line>> {
    let text = match std::fs::read(path(database)) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut last = BTreeMap::new();
    for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
        let key = (line.shop.clone(), line.from.clone(), line.to.clone(), line.revision);
        last.insert((key, line.recipient.to_ascii_lowercase()), line);
    }
    Ok(last.into_values().collect())
}

/// Brings the history up to what the record knows to have left.
pub(super) fn import(database: &Path, store: &mut Store, at: &str) -> Result<super::Recovered, super::PostError> {
    let mut recovered = super::Recovered::default();
    let file = path(database);
    let lines = read(database).map_err(|source| super::PostError::Record { path: file, source })?;
    let mut unknown: BTreeMap<String, Vec<(Line, State)>> = BTreeMap::new();
    for line in lines {
        let state = match State::named(&line.state) {
            Some(State::Accepted) => State::Accepted,
            Some(State::Ending | State::Unknown) => State::Unknown,
            Some(
                State::Queued | State::Sending | State::Deferred | State::Refused | State::Dropped | State::Settled,
            )
            | None => continue,
        };
        let Some(key) = key(&line) else { continue };
        match store.find_delivery(&key, &line.recipient)? {
            Found::Delivery { id, state: known, resent } => {
                if known.is_open() && resent <= line.resent {
                    store.set_delivery(id, at, state)?;
                    if state == State::Unknown {
                        recovered.unknown.push(line.recipient);
                    }
                }
            }
            Found::Nothing => {
                let report = format!("{} {} {} {}", line.shop, line.from, line.to, line.revision);
                unknown.entry(report).or_default().push((line, state));
            }
        }
    }
    for lines in unknown.into_values() {
        recovered.restored += u64::from(restore(store, &lines, at)?);
    }
    Ok(recovered)
}

fn restore(store: &mut Store, lines: &[(Line, State)], at: &str) -> Result<bool, StoreError> {
    let Some((first, _)) = lines.first() else { return Ok(false) };
    let Some(key) = key(first) else { return Ok(false) };
    let deliveries: Vec<_> = lines.iter().map(|(line, state)| (line.recipient.clone(), *state, line.resent)).collect();
    store.restore_sent(&SentReport {
        key,
        digest: &first.figures,
        workbook: &first.workbook,
        message_id: &first.message_id,
        deliveries: &deliveries,
        at,
    })
}

fn key(line: &Line) -> Option<ReportKey> {
    let period = (Day::parse(&line.from)?, Day::parse(&line.to)?);
    Some(ReportKey { shop: ShopId::new(&line.shop), period, revision: line.revision })
}
