//! One part of a workbook, looked through as it flows by. Must not know the other parts, cells' values or layouts.
//!
//! The workbook reader neither matches end tags nor minds unknown attributes, so a damaged part could lose a cell or
//! change its kind unseen. Here every part that is read must be well-formed XML without a document type, and every row and
//! cell of a sheet must be built as the format says; all of it streamed, with limits on everything.

use super::metered::Metered;
use super::rows::{CellTag, RowTag, place, plain_rows, plain_texts};
use memchr::memmem::Finder;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use std::io::{BufRead, Read};

/// Shared strings, each of which costs memory even where it is empty.
const STRING_LIMIT: u32 = 2_000_000;
const DEPTH_LIMIT: usize = 64;
const ATTRIBUTE_LIMIT: usize = 256;

/// How much of a part is looked into in one go; longer rows take the long way.
pub(super) const WINDOW: usize = 64 * 1024;

/// Where a part says that another one is.
pub(super) struct Relation {
    /// What the part calls it.
    pub(super) id: String,
    /// What it is.
    pub(super) kind: String,
    /// Where it is, as written.
    pub(super) target: String,
}

/// One part on its way.
#[derive(Default)]
pub(super) struct Part {
    open: Vec<String>,
    rooted: bool,
    strings: u32,
    /// Whether the rows of a sheet have begun.
    data: bool,
    row: RowTag,
    cell: CellTag,
    value: String,
    /// Whether the open cell has had its value, formula or inline text.
    had: [bool; 3],
    /// Names of sheets, each with the relation to its part.
    pub(super) sheets: Vec<(String, String)>,
    /// Its relations to other parts, in its order.
    pub(super) relations: Vec<Relation>,
    /// Hidden rows.
    pub(super) hidden: u64,
    /// Whether it speaks of merged cells.
    pub(super) has_merged: bool,
}

