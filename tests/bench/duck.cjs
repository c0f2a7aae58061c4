// node duck.cjs NODE_MODULES THREADS FILE.sql [KEY=VALUE ...]: runs its statements in a DuckDB in memory, ${KEY} replaced.
const fs = require("fs");
const [, , modules, threads, file, ...values] = process.argv;
const { DuckDBInstance } = require(modules + "/@duckdb/node-api");

async function main() {
  let sql = fs.readFileSync(file, "utf8").replace(/^--.*$/gm, "");
  for (const value of values) {
    const at = value.indexOf("=");
    sql = sql.replaceAll("${" + value.slice(0, at) + "}", value.slice(at + 1));
  }
  const instance = await DuckDBInstance.create(":memory:", { threads });
  const connection = await instance.connect();
  for (const statement of sql.split(/;\s*\n/)) if (statement.trim()) await connection.run(statement);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
