//! How a file would be read, for a person who asks why: everything that was found out before anything went wrong.

use super::{Context, Intake};
use crate::domain::intake::Problem;
use crate::read;

/// What was found out about a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// The layout that fits.
    pub layout: Option<String>,
    /// How it is encoded, once a layout fits.
    pub encoding: Option<&'static str>,
    /// The headings that the layout uses.
    pub columns: Vec<String>,
    /// Headings the layout does not know.
    pub unknown_columns: Vec<String>,
    /// Rows below the heading, up to the first that stopped the reading.
    pub rows: u64,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Whether the file would be taken in.
    pub accepted: bool,
}

/// Reads `bytes` as [`super::normalise`] does and says what was found; keeps no row.
pub fn examine(bytes: &[u8], name: &str, context: &Context<'_>) -> Examined {
    let mut intake = match Intake::open(name, context) {
        Ok(intake) => intake,
        Err(problems) => return Examined { problems, ..Examined::default() },
    };
    let reading = read::rows(bytes, &mut intake);
    let mut examined = intake.described();
    let taken = reading.and_then(|reading| intake.finish(reading.headed));
    examined.accepted = taken.is_ok();
    examined.problems = taken.map_or_else(|problems| problems, |file| file.rejected);
    examined
}

impl Intake<'_> {
    fn described(&self) -> Examined {
        let Some(body) = &self.body else { return Examined::default() };
        let columns = body.fit.columns.iter().flatten().filter_map(|column| body.headings.get(*column));
        Examined {
            layout: Some(body.layout.name().to_owned()),
            encoding: Some(body.encoding),
            columns: columns.cloned().collect(),
            unknown_columns: body.fit.unknown.clone(),
            rows: body.rows_read,
            ..Examined::default()
        }
    }
}
