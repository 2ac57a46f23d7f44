//! Finding every word, phrase, stem and marker of all rules in one pass over the tokens.
//!
//! Words are found by the hash each token carries anyway, so a text costs a few bit tests a token
//! however many rules there are. A lexeme is one thing any pattern accepts: a word, a phrase, a stem, a
//! marker. A class is the set of lexemes one pattern accepts; patterns with the same set share it.

use std::collections::HashMap;

use crate::fold::{Fold, fold};
use crate::masks::Portable;
use crate::ngram::bigram;
use crate::text::{Token, View, low_bytes, mix, narrow};

/// A lexeme seen in a text, at tokens `first..=last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// Bytes of the normalised text.
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) lexeme: u32,
}

/// A set of classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClassSet(Vec<u64>);

impl ClassSet {
    pub(crate) fn of(classes: impl Iterator<Item = u16>) -> Self {
        let mut set = Self::default();
        for class in classes {
            set.insert(class);
        }
        set
    }

    /// Empties the set and makes room for `count` classes.
    pub(crate) fn reset(&mut self, count: usize) {
        self.0.clear();
        self.0.resize(count.div_ceil(64), 0);
    }

    fn insert(&mut self, class: u16) {
        let place = usize::from(class) / 64;
        if place >= self.0.len() {
            self.0.resize(place + 1, 0);
        }
        self.mark(class);
    }

    #[inline(always)]
    pub(crate) fn mark(&mut self, class: u16) {
        if let Some(word) = self.0.get_mut(usize::from(class) / 64) {
            *word |= 1 << (class % 64);
        }
    }

    #[inline(always)]
    fn add_all(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }

    #[inline(always)]
    pub(crate) fn has(&self, class: u16) -> bool {
        self.0.get(usize::from(class) / 64).is_some_and(|word| word >> (class % 64) & 1 == 1)
    }

    /// The classes in both sets, in order.
    #[inline(always)]
    pub(crate) fn common(&self, other: &Self, mut on: impl FnMut(usize)) {
        for (place, (a, b)) in self.0.iter().zip(&other.0).enumerate() {
            let mut both = a & b;
            while both != 0 {
                on(place * 64 + both.trailing_zeros() as usize);
                both &= both - 1;
            }
        }
    }
}

/// What a lexeme belongs to.
#[derive(Clone, Debug, Default)]
struct Membership {
    /// Sorted.
    classes: Vec<u16>,
    /// The same for lexemes of many classes, so that adding them is a few wide instructions.
    dense: Option<ClassSet>,
}

/// A lexeme of a class that triggers conditions.
pub(crate) const TRIGGERS: u32 = 1 << 31;

/// From how many classes on a lexeme keeps a dense set.
const DENSE_FROM: usize = 12;

/// One way a class may be written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Entry {
    /// Consecutive tokens.
    Words(Vec<Element>),
    /// A literal with punctuation in it, and whether it counts only at the start of a line.
    Text { literal: Vec<u8>, line: bool },
    /// A token with at least three digits.
    Digits,
    /// At least twenty characters without a space.
    Blob,
}

/// One token of a phrase.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Element {
    Exact { hash: u64, word: Vec<u8> },
    Stem(Vec<u8>),
}

const FILTER_BITS_LOG: u32 = 18;
const FILTER_BITS: usize = 1 << FILTER_BITS_LOG;
const BLOB_LEN_MIN: u32 = 20;
const STEM_SALT: u64 = 0x5747;
/// Bytes that say whether a longer stem may follow.
const OPENING_LEN: usize = 4;

/// A set that answers “surely not” from a few kilobytes.
#[derive(Clone, Debug)]
struct Filter(Box<[u64; FILTER_BITS / 64]>);

impl Filter {
    fn new() -> Self {
        Self(vec![0; FILTER_BITS / 64].into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([0; FILTER_BITS / 64])))
    }

    fn insert(&mut self, hash: u64) {
        if let Some(word) = self.0.get_mut((hash >> (64 - FILTER_BITS_LOG + 6)) as usize) {
            *word |= 1 << (hash >> (64 - FILTER_BITS_LOG) & 63);
        }
    }

    #[inline(always)]
    fn may_hold(&self, hash: u64) -> bool {
        self.0
            .get((hash >> (64 - FILTER_BITS_LOG + 6)) as usize)
            .is_some_and(|word| word >> (hash >> (64 - FILTER_BITS_LOG) & 63) & 1 == 1)
    }
}

