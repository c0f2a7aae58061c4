"""J4: gold of four deliveries whose keys come again; the latest wins, one object a day, a hash of each row."""

import json
import os
import shutil
import subprocess

from tests.bench.measure import ROOT, TWO_AT_ONCE, at_once, cores, measure, two_cores
from tests.integration.test_parquet import HERE as READERS, install_readers, query

BENCH = ROOT / "tests" / "bench"
# DuckDB's own hash of each row, but for row_hash, whose text is each program's own.
SUM = """SELECT count(*)::VARCHAR AS rows, bit_xor(hash(t))::VARCHAR AS hashes, sum(hash(t) % 1000003)::VARCHAR AS sum
FROM (SELECT * EXCLUDE row_hash FROM read_parquet('{}/**/*.parquet', hive_partitioning = false)) t"""


class Gold:
    def __init__(self, options, folder, rows):
        self.options = options
        self.lake = folder / "gold-lake"
        self.name = f"J4, {rows / 1e6:g} million rows: gold"
        (self.lake / "raw" / "sales").mkdir(parents=True)
        install_readers()
        for number in range(4):
            key = self.lake / "raw" / "sales" / f"{number}.csv"
            text = (BENCH / "gold_make.sql").read_text()
            for name, value in (("FILE", number), ("ROWS", rows), ("OUT", key)):
                text = text.replace("${" + name + "}", str(value))
            query(text)
            self.sluiced("run", self.lake)
        shutil.rmtree(self.lake / "archive")
        self.expected = None

    def sluiced(self, command, lake, *more):
        subprocess.run([self.options.build / "sluiced", command, "--lake", lake, "--datasets", BENCH / "gold.yaml", *more],
                       check=True, capture_output=True)

    def close(self):
        pass

    def peers(self):
        yield "DuckDB", self.run_duckdb
        yield "sluiced", self.run_sluiced
        if len(cores()) > 1:
            yield "sluiced, 1 core", lambda into: self.run_sluiced(into, cores()[0])
            yield TWO_AT_ONCE, lambda into: at_once([lambda c=c: self.run_sluiced(into / str(c), c) for c in cores()[:2]])

    def remarks(self, medians):
        if len(cores()) > 1:
            yield two_cores(medians)

    def run_sluiced(self, into, core=None):
        lake = into / "lake"
        shutil.copytree(self.lake, lake, copy_function=lambda a, b: (shutil.copy2 if ".sluice" in str(a) else os.link)(a, b))
        measured = measure([self.options.build / "sluiced", "gold", "--lake", lake, "--datasets", BENCH / "gold.yaml"],
                           core)
        return measured, "right" if self.sum(lake / "gold") == self.expected else "wrong: rows"

    def run_duckdb(self, into):
        measured = measure(["node", BENCH / "gold_duck.cjs", READERS / "node_modules", str(os.cpu_count()),
                            self.lake / "processed" / "sales", into / "out"])
        self.expected = self.sum(into / "out")
        return measured, "right"

    def sum(self, folder):
        return json.loads(query(SUM.format(folder)))[0]

    def title(self):
        return f"{self.name}, {int(self.expected['rows'])} kept"
