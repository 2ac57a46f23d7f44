//! Which classes each lexeme belongs to.

use super::classes::ClassSet;
use crate::text::narrow;

/// From how many classes on a lexeme keeps a whole row of bits, so that adding it is a few wide
/// instructions.
const DENSE_FROM: usize = 12;
/// The row of lexemes without one.
const NO_ROW: u32 = u32::MAX;

/// The classes of all lexemes, one after the other in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    lexemes: Vec<Member>,
    /// Sorted for each lexeme.
    classes: Vec<u16>,
    rows: Vec<u64>,
    /// Words of one row.
    width: usize,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    from: u32,
    to: u32,
    row: u32,
}

impl Members {
    /// Turns the lexemes of classes into the classes of lexemes.
    pub(super) fn build(count: usize, classes: &[Vec<u32>]) -> Self {
        let mut of_lexeme = vec![Vec::new(); count];
        for (class, lexemes) in (0_u16..).zip(classes) {
            for lexeme in lexemes {
                if let Some(member) = of_lexeme.get_mut(*lexeme as usize) {
                    member.push(class);
                }
            }
        }
        let mut members = Self {
            width: classes.len().div_ceil(64),
            ..Self::default()
        };
        for list in of_lexeme {
            let from = narrow(members.classes.len());
            members.classes.extend_from_slice(&list);
            let row = if list.len() >= DENSE_FROM {
                members.add_row(&list)
            } else {
                NO_ROW
            };
            members.lexemes.push(Member {
                from,
                to: narrow(members.classes.len()),
                row,
            });
        }
        members
    }

    fn add_row(&mut self, classes: &[u16]) -> u32 {
        let start = self.rows.len();
        self.rows.resize(start + self.width, 0);
        for class in classes {
            if let Some(word) = self.rows.get_mut(start + usize::from(*class) / 64) {
                *word |= 1 << (class % 64);
            }
        }
        narrow(start / self.width.max(1))
    }

    /// The classes of a lexeme, in order.
    #[inline(always)]
    pub(super) fn of(&self, lexeme: u32) -> &[u16] {
        let Some(member) = self.lexemes.get(lexeme as usize) else {
            return &[];
        };
        self.classes
            .get(member.from as usize..member.to as usize)
            .unwrap_or_default()
    }

    #[inline(always)]
    fn row(&self, lexeme: u32) -> Option<&[u64]> {
        let member = self.lexemes.get(lexeme as usize)?;
        if member.row == NO_ROW {
            return None;
        }
        let start = member.row as usize * self.width;
        self.rows.get(start..start + self.width)
    }

    /// Adds the classes of a lexeme to `present`.
    #[inline(always)]
    pub(super) fn note(&self, lexeme: u32, present: &mut ClassSet) {
        if let Some(row) = self.row(lexeme) {
            present.add_all(row);
        } else {
            for class in self.of(lexeme) {
                present.mark(*class);
            }
        }
    }

    /// Calls `on` for the classes of a lexeme that are in `asked`.
    #[inline(always)]
    pub(super) fn asking(&self, lexeme: u32, asked: &ClassSet, mut on: impl FnMut(usize)) {
        if let Some(row) = self.row(lexeme) {
            asked.common(row, on);
        } else {
            for class in self.of(lexeme).iter().filter(|class| asked.has(**class)) {
                on(usize::from(*class));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Members;
    use crate::lexicon::ClassSet;

    #[test]
    fn rows_and_lists_say_the_same() {
        // Lexeme 0 is in every class and has a row; lexeme 1 in every seventh; lexeme 2 in none.
        let classes: Vec<Vec<u32>> = (0..70)
            .map(|class| if class % 7 == 0 { vec![0, 1] } else { vec![0] })
            .collect();
        let members = Members::build(3, &classes);
        let asked = ClassSet::of([3, 14, 69].into_iter(), 70);
        for (lexeme, wanted) in [(0, vec![3, 14, 69]), (1, vec![14]), (2, vec![])] {
            let mut found = Vec::new();
            members.asking(lexeme, &asked, |class| found.push(class));
            assert_eq!(found, wanted);
            let mut present = ClassSet::default();
            present.reset(70);
            members.note(lexeme, &mut present);
            let noted: Vec<u16> = (0..70).filter(|class| present.has(*class)).collect();
            assert_eq!(noted, members.of(lexeme));
        }
    }
}
