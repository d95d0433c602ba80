//! The operator's side: is it alive, is it ready, what was counted, reload.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use super::metrics::Metrics;
use super::reload::{Current, note};
use super::reports::Reports;

/// What Prometheus expects.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the operator may ask.
pub(super) struct Admin {
    pub(super) current: Arc<Current>,
    pub(super) reports: Arc<Reports>,
    pub(super) metrics: Arc<Metrics>,
    /// With an index that is further behind its database, requests are better sent elsewhere.
    pub(super) max_lag: Option<Duration>,
    /// The proxy ends as soon as its responses have.
    pub(super) draining: AtomicBool,
}

impl Admin {
    /// Answers the operator. Never ends.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let admin = Arc::clone(&self);
            tokio::spawn(async move {
                let answer = service_fn(|request| {
                    let admin = Arc::clone(&admin);
                    async move { Ok::<_, Infallible>(admin.answer(&request).await) }
                });
                let mut http = http1::Builder::new();
                http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(30));
                let _ = http.serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    }

    async fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/livez") => plain(StatusCode::OK, "alive\n"),
            (&Method::GET | &Method::HEAD, "/readyz") => self.ready(),
            (&Method::GET, "/metrics") => {
                let mut response = plain(StatusCode::OK, self.metrics.text(self.current.lag()));
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(METRICS));
                response
            }
            (&Method::GET, "/reports") => {
                let mut response = plain(StatusCode::OK, self.reports.text());
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
                response
            }
            (&Method::POST, "/reload") => match self.current.reload().await.inspect_err(note) {
                Ok(generation) => plain(StatusCode::OK, format!("generation {generation}\n")),
                Err(error) => {
                    plain(StatusCode::UNPROCESSABLE_ENTITY, format!("nothing was reloaded: {error}\n"))
                }
            },
            (_, "/livez" | "/readyz" | "/metrics" | "/reports" | "/reload") => {
                plain(StatusCode::METHOD_NOT_ALLOWED, "/reload is a POST, the others are GETs\n")
            }
            _ => plain(
                StatusCode::NOT_FOUND,
                "there are /livez, /readyz, /metrics, /reports and POST /reload\n",
            ),
        }
    }

    fn ready(&self) -> Response<Full<Bytes>> {
        if self.draining.load(Ordering::Relaxed) {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "draining\n");
        }
        match self.current.rulebook() {
            None => plain(StatusCode::SERVICE_UNAVAILABLE, "the index is not loaded yet\n"),
            Some(_) => match (self.max_lag, self.current.lag()) {
                (Some(_), None) => {
                    plain(StatusCode::SERVICE_UNAVAILABLE, "max_lag is set, but the index is not followed\n")
                }
                (Some(max), Some(lag)) if lag > max => plain(
                    StatusCode::SERVICE_UNAVAILABLE,
                    format!("the index is {} s behind its database\n", lag.as_secs()),
                ),
                _ => plain(StatusCode::OK, "ready\n"),
            },
        }
    }
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
