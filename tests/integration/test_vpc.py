"""Laptop, bastion, worker and database stand in networks of their own: who can reach whom, and a re-drive through all.

covers: worker/agent, covers: tui/core
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from tests.integration.test_warehouse import CONTRACT, table
from tests.lake import SLUICE, SLUICED, Lake
from tests.postgres import BIN, Cluster
from tests.sshd import SSHD, keygen
from tests.vpc import ADDRESS, Vpc, obstacle

DEADLINE = 60
ROWS = 20
SSHD_LINES = ["UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin yes",
              "StrictModes no", "PidFile none", "LogLevel ERROR", "X11Forwarding no", "AllowAgentForwarding no"]


class Host:
    """An sshd on port 22 of one of the networks; a context manager. keys: what stands before each name's key."""

    def __init__(self, vpc, name, keys, *lines):
        self.vpc, self.name = vpc, name
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-"))
        keygen(self.path / "hostkey")
        for key in keys:
            keygen(self.path / key)
        (self.path / "authorized_keys").write_text(
            "".join(f"{options} {(self.path / f'{key}.pub').read_text()}" for key, options in keys.items()))
        (self.path / "sshd_config").write_text("\n".join([
            "Port 22", f"ListenAddress {ADDRESS[name]}", f"HostKey {self.path}/hostkey",
            f"AuthorizedKeysFile {self.path}/authorized_keys", *SSHD_LINES, *lines]) + "\n")

    def __enter__(self):
        os.makedirs("/run/sshd", exist_ok=True)
        self.log = open(self.path / "log", "wb")
        self.process = subprocess.Popen([*self.vpc.inside(self.name), SSHD, "-D", "-e", "-f", self.path / "sshd_config"],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = time.monotonic() + DEADLINE
        while not self.vpc.reaches(self.name, ADDRESS[self.name], 22):
            assert self.process.poll() is None and time.monotonic() < end, (self.path / "log").read_text()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.path, ignore_errors=True)

    def known(self):
        return f"{ADDRESS[self.name]} {' '.join((self.path / 'hostkey.pub').read_text().split()[:2])}\n"


@unittest.skipIf(obstacle(), obstacle())
@unittest.skipUnless(SSHD and BIN, "no sshd or no PostgreSQL here")
class ThreeSubnets(unittest.TestCase):
    def setUp(self):
        self.vpc = self.enterContext(Vpc())
        self.box = self.enterContext(Lake({"sales.yaml": CONTRACT}))
        self.cluster = Cluster(inside=self.vpc.inside("database"), listen=ADDRESS["database"])
        self.addCleanup(self.cluster.close)
        self.url = f"postgresql://owner@{ADDRESS['database']}/postgres?sslrootcert={self.cluster.certificate}"
        agent = f"{SLUICED} agent --lake {self.box.path} --datasets {self.box.path}/datasets --warehouse {self.url}"
        self.worker = self.enterContext(Host(
            self.vpc, "worker", {name: f'command="{agent} --operator {name} --role {role}",restrict'
                                 for name, role in (("alice", "operator"), ("bob", "approver"))},
            "AllowTcpForwarding no", "PermitTTY no", "ExposeAuthInfo yes"))
        # as deploy/sshd/bastion.conf has it
        self.bastion = self.enterContext(Host(
            self.vpc, "bastion", {"jump": "restrict,port-forwarding"}, "AllowTcpForwarding local",
            f"PermitOpen {ADDRESS['worker']}:22", "PermitTTY no", "ForceCommand /bin/false"))
        self.laptop = self.write_laptop()

    def write_laptop(self):
        """Each operator's way in, as ~/.ssh/config has it."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="laptop-")))
        (folder / "known_hosts").write_text(self.worker.known() + self.bastion.known())
        hosts = [f"Host bastion\n  HostName {ADDRESS['bastion']}\n  IdentityFile {self.bastion.path}/jump\n"]
        hosts += [f"Host {name}\n  HostName {ADDRESS['worker']}\n  ProxyJump bastion\n  IdentityFile {self.worker.path}/{name}\n"
                  for name in ("alice", "bob")]
        (folder / "config").write_text("".join(hosts) + "Host *\n  User root\n  IdentitiesOnly yes\n  IdentityAgent none\n"
                                       f"  UserKnownHostsFile {folder}/known_hosts\n  StrictHostKeyChecking yes\n")
        (folder / "ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/config "$@"\n')
        (folder / "ssh").chmod(0o755)
        return folder

    def sluice(self, who, *arguments):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("SLUICE_", "SSH_"))}
        done = subprocess.run(
            [*self.vpc.inside("laptop"), SLUICE, "-t", f"ssh://{who}", *arguments, "--json"], stdin=subprocess.DEVNULL,
            env=environment | {"PATH": f"{self.laptop}:{environment['PATH']}"}, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{who}: {arguments}\n{done.stdout}\n{done.stderr}")
        return json.loads(done.stdout)

    def work(self, code):
        done = subprocess.run(
            [*self.vpc.inside("worker"), SLUICED, "run", "--lake", self.box.path, "--datasets", self.box.path / "datasets",
             "--warehouse", self.url], env=self.box.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stderr)

    def loaded(self):
        return self.cluster.psql("SELECT count(*), sum(amount) FROM sales.silver_table")

    def test_a_redrive_passes_through_all_and_nothing_else_does(self):
        reach = {(near, far): self.vpc.reaches(near, ADDRESS[far], 5432 if far == "database" else 22)
                 for near in ("laptop", "bastion", "worker") for far in ("bastion", "worker", "database") if near != far}
        self.assertEqual({pair for pair, reached in reach.items() if reached},
                         {("laptop", "bastion"), ("bastion", "worker"), ("worker", "database")})
        self.box.put("raw/sales/right.csv", table(rows=5, bad=0))
        self.box.put("raw/sales/wrong.csv", table(first=100, rows=ROWS, bad=0).replace(",", ";"))
        self.work(1)
        self.assertEqual(self.loaded()[0][0], "5")
        run = self.box.query("SELECT run_id FROM run WHERE outcome = 'quarantined'")[0][0]
        asked = self.sluice("alice", "redrive", run, "--set", "dialect.delimiter=;", "--reason", "new till")["items"][0]
        self.assertEqual((asked["state"], asked["requested_by"], self.loaded()[0][0]), ("requested", "alice", "5"))
        # who comes through the bastion comes from it, to whoever is asked
        self.assertTrue(asked["requested_from"].startswith("10.0.1.1 SHA256:"), asked["requested_from"])
        done = self.sluice("bob", "approve", asked["request"])["items"][0]
        self.assertEqual((done["state"], done["decided_by"], done["loaded"]), ("done", "bob", 1))
        amounts = [i + 0.5 for i in (*range(1, 6), *range(100, 100 + ROWS))]
        self.assertEqual(self.loaded(), [[str(5 + ROWS), f"{sum(amounts):.2f}"]])


if __name__ == "__main__":
    unittest.main()
