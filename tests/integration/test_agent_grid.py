"""Rejected rows as cells: what the agent gives the console's grid. covers: worker/agent"""

import base64
import json
import subprocess
import unittest

from tests.integration.test_standing import CONTRACT as PLAIN, changed
from tests.lake import SLUICE, SLUICED, Lake

CONTRACT = """
dataset: sales
source: {match: "raw/*.csv"}
dialect: {delimiter: ";"}
schema:
  fields:
    - {name: id, type: integer}
    - {name: name, type: string}
    - {name: price, type: number, scale: 2}
limits: {max_reject_pct: 100}
"""


class Grid(unittest.TestCase):
    def setUp(self):
        self.lake = Lake({"sales.yaml": CONTRACT})

    def tearDown(self):
        self.lake.__exit__()

    def load(self, content):
        self.lake.put("raw/a.csv", content)
        self.lake.run(check=(0, 1))
        return self.lake.query("SELECT run_id FROM run")[0][0]

    def ask(self, method, **params):
        done = subprocess.run([SLUICED, "agent", "--lake", str(self.lake.path)], capture_output=True, text=True,
                              input=json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) + "\n",
                              env=self.lake.environment())
        answer = json.loads(done.stdout)
        self.assertIn("result", answer)
        return answer["result"]

    def test_cells(self):
        run = self.load('id;name;price\nx;"a ""b""; c";1\n2;"two\nlines";y\n3;fine;1.00\n4;short\n5;a;b;c\n')
        grid = self.ask("grid", run=run)
        self.assertEqual(grid["header"], ["id", "name", "price"])
        self.assertEqual(grid["total"], 4)
        self.assertEqual([item["cells"] for item in grid["items"]],
                         [["x", 'a "b"; c', "1"], ["2", "two\nlines", "y"], ["4", "short"], ["5", "a", "b", "c"]])
        self.assertEqual([item["row_number"] for item in grid["items"]], [1, 2, 4, 5])
        self.assertEqual([item["line_number"] for item in grid["items"]], [2, 3, 6, 7])

    def test_bytes_that_are_no_text(self):
        run = self.load(b"id;name;price\n1;caf\xff;x\n")
        cell = self.ask("grid", run=run)["items"][0]["cells"][1]
        if isinstance(cell, dict):
            self.assertEqual(base64.b64decode(cell["base64"]), b"caf\xff")
        else:
            self.assertEqual(cell, "caf\u00ff")  # it was taken for a single-byte encoding

    def test_any_page_of_many(self):
        count = 10000
        run = self.load("id;name;price\n" + "".join(f"{i};n;{'x' if i % 2 else '1.00'}\n" for i in range(1, count + 1)))
        for at in (0, 1, 4095, 4096, 4999):
            grid = self.ask("grid", run=run, at=at, limit=2)
            self.assertEqual((grid["total"], grid["at"]), (count // 2, at))
            self.assertEqual(grid["items"][0]["row_number"], 2 * at + 1)
        grid = self.ask("grid", run=run, row=8000, limit=1)
        self.assertEqual((grid["at"], grid["items"][0]["row_number"]), (4000, 8001))
        self.assertEqual(self.ask("grid", run=run, at=count)["items"], [])
        self.assertEqual(self.ask("grid", run=run, cause=99)["total"], 0)
        frequency = self.ask("frequency", run=run, column=2)
        self.assertEqual(frequency, {"counted": 5000, "total": 5000, "items": [{"value": "x", "rows": 5000}]})

    def test_rows_of_a_stage(self):
        """Of two causes there, among others of another: its rows alone, on pages that many blocks lie before."""
        count = 15000

        def line(i):
            return f"{'x' if i % 3 == 0 else i};n;{'y' if i % 5 == 0 else '-1' if i % 7 == 0 else '1.00'}\n"

        contract = CONTRACT + "rules:\n  - {id: paid, check: 'price >= 0', severity: reject}\n"
        (self.lake.path / "datasets" / "sales.yaml").write_text(contract)
        run = self.load("id;name;price\n" + "".join(map(line, range(1, count + 1))))
        numbers = range(1, count + 1)
        convert = [i for i in numbers if i % 3 == 0 or i % 5 == 0]
        rules = [i for i in numbers if i % 7 == 0 and i % 3 and i % 5]
        for stage, of in (("convert", convert), ("rules", rules), ("parse", [])):
            for at in (0, len(of) // 2, max(len(of) - 2, 0)):
                grid = self.ask("grid", run=run, stage=stage, at=at, limit=2)
                self.assertEqual((grid["total"], grid["at"]), (len(of), at))
                self.assertEqual([item["row_number"] for item in grid["items"]], of[at:at + 2])
            listed = self.ask("rows", run=run, stage=stage, limit=3)
            self.assertEqual([item["row_number"] for item in listed["items"]], of[:3])
            self.assertEqual(self.ask("frequency", run=run, stage=stage, column=1)["counted"], len(of))
        lost = {s["stage"]: s["rows_rejected"] for s in self.ask("stages", run=run)["items"] if s["rows_rejected"]}
        self.assertEqual(lost, {"convert": len(convert), "rules": len(rules)})
        # a cause beside it: of both
        ids = [i for i in numbers if i % 3 == 0]
        cause = self.ask("rows", run=run, limit=1, after=2)["items"][0]["cause"]
        self.assertEqual(self.ask("grid", run=run, stage="convert", cause=cause)["total"], len(ids))
        self.assertEqual(self.ask("grid", run=run, stage="rules", cause=cause)["total"], 0)
        done = subprocess.run([SLUICE, "rows", run, "--stage", "rules", "--limit", "2", "--json", "--lake", str(self.lake.path)],
                              capture_output=True, text=True, env=self.lake.environment())
        self.assertEqual([item["row_number"] for item in json.loads(done.stdout)["items"]], rules[:2])
        refused = subprocess.run([SLUICE, "rows", run, "--stage", "rule", "--lake", str(self.lake.path)], capture_output=True,
                                 text=True, env=self.lake.environment())
        self.assertEqual(refused.returncode, 2)
        self.assertIn("there is no stage 'rule'", refused.stderr)


class Original(unittest.TestCase):
    """The file itself, whatever its contract says of it."""

    def pages(self, contract, content, *pages):
        with Lake({"sales.yaml": contract}) as box:
            box.put("raw/sales/a.csv", content)
            box.run(check=(0, 1))
            run = box.query("SELECT run_id FROM run")[0][0]
            calls = "".join(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "original", "params": {"run": run, **page}}) + "\n"
                            for page in pages)
            done = subprocess.run([SLUICED, "agent", "--lake", str(box.path)], capture_output=True, text=True, input=calls,
                                  env=box.environment() | {"SLUICE_DATASETS": str(box.path / "datasets")})
            return [json.loads(line)["result"] for line in done.stdout.splitlines()]

    def test_records_of_a_file_that_was_refused(self):
        first, later, end = self.pages(PLAIN, changed(1, rows=5000), {"limit": 2}, {"at": 4998, "limit": 2}, {"at": 5000})
        self.assertEqual(first["header"], ["id", "Price EUR", "quantity", "note"])
        self.assertEqual([(i["row_number"], i["line_number"], i["cells"]) for i in first["items"]],
                         [(1, 2, ["100", "0.50", "1", "n"]), (2, 3, ["101", "1.50", "2", "n"])])
        self.assertEqual([i["cells"][0] for i in later["items"]], ["5098", "5099"])
        self.assertEqual([(p["at"], p["more"], len(p["items"])) for p in (first, later, end)],
                         [(0, True, 2), (4998, False, 2), (5000, False, 0)])

    def test_what_may_be_sensitive_is_hidden(self):
        """The price is known to be none; under a label that nobody knows anything may stand."""
        contract = PLAIN.replace("{name: note, type: string}", "{name: note, type: string, sensitive: true}")
        page, = self.pages(contract, "id,unit_price,their own,note\n1,2.50,secret,secret\n", {})
        self.assertEqual(page["header"], ["id", "unit_price", "***", "note"])
        self.assertEqual(page["items"][0]["cells"], ["1", "2.50", "***", "***"])


if __name__ == "__main__":
    unittest.main()