impl Part {
    /// Looks through `entry` to its end.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(entry: Metered<impl Read>) -> Result<Self, String> {
        let mut reader = Reader::from_reader(entry);
        let mut part = Self::default();
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            reader.get_mut().begin();
            let event = reader.read_event_into(&mut buffer).map_err(|error| error.to_string())?;
            match event {
                Event::Start(tag) => {
                    part.start(&tag)?;
                    part.plain(reader.get_mut())?;
                }
                Event::Empty(tag) => {
                    part.start(&tag)?;
                    part.open.pop();
                }
                Event::End(_) => {
                    if part.open.pop().is_some_and(|name| name == "v") && part.is_sheet() {
                        part.cell.check(&part.value)?;
                    }
                    part.plain(reader.get_mut())?;
                }
                Event::Text(text) if part.open.last().is_some_and(|name| name == "v") => part.value.push_str(&text),
                Event::Text(text) if part.open.is_empty() && !text.trim().is_empty() => {
                    return Err("text outside the document".to_owned());
                }
                Event::Text(text) if part.holds_no_text() && !text.trim().is_empty() => {
                    return Err("text between the cells".to_owned());
                }
                Event::DocType(_) => return Err("a document type".to_owned()),
                // The reader keeps the first piece only.
                Event::GeneralRef(_) | Event::CData(_) | Event::Comment(_) | Event::PI(_) if part.holds_one_piece() => {
                    return Err("a cell with a value in several pieces".to_owned());
                }
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
                attributes(tag, area)?;
            }
            // Charts have elements of these names too, with other meanings.
            ("sheetData", "row") if self.is_sheet() => {
                self.row = RowTag::default();
                attributes(tag, |key, value| self.row.take(key, value))?;
                self.hidden += u64::from(self.row.is_hidden);
            }
            ("row", "c") if self.is_sheet() => {
                (self.cell, self.had) = (CellTag::default(), [false; 3]);
                attributes(tag, |key, value| self.cell.take(&self.row, key, value))?;
            }
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
                attributes(tag, area)?;
            }
            (_, "extLst") => attributes(tag, self.others())?,
            ("v", _) if self.is_sheet() => return Err(format!("<{name}> inside <v>")),
            ("sheetData" | "row" | "c", _) | (_, "sheetData" | "row" | "c") if self.is_sheet() => {
                return Err(format!("<{name}> inside <{parent}>"));
            }
            ("sst", "si") => self.strings(1)?,
            (_, "sheet") => self.sheet(tag)?,
            ("Relationships", "Relationship") => self.relation(tag)?,
            // The reader would take one, or end with one, wherever it stands.
            ("Relationships" | "Relationship", _) | (_, "Relationship") => {
                return Err(format!("<{name}> inside <{parent}>"));
            }
            _ => attributes(tag, self.others())?,
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

    /// What a tag without rules of its own may state. The reader takes areas from sheets alone.
    fn others(&self) -> fn(&str, &str) -> Result<(), String> {
        if self.is_sheet() { area } else { |_, _| Ok(()) }
    }

    fn holds_no_text(&self) -> bool {
        let open = self.open.last().map(String::as_str);
        self.is_sheet() && matches!(open, Some("worksheet" | "sheetData" | "row" | "c" | "is"))
    }

    /// Whether a value is open that is no text of its own.
    fn holds_one_piece(&self) -> bool {
        self.is_sheet() && self.open.last().is_some_and(|name| name == "v") && !self.cell.is_text()
    }

    /// Looks through the plain rows or texts that come next, which are most of a workbook, without taking them apart event
    /// by event.
    fn plain(&mut self, reader: &mut Metered<impl Read>) -> Result<(), String> {
        let mut open = self.open.iter().map(String::as_str);
        let end = match (open.next(), open.next(), open.next()) {
            (Some("worksheet"), Some("sheetData"), None) => Finder::new("</row>"),
            (Some("sst"), None, None) => Finder::new("</si>"),
            _ => return Ok(()),
        };
        while let Some(text) = reader.until(&end) {
            let length = text.len();
            let Ok(text) = str::from_utf8(text) else { break };
            if self.is_sheet() {
                let Some(hidden) = plain_rows(text) else { break };
                self.hidden += hidden;
            } else {
                let Some(texts) = plain_texts(text) else { break };
                self.strings(texts)?;
            }
            reader.consume(length);
            reader.begin();
        }
        Ok(())
    }

    fn strings(&mut self, more: u32) -> Result<(), String> {
        self.strings += more;
        if self.strings > STRING_LIMIT { Err("too many texts".to_owned()) } else { Ok(()) }
    }

    fn sheet(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        let (mut name, mut relation) = (String::new(), String::new());
        attributes(tag, |key, value| {
            if key == "name" {
                name = unescape(value).map_err(|error| error.to_string())?.into_owned();
            }
            Ok(())
        })?;
        // Of several the last counts, as for the reader.
        let ids = tag.attributes().flatten().filter(|attribute| attribute.key.local_name().as_ref() == "id");
        if let Some(id) = ids.last() {
            relation.push_str(&id.value);
        }
        self.sheets.push((name, relation));
        Ok(())
    }

    fn relation(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        let mut relation = Relation { id: String::new(), kind: String::new(), target: String::new() };
        attributes(tag, |key, value| {
            match key {
                "Id" => value.clone_into(&mut relation.id),
                "Type" => value.clone_into(&mut relation.kind),
                "Target" => value.clone_into(&mut relation.target),
                _ => {}
            }
            Ok(())
        })?;
        self.relations.push(relation);
        Ok(())
    }
}

