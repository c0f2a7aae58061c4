"""Files as they should not be: each ends in a reason and every row accounted for. covers: worker/run worker/sink"""

import contextlib
import gzip
import io
import json
import os
import struct
import subprocess
import threading
import unittest
import zipfile

from tests.lake import ROOT, SLUICED, Lake, of_a_directory

FIELDS = """
    - {name: id, type: integer, constraints: {required: true}}
    - {name: name, type: string}
    - {name: price, type: number, scale: 2}
"""
CONTRACT = "dataset: things\nsource: {match: 'raw/**/t*'}\nschema:\n  fields:" + FIELDS
GOOD = "id,name,price\n1,one,1.00\n2,two,2.00\n"


def contract(more="", schema="", fields=FIELDS, source="match: 'raw/**/t*'", top=""):
    return f"dataset: things\nsource: {{{source}}}\n{top}schema:\n{schema}  fields:{fields}{more}"


class Case:
    """One delivered file: what the journal says of it in the end."""

    def __init__(self, name, content, code=None, rows=None, rejects=None, filtered=0, contract=CONTRACT, at="raw/t.csv",
                 hint=True, suggests=None):
        self.name, self.content, self.code, self.rows = name, content, code, rows
        self.rejects = rejects or []  # (row_number, first code)
        self.filtered, self.contract, self.at, self.hint, self.suggests = filtered, contract, at, hint, suggests


def xlsx():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


def plain_zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("t.csv", GOOD)
    return out.getvalue()


def bomb():
    """1.1 GB in a megabyte: a member that says nothing, over and over."""
    member = gzip.compress(b"x" * (64 << 20), 9, mtime=0)
    return gzip.compress(b"id,name,price\n1,") + member * 17


ZSTD_CUT = bytes.fromhex("28b52ffd0458a10000") + b"id,name,price\n1,on"

