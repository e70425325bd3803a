#include "cli/watch_snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/watch_control.h"
#include "formats/format.h"
#include "port/port.h"
#include "recorder/snapshot_read.h"

#define MOST_BYTES ((size_t)64 << 20)

/* What the child writes: this, the JSON, the text. */
struct head {
    int err;
    uint64_t json, text; /* bytes */
};

/* --- the child ------------------------------------------------------------ */

static int render(pid_t node, struct buffer *json, struct buffer *text)
{
    const struct format_options how = {.reader = FORMAT_READER_REPORT,
                                       .line_columns = 100};
    struct snapshot *s;
    int err = snapshot_read(node, 0, &s);
    if (err)
        return err;
    err = format_json.write_snapshot(s, &how, json);
    if (!err)
        err = format_text.write_snapshot(s, &how, text);
    snapshot_destroy(s);
    return err;
}

static void work(pid_t node, int fd)
{
    struct buffer json, text;
    buffer_init(&json, MOST_BYTES);
    buffer_init(&text, MOST_BYTES);
    struct head h = {.err = render(node, &json, &text)};
    if (!h.err) {
        h.json = json.len;
        h.text = text.len;
    }
    int err = port_write_all(fd, &h, sizeof(h));
    if (!err)
        err = port_write_all(fd, json.data, h.json);
    if (!err)
        err = port_write_all(fd, text.data, h.text);
    _exit(err ? 1 : 0);
}

/* --- the parent ----------------------------------------------------------- */

void watch_snapshot_start(struct watch_snapshot *s, pid_t node)
{
    int fds[2];
    *s = (struct watch_snapshot){.node = node, .fd = -1, .ended = true};
    buffer_init(&s->bytes, 2 * MOST_BYTES + sizeof(struct head));
    if (node && pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
        s->err = -errno;
    if (!node || s->err)
        return;
    s->child = fork();
    if (s->child == 0) {
        watch_control_end();
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(fds[0]);
        work(node, fds[1]);
    }
    s->err = s->child < 0 ? -errno : 0;
    close(fds[1]);
    if (s->err) {
        s->child = 0;
        close(fds[0]);
        return;
    }
    s->fd = fds[0];
    s->ended = false;
}

/* A child whose snapshot is not read to its end would wait for a reader
 * forever, so it is killed; one that has written everything is ending already.
 */
static void end_child(struct watch_snapshot *s)
{
    if (s->child)
        kill(s->child, SIGKILL);
    while (s->child && waitpid(s->child, NULL, 0) < 0 && errno == EINTR)
        ;
    s->child = 0;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    s->ended = true;
}

bool watch_snapshot_poll(struct watch_snapshot *s)
{
    enum { CHUNK = 1 << 16 };
    ssize_t n = 1;
    while (!s->ended && n > 0) {
        uint8_t *to = buffer_grow(&s->bytes, CHUNK);
        n = to ? read(s->fd, to, CHUNK) : 0;
        int why = n < 0 ? errno : 0;
        if (to)
            s->bytes.len -= (size_t)(CHUNK - (n > 0 ? n : 0));
        else
            s->err = buffer_status(&s->bytes);
        if (n == 0 || (n < 0 && why != EAGAIN && why != EINTR))
            end_child(s);
    }
    return s->ended;
}

static struct buffer view(const struct watch_snapshot *s, size_t from,
                          size_t len)
{
    return (struct buffer){.data = s->bytes.data + from, .len = len};
}

int watch_snapshot_take(const struct watch_snapshot *s, struct buffer *json,
                        struct buffer *text)
{
    struct head h;
    if (s->err)
        return s->err;
    if (!s->ended)
        return -E_TIME;
    if (s->bytes.len < sizeof(h))
        return -E_SHORT;
    memcpy(&h, s->bytes.data, sizeof(h));
    if (h.err)
        return h.err;
    if (h.json > MOST_BYTES || h.text > MOST_BYTES ||
        s->bytes.len != sizeof(h) + h.json + h.text)
        return -E_SHORT;
    *json = view(s, sizeof(h), h.json);
    *text = view(s, sizeof(h) + h.json, h.text);
    return 0;
}

const char *watch_snapshot_why(const struct watch_snapshot *s,
                               char text[static WATCH_SNAPSHOT_WHY])
{
    struct buffer json, words;
    int err = watch_snapshot_take(s, &json, &words);
    const char *why = err_text(err);
    if (!err || !s->node)
        return NULL;
    if (!s->ended)
        why = "it was not finished when the recording was written";
    else if (err == -E_SHORT)
        why = "the process that took it ended too early";
    else if (err == -E_LIMIT)
        why = "it is larger than 64 MB, or there is too little memory";
    snprintf(text, WATCH_SNAPSHOT_WHY, "there is no snapshot: %s", why);
    return text;
}

void watch_snapshot_stop(struct watch_snapshot *s)
{
    end_child(s);
    buffer_deinit(&s->bytes);
}
