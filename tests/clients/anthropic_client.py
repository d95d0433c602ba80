"""The official Python client of Anthropic."""

import json

import anthropic
from checks import Report, Texts, answers, asked_once, fails, recorded, recordings

ASK = {"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": "Hello"}]}


def client(root, reader, retries=0):
    return anthropic.Anthropic(api_key="none", base_url=root, default_headers={"x-customer-id": reader}, max_retries=retries)


def stream(root, reader, **options):
    texts, dump = Texts(), ""
    for event in client(root, reader, **options).messages.create(**ASK, stream=True):
        dump += event.model_dump_json()
        if event.type == "content_block_delta":
            part = event.delta
            for key in ("text", "thinking", "partial_json"):
                texts.add(f"{event.index} {key}", getattr(part, key, None))
        if event.type == "message_delta":
            texts["! stop_reason"] = event.delta.stop_reason
    return texts.parsed("partial_json"), dump


def blocks(message):
    texts = Texts({"! stop_reason": message.stop_reason})
    for at, block in enumerate(message.content):
        for key in ("text", "thinking", "input"):
            if getattr(block, key, None):
                texts[f"{at} {key}"] = getattr(block, key)
    return texts, json.dumps(message.model_dump(), ensure_ascii=False, default=str)


def helper(root, reader):
    with client(root, reader).messages.stream(**ASK) as events:
        for _ in events:
            pass
        return blocks(events.get_final_message())


def whole(root, reader):
    return blocks(client(root, reader).messages.create(**ASK))


def retrying(root, reader):
    return stream(root, reader, retries=2)


def is_text(key):
    return str(key).endswith(" text")


report = Report("anthropic (Python)")
refused = {"! stop_reason": "refusal"}
for name in ("text", "thinking", "tool-use", "citations"):
    answers(report, name, f"anthropic/{name}.sse", stream, is_text, refused)
    answers(report, f"{name}, helper", f"anthropic/{name}.sse", helper, is_text, refused)
answers(report, "whole", "anthropic/whole.json", whole, is_text, refused)
fails(report, "refused by the upstream", "anthropic/error-body.json", stream, ",status=404")
fails(report, "an error in the stream", "anthropic/error.sse", stream)
for cut in (1, 400, 1500):
    fails(report, f"cut after {cut} bytes", "anthropic/text.sse", stream, f",cut={cut}")
fails(report, "whole, cut", "anthropic/whole.json", whole, ",cut=200")
asked_once(report, "what cannot be checked is asked for once", "anthropic/text.sse", retrying)
recorded(report, "messages", recordings("messages"), stream)
report.close()
