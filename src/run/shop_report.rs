//! One shop, from facts to finished bytes: reconcile, compare with the last revision, render, compose the mail.
//!
//! Changes nothing and asks the history nothing, so that shops can be worked out side by side: what the history says
//! about the shop comes in as [`Known`], what it shall say goes out as [`WorkedOut`].

use super::placing::Placed;
use super::read_back::{Expected, read_back};
use super::{Notice, Order, SlotOrder, Stage, Timings, Workshop, message};
use crate::config::ShopConfig;
use crate::domain::dates::{Day, JST, Period};
use crate::domain::delivery::MailWord;
use crate::domain::finding::{FindingRecord, Severity};
use crate::domain::intake::Kind;
use crate::domain::reconciliation::{FileSummary, HeldSummary, Reconciliation, ShopFacts};
use crate::durable;
use crate::locale::verdict::verdict;
use crate::mail::{self, ReportMail};
use crate::reconcile;
use crate::report::figures::{Change, Figures, corrections, figures};
use crate::report::json::{ShopJson, shop_json};
use crate::report::{self, Edition};
use crate::store::{NewMessage, ReportRecord, StoreError, UnknownMail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A workbook of ours is smaller than this.
const LARGEST: u64 = 512 << 20;

/// What the history says about a shop before its report is worked out.
pub(super) struct Known {
    /// The shop's findings, open and cleared.
    pub(super) ledger: Vec<FindingRecord>,
    /// Its held files.
    pub(super) held: Vec<HeldSummary>,
    /// The newest report of the same period.
    pub(super) last: Option<ReportRecord>,
    /// Whether that report was never mailed and is to be.
    pub(super) unmailed: Option<Unmailed>,
    /// What the newest report covering it said a day had sold: before the period, or in it if there is no report of the
    /// same period yet.
    pub(super) said: BTreeMap<Day, Option<String>>,
    /// The installation's id.
    pub(super) installation: String,
    /// Whether the payment export of the as-of date is in.
    pub(super) is_export_in: bool,
    /// Its earlier mails with an unknown outcome.
    pub(super) unknown: Vec<UnknownMail>,
}

/// A report that no message was ever made for: its run was told not to mail, or there was nobody to mail it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unmailed {
    /// Its workbook may be mailed as it was issued.
    Sound,
    /// Its proof did not balance, and its workbook says so.
    Unbalanced,
}

/// A shop's report before anything of it is written.
pub(super) struct WorkedOut {
    /// The shop's part of `--json`, as if nothing of the mail had left yet.
    pub(super) json: ShopJson,
    /// One line: what needs doing.
    pub(super) verdict: String,
    /// The revision that holds now.
    pub(super) revision: u32,
    /// The workbook of that revision, relative to the configuration's folder.
    pub(super) workbook: Option<String>,
    /// A new revision, if one is issued.
    pub(super) new: Option<NewWorkbook>,
    /// The message to its recipients, if one is due.
    pub(super) message: Option<NewMessage>,
    /// Every finding open now with its urgency; `None` if they are those that were open before.
    pub(super) open: Option<Vec<(FindingRecord, Severity)>>,
    /// How many they are.
    pub(super) findings: usize,
    /// Match groups without a finding.
    pub(super) matched: u64,
    /// The equations of the proof that do not hold, in words; `None` if all do.
    pub(super) unbalanced: Option<String>,
    /// What the operator is told.
    pub(super) notices: Vec<Notice>,
}

/// A workbook that was just made.
pub(super) struct NewWorkbook {
    /// What the history keeps of it.
    pub(super) record: ReportRecord,
    /// Its figures as text.
    pub(super) figures: String,
    /// Where it belongs.
    pub(super) path: PathBuf,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// What it says otherwise than the reports before it.
    pub(super) changes: Vec<Change>,
}

/// The work on one shop.
pub(super) struct ShopJob<'a> {
    pub(super) workshop: &'a Workshop,
    pub(super) order: &'a Order,
    pub(super) shop: &'a ShopConfig,
    pub(super) placed: &'a Placed,
    /// Held while a large shop's facts stand in memory.
    pub(super) large: &'a Mutex<()>,
    pub(super) known: Known,
    pub(super) timings: &'a Timings<'a>,
}

