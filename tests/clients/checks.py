"""What all Python clients are checked for: the same as without the proxy, redacted, stopped, refused, cut."""

import json
import os
import sys
import traceback
import urllib.request

DIRECT, PROXY, STOP = os.environ["DIRECT"], os.environ["PROXY"], os.environ["STOP"]
SHARED, SHARED_PROXY, STREAMS = (os.environ.get(name, "") for name in ("SHARED", "SHARED_PROXY", "STREAMS"))
OWNER, READER = "C-1003", "C-1001"
MESSAGE = "That must not be said here."
VALUES = {"bob.ray@example.com": "[EMAIL]", "415-555-0177": "[PHONE]", "12 Oak Street": "[ADDRESS]", "4155550177": "[PHONE]"}


def safe(value):
    """What a reader may see of a value. Arguments are parsed, so that keys, numbers and escapes are compared as what they mean."""
    if isinstance(value, str):
        for other, label in VALUES.items():
            value = value.replace(other, label)
        return value
    if isinstance(value, dict):
        return {safe(key): safe(item) for key, item in value.items()}
    if isinstance(value, list):
        return [safe(item) for item in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return VALUES.get(str(value), value)
    return value


def arguments(text):
    """Arguments as what they mean."""
    return json.loads(text) if text else text


class Texts(dict):
    """Texts that grow by fragments."""

    def add(self, key, text):
        if text:
            self[key] = self.get(key, "") + text

    def parsed(self, *words):
        """With the texts whose key has one of these words as what their JSON means, where it is whole."""
        for key, text in self.items():
            if any(word in str(key) for word in words) and isinstance(text, str):
                try:
                    self[key] = json.loads(text)
                except ValueError:
                    pass
        return self


class Report:
    def __init__(self, client):
        self.client, self.passed, self.failed = client, 0, 0

    def check(self, name, run):
        try:
            wrong = run()
        except Exception:  # noqa: BLE001 — any error of a client is the finding
            wrong = traceback.format_exc(limit=-3)
        if wrong:
            self.failed += 1
            print(f"FAILED {self.client}: {name}\n    " + str(wrong).strip().replace("\n", "\n    "), flush=True)
        else:
            self.passed += 1
            print(f"ok     {self.client}: {name}", flush=True)

    def close(self):
        print(f"{self.client}: {self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)


def differ(expected, found):
    if expected == found:
        return None
    for key in {**expected, **found} if isinstance(expected, dict) and isinstance(found, dict) else ():
        if expected.get(key) != found.get(key):
            return f"{key}: expected {expected.get(key)!r}\nfound {found.get(key)!r}"
    return f"expected {expected!r}\nfound {found!r}"


def tried(run):
    """What a call gave, or how it failed."""
    try:
        return {"gave": run()}
    except Exception as error:  # noqa: BLE001
        return {"raised": type(error).__name__, "status": getattr(error, "status_code", getattr(error, "code", None)), "said": str(error)}


def leaked(dump):
    return [value for value in VALUES if value in dump]


def calls(name):
    with urllib.request.urlopen(DIRECT + "/calls") as answer:
        return json.load(answer).get(name, 0)


def answers(report, name, file, ask, text_key=None, ends=None, stops=True):
    """One call. `ask(root, reader)` gives what the client put together and a dump of everything it was given.

    `text_key(key)` says which texts a person reads; `ends` is what the client makes of a stopped response.
    """
    direct = {}

    def same():
        direct["gave"], _ = ask(f"{DIRECT}/r/{file}", OWNER)
        assert direct["gave"], "the client put nothing together"
        return differ(direct["gave"], ask(f"{PROXY}/r/{file}", OWNER)[0])

    def small_pieces():
        return differ(direct["gave"], ask(f"{PROXY}/r/{file},pieces=11", OWNER)[0])

    def redacted():
        gave, dump = ask(f"{PROXY}/r/{file}", READER)
        if leaked(dump):
            return f"can be read: {leaked(dump)}"
        return differ({key: value for key, value in safe(direct["gave"]).items() if not str(key).startswith("!")},
                      {key: value for key, value in gave.items() if not str(key).startswith("!")})

    def stopped():
        ended = tried(lambda: ask(f"{STOP}/r/{file}", READER))
        if "raised" in ended:
            return None if ends and ended["raised"] == ends.get("raises") else f"raised {ended}"
        gave, dump = ended["gave"]
        if leaked(dump):
            return f"can be read: {leaked(dump)}"
        said = sum(str(value).count(MESSAGE) for key, value in gave.items() if text_key(key))
        if said != 1:
            return f"the message is said {said} times: {gave}"
        finish = {key: value for key, value in (ends or {}).items() if key != "raises"}
        return differ(finish, {key: gave.get(key) for key in finish})

    report.check(f"{name}: the same text", same)
    report.check(f"{name}: in small pieces", small_pieces)
    report.check(f"{name}: redacted", redacted)
    if stops and text_key:
        report.check(f"{name}: stopped", stopped)


def fails(report, name, file, ask, options=""):
    """An upstream that refuses or breaks off: the client meets what it would have met without the proxy."""

    def run():
        direct = tried(lambda: ask(f"{DIRECT}/r/{file}{options}", READER)[0])
        through = tried(lambda: ask(f"{PROXY}/r/{file}{options}", READER)[0])
        if leaked(json.dumps(through, default=str)):
            return f"can be read: {through}"
        if "raised" not in direct:
            return None if "gave" in through or "cut" in options else f"without the proxy it gave {direct}, with it {through}"
        if "cut" in options:
            # A whole body that breaks off is refused before its status line is sent: another error, but one.
            return None if "raised" in through else f"without the proxy {direct}, with it {through}"
        return differ({key: direct[key] for key in ("raised", "status")}, {key: through.get(key) for key in ("raised", "status")})

    report.check(name, run)


def asked_once(report, name, file, ask):
    """A refusal of the proxy's own is not tried again."""

    def run():
        option = ",type=application-x-unknown"
        ended = tried(lambda: ask(f"{PROXY}/r/{file}{option}", READER)[0])
        if "raised" not in ended:
            return f"it gave {ended}"
        times = calls(file + option)
        return None if times == 1 else f"the upstream was asked {times} times: {ended}"

    report.check(name, run)


def recordings(*apis):
    """The streams of `../shared/streams` with these APIs, if they are there."""
    if not (STREAMS and SHARED_PROXY):
        return []
    with open(os.path.join(STREAMS, "MANIFEST.jsonl"), encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [row for row in rows if row["api"] in apis and row["framing"] in ("sse", "ndjson") and row["status"] == 200]
    return [os.path.basename(row["file"]) for row in rows]


def recorded(report, name, files, ask):
    """Recordings of providers: the same text as without the proxy, or the same error."""
    wrong = []
    for file in files:
        ended = [tried(lambda root=root: ask(f"{root}/r/{file}", OWNER)[0]) for root in (SHARED, SHARED_PROXY)]
        ended = [{key: value for key, value in end.items() if key != "said"} for end in ended]
        if ended[0] != ended[1]:
            wrong.append(f"{file}: {differ(*[end.get('gave', end) for end in ended])}")
    if files:
        report.check(f"{name}: {len(files)} recordings", lambda: "\n".join(wrong))
