//! Telling formats by their bytes, where nothing else says what they are.

use serde_json::Value;

use super::format::Format;
use super::framing::Framing;

/// More bytes than this are not waited for.
const ENOUGH: usize = 64 << 10;

/// What a body is, by its first bytes; `None` if more are needed. What is known already stays.
pub(super) fn detect(
    bytes: &[u8],
    ends: bool,
    format: Option<Format>,
    framing: Option<Framing>,
) -> Option<(Format, Framing)> {
    if let (Some(format), Some(framing)) = (format, framing)
        && !(framing == Framing::Json && format == Format::Gemini)
        && (framing != Framing::Text || matches!(format, Format::Text | Format::Json))
    {
        return Some((format, framing));
    }
    let ends = ends || bytes.len() >= ENOUGH;
    if let (Some(Framing::Text), Some(format)) = (framing, format) {
        // Clients of a provider read its events whatever they are called: only what looks like none is bare text.
        let is_json =
            bytes.trim_ascii_start().starts_with(b"{") || bytes.trim_ascii_start().starts_with(b"[");
        return Some(match cut(bytes, ends, Some(format))? {
            Framing::Json if !is_json => (Format::Text, Framing::Text),
            found => (format, found),
        });
    }
    let found = framing.filter(|framing| *framing != Framing::Json).or_else(|| cut(bytes, ends, format))?;
    let found = match (framing, found) {
        (Some(Framing::Json), Framing::JsonArray) => found,
        (Some(framing), _) => framing,
        (None, found) => found,
    };
    let format = match format {
        Some(format) => format,
        None => speech(bytes, ends, found)?,
    };
    Some((format, found))
}

/// How the body is cut.
fn cut(bytes: &[u8], ends: bool, format: Option<Format>) -> Option<Framing> {
    if format == Some(Format::Text) {
        return Some(Framing::Text);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let begun = bytes.trim_ascii_start();
    let Some(first) = begun.first() else {
        return ends.then_some(if format.is_none() { Framing::Text } else { Framing::Ndjson });
    };
    match first {
        0 => Some(Framing::EventStream),
        b'{' => value(begun, ends, format),
        b'[' => {
            let is_gemini = |begun: &[u8]| {
                let has = |name: &str| begun.windows(name.len()).any(|window| window == name.as_bytes());
                has("\"candidates\"")
                    || has("\"usageMetadata\"")
                    || has("\"promptFeedback\"")
                    || has("\"error\"")
            };
            match format {
                Some(Format::Gemini) => Some(Framing::JsonArray),
                None if is_gemini(begun) => Some(Framing::JsonArray),
                None if !ends && begun.len() < 512 => None,
                _ => Some(Framing::Json),
            }
        }
        _ => {
            let fields: [&[u8]; 5] = [b"data:", b"event:", b"retry:", b"id:", b":"];
            if fields.iter().any(|field| begun.starts_with(field)) {
                return Some(Framing::Sse);
            }
            if !ends && fields.iter().any(|field| field.starts_with(begun)) {
                return None;
            }
            let is_coded = matches!(format, None | Some(Format::AiSdkData)) && first.is_ascii_alphanumeric();
            match begun {
                [_, b':', b'"' | b'{' | b'[', ..] if is_coded => Some(Framing::DataStream),
                [_] | [_, b':'] if is_coded && !ends => None,
                _ if format == Some(Format::AiSdkData) => Some(Framing::DataStream),
                _ => Some(if format.is_none() { Framing::Text } else { Framing::Json }),
            }
        }
    }
}

/// One value, or one per line.
fn value(begun: &[u8], ends: bool, format: Option<Format>) -> Option<Framing> {
    let line = memchr::memchr(b'\n', begun).unwrap_or(begun.len());
    let first: Result<Value, _> = serde_json::from_slice(&begun[..line]);
    let Ok(first) = first else {
        // The value takes several lines, or has not ended.
        return (ends || line < begun.len()).then_some(Framing::Json);
    };
    let streams = matches!(format, None | Some(Format::Ollama | Format::Cohere | Format::LlamaCpp));
    if streams && (first["done"] == false || first.get("event_type").is_some() || first["stop"] == false) {
        return Some(Framing::Ndjson);
    }
    let rest = begun[line..].trim_ascii();
    match (rest.is_empty(), ends) {
        (false, _) => Some(Framing::Ndjson),
        (true, true) => Some(Framing::Json),
        (true, false) => None,
    }
}

/// Whose words these are.
fn speech(bytes: &[u8], ends: bool, framing: Framing) -> Option<Format> {
    let first = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    match framing {
        Framing::Text => Some(Format::Text),
        Framing::DataStream => Some(Format::AiSdkData),
        Framing::JsonArray => Some(Format::Gemini),
        Framing::EventStream => {
            let has = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
            if has(b"\x05chunk") || has(b"\x00chunk") || has(b"trace") {
                Some(Format::BedrockInvoke)
            } else if has(b":event-type") || ends {
                Some(Format::BedrockConverse)
            } else {
                None
            }
        }
        Framing::Json => match first(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)) {
            Some(value) => Some(of_value(&value).unwrap_or(Format::Json)),
            None if ends => Some(Format::Json),
            None => None,
        },
        Framing::Ndjson => {
            let line = bytes.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
            Some(first(line).and_then(|value| of_value(&value)).unwrap_or(Format::Json))
        }
        Framing::Sse => {
            let text = String::from_utf8_lossy(bytes);
            let text = text.trim_start_matches('\u{feff}');
            // Only whole lines.
            let whole = if ends { text } else { &text[..text.rfind(['\n', '\r']).unwrap_or(0)] };
            let payloads = whole.split(['\n', '\r']).filter_map(|line| line.strip_prefix("data:"));
            let mut values = payloads.filter_map(|payload| first(payload.trim().as_bytes()));
            values.find_map(|value| of_value(&value)).or(ends.then_some(Format::Json))
        }
    }
}

