//! What the rows and cells of a sheet may state, and rows in the plain form that programs write, looked through at once.
//! Must not know what cells mean.
//!
//! Plain is `<row …>` with `<c …>` that hold one `<v>` or one `<is><t>`, nothing between the tags, attributes one space
//! apart. Whatever else there is takes the long way through `part`, which tells what is wrong with it.

use std::borrow::Cow;

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
/// So many attributes has a plain tag at most.
const PLAIN_ATTRIBUTES: usize = 16;

/// What a row's tag states.
#[derive(Default)]
pub(super) struct RowTag {
    number: Option<u32>,
    /// Whether the row is hidden.
    pub(super) is_hidden: bool,
}

impl RowTag {
    /// Takes an attribute without a prefix.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "hidden" => self.is_hidden = matches!(value, "1" | "true"),
            "r" => self.number = Some(place(value).ok_or_else(|| format!("row \"{value}\""))?.0),
            key if ROW.contains(&key) => {}
            other => return Err(format!("a row with \"{other}\"")),
        }
        Ok(())
    }
}

/// What a cell's tag states.
#[derive(Default)]
pub(super) struct CellTag {
    /// Empty stands for a number.
    kind: &'static str,
}

impl CellTag {
    /// Takes an attribute without a prefix, of a cell in `row`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn take(&mut self, row: &RowTag, key: &str, value: &str) -> Result<(), String> {
        match key {
            "r" if place(value)
                .is_none_or(|(at, column)| at == 0 || column == 0 || row.number.is_some_and(|number| number != at)) =>
            {
                Err(format!("cell \"{value}\" in row {}", row.number.unwrap_or_default()))
            }
            "t" => {
                let kind = CELL_TYPES.iter().find(|kind| **kind == value);
                self.kind = kind.ok_or_else(|| format!("a cell of kind \"{value}\""))?;
                Ok(())
            }
            "s" if value.parse::<u32>().is_err() => Err(format!("a cell of style \"{value}\"")),
            key if CELL.contains(&key) => Ok(()),
            other => Err(format!("a cell with \"{other}\"")),
        }
    }

    /// Whether its value is the text itself.
    pub(super) fn is_text(&self) -> bool {
        self.kind == "str"
    }

    /// Whether the cell may have `value`. The reader takes what is no number, were it for a space in front, for a text that
    /// could pass for an identifier.
    ///
    /// # Errors
    /// If it may not.
    pub(super) fn check(&self, value: &str) -> Result<(), String> {
        let sound = match self.kind {
            "" | "n" => value.is_empty() || value.parse::<f64>().is_ok_and(f64::is_finite),
            "s" => value.parse::<u32>().is_ok(),
            "b" => matches!(value, "0" | "1" | "true" | "false"),
            _ => true,
        };
        if sound { Ok(()) } else { Err(format!("a cell with the value \"{value}\"")) }
    }
}

/// Row and column of an address such as `C12` or `$C$12`, from 1, 0 where only the other stands there; `None` beyond a
/// sheet (P17). The workbook reader multiplies letters without a look at how many there are.
pub(super) fn place(address: &str) -> Option<(u32, u32)> {
    let address = if address.contains('$') { Cow::Owned(address.replace('$', "")) } else { Cow::Borrowed(address) };
    let letters = address.bytes().take_while(u8::is_ascii_uppercase).count();
    let (letters, digits) = address.split_at_checked(letters)?;
    if address.is_empty() || letters.len() > 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let column = letters.bytes().fold(0, |sum, letter| sum * 26 + u32::from(letter - b'A') + 1);
    let row = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    (row <= 1_048_576 && column <= 16_384).then_some((row, column))
}

/// How many of the rows in `text` are hidden, if it is nothing but plain rows.
pub(super) fn plain_rows(text: &str) -> Option<u64> {
    let (mut plain, mut hidden) = (Plain { rest: text }, 0);
    while !plain.rest.is_empty() {
        hidden += u64::from(plain.row()?.is_hidden);
    }
    Some(hidden)
}

/// How many shared texts there are in `text`, if it is nothing but plain ones.
pub(super) fn plain_texts(text: &str) -> Option<u32> {
    let (mut plain, mut texts) = (Plain { rest: text }, 0);
    while !plain.rest.is_empty() {
        plain.expect("<si>")?;
        plain.run()?;
        plain.expect("</si>")?;
        texts += 1;
    }
    Some(texts)
}

/// Plain XML on its way; `None` and `false` stand for whatever is not plain.
struct Plain<'t> {
    rest: &'t str,
}

impl<'t> Plain<'t> {
    fn skip(&mut self, what: &str) -> bool {
        let rest = self.rest.strip_prefix(what);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, what: &str) -> Option<()> {
        self.skip(what).then_some(())
    }

