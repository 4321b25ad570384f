//! The outbox: finished messages, a state per recipient, and the ledger of everything that happened to them (SPEC §7).
//!
//! Every change of state is one transaction that also writes its line in the ledger, and is durable when it returns:
//! who sends commits "the dot is about to go" before the dot goes (FAULTS M02).

use super::{Result, Store, unexpected};
use crate::domain::dates::Day;
use crate::domain::delivery::State;
use crate::domain::ids::ShopId;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

/// A finished message about to be queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// Its Message-ID, without angle brackets.
    pub message_id: String,
    /// The envelope's sender: a bare address.
    pub sender: String,
    /// The envelope's recipients: bare addresses, fixed from here on (FAULTS M13).
    pub recipients: Vec<String>,
    /// The finished bytes.
    pub content: Vec<u8>,
    /// When it was composed, RFC 3339.
    pub queued: String,
}

/// Which report a message carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportKey {
    /// The shop.
    pub shop: ShopId,
    /// The first and the last day of the period.
    pub period: (Day, Day),
    /// The revision.
    pub revision: u32,
}

/// A message with the recipients a try is due for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueMessage {
    /// Its number.
    pub id: i64,
    /// The report it carries; `None`: a message to the operator.
    pub report: Option<ReportKey>,
    /// Its Message-ID, without angle brackets.
    pub message_id: String,
    /// The envelope's sender; empty where an old version queued it.
    pub sender: String,
    /// To whom.
    pub deliveries: Vec<DueDelivery>,
}

/// One recipient a try is due for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// Its number.
    pub id: i64,
    /// The bare address.
    pub recipient: String,
    /// Tries so far.
    pub tries: u32,
    /// When the first try began, in seconds.
    pub since: Option<i64>,
    /// How often it was sent again on purpose (再送).
    pub resent: u32,
}

/// One line of `mail list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its number, for `mail resend`.
    pub id: i64,
    /// The report; `None`: a message to the operator.
    pub report: Option<ReportKey>,
    /// The bare address.
    pub recipient: String,
    /// The Message-ID, without angle brackets.
    pub message_id: String,
    /// Its state.
    pub state: State,
    /// Tries so far.
    pub tries: u32,
    /// When the first try began, in seconds.
    pub since: Option<i64>,
    /// When the next try is due, in seconds.
    pub due: Option<i64>,
    /// How often it was sent again on purpose (再送).
    pub resent: u32,
    /// When its state last changed, RFC 3339.
    pub at: String,
    /// What the server said last.
    pub words: String,
    /// Why a person sent it again or settled it, the last time.
    pub reason: String,
    /// Whether its last step is one that the operator hears of at once.
    pub at_once: bool,
}

/// A report that left for somebody with an unknown outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownMail {
    /// The report.
    pub report: ReportKey,
    /// The bare address.
    pub recipient: String,
}

/// What happens to a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// The new state.
    pub state: State,
    /// When a try began with it, in seconds; `None`: it is part of a try that is counted already.
    pub began: Option<i64>,
    /// When the next try is due, in seconds.
    pub due: Option<i64>,
    /// What the server said.
    pub words: &'a str,
    /// Whether the operator hears of it at once, though there will be another try (FAULTS M08).
    pub at_once: bool,
}

/// How the ledger names a deferral that the operator hears of at once; any other step has the name of its state.
const DEFERRED_AT_ONCE: &str = "deferred at once";

/// Queues `message`; part of the run's transaction for a report.
pub(super) fn queue(transaction: &Transaction<'_>, report: Option<&ReportKey>, message: &NewMessage) -> Result<()> {
    transaction.execute(
        "INSERT INTO message (shop, period_from, period_to, revision, message_id, sender, queued, content) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            report.map(|report| report.shop.as_str()),
            report.map(|report| report.period.0.number()),
            report.map(|report| report.period.1.number()),
            report.map(|report| report.revision),
            message.message_id,
            message.sender,
            message.queued,
            message.content
        ],
    )?;
    let id = transaction.last_insert_rowid();
    for recipient in &message.recipients {
        transaction.execute(
            "INSERT INTO delivery (message, recipient, state) VALUES (?1, ?2, 'queued')",
            params![id, recipient],
        )?;
        log(transaction, transaction.last_insert_rowid(), &message.queued, State::Queued.name(), "")?;
    }
    Ok(())
}

