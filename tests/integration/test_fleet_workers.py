"""A fleet: workers with journals of their own, which share one log in PostgreSQL.

covers: worker/fleet
"""

import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

from tests.integration.test_parquet import install_readers, query
from tests.lake import SLUICE, SLUICED, Lake
from tests.postgres import Cluster, Pooler

FILES = int(os.environ.get("SLUICE_FLEET_FILES", "120"))
WORKERS = 8
ROWS = 5
DAYS = 3
CONTRACT = """\
dataset: sales
source: {match: "raw/sales/*"}
dialect: {delimiter: ","}
encoding: utf-8
schema:
  primaryKey: [id]
  fields:
    - {name: id, type: integer}
    - {name: shop, type: string}
    - {name: day, type: date, constraints: {required: true}}
partition: {day: "day"}
"""
STORM = CONTRACT + """\
gold: {key: [id], latest: ingest_ts, mode: merge}
warehouse: {schema: sales, gold_sql: gold.sql}
"""
SELECT = "SELECT day, count(*) AS n, sum(id)::numeric(20,0) AS total FROM silver_table GROUP BY 1\n"
DEADLINE = 600


def setUpModule():
    global cluster
    cluster = Cluster({"max_connections": "100"})


def tearDownModule():
    cluster.close()


def content(number, rows=ROWS):
    lines = [f"{i},shop {i % 7},2026-01-0{i % DAYS + 1}" for i in range(number * rows, (number + 1) * rows)]
    return "id,shop,day\n" + "\n".join(lines) + "\n"


def until(what, *arguments, deadline=60):
    end = time.monotonic() + deadline
    while not what(*arguments):
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline} s: {what}")
        time.sleep(0.05)


class Worker:
    """A worker's journal, and the process that has it open."""

    def __init__(self, case, name, *arguments, command="watch", fault=None):
        self.case, self.arguments, self.command = case, arguments, command
        self.journal = case.folder / f"{name}.db"
        self.log = case.folder / f"{name}.log"
        self.process = None
        self.start(fault)

    def start(self, fault=None):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [SLUICED, self.command, *self.case.options(self.journal), *self.arguments],
                env=self.case.lake.environment(fault), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(60)

    def said(self, word):
        return word in self.log.read_text()

    def forget(self):
        for suffix in ("", "-wal", "-shm"):
            pathlib.Path(f"{self.journal}{suffix}").unlink(missing_ok=True)


