//! The configuration as written: TOML and environment variables held against the schema. Every value that is left is
//! of the right type and knows where it stands. Pure; knows nothing of what the values mean.

use super::problem::{ConfigProblem, Expected, Fault};
use super::schema::{self, Field, Kind, ROOT};
use crate::domain::dates::Day;
use crate::domain::text::{self, fold};
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where a value stands: line and column from 1, or 0 and the name of an environment variable.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    line: usize,
    column: usize,
    key: String,
}

impl Place {
    /// The line, or 0.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// A problem here.
    pub(super) fn problem(&self, found: &str, fault: Fault) -> ConfigProblem {
        let mut shown: String = found.chars().take(60).map(|c| if c.is_control() { '·' } else { c }).collect();
        if found.chars().count() > 60 {
            shown.push('…');
        }
        ConfigProblem { line: self.line, column: self.column, key: self.key.clone(), found: shown, fault }
    }
}

/// A text and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Text {
    /// Where.
    pub(super) place: Place,
    /// What, without spaces around it.
    pub(super) text: String,
}

#[derive(Debug)]
enum Value {
    Text(Text),
    Whole(i64),
    Flag(bool),
    Date(Day),
    Texts(Vec<Text>),
    Table(Section),
    Tables(Vec<Section>),
}

/// A table: the values of the right type, and which keys were written at all.
#[derive(Debug, Default)]
pub(super) struct Section {
    place: Place,
    written: BTreeMap<&'static str, Place>,
    values: BTreeMap<&'static str, Value>,
}

impl Section {
    /// Whether the key was written, rightly or wrongly.
    pub(super) fn has(&self, key: &str) -> bool {
        self.written.contains_key(key)
    }

    /// Whether the key holds a value of the right type.
    pub(super) fn holds(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Where the key stands, or the table if it was not written.
    pub(super) fn place(&self, key: &str) -> Place {
        self.written.get(key).cloned().unwrap_or_else(|| Place {
            key: joined(&self.place.key, key),
            line: self.place.line.max(1),
            column: self.place.column.max(1),
        })
    }

    /// A text, if it was written rightly.
    pub(super) fn text(&self, key: &str) -> Option<&Text> {
        if let Some(Value::Text(text)) = self.values.get(key) { Some(text) } else { None }
    }

    /// A whole number.
    pub(super) fn whole(&self, key: &str) -> Option<i64> {
        if let Some(Value::Whole(number)) = self.values.get(key) { Some(*number) } else { None }
    }

    /// A flag.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        if let Some(Value::Flag(flag)) = self.values.get(key) { Some(*flag) } else { None }
    }

    /// A day.
    pub(super) fn date(&self, key: &str) -> Option<Day> {
        if let Some(Value::Date(day)) = self.values.get(key) { Some(*day) } else { None }
    }

    /// A list of texts, empty if not written.
    pub(super) fn texts(&self, key: &str) -> &[Text] {
        if let Some(Value::Texts(texts)) = self.values.get(key) { texts } else { &[] }
    }

    /// A table.
    pub(super) fn section(&self, key: &str) -> Option<&Self> {
        if let Some(Value::Table(section)) = self.values.get(key) { Some(section) } else { None }
    }

    /// A list of tables, empty if not written.
    pub(super) fn sections(&self, key: &str) -> &[Self] {
        if let Some(Value::Tables(sections)) = self.values.get(key) { sections } else { &[] }
    }
}

/// Reads `totsugo.toml` and lays `environment` over it.
pub(super) fn read(text: &str, environment: &BTreeMap<String, String>) -> (Section, Vec<ConfigProblem>) {
    let (mut root, mut problems) = read_file(text, ROOT);
    if problems.iter().any(|problem| matches!(problem.fault, Fault::Syntax(..))) {
        return (root, problems);
    }
    for (name, value) in environment {
        if let Some(rest) = name.strip_prefix("TOTSUGO__") {
            overlay(&mut root, ROOT, rest, name, value, &mut problems);
        }
    }
    (root, problems)
}

