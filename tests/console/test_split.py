"""A slow link splits keys: whatever piece arrives late, on the screens where a letter acts, nothing acts."""

import concurrent.futures
import subprocess
import time
import unittest

from tests.console.terminal import Console
from tests.integration.test_redrive import lake, renamed
from tests.lake import SLUICE

# Cursor keys in both modes, with Ctrl, Home, End, Shift-Tab, function keys: their letters are A, D, R and others here.
SEQUENCES = [b"\x1b[" + c for c in (b"A", b"B", b"C", b"D", b"F", b"H", b"Z")] + \
            [b"\x1bO" + c for c in (b"A", b"B", b"D", b"R")] + [b"\x1b[1;5A", b"\x1b[1;5D", b"\x1b[3~", b"\x1b[15~"]
GAPS_MS = (30, 120, 250, 400)
TRIALS = [(sequence[:at], sequence[at:], gap) for sequence in SEQUENCES for at in range(1, len(sequence)) for gap in GAPS_MS]
DEAD_SECONDS, LATE_SECONDS, LEAVE_SECONDS = 0.55, 0.45, 120
LONG_GAP_SECONDS, ANSWER_SECONDS = 0.7, 0.1
DESKS, TRIES = 8, 5
REPAINT, CLEAR, REPAINT_SECONDS = b"\x0c", b"\x1b[2J", 60


class Desk:
    """
    A console that splits are tried on, always from the same screen: go() leads there from the overview. letter is a key
    that acts there or below it, and sign is what would be drawn then.
    """

    def __init__(self, argv, go, letter, sign):
        self.console, self.go, self.letter, self.sign = Console(argv), go, letter, sign
        self.console.wait("Overview", "sales", "rows in 24 h")

    def pause(self, since, seconds=DEAD_SECONDS):
        """So long that acting keys work again; whatever comes meanwhile is taken."""
        while (left := since + seconds - time.monotonic()) > 0:
            self.console.read(left)

    def one(self, first, second, gap):
        """What the console drew behind the last piece, and whether this process was in time to keep the gap."""
        self.go(self.console)
        written = time.monotonic()
        self.console.type(first)
        while (left := written + gap / 1000 - time.monotonic()) > 0:
            self.console.read(left)
        start = len(self.console.raw)
        kept = time.monotonic() - written < LATE_SECONDS
        self.console.type(second + REPAINT)
        self.drawn(start)
        self.pause(time.monotonic(), ANSWER_SECONDS)
        self.leave()
        self.pause(time.monotonic())
        return self.console.raw[start:], kept

    def drawn(self, start):
        """All that the last piece led to is on the screen, before another key follows. A field for text repaints nothing."""
        end = time.monotonic() + REPAINT_SECONDS
        while CLEAR not in self.console.raw[start:] and time.monotonic() < end and "Confirm" not in self.console.screen.row(1):
            self.console.read(0.1)

    def leave(self):
        """A dialog, wherever in it a key that came whole has led, by Esc; a screen by its number."""
        end = time.monotonic() + LEAVE_SECONDS
        while "rows in 24 h" not in self.console.screen.text():
            if time.monotonic() > end:
                raise AssertionError(f"there is no way out\n{self.console.screen.text()}")
            self.console.type("\x1b" if "Confirm" in self.console.screen.row(1) else "1")
            self.console.read(0.1)

    def acts(self, trial):
        """Whether it acted every time: a machine too busy to keep the gap makes a letter of it now and then."""
        for _ in range(TRIES):
            drawn, kept = self.one(*trial)
            if kept and self.sign not in drawn:
                return False
        return True

    def work(self, trials):
        with self.console:
            wrong = [trial for trial in trials if self.acts(trial)]
            # so late that nobody can tell it from a key of its own, it does act
            self.go(self.console)
            self.console.type(b"\x1b")
            self.pause(time.monotonic(), LONG_GAP_SECONDS)
            self.console.type(b"[" + self.letter)
            self.console.wait(self.sign.decode())
            return wrong


class Split(unittest.TestCase):
    def setUp(self):
        self.box = lake()
        self.addCleanup(self.box.__exit__)
        good = "".join(f"{i},{'n/a' if i % 3 == 0 else i},1,2026-01-05,a@b\n" for i in range(1, 12))
        self.box.put("raw/sales/lossy.csv", "id,unit_price,quantity,day,email\n" + good)
        for day in (5, 6):
            self.box.put(f"raw/sales/{day}.csv", renamed(day))
        self.box.run(check=(1,))
        self.lossy, = self.box.query("SELECT run_id FROM run WHERE outcome = 'loaded'")[0]

        environment = self.box.environment() | {"SLUICE_DATASETS": str(self.box.path / "datasets")}
        stopped, = self.box.query("SELECT run_id FROM run WHERE outcome = 'quarantined'")[0]
        subprocess.run([SLUICE, "redrive", stopped, "--map", "Price EUR=unit_price", "--set", "dialect.delimiter=;", "--reason",
                        "new till", "--ask", "--lake", str(self.box.path)], env=environment, check=True, capture_output=True)

    # An Esc that comes alone goes back, so what lies below is a screen where letters act as well.

    def rows(self, console):
        console.press(f":run {self.lossy}\r", "STAGE", "type-error")
        console.press(f":rows {self.lossy}\r", "Rows", "!n/a")

    def request(self, console):
        console.press("4", "Requests", "requested", "new till")
        console.press("\r", "asked by", "new till")

    def dialog(self, console):
        console.press("3", "missing-label")
        console.press("s", "Re-drive all files", ">Cancel<")

    def test_nothing_acts(self):
        argv = [SLUICE, "--lake", str(self.box.path)]
        kinds = ((self.rows, b"D", b">Cancel<"), (self.request, b"A", b">Cancel<"), (self.dialog, b"D", b"for good"))
        with concurrent.futures.ThreadPoolExecutor(len(kinds) * DESKS) as pool:
            working = [pool.submit(Desk(argv, *kind).work, TRIALS[number::DESKS]) for kind in kinds for number in range(DESKS)]
            self.assertEqual([wrong for work in working for wrong in work.result()], [])
        self.assertEqual(self.box.query("SELECT state FROM redrive"), [("requested",)])
        self.assertEqual(self.box.query("SELECT count(*) FROM audit"), [(1,)])


if __name__ == "__main__":
    unittest.main()
