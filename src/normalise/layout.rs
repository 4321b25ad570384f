//! Layouts: what a kind of file looks like, as data (SPEC §4). Must not read files: the text comes in from outside.

use super::bookings;
use super::dates::{self, DateForm};
use crate::domain::intake::Kind;
use crate::domain::text::{edits, fold};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use toml::Spanned;

/// What a value means, whatever its column is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Field {
    Shop,
    OrderId,
    Status,
    At,
    Amount,
    Tax,
    Method,
    BookingRef,
    Cart,
    ProductCode,
    PaymentStatus,
    CreatedAt,
    StartAt,
    Total,
    Currency,
    Channel,
    Product,
    Customer,
    ExternalRef,
    TransactionId,
    PaidAmount,
    RefundedAmount,
    Reference,
    PaymentType,
}

impl Field {
    pub(super) const COUNT: usize = 24;

    /// The fields a layout of `kind` may fill, those it must fill first, with their number.
    fn of(kind: Kind) -> (&'static [Self], usize) {
        match kind {
            Kind::Payments => (
                &[
                    Self::OrderId,
                    Self::Status,
                    Self::At,
                    Self::Amount,
                    Self::BookingRef,
                    Self::Shop,
                    Self::Tax,
                    Self::Method,
                ],
                5,
            ),
            Kind::Bookings => (
                &[
                    Self::Cart,
                    Self::Status,
                    Self::PaymentStatus,
                    Self::CreatedAt,
                    Self::Total,
                    Self::Currency,
                    Self::ProductCode,
                    Self::StartAt,
                    Self::Channel,
                    Self::Product,
                    Self::Customer,
                    Self::ExternalRef,
                    Self::TransactionId,
                    Self::PaidAmount,
                    Self::RefundedAmount,
                ],
                6,
            ),
            Kind::PaymentList => (
                &[
                    Self::Cart,
                    Self::PaymentType,
                    Self::At,
                    Self::Amount,
                    Self::Currency,
                    Self::Reference,
                    Self::TransactionId,
                ],
                5,
            ),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: Spanned<String>,
    kind: Spanned<String>,
    encodings: Spanned<Vec<Spanned<String>>>,
    date_forms: Spanned<Vec<Spanned<String>>>,
    total_row: Option<Spanned<WrittenTotal>>,
    #[serde(default)]
    words: BTreeMap<Field, WrittenWords>,
    columns: Vec<Spanned<WrittenColumn>>,
}

/// What is wrong with a layout, and where in its text.
type Wrong = (Range<usize>, String);

/// The words of one column with what each stands for.
type WrittenWords = BTreeMap<String, Spanned<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTotal {
    labels: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenColumn {
    heading: String,
    field: Option<Field>,
    #[serde(default)]
    aliases: Vec<Spanned<String>>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    secret: bool,
    #[serde(default)]
    line_breaks: bool,
}

#[derive(Clone, Debug)]
struct Column {
    field: Option<Field>,
    heading: String,
    folded: String,
    aliases: Vec<String>,
    required: bool,
    line_breaks: bool,
    secret: bool,
}

/// A kind of file: its headings, encodings, date forms and words.
#[derive(Clone, Debug)]
pub struct Layout {
    name: String,
    kind: Kind,
    encodings: Vec<String>,
    dates: Vec<DateForm>,
    has_contradicting_dates: bool,
    words: BTreeMap<Field, Vec<(String, String)>>,
    total_labels: Vec<String>,
    columns: Vec<Column>,
}

/// What is wrong with a layout file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct LayoutError {
    /// The layout file.
    pub file: String,
    /// The line in it, counted from 1; 0 where none can be named.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// Encodings a layout may name; `UTF-16` stands for both byte orders.
const ENCODINGS: [&str; 4] = ["CP932", "UTF-8", "UTF-16", "XLSX"];

impl Fit {
    /// Each missing heading with the unknown one that is most like it: it holds it, or more than half of it.
    pub(super) fn similar(&self) -> Box<[(String, String)]> {
        let like = |missing: &String| {
            let wanted = fold(missing);
            let distances = self.unknown.iter().map(|heading| {
                let folded = fold(heading);
                let distance = edits(&wanted, &folded);
                (folded.contains(&wanted) || distance * 2 < wanted.chars().count()).then_some((distance, heading))
            });
            distances.flatten().min().map(|(_, heading)| (missing.clone(), heading.clone()))
        };
        self.missing.iter().filter_map(like).collect()
    }
}

impl Layout {
    /// Reads a layout from the text of its file.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its line.
    pub fn parse(file_name: &str, toml_text: &str) -> Result<Self, LayoutError> {
        let fail = |span: Option<Range<usize>>, message: String| LayoutError {
            file: file_name.to_owned(),
            line: span.map_or(0, |span| toml_text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1),
            message,
        };
        let written: Written =
            toml::from_str(toml_text).map_err(|error| fail(error.span(), error.message().to_owned()))?;
        let kind = match written.kind.get_ref().as_str() {
            "payments" => Kind::Payments,
            "bookings" => Kind::Bookings,
            "payment_list" => Kind::PaymentList,
            other => {
                let message = format!("unknown kind `{other}`; known: payments, bookings, payment_list");
                return Err(fail(Some(written.kind.span()), message));
            }
        };
        for (key, list) in [("encodings", &written.encodings), ("date_forms", &written.date_forms)] {
            if list.get_ref().is_empty() {
                return Err(fail(
                    Some(list.span()),
                    format!("`{key}` is empty, so nothing could be read; name at least one"),
                ));
            }
        }
        for encoding in written.encodings.get_ref() {
            if !ENCODINGS.contains(&encoding.get_ref().as_str()) {
                let message = format!("unknown encoding `{}`; known: {}", encoding.get_ref(), ENCODINGS.join(", "));
                return Err(fail(Some(encoding.span()), message));
            }
        }
        let mut dates = Vec::new();
        for form in written.date_forms.get_ref() {
            dates.push(DateForm::parse(form.get_ref()).map_err(|message| fail(Some(form.span()), message))?);
        }
        let total_labels = match &written.total_row {
            Some(total) if kind == Kind::Bookings => {
                return Err(fail(Some(total.span()), "a bookings layout has no total row".to_owned()));
            }
            Some(total) => total.get_ref().labels.iter().map(|label| fold(label)).collect(),
            None => Vec::new(),
        };
        let columns = columns(kind, &written.columns).map_err(|(span, message)| fail(Some(span), message))?;
        let (fields, must) = Field::of(kind);
        for field in fields.iter().take(must) {
            if !columns.iter().any(|column| column.field == Some(*field) && column.required) {
                let message = format!("field `{}` needs a required column", snake(*field));
                return Err(fail(Some(written.kind.span()), message));
            }
        }
        let known = |(field, words)| Ok((field, known_words(kind, field, words)?));
        let words: Result<_, Wrong> = written.words.into_iter().map(known).collect();
        Ok(Self {
            name: written.name.into_inner(),
            kind,
            encodings: written.encodings.into_inner().into_iter().map(Spanned::into_inner).collect(),
            has_contradicting_dates: dates::may_contradict(&dates),
            dates,
            words: words.map_err(|(span, message)| fail(Some(span), message))?,
            total_labels,
            columns,
        })
    }

    /// That this layout, in the file `file_name` with `toml_text`, has the name of `known`.
    pub fn named_like(&self, known: &Self, file_name: &str, toml_text: &str) -> LayoutError {
        let line = toml_text.lines().position(|line| line.trim_start().starts_with("name")).map_or(0, |at| at + 1);
        let name = known.name();
        let message =
            format!("a second layout named `{name}`; name the file {name}.toml, or give the layout another name");
        LayoutError { file: file_name.to_owned(), line, message }
    }

    /// Its name, e.g. `gmo-torihiki-shukei`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its rows are.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn dates(&self) -> &[DateForm] {
        &self.dates
    }

    /// Whether some text may be different days by its date forms.
    pub(super) const fn has_contradicting_dates(&self) -> bool {
        self.has_contradicting_dates
    }

    /// The word that `written` stands for in `field`, if the layout knows it as another word.
    pub(super) fn word(&self, field: Field, written: &str) -> Option<&str> {
        let words = self.words.get(&field)?;
        let folded = fold(written);
        words.iter().find(|(word, _)| *word == folded).map(|(_, value)| value.as_str())
    }

    pub(super) fn is_total_label(&self, written: &str) -> bool {
        !self.total_labels.is_empty() && self.total_labels.contains(&fold(written))
    }

    fn accepts(&self, encoding: &str) -> bool {
        self.encodings
            .iter()
            .any(|accepted| accepted == encoding || (accepted == "UTF-16" && encoding.starts_with("UTF-16")))
    }

    /// Lays this layout over a row that may be its heading; `folded` are the folded headings of `row`.
    pub(super) fn fit(&self, encoding: &str, row: &[String], folded: &[String]) -> Fit {
        let mut fit = Fit {
            columns: vec![None; Field::COUNT],
            line_breaks: vec![false; row.len()],
            known: 0,
            missing: Vec::new(),
            doubled: None,
            unknown: Vec::new(),
            dropped: Vec::new(),
        };
        let is_canonical = |text: &String| self.columns.iter().any(|column| column.folded == *text);
        let mut taken = vec![false; row.len()];
        for column in &self.columns {
            let places = |wanted: &dyn Fn(&String) -> bool| -> Vec<usize> {
                folded.iter().enumerate().filter(|(_, text)| wanted(text)).map(|(at, _)| at).collect()
            };
            let mut found = places(&|text| *text == column.folded);
            if found.is_empty() {
                found = places(&|text| column.aliases.contains(text) && !is_canonical(text));
            }
            match found.as_slice() {
                [] if column.required => fit.missing.push(column.heading.clone()),
                [] => {}
                [first, more @ ..] => {
                    fit.known += 1;
                    if !more.is_empty() && column.field.is_some() && fit.doubled.is_none() {
                        fit.doubled = Some(column.heading.clone());
                    }
                    if let Some(slot) = column.field.and_then(|field| fit.columns.get_mut(field as usize)) {
                        *slot = Some(*first);
                    }
                    if column.secret {
                        fit.dropped.push(column.heading.clone());
                    }
                    for at in found {
                        if let (Some(taken), Some(breaks)) = (taken.get_mut(at), fit.line_breaks.get_mut(at)) {
                            *taken = true;
                            *breaks = column.line_breaks;
                        }
                    }
                }
            }
        }
        let unknown = row.iter().zip(&taken).filter(|(text, taken)| !**taken && !text.trim().is_empty());
        fit.unknown = unknown.map(|(text, _)| text.trim().replace(char::is_control, " ")).collect();
        if !self.accepts(encoding) {
            fit.missing.push(encoding.to_owned());
        }
        fit
    }
}

fn columns(kind: Kind, written: &[Spanned<WrittenColumn>]) -> Result<Vec<Column>, Wrong> {
    let (fields, _) = Field::of(kind);
    let mut columns: Vec<Column> = Vec::new();
    for spanned in written {
        let column = spanned.get_ref();
        let fail = |message: String| Err((spanned.span(), message));
        let folded = fold(&column.heading);
        if folded.is_empty() {
            return fail("a column needs a heading".to_owned());
        }
        if columns.iter().any(|other| other.folded == folded) {
            return fail(format!("heading `{}` stands twice", column.heading));
        }
        if let Some(field) = column.field {
            if !fields.contains(&field) {
                return fail(format!("field `{}` does not belong to this kind of file", snake(field)));
            }
            if columns.iter().any(|other| other.field == Some(field)) {
                return fail(format!("field `{}` has two columns; use aliases", snake(field)));
            }
            if column.secret {
                return fail(format!("`{}` is secret, so it cannot be a field", column.heading));
            }
        }
        let mut aliases: Vec<String> = Vec::new();
        for alias in &column.aliases {
            let folded = fold(alias.get_ref());
            if folded.is_empty() {
                return Err((alias.span(), format!("an alias of `{}` is blank", column.heading)));
            }
            if let Some(other) = columns.iter().find(|other| other.aliases.contains(&folded)) {
                let (alias_is, other) = (alias.get_ref(), &other.heading);
                let message = format!("alias `{alias_is}` stands for two columns, `{other}` and `{}`", column.heading);
                return Err((alias.span(), message));
            }
            aliases.push(folded);
        }
        columns.push(Column {
            field: column.field,
            heading: column.heading.clone(),
            folded,
            aliases,
            required: column.required,
            line_breaks: column.line_breaks,
            secret: column.secret,
        });
    }
    Ok(columns)
}

/// The words of `field`, folded, each with what it stands for: a word of ours that the column of such a file can have.
fn known_words(kind: Kind, field: Field, written: WrittenWords) -> Result<Vec<(String, String)>, Wrong> {
    let mut words: Vec<(String, String)> = Vec::new();
    for (word, value) in written {
        let (span, value) = (value.span(), value.into_inner());
        let name = snake(field);
        let Some(vocabulary) = bookings::vocabulary(kind, field) else {
            return Err((span, format!("field `{name}` takes no words in this kind of file; remove `[words.{name}]`")));
        };
        let Some(meaning) = (vocabulary.read)(&value) else {
            return Err((span, format!("unknown word `{value}`; known: {}", vocabulary.known)));
        };
        // What is known already is never looked up here.
        if let Some(own) = (vocabulary.read_first)(&word).filter(|own| *own != meaning) {
            return Err((span, format!("`{word}` means {own} already; it cannot stand for {meaning}")));
        }
        let folded = fold(&word);
        if words.iter().any(|(other, stands_for)| *other == folded && *stands_for != value) {
            return Err((
                span,
                format!("`{word}` has two values in `[words.{name}]`: width and case make no difference"),
            ));
        }
        words.push((folded, value));
    }
    Ok(words)
}

/// The name of a field in a layout file.
fn snake(field: Field) -> String {
    let mut name = String::new();
    for c in format!("{field:?}").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

/// How a layout lies over a heading row.
#[derive(Clone, Debug)]
pub(super) struct Fit {
    /// The column of each field, by `Field as usize`.
    pub(super) columns: Vec<Option<usize>>,
    /// Whether line breaks are allowed, by column.
    pub(super) line_breaks: Vec<bool>,
    /// How many of the layout's columns were found.
    pub(super) known: usize,
    /// Required headings that are missing; an encoding the layout does not accept stands here too.
    pub(super) missing: Vec<String>,
    /// A field that stands twice.
    pub(super) doubled: Option<String>,
    /// Headings the layout does not know.
    pub(super) unknown: Vec<String>,
    /// Secret columns that were found.
    pub(super) dropped: Vec<String>,
}
