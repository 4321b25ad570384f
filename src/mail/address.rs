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

/// The domain of a bare mail address, lower case; `None` where `text` is none.
pub fn domain_of(text: &str) -> Option<String> {
    let (_, domain) = text.rsplit_once('@').filter(|_| is_address(text))?;
    Some(domain.to_ascii_lowercase())
}

/// Who mail comes from, taken apart: `Name <address>` or a bare address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    written: String,
    name: Option<String>,
    address: String,
    domain: String,
}

impl Sender {
    /// `written` taken apart; `None` where it is neither.
    pub fn parse(written: &str) -> Option<Self> {
        let (name, address) = apart(written.trim())?;
        let domain = domain_of(address)?;
        let name = Some(name).filter(|name| !name.is_empty()).map(str::to_owned);
        Some(Self { written: written.to_owned(), name, address: address.to_owned(), domain })
    }

    /// As it stands in the configuration.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The name, if it carries one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The bare address, which is the envelope's too.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The domain of the address, lower case: what Message-IDs end with, and what a mail server is greeted with, for it
    /// is ASCII whatever this machine is called.
    pub fn domain(&self) -> &str {
        &self.domain
    }
}

/// `totsugo <totsugo@localhost>`: who mail comes from that is only written into a folder.
impl Default for Sender {
    fn default() -> Self {
        let [name, domain] = ["totsugo", "localhost"];
        let address = format!("{name}@{domain}");
        Self { written: format!("{name} <{address}>"), name: Some(name.to_owned()), address, domain: domain.to_owned() }
    }
}

/// Name, which may be empty, and address.
fn apart(text: &str) -> Option<(&str, &str)> {
    if is_address(text) {
        return Some(("", text));
    }
    let (name, address) = text.strip_suffix('>')?.rsplit_once('<')?;
    let name = name.trim().trim_matches('"').trim();
    let fits = is_address(address) && !name.chars().any(|c| c.is_control() || matches!(c, '<' | '>' | '"'));
    fits.then_some((name, address))
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
        for (written, name, address) in [
            ("totsugo <t@example.jp>", Some("totsugo"), "t@example.jp"),
            ("\"突合, 自動\" <t@Example.jp>", Some("突合, 自動"), "t@Example.jp"),
            (" <t@example.jp>", None, "t@example.jp"),
            ("t@EXAMPLE.jp", None, "t@EXAMPLE.jp"),
        ] {
            let sender = Sender::parse(written).expect("a sender");
            assert_eq!((sender.written(), sender.name(), sender.address()), (written, name, address));
            assert_eq!(sender.domain(), "example.jp");
        }
        for bad in ["", "example.jp", "t@example.jp>", "<t@example.jp> x", "a\r\nBcc: x <t@example.jp>"] {
            assert_eq!(Sender::parse(bad), None, "{bad}");
        }
        assert_eq!(Sender::parse("totsugo <totsugo@localhost>"), Some(Sender::default()));
    }

    #[test]
    fn a_domain_never_has_a_part_of_the_brackets() {
        assert_eq!(domain_of("t@Example.jp").as_deref(), Some("example.jp"));
        for text in ["", "example.jp", "t@example.jp>", "totsugo <t@example.jp>"] {
            assert_eq!(domain_of(text), None, "{text}");
        }
    }
}
