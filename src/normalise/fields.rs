//! One cell → one value: dates, yen, identifiers, each by a strict grammar. Must not know columns, rows or layouts.

use crate::domain::dates::{Day, Moment};
use crate::domain::money::Yen;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// Trimmed and, where it is not plain ASCII, folded to half width.
pub(super) fn narrow(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfkc().collect::<String>().trim().to_owned())
}

/// The zone a date is written in: minutes east of UTC; `None` where nothing is said, which means JST.
pub(super) type Zone = Option<i16>;

/// One accepted form of a date, compiled from a pattern such as `yyyy/M/d H:mm`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DateForm {
    pattern: String,
    tokens: Vec<Token>,
    /// Whether it ends in `24:00`, the start of the next day (N15).
    ends_day: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// Digits of a part: which part, fewest, most.
    Digits(Part, usize, usize),
    Literal(u8),
    /// `Z`, `+09:00` or `+0900`.
    Zone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

impl DateForm {
    /// Compiles `pattern`; the error says what is wrong with it.
    pub(super) fn parse(pattern: &str) -> Result<Self, String> {
        const WORDS: [(&str, Part, usize, usize); 9] = [
            ("yyyy", Part::Year, 4, 4),
            ("MM", Part::Month, 2, 2),
            ("M", Part::Month, 1, 2),
            ("dd", Part::Day, 2, 2),
            ("d", Part::Day, 1, 2),
            ("HH", Part::Hour, 2, 2),
            ("H", Part::Hour, 1, 2),
            ("mm", Part::Minute, 2, 2),
            ("ss", Part::Second, 2, 2),
        ];
        let mut tokens = Vec::new();
        let mut rest = pattern;
        let mut ends_day = false;
        while let Some(first) = rest.chars().next() {
            if matches!(rest, "24:00:00" | "24:00") {
                tokens.extend(rest.bytes().map(Token::Literal));
                ends_day = true;
                break;
            } else if rest == "XXX" {
                tokens.push(Token::Zone);
                break;
            } else if let Some((word, part, fewest, most)) = WORDS.into_iter().find(|(word, ..)| rest.starts_with(word))
            {
                tokens.push(Token::Digits(part, fewest, most));
                rest = rest.get(word.len()..).unwrap_or_default();
            } else if matches!(first, '/' | '-' | '.' | ':' | ' ' | 'T') {
                tokens.push(Token::Literal(first as u8));
                rest = rest.get(1..).unwrap_or_default();
            } else {
                return Err(format!(
                    "date form `{pattern}`: `{first}` is not known; use yyyy MM M dd d HH H mm ss XXX"
                ));
            }
        }
        let has =
            |wanted| tokens.iter().filter(|token| matches!(token, Token::Digits(part, ..) if *part == wanted)).count();
        if [Part::Year, Part::Month, Part::Day].into_iter().any(|part| has(part) != 1)
            || [Part::Hour, Part::Minute, Part::Second].into_iter().any(|part| has(part) > 1)
        {
            return Err(format!("date form `{pattern}` needs year, month and day, each part once"));
        }
        if tokens.contains(&Token::Zone) && has(Part::Hour) == 0 {
            return Err(format!("date form `{pattern}`: a zone (XXX) needs a time"));
        }
        Ok(Self { pattern: pattern.to_owned(), tokens, ends_day })
    }

    /// The pattern as the layout writes it.
    pub(super) fn pattern(&self) -> &str {
        &self.pattern
    }

    fn read(&self, text: &str) -> Option<(Moment, Zone)> {
        let mut rest = text.as_bytes();
        let mut parts = [0_u32; 6];
        let mut zone = None;
        for token in &self.tokens {
            match *token {
                Token::Literal(byte) => rest = rest.strip_prefix(&[byte])?,
                Token::Digits(part, fewest, most) => {
                    let length = rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
                    if length < fewest {
                        return None;
                    }
                    let (digits, more) = rest.split_at(length);
                    let number = digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
                    *parts.get_mut(part as usize)? = number;
                    rest = more;
                }
                Token::Zone => {
                    zone = Some(minutes_east(rest)?);
                    rest = &[];
                }
            }
        }
        let [year, month, day, hour, minute, second] = parts;
        let day = Day::new(i32::try_from(year).ok()?, month, day)?;
        let day = if self.ends_day { day.plus(1) } else { day };
        let written = rest.is_empty().then(|| Moment::new(day, hour, minute, second))??;
        let to_jst = zone.map_or(0, |minutes| i64::from(JST - minutes) * 60);
        Some((Moment::from_number(written.number() + to_jst), zone))
    }
}

