"""The tests of the directory lake once more, on a lake in S3 (radosgw), through tests/s3.py.

covers: worker/storage
"""

import os
import unittest

import tests.lake
from tests.s3 import Bench, objects

bench = Bench(tests.lake.SLUICED, tests.lake.SLUICE)
tests.lake.SLUICED, tests.lake.SLUICE = bench.names

# these take their programs' names from tests.lake
from tests.crash import test_kill
from tests.integration import test_gold, test_pipeline, test_redrive, test_supersede
from tests.integration.test_parquet import install_readers
from tests.storm import Storm

test_kill.STRIDE = 43


def setUpModule():
    install_readers()
    bench.__enter__()
    unittest.addModuleCleanup(bench.__exit__)


def leftovers(lake):
    return lake.leftovers_here() + bench.twin(str(lake.path)).leftovers()


tests.lake.Lake.leftovers_here = tests.lake.Lake.leftovers
tests.lake.Lake.leftovers = leftovers


def on_s3(case, *names):
    """The same test bodies; names: those alone."""
    others = {name: None for name in dir(case) if name.startswith("test_") and names and name not in names}
    return type(case.__name__, (case,), {"__module__": __name__, **others})


RealFiles = on_s3(test_pipeline.RealFiles)
Partitions = on_s3(test_pipeline.Partitions, "test_strange_values")
DirtyRows = on_s3(test_pipeline.DirtyRows, "test_gzip")
Gold = on_s3(test_gold.Gold, "test_export")
Rehearse = on_s3(test_redrive.Rehearse, "test_same_rules_are_those_of_then")
Redrive = on_s3(test_redrive.Redrive, "test_twelve_files_of_one_cause_by_one_request")
Supersede = on_s3(test_supersede.Supersede, "test_the_new_rules_rows_alone_are_left")
Kill = on_s3(test_kill.Kill, "test_at_every_fault_point", "test_where_the_archive_has_the_name_already")


LARGE = """
dataset: large
source: {match: "raw/large.csv"}
schema: {fields: [{name: id, type: integer}, {name: text, type: string}]}
partition: {part: "1"}
"""


class Large(unittest.TestCase):
    def test_an_output_of_several_parts(self):
        rows = 60000
        with tests.lake.Lake({"large.yaml": LARGE}, memory=True) as lake:
            noise = os.urandom(rows * 150).hex()
            lake.put("raw/large.csv", "id,text\n" + "".join(f"{i},{noise[i * 300:i * 300 + 300]}\n" for i in range(rows)))
            lake.run(check=[0])
            code, report = lake.fsck()
            self.assertEqual((code, report["differences"]), (0, []))
            (key,) = lake.keys("processed")
            etag = objects(bench.s3, bench.bucket)[f"{lake.path.name}/{key}"]
            size = (lake.path / key).stat().st_size
            self.assertGreater(size, 8 << 20)
            self.assertEqual(etag.strip('"').split("-")[1], str(-(-size // (8 << 20))))
            self.assertEqual(lake.leftovers(), [])


class Network(unittest.TestCase):
    def test_a_storm_loses_and_doubles_nothing(self):
        contracts = {"sales.yaml": test_kill.CONTRACT + "gold: {key: [id]}\n"}
        snapshots = []
        for stormy in (False, True):
            with tests.lake.Lake(contracts, memory=True) as lake, Storm(bench.server.endpoint) as storm:
                bench.point_at(storm.endpoint if stormy else bench.server.endpoint)
                self.addCleanup(bench.point_at, bench.server.endpoint)
                for part in range(4):
                    lake.put(f"raw/sales/{part}.csv", test_kill.table(part * 1000, 300, bad=17))
                lake.put("raw/sales/again.csv", test_kill.table(0, 300, bad=17))
                lake.put("raw/sales/wrong.csv", "not;the;header\n1;2;3\n")
                lake.run(check=[1])
                lake.run("--all", check=[0], command="gold")
                code, report = lake.fsck()
                self.assertEqual((code, report["differences"], report["unfinished"]), (0, [], 0), report)
                self.assertEqual(lake.leftovers(), [])
                snapshots.append(lake.snapshot())
            if stormy:
                self.assertTrue(all(storm.done.values()), storm.done)
        self.assertEqual(*snapshots)


if __name__ == "__main__":
    unittest.main()
