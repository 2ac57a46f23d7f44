//! The lane for ordinary texts of any language: folded character by character, cut by masks like ASCII.
//!
//! It gives what [`View::read_wide`] gives. What it cannot do justice to (words of two scripts, letters
//! in disguise, syllables in parts, control characters) it leaves to that lane.

use super::wide::{SEGMENT_LEN_MIN, is_latin_in_disguise};
use super::{Cut, Marks, PAD, View, has_run_of_16, has_triple, has_wide_triple, low_bits, narrow};
use crate::fold::{Entry, Fold, expand, fold, is_jamo, is_look_alike_script, is_upper, plane};
use crate::map::OffsetMap;
use crate::masks::{Classify, Masks};

/// Room behind what is written: for what a block becomes, and for a block to be copied at once.
const ROOM: usize = 192;
/// Letters of a word: Latin ones, and those that pass for Latin.
const LATIN: u8 = 1;
const LOOK_ALIKE: u8 = 2;

/// Where folding stands.
#[derive(Clone, Copy, Debug, Default)]
struct Pen {
    /// Bytes written.
    out: usize,
    /// The last of them are a copy: from where on, and of what.
    copied_out: usize,
    copied_from: usize,
    /// Scripts of the word being read.
    scripts: u8,
    /// Where the ASCII run being read starts, and whether within a word.
    run_from: usize,
    in_word: bool,
    /// Whether it was asked if words of another script are Latin in disguise. They are not.
    asked: bool,
    /// Bytes without white space at the end of the last block.
    solid_tail: u32,
}

/// A character of the source: its first byte, and the one behind its last.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: usize,
    end: usize,
    /// It becomes one character, not several.
    whole: bool,
}

/// What is left to the other lane.
#[derive(Clone, Copy, Debug)]
struct Strange;

impl View {
    /// Reads a text that is not all ASCII. Whether it could: otherwise nothing of the view counts.
    #[inline(always)]
    pub(super) fn read_blocks<K: Classify>(&mut self, kernel: K, source: &str, anchor: &[bool; 256]) -> bool {
        if self.fold_blocks(kernel, source).is_err() {
            return false;
        }
        self.cut_blocks(kernel, anchor);
        self.note_neighbours();
        self.stats.triples = has_triple(&self.padded) || has_wide_triple(&self.padded);
        true
    }

    /// Writes the folded text.
    #[inline(always)]
    fn fold_blocks<K: Classify>(&mut self, kernel: K, source: &str) -> Result<(), Strange> {
        let bytes = source.as_bytes();
        let plane = plane();
        let mut pen = Pen::default();
        self.marks.clear();
        self.padded.resize(bytes.len() + ROOM, 0);
        let mut at = 0;
        for base in (0..bytes.len()).step_by(64) {
            self.make_room(pen.out);
            let block = block_at(bytes, base);
            let masks = kernel.classify(&block);
            let len = (bytes.len() - base).min(64);
            if masks.control & low_bits(len) != 0 {
                return Err(Strange);
            }
            self.stats.upper += masks.upper.count_ones();
            self.note_solid(&masks, len, &mut pen);
            let mut lowered = [0; 128];
            if let Some(first) = lowered.first_chunk_mut::<64>() {
                *first = block.map(|byte| byte | (u8::from(byte.wrapping_sub(b'A') < 26) << 5));
            }
            while at < base + len {
                let inside = at - base;
                let run = ((masks.high >> inside).trailing_zeros() as usize).min(len - inside);
                if run > 0 {
                    self.copy_run(&lowered, inside, pen.out);
                    pen.out += run;
                    at += run;
                    self.end_run(&masks, inside, run, bytes, at, &mut pen)?;
                } else {
                    at = self.fold_character(plane, source, at, &mut pen)?;
                    pen.run_from = at;
                }
            }
        }
        pen.flush(&mut self.map);
        self.padded.truncate(pen.out);
        self.padded.resize(pen.out + PAD, 0);
        Ok(())
    }

