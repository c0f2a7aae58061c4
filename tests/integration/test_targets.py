"""Targets by name, and several at once.

covers: tui/core
"""

import json
import subprocess
import unittest

from tests.integration.test_redrive import lake, renamed
from tests.lake import SLUICE


class Targets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.boxes = [lake(), lake()]
        for i, box in enumerate(cls.boxes):
            for n in range(i + 1):
                box.put(f"raw/sales/{n}.csv", renamed(5 + n))
            box.run(check=(1,))
        cls.home = cls.boxes[0].path / "home"
        cls.settings = cls.home / "sluice" / "sluice.yaml"
        cls.settings.parent.mkdir(parents=True)
        cls.settings.write_text(f"targets:\n  north: {cls.boxes[0].path}\n  south: {cls.boxes[1].path}\n")

    @classmethod
    def tearDownClass(cls):
        for box in cls.boxes:
            box.__exit__()

    def sluice(self, *arguments, code=0):
        environment = self.boxes[0].environment() | {"XDG_CONFIG_HOME": str(self.home)}
        done = subprocess.run([SLUICE, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, cwd="/")
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def test_a_name_stands_for_its_target(self):
        for name, count in (("north", 1), ("south", 2), (str(self.boxes[1].path), 2)):
            self.assertEqual(len(json.loads(self.sluice("runs", "-t", name, "--json").stdout)["items"]), count)
        own = self.boxes[1].path / "own.yaml"
        own.write_text(f"targets: {{west: {self.boxes[0].path}}}\n")
        self.assertEqual(len(json.loads(self.sluice("runs", "-t", "west", "--config", str(own), "--json").stdout)["items"]), 1)

    def test_a_name_that_is_none(self):
        self.assertIn("Did you mean 'north'?", self.sluice("runs", "-t", "nort", code=2).stderr)
        self.assertIn("below 'targets' in " + str(self.settings), self.sluice("runs", "-t", "zzz", code=2).stderr)
        bad = self.boxes[0].path / "bad.yaml"
        bad.write_text("targets: [north]\n")
        self.assertIn("bad.yaml:1:10: targets are names", self.sluice("runs", "-t", "x", "--config", str(bad), code=2).stderr)

    def test_several_answer_one_after_another(self):
        all_ = json.loads(self.sluice("runs", "-t", "north", "-t", "south", "--json").stdout)["targets"]
        self.assertEqual([(a["target"], len(a["result"]["items"])) for a in all_], [("north", 1), ("south", 2)])
        text = self.sluice("runs", "-t", "south", "-t", "north").stdout
        south, north = text.split("── ")[1:]
        self.assertTrue(south.startswith("south\n") and north.startswith("north\n"), text)
        self.assertEqual((south.count(".csv"), north.count(".csv")), (2, 1))

    def test_workers_and_alerts_are_one_list(self):
        table = self.sluice("workers", "-t", "south", "-t", "north").stdout.splitlines()
        self.assertEqual(table[0].split()[0], "TARGET")
        self.assertEqual({line.split()[0] for line in table[1:]}, {"north", "south"})
        self.assertEqual(self.sluice("alerts", "-t", "south", "-t", "north").stdout, "no alerts\n")
        self.assertNotIn("TARGET", self.sluice("workers", "-t", "south").stdout)
        of_each = json.loads(self.sluice("workers", "-t", "south", "-t", "north", "--json").stdout)["targets"]
        self.assertEqual([a["target"] for a in of_each], ["south", "north"])

    def test_one_that_is_away_does_not_keep_the_others(self):
        away = str(self.boxes[0].path / "nothing")
        done = self.sluice("runs", "-t", away, "-t", "south", "--json", code=3)
        self.assertEqual([a["result"] is None for a in json.loads(done.stdout)["targets"]], [True, False])
        self.assertIn("nothing", done.stderr)

    def test_nobody_acts_on_several(self):
        done = self.sluice("discard", "X", "-t", "north", "-t", "south", "--reason", "r", code=2)
        self.assertIn("acts on one target, not on 2", done.stderr)


if __name__ == "__main__":
    unittest.main()
