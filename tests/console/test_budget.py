"""What a screen costs the line: bytes of a cursor move on every screen, of a full repaint, and of doing nothing."""

import time
import unittest

from tests.console.terminal import Console
from tests.lake import SLUICE, Lake

MOVE, REPAINT, IDLE_SECONDS = 400, 6144, 10
NAMES = [f"attribute_{i}" for i in range(8)]
CONTRACT = """\
dataset: wide{i:02}
source: {{match: "raw/wide/{i:02}/*.csv"}}
schema:
  fields:
    - {{name: id, type: integer, constraints: {{required: true}}}}
    - {{name: price, type: number, scale: 2, constraints: {{required: true}}}}
""" + "".join(f"    - {{{{name: {name}, type: string}}}}\n" for name in NAMES) + "limits: {{max_reject_pct: 100}}\n"
DATASETS = 24


def row(i, price):
    letter = chr(ord("a") + i % 26)
    return f"{i},{price}," + ",".join(f"{letter * 12}{i}" for _ in NAMES) + "\n"


def failing(i):
    """Each row is other than the one before in every cell, and its price fails: a value as wide as the screen."""
    rows = (row(n, chr(ord("a") + n % 26) * 90) for n in range(i * 2000, i * 2000 + 40))
    return "id,price," + ",".join(NAMES) + "\n" + "".join(rows)


def renamed(i):
    return "id,cost," + ",".join(NAMES) + "\n" + "".join(row(n, f"{n}.50") for n in range(i))


class Budget(unittest.TestCase):
    def setUp(self):
        self.dear = []
        self.box = Lake({f"wide{i:02}.yaml": CONTRACT.format(i=i) for i in range(DATASETS)})
        self.addCleanup(self.box.__exit__)
        for i in range(DATASETS):
            self.box.put(f"raw/wide/{i:02}/failing.csv", failing(i))
            self.box.put(f"raw/wide/{i:02}/renamed.csv", renamed(i + 1))
        self.box.run(check=(1,))
        for run, in self.box.query("SELECT run_id FROM run WHERE outcome = 'quarantined' ORDER BY run_id"):
            self.box.sluice("redrive", run, "--map", "cost=price", "--reason", f"a reason of its own, {run[-4:]}")

    def console(self):
        return Console([SLUICE, "--lake", str(self.box.path)])

    def moves(self, console, what, keys):
        costs = {}
        for number, key in enumerate(keys):
            console.type(key)
            costs[f"{number}: {key!r}"] = console.settle()
        self.assertGreater(max(costs.values()), 0, f"{what}: {costs}\n{console.screen.text()}")
        if max(costs.values()) > MOVE:
            self.dear.append(f"{what}: {costs}\n{console.screen.text()}")

    def visit(self, console, what, keys, *texts):
        """At the top, and where the list scrolls."""
        console.press(keys, *texts)
        console.settle()
        self.moves(console, what, "jjk")
        console.type("j" * 40)
        console.settle()
        self.moves(console, what, ["j", "k"])
        console.type("\x0c")
        self.assertLessEqual(console.settle(), REPAINT, what)

    def test_every_screen(self):
        with self.console() as idle, self.console() as console:
            idle.wait("wide", "rows in 24 h")
            idle.settle()
            started, written, before = time.monotonic(), len(idle.raw), wakes(idle.pid)
            self.visit(console, "Overview", "1", "wide00", "rows in 24 h")
            run, = self.box.query("SELECT run_id FROM run_view WHERE rows_rejected > 0 ORDER BY run_id DESC LIMIT 1")[0]
            self.visit(console, "Runs", "2", "renamed.csv")
            self.visit(console, "Run", f":run {run}\r", "type-error price")
            self.visit(console, "Rejects", "3", "type-error")
            self.visit(console, "Requests", "4", "a reason of its own")
            self.visit(console, "Audit", "5", "redrive-requested")
            self.visit(console, "Help", "?", "Help")
            console.press(f":rows {run}\r", "1/40")
            console.settle()
            self.moves(console, "Rows", ["j", "j", "k", "l", "h", "]", "["])
            console.type("j" * 20)
            console.settle()
            self.moves(console, "Rows, scrolling", ["j", "j", "k"])
            self.assertFalse(self.dear, "\n".join(self.dear))
            while (left := IDLE_SECONDS - (time.monotonic() - started)) > 0:
                self.assertEqual(idle.read(left), b"")
            self.assertEqual(idle.read(0), b"")
            self.assertEqual(len(idle.raw), written)
            self.assertEqual(wakes(idle.pid), before)


def wakes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return [line for line in status if "ctxt_switches" in line]


if __name__ == "__main__":
    unittest.main()
