//! Every ordered shop's report: what the history says goes in, what is worked out is written, recorded and queued.

use super::exports::has_export_of;
use super::placing::place;
use super::remembered::{self, basis};
use super::shop_report::{Known, ShopJob, Unmailed, WorkedOut, count, is_left_behind};
use super::side_by_side::side_by_side;
use super::{Effect, Notice, Order, RunError, Stage, Step, Timings, Workshop};
use crate::config::ShopConfig;
use crate::domain::dates::Day;
use crate::domain::delivery::MailWord;
use crate::domain::ids::{CartCode, ShopId};
use crate::domain::reconciliation::HeldSummary;
use crate::durable;
use crate::report::figures::Figures;
use crate::report::json::ShopJson;
use crate::store::{FactsMark, ReportKey, ReportRecord, RunRecord, ShopRun, Store, StoreError};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;

/// Results of so many bytes in all are remembered before all shops are done.
const LONG_RESULTS: usize = 1 << 20;

/// What was issued for one shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The shop.
    pub shop: ShopId,
    /// Its name.
    pub name: String,
    /// One line: what needs doing.
    pub verdict: String,
    /// The revision that holds now.
    pub revision: u32,
    /// Whether this run made a new workbook.
    pub is_new: bool,
    /// What the new workbook says otherwise than the reports before it: the rows of 変更点.
    pub changes: usize,
    /// The workbook, relative to the configuration's folder.
    pub workbook: Option<String>,
    /// What became of the mail.
    pub mail: MailWord,
    /// Open findings.
    pub findings: usize,
}

/// What publishing brought, over all shops.
#[derive(Debug, Default)]
pub struct Published {
    /// For `--json`.
    pub shops: Vec<ShopJson>,
    /// For people.
    pub issued: Vec<Issued>,
    /// What needs the operator.
    pub notices: Vec<Notice>,
    /// Shops that failed, with the reason.
    pub failures: Vec<(ShopId, String)>,
}

/// Reports every ordered shop; one that fails does not stop the others.
///
/// # Errors
/// When the history cannot be read.
pub fn publish(
    workshop: &Workshop,
    store: &mut Store,
    run: i64,
    record: &RunRecord,
    order: &Order,
    timings: &Timings<'_>,
) -> Result<Published, RunError> {
    let mut published = Published::default();
    timings.tell(Step::Reading);
    let facts = store.facts_mark()?;
    let mut ordered = Vec::new();
    for shop in &workshop.config.shops {
        if order.shops.is_empty() || order.shops.contains(&shop.shop.id) {
            ordered.push((shop, known(workshop, store, shop, order)?));
        }
    }
    timings.tell(Step::Reporting(count(ordered.len())));
    let today = workshop.today();
    let finish = |store: &mut Store, published: &mut Published, shop, done: Result<WorkedOut, String>| {
        let issue = Issue { order, record, run, shop, today, root: &workshop.config.root };
        let saved = done.and_then(|done| timings.of(Stage::Save, || issue.save(store, done, published)));
        timings.tell(Step::ShopDone);
        let is_saved = saved.is_ok();
        published.failures.extend(saved.err().map(|why| (shop.shop.id.clone(), why)));
        is_saved
    };
    if let Some(same) = same_again(workshop, store, order, &ordered, &facts)? {
        for (shop, done) in same {
            finish(store, &mut published, shop, Ok(done));
        }
        return Ok(published);
    }
    let placed =
        timings.of(Stage::Load, || place(&workshop.config, store.facts()?, Some((order.period, order.as_of))))?;
    let (large, mut tasks) = (Mutex::new(()), Vec::new());
    for (shop, known) in ordered {
        tasks.push(ShopJob { workshop, order, shop, placed: &placed, large: &large, known, timings });
    }
    let remembers = placed.unplaced.is_empty() && order.effect == Effect::Real;
    let work_out_and_note = |job: &ShopJob<'_>| {
        let done = work_out(job);
        let result = done.as_ref().ok().filter(|_| remembers).and_then(remembered::text_of);
        (done, result)
    };
    let (mut results, mut remembered) = (Vec::new(), Ok(()));
    let mut remember = |store: &mut Store, shop: &ShopConfig, result: String| -> Result<(), StoreError> {
        let known = known(workshop, store, shop, order)?;
        results.push((shop.shop.id.clone(), basis(workshop, order, &shop.shop, &known, &facts), result));
        // Long ones while other shops are worked out and the disk is idle; short ones together, in one flush.
        if results.iter().map(|(.., result)| result.len()).sum::<usize>() > LONG_RESULTS {
            store.remember(&std::mem::take(&mut results))?;
        }
        Ok(())
    };
    side_by_side(&tasks, work_out_and_note, |job, (done, result)| {
        // What could not be issued is to be issued the next time.
        let is_issued = finish(store, &mut published, job.shop, done);
        if let (true, Ok(()), Some(result)) = (is_issued, &remembered, result) {
            remembered = remember(store, job.shop, result);
        }
    });
    remembered?;
    store.remember(&results)?;
    if !placed.unplaced.is_empty() {
        published.notices.push(Notice::UnplacedBookings(placed.unplaced.iter().map(CartCode::to_string).collect()));
    }
    Ok(published)
}

