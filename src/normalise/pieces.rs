//! Files with more rows than memory should hold: payments are handed on piece by piece while the file is read.

use super::{Body, Collected, Context, Intake};
use crate::domain::intake::{Normalised, PaymentRow, Problem, Rows};
use crate::read::{self, Cell, Plan, Sink, Table};

/// Payment rows in a piece: some megabytes.
const PIECE: usize = 16_384;

/// As [`super::normalise`], for a file with more payment rows than memory should hold: they go to `take` in file order, piece
/// by piece, and none is left in the result. They count only if the whole file is accepted in the end.
///
/// # Errors
/// As [`super::normalise`].
pub fn normalise_in_pieces(
    table: Table<'_>,
    name: &str,
    context: &Context<'_>,
    take: &mut dyn FnMut(&[PaymentRow]),
) -> Result<Normalised, Vec<Problem>> {
    let mut pieces = Pieces { intake: Intake::open(name, context, 0)?, take };
    let reading = read::table(table, &mut pieces)?;
    let mut normalised = pieces.intake.finish(&reading)?;
    if let Rows::Payments(rows) = &mut normalised.rows {
        take(rows);
        *rows = Vec::new();
    }
    Ok(normalised)
}

/// Hands rows on as soon as there are enough of them.
struct Pieces<'c, 't> {
    intake: Intake<'c>,
    take: &'t mut dyn FnMut(&[PaymentRow]),
}

impl Sink for Pieces<'_, '_> {
    fn heading(&mut self, encoding: &'static str, line: u32, cells: &[String]) -> Result<Option<Plan>, Vec<Problem>> {
        self.intake.heading(encoding, line, cells)
    }

    fn row(&mut self, line: u32, cells: &[Cell<'_>]) -> Result<(), Vec<Problem>> {
        self.intake.row(line, cells)?;
        if let Some(Body { collected: Collected::Payments(payments), .. }) = &mut self.intake.body {
            payments.hand_over(PIECE, self.take);
        }
        Ok(())
    }

    fn aside(&mut self, column: usize, value: &[u8]) {
        self.intake.aside(column, value);
    }
}
