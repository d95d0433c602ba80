"""The official Python client of Ollama."""

import ollama
from checks import Report, Texts, answers, fails, recorded, recordings


def client(root, reader):
    return ollama.Client(host=root, headers={"x-customer-id": reader})


def add(texts, line):
    message = line.message if hasattr(line, "message") else line
    for key in ("content", "thinking", "response"):
        texts.add(key, getattr(message, key, None))
    for call in getattr(message, "tool_calls", None) or []:
        texts[f"call {sum('call' in key for key in texts)}"] = dict(call.function.arguments)
    if line.done_reason:
        texts["! finish"] = line.done_reason


def chat(root, reader):
    texts, dump = Texts(), ""
    for line in client(root, reader).chat(model="m", messages=[{"role": "user", "content": "Hello"}], stream=True):
        dump += line.model_dump_json()
        add(texts, line)
    return texts, dump


def generate(root, reader):
    texts, dump = Texts(), ""
    for line in client(root, reader).generate(model="m", prompt="Hello", stream=True):
        dump += line.model_dump_json()
        add(texts, line)
    return texts, dump


def whole(root, reader):
    texts = Texts()
    answer = client(root, reader).chat(model="m", messages=[{"role": "user", "content": "Hello"}])
    add(texts, answer)
    return texts, answer.model_dump_json()


def is_text(key):
    return key in ("content", "response")


report = Report("ollama (Python)")
stop = {"! finish": "stop"}
answers(report, "chat", "ollama/chat.ndjson", chat, is_text, stop)
answers(report, "chat, call", "ollama/chat-calls.ndjson", chat, is_text, stop)
answers(report, "chat, log probabilities", "ollama/chat-logprobs.ndjson", chat, is_text, stop)
answers(report, "generate", "ollama/generate.ndjson", generate, is_text, stop)
answers(report, "chat, whole", "ollama/whole.json", whole, is_text, stop)
fails(report, "an error line", "ollama/error.ndjson", chat)
for cut in (1, 500):
    fails(report, f"cut after {cut} bytes", "ollama/chat.ndjson", chat, f",cut={cut}")
recorded(report, "chat", recordings("ollama-chat"), chat)
recorded(report, "generate", recordings("ollama-generate"), generate)
report.close()