/// What every ordered shop came to the last time, if nothing that this follows from has changed since for any of them.
fn same_again<'c>(
    workshop: &Workshop,
    store: &Store,
    order: &Order,
    ordered: &[(&'c ShopConfig, Known)],
    facts: &FactsMark,
) -> Result<Option<Vec<(&'c ShopConfig, WorkedOut)>>, StoreError> {
    let mut same = Vec::new();
    for (shop, known) in ordered.iter().filter(|_| !order.reissue) {
        let basis = basis(workshop, order, &shop.shop, known, facts);
        let remembered = store.remembered(&shop.shop.id, basis)?.and_then(|text| remembered::again(&text));
        let Some(remembered) = remembered else { return Ok(None) };
        same.push((*shop, remembered));
    }
    Ok((same.len() == ordered.len()).then_some(same))
}

/// Works one shop out. A panic is this shop's failure and nobody else's (FAULTS G04).
fn work_out(job: &ShopJob<'_>) -> Result<WorkedOut, String> {
    let id = &job.shop.shop.id;
    let done = catch_unwind(AssertUnwindSafe(|| {
        job.timings.tell(Step::Shop(id.clone()));
        job.work_out()
    }));
    done.unwrap_or_else(|_| Err(format!("{id}: internal error")))
}

/// What the history says about a shop before the report `order` asks for.
fn known(workshop: &Workshop, store: &Store, configured: &ShopConfig, order: &Order) -> Result<Known, StoreError> {
    let shop = &configured.shop.id;
    let held = store.held()?.into_iter().filter(|held| held.shop.as_ref() == Some(shop));
    let last = store.latest_report(shop, order.period)?;
    // What another report of this very period said is compared as its revision.
    let until = if last.is_some() { order.period.from() } else { order.period.to().plus(1) };
    Ok(Known {
        ledger: store.findings(Some(shop))?,
        held: held.map(|held| HeldSummary { name: held.original, reason: held.reason }).collect(),
        unmailed: unmailed(store, configured, order, last.as_ref())?,
        last,
        said: said_before(store, shop, until)?,
        installation: store.installation().to_owned(),
        is_export_in: has_export_of(workshop, store, shop, order.as_of)?,
        unknown: store.unknown_mails(shop)?,
    })
}

/// The newest report as one that is still to be mailed, if it never was and there is somebody to mail it to.
fn unmailed(
    store: &Store,
    shop: &ShopConfig,
    order: &Order,
    last: Option<&ReportRecord>,
) -> Result<Option<Unmailed>, StoreError> {
    let Some(last) = last.filter(|_| order.mail && shop.has_recipients()) else { return Ok(None) };
    let period = (order.period.from(), order.period.to());
    let key = ReportKey { shop: shop.shop.id.clone(), period, revision: last.revision };
    let of = |is_balanced| if is_balanced { Unmailed::Sound } else { Unmailed::Unbalanced };
    Ok(store.unmailed(&key)?.map(of))
}

/// What the newest report covering each day before `until` said the day had sold. Of a day that was not over by then it
/// said nothing yet.
fn said_before(store: &Store, shop: &ShopId, until: Day) -> Result<BTreeMap<Day, Option<String>>, StoreError> {
    let mut said = BTreeMap::new();
    for (period, as_of) in store.periods_before(shop, until)? {
        let days = (0..=period.to().since(period.from())).map(|ahead| period.from().plus(ahead));
        let unsaid: Vec<Day> = days.filter(|day| *day < until.min(as_of) && !said.contains_key(day)).collect();
        if unsaid.is_empty() {
            continue;
        }
        let Some(report) = store.latest_report(shop, period)? else { continue };
        let figures = Figures::sales_of_text(&store.figures(shop, period, report.revision)?);
        said.extend(unsaid.into_iter().map(|day| (day, figures.sales_of(day))));
    }
    Ok(said)
}

/// One shop's report on its way to the folder, the history and the outbox.
struct Issue<'a> {
    order: &'a Order,
    record: &'a RunRecord,
    run: i64,
    shop: &'a ShopConfig,
    today: Day,
    /// The configuration's folder.
    root: &'a Path,
}

