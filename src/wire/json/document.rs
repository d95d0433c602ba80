//! One payload: where its values stand, each with its path and the elements of arrays it is in.

use std::collections::HashSet;
use std::ops::Range;

use super::lexer::{Lexer, Token, unescaped};
use super::path::{ANY, ELEMENT, Node, Paths, ROOT};

/// Where the values of a payload stand, in order.
#[derive(Clone, Default)]
pub(in crate::wire) struct Document {
    pub(in crate::wire) values: Vec<Value>,
    pub(in crate::wire) elements: Vec<Element>,
    /// The texts and numbers of a payload that was compared with another.
    compared: Vec<Compared>,
    /// Those that say something else, in order.
    differing: Vec<usize>,
}

/// A text or number, beside the one of another payload that stands in its place.
#[derive(Clone)]
pub(in crate::wire) struct Compared {
    pub(in crate::wire) span: Range<usize>,
    pub(in crate::wire) is_same: bool,
}

#[derive(Clone)]
pub(in crate::wire) struct Value {
    pub(in crate::wire) node: Node,
    /// The innermost element of an array that it is in, or is.
    pub(in crate::wire) element: Option<u32>,
    pub(in crate::wire) kind: ValueKind,
    /// Its bytes, quotes and brackets included.
    pub(in crate::wire) span: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::wire) enum ValueKind {
    Text,
    /// The name of a member; its node is the member's.
    Key,
    Number,
    /// `true`, `false`.
    Word,
    Null,
    Array,
    Object,
}

/// An element of an array.
#[derive(Clone)]
pub(in crate::wire) struct Element {
    pub(in crate::wire) around: Option<u32>,
    /// The array's path.
    pub(in crate::wire) array: Node,
    /// What tells it from its neighbours: its place, or what it says itself. `None`: they are one.
    pub(in crate::wire) id: Option<u32>,
}

/// A payload that is no JSON, or says one thing twice.
#[derive(Debug)]
pub(in crate::wire) struct Malformed;

/// An open array or object.
struct Level {
    node: Node,
    /// Its own value.
    value: usize,
    element: Option<u32>,
    array: bool,
    /// Elements so far.
    count: u32,
    members: Vec<Node>,
    others: HashSet<Box<str>>,
}