pub(super) fn log(connection: &Connection, delivery: i64, at: &str, event: &str, words: &str) -> Result<()> {
    connection.execute(
        "INSERT INTO delivery_event (delivery, at, event, words) VALUES (?1, ?2, ?3, ?4)",
        params![delivery, at, event, words],
    )?;
    Ok(())
}

fn report_key(row: &Row<'_>, from: usize) -> rusqlite::Result<Option<ReportKey>> {
    let Some(shop) = row.get::<_, Option<String>>(from)? else { return Ok(None) };
    let period = (Day::from_number(row.get(from + 1)?), Day::from_number(row.get(from + 2)?));
    Ok(Some(ReportKey { shop: ShopId::new(&shop), period, revision: row.get(from + 3)? }))
}

impl Store {
    /// Settles what a killed process left: what had not reached the final dot is queued again, what may have passed
    /// it is unknown (FAULTS M02). Returns the recipients that are unknown now.
    ///
    /// # Errors
    /// When the database cannot be written, or holds a state that is none.
    pub fn settle_interrupted(&mut self, at: &str) -> Result<Vec<String>> {
        let transaction = self.connection.transaction()?;
        let left: Vec<(i64, String, String)> = {
            let mut statement = transaction.prepare(
                "SELECT id, recipient, state FROM delivery WHERE state IN ('sending', 'ending') ORDER BY id",
            )?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            rows.collect::<rusqlite::Result<_>>()?
        };
        let mut unknown = Vec::new();
        for (id, recipient, state) in left {
            let after = State::named(&state).ok_or_else(|| unexpected("mail state", state))?.after_restart();
            transaction.execute("UPDATE delivery SET state = ?2 WHERE id = ?1", params![id, after.name()])?;
            log(&transaction, id, at, after.name(), "")?;
            if after == State::Unknown {
                unknown.push(recipient);
            }
        }
        transaction.commit()?;
        Ok(unknown)
    }

