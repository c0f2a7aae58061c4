"""What contracts expect: files by a time and so many rows in each, on the overview by itself and as incidents.

covers: tui/view worker/notify worker/agent
"""

import time
import unittest

from tests.console.terminal import Console
from tests.console.test_console import CONTRACT, sales
from tests.integration.test_roles import Agent
from tests.lake import SLUICE, Lake

DEADLINE = 120


def contract(expect, dataset="sales"):
    return CONTRACT.replace("sales", dataset) + f"expect: {expect}\n"


class Expected(unittest.TestCase):
    def lake(self, **contracts):
        box = Lake({f"{name}.yaml": text for name, text in contracts.items()})
        self.addCleanup(box.__exit__)
        return box

    def open(self, box):
        return [(i["kind"], i["subject"], i["message"]) for i in box.sluice("incidents")["items"] if i["state"] == "open"]

    def until(self, look):
        end = time.monotonic() + DEADLINE
        while not (found := look()):
            self.assertLess(time.monotonic(), end)
        return found

    def test_an_open_overview_turns_overdue_by_itself(self):
        box = self.lake(sales=contract("{every: 8s}"))
        box.put("raw/sales/good.csv", sales(9))
        box.run(check=(0,))
        with Console([SLUICE, "--lake", str(box.path)], SLUICE_DATASETS=str(box.path / "datasets")) as console:
            console.wait("Overview", "sales", "as of")
            console.wait("overdue", "since", ": the next file of sales")  # nobody writes, nobody presses a key
            self.assertEqual(console.settle(), 0)

    def test_what_was_never_delivered_is_expected_since_its_contract_is_known(self):
        box = self.lake(sales=contract("{every: 7d}"), returns=contract("{every: 1s}", "returns"))
        box.put("raw/sales/good.csv", sales(9))
        box.run(check=(0,))
        with Agent(box) as agent:
            def late():
                found = {d["dataset"]: d["overdue_since"] for d in agent.result("overview")["datasets"]}
                self.assertEqual(list(found), ["returns", "sales"])
                self.assertIsNone(found["sales"])
                return found["returns"]

            since = self.until(late)
        self.assertEqual(self.open(box), [])  # no worker has looked since
        box.run(check=(0,))
        self.assertEqual(self.open(box), [("overdue", "returns", f"the next file was due at {since[:10]} {since[11:16]} UTC")])
        # its first file ends it
        self.put_contract(box, "returns", contract("{every: 7d}", "returns"))
        box.put("raw/returns/first.csv", sales(9))
        box.run(check=(0,))
        self.assertEqual(self.open(box), [])

    def put_contract(self, box, name, text):
        box.put(f"datasets/{name}.yaml", text)

    def test_a_delivery_of_too_few_rows(self):
        box = self.lake(sales=contract("{rows: [10, 1000]}"))
        box.put("raw/sales/a.csv", sales(9))
        box.run(check=(0,))
        off = {"file": "raw/sales/a.csv", "rows": 9, "least": 10, "most": 1000}
        with Agent(box) as agent:
            self.assertEqual(agent.result("overview")["datasets"][0]["rows_off"], off)
            # the contract is read anew once it has changed
            self.put_contract(box, "sales", contract("{rows: [9, 1000]}"))
            self.assertIsNone(agent.result("overview")["datasets"][0]["rows_off"])
            self.put_contract(box, "sales", contract("{rows: [10, 1000]}"))
            self.assertEqual(agent.result("overview")["datasets"][0]["rows_off"], off)
        self.assertEqual(self.open(box), [("rows", "sales", "raw/sales/a.csv has 9 rows; 10 to 1000 are expected")])
        with Console([SLUICE, "--lake", str(box.path)], SLUICE_DATASETS=str(box.path / "datasets")) as console:
            console.wait("few rows", "raw/sales/a.csv has 9 rows; 10 to 1000 are expected")
        box.put("raw/sales/b.csv", sales(10))
        box.run(check=(0,))
        self.assertEqual(self.open(box), [])


if __name__ == "__main__":
    unittest.main()
