//! Finished bytes: headers, alternatives, attachment. The only file that knows lettre's builder. Pure.

use super::address::{Sender, is_address, once};
use super::template::Rendered;
use super::{MailError, Note, ReportMail};
use crate::domain::ids::FileDigest;
use chrono::{DateTime, FixedOffset};
use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::ContentTransferEncoding::Base64;
use lettre::message::header::{ContentDisposition, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Mailboxes, Message, MultiPart, SinglePart, header};
use std::time::SystemTime;

/// The workbook's type.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The message of `mail` with these words.
pub(super) fn message(mail: &ReportMail<'_>, words: &Rendered) -> Result<Vec<u8>, MailError> {
    let head = Head {
        from: mail.from,
        to: mail.to,
        cc: mail.cc,
        subject: &words.subject,
        id: bare(mail.message_id),
        date: mail.date,
    };
    finished(&head, parts(mail, words, head.id)?)
}

/// A message of text alone: to the operator, or a test.
pub(super) fn note(note: &Note<'_>) -> Result<Vec<u8>, MailError> {
    let id = bare(note.message_id);
    let head = Head { from: note.from, to: note.to, cc: &[], subject: note.subject, id, date: note.date };
    let text = MultiPart::mixed().boundary(boundary("note", id)).singlepart(part(ContentType::TEXT_PLAIN, note.text)?);
    finished(&head, text)
}

/// The headers of a message, as given.
struct Head<'a> {
    from: &'a Sender,
    to: &'a [String],
    cc: &'a [String],
    subject: &'a str,
    id: &'a str,
    date: DateTime<FixedOffset>,
}

fn bare(message_id: &str) -> &str {
    message_id.trim_start_matches('<').trim_end_matches('>')
}

/// Headers and parts as finished bytes, checked.
fn finished(head: &Head<'_>, parts: MultiPart) -> Result<Vec<u8>, MailError> {
    let id = head.id;
    if !is_message_id(id) {
        return Err(refused("Message-ID", id));
    }
    if head.subject.chars().any(char::is_control) {
        return Err(refused("Subject", head.subject));
    }
    let from = Mailbox::new(head.from.name().map(str::to_owned), parsed("From", head.from.address())?);
    let to = once(head.to.iter().cloned());
    let cc = once(to.iter().cloned().chain(head.cc.iter().cloned())).split_off(to.len());
    let envelope = Envelope::new(Some(from.email.clone()), vec![from.email.clone()])
        .map_err(|_| refused("From", head.from.written()))?;
    let mut builder = Message::builder()
        .envelope(envelope)
        .message_id(Some(format!("<{id}>")))
        .date(SystemTime::from(head.date))
        .from(from)
        .subject(head.subject.to_owned());
    builder = if to.is_empty() {
        builder.raw_header(raw("To", "undisclosed-recipients:;"))
    } else {
        builder.mailbox(header::To::from(mailboxes("To", &to)?))
    };
    if !cc.is_empty() {
        builder = builder.mailbox(header::Cc::from(mailboxes("Cc", &cc)?));
    }
    let list = id.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let message = builder
        .raw_header(raw("List-Id", &format!("<report.totsugo.{list}>")))
        .raw_header(raw("Auto-Submitted", "auto-generated"))
        .multipart(parts)
        .map_err(|_| MailError::Malformed("headers"))?;
    let bytes = message.formatted();
    clean(&bytes)?;
    Ok(bytes)
}

/// A boundary out of the Message-ID.
fn boundary(kind: &str, id: &str) -> String {
    let digest = FileDigest::of(id.as_bytes()).to_string();
    let (mark, _) = digest.split_at(24);
    format!("=_totsugo_{kind}_{mark}")
}

/// Text, HTML and workbook. Boundaries come from the Message-ID; `_` cannot occur in base64, so none occurs in a part.
fn parts(mail: &ReportMail<'_>, words: &Rendered, id: &str) -> Result<MultiPart, MailError> {
    let name = mail.attachment_name;
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(refused("Content-Disposition", name));
    }
    let text = MultiPart::alternative()
        .boundary(boundary("text", id))
        .singlepart(part(ContentType::TEXT_PLAIN, &words.text)?)
        .singlepart(part(ContentType::TEXT_HTML, &words.html)?);
    let kind = ContentType::parse(&format!("{XLSX}; name=\"{}\"", ascii_name(name)))
        .map_err(|_| refused("Content-Type", name))?;
    let workbook = SinglePart::builder()
        .header(kind)
        .header(ContentDisposition::attachment(name))
        .body(encoded(mail.attachment.to_vec())?);
    Ok(MultiPart::mixed().boundary(boundary("mail", id)).multipart(text).singlepart(workbook))
}

fn part(kind: ContentType, text: &str) -> Result<SinglePart, MailError> {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
    Ok(SinglePart::builder().header(kind).body(encoded(lines.into_bytes())?))
}

fn encoded(bytes: Vec<u8>) -> Result<Body, MailError> {
    Body::new_with_encoding(bytes, Base64).map_err(|_| MailError::Malformed("base64"))
}

/// A name for readers that do not know RFC 2231: the half-width part of `name`, never empty, without path or quotes.
fn ascii_name(name: &str) -> String {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "xlsx"));
    let keep = |text: &str| -> String {
        text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect()
    };
    let (kept, extension) = (keep(stem), keep(extension));
    let kept = kept.trim_matches(['_', '-', '.']);
    match (kept, stem.is_ascii()) {
        ("", _) => format!("totsugo.{extension}"),
        (kept, true) => format!("{kept}.{extension}"),
        (kept, false) => format!("totsugo_{kept}.{extension}"),
    }
}

fn mailboxes(header: &'static str, addresses: &[String]) -> Result<Mailboxes, MailError> {
    addresses
        .iter()
        .try_fold(Mailboxes::new(), |all, address| Ok(all.with(Mailbox::new(None, parsed(header, address)?))))
}

/// The address as lettre's, checked by our own rule first (M14, M16).
fn parsed(header: &'static str, address: &str) -> Result<Address, MailError> {
    let checked = Some(address).filter(|address| is_address(address)).and_then(|address| address.parse().ok());
    checked.ok_or_else(|| refused(header, address))
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn refused(header: &'static str, value: &str) -> MailError {
    MailError::Header { header, value: value.to_owned() }
}

fn is_message_id(id: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    id.len() <= 250
        && id.rsplit_once('@').is_some_and(|(left, right)| {
            !left.is_empty() && !right.is_empty() && left.bytes().chain(right.bytes()).all(fits)
        })
}

/// Asserts what SMTP and every reader rely on: ASCII, CRLF only, no line over 998 bytes, no lone dot.
fn clean(bytes: &[u8]) -> Result<(), MailError> {
    if !bytes.is_ascii() {
        return Err(MailError::Malformed("not ASCII"));
    }
    let whole = bytes.strip_suffix(b"\r\n").ok_or(MailError::Malformed("no line break at the end"))?;
    let text = std::str::from_utf8(whole).map_err(|_| MailError::Malformed("not ASCII"))?;
    for line in text.split("\r\n") {
        if line.contains(['\r', '\n', '\0']) {
            return Err(MailError::Malformed("a bare CR, LF or NUL"));
        }
        if line.len() > 998 {
            return Err(MailError::Malformed("a line over 998 bytes"));
        }
        if line == "." {
            return Err(MailError::Malformed("a lone dot"));
        }
    }
    Ok(())
}
