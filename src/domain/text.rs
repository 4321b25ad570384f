//! The one folding of width, case, spaces and hyphens that headings, labels and codes are compared after.

use super::ids::Digits;
use hashbrown::HashSet;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// Folds width (NFKC), unites the dash and wave-dash variants that NFKC leaves apart, drops spaces, lower-cases.
///
/// For comparison only: what is shown or stored keeps its original form.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        let letters = text.bytes().filter(|byte| !is_ascii_space(*byte));
        return letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    }
    fold_any(text)
}

/// [`fold`] for text of any kind, ASCII too.
fn fold_any(text: &str) -> String {
    text.nfkc()
        .filter(|c| !c.is_whitespace() && *c != '\u{200b}' && *c != '\u{feff}')
        .map(|c| match c {
            '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => '-',
            '〜' => '~',
            '‖' => '∥',
            other => other,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether a terminal would obey `c` instead of showing it: control characters, and those that turn the direction of text,
/// so that `fdp.csv` could pass for `vsc.pdf` (FAULTS A15, G06).
pub fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The half-width form of a full-width sign, for what must keep all else: `①` in an Order ID or `²` in an amount is no
/// digit (FAULTS N07, N14).
pub fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        '￥' => '¥',
        other => other,
    }
}

/// The ASCII part of [`char::is_whitespace`]: unlike [`u8::is_ascii_whitespace`] with the vertical tab.
const fn is_ascii_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

/// `text` without white space around it, as [`str::trim`] has it.
pub fn trimmed(text: &str) -> &str {
    // Nearly every value begins and ends with ASCII, a kana or a kanji; U+3000 is E3 80 80, and no space is above it.
    match text.as_bytes() {
        [b'!'..=b'~', ..] | [0xE3, 0x81..=0xBF, ..] | [0xE4..=0xEF, ..] => match text.as_bytes() {
            [.., b'!'..=b'~'] | [.., 0xE3, 0x81..=0xBF, _] | [.., 0xE4..=0xEF, _, _] => text,
            _ => text.trim_end(),
        },
        _ => text.trim(),
    }
}

/// What two spellings of one booking code have in common: width, case, spaces and hyphens folded.
pub fn code_key(code: &str) -> String {
    if code.is_ascii() {
        let is_dropped = |c: u8| is_ascii_space(c) || c == b'-';
        let mut key = code.to_ascii_uppercase();
        if key.bytes().any(is_dropped) {
            key.retain(|c| !u8::try_from(c).is_ok_and(is_dropped));
        }
        return key;
    }
    fold(code).replace('-', "").to_uppercase()
}

/// A booking code taken apart: letters in front, then digits (SPEC §5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeParts {
    /// Letters before the digits, upper case, without the `T` of a product code.
    pub prefix: String,
    /// The number, without leading zeros.
    pub digits: Digits,
}

