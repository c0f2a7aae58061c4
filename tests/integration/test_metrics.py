"""Metrics: CloudWatch's embedded format, by its specification's rules, and Prometheus' text, by its exposition's.

covers: worker/notify worker/journal
"""

import json
import os
import re
import signal
import time
import unittest

from tests.lake import Lake
from tests.receivers import until

SALES = """
dataset: sales
source: {match: "raw/sales/**"}
schema:
  fields: [{name: id, type: string}, {name: n, type: integer}]
"""
SAMPLE = re.compile(r'(\w+)\{environment="((?:[^"\\]|\\.)*)",dataset="(\w+)"\} (\S+)')


def embedded(text):
    """Each line's members, once what the specification asks of it is seen to hold."""
    found = []
    for line in text.splitlines():
        record = json.loads(line) if line.startswith("{") else {}
        if "_aws" not in record:
            continue
        assert set(record["_aws"]) == {"Timestamp", "CloudWatchMetrics"}, record
        assert abs(record["_aws"]["Timestamp"] / 1000 - time.time()) < 600, record
        (directive,) = record["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "sluice" and directive["Dimensions"] == [["environment", "dataset"]], record
        for name in directive["Dimensions"][0]:
            assert isinstance(record[name], str) and record[name], record
        for metric in directive["Metrics"]:
            assert metric["Unit"] in ("Count", "Milliseconds"), record
            assert isinstance(record[metric["Name"]], int), record
        found.append(record)
    return found


def samples(path):
    lines = path.read_text().splitlines()
    types = {line.split()[2]: line.split()[3] for line in lines if line.startswith("# TYPE")}
    values = {(m[1], m[3]): float(m[4]) for line in lines if (m := SAMPLE.fullmatch(line))}
    assert len(values) == len([line for line in lines if not line.startswith("#")]), lines
    assert {name for name, _ in values} <= set(types), lines
    return types, values


class Metrics(unittest.TestCase):
    def fill(self, lake):
        lake.put("raw/sales/a.csv", "id,n\na,1\nb,2\nc,x\n")
        lake.put("raw/sales/b.csv", "id,n\nd,1\n")
        lake.put("raw/sales/c.csv", "no,header\n1,2\n")
        for name in "abc":  # an hour ago
            os.utime(lake.path / f"raw/sales/{name}.csv", (time.time() - 3600,) * 2)

    def test_a_run(self):
        with Lake({"sales.yaml": SALES}) as lake:
            self.fill(lake)
            file = lake.path / "sluice.prom"
            done = lake.run("--metrics", "emf", "--metrics-file", str(file), "--environment", 'prod "x"', check=[1])
            records = embedded(done.stderr)
            runs = sorted(((r["outcome"], r["rows"], r["rejects"]) for r in records if "run" in r))
            self.assertEqual(runs, [("loaded", 1, 0), ("loaded", 2, 1), ("quarantined", 0, 0)])
            for record in records:
                self.assertEqual((record["environment"], record["dataset"]), ('prod "x"', "sales"))
                if "run" in record:
                    ((duration, lag),) = lake.query(
                        "SELECT duration / 1000, (finished_at - arrived_at) / 1000 FROM run_view WHERE run_id = ?", record["run"])
                    self.assertEqual((record["duration"], record["lag"]), (duration, lag))
            self.assertEqual([(r["waiting"], r["oldest_waiting"]) for r in records if "waiting" in r], [(0, 0)])
            types, values = samples(file)
            self.assertEqual({name: values[name, "sales"] for name in types if not name.endswith(("seconds_total", "lag_seconds"))}, {
                "sluice_runs_total": 3, "sluice_runs_failed_total": 0, "sluice_files_quarantined_total": 1,
                "sluice_rows_total": 3, "sluice_rows_rejected_total": 1, "sluice_files_waiting": 0,
                "sluice_oldest_waiting_seconds": 0})
            self.assertTrue(all(kind == ("counter" if name.endswith("_total") else "gauge") for name, kind in types.items()))
            self.assertIn('environment="prod \\"x\\""', file.read_text().replace("\n", " "))

    def test_none_unless_asked_for(self):
        with Lake({"sales.yaml": SALES}) as lake:
            self.fill(lake)
            self.assertNotIn("_aws", lake.run(check=[1]).stderr)

    def test_what_waits_while_watching(self):
        with Lake({"sales.yaml": SALES}) as lake:
            lake.run(check=[0])
            lake.run("sales", command="pause", check=[0])
            file = lake.path / "sluice.prom"
            process = lake.start("--quiet", "0s", "--gold-every", "0", "--metrics-file", str(file), command="watch")
            self.addCleanup(process.stderr.close)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            lake.put("raw/sales/a.csv", "id,n\na,1\n")
            until(lambda: file.exists() and samples(file)[1].get(("sluice_files_waiting", "sales")) == 1)
            self.assertGreaterEqual(samples(file)[1]["sluice_oldest_waiting_seconds", "sales"], 0)
            lake.run("sales", command="resume", check=[0])
            until(lambda: samples(file)[1].get(("sluice_rows_total", "sales")) == 1)
            until(lambda: samples(file)[1]["sluice_files_waiting", "sales"] == 0)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(), 0)


if __name__ == "__main__":
    unittest.main()
