"""Rejected rows are closed by number or by cause; the file and its other rows stay as they are.

covers: worker/journal
"""

import json
import unittest

from tests.integration.test_redrive import Case, lake

PRICES = ["1.50", "x", "2.50", "y", "z"]


class DiscardRows(Case):
    def test_by_row_and_by_cause(self):
        with lake() as box:
            lines = [f"{i},{PRICES[i] if i < 5 else '3.00'},1,2026-01-05,a" for i in range(20)]
            run = self.one(box, "id,unit_price,quantity,day,email\n" + "\n".join(lines) + "\n")
            cause = box.query("SELECT cause_id FROM run_cause")[0][0]
            self.assertEqual(self.states(box), "000")
            self.sluice(box, "discard", run, "--row", "4", "--reason", "a test of the till")
            self.assertEqual((self.states(box), self.open(box)), ("040", 2))
            self.assertIn("open rejected", self.sluice(box, "discard", run, "--row", "4", "--reason", "r", code=1))
            self.assertIn("open rejected", self.sluice(box, "discard", run, "--row", "1", "--reason", "r", code=1))
            self.sluice(box, "discard", run, "--cause", str(cause), "--reason", "all of them")
            self.assertEqual((self.states(box), self.open(box)), ("444", 0))
            self.assertIn("open rejected",
                          self.sluice(box, "discard", run, "--cause", str(cause), "--reason", "r", code=1))
            self.assertEqual(box.query("SELECT state FROM file"), [("SUCCEEDED",)])
            said = [json.loads(line)["detail"] for line, in box.query(
                "SELECT line FROM audit WHERE line LIKE '%rows-discarded%' ORDER BY audit_id")]
            self.assertEqual([d["rows"] for d in said], [1, 2])
            self.assertEqual(box.fsck()[0], 0)

    def states(self, box):
        return "".join(str(b) for b in box.query("SELECT row_states FROM reject_block")[0][0])

    def open(self, box):
        return box.query("SELECT open_rows FROM reject_block")[0][0]


if __name__ == "__main__":
    unittest.main()
