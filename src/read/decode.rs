//! Which encoding a text file has, and its fields as text. Never guesses, never replaces; must not know rows.

use super::{at, whole};
use crate::domain::intake::{Fault, Problem};
use encoding_rs::{Decoder, DecoderResult, Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};
use std::borrow::Cow;
use std::sync::LazyLock;

/// A text file whose encoding is known and whose bytes were checked once.
#[derive(Debug)]
pub struct Text<'a> {
    /// The content without BOM and final 0x1A.
    pub content: Checked<'a>,
    /// How the file was encoded.
    pub encoding: &'static str,
    /// Length of the BOM, so that offsets count from the start of the file.
    skipped: usize,
}

/// Content that was checked.
#[derive(Debug)]
pub enum Checked<'a> {
    /// Text as it is.
    Unicode(Cow<'a, str>),
    /// Bytes that are CP932.
    Cp932(&'a [u8]),
}

impl Text<'_> {
    /// How its bytes are read.
    pub(super) fn form(&self) -> Form {
        Form { encoding: self.encoding, skipped: self.skipped }
    }

    fn bytes(&self) -> &[u8] {
        match &self.content {
            Checked::Unicode(text) => text.as_bytes(),
            Checked::Cp932(bytes) => bytes,
        }
    }
}

/// How the bytes of a text file are read.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// How the file was encoded.
    pub(super) encoding: &'static str,
    /// Length of the BOM, so that offsets count from the start of the file.
    pub(super) skipped: usize,
}

impl Form {
    /// Decodes its bytes, piece by piece.
    pub(super) fn decoder(self) -> Decoder {
        let encoding = if self.encoding == "CP932" { SHIFT_JIS } else { UTF_8 };
        encoding.new_decoder_without_bom_handling()
    }

    /// The problem of an undecodable byte at `offset` behind the BOM, where `bad` begins.
    pub(super) fn undecodable(self, line: u32, offset: usize, bad: &[u8]) -> Problem {
        at(line, None, fault(self.encoding, bad, offset, self.skipped))
    }
}

/// How many bytes `text` has in a file with this encoding.
pub(super) fn written_len(encoding: &str, text: &str) -> usize {
    match encoding {
        // ASCII and half-width kana have one byte.
        "CP932" => text.chars().map(|c| if c.is_ascii() || ('｡'..='ﾟ').contains(&c) { 1 } else { 2 }).sum(),
        _ => text.len(),
    }
}

fn fault(encoding: &'static str, bad: &[u8], offset: usize, skipped: usize) -> Fault {
    let found: Vec<String> = bad.iter().take(2).map(|byte| format!("{byte:02X}")).collect();
    Fault::Undecodable { encoding, byte: as_u64(offset + skipped), found: found.join(" ") }
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The line that `offset` lies in, counted from 1; CR, LF and CRLF end a line.
pub(crate) fn line_of(bytes: &[u8], offset: usize) -> u32 {
    let (mut line, mut before) = (1, 0);
    for byte in bytes.get(..offset.min(bytes.len())).unwrap_or_default() {
        line += u32::from(*byte == b'\r' || (*byte == b'\n' && before != b'\r'));
        before = *byte;
    }
    line
}

/// Where strict decoding stops; the end where it does not.
fn bad_offset(encoding: &'static Encoding, raw: &[u8]) -> usize {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut out = String::with_capacity(raw.len() * 3 + 16);
    let (result, read) = decoder.decode_to_string_without_replacement(raw, &mut out, true);
    match result {
        DecoderResult::Malformed(bad, after) => read.saturating_sub(usize::from(bad) + usize::from(after)),
        DecoderResult::InputEmpty | DecoderResult::OutputFull => read,
    }
}

/// Whether the last thing in a text file is a line end, in whichever encoding its BOM says.
pub(super) fn ends_a_line(bytes: &[u8]) -> bool {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let mut units = rest.chunks(2).filter_map(|pair| Some(unit(pair.try_into().ok()?)));
        let last = units.rfind(|unit| *unit != 0x1A);
        rest.len().is_multiple_of(2) && last.is_some_and(|unit| matches!(unit, 0x0A | 0x0D))
    };
    if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE") {
        return wide(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFE\xFF") {
        return wide(rest, u16::from_be_bytes);
    }
    matches!(bytes.strip_suffix(b"\x1A").unwrap_or(bytes).last(), Some(b'\n' | b'\r'))
}

