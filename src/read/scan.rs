//! Text → records: where fields begin and end, in one pass over the marks between them. Must not know encodings or plans.
//!
//! csv's reader finds the same records, but hands out copies of their fields without quotes, so that quoting and lines had
//! to be looked at in passes of their own: with them it took seven times the instructions.

use std::borrow::Cow;

/// Where a field stands, with its quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    start: usize,
    end: usize,
    quotes: Quotes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quotes {
    /// None that mean anything.
    None,
    /// The first and the last byte, and no other.
    Around,
    /// Also within, doubled or wrong.
    Within,
}

impl Field {
    /// Its value; `text` is what was scanned.
    pub(super) fn value<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.as_written(text) {
            Some(value) => Cow::Borrowed(value),
            None => unquoted(text.get(self.start..self.end).unwrap_or_default()),
        }
    }

    /// Its value where that stands in the text as it is.
    #[inline]
    pub(super) fn as_written<'t>(&self, text: &'t str) -> Option<&'t str> {
        let (start, end) = match self.quotes {
            Quotes::None => (self.start, self.end),
            Quotes::Around => (self.start + 1, self.end.saturating_sub(1)),
            Quotes::Within => return None,
        };
        Some(text.get(start..end).unwrap_or_default())
    }
}

/// A quoted field without its quotes; what follows a closing quote is taken as it stands.
fn unquoted(field: &str) -> Cow<'_, str> {
    let Some(mut rest) = field.strip_prefix('"') else { return Cow::Borrowed(field) };
    let mut value = String::with_capacity(rest.len());
    while let Some((part, behind)) = rest.split_once('"') {
        value.push_str(part);
        match behind.strip_prefix('"') {
            Some(more) => {
                value.push('"');
                rest = more;
            }
            None => {
                rest = behind;
                break;
            }
        }
    }
    value.push_str(rest);
    Cow::Owned(value)
}

/// One record. Its room serves for the next.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The line of its first byte.
    pub(super) line: u32,
    /// Where it begins.
    pub(super) start: usize,
    /// Where it ends, before its line end.
    pub(super) end: usize,
    /// Its fields.
    pub(super) fields: Vec<Field>,
    /// Whether each field is either bare without any quote, or quoted from its first to its last byte (RFC 4180).
    pub(super) is_well_quoted: bool,
    /// Line breaks within its fields.
    pub(super) breaks: u32,
}

/// What a scan came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// A record.
    Record,
    /// No record: the text goes on.
    More,
    /// No record: the text ends.
    End,
}

/// Finds one record after the other.
pub(super) struct Scanner {
    marks: Marks,
    /// Where the next record begins, or a blank line before it.
    at: usize,
    line: u32,
    /// Whether a line feed now belongs to the line end before.
    is_behind_return: bool,
}

impl Scanner {
    /// A scanner that stands at the start of a text.
    pub(super) fn new(delimiter: u8) -> Self {
        Self { marks: Marks { delimiter, mask: 0, base: 0, ahead: 0 }, at: 0, line: 1, is_behind_return: false }
    }

    /// Where the next record begins, or a blank line before it.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The line of [`Scanner::at`].
    pub(super) fn line(&self) -> u32 {
        self.line
    }

    /// The text has lost what stands before [`Scanner::at`], and has more at its end.
    pub(super) fn slid(&mut self) {
        self.at = 0;
        (self.marks.mask, self.marks.base, self.marks.ahead) = (0, 0, 0);
    }

    /// Looks for the next record, blank lines left out. `is_all` says that nothing comes behind `text`.
    pub(super) fn next(&mut self, text: &str, is_all: bool, record: &mut Record) -> Scanned {
        let bytes = text.as_bytes();
        record.fields.clear();
        (record.is_well_quoted, record.breaks) = (true, 0);
        let (mut start, mut quotes) = (self.at, Quotes::None);
        // Between an opening quote and its closing one; behind a closing one, and where that is.
        let (mut is_open, mut closed) = (false, None);
        loop {
            let mark = self.marks.next(bytes);
            let (at, byte) = match mark.and_then(|at| Some((at, *bytes.get(at)?))) {
                Some(found) => found,
                None if !is_all => return Scanned::More,
                None if start == bytes.len() && record.fields.is_empty() => return Scanned::End,
                None => {
                    if is_open {
                        (is_open, quotes, record.is_well_quoted) = (false, Quotes::Within, false);
                    }
                    (bytes.len(), b'\n')
                }
            };
            if is_open {
                match byte {
                    b'"' if bytes.get(at + 1) == Some(&b'"') => {
                        quotes = Quotes::Within;
                        self.marks.next(bytes);
                    }
                    b'"' => (is_open, closed) = (false, Some(at + 1)),
                    b'\r' => record.breaks += 1,
                    b'\n' => record.breaks += u32::from(at.checked_sub(1).and_then(|at| bytes.get(at)) != Some(&b'\r')),
                    _ => {}
                }
                continue;
            }
            if byte == b'"' {
                if at == start {
                    (is_open, quotes) = (true, Quotes::Around);
                } else {
                    record.is_well_quoted = false;
                }
                continue;
            }
            let ends_record = byte != self.marks.delimiter;
            if ends_record && at == start && record.fields.is_empty() {
                self.line += u32::from(byte == b'\r' || !self.is_behind_return);
                self.is_behind_return = byte == b'\r';
                start = at + 1;
                self.at = start;
                continue;
            }
            if closed.is_some_and(|closed| closed != at) {
                (record.is_well_quoted, quotes) = (false, Quotes::Within);
            }
            record.fields.push(Field { start, end: at, quotes });
            (start, quotes, closed) = (at + 1, Quotes::None, None);
            if ends_record {
                (record.line, record.start, record.end) = (self.line, self.at, at);
                self.line += 1 + record.breaks;
                self.is_behind_return = byte == b'\r';
                self.at = start.min(bytes.len());
                return Scanned::Record;
            }
        }
    }
}