impl ShopJob<'_> {
    /// Works the report out.
    ///
    /// # Errors
    /// When the workbook or the mail cannot be made, in words.
    pub(super) fn work_out(&self) -> Result<WorkedOut, String> {
        let (order, known) = (self.order, &self.known);
        let shop = &self.shop.shop;
        // Of large shops one at a time: the next is rendered meanwhile, so that little is waited for.
        let alone = self.placed.is_large(&shop.id).then(|| self.large.lock());
        let facts = self.timings.of(Stage::Load, || self.placed.facts_for(&shop.id)).map_err(|e| e.to_string())?;
        let (mut result, corrections) = self.timings.of(Stage::Reconcile, || {
            let (calendar, files) = (&self.workshop.config.calendar, self.files());
            let ledger = &known.ledger;
            let result = reconcile::reconcile(shop, &facts, ledger, files, calendar, order.period, order.as_of);
            (result, self.corrections(&facts))
        });
        // The result holds all that is shown: what it was made of would only stand in memory beside it.
        drop(facts);
        drop(alone);
        result.freshness.is_behind = !known.is_export_in && result.freshness.payments.is_some();
        result.freshness.has_empty_payments = result.freshness.payments.is_none() && self.has_file_of(Kind::Payments);
        result.freshness.has_empty_bookings = result.freshness.bookings.is_none() && self.has_file_of(Kind::Bookings);
        let mut notices = self.missing(&result);
        let now = figures(&result);
        let last = known.last.as_ref();
        let text = now.to_text();
        let digest = Figures::digest_of(&text);
        let unchanged = last.filter(|last| last.digest == digest && !order.reissue);
        let overdue = unchanged.map(|last| self.overdue(&result, last, &now, &corrections));
        let (new, message) = if let Some(Ok(message)) = overdue {
            (None, message)
        } else {
            let revision = last.map_or(0, |last| last.revision);
            let record = ReportRecord { revision, digest, workbook: String::new() };
            let (path, bytes) = (PathBuf::new(), Vec::new());
            let changes = self.changes(&now, corrections, revision).map_err(|e| e.to_string())?;
            drop(now);
            let new = self.render(&result, NewWorkbook { record, figures: text, path, bytes, changes })?;
            let message = self.message(&result, &new, &mut notices)?;
            (Some(new), message)
        };
        let mail = match new {
            Some(_) if !result.balanced() => MailWord::Blocked,
            _ if message.is_none() => MailWord::None,
            _ => MailWord::Queued,
        };
        let issued = new.as_ref().map(|new| &new.record).or(last);
        let revision = issued.map_or(0, |report| report.revision);
        let workbook = issued.map(|report| report.workbook.clone());
        let json = shop_json(&result, revision, workbook.as_deref(), mail).map_err(|e| e.to_string())?;
        Ok(WorkedOut {
            json,
            verdict: verdict(self.workshop.language(), &result, known.held.len()),
            revision,
            workbook,
            message,
            new,
            findings: result.findings.len(),
            open: Some(open_findings(&result)),
            matched: count(result.matched.len()),
            unbalanced: (!result.balanced()).then(|| unbalanced(&result)),
            notices,
        })
    }

    fn files(&self) -> &[FileSummary] {
        self.placed.files(&self.shop.shop.id)
    }

    fn has_file_of(&self, kind: Kind) -> bool {
        let mut of_kind = self.workshop.layouts.iter().filter(|layout| layout.kind() == kind);
        of_kind.any(|layout| self.files().iter().any(|file| file.layout == layout.name()))
    }

    fn missing(&self, result: &Reconciliation) -> Vec<Notice> {
        let fresh = &result.freshness;
        let sources = [
            ("GMO-PG", fresh.payments.is_none() && !fresh.has_empty_payments),
            ("Bókun", fresh.bookings.is_none() && !fresh.has_empty_bookings),
        ];
        let missing = sources.into_iter().filter(|(_, is_missing)| *is_missing);
        missing.map(|(source, _)| Notice::MissingExport { shop: self.shop.shop.id.clone(), source }).collect()
    }

    /// 前期間の修正: what earlier days sold otherwise than the last report of each says (SPEC §5.8).
    fn corrections(&self, facts: &ShopFacts) -> Vec<Change> {
        let said = &self.known.said;
        let (Some((first, _)), Some((last, _))) = (said.first_key_value(), said.last_key_value()) else {
            return Vec::new();
        };
        let reported = Period::new(*first, *last);
        let now = reported.map(|period| reconcile::sales_by_day(facts, period)).unwrap_or_default();
        corrections(said, &now)
    }

    /// What the report says otherwise than those before it: `corrections` of earlier periods, then its own revision
    /// `before`.
    fn changes(&self, now: &Figures, corrections: Vec<Change>, before: u32) -> Result<Vec<Change>, StoreError> {
        let mut changes = corrections;
        let before = self.placed.figures(&self.shop.shop.id, self.order.period, before)?;
        // There is none before the first, and a report that was restored from the record of what left has no figures to
        // compare with (FAULTS S06).
        if !before.is_empty() {
            changes.extend(Figures::from_text(&before).changes(now));
        }
        Ok(changes)
    }

    /// The message that `last`, which says what the figures say now, never had, with the workbook that was issued; `None`
    /// if none is due. One that was never mailed is mailed late rather than never (SPEC §10 promise 7).
    ///
    /// # Errors
    /// When that workbook cannot be mailed: it is gone, was changed, or says that its proof does not balance.
    fn overdue(
        &self,
        result: &Reconciliation,
        last: &ReportRecord,
        now: &Figures,
        corrections: &[Change],
    ) -> Result<Option<NewMessage>, String> {
        match self.known.unmailed.filter(|_| result.balanced()) {
            None => return Ok(None),
            Some(Unmailed::Unbalanced) => return Err("its proof did not balance".to_owned()),
            Some(Unmailed::Sound) => {}
        }
        let path = self.workshop.config.root.join(&last.workbook);
        let bytes = durable::read_limited(&path, LARGEST).map_err(|e| e.to_string())?;
        let before = last.revision.saturating_sub(1);
        let changes = self.changes(now, corrections.to_vec(), before).map_err(|e| e.to_string())?;
        let issued = NewWorkbook { record: last.clone(), figures: String::new(), path, bytes, changes };
        self.message(result, &issued, &mut Vec::new())
    }

    /// Makes the workbook of the revision after that of `new`.
    ///
    /// A file that bears its name already is never overwritten (FAULTS X08): the revision after it is free. But a run
    /// that was killed after writing left exactly these bytes, and then this is that revision.
    fn render(&self, result: &Reconciliation, mut new: NewWorkbook) -> Result<NewWorkbook, String> {
        loop {
            new.record.revision += 1;
            new.path = self.path_of(new.record.revision);
            new.record.workbook = relative(&new.path, &self.workshop.config.root);
            new.bytes = self.workbook_bytes(result, &new, MatchedSheet::Included)?;
            if !new.path.exists() || is_left_behind(&new.path, &new.bytes) {
                return Ok(new);
            }
        }
    }

    /// Where the workbook of `revision` lies.
    fn path_of(&self, revision: u32) -> PathBuf {
        let config = &self.workshop.config;
        let (id, period) = (&self.shop.shop.id, self.order.period);
        let folder = config.paths.reports.join(id.as_str()).join(format!("{}_{}", period.from(), period.to()));
        folder.join(report::file_name(id, period, revision))
    }

    fn workbook_bytes(
        &self,
        result: &Reconciliation,
        new: &NewWorkbook,
        matched_sheet: MatchedSheet,
    ) -> Result<Vec<u8>, String> {
        let edition = Edition {
            language: self.workshop.language(),
            reconciliation: result,
            revision: new.record.revision,
            files: self.files(),
            held: &self.known.held,
            changes: &new.changes,
            with_customer: self.workshop.config.report_customer,
            with_matched: matched_sheet == MatchedSheet::Included,
            installation: &self.known.installation,
            expiring_within_days: self.shop.shop.policy.expiring_within_days,
        };
        self.timings.of(Stage::Render, || report::workbook(&edition)).map_err(|e| e.to_string())
    }

    /// Reads a workbook back before it is mailed (FAULTS X01).
    fn read_back(
        &self,
        bytes: &[u8],
        result: &Reconciliation,
        new: &NewWorkbook,
        matched_sheet: MatchedSheet,
    ) -> Result<(), String> {
        let config = &self.workshop.config;
        let shops: Vec<_> = config.shops.iter().map(|shop| (&shop.shop.id, shop.shop.name.as_str())).collect();
        let expected = Expected {
            language: config.language,
            result,
            shops: &shops,
            installation: &self.known.installation,
            revision: new.record.revision,
            with_matched: matched_sheet == MatchedSheet::Included,
            changes: &new.changes,
        };
        self.timings.of(Stage::ReadBack, || read_back(bytes, &expected))
    }

    /// The report's message; without the sheet of matched rows where it would be larger than
    /// `max_attachment_mb` (SPEC §7).
    fn message(
        &self,
        result: &Reconciliation,
        new: &NewWorkbook,
        notices: &mut Vec<Notice>,
    ) -> Result<Option<NewMessage>, String> {
        if !self.order.mail || !result.balanced() {
            return Ok(None);
        }
        if !self.shop.has_recipients() {
            notices.push(Notice::NoRecipients(self.shop.shop.id.clone()));
            return Ok(None);
        }
        let config = &self.workshop.config;
        let recipients: Vec<String> = self.shop.recipients.iter().chain(&self.shop.cc).cloned().collect();
        let from = &config.mail.from;
        let message_id =
            mail::message_id(&self.shop.shop.id, self.order.period, new.record.revision, &recipients, from.domain());
        let name = report::file_name(&self.shop.shop.id, self.order.period, new.record.revision);
        let facts = message::Facts {
            language: config.language,
            result,
            held: &self.known.held,
            revision: new.record.revision,
            corrections: new.changes.len(),
            late: self.order.slot.as_ref().filter(|of| of.is_late).map(planned),
            unknown: &self.known.unknown,
        };
        let compose = |attachment: &[u8], full_workbook_at: Option<String>| {
            let message = ReportMail {
                from,
                to: &self.shop.recipients,
                cc: &self.shop.cc,
                context: message::context(&facts, full_workbook_at),
                attachment_name: &name,
                attachment,
                message_id: &message_id,
                date: self.workshop.now,
            };
            self.timings
                .of(Stage::Compose, || mail::compose(&self.workshop.templates, &message))
                .map_err(|e| e.to_string())
        };
        self.read_back(&new.bytes, result, new, MatchedSheet::Included)?;
        let mut bytes = compose(&new.bytes, None)?;
        if count(bytes.len()) > config.mail.max_attachment_mb.saturating_mul(1 << 20) {
            let short = self.workbook_bytes(result, new, MatchedSheet::LeftOut)?;
            self.read_back(&short, result, new, MatchedSheet::LeftOut)?;
            bytes = compose(&short, Some(new.record.workbook.clone()))?;
        }
        let sender = from.address().to_owned();
        let queued = self.workshop.stamp();
        Ok(Some(NewMessage { message_id, sender, recipients, content: bytes, queued }))
    }
}

