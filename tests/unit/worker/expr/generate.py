"""Asks PostgreSQL for the value of every expression on every row of t; see generate.sh."""
import random
import subprocess
import sys

TABLE = """
create table t(i bigint, j bigint, p numeric(18,2), q numeric(18,2), r numeric(18,4), w numeric(38,9),
    d double precision, s text, u text, b boolean, c boolean, dt date, ts timestamptz, tm time);
insert into t values
 (3, 7, 19.99, 0.15, 1.0825, 123456789.123456789, 2.5, 'Hello World', 'a,b,,c', true, false, '2026-02-28',
  '2026-03-29 00:30:00+00', '10:20:30'),
 (-5, 0, -0.05, null, 0.3333, -0.000000001, -0.5, ' Straße ', '10%', false, null, '2024-02-29',
  '2026-10-25 00:59:59.999999+00', '23:59:59.5'),
 (null, 2, null, 100.00, null, 99999999999999999999999999999.999999999, 1e300, '', 'x_y', null, true, '1969-12-31',
  '1969-12-31 23:59:59.5+00', '00:00:00'),
 (9223372036854775807, -1, 9999999999999999.99, 0.01, 99999999999999.9999, 7, 0.1, null, 'ÄÖü', true, true, null,
  '2000-02-29 12:00:00+00', null),
 (0, 100, 2.50, 33.33, -2.5000, 0.500000000, null, 'TX0042', '-12', false, false, '2026-12-31',
  null, '12:00:00'),
 (12, 12, 0.00, 7.77, 12.3456, null, 0, 'tx_9', '3.14', null, null, '2000-01-01',
  '2024-12-31 23:59:59+00', '01:02:03.000004');
create function try(e text, n int) returns text language plpgsql as $$
declare v text;
begin
  execute format('select (%s)::text from (select * from t offset %s limit 1) t', e, n) into v;
  return case when v is null then 'N' else 'V' || v end;
exception when others then
  return 'E' || sqlerrm;
end $$;
"""


def number(rng):
    return rng.choice(["i", "j", "p", "q", "r", "p", "q", "r", str(rng.randint(-9, 99)),
                       "%d.%0*d" % (rng.randint(-50, 999), rng.randint(1, 4), rng.randint(0, 9))])


def arithmetic(rng, depth):
    if depth == 0:
        return number(rng)
    kind = rng.random()
    if kind < 0.62:
        return "(%s %s %s)" % (arithmetic(rng, depth - 1), rng.choice("+-*/*+-%"), arithmetic(rng, rng.randint(0, depth - 1)))
    if kind < 0.74:
        return "round((%s)::numeric, %d)" % (arithmetic(rng, depth - 1), rng.randint(-1, 5))
    if kind < 0.80:
        return "coalesce(%s, %s)" % (arithmetic(rng, depth - 1), number(rng))
    if kind < 0.86:
        return "case when %s then %s else %s end" % (
            boolean(rng, 1), arithmetic(rng, depth - 1), arithmetic(rng, depth - 1))
    if kind < 0.90:
        return "%s(%s, %s)" % (rng.choice(["greatest", "least", "nullif"]), arithmetic(rng, depth - 1), number(rng))
    if kind < 0.95:
        return "abs(%s)" % arithmetic(rng, depth - 1)
    return "(- %s)" % arithmetic(rng, depth - 1)


def boolean(rng, depth):
    if depth == 0:
        return rng.choice(["b", "c", "b is null", "c is true", "not b", "i > j", "p >= q", "r < 1", "s like 'T%'"])
    kind = rng.random()
    if kind < 0.5:
        return "(%s %s %s)" % (boolean(rng, depth - 1), rng.choice(["and", "or"]), boolean(rng, depth - 1))
    if kind < 0.75:
        return "(%s %s %s)" % (arithmetic(rng, depth), rng.choice(["<", "<=", "=", "<>", ">", ">=", "is distinct from"]),
                               arithmetic(rng, depth - 1))
    if kind < 0.85:
        return "(%s between %s and %s)" % (number(rng), number(rng), arithmetic(rng, depth - 1))
    if kind < 0.93:
        return "(%s in (%s, %s, %s))" % (number(rng), number(rng), number(rng), number(rng))
    return "(not %s)" % boolean(rng, depth - 1)


def random_expressions():
    rng = random.Random(20261121)
    for _ in range(1400):
        yield "round((%s)::numeric, %d)" % (arithmetic(rng, rng.randint(1, 3)), rng.randint(0, 6))
    for _ in range(300):
        yield "(%s)::text" % arithmetic(rng, rng.randint(1, 2))
    for _ in range(500):
        yield boolean(rng, rng.randint(1, 3))


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def main(socket, expressions, out):
    lines = [line.rstrip("\n") for line in open(expressions, encoding="utf-8")]
    texts = [line for line in lines if line and not line.startswith("#")] + list(random_expressions())
    sql = TABLE + "".join(
        "select %s, n, try(%s, n) from generate_series(0, 5) n;\n" % (index, "$e$" + text + "$e$")
        for index, text in enumerate(texts))
    answer = subprocess.run(
        ["psql", "-h", socket, "-U", "postgres", "-qAt0", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "postgres"], input=sql.encode(), check=True,
        stdout=subprocess.PIPE).stdout.decode()
    values = [[None] * 6 for _ in texts]
    for record in filter(None, answer.split("\0")):
        index, row, value = record.split("\x1f")
        values[int(index)][int(row)] = value
    with open(out, "w", encoding="utf-8") as file:
        file.write("/* Made by generate.sh: what PostgreSQL 15 gives on the six rows of t. V value, N null, E error. */\n")
        file.write("/* clang-format off */\n")
        for text, row in zip(texts, values):
            file.write("{%s, {%s}},\n" % (quote(text), ", ".join(quote(value) for value in row)))


main(*sys.argv[1:])
