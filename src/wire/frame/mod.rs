//! Framing: takes the bytes of a body, gives its events one by one, promises that an event holds every byte it came in.

mod array;
mod event_stream;
mod lines;
mod sse;

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr_iter;

use super::framing::Framing;
use super::guard::Fault;

/// One event, in the bytes it came in. Most are looked at and leave: those that stay are [kept](Self::into_owned).
#[derive(Clone, Default)]
pub(super) struct Frame<'a> {
    pub(super) raw: Cow<'a, [u8]>,
    /// What the framing calls the event: the `event:` of server-sent events, a `:event-type`, the code of a data stream.
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) payload: Payload,
    /// Text beside the payload: comments and fields of server-sent events, headers of messages.
    pub(super) notes: Vec<Range<usize>>,
    /// Some of these were taken out.
    pub(super) lacks_notes: bool,
    style: Style,
}

/// Where the payload of an event stands in its bytes.
#[derive(Clone, Default)]
pub(super) enum Payload {
    /// There is none: a keep-alive, a separator.
    #[default]
    Nothing,
    Whole(Range<usize>),
    /// The lines of a server-sent event's data, to be joined.
    Lines(Vec<Range<usize>>),
}

/// What belongs around a payload, so that events can be rewritten and added.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Style {
    #[default]
    Bare,
    /// Server-sent events with this end of line.
    Sse(&'static str),
    EventStream,
    /// An element of an array, which needs a comma before it unless it is the first.
    Element,
    /// A line of the data stream.
    Coded,
    Line,
}

impl<'a> Frame<'a> {
    fn new(raw: &'a [u8], style: Style) -> Self {
        Self { raw: raw.into(), style, ..Self::default() }
    }

