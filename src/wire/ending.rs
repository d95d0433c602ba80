//! How a stopped response ends: the provider's own way, in a form that its clients read.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::format::Format;
use super::frame::Frame;

/// Whether the end of a stopped response says again what it has said.
pub(super) fn keeps_what_is_said(format: Format) -> bool {
    matches!(format, Format::OpenAiResponses | Format::Tgi | Format::OpenAiAssistants)
}

/// What of a stream has to be known to end it.
#[derive(Default)]
pub(super) struct Ending {
    /// An event of the stream, for its framing.
    frame: Option<Frame<'static>>,
    /// Something has left.
    began: bool,
    /// The payload that left last.
    last: String,
    /// Blocks that are open, with what opened them.
    open: BTreeMap<u64, Value>,
    /// One more than the last block there was.
    next: u64,
    /// OpenAI Responses: the response as it was announced, what is complete of it, and the open part's text.
    response: Value,
    items: Vec<Value>,
    /// OpenAI Assistants: the message as it was announced.
    message: Value,
    said: String,
}

impl Ending {
    /// The stream is framed as this event is, of which nothing else is known.
    pub(super) fn begins(&mut self, frame: &Frame<'_>) {
        self.frame.get_or_insert_with(|| frame.named(None));
    }

    /// An event came.
    pub(super) fn came(&mut self, frame: &Frame<'_>) {
        if !self.frame.as_ref().is_some_and(|last| last.is_like(frame)) {
            self.frame = Some(frame.like());
        }
    }

    /// An event left that is of the type of the last one, and says the same but for its text, of which this may be more than what left, and what it says of
    /// itself. Nobody asks for the text.
    pub(super) fn sent_again(&mut self, payload: &str) {
        self.last.clear();
        self.last.push_str(payload);
    }

    /// An event left, as this payload.
    pub(super) fn sent(&mut self, format: Format, of: &str, payload: &str) {
        self.began = true;
        self.sent_again(payload);
        let parse = || serde_json::from_str::<Value>(payload).unwrap_or_default();
        match (format, of) {
            (Format::Anthropic | Format::BedrockInvoke, "content_block_start") => {
                self.opened(&parse(), "index")
            }
            (Format::Anthropic | Format::BedrockInvoke, "content_block_stop") => {
                self.closed(&parse(), "index")
            }
            (Format::Cohere, "content-start" | "tool-call-start") => self.opened(&parse(), "index"),
            (Format::Cohere, "content-end" | "tool-call-end") => self.closed(&parse(), "index"),
            (Format::BedrockConverse, "contentBlockStart" | "contentBlockDelta") => {
                self.opened(&parse(), "contentBlockIndex");
            }
            (Format::BedrockConverse, "contentBlockStop") => self.closed(&parse(), "contentBlockIndex"),
            (Format::AiSdkUi, "text-start" | "reasoning-start" | "text-end" | "reasoning-end") => {
                let value = parse();
                let id = value["id"].as_str().unwrap_or_default();
                let place = u64::from(xxhash_rust::xxh3::xxh3_64(id.as_bytes()) as u32);
                if of.ends_with("start") {
                    self.open.insert(place, value);
                } else {
                    self.open.remove(&place);
                }
            }
            (Format::Gemini, "step.start" | "content.start") => self.opened(&parse(), "index"),
            (Format::Gemini, "step.stop" | "content.stop") => self.closed(&parse(), "index"),
            (Format::OpenAiResponses, "response.created" | "response.in_progress" | "response.queued") => {
                self.response = parse()["response"].take();
            }
            (Format::OpenAiResponses, "response.output_item.added") => self.opened(&parse(), "output_index"),
            (Format::OpenAiResponses, "response.output_item.done") => {
                let mut value = parse();
                self.closed(&value, "output_index");
                self.items.push(value["item"].take());
            }
            (Format::OpenAiResponses, "response.content_part.added") => self.said.clear(),
            (
                Format::OpenAiAssistants,
                "thread.run.created" | "thread.run.queued" | "thread.run.in_progress",
            ) => {
                self.response = parse();
            }
            (Format::OpenAiAssistants, "thread.message.created" | "thread.message.in_progress") => {
                self.message = parse();
                self.said.clear();
            }
            _ => {}
        }
    }