    /// Cuts what is folded.
    #[inline(always)]
    fn cut_blocks<K: Classify>(&mut self, kernel: K, anchor: &[bool; 256]) {
        let mut cut = Cut::default();
        let len = self.text_len();
        self.tokens.reserve(len / 4 + 1);
        for index in 0..len.div_ceil(64) {
            let base = index * 64;
            let Some(block) = self.padded.get(base..).and_then(<[u8]>::first_chunk::<64>).copied() else {
                break;
            };
            let marks = self.marks.get(index).copied().unwrap_or_default();
            let mut masks = kernel.classify(&block);
            masks.word |= masks.high & !marks.gap;
            let next = self.padded.get(base + 64).copied().filter(|_| base + 64 < len);
            self.cut(&masks, marks, base, next, &mut cut, anchor);
        }
        if cut.open {
            self.close(cut.start, len, cut.token_sentence);
        }
    }

    /// Sees to it that a block fits, whatever becomes of it.
    #[inline(always)]
    fn make_room(&mut self, out: usize) {
        if self.padded.len() < out + ROOM {
            self.padded.resize((out + ROOM) * 2, 0);
        }
        if self.marks.len() * 64 < self.padded.len() {
            self.marks.resize(self.padded.len() / 64 + 1, Marks::default());
        }
    }

    /// Copies a run that is ASCII, and whatever stands behind it up to a whole block.
    #[inline(always)]
    fn copy_run(&mut self, lowered: &[u8; 128], from: usize, out: usize) {
        let to = self.padded.get_mut(out..).and_then(<[u8]>::first_chunk_mut::<64>);
        let from = lowered.get(from..).and_then(<[u8]>::first_chunk::<64>);
        if let (Some(to), Some(from)) = (to, from) {
            *to = *from;
        }
    }

    /// Encoded text is ASCII; words of other scripts are long by themselves.
    #[inline(always)]
    fn note_solid(&mut self, masks: &Masks, len: usize, pen: &mut Pen) {
        let solid = !(masks.space | masks.high) & low_bits(len);
        self.stats.long_run |= has_run_of_16(solid) || pen.solid_tail + solid.trailing_ones() >= 16;
        pen.solid_tail = if solid == u64::MAX {
            pen.solid_tail + 64
        } else {
            solid.leading_ones()
        };
    }

    /// What an ASCII run, or what a block holds of it, changes: the scripts of the words at its ends, and
    /// whether a sentence ends with it.
    #[inline(always)]
    fn end_run(
        &mut self,
        masks: &Masks,
        from: usize,
        run: usize,
        source: &[u8],
        end: usize,
        pen: &mut Pen,
    ) -> Result<(), Strange> {
        let words = masks.word >> from;
        let letters = words & !(masks.digit >> from);
        let latin = |bits: u64| u8::from(letters & bits != 0) * LATIN;
        if pen.scripts & LOOK_ALIKE != 0 && latin(low_bits(words.trailing_ones() as usize)) != 0 {
            return Err(Strange);
        }
        let gaps = !words & low_bits(run);
        let closing = low_bits(run) & !low_bits(64 - gaps.leading_zeros() as usize);
        let kept = if gaps == 0 { pen.scripts } else { 0 };
        pen.scripts = kept | latin(closing);
        if masks.stop >> (from + run - 1) & 1 == 1 && source.get(end).is_some_and(|byte| !byte.is_ascii()) {
            let short = pen.is_short_run(source, end);
            self.mark(pen.out - 1, |marks, bit| {
                *(if short { &mut marks.ends } else { &mut marks.goes_on }) |= bit
            });
        }
        Ok(())
    }

    #[inline(always)]
    fn mark(&mut self, at: usize, set: impl FnOnce(&mut Marks, u64)) {
        if let Some(marks) = self.marks.get_mut(at / 64) {
            set(marks, 1 << (at % 64));
        }
    }

    /// Folds the character at `at`; returns where the next one starts.
    #[inline(always)]
    fn fold_character(&mut self, plane: &[Entry], source: &str, at: usize, pen: &mut Pen) -> Result<usize, Strange> {
        let part = |byte: u8| usize::from(byte & 0x3F);
        let (code, end) = match source.as_bytes().get(at..) {
            Some([a, b, ..]) if *a < 0xE0 => (usize::from(a & 0x1F) << 6 | part(*b), at + 2),
            Some([a, b, c, ..]) if *a < 0xF0 => (usize::from(a & 0x0F) << 12 | part(*b) << 6 | part(*c), at + 3),
            _ => return self.fold_odd(source, at, pen),
        };
        let Some(entry) = plane.get(code).copied().filter(|entry| !entry.is(Entry::ODD)) else {
            return self.fold_odd(source, at, pen);
        };
        let place = Place {
            start: at,
            end,
            whole: true,
        };
        if entry.is_word() {
            pen.in_word = true;
            self.stats.upper += u32::from(entry.is(Entry::UPPER));
            self.stats.foreign_letters += u32::from(entry.code() >= 0x80);
            pen.read_letter(entry.is(Entry::LATIN), entry.is(Entry::LOOK_ALIKE), source)?;
            self.write(entry.code(), place, pen);
        } else if entry.is_single() {
            self.write_single(entry.code(), place, pen);
        } else {
            self.write_gap(entry.code(), place, pen);
            self.end_gap(entry.code(), source.as_bytes().get(end), pen);
        }
        Ok(end)
    }

