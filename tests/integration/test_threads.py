"""One file on one thread and on many: the outputs are the same, byte for byte, and so is the reason when it fails."""

import hashlib
import json
import pathlib
import random
import re
import signal
import time
import unittest

from tests.integration.test_parquet import install_readers, query
from tests.lake import Lake

CONTRACT = """
dataset: events
source: {match: "raw/events*", format: csv}
dialect: {delimiter: ",", quoteChar: "\\"", headerRows: 1}
encoding: utf-8
schema:
  primaryKey: [id]
  fields:
    - {name: id, type: string, constraints: {required: true}}
    - {name: day, type: date, constraints: {required: true}}
    - {name: amount, type: number, scale: 2, constraints: {minimum: 0}}
    - {name: word, type: string}
derive: {double: "amount * 2"}
rules:
  - {id: small, check: "amount < 9000", severity: warn}
  - {id: known, check: "word <> 'forbidden'", severity: reject}
partition: {day: "day"}
EXTRA
"""
# _run_id and ingest_ts differ from run to run, by design
SAME_CHUNKS = """SELECT file_name AS file, path_in_schema AS name, coalesce(dictionary_page_offset, data_page_offset) AS start,
total_compressed_size AS size, num_values AS n FROM parquet_metadata('%s/**/*.parquet')
WHERE path_in_schema NOT IN ('_run_id', 'ingest_ts') ORDER BY file_name, row_group_id, column_id"""


def lines(count, seed, bad_from=None):
    """About 60 bytes each, some dirty, some repeated, some with line ends in quotes."""
    rng = random.Random(seed)
    yield "id,day,amount,word\n"
    for i in range(count):
        key = f"K{i:08}" if rng.random() > 0.01 else f"K{rng.randrange(i + 1):08}"
        amount = f"{rng.randrange(1000000) / 100:.2f}" if rng.random() > 0.01 else rng.choice(["x", "-1", "1,5"])
        word = rng.choice(["alpha", "beta", '"two\nlines"', "forbidden" if rng.random() < 0.01 else "gamma"])
        if bad_from is not None and i >= bad_from:
            amount = "bad"
        yield f"{key},2026-{1 + i % 3:02}-{rng.randrange(1, 29):02},{amount},{word}{' filling' * rng.randrange(6)}\n"


def chunks(lake):
    """Of each partition's file: every column chunk's name, number of values and hash of bytes."""
    found = {}
    for chunk in json.loads(query(SAME_CHUNKS % (lake.path / "processed"))):
        content = pathlib.Path(chunk["file"]).read_bytes()
        start, size = int(chunk["start"]), int(chunk["size"])
        digest = hashlib.sha256(content[start:start + size]).hexdigest()
        found.setdefault(chunk["file"].split("/")[-2], []).append((chunk["name"], chunk["n"], digest))
    return found


class Threads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install_readers()
        cls.text = "".join(lines(90000, 1))

    def deliver(self, text, *arguments, extra="", check=(0,)):
        lake = Lake({"events.yaml": CONTRACT.replace("EXTRA", extra)})
        self.addCleanup(lake.__exit__)
        lake.put("raw/events.csv", text)
        lake.run(*arguments, check=check)
        return lake

    def compare(self, one, many):
        self.assertEqual(one.snapshot(), many.snapshot())
        expected = chunks(one)
        self.assertGreater(len(expected), 80)
        self.assertEqual(expected, chunks(many))
        counts = "SELECT s.stage, rows_in, rows_out, rows_rejected, rows_duplicate FROM stage_count s ORDER BY 1"
        self.assertEqual(one.query(counts), many.query(counts))

    def test_outputs_are_the_same(self):
        one = self.deliver(self.text, "--workers", "1")
        self.compare(one, self.deliver(self.text, "--workers", "4"))
        self.assertGreater(len(one.rejects()), 2000)

    def test_outputs_are_the_same_in_little_memory(self):
        """Keys are looked at first, partitions are spilled, row groups end early."""
        text = self.text + "".join(lines(150000, 2)).split("\n", 1)[1]
        self.compare(self.deliver(text, "--workers", "1", "--memory", "64MB"),
                     self.deliver(text, "--workers", "3", "--memory", "64MB"))

    def test_the_first_reason_wins(self):
        """Reading stops at the same row, whatever other threads have found behind it."""
        text = "".join(lines(90000, 1, bad_from=40000))
        for workers in ("1", "4"):
            lake = self.deliver(text, "--workers", workers, extra="limits: {stop_after: 3000}", check=(1,))
            self.assertEqual(lake.keys("processed"), [])
            self.assertEqual(lake.query("SELECT state, error_code FROM file"), [("QUARANTINED", "too-many-rejects")])
            self.assertEqual(lake.leftovers(), [])
            self.assertEqual(lake.query("SELECT sha256 FROM file"), [(hashlib.sha256(text.encode()).hexdigest(),)])

    def test_a_copy_is_a_duplicate(self):
        """A file is hashed beside the work on its rows, but not where another one has its size."""
        lake = self.deliver(self.text, "--workers", "4")
        digest = hashlib.sha256(self.text.encode()).hexdigest()
        lake.put("raw/events-again.csv", self.text)
        lake.put("raw/events-other.csv", self.text.replace("alpha", "omega"))
        lake.run("--workers", "4", check=(0,))
        self.assertEqual(lake.query("SELECT arrival_key, state, sha256 = ? FROM file ORDER BY 1", digest), [
            ("raw/events-again.csv", "DUPLICATE", 1), ("raw/events-other.csv", "SUCCEEDED", 0),
            ("raw/events.csv", "SUCCEEDED", 1)])

    def test_a_profile_adds_up(self):
        lake = Lake({"events.yaml": CONTRACT.replace("EXTRA", "")})
        self.addCleanup(lake.__exit__)
        lake.put("raw/events.csv", self.text)
        told = lake.run("--workers", "2", "--profile", check=(0,)).stderr
        table = [line.split() for line in told.splitlines() if re.search(r"^\w+ +[\d.]+ +[\d.]+ %", line)]
        seconds = {words[0]: float(words[1]) for words in table}
        self.assertEqual(list(seconds), ["hash", "keys", "parse", "convert", "rules", "unique", "split", "encode", "seal",
                                         "other", "all"])
        self.assertAlmostEqual(sum(seconds.values()), 2 * seconds["all"], delta=0.02)
        self.assertGreater(min(seconds[name] for name in ("parse", "convert", "encode", "seal")), 0)
        size = f"{len(self.text.encode()) / 1e6:.1f}"
        read = {words[0]: words[4] for words in table if len(words) > 4}
        self.assertEqual((read["hash"], read["parse"]), (size, size))

    def test_a_stop_is_heeded(self):
        with Lake({"events.yaml": CONTRACT.replace("EXTRA", "")}) as lake:
            lake.put("raw/events.csv", self.text)
            process = lake.start("--workers", "4")
            deadline = time.monotonic() + 60
            while not list((lake.path / ".sluice" / "staging").glob("*")) and process.poll() is None:
                self.assertLess(time.monotonic(), deadline)
            process.send_signal(signal.SIGTERM)
            process.stderr.read()
            process.stderr.close()
            self.assertIn(process.wait(timeout=60), (0, 3))
            lake.run("--workers", "4", check=(0,))
            self.assertEqual(lake.query("SELECT state FROM file"), [("SUCCEEDED",)])
            self.assertEqual(lake.fsck()[0], 0)


if __name__ == "__main__":
    unittest.main()