impl Issue<'_> {
    /// Writes what was worked out: the workbook first, then history and outbox in one transaction.
    fn save(&self, store: &mut Store, done: WorkedOut, published: &mut Published) -> Result<(), String> {
        let id = &self.shop.shop.id;
        let is_real = self.order.effect == Effect::Real;
        published.notices.extend(self.missing(&done));
        published.notices.extend(done.notices);
        if let Some(new) = done.new.as_ref().filter(|_| is_real) {
            if is_left_behind(&new.path, &new.bytes) {
                durable::forget_aside(&new.path);
            } else {
                durable::write_new(&new.path, &new.bytes).map_err(|e| format!("{}: {e}", new.path.display()))?;
            }
        }
        let is_newest = self.is_newest(store).map_err(|e| e.to_string())?;
        let json = done.json;
        let shop_run = ShopRun {
            shop: id,
            report: done.new.as_ref().map(|new| (&new.record, new.figures.as_str())),
            revision: done.revision,
            mail: json.mail,
            balanced: done.unbalanced.is_none(),
            matched: done.matched,
            open: done.open.as_deref().filter(|_| is_newest),
            findings: count(done.findings),
            message: done.message.as_ref(),
        };
        store.save_shop_run(self.run, self.record, &shop_run).map_err(|e| e.to_string())?;
        published.issued.push(Issued {
            shop: id.clone(),
            name: self.shop.shop.name.clone(),
            verdict: done.verdict,
            revision: done.revision,
            is_new: done.new.is_some(),
            changes: done.new.as_ref().map_or(0, |new| new.changes.len()),
            workbook: done.workbook,
            mail: json.mail,
            findings: done.findings,
        });
        published.shops.push(json);
        done.unbalanced.map_or(Ok(()), Err)
    }

    /// That the workbook which still holds is gone; one that cannot be looked at may be there.
    fn missing(&self, done: &WorkedOut) -> Option<Notice> {
        let workbook = done.workbook.as_ref().filter(|_| done.new.is_none())?;
        let is_gone = !self.root.join(workbook).try_exists().unwrap_or(true);
        is_gone.then(|| Notice::WorkbookGone { shop: self.shop.shop.id.clone(), workbook: workbook.clone() })
    }

    /// Findings are kept as of the newest as-of date only: a run for an earlier date changes nothing of their life. One
    /// for a day to come does, until the next run for a day that has come.
    fn is_newest(&self, store: &Store) -> Result<bool, StoreError> {
        let as_of = self.order.as_of;
        let has_come = (as_of <= self.today).then_some(self.today);
        let newest = store.newest_as_of(&self.shop.shop.id, has_come)?;
        Ok(newest.is_none_or(|newest| newest <= as_of))
    }
}
