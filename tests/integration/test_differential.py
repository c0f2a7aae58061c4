"""Random contracts and files: what `sluiced run` makes of them against oracle.py, row by row.

By hand: SLUICE_SEEDS=1000-1200 python3 -m unittest -v tests.integration.test_differential (each seed is one lake).
"""

import base64
import csv
import gzip
import io
import json
import os
import random
import re
import subprocess
import unittest
from decimal import Decimal

import oracle
from oracle import Contract, Expression, bigint, strict
from test_parquet import HERE as READERS, install_readers
from tests.lake import SLUICED, Lake

FIXED_SEEDS = "1-4"
CONTRACTS_A_LAKE, FILES_A_CONTRACT, CLEAN_FILES_A_LAKE = 10, 4, 10
CODECS = {"utf-8": "utf-8", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be", "windows-1252": "cp1252",
          "iso-8859-1": "iso-8859-1"}
MARKS = {"utf-8": b"\xef\xbb\xbf", "utf-16le": b"\xff\xfe", "utf-16be": b"\xfe\xff"}


# ---- values ----

WORDS = ["a", "Zoë", "O'Neil", "x y", " lead", "trail ", "naïve café", "0", "NULL", "N/A", "-", "tab\there", "#1",
         'say "hi"', "a,b", "a;b", "a|b", "line\nbreak", "two\r\nlines", "\\", "C:\\new", "''", "abc", "ABC123", "TX1"]
NUMBERS = ["0", "1", "-1", "+7", "12.5", "12.50", "0.01", "-0", "1234", "99999", ".5", "5.", "1e2", "1.5E-1", " 42 "]
NASTY_NUMBERS = ["1,234", "1.234", "1,234.50", "1.234,50", "12,5", "1 234", "1'234", "--1", "1-", "(1)", "12.345", "1e", "e5",
                 "0x10", "NaN", "inf", "-Infinity", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
                 "99999999999999999.99", "1e400", "1e-400", "1_000", "\u0661", "\u22125", "£1", "12%", "", "NULL", "1.0000000000",
                 "000000000000000000000001", "1.10e1", "123e-2", "0e999999999999", "1,23", "12,34,567", "1,234,567", ",123",
                 "9" * 29, "1." + "0" * 60, "0.1234567891", "- 1", "1 ", "\xa01", "99999999999999999999999999999.999999999"]
DATES = ["2026-01-31", "1999-12-31", "0001-01-01", "9999-12-31", "2024-02-29"]
NASTY_DATES = ["2026-02-29", "2026-1-5", "03/04/2026", "13/04/2026", "04/13/2026", "31/12/2026", "3/4/2026", "2026.3.4", "20260304",
               "0000-01-01", "2026-13-01", "2026-01-32", "x", " 2026-01-31 ", "2026-01-31T00:00:00", "05/05/2026", "1900-02-29",
               "10000-01-01", "2026-01-31 ", "2026/01/31", "99999999", "00/00/0000", "11/11/11"]
CLOCKS = ["00:00:00", "23:59:59", "12:30", "01:02:03.5", "01:02:03.123456"]
NASTY_CLOCKS = ["24:00:00", "1:02:03", "12:60", "12:30:60", "01:02:03.1234567", "01:02:03.1234560", "01:02:03.", "12", "12:3",
                "01:02:03.123456789", " 12:30 ", "12:30Z", "T12:30"]
ZONES = ["", "Z", "+00:00", "+02:00", "-05:30", "+02"]
NASTY_ZONES = ["+0200", "+2", "z", " Z", "+16:00", "+15:59", "+02:60", "-00:00", " +02:00", "+24"]
CIVIL = ["2026-03-29 02:30:00", "2026-10-25 02:30:00", "2026-03-29 01:59:59", "2026-10-25 03:00:00", "0001-01-01T00:00:00+01:00",
         "9999-12-31T23:59:59-01:00", "03/04/2026 12:30", "13/04/2026 7:05", "2026-01-31  12:00:00", "2026-01-31t12:00:00"]


