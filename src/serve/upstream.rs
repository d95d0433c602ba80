//! The client that asks the upstream.

use std::future::ready;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, Request, Response, Uri, Version};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_service::Service;

use super::config::Config;
use super::idle::Idle;
use super::said::Passing;
use super::tls;
use crate::error::{Error, Result};

/// A client's request body, on its way.
pub(super) type Asking = Idle<Passing<Incoming>>;

/// What concerns one connection only, besides what `connection` names.
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Sends requests to one provider. Cheap to clone.
#[derive(Clone)]
pub(super) struct Upstream {
    client: Client<HttpsConnector<HttpConnector>, Asking>,
    base: Base,
    answer: Duration,
    idle: Duration,
}

/// Where paths begin.
#[derive(Clone)]
struct Base {
    scheme: Scheme,
    authority: Authority,
    path: String,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unanswered {
    /// The path makes no URL of the upstream's.
    Path,
    Connection,
    Timeout,
}

impl Upstream {
    /// # Errors
    /// The URL is none, or the certificates cannot be read.
    pub(super) fn new(config: &Config) -> Result<Self> {
        let base = Base::new(&config.upstream)?;
        let connector = connector(config.upstream_ca.as_deref(), config.timeouts.connect.0)?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .http2_only(config.upstream_http2)
            .build(connector);
        Ok(Self { client, base, answer: config.timeouts.answer.0, idle: config.timeouts.idle.0 })
    }
}

impl Service<Request<Asking>> for Upstream {
    type Response = Response<Idle<Incoming>>;
    type Error = Unanswered;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Unanswered>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unanswered>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Asking>) -> Self::Future {
        let Some(url) = self.base.with(request.uri().path_and_query()) else {
            return Box::pin(ready(Err(Unanswered::Path)));
        };
        *request.uri_mut() = url;
        *request.version_mut() = Version::HTTP_11;
        request.extensions_mut().clear();
        forget_hop(request.headers_mut());
        request.headers_mut().remove(header::HOST);
        let (asked, answer, idle) = (self.client.request(request), self.answer, self.idle);
        Box::pin(async move {
            let answered = tokio::time::timeout(answer, asked).await.map_err(|_| Unanswered::Timeout)?;
            let mut response = answered.map_err(|_| Unanswered::Connection)?;
            forget_hop(response.headers_mut());
            *response.version_mut() = Version::HTTP_11;
            // The upstream's own words beside the status, for example, which would be sent on.
            response.extensions_mut().clear();
            Ok(response.map(|body| Idle::new(body, idle)))
        })
    }
}

impl Base {
    fn new(url: &str) -> Result<Self> {
        let none = || Error::config("upstream: expected a URL such as https://api.example.com");
        let parts = url.parse::<Uri>().map_err(|_| none())?.into_parts();
        let scheme = parts.scheme.filter(|scheme| matches!(scheme.as_str(), "http" | "https"));
        let path = parts.path_and_query.filter(|path| path.query().is_none());
        Ok(Self {
            scheme: scheme.ok_or_else(none)?,
            authority: parts.authority.ok_or_else(none)?,
            path: path.ok_or_else(none)?.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The URL for the path of a request; `None` if it is no path, or too long.
    fn with(&self, asked: Option<&PathAndQuery>) -> Option<Uri> {
        let asked = asked.map_or("/", PathAndQuery::as_str);
        let path = asked.starts_with('/').then(|| format!("{}{asked}", self.path))?;
        let url = Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone());
        url.path_and_query(path).build().ok()
    }
}

/// Removes what concerns one connection only. `te: trailers` stays: trailers pass.
fn forget_hop(headers: &mut HeaderMap) {
    let named = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> =
        named.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    let wants_trailers =
        headers.get(header::TE).is_some_and(|te| te.as_bytes().eq_ignore_ascii_case(b"trailers"));
    for name in HOP_BY_HOP.iter().chain(&named).chain([&header::TE]) {
        headers.remove(name);
    }
    if wants_trailers {
        headers.insert(header::TE, header::HeaderValue::from_static("trailers"));
    }
}

fn connector(more_roots: Option<&Path>, connect: Duration) -> Result<HttpsConnector<HttpConnector>> {
    let mut http = HttpConnector::new();
    http.set_connect_timeout(Some(connect));
    http.set_nodelay(true);
    http.enforce_http(false);
    let tls = tls::client(more_roots)?;
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .enable_http2()
        .wrap_connector(http))
}

/// A small file from the web.
///
/// # Errors
/// It is not there, or larger than `most` bytes.
pub(super) async fn fetch(url: &Uri, most: usize) -> Result<Bytes> {
    let patience = Duration::from_secs(10);
    let failed = |why: &str| Error::io("cannot fetch the URL", &std::io::Error::other(why.to_owned()));
    let client = Client::builder(TokioExecutor::new()).build(connector(None, patience)?);
    let request = Request::get(url.clone()).body(Empty::<Bytes>::new()).expect("a plain request");
    let fetching = async {
        let response = client.request(request).await.map_err(|_| failed("no connection"))?;
        if !response.status().is_success() {
            return Err(failed(&format!("it answered with status {}", response.status().as_u16())));
        }
        let body = Limited::new(response.into_body(), most).collect().await;
        Ok(body.map_err(|_| failed("its body is broken or too large"))?.to_bytes())
    };
    tokio::time::timeout(patience, fetching).await.map_err(|_| failed("no answer in time"))?
}
