//! One request: who reads, what is behind the path, and how its response is judged.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderMap};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tower_layer::Layer;
use tower_service::Service;
use tracing::Instrument;

use super::answer::{Answer, Text};
use super::config::Config;
use super::conversations::{Conversations, Unreachable};
use super::endpoints::{Endpoint, Endpoints, Exemption};
use super::identity::{Doubt, Identity, Proven};
use super::idle::Idle;
use super::metrics::Metrics;
use super::reload::{Current, Rulebook};
use super::reports::Reports;
use super::said::{Overheard, Passing};
use super::share::Share;
use super::upstream::{Unanswered, Upstream};
use crate::Session;
use crate::error::Result;
use crate::http::{GuardLayer, Guarded, OnBegin, OnEnd, Ruling, error, refusal};
use crate::wire::{Format, Limits};

/// Answers requests.
pub(super) struct Proxy {
    identity: Identity,
    endpoints: Endpoints,
    share: Share,
    current: Arc<Current>,
    conversations: Conversations,
    reports: Arc<Reports>,
    metrics: Arc<Metrics>,
    guarded: Guarded<Upstream>,
    upstream: Upstream,
    streams: Arc<Semaphore>,
    client: Duration,
    response: Option<Duration>,
}

impl Proxy {
    /// # Errors
    /// Something of the configuration has no meaning, or a file that it names cannot be read.
    pub(super) async fn new(
        config: &Config,
        current: Arc<Current>,
        reports: Arc<Reports>,
        metrics: Arc<Metrics>,
    ) -> Result<Self> {
        let upstream = Upstream::new(config)?;
        let ruled = |request: &http::request::Parts| {
            request.extensions.get::<Ruling>().cloned().expect("the proxy rules on every request")
        };
        let layer = GuardLayer::with_rulings(ruled)
            .limits(Limits { event_bytes: config.limits.event_bytes.0 })
            .watch(metrics.clone());
        Ok(Self {
            identity: Identity::new(&config.reader).await?,
            endpoints: Endpoints::new(&config.routes)?,
            share: Share::new(config.enforce_share),
            current,
            conversations: Conversations::new(&config.conversations, &metrics).await?,
            reports,
            metrics,
            guarded: layer.layer(upstream.clone()),
            upstream,
            streams: Arc::new(Semaphore::new(config.limits.streams.min(Semaphore::MAX_PERMITS))),
            client: config.timeouts.client.0,
            response: config.timeouts.response.map(|span| span.0),
        })
    }

    /// The answer to a request.
    pub(super) async fn answer(&self, peer: IpAddr, request: Request<Incoming>) -> Response<Answer> {
        let span = tracing::info_span!("request", trace = trace(request.headers()));
        self.answered(peer, request).instrument(span).await
    }

    async fn answered(&self, peer: IpAddr, request: Request<Incoming>) -> Response<Answer> {
        let (mut parts, body) = request.into_parts();
        if switches_protocol(&parts.method, &parts.headers) {
            return self.refuse(
                StatusCode::FORBIDDEN,
                "protocol",
                "WebSockets and other protocols cannot be checked",
            );
        }
        let proven = match self.identity.prove(peer, &mut parts.headers).await {
            Ok(proven) => proven,
            Err(Doubt::TwoReaders) => {
                let why = "a request may name one reader and one conversation";
                return self.refuse(StatusCode::BAD_REQUEST, "two_readers", why);
            }
            Err(Doubt::Token) => {
                let why = "the token of the reader is expired, wrongly signed or not for this service";
                return self.refuse(StatusCode::UNAUTHORIZED, "token", why);
            }
        };
        let endpoint = self.endpoints.of(&parts.method, parts.uri.path());
        if let Endpoint::Refused(why) = endpoint {
            return self.refuse(StatusCode::FORBIDDEN, "endpoint", why);
        }
        let Ok(permit) = Arc::clone(&self.streams).try_acquire_owned() else {
            return self.busy("as many responses are under way as may be");
        };
        let Some(rulebook) = self.current.rulebook() else { return self.busy("the index is not loaded yet") };
        let asking =
            |parts, copy| Request::from_parts(parts, Idle::new(Passing::new(body, copy), self.client));
        let answered = match endpoint {
            Endpoint::Guarded(format) => {
                self.metrics.request("scanned");
                let Ok(mut ruling) = self.ruling(&rulebook, &proven, format).await else {
                    return self.busy("what the conversation has said cannot be known now");
                };
                let copy = ruling.session.hears_requests().then(|| Overheard::of(&parts.headers)).flatten();
                ruling.begins = copy.clone().map(|copy| -> OnBegin {
                    Arc::new(move |sessions| {
                        for said in copy.said() {
                            sessions.iter().for_each(|session| session.said(&said));
                        }
                    })
                });
                parts.extensions.insert(ruling);
                self.guarded
                    .clone()
                    .call(asking(parts, copy))
                    .await
                    .map(|response| response.map(Text::Guarded))
            }
            Endpoint::Exempt(why) => {
                let is_route = why == Exemption::Route;
                self.metrics.request(if is_route { "exempt" } else { "harmless" });
                self.upstream
                    .clone()
                    .call(asking(parts, None))
                    .await
                    .map(|response| response.map(Text::Exempt))
            }
            Endpoint::Refused(_) => unreachable!("refused above"),
        };
        match answered {
            Ok(response) => response.map(|text| Answer::new(text, permit, &self.metrics, self.response)),
            Err(unanswered) => self.unanswered(unanswered),
        }
    }

