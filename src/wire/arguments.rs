//! JSON text that comes in fragments: each string, key and number of it is a text of its own.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::de::IgnoredAny;

use super::channel::Made;
use super::json::{Lexer, Token, plain_number, quoted};
use crate::checker::{Checker, Edit, Finding, Session, Verdict};

/// Checks JSON text, the arguments of a tool for example, value by value.
///
/// What is replaced stays JSON: text is escaped, and a number that contains a match becomes a string, sign, fraction and exponent included.
/// What is no JSON is checked as one text from where it ceases to be, a number before it included: `12 Oak Street` is no number.
pub(super) struct Arguments {
    session: Session,
    name: Arc<str>,
    is_internal: bool,
    lexer: Lexer,
    value: Option<Value>,
    /// The last number stands in no array or object.
    is_outside: bool,
    seen: u64,
    findings: Vec<Finding>,
}

/// The value at hand.
struct Value {
    checker: Checker,
    kind: Kind,
    /// Where it begins in the JSON text.
    start: u64,
    /// Bytes of what it says.
    said: u64,
    /// What it says up to here is decided.
    decided: u64,
    /// Which bytes of the JSON text say what is not decided.
    runs: VecDeque<Run>,
    /// The number as it is written so far.
    number: String,
    edits: Vec<Edit>,
    /// The number has ended, and only white space has come behind it.
    gap: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    /// No JSON.
    Loose,
}

/// Bytes of JSON text and what they say: the same, or an escape.
struct Run {
    said: u64,
    said_bytes: u64,
    outer: u64,
    outer_bytes: u64,
}

impl Arguments {
    pub(super) fn new(session: &Session, name: Arc<str>, is_internal: bool) -> Self {
        Self {
            session: session.clone(),
            name,
            is_internal,
            lexer: Lexer::default(),
            value: None,
            is_outside: false,
            seen: 0,
            findings: Vec::new(),
        }
    }

    /// Takes text; appends what is to be replaced, in bytes of the JSON text, to `edits`.
    pub(super) fn push(&mut self, text: &str, edits: &mut Vec<Edit>) -> Verdict {
        let base = self.seen;
        self.seen += text.len() as u64;
        let mut at = 0;
        if self.value.as_ref().is_some_and(|value| value.kind == Kind::Loose) {
            return self.say(text, base, text.len() as u64, edits);
        }
        loop {
            let from = at;
            let token = self.lexer.next(text, &mut at);
            if self.value.as_ref().is_some_and(|value| value.gap.is_some()) {
                let is_number = match &token {
                    None if self.lexer.is_behind_value() => {
                        let value = self.value.as_mut().expect("it is there");
                        value.gap.as_mut().expect("it is there").push_str(&text[from..]);
                        return Verdict::Continue;
                    }
                    Some(Token::Broken { .. }) => false,
                    _ => !self.is_outside,
                };
                let verdict = if is_number {
                    self.end_value(edits)
                } else {
                    self.loosen(&text[from..], base + from as u64, edits)
                };
                if verdict == Verdict::Stop || !is_number {
                    return verdict;
                }
            }
            let Some(token) = token else { return Verdict::Continue };
            let here = base + at as u64;
            let verdict = match token {
                Token::Quote { at, .. } => self.begin(Kind::Text, base + at as u64 + 1),
                Token::Text(range) => {
                    let outer = base + range.start as u64;
                    let bytes = range.len() as u64;
                    self.say(&text[range], outer, bytes, edits)
                }
                Token::Escape { says, behind, width } => {
                    let outer = here - behind as u64 - width as u64;
                    self.say(says.encode_utf8(&mut [0; 4]), outer, width as u64, edits)
                }
                Token::Scalar(range) => {
                    if self.value.is_none() {
                        let _ = self.begin(Kind::Number, base + range.start as u64);
                    }
                    let outer = base + range.start as u64;
                    self.say(&text[range.clone()], outer, range.len() as u64, edits)
                }
                Token::Unquote { .. } => self.end_value(edits),
                Token::ScalarEnd { at } => {
                    self.is_outside = self.lexer.is_outside();
                    match &mut self.value {
                        Some(value) if serde_json::from_str::<IgnoredAny>(&value.number).is_ok() => {
                            value.gap = Some(String::new());
                            Verdict::Continue
                        }
                        _ => return self.loosen(&text[at..], base + at as u64, edits),
                    }
                }
                Token::Broken { at } => {
                    let _ = self.begin(Kind::Loose, base + at as u64);
                    self.say(&text[at..], base + at as u64, (text.len() - at) as u64, edits)
                }
                Token::Open { .. } | Token::Close { .. } => Verdict::Continue,
            };
            if verdict == Verdict::Stop {
                return verdict;
            }
        }
    }

