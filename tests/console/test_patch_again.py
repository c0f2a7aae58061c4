"""A row that was edited and rejected again is edited where it is open now, until it arrives. covers: tui/view worker/redrive"""

import unittest

from tests.console.terminal import Console
from tests.console.test_console import CONTRACT
from tests.lake import SLUICE, Lake

FILE = "id,name,price\n1,x,1.00\n2,y,n/a\n3,z,bad\n4,w,4.00\n"


class Again(unittest.TestCase):
    def test_rejected_again_then_mended(self):
        with Lake({"sales.yaml": CONTRACT}) as box:
            box.put("raw/sales/a.csv", FILE)
            box.run(check=(0,))
            [run] = [run for run, in box.query("SELECT run_id FROM run")]
            for row, value in ((2, "2.50"), (3, "worse")):
                box.sluice("patch", run, "--row", str(row), "--column", "price", "--value", value)
            box.sluice("redrive", run, "--rows", "--patch", "--reason", "half mended")
            [again] = [run for run, in box.query("SELECT max(run_id) FROM run")]
            with Console([SLUICE, "--lake", str(box.path)], SLUICE_DATASETS=str(box.path / "datasets")) as console:
                console.wait("Overview", "rejects")
                # where it was first it is dead, and the screen says where it is
                console.press(f":rows {run}\r", "1/2", "this row: recovered")
                console.press("j", "2/2", "this row: rejected-again")
                console.settle()  # what the run is has come, too
                for key in "eRD":
                    console.press(key, f"it was rejected again, and is open there:  :rows {again[-8:]}")
                    console.press("l", "2/2")
                # there it is open: it is edited again, and read by the edit
                console.press(f":rows {again[-8:]}\r", "1/1", "worse")
                box.sluice("patch", again, "--row", "3", "--column", "price", "--value", "3.00")
                box.sluice("redrive", again, "--rows", "--patch", "--reason", "now mended")
                console.press(f":rows {again[-8:]}\r", "this row: recovered")
            self.assertEqual(box.sluice("balance", "sales")["total"]["open"], 0)


if __name__ == "__main__":
    unittest.main()
