// node foreign.mjs FOLDER [ROWS]: files of another writer, in the encodings and storages that DuckDB does not write.
import { writeFileSync } from "node:fs";
import { parquetWriteBuffer } from "hyparquet-writer";

const folder = process.argv[2];
const count = Number(process.argv[3] ?? 3000);
const rows = Array.from({ length: count }, (_, i) => i);
const mixed = (i) => Number((BigInt(i) * 2654435761n) % 4294967296n) - 2147483648;
const columns = {
  prefix: { type: "BYTE_ARRAY", converted_type: "UTF8", of: (i) => `/a/common/path/${String(i).padStart(6, "0")}/ü${i % 7}` },
  falling: { type: "BYTE_ARRAY", converted_type: "UTF8", of: (i) => "x".repeat((count - i) % 40) },
  int: { type: "INT32", of: mixed },
  long: { type: "INT64", of: (i) => BigInt(mixed(i)) * 4294967291n },
  float: { type: "FLOAT", of: (i) => Math.fround(mixed(i) / 3) },
  double: { type: "DOUBLE", of: (i) => mixed(i) / 7 },
  flag: { type: "BOOLEAN", of: (i) => i % 3 === 0 || i % 700 > 500 },
  decimal32: { type: "INT32", converted_type: "DECIMAL", precision: 9, scale: 2, of: (i) => BigInt(mixed(i) % 999999999) },
  decimal64: { type: "INT64", converted_type: "DECIMAL", precision: 18, scale: 4, of: (i) => BigInt(mixed(i)) * 1000003n },
  fixed: { type: "FIXED_LEN_BYTE_ARRAY", type_length: 5, converted_type: "DECIMAL", precision: 11, scale: 2, of: (i) => BigInt(mixed(i)) * 31n },
  fixed20: { type: "FIXED_LEN_BYTE_ARRAY", type_length: 20, converted_type: "DECIMAL", precision: 38, scale: 0,
    of: (i) => BigInt(mixed(i)) * 10n ** 25n },
  bytes: { type: "BYTE_ARRAY", converted_type: "DECIMAL", precision: 30, scale: 5, of: (i) => BigInt(mixed(i)) * 10n ** BigInt(i % 15) },
};
const cases = {
  DELTA_BYTE_ARRAY: ["prefix", "falling", "bytes"],
  DELTA_LENGTH_BYTE_ARRAY: ["prefix", "falling"],
  DELTA_BINARY_PACKED: ["int", "long", "decimal32", "decimal64"],
  BYTE_STREAM_SPLIT: ["int", "long", "float", "double", "fixed"],
  RLE: ["flag"],
  PLAIN: Object.keys(columns),
};

const shown = (column, value) => (value === null || ["boolean", "string"].includes(typeof value) || ["FLOAT", "DOUBLE"].includes(column.type)
  ? value : String(value));

for (const [encoding, names] of Object.entries(cases))
  for (const nullable of [false, true]) {
    const values = names.map((name) => rows.map((i) => (nullable && (i * 7919) % 11 < 3 ? null : columns[name].of(i))));
    const schema = [{ name: "root", num_children: names.length }, ...names.map((name) => {
      const { of: _, ...element } = columns[name];
      return { name, repetition_type: nullable ? "OPTIONAL" : "REQUIRED", ...element };
    })];
    const columnData = names.map((name, c) => ({
      name, encoding, nullable, data: values[c] }));
    const file = parquetWriteBuffer({ columnData, schema, codec: nullable ? "SNAPPY" : "UNCOMPRESSED", pageSize: 4096, rowGroupSize: 1300,
      statistics: false });
    const path = `${folder}/${encoding}-${nullable ? "nullable" : "required"}.parquet`;
    writeFileSync(path, new Uint8Array(file));
    writeFileSync(path + ".json", rows.map((i) => JSON.stringify(names.map((name, c) => shown(columns[name], values[c][i])))).join("\n"));
  }