/// Takes `code` apart after folding width and dropping spaces and hyphens: `PREFIX` + optional `T` + digits.
///
/// `None` where it has another form, e.g. no digits, a number above [`u64::MAX`], or a letter behind them. Whether a `T`
/// marks a product code depends on the column it stands in, so it is dropped only for [`CodeKind::Product`] (DOMAIN §5.1).
pub fn code_parts(code: &str, kind: CodeKind) -> Option<CodeParts> {
    if code.is_ascii() {
        let mut prefix = String::new();
        let digits = ascii_digits(code, |letter| prefix.push(letter.to_ascii_uppercase()))?;
        if kind == CodeKind::Product && prefix.ends_with('T') {
            prefix.pop();
        }
        return Some(CodeParts { prefix, digits });
    }
    let mut folded = code_key(code);
    let at = folded.find(|c: char| c.is_ascii_digit())?;
    let (letters, digits) = folded.split_at(at);
    if !letters.chars().all(|c| c.is_ascii_alphabetic()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = Digits(digits.parse().ok()?);
    let prefix = match kind {
        CodeKind::Cart => letters,
        CodeKind::Product => letters.strip_suffix('T').unwrap_or(letters),
    };
    folded.truncate(prefix.len());
    Some(CodeParts { prefix: folded, digits })
}

/// The number of a code of either kind: that of [`code_parts`].
pub fn code_digits(code: &str) -> Option<Digits> {
    if code.is_ascii() { ascii_digits(code, |_| {}) } else { Some(code_parts(code, CodeKind::Cart)?.digits) }
}

/// The number of a code of ASCII characters, and each letter in front of it.
fn ascii_digits(code: &str, mut each: impl FnMut(char)) -> Option<Digits> {
    let mut number: Option<u64> = None;
    for byte in code.as_bytes() {
        match (*byte, number) {
            (digit @ b'0'..=b'9', _) => {
                number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u64::from(digit - b'0'))?);
            }
            (b'-', _) => {}
            (space, _) if is_ascii_space(space) => {}
            (letter @ (b'a'..=b'z' | b'A'..=b'Z'), None) => each(char::from(letter)),
            _ => return None,
        }
    }
    number.map(Digits)
}

/// Which kind of code a column holds; the column decides, not the code's look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeKind {
    /// A cart confirmation code, or column H.
    Cart,
    /// A product confirmation code, with or without its `T`.
    Product,
}

