"""Polluted CSV files after the Pollock benchmark (Vitagliano et al., Pollock: A Data Loading Benchmark, VLDB 2023).

One small table of our own is spoilt in each of the ways the benchmark spoils its own, each file with the table it should
be read as; and the benchmark's ten measures compare what was read with that.
"""

from collections import Counter
import csv
import io
import subprocess
import sys
import tempfile

ROWS = 83
NAMES = ["DATE", "TIME", "Qty", "ITEM", "Price", "Kind", "Description", "URL", "Remarks"]
KINDS = [
    "Men's Rain Boots", "Running Jacket", "Fly Rod", "Throw Pillow, Wooden Paddles", "Garden Table, Round 48\"",
    "Women's  Rod 8 Wt.", "Boxer, 5\" Inseam", "Kids' Mountain Bike, 24\"", "Sofa", "Girls' 3-in-1 Coat",
    "Tee, Short Sleeve, Graphic", "Hat", "Kids' Sweater, Hooded", "Socks", "Beach Chair, Print",
]
TEXTS = [
    "Rugged enough for long days yet light enough to keep the feet from feeling weighed down.",
    "The next level of protection. Whether running, biking or walking the dog, it won't let you down.",
    "Great grip and extra air, ideal for warm, dry conditions.",
    "Wherever there isn't space for a backcast, this is the one to take.",
    "A bright action and a light feel in our 8\\'9\" length, made for her.",
    "Built to hold heavy wool without stretching in any way, shape or form.",
    "All the softness you've come to expect, in certified cotton.",
    "Field tested from creeks to tidal rips, and sure to perform.",
]


class Table:
    """Records as cells (text, quoted) and the delimiters between them, so that each can be spoilt by itself."""

    def __init__(self, rows, quote='"', escape='"', delimiter=",", end="\r\n"):
        self.rows = [[list(cell) for cell in row] for row in rows]
        self.seps = [[delimiter] * (len(row) - 1) for row in rows]
        self.ends = [end] * len(rows)
        self.stray = {}
        self.before = {}
        self.quote, self.escape = quote, escape

    def cell(self, r, c):
        text, quoted = self.rows[r][c]
        text = self.stray.get((r, c), "") + (text.replace('"', self.escape + '"') if quoted else text)
        return self.quote + text + self.quote if quoted else text

    def text(self):
        out = []
        for r, row in enumerate(self.rows):
            out.append(self.before.get(r, ""))
            for c in range(len(row)):
                out.append(self.cell(r, c))
                if c < len(self.seps[r]):
                    out.append(self.seps[r][c])
            out.append(self.ends[r])
        return "".join(out)

    def values(self):
        return [[self.stray.get((r, c), "") + cell[0] for c, cell in enumerate(row)] for r, row in enumerate(self.rows)]