/// The places of delimiters, quotes and line ends, in order.
struct Marks {
    delimiter: u8,
    /// The places that are left of the block at `base`, one bit each.
    mask: u64,
    base: usize,
    /// Where the next block begins.
    ahead: usize,
}

/// How many bytes are looked at together: one per bit of a mask.
const BLOCK: usize = 64;

impl Marks {
    #[inline]
    fn next(&mut self, bytes: &[u8]) -> Option<usize> {
        while self.mask == 0 {
            let rest = bytes.get(self.ahead..).filter(|rest| !rest.is_empty())?;
            self.mask = match rest.first_chunk() {
                Some(block) => self.mask_of(block),
                None => {
                    let mut block = [0; BLOCK];
                    block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                    self.mask_of(&block)
                }
            };
            self.base = self.ahead;
            self.ahead += BLOCK;
        }
        let at = self.base + usize::try_from(self.mask.trailing_zeros()).unwrap_or_default();
        self.mask &= self.mask - 1;
        Some(at)
    }

    /// A bit for each mark of a block.
    fn mask_of(&self, block: &[u8; BLOCK]) -> u64 {
        /// Multiplied with eight bytes that are 0 or 1, moves them into the eight highest bits.
        const GATHER: u64 = 0x0102_0408_1020_4080;
        let mut hits = [0; BLOCK];
        // All bytes first, all bits then: of one loop for both the compiler makes no vector code.
        for (hit, byte) in hits.iter_mut().zip(block) {
            let is_end = u8::from(*byte == b'\r') | u8::from(*byte == b'\n');
            *hit = u8::from(*byte == self.delimiter) | u8::from(*byte == b'"') | is_end;
        }
        let (words, _) = hits.as_chunks::<8>();
        let highest = |word: &[u8; 8]| u64::from_le_bytes(*word).wrapping_mul(GATHER) >> (u64::BITS - u8::BITS);
        words.iter().rev().fold(0, |mask, word| mask << u8::BITS | highest(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whether every field is bare without any quote, or quoted from its first to its last byte.
    fn is_well_quoted(mut rest: &str, delimiter: char) -> bool {
        loop {
            let end = if let Some(mut quoted) = rest.strip_prefix('"') {
                loop {
                    let Some((_, behind)) = quoted.split_once('"') else { return false };
                    quoted = match behind.strip_prefix('"') {
                        Some(more) => more,
                        None => break rest.len() - behind.len(),
                    };
                }
            } else {
                rest.find([delimiter, '"']).unwrap_or(rest.len())
            };
            match rest[end..].strip_prefix(delimiter) {
                Some(more) => rest = more,
                None => return end == rest.len(),
            }
        }
    }

    /// Line, fields and whether it is well quoted, for each record, of a text that comes in pieces of `step` bytes.
    fn scanned(text: &str, delimiter: u8, step: usize) -> Vec<(u32, Vec<String>, bool)> {
        let (mut scanner, mut record, mut found) = (Scanner::new(delimiter), Record::default(), Vec::new());
        let (mut from, mut to) = (0, 0);
        loop {
            let window = &text[from..to];
            match scanner.next(window, to == text.len(), &mut record) {
                Scanned::End => return found,
                Scanned::Record => {
                    let fields = record.fields.iter().map(|field| field.value(window).into_owned()).collect();
                    found.push((record.line, fields, record.is_well_quoted));
                }
                Scanned::More => {
                    from += scanner.at();
                    to = text.len().min(to + step);
                    scanner.slid();
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]
        #[test]
        fn d08_p01_records_are_those_of_the_csv_crate(text in "[ab \"\",,\r\n]{0,90}", long in 0_usize..70, step in 1_usize..150) {
            let text = format!("{}{text}", "x".repeat(long));
            let bytes = text.as_bytes();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
            let mut record = csv::StringRecord::new();
            let mut wanted = Vec::new();
            loop {
                let start = usize::try_from(reader.position().byte()).expect("short");
                if !reader.read_record(&mut record).expect("text") {
                    break;
                }
                let end = usize::try_from(reader.position().byte()).expect("short");
                let raw = text[start..end].trim_start_matches(['\r', '\n']);
                let line = crate::read::decode::line_of(bytes, end - raw.len());
                let fields = record.iter().map(str::to_owned).collect();
                let without_end = raw.strip_suffix("\r\n").or_else(|| raw.strip_suffix(['\r', '\n'])).unwrap_or(raw);
                wanted.push((line, fields, is_well_quoted(without_end, ',')));
            }
            prop_assert_eq!(scanned(&text, b',', text.len()), wanted.clone());
            prop_assert_eq!(scanned(&text, b',', step), wanted);
        }
    }
}
