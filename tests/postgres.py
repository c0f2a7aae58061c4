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
import socket
import subprocess
import tempfile
import time

BIN = next((p for p in sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
            if (p / "initdb").exists()), None)
SETTINGS = {
    "listen_addresses": "", "fsync": "off", "synchronous_commit": "on", "full_page_writes": "off",
    "shared_buffers": "32MB", "max_connections": "30", "autovacuum": "off", "log_min_messages": "fatal",
    "timezone": "America/New_York", "datestyle": "SQL, DMY", "client_encoding": "LATIN1", "jit": "off",
}


class Cluster:
    """The worker must set what it relies on: the server's defaults are odd on purpose."""

    def __init__(self, settings=None, inside=(), listen=""):
        """inside: what its commands begin with; listen: an address of its network that everybody there may come by."""
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
        self.drop = [*inside, *self.drop]
        self.tool("initdb", "-D", self.data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N",
                  "--no-instructions")
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write("".join(f"{name} = '{value}'\n" for name, value in (SETTINGS | (settings or {})).items()))
            if listen:
                conf.write(f"listen_addresses = '{listen}'\nssl = on\n")
            conf.write(f"unix_socket_directories = '{self.socket}'\n")
        hba = self.data / "pg_hba.conf"
        everybody = "host all all samenet trust\n" if listen else ""
        hba.write_text("local all known scram-sha-256\n" + everybody + hba.read_text())
        if listen:
            self.certify(listen)
        self.start()
        self.psql("SET password_encryption = 'scram-sha-256'; CREATE ROLE known LOGIN PASSWORD 'right'")

    def certify(self, address):
        """Clients trust self.certificate, which names the address."""
        self.certificate, key = self.data / "server.crt", self.data / "server.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=database", "-addext", f"subjectAltName=IP:{address}", "-keyout", key,
                        "-out", self.certificate], check=True, capture_output=True)
        key.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(key, "postgres", "postgres")

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


class Authority:
    """Makes certificates, with openssl."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir()
        self.certificate = self.folder / "ca.crt"
        (self.folder / "index.txt").touch()
        (self.folder / "conf").write_text(
            "[ca]\ndefault_ca = own\n[own]\n" + "".join(f"{k} = {self.folder}/{v}\n" for k, v in (
                ("database", "index.txt"), ("new_certs_dir", ""), ("certificate", "ca.crt"), ("private_key", "ca.key"))) +
            "rand_serial = yes\nunique_subject = no\ndefault_md = sha256\npolicy = any\ncopy_extensions = copy\n[any]\ncommonName = supplied\n")
        self.openssl("req", "-x509", *self.new_key("ca"), "-days", "2", "-subj", f"/CN={name}", "-out", self.certificate)

    def new_key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", self.folder / f"{name}.key"]

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"openssl {arguments[0]}: {done.stderr}")

    def sign(self, host, first="20200101000000Z", last="20990101000000Z"):
        """Certificate and key of a server of this name."""
        made = self.folder / f"{host}-{last}.crt"
        self.openssl("req", *self.new_key(made.stem), "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-out",
                     self.folder / "request")
        self.openssl("ca", "-batch", "-notext", "-config", self.folder / "conf", "-startdate", first, "-enddate", last, "-in",
                     self.folder / "request", "-out", made)
        return made, self.folder / f"{made.stem}.key"


class Secure:
    """A cluster that is listened to over TCP as well, as localhost, with a certificate of an authority."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.authority = Authority(cluster.path, "authority")
        # a port that was free a moment ago: another one where somebody was faster
        for turn in range(20):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
            cluster.stop()
            self.configure(listen_addresses="127.0.0.1", port=self.port)
            self.use(*self.authority.sign("localhost") if turn == 0 else ())
            try:
                cluster.start()
                return
            except AssertionError:
                if turn == 19:
                    raise

    def configure(self, **settings):
        with (self.cluster.data / "postgresql.auto.conf").open("a") as conf:
            conf.write("".join(f"{name} = '{value}'\n" for name, value in settings.items()))

    def use(self, certificate=None, key=None):
        """At the next start, or after reload()."""
        if certificate:
            for source, name in ((certificate, "server.crt"), (key, "server.key")):
                shutil.copy(source, self.cluster.data / name)
                (self.cluster.data / name).chmod(0o600)
                if self.cluster.drop:
                    shutil.chown(self.cluster.data / name, "postgres", "postgres")
            self.configure(ssl="on", ssl_cert_file="server.crt", ssl_key_file="server.key")

    def restart(self):
        self.cluster.stop()
        self.cluster.start()

    def url(self, database, host="localhost", **words):
        words = "".join(f"&{k}={v}" for k, v in words.items())
        return f"postgresql://owner@{host}:{self.port}/{database}?hostaddr=127.0.0.1{words}"


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
