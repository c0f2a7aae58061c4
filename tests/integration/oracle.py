"""What a contract makes of a CSV file, worked out a second time: by Python's own numbers, dates, zones and expressions.

Nothing here is shared with the worker. A Contract is a plain description that also prints its YAML; judge() says what
each record of a file becomes.
"""

import copy
import datetime as dt
import json
import re
import zoneinfo
from decimal import Decimal
from fractions import Fraction

SPACE = " \t\n\v\f\r\xa0"
MINUS = "[-\u2212]"
EPOCH = dt.datetime(1970, 1, 1)
LAST_INSTANT = (dt.datetime(9999, 12, 31, 23, 59, 59, 999999) - EPOCH) // dt.timedelta(microseconds=1)
FIRST_INSTANT = (dt.datetime(1, 1, 1) - EPOCH) // dt.timedelta(microseconds=1)


class Bad(Exception):
    """The code of a value that can't be read."""


# ---- records ----

class Record:
    def __init__(self, start, end, cells, unclosed=None):
        self.start, self.end, self.cells, self.unclosed = start, end, cells, unclosed


def line_end(text, at, lone_cr):
    if text.startswith("\r\n", at):
        return 2
    return 1 if text[at] == "\n" or (text[at] == "\r" and lone_cr) else 0


def read_record(text, start, stop, comma, lone_cr, literal):
    """None: a quote does not close. literal: such a quote is text."""
    cells, at, unclosed = [], start, None
    while True:
        cell, begin, closed = "", at, True
        if at < stop and text[at] == '"':
            closed, many, at = False, False, at + 1
            while at < stop:
                if text[at] == '"' and text[at + 1:at + 2] == '"' and at + 1 < stop:
                    cell, at = cell + '"', at + 2
                elif text[at] == '"':
                    closed, at = True, at + 1
                    break
                else:
                    many |= line_end(text, at, lone_cr) > 0
                    cell, at = cell + text[at], at + 1
            behind = at < stop and text[at] != comma and not line_end(text, at, lone_cr)
            if not closed or (behind and many):
                if not literal:
                    return None, None
                unclosed = len(cells) if unclosed is None else unclosed
                cell, at = "", begin
        while at < stop and text[at] != comma and not line_end(text, at, lone_cr):
            cell, at = cell + text[at], at + 1
        cells.append(cell)
        if at == stop or text[at] != comma:
            return Record(start, at, cells, unclosed), at + (line_end(text, at, lone_cr) if at < stop else 0)
        at += 1


def records(text, comma, lone_cr):
    at = 0
    while at < len(text):
        n = line_end(text, at, lone_cr)
        if n:
            at += n
            continue
        record, after = read_record(text, at, len(text), comma, lone_cr, False)
        if record is None:
            end = at
            while end < len(text) and not line_end(text, end, lone_cr):
                end += 1
            record, after = read_record(text, at, end, comma, lone_cr, True)
            after += line_end(text, end, lone_cr) if end < len(text) else 0
        yield record
        at = after


# ---- values ----

def whole(field):
    group = re.escape(field.get("groupChar", ""))
    return rf"(?:[0-9]+|[0-9]{{1,3}}(?:{group}[0-9]{{3}})+)" if group else "[0-9]+"


def clean(field, text):
    group = field.get("groupChar")
    text = text.replace(group, "") if group else text
    return text.replace(field.get("decimalChar", "."), ".").replace("\u2212", "-")


def read_integer(field, text):
    if not re.fullmatch(rf"(?:\+|{MINUS})?{whole(field)}", text):
        raise Bad("type-error")
    value = int(clean(field, text))
    if not -2**63 <= value < 2**63:
        raise Bad("type-error")
    return value


def read_number(field, text):
    special = re.fullmatch(rf"(?:(\+|{MINUS})?inf(?:inity)?|nan)", text, re.I | re.A)
    if field.get("float") and special:
        return float(clean({}, text))
    point = re.escape(field.get("decimalChar", "."))
    body = rf"(?:{whole(field)}(?:{point}[0-9]*)?|{point}[0-9]+)"
    if not re.fullmatch(rf"(?:\+|{MINUS})?{body}(?:[eE](?:\+|{MINUS})?[0-9]+)?", text):
        raise Bad("type-error")
    text = clean(field, text)
    if field.get("float"):
        value = float(text)
        if value in (float("inf"), float("-inf")) or (value == 0 and re.match(r"[^e]*[1-9]", text.lower())):
            raise Bad("type-error")
        return value
    mantissa, _, exponent = text.lower().partition("e")
    scale = field.get("scale", 9)
    digits = 18 if "scale" in field else 38
    if not re.search("[1-9]", mantissa):
        return Decimal(0)
    if abs(int(exponent or 0)) > 400:
        raise Bad("type-error")
    units = Fraction(mantissa) * Fraction(10) ** (int(exponent or 0) + scale)
    if units.denominator != 1 or abs(units) >= 10 ** digits:
        raise Bad("type-error")
    return Decimal(units.numerator).scaleb(-scale) if digits < 28 else Decimal(f"{units.numerator}e-{scale}")


