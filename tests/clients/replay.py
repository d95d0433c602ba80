#!/usr/bin/env python3
"""Serves the recordings of a folder at any path, as a provider would: the standard library is all it needs.

    replay.py FOLDER            prints the port it listens on

    /r/FORMAT/FILE[,option=value…]/any/path/the/client/adds

    status=N    answers with this status
    cut=N       breaks the connection off after N bytes of the body
    type=T      another content type (`-` for `/`)
    pieces=N    N bytes at a time (an event at a time unless said)

    /calls      how often each recording was asked for, as JSON
"""

import json
import pathlib
import re
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TYPES = {".sse": "text/event-stream; charset=utf-8", ".ndjson": "application/x-ndjson", ".json": "application/json", ".txt": "text/plain; charset=utf-8"}
CALLS, LOCK = {}, threading.Lock()


def events(body):
    return [piece for piece in re.split(rb"(?<=\n\n)|(?<=\r\n\r\n)|(?<=\r\r)", body) if piece]


class Replay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/calls":
            with LOCK:
                return self.answer(200, "application/json", json.dumps(CALLS).encode())
        return self.do_POST()

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        found = re.match(r"/r/([\w-]+/[\w.-]+)((?:,[^/]+)?)(/|$)", self.path)
        path = self.server.folder / found[1] if found else None
        if not path or not path.is_file():
            return self.answer(404, "application/json", b'{"error":{"message":"no such recording"}}')
        options = dict(option.split("=", 1) for option in found[2].split(",") if option)
        with LOCK:
            name = found[1] + found[2]
            CALLS[name] = CALLS.get(name, 0) + 1
        kind = options.get("type", "").replace("-", "/") or TYPES[path.suffix]
        status, body = int(options.get("status", 200)), path.read_bytes()
        cut = int(options["cut"]) if "cut" in options else None
        if path.suffix == ".json" and cut is None:
            return self.answer(status, kind, body)
        size = int(options.get("pieces", 0))
        pieces = [body[at:at + size] for at in range(0, len(body), size)] if size else events(body)
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("transfer-encoding", "chunked")
        self.send_header("cache-control", "no-cache")
        if path.parent.name == "ai-sdk-ui":
            self.send_header("x-vercel-ai-ui-message-stream", "v1")
        self.end_headers()
        sent = 0
        try:
            for piece in pieces:
                piece = piece if cut is None else piece[:cut - sent]
                if piece:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    self.wfile.flush()
                sent += len(piece)
                if cut is not None and sent >= cut:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return None
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True
        return None


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients that break off are part of the tests."""


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Replay)
    server.folder = pathlib.Path(sys.argv[1])
    print(server.server_address[1], flush=True)
    server.serve_forever()
