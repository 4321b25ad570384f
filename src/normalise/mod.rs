//! Rows and a layout → observations, bookings, problems; every row accounted for. Must not know files, clock, store.
//!
//! ```text
//! read::rows ──> Intake::heading (exactly one layout fits) ──> Intake::row ──> payments │ bookings ──> Normalised
//!                        hold the file <───────────────────────────┴──> reject the row
//! ```

mod bookings;
mod dates;
mod examine;
mod fields;
mod layout;
mod payments;
mod pieces;
mod row;

pub use examine::{Examined, examine};
pub use layout::{Layout, LayoutError};
pub use pieces::normalise_in_pieces;

use crate::domain::dates::Day;
use crate::domain::ids::ShopId;
use crate::domain::intake::{Fault, Kind, Normalised, Place, Problem, Rows};
use crate::read::{self, Cell, Plan, Reading, Sink};
use bookings::{Bookings, PaymentList};
use dates::Zone;
use layout::{Field, Fit};
use payments::Payments;
use row::{Row, count_card};
use std::sync::Arc;
use std::time::Duration;

/// How long the reading of one file may take.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Rows between two looks at the clock.
const PATIENCE: u64 = 256;
/// How many rejects are told when there are too many.
const TOLD: usize = 50;
/// Card numbers in a column before it counts as a column of card numbers; fewer happen by chance (N17).
const CARDS: u64 = 6;

/// What normalising needs to know besides the file.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The layouts that may fit.
    pub layouts: &'a [Layout],
    /// The shop's sub-folder the file lies in.
    pub folder: Option<&'a ShopId>,
    /// The configured shops.
    pub shops: &'a [ShopId],
    /// Rejected rows tolerated before the file is held.
    pub max_rejects: u32,
    /// The newest plausible day.
    pub latest: Day,
    /// Whether reading has taken longer than [`TIME_LIMIT`]; asked every few hundred rows (P20).
    pub is_late: &'a dyn Fn() -> bool,
}

/// Reads and normalises a file. `name` is its inbox-relative name, used in [`crate::domain::intake::Source`] only, never for recognition.
///
/// # Errors
/// Why the file must be held; the rejected rows come first if there are too many of them.
pub fn normalise(bytes: &[u8], name: &str, context: &Context<'_>) -> Result<Normalised, Vec<Problem>> {
    let mut intake = Intake::open(name, context, 0)?;
    let reading = read::rows(bytes, &mut intake)?;
    intake.finish(&reading)
}

/// The layout that came nearest, for the message.
struct Nearest {
    known: usize,
    layout: String,
    missing: Vec<String>,
    found: Box<[String]>,
    similar: Box<[(String, String)]>,
}

impl From<Nearest> for Fault {
    fn from(nearest: Nearest) -> Self {
        let Nearest { layout, missing, found, similar, .. } = nearest;
        Self::NoLayout { nearest: layout, missing, found, similar }
    }
}

/// What becomes of one row.
enum Taken {
    /// It is one of the accepted rows.
    Accepted,
    /// A rule of the layout leaves it out.
    Excluded(&'static str),
}

/// Why a row is not taken.
enum Refusal {
    /// The row alone.
    Reject(Problem),
    /// The whole file.
    Hold(Problem),
}

/// The zone that the dates of each field are written in, once one was read (N15).
type Zones = [std::cell::Cell<Option<Zone>>; Field::COUNT];

/// Rows of one kind, on their way.
enum Collected {
    Payments(Payments),
    Bookings(Bookings),
    PaymentList(PaymentList),
}

/// Takes heading and rows as they are read.
struct Intake<'c> {
    context: &'c Context<'c>,
    show: usize,
    file: Arc<str>,
    nearest: Option<Nearest>,
    body: Option<Body<'c>>,
}

/// Everything below the heading.
struct Body<'c> {
    context: &'c Context<'c>,
    layout: &'c Layout,
    encoding: &'static str,
    file: Arc<str>,
    fit: Fit,
    headings: Vec<String>,
    rows_read: u64,
    rejects: u64,
    rejected: Vec<Problem>,
    excluded: Vec<(u32, String)>,
    /// By column: how many values look like card numbers, and how many there are.
    cards: Vec<(u64, u64)>,
    zones: Zones,
    collected: Collected,
    /// How many of the first rows are kept as they are read, for a person.
    show: usize,
    first: Vec<Vec<(String, String)>>,
}

impl<'c> Intake<'c> {
    fn open(name: &str, context: &'c Context<'c>, show: usize) -> Result<Self, Vec<Problem>> {
        if let Some(folder) = context.folder
            && !context.shops.contains(folder)
        {
            return Err(vec![read::whole(Fault::UnknownShop { found: folder.as_str().to_owned() })]);
        }
        Ok(Intake { context, show, file: Arc::from(name), nearest: None, body: None })
    }

    fn finish(self, reading: &Reading) -> Result<Normalised, Vec<Problem>> {
        match self.body {
            Some(body) => body.finish(self.context, reading.hidden_rows),
            None => Err(vec![read::whole(self.nearest.map_or(Fault::NoHeading(reading.sought), Fault::from))]),
        }
    }
}

