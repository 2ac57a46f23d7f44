//! Numbers written out, computed with as numbers.

use num_bigint::BigUint;

use crate::checker::Checker;
use crate::limits::{Res, limit};
use crate::terms::{Node, Term};
use crate::wellknown::Arithmetic;

/// No number may be longer.
pub(crate) const BITS_MAX: u64 = 1 << 16;

impl Checker {
    /// The number that a closed call of arithmetic computes.
    pub(crate) fn reduce_nat(&mut self, term: Term) -> Res<Option<Term>> {
        if !matches!(self.terms.node(term), Node::App(..)) || self.terms.has_local(term) || !self.known.has_nat() {
            return Ok(None);
        }
        let Node::Const(name, _) = self.terms.node(self.terms.head(term)) else {
            return Ok(None);
        };
        let which = self.known.arithmetic(name);
        if which.is_none() && name != self.known.succ {
            return Ok(None);
        }
        let (_, arguments) = self.terms.spine(term);
        match (which, arguments.as_slice()) {
            (None, &[a]) => match self.number_of(a)? {
                Some(a) => self.number(a + 1u32).map(Some),
                None => Ok(None),
            },
            (Some(Arithmetic::Pred), &[a]) => match self.number_of(a)? {
                Some(a) if a == BigUint::default() => self.number(a).map(Some),
                Some(a) => self.number(a - 1u32).map(Some),
                None => Ok(None),
            },
            (Some(which), &[a, b]) if which != Arithmetic::Pred => {
                let (Some(a), Some(b)) = (self.number_of(a)?, self.number_of(b)?) else {
                    return Ok(None);
                };
                self.compute(which, a, b).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn number_of(&mut self, term: Term) -> Res<Option<BigUint>> {
        let term = self.whnf(term)?;
        Ok(match self.terms.node(term) {
            Node::Nat(number) => self.terms.number(number).cloned(),
            Node::Const(name, _) if name == self.known.zero => Some(BigUint::default()),
            _ => None,
        })
    }

    fn compute(&mut self, which: Arithmetic, a: BigUint, b: BigUint) -> Res<Term> {
        self.terms.meter.step(1 + a.bits() / 64 * (1 + b.bits() / 64))?;
        match which {
            Arithmetic::Add => self.number(a + b),
            Arithmetic::Sub if a < b => self.number(BigUint::default()),
            Arithmetic::Sub => self.number(a - b),
            Arithmetic::Pred => self.number(a),
            Arithmetic::Mul => {
                check_bits(a.bits().saturating_add(b.bits()))?;
                self.number(a * b)
            }
            Arithmetic::Pow => self.power(&a, &b),
            Arithmetic::Beq => self.boolean(a == b),
            Arithmetic::Ble => self.boolean(a <= b),
        }
    }

    fn power(&mut self, base: &BigUint, exponent: &BigUint) -> Res<Term> {
        if base.bits() <= 1 {
            // 0 and 1; but 0 to the power of 0 is 1.
            let one = base.bits() == 1 || exponent.bits() == 0;
            return self.number(BigUint::from(u32::from(one)));
        }
        let exponent = u32::try_from(exponent).unwrap_or(u32::MAX);
        check_bits(base.bits().saturating_mul(u64::from(exponent)))?;
        self.terms.meter.step(base.bits() * u64::from(exponent) / 64)?;
        self.number(base.pow(exponent))
    }

    fn number(&mut self, value: BigUint) -> Res<Term> {
        check_bits(value.bits())?;
        self.terms.nat(value)
    }

    fn boolean(&mut self, value: bool) -> Res<Term> {
        let name = if value { self.known.truth } else { self.known.falsity };
        self.terms.constant(name, Vec::new())
    }

    /// A successor on both sides, written out or not.
    pub(crate) fn compare_successors(&mut self, a: Term, b: Term) -> Res<Option<bool>> {
        match (self.predecessor(a)?, self.predecessor(b)?) {
            (Some(a), Some(b)) => self.equal(a, b).map(Some),
            _ => Ok(None),
        }
    }

    fn predecessor(&mut self, term: Term) -> Res<Option<Term>> {
        if !self.known.has_nat() {
            return Ok(None);
        }
        let built = self.number_as_constructor(term)?;
        let Node::App(function, before) = self.terms.node(built) else {
            return Ok(None);
        };
        let is_successor = matches!(self.terms.node(function), Node::Const(name, _) if name == self.known.succ);
        Ok(is_successor.then_some(before))
    }
}

fn check_bits(bits: u64) -> Res<()> {
    if bits > BITS_MAX {
        return limit(format!("a number of more than {BITS_MAX} bits"));
    }
    Ok(())
}
