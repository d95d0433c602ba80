//! What is known of each wire format: which strings are pieces of one text, which of them a person reads, and which are out of reach.

/// One wire format. A path is keys separated by dots, `[]` for any place in an array, `*` at the end for any rest; before it may stand
/// the kind of the event.
pub struct Table {
    pub format: &'static str,
    /// The text that a person reads, in pieces or whole.
    pub visible: &'static [&'static str],
    /// Other text in pieces.
    pub pieces: &'static [&'static str],
    /// JSON text in pieces: the arguments of a call.
    pub arguments: &'static [&'static str],
    /// Members that tell texts apart, besides [`PLACES`].
    pub places: &'static [&'static str],
}

/// Members that tell apart texts that come in turns.
pub const PLACES: &[&str] =
    &["index", "output_index", "content_index", "summary_index", "contentBlockIndex", "thought"];

pub fn table(format: &str) -> &'static Table {
    TABLES.iter().find(|table| table.format == format).unwrap_or_else(|| panic!("no table for {format}"))
}

pub const TABLES: &[Table] = &[
    Table { format: "text", visible: &[""], pieces: &[], arguments: &[], places: &[] },
    Table {
        format: "openai-chat",
        visible: &[
            "choices[].delta.content",
            "choices[].delta.content[].text",
            "choices[].message.content",
            "choices[].message.content[].text",
        ],
        pieces: &[
            "choices[].delta.refusal",
            "choices[].delta.reasoning",
            "choices[].delta.reasoning_content",
            "choices[].delta.reasoning_details[].text",
            "choices[].delta.reasoning_details[].summary",
            "choices[].delta.content[].thinking[].text",
            "choices[].delta.audio.transcript",
            "choices[].delta.executed_tools[].arguments",
            "choices[].delta.executed_tools[].output",
            "choices[].delta.tool_calls[].custom.input",
            "choices[].text",
        ],
        arguments: &[
            "choices[].delta.tool_calls[].function.arguments",
            "choices[].delta.function_call.arguments",
        ],
        places: &[],
    },
    Table {
        format: "openai-completions",
        visible: &["choices[].text"],
        pieces: &[],
        arguments: &[],
        places: &[],
    },
    Table {
        format: "openai-responses",
        visible: &["response.output_text.delta delta", "output[].content[].text"],
        pieces: &[
            "response.refusal.delta delta",
            "response.reasoning_text.delta delta",
            "response.reasoning_summary_text.delta delta",
            "response.custom_tool_call_input.delta delta",
            "response.code_interpreter_call_code.delta delta",
            "response.apply_patch_call_operation_diff.delta delta",
            "response.audio.transcript.delta delta",
        ],
        arguments: &[
            "response.function_call_arguments.delta delta",
            "response.mcp_call_arguments.delta delta",
        ],
        places: &[],
    },
    Table {
        format: "openai-assistants",
        visible: &["thread.message.delta delta.content[].text.value", "content[].text.value"],
        pieces: &["thread.run.step.delta delta.step_details.tool_calls[].code_interpreter.input"],
        arguments: &["thread.run.step.delta delta.step_details.tool_calls[].function.arguments"],
        places: &[],
    },
    Table {
        format: "anthropic",
        visible: &["content_block_delta delta.text", "message content[].text"],
        pieces: &["content_block_delta delta.thinking"],
        arguments: &["content_block_delta delta.partial_json"],
        places: &[],
    },
    Table {
        format: "gemini",
        visible: &["candidates[].content.parts[].text", "step.delta delta.text"],
        pieces: &[
            "step.delta delta.content.text",
            "candidates[].content.parts[].functionCall.partialArgs[].stringValue",
        ],
        arguments: &["step.delta delta.arguments"],
        places: &["jsonPath"],
    },
    Table {
        format: "cohere",
        visible: &[
            "content-delta delta.message.content.text",
            "text-generation text",
            "message.content[].text",
            "text",
        ],
        pieces: &["content-delta delta.message.content.thinking", "tool-plan-delta delta.message.tool_plan"],
        arguments: &["tool-call-delta delta.message.tool_calls.function.arguments"],
        places: &[],
    },
    Table {
        format: "ollama",
        visible: &["message.content", "response"],
        pieces: &["message.thinking", "thinking"],
        arguments: &[],
        places: &[],
    },
    Table {
        format: "tgi",
        visible: &["token.text", "generated_text", "[].generated_text"],
        pieces: &[],
        arguments: &[],
        places: &[],
    },
    Table { format: "llamacpp", visible: &["content"], pieces: &[], arguments: &[], places: &[] },
    Table {
        format: "bedrock-converse",
        visible: &["contentBlockDelta delta.text", "output.message.content[].text"],
        pieces: &["contentBlockDelta delta.reasoningContent.text"],
        arguments: &["contentBlockDelta delta.toolUse.input"],
        places: &[],
    },
    Table {
        format: "bedrock-invoke",
        visible: &[
            "chunk bytes",
            "chunk bytes.delta.text",
            "chunk bytes.contentBlockDelta.delta.text",
            "chunk bytes.generation",
            "chunk bytes.outputText",
            "chunk bytes.text",
            "chunk bytes.completion",
            "chunk bytes.outputs[].text",
            "chunk bytes.choices[].delta.content",
        ],
        pieces: &["chunk bytes.delta.thinking"],
        arguments: &["chunk bytes.delta.partial_json", "chunk bytes.contentBlockDelta.delta.toolUse.input"],
        places: &[],
    },
    Table {
        format: "ai-sdk-ui",
        visible: &["text-delta delta"],
        pieces: &["reasoning-delta delta"],
        arguments: &["tool-input-delta inputTextDelta"],
        places: &["id", "toolCallId"],
    },
    Table {
        format: "ai-sdk-data",
        visible: &["0 "],
        pieces: &["g "],
        arguments: &["c argsTextDelta"],
        places: &["toolCallId"],
    },
];

