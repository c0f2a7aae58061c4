"""sluiced stage: bronze, silver and gold again from the stage before, without the files.

covers: worker/warehouse/again, covers: worker/run/stage
"""

import json
import unittest

from tests.dirty import CONTRACT as DIRTY, Dirty
from tests.integration.test_warehouse import CONTRACT, GOLD, SELECT, Case as Warehouse, table
from tests.integration import test_warehouse
from tests.lake import DATA, ROOT, Lake

CASES = """\
dataset: cases
source: {match: "raw/cases/*"}
dialect: {delimiter: ","}
encoding: utf-8
schema:
  fieldsMatch: subset
  extraColumns: rescue
  primaryKey: [id]
  missingValues: ["", "n/a"]
  fields:
    - {name: id, type: integer}
    - {name: rate, type: string}
    - {name: country, type: string}
    - {name: qty, type: integer}
    - {name: price, type: number, scale: 2}
    - {name: sold, type: datetime, formats: [iso, "%d/%m/%Y"]}
    - {name: code, type: string, constraints: {unique: true}}
    - {name: share, type: number, float: true}
reference:
  rates: {file: rates.csv, key: country, on: country, missing: reject}
  names: {file: names.csv, key: code, on: country, missing: "null"}
filter: "qty <> 0 or price is null"
derive:
  net: "round(qty * price * (1 + rates.rate / 100.0), 2)"
  label: "upper(substring(rate from 1 for 3)) || ':' || coalesce(names.name, '?')"
  per: "round(price / (qty - 7), 3)"
  twice: "net + net + per"
  day: "(sold at time zone 'Europe/Berlin')::date"
  odd: "case when id % 2 = 1 then 'odd' when rate ~ '^[a-c]' then 'abc' else replace(rate, '''', '\\"') end"
rules:
  - {id: cheap, check: "twice < 5000"}
  - {id: early, check: "sold < timestamptz '2030-01-01'", severity: warn}
  - {id: known, check: "rates.rate is not null"}
  - {id: shared, check: "share between 0 and 1 or share is null"}
partition: {month: "extract(month from sold)::integer", kind: "odd"}
warehouse: {schema: cases}
"""
RATES = "country,rate\nDE,19\nFR,20\nIT,22\n"
NAMES = "code,name\nDE,Germany\nIT,Italy\n"


def setUpModule():
    test_warehouse.setUpModule()


def tearDownModule():
    test_warehouse.tearDownModule()


def cases(rows=600):
    """Everything that can go wrong, by the row's number."""
    lines = ["id,rate,country,qty,price,sold,code,share,extra"]
    for i in range(rows):
        day = f"{i % 28 + 1:02}/{i % 12 + 1:02}/2026" if i % 3 else f"2026-{i % 12 + 1:02}-{i % 28 + 1:02}T23:30:00Z"
        lines.append(",".join([
            str(i if i % 50 else i - 25), f" {'abcdé'[i % 5]}'x " if i % 11 else "n/a", ["DE", "FR", "IT", "", "XX"][i % 5 if i % 7 else 0],
            str(i % 9 if i % 23 else "many"), f"{i}.{i % 100:02}" if i % 13 else "", day if i % 31 else "31/02/2026",
            f"c{i % 550}" if i % 17 else "", f"{i % 5 / 4}" if i % 19 else "2", f"more {i}"]))
    lines[100] = "short,row"
    lines[200] = ",,,,,,,,"
    return "\n".join(lines) + "\n"


