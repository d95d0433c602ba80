//! JSON as RFC 8259 has it and nothing else, with every number as it was written and every key where it stood.

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Json>),
    /// In order; a key may stand twice.
    Object(Vec<(String, Json)>),
}

/// Half a surrogate pair that stands alone is kept as a private character, so that [`mended`] can join the halves of two fragments.
const HALVES: u32 = 0xf_0000;

/// Joins the halves of surrogate pairs that came in two fragments.
pub fn mended(text: &str) -> String {
    let half = |c: char| (HALVES..HALVES + 0x800).contains(&(c as u32)).then(|| c as u32 - HALVES);
    let (mut out, mut high) = (String::with_capacity(text.len()), None);
    for c in text.chars() {
        match (high.take(), half(c)) {
            (Some(first), Some(second @ 0x400..)) => {
                out.push(char::from_u32(0x1_0000_u32 + (first << 10) + (second - 0x400)).expect("a pair"));
            }
            (lone, next) => {
                out.extend(lone.map(|_| '\u{fffd}'));
                match next {
                    Some(first @ ..0x400) => high = Some(first),
                    Some(_) => out.push('\u{fffd}'),
                    None => out.push(c),
                }
            }
        }
    }
    out.extend(high.map(|_| '\u{fffd}'));
    out
}

impl Json {
    /// The one value that a text is.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { text, at: 0 };
        let value = parser.value(0)?;
        parser.space();
        if parser.at == text.len() { Ok(value) } else { Err(parser.wrong("the end")) }
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value behind keys that are separated by dots.
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |value, key| value.get(key))
    }

    pub fn text(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    pub fn items(&self) -> &[Self] {
        if let Self::Array(items) = self { items } else { &[] }
    }

    /// A string, number or truth value as it reads.
    pub fn scalar(&self) -> Option<String> {
        match self {
            Self::String(text) | Self::Number(text) => Some(text.clone()),
            Self::Bool(bool) => Some(bool.to_string()),
            _ => None,
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn wrong(&self, expected: &str) -> String {
        let rest: String = self.text[self.at..].chars().take(30).collect();
        format!("expected {expected} at byte {} of JSON, found {rest:?}", self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_there = self.text[self.at..].starts_with(word);
        self.at += if is_there { word.len() } else { 0 };
        is_there
    }

    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > 200 {
            return Err(self.wrong("less depth"));
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.takes("null") => Ok(Json::Null),
            _ if self.takes("true") => Ok(Json::Bool(true)),
            _ if self.takes("false") => Ok(Json::Bool(false)),
            _ => Err(self.wrong("a value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.takes("}") {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a key"));
            }
            let key = self.string()?;
            self.space();
            if !self.takes(":") {
                return Err(self.wrong("a colon"));
            }
            members.push((key, self.value(depth + 1)?));
            self.space();
            if self.takes("}") {
                return Ok(Json::Object(members));
            }
            if !self.takes(",") {
                return Err(self.wrong("a comma or the object's end"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, String> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.takes("]") {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.takes("]") {
                return Ok(Json::Array(items));
            }
            if !self.takes(",") {
                return Err(self.wrong("a comma or the array's end"));
            }
        }
    }

    fn number(&mut self) -> Result<Json, String> {
        let start = self.at;
        self.takes("-");
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(self.wrong("a number without leading zeros"));
        }
        if self.takes(".") {
            self.digits()?;
        }
        if self.takes("e") || self.takes("E") {
            let _ = self.takes("+") || self.takes("-");
            self.digits()?;
        }
        Ok(Json::Number(self.text[start..self.at].to_owned()))
    }

    fn digits(&mut self) -> Result<String, String> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if start == self.at { Err(self.wrong("a digit")) } else { Ok(self.text[start..self.at].to_owned()) }
    }

    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(rest.len());
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(mended_pairs(&out));
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                _ => return Err(self.wrong("a string's end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let byte = self.peek().ok_or_else(|| self.wrong("an escape"))?;
        let plain = match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let digits = self.text.get(self.at + 1..self.at + 5);
                let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
                let code = u32::from_str_radix(digits.ok_or_else(|| self.wrong("four hex digits"))?, 16);
                let code = code.expect("hex digits");
                self.at += 4;
                char::from_u32(code)
                    .unwrap_or_else(|| char::from_u32(HALVES + code - 0xd800).expect("a private character"))
            }
            _ => return Err(self.wrong("an escape")),
        };
        self.at += 1;
        Ok(plain)
    }
}

/// Whole pairs become their character at once; what stands alone waits for the next fragment.
fn mended_pairs(text: &str) -> String {
    let is_half = |c: char| (HALVES..HALVES + 0x800).contains(&(c as u32));
    if !text.contains(is_half) {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut at) = (String::new(), 0);
    while at < chars.len() {
        let pair = chars.get(at + 1).filter(|next| is_half(chars[at]) && is_half(**next));
        match pair {
            Some(next) if (chars[at] as u32) < HALVES + 0x400 && *next as u32 >= HALVES + 0x400 => {
                out.push_str(&mended(&chars[at..at + 2].iter().collect::<String>()));
                at += 2;
            }
            _ => {
                out.push(chars[at]);
                at += 1;
            }
        }
    }
    out
}

#[test]
fn json_is_strict_and_loses_nothing() {
    let value = Json::parse(r#"{"a":1.50e+3,"a":"\u00e9\ud83d\ude00\n","b":[true,null,{}]} "#).unwrap();
    let Json::Object(members) = &value else { panic!() };
    assert_eq!(members[0].1, Json::Number("1.50e+3".into()));
    assert_eq!(members[1].1, Json::String("\u{e9}\u{1f600}\n".into()));
    assert_eq!(members.len(), 3);
    for bad in [
        "",
        "{",
        "{\"a\":}",
        "[1,]",
        "01",
        "1.",
        "\"\n\"",
        "\"\\x\"",
        "{} {}",
        "nul",
        "\"\\ud8\"",
        "+1",
        "{'a':1}",
    ] {
        assert!(Json::parse(bad).is_err(), "{bad}");
    }
    let halves = [r#""\ud83d""#, r#""\ude00""#].map(|half| Json::parse(half).unwrap());
    let joined: String = halves.iter().map(|half| half.text().unwrap()).collect();
    assert_eq!(
        (mended(&joined).as_str(), mended(halves[0].text().unwrap()).as_str()),
        ("\u{1f600}", "\u{fffd}")
    );
}
