//! What is behind a provider's paths: which are checked, which need not be, which cannot be.

use http::Method;
use memchr::memchr;

use super::config::Route;
use crate::error::{Error, Result};
use crate::wire::Format;

/// What is done with the responses of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// They are checked; the format, if the path says it.
    Guarded(Option<Format>),
    /// They pass: no text of a model is in them, or the configuration says so.
    Exempt(Exemption),
    /// They cannot be checked.
    Refused(&'static str),
}

/// Why responses pass unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exemption {
    Harmless,
    Route,
}

const SOUND: &str = "answers of this endpoint are sound, which cannot be checked";
const PICTURES: &str = "answers of this endpoint are pictures or films, which cannot be checked";
const LIVE: &str = "this endpoint speaks a protocol that cannot be checked";

/// Endpoints whose answers hold no text that could be read, by method and path. The first column is the provider whose they are.
#[rustfmt::skip]
const REFUSED: &[(&str, &str, &str)] = &[
    ("OpenAI",    "*/realtime",                    LIVE),
    ("OpenAI",    "*/realtime/*",                  LIVE),
    ("OpenAI",    "*/audio/speech",                SOUND),
    ("OpenAI",    "*/images/generations",          PICTURES),
    ("OpenAI",    "*/images/edits",                PICTURES),
    ("OpenAI",    "*/images/variations",           PICTURES),
    ("OpenAI",    "*/videos",                      PICTURES),
    ("OpenAI",    "*/videos/*",                    PICTURES),
    ("Gemini",    "*BidiGenerateContent*",         LIVE),
    ("Gemini",    "*:bidiGenerateContent",         LIVE),
    ("Gemini",    "*:predictLongRunning",          PICTURES),
    ("Bedrock",   "*/invoke-with-bidirectional-stream", LIVE),
];

/// Endpoints whose answers are numbers, or names that the provider gave.
#[rustfmt::skip]
const HARMLESS: &[(&str, Method, &str)] = &[
    ("OpenAI",    Method::GET,    "/v1/models"),
    ("OpenAI",    Method::POST,   "/v1/embeddings"),
    ("OpenAI",    Method::POST,   "/v1/moderations"),
    ("OpenAI",    Method::POST,   "/v1/responses/input_tokens"),
    ("Azure",     Method::GET,    "/openai/models"),
    ("Azure",     Method::POST,   "/openai/deployments/*/embeddings"),
    ("Azure",     Method::POST,   "/openai/v1/embeddings"),
    ("Anthropic", Method::POST,   "/v1/messages/count_tokens"),
    ("Gemini",    Method::GET,    "/v1beta/models"),
    ("Gemini",    Method::POST,   "/v1beta/models/*:countTokens"),
    ("Gemini",    Method::POST,   "/v1beta/models/*:embedContent"),
    ("Gemini",    Method::POST,   "/v1beta/models/*:batchEmbedContents"),
    ("Vertex",    Method::POST,   "/v1/projects/*:countTokens"),
    ("Cohere",    Method::POST,   "/v1/embed"),
    ("Cohere",    Method::POST,   "/v2/embed"),
    ("Ollama",    Method::GET,    "/api/tags"),
    ("Ollama",    Method::GET,    "/api/ps"),
    ("Ollama",    Method::GET,    "/api/version"),
    ("Ollama",    Method::POST,   "/api/embed"),
    ("Ollama",    Method::POST,   "/api/embeddings"),
    ("TGI",       Method::GET,    "/health"),
    ("llama.cpp", Method::POST,   "/embedding"),
];

/// Stored answers, whose path does not end in a name: what stands before the identifier.
#[rustfmt::skip]
const STORED: &[(&str, &str, Format)] = &[
    ("OpenAI",    "*/chat/completions/*",          Format::OpenAiChat),
    ("OpenAI",    "*/responses/*",                 Format::OpenAiResponses),
    ("Gemini",    "*/interactions/*",              Format::Gemini),
];

/// The endpoints of the built-in table, and what the configuration says over it.
pub(super) struct Endpoints {
    routes: Vec<(String, Endpoint)>,
}

impl Endpoints {
    /// # Errors
    /// A route has a format that is none.
    pub(super) fn new(routes: &[Route]) -> Result<Self> {
        let endpoint = |route: &Route| {
            let endpoint = match route.format.as_str() {
                "exempt" => Endpoint::Exempt(Exemption::Route),
                name => Endpoint::Guarded(Some(name.parse().map_err(|error: Error| error.about("routes"))?)),
            };
            if !route.path.starts_with(['/', '*']) {
                return Err(Error::config("routes: expected a path that begins with `/`"));
            }
            Ok((route.path.clone(), endpoint))
        };
        Ok(Self { routes: routes.iter().map(endpoint).collect::<Result<_>>()? })
    }