    /// What looked like a number is text, and so is all that follows.
    fn loosen(&mut self, rest: &str, outer: u64, edits: &mut Vec<Edit>) -> Verdict {
        let Some(value) = &mut self.value else { return Verdict::Continue };
        value.kind = Kind::Loose;
        let gap = value.gap.take().unwrap_or_default();
        for Edit { span, replacement } in std::mem::take(&mut value.edits) {
            edits.push(Edit { span: value.outer(span.start)..value.outer_end(span.end), replacement });
        }
        let bytes = gap.len() as u64;
        let verdict = self.say(&gap, outer - bytes, bytes, edits);
        if verdict == Verdict::Stop { verdict } else { self.say(rest, outer, rest.len() as u64, edits) }
    }

    /// The text ends.
    pub(super) fn end(&mut self, edits: &mut Vec<Edit>) -> Verdict {
        self.end_value(edits)
    }

    /// Up to here the JSON text is decided.
    pub(super) fn decided(&self) -> u64 {
        match &self.value {
            None => self.seen,
            Some(value) if value.kind == Kind::Number => value.start,
            Some(value) if value.decided < value.said => value.outer(value.decided),
            Some(_) => self.seen - self.lexer.partial() as u64,
        }
    }

    pub(super) fn take_findings(&mut self, findings: &mut Vec<Finding>) {
        findings.append(&mut self.findings);
        if let Some(value) = &mut self.value {
            findings.append(&mut value.checker.take_findings());
        }
    }

    fn begin(&mut self, kind: Kind, start: u64) -> Verdict {
        self.value = Some(self.begun(kind, start));
        Verdict::Continue
    }

    /// A value of which nothing is said yet.
    fn begun(&self, kind: Kind, start: u64) -> Value {
        let checker = if self.is_internal {
            self.session.internal_channel(&self.name)
        } else {
            self.session.channel(&self.name)
        };
        Value {
            checker,
            kind,
            start,
            said: 0,
            decided: 0,
            runs: VecDeque::new(),
            number: String::new(),
            edits: Vec::new(),
            gap: None,
        }
    }

    /// The value at hand says `text`, in `bytes` bytes of JSON text.
    fn say(&mut self, text: &str, outer: u64, bytes: u64, edits: &mut Vec<Edit>) -> Verdict {
        let Some(value) = &mut self.value else { return Verdict::Continue };
        value.runs.push_back(Run {
            said: value.said,
            said_bytes: text.len() as u64,
            outer,
            outer_bytes: bytes,
        });
        value.said += text.len() as u64;
        if value.kind == Kind::Number {
            value.number.push_str(text);
        }
        value.advance(Some(text), edits)
    }

    fn end_value(&mut self, edits: &mut Vec<Edit>) -> Verdict {
        let Some(mut value) = self.value.take() else { return Verdict::Continue };
        let verdict = value.advance(None, edits);
        if verdict == Verdict::Stop {
            self.value = Some(value);
            return verdict;
        }
        if value.kind == Kind::Number {
            let span = value.start..value.start + value.number.len() as u64;
            let plain = plain_number(&value.number).filter(|_| value.edits.is_empty());
            if let Some(plain) = plain {
                // Nobody reads zeros behind the point.
                let mut again = self.begun(Kind::Number, value.start);
                let _ = again.advance(Some(&plain), edits);
                let verdict = again.advance(None, edits);
                self.findings.append(&mut again.checker.take_findings());
                if verdict == Verdict::Stop {
                    self.value = Some(value);
                    return verdict;
                }
                (value.number, value.edits) = (plain, again.edits);
            }
            if !value.edits.is_empty() {
                let replacement = quoted(&Made::of(&value.number, &value.edits).apply(&value.number));
                edits.push(Edit { span, replacement });
            }
        }
        self.findings.append(&mut value.checker.take_findings());
        verdict
    }
}

impl Value {
    /// Checks more of what it says, or its end.
    fn advance(&mut self, text: Option<&str>, edits: &mut Vec<Edit>) -> Verdict {
        let advance = match text {
            Some(text) => self.checker.advance(text),
            None => self.checker.advance_to_end(),
        };
        let (decided, verdict) = (advance.decided, advance.verdict);
        let made = advance.edits.to_vec();
        self.decided = decided;
        if self.kind == Kind::Number {
            self.edits.extend(made);
            return verdict;
        }
        for Edit { span, replacement } in made {
            let replacement = match self.kind {
                Kind::Loose => replacement,
                _ => {
                    let quoted = quoted(&replacement);
                    quoted[1..quoted.len() - 1].to_owned()
                }
            };
            edits.push(Edit { span: self.outer(span.start)..self.outer_end(span.end), replacement });
        }
        while self.runs.front().is_some_and(|run| run.said + run.said_bytes <= decided) && self.runs.len() > 1
        {
            self.runs.pop_front();
        }
        verdict
    }