    fn row(&mut self) -> Option<RowTag> {
        let mut row = RowTag::default();
        self.expect("<row")?;
        let is_open = self.tag(|key, value| row.take(key, value))?;
        while is_open && !self.skip("</row>") {
            self.cell(&row)?;
        }
        Some(row)
    }

    fn cell(&mut self, row: &RowTag) -> Option<()> {
        let mut cell = CellTag::default();
        self.expect("<c")?;
        if !self.tag(|key, value| cell.take(row, key, value))? {
            return Some(());
        }
        if self.skip("<v>") {
            let value = self.text()?;
            (cell.check(value).is_ok() && !value.contains('&')).then_some(())?;
            self.expect("</v>")?;
        } else if self.skip("<is>") {
            self.run()?;
            self.expect("</is>")?;
        }
        self.expect("</c>")
    }

    /// A run of text, `<t>`.
    fn run(&mut self) -> Option<()> {
        if !self.skip("<t>") {
            self.expect("<t xml:space=\"preserve\">")?;
        }
        has_known_entities(self.text()?).then_some(())?;
        self.expect("</t>")
    }

    /// The text up to the next tag.
    fn text(&mut self) -> Option<&'t str> {
        let (text, rest) = self.rest.split_at_checked(memchr::memchr(b'<', self.rest.as_bytes())?)?;
        self.rest = rest;
        Some(text)
    }

    /// What comes before the first byte that `is_end`: the names and values of attributes are short.
    fn part(&mut self, is_end: impl Fn(u8) -> bool) -> Option<&'t str> {
        let (part, rest) = self.rest.split_at_checked(self.rest.bytes().position(is_end)?)?;
        self.rest = rest;
        Some(part)
    }

    /// The attributes of a tag up to its end, those without a prefix handed over; whether it is one that is closed later.
    fn tag(&mut self, mut take: impl FnMut(&str, &str) -> Result<(), String>) -> Option<bool> {
        let mut seen = [""; PLAIN_ATTRIBUTES];
        for count in 0..=PLAIN_ATTRIBUTES {
            if self.skip(">") {
                return Some(true);
            }
            if self.skip("/>") {
                return Some(false);
            }
            self.expect(" ")?;
            let key = self.part(|byte| !byte.is_ascii_alphanumeric() && byte != b':')?;
            self.expect("=\"")?;
            let value = self.part(|byte| matches!(byte, b'"' | b'<' | b'&'))?;
            self.expect("\"")?;
            if seen.get(..count)?.contains(&key) {
                return None;
            }
            *seen.get_mut(count)? = key;
            if !key.contains(':') {
                take(key, value).ok()?;
            }
        }
        None
    }
}

/// Whether `text` names no entity but the five that every document has.
fn has_known_entities(text: &str) -> bool {
    let known = ["amp;", "lt;", "gt;", "quot;", "apos;"];
    text.split('&').skip(1).all(|behind| known.iter().any(|entity| behind.starts_with(entity)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Excel, XlsxWriter and openpyxl write them: nearly all rows of nearly all workbooks.
    #[test]
    fn p12_rows_as_programs_write_them_are_plain() {
        let rows = [
            "<row r=\"1\" spans=\"1:3\" x14ac:dyDescent=\"0.4\"><c r=\"A1\" s=\"1\" t=\"s\"><v>0</v></c><c r=\"C1\" s=\"2\"/></row>",
            "<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>a &amp; b</t></is></c><c r=\"B2\"><v>46327.41666666666</v></c></row>",
            "<row r=\"3\" ht=\"15\" customHeight=\"1\" hidden=\"1\"/>",
            "<row r=\"4\"><c r=\"A4\" t=\"n\"><v>1</v></c><c r=\"B4\" t=\"b\"><v>1</v></c></row>",
        ];
        assert_eq!(plain_rows(&rows.concat()), Some(1));
        assert_eq!(plain_texts("<si><t>東京</t></si><si><t xml:space=\"preserve\"> a</t></si>"), Some(2));
    }

    #[test]
    fn p12_what_is_not_plain_is_left_alone() {
        for text in [
            "<row r=\"1\"><c r=\"A1\"><v>1</v></c>",
            "<row r=\"1\"><c r=\"A2\"><v>1</v></c></row>",
            "<row r=\"1\" r=\"1\"></row>",
            "<row r=\"1\"><c r=\"A1\"><v>x</v></c></row>",
            "<row r=\"1\"><c r=\"A1\" t=\"str\"><v>&nbsp;</v></c></row>",
            "<row r=\"1\"><c r=\"A1\"><f>1</f><v>1</v></c></row>",
            "<row  r=\"1\"></row>",
        ] {
            assert_eq!(plain_rows(text), None, "{text}");
        }
    }
}
