//! The closed set of categories, in wire order.

/// Names in wire order; the index is the code.
pub const CATEGORIES: [&str; 19] = [
    "prompt_injection",
    "indirect_injection",
    "jailbreak",
    "prompt_extraction",
    "data_exfiltration",
    "tool_abuse",
    "obfuscation",
    "harmful_request",
    "pii",
    "secret",
    "sql_injection",
    "xss",
    "command_injection",
    "path_traversal",
    "malicious_url",
    "unsafe_output",
    "unbounded_consumption",
    "anomaly",
    "canary_leak",
];

/// How many categories there are.
pub const CATEGORY_COUNT: usize = CATEGORIES.len();

/// Categories below this code are attacks on the model itself: the learned model judges them, and a
/// quoted mention weighs less.
pub const MODEL_CATEGORY_COUNT: u8 = 7;

/// The code of a category name.
#[must_use]
pub fn category_code(name: &str) -> Option<u8> {
    CATEGORIES
        .iter()
        .position(|known| *known == name)
        .and_then(|index| u8::try_from(index).ok())
}
