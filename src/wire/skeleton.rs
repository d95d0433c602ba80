//! An event of the same kind as another one, with nothing in it but a place for text.

use std::ops::Range;

use serde_json::Value;

use super::json::{Lexer, Token};

/// One step to a value.
enum Step {
    Member(String),
    Element(usize),
}

/// The payload of an event with an empty text where `span` of `payload` stands, and of the rest only the members of the `envelope` on the way to it.
/// Gives the new text's span too.
pub(super) fn of(
    payload: &str,
    span: &Range<usize>,
    envelope: &[Box<str>],
) -> Option<(String, Range<usize>)> {
    let steps = steps(payload, span)?;
    let value: Value = serde_json::from_str(payload).ok()?;
    let (mut out, mut place) = (String::new(), 0..0);
    write(&value, &steps, envelope, &mut out, &mut place)?;
    Some((out, place))
}

/// The way to the text that stands at `span`.
fn steps(payload: &str, span: &Range<usize>) -> Option<Vec<Step>> {
    let (mut lexer, mut at) = (Lexer::default(), 0);
    let (mut steps, mut arrays): (Vec<Step>, Vec<bool>) = (Vec::new(), Vec::new());
    let mut begin = 0;
    while let Some(token) = lexer.next(payload, &mut at) {
        let begins = matches!(token, Token::Open { .. } | Token::Quote { key: false, .. } | Token::Scalar(_));
        if begins
            && arrays.last() == Some(&true)
            && let Some(Step::Element(place)) = steps.last_mut()
        {
            *place = place.wrapping_add(1);
        }
        match token {
            Token::Open { array, .. } => {
                arrays.push(array);
                steps.push(if array { Step::Element(usize::MAX) } else { Step::Member(String::new()) });
            }
            Token::Close { .. } => {
                arrays.pop();
                steps.pop();
            }
            Token::Quote { key: false, at } if at == span.start => return Some(steps),
            Token::Quote { at, .. } => begin = at,
            Token::Unquote { at } if lexer.is_behind_key() => {
                let name = super::json::unescaped(&payload[begin + 1..at]).into_owned();
                *steps.last_mut()? = Step::Member(name);
            }
            _ => {}
        }
    }
    None
}

fn write(
    value: &Value,
    steps: &[Step],
    envelope: &[Box<str>],
    out: &mut String,
    place: &mut Range<usize>,
) -> Option<()> {
    match (steps.split_first(), value) {
        (None, _) => {
            *place = out.len()..out.len() + 2;
            out.push_str("\"\"");
        }
        (Some((Step::Member(member), rest)), Value::Object(members)) => {
            out.push('{');
            let mut separator = "";
            for (name, value) in members {
                let is_kept = value.is_null() || envelope.iter().any(|kept| **kept == **name);
                let is_scalar = !value.is_object() && !value.is_array();
                if name != member && !(is_scalar && is_kept) {
                    continue;
                }
                out.push_str(separator);
                separator = ",";
                out.push_str(&super::json::quoted(name));
                out.push(':');
                if name == member {
                    write(value, rest, envelope, out, place)?;
                } else {
                    out.push_str(&value.to_string());
                }
            }
            out.push('}');
        }
        (Some((Step::Element(element), rest)), Value::Array(elements)) => {
            out.push('[');
            write(elements.get(*element)?, rest, envelope, out, place)?;
            out.push(']');
        }
        _ => return None,
    }
    Some(())
}

/// The number of an event, and where it stands.
pub(super) fn sequence(payload: &str, member: Option<&str>) -> Option<(Range<usize>, i64)> {
    let (mut lexer, mut at) = (Lexer::default(), 0);
    let (mut depth, mut begin, mut is_it) = (0, 0, false);
    while let Some(token) = lexer.next(payload, &mut at) {
        match token {
            Token::Open { .. } => depth += 1,
            Token::Close { .. } => depth -= 1,
            Token::Quote { at, .. } => begin = at,
            Token::Unquote { at } if lexer.is_behind_key() => {
                is_it = depth == 1 && Some(&payload[begin + 1..at]) == member;
                continue;
            }
            Token::Scalar(range) if is_it => {
                return payload[range.clone()].parse().ok().map(|number| (range, number));
            }
            _ => {}
        }
        is_it = false;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_way_to_the_text_is_kept() {
        let payload = r#"{"id":"x","usage":{"n":1},"choices":[{"index":0,"delta":{"content":"no"}},{"index":1,"finish_reason":null,"delta":{"role":"assistant","content":"y\"es","tool":[1]}}]}"#;
        let start = payload.find("\"y").unwrap();
        let (skeleton, place) = of(payload, &(start..start + 7), &["id".into(), "index".into()]).unwrap();
        assert_eq!(
            skeleton,
            r#"{"choices":[{"delta":{"content":""},"finish_reason":null,"index":1}],"id":"x"}"#
        );
        assert_eq!(&skeleton[place.clone()], "\"\"");
        assert_eq!(sequence(r#"{"a":{"n":1},"n":-7}"#, Some("n")), Some((17..19, -7)));
    }
}
