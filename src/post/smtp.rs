//! One round at the mail server: each message once, each recipient judged alone, each step in the history first.

use super::record::{self, Line};
use super::session::{Failure, Session, Timeouts};
use super::{PostError, Stop, Trouble};
use crate::config::{Config, Smtp, Transport};
use crate::domain::dates::stamp;
use crate::domain::delivery::{State, after_try};
use crate::domain::ids::FileDigest;
use crate::mail::address::Sender;
use crate::store::{DueDelivery, DueMessage, Step, Store};
use chrono::{DateTime, FixedOffset};
use std::path::Path;

/// Everything a round needs but the messages.
pub(super) struct Round<'a> {
    pub(super) server: &'a Smtp,
    pub(super) from: &'a Sender,
    pub(super) database: &'a Path,
    pub(super) now: DateTime<FixedOffset>,
    pub(super) timeouts: Timeouts,
    pub(super) stop: &'a Stop,
}

impl Round<'_> {
    /// Sends `due`. A server that cannot be reached puts all of it off after one try.
    pub(super) fn send(
        &self,
        store: &mut Store,
        due: &[DueMessage],
        troubles: &mut Vec<Trouble>,
    ) -> Result<(), PostError> {
        let mut open: Option<Session> = None;
        let mut down: Option<Failure> = None;
        for message in due {
            if self.stop.is_set() {
                break;
            }
            let session = match (open.take(), &down) {
                (Some(session), _) => Ok(session),
                (None, Some(failure)) => Err(failure.clone()),
                (None, None) => Session::open(self.server, self.from.domain(), self.timeouts),
            };
            let mut job = Job { round: self, store, message, troubles };
            match session {
                Ok(session) => open = job.send(session)?,
                Err(failure) => {
                    let all: Vec<&DueDelivery> = message.deliveries.iter().collect();
                    job.settle(&all, &failure, Some(self.now.timestamp()))?;
                    down = Some(failure);
                }
            }
        }
        if let Some(session) = open {
            session.quit();
        }
        Ok(())
    }
}

/// One message on its way.
struct Job<'a, 'b> {
    round: &'a Round<'b>,
    store: &'a mut Store,
    message: &'a DueMessage,
    troubles: &'a mut Vec<Trouble>,
}

impl Job<'_, '_> {
    /// Sends the message; returns the session where it can serve the next one.
    fn send(&mut self, mut session: Session) -> Result<Option<Session>, PostError> {
        let content = self.store.message_content(self.message.id)?;
        let all: Vec<&DueDelivery> = self.message.deliveries.iter().collect();
        self.step(&all, State::Sending, Some(self.round.now.timestamp()), "")?;
        let queued_for = &self.message.sender;
        let from = if queued_for.is_empty() { self.round.from.address() } else { queued_for };
        if let Err(failure) = session.sender(from, u64::try_from(content.len()).unwrap_or(u64::MAX)) {
            self.settle(&all, &failure, None)?;
            return Ok(after(session, &failure));
        }
        let mut taken = Vec::new();
        let mut rest = all.iter();
        while let Some(delivery) = rest.next() {
            match session.recipient(&delivery.recipient) {
                Ok(()) => taken.push(*delivery),
                Err(failure) => {
                    self.settle(&[*delivery], &failure, None)?;
                    if !failure.leaves_the_session_usable() {
                        taken.extend(rest);
                        self.settle(&taken, &failure, None)?;
                        return Ok(None);
                    }
                }
            }
        }
        if taken.is_empty() {
            return Ok(session.reset().ok().map(|()| session));
        }
        if let Err(failure) = session.message(&content) {
            self.settle(&taken, &failure, None)?;
            return Ok(after(session, &failure));
        }
        if self.round.stop.is_set() {
            // There may be no time left for the reply to the final dot; without the dot the server delivers nothing.
            self.step(&taken, State::Queued, None, "")?;
            return Ok(None);
        }
        let digest = FileDigest::of(&content).to_string();
        // What follows may be believed to have left: both books say so before the dot does (FAULTS M02, S06).
        self.note(&taken, State::Ending, &digest)?;
        self.step(&taken, State::Ending, None, "")?;
        match session.end() {
            Ok(reply) => {
                self.note(&taken, State::Accepted, &digest)?;
                self.step(&taken, State::Accepted, None, &reply.words())?;
                Ok(Some(session))
            }
            Err(failure) => {
                let (state, _) = self.settle_one(taken.first().copied(), &failure);
                self.note(&taken, state, &digest)?;
                self.settle(&taken, &failure, None)?;
                Ok(after(session, &failure))
            }
        }
    }