def read_boolean(field, text):
    if text in field.get("trueValues", ["true", "True", "TRUE", "1"]):
        return True
    if text in field.get("falseValues", ["false", "False", "FALSE", "0"]):
        return False
    raise Bad("type-error")


CLOCK = r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
PATTERNS = {
    "%d/%m/%Y": (r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", (2, 1, 0)),
    "%m/%d/%Y": (r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", (2, 0, 1)),
    "%Y.%m.%d": (r"([0-9]{4})\.([0-9]{1,2})\.([0-9]{1,2})", (0, 1, 2)),
    "%Y%m%d": (r"([0-9]{4})([0-9]{2})([0-9]{2})", (0, 1, 2)),
}


def clock(hour, minute, second, fraction):
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59 or (fraction or "")[6:].strip("0"):
        raise Bad("type-error")
    micros = int((fraction or "0")[:6].ljust(6, "0"))
    return ((int(hour) * 60 + int(minute)) * 60 + int(second or 0)) * 1000000 + micros


def civil(year, month, day):
    try:
        return (dt.date(int(year), int(month), int(day)) - dt.date(1970, 1, 1)).days
    except ValueError:
        raise Bad("type-error") from None


def to_utc(zone, local):
    """Microseconds; by whether both of Python's folds lead back to the same wall clock."""
    try:
        wall = EPOCH + dt.timedelta(microseconds=local)
        rules = zoneinfo.ZoneInfo(zone)
        found = set()
        for fold in (0, 1):
            offset = wall.replace(tzinfo=rules, fold=fold).utcoffset()
            back = (wall - offset).replace(tzinfo=dt.timezone.utc).astimezone(rules)
            if back.replace(tzinfo=None) == wall:
                found.add(local - offset // dt.timedelta(microseconds=1))
    except OverflowError:
        raise Bad("type-error") from None
    if len(found) != 1:
        raise Bad("ambiguous-value" if found else "type-error")
    return found.pop()


def read_iso_datetime(field, text):
    match = re.fullmatch(rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})(?:[T ]{CLOCK}(Z|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)?)?", text)
    if not match or (match[8] and len(match[8]) == 5):
        raise Bad(None)
    local = civil(*match.group(1, 2, 3)) * 86400000000 + (clock(*match.group(4, 5, 6, 7)) if match[4] else 0)
    zone = match[8]
    if zone is None:
        local = to_utc(field.get("timezone", "UTC"), local)
    elif zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:6] or 0)
        if hours > 15 or minutes > 59:
            raise Bad("type-error")
        local -= (1 if zone[0] == "+" else -1) * (hours * 60 + minutes) * 60000000
    if not FIRST_INSTANT <= local <= LAST_INSTANT:
        raise Bad("type-error")
    return local


def read_moment(field, form, text):
    if form == "iso" and field["type"] == "datetime":
        return read_iso_datetime(field, text)
    shape, order = PATTERNS[form.partition(" ")[0]] if form != "iso" else (r"([0-9]{4})-([0-9]{2})-([0-9]{2})", (0, 1, 2))
    if field["type"] == "time":
        match = re.fullmatch(CLOCK, text)
        if not match:
            raise Bad(None)
        return clock(*match.groups())
    rest = r" ([0-9]{1,2}):([0-9]{1,2})" if field["type"] == "datetime" else "()()"
    match = re.fullmatch(shape + rest, text)
    if not match:
        raise Bad(None)
    days = civil(*(match[i + 1] for i in order))
    if field["type"] == "date":
        return days
    return to_utc(field.get("timezone", "UTC"), days * 86400000000 + clock(match[4], match[5], None, None))