    /// Something has left.
    pub(super) fn began(&self) -> bool {
        self.began
    }

    /// Text left in the channel that readers see, of a format that says it again in the end.
    pub(super) fn said(&mut self, text: &str) {
        self.said.push_str(text);
    }

    fn opened(&mut self, value: &Value, index: &str) {
        let place = value[index].as_u64().unwrap_or_default();
        self.next = self.next.max(place + 1);
        if !self.open.contains_key(&place) || value.get("content_block").is_some() {
            self.open.insert(place, value.clone());
        }
    }

    fn closed(&mut self, value: &Value, index: &str) {
        self.open.remove(&value[index].as_u64().unwrap_or_default());
    }

    /// Writes the end of a stream: `message` as the last of its visible text, and what the provider sends when its own filter has stopped a
    /// response.
    pub(super) fn write(&mut self, format: Format, message: &str, choices: &[u32], out: &mut Vec<u8>) {
        let mut events = if self.began { Vec::new() } else { beginning(format) };
        events.extend(self.events(format, message, choices));
        let Some(frame) = &self.frame else { return };
        for (name, payload) in events {
            let payload = if format == Format::BedrockInvoke { wrapped(&payload) } else { payload };
            let is_unnamed =
                name.is_none() && !payload.starts_with("[DONE]") && frame.name.as_deref() != Some("error");
            let like = if is_unnamed { frame.like() } else { frame.named(name) };
            like.write_next(payload.as_bytes(), self.began, out);
            self.began = true;
        }
        frame.write_close(out);
    }

    /// The members of the last event that every event has.
    fn envelope(&self, names: &[&str]) -> Map<String, Value> {
        let last: Value = serde_json::from_str(&self.last).unwrap_or_default();
        names
            .iter()
            .filter_map(|name| last.get(*name).map(|value| ((*name).to_owned(), value.clone())))
            .collect()
    }

