"""The log that a fleet shares: joining it, a COMMIT that nobody answered, a coordinator that is away.

covers: worker/fleet
"""

import json
import signal
import sqlite3
import subprocess
import unittest

from tests.integration import test_fleet_workers as fleet
from tests.integration.test_fleet_workers import content, until
from tests.lake import SLUICE
from tests.postgres import Pooler


def setUpModule():
    fleet.setUpModule()


def tearDownModule():
    fleet.tearDownModule()


class Commit(fleet.Case):
    """Whatever becomes of a COMMIT, each change is made once, and the file's rows stand once."""

    def once(self, files):
        self.assertEqual(self.parquet(), self.expected(files))
        self.assertEqual(self.fsck("other"), ([], 0))

    def test_the_answer_is_lost(self):
        for n, fault in enumerate(("fleet-answer:2", "fleet-send:2", "fleet-answer:9", "fleet-send:9", "replica-commit:4")):
            self.put(1, first=n)
            done = self.work("one", fault=f"fail:{fault}")
            self.assertIn("replica-behind" if fault.startswith("replica") else "commit-unsure", done.stderr)
            self.once(n + 1)

    def test_death_between_the_two_commits(self):
        for n, fault in enumerate(("fleet-committed:2", "fleet-committed:8", "fleet-send:6", "fleet-answer:6")):
            self.put(1, first=n)
            self.work("one", fault=f"kill:{fault}", check=(-signal.SIGKILL,))
            self.work("one")
            self.once(n + 1)


class Joining(fleet.Case):
    def alone(self, name, *arguments, command="run", check=(0,)):
        return self.lake.run("--journal", str(self.folder / f"{name}.db"), *arguments, command=command, check=check)

    def test_one_machines_journal_grows_into_a_fleet(self):
        self.put(2)
        self.alone("first")
        self.put(1, first=2)
        self.work("first")
        self.work("second")
        count = "SELECT count(*) FROM file WHERE state = 'SUCCEEDED'"
        self.assertEqual(self.ask("second", count), [(3,)])
        self.assertEqual(self.states(), {"SUCCEEDED": 3})
        self.assertEqual(self.sql("SELECT s3_key, processing_status FROM sluice.file_processing_status ORDER BY 1"),
                         [[f"raw/sales/f0000{i}.csv", "SUCCEEDED"] for i in range(3)])
        refused = self.alone("second", check=(2,))
        self.assertIn("is a replica of a fleet's", refused.stderr)
        self.alone("second", "leave", command="journal")
        self.alone("second")
        refused = self.work("second", check=(2,))
        self.assertIn("a history of its own", refused.stderr)

    def test_an_older_program_is_refused(self):
        self.work("first")
        self.sql("UPDATE sluice.lake SET version = version + 1")
        self.assertIn("Upgrade this worker", self.work("first", check=(2,)).stderr)

    def test_what_does_not_fit_is_refused(self):
        self.put(1)
        self.work("first")
        self.work("second")
        with sqlite3.connect(self.folder / "second.db") as db:
            db.execute("UPDATE file SET state = 'DISCARDED'")
        self.sluice("first", "withdraw", self.ask("first", "SELECT job_run_id FROM file")[0][0], "--reason", "r")
        self.assertIn("not of this fleet", self.work("second", check=(4,)).stderr)
        for suffix in ("", "-wal", "-shm"):
            (self.folder / f"second.db{suffix}").unlink(missing_ok=True)
        self.work("second")
        self.assertEqual(self.ask("second", "SELECT state FROM file"), [("WITHDRAWN",)])

    def sluice(self, name, *arguments):
        environment = self.lake.environment() | {
            "SLUICE_DATASETS": str(self.lake.path / "datasets"), "SLUICE_WAREHOUSE": self.url,
            "SLUICE_COORDINATOR": self.url, "SLUICE_JOURNAL": str(self.folder / f"{name}.db")}
        done = subprocess.run([SLUICE, *arguments, "--lake", str(self.lake.path), "--json"], env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_a_console_anywhere_sees_all_and_acts_for_all(self):
        self.put(2)
        self.work("worker")
        runs = self.sluice("console", "runs")["items"]
        self.assertEqual(len(runs), 2)
        self.sluice("console", "withdraw", runs[0]["run_id"], "--reason", "not ours")
        self.work("worker")
        self.assertEqual(self.ask("worker", "SELECT state, count(*) FROM file GROUP BY 1 ORDER BY 1"),
                         [("SUCCEEDED", 1), ("WITHDRAWN", 1)])
        self.assertEqual(self.ask("worker", "SELECT count(*) FROM audit"), self.ask("console", "SELECT count(*) FROM audit"))

    def test_through_a_pooler(self):
        self.put(3)
        with Pooler(fleet.cluster) as pooler:
            url = pooler.url(self.name)
            self.work("first", "--batch", "1", url=url)
            self.work("second", url=url)
        self.assertEqual(self.parquet(), self.expected(3))


class Outage(fleet.Case):
    def health(self):
        done = self.work("w", "--json", command="health", check=(0, 1))
        return done.returncode, json.loads(done.stdout)

    def test_work_waits_and_goes_on(self):
        worker = self.watch("w")
        until(worker.said, '"watching"')
        fleet.cluster.stop()
        self.put(2)
        try:
            until(worker.said, "coordinator-lost")
            code, health = self.health()
            self.assertEqual(code, 1)
            self.assertTrue(health["coordinator_lost_at"])
            self.assertIn("the coordinator", health["coordinator"])
        finally:
            fleet.cluster.start()
        until(lambda: self.states() == {"SUCCEEDED": 2})
        self.assertIsNone(self.health()[1]["coordinator_lost_at"])
        self.assertEqual(self.parquet(), self.expected(2))
        self.assertEqual(self.ask("w", "SELECT count(*) FROM worker WHERE ended_at IS NULL"), [(1,)])
        self.assertEqual(worker.end(), 0)
        self.assertEqual(self.ask("w", "SELECT count(*) FROM worker WHERE ended_at IS NULL"), [(0,)])

    def test_a_worker_that_stood_still_cannot_publish(self):
        """Another has finished its file meanwhile."""
        stopped = self.watch("stopped", "--lease", "2s", "--workers", "1")
        until(stopped.said, '"watching"')
        lives = "SELECT count(*) FROM sluice.run WHERE lease_until IS NOT NULL"
        files, rows = 0, 60000
        while True:
            self.lake.put(f"raw/sales/f{files:05}.csv", content(files, rows))
            files += 1
            until(lambda: self.sql(lives) == [["1"]] or self.states() == {"SUCCEEDED": files})
            stopped.process.send_signal(signal.SIGSTOP)
            if self.sql(lives) == [["1"]]:
                break
            stopped.process.send_signal(signal.SIGCONT)
        self.watch("other", "--lease", "2s")
        until(lambda: self.states() == {"SUCCEEDED": files}, deadline=120)
        stopped.process.send_signal(signal.SIGCONT)
        self.lake.put("raw/sales/last.csv", content(files, rows))
        until(lambda: self.states() == {"SUCCEEDED": files + 1}, deadline=120)
        for worker in self.workers:
            self.assertEqual(worker.end(), 0)
        n = (files + 1) * rows
        self.assertEqual(self.parquet(), {"rows": str(n), "keys": str(n), "total": str(n * (n - 1) // 2)})
        self.assertEqual(self.fsck("other"), ([], 0))


if __name__ == "__main__":
    unittest.main()
