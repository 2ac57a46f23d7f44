//! The circuit: lays out a policy, a request, their commitments and the decision.

use halo2_gadgets::poseidon::{Hash, Pow5Chip};
use halo2_poseidon::{ConstantLength, P128Pow5T3};
use halo2_proofs::arithmetic::Field as _;
use halo2_proofs::circuit::{AssignedCell, Layouter, Region, SimpleFloorPlanner, Value};
use halo2_proofs::pasta::Fp;
use halo2_proofs::plonk::{Advice, Circuit, Column, ConstraintSystem, Error};

use crate::clauses::{Literal, PER_WORD, POLICY_KIND};
use crate::gates::{Config, ROWS, VALUES};
use crate::request::{REQUEST_HASHED, REQUEST_KIND, Request, SLOTS, VALUES_PER_WORD};

type Cell = AssignedCell<Fp, Fp>;

/// What is hidden. `HASHED` is how many elements the policy's commitment hashes, and so the size.
#[derive(Clone, Debug)]
pub(crate) struct Witness<const HASHED: usize> {
    pub(crate) literals: Vec<Literal>,
    pub(crate) request: Request,
    pub(crate) policy_salt: Fp,
    pub(crate) request_salt: Fp,
    pub(crate) schema: Fp,
}

impl<const HASHED: usize> Witness<HASHED> {
    /// One of the right size in which nothing stands: for the keys.
    pub(crate) fn empty(literals: usize) -> Self {
        Self {
            literals: vec![Literal::default(); literals],
            request: Request([0; SLOTS]),
            policy_salt: Fp::zero(),
            request_salt: Fp::zero(),
            schema: Fp::zero(),
        }
    }
}

impl<const HASHED: usize> Circuit<Fp> for Witness<HASHED> {
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self::empty(self.literals.len())
    }

    fn configure(meta: &mut ConstraintSystem<Fp>) -> Config {
        Config::new(meta)
    }

    fn synthesize(&self, config: Config, mut layouter: impl Layouter<Fp>) -> Result<(), Error> {
        load_bytes(&config, &mut layouter)?;
        let heads = layouter.assign_region(|| "heads", |mut region| self.heads(&config, &mut region))?;
        let (values, request) = layouter.assign_region(|| "request", |mut region| self.values(&config, &mut region))?;
        let laid = layouter.assign_region(|| "policy", |mut region| self.policy(&config, &mut region, &values))?;
        let policy: [Cell; HASHED] = elements(heads.policy, laid.words)?;
        let policy = hashed(&config, &mut layouter, policy)?;
        let request: [Cell; REQUEST_HASHED] = elements(heads.request, request)?;
        let request = hashed(&config, &mut layouter, request)?;
        layouter.constrain_instance(policy.cell(), config.public, 0)?;
        layouter.constrain_instance(request.cell(), config.public, 1)?;
        layouter.constrain_instance(laid.action.cell(), config.public, 2)
    }
}

/// What a commitment hashes first: its kind, its salt, the names of the features.
struct Heads {
    policy: [Cell; 3],
    request: [Cell; 3],
}

/// What the rows of a policy come to.
struct Laid {
    words: Vec<Cell>,
    action: Cell,
}

impl<const HASHED: usize> Witness<HASHED> {
    fn heads(&self, config: &Config, region: &mut Region<'_, Fp>) -> Result<Heads, Error> {
        let mut kind = |row: usize, number: u64| {
            region.assign_advice_from_constant(|| "kind", config.packed, row, Fp::from(number))
        };
        let kinds = [kind(0, POLICY_KIND)?, kind(1, REQUEST_KIND)?];
        let policy_salt = put(region, config.scalar, 0, self.policy_salt)?;
        let request_salt = put(region, config.scalar, 1, self.request_salt)?;
        let schema = put(region, config.scalar, 2, self.schema)?;
        let [policy, request] = kinds;
        Ok(Heads {
            policy: [policy, policy_salt, schema.clone()],
            request: [request, request_salt, schema],
        })
    }

