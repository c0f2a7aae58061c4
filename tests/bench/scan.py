"""scan: the records and fields of a CSV file, on one thread, against zsv on two where its path is given."""

import pathlib
import subprocess

from tests.bench.measure import measure


class Scan:
    def __init__(self, sales):
        self.sales, self.options = sales, sales.options
        self.bytes = sales.csv.stat().st_size
        self.name = f"scan, {self.bytes / 1e9:g} GB"

    def close(self):
        pass

    def title(self):
        return f"{self.name}: {self.sales.expected['records']} records"

    def peers(self):
        yield "sluice's scan", self.run_ours
        if self.options.zsv:
            yield "zsv -j 2", self.run_zsv
        yield "wc -l", lambda into: (measure(["wc", "-l", self.sales.csv]), "not checked")

    def run_ours(self, into):
        program = self.options.build / "tests/bench/scan"
        measured = measure([program, self.sales.csv])
        done = subprocess.run([program, self.sales.csv], check=True, capture_output=True, text=True).stdout
        # and the header
        right = f'"records": {self.sales.expected["records"] + 1},' in done
        return measured, "right" if right else "wrong: records"

    def run_zsv(self, into):
        path = pathlib.Path(self.options.zsv)
        command = [path, "count"] if path.name == "zsv" else [path]
        return measure([*command, "-j", "2", self.sales.csv]), "not checked"

    def remarks(self, medians):
        ours = medians["sluice's scan"]
        yield f"{self.bytes / ours[1] / 1e9:.2f} GB a CPU second"
        if self.options.zsv:
            yield f"{medians['zsv -j 2'][0] / ours[0]:.2f} times as fast as zsv on two threads"
        else:
            yield "zsv was not given: make bench JOBS=scan ZSV=/path/to/zsv"
