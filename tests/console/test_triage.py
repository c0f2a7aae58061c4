"""Forty files of one cause, a night's work on the screen; marks, and keys that are dead and say why. covers: tui/view"""

import unittest

from tests.console.terminal import Console
from tests.integration.test_standing import CONTRACT, MEND, changed, plain
from tests.lake import SLUICE, SLUICED, Lake
from tests.sshd import Sshd

FILES = 40


class Triage(unittest.TestCase):
    def setUp(self):
        self.box = Lake({"sales.yaml": CONTRACT})
        self.addCleanup(self.box.__exit__)
        agent = f"{SLUICED} agent --lake {self.box.path} --datasets {self.box.path}/datasets --environment night"
        self.sshd = Sshd({who: f"{agent} --operator {who} --role {role}"
                          for who, role in (("alice", "operator"), ("bob", "approver"), ("olga", "operator"), ("vera", "viewer"))})
        self.sshd.__enter__()
        self.addCleanup(self.sshd.__exit__)

    def put(self, number, content):
        self.box.put(f"raw/sales/f{number:03}.csv", content)

    def console(self, who="alice"):
        return Console([SLUICE, "-t", f"ssh://{who}"], PATH=self.sshd.environment()["PATH"])

    def states(self):
        return dict(self.box.query("SELECT state, count(*) FROM file GROUP BY state"))

    def test_one_suggestion_mends_forty_files_and_those_to_come(self):
        for number in range(FILES):
            self.put(number, changed(number))
        self.box.run(check=(1,))
        with self.console() as alice:
            alice.wait("alice@night")
            alice.press("3", "System  40 files", "missing-label")
            shown = alice.press("s", "it would load", "3 rows: 3 pass, 0 fail", "files       40", ">Cancel<")
            self.assertIn("--map 'Price EUR=unit_price'", shown)
            self.assertIn("--set 'dialect.delimiter=;'", shown)
            self.assertIn("[these alone]", shown)
            alice.type("\x1b[Z")
            alice.press("\x1b[Z", "Left, Right choose")
            alice.press("\x1b[C", "[until a time]", "until")
            alice.press("\t", "--until")
            alice.type("2h")
            alice.press("\t", "--until '2h'")
            alice.press("\t", ">Cancel<")
            alice.type("\tnew till software\t")
            alice.wait("new till software", ">Ask<")
            alice.press("\r", "outcome     requested")
        with self.console("bob") as bob:
            bob.wait("bob@night")
            bob.press("4", "requested", "new till software")
            bob.press("A", "Let this run", "files       40", ">Cancel<")
            bob.press("\t", ">Approve<")
            bob.press("\r", "outcome     done", "40 of 40 files loaded")
        self.assertEqual(self.states(), {"SUCCEEDED": FILES})
        self.put(50, changed(50))
        self.put(51, plain(51))
        self.box.run()
        self.assertEqual(self.states(), {"SUCCEEDED": FILES + 2})
        self.assertEqual(self.box.query("SELECT sum(rows) FROM output WHERE kind = 'processed'"), [(3 * (FILES + 2),)])

    def test_marked_runs_are_asked_for_in_one_request(self):
        for number in range(3):
            self.put(number, changed(number))
        self.put(9, plain(9))
        self.box.run(check=(1,))
        with self.console() as alice:
            alice.wait("alice@night")
            alice.press("2", "f009.csv", "f000.csv")
            alice.type("/f001\r")
            alice.press("*", "3 files marked")
            alice.press("u", "2 files marked")
            alice.press("R", "Read these files once more", "it would be quarantined again")
            alice.press("o", "overrides")
            alice.type(" ".join(f"{option} '{value}'" for option, value in zip(MEND[::2], MEND[1::2])))
            alice.press("\t", "it would load, 6 rows: 6 pass, 0 fail")
            while ">Cancel<" not in alice.screen.text():
                alice.type("\t")
                alice.settle()
            alice.type("\ttheir till\t")
            alice.wait("their till", ">Ask<")
            alice.press("\r", "outcome     requested")
        self.assertEqual(self.box.query("SELECT arrival_key FROM redrive_file JOIN file USING (file_id) ORDER BY 1"),
                         [("raw/sales/f000.csv",), ("raw/sales/f002.csv",)])
        self.assertEqual(self.box.query("SELECT state, reason FROM redrive"), [("requested", "their till")])

    def test_a_rejected_row_is_edited_and_read_again(self):
        self.put(1, plain(1, rows=30).replace("104,4.50", "104,4.5o"))
        self.box.run(check=(0, 1))
        self.assertEqual(self.box.query("SELECT sum(rows) FROM output WHERE kind = 'processed'"), [(29,)])
        with Console([SLUICE, "--lake", str(self.box.path)], SLUICE_DATASETS=str(self.box.path / "datasets")) as owner:
            owner.wait("sales")
            owner.press("3", "type-error", "4.5o")
            owner.press("\r", "Rows type-error", "value  4.5o")
            owner.press("e", "row       5", "column    unit_price", "value     4.5o", "Nothing yet")
            owner.type("\x7f0\r")
            owner.wait("@@ row 5, line 6", "-104,4.5o,5,n", "+104,4.50,5,n")
            owner.press("R", "--row 5 --patch", "it would load, 1 rows: 1 pass, 0 fail")
            owner.type("\ttheir typing mistake\t")
            owner.wait("typing mistake", ">Ask<")
            owner.press("\r", "outcome     done")
        self.assertEqual(self.box.query("SELECT sum(rows) FROM output WHERE kind = 'processed'"), [(30,)])

    def test_keys_that_may_not_be_used_say_why(self):
        self.put(0, changed(0))
        self.put(1, plain(1))
        self.box.run(check=(1,))
        with self.console("vera") as viewer:
            viewer.wait("READ-ONLY")
            viewer.press("3", "missing-label")
            viewer.press("R", "a viewer looks and rehearses; an operator acts")
            viewer.press("?", "disabled because a viewer looks")
        with self.console("olga") as operator:
            operator.wait("operator")
            operator.press("2", "f000.csv", "f001.csv")
            operator.press("g", "1/2")
            operator.press("\\", "filter")
            operator.type("quarantined\r")
            operator.press("W", "nothing loaded that could be taken back")


if __name__ == "__main__":
    unittest.main()
