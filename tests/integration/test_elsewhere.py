"""An export that goes to another lake: one object there, replaced atomically, and nothing else of ours.

covers: worker/run/elsewhere, covers: worker/gold/export
"""

import pathlib
import tempfile
import unittest

from tests.integration import test_warehouse
from tests.integration.test_warehouse import CONTRACT, GOLD, SELECT, Case, table
from tests.lake import Lake


def setUpModule():
    test_warehouse.setUpModule()


def tearDownModule():
    test_warehouse.tearDownModule()


class Elsewhere(Case):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="elsewhere-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def there(self):
        return {str(p.relative_to(self.folder)): p.read_text() for p in self.folder.rglob("*") if p.is_file()}

    def test_the_warehouse_s_gold(self):
        contract = GOLD.replace("gold/data.csv", f"file://{self.folder}/data.csv")
        expected = 'day,sales,gross,nothing,empty,odd\n2026-01-02,2,5.96,,"","a,""b"\n2026-01-01,2,8.34,,"","a,""b"\n'
        with Lake({"sales.yaml": contract, "gold.sql": SELECT}, memory=True) as lake:
            lake.put("raw/sales/a.csv", table(1, 4, 0))
            for point in ("sealed:2", "prepared", "publishing"):
                self.run_lake(lake, check=[-9], fault=f"kill:{point}")
                self.assertNotIn("data.csv", self.there())
            self.run_lake(lake)
            self.assertEqual(self.there(), {"data.csv": expected})
            self.assertEqual(lake.query("SELECT key, rows FROM output WHERE kind = 'export' AND removed_at IS NULL"),
                             [(f"file://{self.folder}/data.csv", 2)])
            self.assertFalse((lake.path / "gold/data.csv").exists())
            lake.put("raw/sales/b.csv", table(6, 1, 0))
            self.run_lake(lake)
            self.assertIn("2026-01-01,3,16.08", self.there()["data.csv"])
            self.assertEqual(list(self.there()), ["data.csv"])
            self.assertEqual(self.fsck(lake), (0, [], 0))
            # somebody else's is not written over
            (self.folder / "data.csv").write_text("mine\n")
            lake.put("raw/sales/c.csv", table(8, 1, 0))
            self.assertIn("is not the object that the last export published", self.run_lake(lake, check=[3]).stderr)
            self.assertEqual(self.there(), {"data.csv": "mine\n"})

    def test_the_lake_s_gold(self):
        contract = CONTRACT.replace("warehouse: {schema: sales}",
                                    f"warehouse: {{export: 'file://{self.folder}/not/there/all.csv'}}\n"
                                    "gold: {key: [id], latest: ingest_ts, mode: merge}")
        with Lake({"sales.yaml": contract}) as lake:
            lake.put("raw/sales/a.csv", table(1, 3, 0))
            lake.run(check=[0])
            done = lake.run(command="gold")
            self.assertEqual(done.returncode, 3)
            self.assertIn("not/there is not there", done.stderr)
            (self.folder / "not/there").mkdir(parents=True)
            lake.run(command="gold", check=[0])
            self.assertEqual(sorted(self.there()["not/there/all.csv"].splitlines()),
                             ["1, shop 1 ,1.50,1.79,2026-01-02", "2, shop 2 ,2.50,2.98,2026-01-01", "3, shop 0 ,3.50,4.17,2026-01-02",
                              "id,shop,amount,gross,day"])
            self.assertEqual(lake.query("SELECT rows FROM output WHERE kind = 'export' AND removed_at IS NULL"), [(3,)])
            for url, said in (("s3://bucket", "an export elsewhere is"), ("file://host/x", "an export elsewhere is"),
                              ("s3://bucket/folder/", "an export elsewhere is")):
                lake.put("datasets/sales.yaml", contract.replace(f"file://{self.folder}/not/there/all.csv", url))
                self.assertIn(said, lake.run(command="gold", check=[2]).stderr)


if __name__ == "__main__":
    unittest.main()
