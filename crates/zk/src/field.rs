//! Field elements as text, and fresh ones.

use getrandom::SysRng;
use halo2_proofs::arithmetic::Field as _;
use halo2_proofs::pasta::Fp;
use halo2_proofs::pasta::group::ff::PrimeField as _;
use rand_core::UnwrapErr;

/// Why something was refused, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub String);

impl From<&str> for Fault {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Draws what hides a commitment: a field element from the system's randomness.
#[must_use]
pub fn salt() -> Fp {
    Fp::random(&mut UnwrapErr(SysRng))
}

/// Writes bytes in hexadecimal digits.
#[must_use]
pub fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads hexadecimal digits, so many bytes at most.
///
/// # Errors
/// They are more, or something else.
pub fn bytes_of(text: &str, most: usize) -> Result<Vec<u8>, Fault> {
    if text.len() > 2 * most {
        return Err(Fault(format!("longer than {most} bytes")));
    }
    let digits: Option<Vec<u32>> = text.chars().map(|it| it.to_digit(16)).collect();
    let digits = digits.ok_or("not hexadecimal digits")?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("an odd number of hexadecimal digits".into());
    }
    Ok(pairs
        .iter()
        .filter_map(|[high, low]| u8::try_from(high * 16 + low).ok())
        .collect())
}

/// Writes a field element: 32 bytes, least first.
#[must_use]
pub fn written(element: &Fp) -> String {
    hex_of(&element.to_repr())
}

/// Reads a field element; only its one spelling is taken.
pub(crate) fn element(text: &str) -> Result<Fp, Fault> {
    let bytes: [u8; 32] = bytes_of(text, 32)?
        .try_into()
        .map_err(|_| Fault::from("not 32 bytes"))?;
    Option::from(Fp::from_repr(bytes)).ok_or_else(|| "not the spelling of a field element".into())
}