impl Sink for Intake<'_> {
    fn heading(&mut self, encoding: &'static str, line: u32, cells: &[String]) -> Result<Option<Plan>, Vec<Problem>> {
        let folded: Vec<String> = cells.iter().map(|cell| crate::domain::text::fold(cell)).collect();
        let fits = self.context.layouts.iter().map(|layout| (layout, layout.fit(encoding, cells, &folded)));
        let (mut fitting, others): (Vec<_>, Vec<_>) = fits.partition(|(_, fit)| fit.missing.is_empty());
        // Of several that know as many headings the first counts.
        if fitting.is_empty()
            && let Some((layout, fit)) = others.into_iter().rev().max_by_key(|(_, fit)| fit.known)
            && fit.known > self.nearest.as_ref().map_or(0, |nearest| nearest.known)
        {
            let found = cells.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
            self.nearest = Some(Nearest {
                known: fit.known,
                layout: layout.name().to_owned(),
                similar: fit.similar(),
                missing: fit.missing,
                found: found.take(40).map(|cell| cell.chars().take(60).collect()).collect(),
            });
        }
        if fitting.len() > 1 {
            let names = fitting.iter().map(|(layout, _)| layout.name().to_owned()).collect();
            return Err(vec![read::at(line, None, Fault::SeveralLayouts { names })]);
        }
        let Some((layout, fit)) = fitting.pop() else { return Ok(None) };
        if let Some(heading) = fit.doubled {
            return Err(vec![read::at(line, Some(heading.clone()), Fault::DuplicateColumn { heading })]);
        }
        let has_shop = fit.columns.get(Field::Shop as usize).is_some_and(Option::is_some);
        if layout.kind() == Kind::Payments && !has_shop && self.context.folder.is_none() {
            return Err(vec![read::whole(Fault::NoShop)]);
        }
        let used = fit.columns.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        let plan = Plan {
            slots: fit.columns.iter().take(used).copied().collect(),
            headings: cells.to_vec(),
            line_breaks: fit.line_breaks.clone(),
            aside: (0..cells.len()).filter(|column| !fit.columns.contains(&Some(*column))).collect(),
        };
        self.body = Some(Body {
            context: self.context,
            layout,
            encoding,
            file: Arc::clone(&self.file),
            fit,
            headings: cells.iter().map(|cell| cell.trim().to_owned()).collect(),
            rows_read: 0,
            rejects: 0,
            rejected: Vec::new(),
            excluded: Vec::new(),
            show: self.show,
            first: Vec::new(),
            cards: vec![(0, 0); cells.len()],
            zones: Zones::default(),
            collected: match layout.kind() {
                Kind::Payments => Collected::Payments(Payments::default()),
                Kind::Bookings => Collected::Bookings(Bookings::default()),
                Kind::PaymentList => Collected::PaymentList(PaymentList::default()),
            },
        });
        Ok(Some(plan))
    }

    fn row(&mut self, line: u32, cells: &[Cell<'_>]) -> Result<(), Vec<Problem>> {
        self.body.as_mut().map_or(Ok(()), |body| body.row(line, cells))
    }

    fn aside(&mut self, column: usize, value: &[u8]) {
        if let Some(cards) = self.body.as_mut().and_then(|body| body.cards.get_mut(column)) {
            count_card(cards, value.trim_ascii());
        }
    }
}

impl Body<'_> {
    fn row(&mut self, line: u32, cells: &[Cell<'_>]) -> Result<(), Vec<Problem>> {
        let row = Row {
            line,
            cells,
            layout: self.layout,
            columns: &self.fit.columns,
            headings: &self.headings,
            file: &self.file,
            context: self.context,
            zones: &self.zones,
        };
        row.look(&mut self.cards).map_err(|problem| vec![problem])?;
        self.rows_read += 1;
        if self.rows_read.is_multiple_of(PATIENCE) && (self.context.is_late)() {
            return Err(vec![read::at(line, None, Fault::TooSlow { seconds: TIME_LIMIT.as_secs() })]);
        }
        if self.first.len() < self.show {
            self.first.push(row.shown());
        }
        let taken = match &mut self.collected {
            Collected::Payments(payments) => payments.row(&row),
            Collected::Bookings(bookings) => bookings.row(&row),
            Collected::PaymentList(list) => list.row(&row),
        };
        match taken {
            Ok(Taken::Accepted) => {}
            Ok(Taken::Excluded(rule)) => self.excluded.push((line, rule.to_owned())),
            Err(Refusal::Hold(problem)) => return Err(vec![problem]),
            Err(Refusal::Reject(problem)) => {
                self.rejects += 1;
                let keep = usize::try_from(self.context.max_rejects).unwrap_or(usize::MAX).max(TOLD);
                if self.rejected.len() < keep {
                    self.rejected.push(problem);
                }
            }
        }
        Ok(())
    }

    fn finish(mut self, context: &Context<'_>, hidden_rows: u64) -> Result<Normalised, Vec<Problem>> {
        // First of all, so that no message of a reject shows a card number.
        for (heading, (cards, values)) in self.headings.iter().zip(&self.cards) {
            if *cards >= CARDS && cards * 2 > *values {
                let place = Place { line: None, column: Some(heading.clone()) };
                return Err(vec![Problem { place, fault: Fault::CardNumbers }]);
            }
        }
        let limit = u64::from(context.max_rejects);
        if self.rejects > limit {
            self.rejected.truncate(TOLD);
            self.rejected.push(read::whole(Fault::TooManyRejects { found: self.rejects, limit }));
            return Err(self.rejected);
        }
        let rows = match self.collected {
            Collected::Payments(payments) => Rows::Payments(payments.finish().map_err(|problem| vec![problem])?),
            Collected::Bookings(bookings) => Rows::Bookings(bookings.finish()),
            Collected::PaymentList(list) => Rows::PaymentList(list.finish().map_err(|problem| vec![problem])?),
        };
        Ok(Normalised {
            layout: self.layout.name().to_owned(),
            encoding: self.encoding,
            rows_read: self.rows_read,
            rows,
            excluded: self.excluded,
            rejected: self.rejected,
            unknown_columns: self.fit.unknown,
            dropped_columns: self.fit.dropped,
            hidden_rows,
        })
    }
}