    /// Where the byte of what is said stands in the JSON text.
    fn outer(&self, said: u64) -> u64 {
        let at = self.runs.partition_point(|run| run.said + run.said_bytes <= said);
        match self.runs.get(at) {
            Some(run) if run.said_bytes == run.outer_bytes => run.outer + (said - run.said),
            Some(run) => run.outer,
            None => self.runs.back().map_or(self.start, |run| run.outer + run.outer_bytes),
        }
    }

    /// Where what is said before this byte ends in the JSON text.
    fn outer_end(&self, said: u64) -> u64 {
        let at = self.runs.partition_point(|run| run.said + run.said_bytes < said);
        match self.runs.get(at) {
            Some(run) if run.said_bytes == run.outer_bytes => run.outer + (said - run.said),
            Some(run) => run.outer + run.outer_bytes,
            None => self.runs.back().map_or(self.start, |run| run.outer + run.outer_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identifier, IndexBuilder, Kind, Policy, Reader};

    fn session() -> Session {
        let mut builder = IndexBuilder::new();
        for (kind, text) in
            [(Kind::Email, "ann@example.com"), (Kind::Account, "40017788"), (Kind::Name, "Zoë Quill")]
        {
            builder.add(Identifier { owner: "C-1", kind, text }).unwrap();
        }
        let index = builder.finish_in_memory().unwrap();
        let policy = Policy::from_toml("[kinds]\nname = 'redact'").unwrap();
        Session::new(&index, &policy, Reader::stranger())
    }

    fn check(session: &Session, pieces: &[&str]) -> String {
        let mut arguments = Arguments::new(session, "arguments".into(), false);
        let (mut edits, mut whole, mut last) = (Vec::new(), String::new(), 0);
        for piece in pieces {
            let _ = arguments.push(piece, &mut edits);
            whole.push_str(piece);
            assert!(last <= arguments.decided() && arguments.decided() <= whole.len() as u64);
            last = arguments.decided();
        }
        let _ = arguments.end(&mut edits);
        assert_eq!(arguments.decided(), whole.len() as u64);
        let mut out = String::new();
        let mut at = 0;
        for edit in edits {
            out.push_str(&whole[at..edit.span.start as usize]);
            out.push_str(&edit.replacement);
            at = edit.span.end as usize;
        }
        out + &whole[at..]
    }

    #[test]
    fn every_value_is_a_text_of_its_own_however_it_is_cut() {
        let cases = [
            (
                r#"{"to":"ann\u0040example.com","n":-40017788.0e1,"x":[40017788]}"#,
                r#"{"to":"[EMAIL]","n":"-[ACCOUNT].0e1","x":["[ACCOUNT]"]}"#,
            ),
            (r#"{"ann@example.com":"a\nb"}"#, r#"{"[EMAIL]":"a\nb"}"#),
            (r#"{"a":"Zo\u00eb","b":"Quill"}"#, r#"{"a":"Zo\u00eb","b":"Quill"}"#),
            (r#"{"a":"say Zo\u00eb Quill \ud83d\ude00"}"#, r#"{"a":"say [NAME] \ud83d\ude00"}"#),
            (r#"40017788"#, r#""[ACCOUNT]""#),
            (r#"{to: ann@example.com}"#, r#"{to: [EMAIL]}"#),
            (r#"{"to": ann@example.com}"#, r#"{"to": [EMAIL]}"#),
            (r#"ann@example.com"#, r#"[EMAIL]"#),
            (r#"[400 17788 , 40017788.00 ,1]"#, r#"[[ACCOUNT] , [ACCOUNT].00 ,1]"#),
            (r#"[ 40017788.00 , 1.50 ] "#, r#"[ "[ACCOUNT].00" , 1.50 ] "#),
            (r#"400 17788"#, r#"[ACCOUNT]"#),
            (r#"{}  400 17788"#, r#"{}  [ACCOUNT]"#),
            (r#"{"to":"ann@example.com"#, r#"{"to":"[EMAIL]"#),
        ];
        let session = session();
        for (text, safe) in cases {
            for one in 0..=text.len() {
                for two in one..=text.len() {
                    let pieces = [&text[..one], &text[one..two], &text[two..]];
                    assert_eq!(check(&session, &pieces), safe, "cut at {one} and {two}");
                }
            }
        }
    }
}
