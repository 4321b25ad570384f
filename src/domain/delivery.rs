//! What becomes of a message on its way to one recipient: the states, and what the server's answer does to them
//! (SPEC §7, FAULTS M02–M10).

use serde::{Deserialize, Serialize};

/// The state of a message to one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Waits for its first try.
    Queued,
    /// A try began; nothing the server would deliver has left. Found at a start: tried again freely.
    Sending,
    /// The final dot is about to go. Found at a start: nobody knows, so [`State::Unknown`] (M02).
    Ending,
    /// The server took it.
    Accepted,
    /// It was put off; there will be another try.
    Deferred,
    /// The server refused it, or the tries are used up.
    Refused,
    /// The connection ended after the final dot: it may have arrived. Never sent again by itself (M10).
    Unknown,
    /// The address is no longer one of the shop's, so nothing was sent (M13).
    Dropped,
    /// A person looked into what was refused or unknown and closed it with a reason; it is shown no longer (M10).
    Settled,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Sending,
        Self::Ending,
        Self::Accepted,
        Self::Deferred,
        Self::Refused,
        Self::Unknown,
        Self::Dropped,
        Self::Settled,
    ];

    /// As stored, and in `--json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Ending => "ending",
            Self::Accepted => "accepted",
            Self::Deferred => "deferred",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Dropped => "dropped",
            Self::Settled => "settled",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether a try is still to come.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Sending | Self::Ending | Self::Deferred)
    }

    /// Whether a person has to look: it may not have arrived, and no try is to come.
    pub const fn needs_a_person(self) -> bool {
        matches!(self, Self::Refused | Self::Unknown)
    }

    /// What a start makes of a state that a killed process left (M01, M02).
    pub const fn after_restart(self) -> Self {
        match self {
            Self::Sending => Self::Queued,
            Self::Ending => Self::Unknown,
            Self::Queued
            | Self::Accepted
            | Self::Deferred
            | Self::Refused
            | Self::Unknown
            | Self::Dropped
            | Self::Settled => self,
        }
    }
}

/// How one try ended for one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// 2xx after the final dot.
    Accepted,
    /// 4xx, or the connection failed before the final dot: again later.
    Later,
    /// The server refused our login, or says it serves nobody: again later, but not often, and the operator at once (M08).
    LaterAndTell,
    /// 5xx to this message or recipient.
    Refused,
    /// Neither 2xx, 4xx nor 5xx came after the final dot.
    Unknown,
}

impl Verdict {
    /// Whether the operator hears at once of what it puts off, not after [`TELL_AFTER_SECONDS`].
    pub const fn tells_at_once(self) -> bool {
        matches!(self, Self::LaterAndTell)
    }
}

/// Seconds after which a message that was put off for the n-th time is tried again (RFC 5321 §4.5.4.1, M03).
const WAITS: [i64; 3] = [5 * 60, 15 * 60, 30 * 60];

/// Seconds for which nobody logs in after a refused login, so that no account is locked (M08).
pub const LOGIN_WAIT: i64 = 30 * 60;

/// How long a message is tried before it counts as refused: four days.
pub const GIVE_UP_SECONDS: i64 = 4 * 24 * 60 * 60;

/// How long a message may be put off before the operator hears of it: two hours.
pub const TELL_AFTER_SECONDS: i64 = 2 * 60 * 60;

/// What a try does to a delivery: the new state, and when the next try is due, if there is one.
///
/// `tries` counts this one; `since` is when the first try began and `now` when this one ended, in seconds.
pub fn after_try(verdict: Verdict, tries: u32, since: i64, now: i64) -> (State, Option<i64>) {
    let wait = match verdict {
        Verdict::Accepted => return (State::Accepted, None),
        Verdict::Refused => return (State::Refused, None),
        Verdict::Unknown => return (State::Unknown, None),
        Verdict::LaterAndTell => LOGIN_WAIT,
        Verdict::Later => {
            let nth = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
            WAITS.get(nth).copied().unwrap_or(LOGIN_WAIT)
        }
    };
    if now.saturating_sub(since) >= GIVE_UP_SECONDS {
        return (State::Refused, None);
    }
    (State::Deferred, Some(now.saturating_add(wait)))
}