/// What a found key leads to: a lexeme, or with the upper bit a place in [`Lexicon::anchored`].
type Target = u32;
const ANCHORED: u32 = 1 << 31;

/// Targets by hash, while they are being gathered.
type Gathered = HashMap<u64, Vec<Target>>;

/// Targets by hash: one probe for most, neighbours in memory for the rest. Hashes are good enough to be
/// their own place.
#[derive(Clone, Debug, Default)]
struct Index {
    slots: Vec<Slot>,
    more: Vec<Target>,
    shift: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    hash: u64,
    first: Target,
    /// Where further targets stand in [`Index::more`].
    from: u32,
    /// Targets in all; 0 in a free slot.
    count: u32,
}

impl Index {
    fn build(gathered: Gathered) -> Self {
        let bits = (gathered.len() * 2).next_power_of_two().trailing_zeros().max(4);
        let mut index = Self { slots: vec![Slot::default(); 1 << bits], more: Vec::new(), shift: 64 - bits };
        let mut all: Vec<_> = gathered.into_iter().collect();
        // The order of a hash map is not the same twice; an engine is.
        all.sort_unstable_by_key(|(hash, _)| *hash);
        for (hash, targets) in all {
            let Some((first, rest)) = targets.split_first() else { continue };
            let slot = Slot { hash, first: *first, from: narrow(index.more.len()), count: narrow(targets.len()) };
            index.more.extend_from_slice(rest);
            let mut place = (hash >> index.shift) as usize;
            while index.slots.get(place).is_some_and(|slot| slot.count > 0) {
                place = (place + 1) & (index.slots.len() - 1);
            }
            if let Some(free) = index.slots.get_mut(place) {
                *free = slot;
            }
        }
        index
    }

    #[inline(always)]
    fn for_each(&self, hash: u64, mut on: impl FnMut(Target)) {
        let mut place = (hash >> self.shift) as usize;
        while let Some(slot) = self.slots.get(place) {
            if slot.count == 0 {
                return;
            }
            if slot.hash == hash {
                on(slot.first);
                if slot.count > 1 {
                    let rest = slot.from as usize..(slot.from + slot.count - 1) as usize;
                    self.more.get(rest).unwrap_or_default().iter().for_each(|target| on(*target));
                }
                return;
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }
}

/// What the literals of one anchor are kept under.
type Literals = HashMap<u32, Vec<Literal>, std::hash::BuildHasherDefault<Spread>>;

/// Hashing for the few thousand pairs of bytes that literals hang on.
#[derive(Clone, Copy, Debug, Default)]
struct Spread(u64);

impl std::hash::Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0.rotate_left(8) ^ u64::from(*byte)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }
}

/// The three indexes of a lexicon, while they are being gathered.
#[derive(Debug, Default)]
struct Gather {
    words: Gathered,
    stems: Gathered,
    pairs: Gathered,
}

#[derive(Clone, Debug)]
struct Phrase {
    elements: Vec<Element>,
    lexeme: u32,
    /// Which element the phrase is found by.
    anchor: usize,
}

#[derive(Clone, Debug)]
struct Literal {
    bytes: Vec<u8>,
    /// Which byte of it is the anchor.
    anchor: usize,
    line: bool,
    lexeme: u32,
}

/// All classes, ready to be looked for.
#[derive(Clone, Debug)]
pub(crate) struct Lexicon {
    word_filter: Filter,
    stem_filter: Filter,
    pair_filter: Filter,
    words: Index,
    stems: Index,
    pairs: Index,
    long_stems: Vec<usize>,
    phrases: Vec<Phrase>,
    literals: Literals,
    /// Bytes literals hang on.
    pub(crate) anchors: [bool; 256],
    digits: Option<u32>,
    blob: Option<u32>,
    members: Vec<Membership>,
    /// For each lexeme, bits of the features it counts for, and [`TRIGGERS`].
    summaries: Vec<u32>,
    class_count: usize,
}