/// Whether `raw` is made of CP932 characters only.
#[cfg(test)]
pub(super) fn is_cp932(raw: &[u8]) -> bool {
    bad_cp932(raw).is_none()
}

/// Decides on the encoding: BOM, else strict UTF-8, else strict CP932; then checks every byte and the last line end.
///
/// # Errors
/// Why the file must be held.
pub fn open(bytes: &[u8]) -> Result<Text<'_>, Problem> {
    let text = if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        Text { content: Checked::Unicode(utf8(rest)?), encoding: "UTF-8", skipped: 3 }
    } else if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE") {
        utf16(rest, UTF_16LE, "UTF-16LE")?
    } else if let Some(rest) = bytes.strip_prefix(b"\xFE\xFF") {
        utf16(rest, UTF_16BE, "UTF-16BE")?
    } else if let Some(text) = UTF_8.decode_without_bom_handling_and_without_replacement(bytes) {
        Text { content: Checked::Unicode(text), encoding: "UTF-8", skipped: 0 }
    } else {
        Text { content: Checked::Cp932(bytes), encoding: "CP932", skipped: 0 }
    };
    let text = without_sub(text);
    let bytes = text.bytes();
    if let Some((offset, code)) = control_in(bytes) {
        return Err(at(line_of(bytes, offset), None, Fault::ControlCharacter { code: code.into() }));
    }
    if let Checked::Cp932(bytes) = text.content
        && let Some(offset) = bad_cp932(bytes)
    {
        let (encoding, offset) = seam(not_utf8(bytes), offset);
        return Err(undecodable(Form { encoding, ..text.form() }, bytes, offset));
    }
    match bytes.last() {
        None => Err(whole(Fault::Empty)),
        Some(b'\n' | b'\r') => Ok(text),
        Some(_) => Err(whole(Fault::Incomplete)),
    }
}

fn undecodable(form: Form, bytes: &[u8], offset: usize) -> Problem {
    form.undecodable(line_of(bytes, offset), offset, bytes.get(offset..).unwrap_or_default())
}

/// Where `bytes` stop being UTF-8.
pub(super) fn not_utf8(bytes: &[u8]) -> Option<usize> {
    Some(Encoding::utf8_valid_up_to(bytes)).filter(|valid| *valid < bytes.len())
}

/// Where a file that is neither UTF-8 nor CP932 stops being what it was longest: the seam of two that were glued (D05).
pub(super) fn seam<T: PartialOrd>(not_utf8: Option<T>, not_cp932: T) -> (&'static str, T) {
    match not_utf8 {
        Some(offset) if offset > not_cp932 => ("UTF-8", offset),
        Some(_) | None => ("CP932", not_cp932),
    }
}

fn utf8(rest: &[u8]) -> Result<Cow<'_, str>, Problem> {
    let text = UTF_8.decode_without_bom_handling_and_without_replacement(rest);
    text.ok_or_else(|| {
        let form = Form { encoding: "UTF-8", skipped: 3 };
        undecodable(form, rest, Encoding::utf8_valid_up_to(rest))
    })
}

fn utf16<'a>(rest: &'a [u8], encoding: &'static Encoding, name: &'static str) -> Result<Text<'a>, Problem> {
    if rest.len() % 2 == 1 {
        return Err(whole(Fault::Incomplete));
    }
    match encoding.decode_without_bom_handling_and_without_replacement(rest) {
        Some(text) => Ok(Text { content: Checked::Unicode(text), encoding: name, skipped: 2 }),
        None => {
            let offset = bad_offset(encoding, rest);
            Err(whole(fault(name, rest.get(offset..).unwrap_or_default(), offset, 2)))
        }
    }
}

