//! Numbers that entries of an export have, and what they stand for.

use std::hash::Hash;
use std::sync::Arc;

use crate::json::Object;
use crate::limits::{Res, malformed};
use crate::table::{Mixer, Set};

/// Numbers of an export, those of a theory first.
#[derive(Debug)]
pub(crate) struct Ids {
    base: Arc<Vec<u32>>,
    pub(crate) own: Vec<u32>,
}

impl Ids {
    pub(crate) fn new(base: Arc<Vec<u32>>) -> Self {
        Self { base, own: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.base.len() + self.own.len()
    }

    pub(crate) fn get(&self, at: usize) -> Option<u32> {
        match at.checked_sub(self.base.len()) {
            None => self.base.get(at).copied(),
            Some(at) => self.own.get(at).copied(),
        }
    }

    pub(crate) fn into_base(self) -> Arc<Vec<u32>> {
        Arc::new(self.own)
    }
}

/// What a prepared theory keeps of its numbers.
#[derive(Debug, Default)]
pub(crate) struct BaseIds {
    pub(crate) names: Arc<Vec<u32>>,
    pub(crate) levels: Arc<Vec<u32>>,
    pub(crate) terms: Arc<Vec<u32>>,
    pub(crate) lines: Arc<Set<u64>>,
}

pub(crate) fn found(ids: &Ids, at: usize) -> Res<u32> {
    match ids.get(at) {
        Some(id) => Ok(id),
        None => malformed(format!("number {at} is not given before it is used")),
    }
}

/// Something that was numbered before, and its number into the digest of the entry.
pub(crate) fn said(object: &mut Object<'_>, digest: &mut Mixer, key: &str, ids: &Ids) -> Res<u32> {
    let at = object.count(key)?;
    at.hash(digest);
    found(ids, at)
}

pub(crate) fn next_number(object: &mut Object<'_>, key: &str, expected: usize) -> Res<()> {
    let number = object.count(key)?;
    if number != expected {
        return malformed(format!("number {number} stands where {expected} is next"));
    }
    Ok(())
}