    /// Two rows for each value; gives the values, and the words that hold them.
    fn values(&self, config: &Config, region: &mut Region<'_, Fp>) -> Result<(Vec<Cell>, Vec<Cell>), Error> {
        let (mut values, mut words) = (Vec::new(), Vec::new());
        let mut packed = Fp::zero();
        for (at, value) in self.request.0.iter().enumerate() {
            let (row, is_first) = (2 * at, at % VALUES_PER_WORD == 0);
            config.on.value.enable(region, row)?;
            let switch = if is_first {
                config.on.first_value
            } else {
                config.on.more_values
            };
            switch.enable(region, row)?;
            let number = Fp::from(u64::from(*value));
            packed = if is_first {
                number
            } else {
                packed * Fp::from(1u64 << 32) + number
            };
            values.push(put(region, config.scalar, row, number)?);
            let word = put(region, config.packed, row, packed)?;
            if at % VALUES_PER_WORD == VALUES_PER_WORD - 1 || at == SLOTS - 1 {
                words.push(word);
            }
            let columns = config.byte.into_iter().cycle();
            for ((place, byte), column) in value.to_le_bytes().into_iter().enumerate().zip(columns) {
                put(region, column, row + place / 2, Fp::from(u64::from(byte)))?;
            }
        }
        Ok((values, words))
    }

    /// Four rows for each literal, and four for the state in the end.
    fn policy(&self, config: &Config, region: &mut Region<'_, Fp>, values: &[Cell]) -> Result<Laid, Error> {
        let mut words = Vec::new();
        let (mut state, mut packed) = (State::default(), Fp::zero());
        for (column, row, at_first) in [
            (config.state, 0, 1),
            (config.state, 1, 0),
            (config.state, 2, 0),
            (config.state, 3, 0),
        ] {
            region.assign_advice_from_constant(|| "at first", column, row, Fp::from(at_first))?;
        }
        for (at, literal) in self.literals.iter().enumerate() {
            let top = ROWS * at;
            self.rows(config, region, top, values)?;
            let is_first = at % PER_WORD == 0;
            let switch = if is_first {
                config.on.first_literal
            } else {
                config.on.more_literals
            };
            switch.enable(region, top)?;
            let number = Fp::from(literal.word());
            packed = if is_first {
                number
            } else {
                packed * Fp::from(1u64 << crate::clauses::WORD_BITS) + number
            };
            let word = put(region, config.packed, top + 3, packed)?;
            if at % PER_WORD == PER_WORD - 1 {
                words.push(word);
            }
            state = self.literal(config, region, top, *literal, state)?;
        }
        let end = ROWS * self.literals.len();
        put(region, config.state, end, Fp::from(u64::from(state.clause)))?;
        put(region, config.state, end + 1, Fp::from(u64::from(state.rule)))?;
        let decided = put(region, config.state, end + 2, Fp::from(u64::from(state.decided)))?;
        region.constrain_constant(decided.cell(), Fp::one())?;
        let action = put(region, config.state, end + 3, Fp::from(u64::from(state.action)))?;
        Ok(Laid { words, action })
    }

    /// The values of the request beside a literal; those of the first are copied, the others equal.
    fn rows(&self, config: &Config, region: &mut Region<'_, Fp>, top: usize, values: &[Cell]) -> Result<(), Error> {
        let is_last = top + ROWS == ROWS * self.literals.len();
        for (row, sixteen) in (top..).zip(values.chunks(VALUES)) {
            config.on.row.enable(region, row)?;
            if row + 1 < top + ROWS {
                config.on.same_slot.enable(region, row)?;
            }
            if !is_last {
                config.on.same_values.enable(region, row)?;
            }
            for (column, cell) in config.value.into_iter().zip(sixteen) {
                if top == 0 {
                    cell.copy_advice(|| "value", region, column, row)?;
                } else {
                    region.assign_advice(|| "value", column, row, || cell.value().copied())?;
                }
            }
        }
        Ok(())
    }

