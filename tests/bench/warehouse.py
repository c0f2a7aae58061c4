"""J2: the dirty file of J1 into a typed table of PostgreSQL, rejects aside; psql copies the clean rows alone."""

import pathlib
import shutil
import tempfile
from decimal import Decimal

from tests.bench.measure import measure
from tests.postgres import BIN, Cluster

TABLE = """CREATE TABLE {} (transaction_id text NOT NULL, store_id text NOT NULL, customer_id bigint NOT NULL,
product_sku text NOT NULL, product_name text, quantity bigint NOT NULL, unit_price numeric(12,2) NOT NULL, currency text NOT NULL,
discount_pct numeric(5,2), payment_method text, ts timestamptz NOT NULL, country text NOT NULL, email text, notes text)"""
FIELDS = ("transaction_id, store_id, customer_id, product_sku, product_name, quantity, unit_price, currency, discount_pct, "
          "payment_method, ts, country, email, notes")
SUM = """SELECT count(*), (sum(net * 100)::numeric + sum(tax * 100)
+ sum(extract(epoch FROM ts) * 1000000)) % 18446744073709551616 FROM main.silver_table"""


class Load:
    """sales: J1, whose file, contract and truth these are."""

    def __init__(self, sales, contracts):
        self.sales = sales
        self.name = sales.name.replace("J1", "J2")
        self.cluster = Cluster()
        self.contracts = sales.folder / "contracts"
        shutil.copytree(contracts, self.contracts, dirs_exist_ok=True)
        contract = self.contracts / "sales.yaml"
        contract.write_text(contract.read_text() + "warehouse: {schema: main}\n")
        for other in self.contracts.glob("*.yaml"):
            if other != contract:
                other.unlink()
        self.clean = self.cluster.path / "clean"
        into = pathlib.Path(tempfile.mkdtemp(dir=sales.folder))
        self.load(into)
        shutil.rmtree(into)
        for form in ("csv", "binary"):
            self.cluster.psql(f"\\copy (SELECT {FIELDS} FROM main.silver_table ORDER BY _row_number) TO '{self.clean}.{form}' "
                              f"WITH (FORMAT {form})")

    def close(self):
        self.cluster.close()

    def title(self):
        expected = self.sales.expected
        return (f"{self.name} into PostgreSQL: {expected['records']} records, {expected['rejected']} to be rejected; "
                "psql: the clean rows into one table, sluiced: raw, bronze, silver and the lake")

    def peers(self):
        yield "sluiced", self.run_sluiced
        yield "psql, clean text", lambda into: self.run_psql("csv")
        yield "psql, clean binary", lambda into: self.run_psql("binary")

    def load(self, into):
        self.cluster.psql("DROP SCHEMA IF EXISTS main CASCADE; DROP SCHEMA IF EXISTS sluice CASCADE; CHECKPOINT")
        lake = self.sales.lake(into)
        return measure([self.sales.options.build / "sluiced", "run", "--lake", lake, "--datasets", self.contracts,
                        "--warehouse", self.cluster.url()])

    def run_sluiced(self, into):
        measured = self.load(into)
        good, total = self.cluster.psql(SUM)[0]
        expected = self.sales.expected
        right = good == str(expected["good"]) and Decimal(total) == int(expected["checksum"], 16)
        return measured, "right" if right else "wrong: rows, money or time"

    def run_psql(self, form):
        self.cluster.psql("DROP TABLE IF EXISTS sales;" + TABLE.format("sales") + "; CHECKPOINT")
        measured = measure([BIN / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.cluster.url(), "-c",
                            f"\\copy sales FROM '{self.clean}.{form}' WITH (FORMAT {form})"])
        return measured, "right" if self.cluster.psql("SELECT count(*) FROM sales")[0][0] == str(
            self.sales.expected["good"]) else "wrong: rows"
