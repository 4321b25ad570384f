//! Good files of several kinds, and dice that damage them the same way every time.

use super::naive;
use rust_xlsxwriter::Workbook;

pub(crate) const SHOP: &str = "9200000000123";
/// Columns of 取引集計 that are judged.
pub(crate) const PAYMENTS: &[&str] =
    &["ショップID", "オーダーID", "取引状態", "処理日時", "利用金額", "加盟店自由項目1", "税送料"];
/// Columns of a bookings file that are judged.
pub(crate) const BOOKINGS: &[&str] = &[
    "Cart confirmation code",
    "Product confirmation code",
    "Status",
    "Creation date",
    "Total price with discount",
    "Customer",
    "Sale currency",
];

/// A good file.
pub(crate) struct Base {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) headings: &'static [&'static str],
    delimiter: char,
}

impl Base {
    pub(crate) fn is_workbook(&self) -> bool {
        self.bytes.starts_with(b"PK")
    }

    /// Whether every character takes two bytes.
    pub(crate) fn wide(&self) -> bool {
        self.bytes.starts_with(&[0xFF, 0xFE])
    }

    /// The naive reading of `mutant` as a text file.
    pub(crate) fn read(&self, mutant: &[u8]) -> Option<Vec<naive::Line>> {
        naive::csv(&naive::decode(mutant)?, self.delimiter)
    }
}

fn payments() -> String {
    let mut text =
        "ショップID,オーダーID,取引状態,処理日時,利用金額,税送料,決済方法,加盟店自由項目1,備考\r\n".to_owned();
    for n in 0..7 {
        let amount = if n % 2 == 0 { format!("\"{},{:03}\"", n + 1, n * 37) } else { format!("{}", 8_000 + n) };
        let method = if n == 3 { "\"一括, 表 \"\"ソ\"\"\"" } else { "クレジットカード" };
        text.push_str(&format!(
            "{SHOP},BKN-{n:03},即時売上,2026/11/{:02} 09:{n:02}:07,{amount},{},{method},11024{n:02},能\r\n",
            n + 1,
            n * 10
        ));
    }
    text
}

fn bookings() -> String {
    let mut text = "Creation date,Cart confirmation code,Product confirmation code,Status,Payment status,Customer,\
                    Total price with discount,Sale currency,Start date,Notes\n"
        .to_owned();
    for n in 0..7 {
        let notes = match n % 3 {
            0 => format!("\"said \"\"{n}\"\", then\nwent\""),
            1 => "\"a, b\"".to_owned(),
            _ => String::new(),
        };
        text.push_str(&format!(
            "0{}.11.2026 08:59,MZ11024{n:02},REY-T90{n:02},CONFIRMED,PAID_IN_FULL,\"Last, {n}\",{}.0,JPY,,{notes}\n",
            n + 1,
            1_200 + n
        ));
    }
    text
}

/// A workbook of the same cells, amounts and shop as numbers.
fn workbook(text: &str) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let rows = naive::csv(text, ',').expect("a good table");
    for (row, (_, cells)) in (0..).zip(&rows) {
        for (column, cell) in (0..).zip(cells) {
            match cell.replace(',', "").parse::<f64>() {
                Ok(number) => sheet.write_number(row, column, number).expect("writes"),
                Err(_) => sheet.write_string(row, column, cell).expect("writes"),
            };
        }
    }
    book.save_to_buffer().expect("saves")
}

/// All good files.
pub(crate) fn bases() -> Vec<Base> {
    let (payments, bookings) = (payments(), bookings());
    let cp932 = encoding_rs::SHIFT_JIS.encode(&payments).0.into_owned();
    let tabbed: String = naive::csv(&payments, ',')
        .expect("a good table")
        .iter()
        .map(|(_, row)| format!("{}\r\n", row.join("\t").replace('"', "")))
        .collect();
    let utf16 = [0xFF, 0xFE].into_iter().chain(tabbed.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let base = |name, bytes, headings, delimiter| Base { name, bytes, headings, delimiter };
    vec![
        base("payments CP932", cp932, PAYMENTS, ','),
        base("payments UTF-8", format!("\u{feff}{payments}").into_bytes(), PAYMENTS, ','),
        base("payments UTF-16", utf16, PAYMENTS, '\t'),
        base("bookings with notes", bookings.clone().into_bytes(), BOOKINGS, ','),
        base("payments workbook", workbook(&payments), PAYMENTS, ','),
        base("bookings workbook", workbook(&bookings), BOOKINGS, ','),
    ]
}

/// The same throws every time, so that a failure comes again.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: &str) -> Self {
        Self(seed.bytes().fold(0x9E37_79B9_7F4A_7C15, |sum, byte| sum.rotate_left(7) ^ u64::from(byte)))
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).expect("small")).expect("small")
    }

    /// `bytes` with one damage, and which.
    pub(crate) fn damage(&mut self, bytes: &[u8], wide: bool) -> (Vec<u8>, String) {
        const LIKELY: &[u8] = b"\"\",,\t;\r\n\n09.- '<>/=&\x1A\x80\xFF\x00AZ";
        let mut out = bytes.to_vec();
        let at = self.below(bytes.len());
        // A separator where it means something: lines, columns, tags.
        let places: Vec<usize> =
            (0..bytes.len()).filter(|at| matches!(bytes[*at], b'\n' | b',' | b'\t' | b'<' | b'"' | b' ')).collect();
        let place = places[self.below(places.len())];
        let next = places.iter().copied().find(|other| *other > place).unwrap_or(bytes.len());
        let (likely, any) = (LIKELY[self.below(LIKELY.len())], u8::try_from(self.below(256)).expect("a byte"));
        let kind = self.below(12);
        match kind {
            0 => out.insert(at, likely),
            1 => out.insert(place, likely),
            2 => out.insert(at, any),
            3 => drop(out.remove(at)),
            4 => drop(out.remove(place)),
            5 => out.truncate(at),
            6 => out[at] ^= 1 << self.below(8),
            7 => out[at] = likely,
            8 => drop(out.drain(place..next)),
            9 => {
                let piece = bytes[place..next].to_vec();
                out.splice(place..place, piece);
            }
            10 => drop(out.drain(at..(at + 1 + self.below(40)).min(bytes.len()))),
            _ if wide => drop(out.splice(at..at, [likely, 0])),
            _ => out[at] = any,
        }
        let near = |at: usize| {
            let shown = out.get(at.saturating_sub(20)..(at + 20).min(out.len())).unwrap_or_default();
            String::from_utf8_lossy(shown).into_owned()
        };
        let what = format!("damage {kind} at {at} {:?} or {place} {:?}", near(at), near(place));
        (out, what)
    }
}
