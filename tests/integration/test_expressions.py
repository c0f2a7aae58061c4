"""Random expressions give the same in the worker's engine and in PostgreSQL: a fresh seed each time, which is printed."""

import os
import pathlib
import re
import secrets
import subprocess
import unittest

from tests.postgres import Cluster

PROGRAM = pathlib.Path(os.environ["SLUICE_BUILD"]) / "tests/oracle/oracle"
COUNT = 20000


class Expressions(unittest.TestCase):
    said = ""

    @classmethod
    def tearDownClass(cls):
        print(cls.said)

    def test_the_engine_and_postgresql_agree(self):
        seed = str(secrets.randbits(48))
        cluster = Cluster()
        try:
            done = subprocess.run([PROGRAM, cluster.url(), str(COUNT), seed], capture_output=True, text=True)
        finally:
            cluster.close()
        type(self).said = done.stdout[-2000:]
        self.assertEqual(done.returncode, 0, f"make oracle N={COUNT} SEED={seed} shows it again\n{done.stdout}{done.stderr}")
        values, failures = map(int, re.search(r"(\d+) values and (\d+) failures alike", done.stdout).groups())
        # where all were refused, nothing was asked
        self.assertGreater(values, 4 * COUNT)
        self.assertGreater(failures, COUNT // 10)


if __name__ == "__main__":
    unittest.main()
