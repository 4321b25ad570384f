//! How a file would be read, for a person who asks why: everything that was found out before anything went wrong.

use super::{Context, Intake};
use crate::domain::intake::Problem;
use crate::read;

/// How many of the first rows are shown.
const SHOWN: usize = 3;

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
    /// Headings of columns that the layout calls secret.
    pub dropped_columns: Vec<String>,
    /// Rows below the heading, up to the first that stopped the reading.
    pub rows: u64,
    /// Rows of the sheet that are hidden; they count like any other.
    pub hidden_rows: u64,
    /// The first rows as they are read: the heading of each used column with its value.
    pub first: Vec<Vec<(String, String)>>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Whether the file would be taken in.
    pub accepted: bool,
}

/// Reads `bytes` as [`super::normalise`] does and says what was found; keeps the first rows as text.
pub fn examine(bytes: &[u8], name: &str, context: &Context<'_>) -> Examined {
    let mut intake = match Intake::open(name, context, SHOWN) {
        Ok(intake) => intake,
        Err(problems) => return Examined { problems, ..Examined::default() },
    };
    let reading = read::rows(bytes, &mut intake);
    let mut examined = intake.described();
    let taken = reading.and_then(|reading| {
        examined.hidden_rows = reading.hidden_rows;
        intake.finish(&reading)
    });
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
            dropped_columns: body.fit.dropped.clone(),
            rows: body.rows_read,
            first: body.first.clone(),
            ..Examined::default()
        }
    }
}
