//! Content digests: BLAKE3 cut to 128 bits, the same on every machine.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::io;

use serde::{Deserialize, Serialize};

/// A 128-bit digest of some content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::cut(&blake3::hash(bytes))
    }

    /// The digest of all bytes that `reader` gives: [`Digest::of`] them, without holding them.
    ///
    /// # Errors
    /// If reading fails.
    pub fn of_reader(mut reader: impl io::Read) -> io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        io::copy(&mut reader, &mut hasher)?;
        Ok(Self::cut(&hasher.finalize()))
    }

    /// The digest of anything hashable, under a `domain` that keeps digests of different things,
    /// or of different versions of a rule, apart.
    #[must_use]
    pub fn of_value<T: Hash + ?Sized>(domain: &str, value: &T) -> Self {
        let mut builder = DigestBuilder::new(domain);
        value.hash(&mut builder);
        builder.digest()
    }

    /// The digest that these 16 bytes are (as [`Digest::as_bytes`] gave them).
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    fn cut(hash: &blake3::Hash) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Builds a [`Digest`] from a stream of hashed values.
///
/// It is a [`Hasher`], so whatever derives `Hash` (the comparable forms of the Python syntax tree,
/// say) can be digested. Integers are fed in little-endian order and `usize` as 64 bits, so that
/// the digest does not depend on the machine.
pub struct DigestBuilder(blake3::Hasher);

impl DigestBuilder {
    /// An empty builder in `domain`.
    #[must_use]
    pub fn new(domain: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(domain.as_bytes());
        hasher.update(&[0]);
        Self(hasher)
    }

    /// The digest of all that was fed.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::cut(&self.0.finalize())
    }
}

macro_rules! write_integers {
    ($($name:ident: $int:ty as $wide:ty),* $(,)?) => {
        $(fn $name(&mut self, value: $int) {
            self.write(&(value as $wide).to_le_bytes());
        })*
    };
}

impl Hasher for DigestBuilder {
    /// The first 64 bits; use [`DigestBuilder::digest`] for the whole.
    fn finish(&self) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.digest().0[..8]);
        u64::from_le_bytes(bytes)
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    write_integers! {
        write_u8: u8 as u8, write_u16: u16 as u16, write_u32: u32 as u32, write_u64: u64 as u64,
        write_u128: u128 as u128, write_usize: usize as u64,
        write_i8: i8 as i8, write_i16: i16 as i16, write_i32: i32 as i32, write_i64: i64 as i64,
        write_i128: i128 as i128, write_isize: isize as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_keep_equal_values_apart() {
        assert_ne!(Digest::of_value("a", "x"), Digest::of_value("b", "x"));
        assert_eq!(Digest::of_value("a", "x"), Digest::of_value("a", "x"));
    }

    #[test]
    fn bytes_round_trip() {
        let digest = Digest::of(b"content");
        assert_eq!(Digest::from_bytes(*digest.as_bytes()), digest);
        assert_eq!(digest.to_string().len(), 32);
    }
}
