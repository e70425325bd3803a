/* The replies, and the event. */
#include "port/port.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "port/port_encode.h"
#include "report/report.h"

struct code_name {
    enum err code;
    const char *name;
};

static const struct code_name code_names[] = {
    {E_SHORT, "malformed"},
    {E_LIMIT, "limit"},
    {E_FORMAT, "malformed"},
    {E_TIME, "time"},
    {E_NO_PROCESS, "no_process"},
    {E_GONE, "gone"},
    {E_NOT_BEAM, "not_beam"},
    {E_NOT_JIT, "not_jit"},
    {E_NO_ACCESS, "no_access"},
    {E_TORN, "torn"},
    {E_NOT_FOUND, "not_found"},
    {E_LAYOUT, "layout"},
    {E_STARTING, "starting"},
    {E_CODE_LIST, "code_list"},
    {E_COLLECTOR, "collector"},
    {E_UNRESOLVED, "unresolved"},
    {E_AMBIGUOUS, "ambiguous"},
    {E_NO_ENGINE, "no_engine"},
    {E_PERF_DENIED, "perf_denied"},
    {E_MEMLOCK, "memlock"},
    {E_UNKNOWN_ENGINE, "unknown_engine"},
    {E_BPF_DENIED, "bpf_denied"},
    {E_BPF_MISSING, "bpf_missing"},
    {E_PERF_PARANOID, "perf_paranoid"},
    {E_SECCOMP, "seccomp"},
    {E_YAMA, "yama"},
    {E_RATE, "rate"},
    {E_SATURATED, "saturated"},
    {E_TRACED, "traced"},
    {E_NO_BREAKPOINTS, "no_breakpoints"},
    {E_BREAKPOINTS_USED, "breakpoints_used"},
    {E_PATTERN, "pattern"},
    {E_NO_FUNCTION, "no_function"},
    {E_NO_TIMELINE, "no_timeline"},
    {E_EMPTY, "empty"},
    {E_NO_MATCH, "no_match"},
    {E_VALUES, "values"},
    {E_WALL, "wall"},
    {E_NO_EVENT, "no_event"},
    {E_EVENTS, "events"},
    {E_NO_SPAN, "no_span"},
    {E_UNKNOWN_FORMAT, "unknown_format"},
    {E_NOT_A_PROFILE, "not_a_profile"},
    {E_UNPACKED, "unpacked"},
    {E_WORK, "work"},
    {E_PROTOCOL, "protocol"},
    {E_USAGE, "usage"},
    {E_PLANTED, "planted"},
    {E_PLANTED_LINK, "planted"},
    {E_NO_READER, "no_reader"},
    {E_NO_FILE, "no_file"},
};

/* Error numbers of the system get the names that Erlang's file module uses,
 * such as enoent and eacces. */
static void errno_atom(int code, char *name, size_t size)
{
    const char *from = strerrorname_np(-code);
    if (!from)
        from = "unknown";
    size_t i = 0;
    for (; from[i] && i < size - 1; i++)
        name[i] = (char)tolower((unsigned char)from[i]);
    name[i] = '\0';
}

static void code_atom(struct port_encoder *e, int code)
{
    for (size_t i = 0; i < sizeof(code_names) / sizeof(code_names[0]); i++)
        if (-code == (int)code_names[i].code) {
            port_encode_atom(e, code_names[i].name);
            return;
        }
    char name[32];
    errno_atom(code, name, sizeof(name));
    port_encode_atom(e, name);
}

int port_reply_hello(struct buffer *out, int64_t ref,
                     const char *program_version)
{
    struct port_encoder e;
    port_encode_begin(&e, ref, "ok");
    sink_object(&e.sink, NULL);
    sink_natural(&e.sink, "version", PORT_VERSION);
    sink_text(&e.sink, "program", program_version);
    sink_end(&e.sink);
    return port_encode_finish(&e, out);
}

int port_reply_atom(struct buffer *out, int64_t ref, const char *atom)
{
    struct port_encoder e;
    port_encode_begin(&e, ref, "ok");
    port_encode_atom(&e, atom);
    return port_encode_finish(&e, out);
}

int port_reply_binary(struct buffer *out, int64_t ref, const void *bytes,
                      size_t len)
{
    struct port_encoder e;
    port_encode_begin(&e, ref, "ok");
    port_encode_bytes(&e, bytes, len);
    return port_encode_finish(&e, out);
}

int port_reply_result(struct buffer *out, int64_t ref, const struct profile *p,
                      const void *recording, size_t recording_len)
{
    struct report report;
    struct port_encoder e;
    int err = report_compute(p, &report);
    if (err)
        return err;
    port_encode_begin(&e, ref, "ok");
    sink_object(&e.sink, NULL);
    port_encode_key(&e, "report");
    report_walk(&report, &e.sink);
    port_encode_key(&e, "recording");
    port_encode_bytes(&e, recording, recording_len);
    sink_end(&e.sink);
    report_deinit(&report);
    return port_encode_finish(&e, out);
}

int port_reply_diff(struct buffer *out, int64_t ref, const struct diff *d,
                    const struct port_diff *rendered)
{
    struct port_encoder e;
    port_encode_begin(&e, ref, "ok");
    sink_object(&e.sink, NULL);
    port_encode_key(&e, "text");
    port_encode_bytes(&e, rendered->text, rendered->text_len);
    sink_boolean(&e.sink, "grew", rendered->grew);
    port_encode_key(&e, "report");
    report_walk_diff(d, rendered->sentence, &e.sink);
    sink_end(&e.sink);
    return port_encode_finish(&e, out);
}

int port_reply_error(struct buffer *out, int64_t ref, int code)
{
    struct port_encoder e;
    port_encode_begin(&e, ref, "error");
    port_encode_tuple(&e, 2);
    code_atom(&e, code);
    port_encode_text(&e, err_text(code));
    return port_encode_finish(&e, out);
}

int port_event_processes(struct buffer *out, const char *const *pids,
                         size_t count)
{
    struct port_encoder e;
    port_encode_begin(&e, 0, "event");
    port_encode_tuple(&e, 2);
    port_encode_atom(&e, "processes");
    sink_list(&e.sink, NULL);
    for (size_t i = 0; i < count; i++)
        sink_text(&e.sink, NULL, pids[i]);
    sink_end(&e.sink);
    return port_encode_finish(&e, out);
}
