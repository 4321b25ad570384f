//! After a refused login nobody logs in for a while, whatever else is queued meanwhile: few tries an hour, so that the
//! server does not lock the account (FAULTS M08). The ledger knows when it was; a person who sends again may try at once.

use super::session::Phase;
use super::{PostError, Trouble};
use crate::domain::dates::stamp;
use crate::domain::delivery::{LOGIN_WAIT, State};
use crate::store::{DueMessage, Step, Store};
use chrono::{DateTime, FixedOffset, TimeDelta};

/// That the server refused us a while ago.
pub(super) struct HoldOff {
    until: DateTime<FixedOffset>,
    /// How it refused us.
    words: String,
}

impl HoldOff {
    /// The one that stands at `now`, unless a person asked for one of the messages that are `due`.
    pub(super) fn standing(
        store: &Store,
        due: &[DueMessage],
        now: DateTime<FixedOffset>,
    ) -> Result<Option<Self>, PostError> {
        let is_asked_for = due.iter().flat_map(|message| &message.deliveries).any(|d| d.resent > 0 && d.tries == 0);
        if is_asked_for {
            return Ok(None);
        }
        let Some((at, words)) = store.last_refusal(&format!("{}: 5", Phase::Login.name()))? else { return Ok(None) };
        let until = DateTime::parse_from_rfc3339(&at).ok().map(|at| at + TimeDelta::seconds(LOGIN_WAIT));
        Ok(until.filter(|until| now < *until).map(|until| Self { until, words }))
    }

    /// Puts all of `due` off to its end, which is no try.
    pub(super) fn put_off(
        &self,
        store: &mut Store,
        due: &[DueMessage],
        now: DateTime<FixedOffset>,
        troubles: &mut Vec<Trouble>,
    ) -> Result<(), PostError> {
        let (state, words) = (State::Deferred, format!("held off until {}: {}", stamp(self.until), self.words));
        let step = Step { state, began: None, due: Some(self.until.timestamp()), words: &words, at_once: true };
        for message in due {
            let ids: Vec<i64> = message.deliveries.iter().map(|delivery| delivery.id).collect();
            store.step(&ids, &stamp(now), &step)?;
            troubles.extend(message.deliveries.iter().map(|delivery| Trouble {
                report: message.report.clone(),
                recipient: delivery.recipient.clone(),
                state,
                words: words.clone(),
            }));
        }
        Ok(())
    }
}
