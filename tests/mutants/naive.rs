//! A second reading of exports, as plain as can be, that shares nothing with the product: the judge of the mutants.

use encoding_rs::SHIFT_JIS;
use unicode_normalization::UnicodeNormalization;

/// A row with the line it begins on.
pub(crate) type Line = (u32, Vec<String>);

/// Decodes as a person would who knows how the file was made.
pub(crate) fn decode(bytes: &[u8]) -> Option<String> {
    let units = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let all: Vec<u16> = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        rest.len().is_multiple_of(2).then(|| String::from_utf16(&all).ok()).flatten()
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => units(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => match String::from_utf8(bytes.to_vec()) {
            Ok(text) => Some(text),
            Err(_) => {
                SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes).map(|text| text.into_owned())
            }
        },
    }
}

/// RFC 4180, character by character; `None` where quotes do not stand as it says or the last line has no end.
pub(crate) fn csv(text: &str, delimiter: char) -> Option<Vec<Line>> {
    let text = text.strip_suffix('\u{1a}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begun) = (1, 1);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '"' {
            if !field.is_empty() {
                return None;
            }
            loop {
                match chars.next()? {
                    '"' if chars.peek() == Some(&'"') => field.extend(chars.next()),
                    '"' => break,
                    other => {
                        line += u32::from(other == '\n');
                        field.push(other);
                    }
                }
            }
            if !chars.peek().is_some_and(|next| *next == delimiter || *next == '\n') {
                return None;
            }
        } else if c == delimiter {
            row.push(std::mem::take(&mut field));
        } else if c == '\n' {
            row.push(std::mem::take(&mut field));
            rows.push((begun, std::mem::take(&mut row)));
            line += 1;
            begun = line;
        } else {
            field.push(c);
        }
    }
    (row.is_empty() && field.is_empty()).then_some(rows)
}

/// Folded to half width and trimmed.
pub(crate) fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").nfkc().collect::<String>().trim().to_owned()
}

fn heading(text: &str) -> String {
    plain(text).trim_start_matches('\u{feff}').replace(char::is_whitespace, "").to_lowercase()
}

/// Rows below the heading as text, one column for each of `wanted`; `None` without a heading or of uneven width.
pub(crate) fn table(rows: &[Line], wanted: &[&str], even: bool) -> Option<Vec<Line>> {
    let columns = |row: &[String]| -> Vec<Option<usize>> {
        wanted.iter().map(|name| row.iter().position(|cell| heading(cell) == heading(name))).collect()
    };
    let at = rows.iter().position(|(_, row)| columns(row).iter().flatten().count() * 4 >= wanted.len() * 3)?;
    let (_, head) = rows.get(at)?;
    let columns = columns(head);
    let body = rows.get(at + 1..)?.iter().filter(|(_, row)| row.iter().any(|cell| !cell.trim().is_empty()));
    body.map(|(line, row)| {
        let cell = |column: &Option<usize>| column.and_then(|at| row.get(at)).cloned().unwrap_or_default();
        (!even || row.len() == head.len()).then(|| (*line, columns.iter().map(cell).collect()))
    })
    .collect()
}

/// Whole yen out of digits with separators; `None` for anything else.
pub(crate) fn yen(text: &str) -> Option<i64> {
    let text = plain(text);
    let text = text.trim_start_matches(['¥', '\\']).trim_end_matches('円').trim();
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.replace(',', "");
    (decimals.bytes().all(|byte| byte == b'0')).then(|| digits.parse().ok())?
}

/// The digits of a moment in the order year, month, day, hour, minute, second.
pub(crate) fn moment(text: &str) -> Option<String> {
    let text = plain(text);
    let parts: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).collect();
    let mut numbers: Vec<u32> = match parts.as_slice() {
        [day] if day.len() == 8 || day.len() == 14 => {
            let cut = [0..4, 4..6, 6..8, 8..10, 10..12, 12..14];
            cut.into_iter().filter_map(|range| day.get(range)?.parse().ok()).collect()
        }
        parts => parts.iter().map(|part| part.parse().ok()).collect::<Option<_>>()?,
    };
    if numbers.len() < 3 || numbers.len() > 6 {
        return None;
    }
    if numbers[2] > 31 {
        numbers.swap(0, 2);
    }
    numbers.resize(6, 0);
    let [y, m, d, h, n, s] = numbers[..] else { return None };
    Some(format!("{y:04}-{m:02}-{d:02} {h:02}:{n:02}:{s:02}"))
}

/// The cells of a sheet by a hand-made walk over tags; `None` where tags do not nest.
pub(crate) fn sheet(xml: &str, strings: &[String]) -> Option<Vec<Line>> {
    let (mut open, mut rows): (Vec<&str>, Vec<Line>) = (Vec::new(), Vec::new());
    let (mut at, mut kind, mut value) = ((0, 0), String::new(), String::new());
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        let text = rest.get(..start)?;
        if matches!(open.last(), Some(&("v" | "t"))) {
            value.push_str(&unescape(text)?);
        }
        let end = start + rest.get(start..)?.find('>')?;
        let tag = rest.get(start + 1..end)?;
        rest = rest.get(end + 1..)?;
        if tag.starts_with(['?', '!']) {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop()? != name.trim() {
                return None;
            }
            if name.trim() == "c" && !value.trim().is_empty() {
                let (line, column): (u32, usize) = at;
                if rows.last().is_none_or(|(last, _)| *last != line) {
                    rows.push((line, Vec::new()));
                }
                let (_, cells) = rows.last_mut()?;
                cells.resize(cells.len().max(column + 1), String::new());
                *cells.get_mut(column)? = match kind.as_str() {
                    "s" => strings.get(value.trim().parse::<usize>().ok()?)?.clone(),
                    "n" => value.trim().parse::<f64>().ok()?.to_string(),
                    _ => value.clone(),
                };
            }
            continue;
        }
        let name = tag.split(|c: char| c.is_whitespace() || c == '/').next()?;
        if name == "c" {
            value.clear();
            let attribute = |key: &str| {
                let mut parts = tag.split('"');
                loop {
                    let name = parts.next()?.trim().strip_suffix('=')?.trim();
                    let value = parts.next()?;
                    if name.split_whitespace().next_back() == Some(key) {
                        return Some(value);
                    }
                }
            };
            let address = attribute("r")?;
            let letters = address.trim_end_matches(|c: char| c.is_ascii_digit());
            let column = letters.bytes().try_fold(0_usize, |sum, byte| {
                byte.is_ascii_uppercase().then(|| sum * 26 + usize::from(byte - b'A') + 1)
            })?;
            at = (address.get(letters.len()..)?.parse().ok()?, column.checked_sub(1)?);
            kind = attribute("t").unwrap_or("n").to_owned();
        }
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    open.is_empty().then_some(rows)
}

/// The texts of a table of shared strings.
pub(crate) fn strings(xml: &str) -> Option<Vec<String>> {
    let items = xml.split("<si>").skip(1).map(|item| {
        let item = item.split("</si>").next()?;
        let texts = item.split("<t").skip(1).map(|text| {
            let (_, text) = text.split_once('>')?;
            unescape(text.split("</t>").next()?)
        });
        texts.collect::<Option<String>>()
    });
    items.collect()
}

fn unescape(text: &str) -> Option<String> {
    let mut parts = text.split('&');
    let mut out = parts.next()?.to_owned();
    for part in parts {
        let (name, rest) = part.split_once(';')?;
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let number = name.strip_prefix('#')?;
                let code = number.strip_prefix('x').map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16));
                char::from_u32(code.ok()?)?
            }
        });
        out.push_str(rest);
    }
    Some(out)
}
