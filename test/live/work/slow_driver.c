/* A port driver that blocks its scheduler: every 20 ms its timer fires, and
 * then it sleeps for 10 ms. Whatever is sent to it, it answers how long it has
 * slept in all, as text. */
#include <erl_driver.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct slow {
    ErlDrvPort port;
    unsigned long long slept_ns;
};

static unsigned long long now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (unsigned long long)t.tv_sec * 1000000000ull +
           (unsigned long long)t.tv_nsec;
}

static ErlDrvData slow_start(ErlDrvPort port, char *command)
{
    struct slow *s = driver_alloc(sizeof(*s));
    (void)command;
    *s = (struct slow){.port = port};
    driver_set_timer(port, 20);
    return (ErlDrvData)s;
}

static void slow_stop(ErlDrvData data)
{
    driver_free(data);
}

static void slow_timeout(ErlDrvData data)
{
    struct slow *s = (struct slow *)data;
    struct timespec t = {0, 10000000};
    unsigned long long from = now_ns();
    nanosleep(&t, NULL);
    s->slept_ns += now_ns() - from;
    driver_set_timer(s->port, 20);
}

static void slow_output(ErlDrvData data, char *buffer, ErlDrvSizeT len)
{
    struct slow *s = (struct slow *)data;
    char text[32];
    (void)buffer;
    (void)len;
    snprintf(text, sizeof(text), "%llu", s->slept_ns);
    driver_output(s->port, text, strlen(text));
}

static ErlDrvEntry entry = {
    .start = slow_start,
    .stop = slow_stop,
    .output = slow_output,
    .timeout = slow_timeout,
    .driver_name = "slow_driver",
    .extended_marker = ERL_DRV_EXTENDED_MARKER,
    .major_version = ERL_DRV_EXTENDED_MAJOR_VERSION,
    .minor_version = ERL_DRV_EXTENDED_MINOR_VERSION,
};

DRIVER_INIT(slow_driver)
{
    return &entry;
}