/// JST in minutes east of UTC.
const JST: i16 = 540;

/// `Z`, `+09:00` or `+0900` as minutes east of UTC.
fn minutes_east(zone: &[u8]) -> Option<i16> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i16::from(byte - b'0'));
    let (sign, [h1, h2, m1, m2]) = match *zone {
        [b'Z'] => return Some(0),
        [sign, h1, h2, b':', m1, m2] | [sign, h1, h2, m1, m2] => (sign, [h1, h2, m1, m2]),
        _ => return None,
    };
    let (hours, minutes) = (digit(h1)? * 10 + digit(h2)?, digit(m1)? * 10 + digit(m2)?);
    let east = (hours <= 14 && minutes < 60).then_some(hours * 60 + minutes)?;
    match sign {
        b'+' => Some(east),
        b'-' => Some(-east),
        _ => None,
    }
}

/// Reads a date by the first form that fits whole, in JST; says in which zone it was written.
pub(super) fn date(forms: &[DateForm], text: &str) -> Option<(Moment, Zone)> {
    let text = narrow(text);
    forms.iter().find_map(|form| form.read(&text))
}

/// Whether a date that no form reads could be several days: day and month, or the year, may be either part (N06).
pub(super) fn is_ambiguous_date(text: &str) -> bool {
    let text = narrow(text);
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split(['/', '-', '.']).collect();
    let digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    parts.iter().all(digits)
        && matches!(parts.as_slice(), [one, two, three]
            if (1..=2).contains(&one.len()) && (1..=2).contains(&two.len()) && matches!(three.len(), 1 | 2 | 4))
}

/// Digits, perhaps grouped by three, perhaps with decimals.
struct Number<'a> {
    whole: &'a str,
    decimals: &'a str,
}

impl<'a> Number<'a> {
    fn read(text: &'a str) -> Option<Self> {
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

    fn yen(&self, limit: i64) -> Option<Yen> {
        if self.decimals.bytes().any(|byte| byte != b'0') {
            return None;
        }
        let digits: String = self.whole.chars().filter(|c| *c != ',').collect();
        if digits.trim_start_matches('0').len() > 15 {
            return None;
        }
        let yen = digits.parse::<i64>().ok()?;
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
    if text.contains(['月', '日']) {
        let mut parts = text.split_inclusive(['年', '月', '日']);
        return parts.all(|part| part.strip_suffix(['年', '月', '日']).is_some_and(digits));
    }
    let month = |part: &str| MONTHS.iter().any(|month| part.eq_ignore_ascii_case(month));
    let mut parts = text.split('-');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(one), Some(two), None, None) => (month(one) && digits(two)) || (digits(one) && month(two)),
        (Some(one), Some(two), Some(three), None) => digits(one) && month(two) && digits(three),
        _ => false,
    }
}

