//! `filter` for one response in a wire format: bytes in, safe bytes out after every read.

use std::io::{self, Read, Write};

use super::Ending;
use super::filter::Filtering;
use crate::Session;
use crate::error::{Error, Result};
use crate::wire::{Format, Guard, Progress};

/// Filters a response; a format that is not given is told by the first bytes.
pub(super) fn filter(
    filtering: &mut Filtering,
    readers: &[String],
    format: Option<Format>,
) -> Result<Ending> {
    let session = filtering.session(readers);
    let ended = filter_for(filtering, &session, format);
    filtering.remember(&session)?;
    filtering.disclose(&session)?;
    ended
}

fn filter_for(filtering: &mut Filtering, session: &Session, format: Option<Format>) -> Result<Ending> {
    let mut guard = Guard::detecting(session, format, None);
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let (mut buffer, mut safe) = (vec![0; 64 << 10], Vec::new());
    loop {
        let read = match input.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.map_err(|error| Error::io("cannot read stdin", &error))?,
        };
        filtering.look();
        let mut progress = Progress::Continue;
        for piece in buffer[..read].chunks(filtering.chunk.unwrap_or(buffer.len())) {
            progress = guard.push(piece, &mut safe);
            if progress != Progress::Continue {
                break;
            }
        }
        if read == 0 {
            progress = guard.finish(&mut safe);
        }
        if guard.replaced_bytes() {
            filtering.note_encoding();
        }
        filtering.remember(session)?;
        output
            .write_all(&safe)
            .and_then(|()| output.flush())
            .map_err(|error| Error::io("cannot write to stdout", &error))?;
        safe.clear();
        filtering.report(&guard.take_findings())?;
        match progress {
            Progress::Stopped => return Ok(Ending::Stopped),
            Progress::Broken(fault) => {
                return Err(Error::data(format!("stdin: {fault}; nothing more was written")));
            }
            Progress::Continue if read == 0 => return Ok(Ending::Done),
            Progress::Continue => {}
        }
    }
}
