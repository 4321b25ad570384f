//! Text files too large for memory: read from our own copy, in two passes, never as a whole.
//!
//! The first pass decides on the encoding and looks at every byte as [`super::decode::open`] does, the second reads the
//! records. Both see the file in stretches that end behind a byte below 0x40, which is never part of a longer character
//! of UTF-8 or CP932.

use super::decode::{Form, bad_cp932, control_in, not_utf8, seam};
use super::{FIELD_LIMIT, at, whole};
use crate::domain::intake::{Fault, Measure, Problem};
use std::io::{self, Read, Seek, SeekFrom, Take};

/// How much is looked at in one go.
const STRETCH: usize = 1 << 20;

/// Something that can be read again from any place.
pub trait Input: Read + Seek {}

impl<T: Read + Seek> Input for T {}

/// The part of an input that holds the records: no BOM, no final 0x1A.
pub(super) struct Content<'i> {
    input: &'i mut dyn Input,
    first: u64,
    length: u64,
}

impl<'i> Content<'i> {
    /// The first `length` bytes.
    pub(super) fn new(input: &'i mut dyn Input, length: usize) -> Self {
        Self { input, first: 0, length: u64::try_from(length).unwrap_or(u64::MAX) }
    }

    /// The content from `offset` to its end.
    pub(super) fn from(&mut self, offset: u64) -> io::Result<Take<&mut (dyn Input + '_)>> {
        self.input.seek(SeekFrom::Start(self.first + offset))?;
        let input: &mut (dyn Input + '_) = &mut *self.input;
        Ok(input.take(self.length.saturating_sub(offset)))
    }

    /// `length` bytes from `offset`, or as many as there are.
    pub(super) fn bytes(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.from(offset)?.take(u64::try_from(length).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The line that `offset` lies in, counted from 1.
    fn line_of(&mut self, offset: u64) -> io::Result<u32> {
        let mut rest = self.from(0)?.take(offset);
        let (mut line, mut before, mut block) = (1, 0, vec![0; STRETCH]);
        loop {
            let read = rest.read(&mut block)?;
            if read == 0 {
                return Ok(line);
            }
            for byte in block.get(..read).unwrap_or_default() {
                line += u32::from(*byte == b'\r' || (*byte == b'\n' && before != b'\r'));
                before = *byte;
            }
        }
    }
}

/// What the first pass found: the first offset of each kind of trouble.
#[derive(Default)]
struct Seen {
    not_utf8: Option<u64>,
    not_cp932: Option<u64>,
    control: Option<(u64, u8)>,
}

impl Seen {
    fn look(&mut self, stretch: &[u8], offset: u64) {
        let behind = |at: usize| offset + u64::try_from(at).unwrap_or(u64::MAX);
        if self.not_utf8.is_none() {
            self.not_utf8 = not_utf8(stretch).map(behind);
        }
        if self.not_cp932.is_none() {
            self.not_cp932 = bad_cp932(stretch).map(behind);
        }
        if self.control.is_none() {
            self.control = control_in(stretch).map(|(at, byte)| (behind(at), byte));
        }
    }
}

/// Decides on the encoding of a file that is no UTF-16 and checks every byte and the last line end.
///
/// # Errors
/// Why the file must be held.
pub(super) fn open(input: &mut dyn Input) -> Result<(Form, Content<'_>), Problem> {
    opened(input).unwrap_or_else(|_| Err(whole(Fault::Incomplete)))
}

fn opened(input: &mut dyn Input) -> io::Result<Result<(Form, Content<'_>), Problem>> {
    let all = input.seek(SeekFrom::End(0))?;
    let mut content = Content { input, first: 0, length: all };
    let has_bom = content.bytes(0, 3)? == b"\xEF\xBB\xBF";
    content.first = if has_bom { 3 } else { 0 };
    content.length = all - content.first;
    let last = content.bytes(content.length.saturating_sub(1), 1)?;
    // A BOM is checked with the mark behind it, as the mark is a character of UTF-8 too.
    content.length -= u64::from(last == [0x1A]);
    let seen = match look(&mut content)? {
        Ok(seen) => seen,
        Err(problem) => return Ok(Err(problem)),
    };
    let is_utf8 = has_bom || seen.not_utf8.is_none();
    let form = Form { encoding: if is_utf8 { "UTF-8" } else { "CP932" }, skipped: if has_bom { 3 } else { 0 } };
    let undecodable = |content: &mut Content<'_>, form: Form, offset: u64| -> io::Result<Problem> {
        let bad = content.bytes(offset, 2)?;
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        Ok(form.undecodable(content.line_of(offset)?, at, &bad))
    };
    if let Some(offset) = seen.not_utf8.filter(|_| is_utf8) {
        return undecodable(&mut content, form, offset).map(Err);
    }
    if let Some((offset, byte)) = seen.control {
        return Ok(Err(at(content.line_of(offset)?, None, Fault::ControlCharacter { code: byte.into() })));
    }
    if let Some(offset) = seen.not_cp932.filter(|_| !is_utf8) {
        let (encoding, offset) = seam(seen.not_utf8, offset);
        return undecodable(&mut content, Form { encoding, ..form }, offset).map(Err);
    }
    let last = content.bytes(content.length.saturating_sub(1), 1)?;
    Ok(match last.as_slice() {
        [] => Err(whole(Fault::Empty)),
        [b'\n' | b'\r'] => Ok((form, content)),
        _ => Err(whole(Fault::Incomplete)),
    })
}

/// Looks at all bytes, stretch by stretch.
fn look(content: &mut Content<'_>) -> io::Result<Result<Seen, Problem>> {
    let (mut seen, mut offset, mut stretch) = (Seen::default(), 0, Vec::with_capacity(2 * STRETCH));
    let mut rest = content.from(0)?;
    loop {
        let more = (&mut rest).take(STRETCH as u64).read_to_end(&mut stretch)?;
        let end = match stretch.iter().rposition(|byte| *byte < 0x40) {
            _ if more == 0 => stretch.len(),
            Some(last) => last + 1,
            None => 0,
        };
        // No field may be that long, and nothing else goes on without a comma, a tab, a quote or a line end.
        if end == 0 && stretch.len() > STRETCH {
            let fault = Fault::Limit { what: Measure::Field, limit: FIELD_LIMIT as u64 };
            return Ok(Err(at(content.line_of(offset)?, None, fault)));
        }
        seen.look(stretch.get(..end).unwrap_or_default(), offset);
        offset += u64::try_from(end).unwrap_or(u64::MAX);
        stretch.drain(..end);
        if more == 0 {
            return Ok(Ok(seen));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Keep, keep};
    use super::super::{Table, table};
    use super::*;
    use std::io::Cursor;

    #[test]
    fn d03_p01_a_large_file_is_read_or_held_like_a_small_one() {
        let japanese = [b"1,".as_slice(), &b"\x95\x5C".repeat(1_000), b"\r\n"].concat().repeat(900);
        let ascii = [b"1,\"".as_slice(), &b"\x41\"\"".repeat(900), b"\"\n"].concat().repeat(800);
        let mut before = [b"".as_slice(), b"\xEF\xBB\xBF", b"\r\nsep=,\n", b"sep=,\r\n", b"\n"].into_iter().cycle();
        for (body, behind) in [&japanese, &ascii].into_iter().flat_map(|body| {
            let behind: [&[u8]; 13] = [
                b"",
                b"\x1A",
                b"3,4",
                b"3,\x04\n",
                b"3,\xF0\x40\n",
                b"\x95",
                b"\x80\n",
                b"\r\n\r\n3,\"4\n5,6\n",
                b"3,4,5\n",
                b"\xE8\xA1\xA8,4\n",
                b"3,\x0A\x95\n\x1A",
                b"\n\"3\"x,4\n",
                b"\xE8\xA1\xA8,4\n\xFF\n",
            ];
            behind.map(|behind| (body, behind))
        }) {
            let before = before.next().unwrap_or_default();
            let file = [before, b"a,b\r\n", body, behind].concat();
            let mut sink = Keep { width: 2, line_breaks: Vec::new(), rows: Vec::new() };
            let read = table(Table::Text(&mut Cursor::new(&file)), &mut sink);
            let read = read.map(|_| sink.rows).map_err(|mut problems| {
                let first = problems.remove(0);
                (first.place.line, first.fault)
            });
            assert!(read == keep(&file, 2, &[]), "{before:02X?} {behind:02X?}: {:?}", read.err());
        }
    }

    #[test]
    fn p01_p09_a_record_without_end_is_not_kept_whole() {
        let fault = |body: &[u8]| {
            let file = [b"a,b\n", body, &b"x,y ".repeat(12 << 20), b"\n"].concat();
            let mut sink = Keep { width: 2, line_breaks: Vec::new(), rows: Vec::new() };
            let mut problems = table(Table::Text(&mut Cursor::new(&file)), &mut sink).expect_err("held");
            problems.remove(0)
        };
        assert_eq!(fault(b"1,\""), at(2, None, Fault::Quoting));
        assert_eq!(fault(b"1,2\n3,"), at(3, None, Fault::Limit { what: Measure::Field, limit: FIELD_LIMIT as u64 }));
    }
}
