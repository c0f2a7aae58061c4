#include "worker/value/lane.h"
#include "worker/value/value.h"

bool date_valid(int year, int month, int day)
{
    return lane_date_valid(year, month, day);
}

int32_t date_from_civil(int year, int month, int day)
{
    return lane_days(year, month, day);
}

void date_to_civil(int32_t days, int *year, int *month, int *day)
{
    int64_t from_march = (int64_t)days + 719468; /* days since 0000-03-01, so that leap days end a year */
    int64_t era = (from_march >= 0 ? from_march : from_march - 146096) / 146097;
    int day_of_era = (int)(from_march - era * 146097);
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int m = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = (int)(year_of_era + era * 400) + (*month <= 2);
}