    /// Folds what becomes nothing or several characters, or stands outside the plane.
    #[inline(never)]
    fn fold_odd(&mut self, source: &str, at: usize, pen: &mut Pen) -> Result<usize, Strange> {
        let c = source.get(at..).and_then(|rest| rest.chars().next()).ok_or(Strange)?;
        let end = at + c.len_utf8();
        let place = |whole: bool| Place { start: at, end, whole };
        match fold(c) {
            Fold::Word(folded) => self.odd_letter(c, folded, place(true), source, pen)?,
            Fold::Single(folded) => self.write_single(folded as u32, place(true), pen),
            Fold::Gap(folded) => {
                self.write_gap(folded as u32, place(true), pen);
                self.end_gap(folded as u32, source.as_bytes().get(end), pen);
            }
            Fold::Drop => {
                if let Some(before) = at.checked_sub(1).and_then(|before| source.as_bytes().get(before))
                    && before.is_ascii()
                {
                    pen.in_word = before.is_ascii_alphanumeric();
                }
                pen.flush(&mut self.map);
                self.drop_character(c, (narrow(at), narrow(end)));
                pen.copied_from = end;
            }
            Fold::Many => {
                let mut parts = std::mem::take(&mut self.parts);
                expand(c, &mut parts);
                if parts.is_empty() {
                    // Marks in one, all of which go: what follows is no copy of them.
                    pen.flush(&mut self.map);
                    pen.copied_from = end;
                }
                let written = parts
                    .iter()
                    .try_for_each(|part| self.fold_part(c, *part, place(false), source, pen));
                self.parts = parts;
                written?;
            }
        }
        Ok(end)
    }

    /// Writes one of the characters that `c` stands for.
    fn fold_part(&mut self, c: char, part: char, place: Place, source: &str, pen: &mut Pen) -> Result<(), Strange> {
        self.make_room(pen.out);
        match fold(part) {
            Fold::Word(_) => self.odd_letter(c, part, place, source, pen)?,
            Fold::Single(_) => self.write_single(part as u32, place, pen),
            _ => {
                // Three dots in one are no end of a sentence.
                self.mark(pen.out, |marks, bit| marks.goes_on |= bit);
                self.write_gap(part as u32, place, pen);
            }
        }
        Ok(())
    }

    fn odd_letter(&mut self, c: char, folded: char, place: Place, source: &str, pen: &mut Pen) -> Result<(), Strange> {
        if is_jamo(folded) {
            return Err(Strange);
        }
        pen.in_word = true;
        self.stats.upper += u32::from(is_upper(c));
        self.stats.foreign_letters += u32::from(!folded.is_ascii());
        pen.read_letter(folded.is_ascii_alphabetic(), is_look_alike_script(folded), source)?;
        self.write(folded as u32, place, pen);
        Ok(())
    }

    /// Writes a character that is a token.
    #[inline(always)]
    fn write_single(&mut self, code: u32, place: Place, pen: &mut Pen) {
        pen.end_word();
        self.stats.single_tokens += 1;
        self.mark(pen.out, |marks, bit| marks.border |= bit);
        self.write(code, place, pen);
        self.mark(pen.out, |marks, bit| marks.border |= bit);
    }

    /// Writes a character between words.
    #[inline(always)]
    fn write_gap(&mut self, code: u32, place: Place, pen: &mut Pen) {
        pen.end_word();
        let from = pen.out;
        self.write(code, place, pen);
        if code >= 0x80 {
            self.stats.punctuation += 1;
            for at in from..pen.out {
                self.mark(at, |marks, bit| marks.gap |= bit);
            }
        }
    }

