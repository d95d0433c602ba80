//! UTF-8 that comes in pieces.

/// Decodes UTF-8 that comes in pieces. Bytes that are none become U+FFFD, as `String::from_utf8_lossy` has it.
#[derive(Default)]
pub(super) struct Decoder {
    /// The beginning of a character whose end has not come.
    partial: Vec<u8>,
    /// Something was none.
    pub(super) replaced: bool,
}

impl Decoder {
    pub(super) fn decode(&mut self, piece: &[u8], text: &mut String) {
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

    pub(super) fn finish(&mut self, text: &mut String) {
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