/// Whose words a value is; `None` if nothing tells.
fn of_value(value: &Value) -> Option<Format> {
    let value = if value.is_array() { &value[0] } else { value };
    let has = |name: &str| value.get(name).is_some();
    let text = |name: &str| value[name].as_str().unwrap_or_default();
    let (kind, object, event) = (text("type"), text("object"), text("event_type"));
    let starts = |name: &str, with: &[&str]| with.iter().any(|start| name.starts_with(start));
    Some(if starts(kind, &["response."]) || object == "response" {
        Format::OpenAiResponses
    } else if starts(object, &["thread", "list"]) && !has("choices") {
        Format::OpenAiAssistants
    } else if starts(kind, &["message_", "content_block_", "ping"])
        || (kind == "message" && has("content"))
        || (kind == "error" && has("error"))
    {
        Format::Anthropic
    } else if starts(event, &["interaction", "step.", "content."])
        || ["candidates", "promptFeedback", "usageMetadata", "modelVersion"].into_iter().any(has)
        || object == "interaction"
    {
        Format::Gemini
    } else if starts(object, &["chat.completion"]) {
        Format::OpenAiChat
    } else if object == "text_completion" || value["choices"][0].get("text").is_some() {
        Format::OpenAiCompletions
    } else if has("choices") {
        Format::OpenAiChat
    } else if starts(
        kind,
        &[
            "message-",
            "content-start",
            "content-delta",
            "content-end",
            "tool-plan",
            "tool-call-",
            "citation-",
        ],
    ) || starts(event, &["stream-", "text-generation", "tool-calls", "search-", "citation-"])
        || (has("finish_reason") && value["message"]["content"].is_array())
        || (has("generation_id") && has("text"))
    {
        Format::Cohere
    } else if has("token") || has("generated_text") {
        Format::Tgi
    } else if has("content") && (has("stop") || has("tokens_predicted")) {
        Format::LlamaCpp
    } else if has("model") && (has("created_at") || has("done")) {
        Format::Ollama
    } else if starts(
        kind,
        &["start", "text-", "reasoning", "tool-input", "tool-output", "finish", "source-", "data-", "abort"],
    ) {
        Format::AiSdkUi
    } else if has("stopReason") && has("output") && has("metrics") {
        Format::BedrockConverse
    } else if ["generation", "results", "outputs", "completion"].into_iter().any(has) || has("stopReason") {
        Format::BedrockInvoke
    } else if has("error") {
        Format::OpenAiChat
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_told_by_their_bytes() {
        let cases = [
            (
                "data: {\"object\":\"chat.completion.chunk\",\"choices\":[]}\n\n",
                Format::OpenAiChat,
                Framing::Sse,
            ),
            (": hello\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\n", Format::Anthropic, Framing::Sse),
            ("{\"model\":\"m\",\"created_at\":\"x\",\"done\":false}\n", Format::Ollama, Framing::Ndjson),
            ("{\"model\":\"m\",\"created_at\":\"x\",\"done\":true}", Format::Ollama, Framing::Json),
            ("[{\"candidates\":[]}]", Format::Gemini, Framing::JsonArray),
            ("[{\"generated_text\":\"x\"}]", Format::Tgi, Framing::Json),
            ("0:\"Hello\"\n", Format::AiSdkData, Framing::DataStream),
            ("Hello, data: x", Format::Text, Framing::Text),
            ("{\n  \"type\": \"message\",\n  \"content\": []\n}\n", Format::Anthropic, Framing::Json),
            ("{\"what\":1}\n{\"what\":2}\n", Format::Json, Framing::Ndjson),
            ("", Format::Text, Framing::Text),
        ];
        for (body, format, framing) in cases {
            let bytes = body.as_bytes();
            assert_eq!(detect(bytes, true, None, None), Some((format, framing)), "{body}");
            let sooner = (0..bytes.len()).filter_map(|end| detect(&bytes[..end], false, None, None));
            for found in sooner {
                assert_eq!(found, (format, framing), "{body}");
            }
        }
    }
}