    /// The same, on its own.
    pub(super) fn into_owned(self) -> Frame<'static> {
        let Self { raw, name, payload, notes, lacks_notes, style } = self;
        let name = name.map(|name| Cow::Owned(name.into_owned()));
        Frame { raw: Cow::Owned(raw.into_owned()), name, payload, notes, lacks_notes, style }
    }

    /// The payload, if there is one.
    pub(super) fn payload(&self) -> Option<Cow<'_, [u8]>> {
        match &self.payload {
            Payload::Nothing => None,
            Payload::Whole(range) => Some(Cow::Borrowed(&self.raw[range.clone()])),
            Payload::Lines(lines) => {
                let lines: Vec<&[u8]> = lines.iter().map(|line| &self.raw[line.clone()]).collect();
                Some(Cow::Owned(lines.join(&b'\n')))
            }
        }
    }

    /// Where the payload stands, if it does in one piece, of which any may be written otherwise.
    pub(super) fn plain_payload(&self) -> Option<Range<usize>> {
        match &self.payload {
            Payload::Whole(range) if self.style != Style::EventStream => Some(range.clone()),
            _ => None,
        }
    }

    /// This event with other bytes, of which only the payload is another.
    pub(super) fn again(&self, raw: &[u8]) -> Frame<'static> {
        let payload = match &self.payload {
            Payload::Whole(range) => Payload::Whole(range.start..range.end + raw.len() - self.raw.len()),
            other => other.clone(),
        };
        Frame { raw: Cow::Owned(raw.to_vec()), payload, ..self.like() }
    }

    /// Writes the event with another payload.
    pub(super) fn write_with(&self, payload: &[u8], out: &mut Vec<u8>) {
        match (&self.payload, self.style) {
            (_, Style::EventStream) => event_stream::write(&self.raw, payload, out),
            (Payload::Nothing, _) => out.extend_from_slice(&self.raw),
            (Payload::Whole(range), Style::Sse(end)) => {
                self.write_lines(std::slice::from_ref(range), payload, end, out);
            }
            (Payload::Lines(lines), Style::Sse(end)) => self.write_lines(lines, payload, end, out),
            (Payload::Whole(range), _) => {
                out.extend_from_slice(&self.raw[..range.start]);
                out.extend_from_slice(payload);
                out.extend_from_slice(&self.raw[range.end..]);
            }
            (Payload::Lines(_), _) => unreachable!("only server-sent events have several lines"),
        }
    }

    /// Writes another event of the same name, with this payload.
    pub(super) fn write_another(&self, payload: &[u8], out: &mut Vec<u8>) {
        match self.style {
            Style::Sse(end) => {
                if let Some(name) = &self.name {
                    out.extend_from_slice(format!("event: {name}{end}").as_bytes());
                }
                for line in payload.split(|byte| *byte == b'\n') {
                    out.extend_from_slice(b"data: ");
                    out.extend_from_slice(line);
                    out.extend_from_slice(end.as_bytes());
                }
                out.extend_from_slice(end.as_bytes());
            }
            Style::EventStream => event_stream::write(&self.raw, payload, out),
            Style::Element => {
                out.extend_from_slice(b",\n");
                out.extend_from_slice(payload);
            }
            Style::Coded | Style::Line => {
                if let (Style::Coded, Some(name)) = (self.style, &self.name) {
                    out.extend_from_slice(name.as_bytes());
                    out.push(b':');
                }
                out.extend_from_slice(payload);
                out.push(b'\n');
            }
            Style::Bare => out.extend_from_slice(payload),
        }
    }

    /// An event of another name, framed as this one is.
    pub(super) fn named(&self, name: Option<&str>) -> Frame<'static> {
        let raw = match self.style {
            Style::EventStream => event_stream::headers(name.unwrap_or("chunk")),
            _ => Vec::new(),
        };
        let name = name.map(|name| Cow::Owned(name.to_owned()));
        Frame { raw: Cow::Owned(raw), name, style: self.style, ..Frame::default() }
    }

    /// An event of the same name, framed as this one is.
    pub(super) fn like(&self) -> Frame<'static> {
        let raw = if matches!(self.style, Style::EventStream) { self.raw.to_vec() } else { Vec::new() };
        let name = self.name.as_ref().map(|name| Cow::Owned(name.clone().into_owned()));
        Frame { raw: Cow::Owned(raw), name, style: self.style, ..Frame::default() }
    }

    /// Whether it is framed as another one is [like](Self::like), and of its name.
    pub(super) fn is_like(&self, other: &Frame<'_>) -> bool {
        // What else an event stream says is in its headers.
        !matches!(self.style, Style::EventStream) && self.style == other.style && self.name == other.name
    }

    /// Writes the next event of the stream; the first one, if nothing has left yet.
    pub(super) fn write_next(&self, payload: &[u8], began: bool, out: &mut Vec<u8>) {
        if matches!(self.style, Style::Element) && !began {
            out.push(b'[');
            out.extend_from_slice(payload);
        } else {
            self.write_another(payload, out);
        }
    }

    /// Writes what closes the stream.
    pub(super) fn write_close(&self, out: &mut Vec<u8>) {
        if matches!(self.style, Style::Element) {
            out.extend_from_slice(b"\n]");
        }
    }

    /// Takes one of its notes out.
    pub(super) fn remove(&mut self, note: Range<usize>) {
        self.lacks_notes = true;
        if matches!(self.style, Style::EventStream) {
            event_stream::blank(self.raw.to_mut(), note.clone());
            self.notes.retain(|other| *other != note);
            return;
        }
        let mut end = note.end;
        end += usize::from(self.raw.get(end) == Some(&b'\r'));
        // Its own stays where the lines around it would end as one.
        let is_between =
            note.start > 0 && self.raw[note.start - 1] == b'\r' && self.raw.get(end + 1) == Some(&b'\n');
        end += usize::from(self.raw.get(end) == Some(&b'\n') && !is_between);
        let gone = end - note.start;
        self.raw.to_mut().drain(note.start..end);
        let shift = |range: &mut Range<usize>| {
            if range.start >= end {
                *range = range.start - gone..range.end - gone;
            }
        };
        match &mut self.payload {
            Payload::Nothing => {}
            Payload::Whole(range) => shift(range),
            Payload::Lines(lines) => lines.iter_mut().for_each(shift),
        }
        self.notes.retain(|other| *other != note);
        self.notes.iter_mut().for_each(shift);
    }

    fn write_lines(&self, lines: &[Range<usize>], payload: &[u8], end: &str, out: &mut Vec<u8>) {
        let (first, last) = (&lines[0], &lines[lines.len() - 1]);
        out.extend_from_slice(&self.raw[..first.start]);
        let mut begin = 0;
        for line_end in memchr_iter(b'\n', payload).chain([payload.len()]) {
            if begin > 0 {
                out.extend_from_slice(end.as_bytes());
                out.extend_from_slice(b"data: ");
            }
            out.extend_from_slice(&payload[begin..line_end]);
            begin = line_end + 1;
        }
        // What stands between the lines of the old payload, comments for example, follows the new one.
        for pair in lines.windows(2) {
            let between = &self.raw[pair[0].end..pair[1].start];
            let field = between.windows(5).rposition(|bytes| bytes == b"data:").unwrap_or(0);
            out.extend_from_slice(between[..field].strip_suffix(end.as_bytes()).unwrap_or(&between[..field]));
        }
        out.extend_from_slice(&self.raw[last.end..]);
    }
}

