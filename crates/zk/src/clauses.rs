//! A policy as the circuit reads it: literals in the order in which they are asked.

use halo2_poseidon::{ConstantLength, Hash, P128Pow5T3};
use halo2_proofs::pasta::Fp;

use crate::field::Fault;
use crate::request::SLOTS;

/// How many actions there are; each is named by its number, the gravest is the last.
pub const ACTIONS: u8 = 5;
/// Bits of one literal, and how many literals are hashed as one field element.
pub(crate) const WORD_BITS: u32 = 45;
pub(crate) const PER_WORD: usize = 5;
/// What stands before the words of a commitment: its kind, the salt, the features' names.
pub(crate) const PREAMBLE: usize = 3;
pub(crate) const POLICY_KIND: u64 = 1;

/// One comparison, and what ends with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Literal {
    /// Which value of the request is compared.
    pub slot: u8,
    /// What it is compared with.
    pub constant: u32,
    /// Whether it must be equal; otherwise at least as large.
    pub is_equal: bool,
    /// Whether the comparison must fail.
    pub is_negated: bool,
    /// Whether this is the last literal of a conjunction.
    pub ends_clause: bool,
    /// Whether this is the last literal of a rule, and the rule's action.
    pub ends_rule: bool,
    /// The action of the rule that ends here.
    pub action: u8,
}

impl Literal {
    /// The literal as one number below two to the power of `WORD_BITS`; nothing else has that number.
    pub(crate) fn word(&self) -> u64 {
        u64::from(self.slot)
            | u64::from(self.constant) << 6
            | u64::from(self.is_equal) << 38
            | u64::from(self.is_negated) << 39
            | u64::from(self.ends_clause) << 40
            | u64::from(self.ends_rule) << 41
            | u64::from(self.action) << 42
    }

    pub(crate) fn holds(&self, value: u32) -> bool {
        let compared = if self.is_equal {
            value == self.constant
        } else {
            value >= self.constant
        };
        compared != self.is_negated
    }

    fn check(&self) -> Result<(), Fault> {
        if usize::from(self.slot) >= SLOTS {
            return Err(Fault(format!("`{}` is no slot of {SLOTS}", self.slot)));
        }
        if self.action >= ACTIONS || (self.action > 0 && !self.ends_rule) {
            return Err(Fault(format!("`{}` is no action here", self.action)));
        }
        if self.ends_rule && !self.ends_clause {
            return Err("a rule ends within a clause".into());
        }
        Ok(())
    }
}

/// A circuit: how many literals it holds, and over how many rows (a power of two).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// How many literals it holds.
    pub literals: usize,
    /// The power.
    pub rows_log: u32,
}

/// All circuits there are. A proof shows which of them a policy fits, and nothing else of its size.
pub const SIZES: [Size; 5] = [
    Size {
        literals: 30,
        rows_log: 9,
    },
    Size {
        literals: 400,
        rows_log: 11,
    },
    Size {
        literals: 880,
        rows_log: 12,
    },
    Size {
        literals: 1920,
        rows_log: 13,
    },
    Size {
        literals: 3960,
        rows_log: 14,
    },
];

/// How many field elements the commitment to a policy of so many literals hashes.
pub(crate) const fn hashed(literals: usize) -> usize {
    PREAMBLE + literals / PER_WORD
}

/// Does something with a constant: the number of hashed elements of a circuit of this size.
macro_rules! at_size {
    ($literals:expr, $n:ident => $done:expr) => {
        match $literals {
            30 => {
                const $n: usize = $crate::clauses::hashed(30);
                $done
            }
            400 => {
                const $n: usize = $crate::clauses::hashed(400);
                $done
            }
            880 => {
                const $n: usize = $crate::clauses::hashed(880);
                $done
            }
            1920 => {
                const $n: usize = $crate::clauses::hashed(1920);
                $done
            }
            3960 => {
                const $n: usize = $crate::clauses::hashed(3960);
                $done
            }
            _ => Err($crate::field::Fault::from("there is no circuit of this size")),
        }
    };
}
pub(crate) use at_size;

/// A policy as the circuit reads it, filled up to the size of one of the circuits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    size: Size,
    literals: Vec<Literal>,
}

impl Program {
    /// Takes literals, if some circuit holds so many.
    ///
    /// # Errors
    /// There are too many, or one is not such as there may be.
    pub fn new(mut literals: Vec<Literal>) -> Result<Self, Fault> {
        literals.iter().try_for_each(Literal::check)?;
        let fits = SIZES.iter().find(|it| literals.len() <= it.literals);
        let size = *fits.ok_or("it has more literals than the largest circuit holds")?;
        literals.resize(size.literals, Literal::default());
        Ok(Self { size, literals })
    }

    /// The circuit that holds it.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    pub(crate) fn literals(&self) -> &[Literal] {
        &self.literals
    }

    /// What the first rule that holds decides; none where no rule does.
    #[must_use]
    pub fn decide(&self, values: &[u32; SLOTS]) -> Option<u8> {
        let (mut clause, mut rule) = (true, false);
        for literal in &self.literals {
            clause &= values
                .get(usize::from(literal.slot))
                .is_some_and(|it| literal.holds(*it));
            if literal.ends_clause {
                rule |= clause;
                clause = true;
            }
            if literal.ends_rule {
                if rule {
                    return Some(literal.action);
                }
                rule = false;
            }
        }
        None
    }

    /// Commits to the policy and the names of its features; whoever lacks the salt learns nothing.
    ///
    /// # Errors
    /// There is no circuit of its size.
    pub fn commit(&self, schema: Fp, salt: Fp) -> Result<Fp, Fault> {
        at_size!(self.size.literals, N => {
            let mut elements = [Fp::zero(); N];
            let words = self.literals.chunks(PER_WORD).map(packed);
            let given = [Fp::from(POLICY_KIND), salt, schema].into_iter().chain(words);
            elements.iter_mut().zip(given).for_each(|(to, from)| *to = from);
            Ok(Hash::<_, P128Pow5T3, ConstantLength<N>, 3, 2>::init().hash(elements))
        })
    }
}

fn packed(literals: &[Literal]) -> Fp {
    literals.iter().fold(Fp::zero(), |sum, it| {
        sum * Fp::from(1u64 << WORD_BITS) + Fp::from(it.word())
    })
}
