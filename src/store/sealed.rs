//! Rows that are sealed as they are written: what their file's seal vouches for is what was meant to be stored, and looking
//! at it later (`integrity`) tells whether the database still says so.

use super::Result;
use super::integrity::Pieces;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, ToSql, Transaction, params};

/// A column of a row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'v> {
    Null,
    Number(i64),
    Text(&'v str),
    Bytes(&'v [u8]),
}

impl<'v> Value<'v> {
    fn as_ref(self) -> ValueRef<'v> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Number(number) => ValueRef::Integer(number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.as_ref()))
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Number(i64::from(number))
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(text)
    }
}

impl<'v, T: Into<Value<'v>>> From<Option<T>> for Value<'v> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Writes the rows that one file brings to one table, under ascending numbers.
pub(super) struct RowWriter<'t> {
    insert: CachedStatement<'t>,
    table: &'static str,
    /// How many of the columns behind the number are sealed: those that no later file changes, which come first.
    sealed: usize,
    digest: Pieces,
    first: i64,
    next: i64,
}

impl<'t> RowWriter<'t> {
    /// `columns` as SQL names them, without `id`, which is the number.
    pub(super) fn prepare(
        transaction: &'t Transaction<'t>,
        table: &'static str,
        columns: &[&str],
        sealed: usize,
    ) -> Result<Self> {
        let places: String = (0..columns.len()).map(|_| ", ?").collect();
        let insert =
            format!("INSERT INTO {table} (id, {}) VALUES (?{places}) ON CONFLICT DO NOTHING", columns.join(", "));
        let first =
            transaction.query_row(&format!("SELECT coalesce(max(id), 0) + 1 FROM {table}"), [], |row| row.get(0))?;
        let insert = transaction.prepare_cached(&insert)?;
        Ok(Self { insert, table, sealed, digest: Pieces::new(), first, next: first })
    }

    /// The number of the next row.
    pub(super) const fn next(&self) -> i64 {
        self.next
    }

    /// Inserts a row; `false` where a unique index has its like already.
    pub(super) fn insert(&mut self, columns: &[Value<'_>]) -> Result<bool> {
        let id = Value::Number(self.next);
        for (place, value) in (1..).zip(std::iter::once(&id).chain(columns)) {
            self.insert.raw_bind_parameter(place, value)?;
        }
        if self.insert.raw_execute()? == 0 {
            return Ok(false);
        }
        self.digest.begin_row();
        for value in std::iter::once(&id).chain(columns.iter().take(self.sealed)) {
            self.digest.value(value.as_ref());
        }
        self.next += 1;
        Ok(true)
    }

    /// Records that `file` brought these rows, and gives the table with the digest over them.
    pub(super) fn end(self, transaction: &Transaction<'_>, file: i64) -> Result<(&'static str, [u8; 32])> {
        if self.next > self.first {
            transaction
                .prepare_cached("INSERT INTO file_range (file_id, rows_of, first_id, last_id) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![file, self.table, self.first, self.next - 1])?;
        }
        Ok((self.table, self.digest.end()))
    }
}
