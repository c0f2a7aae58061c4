"""`sluiced read` against polluted files: it is told nothing about any of them. covers: worker/command"""

import csv
import gzip
import io
import json
import os
import subprocess
import tempfile
import unittest

from tests.integration import pollution

SLUICED = os.environ.get("SLUICED", "build/release/sluiced")
REAL = os.path.join(os.path.dirname(__file__), "..", "data", "real")
FLOOR = 9.97
# spoilt beyond what any reader can tell: two cells run into one without a trace
MERGED = ("row_less_sep",)


def read(path, *options):
    return subprocess.run([SLUICED, "read", path, *options], capture_output=True, timeout=120)


class Read(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()

    def tearDown(self):
        self.folder.cleanup()

    def write(self, content):
        path = os.path.join(self.folder.name, "file.csv")
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def rows(self, content, *options):
        done = read(self.write(content), "--csv", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return list(csv.reader(io.StringIO(done.stdout.decode("utf-8"), newline="")))

    def test_polluted_files(self):
        scores, low = [], []
        for name, content, expected in pollution.files(every=8):
            done = read(self.write(content), "--csv")
            score = pollution.score(expected, done.stdout.decode("utf-8"), done.returncode == 0)
            scores.append(score)
            if score < 9.9 and not name.startswith(MERGED):
                low.append((name, round(score, 3)))
        self.assertEqual([name for name, _ in low], ["quotation_char_0x27"], low)
        self.assertGreater(sum(scores) / len(scores), FLOOR)

    def test_real_files(self):
        # widths and record counts as Python's csv module has them, blank rows and titles taken off by hand
        for name, header_at, records in (
            ("wakefield_procurement_cards_2018q2.csv", 2, 4469),
            ("hmrc_spending_over_25000_2018-09.csv", 0, 406),
            ("online_retail_excerpt.csv", 0, 495),
        ):
            path = os.path.join(REAL, name)
            with open(path, encoding="utf-8", newline="") as f:
                expected = [row for row in list(csv.reader(f))[header_at:] if any(cell.strip() for cell in row)]
            # a few records of the retail file stand in quotes as a whole
            expected = [next(csv.reader(row)) if len(row) == 1 else row for row in expected]
            done = read(path, "--csv")
            loaded = list(csv.reader(io.StringIO(done.stdout.decode("utf-8"), newline="")))
            self.assertEqual(len(loaded) - 1, records, name)
            self.assertEqual(loaded, expected, name)

    def test_json(self):
        done = read(self.write('a,b,,a\n1,"x ""y""",,2\n3,z,w,4\n'), "--json")
        self.assertEqual(
            [json.loads(line) for line in done.stdout.splitlines()],
            [{"a": "1", "b": 'x "y"', "col_3": "", "a_4": "2"}, {"a": "3", "b": "z", "col_3": "w", "a_4": "4"}],
        )

    def test_no_header_is_invented(self):
        done = read(self.write("1,2.5\n3,4.5\n"), "--json")
        self.assertEqual(json.loads(done.stdout.splitlines()[0]), {"col_1": "1", "col_2": "2.5"})

    def test_compressed(self):
        self.assertEqual(self.rows(gzip.compress(b"a;b\n1;2\n3;4\n")), [["a", "b"], ["1", "2"], ["3", "4"]])

    def test_surplus_is_not_lost(self):
        rows = self.rows("id,text,n\n1,a b,5\n2,x, y,6\n3,c d,7\n4,e f,8\n5,g h,9\n")
        self.assertEqual(rows[2], ["2", "x, y", "6"])

    def test_output_is_utf8(self):
        rows = self.rows("a,b\n" + "1,\u00e9\u20ac\n" * 30)
        self.assertEqual(rows[1], ["1", "\u00e9\u20ac"])
        rows = self.rows("a,b\n".encode() + "1,\u00e9\u20ac\n".encode() * 30 + b"2,x\xffy\n")
        self.assertEqual(rows[-1], ["2", "x\ufffdy"])

    def test_ways_of_some_programs(self):
        # Excel's announcement; R's row names without a label
        self.assertEqual(self.rows("sep=;\r\nid;name\r\n1;a,b\r\n2;c\r\n"), [["id", "name"], ["1", "a,b"], ["2", "c"]])
        rows = self.rows('"mpg","cyl"\n"Mazda RX4",21,6\n"Datsun 710",22.8,4\n"Hornet",21.4,6\n')
        self.assertEqual(rows[:2], [["", "mpg", "cyl"], ["Mazda RX4", "21", "6"]])

    def test_explain(self):
        path = self.write("Report\n\nid;price\n1;2,50\n2;3,50\n3\n")
        done = read(path, "--explain")
        text = done.stdout.decode()
        for part in ("encoding utf-8", "delimiter ';'", "header on line 3", "2 lines above", "3 records",
                     "1 records had fewer cells"):
            self.assertIn(part, text)
        done = read(path, "--csv", "--explain")
        self.assertIn("delimiter ';'", done.stderr.decode())
        self.assertEqual(done.stdout.decode(), "id,price\n1,\"2,50\"\n2,\"3,50\"\n3,\n")

    def test_exit_codes(self):
        self.assertEqual(read(self.write(""), "--csv").returncode, 0)
        self.assertEqual(read(self.write("a,b\n1,2\n"), "--csv").returncode, 0)
        self.assertEqual(read("/nonexistent/file.csv", "--csv").returncode, 4)
        self.assertEqual(read(self.folder.name, "--csv").returncode, 4)
        self.assertEqual(subprocess.run([SLUICED, "read"], capture_output=True).returncode, 2)
        self.assertEqual(read(self.write("a\n"), "--csv", "--json").returncode, 2)
        done = read(self.write(b"PAR1\x15\x00\x00" + bytes(range(256)) + b"PAR1"), "--csv")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"Parquet", done.stderr)


if __name__ == "__main__":
    unittest.main()
