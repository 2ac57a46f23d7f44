//! What is known of words seen before: one look-up a word, however much there is to know.
//!
//! People use few words over and over, so what the rules and the model say of a word by itself is worked
//! out once and kept. Keeping changes no answer: what is kept follows from the word alone, and an entry
//! counts only for exactly the word it was made from.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::lexicon::{ANCHORED, ClassSet, Effect, Gate, Lead, Lexicon, Target};
use crate::ngram::{BlockSum, TABLE_LEN, weight, within};
use crate::text::{Token, View, head_at, low_bytes, narrow};

/// Words kept for each thread; a power of two. A word's place is given by its hash, the last one stays.
const SLOT_COUNT: usize = 16384;
const SLOT_SHIFT: u32 = u64::BITS - SLOT_COUNT.trailing_zeros();
/// Bytes of the longest word of these. Up to here the first eight bytes, the length and a hash tell words
/// apart: nobody can craft two that share all three, as they could with longer ones, to have one judged
/// as the other.
const WORD_LEN_MAX: usize = 16;
/// Longer words, many of them of scripts that take two or three bytes a letter. All their bytes are kept
/// and compared.
const LONG_SLOT_COUNT: usize = 4096;
const LONG_SLOT_SHIFT: u32 = u64::BITS - LONG_SLOT_COUNT.trailing_zeros();
const LONG_LEN_MAX: usize = 32;
/// When there are more lexemes, classes, rows or leads than this, everything is forgotten.
const TARGETS_MAX: usize = 1 << 17;
/// From how many classes on a word keeps a row of bits instead of a list.
const ROW_FROM: usize = 12;
/// Marks the number of a row.
const ROW: u32 = 1 << 31;

/// What a word says by itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// The effect of all its lexemes, in two parts: as one they would not fit a line.
    pub(crate) gate: Gate,
    pub(crate) counts: u32,
    /// Its weights in the n-gram model.
    pub(crate) grams: BlockSum,
    /// Where its lexemes and leads stand.
    lexemes_from: u32,
    leads_from: u32,
    lexemes: u16,
    pub(crate) leads: u16,
}

impl Known {
    #[inline(always)]
    pub(crate) const fn lexemes(&self) -> Lexemes {
        Lexemes {
            from: self.lexemes_from,
            count: self.lexemes,
        }
    }
}

/// Where the lexemes of a word stand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lexemes {
    from: u32,
    count: u16,
}