    /// Whether a try is due at `now`, or was interrupted: what a caller that holds the lock finds in the state of
    /// sending is left over from a process that ended.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn is_mail_due(&self, now: i64) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(
            "SELECT 1 FROM delivery \
             WHERE state IN ('queued', 'sending', 'ending') OR (state = 'deferred' AND (due IS NULL OR due <= ?1))",
        )?;
        Ok(statement.exists([now])?)
    }

    /// The messages a try is due for at `now`, oldest first; messages to the operator come before reports.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn due_messages(&self, now: i64) -> Result<Vec<DueMessage>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT m.id, m.message_id, m.sender, m.shop, m.period_from, m.period_to, m.revision, \
             d.id, d.recipient, d.tries, d.since, d.resent FROM delivery d JOIN message m ON m.id = d.message \
             WHERE d.state = 'queued' OR (d.state = 'deferred' AND (d.due IS NULL OR d.due <= ?1)) \
             ORDER BY m.shop IS NOT NULL, m.id, d.id",
        )?;
        let mut rows = statement.query([now])?;
        let mut messages: Vec<DueMessage> = Vec::new();
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let delivery = DueDelivery {
                id: row.get(7)?,
                recipient: row.get(8)?,
                tries: row.get(9)?,
                since: row.get(10)?,
                resent: row.get(11)?,
            };
            match messages.last_mut() {
                Some(message) if message.id == id => message.deliveries.push(delivery),
                _ => messages.push(DueMessage {
                    id,
                    report: report_key(row, 3)?,
                    message_id: row.get(1)?,
                    sender: row.get(2)?,
                    deliveries: vec![delivery],
                }),
            }
        }
        Ok(messages)
    }

    /// The finished bytes of a message.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn message_content(&self, message: i64) -> Result<Vec<u8>> {
        Ok(self.connection.query_row("SELECT content FROM message WHERE id = ?1", [message], |row| row.get(0))?)
    }

    /// Records a step of these deliveries, all or none; durable when it returns.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn step(&mut self, deliveries: &[i64], at: &str, step: &Step<'_>) -> Result<()> {
        let transaction = self.connection.transaction()?;
        for id in deliveries {
            transaction.execute(
                "UPDATE delivery SET state = ?2, tries = tries + (?3 IS NOT NULL), since = coalesce(since, ?3), \
                 due = ?4 WHERE id = ?1",
                params![id, step.state.name(), step.began, step.due],
            )?;
            let is_urgent = step.at_once && step.state == State::Deferred;
            log(&transaction, *id, at, if is_urgent { DEFERRED_AT_ONCE } else { step.state.name() }, step.words)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Every delivery, newest message first: what `mail list` shows. A message whose state is final and older than the
    /// newest `limit` is left out.
    ///
    /// # Errors
    /// When the database cannot be read, or holds a state that is none.
    pub fn deliveries(&self, limit: u32) -> Result<Vec<Delivery>> {
        let mut statement = self.connection.prepare(
            "SELECT d.id, d.recipient, m.message_id, m.shop, m.period_from, m.period_to, m.revision, d.state, d.tries, \
             d.since, d.due, d.resent, \
             (SELECT at FROM delivery_event e WHERE e.delivery = d.id ORDER BY e.id DESC LIMIT 1), \
             (SELECT words FROM delivery_event e WHERE e.delivery = d.id AND words <> '' \
              AND event NOT IN ('resent', 'settled') ORDER BY e.id DESC LIMIT 1), \
             (SELECT words FROM delivery_event e WHERE e.delivery = d.id AND event IN ('resent', 'settled') \
              ORDER BY e.id DESC LIMIT 1), \
             (SELECT event FROM delivery_event e WHERE e.delivery = d.id ORDER BY e.id DESC LIMIT 1) \
             FROM delivery d JOIN message m ON m.id = d.message \
             WHERE d.state NOT IN ('accepted', 'dropped', 'settled') OR m.id > (SELECT max(id) FROM message) - ?1 \
             ORDER BY m.id DESC, d.id",
        )?;
        let mut rows = statement.query([limit])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let state: String = row.get(7)?;
            found.push(Delivery {
                id: row.get(0)?,
                report: report_key(row, 3)?,
                recipient: row.get(1)?,
                message_id: row.get(2)?,
                state: State::named(&state).ok_or_else(|| unexpected("mail state", state))?,
                tries: row.get(8)?,
                since: row.get(9)?,
                due: row.get(10)?,
                resent: row.get(11)?,
                at: row.get::<_, Option<String>>(12)?.unwrap_or_default(),
                words: row.get::<_, Option<String>>(13)?.unwrap_or_default(),
                reason: row.get::<_, Option<String>>(14)?.unwrap_or_default(),
                at_once: row.get::<_, Option<String>>(15)?.is_some_and(|event| event == DEFERRED_AT_ONCE),
            });
        }
        Ok(found)
    }

    /// Queues a delivery once more, the identical bytes, marked 再送 with the reason in the ledger (SPEC §7).
    /// `false` where there is no such delivery, or a try of it is to come anyway.
    ///
    /// # Errors
    /// When the database cannot be written, or holds a state that is none.
    pub fn resend(&mut self, delivery: i64, at: &str, reason: &str) -> Result<bool> {
        let transaction = self.connection.transaction()?;
        let state: Option<String> = transaction
            .query_row(
                "SELECT d.state FROM delivery d JOIN message m ON m.id = d.message \
                 WHERE d.id = ?1 AND length(m.content) > 0",
                [delivery],
                |row| row.get(0),
            )
            .optional()?;
        let Some(state) = state else { return Ok(false) };
        if State::named(&state).ok_or_else(|| unexpected("mail state", state))?.is_open() {
            return Ok(false);
        }
        transaction.execute(
            "UPDATE delivery SET state = 'queued', tries = 0, since = NULL, due = NULL, resent = resent + 1 \
             WHERE id = ?1",
            [delivery],
        )?;
        log(&transaction, delivery, at, "resent", reason)?;
        transaction.commit()?;
        Ok(true)
    }

    /// Closes a delivery that was refused or is unknown, with the reason in the ledger: a person knows what became of it
    /// (FAULTS M10). `false` where there is no such delivery, or nothing to settle.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn settle(&mut self, delivery: i64, at: &str, reason: &str) -> Result<bool> {
        let transaction = self.connection.transaction()?;
        let changed = transaction.execute(
            "UPDATE delivery SET state = ?2, due = NULL WHERE id = ?1 AND state IN ('refused', 'unknown')",
            params![delivery, State::Settled.name()],
        )?;
        if changed > 0 {
            log(&transaction, delivery, at, State::Settled.name(), reason)?;
        }
        transaction.commit()?;
        Ok(changed > 0)
    }

    /// What happened to a delivery, oldest first: when, what, and in whose words.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn delivery_events(&self, delivery: i64) -> Result<Vec<(String, String, String)>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT at, event, words FROM delivery_event WHERE delivery = ?1 ORDER BY id")?;
        let rows = statement.query_map([delivery], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest refusal whose words begin with `beginning`, unless a message was accepted since: when, and the words.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last_refusal(&self, beginning: &str) -> Result<Option<(String, String)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT event = 'accepted', at, words FROM delivery_event WHERE event = 'accepted' \
             OR (event IN ('refused', ?1) AND substr(words, 1, length(?2)) = ?2) ORDER BY id DESC LIMIT 1",
        )?;
        let newest = statement
            .query_row([DEFERRED_AT_ONCE, beginning], |row| Ok((row.get::<_, bool>(0)?, (row.get(1)?, row.get(2)?))))
            .optional()?;
        Ok(newest.and_then(|(is_accepted, refusal)| (!is_accepted).then_some(refusal)))
    }

    /// The states of a report's deliveries.
    ///
    /// # Errors
    /// When the database cannot be read, or holds a state that is none.
    pub fn report_states(&self, key: &ReportKey) -> Result<Vec<State>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT d.state FROM delivery d JOIN message m ON m.id = d.message \
             WHERE m.shop = ?1 AND m.period_from = ?2 AND m.period_to = ?3 AND m.revision = ?4",
        )?;
        let key = params![key.shop.as_str(), key.period.0.number(), key.period.1.number(), key.revision];
        let names = statement.query_map(key, |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
        names.into_iter().map(|name| State::named(&name).ok_or_else(|| unexpected("mail state", name))).collect()
    }

    /// The shop's reports whose outcome is unknown, and to whom they left, oldest first (FAULTS M10).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn unknown_mails(&self, shop: &ShopId) -> Result<Vec<UnknownMail>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT m.period_from, m.period_to, m.revision, d.recipient FROM delivery d JOIN message m ON m.id = d.message \
             WHERE d.state = 'unknown' AND m.shop = ?1 ORDER BY m.id, d.id",
        )?;
        let mails = statement.query_map([shop.as_str()], |row| {
            let period = (Day::from_number(row.get(0)?), Day::from_number(row.get(1)?));
            let report = ReportKey { shop: shop.clone(), period, revision: row.get(2)? };
            Ok(UnknownMail { report, recipient: row.get(3)? })
        })?;
        Ok(mails.collect::<rusqlite::Result<_>>()?)
    }
}