/// Reads a file of `fields`. Syntax errors stand alone: behind one, other problems would be guesses.
pub(super) fn read_file(text: &str, fields: &'static [Field]) -> (Section, Vec<ConfigProblem>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let source = Source::new(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let mut lines = BTreeSet::new();
        let problems =
            errors.iter().map(|error| source.syntax(error)).filter(|problem| lines.insert(problem.line)).collect();
        return (Section::default(), problems);
    }
    let mut walker = Walker { source, problems: Vec::new(), fields };
    let root = walker.table(table.get_ref(), fields, Place { line: 1, column: 1, key: String::new() });
    (root, walker.problems)
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The text of the file, for positions and excerpts.
struct Source<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Source<'a> {
    fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    fn place(&self, offset: usize, key: String) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        Place { line, column, key }
    }

    fn syntax(&self, error: &toml::de::Error) -> ConfigProblem {
        let place = self.place(error.span().map_or(0, |span| span.start), String::new());
        let line = self.text.lines().nth(place.line - 1).unwrap_or("").trim();
        if error.message().starts_with("duplicate key") {
            return place.problem(line.split('=').next().unwrap_or("").trim(), Fault::Duplicate);
        }
        if line.contains("pass") {
            // Perhaps a secret: the place is enough.
            return place.problem("", Fault::Syntax(error.message().to_owned(), None));
        }
        let folded = half_width(line).filter(|folded| toml::from_str::<toml::Table>(folded).is_ok());
        place.problem(line, Fault::Syntax(error.message().to_owned(), folded))
    }

    fn excerpt(&self, value: &Spanned<DeValue<'_>>) -> &'a str {
        self.text.get(value.span()).and_then(|text| text.lines().next()).unwrap_or("")
    }
}

/// `text` with full-width Latin letters, digits, signs and spaces made half-width, and typographic quotes straight; `None`
/// if it has none.
pub(super) fn half_width(text: &str) -> Option<String> {
    let straight = |c| if matches!(c, '“' | '”') { '"' } else { text::half_width(c) };
    let folded: String = text.chars().map(straight).collect();
    (folded != text).then_some(folded)
}

struct Walker<'a> {
    source: Source<'a>,
    problems: Vec<ConfigProblem>,
    fields: &'static [Field],
}

