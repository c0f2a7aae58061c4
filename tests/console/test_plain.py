"""The console in lines: what is typed is answered once, below; nothing moves the cursor. covers: tui/app"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from tests.console.terminal import Console, children
from tests.integration.test_redrive import lake, renamed
from tests.lake import SLUICE


class Plain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = lake()
        for n in range(3):
            cls.box.put(f"raw/sales/{n}.csv", renamed(5 + n))
        cls.box.run(check=(1,))

    @classmethod
    def tearDownClass(cls):
        cls.box.__exit__()

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="home-")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.runs = [run for run, in self.box.query("SELECT run_id FROM run ORDER BY run_id DESC")]

    def environment(self):
        return {"XDG_STATE_HOME": self.home, "SLUICE_DATASETS": str(self.box.path / "datasets")}

    def piped(self, *lines, arguments=(), code=0):
        done = subprocess.run([SLUICE, "--plain", *(arguments or ("--lake", str(self.box.path)))], text=True,
                              input="".join(line + "\n" for line in lines), capture_output=True,
                              env=self.box.environment() | self.environment())
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def console(self, *arguments, **environment):
        return Console([SLUICE, *arguments, "--lake", str(self.box.path)], 60, 100, **self.environment(), **environment)

    def test_a_line_is_a_verb_or_a_key_of_the_console(self):
        overview, *answers = self.piped(":1", "runs --limit 2", "n", "n", f":run {self.runs[0][-6:]}", "3").stdout.split("DATASET")
        self.assertIn("approver: " + str(self.box.path), overview)
        said = "".join(answers)
        # the first page has two of three runs, the next one the third, behind which there is none
        self.assertEqual(re.findall(r"^0\S{25}  ", said, re.M), [run + "  " for run in self.runs])
        self.assertIn("there is no more", said)
        self.assertIn(f"run         {self.runs[0]}", said)
        self.assertIn("missing-label", said)

    def test_what_cannot_be_done_is_told_and_the_next_line_is_read(self):
        done = self.piped("nonsense", "rows 'x", "show ZZZZZ", "requests", "help rows", "?", "q", "runs", code=4)
        for text in ("no verb 'nonsense'", "a quote is not closed", "no run has 'ZZZZZ' in its id"):
            self.assertIn(text, done.stderr)
        self.assertIn("nobody has asked for anything", done.stdout)
        self.assertIn("usage: sluice rows RUN", done.stdout)
        self.assertIn("only yes does it", done.stdout)
        self.assertNotIn(self.runs[0], done.stdout)  # q was the last line that was read

    def test_what_acts_is_asked_for_once_more(self):
        run = self.runs.pop()
        discard = f"discard {run} --reason 'the till was off'"
        state = "SELECT file.state FROM file JOIN run USING (file_id) WHERE run_id = ?"
        with self.console("--plain", TERM="dumb") as console:
            console.wait("sluice>")
            for answer in ("no", "y", ""):
                console.press(f"{discard}\n", "discard as ", "only yes does it")
                console.press(f"{answer}\nafter-{answer}\n", f"no verb 'after-{answer}'")
                self.assertIn("nothing is done", console.screen.text())
                self.assertEqual(self.box.query(state, run), [("QUARANTINED",)])
            console.press(f"{discard}\n", "yes or no?")
            console.press("yes\n", f"run         {run}")
            self.assertEqual(self.box.query(state, run), [("DISCARDED",)])
            console.type("q\n")
            self.assertEqual(console.end(), 0)
            self.assertNotIn(b"\x1b", console.raw)

    def test_a_dumb_terminal_has_it_by_itself(self):
        with self.console(TERM="dumb") as console:
            console.wait("DATASET", "? lists what can be typed", "sluice>")
            console.type("\x04")  # the input ends
            self.assertEqual(console.end(), 0)
            self.assertNotIn(b"\x1b", console.raw)

    def looks(self):
        return json.loads((pathlib.Path(self.home) / "sluice" / "seen.json").read_text())

    def test_it_knows_when_one_looked_even_when_it_is_hung_up(self):
        with self.console("--plain", TERM="dumb") as console:
            console.wait("sluice>")
            os.kill(console.pid, signal.SIGHUP)
            console.end()
        self.assertEqual(list(self.looks()), [os.path.realpath(self.box.path)])
        self.assertNotIn("New since", self.piped().stdout)
        seen = pathlib.Path(self.home) / "sluice" / "seen.json"
        seen.write_text(json.dumps({os.path.realpath(self.box.path): "2020-01-01T00:00:00.000000Z"}))
        self.assertRegex(self.piped().stdout, r"New since you last looked\n  3 files quarantined\n")

    def test_a_link_that_was_lost_is_made_again(self):
        with self.console("--plain", TERM="dumb") as console:
            console.wait("sluice>")
            [agent] = children(console.pid)
            os.kill(agent, signal.SIGKILL)
            console.press("runs\n", self.runs[0][-8:])
            self.assertNotIn("ended before it answered", console.screen.text())
            self.assertNotEqual(children(console.pid), [agent])

    def test_a_fleet(self):
        with lake() as other:
            other.run()
            targets = ["-t", str(self.box.path), "-t", str(other.path)]
            done = self.piped("runs", f"runs -t {other.path}", "workers", f"discard {self.runs[0]} --reason r", "targets",
                              arguments=targets, code=2)
            self.assertEqual(done.stdout.count("approver: "), 4)
            self.assertEqual(done.stdout.count("no runs"), 2)
            self.assertIn("TARGET", done.stdout)
            self.assertIn("acts on one target, not on 2", done.stderr)


if __name__ == "__main__":
    unittest.main()
