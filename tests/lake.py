"""What the integration tests share: a lake in a folder of its own, the programs, and a look at what came of it."""

import atexit
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"
BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", ROOT / "build" / "release"))
SLUICED = os.environ.get("SLUICED", str(BUILD / "sluiced"))
SLUICE = os.environ.get("SLUICE", str(BUILD / "sluice"))
ON_S3 = os.environ.get("TESTS_ON") == "s3"  # "make test-s3": the same tests, on a lake in S3
of_a_directory = unittest.skipIf(ON_S3, "of a directory alone")
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
STAMP = re.compile(r"\d{8}T\d{6}Z")


class Lake:
    """A directory lake; use it as a context manager."""

    def __init__(self, contracts=None, memory=False):
        """memory: on a file system in memory where there is one, for tests that start the worker hundreds of times."""
        shm = "/dev/shm"
        folder = shm if memory and os.access(shm, os.W_OK) and shutil.disk_usage(shm).free > 64 << 20 else None
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="lake-", dir=folder))
        (self.path / "raw").mkdir()
        (self.path / "datasets").mkdir()
        for name, text in (contracts or {}).items():
            self.put("datasets/" + name, text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def put(self, key, content):
        path = self.path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def become(self, other):
        """What the other holds, its journal with it."""
        shutil.copytree(other.path, self.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".state"))

    def copy(self, source, key):
        return self.put(key, pathlib.Path(source).read_bytes())

    def environment(self, fault=None):
        env = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")}
        if fault:
            env["SLUICE_FAULT"] = fault
        return env

    def run(self, *arguments, fault=None, check=None, command="run"):
        """Runs sluiced; check: the exit codes that are fine, None: any."""
        done = subprocess.run(
            [SLUICED, command, "--lake", str(self.path), "--datasets", str(self.path / "datasets"), *arguments],
            env=self.environment(fault), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        if check is not None and done.returncode not in check:
            raise AssertionError(f"sluiced {command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def run_measured(self, *arguments):
        """Exit code and peak resident memory in MB; started by a small process, whose own memory is what a child begins
        with."""
        script = ("import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; "
                  "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)")
        done = subprocess.run(
            [sys.executable, "-S", "-c", script, SLUICED, "run", "--lake", str(self.path), "--datasets",
             str(self.path / "datasets"), *arguments],
            env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
        code, peak = done.stdout.split()[-2:]
        return int(code), int(peak)

    def start(self, *arguments, command="run"):
        return subprocess.Popen(
            [SLUICED, command, "--lake", str(self.path), "--datasets", str(self.path / "datasets"), *arguments],
            env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def sluice(self, *arguments):
        """A verb of the console's command line, its JSON."""
        done = subprocess.run([SLUICE, *arguments, "--lake", str(self.path), "--json"], env=self.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"sluice {arguments} ended with {done.returncode}\n{done.stderr}")
        return json.loads(done.stdout)

    def fsck(self):
        done = self.run("--json", command="fsck")
        return done.returncode, json.loads(done.stdout) if done.stdout else {}

    def query(self, sql, *parameters):
        with sqlite3.connect(f"file:{self.path}/.sluice/journal.db?mode=ro", uri=True) as db:
            return db.execute(sql, parameters).fetchall()

    def keys(self, prefix=""):
        found = [str(p.relative_to(self.path)) for p in (self.path / prefix).rglob("*") if p.is_file()]
        return sorted(k for k in found if not k.startswith((".sluice/", "datasets/", "audit/journal/")))

    def rejects(self):
        """Every line of the reject files, in the files' order."""
        return [json.loads(line) for key in self.keys() if key.startswith("rejected/data_quality/json/")
                for line in (self.path / key).read_text().splitlines()]

    def snapshot(self):
        """What the lake holds, without the names and times that differ from run to run."""

        def plain(text):
            return STAMP.sub("TIME", ULID.sub("RUN", text))

        content = {}
        for key in self.keys():
            value = None
            if key.startswith("rejected/data_quality/"):
                value = plain((self.path / key).read_text(errors="surrogateescape"))
            elif not key.endswith((".parquet", ".json", ".csv")) or key.startswith(("archive/", "raw/")):
                value = (self.path / key).read_bytes()
            content.setdefault(plain(key), []).append(value)
        rows = self.query("SELECT key, rows FROM output ORDER BY key")
        counted = sorted((plain(key), n) for key, n in rows)
        return {k: sorted(v, key=repr) for k, v in content.items()}, counted

    def leftovers(self):
        """Staging and manifests that somebody should have cleared away, and files on their way."""
        places = [".sluice/staging", ".sluice/manifests", "validated"]
        return [str(p) for place in places for p in (self.path / place).rglob("*") if p.is_file()]


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()


if ON_S3:
    from tests import s3  # which needs botocore

    bench = s3.Bench(SLUICED, SLUICE).__enter__()
    atexit.register(bench.__exit__)
    SLUICED, SLUICE = bench.names
    bench.adopt(Lake)