class Case(unittest.TestCase):
    contracts = {"sales.yaml": CONTRACT}

    @classmethod
    def setUpClass(cls):
        install_readers()

    def setUp(self):
        self.name = "f" + "".join(c if c.isalnum() else "_" for c in self.id().rpartition(".")[2])[:50]
        self.url = cluster.database(self.name)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fleet-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.lake = self.enterContext(Lake(self.contracts))
        self.workers = []
        self.addCleanup(self.end_all)

    def end_all(self):
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.send_signal(signal.SIGCONT)
                worker.end(signal.SIGKILL)

    def options(self, journal, url=None):
        return ["--lake", self.lake.path, "--datasets", self.lake.path / "datasets", "--journal", journal,
                "--coordinator", url or self.url, "--warehouse", self.url]

    def work(self, name, *arguments, command="run", check=(0,), fault=None, url=None):
        """A command that ends, with a journal of its own."""
        done = subprocess.run([SLUICED, command, *self.options(self.folder / f"{name}.db", url), *arguments],
                              env=self.lake.environment(fault), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if check:
            self.assertIn(done.returncode, check, done.stdout + done.stderr)
        return done

    def watch(self, name, *arguments, fault=None):
        worker = Worker(self, name, "--quiet", "0s", "--every", "2s", *arguments, fault=fault)
        self.workers.append(worker)
        return worker

    def sql(self, text):
        return cluster.psql(text, self.name)

    def states(self):
        """None yet, before the first worker has made the tables."""
        if self.sql("SELECT to_regclass('sluice.file') IS NULL") == [["t"]]:
            return {}
        return {state: int(n) for state, n in self.sql("SELECT state, count(*) FROM sluice.file GROUP BY 1")}

    def ask(self, name, sql, *parameters):
        """Of one worker's own journal."""
        with sqlite3.connect(f"file:{self.folder}/{name}.db?mode=ro", uri=True) as db:
            return db.execute(sql, parameters).fetchall()

    def put(self, count, first=0):
        for i in range(first, first + count):
            self.lake.put(f"raw/sales/f{i:05}.csv", content(i))

    def fsck(self, name):
        report = json.loads(self.work(name, "--json", command="fsck", check=(0, 1)).stdout)
        return report["differences"], report["unfinished"]

    def parquet(self, prefix="processed"):
        """Rows, distinct keys and their sum, as DuckDB reads them."""
        files = f"read_parquet('{self.lake.path}/{prefix}/**/*.parquet', union_by_name=true)"
        return json.loads(query(f"SELECT count(*) AS rows, count(DISTINCT id) AS keys, sum(id) AS total FROM {files}"))[0]

    def expected(self, files):
        n = files * ROWS
        return {"rows": str(n), "keys": str(n), "total": str(n * (n - 1) // 2)}


class Storm(Case):
    contracts = {"sales.yaml": STORM, "gold.sql": SELECT}

    def kill_some(self):
        """A worker dies every second; now and then its machine is lost, and another comes with no journal."""
        dice = random.Random(self.seed)
        while not self.over.wait(1):
            worker = dice.choice(self.workers)
            worker.end(signal.SIGKILL)
            self.kills += 1
            if dice.random() < 0.1:
                worker.forget()
            worker.start()

    def restart_server(self):
        until(lambda: self.states().get("SUCCEEDED", 0) * 2 >= FILES, deadline=DEADLINE)
        cluster.stop("immediate")
        cluster.start()

    def test_every_row_once(self):
        """Eight workers, one killed each second, the server restarted in the middle."""
        seed = random.randrange(1 << 30)
        with self.subTest(seed=seed):
            self.storm(seed)

    def storm(self, seed):
        self.seed, self.kills, self.over = seed, 0, threading.Event()
        self.put(FILES)
        for i in range(WORKERS):
            self.watch(f"w{i}", "--gold-after", "50", "--gold-every", "3s", "--workers", "1")
        killer = threading.Thread(target=self.kill_some)
        killer.start()
        try:
            self.restart_server()
            until(lambda: self.states().get("SUCCEEDED", 0) == FILES, deadline=DEADLINE)
        finally:
            self.over.set()
            killer.join()
        self.assertGreater(self.kills, 0)
        for worker in self.workers:
            self.assertIn(worker.end(), (0, -signal.SIGTERM), worker.log.read_text()[-2000:])  # -15: just started
        self.work("last")
        self.work("last", command="gold")
        self.everything_once()

    def everything_once(self):
        self.assertEqual(self.fsck("last"), ([], 0))
        self.assertEqual(self.parquet(), self.expected(FILES))
        self.assertEqual(self.parquet("gold"), self.expected(FILES))
        n = FILES * ROWS
        for table in ("raw", "bronze", "silver"):
            self.assertEqual(self.sql(f"SELECT count(*), count(DISTINCT id), sum(id::bigint) FROM sales.{table}_table"),
                             [[str(n), str(n), str(n * (n - 1) // 2)]])
        self.assertEqual(self.sql("SELECT sum(n), sum(total) FROM sales.gold_table"), [[str(n), str(n * (n - 1) // 2)]])
        self.assertEqual(self.lake.leftovers(), [])
        runs = "SELECT count(*) FROM run WHERE outcome = 'loaded' AND kind = 'file' AND superseded_by IS NULL"
        self.assertEqual(self.ask("last", runs), [(FILES,)])


if __name__ == "__main__":
    unittest.main()
