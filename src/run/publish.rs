//! One shop, from facts to outbox: reconcile, compare with the last revision, render, queue the mail.

use super::{Effect, Notice, Order, RunError, Workshop, message};
use crate::config::{ShopConfig, Transport};
use crate::domain::dates::{Day, Period};
use crate::domain::finding::FindingRecord;
use crate::domain::ids::{CartCode, ShopId};
use crate::domain::reconciliation::{FileSummary, HeldSummary, Reconciliation, ShopFacts};
use crate::domain::text::code_key;
use crate::durable;
use crate::locale::findings::verdict;
use crate::mail::{self, ReportMail};
use crate::reconcile::{self, Placed};
use crate::report::figures::{Change, Figures, corrections, figures};
use crate::report::json::{ShopJson, shop_json};
use crate::report::{self, Edition};
use crate::store::{OutboxEntry, ReportRecord, RunRecord, ShopRun, Store, StoreError};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

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
    /// The workbook, relative to the configuration's folder.
    pub workbook: Option<String>,
    /// What became of the mail.
    pub mail: &'static str,
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
) -> Result<Published, RunError> {
    let mut published = Published::default();
    let shops: Vec<_> = workshop.config.shops.iter().map(|shop| shop.shop.clone()).collect();
    let Placed { by_shop, unplaced } = reconcile::place(&shops, store.payments()?, store.bookings()?);
    if !unplaced.is_empty() {
        published.notices.push(Notice::UnplacedBookings(unplaced.iter().map(CartCode::to_string).collect()));
    }
    let files = store.file_summaries(&shops_of_carts(&by_shop))?;
    let nothing = ShopFacts::default();
    for shop in &workshop.config.shops {
        let id = &shop.shop.id;
        if !order.shops.is_empty() && !order.shops.contains(id) {
            continue;
        }
        let facts = by_shop.get(id).unwrap_or(&nothing);
        let files = files.get(id).map_or(&[][..], Vec::as_slice);
        let job = ShopJob { workshop, order, record, run, shop };
        if let Err(why) = job.report(store, facts, files, &mut published) {
            published.failures.push((id.clone(), why));
        }
    }
    // What an earlier run could not write goes out now.
    if order.mail && order.effect == Effect::Real && matches!(workshop.config.mail.transport, Transport::Directory) {
        published.notices.extend(deliver_to_folder(workshop, store)?);
    }
    Ok(published)
}

/// Which shop each cart key was placed in, for the control totals of bookings files.
fn shops_of_carts(by_shop: &std::collections::BTreeMap<ShopId, ShopFacts>) -> HashMap<String, ShopId> {
    let carts = |facts: &ShopFacts| facts.bookings.iter().map(|b| code_key(b.cart.as_str())).collect::<Vec<_>>();
    by_shop.iter().flat_map(|(shop, facts)| carts(facts).into_iter().map(|cart| (cart, shop.clone()))).collect()
}

/// Writes queued messages as `.eml` files; written twice is one file, because the name comes from the Message-ID.
///
/// Returns the first file that could not be written; its message stays queued.
fn deliver_to_folder(workshop: &Workshop, store: &Store) -> Result<Option<Notice>, StoreError> {
    for (id, entry) in store.queued()? {
        let plain = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' };
        let name: String = entry.message_id.trim_matches(['<', '>']).chars().map(plain).collect();
        let path = workshop.config.paths.outbox.join(format!("{name}.eml"));
        match durable::write_new(&path, &entry.message) {
            Ok(()) => store.set_message_state(id, "accepted")?,
            Err(_) if path.is_file() => store.set_message_state(id, "accepted")?,
            Err(error) => {
                return Ok(Some(Notice::FileFailed { name: path.display().to_string(), why: error.to_string() }));
            }
        }
    }
    Ok(None)
}

/// The work on one shop.
struct ShopJob<'a> {
    workshop: &'a Workshop,
    order: &'a Order,
    record: &'a RunRecord,
    run: i64,
    shop: &'a ShopConfig,
}

