"""Our Parquet files as DuckDB and hyparquet read them: every value, the schema, statistics and metadata."""

import fcntl
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent / "parquet"
ROOT = HERE.parents[2]
BUILD = ROOT / os.environ.get("SLUICE_BUILD", "build/release")


def readers_are_there():
    """npm writes its own list last, so half an installation is none."""
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    listed = HERE / "node_modules" / ".package-lock.json"
    there = json.loads(listed.read_text())["packages"] if listed.exists() else {}
    return all(there.get(f"node_modules/{name}", {}).get("version") == version for name, version in wanted.items())


def install_readers():
    """The readers of package-lock.json, by the first test that comes; the others wait for it. Not `npm ci`: it wants every
    platform's package in the lock file."""
    if readers_are_there():
        return
    folder = os.open(HERE, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if not readers_are_there():
            subprocess.run(["npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE,
                           check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=600)
    finally:
        os.close(folder)


def query(sql):
    """Rows of a DuckDB query as text of JSON."""
    done = subprocess.run(["node", str(HERE / "query.mjs"), sql], capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout.strip()


class Parquet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install_readers()
        cls.folder = tempfile.TemporaryDirectory(prefix="sluice-parquet-")
        cls.addClassCleanup(cls.folder.cleanup)
        program = BUILD / "tests/unit/worker/format/parquet/test_samples"
        subprocess.run([str(program)], env={**os.environ, "SLUICE_SAMPLES_DIR": cls.folder.name}, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)

    def test_other_readers_find_every_value(self):
        judge = subprocess.run(["node", "--max-old-space-size=2048", str(HERE / "judge.mjs"), self.folder.name],
                               capture_output=True, text=True, timeout=600)
        self.assertEqual(judge.returncode, 0, judge.stdout + judge.stderr)
        self.assertEqual(judge.stdout.count("ok "), len(list(Path(self.folder.name).glob("*.parquet"))))

    def test_query_prints_exact_numbers(self):
        self.assertEqual(query("SELECT 9223372036854775807 AS i, 0.10::DECIMAL(18,2) AS d, NULL AS n, 'ü' AS s"),
                         '[{"i":"9223372036854775807","d":"0.10","n":null,"s":"ü"}]')

    def test_codecs_and_encodings_are_stated(self):
        rows = query(f"SELECT DISTINCT encodings FROM parquet_metadata('{self.folder.name}/few-zstd.parquet') "
                     "WHERE path_in_schema = 'string_null'")
        self.assertEqual(rows, '[{"encodings":"PLAIN, RLE, RLE_DICTIONARY"}]')


if __name__ == "__main__":
    unittest.main()