impl Document {
    /// Reads a whole payload.
    pub(in crate::wire) fn read(&mut self, text: &str, paths: &mut Paths) -> Result<(), Malformed> {
        self.values.clear();
        self.elements.clear();
        // The grammar in full, down to the digits of numbers.
        serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|_| Malformed)?;
        let (mut lexer, mut at) = (Lexer::default(), 0);
        let mut levels: Vec<Level> = Vec::new();
        let (mut member, mut begin) = (ROOT, 0);
        let mut scalar: Option<Range<usize>> = None;
        loop {
            let token = match lexer.next(text, &mut at) {
                Some(token) => token,
                // A number at the very end.
                None if scalar.is_some() => Token::ScalarEnd { at: text.len() },
                None => return Ok(()),
            };
            match token {
                Token::Open { array, at } => {
                    let (node, element) = self.place(&mut levels, member, paths);
                    let kind = if array { ValueKind::Array } else { ValueKind::Object };
                    levels.push(Level {
                        node,
                        value: self.values.len(),
                        element,
                        array,
                        count: 0,
                        members: Vec::new(),
                        others: HashSet::new(),
                    });
                    self.values.push(Value { node, element, kind, span: at..at });
                }
                Token::Close { at } => {
                    let level = levels.pop().ok_or(Malformed)?;
                    self.values[level.value].span.end = at + 1;
                }
                Token::Quote { at, .. } => begin = at,
                Token::Unquote { at } if lexer.is_behind_key() => {
                    let level = levels.last_mut().ok_or(Malformed)?;
                    let key = unescaped(&text[begin + 1..at]);
                    member = paths.child(level.node, &key);
                    let is_new = if paths.name(member) == ANY {
                        level.others.insert((*key).into())
                    } else {
                        !level.members.contains(&member)
                    };
                    if !is_new {
                        return Err(Malformed);
                    }
                    level.members.push(member);
                    let element = level.element;
                    self.values.push(Value {
                        node: member,
                        element,
                        kind: ValueKind::Key,
                        span: begin..at + 1,
                    });
                }
                Token::Unquote { at } => {
                    let (node, element) = self.place(&mut levels, member, paths);
                    self.values.push(Value { node, element, kind: ValueKind::Text, span: begin..at + 1 });
                }
                Token::Scalar(range) => {
                    scalar = Some(scalar.map_or(range.start, |scalar| scalar.start)..range.end);
                }
                Token::ScalarEnd { .. } => {
                    let span = scalar.take().ok_or(Malformed)?;
                    let (node, element) = self.place(&mut levels, member, paths);
                    let kind = match text.as_bytes()[span.start] {
                        b'n' => ValueKind::Null,
                        b't' | b'f' => ValueKind::Word,
                        _ => ValueKind::Number,
                    };
                    self.values.push(Value { node, element, kind, span });
                }
                Token::Text(_) | Token::Escape { .. } => {}
                Token::Broken { .. } => return Err(Malformed),
            }
        }
    }

    /// Reads a payload of which only texts and numbers are others than in the one that was read last: keys and brackets are compared, not read.
    /// `false`: it is not such a payload, and nothing was read.
    pub(in crate::wire) fn read_alike(&mut self, last: &str, text: &str) -> bool {
        let is_alike = is_alike(scalars(&self.values), last, text, &mut self.compared);
        if is_alike {
            self.move_scalars();
        }
        is_alike
    }

    /// The same, of one that another document has read.
    pub(in crate::wire) fn read_as(&mut self, other: &Self, last: &str, text: &str) -> bool {
        let is_alike = is_alike(scalars(&other.values), last, text, &mut self.compared);
        if is_alike {
            self.values.clone_from(&other.values);
            self.elements.clone_from(&other.elements);
            self.move_scalars();
        }
        is_alike
    }

    /// Whether a value says something else than in the payload that this one was compared with.
    pub(in crate::wire) fn differs(&self, value: usize) -> bool {
        self.differing.binary_search(&value).is_ok()
    }

    /// The values that do.
    pub(in crate::wire) fn differing(&self) -> &[usize] {
        &self.differing
    }

    /// Where some texts and numbers stand in bytes of which only they are others than in `last`, in which the payload that was read last begins at `start`;
    /// and where what is compared ends. `None` if these are not such bytes. What was read stays as it is.
    pub(in crate::wire) fn compare(
        &self,
        values: &[usize],
        last: &[u8],
        start: usize,
        bytes: &[u8],
        compared: &mut Vec<Compared>,
    ) -> Option<usize> {
        compare(values.iter().map(|value| &self.values[*value]), last, start, bytes, compared)
    }

    /// The payload that was read, with empty texts and zeros for numbers, but for those that are kept; and where its texts and numbers stand.
    pub(in crate::wire) fn emptied(&self, text: &str, is_kept: impl Fn(usize) -> bool) -> (String, Self) {
        let (mut emptied, mut at) = (String::new(), 0);
        let (mut values, elements) = (self.values.clone(), self.elements.clone());
        for (place, value) in values.iter_mut().enumerate() {
            if !is_scalar(value) {
                value.span = 0..0;
                continue;
            }
            emptied.push_str(&text[at..value.span.start]);
            at = value.span.end;
            let start = emptied.len();
            emptied.push_str(match value.kind {
                _ if is_kept(place) => &text[value.span.clone()],
                ValueKind::Text => "\"\"",
                _ => "0",
            });
            value.span = start..emptied.len();
        }
        emptied.push_str(&text[at..]);
        (emptied, Self { values, elements, ..Self::default() })
    }

    /// Texts and numbers stand where those stand that were compared.
    fn move_scalars(&mut self) {
        self.differing.clear();
        let scalars = self.values.iter_mut().enumerate().filter(|(_, value)| is_scalar(value));
        for ((at, value), Compared { span, is_same }) in scalars.zip(self.compared.drain(..)) {
            value.span = span;
            if !is_same {
                self.differing.push(at);
            }
        }
    }

    /// The path and the element of the value that begins.
    fn place(&mut self, levels: &mut [Level], member: Node, paths: &mut Paths) -> (Node, Option<u32>) {
        match levels.last_mut() {
            None => (ROOT, None),
            Some(level) if level.array => {
                let element = self.elements.len() as u32;
                self.elements.push(Element {
                    around: level.element,
                    array: level.node,
                    id: Some(level.count),
                });
                level.count += 1;
                (paths.child(level.node, ELEMENT), Some(element))
            }
            Some(level) => (member, level.element),
        }
    }
}

fn is_scalar(value: &Value) -> bool {
    matches!(value.kind, ValueKind::Text | ValueKind::Number)
}

fn scalars(values: &[Value]) -> impl Iterator<Item = &Value> {
    values.iter().filter(|value| is_scalar(value))
}

/// Whether only these texts and numbers of the last payload are others in this one, and where they stand in it.
fn is_alike<'a>(
    values: impl Iterator<Item = &'a Value>,
    last: &str,
    text: &str,
    compared: &mut Vec<Compared>,
) -> bool {
    compare(values, last.as_bytes(), 0, text.as_bytes(), compared) == Some(text.len())
}

