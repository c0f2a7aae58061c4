#include "worker/expr/letters.h"

#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

enum { LAST_CODE = 0x10FFFF };

static const char *const class_names[] = {"alpha", "upper", "lower", "alnum", "punct", "space"};
enum { CLASSES = sizeof class_names / sizeof *class_names };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t utf8;
static struct class
{
    pthread_once_t once;
    struct letters_range *ranges;
    size_t count;
} classes[CLASSES] = {{PTHREAD_ONCE_INIT, NULL, 0}, {PTHREAD_ONCE_INIT, NULL, 0}, {PTHREAD_ONCE_INIT, NULL, 0},
    {PTHREAD_ONCE_INIT, NULL, 0}, {PTHREAD_ONCE_INIT, NULL, 0}, {PTHREAD_ONCE_INIT, NULL, 0}};

static void open_locale(void)
{
    utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!utf8)
        utf8 = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
}

static locale_t locale_of_text(void)
{
    pthread_once(&once, open_locale);
    return utf8;
}

uint32_t letters_lower(uint32_t code)
{
    if (code < 128)
        return code >= 'A' && code <= 'Z' ? code + 32 : code;
    return (uint32_t)towlower_l((wint_t)code, locale_of_text());
}

uint32_t letters_upper(uint32_t code)
{
    if (code < 128)
        return code >= 'a' && code <= 'z' ? code - 32 : code;
    return (uint32_t)towupper_l((wint_t)code, locale_of_text());
}

bool letters_alphanumeric(uint32_t code)
{
    return iswalnum_l((wint_t)code, locale_of_text()) != 0;
}

static void fill_class(int number)
{
    wctype_t type = wctype_l(class_names[number], locale_of_text());
    struct class *class = &classes[number];
    size_t capacity = 0;
    for (uint32_t code = 1; code <= LAST_CODE; code++) {
        if (!iswctype_l((wint_t)code, type, utf8))
            continue;
        if (class->count > 0 && class->ranges[class->count - 1].last + 1 == code) {
            class->ranges[class->count - 1].last = code;
            continue;
        }
        if (class->count == capacity) {
            capacity = capacity ? 2 * capacity : 256;
            struct letters_range *more = realloc(class->ranges, capacity * sizeof *more);
            if (!more)
                return;
            class->ranges = more;
        }
        class->ranges[class->count++] = (struct letters_range){code, code};
    }
}

#define FILL(n)                \
    static void fill_##n(void) \
    {                          \
        fill_class(n);         \
    }
FILL(0)
FILL(1)
FILL(2)
FILL(3)
FILL(4)
FILL(5)

const struct letters_range *letters_class(const char *name, size_t *count)
{
    static void (*const fills[CLASSES])(void) = {fill_0, fill_1, fill_2, fill_3, fill_4, fill_5};
    for (int i = 0; i < CLASSES; i++) {
        if (strcmp(name, class_names[i]) != 0)
            continue;
        pthread_once(&classes[i].once, fills[i]);
        *count = classes[i].count;
        return classes[i].ranges;
    }
    return NULL;
}
