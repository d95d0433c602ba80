//! Compressed bodies, read.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::header::{CONTENT_ENCODING, HeaderValue};
use http::{Request, Response};
use http_body::Body;
use tower_http::decompression::{Decompression, DecompressionBody};
use tower_service::Service;

use super::refuse::Reason;

/// The encodings that can be read, as they are called.
const KNOWN: [(&str, &str); 5] =
    [("gzip", "gzip"), ("x-gzip", "gzip"), ("deflate", "deflate"), ("br", "br"), ("zstd", "zstd")];

/// A response whose body is read through its encoding.
///
/// # Errors
/// It has an encoding that is not known, or several.
pub(super) async fn decoded<B: Body>(
    mut response: Response<B>,
) -> Result<Response<DecompressionBody<B>>, Reason> {
    let named = response.headers().get_all(CONTENT_ENCODING).iter();
    let named = named
        .map(|value| value.to_str().map_err(|_| Reason::Encoding))
        .collect::<Result<Vec<_>, _>>()?
        .join(",");
    let mut names = named.split(',').map(str::trim).filter(|name| !is_none(name));
    let encoding = match (names.next(), names.next()) {
        (None, _) => None,
        (Some(name), None) => {
            let known = KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            Some(known.ok_or(Reason::Encoding)?.1)
        }
        (Some(_), Some(_)) => return Err(Reason::Encoding),
    };
    response.headers_mut().remove(CONTENT_ENCODING);
    if let Some(encoding) = encoding {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    match Decompression::new(Given(Some(response))).call(Request::new(())).await {
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}

fn is_none(name: &str) -> bool {
    name.is_empty() || name.eq_ignore_ascii_case("identity")
}

/// A service that gives one response, which is here already.
struct Given<B>(Option<Response<B>>);

impl<B> Service<Request<()>> for Given<B> {
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(self.0.take().expect("asked once")))
    }
}
