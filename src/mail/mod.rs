//! A reconciliation and its workbook → one finished message (SPEC §7). Pure: sender, recipients, Message-ID and Date
//! are given; the same input gives the same bytes. Knows nothing of sending.

pub mod address;
mod mime;
mod template;

pub use template::{MailTemplate, NoteTemplates, OperatorContext, TemplateFault, Templates};

use crate::domain::dates::Period;
use crate::domain::ids::{FileDigest, ShopId};
use address::Sender;
use chrono::{DateTime, FixedOffset};
use serde::Serialize;

/// A report mail before it is composed.
#[derive(Clone, Debug)]
pub struct ReportMail<'a> {
    /// Who it comes from.
    pub from: &'a Sender,
    /// Bare addresses; may be empty with the directory transport.
    pub to: &'a [String],
    /// Bare addresses.
    pub cc: &'a [String],
    /// What the templates may use.
    pub context: MailContext,
    /// Name of the workbook, as the reader sees it.
    pub attachment_name: &'a str,
    /// The workbook.
    pub attachment: &'a [u8],
    /// From [`message_id`].
    pub message_id: &'a str,
    /// When it was composed.
    pub date: DateTime<FixedOffset>,
}

/// Everything the templates of a report mail may use, in words and figures as the reader sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MailContext {
    /// Name of the shop.
    pub shop_name: String,
    /// First day, `YYYY-MM-DD`.
    pub period_from: String,
    /// Last day, `YYYY-MM-DD`.
    pub period_to: String,
    /// Revision.
    pub revision: u32,
    /// Verdict in a few words: `要確認3件・期限間近2件` or `差異なし`.
    pub verdict: String,
    /// As-of date.
    pub as_of: String,
    /// Sales totals.
    pub sales: SalesText,
    /// The findings that matter first.
    pub findings: Vec<FindingText>,
    /// How many findings are open in all.
    pub finding_count: usize,
    /// How many of them are marked as done.
    pub done_count: usize,
    /// Payments whose cancellation window is about to end.
    pub cancellation: Vec<WindowText>,
    /// How many such payments there are in all.
    pub cancellation_count: usize,
    /// How far the payment exports reach; `None`: missing (未着).
    pub payments_until: Option<String>,
    /// How far the booking exports reach; `None`: missing (未着).
    pub bookings_until: Option<String>,
    /// Whether a file of payments is in, though without any row (FAULTS P06).
    pub has_empty_payments: bool,
    /// The same of bookings.
    pub has_empty_bookings: bool,
    /// Whether payments after `payments_until` are 未着: the export of the as-of date, or those of bookings that wait.
    pub is_behind: bool,
    /// Whether bookings after `bookings_until` are 未着, as payments wait for them.
    pub are_bookings_behind: bool,
    /// The planned time, if the report is 遅延.
    pub late: Option<String>,
    /// Held files.
    pub held: Vec<HeldText>,
    /// Where the full workbook lies, if the attached one had to leave a sheet out.
    pub full_workbook_at: Option<String>,
    /// Corrections to periods reported earlier.
    pub corrections: usize,
    /// Earlier reports of the shop of which nobody knows whether they arrived (FAULTS M10).
    pub unknown: Vec<UnknownText>,
}

/// Sales totals as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SalesText {
    /// Number of sales.
    pub count: String,
    /// Before refunds.
    pub gross: String,
    /// Refunds.
    pub refunds: String,
    /// After refunds.
    pub net: String,
}

/// One finding as text; fields without a value are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FindingText {
    /// Finding ID.
    pub id: String,
    /// Kind in words.
    pub kind: String,
    /// Severity in words.
    pub severity: String,
    /// 対応済 in words, where it is marked as that.
    pub done: String,
    /// 担当.
    pub assignee: String,
    /// Booking number.
    pub booking: String,
    /// Order IDs, separated by commas.
    pub order_ids: String,
    /// Amount at GMO.
    pub gmo: String,
    /// Amount of the booking.
    pub booking_yen: String,
    /// Difference.
    pub difference: String,
    /// Why.
    pub reason: String,
    /// What to do next; empty where it is done.
    pub next: String,
}

/// One payment near the end of its cancellation window, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WindowText {
    /// Risk in words.
    pub risk: String,
    /// Order ID.
    pub order_id: String,
    /// Booking number.
    pub booking: String,
    /// Last safe day.
    pub last_safe_day: String,
    /// Last possible day.
    pub last_possible_day: String,
    /// Days left to the safe day, negative where only the last possible day is left.
    pub days_left: String,
    /// Balance.
    pub yen: String,
}

/// One held file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HeldText {
    /// Name of the file.
    pub name: String,
    /// Why it is held.
    pub reason: String,
}

/// A report that was sent to somebody with an unknown outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UnknownText {
    /// First day, `YYYY-MM-DD`.
    pub period_from: String,
    /// Last day, `YYYY-MM-DD`.
    pub period_to: String,
    /// Revision.
    pub revision: u32,
    /// The address it was sent to.
    pub recipient: String,
}

/// Why a message could not be composed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// A template failed.
    #[error(transparent)]
    Template(#[from] TemplateFault),
    /// This header would carry a control character, or something that is no address (M14).
    #[error("the header {header} cannot carry {value:?}")]
    Header {
        /// Which header.
        header: &'static str,
        /// What it would have carried.
        value: String,
    },
    /// The message would not be one clean message (M15).
    #[error("the composed message is malformed: {0}")]
    Malformed(&'static str),
}

/// The finished message: RFC 5322 bytes, CRLF only, every part base64; deterministic.
pub fn compose(templates: &Templates, mail: &ReportMail<'_>) -> Result<Vec<u8>, MailError> {
    let text = templates.render(&mail.context)?;
    mime::message(mail, &text)
}

/// A message of text alone, without figures: to the operator, or a test.
#[derive(Clone, Debug)]
pub struct Note<'a> {
    /// Who it comes from.
    pub from: &'a Sender,
    /// Bare addresses.
    pub to: &'a [String],
    /// One line.
    pub subject: &'a str,
    /// The text.
    pub text: &'a str,
    /// From [`note_id`].
    pub message_id: &'a str,
    /// When it was composed.
    pub date: DateTime<FixedOffset>,
}

/// The finished bytes of a message of text alone, under the same rules as [`compose`].
pub fn compose_note(note: &Note<'_>) -> Result<Vec<u8>, MailError> {
    mime::note(note)
}

/// The Message-ID of a message of text alone, without angle brackets: out of its text and moment.
pub fn note_id(text: &str, date: DateTime<FixedOffset>, domain: &str) -> String {
    let digest = FileDigest::of(format!("{}\n{text}", date.to_rfc3339()).as_bytes()).to_string();
    let (mark, _) = digest.split_at(24);
    format!("note.{mark}@{domain}")
}

/// The Message-ID of a report, without angle brackets: the same for the same report to the same recipients, whatever
/// their order and case, so that it can name a file and reveal a duplicate (M17, M20).
pub fn message_id(shop: &ShopId, period: Period, revision: u32, recipients: &[String], domain: &str) -> String {
    let mut addresses: Vec<String> = recipients.iter().map(|address| address.to_ascii_lowercase()).collect();
    addresses.sort();
    addresses.dedup();
    let digest = FileDigest::of(addresses.join("\n").as_bytes()).to_string();
    let (head, _) = digest.split_at(16);
    format!("totsugo.{shop}.{}.{}.r{revision}.{head}@{domain}", period.from(), period.to())
}