/// What became of a report's mail, over all its recipients (SPEC §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailWord {
    /// There is none, or it went to nobody.
    None,
    /// The report's proof does not balance, so that it is not mailed.
    Blocked,
    /// A try is to come.
    Queued,
    /// Every recipient's server took it.
    Sent,
    /// It was put off for somebody; there will be another try.
    Deferred,
    /// A server refused it for somebody.
    Refused,
    /// It may not have arrived.
    Unknown,
    /// A person closed what was refused or unknown, and nobody else was to get it.
    Settled,
}

impl MailWord {
    /// Every word.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Blocked,
        Self::Queued,
        Self::Sent,
        Self::Deferred,
        Self::Refused,
        Self::Unknown,
        Self::Settled,
    ];

    /// The word for mail to recipients in these `states`: the worst of them.
    pub fn of(states: &[State]) -> Self {
        let has = |wanted: State| states.contains(&wanted);
        if has(State::Unknown) {
            Self::Unknown
        } else if has(State::Refused) {
            Self::Refused
        } else if has(State::Deferred) {
            Self::Deferred
        } else if states.iter().any(|state| state.is_open()) {
            Self::Queued
        } else if has(State::Accepted) {
            Self::Sent
        } else if has(State::Settled) {
            Self::Settled
        } else {
            Self::None
        }
    }

    /// As stored, and in `--json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Blocked => "blocked",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Deferred => "deferred",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Settled => "settled",
        }
    }

    /// The word of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m03_a_message_put_off_is_tried_after_5_15_and_30_minutes_then_every_half_hour_for_four_days() {
        let (mut now, mut tries, mut waits) = (0, 0, Vec::new());
        loop {
            tries += 1;
            match after_try(Verdict::Later, tries, 0, now) {
                (State::Deferred, Some(next)) => {
                    waits.push((next - now) / 60);
                    now = next;
                }
                (state, next) => {
                    assert_eq!((state, next), (State::Refused, None), "m04: tries used up is said, not silent");
                    break;
                }
            }
        }
        assert_eq!(waits.get(..4), Some(&[5, 15, 30, 30][..]));
        assert!(waits.iter().skip(2).all(|wait| *wait == 30));
        let four_days = 345_600;
        assert!((four_days..four_days + 1_800).contains(&now), "{now}");
        assert_eq!(TELL_AFTER_SECONDS, 7_200, "the operator hears of it after two hours");
    }

    #[test]
    fn m10_a_person_looks_at_what_is_refused_or_unknown_and_nothing_else() {
        let looked_at: Vec<State> = State::ALL.into_iter().filter(|state| state.needs_a_person()).collect();
        assert_eq!(looked_at, [State::Refused, State::Unknown]);
        assert!(looked_at.iter().all(|state| !state.is_open()), "no try is to come");
    }

    #[test]
    fn m08_a_refused_login_is_tried_twice_an_hour_at_most() {
        for tries in 1..5 {
            assert_eq!(after_try(Verdict::LaterAndTell, tries, 0, 60), (State::Deferred, Some(60 + 1_800)));
        }
    }

    #[test]
    fn m02_only_a_message_whose_dot_may_have_gone_is_unknown_after_a_restart() {
        for state in State::ALL {
            assert_eq!(State::named(state.name()), Some(state));
            let after = state.after_restart();
            assert_eq!(after == State::Unknown, matches!(state, State::Ending | State::Unknown), "{state:?}");
            assert!(!matches!(after, State::Sending | State::Ending));
        }
    }

    #[test]
    fn m05_the_word_for_a_report_is_the_worst_of_its_recipients() {
        use State::{Accepted, Deferred, Dropped, Queued, Refused, Settled, Unknown};
        for (states, word) in [
            (&[Accepted, Accepted][..], MailWord::Sent),
            (&[Accepted, Dropped], MailWord::Sent),
            (&[Accepted, Refused], MailWord::Refused),
            (&[Accepted, Deferred], MailWord::Deferred),
            (&[Refused, Unknown], MailWord::Unknown),
            (&[Queued, Accepted], MailWord::Queued),
            (&[Dropped], MailWord::None),
            (&[Settled, Refused], MailWord::Refused),
            (&[Settled, Accepted], MailWord::Sent),
            (&[Settled, Dropped], MailWord::Settled),
            (&[], MailWord::None),
        ] {
            assert_eq!(MailWord::of(states), word, "{states:?}");
        }
    }

    #[test]
    fn a_word_for_mail_is_the_same_in_the_history_and_in_json() {
        for word in MailWord::ALL {
            assert_eq!(MailWord::named(word.name()), Some(word));
            assert_eq!(serde_json::to_value(word).expect("a string"), word.name());
        }
    }
}