    fn events(&self, format: Format, message: &str, choices: &[u32]) -> Vec<(Option<&'static str>, String)> {
        let first = choices.first().copied().unwrap_or_default();
        let plain = |value: Value| (None, value.to_string());
        let named = |name: &'static str, value: Value| (Some(name), value.to_string());
        let with = |mut envelope: Map<String, Value>, value: Value| {
            if let Value::Object(members) = value {
                envelope.extend(members);
            }
            Value::Object(envelope)
        };
        match format {
            Format::OpenAiChat => {
                let envelope = self.envelope(&["id", "object", "created", "model", "system_fingerprint"]);
                let chunk = |index: u32, delta: Value, reason: Value| {
                    let choice = json!([{"index": index, "delta": delta, "finish_reason": reason}]);
                    plain(with(envelope.clone(), json!({"choices": choice})))
                };
                let mut events = vec![chunk(first, json!({"content": message}), Value::Null)];
                let all = if choices.is_empty() { &[0] } else { choices };
                events.extend(all.iter().map(|index| chunk(*index, json!({}), json!("content_filter"))));
                events.push((None, "[DONE]".into()));
                events
            }
            Format::OpenAiCompletions => {
                let envelope = self.envelope(&["id", "object", "created", "model", "system_fingerprint"]);
                let chunk = |index: u32, text: &str, reason: Value| {
                    let choice =
                        json!([{"index": index, "text": text, "logprobs": null, "finish_reason": reason}]);
                    plain(with(envelope.clone(), json!({"choices": choice})))
                };
                let mut events = vec![chunk(first, message, Value::Null)];
                let all = if choices.is_empty() { &[0] } else { choices };
                events.extend(all.iter().map(|index| chunk(*index, "", json!("content_filter"))));
                events.push((None, "[DONE]".into()));
                events
            }
            Format::OpenAiResponses => self.responses(message),
            Format::OpenAiAssistants => {
                let last = self.envelope(&["id", "object"]);
                let id =
                    last.get("id").filter(|_| last.get("object") == Some(&json!("thread.message.delta")));
                let id = id.cloned().unwrap_or(json!("msg_stopped"));
                let content =
                    json!([{"index": 0, "type": "text", "text": {"value": message, "annotations": []}}]);
                let delta =
                    json!({"id": id, "object": "thread.message.delta", "delta": {"content": content}});
                let said = format!("{}{message}", self.said);
                let mut ended = self.message.clone();
                ended["id"] = id;
                ended["object"] = json!("thread.message");
                ended["status"] = json!("incomplete");
                ended["incomplete_details"] = json!({"reason": "content_filter"});
                ended["content"] = json!([{"type": "text", "text": {"value": said, "annotations": []}}]);
                let mut run = self.response.clone();
                run["object"] = json!("thread.run");
                run["status"] = json!("incomplete");
                run["incomplete_details"] = json!({"reason": "content_filter"});
                vec![
                    named("thread.message.delta", delta),
                    named("thread.message.incomplete", ended),
                    named("thread.run.incomplete", run),
                    (Some("done"), "[DONE]".into()),
                ]
            }
            Format::Anthropic => {
                self.anthropic(message).into_iter().map(|(name, value)| named(name, value)).collect()
            }
            Format::Gemini if self.last.contains("\"event_type\"") => self.interaction(message),
            Format::Gemini => {
                let envelope = self.envelope(&["modelVersion", "responseId", "createTime"]);
                let content = json!({"parts": [{"text": message}], "role": "model"});
                let candidate = json!([{"content": content, "finishReason": "SPII", "index": first}]);
                vec![plain(with(envelope, json!({"candidates": candidate})))]
            }
            Format::Cohere if !self.last.contains("\"type\"") => {
                let response = json!({"text": message, "finish_reason": "ERROR_TOXIC"});
                vec![
                    plain(json!({"is_finished": false, "event_type": "text-generation", "text": message})),
                    plain(
                        json!({"is_finished": true, "event_type": "stream-end", "finish_reason": "ERROR_TOXIC", "response": response}),
                    ),
                ]
            }
            Format::Cohere => {
                let mut events = Vec::new();
                let is_text = |block: &Value| {
                    block["type"] == "content-start"
                        && block["delta"]["message"]["content"]["type"] != "thinking"
                };
                let place = self.open.iter().find(|(_, block)| is_text(block)).map(|(place, _)| *place);
                for (other, block) in self.open.iter().filter(|(other, _)| Some(**other) != place) {
                    let name =
                        if block["type"] == "tool-call-start" { "tool-call-end" } else { "content-end" };
                    events.push(named(name, json!({"type": name, "index": other})));
                }
                let index = place.unwrap_or(self.next);
                if place.is_none() {
                    let content = json!({"message": {"content": {"type": "text", "text": ""}}});
                    events.push(named(
                        "content-start",
                        json!({"type": "content-start", "index": index, "delta": content}),
                    ));
                }
                let content = json!({"message": {"content": {"text": message}}});
                events.push(named(
                    "content-delta",
                    json!({"type": "content-delta", "index": index, "delta": content}),
                ));
                events.push(named("content-end", json!({"type": "content-end", "index": index})));
                let delta = json!({"finish_reason": "ERROR", "error": "content filtered", "usage": {}});
                events.push(named("message-end", json!({"type": "message-end", "delta": delta})));
                events
            }
            Format::Ollama => {
                let envelope = self.envelope(&["model", "created_at"]);
                let is_generate = self.last.contains("\"response\"");
                let line = |text: &str, done: bool| {
                    let said = if is_generate {
                        json!({"response": text, "done": done})
                    } else {
                        json!({"message": {"role": "assistant", "content": text}, "done": done})
                    };
                    let mut line = with(envelope.clone(), said);
                    if done {
                        line["done_reason"] = json!("stop");
                    }
                    plain(line)
                };
                vec![line(message, false), line("", true)]
            }
            Format::Tgi => {
                let index =
                    self.envelope(&["index"]).get("index").and_then(Value::as_u64).unwrap_or_default() + 1;
                let token = json!({"id": 0, "text": message, "logprob": 0.0, "special": false});
                let details =
                    json!({"finish_reason": "stop_sequence", "generated_tokens": index, "seed": null});
                vec![plain(
                    json!({"index": index, "token": token, "generated_text": format!("{}{message}", self.said), "details": details}),
                )]
            }
            Format::LlamaCpp => {
                vec![
                    plain(json!({"index": 0, "content": message, "stop": false})),
                    plain(
                        json!({"index": 0, "content": "", "stop": true, "stop_type": "word", "stopping_word": ""}),
                    ),
                ]
            }
            Format::BedrockConverse => {
                let mut events = Vec::new();
                let is_text = |block: &Value| block["delta"].get("text").is_some();
                let place = self.open.iter().find(|(_, block)| is_text(block)).map(|(place, _)| *place);
                let stop = |place: &u64| named("contentBlockStop", json!({"contentBlockIndex": place}));
                events.extend(self.open.keys().filter(|other| Some(**other) != place).map(stop));
                let index = place.unwrap_or(self.next);
                let delta = json!({"contentBlockIndex": index, "delta": {"text": message}});
                events.push(named("contentBlockDelta", delta));
                events.push(stop(&index));
                events.push(named("messageStop", json!({"stopReason": "content_filtered"})));
                events
            }
            Format::BedrockInvoke => {
                self.invoke(message).into_iter().map(|value| (Some("chunk"), value)).collect()
            }
            Format::AiSdkUi => {
                let mut events = Vec::new();
                let text = self.open.values().find(|block| block["type"] == "text-start");
                let id = text.map_or(json!("stopped"), |block| block["id"].clone());
                for block in self.open.values().filter(|block| block["id"] != id) {
                    events.push(plain(json!({"type": "reasoning-end", "id": block["id"]})));
                }
                if text.is_none() {
                    events.push(plain(json!({"type": "text-start", "id": id})));
                }
                events.push(plain(json!({"type": "text-delta", "id": id, "delta": message})));
                events.push(plain(json!({"type": "text-end", "id": id})));
                events.push(plain(json!({"type": "finish-step"})));
                events.push(plain(json!({"type": "finish", "finishReason": "content-filter"})));
                events.push((None, "[DONE]".into()));
                events
            }
            Format::AiSdkData => {
                let finish = json!({"finishReason": "content-filter", "usage": {"promptTokens": 0, "completionTokens": 0}});
                let mut step = finish.clone();
                step["isContinued"] = json!(false);
                vec![named("0", json!(message)), named("e", step), named("d", finish)]
            }
            Format::Json | Format::Text => vec![plain(json!({"message": message}))],
        }
    }

