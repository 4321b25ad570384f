//! The form of a mail address: half-width, one `@`, nothing that could end a header line. Pure.

/// Whether `text` is one bare mail address.
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&c);
    // Japanese carriers once gave out addresses with `..` or a dot before the `@`; SMTP servers refuse them unquoted.
    text.len() <= 254
        && (1..=64).contains(&local.len())
        && local.split('.').all(|part| !part.is_empty() && part.bytes().all(atom))
        && is_domain(domain)
}

/// Whether `text` is a domain, such as `example.co.jp` or `localhost`.
pub fn is_domain(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

/// The domain of an address or of a sender with a name, lower case; empty where `text` is neither.
pub fn domain_of(text: &str) -> String {
    let domain = sender(text).and_then(|(_, address)| address.rsplit_once('@')).map(|(_, domain)| domain);
    domain.map_or_else(String::new, str::to_ascii_lowercase)
}

/// A sender taken apart: `Name <address>` or a bare address. `None` where it is neither.
pub fn sender(text: &str) -> Option<(Option<&str>, &str)> {
    let text = text.trim();
    if is_address(text) {
        return Some((None, text));
    }
    let (name, address) = text.strip_suffix('>')?.rsplit_once('<')?;
    let name = name.trim().trim_matches('"').trim();
    let fits = is_address(address) && !name.chars().any(|c| c.is_control() || matches!(c, '<' | '>' | '"'));
    fits.then_some((Some(name).filter(|name| !name.is_empty()), address))
}

/// `addresses` without repetitions, however their case differs; the first spelling and the order stay (M16).
pub fn once(addresses: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    addresses.into_iter().filter(|address| seen.insert(address.to_ascii_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m16_only_plain_ascii_addresses_pass() {
        for good in ["keiri@example.co.jp", "a.b+c@localhost", "x_y-z@mail.example.com"] {
            assert!(is_address(good), "{good}");
        }
        let bad =
            ["", "@", "a@", "@b", "a b@c", "a@b@c", "経理@example.jp", "a@例え.jp", "a@-b.jp", "a..b@c.jp", "a@b\r\nc"];
        for bad in bad {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn a_sender_may_carry_a_name() {
        assert_eq!(sender("totsugo <t@example.jp>"), Some((Some("totsugo"), "t@example.jp")));
        assert_eq!(sender("\"突合, 自動\" <t@example.jp>"), Some((Some("突合, 自動"), "t@example.jp")));
        assert_eq!(sender("t@example.jp"), Some((None, "t@example.jp")));
        assert_eq!(sender("a\r\nBcc: x <t@example.jp>"), None);
    }

    #[test]
    fn a_domain_never_has_a_part_of_the_brackets() {
        for text in ["totsugo <t@Example.jp>", "t@example.jp"] {
            assert_eq!(domain_of(text), "example.jp");
        }
        for text in ["", "example.jp", "t@example.jp>", "<t@example.jp> x"] {
            assert_eq!(domain_of(text), "", "{text}");
        }
    }
}
