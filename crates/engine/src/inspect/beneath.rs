//! Looking beneath: what a text decodes to, and what it reads like without disguise.

mod settled;

use std::ops::Range;
use std::sync::Arc;

use super::voice::{Behind, Codes, TOKENS_MIN};
use super::{Engine, Scratch};
use crate::decode::{Hints, boundary_before, decode_within, decodes};
use crate::features::{Build, Derived, Evidence, NgramScores, row};
use crate::limits::Limits;
use crate::map::OffsetMap;
use crate::masks::Classify;
use crate::rewrite::{Vocabulary, may_rewrite, rewrites};
use crate::rules::matching::Context;
use crate::shape::hints;
use crate::text::{View, undressed};

/// A text made from the inspected one, waiting to be looked at.
#[derive(Debug)]
pub(super) struct Layer {
    text: String,
    /// From `text` to the inspected text, applied in order.
    maps: Vec<Arc<OffsetMap>>,
    chain: Vec<&'static str>,
    /// What is a code in the text whose view this is a rewrite of.
    rewritten_codes: Codes,
}

/// The view in which the n-gram model was most alarmed.
#[derive(Clone, Debug)]
pub(super) struct Loudest {
    pub(super) score: f32,
    pub(super) chain: Vec<&'static str>,
    pub(super) span: Range<usize>,
    /// What it holds, for those who read deeper.
    pub(super) text: String,
}

impl Engine {
    /// Reads every view that can be derived from the text, breadth first, within the limits. `ngram` are the scores
    /// of the text; what it says in code is taken out of them.
    #[inline(never)]
    pub(super) fn look_beneath<K: Classify>(
        &self,
        kernel: K,
        text: &str,
        context: Context,
        ngram: &mut NgramScores,
        scratch: &mut Scratch,
    ) -> (Derived, Option<Loudest>, bool) {
        let mut room = self.limits.room(text.len());
        let mut derived = Derived::NONE;
        let mut loudest: Option<Loudest> = None;
        scratch.layers.clear();
        scratch.readings.clear();
        scratch.cut_short = false;
        let blocks_of_text = self.speak_first(text, room, &mut derived, ngram, scratch);
        let mut next = 0;
        while next < scratch.layers.len().min(self.limits.views_max) {
            let Some(layer) = take_layer(next, room, scratch) else {
                break;
            };
            next += 1;
            room = room.saturating_sub(layer.text.len());
            if layer.chain.last().is_some_and(|name| is_rewrite(name)) {
                derived.rewritten += 1;
            } else {
                derived.decoded += 1;
            }
            let score = self.see_layer(kernel, &layer, context, scratch);
            derived.score = derived.score.max(score);
            if layer.chain.len() < self.limits.decode_depth_max {
                let view = std::mem::take(&mut scratch.derived);
                self.derive(&layer.text, &view, &layer.maps, &layer.chain, room, scratch);
                scratch.derived = view;
            } else {
                scratch.codes.clear();
                scratch.cut_short = scratch.cut_short || self.hides_more(&layer.text, scratch);
            }
            let speaks = self.hear(&layer, blocks_of_text, &mut derived, scratch);
            let is_louder = loudest.as_ref().is_none_or(|known| score > known.score);
            if is_louder && (speaks || score > 0.0) {
                loudest = Some(Loudest {
                    score,
                    span: to_root(&layer.maps, 0..layer.text.len()),
                    chain: layer.chain,
                    text: layer.text,
                });
            }
        }
        let exhausted = scratch.cut_short || scratch.layers.len() > self.limits.views_max;
        (derived, loudest, exhausted)
    }

    /// Queues what is beneath the text, and lets what is left of it without its codes speak first. Returns how many
    /// blocks that is.
    fn speak_first(
        &self,
        text: &str,
        room: usize,
        derived: &mut Derived,
        ngram: &mut NgramScores,
        scratch: &mut Scratch,
    ) -> usize {
        let mut blocks = 0;
        let base = std::mem::take(&mut scratch.base);
        scratch.unreadable.clear();
        self.derive(text, &base, &[], &[], room, scratch);
        if !scratch.layers.is_empty() {
            let codes = std::mem::take(&mut scratch.codes);
            let unreadable = std::mem::take(&mut scratch.unreadable);
            let maps = [&base.map];
            let behind = [&codes, &unreadable].map(|codes| Behind { maps: &maps, codes });
            derived.voice = self.speak(&base, &behind, scratch);
            scratch.unreadable = unreadable;
            *ngram = derived.voice.unwrap_or(NgramScores::SILENT);
            blocks = ngram.heard_blocks;
            scratch.codes = codes;
        }
        scratch.base = base;
        blocks
    }

