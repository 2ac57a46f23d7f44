//! Validators for what a regex found: check digits and the like, one file a family.
//!
//! A validator looks at the bytes that matched and nothing else. It must end in linear time, whatever they
//! are.

mod bank;
mod card;
mod randomness;

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
    /// At least 3.5 bits of Shannon entropy a character.
    Entropy "entropy" randomness::is_dense;
    /// ISO 13616 mod-97 check.
    Iban "iban" bank::iban;
    /// ISO/IEC 7812 check digit, at least 12 digits.
    Luhn "luhn" card::luhn;
}

#[cfg(test)]
mod tests {
    use super::CHECKS;

    #[test]
    fn names_are_sorted_so_that_none_stands_twice() {
        assert!(CHECKS.is_sorted_by(|a, b| a.0 < b.0));
    }
}
