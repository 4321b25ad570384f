//! What a workbook is packed of, looked through before anything believes it. Must not know cells' values or layouts.
//!
//! The workbook reader neither matches end tags nor minds unknown attributes, so a damaged part could lose a cell or
//! change its kind unseen. Here every part must be well-formed XML without a document type, and every row and cell of
//! a sheet must be built as the format says; all of it streamed, with limits on everything.

use super::whole;
use crate::domain::intake::{Fault, Problem};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use zip::ZipArchive;
use zip::result::ZipError;

const ENTRY_LIMIT: usize = 2_000;
const INFLATED_LIMIT: u64 = 256 * 1024 * 1024;
/// Unpacked size of a part that is kept in memory whole: all but the sheets, which are streamed.
const PART_LIMIT: u64 = 64 * 1024 * 1024;
/// Shared strings, each of which costs memory even where it is empty.
const STRING_LIMIT: u32 = 2_000_000;
/// The longest tag or text between two tags; what memory allows, as limits of a field come later.
const EVENT_LIMIT: usize = 32 * 1024 * 1024;
const DEPTH_LIMIT: usize = 64;
const ATTRIBUTE_LIMIT: usize = 256;

/// Attributes of a row that mean what the format says; with a prefix or unknown to the reader they would be overlooked.
const ROW: &[&str] = &[
    "r",
    "spans",
    "s",
    "customFormat",
    "ht",
    "hidden",
    "customHeight",
    "outlineLevel",
    "collapsed",
    "thickTop",
    "thickBot",
    "ph",
];
const CELL: &[&str] = &["r", "s", "t", "cm", "vm", "ph"];
const CELL_TYPES: &[&str] = &["b", "d", "e", "inlineStr", "n", "s", "str"];

/// What looking through a workbook brought.
#[derive(Debug, Default)]
pub(super) struct Package {
    sheets: Vec<(String, String)>,
    targets: HashMap<String, String>,
    hidden: HashMap<String, u64>,
    /// Whether any part speaks of merged cells.
    pub(super) has_merged: bool,
}

impl Package {
    /// Hidden rows of the sheet called `name` (P15).
    pub(super) fn hidden_rows(&self, name: &str) -> u64 {
        let relation = self.sheets.iter().find(|(sheet, _)| sheet == name).map(|(_, relation)| relation);
        let target = relation.and_then(|relation| self.targets.get(relation));
        let part = target.and_then(|target| target.rsplit('/').next());
        part.and_then(|part| self.hidden.get(part)).copied().unwrap_or_default()
    }
}

/// P10, P13: what the archive declares, before anything is inflated; the parts of XML by number and name.
///
/// # Errors
/// Why the file must be held.
pub(super) fn check_archive(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    bytes: &[u8],
) -> Result<Vec<(usize, String)>, Problem> {
    let refuse = |why: &str| Err(whole(Fault::Workbook { why: why.to_owned() }));
    if Some(archive.len()) != declared_entries(bytes) {
        return refuse("duplicate entries");
    }
    let (mut inflated, mut types) = (0_u64, false);
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| broken(&error.to_string()))?;
        inflated = inflated.saturating_add(entry.size());
        let name = entry.name().map_err(|error| broken(&error.to_string()))?;
        types |= name == "[Content_Types].xml";
        if name.ends_with("vbaProject.bin") {
            return Err(whole(Fault::NotATable { looks_like: "xlsm".to_owned() }));
        }
        if name.ends_with(".xml") || name.ends_with(".rels") {
            if entry.size() > PART_LIMIT && !name.contains("worksheets/") {
                return refuse("a part larger than 64 MiB when unpacked");
            }
            parts.push((index, name.into_owned()));
        }
    }
    if inflated > INFLATED_LIMIT {
        return refuse("larger than 256 MiB when unpacked");
    }
    if types {
        return Ok(parts);
    }
    // The first entry says so in clear, its name and content side by side.
    let is_ods = bytes.get(30..).is_some_and(|entry| entry.starts_with(b"mimetypeapplication/vnd.oasis.opendocument"));
    Err(whole(Fault::NotATable { looks_like: if is_ods { "ods" } else { "ZIP" }.to_owned() }))
}

/// The archive in `bytes`, if it has not too many entries.
///
/// # Errors
/// Why the file must be held.
pub(super) fn open_archive(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, Problem> {
    let Some(declared) = declared_entries(bytes) else { return Err(whole(Fault::Incomplete)) };
    if declared > ENTRY_LIMIT {
        return Err(broken("too many entries"));
    }
    ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error.to_string()))
}

/// P10, P12, P13: sizes first, from the archive's directory, then every part of XML.
///
/// # Errors
/// Why the file must be held.
pub(super) fn inspect(bytes: &[u8]) -> Result<Package, Problem> {
    let mut archive = open_archive(bytes)?;
    let parts = check_archive(&mut archive, bytes)?;
    let mut package = Package::default();
    for (index, name) in parts {
        let entry = archive.by_index(index).map_err(|error| {
            if matches!(error, ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) {
                whole(Fault::NotATable { looks_like: "password".to_owned() })
            } else {
                broken(&error.to_string())
            }
        })?;
        let found = Part::read(entry).map_err(|why| broken(&format!("{name}: {why}")))?;
        package.sheets.extend(found.sheets);
        package.targets.extend(found.targets);
        package.has_merged |= found.has_merged;
        if let Some(file) = name.rsplit('/').next() {
            package.hidden.insert(file.to_owned(), found.hidden);
        }
    }
    Ok(package)
}

