"""kill -9 at any moment of run, then run again: the lake is that of an undisturbed run. covers: worker/run"""

import gzip
import random
import time
import unittest

from tests.lake import ON_S3, Lake, kill

STRIDE = 7 if ON_S3 else 1  # of the sweeps: how many fault points further the next kill is
CONTRACT = """
dataset: sales
source: {match: "raw/sales/**"}
schema:
  primaryKey: [id]
  fields:
    - {name: id, type: integer}
    - {name: day, type: date, constraints: {required: true}}
    - {name: amount, type: number, scale: 2}
rules:
  - {id: not_negative, check: "amount >= 0"}
partition: {day: "day"}
"""


def table(first, rows, bad=0):
    lines = ["id,day,amount"]
    for i in range(first, first + rows):
        amount = "oops" if bad and i % bad == 0 else f"{i}.{i % 100:02}"
        lines.append(f"{i},2026-01-{i % 2 + 1:02},{amount}")
    return "\n".join(lines) + "\n"


def fill(lake, rows=200):
    lake.put("raw/sales/a.csv", table(1, rows, bad=17))
    lake.put("raw/sales/b.csv.gz", gzip.compress(table(1000, rows).encode(), mtime=0))
    lake.put("raw/sales/c.csv", table(1, rows, bad=17))  # the bytes of a.csv once more
    lake.put("raw/sales/wrong.csv", "not;the;header\n1;2;3\n")
    lake.put("raw/other/notes.txt", "nobody's\n")


class Kill(unittest.TestCase):
    def undisturbed(self, rows=200):
        with Lake({"sales.yaml": CONTRACT}, memory=True) as lake:
            fill(lake, rows)
            lake.run(check=[1])
            self.assertEqual(lake.fsck()[0], 0)
            return lake.snapshot()

    def check(self, lake, expected):
        lake.run(check=[0, 1])
        self.assertEqual(lake.snapshot(), expected)
        self.assertEqual(lake.leftovers(), [])
        code, report = lake.fsck()
        self.assertEqual((code, report["unfinished"]), (0, 0), report)

    def test_at_every_fault_point(self):
        expected = self.undisturbed()
        point = 0
        while True:
            point += STRIDE
            with Lake({"sales.yaml": CONTRACT}, memory=True) as lake:
                fill(lake)
                died = lake.run(fault=f"kill:any:{point}").returncode == -9
                with self.subTest(point=point):
                    self.check(lake, expected)
            if not died:
                break
        self.assertGreater(point, 100)

    def test_twice_in_a_row(self):
        expected = self.undisturbed()
        for point in range(3, 100, 5):
            with Lake({"sales.yaml": CONTRACT}, memory=True) as lake, self.subTest(point=point):
                fill(lake)
                lake.run(fault=f"kill:any:{point}")
                lake.run(fault=f"kill:any:{point // 2}")
                self.check(lake, expected)

    def deliver_twice(self, lake, fault=None):
        """The second delivery finds its name in the archive taken."""
        lake.put("raw/sales/a.csv", table(1, 20))
        lake.run(check=[0])
        lake.put("raw/sales/a.csv", table(100, 30))
        return lake.run(fault=fault).returncode == -9

    def test_where_the_archive_has_the_name_already(self):
        contracts = {"sales.yaml": CONTRACT + "archive: {prefix: kept/, name: '{path}'}\n"}
        with Lake(contracts, memory=True) as lake:
            self.deliver_twice(lake)
            expected = lake.snapshot()
        point, died = 0, True
        while died:
            point += STRIDE
            with Lake(contracts, memory=True) as lake, self.subTest(point=point):
                died = self.deliver_twice(lake, f"kill:any:{point}")
                self.check(lake, expected)
        self.assertGreater(point, 30)

    def test_at_random_moments(self):
        rows = 60000
        expected = self.undisturbed(rows)
        moments = random.Random(20261121)
        for turn in range(12):
            with Lake({"sales.yaml": CONTRACT}, memory=True) as lake, self.subTest(turn=turn):
                fill(lake, rows)
                for _ in range(3):
                    process = lake.start()
                    time.sleep(moments.uniform(0.001, 0.25))  # the moment is what is tried; nothing waits for it
                    kill(process)
                self.check(lake, expected)

    def test_a_file_that_kills_its_worker_is_set_aside(self):
        with Lake({"sales.yaml": CONTRACT}) as lake:
            lake.put("raw/sales/poison.csv", table(1, 20))
            for _ in range(10):
                self.assertEqual(lake.run(fault="kill:validate").returncode, -9)
            self.assertEqual(lake.run().returncode, 1)
            self.assertEqual(lake.query("SELECT state, error_code FROM file"), [("QUARANTINED", "worker-ended")])
            self.assertEqual(lake.fsck()[0], 0)


if __name__ == "__main__":
    unittest.main()
