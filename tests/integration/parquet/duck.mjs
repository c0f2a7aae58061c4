// DuckDB in memory, in UTC; all rows of a query as arrays of its own value objects.
import { DuckDBInstance } from "@duckdb/node-api";

const instance = await DuckDBInstance.create(":memory:");
const connection = await instance.connect();
await connection.run("SET TimeZone = 'UTC'");

export async function query(sql) {
  const reader = await connection.runAndReadAll(sql);
  return { names: reader.deduplicatedColumnNames(), rows: reader.getRows() };
}