impl Lexemes {
    #[inline(always)]
    pub(crate) const fn is_empty(self) -> bool {
        self.count == 0
    }
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

const _: () = assert!(size_of::<Slot>() == 64, "a look-up touches one line");

/// A longer word: the bytes behind the first eight, zeros behind the last.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct LongSlot {
    head: u64,
    rest: [u64; LONG_LEN_MAX / 8 - 1],
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
    long_slots: Vec<LongSlot>,
    /// For each word the number of its classes, these, and its lexemes. Where the number is that of a row,
    /// the classes are in there.
    lexemes: Vec<u32>,
    rows: Vec<ClassSet>,
    leads: Vec<Lead>,
    /// Everything the last word led to, and the classes of that.
    found: Vec<Target>,
    classes: Vec<u16>,
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
        let most = self.lexemes.len().max(self.leads.len()).max(self.rows.len() * 32);
        if self.owner != owner || most > TARGETS_MAX {
            self.forget(owner);
        }
    }

    #[inline(never)]
    fn forget(&mut self, owner: u64) {
        self.owner = owner;
        self.slots.clear();
        self.slots.resize(SLOT_COUNT, Slot::default());
        self.long_slots.clear();
        self.long_slots.resize(LONG_SLOT_COUNT, LongSlot::default());
        self.lexemes.clear();
        self.rows.clear();
        self.leads.clear();
    }

    /// What is known of a word, if anything.
    #[inline(always)]
    pub(crate) fn of(&self, view: &View, token: &Token) -> Option<Known> {
        if token.len() > WORD_LEN_MAX {
            return self.of_long(view, token);
        }
        let slot = self.slots.get((token.hash >> SLOT_SHIFT) as usize)?;
        (slot.hash == token.hash && slot.head == token.head && slot.len == token.end - token.start)
            .then_some(slot.known)
    }

    #[inline(never)]
    fn of_long(&self, view: &View, token: &Token) -> Option<Known> {
        let slot = self.long_slots.get((token.hash >> LONG_SLOT_SHIFT) as usize)?;
        (slot.len == token.end - token.start && slot.head == token.head && slot.rest == rest_of(view, token))
            .then_some(slot.known)
    }

    /// Works out what a word says, and keeps it.
    #[inline(never)]
    pub(crate) fn learn(&mut self, view: &View, token: &Token, lexicon: &Lexicon, table: &[i8; TABLE_LEN]) -> Known {
        self.found.clear();
        lexicon.targets(view, token, &mut self.found);
        let (lexemes_from, leads_from) = (self.lexemes.len(), self.leads.len());
        let is_lexeme = |target: &Target| target & ANCHORED == 0;
        let mut effect = Effect::default();
        self.keep_classes(lexicon);
        for target in &self.found {
            if is_lexeme(target) {
                effect.join(lexicon.effect(*target));
                self.lexemes.push(*target);
            } else {
                self.leads.push(lexicon.lead(*target));
            }
        }
        let lexeme_count = self.found.iter().filter(|target| is_lexeme(target)).count();
        let mut grams = BlockSum::default();
        within(view, token, |hash| grams.add(weight(table, hash), 1));
        let count = |len: usize| u16::try_from(len).unwrap_or(u16::MAX);
        let known = Known {
            gate: effect.gate,
            counts: effect.counts,
            grams,
            lexemes_from: narrow(lexemes_from),
            leads_from: narrow(leads_from),
            lexemes: count(lexeme_count),
            leads: count(self.leads.len() - leads_from),
        };
        self.keep(view, token, known);
        known
    }

    /// Writes down the classes of what was found: nothing if that holds no lexeme.
    fn keep_classes(&mut self, lexicon: &Lexicon) {
        self.classes.clear();
        let mut any = false;
        for target in self.found.iter().filter(|target| **target & ANCHORED == 0) {
            any = true;
            self.classes.extend_from_slice(lexicon.classes(*target));
        }
        if !any {
            return;
        }
        self.classes.sort_unstable();
        self.classes.dedup();
        if self.classes.len() < ROW_FROM {
            self.lexemes.push(narrow(self.classes.len()));
            self.lexemes.extend(self.classes.iter().map(|class| u32::from(*class)));
        } else {
            self.lexemes.push(ROW | narrow(self.rows.len()));
            let classes = self.classes.iter().copied();
            self.rows.push(ClassSet::of(classes, lexicon.class_count()));
        }
    }

    fn keep(&mut self, view: &View, token: &Token, known: Known) {
        let (head, len) = (token.head, token.end - token.start);
        if token.len() <= WORD_LEN_MAX {
            if let Some(slot) = self.slots.get_mut((token.hash >> SLOT_SHIFT) as usize) {
                let hash = token.hash;
                *slot = Slot { hash, head, len, known };
            }
        } else if token.len() <= LONG_LEN_MAX
            && let Some(slot) = self.long_slots.get_mut((token.hash >> LONG_SLOT_SHIFT) as usize)
        {
            let rest = rest_of(view, token);
            *slot = LongSlot { head, rest, len, known };
        }
    }

    /// The lexemes of a word.
    #[inline(always)]
    pub(crate) fn lexemes(&self, of: Lexemes) -> &[Target] {
        let from = of.from as usize;
        let header = self.lexemes.get(from).copied().unwrap_or(0);
        let classes = if header & ROW == 0 { header as usize } else { 0 };
        let from = from + 1 + classes;
        self.lexemes.get(from..from + usize::from(of.count)).unwrap_or_default()
    }

    /// Adds the classes of a word that has lexemes to `present`.
    #[inline(always)]
    pub(crate) fn note(&self, of: Lexemes, present: &mut ClassSet) {
        let Some((header, rest)) = self.lexemes.get(of.from as usize..).and_then(<[u32]>::split_first) else {
            return;
        };
        if header & ROW == 0 {
            for class in rest.get(..*header as usize).unwrap_or_default() {
                present.mark(*class as u16);
            }
        } else if let Some(row) = self.rows.get((header & !ROW) as usize) {
            present.add_all(row.words());
        }
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

/// The bytes of a word behind its first eight, as many as a slot holds; zeros behind its end.
#[inline(always)]
fn rest_of(view: &View, token: &Token) -> [u64; LONG_LEN_MAX / 8 - 1] {
    std::array::from_fn(|index| {
        let before = 8 + index * 8;
        head_at(view.padded(), token.start as usize + before) & low_bytes(token.len().saturating_sub(before))
    })
}

#[cfg(test)]
mod tests {
    use super::{LONG_LEN_MAX, Memo, WORD_LEN_MAX};
    use crate::inspect::{Engine, Setup, Thresholds};
    use crate::masks::Portable;
    use crate::text::View;

    #[test]
    #[expect(clippy::expect_used, reason = "a test may fail")]
    fn a_word_is_known_only_as_itself() {
        let engine = Engine::new(&Setup {
            rules: &[],
            user_rules: &[],
            model: None,
            thresholds: Thresholds {
                flag: [0.8; 19],
                block: [0.95; 19],
            },
            paranoia: 1,
            exclude: &[],
        })
        .expect("an engine without rules");
        let word = |len: usize, last: char| format!("{}{last}", "a".repeat(len - 1));
        for (len, kept) in [(WORD_LEN_MAX, true), (LONG_LEN_MAX, true), (LONG_LEN_MAX + 1, false)] {
            let mut memo = Memo::default();
            memo.prepare(1);
            let mut view = View::default();
            view.read(
                Portable,
                &format!("{} {}", word(len, 'x'), word(len, 'y')),
                &[false; 256],
            );
            let (known, mut other) = (view.tokens[0], view.tokens[1]);
            memo.learn(&view, &known, &engine.rulebook.lexicon, &engine.model.table);
            assert_eq!(memo.of(&view, &known).is_some(), kept, "{len}");
            // Even where the hash is the same.
            other.hash = if len <= WORD_LEN_MAX { other.hash } else { known.hash };
            assert!(memo.of(&view, &other).is_none(), "{len}");
        }
    }
}
