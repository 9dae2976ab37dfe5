"""A fake of Zoho's accounts server and a little of its API, as a program: it prints its URL.

Requests are counted by kind. ``/_control`` sets how long tokens live, how long a refresh takes, whether it
waits for ``/_control/release``, whether the response is lost, and after how long an idle connection is
closed: the open ones are counted then, too. It is in Python, unlike examples/fake_zoho.rs, so that the
wheel can be tested without building a Rust program.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict
from urllib.parse import parse_qs, urlsplit

LOCK = threading.Lock()
NUMBERS = itertools.count(1)
COUNTS: Counter[str] = Counter()
SETTINGS: Dict[str, Any] = {
    "lifetime": 3600, "delay": 0.0, "error": None, "held": False, "idle": None, "lost": False,
}
# Set, except while tokens are held.
RELEASED = threading.Event()
RELEASED.set()
# Refresh token → user, and access token → user.
REFRESH: Dict[str, str] = {}
ACCESS: Dict[str, str] = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def handle(self) -> None:
        if SETTINGS["idle"] is None:
            return super().handle()
        self.connection.settimeout(SETTINGS["idle"])
        with LOCK:
            COUNTS["open"] += 1
        super().handle()
        self.connection.close()
        with LOCK:
            COUNTS["open"] -= 1

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/_control":
            return self.answer({"counts": COUNTS, "settings": SETTINGS})
        header = self.headers.get("Authorization", "")
        user = ACCESS.get(header.rpartition("Zoho-oauthtoken ")[2])
        kind = path.rpartition("/")[2]
        with LOCK:
            COUNTS[kind] += 1
        if user is None:
            return self.answer({"code": "INVALID_TOKEN", "status": "error"}, 401)
        if kind == "users":
            row = {"id": "1", "email": user, "full_name": user}
            return self.answer({"users": [row], "info": {}})
        return self.answer({"org": [{"id": "9", "zgid": "7", "company_name": "Zylker"}]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        path = urlsplit(self.path).path
        if path == "/_control":
            with LOCK:
                SETTINGS.update(json.loads(body))
                COUNTS.clear()
                if SETTINGS["held"]:
                    RELEASED.clear()
                else:
                    RELEASED.set()
            return self.answer({})
        if path == "/_control/release":
            RELEASED.set()
            return self.answer({})
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if path.endswith("/revoke"):
            with LOCK:
                COUNTS["revoke"] += 1
                REFRESH.pop(form.get("token", ""), None)
            return self.answer({"status": "success"})
        return self.token(form)

    def token(self, form: Dict[str, str]) -> None:
        grant = form.get("grant_type") == "authorization_code"
        with LOCK:
            COUNTS["grant" if grant else "refresh"] += 1
            error, delay, lost = SETTINGS["error"], SETTINGS["delay"], SETTINGS["lost"]
        time.sleep(delay)
        RELEASED.wait(60)
        if lost:
            self.close_connection = True
            return None
        with LOCK:
            number = next(NUMBERS)
            # A grant token is `<user>/<anything>`.
            user = form["code"].partition("/")[0] if grant else REFRESH.get(form["refresh_token"])
            if error is not None or user is None:
                return self.answer({"error": error or "invalid_code"})
            access = f"1000.access-{number}"
            ACCESS[access] = user
            response = {
                "access_token": access,
                "expires_in": SETTINGS["lifetime"],
                "api_domain": f"http://{self.headers['Host']}",
                "token_type": "Bearer",
            }
            if grant:
                response["refresh_token"] = f"1000.refresh-{number}"
                REFRESH[response["refresh_token"]] = user
        return self.answer(response)

    def answer(self, body: Any, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
