//! `application/vnd.amazon.eventstream`: lengths, headers, a payload, and a checksum over each (CRC-32 as in zip, big-endian).
//!
//! A message is: total length, headers' length, checksum of these two, headers, payload, checksum of all before it. A header is the
//! length of its name, the name, a type and a value; type 7 is a string with its length in two bytes.

use std::borrow::Cow;
use std::ops::Range;

use super::{Frame, Payload, Style};
use crate::wire::guard::Fault;

/// Bytes before the headers, and behind the payload.
const PRELUDE: usize = 12;
const CHECKSUM: usize = 4;

pub(super) fn next<'a>(
    bytes: &'a [u8],
    start: &mut usize,
    ends: bool,
    limit: usize,
) -> Result<Option<Frame<'a>>, Fault> {
    let rest = &bytes[*start..];
    if rest.len() < PRELUDE {
        return if ends && !rest.is_empty() { Err(Fault::Malformed) } else { Ok(None) };
    }
    let (total, headers) = (number(rest, 0) as usize, number(rest, 4) as usize);
    if crc32fast::hash(&rest[..8]) != number(rest, 8) || total < PRELUDE + headers + CHECKSUM {
        return Err(Fault::Malformed);
    }
    if total > limit {
        return Err(Fault::TooLarge);
    }
    if rest.len() < total {
        return if ends { Err(Fault::Malformed) } else { Ok(None) };
    }
    let message = &rest[..total];
    if crc32fast::hash(&message[..total - CHECKSUM]) != number(message, total - CHECKSUM) {
        return Err(Fault::Malformed);
    }
    let payload = PRELUDE + headers..total - CHECKSUM;
    let (name, texts) = read(&message[PRELUDE..payload.start])?;
    let notes = texts.into_iter().map(|text| text.start + PRELUDE..text.end + PRELUDE).collect();
    *start += total;
    let payload = if payload.is_empty() { Payload::Nothing } else { Payload::Whole(payload) };
    let name = name.map(|name| Cow::Owned(name.into()));
    Ok(Some(Frame { name, payload, notes, ..Frame::new(message, Style::EventStream) }))
}

/// Writes a message with the headers of another one.
pub(super) fn write(like: &[u8], payload: &[u8], out: &mut Vec<u8>) {
    let headers = &like[PRELUDE..PRELUDE + number(like, 4) as usize];
    let (total, from) = (PRELUDE + headers.len() + payload.len() + CHECKSUM, out.len());
    out.extend_from_slice(&(total as u32).to_be_bytes());
    out.extend_from_slice(&(headers.len() as u32).to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(&out[from..]).to_be_bytes());
    out.extend_from_slice(headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc32fast::hash(&out[from..]).to_be_bytes());
}

/// A message of an event of this name, without payload.
pub(super) fn headers(name: &str) -> Vec<u8> {
    let mut headers = Vec::new();
    for (key, value) in
        [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")]
    {
        headers.push(key.len() as u8);
        headers.extend_from_slice(key.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&(value.len() as u16).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let mut like = vec![0; PRELUDE];
    like[4..8].copy_from_slice(&(headers.len() as u32).to_be_bytes());
    like.extend_from_slice(&headers);
    let mut message = Vec::new();
    write(&like, b"", &mut message);
    message
}

/// The name of an event, and where texts stand in its headers.
type Named = (Option<Box<str>>, Vec<Range<usize>>);

/// The name of the event, and where the texts of headers stand that are not the protocol's: bytes of the headers.
fn read(headers: &[u8]) -> Result<Named, Fault> {
    let (mut name, mut texts, mut rest) = (None, Vec::new(), headers);
    while let Some((length, behind)) = rest.split_first() {
        let (key, behind) = behind.split_at_checked(usize::from(*length)).ok_or(Fault::Malformed)?;
        let (kind, behind) = behind.split_first().ok_or(Fault::Malformed)?;
        let (size, behind) = match kind {
            0 | 1 => (0, behind),
            2 => (1, behind),
            3 => (2, behind),
            4 => (4, behind),
            5 | 8 => (8, behind),
            6 | 7 => {
                let (size, behind) = behind.split_at_checked(2).ok_or(Fault::Malformed)?;
                (usize::from(u16::from_be_bytes([size[0], size[1]])), behind)
            }
            9 => (16, behind),
            _ => return Err(Fault::Malformed),
        };
        let (value, behind) = behind.split_at_checked(size).ok_or(Fault::Malformed)?;
        if matches!(key, b":event-type" | b":exception-type" | b":error-code") {
            name = Some(String::from_utf8_lossy(value).into());
        }
        let key_end = headers.len() - rest.len() + 1 + key.len();
        if !key.starts_with(b":") {
            texts.push(key_end - key.len()..key_end);
        }
        if matches!(kind, 6 | 7) && !matches!(value, b"event" | b"exception" | b"error" | b"application/json")
        {
            let end = headers.len() - behind.len();
            texts.push(end - size..end);
        }
        rest = behind;
    }
    Ok((name, texts))
}

/// Blanks the text of a header, and mends the checksum.
pub(super) fn blank(message: &mut [u8], text: Range<usize>) {
    message[text].fill(b'*');
    let end = message.len() - CHECKSUM;
    let checksum = crc32fast::hash(&message[..end]);
    message[end..].copy_from_slice(&checksum.to_be_bytes());
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        write(&headers("contentBlockDelta"), payload, &mut out);
        out
    }

    #[test]
    fn messages_are_read_as_they_are_written_and_damage_is_refused() {
        let body = [message(b"{\"a\":1}"), message(b"")].concat();
        let (mut start, mut seen) = (0, Vec::new());
        while let Some(frame) = next(&body, &mut start, true, 1 << 20).unwrap() {
            seen.push((frame.name.clone().unwrap(), frame.payload().map(|payload| payload.to_vec())));
        }
        assert_eq!(
            seen,
            [("contentBlockDelta".into(), Some(b"{\"a\":1}".to_vec())), ("contentBlockDelta".into(), None)]
        );
        for at in 0..message(b"{}").len() {
            let mut body = message(b"{}");
            body[at] ^= 1;
            assert!(next(&body, &mut 0, true, 1 << 20).is_err(), "a flip of byte {at}");
            assert!(next(&message(b"{}")[..at], &mut 0, true, 1 << 20).is_err() || at == 0, "cut at {at}");
        }
    }
}
