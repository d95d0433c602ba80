"""The official Python client of Cohere."""

import cohere
import httpx
from checks import Report, Texts, answers, fails, recorded, recordings

MESSAGES = [{"role": "user", "content": "Hello"}]


def options(root, reader):
    http = httpx.Client(headers={"x-customer-id": reader}, timeout=30)
    return {"api_key": "none", "base_url": root, "httpx_client": http}


def v2(root, reader):
    texts, dump = Texts(), ""
    for event in cohere.ClientV2(**options(root, reader)).chat_stream(model="m", messages=MESSAGES, request_options={"max_retries": 0}):
        dump += event.json()
        part = event.dict()
        message = (part.get("delta") or {}).get("message") or {}
        at = part.get("index")
        content = message.get("content") or {}
        if isinstance(content, dict):
            texts.add(f"{at} text", content.get("text"))
            texts.add(f"{at} thinking", content.get("thinking"))
        texts.add("plan", message.get("tool_plan"))
        calls = message.get("tool_calls") or {}
        if isinstance(calls, dict):
            texts.add(f"{at} arguments", (calls.get("function") or {}).get("arguments"))
        if part.get("type") == "message-end":
            texts["! finish"] = (part.get("delta") or {}).get("finish_reason")
    return texts.parsed("arguments"), dump


def v1(root, reader):
    texts, dump = Texts(), ""
    for event in cohere.Client(**options(root, reader)).chat_stream(model="m", message="Hello", request_options={"max_retries": 0}):
        dump += event.json()
        if event.event_type == "text-generation":
            texts.add("text", event.text)
        if event.event_type == "stream-end":
            texts["final"] = event.response.text
            texts["! finish"] = event.finish_reason
    return texts, dump


def whole(root, reader):
    texts = Texts()
    answer = cohere.ClientV2(**options(root, reader)).chat(model="m", messages=MESSAGES, request_options={"max_retries": 0})
    for at, part in enumerate(answer.message.content or []):
        texts.add(f"{at} text", getattr(part, "text", None))
        texts.add(f"{at} thinking", getattr(part, "thinking", None))
    texts["! finish"] = answer.finish_reason
    return texts, answer.json()


def is_text(key):
    return str(key).endswith("text")


report = Report("cohere (Python)")
answers(report, "v2", "cohere/v2.sse", v2, is_text, {"! finish": "ERROR"})
answers(report, "v2, calls", "cohere/v2-calls.sse", v2, is_text, {"! finish": "ERROR"})
answers(report, "v1", "cohere/v1.ndjson", v1, is_text, {"! finish": "ERROR_TOXIC"})
answers(report, "v2, whole", "cohere/v2-whole.json", whole, is_text, {"! finish": "ERROR"})
for cut in (1, 700):
    fails(report, f"v2, cut after {cut} bytes", "cohere/v2.sse", v2, f",cut={cut}")
recorded(report, "v2", recordings("cohere-v2-chat"), v2)
recorded(report, "v1", recordings("cohere-v1-chat"), v1)
report.close()
