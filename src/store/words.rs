//! Words that repeat over many rows (shops, statuses, products) are stored once, and rows hold their numbers.

use super::Result;
use super::sealed::{RowWriter, Value};
use crate::domain::text::Texts;
use hashbrown::HashMap;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Transaction};
use std::sync::Arc;

/// More words than this are not kept: from there on a text stands in its row, as it hardly repeats.
const LIMIT: usize = 1 << 16;

/// All words of a history, by number.
pub(super) type Words = Arc<HashMap<i64, Arc<str>>>;

/// Reads all words.
pub(super) fn all(connection: &Connection) -> Result<Words> {
    let mut statement = connection.prepare_cached("SELECT id, text FROM word")?;
    let words = statement.query_map([], |row| Ok((row.get(0)?, Arc::from(row.get_ref(1)?.as_str()?))))?;
    Ok(Arc::new(words.collect::<rusqlite::Result<_>>()?))
}

/// How `text` stands in a word column.
pub(super) fn find<'t>(connection: &Connection, text: &'t str) -> Result<Value<'t>> {
    let mut statement = connection.prepare_cached("SELECT id FROM word WHERE text = ?1")?;
    let number = statement.query_row([text], |row| row.get(0)).optional()?;
    Ok(number.map_or(Value::Text(text), Value::Number))
}

/// Reads word columns on one thread: its texts are its own, so that no two threads count the holders of one.
pub(super) struct WordReader {
    words: Words,
    own: HashMap<i64, Arc<str>>,
    texts: Texts,
}

impl WordReader {
    pub(super) fn of(words: &Words) -> Self {
        Self { words: Arc::clone(words), own: HashMap::new(), texts: Texts::default() }
    }

    /// The text that a word column stands for; empty for a number that no word has.
    pub(super) fn read(&mut self, value: ValueRef<'_>) -> rusqlite::Result<Arc<str>> {
        let ValueRef::Integer(number) = value else { return Ok(self.texts.share(value.as_str()?)) };
        let text = self.own.entry(number).or_insert_with(|| self.words.get(&number).map_or("", |word| &**word).into());
        Ok(Arc::clone(text))
    }

    /// A text that hardly repeats, unless it is empty.
    pub(super) fn alone(&mut self, value: ValueRef<'_>) -> rusqlite::Result<Arc<str>> {
        Ok(self.texts.alone(value.as_str()?))
    }
}

/// Gives words their numbers while a file is stored.
pub(super) struct WordWriter<'t> {
    rows: RowWriter<'t>,
    numbers: HashMap<Arc<str>, i64>,
}

impl<'t> WordWriter<'t> {
    pub(super) fn prepare(transaction: &'t Transaction<'t>) -> Result<Self> {
        let numbers = all(transaction)?.iter().map(|(number, text)| (Arc::clone(text), *number)).collect();
        Ok(Self { rows: RowWriter::prepare(transaction, "word", &["text"], 1)?, numbers })
    }

    /// How `text` is to stand in a word column.
    pub(super) fn put<'w>(&mut self, text: &'w str) -> Result<Value<'w>> {
        if let Some(number) = self.numbers.get(text) {
            return Ok(Value::Number(*number));
        }
        if self.numbers.len() >= LIMIT {
            return Ok(Value::Text(text));
        }
        let number = self.rows.next();
        self.rows.insert(&[Value::Text(text)])?;
        self.numbers.insert(Arc::from(text), number);
        Ok(Value::Number(number))
    }

    /// How many words there are.
    pub(super) fn count(&self) -> usize {
        self.numbers.len()
    }

    /// All words, those of this file too.
    pub(super) fn all(&self) -> Words {
        Arc::new(self.numbers.iter().map(|(text, number)| (*number, Arc::clone(text))).collect())
    }

    /// The words that were new.
    pub(super) fn rows(self) -> RowWriter<'t> {
        self.rows
    }
}
