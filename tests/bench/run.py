#!/usr/bin/env python3
"""make bench: jobs against the peers that are installed, in turn, with a table of ratios.

Every run works on a fresh lake in a folder of its own, on a file that is in the page cache. Only ratios of runs in turn
count, by their medians: machines are noisy. What a job gives is checked against the generator's own arithmetic.
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.gold import Gold
from tests.bench.measure import TWO_AT_ONCE, at_once, cores, measure, two_cores
from tests.bench.s3 import OnS3
from tests.bench.scan import Scan
from tests.bench.warehouse import Load
from tests.integration.test_parquet import HERE as READERS, install_readers, query

DATASETS = ROOT / "schema" / "datasets"
CHECKSUM = """SELECT count(*)::VARCHAR AS good, printf('%016X', (sum(net * 100)::HUGEINT + sum(tax * 100)::HUGEINT
+ sum(epoch_us(ts))::HUGEINT) % 18446744073709551616::HUGEINT) AS checksum
FROM read_parquet('{}/**/*.parquet', hive_partitioning = false)"""


class Sales:
    """J1: a dirty CSV file of sales to Parquet by day, rejects aside, first of two equal ids wins, exact money."""

    def __init__(self, options, folder, size, seed):
        self.options, self.folder = options, folder
        self.name = f"J1, {size / 1e9:g} GB"
        self.csv, self.truth = folder / "sales.csv", folder / "truth.csv"
        done = subprocess.run([options.build / "tests/bench/gen_sales", str(seed), str(size), self.csv, self.truth],
                              check=True, capture_output=True, text=True)
        self.expected = json.loads(done.stdout)

    def close(self):
        pass

    def title(self):
        return f"{self.name}: {self.expected['records']} records, {self.expected['rejected']} to be rejected"

    def peers(self):
        """Name, how to run it into a folder, where its Parquet files are, where its rejects."""
        yield "sluiced", self.run_sluiced
        if len(cores()) > 1:
            yield "sluiced, 1 core", lambda into: self.run_sluiced(into, cores()[0])
            yield TWO_AT_ONCE, self.run_two
        if shutil.which("node"):
            install_readers()
            yield "DuckDB", self.run_duckdb

    def remarks(self, medians):
        if len(cores()) > 1:
            yield two_cores(medians)

    def lake(self, into, csv=None):
        (into / "raw").mkdir(parents=True)
        os.link(csv or self.csv, into / "raw" / "sales.csv")
        return into

    def run_two(self, into):
        """Each on a file of its own: names of one file would see each other's changes."""
        other = self.csv.with_name("other.csv")
        if not other.exists():
            shutil.copy(self.csv, other)
        first, second = cores()[:2]
        return at_once([lambda: self.run_sluiced(into / "first", first),
                        lambda: self.run_sluiced(into / "second", second, other)])

    def run_sluiced(self, into, core=None, csv=None):
        self.lake(into, csv)
        measured = measure([self.options.build / "sluiced", "run", "--lake", into, "--datasets", DATASETS], core)
        return measured, self.judge(into / "processed", self.rejects_right(into))

    def rejects_right(self, lake):
        rejects = [json.loads(line)["row_number"] for path in (lake / "rejected" / "data_quality").rglob("*.jsonl")
                   for line in path.read_text().splitlines()]
        return rejects == [int(line.split(",")[0]) for line in self.truth.read_text().splitlines()[1:]]

    def run_duckdb(self, into):
        (into / "out").mkdir()
        measured = measure(["node", ROOT / "tests/bench/duck.cjs", READERS / "node_modules", str(os.cpu_count()),
                            ROOT / "tests/bench/sales_duck.sql", f"IN={self.csv}", f"OUT={into / 'out'}",
                            f"VAT={DATASETS / 'sales_vat.csv'}"])
        return measured, self.judge(into / "out", True)

    def judge(self, parquet, rejects_right):
        if not shutil.which("node"):
            return "not checked"
        install_readers()
        found = json.loads(query(CHECKSUM.format(parquet)))[0]
        wrong = [word for word, ok in (("rejects", rejects_right), ("rows", found["good"] == str(self.expected["good"])),
                                       ("money or time", found["checksum"] == self.expected["checksum"])) if not ok]
        return "wrong: " + ", ".join(wrong) if wrong else "right"


def rounds(job, count, folder):
    """Each peer once a round, in turn; the medians."""
    peers = list(job.peers())
    measured = {name: [] for name, _ in peers}
    verdicts = {}
    for _ in range(count):
        for name, run in peers:
            into = pathlib.Path(tempfile.mkdtemp(dir=folder))
            numbers, verdicts[name] = run(into)
            measured[name].append(numbers)
            shutil.rmtree(into)
    return {name: [statistics.median(column) for column in zip(*runs)] for name, runs in measured.items()}, verdicts


def table(job, medians, verdicts):
    wall, cpu, _ = medians[next(name for name in medians if name.startswith("sluice"))]
    lines = [job.title(),
             f"  {'':22} {'wall s':>8} {'ratio':>7} {'CPU s':>8} {'ratio':>7} {'peak MB':>8}  result"]
    for name, numbers in medians.items():
        lines.append(f"  {name:22} {numbers[0]:8.2f} {numbers[0] / wall:7.2f} {numbers[1]:8.2f} {numbers[1] / cpu:7.2f} "
                     f"{numbers[2]:8.0f}  {verdicts[name]}")
    lines += [f"  {remark}" for remark in getattr(job, "remarks", lambda _: ())(medians)]
    return "\n".join(lines)


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return f"{time.strftime('%Y-%m-%d')}, {len(os.sched_getaffinity(0))} processors of {model}"


def sales(options, folder):
    return Sales(options, folder, 100_000_000 if options.quick else 1_000_000_000, 42)


# On S3 100 MB, as the server keeps all in memory. The last one's deliveries are DuckDB's to make.
JOBS = {"scan": lambda options, folder: Scan(sales(options, folder)),
        "J1": sales,
        "J2": lambda options, folder: Load(sales(options, folder), DATASETS),
        "S3": lambda options, folder: OnS3(Sales(options, folder, 100_000_000, 42)),
        "J4": lambda options, folder: Gold(options, folder, 1_000_000 if options.quick else 10_000_000)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--quick", action="store_true", help="100 MB instead of 1 GB, 1 million rows instead of 10")
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=list(JOBS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--zsv", help="path of zsv, or of its zsv_count, to scan against")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where the data goes; some GB")
    options = parser.parse_args()
    options.build = options.build.resolve()
    print(machine())
    wrong = False
    for name in options.jobs:
        if name == "J4" and not shutil.which("node"):
            print("J4 is left out: DuckDB, which makes its deliveries, needs node")
            continue
        with tempfile.TemporaryDirectory(prefix="sluice-bench-", dir=options.folder) as folder:
            job = JOBS[name](options, pathlib.Path(folder))
            try:
                medians, verdicts = rounds(job, options.rounds, folder)
                print(table(job, medians, verdicts), flush=True)
            finally:
                job.close()
        wrong |= any(verdict.startswith("wrong") for name, verdict in verdicts.items() if name.startswith(("sluice", "two runs")))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
