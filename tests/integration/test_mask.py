"""Sensitive values are masked wherever they are shown; the reject files keep them."""

import subprocess
import unittest

from tests.lake import SLUICE, Lake

CONTRACT = """
dataset: people
source: {match: "raw/people/*"}
schema:
  primaryKey: [id]
  fields:
    - {name: id, type: integer}
    - {name: email, type: string, sensitive: true, constraints: {pattern: ".*@.*"}}
    - {name: age, type: integer}
"""
FILE = (
    "id,email,age\n"
    "1,secret1@example.com,forty\n"      # another column is wrong
    "2,secret2 at example,30\n"          # the sensitive one is wrong
    '3,"secret3@example.com"\n'          # a cell is missing: nobody knows which
    "4,secret4@example.com,30,secret5\n"  # one too many
    "5,s\xe9cret@example.com,x\n"        # not UTF-8: raw_base64
    '6,"secret7@example.com,7\n'         # the quote never closes
)


class Mask(unittest.TestCase):
    def test_no_verb_shows_it(self):
        with Lake({"people.yaml": CONTRACT}) as lake:
            lake.put("raw/people/a.csv", FILE.encode("latin-1"))
            lake.run(check=[0, 1])
            run = lake.query("SELECT run_id FROM run")[0][0]
            self.assertEqual(len(lake.rejects()), 6)
            kept = "".join(p.read_text(errors="replace") for p in lake.path.glob("rejected/data_quality/*/*/*"))
            self.assertIn("secret1", kept)
            for verb in (["overview"], ["runs"], ["show", run], ["rejects"], ["causes"], ["rows", run], ["stages", run]):
                for form in ([], ["--json"]):
                    done = subprocess.run([SLUICE, *verb, *form, "--lake", str(lake.path)], env=lake.environment(),
                                          stdin=subprocess.DEVNULL, capture_output=True)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    for hidden in (b"secret1", b"secret2", b"secret3", b"secret4", b"cret@", b"secret7", b"c2VjcmV0"):
                        self.assertNotIn(hidden, done.stdout, verb)

    def test_what_is_not_sensitive_is_shown(self):
        with Lake({"people.yaml": CONTRACT}) as lake:
            lake.put("raw/people/a.csv", FILE.encode("latin-1"))
            lake.run(check=[0, 1])
            run = lake.query("SELECT run_id FROM run")[0][0]
            rows = {i["row_number"]: i["reject"] for i in lake.sluice("rows", run)["items"]}
            self.assertEqual(rows[1]["raw"], "1,***,forty")
            self.assertEqual(rows[2]["raw"], "2,***,30")
            self.assertEqual(rows[2]["errors"][0]["value"], "***")
            self.assertEqual(rows[4]["raw"], "***,***,***,secret5")


if __name__ == "__main__":
    unittest.main()
