"""A lake on S3 for the tests of the directory lake: a throwaway radosgw, and stand-ins for both programs.

A test works on a folder, as ever. Its programs are stand-ins: they bring what the test changed in the folder to the
bucket, run the real program with --lake s3://…, and bring back what the bucket then holds (botocore does both, so that
somebody else than sluice judges what is there). The folder's .sluice/ is the lake's folder on this machine: its journal,
what is spooled; its lake.json lies in the bucket.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import selectors
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
import time

import botocore.config
import botocore.session

ROOT = pathlib.Path(__file__).resolve().parent.parent
ACCESS, SECRET, REGION = "sluicetest", "sluicetestsecret", "us-east-1"
DEADLINE = 150
MARKER = ".sluice/lake.json"
SETTLED = 0.3  # seconds: an object is whole when it is there, a file that a test writes is not


class Server:
    """radosgw; a context manager."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="rgw-", dir="/tmp"))
        for attempt in range(3):  # another may take a port first
            if self.start(self.path / str(attempt)):
                return self
        raise AssertionError("radosgw does not start:\n" + self.said)

    def start(self, folder):
        self.process = subprocess.Popen([ROOT / "tests" / "radosgw.sh", folder], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with selectors.DefaultSelector() as wait:
            wait.register(self.process.stdout, selectors.EVENT_READ)
            self.endpoint = self.process.stdout.readline().strip() if wait.select(DEADLINE) else ""
        if self.endpoint:
            return True
        self.process.terminate()
        self.said = self.process.communicate()[1]
        return False

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()
        shutil.rmtree(self.path, ignore_errors=True)


def client(endpoint):
    """Somebody else's."""
    return botocore.session.Session().create_client(
        "s3", endpoint_url=endpoint, region_name=REGION, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET,
        config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 3},
                                      max_pool_connections=4))


def environment(endpoint, state):
    """What a program is told of the server; nothing of this machine's own settings."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SLUICE_"))}
    return env | {"AWS_ENDPOINT_URL_S3": endpoint, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": ACCESS,
                  "AWS_SECRET_ACCESS_KEY": SECRET, "XDG_STATE_HOME": str(state), "AWS_CONFIG_FILE": "/dev/null",
                  "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}


def objects(s3, bucket, prefix=""):
    """Key and ETag of all below."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {o["Key"]: o["ETag"] for page in pages for o in page.get("Contents", [])}


def uploads(s3, bucket, prefix=""):
    """Keys of uploads that nobody completed or aborted."""
    return [u["Key"] for u in s3.list_multipart_uploads(Bucket=bucket, Prefix=prefix).get("Uploads", [])]


class Twin:
    """A folder and what the bucket holds of it."""

    def __init__(self, s3, bucket, path):
        self.s3, self.bucket, self.path = s3, bucket, path
        self.prefix = path.name + "/"
        self.known = {}  # what both held when last seen: key to (ETag, stamp of the file)
        self.lock = threading.Lock()
        home = path / ".state" / "sluice"
        digest = hashlib.sha256(f"{bucket}/{self.prefix}".encode()).hexdigest()[:16]
        home.mkdir(parents=True)
        (path / ".sluice").mkdir(exist_ok=True)
        (home / digest).symlink_to(path / ".sluice")

    def files(self):
        found = {}
        for folder, names, files in os.walk(self.path):
            if pathlib.Path(folder) == self.path:
                names[:] = [n for n in names if n not in ("datasets", ".sluice", ".state", "before")]
            for name in files:
                key = os.path.relpath(os.path.join(folder, name), self.path)
                found[key] = self.stamp(key)
        if (self.path / MARKER).exists():
            found[MARKER] = self.stamp(MARKER)
        return found

    def stamp(self, key):
        status = os.stat(self.path / key)
        return (0, 0, 0) if key == MARKER else (status.st_mtime_ns, status.st_size, status.st_ino)

    def up(self, settled=0):
        """settled: only what nobody has written to for as many seconds."""
        here = self.files()
        for key in self.known.keys() - here.keys():
            self.s3.delete_object(Bucket=self.bucket, Key=self.prefix + key)
            del self.known[key]
        for key, stamp in here.items():
            if self.known.get(key, (None, None))[1] != stamp and time.time() - stamp[0] / 1e9 >= settled:
                put = self.s3.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=(self.path / key).read_bytes())
                self.known[key] = put["ETag"], stamp

    def down(self):
        """What the test has changed meanwhile stays."""
        there = {key[len(self.prefix):]: etag for key, etag in objects(self.s3, self.bucket, self.prefix).items()}
        there = {k: e for k, e in there.items() if k == MARKER or not k.startswith(".sluice/")}
        here = self.files()
        for key in self.known.keys() - there.keys():
            if here.get(key) == self.known[key][1]:
                (self.path / key).unlink()
            del self.known[key]
        for key, etag in there.items():
            known = self.known.get(key, (None, None))
            if etag != known[0] and here.get(key) == known[1]:
                self.fetch(key)
        for folder, _, _ in os.walk(self.path, topdown=False):
            relative = os.path.relpath(folder, self.path)
            if not relative.startswith((".", "datasets", "raw")) and not os.listdir(folder):
                os.rmdir(folder)

    def fetch(self, key):
        at = self.path / key
        try:
            got = self.s3.get_object(Bucket=self.bucket, Key=self.prefix + key)
        except self.s3.exceptions.NoSuchKey:
            return  # a worker has taken it away meanwhile
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_bytes(got["Body"].read())
        self.known[key] = got["ETag"], self.stamp(key)

    def leftovers(self):
        inner = objects(self.s3, self.bucket, self.prefix + ".sluice/")
        return [k for k in inner if k != self.prefix + MARKER] + uploads(self.s3, self.bucket, self.prefix)