    fn anthropic(&self, message: &str) -> Vec<(&'static str, Value)> {
        let mut events = Vec::new();
        let is_text = |block: &Value| block["content_block"]["type"] == "text";
        let place = self.open.iter().find(|(_, block)| is_text(block)).map(|(place, _)| *place);
        let stop =
            |index: &u64| ("content_block_stop", json!({"type": "content_block_stop", "index": index}));
        events.extend(self.open.keys().filter(|other| Some(**other) != place).map(stop));
        let index = place.unwrap_or(self.next);
        if place.is_none() {
            let block = json!({"type": "text", "text": ""});
            events.push((
                "content_block_start",
                json!({"type": "content_block_start", "index": index, "content_block": block}),
            ));
        }
        let delta = json!({"type": "text_delta", "text": message});
        events.push((
            "content_block_delta",
            json!({"type": "content_block_delta", "index": index, "delta": delta}),
        ));
        events.push(stop(&index));
        let delta = json!({"stop_reason": "refusal", "stop_sequence": null});
        events.push((
            "message_delta",
            json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 0}}),
        ));
        events.push(("message_stop", json!({"type": "message_stop"})));
        events
    }

    /// Gemini's Interactions: the open step ends, then the interaction does.
    fn interaction(&self, message: &str) -> Vec<(Option<&'static str>, String)> {
        let open = self.open.iter().next_back().filter(|(_, block)| block["step"]["type"] != "thought");
        let index = open.map_or(self.next, |(index, _)| *index);
        let mut events = Vec::new();
        let mut event = |name: &'static str, value: Value| {
            let mut value = value;
            value["event_type"] = json!(name);
            events.push((Some(name), value.to_string()));
        };
        for other in self.open.keys().filter(|other| **other != index) {
            event("step.stop", json!({"index": other}));
        }
        if open.is_none() {
            event("step.start", json!({"index": index, "step": {"type": "model_output"}}));
        }
        event("step.delta", json!({"index": index, "delta": {"type": "text", "text": message}}));
        event("step.stop", json!({"index": index}));
        let id = self.envelope(&["interaction_id"]).remove("interaction_id").unwrap_or_default();
        event(
            "interaction.completed",
            json!({"interaction": {"id": id, "object": "interaction", "status": "incomplete"}}),
        );
        events.push((Some("done"), "[DONE]".into()));
        events
    }

    /// What the family of models says by itself.
    fn invoke(&self, message: &str) -> Vec<String> {
        let last: Value = serde_json::from_str(&self.last).unwrap_or_default();
        let has = |member: &str| last.get(member).is_some();
        let events: Vec<Value> = if has("type") {
            self.anthropic(message).into_iter().map(|(_, value)| value).collect()
        } else if has("generation") {
            vec![json!({"generation": message, "stop_reason": "stop"})]
        } else if has("outputText") {
            vec![json!({"outputText": message, "index": 0, "completionReason": "CONTENT_FILTERED"})]
        } else if has("outputs") {
            vec![json!({"outputs": [{"text": message, "stop_reason": "stop"}]})]
        } else if has("completion") {
            vec![json!({"completion": message, "stop_reason": "stop_sequence"})]
        } else if has("choices") {
            let delta = json!({"role": "assistant", "content": message});
            vec![json!({"choices": [{"index": 0, "delta": delta, "finish_reason": "content_filter"}]})]
        } else if last.is_object() && !has("text") {
            vec![
                json!({"contentBlockDelta": {"delta": {"text": message}, "contentBlockIndex": 0}}),
                json!({"contentBlockStop": {"contentBlockIndex": 0}}),
                json!({"messageStop": {"stopReason": "content_filtered"}}),
            ]
        } else if last.is_object() {
            vec![json!({"text": message, "is_finished": true, "finish_reason": "ERROR_TOXIC"})]
        } else {
            return vec![message.to_owned()];
        };
        let last = events.len().saturating_sub(1);
        let said = events.into_iter().enumerate().map(|(at, mut event)| {
            if at == last && !has("type") {
                event["amazon-bedrock-guardrailAction"] = json!("INTERVENED");
            }
            event.to_string()
        });
        said.collect()
    }

    /// The parts and items that are open end, then the response does.
    fn responses(&self, message: &str) -> Vec<(Option<&'static str>, String)> {
        let last: Value = serde_json::from_str(&self.last).unwrap_or_default();
        let mut number = last["sequence_number"].as_i64().map_or(i64::from(!self.began), |number| number + 1);
        let mut events = Vec::new();
        let mut event = |name: &'static str, mut value: Value| {
            value["type"] = json!(name);
            value["sequence_number"] = json!(number);
            number += 1;
            events.push((Some(name), value.to_string()));
        };
        let mut items = self.items.clone();
        let is_message = |block: &&Value| block["item"]["type"] == "message";
        for (index, block) in self.open.iter().filter(|(_, block)| !is_message(block)) {
            let mut item = block["item"].clone();
            item["status"] = json!("incomplete");
            event("response.output_item.done", json!({"output_index": index, "item": item}));
            items.push(item);
        }
        let open = self.open.iter().next_back().filter(|(_, block)| block["item"]["type"] == "message");
        let (index, id) = match open {
            Some((index, block)) => (*index, block["item"]["id"].clone()),
            None => (self.next, json!("msg_stopped")),
        };
        let said = if open.is_some() { format!("{}{message}", self.said) } else { message.to_owned() };
        let part =
            |text: &str| json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
        let item = |status: &str, content: Value| json!({"id": id, "type": "message", "role": "assistant", "status": status, "content": content});
        let place = json!({"item_id": id, "output_index": index, "content_index": 0});
        let at = |extra: Value| {
            let mut value = place.clone();
            for (name, member) in extra.as_object().into_iter().flatten() {
                value[name] = member.clone();
            }
            value
        };
        if open.is_none() {
            event(
                "response.output_item.added",
                json!({"output_index": index, "item": item("in_progress", json!([]))}),
            );
        }
        if open.is_none() || self.said.is_empty() && !self.last.contains("content_index") {
            event("response.content_part.added", at(json!({"part": part("")})));
        }
        event("response.output_text.delta", at(json!({"delta": message, "logprobs": []})));
        event("response.output_text.done", at(json!({"text": said, "logprobs": []})));
        event("response.content_part.done", at(json!({"part": part(&said)})));
        let done = item("incomplete", json!([part(&said)]));
        event("response.output_item.done", json!({"output_index": index, "item": done}));
        items.push(done);
        let mut response = self.response.clone();
        if response.is_null() {
            response = json!({"id": "resp_stopped", "object": "response", "created_at": 0, "model": "", "parallel_tool_calls": true,
                "tool_choice": "auto", "tools": []});
        }
        response["status"] = json!("incomplete");
        response["incomplete_details"] = json!({"reason": "content_filter"});
        response["output"] = Value::Array(items);
        event("response.incomplete", json!({"response": response}));
        events
    }
}