    fn see_layer<K: Classify>(&self, kernel: K, layer: &Layer, context: Context, scratch: &mut Scratch) -> f32 {
        scratch.matches.clear();
        scratch
            .derived
            .read(kernel, &layer.text, &self.rulebook.lexicon.anchors);
        self.walk(
            &scratch.derived,
            &mut scratch.memo,
            &mut scratch.matching,
            &mut scratch.sums,
        );
        self.rulebook.find(
            &scratch.derived,
            &layer.text,
            context,
            &mut scratch.matching,
            &mut scratch.matches,
        );
        self.take_matches(false, &layer.maps, &layer.chain, scratch);
        if scratch.derived.tokens.len() < TOKENS_MIN {
            return Derived::SCORE_NONE;
        }
        let scores = self.model.ngram_scores(&scratch.sums, scratch.derived.tokens.len());
        scores.whole.max(scores.window)
    }

    /// Lets a layer speak for the text if it is louder than all before; says whether it says anything. A rewrite holds the surroundings of what was
    /// rewritten only, but it is no shorter a text for that: a word spelt oddly must not cut the rest away.
    fn hear(&self, layer: &Layer, blocks_of_text: usize, derived: &mut Derived, scratch: &mut Scratch) -> bool {
        let view = std::mem::take(&mut scratch.derived);
        let codes = std::mem::take(&mut scratch.codes);
        let above: Vec<&OffsetMap> = std::iter::once(&view.map)
            .chain(layer.maps.iter().take(2).map(AsRef::as_ref))
            .collect();
        let here = Behind {
            maps: &[&view.map],
            codes: &codes,
        };
        let above = Behind {
            maps: &above,
            codes: &layer.rewritten_codes,
        };
        let mut spoken = self.speak(&view, &[here, above], scratch);
        if let Some(scores) = &mut spoken
            && layer.chain.last().is_some_and(|name| is_rewrite(name))
        {
            scores.heard_blocks = scores.heard_blocks.max(blocks_of_text);
        }
        let loudness = |scores: &NgramScores| scores.loudness();
        if spoken.as_ref().map(loudness) > derived.voice.as_ref().map(loudness) {
            derived.voice = spoken;
        }
        if let Some(scores) = spoken {
            let build = Build::of(&view, &scratch.matching.context_counts);
            scratch.readings.push((scores, build));
        }
        scratch.codes = codes;
        scratch.derived = view;
        spoken.is_some()
    }

    /// The fused logit of the most alarming view beneath, each judged as if it were the text itself: what a disguise
    /// is made of, its signs or its digits, must not speak for what it hides.
    #[inline(never)]
    pub(super) fn judge_readings(&self, evidence: &Evidence, context: Context, scratch: &Scratch) -> f32 {
        let evidence = Evidence {
            derived: 0.0,
            ..*evidence
        };
        let judge = |(scores, build): &(NgramScores, Build)| {
            self.model.fuse(&row(build, *scores, &evidence, Derived::NONE, context))
        };
        scratch.readings.iter().map(judge).fold(f32::NEG_INFINITY, f32::max)
    }

    /// Whether a text at the last depth still decodes to something.
    fn hides_more(&self, text: &str, scratch: &Scratch) -> bool {
        let decode = hints(&scratch.derived, text, &scratch.matching.context_counts);
        decode.any() && decodes(text, decode, &self.limits)
    }

