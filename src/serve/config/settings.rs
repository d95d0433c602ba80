//! What a proxy can be told.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;

use super::defaults::{authorization, sub};
use super::quantity::{Size, Span};
use crate::Load;

/// What a proxy is told.
///
/// ```
/// use tightlip::serve::Config;
///
/// let config = Config::from_toml("upstream = 'https://api.example.com'\n[reader]\nheader = 'x-user'")?;
/// assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
/// let error = Config::from_toml("upsteam = 'https://api.example.com'").unwrap_err();
/// assert_eq!(error.to_string(), "configuration: unknown key `upsteam`; did you mean `upstream`?");
/// # Ok::<(), tightlip::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Config {
    /// The folder of the index.
    pub index: PathBuf,
    /// The file of the key of a sealed index; read anew with the index. Not given: `TIGHTLIP_INDEX_KEY_FILE` names it, or `TIGHTLIP_INDEX_KEY` is the key.
    pub key_file: Option<PathBuf>,
    /// Where the bytes of an index that is not sealed are.
    pub load: Load,
    /// The provider: its URL, to which the path of each request is added.
    pub upstream: String,
    /// Not ready while an index that follows a database is further behind it than this.
    pub max_lag: Option<Span>,
    /// Certificates (PEM) that the upstream may have besides those that the system trusts.
    pub upstream_ca: Option<PathBuf>,
    /// The upstream speaks HTTP/2 without TLS. With TLS the two sides agree by themselves.
    pub upstream_http2: bool,
    /// A built-in policy or the path of a policy file.
    pub policy: String,
    /// A policy that is tried on the same responses and only counted.
    pub shadow_policy: Option<String>,
    /// The share of conversations in which the policy is enforced; elsewhere its findings are only counted. 0 to 1.
    pub enforce_share: f64,
    /// A table of grants: which owners let which readers see what.
    pub grants: Option<PathBuf>,
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Where the operator connects.
    pub admin: SocketAddr,
    /// How logs are written.
    pub log: Log,
    /// Who reads.
    pub reader: ReaderConfig,
    /// Paths whose format is not what their end says. The first that fits counts.
    pub routes: Vec<Route>,
    /// What may not be exceeded.
    pub limits: LimitsConfig,
    /// How long is waited.
    pub timeouts: Timeouts,
    /// What is kept between the turns of conversations.
    pub conversations: ConversationsConfig,
    /// Where disclosure reports are kept.
    pub reports: ReportsConfig,
    /// The listener's own certificate.
    pub tls: Option<Tls>,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Log {
    /// One line of words.
    Text,
    /// One JSON object.
    Json,
}

/// How the reader is proven.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ReaderConfig {
    /// The header that names the reader.
    pub header: String,
    /// The header that names the conversation.
    pub conversation: String,
    /// The header that says what the response is for.
    pub purpose: String,
    /// The peers that may set these headers. From others they are removed.
    pub trusted: Vec<IpNet>,
    /// Readers are proven by signed tokens.
    pub jwt: Option<JwtConfig>,
}

/// Which tokens prove a reader.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct JwtConfig {
    /// The header that carries the token. `authorization` is passed on to the upstream, any other is removed.
    #[serde(default = "authorization")]
    pub header: String,
    /// Who must have issued it.
    pub issuer: String,
    /// For whom it must have been issued.
    pub audience: String,
    /// The claim that names the reader.
    #[serde(default = "sub")]
    pub claim: String,
    /// The claim that names owners whose data the reader may also see: a name, or a list of names.
    pub acting_for: Option<String>,
    /// The keys: a file with a public key (PEM) or a key set (JWKS), or the URL of a key set.
    pub keys: String,
}

/// The format of some paths.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Route {
    /// A path; `*` stands for anything.
    pub path: String,
    /// A format, or `exempt`: responses pass unchecked.
    pub format: String,
}

/// What may not be exceeded.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LimitsConfig {
    /// Responses at a time.
    pub streams: usize,
    /// Connections at a time.
    pub connections: usize,
    /// Bytes of a request's headers.
    pub header_bytes: Size,
    /// Bytes of one event, or of a body that is judged whole.
    pub event_bytes: Size,
}

/// How long is waited.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Timeouts {
    /// For a connection to the upstream.
    pub connect: Span,
    /// For the upstream to begin its answer.
    pub answer: Span,
    /// For the next bytes of the upstream's answer.
    pub idle: Span,
    /// For a client to send its headers, the next bytes of its request, or to take what was sent.
    pub client: Span,
    /// For a whole response; none if it is not set.
    pub response: Option<Span>,
    /// For responses that run when the proxy is told to end.
    pub drain: Span,
}

/// What is kept between the turns of conversations.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ConversationsConfig {
    /// How long after its last turn a conversation is kept.
    pub keep: Span,
    /// No more conversations than this are kept in memory; then those of which nothing was heard for longest are forgotten.
    pub most: usize,
    /// A Valkey or Redis server that several proxies share: `redis://`, or `rediss://` with TLS. None: every proxy has its own conversations.
    pub store: Option<StoreUrl>,
    /// The certificates (PEM) of which the store must have one, in place of those that the system trusts.
    pub store_ca: Option<PathBuf>,
    /// What the names of conversations begin with in the store.
    pub prefix: String,
    /// How long the store may take to answer; then it counts as lost until it answers a ping.
    pub patience: Span,
    /// What is done while the store is lost.
    pub when_lost: WhenLost,
}

/// The address of a store. It may hold a password, and is not shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct StoreUrl(pub String);

impl std::fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoreUrl")
    }
}

/// What is done while the store of conversations is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenLost {
    /// Conversations go on with what this proxy knows, under a policy that is no laxer than `strict`.
    Strict,
    /// They are refused, and those that run stop before the next fact about another person.
    Stop,
}

/// Where disclosure reports are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ReportsConfig {
    /// So many of the last ones in memory, for the operator.
    pub last: usize,
    /// All of them in a file that is only appended to.
    pub file: Option<PathBuf>,
    /// When the file would have more bytes, it is put aside and a new one begun.
    pub file_bytes: Size,
    /// So many files are kept.
    pub files: usize,
}

/// A certificate and its key, as PEM files.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Tls {
    /// The certificate, and those that lead to its root.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}