impl Walker<'_> {
    fn table(&mut self, table: &DeTable<'_>, fields: &'static [Field], place: Place) -> Section {
        let mut section = Section { place, ..Section::default() };
        for (key, value) in table {
            let written: &str = key.get_ref();
            let path = joined(&section.place.key, written);
            let Some(field) = fields.iter().find(|field| field.key == written) else {
                let nearest = schema::nearest(written, fields.iter().map(|field| field.key))
                    .map(str::to_owned)
                    .or_else(|| schema::elsewhere(written, self.fields, ""));
                let place = self.source.place(key.span().start, path);
                self.problems.push(place.problem("", Fault::UnknownKey(nearest)));
                continue;
            };
            let place = self.source.place(key.span().start, path);
            section.written.insert(field.key, place.clone());
            if let Some(value) = self.value(field, value, place) {
                section.values.insert(field.key, value);
            }
        }
        for field in fields.iter().filter(|field| field.required && !section.has(field.key)) {
            self.problems.push(section.place(field.key).problem("", Fault::Missing));
        }
        section
    }

    /// The value of `field`; `key` is where its key stands.
    fn value(&mut self, field: &Field, value: &Spanned<DeValue<'_>>, key: Place) -> Option<Value> {
        let place = self.source.place(value.span().start, key.key.clone());
        let expected = match (field.kind, value.get_ref()) {
            (Kind::Secret, _) => {
                self.problems.push(key.problem("", Fault::SecretInFile));
                return None;
            }
            (Kind::Text | Kind::Code | Kind::Word(_) | Kind::Date, DeValue::String(text)) => {
                return self.keep(scalar(field.kind, text, place));
            }
            (Kind::Code, DeValue::Integer(number)) if number.radix() == 10 => {
                return Some(Value::Text(Text { place, text: number.as_str().to_owned() }));
            }
            (Kind::Date, DeValue::Datetime(day)) => return self.keep(scalar(Kind::Date, &day.to_string(), place)),
            (Kind::Whole(least, most), DeValue::Integer(number)) => {
                let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
                let kept = number.filter(|number| (least..=most).contains(number)).map(Value::Whole);
                let fault = Fault::OutOfRange(least, most);
                return self.keep(kept.ok_or_else(|| place.problem(self.source.excerpt(value), fault)));
            }
            (Kind::Flag, DeValue::Boolean(flag)) => return Some(Value::Flag(*flag)),
            (Kind::Texts, DeValue::Array(items)) => return Some(Value::Texts(self.texts(items.iter(), &key))),
            (Kind::Table(fields), DeValue::Table(table)) => return Some(Value::Table(self.table(table, fields, key))),
            (Kind::Tables(fields), DeValue::Array(items)) => {
                let sections: Vec<Section> = items
                    .iter()
                    .enumerate()
                    .filter_map(|(at, item)| self.element(item, fields, &format!("{}[{}]", key.key, at + 1)))
                    .collect();
                if field.required && items.is_empty() {
                    self.problems.push(place.problem("[]", Fault::Missing));
                }
                return Some(Value::Tables(sections));
            }
            (Kind::Text | Kind::Code | Kind::Word(_), _) => Expected::Text,
            (Kind::Date, _) => Expected::Day,
            (Kind::Whole(..), _) => Expected::Whole,
            (Kind::Flag, _) => Expected::Flag,
            (Kind::Texts, _) => Expected::Texts,
            (Kind::Table(_), _) => Expected::Table,
            (Kind::Tables(_), _) => Expected::Tables,
        };
        self.problems.push(place.problem(self.source.excerpt(value), Fault::WrongType(expected)));
        None
    }

    /// One table of a list of tables; its place is its heading.
    fn element(&mut self, item: &Spanned<DeValue<'_>>, fields: &'static [Field], key: &str) -> Option<Section> {
        let place = self.source.place(item.span().start, key.to_owned());
        if let DeValue::Table(table) = item.get_ref() {
            return Some(self.table(table, fields, place));
        }
        self.problems.push(place.problem(self.source.excerpt(item), Fault::WrongType(Expected::Table)));
        None
    }

    fn texts<'v>(&mut self, items: impl Iterator<Item = &'v Spanned<DeValue<'v>>>, key: &Place) -> Vec<Text> {
        let mut texts = Vec::new();
        for (at, item) in items.enumerate() {
            let place = self.source.place(item.span().start, format!("{}[{}]", key.key, at + 1));
            match item.get_ref().as_str() {
                Some(text) => {
                    if let Some(Value::Text(text)) = self.keep(scalar(Kind::Text, text, place)) {
                        texts.push(text);
                    }
                }
                None => {
                    let found = self.source.excerpt(item);
                    self.problems.push(place.problem(found, Fault::WrongType(Expected::Text)));
                }
            }
        }
        texts
    }

    fn keep(&mut self, value: Result<Value, ConfigProblem>) -> Option<Value> {
        value.map_err(|problem| self.problems.push(problem)).ok()
    }
}

