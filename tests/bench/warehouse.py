"""J2: the dirty file of J1 into a typed table of PostgreSQL, rejects aside; psql copies the clean rows alone."""

import os
import pathlib
import shutil
import tempfile
from decimal import Decimal

from tests.bench.measure import ROOT, measure
from tests.integration.test_parquet import HERE as READERS, install_readers
from tests.postgres import BIN, Cluster

TABLE = """CREATE TABLE sales (transaction_id text NOT NULL, store_id text NOT NULL, customer_id bigint NOT NULL,
product_sku text NOT NULL, product_name text, quantity bigint NOT NULL, unit_price numeric(12,2) NOT NULL, currency text NOT NULL,
discount_pct numeric(5,2), payment_method text, ts timestamptz NOT NULL, country text NOT NULL, email text, notes text)"""
FIELDS = ("transaction_id, store_id, customer_id, product_sku, product_name, quantity, unit_price, currency, discount_pct, "
          "payment_method, ts, country, email, notes")
SUM = """SELECT count(*), (sum(net * 100)::numeric + sum(tax * 100)
+ sum(extract(epoch FROM ts) * 1000000)) % 18446744073709551616 FROM main.silver_table"""
# As much as a server of this size would be given; durability is off for all alike.
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "8GB", "checkpoint_timeout": "30min"}
PIPED = """psql=$0 url=$1 pipe=$2; shift 2
"$psql" -X -q -v ON_ERROR_STOP=1 "$url" -c "\\copy sales FROM '$pipe' WITH (FORMAT csv)" &
"$@" || { kill $!; exit 1; }; wait $!"""


class Load:
    """sales: J1, whose file, contract and truth these are."""

    def __init__(self, sales, contracts):
        self.sales = sales
        self.name = sales.name.replace("J1", "J2")
        self.cluster = Cluster(SETTINGS)
        self.contracts = {}
        for stages in ("[silver]", "[raw, bronze, silver]"):
            folder = self.contracts[stages] = pathlib.Path(tempfile.mkdtemp(dir=sales.folder))
            text = (contracts / "sales.yaml").read_text()
            (folder / "sales.yaml").write_text(f"{text}warehouse: {{schema: main, stages: {stages}}}\n")
            for table in contracts.glob("*.csv"):
                shutil.copy(table, folder)
        self.clean = self.cluster.path / "clean"
        into = pathlib.Path(tempfile.mkdtemp(dir=sales.folder))
        self.load(into, "[silver]")
        shutil.rmtree(into)
        for form in ("csv", "binary"):
            self.cluster.psql(f"\\copy (SELECT {FIELDS} FROM main.silver_table ORDER BY _row_number) TO '{self.clean}.{form}' "
                              f"WITH (FORMAT {form})")

    def close(self):
        self.cluster.close()

    def title(self):
        expected = self.sales.expected
        return (f"{self.name} into PostgreSQL: {expected['records']} records, {expected['rejected']} to be rejected; sluiced: silver "
                "(20 columns) and the lake; DuckDB: 14 columns; psql: the clean rows, 14 columns; CPU: the server's too")

    def peers(self):
        yield "sluiced", lambda into: self.run_sluiced(into, "[silver]")
        yield "psql, clean text", lambda into: self.run_psql("csv")
        yield "psql, clean binary", lambda into: self.run_psql("binary")
        if shutil.which("node"):
            install_readers()
            yield "DuckDB and psql", self.run_duckdb
        yield "sluiced, 3 stages", lambda into: self.run_sluiced(into, "[raw, bronze, silver]")

    def measured(self, command):
        """The server's CPU seconds are those of its processes that have ended."""
        before = self.server_cpu()
        wall, cpu, peak = measure(command)
        while self.cluster.psql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'") != [["1"]]:
            pass
        return wall, cpu + self.server_cpu() - before, peak

    def server_cpu(self):
        pid = (self.cluster.data / "postmaster.pid").read_text().split("\n", 1)[0]
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def load(self, into, stages):
        self.cluster.psql("DROP SCHEMA IF EXISTS main CASCADE; DROP SCHEMA IF EXISTS sluice CASCADE; CHECKPOINT")
        return self.measured([self.sales.options.build / "sluiced", "run", "--lake", self.sales.lake(into), "--datasets",
                              self.contracts[stages], "--warehouse", self.cluster.url()])

    def run_sluiced(self, into, stages):
        measured = self.load(into, stages)
        expected = self.sales.expected
        good, total = self.cluster.psql(SUM)[0]
        wrong = [word for word, ok in (("rejects", self.sales.rejects_right(into)), ("rows", good == str(expected["good"])),
                                       ("money or time", Decimal(total) == int(expected["checksum"], 16))) if not ok]
        return measured, "wrong: " + ", ".join(wrong) if wrong else "right"

    def make_table(self):
        self.cluster.psql("DROP TABLE IF EXISTS sales;" + TABLE + "; CHECKPOINT")

    def judge(self):
        return "right" if self.cluster.psql("SELECT count(*) FROM sales")[0][0] == str(
            self.sales.expected["good"]) else "wrong: rows"

    def run_psql(self, form):
        self.make_table()
        measured = self.measured([BIN / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.cluster.url(), "-c",
                                  f"\\copy sales FROM '{self.clean}.{form}' WITH (FORMAT {form})"])
        return measured, self.judge()

    def run_duckdb(self, into):
        self.make_table()
        pipe = into / "pipe"
        os.mkfifo(pipe)
        measured = self.measured(["sh", "-c", PIPED, BIN / "psql", self.cluster.url(), pipe, "node", ROOT / "tests/bench/duck.cjs",
                                  READERS / "node_modules", str(os.cpu_count()), ROOT / "tests/bench/load_duck.sql",
                                  f"IN={self.sales.csv}", f"PIPE={pipe}"])
        return measured, self.judge()
