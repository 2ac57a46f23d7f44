//! Which attributes run what they hold.

/// Words that events of a page are made of, behind `on`.
const EVENTS: [&[u8]; 74] = [
    b"abort",
    b"activate",
    b"animation",
    b"auxclick",
    b"before",
    b"begin",
    b"blur",
    b"bounce",
    b"cancel",
    b"canplay",
    b"cellchange",
    b"change",
    b"click",
    b"close",
    b"content",
    b"contextmenu",
    b"copy",
    b"cue",
    b"cut",
    b"data",
    b"dblclick",
    b"deactivate",
    b"drag",
    b"drop",
    b"duration",
    b"emptied",
    b"end",
    b"error",
    b"filterchange",
    b"finish",
    b"focus",
    b"formdata",
    b"fullscreen",
    b"gotpointer",
    b"hashchange",
    b"help",
    b"input",
    b"invalid",
    b"key",
    b"layoutcomplete",
    b"load",
    b"lostpointer",
    b"losecapture",
    b"media",
    b"message",
    b"mouse",
    b"move",
    b"offline",
    b"online",
    b"page",
    b"paste",
    b"pause",
    b"play",
    b"pointer",
    b"popstate",
    b"progress",
    b"property",
    b"ratechange",
    b"readystate",
    b"repeat",
    b"reset",
    b"resize",
    b"row",
    b"scroll",
    b"search",
    b"seek",
    b"select",
    b"show",
    b"start",
    b"submit",
    b"toggle",
    b"touch",
    b"transition",
    b"unload",
];
/// Further ones.
const MORE_EVENTS: [&[u8]; 7] = [
    b"wheel", b"volume", b"waiting", b"stop", b"suspend", b"storage", b"timer",
];

/// Whether an attribute runs what it holds.
pub(super) fn is_event(attribute: &[u8]) -> bool {
    let name = attribute.rsplit(|byte| *byte == b':').next().unwrap_or(attribute);
    let Some(event) = name.strip_prefix(b"on") else {
        return false;
    };
    EVENTS.iter().chain(&MORE_EVENTS).any(|known| event.starts_with(known))
}

/// Whether an event is one that pages handle every day.
pub(super) fn is_everyday(attribute: &[u8]) -> bool {
    let everyday: [&[u8]; 5] = [b"onclick", b"onsubmit", b"onchange", b"oninput", b"onkeyup"];
    everyday.contains(&attribute)
}