/// What a shop's report is made of.
struct Inputs<'a> {
    facts: &'a ShopFacts,
    files: &'a [FileSummary],
    held: &'a [HeldSummary],
    result: &'a Reconciliation,
}

/// A workbook that was just made.
struct NewWorkbook {
    record: ReportRecord,
    bytes: Vec<u8>,
    changes: Vec<Change>,
}

impl ShopJob<'_> {
    fn report(
        &self,
        store: &mut Store,
        facts: &ShopFacts,
        files: &[FileSummary],
        published: &mut Published,
    ) -> Result<(), String> {
        let id = &self.shop.shop.id;
        let ledger = store.findings(Some(id)).map_err(|e| e.to_string())?;
        let result = reconcile::reconcile(&self.shop.shop, facts, &ledger, files, self.order.period, self.order.as_of);
        self.notice_missing(&result, published);
        let held = self.held(store)?;
        let inputs = Inputs { facts, files, held: &held, result: &result };
        let now = figures(&result);
        let last = store.latest_report(id, self.order.period).map_err(|e| e.to_string())?;
        let unchanged = last.as_ref().is_some_and(|last| last.digest == now.digest());
        let new = if unchanged && !self.order.reissue {
            None
        } else {
            Some(self.render(store, &inputs, &now, last.as_ref())?)
        };
        let messages = self.messages(store, &inputs, new.as_ref(), published)?;
        let blocked = new.is_some() && !result.balanced();
        let mut mail = if blocked {
            "blocked"
        } else if messages.is_empty() {
            "none"
        } else {
            "queued"
        };
        let revision = new.as_ref().map(|new| &new.record).or(last.as_ref()).map_or(0, |report| report.revision);
        let workbook = new.as_ref().map(|new| &new.record).or(last.as_ref()).map(|report| report.workbook.clone());
        if let Some(new) = &new
            && self.order.effect == Effect::Real
        {
            let path = self.path_of(new.record.revision);
            if !is_left_behind(&path, &new.bytes) {
                durable::write_new(&path, &new.bytes).map_err(|e| format!("{}: {e}", path.display()))?;
            }
        }
        let newest = store.newest_as_of(id).map_err(|e| e.to_string())?;
        let open = open_findings(&result);
        let shop_run = ShopRun {
            shop: id,
            report: new.as_ref().map(|new| &new.record),
            revision,
            mail,
            balanced: result.balanced(),
            matched: count(result.matched.len()),
            open: is_newest(newest, self.order.as_of).then_some(&open),
            findings: count(result.findings.len()),
            messages: &messages,
        };
        store.save_shop_run(self.run, self.record, &shop_run).map_err(|e| e.to_string())?;
        let to_folder = matches!(self.workshop.config.mail.transport, Transport::Directory);
        if to_folder && !messages.is_empty() && self.order.effect == Effect::Real {
            match deliver_to_folder(self.workshop, store).map_err(|e| e.to_string())? {
                Some(notice) => published.notices.push(notice),
                None => {
                    mail = "sent";
                    store.set_shop_mail(self.run, id, mail).map_err(|e| e.to_string())?;
                }
            }
        }
        published.shops.push(shop_json(&result, revision, workbook.as_deref(), mail));
        published.issued.push(Issued {
            shop: id.clone(),
            name: self.shop.shop.name.clone(),
            verdict: verdict(self.workshop.language(), &result, held.len()),
            revision,
            is_new: new.is_some(),
            workbook,
            mail,
            findings: result.findings.len(),
        });
        if result.balanced() { Ok(()) } else { Err(unbalanced(&result)) }
    }

    fn notice_missing(&self, result: &Reconciliation, published: &mut Published) {
        for (source, newest) in [("GMO-PG", result.freshness.payments), ("Bókun", result.freshness.bookings)] {
            if newest.is_none() {
                published.notices.push(Notice::MissingExport { shop: self.shop.shop.id.clone(), source });
            }
        }
    }

    fn held(&self, store: &Store) -> Result<Vec<HeldSummary>, String> {
        let held = store.held().map_err(|e| e.to_string())?;
        let ours = held.into_iter().filter(|held| held.shop.as_ref() == Some(&self.shop.shop.id));
        Ok(ours.map(|held| HeldSummary { name: held.original, reason: held.reason }).collect())
    }

    /// 前期間の修正: what earlier days sold otherwise than the last report of each says (SPEC §5.8).
    fn corrections(&self, store: &Store, facts: &ShopFacts) -> Result<Vec<Change>, String> {
        let (id, start) = (&self.shop.shop.id, self.order.period.from());
        let mut said: BTreeMap<Day, Option<String>> = BTreeMap::new();
        for period in store.periods_before(id, start).map_err(|e| e.to_string())? {
            let days = (0..=period.to().since(period.from())).map(|ahead| period.from().plus(ahead));
            let unsaid: Vec<Day> = days.filter(|day| *day < start && !said.contains_key(day)).collect();
            if unsaid.is_empty() {
                continue;
            }
            let Some(report) = store.latest_report(id, period).map_err(|e| e.to_string())? else { continue };
            let figures = Figures::from_text(&report.figures);
            said.extend(unsaid.into_iter().map(|day| (day, figures.sales_of(day))));
        }
        let (Some((first, _)), Some((last, _))) = (said.first_key_value(), said.last_key_value()) else {
            return Ok(Vec::new());
        };
        let reported = Period::new(*first, *last);
        let now = reported.map(|period| reconcile::sales_by_day(&facts.payments, period)).unwrap_or_default();
        Ok(corrections(&said, &now))
    }

    /// Makes the next revision's workbook.
    ///
    /// A file that bears its name already is never overwritten (FAULTS X08): the revision after it is free. But a run
    /// that was killed after writing left exactly these bytes, and then this is that revision.
    fn render(
        &self,
        store: &Store,
        inputs: &Inputs<'_>,
        now: &Figures,
        last: Option<&ReportRecord>,
    ) -> Result<NewWorkbook, String> {
        let mut changes = self.corrections(store, inputs.facts)?;
        changes.extend(last.map(|last| Figures::from_text(&last.figures).changes(now)).unwrap_or_default());
        let (digest, figures) = (now.digest(), now.to_text());
        let workbook = String::new();
        let record = ReportRecord { revision: last.map_or(0, |last| last.revision), digest, figures, workbook };
        let mut new = NewWorkbook { record, bytes: Vec::new(), changes };
        loop {
            new.record.revision += 1;
            let path = self.path_of(new.record.revision);
            new.record.workbook = relative(&path, &self.workshop.config.root);
            new.bytes = self.workbook_bytes(store.installation(), inputs, &new, MatchedSheet::Included)?;
            if !path.exists() || is_left_behind(&path, &new.bytes) {
                return Ok(new);
            }
        }
    }

    /// Where the workbook of `revision` lies.
    fn path_of(&self, revision: u32) -> PathBuf {
        let config = &self.workshop.config;
        let (id, period) = (&self.shop.shop.id, self.order.period);
        let folder = config.paths.reports.join(id.as_str()).join(format!("{}_{}", period.from(), period.to()));
        folder.join(report::file_name(config.language, id, period, revision))
    }

    fn workbook_bytes(
        &self,
        installation: &str,
        inputs: &Inputs<'_>,
        new: &NewWorkbook,
        matched_sheet: MatchedSheet,
    ) -> Result<Vec<u8>, String> {
        let edition = Edition {
            language: self.workshop.language(),
            reconciliation: inputs.result,
            revision: new.record.revision,
            files: inputs.files,
            held: inputs.held,
            changes: &new.changes,
            with_customer: self.workshop.config.report_customer,
            with_matched: matched_sheet == MatchedSheet::Included,
            installation,
            expiring_within_days: self.shop.shop.policy.expiring_within_days,
        };
        report::workbook(&edition).map_err(|e| e.to_string())
    }

    /// The report's message, one entry per recipient; without the sheet of matched rows where it would be larger than
    /// `max_attachment_mb` (SPEC §7).
    fn messages(
        &self,
        store: &Store,
        inputs: &Inputs<'_>,
        new: Option<&NewWorkbook>,
        published: &mut Published,
    ) -> Result<Vec<OutboxEntry>, String> {
        let Some(new) = new.filter(|_| self.order.mail && inputs.result.balanced()) else { return Ok(Vec::new()) };
        if self.shop.recipients.is_empty() && self.shop.cc.is_empty() {
            published.notices.push(Notice::NoRecipients(self.shop.shop.id.clone()));
            return Ok(Vec::new());
        }
        let config = &self.workshop.config;
        let recipients: Vec<String> = self.shop.recipients.iter().chain(&self.shop.cc).cloned().collect();
        let domain = mail::address::domain_of(&config.mail.from);
        let message_id =
            mail::message_id(&self.shop.shop.id, self.order.period, new.record.revision, &recipients, &domain);
        let name = report::file_name(config.language, &self.shop.shop.id, self.order.period, new.record.revision);
        let facts = message::Facts {
            language: config.language,
            result: inputs.result,
            held: inputs.held,
            revision: new.record.revision,
            corrections: new.changes.len(),
        };
        let compose = |attachment: &[u8], full_workbook_at: Option<String>| {
            let message = ReportMail {
                from: &config.mail.from,
                to: &self.shop.recipients,
                cc: &self.shop.cc,
                context: message::context(&facts, full_workbook_at),
                attachment_name: &name,
                attachment,
                message_id: &message_id,
                date: self.workshop.now,
            };
            mail::compose(&self.workshop.templates, &message).map_err(|e| e.to_string())
        };
        let mut bytes = compose(&new.bytes, None)?;
        if count(bytes.len()) > config.mail.max_attachment_mb.saturating_mul(1 << 20) {
            let short = self.workbook_bytes(store.installation(), inputs, new, MatchedSheet::LeftOut)?;
            bytes = compose(&short, Some(new.record.workbook.clone()))?;
        }
        let entry = |recipient: String| OutboxEntry {
            recipient,
            message_id: message_id.clone(),
            state: "queued".to_owned(),
            message: bytes.clone(),
        };
        Ok(recipients.into_iter().map(entry).collect())
    }
}