def source():
    rows = [[(name, name in ("Description", "URL")) for name in NAMES]]
    for i in range(ROWS):
        code = "%s-%04d" % (("MG", "RI", "CC", "YY", "BH")[i % 5], 1009 + 97 * i)
        kind = KINDS[i % len(KINDS)]
        rows.append([
            ("%02d/%02d/2018" % (13 + i % 16, 1 + i // 16), False),
            ("%02d:%02d" % (i // 4 % 24, 15 * (i % 4)), False),
            (str(i * 7 % 31), False),
            (code, False),
            ("$%.2f" % (0.91 + i * 37 % 9000 / 100), False),
            (kind, "," in kind or '"' in kind),
            (TEXTS[i % len(TEXTS)], True),
            ("https://www.example.com/product/%s.html" % code.replace("-", "_"), True),
            ("", False),
        ])
    return rows


def join_missing(table, row, col):
    """The delimiter before a cell is lost; the cells are still two."""
    table.seps[row][col - 1] = ""


def whole_files(rows):
    header = rows[0]
    yield "source", Table(rows).text(), Table(rows).values()
    yield "no_payload", "", []
    for name, end in (("no_trailing_newline", ""), ("double_trailing_newline", "\r\n\r\n")):
        table = Table(rows)
        table.ends[-1] = end
        yield name, table.text(), table.values()
    yield "no_header", Table(rows[1:]).text(), Table(rows[1:]).values()
    for n in (2, 3):
        joined = [" ".join([cell[0]] * n) for cell in header]
        yield "header_multirow_%d" % n, Table([header] * n + rows[1:]).text(), [joined] + Table(rows[1:]).values()
    blanks = "," * (len(header) - 1) + "\r\n"
    yield "preamble", "PREAMBLE" + blanks + blanks + Table(rows).text(), Table(rows).values()
    for name, n in (("less", 8), ("same", 9), ("more", 10)):
        second = [(row + [("col1" if i == 0 else "", False)])[:n] for i, row in enumerate(rows)]
        fitted = [(row + [("", False)])[:9] for row in second]
        yield "multitable_" + name, Table(rows).text() + Table(second).text(), Table(rows + fitted).values()
    yield "header_only", Table(rows[:1]).text(), Table(rows[:1]).values()
    yield "one_data_row", Table(rows[:2]).text(), Table(rows[:2]).values()


def dialects(rows):
    for delimiter in (";", "\t", ", ", " ", "|", "^", "~", "||", "::"):
        table = Table(rows, delimiter=delimiter)
        name = "field_delimiter" + "".join("_0x%X" % ord(c) for c in delimiter)
        yield name, table.text(), table.values()
    for end in ("\n", "\r"):
        table = Table(rows, end=end)
        yield "record_delimiter_0x%X" % ord(end), table.text(), table.values()
    yield "quotation_char_0x27", Table(rows, quote="'").text(), Table(rows).values()
    yield "escape_char_0x5C", Table(rows, escape="\\").text(), Table(rows).values()
    yield "escape_char_0x00", Table(rows, escape="").text(), Table(rows).values()


def encodings(rows):
    rows = [[(cell[0].replace("Sofa", "Sof\u00e4 \u2013 Caf\u00e9"), cell[1]) for cell in row] for row in rows]
    table = Table(rows)
    for name, codec in (("utf8", "utf-8"), ("utf8_bom", "utf-8-sig"), ("utf16", "utf-16"), ("utf16le", "utf-16-le"),
                        ("utf16be", "utf-16-be"), ("utf32", "utf-32"), ("cp1252", "cp1252")):
        yield "encoding_" + name, table.text().encode(codec), table.values()


def spoilt_records(rows, every):
    for r in range(0, len(rows), every):
        for c in range(len(NAMES)):
            table = Table(rows)
            if c == 0:
                table.before[r] = ","
            else:
                table.seps[r][c - 1] += ","
            yield "row_more_sep_row%d_col%d" % (r, c), table.text(), table.values()
            table = Table(rows)
            if c:
                join_missing(table, r, c)
                yield "row_less_sep_row%d_col%d" % (r, c), table.text(), table.values()
            table = Table(rows)
            table.stray[r, c] = '"'
            yield "row_extra_quote%d_col%d" % (r, c), table.text(), table.values()
        table = Table(rows)
        table.seps[r] = [" "] * len(table.seps[r])
        yield "row_field_delimiter_%d_0x20" % r, table.text(), table.values()


def files(every=1):
    """(name, content, expected rows) of each polluted file; every: the share of records that are spoilt in turn."""
    rows = source()
    for make in (whole_files, dialects, encodings):
        yield from make(rows)
    yield from spoilt_records(rows, every)


def shares(expected, loaded):
    """Precision, recall and F1 of one bag against another, as the benchmark names them."""
    if not expected:
        return [1.0, 1.0, 1.0]
    common = sum((Counter(expected) & Counter(loaded)).values())
    if not common:
        return [0.0, 0.0, 0.0]
    p, r = common / len(expected), common / len(loaded)
    return [p, r, 2 * p * r / (p + r)]


def score(expected, output, succeeded=True):
    """The sum of the ten measures, 0-10."""
    if not succeeded:
        return 0.0
    loaded = list(csv.reader(io.StringIO(output, newline="")))
    if not expected:
        return 10.0
    header = shares(expected[0], loaded[0] if loaded else [])
    records = shares(["".join(row) for row in expected[1:]], ["".join(row) for row in loaded[1:]])
    cells = shares([c for row in expected for c in row], [c for row in loaded for c in row])
    return 1.0 + sum(header) + sum(records) + sum(cells)


def main():
    """Scores a program's `read FILE --csv` over every file: pollution.py [PROGRAM]."""
    program = sys.argv[1] if len(sys.argv) > 1 else "build/release/sluiced"
    scores = []
    with tempfile.NamedTemporaryFile(suffix=".csv") as place:
        for name, content, expected in files():
            with open(place.name, "wb") as out:
                out.write(content if isinstance(content, bytes) else content.encode())
            done = subprocess.run([program, "read", place.name, "--csv"], capture_output=True)
            scores.append((score(expected, done.stdout.decode("utf-8"), done.returncode == 0), name))
    for value, name in sorted(scores)[:10]:
        print(f"{value:7.3f}  {name}")
    print(f"{sum(value for value, _ in scores) / len(scores):.3f} of 10 over {len(scores)} files")


if __name__ == "__main__":
    main()