    /// How a response is judged.
    async fn ruling(
        &self,
        rulebook: &Rulebook,
        proven: &Proven,
        format: Option<Format>,
    ) -> Result<Ruling, Unreachable> {
        let session = |policy| {
            Session::new(&rulebook.index, policy, proven.reader.clone()).with_grants(&rulebook.grants)
        };
        let (reader, conversation) = (proven.name.as_deref(), proven.conversation.as_deref());
        let enforced = self.share.has(proven.sticky);
        let shadow = match rulebook.shadow.as_ref().map(session) {
            Some(shadow) => Some(self.conversations.overheard(shadow, reader, conversation).await),
            None => None,
        };
        let judging = |strictly| session(if strictly { &rulebook.strictly } else { &rulebook.policy });
        let judging = self.conversations.resumed(judging, reader, conversation, enforced).await?;
        let reports = self.reports.are_kept().then(|| Arc::clone(&self.reports));
        self.metrics.reader(proven.by, judging.unknown_readers() > 0);
        Ok(Ruling {
            session: judging,
            enforced,
            shadow,
            format,
            begins: None,
            ended: reports
                .map(|reports| -> OnEnd { Arc::new(move |session: &Session| reports.add(session)) }),
        })
    }

    fn refuse(&self, status: StatusCode, reason: &'static str, message: &str) -> Response<Answer> {
        tracing::warn!(reason, "request refused");
        self.metrics.refused(reason);
        refusal(status, message).map(Answer::of)
    }

    fn busy(&self, why: &str) -> Response<Answer> {
        tracing::warn!("too busy");
        self.metrics.refused("busy");
        let mut response = error(StatusCode::SERVICE_UNAVAILABLE, "tightlip_busy", why).map(Answer::of);
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        response
    }

    fn unanswered(&self, why: Unanswered) -> Response<Answer> {
        tracing::warn!(?why, "the upstream did not answer");
        let (status, reason, message) = match why {
            Unanswered::Path => {
                return self.refuse(
                    StatusCode::BAD_REQUEST,
                    "path",
                    "the path is none that the upstream could have",
                );
            }
            Unanswered::Connection => {
                (StatusCode::BAD_GATEWAY, "upstream_connection", "the upstream could not be asked")
            }
            Unanswered::Timeout => {
                (StatusCode::GATEWAY_TIMEOUT, "upstream_timeout", "the upstream did not answer in time")
            }
        };
        self.metrics.refused(reason);
        error(status, "tightlip_upstream_failed", message).map(Answer::of)
    }
}

/// Whether a request asks for another protocol. `h2c` is an offer that need not be taken.
fn switches_protocol(method: &Method, headers: &HeaderMap) -> bool {
    let upgrades = headers.get_all(header::UPGRADE).iter();
    *method == Method::CONNECT
        || upgrades.filter_map(|value| value.to_str().ok()).any(|value| !value.eq_ignore_ascii_case("h2c"))
}

/// The trace that a request belongs to (W3C), if it is well-formed.
fn trace(headers: &HeaderMap) -> Option<&str> {
    let trace = headers.get("traceparent")?.to_str().ok()?.split('-').nth(1)?;
    let is_hex = trace.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    (trace.len() == 32 && is_hex).then_some(trace)
}