impl Lexicon {
    /// Indexes lexemes. `classes` lists the lexemes of each class, `counted` the features of each lexeme.
    pub(crate) fn build(lexemes: &[Entry], classes: &[Vec<u32>], counted: &[u32]) -> Self {
        let mut lexicon = Self {
            word_filter: Filter::new(),
            stem_filter: Filter::new(),
            pair_filter: Filter::new(),
            words: Index::default(),
            stems: Index::default(),
            pairs: Index::default(),
            long_stems: Vec::new(),
            phrases: Vec::new(),
            literals: Literals::default(),
            anchors: [false; 256],
            digits: None,
            blob: None,
            members: members(lexemes.len(), classes),
            summaries: counted.to_vec(),
            class_count: classes.len(),
        };
        let mut gathered = Gather::default();
        for (lexeme, entry) in (0_u32..).zip(lexemes) {
            lexicon.add(lexeme, entry, &mut gathered);
        }
        lexicon.words = Index::build(gathered.words);
        lexicon.stems = Index::build(gathered.stems);
        lexicon.pairs = Index::build(gathered.pairs);
        lexicon.long_stems.sort_unstable();
        lexicon.long_stems.dedup();
        lexicon
    }

    pub(crate) const fn class_count(&self) -> usize {
        self.class_count
    }

    /// Says which classes trigger conditions.
    pub(crate) fn mark_triggers(&mut self, triggering: &ClassSet) {
        for (summary, member) in self.summaries.iter_mut().zip(&self.members) {
            if member.classes.iter().any(|class| triggering.has(*class)) {
                *summary |= TRIGGERS;
            }
        }
    }

    /// Bits of the features a lexeme counts for, and [`TRIGGERS`].
    #[inline(always)]
    pub(crate) fn summary(&self, lexeme: u32) -> u32 {
        self.summaries.get(lexeme as usize).copied().unwrap_or(0)
    }

    /// Adds the classes of a lexeme to `present`.
    #[inline(always)]
    pub(crate) fn note(&self, lexeme: u32, present: &mut ClassSet) {
        let Some(member) = self.members.get(lexeme as usize) else { return };
        if let Some(dense) = &member.dense {
            present.add_all(dense);
        } else {
            for class in &member.classes {
                present.mark(*class);
            }
        }
    }

    /// Calls `on` for the classes of a lexeme that are in `asked`.
    #[inline(always)]
    pub(crate) fn asking(&self, lexeme: u32, asked: &ClassSet, mut on: impl FnMut(usize)) {
        let Some(member) = self.members.get(lexeme as usize) else { return };
        if let Some(dense) = &member.dense {
            dense.common(asked, on);
        } else {
            for class in member.classes.iter().filter(|class| asked.has(**class)) {
                on(usize::from(*class));
            }
        }
    }

    fn add(&mut self, lexeme: u32, entry: &Entry, gather: &mut Gather) {
        match entry {
            Entry::Digits => self.digits = Some(lexeme),
            Entry::Blob => self.blob = Some(lexeme),
            Entry::Text { literal, line } => self.add_literal(lexeme, literal, *line),
            Entry::Words(elements) => match elements.as_slice() {
                [] => {}
                [Element::Exact { hash, .. }] => self.add_word(*hash, lexeme, gather),
                [Element::Stem(stem)] => self.add_stem(stem, lexeme, gather),
                _ => self.add_phrase(lexeme, elements, gather),
            },
        }
    }

    fn add_word(&mut self, hash: u64, target: Target, gather: &mut Gather) {
        self.word_filter.insert(hash);
        gather.words.entry(hash).or_default().push(target);
    }

    fn add_stem(&mut self, stem: &[u8], target: Target, gather: &mut Gather) {
        if stem.len() >= OPENING_LEN {
            self.stem_filter.insert(opening_hash(word_of(stem)));
        }
        let hash = if stem.len() <= 8 {
            stem_hash(word_of(stem), stem.len())
        } else {
            self.long_stems.push(stem.len());
            long_stem_hash(stem)
        };
        self.stem_filter.insert(hash);
        gather.stems.entry(hash).or_default().push(target);
    }