def integer_text(rng, nasty):
    return rng.choice(NASTY_NUMBERS + NUMBERS) if nasty else str(rng.choice([0, 1, 7, -3, rng.randrange(-10**6, 10**6)]))


def number_text(rng, field, nasty):
    if nasty:
        return rng.choice(NASTY_NUMBERS + NUMBERS)
    scale = field.get("scale", 4)
    text = str(Decimal(rng.randrange(-10**7, 10**7)).scaleb(-rng.randint(0, scale)))
    return text.replace(".", field.get("decimalChar", "."))


def moment_text(rng, field, nasty):
    kind = field["type"]
    if kind == "time":
        return rng.choice(NASTY_CLOCKS if nasty else CLOCKS)
    if kind == "date":
        return rng.choice(NASTY_DATES if nasty else DATES)
    if nasty and rng.random() < 0.5:
        return rng.choice(CIVIL)
    zone = rng.choice(NASTY_ZONES if nasty and rng.random() < 0.5 else ZONES)
    clock = rng.choice(NASTY_CLOCKS if nasty and rng.random() < 0.3 else CLOCKS)
    date = rng.choice(NASTY_DATES if nasty and rng.random() < 0.3 else DATES[:2] + DATES[4:])
    return date + rng.choice("T ") + clock + zone


def cell_text(rng, field, nasty):
    kind = field["type"]
    if rng.random() < 0.08:
        return rng.choice(["", "", "NULL", "N/A"])
    if kind == "string":
        return rng.choice(WORDS) + (rng.choice(["", str(rng.randrange(50))]))
    if kind == "integer":
        return integer_text(rng, nasty)
    if kind == "number":
        return number_text(rng, field, nasty)
    if kind == "boolean":
        return rng.choice(["true", "false", "1", "0", "True", "FALSE"] + (["yes", "no", "tRUE", "2", " true", "J"] if nasty else []))
    return moment_text(rng, field, nasty)


# ---- contracts ----