/// Checks what a tag of a sheet may state: an area lies within a sheet and does not end before it begins, as the workbook
/// reader subtracts one from the other.
fn area(key: &str, value: &str) -> Result<(), String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What looking through `part` comes to where `width` bytes of it are looked into in one go; so few hold no row.
    fn seen(part: &[u8], width: usize) -> Result<(u64, u32, bool), String> {
        Part::read(Metered::new(part, width)).map(|part| (part.hidden, part.strings, part.has_merged))
    }

    /// A sheet or shared texts out of `pieces`, with `change` done to a byte.
    fn part(is_sheet: bool, pieces: &[&str], change: Option<(prop::sample::Index, u8)>) -> Vec<u8> {
        let middle = pieces.concat();
        let text = if is_sheet {
            format!(
                "<worksheet><sheetData>{middle}</sheetData><mergeCells><mergeCell ref=\"A1:B2\"/></mergeCells></worksheet>"
            )
        } else {
            format!("<sst count=\"1\">{middle}</sst>")
        };
        let mut bytes = text.into_bytes();
        if let Some((at, byte)) = change {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    }

    const ROWS: &[&str] = &[
        "<row r=\"1\" spans=\"1:2\" x14ac:dyDescent=\"0.25\"><c r=\"A1\" s=\"1\" t=\"s\"><v>0</v></c><c r=\"B1\"><v>4.5</v></c></row>",
        "<row r=\"2\" hidden=\"1\"><c r=\"A2\" t=\"inlineStr\"><is><t>髙橋 &amp; 山田</t></is></c><c r=\"B2\" s=\"3\"/></row>",
        "<row r=\"3\" ht=\"15\"/>",
        "<row><c t=\"inlineStr\"><is><t xml:space=\"preserve\"> 東京 </t></is></c><c t=\"b\"><v>1</v></c></row>",
        "<row r=\"4\"><c r=\"A4\"><f>SUM(B4)</f><v>1</v></c></row>",
        "<row r=\"5\">\n <c r=\"A5\" t=\"str\"><v>&#65;</v></c></row>",
        "<row r=\"6\"><c r=\"A7\"><v>1</v></c></row>",
        "<row r=\"7\" r=\"7\"><c r=\"A7\"></c></row>",
        "<row r=\"8\"><c r=\"XFE8\"><v>1</v></c></row>",
        "<row r=\"9\"><c r=\"A9\" t=\"x\"><v>1</v></c></row>",
        "<row r=\"10\"><c r=\"A10\"><v> 1</v></c></row>",
        "<row r='11'><c r='A11'><v>1</v><v>2</v></c></row>",
        "<row r=\"12\"><c r=\"A12\" t=\"inlineStr\"><is><t>&nbsp;</t></is></c></row>",
        "<row r=\"13\"><c r=\"A13\"><v>1</v></row>",
        "<row r=\"15\"><c r=\"A15\"><v>12<!-- x -->000</v></c><c r=\"B15\" t=\"str\"><v>a<!-- x -->b</v></c></row>",
        "<row r=\"14\"><c r=\"A14\" t=\"str\"><v>&bad;</v></c></row>",
        "<!-- </row> -->",
        "&",
    ];
    const TEXTS: &[&str] = &[
        "<si><t>東京</t></si>",
        "<si><t xml:space=\"preserve\"> a &lt; b</t></si>",
        "<si><r><t>a</t></r><rPh sb=\"0\" eb=\"1\"><t>ア</t></rPh></si>",
        "<si/>",
        "<si><t/></si>",
        "<si><t>&bad;</t></si>",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_048))]
        /// The short way through plain rows and texts finds what the long way finds, and nothing else wrong.
        #[test]
        fn p12_plain_rows_are_judged_as_all_others(
            is_sheet: bool,
            rows in prop::collection::vec(prop::sample::select(ROWS), 0..5),
            texts in prop::collection::vec(prop::sample::select(TEXTS), 0..5),
            change in prop::option::of((any::<prop::sample::Index>(), prop::sample::select(&b"<>\"&/ =rcvt1A\x80\n"[..]))),
            width in 2_usize..400,
        ) {
            let part = part(is_sheet, if is_sheet { &rows } else { &texts }, change);
            let long = seen(&part, 1);
            prop_assert_eq!(seen(&part, WINDOW), long.clone());
            prop_assert_eq!(seen(&part, width), long);
        }
    }
}
