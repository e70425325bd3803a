/**
 * @file port.h
 * The protocol between the program and its Elixir or Erlang side. A packet is a
 * length of 4 bytes, big-endian, and then one term in the external format (ei).
 *
 *   to us:   {Ref :: integer, Command :: atom, Args :: map}
 *   from us: {Ref, ok, Value} | {Ref, error, {Code :: atom, Text :: binary}}
 *   unasked: {0, event, Value}
 *
 * Commands:
 *   hello  #{version => 1}        -> #{version => 1, program => binary}
 *   start  #{pid, event, rate, max_cost, engine, duration_ms, kernel, force,
 *            describe, no_command, span => [binary], slower_than_us,
 *            own => [binary], at_end => [binary]}
 *                                 -> started
 *                                 event: as the option --event of `record`, cpu
 *                                 by default; rate: of the first of the events
 *                                 max_cost: of the event alloc, a percentage of
 *                                 the node's CPU time; 0: the usual one
 *                                 slower_than_us: only samples in a span that
 *                                 takes as long; with span, in one of those
 *                                 own: pids of processes that work for the
 *                                 recording, at most OWN_PIDS. They are in no
 *                                 sample of the event wall
 *                                 at_end: packets of `write` requests without
 *                                 a recording. They are carried out if the
 *                                 other side ends while the recording runs
 *   stop   #{run}                 -> #{report => map, recording => binary}
 *                                 run: a text that becomes the recording's
 *                                 meta.run
 *   read   #{recording}           -> the same, for a recording that was saved
 *   render #{recording, event, format, top, process => [binary],
 *            span => [binary], focus, ignore}
 *                                 -> binary, the rendered bytes
 *                                 event: only these of the recording
 *   check  #{path}                -> writable
 *                                 can a result be written there? Leaves
 *                                 nothing behind
 *   write  #{recording, path, exclusive} and the arguments of render
 *                                 -> written
 *                                 to a file: rendered in the format or, without
 *                                 one, unchanged; exclusive: only if nothing is
 *                                 there. A relative path is relative to the
 *                                 folder that the program was started in
 *   diff   #{base => [recording], new => [recording], event, format, top,
 *            min_effect, fail_above, process => [binary], span => [binary],
 *            focus, ignore}
 *                                 -> #{text => binary, the rendered bytes,
 *                                      grew => boolean, report => map}
 *                                 event: of recordings of several
 *                                 grew: a function grew by more than
 *                                 fail_above percent (default 0)
 *   describe #{described => [{Pid, InitialCall, Label, Application, Parent}]}
 *                                 -> described
 * hello must come first and give a version that this program knows. EOF on
 * stdin (the Erlang side is gone) ends the program, and so does a packet that
 * is not a request. When nobody reads its stdout any more, it ends at once,
 * unless a recording with at_end runs.
 *
 * The event: describe => true means that the other side is the node that is
 * sampled, which knows facts that cannot be seen from outside. Then the event
 *   {processes, [Pid :: binary]}
 * asks about the processes that were first seen since the last event. Each
 * event is answered by one `describe`, with a tuple for each process that is
 * alive; "" means that there is no such fact. Another event may come before the
 * answer. The reply to `stop` waits up to a second for the last answers.
 */
#ifndef CPROF_PORT_PORT_H
#define CPROF_PORT_PORT_H

#include "base/buffer.h"
#include "base/err.h"
#include "profile/diff.h"
#include "profile/profile.h"

enum { PORT_VERSION = 1 };
#define PORT_MAX_PACKET ((size_t)1 << 30)

enum port_command {
    PORT_HELLO,
    PORT_START,
    PORT_STOP,
    PORT_READ,
    PORT_RENDER,
    PORT_CHECK,
    PORT_WRITE,
    PORT_DIFF,
    PORT_DESCRIBE
};

enum { PORT_MAX_TEXTS = 64, PORT_TEXT = 256 };

/** What the node says about one of its processes; "" if there is nothing. */
struct port_description {
    char pid[PORT_TEXT], initial_call[PORT_TEXT], label[PORT_TEXT];
    char application[PORT_TEXT], parent[PORT_TEXT];
};

/** Descriptions that were not read yet; a view into their packet. */
struct port_descriptions {
    const char *packet;
    int at, left;
};

/** The same for recordings. */
struct port_recordings {
    const char *packet;
    int at, left;
};

/** A list of texts. */
struct port_texts {
    char list[PORT_MAX_TEXTS][PORT_TEXT];
    size_t count;
};

/** A view into the packet; any bytes, including NUL. */
struct port_bytes {
    const uint8_t *data;
    size_t len;
};

/** A decoded request: one struct for all commands. Members that were not given
 *  are 0 or "". */
struct port_request {
    int64_t ref;
    enum port_command command;
    int64_t version;
    int64_t pid, rate, duration_ms, top, slower_than_us;
    bool kernel, force, describe, exclusive, no_command;
    char event[PORT_TEXT], engine[PORT_TEXT], format[PORT_TEXT];
    char run[PORT_TEXT], focus[PORT_TEXT], ignore[PORT_TEXT];
    struct port_texts processes, spans, own;
    struct port_bytes recording, path;
    struct port_recordings base, now, at_end;
    double min_effect, fail_above, max_cost; /**< percent, 0 or more */
    struct port_descriptions described;
};

/** Decodes a packet, which must outlive the request. 0 or -E_PROTOCOL; then
 *  out->ref is set if at least that could be read, and otherwise 0. Pure,
 *  fuzzed. */
MUST_USE int port_decode(const void *packet, size_t len,
                         struct port_request *out);
/** Sets pointers to the texts of a list, and returns how many there are. */
size_t port_texts(const struct port_texts *texts,
                  const char *pointers[static PORT_MAX_TEXTS]);
/** Reads the next description of a decoded request; false: there are no more.
 */
bool port_next_description(struct port_descriptions *d,
                           struct port_description *out);
/** Reads the next recording, a view into the packet; false: there are no more.
 */
bool port_next_recording(struct port_recordings *r, const uint8_t **bytes,
                         size_t *len);

/** Replies. Each is appended to out as a whole packet with its length. */
MUST_USE int port_reply_hello(struct buffer *out, int64_t ref,
                              const char *program_version);
MUST_USE int port_reply_atom(struct buffer *out, int64_t ref, const char *atom);
MUST_USE int port_reply_binary(struct buffer *out, int64_t ref,
                               const void *bytes, size_t len);
MUST_USE int port_reply_error(struct buffer *out, int64_t ref, int code);
/** The event that asks about count processes. */
MUST_USE int port_event_processes(struct buffer *out, const char *const *pids,
                                  size_t count);
/** #{report => the content of the JSON report as a map, recording => bytes}. */
MUST_USE int port_reply_result(struct buffer *out, int64_t ref,
                               const struct profile *p, const void *recording,
                               size_t recording_len);

/** A rendered comparison. */
struct port_diff {
    const void *text;
    size_t text_len;
    const char *sentence; /**< what changed */
    bool grew;
};

/** #{text => bytes, grew => grew, report => the content of the JSON diff as a
 *  map}. */
MUST_USE int port_reply_diff(struct buffer *out, int64_t ref,
                             const struct diff *d,
                             const struct port_diff *rendered);

/** Reads one packet from fd into packet, which is cleared first. Blocks.
 * Returns 1, 0 at an EOF between packets, or a negative error. */
MUST_USE int port_read_packet(int fd, struct buffer *packet);
/** Writes all bytes. Blocks. 0 or a negative error. */
MUST_USE int port_write_all(int fd, const void *bytes, size_t len);

#endif
