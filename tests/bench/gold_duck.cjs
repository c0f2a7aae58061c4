// DuckDB's gold, one partition after the other: node gold_duck.cjs NODE_MODULES THREADS PROCESSED OUT
const [modules, threads, processed, out] = process.argv.slice(2);
const { DuckDBInstance } = require(`${modules}/@duckdb/node-api`);
const fs = require("fs");

const columns = "transaction_id, store_id, customer_id, product_sku, product_name, quantity, unit_price, currency, " +
  "payment_method, ts, country, email";

(async () => {
  const instance = await DuckDBInstance.create(":memory:", { threads });
  const connection = await instance.connect();
  await connection.run("SET preserve_insertion_order = false");
  for (const partition of fs.readdirSync(processed)) {
    fs.mkdirSync(`${out}/${partition}`, { recursive: true });
    await connection.run(
      `COPY (SELECT t.*, md5(concat_ws('|', ${columns})) AS row_hash
               FROM (SELECT * FROM read_parquet('${processed}/${partition}/*.parquet', hive_partitioning = false)
                     QUALIFY row_number() OVER (PARTITION BY transaction_id
                                                ORDER BY ingest_ts DESC, _run_id DESC, _row_number DESC) = 1) t)
         TO '${out}/${partition}/data.parquet' (FORMAT parquet, COMPRESSION zstd)`);
  }
})();
