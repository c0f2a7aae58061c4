/* Between the readers of dates and times and what decides among them. */
#ifndef WORKER_VALUE_MOMENT_H
#define WORKER_VALUE_MOMENT_H

#include "worker/value/scan.h"
#include "worker/value/value.h"

/* A date and time as it was written; nothing but the form has been judged. */
struct civil {
    int year, month, day;
    int hour, minute, second;
    int micros;
    int zone;    /* seconds east of UTC */
    int weekday; /* 0 is Sunday */
    bool has_date, has_time, has_zone, has_weekday;
    bool out_of_range; /* digits behind the microsecond, 13 PM, … */
    bool swappable;    /* day and month may change places */
};

/* All of text; false when it has another form. kind says which parts are asked for. */
bool iso_read(struct str text, enum type_kind kind, struct civil *out);
bool any_read(struct str text, enum type_kind kind, struct civil *out);
bool pattern_read(struct str text, struct str pattern, struct civil *out);
/* VALUE_OK, BAD or RANGE; years are not judged. */
enum value_result epoch_read(struct str text, bool milliseconds, int64_t *instant);

/* Parts that more than one reader knows. Each moves *s behind what it took. */
bool moment_eat_fraction(struct str *s, struct civil *out);
/* Z, ±HH, ±HHMM (compact), ±HH:MM */
bool moment_eat_zone(struct str *s, bool compact, struct civil *out);
/* English, three letters or all of them, any case: 1-12; 0-6 from Sunday. */
bool moment_eat_month(struct str *s, int *month);
bool moment_eat_weekday(struct str *s, int *weekday);
bool moment_eat_half(struct str *s, bool *afternoon);
/* 12-hour clock to 24. */
void moment_set_half(struct civil *out, bool afternoon);

#endif
