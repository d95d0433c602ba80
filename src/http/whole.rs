//! Bodies that are judged whole, before their status line is sent.

use std::future::poll_fn;

use http::HeaderMap;

use super::body::Inner;
use super::judge::Judge;
use super::refuse::Reason;
use super::watch::Ending;
use crate::wire::{Fault, Progress};

/// A body that was judged, and its trailers.
pub(super) type Whole = (Vec<u8>, Option<HeaderMap>);

/// Why there is none.
pub(super) enum Failure {
    Refused(Reason),
    Upstream,
}

/// Reads a body to its end and judges it. Dropping the future cancels the body.
pub(super) async fn judged(mut body: Inner, mut judge: Judge, limit: usize) -> Result<Whole, Failure> {
    let (mut out, mut came, mut trailers) = (Vec::new(), 0, None);
    let progress = loop {
        match poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            None => break judge.finish(&mut out),
            Some(Err(_)) => {
                judge.end(Ending::UpstreamFailed);
                return Err(Failure::Upstream);
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) => {
                    came += bytes.len();
                    let progress = match came > limit {
                        true => Progress::Broken(Fault::TooLarge),
                        false => judge.push(&bytes, &mut out),
                    };
                    if progress != Progress::Continue {
                        break progress;
                    }
                }
                Err(frame) => trailers = frame.into_trailers().ok().map(|came| judge.trailers(came)),
            },
        }
    };
    match progress {
        Progress::Continue => judge.end(Ending::Finished),
        Progress::Stopped => judge.end(Ending::Stopped),
        Progress::Broken(fault) => {
            judge.end(Ending::Refused(Reason::Fault(fault)));
            return Err(Failure::Refused(Reason::Fault(fault)));
        }
    }
    Ok((out, trailers))
}
