//! What must hold between cells: the interpreter of policies as polynomial equations.
//!
//! A literal takes four rows. In each of them stand sixteen of the sixty-four values of the request,
//! the same in every literal; so one literal reads any of them. The state before a literal stands in
//! its four rows, the state after it in the next four.

use halo2_gadgets::poseidon::{Pow5Chip, Pow5Config};
use halo2_poseidon::P128Pow5T3;
use halo2_proofs::pasta::Fp;
use halo2_proofs::plonk::{
    Advice, Column, ConstraintSystem, Constraints, Expression, Instance, Selector, TableColumn, VirtualCells,
};
use halo2_proofs::poly::Rotation;

use crate::clauses::WORD_BITS;

/// Rows of one literal.
pub(crate) const ROWS: usize = 4;
/// Values of the request in one row.
pub(crate) const VALUES: usize = 16;
const NEXT: i32 = 4;

/// The columns and switches of the circuit.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The values of the request, sixteen in each of four rows, again and again.
    pub(crate) value: [Column<Advice>; VALUES],
    /// The lower four bits of the slot that a literal reads.
    pub(crate) slot: [Column<Advice>; 4],
    /// By rows: upper bits of the slot and `is_equal`; `is_negated`, `ends_clause`, `ends_rule`; the
    /// bits of the action; whether the value is at least the constant.
    pub(crate) bit: [Column<Advice>; 3],
    /// Bytes of the constant, and of what lies between it and the value.
    pub(crate) byte: [Column<Advice>; 2],
    /// The value of this row that the lower bits choose.
    pub(crate) chosen: Column<Advice>,
    /// By rows: the value that is compared, whether it is equal, the inverse of the difference,
    /// whether the literal holds.
    pub(crate) scalar: Column<Advice>,
    /// By rows: whether the clause, the rule hold so far; whether a rule has decided; its action.
    pub(crate) state: Column<Advice>,
    /// By rows: the clause and the rule with this literal; whether the rule decides now.
    pub(crate) step: Column<Advice>,
    /// Literals or values as one number.
    pub(crate) packed: Column<Advice>,
    pub(crate) bytes: TableColumn,
    pub(crate) public: Column<Instance>,
    pub(crate) poseidon: Pow5Config<Fp, 3, 2>,
    pub(crate) on: Switches,
}

/// Where which equations hold.
#[derive(Clone, Debug)]
pub(crate) struct Switches {
    pub(crate) row: Selector,
    pub(crate) same_slot: Selector,
    pub(crate) same_values: Selector,
    pub(crate) literal: Selector,
    pub(crate) first_literal: Selector,
    pub(crate) more_literals: Selector,
    pub(crate) value: Selector,
    pub(crate) first_value: Selector,
    pub(crate) more_values: Selector,
}

impl Config {
    pub(crate) fn new(meta: &mut ConstraintSystem<Fp>) -> Self {
        let hash_state = [(); 3].map(|()| meta.advice_column());
        let hash_box = meta.advice_column();
        let (rc_a, rc_b) = (
            [(); 3].map(|()| meta.fixed_column()),
            [(); 3].map(|()| meta.fixed_column()),
        );
        let constants = meta.fixed_column();
        meta.enable_constant(constants);
        let config = Self {
            value: [(); VALUES].map(|()| meta.advice_column()),
            slot: [(); 4].map(|()| meta.advice_column()),
            bit: [(); 3].map(|()| meta.advice_column()),
            byte: [(); 2].map(|()| meta.advice_column()),
            chosen: meta.advice_column(),
            scalar: meta.advice_column(),
            state: meta.advice_column(),
            step: meta.advice_column(),
            packed: meta.advice_column(),
            bytes: meta.lookup_table_column(),
            public: meta.instance_column(),
            poseidon: Pow5Chip::configure::<P128Pow5T3>(meta, hash_state, hash_box, rc_a, rc_b),
            on: Switches {
                row: meta.selector(),
                same_slot: meta.selector(),
                same_values: meta.selector(),
                literal: meta.selector(),
                first_literal: meta.selector(),
                more_literals: meta.selector(),
                value: meta.selector(),
                first_value: meta.selector(),
                more_values: meta.selector(),
            },
        };
        meta.enable_equality(config.public);
        for column in config
            .value
            .into_iter()
            .chain([config.scalar, config.state, config.packed])
        {
            meta.enable_equality(column);
        }
        for column in config.byte {
            meta.lookup(|meta| vec![(meta.query_advice(column, Rotation::cur()), config.bytes)]);
        }
        config.gates_of_rows(meta);
        config.gate_of_comparing(meta);
        config.gate_of_deciding(meta);
        config.gates_of_packing(meta);
        config.gates_of_values(meta);
        config
    }