class Case(Warehouse):
    def stage(self, lake, name, *arguments, check=(0,), fault=None):
        where = arguments or ("--dataset", "sales")
        return lake.run("--warehouse", self.url, "--json", name, *where, command="stage", check=check, fault=fault)

    def report(self, lake, name, *arguments, check=(0,)):
        return json.loads(self.stage(lake, name, *arguments, check=check).stdout)

    def rows(self, schema, tier="silver"):
        return self.sql(f"SELECT * FROM {schema}.{tier}_table ORDER BY _run_id, _row_number")

    def differs(self, schema, tier="silver"):
        """Rows of the table and of the copy of it that are not in both."""
        name = f"{schema}.{tier}_table"
        return self.sql(f"(TABLE {name} EXCEPT ALL TABLE {schema}.copy) UNION ALL (TABLE {schema}.copy EXCEPT ALL TABLE {name})")

    def copy(self, schema, tier="silver"):
        self.sql(f"DROP TABLE IF EXISTS {schema}.copy; CREATE TABLE {schema}.copy AS TABLE {schema}.{tier}_table")


class Same(Case):
    """No rule has changed: nothing does."""

    def test_real_files(self):
        for name, source, rows in (("hmrc", "hmrc_spending_over_25000_2018-09", 406),
                                   ("wakefield", "wakefield_procurement_cards_2018q2", 4468),
                                   ("online_retail", "online_retail_excerpt", 493)):
            contract = (ROOT / "schema" / "datasets" / f"{name}.yaml").read_text() + "warehouse: {}\n"
            with Lake({f"{name}.yaml": contract}) as lake, self.subTest(name):
                lake.copy(DATA / "real" / f"{source}.csv", f"raw/{source}.csv")
                self.run_lake(lake)
                for tier in ("bronze", "silver"):
                    self.copy(name, tier)
                    self.sql(f"UPDATE {name}.{tier}_table SET ingest_ts = now()")
                    self.report(lake, tier, "--dataset", name)
                    self.assertEqual(self.differs(name, tier), [])
                self.assertEqual(len(self.rows(name)), rows)
                self.assertEqual(self.fsck(lake), (0, [], 0))

    def test_a_dirty_file(self):
        dirty = Dirty(11, 3000)
        with Lake({"dirty.yaml": DIRTY + "warehouse: {}\n"}) as lake:
            lake.put("raw/dirty.csv", dirty.bytes)
            self.run_lake(lake)
            self.copy("dirty")
            report = self.report(lake, "silver", "--dataset", "dirty")
            self.assertEqual(self.differs("dirty"), [])
            self.assertEqual((report["rows_in"], report["rows_out"], report["rows_filtered"]),
                             (dirty.total, dirty.good, dirty.blank))
            repeats = sum(r["codes"] == ["primary-key"] for r in dirty.rejects)
            self.assertEqual((report["rows_duplicate"], report["rows_rejected"]), (repeats, len(dirty.rejects) - repeats))
            self.assertEqual((report["newly_rejected"], report["newly_passing"]), (0, 0))
            self.assertEqual(self.fsck(lake), (0, [], 0))

    def test_a_contract_full_of_expressions(self):
        with Lake({"cases.yaml": CASES, "rates.csv": RATES, "names.csv": NAMES}) as lake:
            lake.put("raw/cases/a.csv", cases())
            self.run_lake(lake)
            sheet = lake.query("SELECT rows_out, rows_rejected, rows_duplicate, rows_filtered FROM stage_count WHERE stage = "
                               "'silver'")
            self.assertTrue(all(n > 0 for n in sheet[0]), sheet)
            errors = {(e["code"], e["rule_id"] or e["column"]) for r in lake.rejects() for e in r["errors"]}
            self.assertLessEqual({("expression-error", "per"), ("row-constraint", "cheap"), ("row-constraint", "shared"),
                                  ("foreign-key", "country"), ("unique-error", "code"), ("missing-cell", "country"), ("partition-error", None)}, errors)
            self.copy("cases")
            report = self.report(lake, "silver", "--dataset", "cases")
            self.assertEqual(self.differs("cases"), [])
            self.assertEqual((report["newly_rejected"], report["newly_passing"]), (0, 0))
            self.assertEqual(lake.query("SELECT rows_out, rows_rejected, rows_duplicate, rows_filtered FROM stage_count JOIN run "
                                        "USING (run_id) WHERE kind = 'load'"), sheet)
            self.assertEqual(self.fsck(lake), (0, [], 0))


if __name__ == "__main__":
    unittest.main()
