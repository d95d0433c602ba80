//! Who reads: proven by a trusted peer's header or by a signed token, or nobody known.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use ipnet::IpNet;
use xxhash_rust::xxh3::xxh3_64;

use super::config::ReaderConfig;
use super::token::Tokens;
use crate::Reader;
use crate::error::{Error, Result};

/// How readers are proven.
pub(super) struct Identity {
    header: HeaderName,
    conversation: HeaderName,
    purpose: HeaderName,
    trusted: Vec<IpNet>,
    tokens: Option<Tokens>,
}

/// Who reads a response.
pub(super) struct Proven {
    pub(super) reader: Reader,
    pub(super) by: Proof,
    /// What the reader is called, if anybody is proven.
    pub(super) name: Option<String>,
    /// What the conversation is called, if whoever says so is believed.
    pub(super) conversation: Option<String>,
    /// Stands for the conversation, or for the reader if it has no name; none if nothing is known.
    pub(super) sticky: Option<u64>,
}

/// What proves a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    Header,
    Token,
    Nothing,
}

impl Proof {
    /// One word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Token => "token",
            Self::Nothing => "none",
        }
    }
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It names more than one reader.
    TwoReaders,
    /// Its token proves nothing.
    Token,
}

impl Identity {
    /// # Errors
    /// A header has no possible name, or the keys cannot be read.
    pub(super) async fn new(config: &ReaderConfig) -> Result<Self> {
        let name = |name: &str, key| {
            HeaderName::try_from(name)
                .map_err(|_| Error::config(format!("reader.{key}: expected the name of a header")))
        };
        let tokens = match &config.jwt {
            None => None,
            Some(jwt) => Some(Tokens::new(jwt).await?),
        };
        Ok(Self {
            header: name(&config.header, "header")?,
            conversation: name(&config.conversation, "conversation")?,
            purpose: name(&config.purpose, "purpose")?,
            trusted: config.trusted.clone(),
            tokens,
        })
    }

    /// Says who reads, and removes what said so from the request.
    ///
    /// # Errors
    /// It says so twice, or with a token that proves nothing.
    pub(super) async fn prove(&self, peer: IpAddr, headers: &mut HeaderMap) -> Result<Proven, Doubt> {
        let peer = peer.to_canonical();
        let is_trusted = self.trusted.iter().any(|net| net.contains(&peer));
        let named = take(headers, &self.header);
        let conversation = take(headers, &self.conversation);
        let purpose = take(headers, &self.purpose);
        let token = match &self.tokens {
            Some(tokens) => tokens.take(headers)?,
            None => None,
        };
        let named = if is_trusted { only(named)? } else { None };
        let by_token = match (&self.tokens, token) {
            (Some(tokens), Some(token)) => Some(tokens.verify(&token).await?),
            _ => None,
        };
        let (name, by, acting_for) = match (by_token, named) {
            (Some((token, _)), Some(header)) if token != header => return Err(Doubt::TwoReaders),
            (Some((name, acting_for)), _) => (Some(name), Proof::Token, acting_for),
            (None, Some(name)) => (Some(name), Proof::Header, Vec::new()),
            (None, None) => (None, Proof::Nothing, Vec::new()),
        };
        let is_believed = is_trusted || by != Proof::Nothing;
        let conversation = if is_believed { only(conversation)? } else { None };
        // What grants need a purpose for: a reader who proves only themselves cannot choose it.
        let purpose = if is_trusted { only(purpose)? } else { None };
        let sticky = match (&name, &conversation) {
            (None, None) => None,
            // A conversation belongs to its reader: another's of the same name is another.
            _ => Some(xxh3_64(format!("{:?}\0{conversation:?}", name).as_bytes())),
        };
        let reader = name.as_ref().map_or_else(Reader::stranger, Reader::customer);
        let reader = acting_for.into_iter().fold(reader, Reader::acting_for);
        let reader = purpose.into_iter().fold(reader, Reader::for_purpose);
        Ok(Proven { reader, by, name, conversation, sticky })
    }
}

/// Removes every value of a header.
fn take(headers: &mut HeaderMap, name: &HeaderName) -> Vec<HeaderValue> {
    let values = headers.get_all(name).iter().cloned().collect();
    headers.remove(name);
    values
}

/// The only value.
fn only(values: Vec<HeaderValue>) -> Result<Option<String>, Doubt> {
    match &values[..] {
        [] => Ok(None),
        [value] => {
            let text = std::str::from_utf8(value.as_bytes()).map_err(|_| Doubt::TwoReaders)?.trim();
            Ok((!text.is_empty()).then(|| text.to_owned()))
        }
        _ => Err(Doubt::TwoReaders),
    }
}
