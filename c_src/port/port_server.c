#include "port/port_server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "formats/format.h"
#include "port/port.h"
#include "port/port_compare.h"
#include "port/port_output.h"
#include "recorder/inquiry.h"
#include "recorder/session.h"
#include "recorder/session_meta.h"
#include "recorder/sources.h"

struct server {
    int requests, replies; /* descriptors */
    bool greeted;
    struct session *session;
    struct port_texts spans; /* that the session borrows */
    const char *span_list[PORT_MAX_TEXTS];
    int session_error; /* why sampling ended by itself; 0: it did not */
    uint64_t end_ns;   /* when sampling must end by itself; 0: never */
    struct inquiry inquiry;
    struct profile *finished; /* the result, while answers are missing */
    int64_t stop_ref;
    uint64_t answer_by_ns;
    struct buffer in, out;
    struct port_will will;
    const struct port_host *host;
};

static int hello(struct server *s, const struct port_request *r)
{
    if (r->version != PORT_VERSION)
        return -E_PROTOCOL;
    s->greeted = true;
    return port_reply_hello(&s->out, r->ref, CPROF_VERSION);
}

/* The words are those of the command line; none stands for CPU time. The rate
 * is that of the first event; others have their usual ones. */
static int events_of(const struct port_request *r, struct session_options *o)
{
    bool first = true;
    int err = event_parse_set(r->event[0] ? r->event : "cpu", &o->events);
    for (int i = 0; i < EVENT_COUNT && !err; i++) {
        o->rates[i] = sources_usual_rate((enum event)i);
        if (!first || !(o->events & EVENT_SET(i)))
            continue;
        first = false;
        o->rates[i] = (unsigned)r->rate;
        if (r->rate < ENGINE_MIN_RATE ||
            r->rate > sources_max_rate((enum event)i))
            err = -EINVAL;
    }
    o->alloc_cost = r->max_cost / 100;
    return o->alloc_cost < 1 ? err : -EINVAL;
}

static int spans_of(struct server *s, const struct port_request *r,
                    struct span_choice *out)
{
    if (r->slower_than_us < 0 || r->slower_than_us > INT64_MAX / 1000)
        return -EINVAL;
    s->spans = r->spans;
    *out = (struct span_choice){
        .slower_than_ns = (uint64_t)r->slower_than_us * 1000,
        .spans = s->span_list,
        .span_count = port_texts(&s->spans, s->span_list)};
    return 0;
}

static int start(struct server *s, const struct port_request *r)
{
    const char *own[PORT_MAX_TEXTS];
    if (s->session || s->finished)
        return -EALREADY;
    struct session_options o = {.pid = (pid_t)r->pid,
                                .own = own,
                                .own_count = port_texts(&r->own, own),
                                .timeline = true,
                                .engine =
                                    r->engine[0] ? r->engine : ENGINE_AUTO,
                                .kernel = r->kernel,
                                .no_command = r->no_command,
                                .force = r->force};
    int err = events_of(r, &o);
    err = err ? err : spans_of(s, r, &o.spans);
    err = err ? err : session_open(&o, &s->session);
    if (err)
        return err;
    s->session_error = 0;
    s->inquiry = inquiry_of(r->describe ? session_profile(s->session) : NULL);
    s->end_ns = r->duration_ms > 0
                    ? clock_now_ns() + (uint64_t)r->duration_ms * NS_PER_MS
                    : 0;
    s->host->has_will(port_will_take(&s->will, r, &s->in));
    return port_reply_atom(&s->out, r->ref, "started");
}

static int reply_profile(struct server *s, int64_t ref, const struct profile *p)
{
    struct buffer recording;
    buffer_init(&recording, PORT_MAX_PACKET);
    int err = format_pprof.write(p, &(struct format_options){0}, &recording);
    if (!err)
        err = port_reply_result(&s->out, ref, p, recording.data, recording.len);
    buffer_deinit(&recording);
    return err;
}

/* The reply follows when the node has answered the last questions (tend). */
static int stop(struct server *s, const struct port_request *r)
{
    if (!s->session)
        return -ESRCH;
    int err = session_finish(s->session, &s->finished);
    session_close(s->session);
    s->session = NULL;
    port_will_drop(&s->will);
    s->host->has_will(false);
    if (!err)
        err = session_meta_text(s->finished,
                                &profile_meta_edit(s->finished)->run, r->run);
    if (err) {
        s->inquiry = inquiry_of(NULL);
        profile_destroy(s->finished);
        s->finished = NULL;
        return err;
    }
    inquiry_end(&s->inquiry);
    s->stop_ref = r->ref;
    s->answer_by_ns = clock_now_ns() + INQUIRY_END_MS * NS_PER_MS;
    return 0;
}

