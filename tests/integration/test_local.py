"""Local users: the worker listens on a socket, the kernel says who is there, the settings what they may do.

covers: worker/watch
"""

import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from tests.console.terminal import Console
from tests.integration.test_redrive import lake, renamed
from tests.lake import SLUICE, SLUICED

FIX = ("--map", "Price EUR=unit_price", "--set", "dialect.delimiter=;")
ROOT = os.getuid() == 0 and shutil.which("setpriv")
OWN = pwd.getpwuid(os.getuid()).pw_name
USERS = ("daemon", "bin", "games")  # an operator, an approver, and one without a role


class Local(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = lake()
        cls.box.put("raw/sales/3.csv", renamed(3))
        cls.box.run(check=(1,))
        # the way there has to be open to other accounts
        cls.open = pathlib.Path(tempfile.mkdtemp(prefix="sluice-", dir="/tmp"))
        cls.open.chmod(0o755)
        cls.program = cls.open / "sluice"
        shutil.copy(SLUICE, cls.program)
        cls.program.chmod(0o755)
        cls.worker = None

    @classmethod
    def tearDownClass(cls):
        cls.stop()
        shutil.rmtree(cls.open, ignore_errors=True)
        cls.box.__exit__()

    @classmethod
    def start(cls, operators, **settings):
        cls.stop()
        cls.socket = cls.open / "run" / "agent.sock"
        config = cls.open / "sluice.yaml"
        config.write_text(json.dumps({"lake": str(cls.box.path), "datasets": str(cls.box.path / "datasets"),
                                      "socket": str(cls.socket), "operators": operators, **settings}))
        cls.worker = subprocess.Popen([SLUICED, "watch", "--config", str(config)], env=cls.box.environment(),
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(str(cls.socket))
                    return
                except OSError:
                    time.sleep(0.02)  # between two looks, until the deadline
        raise AssertionError("nobody listens")

    @classmethod
    def stop(cls):
        if cls.worker:
            cls.worker.send_signal(signal.SIGTERM)
            cls.worker.communicate(timeout=60)
            cls.worker = None

    def ask(self, who, *arguments, code=0, target=True):
        to = ["-t", f"unix:{self.socket}"] if target else ["--config", str(self.open / "sluice.yaml")]
        line = [str(self.program), *arguments, *to, "--json"]
        if who != OWN:
            line = ["setpriv", f"--reuid={who}", "--clear-groups", *line]
        done = subprocess.run(line, env={"PATH": os.environ["PATH"], "HOME": "/"}, cwd="/", stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, code, f"{who}: {arguments}\n{done.stdout}\n{done.stderr}")
        return done.stderr if code else json.loads(done.stdout)

    def audit(self, actor):
        return [json.loads(line) for line, in self.box.query("SELECT line FROM audit WHERE actor = ? ORDER BY audit_id", actor)]

    def test_the_settings_give_a_role_even_to_the_lakes_owner(self):
        self.start({OWN: "viewer"})
        run = self.ask(OWN, "runs")["items"][0]["run_id"]
        said = self.ask(OWN, "redrive", run, *FIX, "--reason", "please", code=1)
        self.assertIn("the role viewer may not do this: operator may", said)
        self.assertEqual(self.audit(OWN)[-1]["action"], "refused")
        self.assertEqual(self.audit(OWN)[-1]["from"], f"local uid {os.getuid()}")
        with Console([str(self.program), "-t", f"unix:{self.socket}"]) as console:
            console.wait(f"{OWN}@local", "viewer", "[READ-ONLY]", "sales")
            self.stop()
            console.wait("LINK LOST")
            self.assertEqual(console.end("Q"), 0)
        self.assertFalse(self.socket.exists())
        self.assertIn("'sluiced watch --socket PATH' listens there", self.ask(OWN, "runs", code=3))

    def test_a_socket_that_a_killed_worker_left_behind_gives_way(self):
        self.start({OWN: "viewer"})
        self.worker.kill()
        self.worker.communicate(timeout=60)
        type(self).worker = None
        self.assertTrue(self.socket.exists())
        self.start({OWN: "operator"})
        self.assertEqual(len(self.ask(OWN, "runs")["items"]), 1)
        other = subprocess.Popen([SLUICED, "watch", "--config", str(self.open / "sluice.yaml")], env=self.box.environment(),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in other.stderr:
            if "another-worker-listens" in line:
                break
        other.send_signal(signal.SIGTERM)
        other.communicate(timeout=60)
        self.assertEqual(len(self.ask(OWN, "runs")["items"]), 1)

    def test_a_role_that_is_none_is_a_mistake_of_the_settings(self):
        done = self.box.run("--socket", str(self.open / "other.sock"), "--operators", f"{OWN}=boss", command="watch")
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"operators: '{OWN}=boss' gives no role", done.stderr)

    @unittest.skipUnless(ROOT, "it takes root to be another user")
    def test_each_user_is_who_the_kernel_says(self):
        operator, approver, nobody = USERS
        self.start({operator: "operator", approver: "approver"})
        self.box.put("raw/sales/4.csv", renamed(4))
        deadline = time.monotonic() + 60
        quarantined = []
        while len(quarantined) < 2 and time.monotonic() < deadline:
            quarantined = [item["run_id"] for item in self.ask(operator, "runs")["items"] if item["outcome"] == "quarantined"]
        run = quarantined[0]
        asked = self.ask(operator, "redrive", run, *FIX, "--reason", "new till software")["items"][0]
        self.assertEqual((asked["state"], asked["requested_by"]), ("requested", operator))
        self.assertIn("the role operator may not do this", self.ask(operator, "approve", asked["request"], code=1))
        # without -t the settings lead there, since the socket is another account's
        done = self.ask(approver, "approve", asked["request"], target=False)["items"][0]
        self.assertEqual(done["decided_by"], approver)
        said = self.ask(nobody, "overview", code=1)
        self.assertIn(f"{nobody} has no role here", said)
        refused = self.audit(nobody)
        self.assertEqual([(line["action"], line["from"]) for line in refused],
                         [("refused", f"local uid {pwd.getpwnam(nobody).pw_uid}")])
        self.stop()
        self.assertEqual(self.box.fsck()[0], 0)


if __name__ == "__main__":
    unittest.main()