/// Cuts a body into events.
pub(super) struct Framer {
    cut: Cut,
    bytes: Vec<u8>,
    /// Where the event at hand begins.
    start: usize,
    limit: usize,
}

enum Cut {
    Sse(sse::Sse),
    Lines(lines::Lines),
    Array(array::Array),
    EventStream,
    Json,
}

impl Framer {
    /// A framer for a body whose events have at most `limit` bytes. Text has no events.
    pub(super) fn new(framing: Framing, limit: usize) -> Self {
        let cut = match framing {
            Framing::Sse => Cut::Sse(sse::Sse::default()),
            Framing::Ndjson => Cut::Lines(lines::Lines::new(Style::Line)),
            Framing::DataStream => Cut::Lines(lines::Lines::new(Style::Coded)),
            Framing::JsonArray => Cut::Array(array::Array::default()),
            Framing::EventStream => Cut::EventStream,
            Framing::Json | Framing::Text => Cut::Json,
        };
        Self { cut, bytes: Vec::new(), start: 0, limit }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            match &mut self.cut {
                Cut::Sse(sse) => sse.shift(self.start),
                Cut::Lines(lines) => lines.shift(self.start),
                Cut::Array(array) => array.shift(self.start),
                Cut::EventStream | Cut::Json => {}
            }
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether the next byte begins an event that can be told by its own bytes, whatever came before.
    pub(super) fn is_between(&self) -> bool {
        self.held() == 0
            && match &self.cut {
                Cut::Sse(sse) => sse.is_between(),
                Cut::Lines(_) => true,
                Cut::Array(_) | Cut::EventStream | Cut::Json => false,
            }
    }

    /// Bytes that belong to no whole event yet.
    pub(super) fn held(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// The next whole event; with `ends`, also the last one if its end is missing.
    pub(super) fn next(&mut self, ends: bool) -> Result<Option<Frame<'_>>, Fault> {
        if self.held() == 0 && !ends {
            return Ok(None);
        }
        let (bytes, start) = (&self.bytes[..], &mut self.start);
        let frame = match &mut self.cut {
            Cut::Sse(sse) => sse.next(bytes, start, ends),
            Cut::Lines(lines) => lines.next(bytes, start, ends),
            Cut::Array(array) => array.next(bytes, start, ends)?,
            Cut::EventStream => event_stream::next(bytes, start, ends, self.limit)?,
            Cut::Json => {
                ends.then(|| std::mem::replace(start, bytes.len())).filter(|at| *at < bytes.len()).map(|at| {
                    let skipped = if bytes[at..].starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
                    let body = &bytes[at + skipped..];
                    Frame { payload: Payload::Whole(0..body.len()), ..Frame::new(body, Style::Bare) }
                })
            }
        };
        let size = frame.as_ref().map_or(self.bytes.len() - self.start, |frame| frame.raw.len());
        if size > self.limit { Err(Fault::TooLarge) } else { Ok(frame) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The payloads of a body that comes in pieces; the events together are the body.
    fn payloads(framing: Framing, body: &[u8], size: usize) -> Vec<String> {
        let mut framer = Framer::new(framing, 1 << 20);
        let (mut raw, mut payloads) = (Vec::new(), Vec::new());
        let mut take = |framer: &mut Framer, ends| {
            while let Some(frame) = framer.next(ends).unwrap() {
                raw.extend_from_slice(&frame.raw);
                if let Some(payload) = frame.payload() {
                    let mut same = Vec::new();
                    if matches!(frame.payload, Payload::Whole(_)) {
                        frame.write_with(&payload, &mut same);
                        assert_eq!(*same, *frame.raw, "an event with its own payload is the event");
                    }
                    let name = frame.name.as_deref().map_or(String::new(), |name| format!("{name}="));
                    payloads.push(format!("{name}{}", String::from_utf8_lossy(&payload)));
                }
            }
        };
        for piece in body.chunks(size) {
            framer.push(piece);
            take(&mut framer, false);
        }
        take(&mut framer, true);
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        assert!(raw.starts_with(body), "{:?}", String::from_utf8_lossy(&raw));
        assert!(raw[body.len()..].iter().all(|byte| matches!(byte, b'\n' | b'\r')));
        payloads
    }

    #[test]
    fn any_cut_gives_the_same_events() {
        let sse = "\u{feff}: hello\n\nevent: a\ndata: {\"x\":1}\n\ndata:{\"y\":\n: note\ndata: 2}\nid: 7\n\nretry: 5\n\ndata: é\n\ndata: last";
        let cases: [(Framing, Vec<u8>, &[&str]); 8] = [
            (Framing::Sse, sse.into(), &["a={\"x\":1}", "{\"y\":\n2}", "é", "last"]),
            (Framing::Sse, sse.replace('\n', "\r\n").into(), &["a={\"x\":1}", "{\"y\":\n2}", "é", "last"]),
            (Framing::Sse, sse.replace('\n', "\r").into(), &["a={\"x\":1}", "{\"y\":\n2}", "é", "last"]),
            (
                Framing::Ndjson,
                "{\"a\":1}\n\n{\"b\":2}\r\n{\"c\":3}".into(),
                &["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"],
            ),
            (Framing::DataStream, "0:\"a\"\nd:{\"b\":2}\n".into(), &["0=\"a\"", "d={\"b\":2}"]),
            (
                Framing::JsonArray,
                " [{\"a\":\"]}\\\"\"},\r\n{\"b\":[{}]}\n,{\"c\":3}\n]\n".into(),
                &["{\"a\":\"]}\\\"\"}", "{\"b\":[{}]}", "{\"c\":3}"],
            ),
            (Framing::JsonArray, "[]".into(), &[]),
            (Framing::Json, "{\"a\":1}\n".into(), &["{\"a\":1}\n"]),
        ];
        for (framing, body, expected) in cases {
            for size in 1..=body.len() {
                assert_eq!(payloads(framing, &body, size), expected, "{framing:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn a_rewritten_event_keeps_what_is_around_its_payload() {
        let rewrite = |framing, body: &str, payload: &str| {
            let mut framer = Framer::new(framing, 1 << 20);
            framer.push(body.as_bytes());
            let (mut out, frame) = (Vec::new(), framer.next(true).unwrap().unwrap());
            frame.write_with(payload.as_bytes(), &mut out);
            frame.write_another(b"{}", &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            rewrite(Framing::Sse, "id: 1\r\nevent: e\r\ndata: {\"a\":1}\r\n\r\n", "{\"a\":2}"),
            "id: 1\r\nevent: e\r\ndata: {\"a\":2}\r\n\r\nevent: e\r\ndata: {}\r\n\r\n"
        );
        assert_eq!(
            rewrite(Framing::Sse, "data: {\n: c\ndata: }\nid: 2\n\n", "{1}"),
            "data: {1}\n: c\nid: 2\n\ndata: {}\n\n"
        );
        assert_eq!(rewrite(Framing::Ndjson, "{\"a\":1}\r\n", "{\"a\":2}"), "{\"a\":2}\r\n{}\n");
        assert_eq!(rewrite(Framing::DataStream, "0:\"a\"\n", "\"b\""), "0:\"b\"\n0:{}\n");
        assert_eq!(rewrite(Framing::JsonArray, "[ {\"a\":1}\n", "{}"), "[ {},\n{}");
    }

    #[test]
    fn what_never_ends_is_too_large() {
        for framing in [Framing::Sse, Framing::Ndjson, Framing::DataStream, Framing::JsonArray, Framing::Json]
        {
            let mut framer = Framer::new(framing, 100);
            framer.push(b"[{\"a\":\"");
            let fault = (0..200).find_map(|_| {
                framer.push(b"x");
                framer.next(false).err()
            });
            assert_eq!(fault, Some(Fault::TooLarge), "{framing:?}");
        }
    }
}
