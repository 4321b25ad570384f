//! A stream that can be looked into before it is taken, and that gives up where one tag or text is too long to be honest.
//! Must not know what flows by.

use memchr::memmem::Finder;
use std::io::{self, BufRead, Read};

/// The longest tag or text between two tags; what memory allows, as limits of a field come later.
const EVENT_LIMIT: usize = 32 * 1024 * 1024;

/// A window on what `inner` reads.
pub(super) struct Metered<R> {
    inner: R,
    /// The most bytes that are looked at in one go.
    width: usize,
    bytes: Vec<u8>,
    /// Where in `bytes` what was not yet taken begins.
    start: usize,
    /// What reading said behind the last of `bytes`.
    failed: Option<io::Error>,
    used: usize,
}

impl<R: Read> Metered<R> {
    pub(super) fn new(inner: R, width: usize) -> Self {
        Self { inner, width, bytes: Vec::new(), start: 0, failed: None, used: 0 }
    }

    /// Begins a new tag or text.
    pub(super) fn begin(&mut self) {
        self.used = 0;
    }

    /// What comes next, up to and with the first `end`, if that lies within the window.
    pub(super) fn until(&mut self, end: &Finder<'_>) -> Option<&[u8]> {
        let mut found = end.find(self.next());
        if found.is_none() && self.fill() {
            found = end.find(self.next());
        }
        self.next().get(..found? + end.needle().len())
    }

    fn next(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Fills the window; `false` where nothing was added.
    fn fill(&mut self) -> bool {
        self.bytes.drain(..self.start);
        self.start = 0;
        let room = self.width.saturating_sub(self.bytes.len());
        if room == 0 || self.failed.is_some() {
            return false;
        }
        let read = self.inner.by_ref().take(u64::try_from(room).unwrap_or(u64::MAX)).read_to_end(&mut self.bytes);
        self.failed = read.as_ref().err().map(|error| io::Error::new(error.kind(), error.to_string()));
        !matches!(read, Ok(0))
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let taken = self.fill_buf()?.read(into)?;
        self.consume(taken);
        Ok(taken)
    }
}

impl<R: Read> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used > EVENT_LIMIT {
            return Err(io::Error::other("a text longer than 32 MiB"));
        }
        if self.next().is_empty() {
            self.fill();
            if self.bytes.is_empty()
                && let Some(error) = self.failed.take()
            {
                return Err(error);
            }
        }
        Ok(self.next())
    }

    fn consume(&mut self, amount: usize) {
        self.used += amount;
        self.start += amount;
    }
}
