"""Operators come by ssh: names and roles from forced commands, four eyes, and what the audit knows of them.

covers: worker/agent
"""

import json
import os
import re
import subprocess
import tempfile
import unittest

from tests.integration.test_redrive import lake, renamed
from tests.lake import ROOT, SLUICE, SLUICED
from tests.sshd import SSHD, Sshd

FIX = ("--map", "Price EUR=unit_price", "--set", "dialect.delimiter=;")


class Ssh(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = lake()
        agent = f"{SLUICED} agent --lake {cls.box.path} --datasets {cls.box.path}/datasets"
        cls.sshd = Sshd({
            "alice": f"{agent} --operator alice --role operator",
            "bob": f"{agent} --operator bob --role approver",
            "carol": f"{agent} --operator carol --role viewer",
            "dan": f"{agent} --operator dan --role approver",
            "eve": f"{agent} --operator eve --role approver --break-glass eve",
        })
        cls.sshd.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.sshd.__exit__()
        cls.box.__exit__()

    def sluice(self, who, *arguments, code=0):
        done = subprocess.run([SLUICE, "-t", f"ssh://{who}", *arguments, "--json"], env=self.sshd.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, f"{who}: {arguments}\n{done.stdout}\n{done.stderr}")
        return done.stderr if code else json.loads(done.stdout)

    def setUp(self):
        self.addCleanup(self.sshd.write_client)

    def quarantine(self, day):
        """One file that FIX mends."""
        self.box.put(f"raw/sales/{day}.csv", renamed(day))
        self.box.run(check=(1,))
        return self.box.query("SELECT job_run_id FROM file WHERE arrival_key = ?", f"raw/sales/{day}.csv")[0][0]

    def rows(self):
        return self.box.query("SELECT coalesce(sum(rows), 0) FROM output WHERE kind = 'processed'")[0][0]

    def audit(self, subject, action):
        return [json.loads(line) for line, in self.box.query(
            "SELECT line FROM audit WHERE subject = ? AND action = ? ORDER BY audit_id", subject, action)]

    def test_one_asks_and_another_approves(self):
        run, before = self.quarantine(3), self.rows()
        asked = self.sluice("alice", "redrive", run, *FIX, "--reason", "new till software")
        asked = asked["items"][0]
        self.assertEqual((asked["state"], asked["requested_by"], self.rows()), ("requested", "alice", before))
        self.assertEqual(asked["requested_from"], f"127.0.0.1 {self.sshd.fingerprint('alice')}")
        done = self.sluice("bob", "approve", asked["request"])["items"][0]
        self.assertEqual((done["state"], done["decided_by"], self.rows() - before), ("done", "bob", 20))
        for who, action in (("alice", "redrive-requested"), ("bob", "redrive-approved")):
            line = self.audit(asked["request"], action)[0]
            self.assertEqual((line["actor"], line["from"]), (who, f"127.0.0.1 {self.sshd.fingerprint(who)}"))
        self.assertEqual(self.box.fsck()[0], 0)

    def test_nobody_approves_their_own(self):
        asked = self.sluice("dan", "redrive", self.quarantine(4), *FIX, "--reason", "mine")["items"][0]
        said = self.sluice("dan", "approve", asked["request"], code=1)
        self.assertIn("is your own: somebody else must approve it", said)
        refused = self.audit(asked["request"], "refused")[-1]
        self.assertEqual((refused["actor"], refused["detail"]["action"]), ("dan", "approve"))
        self.assertEqual(self.sluice("bob", "decline", asked["request"], "--reason", "no")["items"][0]["state"], "declined")

    def test_who_breaks_the_glass_is_told(self):
        before = self.rows()
        asked = self.sluice("eve", "redrive", self.quarantine(5), *FIX, "--reason", "nobody is there")["items"][0]
        self.assertEqual(self.sluice("eve", "approve", asked["request"])["items"][0]["state"], "done")
        self.assertEqual(self.rows() - before, 20)
        self.assertEqual([line["actor"] for line in self.audit(asked["request"], "break-glass")], ["eve"])
        # until somebody else has looked at it, all are told
        told = self.sluice("carol", "overview")["incidents"][0]
        self.assertEqual((told["kind"], told["subject"]), ("break-glass", asked["request"]))
        self.assertIn("eve approved alone", told["message"])
        said = self.sluice("eve", "acknowledge", str(told["incident"]), code=1)
        self.assertIn("is of what you did alone", said)
        self.sluice("alice", "acknowledge", str(told["incident"]), "--note", "it was the night of the move")
        self.assertEqual(self.sluice("carol", "overview")["incidents"], [])

    def test_a_role_that_asks_for_more(self):
        run = self.quarantine(6)
        self.assertEqual(self.sluice("carol", "rehearse", run, *FIX)["outcome"], "would-load")
        said = self.sluice("carol", "redrive", run, *FIX, "--reason", "please", code=1)
        self.assertIn("the role viewer may not do this: operator may", said)
        self.assertEqual([line["actor"] for line in self.audit(run, "refused")], ["carol"])
        asked = self.sluice("alice", "redrive", run, *FIX, "--reason", "x")["items"][0]
        said = self.sluice("alice", "approve", asked["request"], code=1)
        self.assertIn("the role operator may not do this: approver may", said)

    def test_what_was_approved_must_not_have_changed(self):
        contract = self.box.path / "datasets/sales.yaml"
        text = contract.read_text()
        asked = self.sluice("alice", "redrive", self.quarantine(7), *FIX, "--reason", "x")["items"][0]
        try:
            contract.write_text(text.replace("max_reject_pct: 50", "max_reject_pct: 40"))
            self.assertIn("has changed", self.sluice("bob", "approve", asked["request"], code=1))
        finally:
            contract.write_text(text)
        self.assertEqual(self.sluice("bob", "requests")["items"][0]["state"], "void")
        self.assertTrue(self.audit(asked["request"], "redrive-void"))

    def test_names_are_believed_from_forced_commands_only(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith("SSH_")}
        done = subprocess.run([SLUICED, "agent", "--lake", self.box.path, "--operator", "mallory", "--role", "approver"],
                              env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("believed only from a forced command", done.stderr)

    def test_through_a_bastion(self):
        """The hop's key forwards to that one port and runs nothing; without the hop there is no way by that name."""
        only = f'restrict,port-forwarding,permitopen="127.0.0.1:{self.sshd.port}"'
        with Sshd({"hop": "/bin/false"}, options=only) as hop:
            self.sshd.jump_by(hop)
            run = self.quarantine(8)
            asked = self.sluice("far-alice", "redrive", run, *FIX, "--reason", "from afar")["items"][0]
            self.assertEqual((asked["state"], asked["requested_by"]), ("requested", "alice"))
            self.assertEqual(self.sluice("far-bob", "approve", asked["request"])["items"][0]["state"], "done")
        self.assertIn("ssh could not reach the agent", self.sluice("far-alice", "overview", code=3))
        self.assertIn("datasets", self.sluice("alice", "overview"))

    def test_whether_a_lost_call_was_done_can_be_asked(self):
        """ssh is killed under the call; the hint is the command that tells, and it tells."""
        run = self.quarantine(9)
        ssh = self.sshd.path / "bin" / "ssh"
        whole = ssh.read_text()
        ssh.write_text("#!/bin/sh\nread call\nexit 255\n")
        try:
            said = self.sluice("alice", "redrive", run, *FIX, "--reason", "x", code=3)
        finally:
            ssh.write_text(whole)
        client = re.search(r"Whether it was done: sluice outcome ([0-9A-Z]{26})$", said, re.M)
        self.assertTrue(client, said)
        self.assertEqual(self.sluice("alice", "outcome", client[1]), {"known": False, "request": None})
        asked = self.sluice("alice", "redrive", run, *FIX, "--reason", "x")["items"][0]
        known = self.box.query("SELECT client_id FROM client_call WHERE subject = ?", asked["request"])[0][0]
        self.assertEqual(self.sluice("alice", "outcome", known)["request"], asked)

    def test_what_is_shipped_for_sshd_is_taken_by_it(self):
        """sshd's own word on the snippets, for the account each is about; and each example line names a role."""
        folder = ROOT / "deploy/sshd"
        for name, about, wanted in (
                ("sluice.conf", "user=sluice", {"exposeauthinfo yes", "permittty no", "allowtcpforwarding no"}),
                ("bastion.conf", f"user={self.sshd.user}", {"permitopen worker.internal:22", "forcecommand /bin/false"})):
            with tempfile.NamedTemporaryFile("w", suffix=".conf") as config:
                # groups are the machine's: here everybody is one of them
                text = (folder / name).read_text().replace("Group sluice-operators", "User *")
                config.write(f"HostKey {self.sshd.path}/hostkey\n{text}")
                config.flush()
                said = subprocess.run([SSHD, "-T", "-f", config.name, "-C", f"{about},host=h,addr=192.0.2.7"],
                                      capture_output=True, text=True)
            self.assertEqual(said.returncode, 0, said.stderr)
            self.assertLessEqual(wanted, set(said.stdout.splitlines()), name)
        lines = (folder / "authorized_keys.example").read_text().splitlines()
        self.assertEqual([line.split("--role ")[1].split()[0] for line in lines], ["operator", "approver", "viewer"])
        self.assertTrue(all('",restrict ssh-' in line for line in lines))

    def test_hosts_that_are_not_there(self):
        self.assertIn("ssh could not reach the agent", self.sluice("nobody.invalid", "overview", code=3))
        done = subprocess.run([SLUICE, "-t", "ssh://-oProxyCommand=true", "overview"], env=self.sshd.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