UNUSABLE = [
    Case("empty", b"", "empty-file"),
    Case("only blank lines", b"\n\n\r\n", "empty-file"),
    Case("only a byte order mark", b"\xef\xbb\xbf", "empty-file"),
    Case("binary", bytes(range(256)) * 40, "binary-file"),
    Case("an image", b"\x89PNG\r\n\x1a\n" + bytes(200), ("format-error", "binary-file")),
    Case("json", b'[{"id": 1, "name": "one", "price": 1.0}]', "format-error"),
    Case("json lines", b'{"id": 1, "name": "one"}\n{"id": 2, "name": "two"}\n', "format-error"),
    Case("xml", b'<?xml version="1.0"?><things><thing id="1"/></things>', "format-error"),
    Case("html", b"<!DOCTYPE html><html><body>Error 503</body></html>", "format-error"),
    Case("zip", plain_zip(), "format-error"),
    Case("xlsx", xlsx(), "format-error"),
    Case("parquet", b"PAR1" + bytes(100) + b"PAR1", "format-error"),
    Case("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(100), "format-error"),
    Case("another file's header", b"not;the;header\n1;2;3\n", "missing-label"),
    Case("a required column is missing", b"name,price\none,1.00\n", "missing-label"),
    Case("a renamed column", b"key,name,price\n1,one,1.00\n2,two,2.00\n", "missing-label", suggests="key"),
    Case("doubled labels", b"id,name,name,price\n1,a,b,1.00\n", "duplicate-label"),
    Case("a blank label", b"id,,price\n1,a,1.00\n", "blank-label"),
    Case("a million columns", b",".join(b"c%d" % i for i in range(1000000)) + b"\n" + b"1," * 999999 + b"1\n",
         "too-many-columns"),
    Case("one line of 5 MB", b"x" * 5000000, ("header-error", "missing-label", "row-too-long", "format-error")),
    Case("gzip cut short", gzip.compress(GOOD.encode() * 50)[:-20], "compression-error"),
    Case("gzip with a wrong checksum", gzip.compress(GOOD.encode(), mtime=0)[:-8] + b"\1\2\3\4" +
         struct.pack("<L", len(GOOD)), "compression-error"),
    Case("zstd cut short", ZSTD_CUT, "compression-error"),
    Case("a bomb", bomb(), "compression-bomb"),
    Case("declared UTF-16, is not", GOOD.encode() + b"x", "encoding-error", contract=contract(top="encoding: utf-16\n")),
    Case("too many rejects", "id,name,price\n" + "".join(f"{i if i % 3 else 'x'},n,1\n" for i in range(200)),
         "too-many-rejects", contract=contract("limits: {max_reject_pct: 30, min_rows: 100}\n")),
    Case("stopped after", "id,name,price\n" + "x,n,1\n" * 200, "too-many-rejects",
         contract=contract("limits: {stop_after: 150}\n")),
    Case("a rule that quarantines", "id,name,price\n1,a,1\n2,b,-1\n3,c,-1\n", "rule-quarantine",
         contract=contract("rules:\n  - {id: dear, check: 'price > 0', severity: quarantine, tolerate: 1}\n")),
    Case("strict header", b"id,name,price,more\n1,a,1,x\n", "extra-label",
         contract=contract("", "  extraColumns: reject\n")),
]

USABLE = [
    Case("only a header", b"id,name,price\n", rows=0),
    Case("a header without line end", b"id,name,price", rows=0),
    Case("no line end at the end", GOOD.encode()[:-1], rows=2),
    Case("utf-8 with a mark", b"\xef\xbb\xbf" + GOOD.encode(), rows=2),
    Case("utf-16", GOOD.encode("utf-16"), rows=2),
    Case("utf-16 without a mark", GOOD.encode("utf-16-le"), rows=2),
    Case("semicolons", GOOD.replace(",", ";"), rows=2),
    Case("carriage returns alone", GOOD.replace("\n", "\r"), rows=2),
    Case("mixed line ends", "id,name,price\r\n1,one,1.00\n2,two,2.00\r\n3,three,3.00\n", rows=3),
    Case("a short row", GOOD + "3,three\n4,four,4\n", rows=3, rejects=[(3, "missing-cell")]),
    Case("a long row", GOOD + "3,three,3,3\n4,four,4\n", rows=3, rejects=[(3, "extra-cell")]),
    Case("blank rows and empty lines", "id,name,price\n1,one,1\n\n,,\n\n2,two,2\n", rows=2, filtered=1),
    Case("blank rows rejected", "id,name,price\n1,one,1\n,,\n2,two,2\n", rows=2, rejects=[(2, "blank-row")],
         contract=contract(top="blankRows: reject\n")),
    Case("the only quote is never closed", 'id,name,price\n1,"one,1\n', rows=0, rejects=[(1, "unterminated-quote")]),
    Case("one of the quotes is never closed", GOOD + '3,"three",3\n4,"four,4\n5,five,5\n', rows=4,
         rejects=[(4, "unterminated-quote")]),
    Case("a carriage return in quotes", GOOD + '3,"th\rree",3\n', rows=3),
    Case("a carriage return in quotes, a cell too many", GOOD + '3,"th\rree",3,\n', rows=2, rejects=[(3, "extra-cell")]),
    Case("a NUL byte in a small file", b"id,name,price\n1,o\0ne,1\n2,two,2\n", rows=1, rejects=[(1, "null-byte")]),
    Case("a NUL byte", b"id,name,price\n1,o\0ne,1\n" + b"2,two,2\n" * 400, rows=400, rejects=[(1, "null-byte")]),
    Case("a stray quote within", 'id,name,price\n1,6" pipe,1\n2,two,2\n', rows=2),
    Case("text behind a quote", 'id,name,price\n1,"a"b,1\n2,two,2\n', rows=2),
    Case("a quote never closed, at the end", 'id,name,price\n1,one,1\n2,"two,2\n', rows=1,
         rejects=[(2, "unterminated-quote")], contract=contract(top="dialect: {quoteChar: '\"'}\n")),
    Case("a quote never closed, in the middle", 'id,name,price\n1,"one,1\n' + "".join(f"{i},n,1\n" for i in range(2, 3000)),
         rows=2998, rejects=[(1, "unterminated-quote")]),
    Case("invalid UTF-8 in a cell", b"id,name,price\n1,\xff\xfe\x80,1\n2,two,2\n", rows=1, rejects=[(1, "encoding-error")],
         contract=contract(top="encoding: utf-8\n")),
    Case("windows-1252 told to be utf-8", "id,name,price\n1,Größe,1\n2,two,2\n".encode("cp1252"), rows=1,
         rejects=[(1, "encoding-error")], contract=contract(top="encoding: utf-8\n")),
    Case("windows-1252 found out", "id,name,price\n1,Größe,1\n2,two,2\n".encode("cp1252"), rows=2),
    Case("a row longer than the limit", b"id,name,price\n1,one,1\n2," + b"x" * 5000000 + b",2\n3,three,3\n", rows=2,
         rejects=[(2, "row-too-long")]),
    Case("gzip within the name of a csv", gzip.compress(GOOD.encode()), rows=2),
    Case("two gzip members", gzip.compress(b"id,name,price\n1,one,1\n") + gzip.compress(b"2,two,2\n"), rows=2),
    Case("division by zero", "id,name,price\n0,a,1\n2,b,1\n", rows=1, rejects=[(1, "expression-error")],
         contract=contract("derive: {share: '100 / id'}\n")),
    Case("a result out of range", "id,name,price\n1,a,9999999999999999.99\n2,b,1\n", rows=1,
         rejects=[(1, "expression-error")], contract=contract("derive: {twice: 'price * 2'}\n")),
    Case("a rule that warns", "id,name,price\n1,a,-1\n2,b,1\n", rows=2,
         contract=contract("rules:\n  - {id: dear, check: 'price > 0', severity: warn}\n")),
    Case("a rule that rejects", "id,name,price\n1,a,-1\n2,b,1\n", rows=1, rejects=[(1, "row-constraint")],
         contract=contract("rules:\n  - {id: dear, check: 'price > 0', severity: reject}\n")),
    Case("a rule within its tolerance", "id,name,price\n1,a,-1\n2,b,1\n", rows=1, rejects=[(1, "row-constraint")],
         contract=contract("rules:\n  - {id: dear, check: 'price > 0', severity: quarantine, tolerate: 1}\n")),
    Case("within the limits", "id,name,price\n" + "".join(f"{i if i % 4 else 'x'},n,1\n" for i in range(200)),
         rows=150, rejects=[(i, "type-error") for i in range(1, 200, 4)],
         contract=contract("limits: {max_reject_pct: 30, min_rows: 100}\n")),
    Case("too few rows to judge", "id,name,price\nx,n,1\nx,n,1\n", rows=0, rejects=[(1, "type-error"), (2, "type-error")],
         contract=contract("limits: {max_reject_pct: 30, min_rows: 100}\n")),
    Case("a name with spaces", GOOD, rows=2, at="raw/in box/t a b.csv"),
    Case("a name with a percent sign", GOOD, rows=2, at="raw/t100%25.csv"),
    Case("a name in Greek", GOOD, rows=2, at="raw/tάλφα\u0301.csv"),
    Case("a name with a dash in front", GOOD, rows=2, at="raw/-x/t-rf.csv"),
    Case("a very long name", GOOD, rows=2, at="raw/t" + "x" * 240 + ".csv"),
    Case("a name with quotes", GOOD, rows=2, at="raw/t'\"$(id).csv"),
]


class Delivered(unittest.TestCase):
    def deliver(self, case):
        with Lake({"things.yaml": case.contract}, memory=True) as lake:
            lake.put(case.at, case.content)
            done = lake.run(check=[0, 1])
            self.assertEqual(lake.leftovers(), [])
            code, report = lake.fsck()
            self.assertEqual((code, report["unfinished"]), (0, 0), report)
            self.assertEqual(lake.keys("raw"), [])
            yield lake, done

    def test_files_that_cannot_be_used(self):
        for case in UNUSABLE:
            with self.subTest(case.name):
                for lake, done in self.deliver(case):
                    self.assertEqual(done.returncode, 1)
                    ((run_id, found),) = lake.query("SELECT run_id, error_code FROM run_view")
                    codes = case.code if isinstance(case.code, tuple) else (case.code,)
                    self.assertIn(found, codes)
                    folder = lake.path / "rejected" / "system" / run_id
                    reason = json.loads((folder / "reason.json").read_text())
                    self.assertEqual((reason["code"], reason["run_id"]), (found, run_id))
                    self.assertTrue(reason["message"] and reason["hint"], reason)
                    content = case.content if isinstance(case.content, bytes) else case.content.encode()
                    self.assertEqual((folder / "data" / "t.csv").read_bytes(), content)
                    self.assertEqual(lake.keys("processed") + lake.keys("rejected/data_quality") + lake.keys("archive"), [])
                    if case.suggests:
                        self.assertIn(case.suggests, json.dumps(reason["suggestions"]))

    def test_files_that_can(self):
        for case in USABLE:
            with self.subTest(case.name):
                for lake, done in self.deliver(case):
                    self.assertEqual(done.returncode, 0, done.stderr)
                    ((rows, rejected, filtered),) = lake.query(
                        "SELECT rows_out, rows_rejected + rows_duplicate, rows_filtered FROM run_view")
                    self.assertEqual((rows, rejected, filtered), (case.rows, len(case.rejects), case.filtered))
                    self.assertEqual([(r["row_number"], r["errors"][0]["code"]) for r in lake.rejects()], case.rejects)


class Around(unittest.TestCase):
    """What is wrong around the file, not within it."""

    def lake(self, **more):
        lake = Lake({"things.yaml": CONTRACT}, memory=True, **more)
        self.addCleanup(lake.__exit__)
        return lake

    def sound(self, lake):
        self.assertEqual(lake.leftovers(), [])
        code, report = lake.fsck()
        self.assertEqual((code, report["unfinished"]), (0, 0), report)

    def states(self, lake):
        return lake.query("SELECT arrival_key, state FROM file ORDER BY file_id")

    def test_a_line_without_end_stays_within_memory(self):
        lake = self.lake()
        lake.put("raw/t1.csv", b"id,name,price\n1,one,1\n2," + b"x" * (100 << 20))
        lake.put("raw/t2.csv", b"x" * (100 << 20))
        lake.put("raw/t3.csv", b'id,name,price\n1,one,1\n2,"' + b"x," * (50 << 20))
        code, peak = lake.run_measured()
        self.assertEqual(code, 1)
        self.assertLess(peak, 256)
        self.assertEqual(self.states(lake), [("raw/t1.csv", "SUCCEEDED"), ("raw/t2.csv", "QUARANTINED"),
                                             ("raw/t3.csv", "SUCCEEDED")])
        rejects = lake.rejects()
        self.assertEqual([(r["row_number"], r["byte_length"]) for r in rejects],
                         [(2, (100 << 20) + 2), (2, (100 << 20) + 3)])
        self.assertLess(len(json.dumps(rejects)), 20 << 20)
        copies = [k for k in lake.keys("rejected/data_quality/csv") if not k.endswith(".reasons.csv")]
        self.assertEqual(sorted((lake.path / k).stat().st_size for k in copies), [(100 << 20) + 17, (100 << 20) + 18])
        self.sound(lake)

    @of_a_directory
    def test_names_that_lead_outside(self):
        lake = self.lake()
        secret = lake.path.parent / (lake.path.name + "-secret.csv")
        secret.write_text(GOOD)
        self.addCleanup(secret.unlink)
        os.symlink(secret, lake.path / "raw" / "t_link.csv")
        os.symlink("/", lake.path / "raw" / "t_root")
        os.symlink(lake.path / "raw", lake.path / "raw" / "t_loop")
        os.mkfifo(lake.path / "raw" / "t_pipe.csv")
        (lake.path / "raw" / "t_folder.csv").mkdir()
        (lake.path / "raw" / "t\nnewline.csv").write_text(GOOD)
        (lake.path / "raw" / os.fsdecode(b"t\xff.csv")).write_text(GOOD)
        lake.put("raw/t.csv", GOOD)
        done = lake.run(check=[0])
        self.assertEqual(self.states(lake), [("raw/t.csv", "SUCCEEDED")])
        self.assertEqual(done.stderr.count("unsafe-name"), 2, done.stderr)
        self.assertEqual(secret.read_text(), GOOD)
        self.sound(lake)

    def test_a_link_within_the_lake(self):
        lake = self.lake()
        lake.put("elsewhere/data.csv", GOOD)
        os.symlink("../elsewhere/data.csv", lake.path / "raw" / "t.csv")
        lake.run(check=[0])
        self.assertEqual(self.states(lake), [("raw/t.csv", "SUCCEEDED")])
        self.sound(lake)

    def test_a_file_that_goes_before_it_is_read(self):
        lake = self.lake()
        lake.put("raw/t1.csv", GOOD)
        lake.put("raw/t2.csv", GOOD + "3,three,3\n")
        lake.run(fault="kill:registered")
        lake.run(fault="kill:claimed")
        (lake.path / "raw" / "t1.csv").unlink()
        lake.run(check=[0])
        self.assertEqual(self.states(lake), [("raw/t1.csv", "DISCARDED"), ("raw/t2.csv", "SUCCEEDED")])
        self.sound(lake)

    def test_a_file_that_must_not_be_read(self):
        lake = self.lake()
        lake.put("raw/t1.csv", GOOD)
        lake.put("raw/t2.csv", GOOD + "3,three,3\n")
        somebody = 65534
        if os.geteuid() == 0:  # root may read everything: somebody else runs it
            for folder, _, names in os.walk(lake.path):
                for path in [folder] + [os.path.join(folder, n) for n in names]:
                    os.chown(path, somebody, somebody)
            os.chown(lake.path / "raw" / "t1.csv", 0, 0)
        os.chmod(lake.path / "raw" / "t1.csv", 0o000 if os.geteuid() else 0o600)
        who = {"user": somebody, "group": somebody, "extra_groups": []} if os.geteuid() == 0 else {}
        environment = {**lake.environment(), "HOME": str(lake.path), "XDG_CONFIG_HOME": str(lake.path)}

        def run():
            try:
                return subprocess.run([SLUICED, "run", "--lake", str(lake.path), "--datasets", str(lake.path / "datasets")],
                                      env=environment, capture_output=True, text=True, **who)
            except PermissionError:
                self.skipTest("somebody else may not run the worker where it lies")

        done = run()
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(self.states(lake), [("raw/t1.csv", "FAILED"), ("raw/t2.csv", "SUCCEEDED")])
        self.assertIn("cannot open", done.stderr)
        os.chmod(lake.path / "raw" / "t1.csv", 0o644)
        self.assertEqual(run().returncode, 0)
        self.assertEqual({state for _, state in self.states(lake)}, {"SUCCEEDED"})
        self.sound(lake)

    def test_a_folder_where_a_file_was(self):
        lake = self.lake()
        path = lake.put("raw/t1.csv", GOOD)
        lake.run(fault="kill:claimed")
        path.unlink()
        path.mkdir()
        lake.put("raw/t2.csv", GOOD + "3,three,3\n")
        lake.run(check=[0])
        self.assertEqual(self.states(lake), [("raw/t1.csv", "DISCARDED"), ("raw/t2.csv", "SUCCEEDED")])
        self.sound(lake)

    @contextlib.contextmanager
    def growing(self, path):
        """Somebody appends to the file without a pause."""
        done = threading.Event()

        def grow():
            with open(path, "ab", buffering=0) as file:
                while not done.is_set():
                    file.write(b"4,four,4\n")

        writer = threading.Thread(target=grow)
        writer.start()
        try:
            yield
        finally:
            done.set()
            writer.join()

    @of_a_directory
    def test_a_file_that_does_not_stop_changing(self):
        lake = self.lake()
        path = lake.put("raw/t1.csv", GOOD + "3,three,3\n" * 1000000)
        lake.put("raw/t2.csv", GOOD)
        with self.growing(path):
            self.assertEqual(lake.run().returncode, 3)
            self.assertEqual(lake.query("SELECT state, error_code FROM file ORDER BY file_id"),
                             [("FAILED", "changed"), ("SUCCEEDED", None)])
        lake.run(check=[0])
        self.assertEqual({state for _, state in self.states(lake)}, {"SUCCEEDED"})
        self.sound(lake)

    @of_a_directory
    def test_the_third_fault_is_the_last(self):
        lake = self.lake()
        lake.put("raw/t1.csv", GOOD + "3,three,3\n" * 1000000)
        lake.run(fault="kill:sealed")
        (path,) = lake.keys("validated")
        with self.growing(lake.path / path):
            for attempts in (1, 2):
                self.assertEqual(lake.run().returncode, 3)
                self.assertEqual(lake.query("SELECT state, attempts, error_code FROM file"),
                                 [("FAILED", attempts, "changed")])
            self.assertEqual(lake.run().returncode, 1)
        ((run_id, state, code),) = lake.query("SELECT job_run_id, state, error_code FROM file")
        self.assertEqual((state, code), ("QUARANTINED", "changed"))
        reason = json.loads((lake.path / "rejected" / "system" / run_id / "reason.json").read_text())
        self.assertEqual((reason["attempts"], reason["retryable"]), (3, True))
        self.assertEqual(lake.leftovers(), [])

    def test_a_contract_that_goes_while_its_file_waits(self):
        lake = self.lake()
        lake.put("raw/t1.csv", GOOD)
        lake.run(fault="kill:sealed")  # it lies in validated/ by now
        lake.put("raw/t2.csv", GOOD + "3,three,3\n")
        (lake.path / "datasets" / "things.yaml").unlink()
        self.assertEqual(lake.run().returncode, 3)
        self.assertEqual(lake.query("SELECT arrival_key, state, waiting_for, attempts FROM file ORDER BY file_id"),
                         [("raw/t1.csv", "PENDING", "contract", 0), ("raw/t2.csv", "UNMATCHED", None, 0)])
        lake.put("datasets/things.yaml", CONTRACT)
        lake.run(check=[0])
        self.assertEqual({state for _, state in self.states(lake)}, {"SUCCEEDED"})
        self.sound(lake)

    @of_a_directory
    def test_an_archive_name_that_is_taken(self):
        lake = Lake({"things.yaml": CONTRACT + "archive: {prefix: kept/, name: '{path}'}\n"}, memory=True)
        self.addCleanup(lake.__exit__)
        contents = {"raw/t.csv": [GOOD, GOOD + "3,c,3\n"], "raw/t.csv/t.csv": [GOOD + "4,d,4\n"]}
        for key, deliveries in contents.items():
            for content in deliveries:
                lake.put(key, content)
                lake.run(check=[0])
                self.sound(lake)
        self.assertEqual({state for _, state in self.states(lake)}, {"SUCCEEDED"})
        kept = sorted((lake.path / k).read_text() for k in lake.keys("kept") + lake.keys("archive"))
        self.assertEqual(kept, sorted(c for d in contents.values() for c in d))


class Reasons(unittest.TestCase):
    def reason(self, text, content):
        with Lake({"things.yaml": text}, memory=True) as lake:
            lake.put("raw/t.csv", content)
            lake.run(check=[1])
            (key,) = [k for k in lake.keys("rejected/system") if k.endswith("reason.json")]
            return json.loads((lake.path / key).read_text())

    def test_every_member_of_the_schema(self):
        schema = json.loads((ROOT / "schema" / "reason.schema.json").read_text())
        for content in (b"", b"no;header\n1;2\n", b"PK\3\4" + bytes(50)):
            reason = self.reason(CONTRACT, content)
            self.assertEqual(sorted(reason), sorted(schema["required"]))
            self.assertRegex(reason["run_id"], schema["properties"]["run_id"]["pattern"])
            self.assertRegex(reason["code"], schema["properties"]["code"]["pattern"])

    def test_suggestions(self):
        comma = contract(top="dialect: {delimiter: ','}\n")
        limits = contract("limits: {max_reject_pct: 30, min_rows: 10}\n")

        def rows(header, separator, price):
            return header + "\n" + "".join(separator.join((str(i), "n", price % i)) + "\n" for i in range(100))

        cases = [
            (comma, rows("id;name;price", ";", "%d.50"), [({"dialect.delimiter": ";"}, 100)]),
            (comma, rows("key;name;price", ";", "%d.50"), [({"dialect.delimiter": ";", "map": {"key": "id"}}, 100)]),
            (CONTRACT, rows("key,name,price", ",", "%d.50"), [({"map": {"key": "id"}}, 100)]),
            (limits, rows("id;name;price", ";", "%d,50"), [({"fields.price.decimalChar": ","}, 10)]),
            (limits, rows("id;name;price", ";", "what%d"), []),
        ]
        for text, content, expected in cases:
            with self.subTest(content[:40]):
                found = self.reason(text, content)["suggestions"]
                self.assertEqual([(s["overrides"], s["would_pass"]) for s in found], expected)

    def test_samples(self):
        content = "id,name,price\n" + "x,n,1\n" * 20 + "1,n,1\n" * 30 + "2,n,oops\n" * 50
        reason = self.reason(contract("limits: {max_reject_pct: 30, min_rows: 10}\n"), content)
        self.assertEqual([(s["column"], s["rows"], s["first_row"], s["values"]) for s in reason["samples"]],
                         [("price", 50, 51, ["oops"]), ("id", 20, 1, ["x"])])

    def test_notes_are_kept_with_the_run(self):
        fields = FIELDS.replace("scale: 2", "scale: 2, decimalChar: auto")
        with Lake({"things.yaml": contract("", "  fieldsMatch: partial\n", fields)}, memory=True) as lake:
            lake.put("raw/t.csv", "id;name;price;colour\n1;a;1,5;red\n")
            lake.run(check=[0])
            ((dialect,),) = lake.query("SELECT dialect FROM run")
            notes = " / ".join(json.loads(dialect)["notes"])
            for words in ("encoding utf-8", "delimiter ';'", "'colour'", 'price: decimal point ","'):
                self.assertIn(words, notes)


class Duplicates(unittest.TestCase):
    def deliver(self, deliveries, source="match: 'raw/**/t*'"):
        """The states of the deliveries, one run each."""
        with Lake({"things.yaml": contract(source=source)}, memory=True) as lake:
            for key, content in deliveries:
                lake.put(key, content)
                lake.run(check=[0])
                code, report = lake.fsck()
                self.assertEqual((code, lake.leftovers()), (0, []), report)
            return [state for (state,) in lake.query("SELECT state FROM file ORDER BY file_id")]

    def test_deliveries(self):
        a, b = GOOD, GOOD + "3,three,3\n"
        loads = "match: 'raw/**/t*', duplicates: load"
        cases = [
            ("the same again", [("raw/t.csv", a), ("raw/t.csv", a)], None, "S D"),
            ("the same elsewhere", [("raw/t.csv", a), ("raw/x/t.csv", a)], None, "S D"),
            ("there and back", [("raw/t.csv", a), ("raw/t.csv", b), ("raw/t.csv", a)], None, "S S S"),
            ("there and back, loaded", [("raw/t.csv", a), ("raw/t.csv", b), ("raw/t.csv", a)], loads, "S S S"),
            ("the same again, loaded", [("raw/t.csv", a), ("raw/t.csv", a)], loads, "S D"),
            ("the same elsewhere, loaded", [("raw/t.csv", a), ("raw/x/t.csv", a)], loads, "S S"),
        ]
        words = {"S": "SUCCEEDED", "D": "DUPLICATE"}
        for name, deliveries, source, expected in cases:
            with self.subTest(name):
                states = self.deliver(deliveries, source) if source else self.deliver(deliveries)
                self.assertEqual(states, [words[w] for w in expected.split()])

    def test_a_quarantined_file_may_come_again(self):
        with Lake({"things.yaml": CONTRACT}, memory=True) as lake:
            for _ in range(2):
                lake.put("raw/t.csv", b"nothing;like;it\n1;2;3\n")
                lake.run(check=[1])
            self.assertEqual(lake.query("SELECT state FROM file"), [("QUARANTINED",)] * 2)


if __name__ == "__main__":
    unittest.main()
