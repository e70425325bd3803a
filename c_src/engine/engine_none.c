/* The engine of a view that goes on although nothing can be sampled. */
#include "engine/engine.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

struct engine {
    bool unused; /* ISO C forbids an empty struct */
};

static int none_open(const struct engine_config *config, struct engine **out)
{
    (void)config;
    *out = calloc(1, sizeof(**out));
    return *out ? 0 : -ENOMEM;
}

static void none_close(struct engine *e)
{
    free(e);
}

static int none_start(struct engine *e)
{
    (void)e;
    return 0;
}

static int none_poll(struct engine *e, int timeout_ms,
                     engine_on_sample *on_sample, void *ctx)
{
    (void)e;
    (void)on_sample;
    (void)ctx;
    poll(NULL, 0, timeout_ms);
    return 0;
}

static int none_follow(struct engine *e, const struct engine_view *view)
{
    (void)e;
    (void)view;
    return 0;
}

static void none_stop(struct engine *e)
{
    (void)e;
}

static struct engine_counters none_counters(const struct engine *e)
{
    (void)e;
    return (struct engine_counters){0};
}

static struct engine_info none_info(const struct engine *e)
{
    (void)e;
    return (struct engine_info){0};
}

const struct engine_ops engine_none = {
    .name = "none",
    .open = none_open,
    .start = none_start,
    .poll = none_poll,
    .follow = none_follow,
    .stop = none_stop,
    .counters = none_counters,
    .info = none_info,
    .close = none_close,
};
