//! What meeting a lexeme changes: what is counted of a text, and which conditions may hold.

/// Which conditions the lexemes of a text may wake up. A text whose gate stays shut meets none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gate {
    /// Pairs of classes of which the first is there.
    pub(crate) first: u64,
    /// Pairs of classes of which the second is there.
    pub(crate) second: u64,
}

impl Gate {
    /// Adds what else is there.
    #[inline(always)]
    pub(crate) const fn join(&mut self, other: Self) {
        self.first |= other.first;
        self.second |= other.second;
    }

    /// Whether some condition may hold.
    #[inline(always)]
    pub(crate) const fn is_open(self) -> bool {
        self.first & self.second != 0
    }
}

/// What a lexeme, or all lexemes of a word, do to what is counted of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effect {
    /// Bits of the features it counts for.
    pub(crate) counts: u32,
    pub(crate) gate: Gate,
}

impl Effect {
    /// Adds another lexeme of the same word.
    pub(crate) const fn join(&mut self, other: Self) {
        self.counts |= other.counts;
        self.gate.join(other.gate);
    }
}

/// The effect of each lexeme: its counts, and what its classes do to the gate.
pub(super) fn effects(counted: &[u32], classes: &[Vec<u32>], gates: &[Gate]) -> Vec<Effect> {
    let mut effects: Vec<_> = counted
        .iter()
        .map(|counts| Effect {
            counts: *counts,
            gate: Gate::default(),
        })
        .collect();
    for (lexemes, gate) in classes.iter().zip(gates) {
        for lexeme in lexemes {
            if let Some(effect) = effects.get_mut(*lexeme as usize) {
                effect.gate.join(*gate);
            }
        }
    }
    effects
}
