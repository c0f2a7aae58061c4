"""Three in the morning, over ssh, keystroke by keystroke: one sees what broke and asks, another approves. covers: tui/view"""

import json
import os
import subprocess
import unittest

from tests.console.terminal import Console
from tests.console.tmux import Tmux
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

    def check_outcome(self):
        self.assertEqual(self.box.query("SELECT sum(rows) FROM output WHERE kind = 'processed'"), [(39,)])
        self.assertEqual([(json.loads(line)["actor"], json.loads(line)["action"]) for line, in self.box.query(
            "SELECT line FROM audit ORDER BY audit_id")],
            [("alice", "redrive-requested"), ("bob", "redrive-approved"), ("worker", "redrive-outcome")])

    def test_two_people_and_one_file(self):
        """In tmux, as on a bastion: every keystroke counts, and every one of them shows what comes of it."""
        with Tmux(self.sshd.environment()) as tmux:
            alice = tmux.open("alice", [SLUICE, "-t", "ssh://alice"])
            alice.wait("alice@night", "operator", "sales", "quarantined")
            alice.press("3", "System  1 files", "missing-label")
            alice.press("Enter", "Reason missing-label", "suggestions", "id;Price EUR;quantity")
            shown = alice.press("s", "it would load", "39 rows: 39 pass, 0 fail", "night", ">Cancel<")
            self.assertIn("--map 'Price EUR=unit_price'", shown)
            alice.press("Tab", "reason")
            alice.write("new till software")
            alice.press("Tab", ">Ask<")
            alice.press("Enter", "outcome     requested", "waits for somebody else: sluice approve")
            self.assertEqual(self.box.query("SELECT state, requested_by FROM redrive"), [("requested", "alice")])
            bob = tmux.open("bob", [SLUICE, "-t", "ssh://bob"])
            bob.wait("bob@night", "approver", "sales")
            bob.press("4", "requested", "alice", "new till software")
            bob.press("A", "Let this run", "alice", "Price EUR=unit_price", ">Cancel<")
            bob.press("Tab", ">Approve<")
            bob.press("Enter", "outcome     done", "1 of 1 files loaded")
            alice.press("4", "Requests", "done", "39 rows", "tonight.csv", "decided by  bob")
        self.assertLessEqual(alice.strokes, 12)
        self.assertLessEqual(bob.strokes, 5)
        self.check_outcome()

    def command(self, who, *arguments):
        done = subprocess.run([SLUICE, "-t", f"ssh://{who}", *arguments], env=self.sshd.environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def test_two_commands(self):
        """The same night without a screen: what the dialog shows does the same."""
        run, = self.box.query("SELECT run_id FROM run WHERE outcome = 'quarantined'")[0]
        self.command("alice", "redrive", run, "--map", "Price EUR=unit_price", "--set", "dialect.delimiter=;", "--reason",
                     "new till software")
        self.command("bob", "approve", *self.box.query("SELECT redrive_id FROM redrive")[0])
        self.check_outcome()

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
