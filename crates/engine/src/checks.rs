//! Validators for what a regex found: check digits and the like, one file a family.
//!
//! A validator looks at the bytes that matched and nothing else. It must end in linear time, whatever they
//! are.

mod bank;
mod card;
mod randomness;
mod secret;

/// One line a validator: its variant, what it accepts, the name rules call it by, and the function.
macro_rules! checks {
    ($($(#[doc = $what:literal])+ $variant:ident $name:literal $accepts:path;)+) => {
        /// A validator for what a regex found.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Check {
            $($(#[doc = $what])+ $variant,)+
        }

        /// The names rules use.
        pub(crate) const CHECKS: &[(&str, Check)] = &[$(($name, Check::$variant),)+];

        impl Check {
            /// Whether the bytes of a match are what they look like.
            pub(crate) fn accepts(self, bytes: &[u8]) -> bool {
                match self {
                    $(Self::$variant => $accepts(bytes),)+
                }
            }
        }
    };
}

// In alphabetical order of the names.
checks! {
    /// An access key id of AWS whose account has twelve digits.
    AwsKeyId "aws_key_id" secret::aws_key_id;
    /// The shape of such an id, but none that AWS gives out.
    AwsKeyShape "aws_key_shape" secret::aws_key_shape;
    /// Base64 of a name and a password.
    Basic "basic" secret::basic;
    /// BIP 173 checksum.
    Bech32 "bech32" secret::bech32;
    /// A bot's token, which begins with its number in base64.
    Discord "discord" secret::discord;
    /// At least 3.5 bits of Shannon entropy a character.
    Entropy "entropy" randomness::is_dense;
    /// ISO 13616 mod-97 check.
    Iban "iban" bank::iban;
    /// A signed token whose head names an algorithm.
    Jwt "jwt" secret::jwt;
    /// A block of base64 that is long enough for a private key.
    KeyBlock "key_block" secret::key_block;
    /// ISO/IEC 7812 check digit, at least 12 digits.
    Luhn "luhn" card::luhn;
    /// Random, of letters and digits in turn.
    Mixed "mixed" secret::mixed;
    /// A password that somebody chose, no placeholder.
    Password "password" secret::password;
    /// Drawn by chance, not typed, no placeholder.
    Random "random" secret::random;
    /// CRC-32 of a token in its last six characters.
    TokenCrc "token_crc" secret::token_crc;
    /// The shape of such a token with another tail.
    TokenWithoutCrc "token_without_crc" secret::token_without_crc;
    /// Base64 of a private key block.
    WrappedKey "wrapped_key" secret::wrapped_key;
}

#[cfg(test)]
mod tests {
    use super::CHECKS;

    #[test]
    fn names_are_sorted_so_that_none_stands_twice() {
        assert!(CHECKS.is_sorted_by(|a, b| a.0 < b.0));
    }
}
