//! Which provider's words a response is in.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result, did_you_mean};

/// The wire format of a response: which of its strings are text, which repeat it, and how it ends when it is stopped.
///
/// ```
/// use tightlip::wire::Format;
///
/// assert_eq!("openai-chat".parse::<Format>()?, Format::OpenAiChat);
/// assert_eq!(Format::of_path("/v1/messages"), Some(Format::Anthropic));
/// # Ok::<(), tightlip::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Bare text.
    Text,
    /// OpenAI Chat Completions and the many servers that imitate them.
    OpenAiChat,
    /// OpenAI Completions, the older API.
    OpenAiCompletions,
    /// OpenAI Responses.
    OpenAiResponses,
    /// OpenAI Assistants.
    OpenAiAssistants,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini, on Google AI and on Vertex.
    Gemini,
    /// Cohere Chat, versions 1 and 2.
    Cohere,
    /// Ollama's own API.
    Ollama,
    /// Text Generation Inference's own API.
    Tgi,
    /// llama.cpp's own API.
    LlamaCpp,
    /// Amazon Bedrock Converse.
    BedrockConverse,
    /// Amazon Bedrock InvokeModel and InvokeAgent: another format inside of base64.
    BedrockInvoke,
    /// The AI SDK's UI message stream, from server to browser.
    AiSdkUi,
    /// The AI SDK's data stream of version 4.
    AiSdkData,
    /// JSON of no format that is known: every string is checked.
    Json,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 16] = [
        Self::Text,
        Self::OpenAiChat,
        Self::OpenAiCompletions,
        Self::OpenAiResponses,
        Self::OpenAiAssistants,
        Self::Anthropic,
        Self::Gemini,
        Self::Cohere,
        Self::Ollama,
        Self::Tgi,
        Self::LlamaCpp,
        Self::BedrockConverse,
        Self::BedrockInvoke,
        Self::AiSdkUi,
        Self::AiSdkData,
        Self::Json,
    ];

    /// The name on the command line and in configuration files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::OpenAiChat => "openai-chat",
            Self::OpenAiCompletions => "openai-completions",
            Self::OpenAiResponses => "openai-responses",
            Self::OpenAiAssistants => "openai-assistants",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Cohere => "cohere",
            Self::Ollama => "ollama",
            Self::Tgi => "tgi",
            Self::LlamaCpp => "llamacpp",
            Self::BedrockConverse => "bedrock-converse",
            Self::BedrockInvoke => "bedrock-invoke",
            Self::AiSdkUi => "ai-sdk-ui",
            Self::AiSdkData => "ai-sdk-data",
            Self::Json => "json",
        }
    }

    /// The format that an API's path speaks, by its end. The query is not part of the path.
    pub fn of_path(path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        let found = PATHS.iter().find(|(end, _)| path.ends_with(end));
        found.map(|(_, format)| *format).or_else(|| {
            let is_run = path.contains("/threads/") || path.ends_with("/threads/runs");
            is_run.then_some(Self::OpenAiAssistants)
        })
    }
}

/// The ends of the paths; the first that fits counts.
const PATHS: &[(&str, Format)] = &[
    ("/chat/completions", Format::OpenAiChat),
    ("/completions", Format::OpenAiCompletions),
    ("/completion", Format::LlamaCpp),
    ("/responses", Format::OpenAiResponses),
    ("/messages", Format::Anthropic),
    (":streamGenerateContent", Format::Gemini),
    (":generateContent", Format::Gemini),
    (":rawPredict", Format::Anthropic),
    (":streamRawPredict", Format::Anthropic),
    ("/interactions", Format::Gemini),
    ("/api/chat", Format::Ollama),
    ("/api/generate", Format::Ollama),
    ("/v1/chat", Format::Cohere),
    ("/v2/chat", Format::Cohere),
    ("/generate_stream", Format::Tgi),
    ("/generate", Format::Tgi),
    ("/converse-stream", Format::BedrockConverse),
    ("/converse", Format::BedrockConverse),
    ("/invoke-with-response-stream", Format::BedrockInvoke),
    ("/invoke", Format::BedrockInvoke),
    ("/text", Format::BedrockInvoke),
];

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            Error::config(format!("unknown format \"{name}\"{}", did_you_mean(name, names)))
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
