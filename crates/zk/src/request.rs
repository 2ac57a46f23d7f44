//! A request as the circuit reads it: a row of numbers.

use halo2_poseidon::{ConstantLength, Hash, P128Pow5T3};
use halo2_proofs::pasta::Fp;

use crate::clauses::PREAMBLE;
use crate::field::{Fault, element, salt, written};

/// How many values a request has; those that a policy does not ask about are 0.
pub const SLOTS: usize = 64;
/// How many values are hashed as one field element.
pub(crate) const VALUES_PER_WORD: usize = 7;
pub(crate) const REQUEST_WORDS: usize = SLOTS.div_ceil(VALUES_PER_WORD);
pub(crate) const REQUEST_HASHED: usize = PREAMBLE + REQUEST_WORDS;
pub(crate) const REQUEST_KIND: u64 = 2;

/// The values of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request(pub(crate) [u32; SLOTS]);

impl Request {
    /// Takes values; missing ones are 0.
    ///
    /// # Errors
    /// There are too many.
    pub fn new(values: &[u32]) -> Result<Self, Fault> {
        if values.len() > SLOTS {
            return Err(Fault(format!("`{}` values are more than {SLOTS}", values.len())));
        }
        let mut slots = [0; SLOTS];
        slots.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
        Ok(Self(slots))
    }

    /// The values, one for each slot.
    #[must_use]
    pub fn values(&self) -> &[u32; SLOTS] {
        &self.0
    }

    /// Commits to the values and the names of the features that they are of.
    #[must_use]
    pub fn commit(&self, schema: Fp, salt: Fp) -> Fp {
        let mut elements = [Fp::zero(); REQUEST_HASHED];
        let words = self.0.chunks(VALUES_PER_WORD).map(packed);
        let given = [Fp::from(REQUEST_KIND), salt, schema].into_iter().chain(words);
        elements.iter_mut().zip(given).for_each(|(to, from)| *to = from);
        Hash::<_, P128Pow5T3, ConstantLength<REQUEST_HASHED>, 3, 2>::init().hash(elements)
    }
}

fn packed(values: &[u32]) -> Fp {
    values.iter().fold(Fp::zero(), |sum, it| {
        sum * Fp::from(1u64 << 32) + Fp::from(u64::from(*it))
    })
}

/// What opens a commitment beside the thing itself: the salt, and which features are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// What hides the commitment.
    pub salt: Fp,
    /// The digest of the features' names.
    pub schema: Fp,
}

impl Opening {
    /// Reads an opening, or draws a salt where none is given.
    ///
    /// # Errors
    /// One of them is no field element.
    pub fn read(schema: &str, given: Option<&str>) -> Result<Self, Fault> {
        let salt = given.map_or_else(|| Ok(salt()), element)?;
        Ok(Self {
            salt,
            schema: element(schema)?,
        })
    }

    /// The salt as text.
    #[must_use]
    pub fn salt_text(&self) -> String {
        written(&self.salt)
    }
}