    /// Bits are bits, one literal has one slot, all literals have the same values.
    fn gates_of_rows(&self, meta: &mut ConstraintSystem<Fp>) {
        meta.create_gate("row", |meta| {
            let on = meta.query_selector(self.on.row);
            let slot = self.slot.map(|it| at(meta, it, 0));
            let bits = self.bit.map(|it| at(meta, it, 0));
            let values = self.value.map(|it| at(meta, it, 0)).to_vec();
            let chosen = slot.iter().fold(values, |left, bit| halved(&left, bit)).into_iter();
            let gap = chosen.fold(at(meta, self.chosen, 0), |sum, it| sum - it);
            let is_bit = slot.into_iter().chain(bits).map(|it| it.clone() * (one() - it));
            Constraints::with_selector(on, is_bit.chain([gap]).collect::<Vec<_>>())
        });
        meta.create_gate("one slot", |meta| {
            let on = meta.query_selector(self.on.same_slot);
            Constraints::with_selector(on, self.slot.map(|it| at(meta, it, 0) - at(meta, it, 1)))
        });
        meta.create_gate("same values", |meta| {
            let on = meta.query_selector(self.on.same_values);
            Constraints::with_selector(on, self.value.map(|it| at(meta, it, 0) - at(meta, it, NEXT)))
        });
    }

    /// Whether one literal holds.
    fn gate_of_comparing(&self, meta: &mut ConstraintSystem<Fp>) {
        meta.create_gate("comparing", |meta| {
            let on = meta.query_selector(self.on.literal);
            let rows = [0, 1, 2, 3].map(|row| at(meta, self.chosen, row)).to_vec();
            let [upper, uppermost, is_equal] = self.bit.map(|it| at(meta, it, 0));
            let is_negated = at(meta, self.bit[0], 1);
            let is_least = at(meta, self.bit[0], 3);
            let [value, equal, inverse, holds] = [0, 1, 2, 3].map(|row| at(meta, self.scalar, row));
            let chosen = halved(&halved(&rows, &upper), &uppermost).into_iter();
            let difference = value.clone() - number(meta, self.byte[0]);
            let between = number(meta, self.byte[1]);
            let below = (one() - is_least.clone()) * constant(1 << 32);
            let compared = is_least.clone() + is_equal * (equal.clone() - is_least);
            let unlike = compared.clone() + is_negated.clone() - compared * is_negated * constant(2);
            Constraints::with_selector(
                on,
                [
                    chosen.fold(value, |sum, it| sum - it),
                    difference.clone() + below - between,
                    difference.clone() * equal.clone(),
                    difference * inverse + equal - one(),
                    holds - unlike,
                ],
            )
        });
    }

    /// What a literal does to the state.
    fn gate_of_deciding(&self, meta: &mut ConstraintSystem<Fp>) {
        meta.create_gate("deciding", |meta| {
            let on = meta.query_selector(self.on.literal);
            let ends_clause = at(meta, self.bit[1], 1);
            let ends_rule = at(meta, self.bit[2], 1);
            let [low, middle, high] = self.bit.map(|it| at(meta, it, 2));
            let ruled = low + middle * constant(2) + high * constant(4);
            let holds = at(meta, self.scalar, 3);
            let [clause, rule, decided, action] = [0, 1, 2, 3].map(|row| at(meta, self.state, row));
            let [clause_after, rule_after, decided_after, action_after] =
                [4, 5, 6, 7].map(|row| at(meta, self.state, row));
            let [clause_here, rule_here, decides] = [0, 1, 2].map(|row| at(meta, self.step, row));
            let joined = rule.clone() + ends_clause.clone() * clause_here.clone() * (one() - rule);
            Constraints::with_selector(
                on,
                [
                    clause_here.clone() - clause * holds,
                    rule_here.clone() - joined,
                    decides.clone() - ends_rule.clone() * rule_here.clone() * (one() - decided.clone()),
                    clause_after - clause_here.clone() - ends_clause * (one() - clause_here),
                    rule_after - rule_here * (one() - ends_rule),
                    decided_after - decided - decides.clone(),
                    action_after - action - decides * ruled,
                ],
            )
        });
    }