/// What clients want to see first, for a response that is stopped before anything of it has left.
fn beginning(format: Format) -> Vec<(Option<&'static str>, String)> {
    let (name, value) = match format {
        Format::Anthropic => {
            let usage = json!({"input_tokens": 0, "output_tokens": 0});
            let message = json!({"id": "msg_stopped", "type": "message", "role": "assistant", "model": "", "content": [],
                "stop_reason": null, "stop_sequence": null, "usage": usage});
            ("message_start", json!({"type": "message_start", "message": message}))
        }
        Format::OpenAiResponses => {
            let response = json!({"id": "resp_stopped", "object": "response", "created_at": 0, "model": "", "status": "in_progress",
                "output": [], "parallel_tool_calls": true, "tool_choice": "auto", "tools": []});
            (
                "response.created",
                json!({"type": "response.created", "sequence_number": 0, "response": response}),
            )
        }
        Format::Cohere => {
            let message = json!({"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []});
            (
                "message-start",
                json!({"id": "stopped", "type": "message-start", "delta": {"message": message}}),
            )
        }
        Format::BedrockConverse => ("messageStart", json!({"role": "assistant"})),
        _ => return Vec::new(),
    };
    vec![(Some(name), value.to_string())]
}

/// A payload as Bedrock's InvokeModel sends it.
fn wrapped(payload: &str) -> String {
    use base64::Engine;
    json!({"bytes": base64::engine::general_purpose::STANDARD.encode(payload)}).to_string()
}

/// A body that is not streamed, in place of one that was stopped: what was said before, and the message.
pub(super) fn whole(format: Format, payload: &str, said: &str) -> String {
    let original: Value = serde_json::from_str(payload).unwrap_or_default();
    let has = |member: &str| original.get(member).is_some();
    let names = [
        "id",
        "object",
        "created",
        "created_at",
        "model",
        "type",
        "role",
        "system_fingerprint",
        "modelVersion",
        "responseId",
        "response_id",
        "generation_id",
    ];
    let mut body = Map::new();
    for name in names {
        if let Some(value) = original.get(name).filter(|value| !value.is_object() && !value.is_array()) {
            body.insert(name.into(), value.clone());
        }
    }
    let rest = match format {
        Format::OpenAiChat => {
            let message = json!({"role": "assistant", "content": said, "refusal": null});
            json!({"choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": "content_filter"}]})
        }
        Format::OpenAiCompletions => {
            json!({"choices": [{"index": 0, "text": said, "logprobs": null, "finish_reason": "content_filter"}]})
        }
        Format::OpenAiResponses => {
            let part = json!({"type": "output_text", "text": said, "annotations": []});
            let item = json!({"id": "msg_stopped", "type": "message", "role": "assistant", "status": "incomplete", "content": [part]});
            json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}, "error": null, "output": [item],
                "parallel_tool_calls": true, "tool_choice": "auto", "tools": []})
        }
        Format::OpenAiAssistants => {
            json!({"content": [{"type": "text", "text": {"value": said, "annotations": []}}]})
        }
        Format::Anthropic => anthropic_body(said),
        Format::Gemini => {
            let content = json!({"parts": [{"text": said}], "role": "model"});
            json!({"candidates": [{"content": content, "finishReason": "SPII", "index": 0}]})
        }
        Format::Cohere if has("text") => json!({"text": said, "finish_reason": "ERROR_TOXIC"}),
        Format::Cohere => {
            json!({"finish_reason": "ERROR", "message": {"role": "assistant", "content": [{"type": "text", "text": said}]}})
        }
        Format::Ollama if has("response") => json!({"response": said, "done": true, "done_reason": "stop"}),
        Format::Ollama => {
            json!({"message": {"role": "assistant", "content": said}, "done": true, "done_reason": "stop"})
        }
        Format::Tgi if original.is_array() => return json!([{"generated_text": said}]).to_string(),
        Format::Tgi => json!({"generated_text": said}),
        Format::LlamaCpp => json!({"content": said, "stop": true, "stop_type": "word"}),
        Format::BedrockConverse => converse_body(said),
        Format::BedrockInvoke if has("generation") => json!({"generation": said, "stop_reason": "stop"}),
        Format::BedrockInvoke if has("results") => {
            json!({"results": [{"outputText": said, "completionReason": "CONTENT_FILTERED"}]})
        }
        Format::BedrockInvoke if has("outputs") => {
            json!({"outputs": [{"text": said, "stop_reason": "stop"}]})
        }
        Format::BedrockInvoke if has("completion") => {
            json!({"completion": said, "stop_reason": "stop_sequence"})
        }
        Format::BedrockInvoke if has("choices") => {
            json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "content_filter"}]})
        }
        Format::BedrockInvoke if has("output") => converse_body(said),
        Format::BedrockInvoke => anthropic_body(said),
        Format::AiSdkUi | Format::AiSdkData | Format::Json | Format::Text => json!({"message": said}),
    };
    if let Value::Object(members) = rest {
        body.extend(members);
    }
    Value::Object(body).to_string()
}

fn anthropic_body(said: &str) -> Value {
    json!({"type": "message", "role": "assistant", "content": [{"type": "text", "text": said}], "stop_reason": "refusal",
        "stop_sequence": null, "usage": {"input_tokens": 0, "output_tokens": 0}})
}

fn converse_body(said: &str) -> Value {
    json!({"output": {"message": {"role": "assistant", "content": [{"text": said}]}}, "stopReason": "content_filtered",
        "usage": {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}, "metrics": {"latencyMs": 0}})
}
