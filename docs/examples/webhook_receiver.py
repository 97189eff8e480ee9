"""A webhook receiver for Python without packages: checks the signature, answers at once, handles each event once.

WEBHOOK_SECRET=whsec_… PORT=4242 python3 webhook_receiver.py
"""
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE = 300  # seconds
seen = set()  # of event ids; in a real shop a table with a unique key


def verify(body: bytes, header: str, secret: str, now: float | None = None) -> bool:
    """Whether one of the header's signatures is that of its time and these very bytes, and the time is not long ago."""
    parts = [part.partition("=")[::2] for part in header.split(",")]
    sent = next((value for name, value in parts if name == "t"), "")
    if not sent.isdecimal() or abs((now or time.time()) - int(sent)) > TOLERANCE:
        return False
    wanted = hmac.new(secret.encode(), sent.encode() + b"." + body, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(wanted.encode(), value.encode()) for name, value in parts if name == "v1")


def handle(event: dict) -> None:
    if event["id"] in seen:  # sent twice
        return
    seen.add(event["id"])
    print(event["type"], event["data"]["object"]["id"], flush=True)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        # As it came: parsing and printing it again changes it.
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        good = verify(body, self.headers.get("Stripe-Signature", ""), os.environ["WEBHOOK_SECRET"])
        self.send_response(200 if good else 400)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if good:
            handle(json.loads(body))

    def log_message(self, *_) -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "4242"))), Receiver)
    print("listening", server.server_port, flush=True)
    server.serve_forever()
