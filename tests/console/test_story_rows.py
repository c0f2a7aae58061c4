"""39,812 rows of 2,000,000 fail on decimal commas: only these are read again, once somebody else has approved it.

covers: worker/redrive
"""

import json
import subprocess
import unittest

from tests.console.terminal import Console
from tests.integration.test_parquet import install_readers, query
from tests.lake import SLUICE, SLUICED, Lake
from tests.sshd import Sshd

ROWS, COMMAS = 2_000_000, 39_812
CONTRACT = """\
dataset: sales
source: {match: "raw/sales/*.csv"}
dialect: {delimiter: ";"}
encoding: utf-8
schema:
  primaryKey: [id]
  fields:
    - {name: id, type: integer}
    - {name: net, type: number, scale: 2, constraints: {required: true}}
"""
COMMA = ("--set", "fields.net.decimalChar=,")


def cents(i):
    """Two digits before the point and two behind it, so that all that fail have one shape, and one cause."""
    return 1000 + i * 7 % 9000


def has_comma(i):
    """Evenly spread: row i has one where the whole part of i * COMMAS / ROWS grows."""
    return i * COMMAS // ROWS > (i - 1) * COMMAS // ROWS


def table():
    lines = [f"{i};{cents(i) // 100}{',' if has_comma(i) else '.'}{cents(i) % 100:02}" for i in range(1, ROWS + 1)]
    return "id;net\n" + "\n".join(lines) + "\n"


class Story(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install_readers()
        cls.text = table()

    def setUp(self):
        self.box = Lake({"sales.yaml": CONTRACT})
        self.addCleanup(self.box.__exit__)
        agent = f"{SLUICED} agent --lake {self.box.path} --datasets {self.box.path}/datasets --environment night"
        self.sshd = Sshd({"alice": f"{agent} --operator alice --role operator", "bob": f"{agent} --operator bob --role approver"})
        self.sshd.__enter__()
        self.addCleanup(self.sshd.__exit__)
        self.box.put("raw/sales/big.csv", self.text)
        self.box.run(check=(0,))
        self.run_id = self.box.query("SELECT job_run_id FROM file")[0][0]

    def sluice(self, who, *arguments):
        done = subprocess.run([SLUICE, "-t", f"ssh://{who}", *arguments, "--json"], env=self.sshd.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{who}: {arguments}\n{done.stderr}")
        return json.loads(done.stdout)

    def whole(self):
        """Every row once, and the sum to the cent."""
        found = json.loads(query("SELECT count(*) AS n, count(DISTINCT id) AS ids, sum(net) AS total, "
                                 f"count(DISTINCT _run_id) AS runs FROM read_parquet('{self.box.path}/processed/**/*.parquet')"))[0]
        total = sum(cents(i) for i in range(1, ROWS + 1))
        self.assertEqual([found["n"], found["ids"], found["total"], found["runs"]],
                         [str(ROWS), str(ROWS), f"{total // 100}.{total % 100:02}", "2"])
        self.assertEqual(self.box.fsck()[0], 0)

    def console(self, who):
        return Console([SLUICE, "-t", f"ssh://{who}"], **{"PATH": self.sshd.environment()["PATH"]})

    def test_on_the_screen(self):
        with self.console("alice") as alice:
            alice.wait("alice@night", "sales")
            alice.press("3", "type-error", "39,812")
            alice.press("s", "rejected rows of this cause", "fields.net.decimalChar=,", "39,812 rows: 39,812 pass, 0 fail",
                        ">Cancel<")
            alice.press("\t", "reason")
            alice.type("a till in Lyon")
            alice.wait("reason      a till in Lyon")
            alice.press("\t", ">Ask<")
            alice.press("\r", "outcome     requested")
            with self.console("bob") as bob:
                bob.wait("bob@night", "approver")
                bob.press("4", "requested", "a till in Lyon")
                bob.press("A", "Let this run", "fields.net.decimalChar=,", ">Cancel<")
                bob.press("\t", ">Approve<")
                bob.press("\r", "outcome     done", "1 of 1 files loaded")
            alice.press("2", "Runs", "big.csv")
            alice.press("G")
            alice.press("\r", "Run big.csv", "-39,812", "39,812 recovered by")
        self.whole()

    def test_by_commands(self):
        cause, = self.sluice("alice", "causes", self.run_id)["items"]
        self.assertEqual([cause[k] for k in ("code", "column", "shape", "rows", "open", "recovered")],
                         ["type-error", "net", "99,99", COMMAS, COMMAS, 0])
        tried = self.sluice("alice", "rehearse", self.run_id, "--cause", str(cause["cause"]), *COMMA)
        self.assertEqual([tried[k] for k in ("scope", "rows", "would_pass", "would_fail")], ["rows", COMMAS, COMMAS, 0])
        asked = self.sluice("alice", "redrive", self.run_id, "--cause", str(cause["cause"]), *COMMA,
                            "--reason", "a till in Lyon")["items"][0]
        self.assertEqual([asked[k] for k in ("state", "scope", "rows")], ["requested", "rows", COMMAS])
        done = self.sluice("bob", "approve", asked["request"])["items"][0]
        self.assertEqual([done[k] for k in ("state", "requested_by", "decided_by")], ["done", "alice", "bob"])
        again = done["details"][0]["outcome_run"]
        show = self.sluice("alice", "show", self.run_id)
        self.assertEqual([show[k] for k in ("rows_rejected", "rows_recovered", "rows_open", "reread_by")],
                         [COMMAS, COMMAS, 0, [again]])
        self.assertEqual(self.sluice("alice", "show", again)["rows_in"], COMMAS)
        self.whole()


if __name__ == "__main__":
    unittest.main()
