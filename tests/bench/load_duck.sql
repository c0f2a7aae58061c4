-- J2 in DuckDB: read, reject, rules, first of two equal ids wins; the good rows as CSV into a pipe that psql copies from.
-- ${IN}, ${PIPE} are file names.
SET TimeZone = 'UTC';
CREATE TEMP TABLE sales AS FROM read_csv('${IN}', header = true, auto_detect = false, delim = ',', quote = '"',
    escape = '"', new_line = '\n', nullstr = '', store_rejects = true, rejects_limit = 0, columns = {
    'transaction_id': 'VARCHAR', 'store_id': 'VARCHAR', 'customer_id': 'BIGINT', 'product_sku': 'VARCHAR',
    'product_name': 'VARCHAR', 'quantity': 'INTEGER', 'unit_price': 'DECIMAL(12,2)', 'currency': 'VARCHAR',
    'discount_pct': 'DECIMAL(5,2)', 'payment_method': 'VARCHAR', 'ts': 'TIMESTAMPTZ', 'country': 'VARCHAR',
    'email': 'VARCHAR', 'notes': 'VARCHAR'});
CREATE TEMP TABLE bad AS SELECT rowid AS row FROM sales WHERE transaction_id IS NULL OR store_id IS NULL
    OR customer_id IS NULL OR product_sku IS NULL OR quantity IS NULL OR unit_price IS NULL OR ts IS NULL
    OR quantity NOT BETWEEN 1 AND 100000 OR unit_price < 0 OR discount_pct NOT BETWEEN 0 AND 100
    OR currency NOT IN ('EUR', 'USD', 'GBP', 'CHF', 'JPY', 'CAD', 'AUD', 'SEK')
    OR payment_method NOT IN ('card', 'cash', 'paypal', 'bank_transfer', 'gift_card', 'voucher');
CREATE TEMP TABLE winners AS SELECT transaction_id, min(rowid) AS row FROM sales
    WHERE rowid NOT IN (SELECT row FROM bad) GROUP BY 1 HAVING count(*) > 1;
INSERT INTO bad SELECT s.rowid FROM sales s JOIN winners w USING (transaction_id)
    WHERE s.rowid <> w.row AND s.rowid NOT IN (SELECT row FROM bad);
COPY (SELECT * FROM sales WHERE rowid NOT IN (SELECT row FROM bad)) TO '${PIPE}' (FORMAT csv, HEADER false);
