//! One cell → one value: dates, yen, identifiers, each by a strict grammar. Must not know columns, rows or layouts.

use crate::domain::money::Yen;
use crate::domain::text::{half_width, trimmed};
use std::borrow::Cow;

/// Trimmed and, where it is not plain ASCII, folded to half width.
pub(super) fn narrow(text: &str) -> Cow<'_, str> {
    let text = trimmed(text);
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(half_width).collect::<String>().trim().to_owned())
}

/// Digits, perhaps grouped by three, perhaps with decimals.
struct Number<'a> {
    whole: &'a str,
    decimals: &'a str,
}

impl<'a> Number<'a> {
    fn read(text: &'a str) -> Option<Self> {
        // Nearly all numbers.
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self { whole: text, decimals: "" });
        }
        let (whole, decimals) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (text, ""),
        };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let mut groups = whole.split(',');
        let first = groups.next()?;
        let grouped = whole.contains(',');
        let sound = !first.is_empty()
            && digits(first)
            && digits(decimals)
            && (!grouped || first.len() <= 3)
            && groups.all(|group| group.len() == 3 && digits(group));
        sound.then_some(Self { whole, decimals })
    }

    /// Whether the point may as well set thousands apart, as in `12.000`, which much of Europe reads as twelve thousand.
    fn may_be_thousands(&self) -> bool {
        self.decimals == "000" && (1..=3).contains(&self.whole.len()) && !self.whole.starts_with('0')
    }

    fn yen(&self, limit: i64) -> Option<Yen> {
        if self.decimals.bytes().any(|byte| byte != b'0') || self.may_be_thousands() {
            return None;
        }
        let digits = self.whole.bytes().filter(|byte| *byte != b',').map(|byte| i64::from(byte - b'0'));
        let yen = digits.fold(0_i64, |yen, digit| yen.saturating_mul(10).saturating_add(digit));
        (yen <= limit).then_some(Yen::new(yen))
    }
}

/// Takes off one yen sign in front and 円 behind.
fn without_sign(text: &str) -> &str {
    let text = text.strip_prefix(['¥', '\\']).unwrap_or(text).trim_start();
    text.strip_suffix('円').unwrap_or(text).trim_end()
}

/// Whole yen without a sign, at most `limit` (SPEC §4.1).
pub(super) fn yen(text: &str, limit: Yen) -> Option<Yen> {
    Number::read(without_sign(&narrow(text)))?.yen(limit.get())
}

/// Whole yen with an optional minus in front (DOMAIN §5.3).
pub(super) fn signed_yen(text: &str, limit: Yen) -> Option<Yen> {
    let narrow = narrow(text);
    match narrow.strip_prefix(['-', '−']) {
        Some(rest) => yen(rest, limit).map(|yen| -yen),
        None => yen(&narrow, limit),
    }
}

/// Whether `text` is a plain decimal number, as foreign prices must be.
pub(super) fn is_decimal(text: &str) -> bool {
    let narrow = narrow(text);
    Number::read(narrow.strip_prefix('-').unwrap_or(&narrow)).is_some()
}

/// Whether an identifier was turned into a number in scientific form or into a date by a spreadsheet (N01, N02).
pub(super) fn is_damaged(text: &str) -> bool {
    is_scientific(text) || is_date_like(text)
}

/// `digit[.digits]E±digits` with a dot or a sign; `12E5` is a legal Order ID.
fn is_scientific(text: &str) -> bool {
    // Nearly every identifier ends here.
    if !matches!(text.as_bytes(), [b'0'..=b'9', b'.' | b'E' | b'e', ..]) {
        return false;
    }
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, decimals) = match mantissa.split_once('.') {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (mantissa, None),
    };
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let marked = decimals.is_some() || unsigned.len() < exponent.len();
    marked
        && whole.len() == 1
        && digits(whole)
        && decimals.is_none_or(digits)
        && digits(unsigned)
        && unsigned.len() <= 3
}

/// `1月2日`, `2026年1月`, `Jan-02`, `2-Jan`.
fn is_date_like(text: &str) -> bool {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let digits = |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !text.is_ascii() && text.contains(['月', '日']) {
        let mut parts = text.split_inclusive(['年', '月', '日']);
        return parts.all(|part| part.strip_suffix(['年', '月', '日']).is_some_and(digits));
    }
    // No part is longer than four bytes; nearly every identifier ends here.
    if !text.bytes().take(5).any(|byte| byte == b'-') {
        return false;
    }
    let month = |part: &str| MONTHS.iter().any(|month| part.eq_ignore_ascii_case(month));
    let mut parts = text.split('-');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(one), Some(two), None, None) => (digits(one) && month(two)) || (digits(two) && month(one)),
        (Some(one), Some(two), Some(three), None) => digits(one) && month(two) && digits(three),
        _ => false,
    }
}

