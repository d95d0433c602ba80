//! `filter --format text`: bytes in, safe text out after every read.

use std::io::{self, Read, Write};

use super::Ending;
use super::filter::Filtering;
use crate::Verdict;
use crate::error::{Error, Result};

pub(super) fn filter(filtering: &mut Filtering, readers: &[String]) -> Result<Ending> {
    let mut checker = filtering.session(readers).checker();
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut decoder = Decoder::default();
    let mut buffer = vec![0; 64 << 10];
    let (mut text, mut safe) = (String::new(), String::new());
    loop {
        let read = match input.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.map_err(|error| Error::io("cannot read stdin", &error))?,
        };
        let mut verdict = Verdict::Continue;
        for piece in buffer[..read].chunks(filtering.chunk.unwrap_or(buffer.len())) {
            text.clear();
            decoder.decode(piece, &mut text);
            verdict = checker.push(&text, &mut safe);
            if verdict == Verdict::Stop {
                break;
            }
        }
        if read == 0 {
            text.clear();
            decoder.finish(&mut text);
            verdict = checker.push(&text, &mut safe);
            if verdict == Verdict::Continue {
                verdict = checker.finish(&mut safe);
            }
        }
        if decoder.replaced {
            filtering.note_encoding();
        }
        output
            .write_all(safe.as_bytes())
            .and_then(|()| output.flush())
            .map_err(|error| Error::io("cannot write to stdout", &error))?;
        safe.clear();
        filtering.report(&checker.take_findings())?;
        match verdict {
            Verdict::Stop => return Ok(Ending::Stopped),
            Verdict::Continue if read == 0 => return Ok(Ending::Done),
            Verdict::Continue => {}
        }
    }
}

/// Decodes UTF-8 that comes in pieces. Bytes that are none become U+FFFD, as `String::from_utf8_lossy` has it.
#[derive(Default)]
struct Decoder {
    /// The beginning of a character whose end has not come.
    partial: Vec<u8>,
    /// Something was none.
    replaced: bool,
}

impl Decoder {
    fn decode(&mut self, piece: &[u8], text: &mut String) {
        let mut joined;
        let mut bytes = piece;
        if !self.partial.is_empty() {
            joined = std::mem::take(&mut self.partial);
            joined.extend_from_slice(piece);
            bytes = &joined;
        }
        loop {
            match std::str::from_utf8(bytes) {
                Ok(valid) => return text.push_str(valid),
                Err(error) => {
                    let (valid, rest) = bytes.split_at(error.valid_up_to());
                    text.push_str(std::str::from_utf8(valid).expect("valid up to here"));
                    let Some(length) = error.error_len() else {
                        self.partial = rest.to_vec();
                        return;
                    };
                    self.replace(text);
                    bytes = &rest[length..];
                }
            }
        }
    }

    fn finish(&mut self, text: &mut String) {
        if !std::mem::take(&mut self.partial).is_empty() {
            self.replace(text);
        }
    }

    fn replace(&mut self, text: &mut String) {
        text.push(char::REPLACEMENT_CHARACTER);
        self.replaced = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_cut_decodes_as_the_whole() {
        let bytes = b"caf\xc3\xa9 \xff\xe2\x82\xac \xf0\x9f\x98\x80 \xe2\x82 \xc3";
        let whole = String::from_utf8_lossy(bytes);
        for size in 1..=bytes.len() {
            let (mut decoder, mut text) = (Decoder::default(), String::new());
            bytes.chunks(size).for_each(|piece| decoder.decode(piece, &mut text));
            decoder.finish(&mut text);
            assert_eq!(text, whole, "in pieces of {size}");
        }
    }
}
