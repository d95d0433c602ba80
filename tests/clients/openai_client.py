"""The official Python client of OpenAI."""

import json

import openai
from checks import Report, Texts, answers, asked_once, fails, recorded, recordings

MESSAGES = [{"role": "user", "content": "Hello"}]


def client(root, reader, retries=0):
    return openai.OpenAI(api_key="none", base_url=root + "/v1", default_headers={"x-customer-id": reader}, max_retries=retries)


def delta(texts, choice, part):
    at = choice.index
    part = part.model_dump(exclude_none=True)
    for key in ("content", "refusal", "reasoning_content", "reasoning"):
        value = part.get(key)
        for piece in value if isinstance(value, list) else [{"text": value}]:
            texts.add(f"{at} {key}", piece.get("text"))
    for call in part.get("tool_calls") or []:
        place = call.get("index", 0)
        texts.add(f"{at} call {place} name", (call.get("function") or {}).get("name"))
        texts.add(f"{at} call {place} arguments", (call.get("function") or {}).get("arguments"))
        texts.add(f"{at} call {place} input", (call.get("custom") or {}).get("input"))
    texts.add(f"{at} function arguments", (part.get("function_call") or {}).get("arguments"))
    if choice.finish_reason:
        texts[f"! finish {at}"] = choice.finish_reason


def chat_stream(root, reader, **options):
    texts, dump = Texts(), ""
    for chunk in client(root, reader, **options).chat.completions.create(model="m", messages=MESSAGES, stream=True):
        dump += chunk.model_dump_json()
        for choice in chunk.choices:
            delta(texts, choice, choice.delta)
    return texts.parsed("arguments"), dump


def chat_whole(root, reader, **options):
    answer = client(root, reader, **options).chat.completions.create(model="m", messages=MESSAGES)
    texts = Texts()
    for choice in answer.choices or []:
        delta(texts, choice, choice.message)
    return texts.parsed("arguments"), json.dumps(answer.model_dump(), ensure_ascii=False)


def chat_helper(root, reader):
    texts = Texts()
    with client(root, reader).chat.completions.stream(model="m", messages=MESSAGES) as stream:
        for _ in stream:
            pass
        answer = stream.get_final_completion()
    for choice in answer.choices:
        delta(texts, choice, choice.message)
    return texts.parsed("arguments"), answer.model_dump_json()


def completions(root, reader):
    texts, dump = Texts(), ""
    for chunk in client(root, reader).completions.create(model="m", prompt="Hello", stream=True):
        dump += chunk.model_dump_json()
        for choice in chunk.choices:
            texts.add(f"{choice.index} content", choice.text)
            if choice.finish_reason:
                texts[f"! finish {choice.index}"] = choice.finish_reason
    return texts, dump


def event_text(texts, event):
    kind = event.type
    if kind.endswith(".delta") and isinstance(getattr(event, "delta", None), str):
        place = f"{kind} {getattr(event, 'output_index', '')} {getattr(event, 'content_index', '')} {getattr(event, 'summary_index', '')}"
        texts.add(place, event.delta)
    if kind in ("response.completed", "response.incomplete", "response.failed"):
        texts["final"] = event.response.output_text
        texts["! status"] = event.response.status


def responses_stream(root, reader):
    texts, dump, numbers = Texts(), "", []
    for event in client(root, reader).responses.create(model="m", input="Hello", stream=True):
        dump += event.model_dump_json()
        event_text(texts, event)
        numbers.append(getattr(event, "sequence_number", None))
    known = [number for number in numbers if number is not None]
    assert known == list(range(known[0], known[0] + len(known))) if known else True, f"a gap: {numbers}"
    return texts.parsed("arguments"), dump


def responses_loose(root, reader):
    """For recordings whose numbers have gaps of their own."""
    texts, dump = Texts(), ""
    for event in client(root, reader).responses.create(model="m", input="Hello", stream=True):
        dump += event.model_dump_json()
        event_text(texts, event)
    return texts.parsed("arguments"), dump