/// The number of entries that a ZIP's end record declares; `None` where there is no whole one.
pub(super) fn declared_entries(bytes: &[u8]) -> Option<usize> {
    // Signature, 6 bytes of disk numbers, the number of entries, 8 bytes more, the length of a comment, the comment.
    let end = bytes.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let number = |at: usize| Some(usize::from(u16::from_le_bytes(bytes.get(end + at..end + at + 2)?.try_into().ok()?)));
    let comment = number(20)?;
    (bytes.len() >= end + 22 + comment).then(|| number(10)).flatten()
}

fn broken(why: &str) -> Problem {
    whole(Fault::Workbook { why: why.to_owned() })
}

/// One part on its way.
#[derive(Default)]
struct Part {
    open: Vec<String>,
    rooted: bool,
    strings: u32,
    /// Whether the rows of a sheet have begun.
    data: bool,
    /// Row number that the open row states.
    row: Option<u32>,
    /// The kind that the open cell states; none means a number.
    kind: String,
    value: String,
    /// Whether the open cell has had its value, formula or inline text.
    had: [bool; 3],
    sheets: Vec<(String, String)>,
    targets: HashMap<String, String>,
    hidden: u64,
    has_merged: bool,
}

impl Part {
    fn read(entry: impl Read) -> Result<Self, String> {
        let mut reader = Reader::from_reader(Metered { inner: BufReader::new(entry), used: 0 });
        let mut part = Self::default();
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            reader.get_mut().used = 0;
            let event = reader.read_event_into(&mut buffer).map_err(|error| error.to_string())?;
            match event {
                Event::Start(tag) => part.start(&tag)?,
                Event::Empty(tag) => {
                    part.start(&tag)?;
                    part.open.pop();
                }
                Event::End(_) => {
                    if part.open.pop().is_some_and(|name| name == "v") && part.is_sheet() {
                        part.check_value()?;
                    }
                }
                Event::Text(text) if part.open.last().is_some_and(|name| name == "v") => part.value.push_str(&text),
                Event::Text(text) if part.open.is_empty() && !text.trim().is_empty() => {
                    return Err("text outside the document".to_owned());
                }
                Event::Text(text) if part.holds_no_text() && !text.trim().is_empty() => {
                    return Err("text between the cells".to_owned());
                }
                Event::DocType(_) => return Err("a document type".to_owned()),
                Event::GeneralRef(entity) => {
                    let known = matches!(&*entity, "amp" | "lt" | "gt" | "quot" | "apos");
                    if !known && !matches!(entity.resolve_char_ref(), Ok(Some(_))) {
                        return Err("an unknown entity".to_owned());
                    }
                }
                Event::Eof if part.open.is_empty() && part.rooted => return Ok(part),
                Event::Eof => return Err("cut off".to_owned()),
                Event::Text(_) | Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        let name = tag.local_name();
        let name: &str = name.as_ref();
        let parent = self.open.last().map_or("", String::as_str);
        self.has_merged |= name == "mergeCell";
        match (parent, name) {
            ("", _) if self.rooted => return Err("two documents in one part".to_owned()),
            ("worksheet", "sheetData") => {
                if std::mem::replace(&mut self.data, true) {
                    return Err("two <sheetData>".to_owned());
                }
                attributes(tag, plain)?;
            }
            // Charts have elements of these names too, with other meanings.
            ("sheetData", "row") if self.is_sheet() => self.row(tag)?,
            ("row", "c") if self.is_sheet() => self.cell(tag)?,
            ("c", "v" | "f" | "is") if self.is_sheet() => {
                let at = match name {
                    "v" => 0,
                    "f" => 1,
                    _ => 2,
                };
                if self.had.get_mut(at).is_some_and(|had| std::mem::replace(had, true)) {
                    return Err(format!("a cell with two <{name}>"));
                }
                self.value.clear();
                attributes(tag, plain)?;
            }
            (_, "extLst") => attributes(tag, plain)?,
            ("sheetData" | "row" | "c", _) | (_, "sheetData" | "row" | "c") if self.is_sheet() => {
                return Err(format!("<{name}> inside <{parent}>"));
            }
            ("sst", "si") => {
                self.strings += 1;
                if self.strings > STRING_LIMIT {
                    return Err("too many texts".to_owned());
                }
            }
            ("sheets", "sheet") => self.sheet(tag)?,
            ("Relationships", "Relationship") => self.relationship(tag)?,
            _ => attributes(tag, plain)?,
        }
        if self.open.len() >= DEPTH_LIMIT {
            return Err("nested too deep".to_owned());
        }
        self.rooted = true;
        self.open.push(name.to_owned());
        Ok(())
    }

    fn is_sheet(&self) -> bool {
        self.open.first().is_some_and(|root| root == "worksheet")
    }

    fn holds_no_text(&self) -> bool {
        let open = self.open.last().map(String::as_str);
        self.is_sheet() && matches!(open, Some("worksheet" | "sheetData" | "row" | "c" | "is"))
    }

    fn row(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        let (mut hidden, mut number) = (false, None);
        attributes(tag, |key, value| {
            match key {
                "hidden" => hidden = matches!(value, "1" | "true"),
                "r" => number = Some(place(value).ok_or_else(|| format!("row \"{value}\""))?.0),
                key if ROW.contains(&key) => {}
                other => return Err(format!("a row with \"{other}\"")),
            }
            Ok(())
        })?;
        self.row = number;
        self.hidden += u64::from(hidden);
        Ok(())
    }

    fn cell(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        let (row, kind) = (self.row, &mut self.kind);
        self.had = [false; 3];
        kind.clear();
        attributes(tag, |key, value| match key {
            "r" if place(value)
                .is_none_or(|(at, column)| at == 0 || column == 0 || row.is_some_and(|row| row != at)) =>
            {
                Err(format!("cell \"{value}\" in row {}", row.unwrap_or_default()))
            }
            "t" if CELL_TYPES.contains(&value) => {
                value.clone_into(kind);
                Ok(())
            }
            "t" => Err(format!("a cell of kind \"{value}\"")),
            "s" if value.parse::<u32>().is_err() => Err(format!("a cell of style \"{value}\"")),
            key if CELL.contains(&key) => Ok(()),
            other => Err(format!("a cell with \"{other}\"")),
        })
    }

    /// The reader takes what is no number, were it for a space in front, for a text that could pass for an identifier.
    fn check_value(&self) -> Result<(), String> {
        let value = self.value.as_str();
        let sound = match self.kind.as_str() {
            "" | "n" => value.is_empty() || value.parse::<f64>().is_ok_and(f64::is_finite),
            "s" => value.parse::<u32>().is_ok(),
            "b" => matches!(value, "0" | "1" | "true" | "false"),
            _ => true,
        };
        if sound { Ok(()) } else { Err(format!("a cell with the value \"{value}\"")) }
    }

    fn sheet(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        let (mut name, mut relation) = (String::new(), String::new());
        attributes(tag, |key, value| {
            if key == "name" {
                name = quick_xml::escape::unescape(value).map_err(|error| error.to_string())?.into_owned();
            }
            Ok(())
        })?;
        if let Some(id) = tag.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == "id") {
            relation.push_str(&id.value);
        }
        self.sheets.push((name, relation));
        Ok(())
    }

