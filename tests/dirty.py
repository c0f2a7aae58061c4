"""Sales with mistakes in known places: what the worker must find, to the byte. Everything follows from the seed."""

import random

HEADER = ["id", "name", "quantity", "price", "sold_at", "currency"]
NAMES = ["Kettle", "Desk, oak", 'The 30" screen', "Café Filter", "two\nlines", "Mug", "a,b\r\nc", "Größe"]
CONTRACT = """
dataset: dirty
source: {match: "raw/dirty*", duplicates: load}
schema:
  primaryKey: [id]
  fields:
    - {name: id, type: integer, constraints: {required: true}}
    - {name: name, type: string}
    - {name: quantity, type: integer, constraints: {required: true}}
    - {name: price, type: number, scale: 2, constraints: {minimum: 0}}
    - {name: sold_at, type: datetime, constraints: {required: true}}
    - {name: currency, type: string, constraints: {enum: [EUR, USD, GBP]}}
rules:
  - {id: sold, check: "quantity > 0"}
partition: {date: "sold_at::date"}
"""

# what is done to a good row, and the codes of its errors in the order they are to be listed
MISTAKES = {
    "short": ["missing-cell"],
    "long": ["extra-cell"],
    "no_id": ["constraint-error"],
    "number": ["type-error"],
    "time": ["type-error"],
    "negative": ["constraint-error"],
    "currency": ["constraint-error"],
    "rule": ["row-constraint"],
    "repeat": ["primary-key"],
    "two": ["type-error", "constraint-error"],
}


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\r\n') else cell


def spoil(cells, kind, ids):
    if kind == "short":
        return cells[:5]
    if kind == "long":
        return cells + ["left over"]
    changes = {"no_id": (0, ""), "number": (3, "12,50"), "time": (4, "2026-02-30T10:00:00"), "negative": (3, "-0.01"),
               "currency": (5, "XXX"), "rule": (2, "0"), "repeat": (0, ids[0] if ids else ""), "two": (2, "many")}
    at, value = changes[kind]
    cells[at] = value
    if kind == "two":
        cells[5] = "eur"
    return cells


class Dirty:
    """text: the file; rejects: one dict a bad record with what its line in the reject file must say; good, blank: counts."""

    def __init__(self, seed, rows, encoding="utf-8", bom=b"", end="\n", every=9):
        chance = random.Random(seed)
        self.rejects, self.good, self.blank, self.total = [], 0, 0, 0
        self.ids, self.cents = [], 0
        out = bytearray(bom)
        line, number = 1, 0

        def put(text):
            nonlocal line
            start = len(out)
            out.extend(text.encode(encoding))
            length = len(out) - start
            out.extend(end.encode(encoding))
            line += 1 + text.replace("\r\n", "\n").count("\n")
            return start, length

        put(",".join(HEADER))
        self.header = bytes(out)
        for i in range(rows):
            if chance.randrange(40) == 0:
                put("")  # an empty line is no record
            if chance.randrange(40) == 0:
                put("," * 5)
                number, self.blank = number + 1, self.blank + 1
            number += 1
            cents = chance.randrange(1, 100000)
            cells = [str(1000 + i), chance.choice(NAMES), str(chance.randrange(1, 20)), f"{cents // 100}.{cents % 100:02}",
                     f"2026-03-{chance.randrange(1, 29):02}T{chance.randrange(24):02}:00:00Z",
                     chance.choice(["EUR", "USD", "GBP", ""])]
            kind = chance.choice(list(MISTAKES)) if chance.randrange(every) == 0 and self.ids else None
            if kind:
                cells = spoil(cells, kind, self.ids)
            text, at = ",".join(map(quoted, cells)), line
            start, length = put(text)
            if kind:
                self.rejects.append({"row_number": number, "line_number": at, "byte_offset": start, "byte_length": length,
                                     "text": text, "bytes": bytes(out[start:start + length]), "codes": MISTAKES[kind]})
            else:
                self.good += 1
                self.ids.append(cells[0])
                self.cents += cents
        self.total = number
        self.bytes = bytes(out)
        self.end = end.encode(encoding)
        self.rejects_csv = self.header + b"".join(r["bytes"] + self.end for r in self.rejects)
