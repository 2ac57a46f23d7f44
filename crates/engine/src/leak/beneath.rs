//! Every reading of a text: as it stands, decoded and without disguise.

use std::ops::Range;
use std::sync::Arc;

use super::words::{Words, of_view, view_of};
use crate::decode::{Hints, boundary_before, decode_within};
use crate::limits::Limits;
use crate::map::OffsetMap;
use crate::rewrite::{Vocabulary, may_rewrite, rewrites};
use crate::text::{View, undressed};

struct Layer {
    text: String,
    /// From `text` to the inspected text, applied in order.
    maps: Vec<Arc<OffsetMap>>,
    chain: Vec<&'static str>,
}

/// What is told of a reading: its words, its text, the way back, and how it came about.
type OnReading<'a> = dyn FnMut(&Words, &[u8], &dyn Fn(Range<usize>) -> Range<usize>, &[&'static str]) + 'a;

/// Calls `on` for every reading. Returns whether a limit left something unread.
pub(super) fn each_reading(text: &str, on: &mut OnReading<'_>) -> bool {
    let limits = Limits::DEFAULT;
    let mut room = limits.room(text.len());
    let mut queue: Vec<Layer> = Vec::new();
    let view = view_of(text);
    tell(&view, &[], &[], on);
    let mut cut_short = derive(text, &view, &[], &[], room, &mut queue);
    let mut next = 0;
    while next < limits.views_max {
        let Some(layer) = queue.get_mut(next) else {
            return cut_short;
        };
        let mut text = std::mem::take(&mut layer.text);
        let (maps, chain) = (std::mem::take(&mut layer.maps), std::mem::take(&mut layer.chain));
        let share = Limits::share(room, text.len());
        if share < text.len() {
            cut_short = true;
            text.truncate(boundary_before(&text, share));
        }
        next += 1;
        room = room.saturating_sub(text.len());
        let view = view_of(&text);
        tell(&view, &maps, &chain, on);
        if chain.len() < limits.decode_depth_max {
            cut_short |= derive(&text, &view, &maps, &chain, room, &mut queue);
        }
    }
    cut_short || queue.len() > next
}

fn tell(view: &View, maps: &[Arc<OffsetMap>], chain: &[&'static str], on: &mut OnReading<'_>) {
    let back = |range: Range<usize>| {
        let start = view.map.to_source(range);
        maps.iter().fold(start, |range, map| map.to_source(range))
    };
    on(&of_view(view), view.text(), &back, chain);
}

/// Queues what a text decodes to, and what its view reads like without disguise. Returns whether a limit was met.
fn derive(
    text: &str,
    view: &View,
    maps: &[Arc<OffsetMap>],
    chain: &[&'static str],
    room: usize,
    queue: &mut Vec<Layer>,
) -> bool {
    let most = Limits::share(room, usize::MAX);
    let mut cut_short = false;
    let mut push = |text: String, above: Vec<Arc<OffsetMap>>, name: &'static str| {
        let undoes_itself = matches!(name, "rot13" | "reversed" | "undressed") && chain.contains(&name);
        if !undoes_itself {
            queue.push(Layer {
                text,
                maps: above.into_iter().chain(maps.iter().cloned()).collect(),
                chain: chain.iter().copied().chain(std::iter::once(name)).collect(),
            });
        }
    };
    if may_rewrite(view) {
        let mut found = Vec::new();
        cut_short |= !rewrites(view, Vocabulary::default(), &[], most, &mut found);
        let back = Arc::new(view.map.clone());
        for rewrite in found.drain(..).filter(|rewrite| !chain.contains(&rewrite.name)) {
            push(
                rewrite.text,
                vec![Arc::new(rewrite.map), Arc::clone(&back)],
                rewrite.name,
            );
        }
    }
    if let Some((hidden, range)) = view.smuggled.text() {
        let mut map = OffsetMap::identity();
        map.push_replaced(0, range);
        push(hidden, vec![Arc::new(map)], "smuggled");
    }
    if !text.is_ascii()
        && let Some((plain, map)) = undressed(text, view.stats.mixed_tokens > 0, most)
        && Hints::of(&plain).any()
    {
        push(plain, vec![Arc::new(map)], "undressed");
    }
    let hints = Hints::of(text);
    if hints.any() {
        let mut found = Vec::new();
        cut_short |= !decode_within(text, hints, &Limits::DEFAULT, most, &mut found);
        for decoded in found {
            push(decoded.text, vec![Arc::new(decoded.map)], decoded.codec.name());
        }
    }
    cut_short
}
