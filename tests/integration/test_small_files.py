"""Small honest files: infer writes a contract for each, run loads every row. covers: worker/format worker/shape"""

import json
import subprocess
import unittest

from tests.lake import DATA, SLUICED, Lake

CASES = json.loads((DATA / "small" / "files.json").read_text())


class SmallFiles(unittest.TestCase):
    def test_infer_and_run(self):
        with Lake(memory=True) as lake:
            for i, case in enumerate(CASES):
                path = lake.put(f"raw/f{i:02}.csv", case["text"])
                inferred = subprocess.run([SLUICED, "infer", str(path)], capture_output=True, text=True)
                with self.subTest(case["name"], step="infer"):
                    self.assertEqual((inferred.returncode, inferred.stderr), (0, ""))
                    self.assertEqual(inferred.stdout.count("- {name: "), case["width"], inferred.stdout)
                lake.put(f"datasets/f{i:02}.yaml", inferred.stdout)
            lake.run()
            found = {key: rest for key, *rest in lake.query(
                "SELECT arrival_key, state, error_code, error_message FROM file")}
            rows = dict(lake.query("SELECT dataset, rows_out FROM run_view"))
            for i, case in enumerate(CASES):
                with self.subTest(case["name"], step="run"):
                    self.assertEqual(found[f"raw/f{i:02}.csv"], ["SUCCEEDED", None, None])
                    self.assertEqual(rows.get(f"f{i:02}"), case["rows"])


if __name__ == "__main__":
    unittest.main()