    /// Hangs a phrase on its longest two neighbouring whole words, else on its longest word or stem:
    /// the longer, the rarer.
    fn add_phrase(&mut self, lexeme: u32, elements: &[Element], gather: &mut Gather) {
        let target = ANCHORED | narrow(self.phrases.len());
        self.phrases.push(Phrase { elements: elements.to_vec(), lexeme, anchor: 0 });
        let pairs = elements.windows(2).enumerate().filter_map(|(offset, pair)| match pair {
            [Element::Exact { hash: first, word: a }, Element::Exact { hash: second, word: b }] => {
                Some((a.len() + b.len(), offset, bigram(*first, *second)))
            }
            _ => None,
        });
        if let Some((_, offset, hash)) = pairs.max_by_key(|(len, offset, _)| (*len, std::cmp::Reverse(*offset))) {
            self.pair_filter.insert(hash);
            gather.pairs.entry(hash).or_default().push(target);
            self.anchor_last_phrase(offset);
            return;
        }
        match elements.iter().enumerate().max_by_key(|(offset, element)| (element.len(), std::cmp::Reverse(*offset))) {
            Some((offset, Element::Exact { hash, .. })) => {
                self.add_word(*hash, target, gather);
                self.anchor_last_phrase(offset);
            }
            Some((offset, Element::Stem(stem))) => {
                self.add_stem(stem, target, gather);
                self.anchor_last_phrase(offset);
            }
            None => {}
        }
    }

    fn anchor_last_phrase(&mut self, offset: usize) {
        if let Some(phrase) = self.phrases.last_mut() {
            phrase.anchor = offset;
        }
    }

    fn add_literal(&mut self, lexeme: u32, literal: &[u8], line: bool) {
        let Some(anchor) = rarest_anchor(literal) else { return };
        let Some(byte) = literal.get(anchor) else { return };
        if let Some(flag) = self.anchors.get_mut(usize::from(*byte)) {
            *flag = true;
        }
        let key = match (literal.get(anchor + 1), anchor.checked_sub(1).and_then(|before| literal.get(before))) {
            (Some(next), _) => pair_key(*byte, *next),
            (None, Some(before)) => AFTER | pair_key(*before, *byte),
            // The parser wants two bytes, but folding may have left one.
            (None, None) => return,
        };
        self.literals.entry(key).or_default().push(Literal { bytes: literal.to_vec(), anchor, line, lexeme });
    }

    /// Calls `on` for every lexeme in the text, roughly in text order.
    #[inline(always)]
    pub(crate) fn scan(&self, view: &View, mut on: impl FnMut(Hit)) {
        let mut last = 0_u64;
        for (index, token) in view.tokens.iter().enumerate() {
            if self.word_filter.may_hold(token.hash) {
                self.look_up(&self.words, token.hash, view, index, &mut on);
            }
            self.scan_stems(view, index, token, &mut on);
            let pair = bigram(last, token.hash);
            if self.pair_filter.may_hold(pair) && index > 0 {
                self.look_up(&self.pairs, pair, view, index - 1, &mut on);
            }
            if token.digits >= 3
                && let Some(lexeme) = self.digits
            {
                on(hit(view, lexeme, index, index));
            }
            last = token.hash;
        }
        if self.blob.is_some() && view.stats.long_run {
            self.scan_blobs(view, &mut on);
        }
        for position in &view.anchors {
            self.scan_literals(view, *position as usize, &mut on);
        }
    }

    #[inline(always)]
    fn look_up(&self, index: &Index, hash: u64, view: &View, at: usize, on: &mut impl FnMut(Hit)) {
        index.for_each(hash, |target| {
            if target & ANCHORED == 0 {
                on(hit(view, target, at, at));
            } else if let Some(phrase) = self.phrases.get((target & !ANCHORED) as usize) {
                phrase.find(view, at, on);
            }
        });
    }

    /// Stems of two and three bytes are asked for one by one; longer ones only behind an opening of four
    /// bytes that some stem has.
    #[inline(always)]
    fn scan_stems(&self, view: &View, at: usize, token: &Token, on: &mut impl FnMut(Hit)) {
        let len = token.len();
        // Two bytes make the shortest stem but for scripts with one letter in two or three.
        for stem_len in 2..OPENING_LEN.min(len + 1) {
            self.try_stem(stem_hash(token.head & low_bytes(stem_len), stem_len), view, at, on);
        }
        if len >= OPENING_LEN && self.stem_filter.may_hold(opening_hash(token.head)) {
            self.scan_long_stems(view, at, token, on);
        }
    }