    fn literal(
        &self,
        config: &Config,
        region: &mut Region<'_, Fp>,
        top: usize,
        literal: Literal,
        state: State,
    ) -> Result<State, Error> {
        config.on.literal.enable(region, top)?;
        let slot = usize::from(literal.slot);
        let value = self.request.0.get(slot).copied().ok_or(Error::Synthesis)?;
        let is_least = value >= literal.constant;
        let bits = [
            [slot & 16 != 0, slot & 32 != 0, literal.is_equal],
            [literal.is_negated, literal.ends_clause, literal.ends_rule],
            [
                literal.action & 1 != 0,
                literal.action & 2 != 0,
                literal.action & 4 != 0,
            ],
            [is_least, false, false],
        ];
        let constant = literal.constant.to_le_bytes();
        let between = value.wrapping_sub(literal.constant).to_le_bytes();
        let rows = bits.into_iter().zip(constant.into_iter().zip(between));
        for (row, (bits, (constant, between))) in (top..).zip(rows) {
            for (column, place) in config.slot.into_iter().zip(0..) {
                put(region, column, row, Fp::from(u64::from(slot >> place & 1 != 0)))?;
            }
            for (column, bit) in config.bit.into_iter().zip(bits) {
                put(region, column, row, Fp::from(u64::from(bit)))?;
            }
            put(region, config.byte[0], row, Fp::from(u64::from(constant)))?;
            put(region, config.byte[1], row, Fp::from(u64::from(between)))?;
            let here = self
                .request
                .0
                .get((row - top) * VALUES + slot % VALUES)
                .ok_or(Error::Synthesis)?;
            put(region, config.chosen, row, Fp::from(u64::from(*here)))?;
        }
        let difference = Fp::from(u64::from(value)) - Fp::from(u64::from(literal.constant));
        let holds = literal.holds(value);
        let inverse = difference.invert().unwrap_or(Fp::zero());
        put(region, config.scalar, top, Fp::from(u64::from(value)))?;
        put(
            region,
            config.scalar,
            top + 1,
            Fp::from(u64::from(value == literal.constant)),
        )?;
        put(region, config.scalar, top + 2, inverse)?;
        put(region, config.scalar, top + 3, Fp::from(u64::from(holds)))?;
        state.after(config, region, top, literal, holds)
    }
}

/// How far the interpreter has come.
#[derive(Clone, Copy, Debug)]
struct State {
    clause: bool,
    rule: bool,
    decided: bool,
    action: u8,
}

impl Default for State {
    fn default() -> Self {
        Self {
            clause: true,
            rule: false,
            decided: false,
            action: 0,
        }
    }
}

impl State {
    fn after(
        self,
        config: &Config,
        region: &mut Region<'_, Fp>,
        top: usize,
        literal: Literal,
        holds: bool,
    ) -> Result<Self, Error> {
        let clause = self.clause && holds;
        let rule = self.rule || (literal.ends_clause && clause);
        let decides = literal.ends_rule && rule && !self.decided;
        if top > 0 {
            let now = [self.clause, self.rule, self.decided].map(u64::from);
            for (row, now) in (top..).zip(now.into_iter().chain([u64::from(self.action)])) {
                put(region, config.state, row, Fp::from(now))?;
            }
        }
        for (row, now) in (top..).zip([clause, rule, decides]) {
            put(region, config.step, row, Fp::from(u64::from(now)))?;
        }
        Ok(Self {
            clause: clause || literal.ends_clause,
            rule: rule && !literal.ends_rule,
            decided: self.decided || decides,
            action: if decides { literal.action } else { self.action },
        })
    }
}

fn put(region: &mut Region<'_, Fp>, column: Column<Advice>, row: usize, value: Fp) -> Result<Cell, Error> {
    region.assign_advice(|| "cell", column, row, || Value::known(value))
}

fn load_bytes(config: &Config, layouter: &mut impl Layouter<Fp>) -> Result<(), Error> {
    layouter.assign_table(
        || "bytes",
        |mut table| {
            (0..256u64).try_for_each(|byte| {
                let row = usize::try_from(byte).map_err(|_| Error::Synthesis)?;
                table.assign_cell(|| "byte", config.bytes, row, || Value::known(Fp::from(byte)))
            })
        },
    )
}

fn elements<const N: usize>(head: [Cell; 3], words: Vec<Cell>) -> Result<[Cell; N], Error> {
    let all: Vec<Cell> = head.into_iter().chain(words).collect();
    all.try_into().map_err(|_| Error::Synthesis)
}

fn hashed<const N: usize>(
    config: &Config,
    layouter: &mut impl Layouter<Fp>,
    elements: [Cell; N],
) -> Result<Cell, Error> {
    let chip = Pow5Chip::construct(config.poseidon.clone());
    let hash = Hash::<_, _, P128Pow5T3, ConstantLength<N>, 3, 2>::init(chip, layouter.namespace(|| "commitment"))?;
    hash.hash(layouter.namespace(|| "commitment"), elements)
}
