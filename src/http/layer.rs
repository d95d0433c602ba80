//! The layer: what is the same for all responses.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use tower_layer::Layer;

use super::service::Guarded;
use super::watch::Watch;
use crate::wire::{Format, Limits};
use crate::{Index, Policy, Reader, Session};

/// Guards every response of a tower service.
///
/// Who reads is a [`Reader`] in the request's extensions, put there by whatever authenticates the request; without one, the reader is a
/// stranger, who owns nothing. The format is found by the request's path and the response's headers, unless it is [fixed](Self::format).
///
/// ```
/// use http::{Request, Response};
/// use http_body_util::{BodyExt, Full};
/// use tightlip::http::GuardLayer;
/// use tightlip::wire::Format;
/// use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # let mut builder = IndexBuilder::new();
/// # builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
/// # let index = builder.finish_in_memory()?;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// // Any service that answers with a model's text.
/// let model = service_fn(|_: Request<()>| async {
///     let text = Full::<bytes::Bytes>::from("It went to ann@example.com.");
///     let answer = Response::builder().header("content-type", "text/plain").body(text).unwrap();
///     Ok::<_, std::convert::Infallible>(answer)
/// });
/// let guarded = GuardLayer::new(&index, &Policy::standard()).format(Format::Text).layer(model);
///
/// let mut request = Request::new(());
/// request.extensions_mut().insert(Reader::customer("C-1001"));
/// let answer = guarded.oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
/// assert_eq!(answer, "It went to ann@example.com."); // her own
/// # });
/// # Ok::<(), tightlip::Error>(())
/// ```
///
/// What cannot be checked (an unknown content type or encoding, a partial body, a whole body that is not what its format says) is refused with status
/// 502, `x-should-retry: false` and a reason. A body that is a single JSON value is judged before its status line is sent; every
/// other body streams. Put compression outside of this layer.
#[derive(Clone)]
pub struct GuardLayer {
    settings: Arc<Settings>,
}

/// What a layer was told.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) rule: Arc<dyn Fn(&Parts) -> Ruling + Send + Sync>,
    pub(super) format: Option<Format>,
    pub(super) limits: Limits,
    pub(super) watch: Option<Arc<dyn Watch>>,
}

/// Is told of a session whose response has ended.
pub(crate) type OnEnd = Arc<dyn Fn(&Session) + Send + Sync>;

/// Is told of the sessions of a response that is about to be judged.
pub(crate) type OnBegin = Arc<dyn Fn(&[&Session]) + Send + Sync>;

/// How one response is judged.
#[derive(Clone)]
pub(crate) struct Ruling {
    pub(crate) session: Session,
    /// Otherwise the response passes as it is and is only judged.
    pub(crate) enforced: bool,
    /// Judged on the same bytes; what it writes is thrown away.
    pub(crate) shadow: Option<Session>,
    /// Known from elsewhere.
    pub(crate) format: Option<Format>,
    /// Is told when the response begins, before anything of it is judged.
    pub(crate) begins: Option<OnBegin>,
    /// Is told when the response has ended.
    pub(crate) ended: Option<OnEnd>,
}

impl GuardLayer {
    /// A layer that judges every response by one index and policy.
    pub fn new(index: &Index, policy: &Policy) -> Self {
        let (index, policy) = (index.clone(), policy.clone());
        Self::with_sessions(move |request| {
            let reader = request.extensions.get::<Reader>().cloned();
            Session::new(&index, &policy, reader.unwrap_or_else(Reader::stranger))
        })
    }

    /// A layer that asks for the session of each response: for an index that is replaced while the service runs, or a policy per tenant.
    pub fn with_sessions(session: impl Fn(&Parts) -> Session + Send + Sync + 'static) -> Self {
        Self::with_rulings(move |request| Ruling {
            session: session(request),
            enforced: true,
            shadow: None,
            format: None,
            begins: None,
            ended: None,
        })
    }

    pub(crate) fn with_rulings(rule: impl Fn(&Parts) -> Ruling + Send + Sync + 'static) -> Self {
        let settings =
            Settings { rule: Arc::new(rule), format: None, limits: Limits::default(), watch: None };
        Self { settings: Arc::new(settings) }
    }

    /// All responses are in this format.
    pub fn format(self, format: Format) -> Self {
        self.with(|settings| settings.format = Some(format))
    }

    /// Other limits than the default ones.
    pub fn limits(self, limits: Limits) -> Self {
        self.with(|settings| settings.limits = limits)
    }

    /// Tells somebody how responses begin, go on and end.
    pub fn watch(self, watch: Arc<dyn Watch>) -> Self {
        self.with(|settings| settings.watch = Some(watch))
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl fmt::Debug for GuardLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { format, limits, .. } = &*self.settings;
        f.debug_struct("GuardLayer").field("format", format).field("limits", limits).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, settings: Arc::clone(&self.settings) }
    }
}
