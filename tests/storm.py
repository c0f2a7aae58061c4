"""A proxy before an S3 server that does harm to one request in ten: answers nothing, loses the answer to what was done,
is slow, cuts the answer short, says 503, flips a bit of what an object holds."""

import http.client
import http.server
import random
import threading
import time
import urllib.parse

HARMS = ["drop", "lose", "slow", "cut", "busy", "flip"]
BUSY = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
EXPIRED = b"<?xml version='1.0'?><Error><Code>ExpiredToken</Code><Message>The token has expired.</Message></Error>"


class Storm:
    """A context manager; .endpoint is where it listens, .done counts what it did. What choose() gives is done: one of
    HARMS, \"expire\" or \"well\"."""

    def __init__(self, endpoint, one_in=10, seed=6):
        self.upstream = urllib.parse.urlsplit(endpoint).netloc
        self.one_in, self.random, self.lock = one_in, random.Random(seed), threading.Lock()
        self.done = dict.fromkeys(HARMS + ["expire", "well"], 0)

    def choose(self, method, path, headers):
        """Each in turn, so that none is left out."""
        name = HARMS[(sum(self.done.values()) - self.done["well"]) % len(HARMS)]
        return name if self.random.randrange(self.one_in) == 0 else "well"

    def harm(self, *request):
        with self.lock:
            name = self.choose(*request)
            self.done[name] += 1
            return name

    def __enter__(self):
        storm = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def answer(self, status, headers, body, sent):
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                        self.send_header(name, value)
                length = dict((n.lower(), v) for n, v in headers).get("content-length") if self.command == "HEAD" else None
                if status != 204:
                    self.send_header("Content-Length", length or str(len(body)))
                self.end_headers()
                self.wfile.write(sent)

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                harm = storm.harm(self.command, self.path, self.headers)
                if harm == "drop":
                    self.close_connection = True
                    return
                if harm == "expire":
                    self.answer(400, [], EXPIRED, EXPIRED)
                    return
                if harm == "busy":
                    self.answer(503, [], BUSY, b"" if self.command == "HEAD" else BUSY)
                    return
                link = http.client.HTTPConnection(storm.upstream, timeout=60)
                link.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    link.putheader(name, value)
                link.endheaders(body)
                came = link.getresponse()
                content = came.read()
                link.close()
                if harm == "lose":
                    self.close_connection = True
                    return
                if harm == "slow":
                    time.sleep(0.3)  # the harm itself; nothing waits for it
                sent = content
                if harm == "cut" and content:
                    sent, self.close_connection = content[:len(content) // 2], True
                if harm == "flip" and content and self.command == "GET" and "?" not in self.path:
                    sent = bytes([content[0] ^ 1]) + content[1:]
                self.answer(came.status, came.getheaders(), content, sent)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
