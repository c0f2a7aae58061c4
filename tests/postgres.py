#!/usr/bin/env python3
"""A throwaway PostgreSQL: a cluster in a folder of its own, on a socket there, without a TCP port; nothing of it stays.

As a program it prints the URL, and ends by SIGTERM or SIGINT.
"""

import csv
import io
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

BIN = next((p for p in sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
            if (p / "initdb").exists()), None)
SETTINGS = {
    "listen_addresses": "", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
    "shared_buffers": "32MB", "max_connections": "30", "autovacuum": "off", "log_min_messages": "fatal",
    "timezone": "America/New_York", "datestyle": "SQL, DMY", "client_encoding": "LATIN1", "jit": "off",
}


class Cluster:
    """The worker must set what it relies on: the server's defaults are odd on purpose."""

    def __init__(self):
        # a socket's path may have 107 bytes
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self.path.chmod(0o755)
        self.data = self.path / "data"
        self.socket = self.path / "s"
        self.socket.mkdir()
        # the server refuses to be root's
        self.drop = []
        if os.geteuid() == 0:
            shutil.chown(self.path, "postgres", "postgres")
            shutil.chown(self.socket, "postgres", "postgres")
            self.drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self.tool("initdb", "-D", self.data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N",
                  "--no-instructions")
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write("".join(f"{name} = '{value}'\n" for name, value in SETTINGS.items()))
            conf.write(f"unix_socket_directories = '{self.socket}'\n")
        hba = self.data / "pg_hba.conf"
        hba.write_text("local all known scram-sha-256\n" + hba.read_text())
        self.start()
        self.psql("SET password_encryption = 'scram-sha-256'; CREATE ROLE known LOGIN PASSWORD 'right'")

    def tool(self, name, *arguments):
        done = subprocess.run([*self.drop, str(BIN / name), *map(str, arguments)], cwd="/", stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})
        if done.returncode != 0:
            raise AssertionError(f"{name} ended with {done.returncode}\n{done.stdout}")

    def start(self):
        self.tool("pg_ctl", "-D", self.data, "-l", self.path / "log", "-w", "-t", "120", "start")

    def stop(self, mode="immediate"):
        self.tool("pg_ctl", "-D", self.data, "-m", mode, "-w", "-t", "120", "stop")

    def close(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.path, ignore_errors=True)

    def url(self, database="postgres", user="owner"):
        return f"postgresql://{user}@/{database}?host={self.socket}"

    def psql(self, sql, database="postgres", user="owner", check=True):
        """The rows, as lists of texts; NULL is None. In UTC, as ISO has it."""
        done = subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "--csv", "-t", "-P", "null=\\N", self.url(database, user)],
            input=sql.encode(), capture_output=True,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PGTZ": "UTC", "PGDATESTYLE": "ISO, YMD",
                 "PGCLIENTENCODING": "UTF8"})
        if check and done.returncode != 0:
            raise AssertionError(f"psql: {done.stderr.decode()}\n{sql}")
        found = io.StringIO(done.stdout.decode(), newline="")
        return [[None if v == "\\N" else v for v in row] for row in csv.reader(found)]

    def database(self, name):
        """A new one."""
        self.psql(f'CREATE DATABASE "{name}"')
        return self.url(name)


class Pooler:
    """pgbouncer before a cluster, on a socket beside its own: a server is somebody's for one transaction only."""

    SETTINGS = {"listen_addr": "", "auth_type": "any", "pool_mode": "transaction", "default_pool_size": "4",
                "server_reset_query_always": "1", "server_reset_query": "DISCARD ALL", "log_connections": "0"}

    def __init__(self, cluster):
        self.cluster = cluster
        self.path = cluster.path / "pooler"
        self.path.mkdir()
        conf = self.path / "conf"
        conf.write_text(f"[databases]\n* = host={cluster.socket} user=owner\n[pgbouncer]\nunix_socket_dir = {self.path}\n"
                        + "".join(f"{name} = {value}\n" for name, value in self.SETTINGS.items()))
        if cluster.drop:
            shutil.chown(self.path, "postgres", "postgres")
        self.server = subprocess.Popen([*cluster.drop, shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin"),
                                        "-q", conf], stdin=subprocess.DEVNULL)

    def __enter__(self):
        deadline = time.monotonic() + 60
        while subprocess.run(["psql", "-X", "-c", "", self.url("postgres")], capture_output=True).returncode != 0:
            if self.server.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("pgbouncer does not answer")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()
        shutil.rmtree(self.path)

    def url(self, database):
        return f"postgresql://owner@/{database}?host={self.path}&port=6432"


def main():
    cluster = Cluster()
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
        print(cluster.url(), flush=True)
        signal.sigwait([signal.SIGTERM, signal.SIGINT])
    finally:
        cluster.close()


if __name__ == "__main__":
    main()
