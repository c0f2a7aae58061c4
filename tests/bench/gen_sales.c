/*
 * gen_sales SEED BYTES OUT.csv TRUTH.csv: sales as a shop's till would export them, about 2 % of the records dirty, for
 * the contract schema/datasets/sales.yaml. TRUTH.csv names each record that has to be rejected, its physical line and
 * why. On stdout, as JSON, what a right answer adds up to: records, rejected, good, and the sum of net and tax in cents
 * and of ts in microseconds over the good ones, modulo 2^64.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REMEMBERED = 4096, DAY = 86400, FIRST_DAY = 20089 /* 2025-01-01 */ };

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const struct {
    const char *code;
    int percent;
} countries[] = {{"AT", 20}, {"AU", 10}, {"BE", 21}, {"CA", 5}, {"CH", 8}, {"DE", 19}, {"DK", 25}, {"ES", 21},
    {"FI", 24}, {"FR", 20}, {"GB", 20}, {"IE", 23}, {"IT", 22}, {"JP", 10}, {"NL", 21}, {"NO", 25}, {"PL", 23},
    {"PT", 23}, {"SE", 25}, {"US", 0}};
static const char *const currencies[] = {"EUR", "EUR", "EUR", "USD", "USD", "GBP", "CHF", "JPY", "CAD", "AUD", "SEK"};
static const char *const payments[] = {
    "card", "card", "card", "cash", "paypal", "bank_transfer", "gift_card", "voucher", ""};
static const char *const kinds[] = {"Classic", "Smart", "Größe L", "Vintage", "Compact", "東京", "Ultra", "Plain"};
static const char *const things[] = {
    "Kettle", "Notebook", "Café Filter", "Lamp", "Chair", "Mug", "Jacket", "Phone Case"};
static const char *const colours[] = {"red", "rosé", "black", "türkis", "green"};
static const char *const hosts[] = {"example.com", "example.org", "mail.example.net", "beispiel.de", "exemple.fr"};
static const char *const remarks[] = {"fragile", "gift wrap", "öffentliche Lieferung",
    "\"said \"\"price match\"\", ok\"", "\"call first, then ring\"", "\"left with neighbour\nleave at reception\"",
    "loyalty points applied"};

enum fault {
    CLEAN,
    MISSING_REQUIRED,
    BAD_NUMBER,
    BAD_TIMESTAMP,
    NEGATIVE_QUANTITY,
    COLUMN_COUNT,
    UNKNOWN_CURRENCY,
    DUPLICATE_ID,
    FAULTS
};

static const char *const fault_names[FAULTS] = {"", "missing_required", "bad_number", "bad_timestamp",
    "negative_quantity", "column_count", "unknown_currency", "duplicate_id"};

struct sale {
    uint64_t id, store, customer, sku, size, price, discount; /* price in cents, discount in hundredths of a percent */
    int64_t quantity, seconds, millis, offset;                /* seconds since 1970, UTC; offset of the zone, hours */
    size_t country;
    enum fault fault;
};