def read_moments(field, text):
    values, codes = set(), set()
    for form in field.get("formats", ["iso"]):
        try:
            values.add(read_moment(field, form, text))
        except Bad as bad:
            codes.add(bad.args[0])
    if len(values) == 1 and "ambiguous-value" not in codes:
        return values.pop()
    raise Bad("ambiguous-value" if values or "ambiguous-value" in codes else "type-error")


READERS = {"integer": read_integer, "number": read_number, "boolean": read_boolean, "date": read_moments,
           "time": read_moments, "datetime": read_moments}


def read_value(field, text):
    return text if field["type"] == "string" else READERS[field["type"]](field, text.strip(SPACE))


def broken(field, text, value):
    """How many constraints the value breaks."""
    limits, count = field.get("constraints", {}), 0
    nan = value != value
    if "minimum" in limits:
        count += not nan and value < read_value({"type": field["type"], "float": field.get("float")}, str(limits["minimum"]))
    if "maximum" in limits:
        count += nan or value > read_value({"type": field["type"], "float": field.get("float")}, str(limits["maximum"]))
    count += "minLength" in limits and len(text) < limits["minLength"]
    count += "maxLength" in limits and len(text) > limits["maxLength"]
    count += "enum" in limits and value not in limits["enum"]
    count += "pattern" in limits and not re.fullmatch(limits["pattern"], text)
    return count


# ---- expressions: (SQL, function of the row's values) pairs, NULL is None ----

class Fault(Exception):
    """An expression that can't be worked out for a row."""


def three_and(a, b):
    return False if a is False or b is False else None if a is None or b is None else True


def three_or(a, b):
    return True if a is True or b is True else None if a is None or b is None else False


def strict(function):
    return lambda *values: None if None in values else function(*values)


def bigint(value):
    if not -2**63 <= value < 2**63:
        raise Fault
    return value


class Expression:
    """names: the columns it reads."""

    def __init__(self, sql, names, function, kind=None):
        self.sql, self.names, self.function, self.kind = sql, names, function, kind

    def __call__(self, values):
        return self.function(*(values[n] for n in self.names))


# ---- contracts and rows ----

class Contract:
    def __init__(self, dataset, fields, **more):
        self.dataset, self.fields = dataset, fields
        self.match = f"raw/{dataset}/*"
        self.key = more.get("key", [])
        self.missing = more.get("missing", [""])
        self.filter, self.derive, self.rules = more.get("filter"), more.get("derive", []), more.get("rules", [])
        self.reject_blank = more.get("reject_blank", False)
        self.dialect, self.encoding = more.get("dialect", {}), more.get("encoding")

    def yaml(self):
        """JSON is YAML."""
        plain = {"dataset": self.dataset, "source": {"match": self.match, "format": "csv"}}
        if self.dialect:
            plain["dialect"] = self.dialect
        if self.encoding:
            plain["encoding"] = self.encoding
        plain["blankRows"] = "reject" if self.reject_blank else "filter"
        plain["schema"] = {"missingValues": self.missing, "fields": self.fields}
        if self.key:
            plain["schema"]["primaryKey"] = self.key
        if self.filter:
            plain["filter"] = self.filter.sql
        if self.derive:
            plain["derive"] = {name: expression.sql for name, expression in self.derive}
        if self.rules:
            plain["rules"] = [{"id": name, "check": rule.sql, "severity": "reject"} for name, rule in self.rules]
        return json.dumps(plain, ensure_ascii=False, indent=1)


class Row:
    def __init__(self, number, line, offset, raw):
        self.number, self.line, self.offset, self.raw = number, line, offset, raw
        self.errors, self.state, self.values, self.failed = [], "good", {}, set()

    def error(self, stage, code, column=None):
        self.errors.append((stage, code, column))
        self.state = "rejected"


def parse_errors(contract, record, row):
    width = len(contract.fields)
    if record.unclosed is not None:
        name = contract.fields[record.unclosed]["name"] if record.unclosed < width else None
        row.error("parse", "unterminated-quote", name)
        return
    if not any(record.cells):
        row.state = "blank"
        if contract.reject_blank:
            row.error("parse", "blank-row")
        return
    for i, cell in enumerate(record.cells):
        if "\0" in cell:
            row.error("parse", "null-byte", contract.fields[i]["name"] if i < width else None)
            break
    if len(record.cells) < width:
        row.error("parse", "missing-cell", contract.fields[len(record.cells)]["name"])
    elif len(record.cells) > width:
        row.error("parse", "extra-cell")


