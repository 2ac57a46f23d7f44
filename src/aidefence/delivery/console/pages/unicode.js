// Characters that nobody sees, with a short sign and a name for each.

const NAMED = new Map([
  [0x00, ["NUL", "NULL"]],
  [0x08, ["BS", "BACKSPACE"]],
  [0x1b, ["ESC", "ESCAPE"]],
  [0x7f, ["DEL", "DELETE"]],
  [0xa0, ["NBSP", "NO-BREAK SPACE"]],
  [0xad, ["SHY", "SOFT HYPHEN"]],
  [0x34f, ["CGJ", "COMBINING GRAPHEME JOINER"]],
  [0x61c, ["ALM", "ARABIC LETTER MARK"]],
  [0x115f, ["HCF", "HANGUL CHOSEONG FILLER"]],
  [0x1160, ["HJF", "HANGUL JUNGSEONG FILLER"]],
  [0x180e, ["MVS", "MONGOLIAN VOWEL SEPARATOR"]],
  [0x200b, ["ZWSP", "ZERO WIDTH SPACE"]],
  [0x200c, ["ZWNJ", "ZERO WIDTH NON-JOINER"]],
  [0x200d, ["ZWJ", "ZERO WIDTH JOINER"]],
  [0x200e, ["LRM", "LEFT-TO-RIGHT MARK"]],
  [0x200f, ["RLM", "RIGHT-TO-LEFT MARK"]],
  [0x2028, ["LS", "LINE SEPARATOR"]],
  [0x2029, ["PS", "PARAGRAPH SEPARATOR"]],
  [0x202a, ["LRE", "LEFT-TO-RIGHT EMBEDDING"]],
  [0x202b, ["RLE", "RIGHT-TO-LEFT EMBEDDING"]],
  [0x202c, ["PDF", "POP DIRECTIONAL FORMATTING"]],
  [0x202d, ["LRO", "LEFT-TO-RIGHT OVERRIDE"]],
  [0x202e, ["RLO", "RIGHT-TO-LEFT OVERRIDE"]],
  [0x2060, ["WJ", "WORD JOINER"]],
  [0x2061, ["FA", "FUNCTION APPLICATION"]],
  [0x2062, ["IT", "INVISIBLE TIMES"]],
  [0x2063, ["IS", "INVISIBLE SEPARATOR"]],
  [0x2064, ["IP", "INVISIBLE PLUS"]],
  [0x2066, ["LRI", "LEFT-TO-RIGHT ISOLATE"]],
  [0x2067, ["RLI", "RIGHT-TO-LEFT ISOLATE"]],
  [0x2068, ["FSI", "FIRST STRONG ISOLATE"]],
  [0x2069, ["PDI", "POP DIRECTIONAL ISOLATE"]],
  [0x2800, ["BLANK", "BRAILLE PATTERN BLANK"]],
  [0x3164, ["HF", "HANGUL FILLER"]],
  [0xfeff, ["BOM", "ZERO WIDTH NO-BREAK SPACE"]],
  [0xffa0, ["HHF", "HALFWIDTH HANGUL FILLER"]],
]);
const PLAIN = new Set([0x09, 0x0a, 0x0d]);

/** Tell what an invisible character is; null for one that can be seen. */
export function invisible(character) {
  const point = character.codePointAt(0);
  if (PLAIN.has(point)) return null;
  const known = NAMED.get(point);
  if (known) return told(point, ...known);
  if (point < 0x20 || (point >= 0x80 && point < 0xa0)) return told(point, hex(point), "CONTROL CHARACTER");
  if (point >= 0xe0020 && point <= 0xe007e) {
    const letter = String.fromCharCode(point - 0xe0000);
    return told(point, letter === " " ? "\u00a0" : letter, `TAG ${letter === " " ? "SPACE" : letter}`, true);
  }
  if (point >= 0xe0000 && point <= 0xe007f) return told(point, "TAG", "TAG CHARACTER", true);
  if (point >= 0xfe00 && point <= 0xfe0f) return told(point, `VS${point - 0xfdff}`, `VARIATION SELECTOR ${point - 0xfdff}`);
  if (point >= 0xe0100 && point <= 0xe01ef) return told(point, `VS${point - 0xe00ef}`, `VARIATION SELECTOR ${point - 0xe00ef}`);
  if (point >= 0xd800 && point <= 0xdfff) return told(point, hex(point), "LONE SURROGATE");
  return null;
}

const hex = (point) => point.toString(16).toUpperCase().padStart(4, "0");
const told = (point, sign, name, smuggled = false) => ({ sign, name: `U+${hex(point)} ${name}`, smuggled });
