#include "worker/value/number.h"
#include "worker/value/scan.h"

/* ISO 4217, with those that lately left it. */
static const char codes[] =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHF CLF CLP CNH CNY COP CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL "
    "GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW "
    "KRW KWD KYD KZT LAK LBP LKR LRD LSL LTL LVL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR "
    "MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK "
    "SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS "
    "VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL ";

/* Signs of whole units. Cent and mill signs are left out on purpose: 50¢ is not 50. */
static const struct str signs[] = {
    STR("$"),
    STR("€"),
    STR("£"),
    STR("¥"),
    STR("₹"),
    STR("₽"),
    STR("₩"),
    STR("₺"),
    STR("₴"),
    STR("₫"),
    STR("₪"),
    STR("฿"),
    STR("₱"),
    STR("₦"),
    STR("₡"),
    STR("₲"),
    STR("₵"),
    STR("₸"),
    STR("₭"),
    STR("₮"),
    STR("₼"),
    STR("₾"),
    STR("₿"),
    STR("֏"),
    STR("؋"),
    STR("៛"),
    STR("₨"),
    STR("₣"),
    STR("₤"),
    STR("₧"),
    STR("₯"),
    STR("﷼"),
    STR("¤"),
    STR("＄"),
    STR("￡"),
    STR("￥"),
    STR("￦"),
    STR("kr"),
    STR("zł"),
    STR("Kč"),
    STR("Ft"),
};

enum { CODE_SIZE = 3, DOLLAR_PREFIX = 2 };

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_code(const char *p)
{
    if (!is_upper(p[0]) || !is_upper(p[1]) || !is_upper(p[2]))
        return false;
    for (const char *code = codes; *code; code += CODE_SIZE + 1)
        if (memcmp(code, p, CODE_SIZE) == 0)
            return true;
    return false;
}

/* R$, US$, HK$ … */
static size_t dollar_front(struct str s)
{
    size_t n = 0;
    while (n < s.n && n < DOLLAR_PREFIX && is_upper(s.p[n]))
        n++;
    return n && n < s.n && s.p[n] == '$' ? n + 1 : 0;
}

static size_t dollar_back(struct str s)
{
    size_t n = 1;
    if (!s.n || s.p[s.n - 1] != '$')
        return 0;
    while (n < s.n && n <= DOLLAR_PREFIX && is_upper(s.p[s.n - 1 - n]))
        n++;
    return n;
}

size_t currency_front(struct str s)
{
    size_t n = dollar_front(s);
    if (n || (s.n && scan_is_digit(s.p[0])))
        return n;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (str_starts(s, signs[i]))
            return signs[i].n;
    return s.n > CODE_SIZE && is_code(s.p) ? CODE_SIZE : 0;
}

size_t currency_back(struct str s)
{
    size_t n = dollar_back(s);
    if (n || (s.n && scan_is_digit(s.p[s.n - 1])))
        return n;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (str_ends(s, signs[i]))
            return signs[i].n;
    return s.n > CODE_SIZE && is_code(s.p + s.n - CODE_SIZE) ? CODE_SIZE : 0;
}