/// Whether `text` could be a full card number: 13 to 19 digits, first digit 2 to 6, Luhn.
pub(super) fn is_card_number(text: &[u8]) -> bool {
    // Nearly every value ends here.
    if text.len() < 13 || !matches!(text.first(), Some(b'2'..=b'6')) {
        return false;
    }
    let (mut digits, mut sum) = (0_u32, 0_u32);
    for byte in text.iter().rev() {
        match byte {
            b'0'..=b'9' if digits < 19 => {
                let digit = u32::from(byte - b'0') * if digits % 2 == 1 { 2 } else { 1 };
                sum += if digit > 9 { digit - 9 } else { digit };
                digits += 1;
            }
            b' ' | b'-' => {}
            _ => return false,
        }
    }
    digits >= 13 && sum.is_multiple_of(10)
}

/// How many digits a long number has lost, if it lost all behind the fifteenth, as Excel keeps no more (N04); 0 if it did
/// not, and nothing of what is no long number.
pub(super) fn rounded_digits(text: &str) -> Option<u64> {
    let (_, behind) = text.as_bytes().split_at_checked(15).filter(|(_, behind)| !behind.is_empty())?;
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let lost = if behind.iter().all(|byte| *byte == b'0') { behind.len() } else { 0 };
    is_number.then(|| u64::try_from(lost).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn n07_n08_n09_n10_amounts_are_unsigned_whole_yen() {
        let limit = Yen::ROW_LIMIT;
        for (text, wanted) in [
            ("1234", 1_234),
            (" １，２３４円 ", 1_234),
            ("¥1,234", 1_234),
            ("￥1,234", 1_234),
            ("\\1,234", 1_234),
            ("1234.00", 1_234),
            ("12.0", 12),
            ("12.0000", 12),
            ("1234.000", 1_234),
            ("1,234.000", 1_234),
            ("0.000", 0),
            ("0", 0),
            ("0001234", 1_234),
            ("9999999999", 9_999_999_999),
        ] {
            assert_eq!(yen(text, limit), Some(Yen::new(wanted)), "{text}");
        }
        for text in [
            "",
            "-",
            "NULL",
            "-1",
            "−1",
            "△1",
            "▲1",
            "(1,234)",
            "1,23",
            "12,34",
            "1234,567",
            ",123",
            "1.5",
            "12.000",
            "1.000",
            "¥123.000円",
            "１２．０００",
            "1.",
            ".5",
            "1.1E+06",
            "1E5",
            "10000000000",
            "12345678901234567890",
            "1 234",
            "+5",
            "¥",
            "¥¥1",
            "1円円",
            "1,234,",
            "0x10",
            "1000②",
            "10²",
            "１０⁰",
            "㍘",
        ] {
            assert_eq!(yen(text, limit), None, "{text}");
        }
        assert_eq!(signed_yen("-1,234", limit), Some(Yen::new(-1_234)));
        assert_eq!(signed_yen("--1", limit), None);
    }

    #[test]
    fn n01_n02_damage_by_a_spreadsheet_is_seen() {
        for text in
            ["9.2E+12", "1.10248E+06", "9E+12", "1.5E5", "1e-3", "1月2日", "2026年1月", "Jan-02", "2-jan", "2-Jan-26"]
        {
            assert!(is_damaged(text), "{text}");
        }
        for text in [
            "12E5",
            "1E5",
            "92E+12",
            "A1.5E+3",
            "1102481",
            "",
            "MZ1102481",
            "May-be",
            "X-May",
            "12-34",
            "1E+",
            "1.5E",
            "1.xE+3",
            "2026年",
            "11月分の予約",
            "2026-01-02",
            "月",
            "日",
        ] {
            assert!(!is_damaged(text), "{text}");
        }
    }

    #[test]
    fn n17_card_numbers_are_told_from_other_numbers() {
        for text in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "5555-5555-5555-4444",
            "3566002020360505",
            "6011000990139424",
            "4222222222222",
            "4111111111111111110",
        ] {
            assert!(is_card_number(text.as_bytes()), "{text}");
        }
        for text in [
            "4111111111111112",
            "9200000000122",
            "1100000000000007",
            "************1111",
            "411111111117",
            "1102481",
            "4111111111111111x",
            "41111111111111111115",
        ] {
            assert!(!is_card_number(text.as_bytes()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn n07_n09_amounts_read_back(amount in 0_i64..=9_999_999_999, zeros in 0_usize..3) {
            let plain = if zeros == 0 { amount.to_string() } else { format!("{amount}.{}", "0".repeat(zeros)) };
            prop_assert_eq!(yen(&plain, Yen::ROW_LIMIT), Some(Yen::new(amount)));
            prop_assert_eq!(yen(&format!("¥{}", Yen::new(amount)), Yen::ROW_LIMIT), Some(Yen::new(amount)));
            prop_assert_eq!(yen(&format!("{amount}.5"), Yen::ROW_LIMIT), None);
        }

        #[test]
        fn grammars_never_panic(text in "\\PC{0,24}") {
            let _ = (yen(&text, Yen::ROW_LIMIT), signed_yen(&text, Yen::ROW_LIMIT), is_decimal(&text), is_damaged(&text), is_card_number(text.as_bytes()));
            let _ = crate::normalise::dates::DateForm::parse(&text);
        }
    }
}