/// Whether `text` could be a full card number: 13 to 19 digits, first digit 2 to 6, Luhn.
pub(super) fn is_card_number(text: &[u8]) -> bool {
    // Nearly every value ends here, before anything is copied.
    if text.len() < 13 || !matches!(text.first(), Some(b'2'..=b'6')) {
        return false;
    }
    let digits: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b' ' | b'-')).collect();
    if !(13..=19).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(digit - b'0') * if at % 2 == 1 { 2 } else { 1 };
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether a long number has lost all digits behind the fifteenth, as Excel keeps no more (N04).
pub(super) fn is_rounded(text: &str) -> Option<bool> {
    let long = text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_digit());
    long.then(|| text.bytes().skip(15).all(|byte| byte == b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn forms(patterns: &[&str]) -> Vec<DateForm> {
        patterns.iter().map(|pattern| DateForm::parse(pattern).expect("a form")).collect()
    }

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
            "11月分の予約",
            "2026-01-02",
            "月",
            "日",
        ] {
            assert!(!is_damaged(text), "{text}");
        }
    }

    #[test]
    fn n05_n06_n15_only_the_forms_of_the_layout_are_dates() {
        let forms = forms(&["yyyy/M/d H:mm:ss", "yyyy/M/d H:mm", "yyyyMMddHHmmss", "yyyy-MM-dd", "yyyyMMdd"]);
        let read = |text: &str| date(&forms, text).map(|(moment, _)| moment.to_string());
        for (text, wanted) in [
            ("2026/11/01 09:05:07", "2026-11-01 09:05:07"),
            ("2026/11/1 9:05", "2026-11-01 09:05:00"),
            ("２０２６/11/1 9:05", "2026-11-01 09:05:00"),
            ("20261101090507", "2026-11-01 09:05:07"),
            ("2026-11-01", "2026-11-01 00:00:00"),
            ("20261101", "2026-11-01 00:00:00"),
            ("2026/11/01 23:59:59", "2026-11-01 23:59:59"),
        ] {
            assert_eq!(read(text).as_deref(), Some(wanted), "{text}");
        }
        for text in [
            "2026/11/01 24:00:00",
            "2026/02/29 0:00",
            "11/01/2026",
            "R8.11.1",
            "26/11/01",
            "2026-11-01Z",
            "2026/11/1 9:5",
            "2026/11/01 09:05:07+09:00",
            "2026/11/01  09:05",
            "2026/13/01 0:00",
            "",
            "2026110109050",
            "45000",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        for bad in ["yyyy/MM", "yyyy-MM-dd n", "yyyy/M/d H:mm:ss dd", "yy/M/d", "yyyy-MM-ddXXX", "yyyyMMdd XXXHH"] {
            assert!(DateForm::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn n15_zones_become_jst_and_the_end_of_the_day_is_read_where_the_layout_has_it() {
        let zoned = forms(&["yyyy-MM-ddTHH:mm:ssXXX", "yyyy/M/d H:mm"]);
        let read = |text: &str| date(&zoned, text).map(|(moment, zone)| (moment.to_string(), zone));
        for (text, wanted, zone) in [
            ("2026-11-01T14:59:59Z", "2026-11-01 23:59:59", Some(0)),
            ("2026-11-01T15:00:00Z", "2026-11-02 00:00:00", Some(0)),
            ("2026-11-01T00:00:00+09:00", "2026-11-01 00:00:00", Some(540)),
            ("2026-11-01T00:00:00+0900", "2026-11-01 00:00:00", Some(540)),
            ("2026-12-31T10:30:00-05:00", "2027-01-01 00:30:00", Some(-300)),
            ("2026/11/1 9:05", "2026-11-01 09:05:00", None),
        ] {
            assert_eq!(read(text), Some((wanted.to_owned(), zone)), "{text}");
        }
        for zone in ["", "z", "+09", "+9:00", "+09:60", "+15:00", "JST", "Zx", "+09:00:00", "09:00", "~09:00"] {
            assert_eq!(read(&format!("2026-11-01T00:00:00{zone}")), None, "{zone}");
        }
        let ending = forms(&["yyyy/MM/dd H:mm:ss", "yyyy/MM/dd 24:00:00"]);
        let read = |text: &str| date(&ending, text).map(|(moment, _)| moment.to_string());
        assert_eq!(read("2026/12/31 24:00:00").as_deref(), Some("2027-01-01 00:00:00"));
        assert_eq!(read("2026/12/31 24:00:01"), None);
        assert_eq!(read("2026/12/31 23:59:59").as_deref(), Some("2026-12-31 23:59:59"));
    }

    #[test]
    fn n06_dates_that_could_be_several_days_are_seen() {
        for text in ["11/01/2026", "01-11-2026 10:00", "26/11/01", "1.2.3", "１１/０１/２０２６", "13/01/2026T10:00"]
        {
            assert!(is_ambiguous_date(text), "{text}");
        }
        for text in ["R8.11.1", "2026/11/01", "2026年11月1日", "11/2026", "1/2/3/4", "a/b/c", "//", "123/1/2026", ""]
        {
            assert!(!is_ambiguous_date(text), "{text}");
        }
    }

    #[test]
    fn n06_every_day_reads_back_in_every_form() {
        let forms = forms(&["yyyy/M/d H:mm", "dd.MM.yyyy", "yyyyMMdd", "yyyy-MM-dd HH:mm:ss"]);
        let mut day = Day::new(2019, 1, 1).expect("a day");
        while day < Day::new(2033, 1, 1).expect("a day") {
            let (y, m, d) = (day.year(), day.month(), day.day_of_month());
            for text in [
                format!("{y}/{m}/{d} 0:00"),
                format!("{d:02}.{m:02}.{y}"),
                format!("{y}{m:02}{d:02}"),
                format!("{day} 00:00:00"),
            ] {
                assert_eq!(date(&forms, &text), Some((day.start(), None)), "{text}");
            }
            day = day.plus(1);
        }
    }

    #[test]
    fn n17_card_numbers_are_told_from_other_numbers() {
        for text in ["4111111111111111", "4111 1111 1111 1111", "5555-5555-5555-4444", "3566002020360505"] {
            assert!(is_card_number(text.as_bytes()), "{text}");
        }
        for text in ["4111111111111112", "9200000000123", "************1111", "411111111111", "1102481"] {
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
            let _ = DateForm::parse(&text);
        }
    }
}
