-- The same work in DuckDB: read, reject, rules, first of two equal ids wins, money, one Parquet file a day. ts is read as
-- TIMESTAMPTZ, as a cast to TIMESTAMP drops the offset. ${IN}, ${OUT}, ${VAT} are file names.
SET TimeZone = 'UTC';
CREATE TEMP TABLE sales AS FROM read_csv('${IN}', header = true, auto_detect = false, delim = ',', quote = '"',
    escape = '"', new_line = '\n', nullstr = '', store_rejects = true, rejects_limit = 0, columns = {
    'transaction_id': 'VARCHAR', 'store_id': 'VARCHAR', 'customer_id': 'BIGINT', 'product_sku': 'VARCHAR',
    'product_name': 'VARCHAR', 'quantity': 'INTEGER', 'unit_price': 'DECIMAL(12,2)', 'currency': 'VARCHAR',
    'discount_pct': 'DECIMAL(5,2)', 'payment_method': 'VARCHAR', 'ts': 'TIMESTAMPTZ', 'country': 'VARCHAR',
    'email': 'VARCHAR', 'notes': 'VARCHAR'});
CREATE TEMP TABLE vat AS FROM read_csv('${VAT}');
CREATE TEMP TABLE bad AS SELECT rowid AS row FROM sales WHERE transaction_id IS NULL OR store_id IS NULL
    OR customer_id IS NULL OR product_sku IS NULL OR quantity IS NULL OR unit_price IS NULL OR ts IS NULL
    OR quantity NOT BETWEEN 1 AND 100000 OR unit_price < 0 OR discount_pct NOT BETWEEN 0 AND 100
    OR currency NOT IN ('EUR', 'USD', 'GBP', 'CHF', 'JPY', 'CAD', 'AUD', 'SEK')
    OR payment_method NOT IN ('card', 'cash', 'paypal', 'bank_transfer', 'gift_card', 'voucher');
CREATE TEMP TABLE winners AS SELECT transaction_id, min(rowid) AS row FROM sales
    WHERE rowid NOT IN (SELECT row FROM bad) GROUP BY 1 HAVING count(*) > 1;
INSERT INTO bad SELECT s.rowid FROM sales s JOIN winners w USING (transaction_id)
    WHERE s.rowid <> w.row AND s.rowid NOT IN (SELECT row FROM bad);
COPY (SELECT * EXCLUDE (percent), net + tax AS total, ts::DATE AS date FROM (
    SELECT *, round(net * percent / 100, 2)::DECIMAL(14,2) AS tax FROM (
        SELECT s.* REPLACE (make_timestamp(epoch_us(ts)) AS ts), vat.percent,
            round((quantity * unit_price)::DECIMAL(16,2) * (100 - coalesce(discount_pct, 0)) / 100, 2)::DECIMAL(14,2)
            AS net
        FROM sales s JOIN vat USING (country) WHERE s.rowid NOT IN (SELECT row FROM bad))))
    TO '${OUT}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (date), OVERWRITE_OR_IGNORE);
COPY (SELECT line, column_name, error_type::VARCHAR AS error, csv_line FROM reject_errors) TO '${OUT}/structural.csv';
COPY (SELECT s.* FROM bad JOIN sales s ON s.rowid = bad.row) TO '${OUT}/rules.csv';
