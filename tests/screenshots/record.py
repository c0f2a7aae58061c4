#!/usr/bin/env python3
"""record.py SLUICE LAKE OUT: what the console writes for each picture, as OUT/NAME.raw.

The real program in a real pseudo-terminal of 100 x 28; it acts, so the lake is a copy. Its clock is frozen at the lake's own last run.
"""

import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.console.terminal import Console

ROWS, COLUMNS = 28, 100


def pictures(console):
    console.wait("Overview", "rows in 24 h", "as of")
    yield "overview"
    console.press("2", "2026-01-07.csv", "LOSS")
    yield "runs"
    console.press("/01-07\r", "2026-01-07.csv")
    console.press("\r", "Run 2026-01-07.csv", "STAGE", "parse")
    yield "run"
    console.press("/unit_price\r", "unit_price")
    console.press("\r", "Rows type-error", "value  n/a")
    console.press("jjj", "4/")
    yield "rows"
    console.press("3", "System", "too-many-rejects")
    console.press("\t", "SAMPLES")
    yield "rejects"
    console.press("\t", "missing-label")
    console.press("/missing-label\r", "missing-label")
    console.press("\r", "Reason missing-label", "stage")
    yield "reason"
    console.press("s", "it would load", ">Cancel<")
    console.press("\t", "reason")
    console.type("new till software")
    console.wait("reason      new till software")
    yield "redrive"
    console.press("\t", ">Ask<")
    console.press("\r", "outcome", "1 of 1 files loaded")
    console.press("4", "This request", "new till software")
    yield "requests"
    console.press("5", "the chain holds", "redrive-outcome")
    yield "audit"


def main():
    sluice, lake, out = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    with sqlite3.connect(f"file:{lake}/.sluice/journal.db?mode=ro", uri=True) as db:
        last = db.execute("SELECT max(finished_at) FROM run").fetchone()[0]
    out.mkdir(parents=True, exist_ok=True)
    with Console([sluice, "--lake", lake], rows=ROWS, columns=COLUMNS, SLUICE_CLOCK=str(last + 60 * 1000000)) as console:
        for name in pictures(console):
            console.settle()
            (out / f"{name}.raw").write_bytes(console.raw)
            print(name)


if __name__ == "__main__":
    main()
