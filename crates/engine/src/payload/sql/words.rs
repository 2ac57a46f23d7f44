//! What SQL makes of a word.

use super::Kind;

/// The class of a lower-case word; `None` for a name.
pub(super) fn class_of(word: &[u8]) -> Option<Kind> {
    let letter = usize::from(word.first()?.checked_sub(b'a')?);
    let from = usize::from(*FROM.get(letter)?);
    let to = usize::from(*FROM.get(letter + 1)?);
    let alike = TABLE.get(from..to)?;
    alike
        .iter()
        .find(|(known, _)| known.as_bytes() == word)
        .map(|(_, kind)| *kind)
}

/// Where the words of each letter begin in the table.
static FROM: [u8; 27] = letters();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks the bounds"
)]
const fn letters() -> [u8; 27] {
    let mut from = [0; 27];
    let mut letter = 0;
    let mut at = 0;
    while letter < 27 {
        while at < TABLE.len() && ((TABLE[at].0.as_bytes()[0] - b'a') as usize) < letter {
            at += 1;
        }
        from[letter] = at as u8;
        letter += 1;
    }
    from
}

use Kind::{By, Call, Case, Compare, From, Into, Key, Limit, Logic, Math, Not, Null, Select, Statement, Union, Verb};

/// Sorted, so that words of one letter stand together.
const TABLE: [(&str, Kind); 155] = [
    ("all", Key),
    ("alter", Statement),
    ("analyse", Call),
    ("and", Logic),
    ("any", Key),
    ("as", Key),
    ("asc", Key),
    ("ascii", Call),
    ("begin", Statement),
    ("benchmark", Call),
    ("between", Compare),
    ("bin", Call),
    ("binary", Not),
    ("by", By),
    ("call", Statement),
    ("case", Case),
    ("cast", Call),
    ("char", Call),
    ("char_length", Call),
    ("charset", Call),
    ("chr", Call),
    ("coalesce", Call),
    ("coercibility", Call),
    ("compress", Call),
    ("concat", Call),
    ("concat_ws", Call),
    ("connection_id", Call),
    ("conv", Call),
    ("convert", Call),
    ("cos", Call),
    ("count", Call),
    ("create", Statement),
    ("current_date", Null),
    ("current_time", Null),
    ("current_timestamp", Null),
    ("current_user", Null),
    ("database", Call),
    ("db_name", Call),
    ("dbms_lock", Call),
    ("dbms_pipe", Call),
    ("declare", Statement),
    ("delay", Key),
    ("delete", Statement),
    ("desc", Key),
    ("distinct", Key),
    ("div", Math),
    ("do", Statement),
    ("drop", Statement),
    ("dumpfile", Key),
    ("else", Key),
    ("elt", Call),
    ("end", Key),
    ("except", Union),
    ("exec", Statement),
    ("execute", Statement),
    ("exists", Call),
    ("exp", Call),
    ("extractvalue", Call),
    ("false", Null),
    ("find_in_set", Call),
    ("floor", Call),
    ("for", Key),
    ("from", From),
    ("generate_series", Call),
    ("group", Key),
    ("group_concat", Call),
    ("having", Logic),
    ("hex", Call),
    ("if", Call),
    ("ifnull", Call),
    ("iif", Call),
    ("in", Compare),
    ("infile", Key),
    ("inner", Key),
    ("insert", Statement),
    ("instr", Call),
    ("intersect", Union),
    ("into", Into),
    ("is", Compare),
    ("isnull", Call),
    ("join", Key),
    ("lcase", Call),
    ("left", Call),
    ("len", Call),
    ("length", Call),
    ("like", Compare),
    ("limit", Limit),
    ("load", Verb),
    ("load_extension", Call),
    ("load_file", Call),
    ("localtime", Null),
    ("locate", Call),
    ("lower", Call),
    ("lpad", Call),
    ("make_set", Call),
    ("mid", Call),
    ("mod", Math),
    ("not", Not),
    ("null", Null),
    ("nullif", Call),
    ("offset", Key),
    ("on", Key),
    ("or", Logic),
    ("ord", Call),
    ("order", Key),
    ("outfile", Key),
    ("pg_sleep", Call),
    ("pi", Call),
    ("position", Call),
    ("procedure", Limit),
    ("rand", Call),
    ("randomblob", Call),
    ("regexp", Compare),
    ("repeat", Call),
    ("replace", Call),
    ("reverse", Call),
    ("right", Call),
    ("rlike", Compare),
    ("row", Call),
    ("row_count", Call),
    ("rownum", Null),
    ("rpad", Call),
    ("schema", Call),
    ("select", Select),
    ("set", Verb),
    ("shutdown", Statement),
    ("sin", Call),
    ("sleep", Call),
    ("soundex", Call),
    ("sounds", Key),
    ("strcmp", Call),
    ("substr", Call),
    ("substring", Call),
    ("sysdate", Null),
    ("system_user", Null),
    ("table", Key),
    ("then", Key),
    ("top", Key),
    ("true", Null),
    ("truncate", Statement),
    ("ucase", Call),
    ("unhex", Call),
    ("union", Union),
    ("unknown", Null),
    ("update", Statement),
    ("updatexml", Call),
    ("upper", Call),
    ("user", Call),
    ("utc_date", Null),
    ("values", Verb),
    ("version", Call),
    ("waitfor", Statement),
    ("when", Key),
    ("where", Logic),
    ("xor", Logic),
];

#[cfg(test)]
mod tests {
    use super::TABLE;

    #[test]
    fn the_table_is_sorted() {
        assert!(TABLE.is_sorted_by(|(a, _), (b, _)| a < b));
    }
}