def responses_helper(root, reader):
    with client(root, reader).responses.stream(model="m", input="Hello") as stream:
        for _ in stream:
            pass
        answer = stream.get_final_response()
    return Texts({"final": answer.output_text, "! status": answer.status}), answer.model_dump_json()


def responses_whole(root, reader):
    answer = client(root, reader).responses.create(model="m", input="Hello")
    return Texts({"final": answer.output_text, "! status": answer.status}), answer.model_dump_json()


def assistants(root, reader):
    texts, dump = Texts(), ""
    for event in client(root, reader).beta.threads.runs.create(thread_id="thread_1", assistant_id="asst_1", stream=True):
        dump += event.model_dump_json()
        if event.event == "thread.message.delta":
            for part in event.data.delta.content or []:
                texts.add("content", part.text.value if part.text else None)
        if event.event.startswith("thread.run.") and "step" not in event.event:
            texts["! status"] = event.data.status
    return texts, dump


def chat_retrying(root, reader):
    return chat_stream(root, reader, retries=2)


def is_content(key):
    return str(key).endswith("content")


report = Report("openai (Python)")
filtered = {"! finish 0": "content_filter"}
answers(report, "chat, two choices", "openai-chat/content.sse", chat_stream, is_content, filtered)
answers(report, "chat, reasoning", "openai-chat/reasoning-content.sse", chat_stream, is_content, filtered)
answers(report, "chat, reasoning and its details", "openai-chat/reasoning.sse", chat_stream, is_content, filtered)
answers(report, "chat, content in parts", "openai-chat/content-parts.sse", chat_stream, is_content, filtered)
answers(report, "chat, calls", "openai-chat/tool-calls.sse", chat_stream, is_content, filtered)
answers(report, "chat, older call", "openai-chat/function-call.sse", chat_stream, is_content, filtered)
answers(report, "chat, custom tool", "openai-chat/custom-tool.sse", chat_stream, is_content, filtered)
answers(report, "chat, refusal", "openai-chat/refusal.sse", chat_stream, is_content, filtered)
answers(report, "chat, log probabilities", "openai-chat/logprobs.sse", chat_stream, is_content, filtered)
answers(report, "chat, CR", "openai-chat/lone-cr.sse", chat_stream, is_content, filtered)
answers(report, "chat, whole", "openai-chat/whole.json", chat_whole, is_content, filtered)
answers(report, "chat, helper", "openai-chat/content.sse", chat_helper, is_content, {"raises": "ContentFilterFinishReasonError"})
answers(report, "completions", "openai-completions/text.sse", completions, is_content, filtered)
is_text = lambda key: "output_text" in str(key)  # noqa: E731
is_final = lambda key: key == "final"  # noqa: E731
incomplete = {"! status": "incomplete"}
for name in ("text", "reasoning", "calls", "annotations", "logprobs"):
    answers(report, f"responses, {name}", f"openai-responses/{name}.sse", responses_stream, is_text if name in ("text", "logprobs") else is_final, incomplete)
answers(report, "responses, helper", "openai-responses/text.sse", responses_helper, is_final, {"raises": "RuntimeError"})
answers(report, "responses, whole", "openai-responses/whole.json", responses_whole, is_final, incomplete)
answers(report, "assistants", "openai-assistants/run.sse", assistants, is_content, {"! status": "incomplete"})
fails(report, "chat, refused by the upstream", "openai-chat/error.json", chat_stream, ",status=404")
fails(report, "chat, an error in the stream", "openai-chat/failed-generation.sse", chat_stream)
for cut in (1, 300, 1500):
    fails(report, f"chat, cut after {cut} bytes", "openai-chat/content.sse", chat_stream, f",cut={cut}")
fails(report, "chat, whole, cut", "openai-chat/whole.json", chat_whole, ",cut=200")
fails(report, "responses, cut", "openai-responses/text.sse", responses_stream, ",cut=2500")
asked_once(report, "chat, what cannot be checked is asked for once", "openai-chat/content.sse", chat_retrying)
recorded(report, "chat", recordings("chat"), chat_stream)
recorded(report, "responses", recordings("responses"), responses_loose)
recorded(report, "completions", recordings("completions"), completions)
report.close()
