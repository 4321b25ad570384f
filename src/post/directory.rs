//! Mails as `.eml` files in a folder, for trying out. Written twice is one file, for its name comes from the Message-ID
//! (FAULTS M20).

use super::{PostError, Trouble};
use crate::domain::dates::stamp;
use crate::domain::delivery::State;
use crate::durable;
use crate::store::{DueMessage, Step, Store};
use chrono::{DateTime, FixedOffset};
use std::path::Path;

/// Writes every due message; one that cannot be written stays queued and ends the round.
pub(super) fn write(
    folder: &Path,
    store: &mut Store,
    due: &[DueMessage],
    now: DateTime<FixedOffset>,
    troubles: &mut Vec<Trouble>,
) -> Result<(), PostError> {
    for message in due {
        let plain = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' };
        let name: String = message.message_id.trim_matches(['<', '>']).chars().map(plain).collect();
        let path = folder.join(format!("{name}.eml"));
        let content = store.message_content(message.id)?;
        if let Err(error) = durable::write_new(&path, &content)
            && !path.is_file()
        {
            troubles.push(Trouble {
                report: None,
                recipient: path.display().to_string(),
                state: State::Queued,
                words: error.to_string(),
            });
            return Ok(());
        }
        let ids: Vec<i64> = message.deliveries.iter().map(|delivery| delivery.id).collect();
        let step = Step { state: State::Accepted, began: Some(now.timestamp()), due: None, words: "", at_once: false };
        store.step(&ids, &stamp(now), &step)?;
    }
    Ok(())
}