impl Table {
    pub fn is_visible(&self, kind: &str, path: &str, place: &str) -> bool {
        fits_any(self.visible, kind, path) && !place.contains("thought=true")
    }

    pub fn is_arguments(&self, kind: &str, path: &str) -> bool {
        fits_any(self.arguments, kind, path)
    }

    /// Whether the values at this path are to be joined.
    pub fn is_pieces(&self, kind: &str, path: &str) -> bool {
        fits_any(self.visible, kind, path)
            || fits_any(self.pieces, kind, path)
            || self.is_arguments(kind, path)
    }
}

fn fits_any(patterns: &[&str], kind: &str, path: &str) -> bool {
    patterns.iter().any(|pattern| fits(pattern, kind, path))
}

pub fn fits(pattern: &str, kind: &str, path: &str) -> bool {
    let wanted = match pattern.split_once(' ') {
        Some((wanted, _)) if wanted != kind => return false,
        Some((_, wanted)) => wanted,
        None => pattern,
    };
    wanted.strip_suffix('*').map_or(path == wanted, |start| path.starts_with(start))
}

/// The format of a recording.
pub fn format(provider: &str, api: &str) -> &'static str {
    match api {
        "chat" => "openai-chat",
        "completions" => "openai-completions",
        "responses" => "openai-responses",
        "assistants" => "openai-assistants",
        "messages" => "anthropic",
        "generateContent" | "interactions" => "gemini",
        "cohere-v1-chat" | "cohere-v2-chat" => "cohere",
        "ollama-chat" | "ollama-generate" => "ollama",
        "tgi-generate" => "tgi",
        "native-completion" => "llamacpp",
        "converse" | "converse-stream" => "bedrock-converse",
        "invoke-with-response-stream" | "invoke-agent" => "bedrock-invoke",
        "ui-message-stream" => "ai-sdk-ui",
        "data-stream-v1" => "ai-sdk-data",
        "text-stream" => "text",
        "error" => match provider {
            "anthropic" => "anthropic",
            "google" | "vertex" => "gemini",
            "ollama" => "ollama",
            _ => "openai-chat",
        },
        _ => panic!("no format for {provider} {api}"),
    }
}

/// Strings from which no phrase is registered: what they hold is not text, and to rewrite it would break the client. By their last key
/// (`*` at the end or beginning for any rest), and why.
pub const OUT_OF_REACH: &[(&[&str], &str)] = &[
    (
        &["id", "*_id", "*Id", "*_ids", "*ID", "*Arn", "uuid", "event_id"],
        "an identifier of the provider: clients send it back as it is",
    ),
    (
        &[
            "type",
            "event_type",
            "object",
            "role",
            "status",
            "*finish_reason",
            "finishReason",
            "*stop_reason",
            "stopReason",
            "done_reason",
            "__type",
            "language",
            "outcome",
            "severity",
            "category",
            "code",
            "action",
            "executionType",
            "invocationType",
            "toolType",
            "*Outcome",
            "format",
            "citation_type",
            "mode",
            "effort",
            "summary_type",
            "phase",
        ],
        "a word of the protocol; `code` where it is an error's, see below",
    ),
    (
        &[
            "model",
            "model*",
            "foundationModel",
            "system_fingerprint",
            "provider",
            "provider_name",
            "service_tier",
            "serviceTier",
            "version",
            "*_version",
            "agentVersion",
        ],
        "a name of the model or the service",
    ),
    (
        &[
            "signature",
            "thoughtSignature",
            "encrypted_content",
            "encrypted_index",
            "encrypted_*",
            "redactedContent",
            "page_age",
        ],
        "opaque: signed or encrypted by the provider",
    ),
    (
        &["data", "*b64*", "b64_json", "mimeType", "mime_type", "media_type", "mediaType"],
        "pixels, sound or cipher text",
    ),
    (&["obfuscation", "p", "created*", "*_at", "*At", "*Time", "createTime"], "padding or a time"),
    (
        &[
            "name",
            "toolName",
            "tool_name",
            "function",
            "caller",
            "server_label",
            "collaboratorName",
            "actionGroupName",
        ],
        "the name of a tool: the client calls it by this name",
    ),
    (
        &["url", "uri", "*Uri", "*_url", "*_uri", "source", "domain", "retrievedUrl"],
        "an address: a phrase with spaces does not stand in it",
    ),
];

/// Whether a phrase may be taken from here. `code` of a program is text; of an error it is not.
pub fn is_in_reach(kind: &str, path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path).trim_end_matches("[]");
    let is_program = last == "code" && (path.contains("executableCode") || kind.contains("code_interpreter"))
        || kind == "2"
        || kind.starts_with("data-");
    let is_out = |pattern: &&str| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(inner), Some(_)) => last.contains(inner.trim_end_matches('*')),
        (Some(end), None) => last.ends_with(end),
        (None, Some(start)) => last.starts_with(start),
        (None, None) => last == *pattern,
    };
    is_program || !OUT_OF_REACH.iter().any(|(patterns, _)| patterns.iter().any(is_out))
}
