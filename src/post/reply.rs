//! What a mail server answers, byte by byte: only the three digits decide, the words are kept for people (FAULTS M19).
//! Pure.

use secrecy::{ExposeSecret, SecretString};

/// The most that is read of one reply: a server that says more is not understood.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// One reply, all its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// The words of each line, whatever encoding they came in; control characters are escaped.
    pub lines: Vec<String>,
}

impl Reply {
    /// 2xx.
    pub const fn is_positive(&self) -> bool {
        matches!(self.code, 200..=299)
    }

    /// The digits and the words on one line, cut at a length that people still read.
    pub fn words(&self) -> String {
        let all = format!("{} {}", self.code, self.lines.join(" / "));
        all.trim_end().chars().take(KEPT).collect()
    }
}

/// What the bytes received so far are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// One whole reply and how many bytes it took.
    Whole(Reply, usize),
    /// The reply goes on.
    More,
    /// No reply of SMTP; the line that is none.
    Garbage(String),
}

/// Reads one reply from the front of `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let (mut taken, mut lines, mut code) = (0, Vec::new(), None);
    loop {
        let rest = bytes.get(taken..).unwrap_or_default();
        let Some(end) = rest.iter().position(|b| *b == b'\n') else {
            // Enough has come to see that no reply begins here: do not wait for the rest of it.
            let begins = rest.iter().take(3).all(u8::is_ascii_digit);
            return if begins && bytes.len() < MAX_BYTES { Parsed::More } else { Parsed::Garbage(readable(rest)) };
        };
        let line = rest.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        taken += end + 1;
        let Some((digits, is_last, words)) = split(line).filter(|(digits, ..)| code.is_none_or(|code| code == *digits))
        else {
            return Parsed::Garbage(readable(line));
        };
        code = Some(digits);
        lines.push(readable(words));
        if is_last {
            return Parsed::Whole(Reply { code: digits, lines }, taken);
        }
        if taken >= MAX_BYTES {
            return Parsed::Garbage(readable(line));
        }
    }
}

/// The digits of a line, whether it is the reply's last, and its words.
fn split(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let known = (200..600).contains(&code) && digits.iter().all(u8::is_ascii_digit);
    match rest.split_first() {
        _ if !known => None,
        None => Some((code, true, rest)),
        Some((b' ', words)) => Some((code, true, words)),
        Some((b'-', words)) => Some((code, false, words)),
        Some(_) => None,
    }
}

/// Words as text that no terminal, log or mail stumbles over: Japanese servers answer in UTF-8, CP932 or worse.
fn readable(bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::SHIFT_JIS.decode_without_bom_handling(bytes).0.into_owned(),
    };
    let safe = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(safe).collect()
}

/// The length to which words are kept.
pub(super) const KEPT: usize = 500;

/// Words to be kept, cut at a length that people still read, with every one of `secrets` blotted out: a server may repeat
/// the login that it was given (FAULTS K06). Blotted first, as half a secret would not be known for one.
pub(super) fn kept(words: &str, secrets: &[SecretString]) -> String {
    let blotted = secrets.iter().map(ExposeSecret::expose_secret).filter(|secret| !secret.is_empty());
    blotted.fold(words.to_owned(), |words, secret| words.replace(secret, "***")).chars().take(KEPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(bytes: &[u8]) -> Reply {
        match parse(bytes) {
            Parsed::Whole(reply, taken) => {
                assert_eq!(taken, bytes.len());
                reply
            }
            other @ (Parsed::More | Parsed::Garbage(_)) => panic!("{other:?}"),
        }
    }

    #[test]
    fn m19_only_the_three_digits_decide_whatever_the_words_are() {
        let cp932 = b"550 \x8e\xf3\x90M\x8e\xd2\x82\xaa\x82\xa0\x82\xe8\x82\xdc\x82\xb9\x82\xf1\r\n";
        let reply = whole(cp932);
        assert_eq!((reply.code, reply.lines.as_slice()), (550, &["受信者がありません".to_owned()][..]));
        let long = format!("451 {}\r\n", "x".repeat(5_000));
        assert_eq!(whole(long.as_bytes()).code, 451);
        let ten: String = (0..9).map(|n| format!("250-line {n}\r\n")).collect();
        assert_eq!(whole(format!("{ten}250 end\n").as_bytes()).lines.len(), 10);
        assert_eq!(whole(b"250\r\n").words(), "250");
        assert_eq!(whole(b"250 \x1b[31mred\r\n").words(), "250 \\u{1b}[31mred");
    }

    #[test]
    fn m19_what_is_no_reply_is_not_taken_for_one() {
        for odd in [
            &b"HTTP/1.1 400 Bad\r\n"[..],
            b"25 ok\r\n",
            b"250ok\r\n",
            b"999 x\r\n",
            b"+50 x\r\n",
            b"250-a\r\n550 b\r\n",
        ] {
            assert!(matches!(parse(odd), Parsed::Garbage(_)), "{odd:?}");
        }
        assert_eq!(parse(b"25"), Parsed::More);
        assert_eq!(parse(b"250-a\r\n250"), Parsed::More);
        assert_eq!(parse(format!("250 {}", "x".repeat(60_000)).as_bytes()), Parsed::More, "a long line on its way");
        assert!(matches!(parse(&b"250-x\r\n".repeat(20_000)), Parsed::Garbage(_)), "a reply without end");
        assert!(matches!(parse(&b"2".repeat(MAX_BYTES)), Parsed::Garbage(_)), "a line without end");
    }

    proptest! {
        #[test]
        fn m19_any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Parsed::Whole(reply, taken) = parse(&bytes) {
                prop_assert!(taken <= bytes.len() && (200..600).contains(&reply.code));
                prop_assert!(!reply.words().chars().any(char::is_control));
            }
        }
    }
}