struct shop {
    uint64_t state; /* of the generator */
    uint64_t remembered[REMEMBERED], remembered_count;
    uint64_t records, line, rejected, checksum;
    FILE *out, *truth;
};

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next(struct shop *shop)
{
    uint64_t z = shop->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static uint64_t below(struct shop *shop, uint64_t n)
{
    return next(shop) % n;
}

/* The smaller of two: low numbers are common, high ones rare. */
static uint64_t skewed(struct shop *shop, uint64_t n)
{
    uint64_t a = below(shop, n), b = below(shop, n);
    return a < b ? a : b;
}

static struct sale make(struct shop *shop)
{
    struct sale sale = {.store = 1 + below(shop, 500),
        .customer = 1000 + skewed(shop, 900000),
        .sku = skewed(shop, 15000),
        .size = below(shop, 1000),
        .price = 99 + skewed(shop, 60000),
        .discount = below(shop, 3) ? 0 : below(shop, 60) * 50,
        .quantity = 1 + (int64_t)skewed(shop, 20),
        .seconds = (int64_t)((FIRST_DAY + 1 + below(shop, 28)) * DAY + below(shop, DAY)),
        .millis = below(shop, 4) ? 0 : (int64_t)below(shop, 1000),
        .offset = below(shop, 4) ? 0 : (int64_t)below(shop, 7) - 3,
        .country = below(shop, COUNT(countries)),
        .fault = below(shop, 50) ? CLEAN : (enum fault)(1 + below(shop, FAULTS - 1))};
    /* A factor coprime to 10 takes each number below 10^13 once. */
    sale.id = (shop->records + 1) * 6700417u % 10000000000000u;
    if (sale.fault == DUPLICATE_ID && !shop->remembered_count)
        sale.fault = CLEAN;
    if (sale.fault == DUPLICATE_ID)
        sale.id =
            shop->remembered[below(shop, shop->remembered_count < REMEMBERED ? shop->remembered_count : REMEMBERED)];
    if (sale.fault == NEGATIVE_QUANTITY)
        sale.quantity = -sale.quantity;
    return sale;
}

static void put_product(struct shop *shop, const struct sale *sale)
{
    const char *kind = kinds[sale->sku % COUNT(kinds)], *thing = things[sale->sku / 8 % COUNT(things)];
    const char *colour = colours[sale->size % COUNT(colours)];
    switch (sale->sku % 5) {
    case 0:
        fprintf(shop->out, "\"%s %s, %s, size %" PRIu64 "\",", kind, thing, colour, 36 + sale->size % 12);
        break;
    case 1:
        fprintf(shop->out, "\"%" PRIu64 "\"\" %s %s\",", 10 + sale->size % 25, kind, thing);
        break;
    default:
        fprintf(shop->out, "%s %s %s %" PRIu64 ",", kind, thing, colour, sale->size);
    }
}

static void put_time(struct shop *shop, const struct sale *sale)
{
    int64_t local = sale->seconds + sale->offset * 3600;
    int day = (int)(local / DAY - FIRST_DAY) + 1, second = (int)(local % DAY);
    int month = day > 31 ? 2 : 1;
    char separator = ' ', dash = '-';
    if (sale->fault == BAD_TIMESTAMP) {
        fputs(sale->sku % 2 ? "not-a-date," : "2025-01-15T25:61:00Z,", shop->out);
        return;
    }
    if (sale->fault == MISSING_REQUIRED && sale->sku % 2) {
        fputc(',', shop->out);
        return;
    }
    if (sale->offset || sale->millis)
        separator = 'T';
    else if (sale->sku % 3 == 0)
        dash = '/';
    fprintf(shop->out, "2025%c%02d%c%02d%c%02d:%02d:%02d", dash, month, dash, month > 1 ? day - 31 : day, separator,
        second / 3600, second / 60 % 60, second % 60);
    if (sale->millis)
        fprintf(shop->out, ".%03" PRId64, sale->millis);
    if (sale->offset)
        fprintf(shop->out, "%c%02d:00", sale->offset < 0 ? '-' : '+', abs((int)sale->offset));
    else if (separator == 'T')
        fputc('Z', shop->out);
    fputc(',', shop->out);
}

static void put_money(struct shop *shop, const struct sale *sale)
{
    if (sale->fault == BAD_NUMBER)
        fputs(sale->sku % 2 ? "N/A," : "46.9.39,", shop->out);
    else
        fprintf(shop->out, "%" PRIu64 ".%02" PRIu64 ",", sale->price / 100, sale->price % 100);
    fprintf(shop->out, "%s,",
        sale->fault == UNKNOWN_CURRENCY ? (sale->sku % 2 ? "EURO" : "XXX")
                                        : currencies[sale->customer % COUNT(currencies)]);
    /* None, a whole number, or a fraction: "", "5", "5.00", "12.5". */
    if (sale->discount % 100)
        fprintf(shop->out, "%" PRIu64 ".%" PRIu64, sale->discount / 100, sale->discount % 100 / 10);
    else if (sale->discount || sale->size % 10)
        fprintf(shop->out, "%" PRIu64 "%s", sale->discount / 100, sale->size % 10 ? "" : ".00");
    fputc(',', shop->out);
}

/* Returns the line ends inside the record. */
static uint64_t put_rest(struct shop *shop, const struct sale *sale)
{
    const char *remark = below(shop, 5) ? "" : remarks[below(shop, COUNT(remarks))];
    fputs(countries[sale->country].code, shop->out);
    if (sale->fault == COLUMN_COUNT && sale->sku % 2) {
        fputc('\n', shop->out);
        return 0;
    }
    if (sale->size % 40)
        fprintf(shop->out, ",user%" PRIu64 "@%s", sale->customer, hosts[sale->customer % COUNT(hosts)]);
    else
        fputc(',', shop->out);
    fprintf(shop->out, ",%s%s\n", remark, sale->fault == COLUMN_COUNT ? ",surplus,7" : "");
    return strchr(remark, '\n') != NULL;
}

static void put(struct shop *shop, const struct sale *sale)
{
    fprintf(shop->out, "TX%013" PRIu64 ",S%04" PRIu64 ",", sale->id, sale->store);
    if (sale->fault != MISSING_REQUIRED || sale->sku % 2)
        fprintf(shop->out, "%" PRIu64, sale->customer);
    fprintf(shop->out, ",SKU-%06" PRIu64 ",", sale->sku);
    put_product(shop, sale);
    fprintf(shop->out, "%" PRId64 ",", sale->quantity);
    put_money(shop, sale);
    fprintf(shop->out, "%s,", payments[sale->size % COUNT(payments)]);
    put_time(shop, sale);
    uint64_t inside = put_rest(shop, sale);
    shop->records++;
    if (sale->fault != CLEAN) {
        shop->rejected++;
        fprintf(shop->truth, "%" PRIu64 ",%" PRIu64 ",%s\n", shop->records, shop->line, fault_names[sale->fault]);
    }
    shop->line += 1 + inside;
}

/* Money rounds half up, to cents. */
static void count(struct shop *shop, const struct sale *sale)
{
    uint64_t net = ((uint64_t)sale->quantity * sale->price * (10000 - sale->discount) + 5000) / 10000;
    uint64_t tax = (net * (uint64_t)countries[sale->country].percent + 50) / 100;
    shop->checksum += net + tax + (uint64_t)(sale->seconds * 1000000 + sale->millis * 1000);
    shop->remembered[shop->remembered_count++ % REMEMBERED] = sale->id;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: gen_sales SEED BYTES OUT.csv TRUTH.csv\n");
        return 2;
    }
    static struct shop shop;
    int64_t bytes = strtoll(argv[2], NULL, 10);
    shop.state = strtoull(argv[1], NULL, 10);
    shop.line = 2;
    shop.out = fopen(argv[3], "w");
    shop.truth = fopen(argv[4], "w");
    if (!shop.out || !shop.truth) {
        perror("gen_sales");
        return 1;
    }
    fputs("transaction_id,store_id,customer_id,product_sku,product_name,quantity,unit_price,currency,discount_pct,"
          "payment_method,ts,country,email,notes\n",
        shop.out);
    fputs("record_no,line_no,reason\n", shop.truth);
    while (ftello(shop.out) < bytes) {
        struct sale sale = make(&shop);
        put(&shop, &sale);
        if (sale.fault == CLEAN)
            count(&shop, &sale);
    }
    if (fclose(shop.out) != 0 || fclose(shop.truth) != 0) {
        perror("gen_sales");
        return 1;
    }
    printf("{\"records\": %" PRIu64 ", \"rejected\": %" PRIu64 ", \"good\": %" PRIu64 ", \"checksum\": \"%016" PRIX64
           "\"}\n",
        shop.records, shop.rejected, shop.records - shop.rejected, shop.checksum);
    return 0;
}