    fn relationship(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        let (mut id, mut target) = (String::new(), String::new());
        attributes(tag, |key, value| {
            match key {
                "Id" => value.clone_into(&mut id),
                "Target" => value.clone_into(&mut target),
                _ => {}
            }
            Ok(())
        })?;
        self.targets.insert(id, target);
        Ok(())
    }
}

/// Row and column of an address such as `C12` or `$C$12`, from 1, 0 where only the other stands there; `None` beyond a
/// sheet (P17). The workbook reader multiplies letters without a look at how many there are.
fn place(address: &str) -> Option<(u32, u32)> {
    let address = address.replace('$', "");
    let digits = address.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = address.strip_suffix(digits)?;
    if address.is_empty() || letters.len() > 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let column = letters.bytes().fold(0, |sum, letter| sum * 26 + u32::from(letter - b'A') + 1);
    let row = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    (row <= 1_048_576 && column <= 16_384).then_some((row, column))
}

/// Checks what every tag may state: an area lies within a sheet and does not end before it begins, as the workbook
/// reader subtracts one from the other.
fn plain(key: &str, value: &str) -> Result<(), String> {
    let mut ends = value.split(':').map(place);
    let sound = key != "ref"
        || match (ends.next().flatten(), ends.next(), ends.next()) {
            (Some(_), None, None) => true,
            (Some(start), Some(Some(end)), None) => start.0 <= end.0 && start.1 <= end.1,
            _ => false,
        };
    if sound { Ok(()) } else { Err(format!("the area \"{value}\"")) }
}

/// Hands over every attribute without a prefix; refuses repeated, broken and too many ones.
fn attributes(tag: &BytesStart<'_>, mut take: impl FnMut(&str, &str) -> Result<(), String>) -> Result<(), String> {
    for (count, attribute) in tag.attributes().enumerate() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        if count >= ATTRIBUTE_LIMIT {
            return Err("too many attributes".to_owned());
        }
        let key: &str = attribute.key.as_ref();
        if key != "xmlns" && !key.contains(':') {
            take(key, &attribute.value)?;
        }
    }
    Ok(())
}

/// A reader that gives up where one tag or text is too long to be honest, before it fills the memory.
struct Metered<R> {
    inner: R,
    used: usize,
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.inner.read(into)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used > EVENT_LIMIT {
            return Err(io::Error::other("a text longer than 32 MiB"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.used += amount;
        self.inner.consume(amount);
    }
}
