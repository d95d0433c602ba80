//! How each provider ends a response that a filter of content stopped.

use std::collections::BTreeMap;

use super::frames::{Event, Framing};
use super::json::Json;

/// Values of Gemini's `finishReason` that say that a filter stopped it.
const GEMINI: &[&str] =
    &["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "LANGUAGE", "OTHER"];

/// What is wrong with the ending of a stopped response, if anything.
pub fn stopped(format: &str, events: &[Event], framing: Framing) -> Result<(), String> {
    if framing == Framing::Json {
        return whole(format, events.first().and_then(Event::json).ok_or("no body")?);
    }
    if format == "text" {
        return Ok(()); // it just ends
    }
    let first = events.first().map(Event::kind).unwrap_or_default();
    let begins = match format {
        "openai-responses" => Some("response.created"),
        "anthropic" => Some("message_start"),
        _ => None,
    };
    expect(begins.is_none_or(|begins| first == begins), || {
        format!("{begins:?} at the beginning, not {first}")
    })?;
    let last = events.iter().rev().find_map(Event::json).ok_or("no event")?;
    let is_done = events.last().is_some_and(Event::is_done_mark);
    let all = |path: &str| -> Vec<String> {
        events.iter().filter_map(|event| event.json()?.at(path)?.scalar()).collect()
    };
    match format {
        "openai-chat" | "openai-completions" => {
            chat(events)?;
            expect(is_done, || "[DONE] at the end".to_owned())
        }
        "openai-responses" => {
            expect(last.get("type").and_then(Json::text) == Some("response.incomplete"), || {
                "response.incomplete at the end".to_owned()
            })?;
            responses(last.get("response").ok_or("no response")?)?;
            let parts = |kind: &str| events.iter().filter(|event| event.kind() == kind).count();
            for (added, done) in [
                ("response.output_item.added", "response.output_item.done"),
                ("response.content_part.added", "response.content_part.done"),
                ("response.reasoning_summary_part.added", "response.reasoning_summary_part.done"),
            ] {
                expect(parts(added) == parts(done), || format!("as many {done} as {added}"))?;
            }
            Ok(())
        }
        "openai-assistants" => {
            let is_run = |event: &&Event| {
                event
                    .name
                    .as_deref()
                    .is_some_and(|name| name.starts_with("thread.run.") && !name.contains("step"))
            };
            let run = events.iter().rev().find(is_run);
            expect(run.is_some_and(|run| run.name.as_deref() == Some("thread.run.incomplete")), || {
                "thread.run.incomplete as the run's last event".to_owned()
            })?;
            let reason = run.and_then(|run| run.json()?.at("incomplete_details.reason")?.scalar());
            expect(reason.as_deref() == Some("content_filter"), || {
                "incomplete_details.reason \"content_filter\"".to_owned()
            })?;
            expect(is_done, || "[DONE] at the end".to_owned())
        }
        "anthropic" => anthropic(events.iter().filter_map(Event::json)),
        "gemini" if all("event_type").is_empty() => {
            let reasons: Vec<String> = events
                .iter()
                .filter_map(Event::json)
                .flat_map(|json| json.get("candidates").map(Json::items).unwrap_or_default())
                .filter_map(|candidate| candidate.get("finishReason")?.scalar())
                .collect();
            expect(reasons.last().is_some_and(|reason| GEMINI.contains(&reason.as_str())), || {
                format!("a finishReason of a filter at the end, not {reasons:?}")
            })
        }
        "gemini" => {
            let kind = last.get("event_type").and_then(Json::text).unwrap_or_default();
            expect(matches!(kind, "interaction.completed" | "interaction.failed" | "error"), || {
                "the interaction's end".to_owned()
            })
        }
        "bedrock-converse" => {
            let reasons: Vec<String> = all("stopReason");
            expect(is_one_of(&reasons, &["guardrail_intervened", "content_filtered"]), || {
                format!("a stopReason of a filter, not {reasons:?}")
            })?;
            let (starts, stops) = (count(events, "contentBlockDelta"), count(events, "contentBlockStop"));
            expect(starts == 0 || stops > 0, || "a contentBlockStop".to_owned())
        }
        "bedrock-invoke" => {
            let inner: Vec<&Json> = events.iter().filter_map(|event| event.json()?.get("bytes")).collect();
            if inner.iter().any(|json| json.get("type").is_some()) {
                return anthropic(inner.into_iter());
            }
            if inner.iter().all(|json| json.text().is_some()) {
                return Ok(()); // an agent's answer just ends
            }
            let last = inner.last().ok_or("no chunk")?;
            let signs = [
                ("messageStop.stopReason", &["guardrail_intervened", "content_filtered"][..]),
                ("completionReason", &["CONTENT_FILTERED"]),
                ("amazon-bedrock-guardrailAction", &["INTERVENED"]),
                ("stop_reason", &["content_filtered", "content_filter", "stop"]),
                ("finish_reason", &["ERROR_TOXIC", "ERROR"]),
            ];
            let is_sign = |json: &Json| {
                signs.iter().any(|(path, values)| {
                    json.at(path).and_then(Json::text).is_some_and(|value| values.contains(&value))
                })
            };
            expect(inner.iter().rev().take(2).any(|json| is_sign(json)), || {
                format!("the sign of a filter in the last chunks: {last:?}")
            })
        }
        "cohere" => {
            let reasons = [all("delta.finish_reason"), all("finish_reason")].concat();
            expect(is_one_of(&reasons, &["ERROR", "ERROR_TOXIC"]), || {
                format!("finish_reason ERROR or ERROR_TOXIC, not {reasons:?}")
            })
        }
        "ollama" => {
            let (done, reason) = (last.get("done"), last.get("done_reason").and_then(Json::text));
            expect(done == Some(&Json::Bool(true)) && reason == Some("stop"), || {
                "a last line with done and done_reason \"stop\"".to_owned()
            })
        }
        "tgi" => expect(
            last.get("generated_text").is_some_and(|text| *text != Json::Null)
                || last.get("choices").is_some(),
            || "generated_text in the last event".to_owned(),
        ),
        "llamacpp" => expect(last.get("stop") == Some(&Json::Bool(true)), || {
            "\"stop\": true in the last event".to_owned()
        }),
        "ai-sdk-ui" => {
            let ends = (
                count(events, "text-start"),
                count(events, "text-end"),
                count(events, "reasoning-start"),
                count(events, "reasoning-end"),
            );
            expect(ends.0 == ends.1 && ends.2 == ends.3, || {
                format!("every text and reasoning ended: {ends:?}")
            })?;
            let is_filtered = last.get("type").and_then(Json::text) == Some("finish")
                && last.get("finishReason").and_then(Json::text) == Some("content-filter");
            expect(is_filtered, || "finish with finishReason \"content-filter\"".to_owned())?;
            expect(is_done, || "[DONE] at the end".to_owned())
        }
        "ai-sdk-data" => {
            let end = events.last().filter(|event| event.name.as_deref() == Some("d"));
            let reason = end.and_then(|event| event.json()?.get("finishReason")?.text());
            expect(reason == Some("content-filter"), || {
                "d: with finishReason \"content-filter\" at the end".to_owned()
            })
        }
        _ => Ok(()),
    }
}

/// Every choice ends once, one of them by a filter. A recording may hold several answers, which the identifier tells apart.
fn chat(events: &[Event]) -> Result<(), String> {
    let mut reasons = BTreeMap::<(String, String), Vec<&str>>::new();
    for json in events.iter().filter_map(Event::json) {
        let answer = json.get("id").and_then(Json::scalar).unwrap_or_default();
        for choice in json.get("choices").map(Json::items).unwrap_or_default() {
            let place = choice.get("index").and_then(Json::scalar).unwrap_or_default();
            let reason = choice.get("finish_reason").and_then(Json::text).filter(|reason| !reason.is_empty());
            reasons.entry((answer.clone(), place)).or_default().extend(reason);
        }
    }
    for ((_, place), reasons) in &reasons {
        // Some servers give the first chunk an id of its own.
        expect(reasons.len() <= 1, || format!("choice {place} has one finish_reason, not {reasons:?}"))?;
    }
    for place in reasons.keys().map(|(_, place)| place) {
        let ends = reasons.iter().any(|((_, other), reasons)| other == place && !reasons.is_empty());
        expect(ends, || format!("choice {place} has a finish_reason"))?;
    }
    let is_filtered = reasons.values().flatten().any(|reason| *reason == "content_filter");
    expect(is_filtered, || "a finish_reason \"content_filter\"".to_owned())
}

/// The ending of a body that is one JSON value.
fn whole(format: &str, body: &Json) -> Result<(), String> {
    let reason = |path: &str| body.at(path).and_then(Json::scalar).unwrap_or_default();
    let one_of = |path: &str, values: &[&str]| {
        let value = reason(path);
        expect(values.contains(&value.as_str()), || format!("{path} one of {values:?}, not {value:?}"))
    };
    match format {
        "openai-chat" | "openai-completions" => {
            let choices = body.get("choices").map(Json::items).unwrap_or_default();
            let filtered = choices
                .iter()
                .any(|choice| choice.get("finish_reason").and_then(Json::text) == Some("content_filter"));
            expect(filtered, || "a finish_reason \"content_filter\"".to_owned())
        }
        "openai-responses" => responses(body),
        "anthropic" => one_of("stop_reason", &["refusal"]),
        "gemini" => {
            let candidates = body.get("candidates").map(Json::items).unwrap_or_default();
            let filtered = candidates
                .iter()
                .filter_map(|candidate| candidate.get("finishReason")?.text())
                .any(|reason| GEMINI.contains(&reason));
            expect(filtered, || "a finishReason of a filter".to_owned())
        }
        "bedrock-converse" => one_of("stopReason", &["guardrail_intervened", "content_filtered"]),
        "cohere" => one_of("finish_reason", &["ERROR", "ERROR_TOXIC"]),
        "ollama" => one_of("done_reason", &["stop"]),
        _ => Ok(()),
    }
}

fn responses(response: &Json) -> Result<(), String> {
    expect(response.get("status").and_then(Json::text) == Some("incomplete"), || {
        "status \"incomplete\"".to_owned()
    })?;
    let reason = response.at("incomplete_details.reason").and_then(Json::text);
    expect(reason == Some("content_filter"), || "incomplete_details.reason \"content_filter\"".to_owned())
}

fn anthropic<'a>(events: impl Iterator<Item = &'a Json>) -> Result<(), String> {
    let events: Vec<&Json> = events.collect();
    let kind = |event: &Json| event.get("type").and_then(Json::text).unwrap_or_default().to_owned();
    let places = |wanted: &str| -> Vec<String> {
        events
            .iter()
            .filter(|event| kind(event) == wanted)
            .filter_map(|event| event.get("index")?.scalar())
            .collect()
    };
    let (starts, stops) = (places("content_block_start"), places("content_block_stop"));
    expect(starts == stops, || format!("blocks {starts:?} closed, not {stops:?}"))?;
    let deltas: Vec<&&Json> = events.iter().filter(|event| kind(event) == "message_delta").collect();
    expect(deltas.len() == 1, || format!("one message_delta, not {}", deltas.len()))?;
    let reason = deltas[0].at("delta.stop_reason").and_then(Json::text);
    expect(reason == Some("refusal"), || format!("stop_reason \"refusal\", not {reason:?}"))?;
    expect(events.last().is_some_and(|event| kind(event) == "message_stop"), || {
        "message_stop at the end".to_owned()
    })
}

fn count(events: &[Event], kind: &str) -> usize {
    events.iter().filter(|event| event.kind() == kind).count()
}

fn is_one_of(values: &[String], wanted: &[&str]) -> bool {
    values.last().is_some_and(|value| wanted.contains(&value.as_str()))
}

fn expect(is_so: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(format!("expected {}", what())) }
}
