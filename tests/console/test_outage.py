"""A dependency is away while files arrive, the console open beside it: it says who waits for what, and nobody is needed."""

import unittest

from tests.console.terminal import Console
from tests.integration.test_watch import CONTRACT, HEADER, Watch, rows
from tests.lake import SLUICE
from tests.postgres import Cluster


class Outage(unittest.TestCase):
    def test_nobody_is_needed(self):
        cluster = Cluster()
        self.addCleanup(cluster.close)
        contracts = {"sales.yaml": CONTRACT + "warehouse: {schema: sales}\n"}
        with Watch("--every", "1s", "--warehouse", cluster.url(), contracts=contracts) as watch:
            watch.lake.put("raw/sales/before.csv", HEADER + rows(1, 3))
            watch.until_state("raw/sales/before.csv")
            with Console([SLUICE, "--lake", str(watch.lake.path)]) as console:
                console.wait("0 waiting", "sales", "3 rows in 24 h")
                cluster.stop("fast")  # the tests' server forgets what it did last when it is killed
                try:
                    for number in range(2):
                        watch.lake.put(f"raw/sales/{number}.csv", HEADER + rows(100 + 10 * number, 5))
                    console.wait("2 waiting", "waits: warehouse", "Wants a look", "cannot connect to the warehouse")
                finally:
                    cluster.start()
                console.wait("0 waiting", "13 rows in 24 h", "Nobody is needed", "warehouse sales: it went on by itself")
                self.assertNotIn("waits: warehouse", console.screen.text())
            self.assertEqual(cluster.psql("SELECT count(*) FROM sales.silver_table"), [["13"]])
            self.assertEqual(watch.lake.query("SELECT count(*) FROM audit"), [(0,)])
            self.assertEqual(watch.stop(), 0)


if __name__ == "__main__":
    unittest.main()