/// Whether the file at `path` holds exactly `bytes`.
pub(super) fn is_left_behind(path: &Path, bytes: &[u8]) -> bool {
    let limit = count(bytes.len());
    durable::read_limited(path, limit).is_ok_and(|found| found == bytes)
}

/// Whether a workbook holds the sheet of matched rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MatchedSheet {
    Included,
    LeftOut,
}

fn open_findings(result: &Reconciliation) -> Vec<(FindingRecord, Severity)> {
    let record = |finding: &crate::domain::reconciliation::Finding| FindingRecord {
        id: finding.id.clone(),
        shop: result.shop.clone(),
        code: finding.code,
        key: finding.key.clone(),
        first_seen: finding.first_seen,
        cleared: None,
        note: finding.note.clone(),
    };
    result.findings.iter().map(|finding| (record(finding), finding.severity)).collect()
}

/// When a slot was due, as people read it.
fn planned(of: &SlotOrder) -> String {
    of.slot.planned.with_timezone(&JST).format("%Y-%m-%d %H:%M").to_string()
}

fn unbalanced(result: &Reconciliation) -> String {
    let broken = result.checks.iter().filter(|check| !check.balances());
    broken.map(|check| format!("{}: {} ≠ {}", check.name, check.left, check.right)).collect::<Vec<_>>().join("; ")
}

pub(super) fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

/// `path` relative to `root` where it lies below it, with `/`.
fn relative(path: &Path, root: &Path) -> String {
    let below: PathBuf = path.strip_prefix(root).map_or_else(|_| path.to_owned(), Path::to_owned);
    below.to_string_lossy().replace('\\', "/")
}