    /// Whether a sentence ends with the gap just written; `next` is the byte of the source behind it.
    #[inline(always)]
    fn end_gap(&mut self, code: u32, next: Option<&u8>, pen: &Pen) {
        let is_stop = matches!(u8::try_from(code), Ok(b'.' | b'!' | b'?'));
        if is_stop && next.is_none_or(|byte| byte.is_ascii_whitespace() || !byte.is_ascii()) {
            self.mark(pen.out - 1, |marks, bit| marks.ends |= bit);
        }
    }

    /// Writes what a character becomes.
    #[inline(always)]
    fn write(&mut self, code: u32, place: Place, pen: &mut Pen) {
        let (bytes, len) = encode(code);
        if let Some(to) = self.padded.get_mut(pen.out..).and_then(<[u8]>::first_chunk_mut::<4>) {
            *to = bytes.to_le_bytes();
        }
        if len != place.end - place.start || !place.whole {
            self.map_apart(len, place, pen);
        }
        pen.out += len;
    }

    /// Notes where a character comes from that is no copy.
    fn map_apart(&mut self, len: usize, place: Place, pen: &mut Pen) {
        pen.flush(&mut self.map);
        if len == place.end - place.start {
            self.map.push_copied(pen.out, place.start, len);
        } else {
            self.map.push_replaced(pen.out, place.start..place.end);
        }
        pen.copied_out = pen.out + len;
        pen.copied_from = place.end;
    }
}

impl Pen {
    /// Notes what was copied up to here.
    fn flush(&mut self, map: &mut OffsetMap) {
        let len = self.out - self.copied_out;
        map.push_copied(self.copied_out, self.copied_from, len);
        self.copied_out += len;
        self.copied_from += len;
    }

    #[inline(always)]
    const fn end_word(&mut self) {
        self.scripts = 0;
        self.in_word = false;
    }

    /// Whether the ASCII run that ends before `end` is too short, behind the word it may begin with, for
    /// the other lane to read it at once. A stop at its end then ends a sentence whatever follows, else not.
    #[inline(never)]
    fn is_short_run(&self, source: &[u8], end: usize) -> bool {
        let run = source.get(self.run_from..end).unwrap_or_default();
        let opening = if self.in_word {
            run.iter()
                .position(|byte| !byte.is_ascii_alphanumeric())
                .map_or(run.len(), |gap| gap + 1)
        } else {
            0
        };
        run.len() - opening < SEGMENT_LEN_MIN
    }

    /// Adds a letter to the word being read, unless that makes it one of two scripts or a disguise.
    #[inline(always)]
    fn read_letter(&mut self, latin: bool, look_alike: bool, source: &str) -> Result<(), Strange> {
        self.scripts |= (u8::from(latin) * LATIN) | (u8::from(look_alike) * LOOK_ALIKE);
        if self.scripts & LOOK_ALIKE != 0 && (self.scripts & LATIN != 0 || !self.asked) {
            return self.refuse_disguise(source);
        }
        Ok(())
    }

    #[inline(never)]
    fn refuse_disguise(&mut self, source: &str) -> Result<(), Strange> {
        self.asked = true;
        if self.scripts & LATIN != 0 || is_latin_in_disguise(source) {
            return Err(Strange);
        }
        Ok(())
    }
}

/// A character as UTF-8, first byte lowest, and its length.
#[inline(always)]
const fn encode(code: u32) -> (u32, usize) {
    match code {
        0..=0x7F => (code, 1),
        0x80..=0x7FF => (0xC0 | code >> 6 | trail(code) << 8, 2),
        0x800..=0xFFFF => (0xE0 | code >> 12 | trail(code >> 6) << 8 | trail(code) << 16, 3),
        _ => (
            0xF0 | code >> 18 | trail(code >> 12) << 8 | trail(code >> 6) << 16 | trail(code) << 24,
            4,
        ),
    }
}

#[inline(always)]
const fn trail(code: u32) -> u32 {
    0x80 | code & 0x3F
}

/// Sixty-four bytes from `at` on; zeros behind the end.
#[inline(always)]
fn block_at(bytes: &[u8], at: usize) -> [u8; 64] {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.first_chunk::<64>() {
        Some(block) => *block,
        None => {
            let mut block = [0; 64];
            if let Some(to) = block.get_mut(..rest.len()) {
                to.copy_from_slice(rest);
            }
            block
        }
    }
}

#[cfg(test)]
mod tests;
