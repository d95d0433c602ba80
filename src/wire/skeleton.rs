//! An event of the same kind as another one, with nothing in it but a place for text.

use std::ops::Range;

use serde_json::Value;

use super::json::{Lexer, Token};

/// One step to a value.
enum Step {
    Member(String),
    Element(usize),
}

/// The payload of an event with empty texts where `spans` of `payload` stand, and of the rest only the members of the `envelope` on the way to them.
/// Gives the new texts' spans too.
pub(super) fn of(
    payload: &str,
    spans: &[Range<usize>],
    envelope: &[Box<str>],
) -> Option<(String, Vec<Range<usize>>)> {
    let ways: Vec<Vec<Step>> = spans.iter().map(|span| steps(payload, span)).collect::<Option<_>>()?;
    let ways: Vec<(usize, &[Step])> = ways.iter().map(Vec::as_slice).enumerate().collect();
    let value: Value = serde_json::from_str(payload).ok()?;
    let (mut out, mut places) = (String::new(), vec![0..0; spans.len()]);
    write(&value, &ways, envelope, &mut out, &mut places)?;
    Some((out, places))
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

/// Writes what of a value is on the way to texts: each has its number, and the steps that are left.
fn write(
    value: &Value,
    ways: &[(usize, &[Step])],
    envelope: &[Box<str>],
    out: &mut String,
    places: &mut [Range<usize>],
) -> Option<()> {
    let through = |is_step: &dyn Fn(&Step) -> bool| -> Vec<(usize, &[Step])> {
        let first = |way: &&(usize, &'_ [Step])| way.1.first().is_some_and(is_step);
        ways.iter().filter(first).map(|(number, way)| (*number, &way[1..])).collect()
    };
    match value {
        Value::String(_) => {
            for (number, _) in ways {
                places[*number] = out.len()..out.len() + 2;
            }
            out.push_str("\"\"");
        }
        Value::Object(members) => {
            out.push('{');
            let mut separator = "";
            for (name, value) in members {
                let inner = through(&|step| matches!(step, Step::Member(member) if member == name));
                let is_kept = value.is_null() || envelope.iter().any(|kept| **kept == **name);
                let is_scalar = !value.is_object() && !value.is_array();
                if inner.is_empty() && !(is_scalar && is_kept) {
                    continue;
                }
                out.push_str(separator);
                separator = ",";
                out.push_str(&super::json::quoted(name));
                out.push(':');
                if inner.is_empty() {
                    out.push_str(&value.to_string());
                } else {
                    write(value, &inner, envelope, out, places)?;
                }
            }
            out.push('}');
        }
        Value::Array(elements) => {
            out.push('[');
            let mut separator = "";
            for (at, value) in elements.iter().enumerate() {
                let inner = through(&|step| matches!(step, Step::Element(element) if *element == at));
                if !inner.is_empty() {
                    out.push_str(separator);
                    separator = ",";
                    write(value, &inner, envelope, out, places)?;
                }
            }
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
        let envelope = ["id".into(), "index".into()];
        let (skeleton, places) = of(payload, std::slice::from_ref(&(start..start + 7)), &envelope).unwrap();
        assert_eq!(
            skeleton,
            r#"{"choices":[{"delta":{"content":""},"finish_reason":null,"index":1}],"id":"x"}"#
        );
        assert_eq!(&skeleton[places[0].clone()], "\"\"");
        let first = payload.find("\"no").unwrap();
        let (skeleton, places) = of(payload, &[start..start + 7, first..first + 4], &envelope).unwrap();
        assert_eq!(
            skeleton,
            r#"{"choices":[{"delta":{"content":""},"index":0},{"delta":{"content":""},"finish_reason":null,"index":1}],"id":"x"}"#
        );
        assert!(
            places[1].end < places[0].start && places.iter().all(|place| &skeleton[place.clone()] == "\"\"")
        );
        assert_eq!(sequence(r#"{"a":{"n":1},"n":-7}"#, Some("n")), Some((17..19, -7)));
    }
}
