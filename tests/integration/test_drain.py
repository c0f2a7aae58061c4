"""Workers are asked to finish and to begin nothing more. covers: worker/command"""

import sqlite3
import time
import unittest

from tests.integration.test_supersede import CONTRACT, table
from tests.lake import Lake, kill

DEADLINE = 60


class Drain(unittest.TestCase):
    def until(self, box, sql, expected):
        end, found = time.monotonic() + DEADLINE, None
        while found != expected:
            self.assertLess(time.monotonic(), end, found)
            time.sleep(0.05)
            try:
                found = box.query(sql)
            except sqlite3.OperationalError as fault:  # there is no journal yet
                found = fault

    def test_a_watch_begins_nothing_and_goes_on(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            box.put("raw/sales/a.csv", table())
            watch = box.start("--quiet", "0", "--gold-every", "0", command="watch")
            try:
                self.until(box, "SELECT state FROM file", [("SUCCEEDED",)])
                drained = box.run(command="drain", check=(0,))
                self.assertIn("drained: nothing is under way", drained.stdout)
                self.assertIn("0 under way", drained.stderr)
                box.put("raw/sales/b.csv", table(first=100))
                self.until(box, "SELECT state FROM file WHERE arrival_key LIKE '%b.csv'", [("PENDING",)])
                # neither what runs nor what starts takes it, and no gold is made
                box.run(check=(0,))
                box.run("--all", command="gold")
                kinds = box.query("SELECT kind, count(*) FROM run GROUP BY 1")
                self.assertEqual(kinds, [("file", 1)])
                self.assertEqual([d["held"] for d in box.sluice("overview")["datasets"]], ["drain"])
                box.run("--resume", command="drain", check=(0,))
                self.until(box, "SELECT state, count(*) FROM file GROUP BY 1", [("SUCCEEDED", 2)])
                told = box.query("SELECT action, subject FROM audit WHERE action LIKE 'drain%' ORDER BY audit_id")
                self.assertEqual(told, [("drain-begun", "*"), ("drain-ended", "*")])
            finally:
                kill(watch)

    def test_what_is_under_way_is_waited_for(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            box.put("raw/sales/a.csv", table())
            box.run(fault="kill:claimed", check=(-9,))
            late = box.run("--timeout", "1s", command="drain", check=(3,))
            self.assertIn("1 under way, the longest: file raw/sales/a.csv", late.stderr)
            self.assertIn("1 runs are still under way", late.stderr)
            self.assertIn("nothing more is begun", box.run("--timeout", "0", command="drain", check=(0,)).stdout)
            # a worker that starts recovers what its predecessor had, and begins nothing
            box.run(check=(0, 3))
            self.assertEqual(box.query("SELECT state FROM file"), [("PENDING",)])
            box.run(command="drain", check=(0,))
            # for a while only: here a while that is over
            box.run("--for", "1ms", "--timeout", "0", command="drain", check=(0,))
            box.run(check=(0,))
            self.assertEqual(box.query("SELECT state FROM file"), [("SUCCEEDED",)])


if __name__ == "__main__":
    unittest.main()
