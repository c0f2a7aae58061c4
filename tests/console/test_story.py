"""Three in the morning, over ssh, keystroke by keystroke: one sees what broke and asks, another approves. covers: tui/view"""

import json
import os
import unittest

from tests.console.terminal import Console
from tests.integration.test_redrive import lake, renamed
from tests.lake import SLUICE, SLUICED
from tests.sshd import Sshd


class Story(unittest.TestCase):
    def setUp(self):
        self.box = lake()
        self.addCleanup(self.box.__exit__)
        agent = f"{SLUICED} agent --lake {self.box.path} --datasets {self.box.path}/datasets --environment night"
        self.sshd = Sshd({"alice": f"{agent} --operator alice --role operator", "bob": f"{agent} --operator bob --role approver"})
        self.sshd.__enter__()
        self.addCleanup(self.sshd.__exit__)
        self.box.put("raw/sales/tonight.csv", renamed(5, rows=39))
        self.box.run(check=(1,))

    def console(self, who):
        return Console([SLUICE, "-t", f"ssh://{who}"], **{"PATH": self.sshd.environment()["PATH"]})

    def test_two_people_and_one_file(self):
        strokes = {"alice": 0, "bob": 0}

        def press(console, who, key, *texts):
            strokes[who] += 1
            return console.press(key, *texts)

        with self.console("alice") as alice:
            alice.wait("alice@night", "operator", "sales")
            press(alice, "alice", "3", "System  1 files", "missing-label")
            press(alice, "alice", "\r", "Reason missing-label", "suggestions", "id;Price EUR;quantity")
            shown = press(alice, "alice", "s", "it would load", "39 rows: 39 pass, 0 fail", "night", ">Cancel<")
            self.assertIn("--map 'Price EUR=unit_price'", shown)
            press(alice, "alice", "\t", "reason")
            alice.type("new till software")
            alice.wait("reason      new till software")
            press(alice, "alice", "\t", ">Ask<")
            press(alice, "alice", "\r", "outcome     requested", "waits for somebody else: sluice approve")
            self.assertEqual(self.box.query("SELECT state, requested_by FROM redrive"), [("requested", "alice")])
            with self.console("bob") as bob:
                bob.wait("bob@night", "approver")
                press(bob, "bob", "4", "requested", "alice", "new till software")
                press(bob, "bob", "A", "Let this run", "alice", "Price EUR=unit_price", ">Cancel<")
                press(bob, "bob", "\t", ">Approve<")
                press(bob, "bob", "\r", "outcome     done", "1 of 1 files loaded")
            press(alice, "alice", "4", "Requests", "done", "39 rows", "tonight.csv", "decided by  bob")
        self.assertLessEqual(strokes["alice"], 12, strokes)
        self.assertLessEqual(strokes["bob"], 5, strokes)
        self.assertEqual(self.box.query("SELECT sum(rows) FROM output WHERE kind = 'processed'"), [(39,)])
        self.assertEqual([(json.loads(line)["actor"], json.loads(line)["action"]) for line, in self.box.query(
            "SELECT line FROM audit ORDER BY audit_id")],
            [("alice", "redrive-requested"), ("bob", "redrive-approved"), ("worker", "redrive-outcome")])

    @unittest.skipUnless(os.getuid() == 0, "an sshd of one's own gives no terminal")
    def test_the_console_stands_on_a_bastion(self):
        """The other blessed set-up: a forced command there, and a key onward."""
        there = f"env PATH={self.sshd.environment()['PATH']} {SLUICE} -t ssh://alice"
        with Sshd({"desk": there}, options="restrict,pty") as bastion:
            with Console(["ssh", "-tt", "desk", "ls", "/"], PATH=bastion.environment()["PATH"]) as desk:
                desk.wait("alice@night", "operator", "sales")
                desk.press("3", "missing-label")
                desk.type(":q\r")
                self.assertEqual(desk.end(), 0)

    def test_nothing_is_done_by_mistake(self):
        """Enter on what a dialog opens with, Esc, and a paste: nothing of it acts."""
        with self.console("alice") as alice:
            alice.wait("alice@night")
            alice.press("3", "missing-label")
            alice.press("\r", "Reason missing-label")
            alice.press("s", ">Cancel<", "it would load")
            alice.type("\x1b[200~R\rA\ry\x1b[201~")
            alice.press("\r", "Reason missing-label", "suggestions")
            alice.press("s", ">Cancel<", "it would load")
            alice.press("\t", "reason")
            alice.press("\t", ">Ask<")
            alice.press("\r", "a reason is needed")
        self.assertEqual(self.box.query("SELECT count(*) FROM redrive"), [(0,)])


if __name__ == "__main__":
    unittest.main()
