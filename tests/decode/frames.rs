//! How a body is cut into events. Strict: what a client would have to forgive is an error.

use super::codes::{crc32, from_base64, to_base64};
use super::json::Json;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    Text,
    Sse,
    Ndjson,
    JsonArray,
    Json,
    EventStream,
    DataStream,
}

/// One event of a response.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// SSE's `event:`, the event stream's `:event-type` or `:exception-type`, the data stream's code.
    pub name: Option<String>,
    pub data: Data,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    Json(Json),
    /// `[DONE]`, or the text of a response without events.
    Bare(String),
}

impl Event {
    pub fn json(&self) -> Option<&Json> {
        if let Data::Json(json) = &self.data { Some(json) } else { None }
    }

    pub fn is_done_mark(&self) -> bool {
        matches!(&self.data, Data::Bare(text) if text == "[DONE]")
    }

    /// What kind of event it is: by its name, or by what the data say of themselves.
    pub fn kind(&self) -> String {
        let said = |key| self.json().and_then(|json| json.get(key)).and_then(Json::text).map(str::to_owned);
        self.name.clone().or_else(|| said("type")).or_else(|| said("event_type")).unwrap_or_default()
    }
}

impl Framing {
    /// By the name in a table of recordings.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "text" => Self::Text,
            "sse" => Self::Sse,
            "ndjson" => Self::Ndjson,
            "jsonarray" => Self::JsonArray,
            "json" => Self::Json,
            "eventstream" => Self::EventStream,
            "line-prefixed" => Self::DataStream,
            _ => return None,
        })
    }

    /// The events of a whole body.
    pub fn events(self, body: &[u8]) -> Result<Vec<Event>, String> {
        if self == Self::EventStream {
            return event_stream(body);
        }
        let text = std::str::from_utf8(body).map_err(|error| format!("not UTF-8: {error}"))?;
        if text.starts_with('\u{feff}') {
            return Err("a byte order mark".to_owned());
        }
        let json = |text: &str| Json::parse(text).map(Data::Json);
        let unnamed = |data| Event { name: None, data };
        match self {
            Self::Text => Ok(vec![unnamed(Data::Bare(text.to_owned()))]),
            Self::Json => json(text).map(|data| vec![unnamed(data)]),
            Self::JsonArray => match Json::parse(text)? {
                Json::Array(items) => Ok(items.into_iter().map(|item| unnamed(Data::Json(item))).collect()),
                _ => Err("no array".to_owned()),
            },
            Self::Ndjson => {
                if !text.is_empty() && !text.ends_with('\n') {
                    return Err("the last line has no end".to_owned());
                }
                text.lines()
                    .filter(|line| !line.trim().is_empty())
                    .map(|line| json(line).map(unnamed))
                    .collect()
            }
            Self::DataStream => {
                if !text.is_empty() && !text.ends_with('\n') {
                    return Err("the last line has no end".to_owned());
                }
                text.split_terminator('\n')
                    .map(|line| {
                        let (code, value) = line.split_once(':').ok_or("a line without a code")?;
                        Ok(Event { name: Some(code.to_owned()), data: json(value)? })
                    })
                    .collect()
            }
            Self::Sse => sse(text),
            Self::EventStream => unreachable!("it is not text"),
        }
    }
}

/// Lines end with LF, CRLF or CR; the last event ends with an empty line.
fn sse(text: &str) -> Result<Vec<Event>, String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (mut events, mut name, mut data) = (Vec::new(), None, Vec::new());
    for line in text.split_terminator('\n') {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" if line.is_empty() => {
                let (name, data) = (name.take(), std::mem::take(&mut data).join("\n"));
                if data.is_empty() {
                    continue;
                }
                let data = if data == "[DONE]" { Data::Bare(data) } else { Data::Json(Json::parse(&data)?) };
                events.push(Event { name, data });
            }
            "event" => name = Some(value.to_owned()),
            "data" => data.push(value),
            "" | "id" | "retry" => {}
            // Clients pass over it, but it can be read.
            _ => events.push(Event { name: Some("no field".to_owned()), data: Data::Bare(line.to_owned()) }),
        }
    }
    if data.is_empty() && name.is_none() {
        Ok(events)
    } else {
        Err("the last event has no empty line".to_owned())
    }
}

/// total length, length of the headers, CRC of both; headers; payload; CRC of everything.
fn event_stream(mut body: &[u8]) -> Result<Vec<Event>, String> {
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes[..4].try_into().expect("four bytes"));
    let mut events = Vec::new();
    while !body.is_empty() {
        let total = if body.len() < 16 { usize::MAX } else { number(body) as usize };
        if total > body.len() || total < 16 {
            return Err(format!("a message of {total} bytes where {} are left", body.len()));
        }
        let (message, rest) = body.split_at(total);
        let end = total - 4;
        if number(&message[8..]) != crc32(&message[..8]) || number(&message[end..]) != crc32(&message[..end])
        {
            return Err("a wrong checksum".to_owned());
        }
        let payload = 12 + number(&message[4..]) as usize;
        let headers = headers(message.get(12..payload).ok_or("headers beyond the message")?)?;
        let header =
            |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let name =
            header(":event-type").or_else(|| header(":exception-type")).or_else(|| header(":error-code"));
        let text = std::str::from_utf8(&message[payload..end]).map_err(|error| error.to_string())?;
        let json = if text.is_empty() { Json::Object(Vec::new()) } else { Json::parse(text)? };
        events.push(Event { name, data: Data::Json(opened(json)?) });
        body = rest;
    }
    Ok(events)
}