STAND_IN = """#!{python} -SE
import ctypes, os, signal, socket, subprocess, sys
arguments, lake = sys.argv[1:], None
if "--lake" in arguments:
    lake = arguments[arguments.index("--lake") + 1]
elif os.environ.get("SLUICE_LAKE"):
    lake = os.environ["SLUICE_LAKE"]
def ask(what):
    with socket.socket(socket.AF_UNIX) as link:
        link.connect("{socket}")
        link.sendall((what + "\\t" + lake + "\\n").encode())
        answer = link.makefile().read()
    if not answer:
        sys.exit("the test's server gives no answer")
    return answer
if lake:
    url = ask("up")
    arguments = [url if a == lake else a for a in arguments]
    os.environ.update({environment}, XDG_STATE_HOME=lake + "/.state")
    if "SLUICE_LAKE" in os.environ:
        os.environ["SLUICE_LAKE"] = url
die = ctypes.CDLL(None).prctl
child = subprocess.Popen(["{program}"] + arguments, preexec_fn=lambda: die(1, 9))
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda number, _: child.send_signal(number))
while True:
    try:
        code = child.wait(0.1 if lake and "watch" in arguments else None)
        break
    except subprocess.TimeoutExpired:
        ask("both")
if lake:
    ask("down")
if code < 0:
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


class Bench:
    """The server, a bucket, and stand-ins for both programs, whose names are known before; a context manager."""

    def __init__(self, *programs):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="s3-", dir="/tmp"))
        self.programs = programs
        self.names = [str(self.path / os.path.basename(program)) for program in programs]
        self.twins = {}
        self.lock = threading.Lock()
        self.bucket = "lakes"

    def __enter__(self):
        self.server = Server().__enter__()
        self.s3 = client(self.server.endpoint)
        self.s3.create_bucket(Bucket=self.bucket)
        self.serve()
        self.point_at(self.server.endpoint)
        return self

    def __exit__(self, *_):
        self.listener.shutdown()
        self.listener.server_close()
        self.server.__exit__()
        shutil.rmtree(self.path, ignore_errors=True)

    def point_at(self, endpoint):
        """What the programs work on from now on: the server, or something between them and it."""
        told = {k: v for k, v in environment(endpoint, "").items() if k.startswith("AWS_")}
        for program, name in zip(self.programs, self.names):
            pathlib.Path(name).write_text(STAND_IN.format(
                python=sys.executable, socket=self.path / "socket", program=program, environment=json.dumps(told)))
            os.chmod(name, 0o755)

    def twin(self, path):
        with self.lock:
            if path not in self.twins:
                self.twins[path] = Twin(self.s3, self.bucket, pathlib.Path(path))
            return self.twins[path]

    def adopt(self, lake):
        """A class of lakes: what is left behind is in the bucket too."""
        here = lake.leftovers
        lake.leftovers = lambda one: here(one) + self.twin(str(one.path)).leftovers()

    def serve(self):
        bench = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                what, path = self.rfile.readline().decode().rstrip("\n").split("\t")
                twin = bench.twin(path)
                with twin.lock:
                    if what != "down":
                        twin.up(SETTLED if what == "both" else 0)
                    if what != "up":
                        twin.down()
                with contextlib.suppress(BrokenPipeError):  # who asked was killed
                    self.wfile.write(f"s3://{bench.bucket}/{twin.prefix}".rstrip("/").encode())

        self.listener = socketserver.ThreadingUnixStreamServer(str(self.path / "socket"), Handler)
        self.listener.daemon_threads = True
        threading.Thread(target=self.listener.serve_forever, args=(0.05,), daemon=True).start()
