// node judge.mjs FOLDER: reads each FOLDER/*.parquet with DuckDB and with hyparquet and compares every value with what
// FOLDER/*.parquet.json says; statistics and metadata too. Prints a line a file; exits 1 when something differs.
import fs from "node:fs";
import path from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { query } from "./duck.mjs";

const quote = (text) => `'${text.replaceAll("'", "''")}'`;

function doubleBits(value) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

// Every reader's value in the words of the JSON file.
function fromDuck(type, value) {
  if (value === null) return null;
  switch (type) {
    case "integer": return value.toString();
    case "decimal": return value.value.toString();
    case "double": return doubleBits(value);
    case "date": return value.days.toString();
    case "time":
    case "timestamp": return value.micros.toString();
    default: return value;
  }
}

function fromHyparquet(type, value) {
  if (value === null || value === undefined) return null;
  return type === "double" ? doubleBits(value) : type === "string" || type === "boolean" ? value : value.toString();
}

const isNan = (bits) => Number.isNaN(new Float64Array(new BigUint64Array([BigInt(`0x${bits}`)]).buffer)[0]);

function same(type, found, expected) {
  if (found === expected) return true;
  return type === "double" && found !== null && expected !== null && isNan(found) && isNan(expected);
}

function compareRows(reader, columns, rows, expected, failures) {
  if (rows.length !== expected.length) failures.push(`${reader}: ${rows.length} rows, not ${expected.length}`);
  for (let i = 0; i < expected.length && failures.length < 5; i++)
    columns.forEach((column, c) => {
      if (rows[i]?.[c] !== undefined && !same(column.type, rows[i][c], expected[i][c]))
        failures.push(`${reader}: row ${i} ${column.name}: ${rows[i][c]}, not ${expected[i][c]}`);
    });
}

async function judgeValues(file, expected, failures) {
  const { columns } = expected;
  const found = await query(`SELECT * FROM read_parquet(${quote(file)}, file_row_number = true) ORDER BY file_row_number`);
  const names = found.names.slice(0, -1);
  if (names.join() !== columns.map((c) => c.name).join()) failures.push(`duckdb: columns ${names}`);
  compareRows("duckdb", columns, found.rows.map((row) => columns.map((c, i) => fromDuck(c.type, row[i]))),
    expected.rows, failures);

  const raw = (value) => value;
  const objects = await parquetReadObjects({
    file: await asyncBufferFromFile(file),
    compressors,
    parsers: { dateFromDays: raw, timestampFromMicroseconds: raw },
  });
  // hyparquet turns decimals into doubles: those are DuckDB's to judge
  const exact = columns.map((c) => c.type !== "decimal");
  compareRows("hyparquet", columns,
    objects.map((o) => columns.map((c, i) => (exact[i] ? fromHyparquet(c.type, o[c.name]) : undefined))),
    expected.rows, failures);
}

const sqlType = (c) =>
  ({ string: "VARCHAR", integer: "BIGINT", decimal: `DECIMAL(${c.precision},${c.scale})`, double: "DOUBLE",
    boolean: "BOOLEAN", date: "DATE", time: "TIME", timestamp: "TIMESTAMP WITH TIME ZONE" })[c.type];

async function judgeSchema(file, expected, failures) {
  const { rows } = await query(`DESCRIBE SELECT * FROM read_parquet(${quote(file)})`);
  expected.columns.forEach((c, i) => {
    if (rows[i][1] !== sqlType(c)) failures.push(`${c.name} is ${rows[i][1]}, not ${sqlType(c)}`);
  });
  const schema = await query(`SELECT name, repetition_type FROM parquet_schema(${quote(file)}) OFFSET 1`);
  expected.columns.forEach((c, i) => {
    const [name, repetition] = schema.rows[i];
    if (name !== c.name || repetition !== (c.nullable ? "OPTIONAL" : "REQUIRED")) failures.push(`${name} is ${repetition}`);
  });
}

// Bounds as DuckDB states them must enclose, and where exact equal, what the values say.
async function judgeStatistics(file, expected, failures) {
  const meta = await query(`SELECT row_group_id, column_id, path_in_schema, num_values, compression, stats_null_count,
      stats_min_value, stats_max_value, row_group_num_rows, min_is_exact, max_is_exact, encodings
      FROM parquet_metadata(${quote(file)}) ORDER BY 1, 2`);
  const groups = meta.rows.length / expected.columns.length;
  if (groups !== expected.row_groups) failures.push(`${groups} row groups, not ${expected.row_groups}`);
  let first = 0;
  for (let at = 0; at < meta.rows.length && failures.length < 5; at++) {
    const [, columnId, name, values, codec, nulls, min, max, rows, minExact, maxExact] = meta.rows[at];
    const column = expected.columns[Number(columnId)];
    const slice = expected.rows.slice(first, first + Number(rows)).map((row) => row[Number(columnId)]);
    const present = slice.filter((value) => value !== null);
    const complain = (what) => failures.push(`row group at ${first}, ${name}: ${what}`);
    if (values !== rows) complain(`${values} values in ${rows} rows`);
    if (codec !== expected.codec) complain(`codec ${codec}`);
    if (Number(nulls) !== slice.length - present.length) complain(`${nulls} nulls, not ${slice.length - present.length}`);
    judgeBounds(column, present, { min, max, minExact, maxExact }, complain);
    if (Number(columnId) === expected.columns.length - 1) first += Number(rows);
  }
}

const byBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const byNumber = (a, b) => (BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0);

function judgeBounds(column, present, { min, max, minExact, maxExact }, complain) {
  if (column.type === "double")
    present = present.filter((bits) => !isNan(bits));
  // DuckDB shows no bounds that are infinite
  if (present.some((v) => column.type === "double" && /^[7f]ff0{13}$/.test(v))) return;
  if (!present.length) {
    if (min !== null || max !== null) complain(`bounds ${min} ${max} without values`);
    return;
  }
  if (min === null || max === null) {
    complain("no bounds");
    return;
  }
  if (column.type === "string") {
    const sorted = [...present].sort(byBytes);
    if (byBytes(min, sorted[0]) > 0 || byBytes(max, sorted.at(-1)) < 0) complain(`bounds ${min} ${max}`);
    if (minExact && min !== sorted[0]) complain(`minimum ${min}, not ${sorted[0]}`);
    if (maxExact && max !== sorted.at(-1)) complain(`maximum ${max}, not ${sorted.at(-1)}`);
    if (Buffer.byteLength(min) > 64 || Buffer.byteLength(max) > 65) complain("bounds not cut");
  } else if (column.type === "integer" || (column.type === "decimal" && column.scale >= 0)) {
    const sorted = [...present].sort(byNumber);
    const unscaled = (text) => text.replace(".", "").replace(/^(-?)0+(?=\d)/, "$1");
    if (unscaled(min) !== sorted[0] || unscaled(max) !== sorted.at(-1))
      complain(`bounds ${min} ${max}, not ${sorted[0]} ${sorted.at(-1)}`);
  } else if (column.type === "boolean") {
    if (min !== String(present.every((v) => v)) || max !== String(present.some((v) => v))) complain(`bounds ${min} ${max}`);
  }
}

// DuckDB's own reading of the bounds: a filter on each column's least and greatest value must find its rows.
async function judgeFilters(file, expected, failures) {
  for (const column of expected.columns) {
    const name = `"${column.name}"`;
    const sql = `SELECT count(*) FROM read_parquet(${quote(file)})`;
    const extremes = `(SELECT min(${name}) FROM read_parquet(${quote(file)}))`;
    const [[all]] = (await query(`${sql} WHERE ${name} >= ${extremes}`)).rows;
    const [[present]] = (await query(`${sql} WHERE ${name} IS NOT NULL`)).rows;
    if (all !== present) failures.push(`${column.name}: a filter finds ${all} of ${present} rows`);
  }
}

async function judgeMetadata(file, failures) {
  const pairs = await query(`SELECT decode(key), decode(value) FROM parquet_kv_metadata(${quote(file)}) ORDER BY 1`);
  const found = JSON.stringify(pairs.rows.map((r) => [r[0], r[1]]));
  if (found !== JSON.stringify([["empty", ""], ["sluice.run_id", "01ARZ3NDEKTSV4RRFFQ69G5FAV ü"]]))
    failures.push(`key-value metadata ${found}`);
  const footer = await query(`SELECT created_by FROM parquet_file_metadata(${quote(file)})`);
  if (footer.rows[0][0] !== "sluice version 0.1.0") failures.push(`created by ${footer.rows[0][0]}`);
}

const folder = process.argv[2];
const files = fs.readdirSync(folder).filter((name) => name.endsWith(".parquet")).sort();
let failed = files.length ? 0 : 1;
for (const name of files) {
  const file = path.join(folder, name);
  const expected = JSON.parse(fs.readFileSync(`${file}.json`, "utf8"));
  const failures = [];
  try {
    if (fs.statSync(file).size !== expected.bytes) failures.push(`${fs.statSync(file).size} bytes, not ${expected.bytes}`);
    await judgeSchema(file, expected, failures);
    await judgeValues(file, expected, failures);
    await judgeStatistics(file, expected, failures);
    await judgeFilters(file, expected, failures);
    await judgeMetadata(file, failures);
  } catch (error) {
    failures.push(error.message);
  }
  failed += failures.length > 0;
  console.log(failures.length ? `FAILED ${name}\n  ${failures.slice(0, 10).join("\n  ")}` : `ok ${name} ${expected.rows.length} rows`);
}
process.exit(failed ? 1 : 0);
