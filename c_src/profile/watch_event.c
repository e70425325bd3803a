#include "profile/watch_event.h"

#include <stdio.h>
#include <time.h>

const char *watch_kind_word(enum watch_kind kind)
{
    static const char *const words[WATCH_KINDS] = {
        [WATCH_BEGAN] = "began",         [WATCH_FIRED] = "fired",
        [WATCH_HELD_BACK] = "held_back", [WATCH_WROTE] = "wrote",
        [WATCH_REMOVED] = "removed",     [WATCH_FAILED] = "failed",
        [WATCH_UNKNOWN] = "unknown",     [WATCH_ENDED] = "ended",
    };
    return words[kind];
}

void watch_time_text(uint64_t unix_ns, char text[static WATCH_TIME])
{
    const time_t second = (time_t)(unix_ns / 1000000000);
    char date[WATCH_TIME - 5] = "";
    struct tm utc;
    if (gmtime_r(&second, &utc))
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, WATCH_TIME, "%.20s.%03uZ", date,
             (unsigned)(unix_ns / 1000000 % 1000));
}