def convert(contract, record, row):
    for i, field in enumerate(contract.fields):
        name = field["name"]
        row.values[name] = None
        if i >= len(record.cells):
            row.failed.add(name)
            continue
        text = record.cells[i]
        if any("\ud800" <= c <= "\udfff" for c in text):
            row.error("convert", "encoding-error", name)
            row.failed.add(name)
        elif text in field.get("missingValues", contract.missing):
            if field.get("constraints", {}).get("required") or name in contract.key:
                row.error("convert", "constraint-error", name)
                row.failed.add(name)
        else:
            try:
                row.values[name] = value = read_value(field, text)
            except Bad as bad:
                row.error("convert", bad.args[0] or "type-error", name)
                row.failed.add(name)
                continue
            for _ in range(broken(field, text, value)):
                row.error("convert", "constraint-error", name)


def rule_on(contract, row):
    def usable(expression):
        return not row.failed & set(expression.names)

    if contract.filter and row.state == "good" and contract.filter(row.values) is not True:
        row.state = "filtered"
        return
    for name, expression in contract.derive:
        row.values[name] = None
        if not usable(expression):
            row.failed.add(name)
            continue
        try:
            row.values[name] = expression(row.values)
        except Fault:
            row.error("rules", "expression-error", name)
            row.failed.add(name)
    for name, rule in contract.rules:
        if usable(rule) and rule(row.values) is False:
            row.error("rules", "row-constraint", name)


def unique(contract, row, seen):
    """First wins; row.state is good."""
    own = [f["name"] for f in contract.fields if f.get("constraints", {}).get("unique") and [f["name"]] != contract.key]
    sets = ([contract.key] if contract.key else []) + [[name] for name in own]
    repeats = []
    for names in sets:
        value = tuple(row.values[n] for n in names)
        if None in value:
            continue
        if (tuple(names), value) in seen:
            repeats.append(names)
            if names is contract.key:
                break
    if repeats and repeats[0] is contract.key:
        row.error("rules", "primary-key", contract.key[0] if len(contract.key) == 1 else None)
        row.state = "duplicate"
        return
    for names in repeats:
        row.error("rules", "unique-error", names[0])
    if not repeats:
        seen.update((tuple(names), tuple(row.values[n] for n in names)) for names in sets)


def decode(data, encoding):
    """Characters and, for each and the end, its offset in the bytes. What is no character is a lone surrogate."""
    bom = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    skip = len(bom) if bom and data.startswith(bom) else 0
    text = data[skip:].decode(encoding, "surrogateescape" if encoding == "utf-8" else "strict")
    offsets, at = [], skip
    for c in text:
        offsets.append(at)
        at += 1 if "\udc80" <= c <= "\udcff" else len(c.encode(encoding))
    return text, offsets + [at]


def settle_formats(field, texts):
    """Day-first or month-first: the one that alone reads some text, if the other alone reads none."""
    rivals = [f for f in field.get("formats", []) if f[:5] in ("%d/%m", "%m/%d")]
    if len(rivals) < 2:
        return field
    alone = {form: 0 for form in rivals}
    for text in texts:
        fits = []
        for form in rivals:
            try:
                read_moment(field, form, text.strip(SPACE))
                fits.append(form)
            except Bad:
                pass
        if len(fits) == 1:
            alone[fits[0]] += 1
    lost = [form for form in rivals if not alone[form] and any(alone.values())]
    return {**field, "formats": [f for f in field["formats"] if f not in lost]}


def settled(contract, found):
    """The contract's fields for this file."""
    rows = [r for r in found if any(r.cells)]
    return [settle_formats(f, [r.cells[i] for r in rows if i < len(r.cells)
                               and r.cells[i] not in f.get("missingValues", contract.missing)])
            for i, f in enumerate(contract.fields)]


def judge(contract, data, encoding, comma):
    """Every record behind the header line, as a Row."""
    text, offsets = decode(data, encoding)
    found = list(records(text, comma, re.search("\r(?!\n)", text) is not None))[1:]
    contract = copy.copy(contract)
    contract.fields = settled(contract, found)
    rows, seen = [], set()
    line, at = 1, 0
    for number, record in enumerate(found, 1):
        line += len(re.findall(r"\r\n|\n|\r", text[at:record.start]))
        at = record.start
        begin, end = offsets[record.start], offsets[record.end]
        row = Row(number, line, begin, data[begin:end])
        parse_errors(contract, record, row)
        if row.state != "blank":
            convert(contract, record, row)
            rule_on(contract, row)
            if row.state == "good":
                unique(contract, row, seen)
        rows.append(row)
    return rows
