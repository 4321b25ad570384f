//! Text → moment, by the forms a layout names and no others. Must not know columns, rows or layouts.

use super::fields::narrow;
use crate::domain::dates::{Day, Moment};

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
            } else if rest == "Z" {
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
                return Err(format!("date form `{pattern}`: `{first}` is not known; use yyyy MM M dd d HH H mm ss Z"));
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
            return Err(format!("date form `{pattern}`: a zone (Z) needs a time"));
        }
        Ok(Self { pattern: pattern.to_owned(), tokens, ends_day })
    }

    /// The pattern as the layout writes it.
    pub(super) fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether some text may be one day by this form and another one by `other`: nothing but the order of their parts differs.
    fn may_contradict(&self, other: &Self) -> bool {
        let literals = |form: &Self| -> Vec<u8> {
            let literal = |token: &Token| if let Token::Literal(byte) = token { Some(*byte) } else { None };
            form.tokens.iter().filter_map(literal).collect()
        };
        let order = |form: &Self| -> Vec<Part> {
            let part = |token: &Token| if let Token::Digits(part, ..) = token { Some(*part) } else { None };
            form.tokens.iter().filter_map(part).collect()
        };
        literals(self) == literals(other) && order(self) != order(other)
    }

    fn read(&self, text: &str) -> Option<(Moment, Zone)> {
        let mut rest = text.as_bytes();
        let mut parts = [0_u32; 6];
        let mut zone = None;
        for token in &self.tokens {
            match *token {
                Token::Literal(byte) => rest = rest.strip_prefix(&[byte])?,
                Token::Digits(part, fewest, most) => {
                    let (mut number, mut length) = (0, 0);
                    while length < most
                        && let Some((digit @ b'0'..=b'9', more)) = rest.split_first()
                    {
                        (number, length, rest) = (number * 10 + u32::from(digit - b'0'), length + 1, more);
                    }
                    if length < fewest {
                        return None;
                    }
                    *parts.get_mut(part as usize)? = number;
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

/// Whether `forms` may read one text as different days.
pub(super) fn may_contradict(forms: &[DateForm]) -> bool {
    (1..).zip(forms).any(|(next, form)| forms.iter().skip(next).any(|other| form.may_contradict(other)))
}

/// The forms that read `text`, where they read it as different days (N06).
pub(super) fn contradicting(forms: &[DateForm], text: &str) -> Vec<String> {
    let text = narrow(text);
    let read: Vec<(Day, &DateForm)> = forms.iter().filter_map(|form| Some((form.read(&text)?.0.day(), form))).collect();
    let is_one = read.iter().all(|(day, _)| read.first().is_some_and(|(first, _)| first == day));
    if is_one { Vec::new() } else { read.iter().map(|(_, form)| form.pattern.clone()).collect() }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(patterns: &[&str]) -> Vec<DateForm> {
        patterns.iter().map(|pattern| DateForm::parse(pattern).expect("a form")).collect()
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
        for bad in ["yyyy/MM", "yyyy-MM-dd n", "yyyy/M/d H:mm:ss dd", "yy/M/d", "yyyy-MM-ddZ", "yyyyMMdd ZHH"] {
            assert!(DateForm::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn n15_zones_become_jst_and_the_end_of_the_day_is_read_where_the_layout_has_it() {
        let zoned = forms(&["yyyy-MM-ddTHH:mm:ssZ", "yyyy/M/d H:mm"]);
        let read = |text: &str| date(&zoned, text).map(|(moment, zone)| (moment.to_string(), zone));
        for (text, wanted, zone) in [
            ("2026-11-01T14:59:59Z", "2026-11-01 23:59:59", Some(0)),
            ("2026-11-01T15:00:00Z", "2026-11-02 00:00:00", Some(0)),
            ("2026-11-01T00:00:00+09:00", "2026-11-01 00:00:00", Some(540)),
            ("2026-11-01T00:00:00+0900", "2026-11-01 00:00:00", Some(540)),
            ("2026-12-31T10:30:00-05:00", "2027-01-01 00:30:00", Some(-300)),
            ("2026-11-01T05:45:00+05:45", "2026-11-01 09:00:00", Some(345)),
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
    fn n06_only_forms_that_read_the_same_text_contradict_each_other() {
        for (patterns, contradict) in [
            (&["MM/dd/yyyy", "dd/MM/yyyy"][..], true),
            (&["yyyyMMdd", "yyyy-MM-dd", "ddMMyyyy"], true),
            (&["yyyy/M/d H:mm", "yyyy/d/M H:mm"], true),
            (&["yyyy/M/d", "dd.MM.yyyy", "yyyyMMdd", "yyyy-MM-dd"], false),
            (&["yyyy/M/d", "yyyy/MM/dd", "yyyy/M/d H:mm", "yyyy/M/d 24:00"], false),
            (&[], false),
        ] {
            assert_eq!(may_contradict(&forms(patterns)), contradict, "{patterns:?}");
        }
        let forms = forms(&["MM/dd/yyyy", "dd/MM/yyyy", "d/M/yyyy"]);
        assert_eq!(contradicting(&forms, "05/11/2026").len(), 3);
        for text in ["05/05/2026", "25/11/2026", "11/25/2026", "x"] {
            assert!(contradicting(&forms, text).is_empty(), "{text}");
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
}
