"""Several targets as one fleet: their rows in one list, each acted on where it lies, one lost while the others live.

covers: tui/app
"""

import os
import pathlib
import shutil
import signal
import sqlite3
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

    def test_marks_of_several_targets_have_a_dialog_each(self):
        with self.open() as console:
            console.wait("east", "west", "6 quarantined")
            console.press("2", "› Runs", "/6")
            console.press("g", "1/6")
            console.press(" ", "1 file marked")  # east's
            console.press("jD", "Close this file for good", "sluice -t east discard")  # wherever the cursor is
            console.press("\r", "3/6")
            console.press("  ", "3 files marked")  # and two of west's
            console.press("D", "Close this file for good", "sluice -t east discard", "east, 1 of 2")
            console.press("\t", "reason")
            console.type("the till was off\t")
            console.wait("the till was off", ">Discard<")
            console.press("\r", "outcome     done")
            console.press("\r", "Close these files for good", "sluice -t west discard", "west, 2 of 2")
            console.press("\r", "› Runs", "3 marked")  # cancelled: only what was asked for is done
            self.assertEqual(self.states("east").count("DISCARDED"), 1)
            self.assertEqual(self.states("west"), ["QUARANTINED"] * 3)

    def test_a_run_is_found_in_whichever_target_has_it(self):
        east, west = [self.boxes[name].query("SELECT max(run_id) FROM run")[0][0] for name in ("east", "west")]
        with self.open() as console:
            console.wait("east", "west", "6 quarantined")
            for name, run in (("east", east), ("west", west)):
                console.press(f":run {run[4:].lower()}\r", f"Run {run[4:].lower()}", str(self.boxes[name].path))
                console.press("1", "Overview")
            console.press(f":reason {east}\r", "Reason", "missing-label")
            console.press("1", "Overview")
            console.press(":run 0\r", "several runs have this in their ids", "/6")
            console.press("1", "Overview")
            console.press(":run nonesuch\r", "no run has this in its id")

    def test_audit_alerts_and_workers_are_of_all(self):
        for i, name in enumerate(("east", "west")):
            with sqlite3.connect(self.boxes[name].path / ".sluice" / "journal.db") as db:
                db.execute("INSERT INTO alert VALUES (1, 'cause', '1', 'sales', 'error', ?1, '', 1, 1, ?2, ?2, NULL)",
                           (f"of {name}", 1795230764000000 + i * 1000000))
            db.close()
            run = self.boxes[name].query("SELECT max(run_id) FROM run")[0][0]
            self.boxes[name].sluice("discard", run, "--reason", f"because of {name}")
        with self.open() as console:
            console.wait("east", "west")
            console.press("5", "lines of 2 targets, each follows from the one before: the chains hold")
            console.press("g", "because of")
            first, second = [line.split()[0] for line in self.lines(console, "discard")]
            self.assertEqual({first, second}, {"west", "east"})
            console.press("g", f"because of {first}")
            console.press("\r", "Run", str(self.boxes[first].path))
            console.press(":alerts\r", "of west")
            self.assertEqual([line.split()[0] for line in self.lines(console, "open", "of ")], ["west", "east"])
            console.type(":workers\r")
            console.wait("Workers", "idle")
            self.assertEqual({line.split()[0] for line in self.lines(console, "idle")}, {"east", "west"})

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