    /// Queues what a text decodes to, and what its view reads like without disguise.
    fn derive(
        &self,
        text: &str,
        view: &View,
        maps: &[Arc<OffsetMap>],
        chain: &[&'static str],
        room: usize,
        scratch: &mut Scratch,
    ) {
        // No view will be read any further.
        let most = Limits::share(room, usize::MAX);
        scratch.codes.clear();
        let queued = scratch.layers.len();
        if may_rewrite(view) {
            self.queue_rewrites(text, view, maps, chain, most, scratch);
        }
        if let Some((hidden, range)) = view.smuggled.text() {
            let mut map = OffsetMap::identity();
            map.push_replaced(0, range);
            let path = std::iter::once(Arc::new(map)).chain(maps.iter().cloned()).collect();
            scratch.layers.push(Layer {
                text: hidden,
                maps: path,
                chain: grown(chain, "smuggled"),
                rewritten_codes: Codes::default(),
            });
        }
        if !text.is_ascii() && !chain.contains(&"undressed") {
            queue_undressed(text, view, maps, chain, most, scratch);
        }
        let decode = hints(view, text, &scratch.matching.context_counts);
        if decode.any() && scratch.layers.len() <= self.limits.views_max {
            self.queue_decoded(text, decode, maps, chain, most, scratch);
            scratch.codes.settle();
            for layer in scratch.layers.iter_mut().skip(queued) {
                if layer
                    .chain
                    .last()
                    .is_some_and(|name| is_rewrite(name) && !matches!(*name, "smuggled" | "undressed"))
                {
                    layer.rewritten_codes = scratch.codes.clone();
                }
            }
        }
    }
    fn queue_rewrites(
        &self,
        text: &str,
        view: &View,
        maps: &[Arc<OffsetMap>],
        chain: &[&'static str],
        most: usize,
        scratch: &mut Scratch,
    ) {
        // Undoing the same disguise twice finds nothing new.
        scratch.rewrites.clear();
        let known = Vocabulary {
            words: self.rulebook.glued.as_ref(),
            pieces: self.dense.as_ref().map(|(dense, _)| dense.vocabulary()),
        };
        let settled = if chain.is_empty() {
            self.settled(text, view, &scratch.found)
        } else {
            Vec::new()
        };
        scratch.cut_short |= !rewrites(view, known, &settled, most, &mut scratch.rewrites);
        let back = Arc::new(view.map.clone());
        for rewrite in scratch
            .rewrites
            .drain(..)
            .filter(|rewrite| !chain.contains(&rewrite.name))
        {
            if chain.is_empty() && self.is_settled(&rewrite, view, text, &scratch.found) {
                continue;
            }
            if chain.is_empty() {
                let unreadable = rewrite.unreadable.into_iter().map(|range| view.map.to_source(range));
                scratch.unreadable.add(unreadable);
            }
            let path = [Arc::new(rewrite.map), Arc::clone(&back)]
                .into_iter()
                .chain(maps.iter().cloned())
                .collect();
            scratch.layers.push(Layer {
                text: rewrite.text,
                maps: path,
                chain: grown(chain, rewrite.name),
                rewritten_codes: Codes::default(),
            });
        }
    }

    fn queue_decoded(
        &self,
        text: &str,
        decode: Hints,
        maps: &[Arc<OffsetMap>],
        chain: &[&'static str],
        most: usize,
        scratch: &mut Scratch,
    ) {
        scratch.decoded.clear();
        // A view that found no room was not looked at, and the outcome has to say so.
        scratch.cut_short |= !decode_within(text, decode, &self.limits, most, &mut scratch.decoded);
        for decoded in scratch.decoded.drain(..) {
            scratch.codes.note(&decoded);
            let name = decoded.codec.name();
            let undoes_itself = matches!(name, "rot13" | "reversed") && chain.contains(&name);
            if !undoes_itself {
                let path = std::iter::once(Arc::new(decoded.map))
                    .chain(maps.iter().cloned())
                    .collect();
                scratch.layers.push(Layer {
                    text: decoded.text,
                    maps: path,
                    chain: grown(chain, name),
                    rewritten_codes: Codes::default(),
                });
            }
        }
    }
}

/// Queues the text without what is laid over its characters, if a decoder may find something there.
fn queue_undressed(
    text: &str,
    view: &View,
    maps: &[Arc<OffsetMap>],
    chain: &[&'static str],
    most: usize,
    scratch: &mut Scratch,
) {
    let plain = undressed(text, view.stats.mixed_tokens > 0, most);
    let Some((text, map)) = plain.filter(|(plain, _)| Hints::of(plain).any()) else {
        return;
    };
    scratch.layers.push(Layer {
        text,
        maps: std::iter::once(Arc::new(map)).chain(maps.iter().cloned()).collect(),
        chain: grown(chain, "undressed"),
        rewritten_codes: Codes::default(),
    });
}

/// The next text in the queue, cut to what there is room for.
fn take_layer(next: usize, room: usize, scratch: &mut Scratch) -> Option<Layer> {
    let slot = scratch.layers.get_mut(next)?;
    let mut layer = Layer {
        text: std::mem::take(&mut slot.text),
        maps: std::mem::take(&mut slot.maps),
        chain: std::mem::take(&mut slot.chain),
        rewritten_codes: std::mem::take(&mut slot.rewritten_codes),
    };
    let share = Limits::share(room, layer.text.len());
    if share < layer.text.len() {
        scratch.cut_short = true;
        layer.text.truncate(boundary_before(&layer.text, share));
    }
    Some(layer)
}

fn grown(chain: &[&'static str], name: &'static str) -> Vec<&'static str> {
    let mut grown = chain.to_vec();
    grown.push(name);
    grown
}

fn is_rewrite(name: &str) -> bool {
    matches!(
        name,
        "spacing" | "gaps" | "leet" | "repeats" | "glued" | "smuggled" | "undressed"
    )
}

/// Maps a range of a derived text to the inspected text.
pub(super) fn to_root(maps: &[Arc<OffsetMap>], range: Range<usize>) -> Range<usize> {
    maps.iter().fold(range, |range, map| map.to_source(range))
}
