//! The service: decides for each response how it is judged.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{self, HeaderName};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body;
use tower_service::Service;

use super::BoxError;
use super::body::GuardedBody;
use super::decode::decoded;
use super::headers::{ask_plainly, forget_bytes, forget_values, only};
use super::judge::Judge;
use super::layer::{Ruling, Settings};
use super::refuse::{Reason, error, refusal};
use super::watch::{Ending, Judged, Outcome};
use super::whole::{Failure, judged};
use crate::wire::{Format, Framing};

/// What the AI SDK's servers say of their streams.
const AI_SDK: [(HeaderName, Format); 2] = [
    (HeaderName::from_static("x-vercel-ai-ui-message-stream"), Format::AiSdkUi),
    (HeaderName::from_static("x-vercel-ai-data-stream"), Format::AiSdkData),
];

/// A service whose responses are guarded. Made by [`GuardLayer`](super::GuardLayer).
#[derive(Clone)]
pub struct Guarded<S> {
    pub(super) inner: S,
    pub(super) settings: Arc<Settings>,
}

impl<S> fmt::Debug for Guarded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").finish_non_exhaustive()
    }
}

impl<S, B, R> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    R: Body + Send + 'static,
    R::Data: Send,
    R::Error: Into<BoxError> + Send,
{
    type Response = Response<GuardedBody>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let settings = Arc::clone(&self.settings);
        let asked = Asked {
            ruling: (settings.rule)(&parts),
            is_head: parts.method == Method::HEAD,
            path: parts.uri.path().to_owned(),
        };
        ask_plainly(&mut parts.headers);
        let answer = self.inner.call(Request::from_parts(parts, body));
        Box::pin(async move {
            let answer = answer.await?;
            Ok(match guarded(answer, &asked, &settings).await {
                Ok(response) => response,
                Err(Failure::Refused(reason)) => refusal(StatusCode::BAD_GATEWAY, reason),
                Err(Failure::Upstream) => error(
                    StatusCode::BAD_GATEWAY,
                    "tightlip_upstream_failed",
                    "the upstream failed before its answer was whole",
                ),
            })
        })
    }
}

/// What of a request matters to its response.
struct Asked {
    ruling: Ruling,
    is_head: bool,
    path: String,
}

/// A response that can be judged.
async fn guarded<R>(
    response: Response<R>,
    asked: &Asked,
    settings: &Settings,
) -> Result<Response<GuardedBody>, Failure>
where
    R: Body + Send + 'static,
    R::Data: Send,
    R::Error: Into<BoxError> + Send,
{
    let mut response = response;
    if let Some(begins) = &asked.ruling.begins {
        let sessions: Vec<_> = [&asked.ruling.session].into_iter().chain(&asked.ruling.shadow).collect();
        begins(&sessions);
    }
    if asked.ruling.enforced {
        forget_values(&asked.ruling.session, response.headers_mut());
    }
    if has_no_body(&response, asked.is_head) {
        return Ok(response.map(|_| GuardedBody::empty()));
    }
    let (format, framing) =
        readable(&response, asked, settings).map_err(|reason| refused(reason, settings))?;
    // Without `alt=sse` Gemini streams an array that calls itself JSON.
    let is_array = response.status().is_success() && asked.path.ends_with(":streamGenerateContent");
    let response = decoded(response).await.map_err(|reason| refused(reason, settings))?;
    let (mut parts, body) = response.into_parts();
    forget_bytes(&mut parts.headers);
    let (body, judge) = (Box::pin(body), Judge::new(&asked.ruling, format, framing, settings));
    if framing != Framing::Json || is_array || !judge.is_enforced() {
        return Ok(Response::from_parts(parts, GuardedBody::streamed(body, judge)));
    }
    let (bytes, trailers) = judged(body, judge, settings.limits.event_bytes).await?;
    parts.headers.insert(header::CONTENT_LENGTH, bytes.len().into());
    Ok(Response::from_parts(parts, GuardedBody::whole(bytes, trailers)))
}

fn has_no_body<R: Body>(response: &Response<R>, is_head: bool) -> bool {
    is_head
        || matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || response.body().is_end_stream()
        || response.body().size_hint().exact() == Some(0)
}

/// How the bytes of a response are to be read.
fn readable<R>(
    response: &Response<R>,
    asked: &Asked,
    settings: &Settings,
) -> Result<(Format, Framing), Reason> {
    let (status, headers) = (response.status(), response.headers());
    if status.is_informational() {
        return Err(Reason::Protocol);
    }
    if status == StatusCode::PARTIAL_CONTENT || headers.contains_key(header::CONTENT_RANGE) {
        return Err(Reason::Partial);
    }
    let format = asked.ruling.format.or(settings.format).or_else(|| announced(headers));
    let format = format.or_else(|| Format::of_path(&asked.path)).unwrap_or(Format::Json);
    let content_type = only(headers, &header::CONTENT_TYPE).ok_or(Reason::ContentType)?;
    match Framing::of(content_type, format).ok_or(Reason::ContentType)? {
        // Bare text is nobody's format; of a provider's path the first bytes tell.
        Framing::Text if format == Format::Json => Ok((Format::Text, Framing::Text)),
        framing => Ok((format, framing)),
    }
}

/// The format that a response says it is in.
fn announced(headers: &HeaderMap) -> Option<Format> {
    AI_SDK.iter().find(|(name, _)| headers.contains_key(name)).map(|(_, format)| *format)
}

fn refused(reason: Reason, settings: &Settings) -> Failure {
    tracing::warn!(reason = reason.name(), "response refused");
    if let Some(watch) = &settings.watch {
        let judged = Judged::default();
        let ending = Ending::Refused(reason);
        watch.ended(&Outcome { ending, enforced: true, judged, shadow: None });
    }
    Failure::Refused(reason)
}
