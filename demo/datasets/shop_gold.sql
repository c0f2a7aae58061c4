SELECT ts::date AS day, country, count(*) AS sales, sum(net) AS net, sum(tax) AS tax
FROM silver_table
GROUP BY 1, 2
ORDER BY 1, 2
