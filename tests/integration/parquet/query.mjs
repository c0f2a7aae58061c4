// node query.mjs "SQL": the rows as JSON objects; integers of 64 bits, decimals and times as strings.
import { query } from "./duck.mjs";

const plain = (value) => {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value?.items)) return value.items.map(plain);
  return String(value);
};

const { names, rows } = await query(process.argv[2]);
console.log(JSON.stringify(rows.map((row) => Object.fromEntries(row.map((value, i) => [names[i], plain(value)])))));