    /// What is done with the response to a request.
    pub(super) fn of(&self, method: &Method, path: &str) -> Endpoint {
        let is_plain = || is_plain(path);
        let route = self.routes.iter().find(|(pattern, _)| fits(pattern, path));
        match route {
            // What upstreams make of such a path is not known: an exemption must not depend on it.
            Some((_, Endpoint::Exempt(_))) if !is_plain() => {}
            Some((_, endpoint)) => return *endpoint,
            None => {}
        }
        let trimmed = path.trim_end_matches('/');
        if let Some((_, _, why)) = REFUSED.iter().find(|(_, pattern, _)| fits(pattern, trimmed)) {
            return Endpoint::Refused(why);
        }
        let harmless = |(_, of, pattern): &&(&str, Method, &str)| of == method && fits(pattern, trimmed);
        if HARMLESS.iter().any(|row| harmless(&row)) && is_plain() {
            return Endpoint::Exempt(Exemption::Harmless);
        }
        let stored =
            || STORED.iter().find(|(_, pattern, _)| fits(pattern, trimmed)).map(|(.., format)| *format);
        Endpoint::Guarded(Format::of_path(path).or_else(stored))
    }
}

/// Whether a path means the same to everybody: no `..`, nothing doubled or written in another way that matters.
fn is_plain(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let dots = path.split('/').any(|part| matches!(part, "." | ".."));
    let doubled = path.contains("//") || path.contains([';', '\\']);
    !dots && !doubled && !["%2e", "%2f", "%5c", "%25", "%00", "%3b"].iter().any(|code| lower.contains(code))
}

/// Whether a path fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, path: &str) -> bool {
    match memchr(b'*', pattern.as_bytes()) {
        Some(star) => {
            path.strip_prefix(&pattern[..star]).is_some_and(|rest| ends_so(&pattern[star + 1..], rest))
        }
        None => pattern == path,
    }
}

/// The same, where anything may stand before the pattern.
fn ends_so(pattern: &str, path: &str) -> bool {
    let Some(star) = memchr(b'*', pattern.as_bytes()) else { return path.ends_with(pattern) };
    let found = path.find(&pattern[..star]);
    found.is_some_and(|at| ends_so(&pattern[star + 1..], &path[at + star..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, path, expected) in [
            ("/internal/*", "/internal/a/b", true),
            ("/internal/*", "/internal", false),
            ("*/audio/speech", "/v1/audio/speech", true),
            ("/a*b*c", "/a-b-b-c", true),
            ("/a*b*c", "/a-c-b", false),
            ("/a", "/a", true),
            ("/a", "/ab", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_not_known_is_checked() {
        let routes = [("/internal/*", "exempt"), ("/answers/*", "openai-chat")];
        let route = |(path, format): (&str, &str)| Route { path: path.into(), format: format.into() };
        let endpoints = Endpoints::new(&routes.map(route)).unwrap();
        let of = |method: Method, path| endpoints.of(&method, path);
        let guarded = |format| Endpoint::Guarded(Some(format));
        assert_eq!(of(Method::POST, "/v1/chat/completions"), guarded(Format::OpenAiChat));
        assert_eq!(of(Method::GET, "/v1/chat/completions/chatcmpl-1"), guarded(Format::OpenAiChat));
        assert_eq!(of(Method::GET, "/v1/responses/resp_1"), guarded(Format::OpenAiResponses));
        assert_eq!(of(Method::POST, "/answers/today"), guarded(Format::OpenAiChat));
        assert_eq!(of(Method::GET, "/v1/files/file-1"), Endpoint::Guarded(None));
        assert_eq!(of(Method::POST, "/anything"), Endpoint::Guarded(None));
        assert_eq!(of(Method::GET, "/v1/models"), Endpoint::Exempt(Exemption::Harmless));
        assert_eq!(of(Method::POST, "/v1/models"), Endpoint::Guarded(None));
        assert_eq!(of(Method::GET, "/internal/x"), Endpoint::Exempt(Exemption::Route));
        assert!(matches!(of(Method::GET, "/v1/realtime"), Endpoint::Refused(_)));
        assert!(matches!(of(Method::POST, "/v1/audio/speech/"), Endpoint::Refused(_)));
    }

    #[test]
    fn an_exemption_is_not_reached_by_a_detour() {
        let route = Route { path: "/internal/*".into(), format: "exempt".into() };
        let endpoints = Endpoints::new(&[route]).unwrap();
        for path in [
            "/internal/../v1/chat/completions",
            "/internal/%2e%2e/v1/chat/completions",
            "/internal/%252e%252e/v1/chat/completions",
            "/internal//v1/chat/completions",
            "/internal/..;/v1/chat/completions",
            "/internal/..\\v1/chat/completions",
        ] {
            assert!(matches!(endpoints.of(&Method::POST, path), Endpoint::Guarded(_)), "{path}");
        }
        let error =
            Endpoints::new(&[Route { path: "/x".into(), format: "opnai-chat".into() }]).err().unwrap();
        assert_eq!(error.to_string(), "routes: unknown format \"opnai-chat\"; did you mean `openai-chat`?");
    }
}
