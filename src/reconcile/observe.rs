//! What a new observation is, given the stored ones (SPEC §4.4). Decides; the store does.

use super::events::{Events, events_of};
use super::matching::column_h_of;
use crate::domain::intake::Disposition;
use crate::domain::payment::Observation;

/// SPEC §4.4: what `new` is, given the payment's stored observations in their order.
pub fn disposition(known: &[Observation], new: &Observation) -> Disposition {
    let Some(newest) = known.last() else {
        return Disposition::New;
    };
    if known.iter().any(|one| one.says_same(new)) {
        Disposition::Same
    } else if known.iter().any(|one| one.contradicts(new)) {
        Disposition::Conflict
    } else if new.at > newest.at || is_news(known, new) {
        Disposition::Update
    } else {
        Disposition::Stale
    }
}

/// Whether `new` among the known ones changes what the payment says.
fn is_news(known: &[Observation], new: &Observation) -> bool {
    let mut all: Vec<&Observation> = known.iter().collect();
    let before = says(&all);
    all.push(new);
    all.sort();
    says(&all) != before
}

/// The money events of `observations`, which are sorted, and the column H that their payment is matched by.
fn says<'a>(observations: &[&'a Observation]) -> (Events, &'a str) {
    (events_of(observations), column_h_of(observations.iter().copied()))
}
