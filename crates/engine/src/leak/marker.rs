//! Markers in a text, whole or in part, whatever stands between their characters.

use std::collections::HashMap;
use std::ops::Range;

/// Characters in a row that are as good as certainly of the marker: eight of sixteen.
const PIECE: usize = 8;
/// Markers that are looked for.
const MARKERS_MAX: usize = 4096;

/// Markers that were planted, by their pieces.
pub(super) struct Markers {
    markers: Vec<Vec<u8>>,
    /// The first place of each piece.
    pieces: HashMap<[u8; PIECE], (usize, usize)>,
}

impl Markers {
    pub(super) fn of(markers: &[&str]) -> Self {
        let markers: Vec<Vec<u8>> = markers
            .iter()
            .take(MARKERS_MAX)
            .map(|marker| {
                squeeze(marker.to_lowercase().as_bytes())
                    .into_iter()
                    .map(|(byte, _)| byte)
                    .collect()
            })
            .collect();
        let mut pieces = HashMap::new();
        for (number, marker) in markers.iter().enumerate() {
            for (at, piece) in marker.windows(PIECE).enumerate() {
                if let Ok(piece) = <[u8; PIECE]>::try_from(piece) {
                    pieces.entry(piece).or_insert((number, at));
                }
            }
        }
        Self { markers, pieces }
    }

    /// Calls `on` for each marker, with the bytes it covers and how many of its characters are there.
    pub(super) fn find(&self, text: &[u8], on: &mut impl FnMut(usize, Range<usize>, usize)) {
        if self.pieces.is_empty() {
            return;
        }
        let letters = squeeze(text);
        let mut at = 0;
        while let Some(window) = letters.get(at..at + PIECE) {
            let mut piece = [0; PIECE];
            for (to, (byte, _)) in piece.iter_mut().zip(window) {
                *to = *byte;
            }
            let Some((number, from)) = self.pieces.get(&piece) else {
                at += 1;
                continue;
            };
            let marker = self.markers.get(*number).and_then(|marker| marker.get(*from..));
            let rest = letters.get(at..).unwrap_or_default();
            let len = marker
                .unwrap_or_default()
                .iter()
                .zip(rest)
                .take_while(|(wanted, (byte, _))| *wanted == byte)
                .count();
            let start = rest.first().map_or(0, |(_, start)| *start);
            let end = rest.get(len.saturating_sub(1)).map_or(start, |(_, last)| last + 1);
            on(*number, start..end, len);
            at += len.max(1);
        }
    }
}

/// Letters and digits with the places where they stand.
fn squeeze(text: &[u8]) -> Vec<(u8, usize)> {
    text.iter()
        .enumerate()
        .filter(|(_, byte)| byte.is_ascii_alphanumeric() || **byte >= 0x80)
        .map(|(at, byte)| (byte.to_ascii_lowercase(), at))
        .collect()
}