/// Where these texts and numbers of the last payload, which begins at `base` of `last`, stand in bytes of which only they are others, and where what is
/// compared ends; `None` if these are not such bytes. Those that are others may be no UTF-8.
fn compare<'a>(
    values: impl Iterator<Item = &'a Value>,
    last: &[u8],
    base: usize,
    text: &[u8],
    compared: &mut Vec<Compared>,
) -> Option<usize> {
    let (mut seen, mut at) = (0, 0);
    compared.clear();
    for value in values {
        let span = base + value.span.start..base + value.span.end;
        let between = &last[seen..span.start];
        let rest = text[at..].strip_prefix(between)?;
        let start = at + between.len();
        let same = &last[span.clone()];
        let is_same = rest.starts_with(same)
            && (value.kind == ValueKind::Text
                || !rest.get(same.len()).is_some_and(|byte| is_of_number(*byte)));
        let length = match value.kind {
            _ if is_same => same.len(),
            ValueKind::Text => text_length(rest)?,
            _ => {
                let length = rest.iter().take_while(|byte| is_of_number(**byte)).count();
                serde_json::from_slice::<serde::de::IgnoredAny>(&rest[..length]).ok()?;
                length
            }
        };
        compared.push(Compared { span: start..start + length, is_same });
        (seen, at) = (span.end, start + length);
    }
    text[at..].starts_with(&last[seen..]).then_some(at + last.len() - seen)
}

fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E')
}

/// The length of the text that begins here, quotes included; `None` if it is none, or says something that takes a closer look.
fn text_length(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        match *bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => match bytes.get(at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                _ => return None,
            },
            0..0x20 => return None,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, Malformed> {
        let (mut paths, mut document) = (Paths::default(), Document::default());
        document.read(text, &mut paths)?;
        let scalars = document.values.iter().filter(|value| !matches!(value.kind, ValueKind::Key));
        Ok(scalars
            .map(|value| {
                let element = |mut at: Option<u32>| {
                    let mut ids = Vec::new();
                    while let Some(place) = at {
                        ids.extend(document.elements[place as usize].id);
                        at = document.elements[place as usize].around;
                    }
                    ids.reverse();
                    ids
                };
                let path = paths.written(value.node, element(value.element).into_iter(), |_| true);
                format!("{path}={}", &text[value.span.clone()])
            })
            .collect())
    }

    #[test]
    fn every_value_has_its_path() {
        let text = r#"{"a":[{"b":"x\"y","c":[1,-2]},{"b":null}],"\u0064":{"e":true}}"#;
        let expected = [
            r#"={"a":[{"b":"x\"y","c":[1,-2]},{"b":null}],"\u0064":{"e":true}}"#,
            r#"a=[{"b":"x\"y","c":[1,-2]},{"b":null}]"#,
            r#"a[0]={"b":"x\"y","c":[1,-2]}"#,
            r#"a[0].b="x\"y""#,
            "a[0].c=[1,-2]",
            "a[0].c[0]=1",
            "a[0].c[1]=-2",
            r#"a[1]={"b":null}"#,
            "a[1].b=null",
            r#"d={"e":true}"#,
            "d.e=true",
        ];
        assert_eq!(read(text).unwrap(), expected);
        assert_eq!(read("12").unwrap(), ["=12"]);
    }

    #[test]
    fn a_payload_that_is_alike_is_read_as_if_it_were_the_first() {
        let first = r#"{"a":[{"b":"x","n":-1}],"c":"","d":null}"#;
        for (text, is_alike) in [
            (r#"{"a":[{"b":"longer \" text","n":17.5e3}],"c":"é","d":null}"#, true),
            (first, true),
            (r#"{"a":[{"b":"x","n":-12}],"c":"","d":null}"#, true),
            (r#"{"a":[{"b":"x","n":01}],"c":"","d":null}"#, false),
            (r#"{"a":[{"b":"x","n":-1}],"c":"","d":1}"#, false),
            (r#"{"a":[{"b":"x","n":-1}],"c":"","d":null,"e":1}"#, false),
            (r#"{"a":[{"b":"x\u0041","n":-1}],"c":"","d":null}"#, false),
            (r#"{"a":[{"b":null,"n":-1}],"c":"","d":null}"#, false),
            (r#"{"a":[{"b":"x,"n":-1}],"c":"","d":null}"#, false),
        ] {
            let (mut paths, mut document, mut other) =
                (Paths::default(), Document::default(), Document::default());
            document.read(first, &mut paths).unwrap();
            assert_eq!(document.read_alike(first, text), is_alike, "{text}");
            let read = if is_alike { text } else { first };
            other.read(read, &mut paths).unwrap();
            let scalars = |document: &Document| -> Vec<_> {
                let is_scalar = |value: &&Value| matches!(value.kind, ValueKind::Text | ValueKind::Number);
                document
                    .values
                    .iter()
                    .filter(is_scalar)
                    .map(|value| (value.node, value.span.clone()))
                    .collect()
            };
            assert_eq!(scalars(&document), scalars(&other));
        }
    }

    #[test]
    fn what_is_said_twice_is_refused() {
        assert!(read(r#"{"a":1,"\u0061":2}"#).is_err());
        assert!(read(r#"[{"a":1},{"a":2}]"#).is_ok());
        let many = |last: &str| {
            let members: Vec<String> = (0..100).map(|n| format!("\"k{n}\":{n}")).collect();
            read(&format!("{{{},\"{last}\":1}}", members.join(",")))
        };
        assert!(many("k99").is_err() && many("k3").is_err() && many("k100").is_ok());
        assert!(read("{\"a\":01}").is_err() && read("{} {}").is_err());
    }
}