static int describe(struct server *s, const struct port_request *r)
{
    struct port_descriptions described = r->described;
    struct port_description one;
    int err = 0;
    inquiry_answered(&s->inquiry);
    while (!err && port_next_description(&described, &one))
        err = inquiry_learn(&s->inquiry, &(struct process_texts){
                                             .pid = one.pid,
                                             .name = "",
                                             .initial_call = one.initial_call,
                                             .label = one.label,
                                             .application = one.application,
                                             .parent = one.parent,
                                         });
    return err ? err : port_reply_atom(&s->out, r->ref, "described");
}

static int read_back(struct server *s, const struct port_request *r)
{
    struct profile *p;
    int err = pprof_read(r->recording.data, r->recording.len, &p);
    if (err)
        return err;
    err = port_reply_result(&s->out, r->ref, p, r->recording.data,
                            r->recording.len);
    profile_destroy(p);
    return err;
}

static int carry_out(struct server *s, const struct port_request *r)
{
    if (!s->greeted && r->command != PORT_HELLO)
        return -E_PROTOCOL;
    switch (r->command) {
    case PORT_HELLO:
        return hello(s, r);
    case PORT_START:
        return start(s, r);
    case PORT_STOP:
        return stop(s, r);
    case PORT_READ:
        return read_back(s, r);
    case PORT_RENDER:
        return port_output_render(r, &s->out);
    case PORT_CHECK:
        return port_output_check(r, &s->out);
    case PORT_WRITE:
        return port_output_write(r, &s->out);
    case PORT_DIFF:
        return port_compare(r, &s->out);
    case PORT_DESCRIBE:
        return describe(s, r);
    }
    return -E_PROTOCOL;
}

/* Sends the reply in s->out or, if err is not 0, the error. */
static int answer(struct server *s, int64_t ref, int err)
{
    if (err) {
        buffer_clear(&s->out);
        err = port_reply_error(&s->out, ref, err);
    }
    return err ? err : port_write_all(s->replies, s->out.data, s->out.len);
}

/* 1: continue; 0: the other side is gone; negative: it broke the protocol, or
 * another error. */
static int serve_one(struct server *s)
{
    struct port_request *request = malloc(sizeof(*request));
    if (!request)
        return -ENOMEM;
    int got = port_read_packet(s->requests, &s->in);
    if (got > 0) {
        buffer_clear(&s->out);
        int err = port_decode(s->in.data, s->in.len, request);
        if (!err)
            err = carry_out(s, request);
        bool fatal = err == -E_PROTOCOL;
        err = answer(s, request->ref, err);
        got = err ? err : fatal ? -E_PROTOCOL : 1;
    }
    free(request);
    return got;
}

static int ask(struct server *s)
{
    const char *pids[INQUIRY_BATCH];
    unsigned count = inquiry_ask(&s->inquiry, clock_now_ns(), pids);
    if (count == 0)
        return 0;
    buffer_clear(&s->out);
    int err = port_event_processes(&s->out, pids, count);
    return err ? err : port_write_all(s->replies, s->out.data, s->out.len);
}

/* Asks the node about processes, and sends the result when it is ready. */
static int tend(struct server *s)
{
    int err = ask(s);
    if (err || !s->finished ||
        (!inquiry_is_done(&s->inquiry) && clock_now_ns() < s->answer_by_ns))
        return err;
    buffer_clear(&s->out);
    inquiry_count(&s->inquiry);
    err = reply_profile(s, s->stop_ref, s->finished);
    s->inquiry = inquiry_of(NULL);
    profile_destroy(s->finished);
    s->finished = NULL;
    return answer(s, s->stop_ref, err);
}

/* Is there a request? Samples for a short time before, or waits if nothing is
 * being recorded. */
static bool request_waits(struct server *s)
{
    struct pollfd in = {.fd = s->requests, .events = POLLIN};
    bool sampling = s->session && !s->session_error &&
                    (!s->end_ns || clock_now_ns() < s->end_ns);
    if (sampling)
        s->session_error = session_run(s->session, 10);
    return poll(&in, 1, sampling ? 0 : s->finished ? 10 : 1000) > 0;
}

/* The node has ended before it stopped the recording. */
static void carry_out_will(struct server *s)
{
    struct profile *p = NULL;
    if (!s->session || !s->will.requests.packet)
        return;
    int err = session_finish(s->session, &p);
    if (err)
        s->host->wrote("recording", err, 0);
    else
        port_will_carry_out(&s->will, p, s->host->wrote);
    profile_destroy(p);
}

int port_serve(int requests, int replies, const struct port_host *host)
{
    struct server s = {.requests = requests, .replies = replies, .host = host};
    buffer_init(&s.in, PORT_MAX_PACKET);
    buffer_init(&s.out, PORT_MAX_PACKET);
    int going = 1;
    while (going > 0) {
        if (request_waits(&s))
            going = serve_one(&s);
        if (going > 0 && tend(&s) != 0)
            going = -E_PROTOCOL;
    }
    carry_out_will(&s);
    port_will_drop(&s.will);
    session_close(s.session);
    profile_destroy(s.finished);
    buffer_deinit(&s.in);
    buffer_deinit(&s.out);
    return going;
}
