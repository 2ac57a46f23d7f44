//! What is known of words seen before: one look-up a word, however much there is to know.
//!
//! People use few words over and over, so what the rules and the model say of a word by itself is worked
//! out once and kept. Keeping changes no answer: what is kept follows from the word alone, and an entry
//! counts only for exactly the word it was made from.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::lexicon::{ANCHORED, Effect, Lead, Lexicon, Target};
use crate::ngram::{BlockSum, TABLE_LEN, weight, within};
use crate::text::{Token, View, narrow};

/// Words kept for each thread; a power of two. A word's place is given by its hash, the last one stays.
const SLOT_COUNT: usize = 16384;
const SLOT_SHIFT: u32 = u64::BITS - SLOT_COUNT.trailing_zeros();
/// Bytes of the longest word that is kept. Up to here the first eight bytes, the length and a hash tell
/// words apart: nobody can craft two that share all three, as they could with longer ones, to have one
/// judged as the other.
const WORD_LEN_MAX: usize = 16;
/// When there are more lexemes or leads than this, everything is forgotten.
const TARGETS_MAX: usize = 1 << 16;

/// What a word says by itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// Of all its lexemes.
    pub(crate) effect: Effect,
    /// Its weights in the n-gram model.
    pub(crate) grams: BlockSum,
    /// Where its lexemes and leads stand.
    lexemes_from: u32,
    leads_from: u32,
    lexemes: u16,
    pub(crate) leads: u16,
}

/// One line of the processor's cache.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Slot {
    hash: u64,
    head: u64,
    /// 0 in a free slot.
    len: u32,
    known: Known,
}

/// Words seen before by one engine.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    /// The engine all this is known from.
    owner: u64,
    slots: Vec<Slot>,
    lexemes: Vec<Target>,
    leads: Vec<Lead>,
    /// Everything the last word led to.
    found: Vec<Target>,
}

/// A number no other engine of this process has.
pub(crate) fn next_owner() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Memo {
    /// Forgets everything unless it is about `owner`.
    #[inline(always)]
    pub(crate) fn prepare(&mut self, owner: u64) {
        if self.owner != owner || self.lexemes.len() > TARGETS_MAX || self.leads.len() > TARGETS_MAX {
            self.forget(owner);
        }
    }

    #[inline(never)]
    fn forget(&mut self, owner: u64) {
        self.owner = owner;
        self.slots.clear();
        self.slots.resize(SLOT_COUNT, Slot::default());
        self.lexemes.clear();
        self.leads.clear();
    }

    /// What is known of a word, if anything.
    #[inline(always)]
    pub(crate) fn of(&self, token: &Token) -> Option<Known> {
        let slot = self.slots.get((token.hash >> SLOT_SHIFT) as usize)?;
        (slot.hash == token.hash && slot.head == token.head && slot.len == token.end - token.start)
            .then_some(slot.known)
    }

    /// Works out what a word says, and keeps it.
    #[inline(never)]
    pub(crate) fn learn(&mut self, view: &View, token: &Token, lexicon: &Lexicon, table: &[i8; TABLE_LEN]) -> Known {
        self.found.clear();
        lexicon.targets(view, token, &mut self.found);
        let (lexemes_from, leads_from) = (self.lexemes.len(), self.leads.len());
        let mut effect = Effect::default();
        for target in &self.found {
            if target & ANCHORED == 0 {
                effect.join(lexicon.effect(*target));
                self.lexemes.push(*target);
            } else {
                self.leads.push(lexicon.lead(*target));
            }
        }
        let mut grams = BlockSum::default();
        within(view, token, |hash| grams.add(weight(table, hash), 1));
        let count = |len: usize, from: usize| u16::try_from(len - from).unwrap_or(u16::MAX);
        let known = Known {
            effect,
            grams,
            lexemes_from: narrow(lexemes_from),
            leads_from: narrow(leads_from),
            lexemes: count(self.lexemes.len(), lexemes_from),
            leads: count(self.leads.len(), leads_from),
        };
        if token.len() <= WORD_LEN_MAX
            && let Some(slot) = self.slots.get_mut((token.hash >> SLOT_SHIFT) as usize)
        {
            *slot = Slot {
                hash: token.hash,
                head: token.head,
                len: token.end - token.start,
                known,
            };
        }
        known
    }

    /// The lexemes of a word.
    #[inline(always)]
    pub(crate) fn lexemes(&self, known: Known) -> &[Target] {
        let from = known.lexemes_from as usize;
        self.lexemes
            .get(from..from + usize::from(known.lexemes))
            .unwrap_or_default()
    }

    /// The phrases a word leads to.
    #[inline(always)]
    pub(crate) fn leads(&self, known: Known) -> &[Lead] {
        let from = known.leads_from as usize;
        self.leads
            .get(from..from + usize::from(known.leads))
            .unwrap_or_default()
    }
}
