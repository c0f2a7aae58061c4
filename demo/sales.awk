# Sales rows from a seed: awk -v seed=1 -v rows=2000 -v day=5 -v dirty=1 -v delimiter=, -f sales.awk
function below(n) {
    state = (state * 1103515245 + 12345) % 2147483648
    return int(state / 65536) % n
}
function row(id, store, quantity, price, discount, currency, country, email, ts) {
    return id d store d quantity d price d discount d currency d country d email d ts
}
BEGIN {
    state = seed; d = delimiter ? delimiter : ","
    split("DE FR GB NL US", countries, " "); split("EUR EUR GBP EUR USD", currencies, " ")
    print "Transaction ID" d "Store" d "quantity" d "unit_price" d "discount_pct" d "currency" d "country" d "email" d "ts"
    for (i = 1; i <= rows; i++) {
        c = below(5) + 1; cents = below(20000) + 99
        price = sprintf("%d%s%02d", cents / 100, d == ";" ? "," : ".", cents % 100)
        id = sprintf("TX%d%06d", day, i)
        ts = sprintf("2026-01-%02dT%02d:%02d:%02dZ", day + below(2), below(24), below(60), below(60))
        if (below(3) == 0)
            ts = sprintf("%02d/01/2026 %02d:%02d", day, below(24), below(60))
        quantity = below(9) + 1; discount = below(4) ? "" : below(30); currency = currencies[c]; country = countries[c]
        kind = dirty ? below(100) : 99
        if (kind == 0) price = "n/a"
        if (kind == 1) ts = "31/02/2026 10:00"
        if (kind == 2) quantity = -quantity
        if (kind == 3) currency = "XBT"
        if (kind == 4) country = "ZZ"
        if (kind == 5) id = sprintf("TX%d%06d", day, i > 1 ? i - 1 : 1)
        if (kind == 6) quantity = 0
        line = row(id, "S" (below(12) + 1), quantity, price, discount, currency, country, "user" below(500) "@example.com", ts)
        if (kind == 7) line = line d "surplus"
        print line
    }
}