/// A value written as text, from the file or from the environment.
fn scalar(kind: Kind, written: &str, place: Place) -> Result<Value, ConfigProblem> {
    if written.chars().any(char::is_control) {
        let shown = if matches!(kind, Kind::Secret) { "" } else { written };
        return Err(place.problem(shown, Fault::ControlCharacter));
    }
    let text = written.trim();
    match kind {
        Kind::Secret if written.is_empty() => Err(place.problem("", Fault::SecretEmpty)),
        Kind::Secret => Ok(Value::Text(Text { place, text: written.to_owned() })),
        Kind::Word(allowed) if !allowed.contains(&text) => {
            let nearest = schema::nearest(&fold(text), allowed.iter().copied()).map(str::to_owned);
            Err(place.problem(&format!("\"{text}\""), Fault::NotAWord(allowed, nearest)))
        }
        Kind::Date => match Day::parse(text) {
            Some(day) => Ok(Value::Date(day)),
            None => Err(place.problem(text, Fault::NotADay)),
        },
        Kind::Whole(least, most) => match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(Value::Whole(number)),
            _ => Err(place.problem(text, Fault::OutOfRange(least, most))),
        },
        Kind::Flag => match text {
            "true" => Ok(Value::Flag(true)),
            "false" => Ok(Value::Flag(false)),
            _ => Err(place.problem(text, Fault::WrongType(Expected::Flag))),
        },
        Kind::Text | Kind::Code | Kind::Word(_) | Kind::Texts | Kind::Table(_) | Kind::Tables(_) => {
            Ok(Value::Text(Text { place, text: text.to_owned() }))
        }
    }
}

/// Lays one variable over `section`; `rest` is what remains of its name.
fn overlay(
    section: &mut Section,
    fields: &'static [Field],
    rest: &str,
    name: &str,
    value: &str,
    problems: &mut Vec<ConfigProblem>,
) {
    let place = Place { key: name.to_owned(), ..Place::default() };
    let (head, tail) = rest.split_once("__").map_or((rest, None), |(head, tail)| (head, Some(tail)));
    let field = fields.iter().find(|field| field.key == head.to_ascii_lowercase());
    match (field.map(|field| (field.key, field.kind)), tail) {
        (Some((key, Kind::Table(inner))), Some(tail)) => {
            let path = joined(&section.place.key, key);
            let inside = section.values.entry(key).or_insert_with(|| {
                Value::Table(Section { place: Place { key: path, ..Place::default() }, ..Section::default() })
            });
            if let Value::Table(inside) = inside {
                overlay(inside, inner, tail, name, value, problems);
            }
        }
        (Some((_, Kind::Tables(_) | Kind::Table(_))), _) | (None, _) | (Some(_), Some(_)) => {
            let nearest = schema::nearest(&name.to_ascii_lowercase(), variables().iter().map(String::as_str))
                .map(str::to_ascii_uppercase);
            problems.push(place.problem("", Fault::UnknownVariable(nearest)));
        }
        (Some((key, Kind::Texts)), None) => {
            let texts = value.split(',').filter(|item| !item.trim().is_empty());
            let texts: Result<Vec<Text>, ConfigProblem> = texts
                .map(|item| {
                    let place = place.clone();
                    scalar(Kind::Text, item, place.clone()).map(|_| Text { place, text: item.trim().to_owned() })
                })
                .collect();
            section.written.insert(key, place);
            match texts {
                Ok(texts) => drop(section.values.insert(key, Value::Texts(texts))),
                Err(problem) => problems.push(problem),
            }
        }
        (Some((key, kind)), None) => {
            section.written.insert(key, place.clone());
            match scalar(kind, value, place) {
                Ok(value) => drop(section.values.insert(key, value)),
                Err(problem) => problems.push(problem),
            }
        }
    }
}

/// Every environment variable there is, in lower case.
fn variables() -> Vec<String> {
    fn gather(fields: &[Field], path: &str, into: &mut Vec<String>) {
        for field in fields {
            let name = format!("{path}__{}", field.key);
            match field.kind {
                Kind::Table(inner) => gather(inner, &name, into),
                Kind::Tables(_) => {}
                Kind::Text | Kind::Code | Kind::Word(_) | Kind::Whole(..) | Kind::Flag | Kind::Date | Kind::Texts => {
                    into.push(name);
                }
                Kind::Secret => into.push(name),
            }
        }
    }
    let mut names = Vec::new();
    gather(ROOT, "totsugo", &mut names);
    names
}