    #[inline(never)]
    fn scan_long_stems(&self, view: &View, at: usize, token: &Token, on: &mut impl FnMut(Hit)) {
        let len = token.len();
        for stem_len in OPENING_LEN..=len.min(8) {
            self.try_stem(stem_hash(token.head & low_bytes(stem_len), stem_len), view, at, on);
        }
        for stem_len in self.long_stems.iter().take_while(|stem_len| **stem_len <= len) {
            let from = token.start as usize;
            let Some(bytes) = view.text().get(from..from + stem_len) else { continue };
            self.try_stem(long_stem_hash(bytes), view, at, on);
        }
    }

    #[inline(always)]
    fn try_stem(&self, hash: u64, view: &View, at: usize, on: &mut impl FnMut(Hit)) {
        if self.stem_filter.may_hold(hash) {
            self.look_up(&self.stems, hash, view, at, on);
        }
    }

    /// Runs of tokens with no white space between them.
    #[inline(never)]
    fn scan_blobs(&self, view: &View, on: &mut impl FnMut(Hit)) {
        let text = view.text();
        let mut run: Option<(usize, u32)> = None;
        let mut previous_end = 0;
        for (index, token) in view.tokens.iter().enumerate() {
            let gap = text.get(previous_end as usize..token.start as usize).unwrap_or_default();
            // A run ends at white space, and at letters of other scripts, which need none to end a word.
            let ascii = token.head & 0x80 == 0;
            let joined = ascii && run.is_some() && gap.len() <= 4 && !gap.iter().any(|byte| byte.is_ascii_whitespace() || *byte >= 0x80);
            if !joined {
                self.end_blob(run, index, previous_end, on);
                run = Some((index, token.start));
            }
            previous_end = token.end;
        }
        self.end_blob(run, view.tokens.len(), previous_end, on);
    }

    fn end_blob(&self, run: Option<(usize, u32)>, next: usize, end: u32, on: &mut impl FnMut(Hit)) {
        let Some((first, start)) = run else { return };
        if end - start < BLOB_LEN_MIN {
            return;
        }
        if let Some(lexeme) = self.blob {
            on(Hit { lexeme, first: narrow(first), last: narrow(next.saturating_sub(1)), start, end });
        }
    }

    #[inline(never)]
    fn scan_literals(&self, view: &View, position: usize, on: &mut impl FnMut(Hit)) {
        let text = view.text();
        let Some(byte) = text.get(position) else { return };
        let next = text.get(position + 1).map(|next| pair_key(*byte, *next));
        let before = position.checked_sub(1).and_then(|at| text.get(at)).map(|before| AFTER | pair_key(*before, *byte));
        for key in next.into_iter().chain(before) {
            for literal in self.literals.get(&key).into_iter().flatten() {
                let Some(start) = position.checked_sub(literal.anchor) else { continue };
                let end = start + literal.bytes.len();
                if text.get(start..end) != Some(literal.bytes.as_slice()) || (literal.line && !starts_line(text, start)) {
                    continue;
                }
                let first = view.tokens.partition_point(|token| token.end as usize <= start);
                let after = view.tokens.partition_point(|token| (token.start as usize) < end);
                let last = after.saturating_sub(1).max(first);
                on(Hit { lexeme: literal.lexeme, first: narrow(first), last: narrow(last), start: narrow(start), end: narrow(end) });
            }
        }
    }
}

impl Phrase {
    /// Looks whether the whole phrase stands around the token it was found by.
    #[inline(never)]
    fn find(&self, view: &View, at: usize, on: &mut impl FnMut(Hit)) {
        let Some(first) = at.checked_sub(self.anchor) else { return };
        let Some(tokens) = view.tokens.get(first..first + self.elements.len()) else { return };
        if self.elements.iter().zip(tokens).all(|(element, token)| element.matches(view, token)) {
            on(hit(view, self.lexeme, first, first + self.elements.len() - 1));
        }
    }
}

impl Element {
    fn len(&self) -> usize {
        let (Self::Exact { word, .. } | Self::Stem(word)) = self;
        word.len()
    }

    fn matches(&self, view: &View, token: &Token) -> bool {
        match self {
            Self::Exact { hash, .. } => token.hash == *hash,
            Self::Stem(stem) => {
                let bytes = view.text().get(token.start as usize..token.end as usize).unwrap_or_default();
                bytes.starts_with(stem)
            }
        }
    }
}

