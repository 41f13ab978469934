//! The SHA-256 that names a library's bytes.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseDigestError {
    /// The text is too short or too long.
    #[error(
        "a SHA-256 digest has 64 hexadecimal digits, this text has {found} characters; \
         `switchboard inspect FILE` prints a library's digest"
    )]
    Length {
        /// How many characters it has.
        found: usize,
    },
    /// A character is none of `0-9`, `a-f`, `A-F`.
    #[error(
        "a SHA-256 digest has 64 hexadecimal digits, character {position} of this text is \
         {found:?}; `switchboard inspect FILE` prints a library's digest"
    )]
    Character {
        /// Its place, counted from 1.
        position: usize,
        /// The character.
        found: char,
    },
}

impl Digest {
    /// Computes the digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        let found = text.chars().count();
        if found != 64 {
            return Err(ParseDigestError::Length { found });
        }
        let mut bytes = [0; 32];
        for (idx, found) in text.chars().enumerate() {
            let position = idx + 1;
            let Some(digit) = found
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
            else {
                return Err(ParseDigestError::Character { position, found });
            };
            bytes[idx / 2] = bytes[idx / 2] << 4 | digit;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn the_text_of_a_digest_is_that_of_sha256sum_and_reads_back() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string(), ABC);
        assert_eq!(ABC.parse(), Ok(digest));
        assert_eq!(ABC.to_uppercase().parse(), Ok(digest));
    }

    #[test]
    fn a_text_that_is_no_digest_is_refused_with_its_place() {
        let short = ParseDigestError::Length { found: 3 };
        assert_eq!("abc".parse::<Digest>(), Err(short));
        let wrong = ParseDigestError::Character {
            position: 64,
            found: 'ä',
        };
        assert_eq!(format!("{}ä", &ABC[..63]).parse::<Digest>(), Err(wrong));
    }
}
