"""A real sshd on a loopback port, with operators who come in by keys and forced commands."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

DEADLINE = 60
SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def keygen(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", path], check=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sshd:
    """commands: what each operator's key runs. A client finds operators as hosts of their names; a context manager."""

    def __init__(self, commands, options="restrict"):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="sshd-"))
        self.user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        self.process = None
        keygen(self.path / "hostkey")
        lines = []
        for name, command in commands.items():
            keygen(self.path / name)
            lines.append(f'command="{command}",{options} {(self.path / (name + ".pub")).read_text()}')
        (self.path / "authorized_keys").write_text("".join(lines))
        self.names = list(commands)

    def __enter__(self):
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        while not self.start():
            pass
        self.write_client()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.path, ignore_errors=True)

    def start(self):
        """False: somebody else got the port meanwhile."""
        self.port = free_port()
        config = self.path / "sshd_config"
        config.write_text("\n".join([
            f"Port {self.port}", "ListenAddress 127.0.0.1", f"HostKey {self.path}/hostkey", "PidFile none",
            f"AuthorizedKeysFile {self.path}/authorized_keys", "StrictModes no", "UsePAM no", "PasswordAuthentication no",
            "KbdInteractiveAuthentication no", "PermitRootLogin yes", "ExposeAuthInfo yes", "LogLevel ERROR",
            "MaxStartups 100"]) + "\n")
        with open(self.path / "log", "wb") as log:
            self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                said = (self.path / "log").read_text()
                if "Address already in use" in said:
                    return False
                raise AssertionError(f"sshd ended with {self.process.returncode}\n{said}")
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                    if probe.recv(4) == b"SSH-":
                        return True
            except OSError:
                time.sleep(0.02)  # between two looks, until the deadline
        raise AssertionError("sshd does not listen")

    def write_client(self):
        key = " ".join((self.path / "hostkey.pub").read_text().split()[:2])
        (self.path / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {key}\n")
        hosts = [f"Host {name}\n  HostName 127.0.0.1\n  Port {self.port}\n  User {self.user}\n"
                 f"  IdentityFile {self.path}/{name}\n" for name in self.names]
        (self.path / "config").write_text("".join(hosts) + f"Host *\n  IdentitiesOnly yes\n  IdentityAgent none\n"
                                          f"  UserKnownHostsFile {self.path}/known_hosts\n  StrictHostKeyChecking yes\n")
        (self.path / "bin").mkdir(exist_ok=True)
        ssh = self.path / "bin" / "ssh"
        ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {self.path}/config "$@"\n')
        ssh.chmod(0o755)

    def jump_by(self, hop):
        """Operators are reached as far-NAME too, through another daemon whose first key may do nothing but forward."""
        with open(self.path / "known_hosts", "a", encoding="ascii") as known:
            known.write((hop.path / "known_hosts").read_text())
        first = (hop.path / "config").read_text().split("Host *")[0]
        far = [f"Host far-{name}\n  HostName 127.0.0.1\n  Port {self.port}\n  User {self.user}\n  ProxyJump {hop.names[0]}\n"
               f"  IdentityFile {self.path}/{name}\n" for name in self.names]
        config = self.path / "config"
        config.write_text(first + "".join(far) + config.read_text())

    def environment(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("SLUICE_", "SSH_"))}
        return env | {"PATH": f"{self.path}/bin:{env.get('PATH', '')}"}

    def fingerprint(self, name):
        said = subprocess.run(["ssh-keygen", "-l", "-f", self.path / f"{name}.pub"], capture_output=True, text=True, check=True)
        return said.stdout.split()[1]