/// Levenshtein distance in characters, with a swap of neighbours as one edit.
pub fn edits(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// Texts that repeat over many rows, kept once.
#[derive(Debug, Default)]
pub struct Texts(HashSet<Arc<str>>);

impl Texts {
    /// The shared form of `text`.
    pub fn share(&mut self, text: &str) -> Arc<str> {
        Arc::clone(self.0.get_or_insert_with(text, |text| Arc::from(text)))
    }

    /// The form of a `text` that hardly repeats, unless it is empty.
    pub fn alone(&mut self, text: &str) -> Arc<str> {
        if text.is_empty() { self.share(text) } else { Arc::from(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn r12_codes_are_compared_by_digits_without_leading_zeros() {
        for (code, kind, prefix, digits) in [
            ("MZ1102481", CodeKind::Cart, "MZ", 1_102_481),
            ("1102481", CodeKind::Cart, "", 1_102_481),
            ("mz-0001102481", CodeKind::Cart, "MZ", 1_102_481),
            ("ＭＺ１１０２４８１", CodeKind::Cart, "MZ", 1_102_481),
            ("GET-106159471", CodeKind::Cart, "GET", 106_159_471),
            ("MZ-T1102481", CodeKind::Product, "MZ", 1_102_481),
            ("REY－T 9091665", CodeKind::Product, "REY", 9_091_665),
        ] {
            let parts = code_parts(code, kind).expect(code);
            assert_eq!((parts.prefix.as_str(), parts.digits), (prefix, Digits(digits)), "{code}");
        }
        for bad in ["", "MZ", "電話予約", "12a", "12 34b", "99999999999999999999", "MZ_1", "１２ａ", "電話12"]
        {
            assert_eq!(code_parts(bad, CodeKind::Cart), None, "{bad}");
            assert_eq!(code_digits(bad), None, "{bad}");
        }
        // Half-width and full-width forms take different ways to the same parts.
        for code in ["mz-T 1102481", "t7", "TT-0\t1", "18446744073709551615", "0000000000000000000000042", "A-", "7-"] {
            let wide = code.replace('T', "Ｔ").replace('7', "７");
            for kind in [CodeKind::Cart, CodeKind::Product] {
                assert_eq!(code_parts(code, kind), code_parts(&wide, kind), "{code}");
            }
            assert_eq!(code_digits(code), code_parts(code, CodeKind::Cart).map(|parts| parts.digits), "{code}");
            assert_eq!(code_digits(&wide), code_digits(code), "{code}");
        }
    }

    proptest! {
        #[test]
        fn the_short_way_for_ascii_folds_as_the_long_way(text in "[\\x00-\\x7f]{0,12}", code in "[-A-Ta-t0-9\\t-\\r ]{0,12}") {
            for text in [text, code] {
                // A sign that nobody sees sends a code the long way.
                let long = format!("{text}\u{200b}");
                prop_assert_eq!(fold(&text), fold_any(&text), "{:?}", text);
                prop_assert_eq!(code_key(&text), code_key(&long), "{:?}", text);
                for kind in [CodeKind::Cart, CodeKind::Product] {
                    prop_assert_eq!(code_parts(&text, kind), code_parts(&long, kind), "{:?}", text);
                }
                prop_assert_eq!(code_digits(&text), code_digits(&long), "{:?}", text);
            }
        }
    }

    #[test]
    fn every_ascii_space_is_no_difference() {
        let spaces: Vec<char> = ('\0'..='\x7f').filter(|c| c.is_whitespace()).collect();
        assert_eq!(spaces, ['\t', '\n', '\u{b}', '\u{c}', '\r', ' ']);
        for space in spaces {
            assert_eq!(fold(&format!("Order{space}ID")), fold("orderid"), "{space:?}");
            assert_eq!(code_key(&format!("mz{space}7")), "MZ7", "{space:?}");
            assert_eq!(code_digits(&format!("mz{space}7{space}")), Some(Digits(7)), "{space:?}");
        }
    }

    #[test]
    fn the_short_way_trims_as_the_long_way() {
        for c in
            ('\0'..=char::MAX).filter(|c| c.is_whitespace() || *c < '\u{100}').chain("～ァ表\u{200b}\u{feff}𠮷".chars())
        {
            for text in [format!("{c}"), format!("{c}a{c}"), format!("表{c}"), format!("{c}表"), format!(" {c} ")] {
                assert_eq!(trimmed(&text), text.trim(), "{text:?}");
            }
        }
    }

    #[test]
    fn d07_wave_dash_and_minus_variants_fold_together() {
        assert_eq!(fold("オーダーＩＤ"), fold("オーダーid"));
        assert_eq!(fold("１０〜１２"), fold("10～12"));
        assert_eq!(fold("A−B"), fold("a－b"));
        assert_eq!(fold("A‖B"), fold("a∥b"));
    }

    #[test]
    fn d07_signs_that_nobody_sees_are_no_difference() {
        assert_eq!(fold("\u{feff}オーダー\u{200b} ＩＤ\u{3000}"), "オーダーid");
        assert_eq!(fold(" Order\tID "), "orderid");
    }

    #[test]
    fn p04_edits_are_insertions_deletions_replacements_and_swaps_of_neighbours() {
        for (a, b, count) in [
            ("", "", 0),
            ("", "abc", 3),
            ("利用金額", "利用金額", 0),
            ("利用金額", "利用額", 1),
            ("利用金額", "ご利用金額", 1),
            ("オーダーID", "オーターID", 1),
            ("処理日時", "処日理時", 1),
            ("ab", "ba", 1),
            ("badc", "abcd", 2),
            ("xab", "bax", 2),
            ("kitten", "sitting", 3),
            ("saturday", "sunday", 3),
            ("abcd", "dcba", 3),
            ("ca", "abc", 3),
            ("aab", "baa", 2),
        ] {
            assert_eq!((edits(a, b), edits(b, a)), (count, count), "{a} {b}");
        }
    }

    #[test]
    fn texts_that_repeat_are_kept_once_and_those_that_stand_alone_are_not() {
        let mut texts = Texts::default();
        let (one, again) = (texts.share("取消"), texts.share("取消"));
        assert!(Arc::ptr_eq(&one, &again) && &*one == "取消");
        let alone = texts.alone("BK1");
        assert!(&*alone == "BK1" && !Arc::ptr_eq(&alone, &texts.alone("BK1")));
        assert!(Arc::ptr_eq(&texts.alone(""), &texts.alone("")));
    }
}
