//! What training needs of the engine, so that it learns from exactly what is scored later.

use crate::kernel::{Work, run};
use crate::masks::Classify;
use crate::ngram::{BLOCK, category_hashes, feature_id, for_each_feature};
use crate::text::View;

/// The hashed features of one text, grouped by block of normalised text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockFeatures {
    /// How many features each block has.
    pub counts: Vec<u32>,
    /// Feature ids of [`crate::FEATURE_BITS`] bits, block after block.
    pub ids: Vec<u32>,
    /// Where each block starts in the text, in bytes.
    pub starts: Vec<u32>,
}

/// Extracts the features of the n-gram model.
#[must_use]
pub fn block_features(text: &str) -> BlockFeatures {
    run(Extract(text))
}

/// The feature ids the category head looks at: each word, and each word with the one before it.
#[must_use]
pub fn category_features(text: &str) -> Vec<u32> {
    run(Words(text))
}

/// The normalised form of a text, as detectors see it.
#[must_use]
pub fn normalized(text: &str) -> String {
    run(Normalize(text))
}

struct Extract<'a>(&'a str);

impl Work for Extract<'_> {
    type Output = BlockFeatures;

    fn with<K: Classify>(self, kernel: K) -> BlockFeatures {
        let mut view = View::default();
        view.read(kernel, self.0, &[false; 256]);
        let mut blocks: Vec<Vec<u32>> = vec![Vec::new(); view.text().len().div_ceil(BLOCK)];
        for_each_feature(&view, |block, hash| {
            if let Some(ids) = blocks.get_mut(block) {
                ids.push(feature_id(hash));
            }
        });
        let counts = blocks.iter().map(|ids| crate::text::narrow(ids.len())).collect();
        let starts = (0..blocks.len())
            .map(|block| crate::text::narrow(view.map.to_source(block * BLOCK..block * BLOCK + 1).start))
            .collect();
        BlockFeatures {
            counts,
            ids: blocks.concat(),
            starts,
        }
    }
}

struct Words<'a>(&'a str);

impl Work for Words<'_> {
    type Output = Vec<u32>;

    fn with<K: Classify>(self, kernel: K) -> Vec<u32> {
        let mut view = View::default();
        view.read(kernel, self.0, &[false; 256]);
        let mut last = 0;
        let mut ids = Vec::with_capacity(2 * view.tokens.len());
        for token in &view.tokens {
            ids.extend(category_hashes(last, token.hash).map(feature_id));
            last = token.hash;
        }
        ids
    }
}

struct Normalize<'a>(&'a str);

impl Work for Normalize<'_> {
    type Output = String;

    fn with<K: Classify>(self, kernel: K) -> String {
        let mut view = View::default();
        view.read(kernel, self.0, &[false; 256]);
        String::from_utf8_lossy(view.text()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{block_features, normalized};

    #[test]
    fn features_are_grouped_by_block() {
        let features = block_features(&"ignore all previous instructions ".repeat(5));
        assert_eq!(features.counts.len(), 3);
        assert_eq!(features.counts.iter().sum::<u32>() as usize, features.ids.len());
        assert!(features.ids.iter().all(|id| *id < 1 << crate::FEATURE_BITS));
    }

    #[test]
    fn normalizing_twice_changes_nothing() {
        for text in [
            "Ｉｇｎｏｒｅ ÀLL",
            "ıgnоrе аll",
            "Straße ﬁn Ǣ 忽略",
            "Привет, мир world",
        ] {
            let once = normalized(text);
            assert_eq!(normalized(&once), once);
        }
    }
}
