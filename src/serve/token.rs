//! Signed tokens (JWT) that prove a reader.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, Uri};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::config::JwtConfig;
use super::identity::Doubt;
use super::upstream;
use crate::error::{Error, Result};

/// A key set behind a URL is fetched again after this long, and not more often than…
const KEEP: Duration = Duration::from_secs(600);
/// …this, when a token names a key that is not in it.
const AT_MOST_EVERY: Duration = Duration::from_secs(10);

/// Larger key sets are not read.
const MOST_KEY_BYTES: usize = 1 << 20;

/// Which tokens prove a reader.
pub(super) struct Tokens {
    header: HeaderName,
    issuer: String,
    audience: String,
    claim: String,
    acting_for: Option<String>,
    keys: ArcSwap<Keys>,
    /// The URL of the keys, and when they were last asked for.
    url: Option<(Uri, Mutex<Instant>)>,
}

/// Public keys, with their names if they have any.
type Keys = Vec<(Option<String>, DecodingKey)>;

impl Tokens {
    /// # Errors
    /// The header has no possible name, or the keys cannot be read.
    pub(super) async fn new(config: &JwtConfig) -> Result<Self> {
        let header = HeaderName::try_from(&config.header)
            .map_err(|_| Error::config("reader.jwt.header: expected the name of a header"))?;
        let url = config.keys.starts_with("http://") || config.keys.starts_with("https://");
        let (keys, url) = if url {
            let url: Uri = config
                .keys
                .parse()
                .map_err(|_| Error::config("reader.jwt.keys: expected a file or a URL"))?;
            let keys = fetch(&url).await.map_err(|error| error.about("reader.jwt.keys"))?;
            (keys, Some((url, Mutex::new(Instant::now()))))
        } else {
            let text = std::fs::read(&config.keys)
                .map_err(|error| Error::file("read the keys", config.keys.as_ref(), &error))?;
            (read(&text).map_err(|error| error.about("reader.jwt.keys"))?, None)
        };
        Ok(Self {
            header,
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            claim: config.claim.clone(),
            acting_for: config.acting_for.clone(),
            keys: ArcSwap::from_pointee(keys),
            url,
        })
    }

    /// Takes the token out of a request. What `authorization` says stays: it is for the upstream too.
    pub(super) fn take(&self, headers: &mut HeaderMap) -> Result<Option<String>, Doubt> {
        let mut values = headers.get_all(&self.header).iter();
        let (first, more) = (values.next().cloned(), values.next().is_some());
        if self.header != AUTHORIZATION {
            headers.remove(&self.header);
        }
        let Some(value) = first else { return Ok(None) };
        if more {
            return Err(Doubt::TwoReaders);
        }
        let text = value.to_str().map_err(|_| Doubt::Token)?.trim();
        let bearer = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        Ok(match bearer {
            Some((_, token)) => Some(token.trim().to_owned()),
            None if self.header == AUTHORIZATION => None, // another scheme: no token
            None => Some(text.to_owned()),
        })
    }

    /// The reader whom a token names, and for whom they act.
    pub(super) async fn verify(&self, token: &str) -> Result<(String, Vec<String>), Doubt> {
        let header = decode_header(token).map_err(|_| Doubt::Token)?;
        let key = header.kid.as_deref();
        self.refresh(key).await;
        let keys = self.keys.load_full();
        let fitting = keys.iter().filter(|(known, with)| {
            (key.is_none() || known.is_none() || known.as_deref() == key) && fits(with.family(), header.alg)
        });
        let claims = fitting.filter_map(|(_, key)| self.claims(token, key)).next().ok_or(Doubt::Token)?;
        let reader = claims.get(&self.claim).and_then(name_in).ok_or(Doubt::Token)?;
        let acting_for = match self.acting_for.as_ref().and_then(|claim| claims.get(claim)) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(names)) => {
                names.iter().map(name_in).collect::<Option<_>>().ok_or(Doubt::Token)?
            }
            Some(name) => vec![name_in(name).ok_or(Doubt::Token)?],
        };
        Ok((reader, acting_for))
    }

    /// What a token says, if this key signed it and it is valid now, here.
    fn claims(&self, token: &str, key: &DecodingKey) -> Option<Map<String, Value>> {
        let mut rules = Validation::new_for_family(key.family());
        rules.validate_nbf = true;
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        decode::<Map<String, Value>>(token, key, &rules).ok().map(|token| token.claims)
    }

    /// Fetches the keys again if they are old, or do not have the one that is asked for. If that fails, the old ones stay.
    async fn refresh(&self, name: Option<&str>) {
        let Some((url, asked)) = &self.url else { return };
        let mut asked = asked.lock().await;
        let is_known =
            name.is_none_or(|name| self.keys.load().iter().any(|(known, _)| known.as_deref() == Some(name)));
        if asked.elapsed() < if is_known { KEEP } else { AT_MOST_EVERY } {
            return;
        }
        *asked = Instant::now();
        match fetch(url).await {
            Ok(keys) => self.keys.store(Arc::new(keys)),
            Err(error) => {
                tracing::warn!(%error, "the keys of tokens could not be fetched; the old ones stay")
            }
        }
    }
}

/// The owner whom a claim names.
fn name_in(claim: &Value) -> Option<String> {
    match claim {
        Value::String(name) if !name.is_empty() => Some(name.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Algorithms with a public key: a key of one family is not taken for one of another. Shared secrets are no keys here: whoever can check them can sign.
fn fits(family: AlgorithmFamily, algorithm: Algorithm) -> bool {
    family != AlgorithmFamily::Hmac && family.algorithms().contains(&algorithm)
}

async fn fetch(url: &Uri) -> Result<Keys> {
    let body = upstream::fetch(url, MOST_KEY_BYTES).await?;
    read(&body)
}

/// A public key in PEM, or a set of keys in JSON.
fn read(text: &[u8]) -> Result<Keys> {
    let none = || Error::config("expected a public key (PEM: RSA, EC or Ed25519) or a key set (JWKS)");
    if let Ok(set) = serde_json::from_slice::<JwkSet>(text) {
        let keys = set.keys.iter().filter_map(|jwk| {
            let key = DecodingKey::from_jwk(jwk).ok()?;
            (key.family() != AlgorithmFamily::Hmac).then(|| (jwk.common.key_id.clone(), key))
        });
        let keys: Keys = keys.collect();
        return if keys.is_empty() { Err(none()) } else { Ok(keys) };
    }
    let key = DecodingKey::from_rsa_pem(text)
        .or_else(|_| DecodingKey::from_ec_pem(text))
        .or_else(|_| DecodingKey::from_ed_pem(text))
        .map_err(|_| none())?;
    Ok(vec![(None, key)])
}
