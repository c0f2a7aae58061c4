-- Delivery ${FILE} of four: ${ROWS} rows over 30 days in all, of which 5 in 100 repeat an earlier key of their day.
COPY (
    WITH keys AS (
        SELECT i, CASE WHEN hash(i, 1) % 100 < 5 AND i >= 3000 THEN (i - 30 * (1 + hash(i, 2) % 99))::BIGINT ELSE i END AS k
          FROM range(${ROWS}) rows(i)
    )
    SELECT 'TX' || lpad((hash(k, 3) % 10000000000000)::VARCHAR, 13, '0') || '-' || k AS transaction_id,
           'S' || lpad((hash(k, 4) % 500 + 1)::VARCHAR, 4, '0') AS store_id,
           (hash(k, 5) % 2000000)::BIGINT AS customer_id,
           'SKU-' || lpad((hash(k, 6) % 20000)::VARCHAR, 6, '0') AS product_sku,
           ['Kettle', 'Desk Lamp', 'Monitor', 'Keyboard', 'Chair, oak', 'Backpack', 'Café Filter', 'Mug'][(hash(k, 6) % 8 + 1)::INT]
               || ' ' || (hash(k, 6) % 20000)::VARCHAR AS product_name,
           (hash(i, 7) % 20 + 1)::INTEGER AS quantity,
           ((hash(k, 8) % 60000) / 100)::DECIMAL(12, 2) AS unit_price,
           ['EUR', 'USD', 'GBP', 'CHF', 'JPY', 'CAD', 'AUD', 'SEK'][(hash(k, 9) % 8 + 1)::INT] AS currency,
           ['card', 'cash', 'paypal', 'bank_transfer', 'gift_card', 'voucher'][(hash(k, 10) % 6 + 1)::INT] AS payment_method,
           strftime(TIMESTAMP '2025-01-01' + INTERVAL 1 DAY * (k % 30)::INT + INTERVAL 1 SECOND * (hash(k, 11) % 86400)::INT,
                    '%Y-%m-%dT%H:%M:%SZ') AS ts,
           ['DE', 'FR', 'GB', 'US', 'CH', 'JP', 'CA', 'AU', 'SE', 'IT'][(hash(k, 12) % 10 + 1)::INT] AS country,
           'user' || (hash(k, 5) % 2000000) || '@example.com' AS email
      FROM keys WHERE hash(i, 13) % 4 = ${FILE}
) TO '${OUT}' (FORMAT csv, HEADER);
