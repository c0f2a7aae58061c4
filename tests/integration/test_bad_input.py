"""Files as they should not be: each ends in a reason and every row accounted for. covers: worker/run worker/sink"""

import gzip
import io
import json
import os
import resource
import struct
import subprocess
import unittest
import zipfile

from tests.lake import SLUICED, Lake

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


if __name__ == "__main__":
    unittest.main()
