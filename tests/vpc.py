"""Network namespaces as a VPC has subnets: laptop, bastion (public), worker (private), database (isolated), each linked with
the next one alone, and forwarding nothing. Nothing of them has a name outside, and they are gone with the processes."""

import os
import shutil
import subprocess

ORDER = ("laptop", "bastion", "worker", "database")
LINKS = {("laptop", "bastion"): "192.0.2", ("bastion", "worker"): "10.0.1", ("worker", "database"): "10.0.2"}
ADDRESS = {"bastion": "192.0.2.2", "worker": "10.0.1.2", "database": "10.0.2.2"}


def obstacle():
    """Why there can be none here; None: there can."""
    if os.geteuid() != 0:
        return "network namespaces are made by root"
    missing = [tool for tool in ("ip", "unshare", "nsenter") if not shutil.which(tool)]
    if missing:
        return f"no {missing[0]} here"
    tried = subprocess.run(["unshare", "--net", "sh", "-c",
                            "ip link add veth0 type veth peer name veth1 && ip address add 192.0.2.1/24 dev veth0 && "
                            "ip link set veth0 up"], capture_output=True, text=True)
    return f"network namespaces cannot be made here: {tried.stderr.strip()}" if tried.returncode else None


class Vpc:
    """A context manager."""

    def __enter__(self):
        self.holders = {}
        for name in ORDER:
            # it ends when this process does: its standard input is closed then
            holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo here; exec cat >/dev/null"],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.holders[name] = holder
            assert holder.stdout.readline() == b"here\n"
            self.run(name, "ip", "link", "set", "lo", "up")
            self.run(name, "sh", "-c", "[ $(cat /proc/sys/net/ipv4/ip_forward) = 0 ]")
        for (near, far), net in LINKS.items():
            self.run(near, "ip", "link", "add", far, "type", "veth", "peer", "name", near, "netns", str(self.holders[far].pid))
            for name, link, host in ((near, far, 1), (far, near, 2)):
                self.run(name, "ip", "address", "add", f"{net}.{host}/24", "dev", link)
                self.run(name, "ip", "link", "set", link, "up")
        return self

    def __exit__(self, *_):
        for holder in self.holders.values():
            holder.stdin.close()
            holder.wait()
            holder.stdout.close()

    def inside(self, name):
        """What a command begins with that is to run there."""
        return ["nsenter", "--net", f"--target={self.holders[name].pid}"]

    def run(self, name, *command):
        subprocess.run([*self.inside(name), *command], stdin=subprocess.DEVNULL, check=True)

    def reaches(self, name, address, port):
        """Can somebody there connect to it?"""
        script = ("import socket, sys\ntry: socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)\n"
                  "except OSError as e: sys.exit(f'{e}')")
        done = subprocess.run([*self.inside(name), "python3", "-S", "-c", script, address, str(port)], capture_output=True)
        return done.returncode == 0
