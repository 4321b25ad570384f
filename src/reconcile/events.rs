//! Observations → money events (SPEC §5.1, §5.2). Knows one payment at a time, and neither bookings nor periods.

use crate::domain::dates::Day;
use crate::domain::money::Yen;
use crate::domain::payment::{EventKind, Money, MoneyEvent, Observation, Payment};

/// The one reversal that tells its sale lay in an earlier month (SPEC §5.2 rule 4).
const CROSS_MONTH_RETURN: &str = "月跨り返品";

/// What a payment's observations say about money (SPEC §5.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// The movements, in order of time.
    pub list: Vec<MoneyEvent>,
    /// What the payment holds now.
    pub held: Yen,
    /// Date of the current sale, or of the last one where nothing is held.
    pub sale_date: Option<Day>,
    /// Rule 4: that date is an estimate.
    pub estimated: bool,
    /// Rule 4: only a 月跨り返品 is known.
    pub sale_not_seen: bool,
    /// Rule 5: taken again after a reversal.
    pub reverted: bool,
    /// Rule 6: two newest observations contradict each other; nothing else here counts.
    pub conflict: bool,
    /// Whether there is any sale or refund.
    pub ever_taken: bool,
}

impl Events {
    /// Whether no sale is known: one after a return without a sale is one that was seen.
    pub const fn lacks_sale(&self) -> bool {
        self.sale_not_seen && self.sale_date.is_none()
    }
}

/// The money events of a payment (SPEC §5.2).
pub fn money_events(payment: &Payment) -> Events {
    // Most payments were observed once: nothing is to be settled then.
    if let [only] = payment.observations.as_slice() {
        let mut walk = Walk::default();
        walk.events.list.reserve_exact(1);
        walk.observed(only);
        return walk.events;
    }
    let observations: Vec<&Observation> = payment.observations.iter().collect();
    events_of(&observations)
}

/// The money events of `observations`, which are sorted.
pub(super) fn events_of(observations: &[&Observation]) -> Events {
    let Some(settled) = settled(observations) else {
        return Events { conflict: true, ..Events::default() };
    };
    let mut walk = Walk::default();
    for moment in settled.into_iter().rev() {
        match moment {
            Settled::By(observation) => walk.observed(observation),
            Settled::Doubtful(day) => walk.doubtful(day),
        }
    }
    walk.events
}

/// What a moment of a payment says after rule 6.
enum Settled<'a> {
    /// This.
    By(&'a Observation),
    /// That money was taken on this day, but not how much: a later row says what is held, not since when.
    Doubtful(Day),
}

/// Rule 6: what each moment says, newest first; `None` while the newest moment contradicts itself.
///
/// Of contradicting observations the one with the amount of the next later one is believed, a sale before anything
/// else; where none has it, none is believed.
fn settled<'a>(observations: &[&'a Observation]) -> Option<Vec<Settled<'a>>> {
    let mut kept: Vec<Settled<'a>> = Vec::with_capacity(observations.len());
    let mut later: Option<Yen> = None;
    for tied in observations.chunk_by(|a, b| a.at == b.at).rev() {
        let Some(last) = tied.last() else { continue };
        let believed = if tied.iter().all(|one| !one.contradicts(last)) {
            Some(*last)
        } else {
            let amount = later?;
            let believable = || tied.iter().filter(|one| one.amount == amount);
            believable().find(|one| one.status.money() == Money::Taken).or_else(|| believable().next()).copied()
        };
        if let Some(observation) = believed {
            later = Some(observation.amount);
            kept.push(Settled::By(observation));
        } else if tied.iter().all(|one| one.status.money() == Money::Taken) {
            kept.push(Settled::Doubtful(last.at.day()));
        }
    }
    Some(kept)
}

/// Rules 1 to 5, observation by observation.
#[derive(Default)]
struct Walk {
    events: Events,
    open: bool,
    reversed: bool,
    /// Since when money has been held of an amount in doubt.
    doubtful: Option<Day>,
}

impl Walk {
    fn observed(&mut self, observation: &Observation) {
        match observation.status.money() {
            Money::Taken => self.taken(observation),
            Money::Reversed => self.reversed(observation),
            Money::None | Money::HeldOnly | Money::Pending | Money::Unknown => {}
        }
    }

    fn doubtful(&mut self, day: Day) {
        if !self.open {
            self.doubtful.get_or_insert(day);
        }
    }

    fn taken(&mut self, observation: &Observation) {
        let held = self.events.held;
        if self.open {
            if observation.amount != held {
                self.push(EventKind::Change, observation, observation.amount - held);
            }
        } else {
            self.push(EventKind::Sale, observation, observation.amount);
            // The cancellation window is never counted from a later day than the sale can have been on.
            self.events.sale_date = Some(self.doubtful.take().unwrap_or_else(|| observation.at.day()));
            self.events.estimated = false;
            self.events.reverted |= self.reversed;
        }
        self.open = true;
        self.events.held = observation.amount;
    }

    fn reversed(&mut self, observation: &Observation) {
        if self.open {
            if !self.events.held.is_zero() {
                self.push(EventKind::Refund, observation, -self.events.held);
            }
        } else if !self.reversed {
            self.reversed_unseen(observation);
        }
        self.open = false;
        self.doubtful = None;
        self.reversed = true;
        self.events.held = Yen::ZERO;
    }

    /// Rule 4: reversed without any sale seen.
    fn reversed_unseen(&mut self, observation: &Observation) {
        if observation.status.label() == CROSS_MONTH_RETURN {
            self.events.sale_not_seen = true;
        } else {
            self.push(EventKind::Sale, observation, observation.amount);
            self.events.sale_date = Some(observation.at.day());
            self.events.estimated = true;
        }
        self.push(EventKind::Refund, observation, -observation.amount);
    }

    fn push(&mut self, kind: EventKind, observation: &Observation, amount: Yen) {
        self.events.ever_taken |= matches!(kind, EventKind::Sale | EventKind::Refund);
        self.events.list.push(MoneyEvent {
            kind,
            day: observation.at.day(),
            amount,
            status: observation.status.clone(),
            method: observation.method.clone(),
        });
    }
}
