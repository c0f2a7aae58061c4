"""The real console in a real pseudo-terminal, over a small lake. covers: tui/app"""

import os
import shutil
import signal
import subprocess
import unittest

from tests.console.terminal import BOLD, REVERSE, Console, children
from tests.lake import SLUICE, SLUICED, Lake

CONTRACT = """
dataset: sales
source: {match: "raw/sales/**/*.csv"}
encoding: utf-8
schema:
  primaryKey: [id]
  fields:
    - {name: id, type: integer, constraints: {required: true}}
    - {name: name, type: string}
    - {name: price, type: number, scale: 2, constraints: {required: true}}
limits: {max_reject_pct: 90}
"""

# what must never reach a terminal as it is
HOSTILE = ["\x1b[2J\x1b[31mred", "\x1b]0;title\x07", "bell\x07", "back\x08\x08space", "\u202eright to left",
           "zero\u200bwidth", "c1\u009b31m", "tab\there", "nul-ish\x01", "\u0301\u0301\u0301\u0301\u0301\u0301marks",
           "\ufeffbom", "\U000e0041tag", "\u2028line"]


def sales(rows):
    lines = ["id,name,price"]
    for i in range(1, rows + 1):
        lines.append(f"{i},name {i},{'n/a' if i % 10 == 0 else f'{i}.50'}")
    return "\n".join(lines) + "\n"


def mixed(rows):
    """Of all rows every tenth fails by its price and, of the others, every fifteenth by its id; then some come twice."""
    lines = [f"{'none' if i % 15 == 0 and i % 10 else i},n,{'n/a' if i % 10 == 0 else '1.00'}" for i in range(1, rows + 1)]
    return "\n".join(["id,name,price", *lines, *(f"{i},n,1.00" for i in range(1, MIXED_TWICE + 1))]) + "\n"


MIXED_ROWS, MIXED_TWICE = 600, 7
MIXED_IDS = MIXED_ROWS // 15 - MIXED_ROWS // 30
MIXED_CONVERT = MIXED_ROWS // 10 + MIXED_IDS


class ConsoleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lake = Lake({"sales.yaml": CONTRACT})
        cls.lake.put("raw/sales/good.csv", sales(9))
        cls.lake.put("raw/sales/lossy.csv", sales(5000))
        cls.lake.put("raw/sales/mixed.csv", mixed(MIXED_ROWS))
        cls.lake.put("raw/sales/empty.csv", "")
        cls.lake.put("raw/sales/hostile.csv",
                     "id,name,price\n" + "".join(f'{i + 1},"{text}",{text}\n' for i, text in enumerate(HOSTILE)) +
                     "".join(f"{i},ok,1.00\n" for i in range(100, 130)))
        cls.lake.put("raw/other/\u202enotes\u200b.txt", "nobody wants this")
        cls.lake.run(check=(0, 1))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.lake.path, ignore_errors=True)

    def console(self, **more):
        return Console([SLUICE, "--lake", str(self.lake.path)], **more)

    def open_lossy(self, console):
        console.wait("Overview", "sales")
        console.press("2", "Runs", "lossy.csv")
        console.press("/lossy\r", "lossy.csv")
        console.press("\r", "Run lossy.csv", "type-error price", "5,000")

    def test_the_way_to_a_failing_cell(self):
        with self.console() as console:
            console.wait("Overview", "sales", "rows in 24 h", "unmatched")
            self.open_lossy(console)
            shown = console.press("\r", "Rows type-error", "!n/a", "value  n/a", "hex    6e 2f 61", "1/500")
            self.assertIn("is not a number", shown)
            # the failing cell is reversed as well
            y = next(i for i in range(24) if "!n/a" in console.screen.row(i))
            x = console.screen.row(y).index("!n/a")
            self.assertEqual({look & (BOLD | REVERSE) for look in console.screen.looks(y)[x:x + 4]}, {BOLD | REVERSE})
            self.assertEqual(console.screen.cursor()[0], y)
            console.press("]", "2/500")
            console.press("[", "1/500")
            console.press("G", "500/500", "5,000")
            console.press("g", "1/500")
            console.press(":2500\r", "250/500", "2,500")
            console.press("f", "Frequencies price", "500 rows")
            console.press("\x1b", "Rows type-error")
            console.press("\x1b", "Run lossy.csv", "STAGE")
            console.press("3", "System", "Data quality", "empty-file")
            console.press("\r", "Reason empty-file", "the file is empty")
            console.press("\t", "reason.json", '"version": 1')
            console.press("q", "Rejects")
            console.press("\t", "type-error")
            console.press("?", "Help", "the next tab")
            console.press("q", "Rejects")
            console.press("1", "rows in 24 h")
            console.press("q", "Quit sluice?")
            self.assertEqual(console.end(keys="y"), 0)
            # the terminal is as it was: main screen, no bracketed paste
            self.assertIn(b"\x1b[?1049l", console.raw)
            self.assertIn(b"\x1b[?2004l", console.raw)

    def test_what_a_stage_lost(self):
        """Enter on its line opens all its rows and no others, the cursor on the first bad cell; on a cause's, that cause's."""
        with self.console() as console:
            console.wait("Overview", "sales")
            console.press("2", "Runs", "mixed.csv")
            console.press("/mixed\r", "mixed.csv")
            console.press("\r", "Run mixed.csv", "rules", "primary-key")
            console.press("g", "STAGE")
            for stage, count, texts in (("convert", MIXED_CONVERT, ("!n/a", "type-error")),
                                        ("rules", MIXED_TWICE, ("repeats row 1", "601"))):
                console.press(f"/{stage}\r\r", f"Rows {stage}", f"1/{count}", *texts)
                console.settle()
                if stage == "convert":  # what is amiss with a key is amiss with no one cell
                    self.assert_at(console, "!n/a")
                console.press("Y", "sent to the terminal")
                self.assertTrue(console.clipboard().decode().endswith(f" --stage {stage}\n"))
                console.press("G", f"{count}/{count}")
                console.press("q", "Run mixed.csv", "STAGE")
            console.press("/type-error id\r\r", "Rows type-error", f"1/{MIXED_IDS}", "!none")
            console.settle()
            self.assert_at(console, "!none")

    def assert_at(self, console, cell):
        """The terminal's cursor is on this cell, behind its mark."""
        y = next(i for i in range(24) if cell in console.screen.row(i))
        self.assertEqual(console.screen.cursor(), (y, console.screen.row(y).index(cell) + 1))

    def test_commands(self):
        with self.console() as console:
            console.wait("sales")
            console.press(":ru\t", ":run")
            console.press("\x15runs\r", "lossy.csv")
            console.press(":nonsense\r", "no such command")
            console.press(":run 0\r", "more than one run's id")
            console.press("q", "lossy.csv")
            console.press("\\empty\r", "filter: empty", "1/1")
            console.press("\x1b", "/5")
            console.type(":q\r")
            self.assertEqual(console.end(), 0)

    def test_help_has_its_place_on_every_screen(self):
        with self.console() as console:
            console.wait("sales")
            for key, title in (("1", "Overview"), ("2", "Runs"), ("3", "Rejects"), ("4", "Requests"), ("5", "Audit")):
                console.press(key, title)
                console.settle()
                self.assertIn("? help", console.screen.row(23))

    def test_idle_takes_no_processor(self):
        with self.console() as console:
            console.wait("sales")
            console.settle()

            def wakes():
                with open(f"/proc/{console.pid}/status", encoding="ascii") as f:
                    return [line for line in f if "ctxt_switches" in line]

            before = wakes()
            self.assertEqual(console.settle(), 0)
            self.assertEqual(wakes(), before)

    def test_nothing_hostile_reaches_the_terminal(self):
        with self.console() as console:
            console.wait("sales", "<U+202E>notes<U+200B>.txt")
            console.press("2", "hostile.csv")
            console.press("/hostile\r", "hostile.csv")
            console.press("\r", "Run hostile.csv", "type-error")
            console.press("\r", "Rows")
            console.settle()
            for _ in range(12):
                console.type("j")
                console.settle()
            console.press("f", "Frequencies")
            console.settle()
            console.type("qq")
            console.settle()
            console.press("3", "Data quality")
            console.press("\t", "SAMPLES")
            console.settle()
            text = console.raw.decode("utf-8")
            for c in "\u202e\u200b\u009b\ufeff\u2028\x01\x00\x7f":
                self.assertNotIn(c, text)
            self.assertNotIn("\x1b[2J\x1b[31mred", text)
            self.assertNotIn("\x1b]0;", text)
            self.assertNotIn("\U000e0041", text)

    def test_hang_up_ends_it(self):
        with self.console() as console:
            console.wait("sales")
            os.kill(console.pid, signal.SIGHUP)
            console.end()
        with self.console() as console:
            console.wait("sales")
            os.close(console.fd)
            console.fd = None
            console.end()

    def test_small_and_large(self):
        with self.console(rows=10, columns=40) as console:
            console.wait("sluice needs 80 x 24", "40 x 10")
            console.press("i", "Overview")
            for rows, columns in ((24, 80), (100, 300), (1, 1), (5, 20), (24, 80)):
                console.resize(rows, columns)
                console.settle()
            console.wait("Overview", "sales")
            console.type("Q")
            self.assertEqual(console.end(), 0)
        with self.console(rows=100, columns=300) as console:
            console.wait("Overview", "sales")
            console.press("2", "lossy.csv", "KIND", "BYTES")
            console.type("Q")
            self.assertEqual(console.end(), 0)

    def test_terminals(self):
        with self.console(NO_COLOR="1") as console:
            console.wait("sales")
            self.assertNotRegex(console.raw, rb"\x1b\[[\d;]*3[0-7]m")
        with self.console(TERM="xterm-no-such-thing") as console:
            console.wait("sales", "xterm-no-such-thing is not known here")
        with self.console(LC_ALL="C") as console:
            console.wait("Overview", "sales", "---")
            self.assertTrue(console.raw.isascii())
        with self.console(TERM="vt100") as console:
            console.settle()
            self.assertIn(b"sales", console.raw)

    def test_copy_and_write(self):
        with self.console() as console:
            self.open_lossy(console)
            console.press("\r", "1/500")
            console.press("y", "sent to the terminal")
            self.assertEqual(console.clipboard(), b"n/a")
            console.press("k", "1/500")
            console.settle()
            console.press("Y", "sent to the terminal")
            block = console.clipboard().decode()
            self.assertRegex(block, r"(?s)^run \w+: type-error, 500 rows\n  row 10: .*\nsluice rows \w+ --cause \d+\n$")
            path = self.lake.path / "out.tsv"
            console.press(f"w{path}\r", "written to")
            self.assertIn("\tn/a\n", path.read_text())
            console.press(f"w{path}\r", "cannot write")

    def test_pasted_text_is_no_keys(self):
        with self.console() as console:
            console.wait("sales")
            console.type("\x1b[200~2Q:q\r\x1b[201~")
            console.settle()
            self.assertIn("Overview", console.screen.text())
            console.press("/", "/")
            console.press("\x1b[200~abc\x1b[201~", "/abc")

    def test_a_lost_agent_is_seen_and_comes_back(self):
        with self.console() as console:
            console.wait("sales", "as of")
            agents = children(console.pid)
            self.assertEqual(len(agents), 1)
            os.kill(agents[0], signal.SIGKILL)
            console.wait("LINK LOST")
            console.wait("as of")
            console.press("2", "lossy.csv")

    def test_without_a_terminal_it_prints(self):
        done = subprocess.run([SLUICE, "--lake", str(self.lake.path)], stdin=subprocess.DEVNULL, capture_output=True)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"DATASET", done.stdout)
        self.assertNotIn(b"\x1b", done.stdout)


if __name__ == "__main__":
    unittest.main()