def random_field(rng, name):
    kind = rng.choice(["string", "string", "integer", "number", "number", "boolean", "date", "time", "datetime"])
    field, limits = {"name": name, "type": kind}, {}
    if kind == "string":
        for key, value in [("minLength", 2), ("maxLength", 9), ("pattern", "[A-Za-z ]+[0-9]*"), ("enum", WORDS[:14])]:
            if rng.random() < 0.12:
                limits[key] = value
    elif kind == "number":
        if rng.random() < 0.25:
            field["float"] = True
        elif rng.random() < 0.7:
            field["scale"] = rng.choice([0, 2, 2, 4, 18])
        if rng.random() < 0.3:
            field["decimalChar"] = ","
    elif kind == "boolean" and rng.random() < 0.3:
        field.update(trueValues=["yes", "J", "1"], falseValues=["no", "0"])
    elif kind == "date" and rng.random() < 0.5:
        field["formats"] = rng.sample(["iso", "%d/%m/%Y", "%m/%d/%Y", "%Y.%m.%d", "%Y%m%d"], rng.randint(1, 3))
    elif kind == "datetime":
        if rng.random() < 0.3:
            field["formats"] = rng.sample(["iso", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"], rng.randint(1, 3))
        if rng.random() < 0.5:
            field["timezone"] = rng.choice(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"])
    if kind in ("integer", "number") and rng.random() < 0.3:
        group = rng.choice([",", ".", " ", "'", "\xa0"])
        if group != field.get("decimalChar", "."):
            field["groupChar"] = group
    if kind in ("integer", "number") and field.get("scale") != 18 and rng.random() < 0.2:
        limits["minimum"] = rng.choice([0, -100])
    if kind in ("integer", "number") and field.get("scale") != 18 and rng.random() < 0.1:
        limits["maximum"] = 50000
    if rng.random() < 0.2:
        limits["required"] = True
    if kind in ("string", "integer") and rng.random() < 0.1:
        limits["unique"] = True
    if limits:
        field["constraints"] = limits
    if rng.random() < 0.1:
        field["missingValues"] = ["-", "N/A"]
    return field


def conditions(fields):
    """Boolean expressions over the fields, in both languages."""
    for field in fields:
        name, kind = field["name"], field["type"]
        if field.get("float"):
            continue
        yield Expression(f"{name} is not null", [name], lambda v: v is not None)
        if kind in ("integer", "number"):
            yield Expression(f"{name} > 10", [name], strict(lambda v: v > 10))
            yield Expression(f"{name} between -5 and 5000", [name], strict(lambda v: -5 <= v <= 5000))
            yield Expression(f"{name} <> 0 or {name} is null", [name], lambda v: v is None or v != 0)
            yield Expression(f"{name} not in (1, 7, 42)", [name], strict(lambda v: v not in (1, 7, 42)))
            yield Expression(f"case when {name} < 0 then false when {name} = 1 then null else true end", [name],
                             lambda v: False if v is not None and v < 0 else None if v == 1 else True)
        elif kind == "string":
            yield Expression(f"length({name}) < 6", [name], strict(lambda v: len(v) < 6))
            yield Expression(f"{name} <> 'abc'", [name], strict(lambda v: v != "abc"))
            yield Expression(f"{name} like '%a%'", [name], strict(lambda v: "a" in v))
            yield Expression(f"{name} like '_b%'", [name], strict(lambda v: v[1:2] == "b"))
        elif kind == "boolean":
            yield Expression(f"not {name}", [name], strict(lambda v: not v))
            yield Expression(f"{name} is not true", [name], lambda v: v is not True)
        elif kind == "date":
            yield Expression(f"{name} >= date '2000-01-01'", [name], strict(lambda v: v >= 10957))


def random_condition(rng, fields):
    known = list(conditions(fields))
    if not known:
        return None
    a, b = rng.choice(known), rng.choice(known)
    n = len(a.names)
    word, function = rng.choice([("and", oracle.three_and), ("or", oracle.three_or)])
    both = Expression(f"({a.sql}) {word} ({b.sql})", a.names + b.names,
                      lambda *v: function(a.function(*v[:n]), b.function(*v[n:])))
    return rng.choice([a, both])


def derivations(fields):
    for field in fields:
        name, kind = field["name"], field["type"]
        if kind == "integer":
            yield Expression(f"{name} * 3000000000 + 1", [name], strict(lambda v: bigint(bigint(v * 3000000000) + 1)), "integer")
            yield Expression(f"coalesce({name}, -1)", [name], lambda v: -1 if v is None else v, "integer")
            yield Expression(f"abs({name})", [name], strict(lambda v: bigint(abs(v))), "integer")
        elif kind == "number" and field.get("scale") == 2:
            yield Expression(f"{name} + 0.5", [name], strict(lambda v: v + Decimal("0.5")), "number")
            yield Expression(f"case when {name} > 0 then {name} end", [name], lambda v: v if v is not None and v > 0 else None,
                             "number")
        elif kind == "string":
            yield Expression(f"{name} || '!'", [name], strict(lambda v: v + "!"), "string")
            yield Expression(f"nullif(btrim({name}), '')", [name], strict(lambda v: v.strip(" ") or None), "string")
            yield Expression(f"substr({name}, 2, 3)", [name], strict(lambda v: v[1:4]), "string")
            yield Expression(f"replace({name}, 'a', 'bb')", [name], strict(lambda v: v.replace("a", "bb")), "string")
        elif kind == "boolean":
            yield Expression(f"{name} is true", [name], lambda v: v is True, "boolean")


def random_contract(rng, dataset, comma):
    fields = [random_field(rng, f"c{i}") for i in range(rng.randint(2, 7))]
    more = {"missing": rng.choice([[""], ["", "NULL"], ["", "NULL", "N/A"]]), "reject_blank": rng.random() < 0.2}
    keys = [f["name"] for f in fields if f["type"] in ("string", "integer", "date")]
    if keys and rng.random() < 0.5:
        more["key"] = rng.sample(keys, rng.choice([1, 1, min(2, len(keys))]))
    if rng.random() < 0.3:
        more["filter"] = random_condition(rng, fields)
    known = list(derivations(fields))
    if known and rng.random() < 0.5:
        more["derive"] = [(f"d{i}", e) for i, e in enumerate(rng.sample(known, min(2, len(known))))]
    more["rules"] = [(f"r{i}", rule) for i in range(rng.choice([0, 0, 1, 2])) if (rule := random_condition(rng, fields))]
    more["dialect"] = {"delimiter": comma, "quoteChar": '"', "doubleQuote": True, "commentChar": "", "skipInitialSpace": False,
                       "headerRows": 1}
    more["encoding"] = rng.choice(list(CODECS))
    return Contract(dataset, fields, **more)


# ---- files ----

def quote(rng, text, comma):
    must = any(c in text for c in (comma, '"', "\n", "\r")) or not text and rng.random() < 0.1
    return '"' + text.replace('"', '""') + '"' if must or rng.random() < 0.1 else text


def random_record(rng, contract, comma, nastiness):
    if rng.random() < 0.02:
        return rng.choice(["", comma * (len(contract.fields) - 1), '""'])
    cells = [quote(rng, cell_text(rng, f, rng.random() < nastiness), comma) for f in contract.fields]
    if rng.random() < nastiness / 10:
        cells = cells[:rng.randint(1, len(cells))]
    if rng.random() < nastiness / 10:
        cells += rng.choice([[""], ["x"], ["1", "2"]])
    if rng.random() < nastiness / 10:
        cells[rng.randrange(len(cells))] = rng.choice(['"a"b', 'a"b', '"', '"open', '"a" ', ' "a"', '""x', '"a\nb"c', "\0", "a\0b",
                                                       '"x""', '"""', '""""', "'a", "\\", '\\"'])
    return comma.join(cells)


def random_file(rng, contract, comma):
    end = rng.choice(["\n", "\r\n", "\n", "\r"])
    nastiness = rng.choice([0, 0.05, 0.3])
    names = [f["name"] for f in contract.fields]
    lines = [random_record(rng, contract, comma, nastiness) for _ in range(rng.choice([1, 5, 40, 200]))]
    if end == "\r":
        lines = [line.replace("\n", "\r").replace("\r\r", "\r") for line in lines]
    text = end.join([comma.join(names)] + lines) + rng.choice(["", end])
    codec = CODECS[contract.encoding]
    data = text.encode(codec, "replace")
    if contract.encoding == "utf-8" and rng.random() < nastiness:
        at = rng.randrange(len(comma.join(names)) + 1, len(data) + 1)
        data = data[:at] + rng.choice([b"\xff", b"\xe9", b"\xc3", b"\xf0\x9f"]) + data[at:]
    if rng.random() < 0.4 or contract.encoding.startswith("utf-16"):
        data = MARKS.get(contract.encoding, b"") + data
    return data


def packed(rng, data):
    way = rng.choice(["", "", "gz", "zst"])
    if way == "zst":
        return ".zst", subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout
    return (".gz", gzip.compress(data)) if way else ("", data)


# ---- comparing ----

SQL = {"date": "({} - DATE '1970-01-01')::VARCHAR", "time": "datediff('microsecond', TIME '00:00:00', {})::VARCHAR",
       "datetime": "epoch_us({})::VARCHAR"}
FROM_TEXT = {"string": str, "boolean": lambda text: text == "true", "number": Decimal}


def columns_of(contract):
    return [(f["name"], "float" if f.get("float") else f["type"]) for f in contract.fields] + \
        [(name, e.kind) for name, e in contract.derive]


def same(kind, text, value):
    if text is None or value is None:
        return text is value
    if kind == "float":
        return repr(float(text)) == repr(float(value))
    return FROM_TEXT.get(kind, int)(text) == value


def loaded_rows(lake, contracts):
    """Of each source file: row number -> texts of its columns."""
    selects = []
    for contract in contracts:
        folder = lake.path / "processed" / contract.dataset
        if folder.exists():
            list_of = ", ".join(SQL.get(kind, "{}::VARCHAR").format(name) for name, kind in columns_of(contract))
            selects.append(f"SELECT _source_file AS f, _row_number AS r, [{list_of}] AS v "
                           f"FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = false)")
    found = {}
    if selects:
        done = subprocess.run(["node", str(READERS / "query.mjs"), " UNION ALL ".join(selects)], capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(done.stderr)
        for row in json.loads(done.stdout):
            found.setdefault(row["f"], {})[int(row["r"])] = row["v"]
    return found


def as_rejected(row):
    return {"row_number": row.number, "line_number": row.line, "byte_offset": row.offset, "byte_length": len(row.raw),
            "raw": row.raw, "errors": row.errors}


def reject_of(line):
    raw = base64.b64decode(line["raw_base64"]) if "raw_base64" in line else line["raw"].encode()
    errors = [(e["stage"], e["code"], e["rule_id"] or e["column"]) for e in line["errors"]]
    return {**{k: line[k] for k in ("row_number", "line_number", "byte_offset", "byte_length")}, "raw": raw, "errors": errors}


def differences(contract, rows, loaded, rejects, counts):
    """Sentences; none when worker and oracle agree."""
    expected = {r.number: r for r in rows}
    for number, row in expected.items():
        if row.state in ("rejected", "duplicate"):
            want, got = as_rejected(row), rejects.get(number)
            if want != got:
                apart = {k: (v, got[k]) for k, v in want.items() if got[k] != v} if got else loaded.get(number) or "nothing"
                yield f"row {number} ({row.raw}) is rejected {row.errors}, found {apart}"
        elif row.state == "good":
            got = loaded.get(number)
            kinds = columns_of(contract)
            if got is None:
                yield f"row {number} is good ({row.raw}), found {rejects.get(number) or 'nothing'}"
            elif not all(same(kind, text, row.values[name]) for (name, kind), text in zip(kinds, got)):
                yield f"row {number} ({row.raw}): {row.values}, found {got}"
        elif number in loaded or number in rejects:
            yield f"row {number} is {row.state}, found {rejects.get(number) or loaded.get(number)}"
    for number in sorted(set(loaded) | set(rejects)):
        if number not in expected:
            yield f"row {number} is none: {loaded.get(number) or rejects.get(number)}"
    states = [r.state for r in rows]
    sums = {"rejected": states.count("rejected"), "duplicate": states.count("duplicate"),
            "filtered": states.count("filtered") + states.count("blank"), "written": states.count("good")}
    if counts != sums:
        yield f"the sheet should say {sums}, found {counts}"


def sheets(lake):
    return {key: {"rejected": r, "duplicate": d, "filtered": f, "written": w} for key, r, d, f, w in lake.query(
        "SELECT f.arrival_key, sum(rows_rejected), sum(rows_duplicate), sum(rows_filtered), "
        "sum(rows_out) FILTER (WHERE stage = 'write') FROM stage_count JOIN run USING (run_id) "
        "JOIN file f USING (file_id) GROUP BY 1")}


def rejected_rows(lake):
    run_keys = dict(lake.query("SELECT run_id, arrival_key FROM run JOIN file USING (file_id)"))
    found = {}
    for line in lake.rejects():
        found.setdefault(run_keys[line["run_id"]], {})[line["row_number"]] = reject_of(line)
    return found


class Trial:
    """One lake with random contracts and files."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.contracts, self.files = [], {}
        for i in range(CONTRACTS_A_LAKE):
            comma = self.rng.choice(",,;\t|")
            contract = random_contract(self.rng, f"set{i}", comma)
            self.contracts.append(contract)
            for k in range(FILES_A_CONTRACT):
                data = random_file(self.rng, contract, comma)
                suffix, content = packed(self.rng, data)
                key = f"raw/set{i}/{k}.csv{suffix}"
                self.files[key] = (contract, content, oracle.judge(contract, data, CODECS[contract.encoding], comma))

    def run(self):
        with Lake({c.dataset + ".yaml": c.yaml() for c in self.contracts}) as lake:
            for key, (_, content, _) in self.files.items():
                lake.put(key, content)
            done = lake.run(check=[0, 1])
            loaded, rejects, counts = loaded_rows(lake, self.contracts), rejected_rows(lake), sheets(lake)
            states = dict(lake.query("SELECT arrival_key, state FROM file"))
            for key, (contract, content, rows) in self.files.items():
                if states[key] == "DUPLICATE":
                    continue
                if states[key] != "SUCCEEDED":
                    yield f"{key} is {states[key]}: {done.stdout[-300:]}"
                    continue
                for text in differences(contract, rows, loaded.get(key, {}), rejects.get(key, {}), counts[key]):
                    yield f"{key}: {text}"
            code, report = lake.fsck()
            if code:
                yield f"fsck: {report}"


# ---- clean files, of which nothing is said ----

def clean_column(rng):
    """A function that gives a cell."""
    scale, first = rng.choice([1, 2, 2, 4]), rng.randrange(1, 10**6)
    names = rng.sample(["Berlin", "Zürich", "München", "New York", "Oslo", "a,b", "x; y", 'the "big" one', "two\nlines", "O'Neil", "São Paulo"], 6)
    return rng.choice([
        lambda i: str(first + i), lambda i: str(rng.randrange(-500, 500)), lambda i: f"{rng.uniform(-1e4, 1e4):.{scale}f}",
        lambda i: f"{rng.randrange(10**5):08d}", lambda i: rng.choice(names), lambda i: rng.choice(["true", "false"]),
        lambda i: rng.choice(["Y", "N"]), lambda i: f"{rng.randrange(1990, 2030)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
        lambda i: f"{rng.randrange(1, 29):02}/{rng.randrange(1, 13):02}/{rng.randrange(1990, 2030)}",
        lambda i: f"2026-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}T{rng.randrange(24):02}:{rng.randrange(60):02}:00Z",
        lambda i: f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}",
        lambda i: f"{rng.randrange(10**9):,}" if rng.random() < 0.9 else "", lambda i: f"TX{rng.randrange(10**6)}",
        lambda i: f"user{rng.randrange(99)}@example.com", lambda i: rng.choice(["", "", "n/a", "7"]),
        lambda i: f"{rng.uniform(0, 1e-3):.3e}", lambda i: f"{rng.choice('ABC')}{rng.randrange(10)}", lambda i: f"£{rng.randrange(999)}.50",
        lambda i: f"{rng.randrange(100)}%", lambda i: rng.choice(["NaN", f"{rng.random()}"]),
    ])


LABELS = ["id", "Name", "Unit Price", "qty", "Date", "created at", "Code", "e-mail", "Größe", "Total (EUR)", "x", "active"]


def clean_file(rng):
    """Records, the header's first, and the file's bytes."""
    labels = rng.sample(LABELS, rng.randint(2, 8))
    columns = [clean_column(rng) for _ in labels]
    rows = [[column(i) for column in columns] for i in range(rng.choice([3, 30, 300]))]
    rows = [row for row in rows if any(row)]
    comma, end = rng.choice(",,;\t|"), rng.choice(["\n", "\n", "\r\n", "\r"])
    if end == "\r":
        rows = [[cell.replace("\n", "\r") for cell in row] for row in rows]
    encoding = rng.choice(["utf-8", "utf-8", "utf-16le", "utf-16be", "windows-1252"])
    text = end.join(comma.join(quote(rng, cell, comma) for cell in row) for row in [labels] + rows) + end
    mark = MARKS.get(encoding, b"") if encoding != "utf-8" or rng.random() < 0.3 else b""
    return [labels] + rows, mark + text.encode(CODECS[encoding])


def inferred(lake, files):
    """What is wrong with the contracts that infer prints."""
    for key, (rows, data) in files.items():
        done = lake.run(str(lake.put(key, data)), command="infer")
        if done.returncode:
            yield f"{key}: infer ended with {done.returncode}: {done.stderr}"
        lake.put(f"datasets/{key[4]}.yaml", done.stdout)
    done = lake.run(str(lake.path / "datasets"), command="check")
    widths = dict(re.findall(r"/(.)\.yaml: \w+, (\d+) fields", done.stdout + done.stderr))
    if done.returncode or widths != {key[4]: str(len(rows[0])) for key, (rows, _) in files.items()}:
        yield f"check: {done.stdout}{done.stderr}"
    lake.run(check=[0, 1])
    counts, rejects = sheets(lake), lake.rejects()
    for key, (rows, data) in files.items():
        found = counts.get(key, {})
        if found.get("written") != len(rows) - 1:
            yield f"{key}: {len(rows) - 1} rows of {rows[:3]} {data[:300]!r}, found {found} {rejects[:2]}"


def read_and_loaded(lake, files):
    """The same cells three times: as they were put down, as read prints them and as a contract of strings loads them."""
    contracts = []
    for key, (rows, data) in files.items():
        done = subprocess.run([SLUICED, "read", "--csv", str(lake.put(key, data))], capture_output=True)
        printed = list(csv.reader(io.StringIO(done.stdout.decode(), newline="")))
        if printed != rows:
            yield f"{key}: read prints {[p for p, r in zip(printed, rows) if p != r][:2]} of {data[:300]!r}"
        fields = [{"name": f"c{i}", "label": label, "type": "string"} for i, label in enumerate(rows[0])]
        contracts.append(Contract(key[4], fields, missing=[]))
        contracts[-1].match = key
        lake.put(f"datasets/{key[4]}.yaml", contracts[-1].yaml())
    lake.run(check=[0, 1])
    loaded = loaded_rows(lake, contracts)
    for key, (rows, data) in files.items():
        found = [loaded.get(key, {}).get(i) for i in range(1, len(rows))]
        if found != rows[1:]:
            yield f"{key}: run loads {[f for f, r in zip(found, rows[1:]) if f != r][:2]} of {data[:300]!r}"


def seeds():
    first, _, last = os.environ.get("SLUICE_SEEDS", FIXED_SEEDS).partition("-")
    return range(int(first), int(last or first) + 1)


class Differential(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        install_readers()

    def test_rows_are_what_the_oracle_says(self):
        for seed in seeds():
            with self.subTest(seed=seed):
                self.assertEqual(list(Trial(seed).run())[:20], [])

    def clean_files(self, seed):
        rng = random.Random(seed)
        return {f"raw/{chr(97 + i)}.csv": clean_file(rng) for i in range(CLEAN_FILES_A_LAKE)}

    def test_what_infer_prints_loads_the_file(self):
        for seed in seeds():
            with self.subTest(seed=seed), Lake() as lake:
                self.assertEqual(list(inferred(lake, self.clean_files(seed))), [])

    def test_read_prints_the_cells_that_run_loads(self):
        for seed in seeds():
            with self.subTest(seed=seed), Lake() as lake:
                self.assertEqual(list(read_and_loaded(lake, self.clean_files(seed))), [])


if __name__ == "__main__":
    unittest.main()