/// Whether the file at `path` holds exactly `bytes`.
fn is_left_behind(path: &Path, bytes: &[u8]) -> bool {
    let limit = count(bytes.len());
    durable::read_limited(path, limit).is_ok_and(|found| found == bytes)
}

/// Whether a workbook holds the sheet of matched rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MatchedSheet {
    Included,
    LeftOut,
}

/// Findings are kept as of the newest as-of date only: a run for an earlier date changes nothing of their life.
fn is_newest(newest: Option<Day>, as_of: Day) -> bool {
    newest.is_none_or(|newest| newest <= as_of)
}

fn open_findings(result: &Reconciliation) -> Vec<FindingRecord> {
    let record = |finding: &crate::domain::reconciliation::Finding| FindingRecord {
        id: finding.id.clone(),
        shop: result.shop.clone(),
        code: finding.code,
        key: finding.key.clone(),
        first_seen: finding.first_seen,
        cleared: None,
        note: finding.note.clone(),
    };
    result.findings.iter().map(record).collect()
}

fn unbalanced(result: &Reconciliation) -> String {
    let broken = result.checks.iter().filter(|check| !check.balances());
    broken.map(|check| format!("{}: {} ≠ {}", check.name, check.left, check.right)).collect::<Vec<_>>().join("; ")
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

/// `path` relative to `root` where it lies below it, with `/`.
fn relative(path: &Path, root: &Path) -> String {
    let below: PathBuf = path.strip_prefix(root).map_or_else(|_| path.to_owned(), Path::to_owned);
    below.to_string_lossy().replace('\\', "/")
}