/// Drops the end-of-file mark that old tools append.
fn without_sub(text: Text<'_>) -> Text<'_> {
    let content = match text.content {
        Checked::Unicode(Cow::Borrowed(all)) => {
            Checked::Unicode(Cow::Borrowed(all.strip_suffix('\u{1A}').unwrap_or(all)))
        }
        Checked::Unicode(Cow::Owned(mut all)) => {
            if all.ends_with('\u{1A}') {
                all.pop();
            }
            Checked::Unicode(Cow::Owned(all))
        }
        Checked::Cp932(all) => Checked::Cp932(all.strip_suffix(b"\x1A").unwrap_or(all)),
    };
    Text { content, ..text }
}

/// The first control character that no export contains, and where it stands; ASCII bytes never occur inside a UTF-8 or CP932
/// character below 0x40.
pub(super) fn control_in(bytes: &[u8]) -> Option<(usize, u8)> {
    let is_control = |byte: u8| (byte < 0x20) & !matches!(byte, b'\t' | b'\r' | b'\n') | (byte == 0x7F);
    // Blocks without a way out in between are looked at sixteen bytes at a time.
    let (blocks, _) = bytes.as_chunks::<64>();
    let clean = blocks.iter().take_while(|block| !block.iter().fold(false, |any, byte| any | is_control(*byte)));
    let from = clean.count() * 64;
    let rest = bytes.iter().enumerate().skip(from);
    rest.map(|(at, byte)| (at, *byte)).find(|(_, byte)| is_control(*byte))
}

/// The first byte that cannot be CP932, or is one of its unassigned and user-defined characters (F040…).
pub(super) fn bad_cp932(bytes: &[u8]) -> Option<usize> {
    const HIGHEST: u64 = 0x8080_8080_8080_8080;
    let mut offset = 0;
    while let Some(byte) = bytes.get(offset) {
        offset += match byte {
            // As many of the next eight bytes as are ASCII: the highest bit of the first other byte says where it is.
            0..=0x7F => match bytes.get(offset..).and_then(<[u8]>::first_chunk) {
                Some(eight) => (u64::from_le_bytes(*eight) & HIGHEST).trailing_zeros() as usize / 8,
                None => 1,
            },
            0xA1..=0xDF => 1,
            0x81..=0x9F | 0xE0..=0xEF | 0xFA..=0xFC => match bytes.get(offset + 1) {
                Some(second) if is_assigned(*byte, *second) => 2,
                Some(_) | None => return Some(offset),
            },
            0x80 | 0xA0 | 0xF0..=0xF9 | 0xFD..=0xFF => return Some(offset),
        };
    }
    None
}

/// Whether two bytes are a character of CP932; asked of the decoder once for all pairs.
fn is_assigned(first: u8, second: u8) -> bool {
    static ASSIGNED: LazyLock<Vec<bool>> = LazyLock::new(|| {
        let is_one =
            |pair: u16| SHIFT_JIS.decode_without_bom_handling_and_without_replacement(&pair.to_be_bytes()).is_some();
        (0x8000..=0xFFFF_u16).map(is_one).collect()
    });
    let pair = usize::from(u16::from_be_bytes([first & 0x7F, second]));
    ASSIGNED.get(pair).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(bytes: &[u8]) -> (Option<u32>, Fault) {
        match open(bytes) {
            Ok(text) => panic!("read as {}", text.encoding),
            Err(problem) => (problem.place.line, problem.fault),
        }
    }

    fn decoded(text: &Text<'_>) -> String {
        let (bytes, mut out) = (text.bytes(), String::with_capacity(64));
        let (result, _) = text.form().decoder().decode_to_string_without_replacement(bytes, &mut out, true);
        assert_eq!(result, DecoderResult::InputEmpty, "{bytes:02X?}");
        out
    }

    #[test]
    fn d04_bom_then_utf8_then_cp932() {
        let named = |bytes: &[u8]| open(bytes).map(|text| text.encoding).map_err(|problem| problem.fault);
        assert_eq!(named("\u{feff}表\n".as_bytes()), Ok("UTF-8"));
        assert_eq!(named("表\n".as_bytes()), Ok("UTF-8"));
        assert_eq!(named(b"\x95\x5C\n"), Ok("CP932"));
        assert_eq!(named(b"\xFF\xFE\x68\x88\x0A\x00"), Ok("UTF-16LE"));
        assert_eq!(named(b"\xFE\xFF\x88\x68\x00\x0A"), Ok("UTF-16BE"));
    }

    #[test]
    fn d01_d02_broken_utf16_and_control_characters_are_held() {
        assert_eq!(fault_of(b"\xFF\xFEa\x00\n"), (None, Fault::Incomplete));
        assert_eq!(fault_of(b"a\x00\n\x00"), (Some(1), Fault::ControlCharacter { code: 0 }));
        assert_eq!(fault_of(b"ok\r\nok\n\x1B$B\n"), (Some(3), Fault::ControlCharacter { code: 0x1B }));
        let lone = fault_of(b"\xFF\xFE\x00\xD8a\x00");
        assert_eq!(lone.1, Fault::Undecodable { encoding: "UTF-16LE", byte: 2, found: "00 D8".to_owned() });
    }

    #[test]
    fn d03_bytes_that_cp932_does_not_have_are_named_with_line_and_offset() {
        let bad = |bytes: &[u8]| match fault_of(bytes) {
            (Some(line), Fault::Undecodable { encoding: "CP932", byte, found }) => (line, byte, found),
            other => panic!("{other:?}"),
        };
        assert_eq!(bad(b"a\r\n\x95\x5C\xF0\x40\n"), (2, 5, "F0 40".to_owned()));
        assert_eq!(bad(b"\x80\n"), (1, 0, "80 0A".to_owned()));
        assert_eq!(bad(b"a\r\r\x95"), (3, 3, "95".to_owned()));
        assert_eq!(bad(b"\x95\n"), (1, 0, "95 0A".to_owned()));
        // Glued: the longer part says what the file was, and the seam is where it ends.
        let glued = |one: &[u8], other: &[u8]| fault_of(&[one, other].concat());
        let (utf8, cp932) = ("予約番号\n表示\n".as_bytes(), b"\x95\x5C\x8E\xA6\n\x83\x5C\n".as_slice());
        let at = |encoding, byte, found: &str| Fault::Undecodable { encoding, byte, found: found.to_owned() };
        assert_eq!(glued(utf8, cp932), (Some(3), at("UTF-8", 20, "95 5C")));
        assert_eq!(glued(cp932, utf8), (Some(3), at("CP932", 13, "84 E7")));
        assert_eq!(
            fault_of(b"\xEF\xBB\xBFa\xFF\n").1,
            Fault::Undecodable { encoding: "UTF-8", byte: 4, found: "FF 0A".to_owned() }
        );
    }

    #[test]
    fn d03_every_pair_that_is_let_through_decodes() {
        for lead in 0x80..=0xFF_u8 {
            for trail in 0x20..=0xFF_u8 {
                let raw = [lead, trail, b'\n'];
                let Ok(text) = open(&raw) else { continue };
                if text.encoding == "CP932" {
                    let field = decoded(&text);
                    assert!(!field.contains(|c| ('\u{E000}'..='\u{F8FF}').contains(&c) || c == '\u{80}'), "{raw:02X?}");
                }
            }
        }
    }

    #[test]
    fn d07_d08_text_is_kept_and_the_end_mark_dropped() {
        let text = open(b"\x81\x60\x81\x7C\xFB\xFC\x83\x5C\r\n\x1A").expect("reads");
        assert_eq!(decoded(&text), "～－髙ソ\r\n");
        assert_eq!(fault_of(b"a,b\n1,2"), (None, Fault::Incomplete));
        assert_eq!(fault_of(b"\x1A"), (None, Fault::Empty));
    }
}
