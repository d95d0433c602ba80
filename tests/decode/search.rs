//! Whether a phrase can still be read somewhere in a response.

use std::collections::BTreeMap;

use super::frames::{Event, Framing};
use super::json::mended;
use super::leaves::{Leaf, What, channels, leaves, readings};
use super::tables::Table;

/// In lower case, and every run of white space one space.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        if !c.is_whitespace() {
            out.push(c);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out
}

/// Whether a phrase stands in a text, not inside of longer words. Both are [`plain`].
pub fn stands_in(phrase: &str, text: &str) -> bool {
    let is_scriptio_continua = |c: char| c as u32 >= 0x2e80;
    let is_word =
        |c: Option<char>| c.is_some_and(|c| (c.is_alphanumeric() || c == '_') && !is_scriptio_continua(c));
    text.match_indices(phrase).any(|(at, _)| {
        !is_word(text[..at].chars().next_back()) && !is_word(text[at + phrase.len()..].chars().next())
    })
}

/// Everything that can be read in a response, and where.
pub struct Seen {
    /// Where, and what stands there, [`plain`].
    texts: Vec<(String, String)>,
    /// Where, and for each position the tokens that may stand there.
    tokens: BTreeMap<String, Vec<Vec<String>>>,
}

impl Seen {
    pub fn new(events: &[Event], framing: Framing, table: &Table) -> Self {
        Self::of(&leaves(events, framing, table))
    }

    pub fn of(leaves: &[Leaf]) -> Self {
        let mut texts = BTreeMap::<String, Vec<String>>::new();
        let mut note = |at: String, text: &str| {
            let seen = texts.entry(at).or_default();
            let text = plain(&mended(text));
            if text.len() > 1 && !seen.contains(&text) {
                seen.push(text);
            }
        };
        let mut bytes = BTreeMap::<(String, String, String), Vec<u8>>::new();
        let mut across = BTreeMap::<String, String>::new();
        for leaf in leaves {
            let at = format!("{} {}", leaf.kind, leaf.path);
            match leaf.what {
                What::Numbers if leaf.path.ends_with("bytes[]") => {
                    let values: Option<Vec<u8>> =
                        leaf.text.split(',').map(|number| number.parse().ok()).collect();
                    let joined =
                        bytes.entry((leaf.kind.clone(), leaf.path.clone(), leaf.place.clone())).or_default();
                    joined.extend(values.unwrap_or_default());
                }
                What::Numbers => {}
                What::Text => {
                    note(at.clone(), &leaf.text);
                    for reading in readings(&leaf.text) {
                        note(format!("{at} (decoded)"), &reading);
                    }
                    across.entry(leaf.path.clone()).or_default().push_str(&leaf.text);
                }
                What::Number | What::Key => note(at, &leaf.text),
            }
        }
        for ((kind, path, place), channel) in channels(leaves) {
            let at = format!("{kind} {path} {place}(joined)");
            let text = channel.text();
            note(at.clone(), &text);
            for reading in readings(&text) {
                note(format!("{at} (decoded)"), &reading);
            }
        }
        for (path, text) in across {
            note(format!(" {path} (joined over all events)"), &text);
        }
        for ((kind, path, _), bytes) in bytes {
            note(format!("{kind} {path} (as UTF-8)"), &String::from_utf8_lossy(&bytes));
        }
        let texts =
            texts.into_iter().flat_map(|(at, texts)| texts.into_iter().map(move |text| (at.clone(), text)));
        Self { texts: texts.collect(), tokens: tokens(leaves) }
    }

    /// The places at which a phrase can be read.
    pub fn places_of(&self, phrase: &str) -> Vec<String> {
        let phrase = plain(phrase);
        let mut places: Vec<String> = self
            .texts
            .iter()
            .filter(|(_, text)| stands_in(&phrase, text))
            .map(|(at, _)| at.clone())
            .collect();
        places.extend(
            self.tokens
                .iter()
                .filter(|(_, tokens)| is_spelled(&phrase, tokens))
                .map(|(at, _)| format!("{at} (tokens)")),
        );
        places.dedup();
        places
    }
}