/// Reads a `words` entry the way texts are read. A trailing `*` makes a word a stem; characters that
/// are tokens of their own are always whole.
pub(crate) fn parse_words(entry: &str, view: &mut View) -> Vec<Element> {
    let mut elements = Vec::new();
    for piece in entry.split_whitespace() {
        let stem = piece.ends_with('*') && !piece.chars().any(|c| matches!(fold(c), Fold::Single(_)));
        view.read(Portable, piece, &[false; 256]);
        let count = view.tokens.len();
        for (index, token) in view.tokens.iter().enumerate() {
            let bytes = view.text().get(token.start as usize..token.end as usize).unwrap_or_default();
            elements.push(if stem && index + 1 == count {
                Element::Stem(bytes.to_vec())
            } else {
                Element::Exact { hash: token.hash, word: bytes.to_vec() }
            });
        }
    }
    elements
}

/// Reads a `text` entry the way texts are read.
pub(crate) fn parse_text(entry: &str) -> Vec<u8> {
    let mut view = View::default();
    view.read(Portable, entry, &[false; 256]);
    view.text().to_vec()
}

/// Turns the lexemes of classes into the classes of lexemes.
fn members(count: usize, classes: &[Vec<u32>]) -> Vec<Membership> {
    let mut members = vec![Membership::default(); count];
    for (class, lexemes) in (0_u16..).zip(classes) {
        for lexeme in lexemes {
            if let Some(member) = members.get_mut(*lexeme as usize) {
                member.classes.push(class);
            }
        }
    }
    for member in &mut members {
        if member.classes.len() >= DENSE_FROM {
            member.dense = Some(ClassSet::of(member.classes.iter().copied()));
        }
    }
    members
}

fn hit(view: &View, lexeme: u32, first: usize, last: usize) -> Hit {
    let start = view.tokens.get(first).map_or(0, |token| token.start);
    let end = view.tokens.get(last).map_or(start, |token| token.end);
    Hit { lexeme, first: narrow(first), last: narrow(last), start, end }
}

/// Whether only white space and list or heading marks stand between the line's start and `start`.
fn starts_line(text: &[u8], start: usize) -> bool {
    const LOOK_BACK_MAX: usize = 16;
    let from = start.saturating_sub(LOOK_BACK_MAX);
    let before = text.get(from..start).unwrap_or_default();
    for byte in before.iter().rev() {
        match byte {
            b'\n' => return true,
            b' ' | b'\t' | b'\r' | b'#' | b'*' | b'>' | b'-' | b'[' | b'(' | b'<' | b'"' => {}
            _ => return false,
        }
    }
    from == 0
}

/// The position of the punctuation byte that ordinary text holds least.
fn rarest_anchor(literal: &[u8]) -> Option<usize> {
    let commonness = |byte: u8| match byte {
        b'.' | b',' => 5,
        b'\'' | b'"' | b'-' | b'!' | b'?' => 4,
        b':' | b';' | b'(' | b')' => 3,
        b'/' | b'*' | b'_' => 2,
        b'=' | b'<' | b'>' | b'#' | b'`' => 1,
        _ => 0,
    };
    let is_anchor = |byte: u8| byte.is_ascii_punctuation();
    literal
        .iter()
        .enumerate()
        .filter(|(_, byte)| is_anchor(**byte))
        .min_by_key(|(_, byte)| commonness(**byte))
        .map(|(index, _)| index)
}

/// Two neighbouring bytes as a key.
fn pair_key(first: u8, second: u8) -> u32 {
    u32::from(first) << 8 | u32::from(second)
}

/// Marks keys of literals that end with their anchor.
const AFTER: u32 = 1 << 16;

fn word_of(stem: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(stem) {
        *to = *from;
    }
    u64::from_le_bytes(bytes)
}

/// The first bytes decide whether any longer stem is worth trying.
#[inline(always)]
const fn opening_hash(head: u64) -> u64 {
    mix(head & low_bytes(OPENING_LEN), STEM_SALT)
}

#[inline(always)]
const fn stem_hash(head: u64, len: usize) -> u64 {
    mix(head, STEM_SALT + 1 + len as u64)
}

fn long_stem_hash(stem: &[u8]) -> u64 {
    stem.chunks(8).fold(STEM_SALT + 64 + stem.len() as u64, |hash, chunk| mix(hash ^ word_of(chunk), chunk.len() as u64))
}