fn headers(mut bytes: &[u8]) -> Result<Vec<(String, String)>, String> {
    let mut headers = Vec::new();
    let cut = |bytes: &mut &[u8], length: usize| {
        let (first, rest) = bytes.split_at_checked(length).ok_or("a header that is cut")?;
        *bytes = rest;
        Ok::<_, String>(first.to_vec())
    };
    while !bytes.is_empty() {
        let length = cut(&mut bytes, 1)?[0] as usize;
        let name = String::from_utf8(cut(&mut bytes, length)?).map_err(|error| error.to_string())?;
        let value = match cut(&mut bytes, 1)?[0] {
            0 | 1 => Vec::new(),
            2 => cut(&mut bytes, 1)?,
            3 => cut(&mut bytes, 2)?,
            4 => cut(&mut bytes, 4)?,
            5 | 8 => cut(&mut bytes, 8)?,
            6 | 7 => {
                let length = cut(&mut bytes, 2)?;
                cut(&mut bytes, usize::from(u16::from_be_bytes([length[0], length[1]])))?
            }
            9 => cut(&mut bytes, 16)?,
            kind => return Err(format!("a header of kind {kind}")),
        };
        headers.push((name, String::from_utf8_lossy(&value).into_owned()));
    }
    Ok(headers)
}

/// `bytes` is another response in base64: JSON of the model's family, or text. The two must not be confused with a string that nobody
/// decodes, so what is in it takes its place.
fn opened(json: Json) -> Result<Json, String> {
    let Json::Object(members) = json else { return Ok(json) };
    let open = |(key, value): (String, Json)| match value {
        Json::String(text) if key == "bytes" => {
            let bytes = from_base64(&text).ok_or("`bytes` is no base64")?;
            let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
            let inner =
                if text.trim_start().starts_with('{') { Json::parse(&text)? } else { Json::String(text) };
            Ok((key, inner))
        }
        value => Ok((key, value)),
    };
    members.into_iter().map(open).collect::<Result<_, String>>().map(Json::Object)
}

/// A message of an event stream.
pub fn message(name: &str, payload: &str) -> Vec<u8> {
    let mut headers = Vec::new();
    for (header, value) in
        [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")]
    {
        headers.push(header.len() as u8);
        headers.extend(header.bytes());
        headers.push(7);
        headers.extend((value.len() as u16).to_be_bytes());
        headers.extend(value.bytes());
    }
    let total = (16 + headers.len() + payload.len()) as u32;
    let mut message = [total.to_be_bytes(), (headers.len() as u32).to_be_bytes()].concat();
    message.extend(crc32(&message).to_be_bytes());
    message.extend(headers);
    message.extend(payload.bytes());
    message.extend(crc32(&message).to_be_bytes());
    message
}

/// A message of an event stream whose payload is another response.
pub fn chunk(inner: &str) -> Vec<u8> {
    message("chunk", &format!("{{\"bytes\":\"{}\"}}", to_base64(inner.as_bytes())))
}

#[test]
fn what_a_client_would_have_to_forgive_is_an_error() {
    let good = "event: a\r\ndata: {\"x\":\r\ndata: 1}\r\n\r\n: comment\n\ndata:{}\n\ndata: [DONE]\n\n";
    let events = Framing::Sse.events(good.as_bytes()).unwrap();
    assert_eq!((events.len(), events[0].kind().as_str(), events[2].is_done_mark()), (3, "a", true));
    for bad in ["\u{feff}data: {}\n\n", "data: {}\n", "data: {}", "data: {\n\n", "event: a\n"] {
        assert!(Framing::Sse.events(bad.as_bytes()).is_err(), "{bad:?}");
    }
    for (framing, bad) in [
        (Framing::Ndjson, "{}\n{}"),
        (Framing::Ndjson, "{}\n{\n"),
        (Framing::JsonArray, "[{},"),
        (Framing::JsonArray, "{}"),
        (Framing::Json, "{} x"),
        (Framing::DataStream, "0:\"a\"\nb"),
        (Framing::DataStream, "0:\"a\""),
    ] {
        assert!(framing.events(bad.as_bytes()).is_err(), "{bad:?}");
    }
    assert!(Framing::Text.events(b"caf\xc3").is_err());
    let two = [message("contentBlockDelta", "{\"delta\":{\"text\":\"a\"}}"), chunk("{\"generation\":\"b\"}")]
        .concat();
    let events = Framing::EventStream.events(&two).unwrap();
    assert_eq!(events[1].json().unwrap().at("bytes.generation").unwrap().text(), Some("b"));
    for at in 0..two.len() {
        let mut bent = two.clone();
        bent[at] ^= 1;
        assert!(Framing::EventStream.events(&bent).is_err(), "bit {at}");
    }
    assert!(Framing::EventStream.events(&two[..two.len() - 1]).is_err());
}