/// Log probabilities: for each position the token and its alternatives.
fn tokens(leaves: &[Leaf]) -> BTreeMap<String, Vec<Vec<String>>> {
    let mut tokens = BTreeMap::<String, Vec<Vec<String>>>::new();
    for leaf in leaves {
        let (path, is_key) = (leaf.path.as_str(), leaf.what == What::Key);
        // The alternatives of the older API are keys: `choices[].logprobs.top_logprobs[].TOKEN`.
        let parent = path.strip_suffix(&format!(".{}", leaf.text)).unwrap_or(path);
        let is_map = is_key && parent.ends_with("top_logprobs[]");
        let is_alternative =
            is_map && leaf.text != "token" || path.ends_with("top_logprobs[].token") && !is_key;
        let is_token = !is_key
            && !path.contains("top_logprobs")
            && (path.ends_with("logprobs[].token")
                || path.ends_with("logprobs.content[].token")
                || path.ends_with("logprobs.refusal[].token")
                || path.ends_with("logprobs.tokens[]"));
        let list = path.split("logprobs").next().unwrap_or(path);
        let positions = tokens.entry(format!("{} {list}logprobs {}", leaf.kind, leaf.place));
        if is_token {
            positions.or_default().push(vec![plain(&leaf.text)]);
        } else if is_alternative && let Some(last) = positions.or_default().last_mut() {
            last.push(plain(&leaf.text));
        }
    }
    tokens.retain(|_, positions| positions.len() > 1);
    tokens
}

/// Whether one token of each of some positions in a row spells the phrase.
fn is_spelled(phrase: &str, positions: &[Vec<String>]) -> bool {
    let mut reached = Vec::<&str>::new();
    for tokens in positions {
        let mut next = Vec::new();
        for token in tokens.iter().filter(|token| !token.is_empty()) {
            for rest in &reached {
                if token.starts_with(rest) {
                    return true;
                }
                if let Some(rest) = rest.strip_prefix(token.as_str()) {
                    next.push(rest);
                }
            }
            let begins =
                token.char_indices().filter(|(at, _)| !token[..*at].ends_with(char::is_alphanumeric));
            for (begin, _) in begins {
                if let Some(rest) = phrase.strip_prefix(&token[begin..]) {
                    next.push(rest);
                }
            }
        }
        next.sort_unstable();
        next.dedup();
        reached = next;
    }
    false
}

#[test]
fn a_phrase_is_found_wherever_it_can_be_read() {
    use super::tables::table;
    let seen = |format: &str, framing: Framing, body: &str| {
        let table = table(format);
        Seen::new(&framing.events(body.as_bytes()).unwrap(), framing, table).places_of("Bob Ray").len()
    };
    let chat = |deltas: &[&str]| -> String {
        deltas.iter().map(|delta| format!("data: {{\"choices\":[{{\"index\":0,{delta}}}]}}\n\n")).collect()
    };
    for (found, deltas) in [
        (false, &[r#""delta":{"content":"Bob"}"#, r#""delta":{"content":"Ray"}"#][..]),
        (false, &[r#""delta":{"content":"Bob Rayleigh, xBob Ray"}"#]),
        (true, &[r#""delta":{"content":"BOB\n ray"}"#]),
        (
            true,
            &[r#""delta":{"content":"bo"}"#, r#""delta":{"content":"b Ra"}"#, r#""delta":{"content":"y"}"#],
        ),
        (
            true,
            &[
                r#""delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":\"B\\u006fb R"}}]}"#,
                r#""delta":{"tool_calls":[{"index":0,"function":{"arguments":"ay\"}"}}]}"#,
            ],
        ),
        (true, &[r#""delta":{"x":[{"Bob Ray":1}]}"#]),
        (true, &[r#""delta":{"x":"Qm9iIFJheSB3YXM="}"#]),
        (true, &[r#""delta":{"x":"{\"y\":\"<b>Bob</b>&nbsp;<i>Ray</i>\"}"}"#]),
        (
            true,
            &[
                r#""logprobs":{"content":[{"token":" Bo","bytes":[32,66,111]},{"token":"b Ra"},{"token":"y"}]}"#,
            ],
        ),
        (
            true,
            &[
                r#""logprobs":{"content":[{"token":" Bo"},{"token":"at","top_logprobs":[{"token":"b "}]},{"token":"Ray."}]}"#,
            ],
        ),
        (
            true,
            &[
                r#""logprobs":{"content":[{"token":"?","bytes":[66,111,98,32]}]}"#,
                r#""logprobs":{"content":[{"token":"?","bytes":[82,97,121]}]}"#,
            ],
        ),
        (true, &[r#""logprobs":{"tokens":["Bob"," X"],"top_logprobs":[{"Bob":-1},{" X":-1," Ray":-2}]}"#]),
        (false, &[r#""logprobs":{"tokens":["Bob"," X"],"top_logprobs":[{"Bob":-1},{" X":-1," Roy":-2}]}"#]),
    ] {
        assert_eq!(seen("openai-chat", Framing::Sse, &chat(deltas)) > 0, found, "{deltas:?}");
    }
    let two = chat(&[r#""delta":{"content":"Bob "}"#])
        + &chat(&[r#""delta":{"content":"Ray"}"#]).replace(":0,", ":1,");
    assert_eq!(seen("openai-chat", Framing::Sse, &two), 1, "only where nobody joins them");
    assert_eq!(seen("text", Framing::Text, "a bob  ray"), 3);
}
