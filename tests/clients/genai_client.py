"""The official Python client of Gemini."""

from checks import Report, Texts, answers, fails, recorded, recordings
from google import genai
from google.genai import types


class Filtered:
    """Any of the reasons that say that a filter stopped the candidate."""

    def __eq__(self, other):
        return other in ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "OTHER")

    def __repr__(self):
        return "a filter's reason"


FILTERED = Filtered()


def client(root, reader):
    options = types.HttpOptions(base_url=root, headers={"x-customer-id": reader})
    return genai.Client(api_key="none", http_options=options)


def add(texts, chunk):
    for candidate in chunk.candidates or []:
        at = candidate.index or 0
        for part in (candidate.content and candidate.content.parts) or []:
            texts.add(f"{at} {'thought' if part.thought else 'text'}", part.text)
            if part.function_call:
                texts[f"{at} call {sum('call' in key for key in texts)}"] = part.function_call.args
            if part.executable_code:
                texts.add(f"{at} code", part.executable_code.code)
            if part.code_execution_result:
                texts.add(f"{at} output", part.code_execution_result.output)
        if candidate.finish_reason:
            texts[f"! finish {at}"] = getattr(candidate.finish_reason, "value", candidate.finish_reason)


def stream(root, reader):
    texts, dump = Texts(), ""
    with client(root, reader) as gemini:
        for chunk in gemini.models.generate_content_stream(model="m", contents="Hello"):
            dump += str(chunk.model_dump())
            add(texts, chunk)
    return texts, dump


def whole(root, reader):
    texts = Texts()
    with client(root, reader) as gemini:
        answer = gemini.models.generate_content(model="m", contents="Hello")
    add(texts, answer)
    return texts, str(answer.model_dump())


def is_text(key):
    return str(key).endswith(" text")


report = Report("google-genai (Python)")
for name in ("text", "two-candidates", "calls", "grounding"):
    answers(report, name, f"gemini/{name}.sse", stream, is_text, {"! finish 0": FILTERED})
answers(report, "whole", "gemini/whole.json", whole, is_text, {"! finish 0": FILTERED})
fails(report, "refused by the upstream", "gemini/error.json", stream, ",status=404")
for cut in (1, 700):
    fails(report, f"cut after {cut} bytes", "gemini/text.sse", stream, f",cut={cut}")
recorded(report, "generateContent", recordings("generateContent"), stream)
report.close()
