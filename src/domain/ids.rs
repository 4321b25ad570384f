//! Identifiers as types of their own, so that none can stand in another's place.

use sha2::{Digest, Sha256};
use std::fmt;
use std::io;
use std::sync::Arc;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes `text` as it stands; whoever calls has checked its form.
            pub fn new(text: &str) -> Self {
                Self(Arc::from(text))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

text_id! {
    /// One GMO Shop ID, up to 13 alphanumerics (DOMAIN §3.2).
    ShopId
}
text_id! {
    /// An Order ID: up to 27 of `[-0-9A-Za-z]`, compared exactly (DOMAIN §3.2). Equals Bókun's Transaction ID.
    OrderId
}
text_id! {
    /// A cart confirmation code as exported, e.g. `MZ1102481`.
    CartCode
}
text_id! {
    /// A product confirmation code as exported, e.g. `REY-T9091665`.
    ProductCode
}
text_id! {
    /// `F-` and eight characters out of shop, key and finding code (SPEC §5.6).
    FindingId
}

impl ShopId {
    /// Whether `text` has the form of a Shop ID.
    pub fn is_valid(text: &str) -> bool {
        (1..=13).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
    }
}

impl OrderId {
    /// Whether `text` has the form of an Order ID.
    pub fn is_valid(text: &str) -> bool {
        (1..=27).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    }
}

/// SHA-256 digest of a file's content: what a file *is*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileDigest(pub [u8; 32]);

impl FileDigest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of all that `reader` gives.
    ///
    /// # Errors
    /// Whatever reading says.
    pub fn of_all(mut reader: impl io::Read) -> io::Result<Self> {
        let mut digest = Digesting::default();
        io::copy(&mut reader, &mut digest)?;
        Ok(digest.end())
    }
}

/// The digest of what is written to it. Writing cannot fail.
#[derive(Default)]
pub struct Digesting(Sha256);

impl Digesting {
    /// The digest of all that was written.
    pub fn end(self) -> FileDigest {
        FileDigest(self.0.finalize().into())
    }
}

impl io::Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lower-case hexadecimal.
impl fmt::Display for FileDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The digits that identify a booking: column H, or a code without its prefix (SPEC §5.3). Compared without leading
/// zeros; at most [`u64::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digits(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shop_and_order_ids_have_the_forms_that_gmo_states() {
        for (text, shop, order) in [
            ("9200000000001", true, true),
            ("tshop00000001", true, true),
            ("92000000000012", false, true),
            ("BOKUN-000123", false, true),
            ("012345678901234567890123456", false, true),
            ("0123456789012345678901234567", false, false),
            ("", false, false),
            ("BK_1", false, false),
            ("ＢＫ１", false, false),
        ] {
            assert_eq!((ShopId::is_valid(text), OrderId::is_valid(text)), (shop, order), "{text}");
        }
    }

    #[test]
    fn a_digest_is_that_of_the_bytes_however_they_come() {
        let digest = FileDigest::of(b"abc");
        assert_eq!(FileDigest::of_all(&b"abc"[..]).expect("read"), digest);
        assert_eq!(digest.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