    /// Literals as the numbers that the commitment hashes.
    fn gates_of_packing(&self, meta: &mut ConstraintSystem<Fp>) {
        let word = |meta: &mut VirtualCells<'_, Fp>| {
            let lower = self.slot.map(|it| at(meta, it, 0));
            let [upper, uppermost, is_equal] = self.bit.map(|it| at(meta, it, 0));
            let flags = [upper, uppermost].into_iter();
            let mut sum = weighed(lower.into_iter().chain(flags), 0);
            sum = sum + number(meta, self.byte[0]) * constant(1 << 6);
            let rest = [1, 2].map(|row| self.bit.map(|it| at(meta, it, row)));
            sum + weighed([is_equal].into_iter().chain(rest.into_iter().flatten()), 38)
        };
        meta.create_gate("first literal of a word", |meta| {
            let on = meta.query_selector(self.on.first_literal);
            let gap = word(meta) - at(meta, self.packed, 3);
            Constraints::with_selector(on, [gap])
        });
        meta.create_gate("another literal of a word", |meta| {
            let on = meta.query_selector(self.on.more_literals);
            let before = at(meta, self.packed, -1) * constant(1 << WORD_BITS);
            let gap = before + word(meta) - at(meta, self.packed, 3);
            Constraints::with_selector(on, [gap])
        });
    }

    /// The values of the request: four bytes each, and as the numbers that the commitment hashes.
    fn gates_of_values(&self, meta: &mut ConstraintSystem<Fp>) {
        meta.create_gate("value", |meta| {
            let on = meta.query_selector(self.on.value);
            let bytes = [0, 1].map(|row| self.byte.map(|it| at(meta, it, row)));
            let gap = in_bytes(bytes.into_iter().flatten()) - at(meta, self.scalar, 0);
            Constraints::with_selector(on, [gap])
        });
        meta.create_gate("first value of a word", |meta| {
            let on = meta.query_selector(self.on.first_value);
            let gap = at(meta, self.scalar, 0) - at(meta, self.packed, 0);
            Constraints::with_selector(on, [gap])
        });
        meta.create_gate("another value of a word", |meta| {
            let on = meta.query_selector(self.on.more_values);
            let before = at(meta, self.packed, -2) * constant(1 << 32);
            let gap = before + at(meta, self.scalar, 0) - at(meta, self.packed, 0);
            Constraints::with_selector(on, [gap])
        });
    }
}

fn at(meta: &mut VirtualCells<'_, Fp>, column: Column<Advice>, row: i32) -> Expression<Fp> {
    meta.query_advice(column, Rotation(row))
}

/// A number out of the four bytes of a literal's rows, the least first.
fn number(meta: &mut VirtualCells<'_, Fp>, column: Column<Advice>) -> Expression<Fp> {
    in_bytes([0, 1, 2, 3].map(|row| at(meta, column, row)).into_iter())
}

fn in_bytes(bytes: impl Iterator<Item = Expression<Fp>>) -> Expression<Fp> {
    sum(bytes.zip(0..).map(|(byte, place)| byte * constant(1 << (8 * place))))
}

/// Bits with their weights, the first of them two to the power of `from`.
fn weighed(bits: impl Iterator<Item = Expression<Fp>>, from: u32) -> Expression<Fp> {
    sum(bits.zip(from..).map(|(bit, place)| bit * constant(1 << place)))
}

/// Of each pair the first where the bit is 0, the second where it is 1.
fn halved(values: &[Expression<Fp>], bit: &Expression<Fp>) -> Vec<Expression<Fp>> {
    let (pairs, _) = values.as_chunks::<2>();
    pairs
        .iter()
        .map(|[zero, one]| zero.clone() + bit.clone() * (one.clone() - zero.clone()))
        .collect()
}

fn sum(terms: impl Iterator<Item = Expression<Fp>>) -> Expression<Fp> {
    terms.reduce(|sum, it| sum + it).unwrap_or_else(|| constant(0))
}

fn constant(value: u64) -> Expression<Fp> {
    Expression::Constant(Fp::from(value))
}

fn one() -> Expression<Fp> {
    constant(1)
}
