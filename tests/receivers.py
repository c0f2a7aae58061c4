"""Where alerts arrive in tests: an HTTP server and a mail server on loopback that keep what they are given."""

import base64
import email
import email.policy
import http.server
import pathlib
import socketserver
import ssl
import subprocess
import threading
import time

DEADLINE = 90


def until(what, deadline=DEADLINE):
    """What what() gives as soon as it is true."""
    end = time.monotonic() + deadline
    while not (found := what()):
        if time.monotonic() > end:
            raise AssertionError("it did not come about in time")
        time.sleep(0.02)
    return found


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a client that has gone


class Web:
    """.seen: (path, headers, body) of each POST. answers: (status, body) in their order, then 200; a number instead of
    one: it hangs for so many seconds. A context manager."""

    def __init__(self, *answers):
        self.answers, self.seen, self.leave = list(answers), [], threading.Event()

    def __enter__(self):
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                web.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                answer = web.answers.pop(0) if web.answers else (200, b"ok")
                if not isinstance(answer, tuple):
                    web.leave.wait(answer)
                    return
                try:
                    self.send_response(answer[0])
                    self.send_header("Content-Length", str(len(answer[1])))
                    self.end_headers()
                    self.wfile.write(answer[1])
                except OSError:
                    pass

        self.server = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.leave.set()
        self.server.shutdown()
        self.server.server_close()


def certificate(folder):
    """One for 127.0.0.1, and its key."""
    pem, key = pathlib.Path(folder) / "cert.pem", pathlib.Path(folder) / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                    "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", pem],
                   check=True, capture_output=True)
    return pem, key


class Mail:
    """SMTP (RFC 5321), over TLS from the start with a certificate; logins: user to password, or None. .seen: (from, [to],
    message) of each mail."""

    def __init__(self, logins=None, pem=None, key=None):
        self.logins, self.seen, self.tried, self.context = logins, [], [], None
        if pem:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(pem, key)

    def __enter__(self):
        mail = self

        class Handler(socketserver.StreamRequestHandler):
            def setup(self):
                if mail.context:
                    self.request = mail.context.wrap_socket(self.request, server_side=True)
                super().setup()

            def finish(self):
                super().finish()
                self.request.close()

            def say(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def login(self, line):
                if line.split()[1].upper() != "PLAIN":
                    return self.say("504 no such way")
                text = line.split()[2] if len(line.split()) > 2 else None
                if text is None:
                    self.say("334 ")
                    text = self.rfile.readline().decode().strip()
                _, user, word = base64.b64decode(text).decode().split("\0")
                mail.tried.append((user, word))
                good = (mail.logins or {}).get(user) == word
                self.say("235 welcome" if good else "535 5.7.8 authentication failed")
                return good

            def handle(self):
                sender, to, known = "", [], mail.logins is None
                self.say("220 mail.test ESMTP")
                for raw in self.rfile:
                    line = raw.decode().rstrip("\r\n")
                    verb = line[:4].upper()
                    if verb == "EHLO":
                        self.say("250-mail.test")
                        self.say("250 AUTH PLAIN" if mail.logins else "250 SIZE 1000000")
                    elif verb == "AUTH":
                        known = self.login(line)
                    elif verb == "MAIL":
                        sender = line[10:].split()[0].strip("<>")
                        self.say("250 ok" if known else "530 5.7.0 who are you?")
                    elif verb == "RCPT":
                        to.append(line[8:].split()[0].strip("<>"))
                        self.say("250 ok")
                    elif verb == "DATA":
                        self.say("354 go on")
                        lines = []
                        while (part := self.rfile.readline()) not in (b".\r\n", b""):
                            lines.append(part[1:] if part.startswith(b".") else part)
                        mail.seen.append((sender, to, email.message_from_bytes(b"".join(lines),
                                                                               policy=email.policy.default)))
                        self.say("250 taken")
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("502 not known")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that does not trust the certificate

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"{'smtps' if self.context else 'smtp'}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
