//! Files packed with zstd: frames one behind the other.

use std::io::{BufRead, Error, Read, Result};

use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// What the frames of a packed file hold.
pub(super) struct Frames<R: BufRead> {
    state: State<R>,
}

enum State<R: BufRead> {
    Between(R),
    Inside(Box<StreamingDecoder<R, FrameDecoder>>),
    Over,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn new(packed: R) -> Self {
        Self { state: State::Between(packed) }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Ok(0),
                State::Between(mut packed) => {
                    if !packed.fill_buf()?.is_empty() {
                        let frame = StreamingDecoder::new(packed).map_err(Error::other)?;
                        self.state = State::Inside(Box::new(frame));
                    }
                }
                State::Inside(mut frame) => match frame.read(out)? {
                    0 if !out.is_empty() => self.state = State::Between(frame.into_inner()),
                    read => {
                        self.state = State::Inside(frame);
                        return Ok(read);
                    }
                },
            }
        }
    }
}
