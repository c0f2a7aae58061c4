"""Several targets as one fleet: their rows in one list, each acted on where it lies, one lost while the others live.

covers: tui/app
"""

import os
import pathlib
import shutil
import signal
import tempfile
import unittest

from tests.console.terminal import Console, children
from tests.integration.test_redrive import lake, renamed
from tests.lake import SLUICE, SLUICED
from tests.sshd import Sshd


class Fleet(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="home-"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.boxes = {}
        for name, days in (("east", (5, 7)), ("west", (6, 8))):
            box = self.boxes[name] = lake()
            self.addCleanup(box.__exit__)
            box.put("raw/sales/0.csv", renamed(4))
            box.run(check=(1,))
            for day in days:
                box.put(f"raw/sales/{name}{day}.csv", renamed(day))
        for name in ("west", "east"):
            self.boxes[name].run(check=(1,))

    def settings(self, **targets):
        folder = self.home / "sluice"
        folder.mkdir(exist_ok=True)
        (folder / "sluice.yaml").write_text("targets:\n" + "".join(f"  {k}: {v}\n" for k, v in targets.items()))

    def console(self, names, **environment):
        arguments = [word for name in names for word in ("-t", name)]
        return Console([SLUICE, *arguments], XDG_CONFIG_HOME=str(self.home), columns=100, **environment)

    def states(self, name):
        return [state for state, in self.boxes[name].query("SELECT state FROM file ORDER BY file_id")]

    def lines(self, console, *words):
        console.settle()
        return [line for line in console.screen.text().split("\n") if all(word in line for word in words)]


class Local(Fleet):
    def setUp(self):
        super().setUp()
        self.settings(**{name: box.path for name, box in self.boxes.items()})

    def open(self):
        return self.console(self.boxes, SLUICE_DATASETS=str(self.boxes["west"].path / "datasets"))

    def test_one_list_and_each_row_is_acted_on_where_it_lies(self):
        with self.open() as console:
            console.wait("east", "west", "3 files of sales", "6 quarantined")
            console.press("2", "› Runs", "/6")
            console.press("g", "1/6")
            self.assertEqual([line.split()[0] for line in self.lines(console, ".csv")],
                             ["east", "east", "west", "west", "west", "east"])
            console.press("jj", "3/6", str(self.boxes["west"].path))
            console.press("\r", "Run west8.csv", "quarantined")
            console.press("q", "Runs", "3/6")
            # a cause of each: the second line's is of the other target, and so is what is asked for
            console.press("3", "Rejects", "System  6 files")
            console.press("g", "1/2")
            self.assertEqual([line.split()[:2] for line in self.lines(console, "missing-label")],
                             [["east", "missing-label"], ["west", "missing-label"]])
            console.press("j", "2/2")
            console.press("s", "it would load", "sluice -t west redrive --cause")
            console.press("\t", "reason")
            console.type("their till\t")
            console.wait("their till", ">Ask<")
            console.press("\r", "outcome     done")
            self.assertEqual((self.states("east"), self.states("west")), (["QUARANTINED"] * 3, ["SUCCEEDED"] * 3))
            console.press("4", "Requests", "west", "their till")
            self.assertEqual(self.lines(console, "east"), [])

    def test_marks_of_one_target_alone_are_acted_on(self):
        with self.open() as console:
            console.wait("east", "west", "6 quarantined")
            console.press("2", "› Runs", "/6")
            console.press("g", "1/6")
            console.press(" ", "1 file marked")
            console.press("j", "3/6")
            console.press("D", "what is marked is of another target")
            console.press("U", "0 files marked")
            console.press("D", "Close this file for good", "sluice -t west discard")

    def test_a_lake_that_is_away_does_not_look_calm(self):
        with self.open() as console:
            console.wait("east", "west", "6 quarantined")
            away = self.boxes["east"].path.with_suffix(".away")
            self.boxes["east"].path.rename(away)
            console.press("r", "east: the lake", "is not there")
            console.type(":targets\r")
            console.wait("Targets", "lake away", "here")
            away.rename(self.boxes["east"].path)
            console.type("r")
            for _ in range(100):
                if len(self.lines(console, "here")) == 2:
                    break
            console.press("g\r", "Overview east", "3 files of sales")


class Remote(Fleet):
    def test_each_target_has_its_own_operator_and_role(self):
        agent = {name: f"{SLUICED} agent --lake {box.path} --datasets {box.path}/datasets" for name, box in self.boxes.items()}
        with Sshd({"ann": f"{agent['east']} --operator ann --role viewer",
                   "ben": f"{agent['west']} --operator ben --role operator"}) as sshd:
            self.settings(east="ssh://ann", west="ssh://ben")
            with self.console(("east", "west"), PATH=sshd.environment()["PATH"]) as console:
                console.wait("east", "west", "6 quarantined")
                console.press("g", "1/2", "ann@", "READ-ONLY")  # whoever answered first
                console.press("3", "System  6 files")
                console.press("g", "1/2", "ann@")
                console.press("R", "a viewer looks and rehearses")
                console.press("j", "2/2", "ben@")
                console.press("s", "it would load")
                console.press("\t", "reason")
                console.type("their till\t")
                console.wait("their till", ">Ask<")
                console.press("\r", "outcome     requested")
                self.assertEqual(self.boxes["west"].query("SELECT state, requested_by FROM redrive"), [("requested", "ben")])
                self.assertEqual(self.boxes["east"].query("SELECT count(*) FROM redrive"), [(0,)])

    def test_one_is_lost_and_the_other_goes_on(self):
        agent = f"{SLUICED} agent --lake {self.boxes['east'].path} --operator ann --role operator"
        with Sshd({"ann": agent}) as sshd:
            self.settings(east="ssh://ann", west=self.boxes["west"].path)
            with self.console(("east", "west"), PATH=sshd.environment()["PATH"]) as console:
                console.wait("east", "west", "6 quarantined")
                console.press("2", "› Runs", "/6")
                console.press("g", "1/6", "ann@")
                ssh = [pid for pid in children(console.pid) if b"BatchMode" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
                sshd.process.kill()
                sshd.process.wait()
                os.kill(ssh[0], signal.SIGKILL)
                console.wait("LINK LOST")
                console.press("jj", "3/6", "east lost", "as of")
                self.boxes["west"].put("raw/sales/new.csv", renamed(9))
                self.boxes["west"].run(check=(1,))
                console.wait("new.csv", "4/7", "east lost")  # and the cursor stays on its run
                self.assertEqual(console.screen.text().count("east "), 4)
                console.type(":targets\r")
                console.wait("Targets", "lost", "here")
                sshd.start()
                sshd.write_client()
                console.type("r")
                console.wait("Targets", "here", "ann")
                console.type("2")
                console.wait("› Runs", "/7", "as of")


if __name__ == "__main__":
    unittest.main()