    fn step(
        &mut self,
        deliveries: &[&DueDelivery],
        state: State,
        began: Option<i64>,
        words: &str,
    ) -> Result<(), PostError> {
        let ids: Vec<i64> = deliveries.iter().map(|delivery| delivery.id).collect();
        Ok(self.store.step(&ids, &stamp(self.round.now), &Step { state, began, due: None, words, at_once: false })?)
    }

    /// What `failure` makes of a delivery.
    fn settle_one(&self, delivery: Option<&DueDelivery>, failure: &Failure) -> (State, Option<i64>) {
        let now = self.round.now.timestamp();
        let (tries, since) = delivery.map_or((0, None), |delivery| (delivery.tries, delivery.since));
        after_try(failure.verdict(), tries.saturating_add(1), since.unwrap_or(now), now)
    }

    /// Records what `failure` makes of these deliveries; each may be at another of its tries.
    fn settle(&mut self, deliveries: &[&DueDelivery], failure: &Failure, began: Option<i64>) -> Result<(), PostError> {
        let (words, at_once) = (failure.words(), failure.verdict().tells_at_once());
        for delivery in deliveries {
            let (state, due) = self.settle_one(Some(delivery), failure);
            let step = Step { state, began, due, words: &words, at_once };
            self.store.step(&[delivery.id], &stamp(self.round.now), &step)?;
            self.troubles.push(Trouble {
                report: self.message.report.clone(),
                recipient: delivery.recipient.clone(),
                state,
                words: words.clone(),
            });
        }
        Ok(())
    }

    /// Writes into the record beside the database. A message to the operator is not in it: it carries no report.
    fn note(&self, deliveries: &[&DueDelivery], state: State, digest: &str) -> Result<(), PostError> {
        let Some(key) = &self.message.report else { return Ok(()) };
        let (figures, workbook) = self.store.report_named(key)?.unwrap_or_default();
        let line = |delivery: &&DueDelivery| Line {
            at: stamp(self.round.now),
            state: state.name().to_owned(),
            shop: key.shop.to_string(),
            from: key.period.0.to_string(),
            to: key.period.1.to_string(),
            revision: key.revision,
            recipient: delivery.recipient.clone(),
            digest: digest.to_owned(),
            message_id: self.message.message_id.clone(),
            figures: figures.clone(),
            workbook: workbook.clone(),
            resent: delivery.resent,
        };
        let lines: Vec<Line> = deliveries.iter().map(line).collect();
        let database = self.round.database;
        record::append(database, &lines).map_err(|source| PostError::Record { path: record::path(database), source })
    }
}

/// The session after a failure: for the next message, if the server forgets this one.
fn after(mut session: Session, failure: &Failure) -> Option<Session> {
    (failure.leaves_the_session_usable() && session.reset().is_ok()).then_some(session)
}

/// Talks to the mail server without sending anything: EHLO, TLS, login. What `check` shows.
///
/// # Errors
/// Where the conversation fails.
pub fn probe(config: &Config, timeouts: Timeouts) -> Result<Option<Probe>, Failure> {
    let Transport::Smtp(server) = &config.mail.transport else { return Ok(None) };
    let session = Session::open(server, config.mail.from.domain(), timeouts)?;
    let found = Probe { is_encrypted: session.is_encrypted(), size_limit: session.size_limit() };
    session.quit();
    Ok(Some(found))
}

/// What a mail server said of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Whether the connection was encrypted.
    pub is_encrypted: bool,
    /// The largest message it takes, in bytes.
    pub size_limit: Option<u64>,
}

/// Sends one finished message to one address outside the outbox: `mail send-test`. Returns the server's words.
///
/// # Errors
/// Where the conversation fails.
pub fn send_test(
    config: &Config,
    server: &Smtp,
    address: &str,
    content: &[u8],
    timeouts: Timeouts,
) -> Result<String, Failure> {
    let from = &config.mail.from;
    let mut session = Session::open(server, from.domain(), timeouts)?;
    session.sender(from.address(), u64::try_from(content.len()).unwrap_or(u64::MAX))?;
    session.recipient(address)?;
    session.message(content)?;
    let reply = session.end()?;
    session.quit();
    Ok(reply.words())
}
