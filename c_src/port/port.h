/**
 * @file port.h
 * The conversation with the Elixir or Erlang side: packets of 4 bytes
 * big-endian length, then one term in external format (ei).
 *
 *   to us:   {Ref :: integer, Command :: atom, Args :: map}
 *   from us: {Ref, ok, Value} | {Ref, error, {Code :: atom, Text :: binary}}
 *   unasked: {0, event, Value}
 *
 * Commands:
 *   hello  #{version => 1}        -> #{version => 1, program => binary}
 *   start  #{pid, rate, engine, duration_ms, kernel, force, describe,
 *            no_command, at_end => [binary]}
 *                                 -> started
 *                                 at_end: requests to write, without their
 *                                 recording, each a packet. They are carried
 *                                 out when the other side ends while the
 *                                 recording runs
 *   stop   #{run}                 -> #{report => map, recording => binary}
 *                                 a note becomes one of the recording's
 *   read   #{recording}           -> the same of a recording that was saved
 *   render #{recording, format, top, process => [binary], focus, ignore}
 *                                 -> binary, the rendered bytes
 *   check  #{path}                -> writable
 *                                 could a result be written there? Nothing is
 *                                 left behind
 *   write  #{recording, path, exclusive} and what render takes
 *                                 -> written
 *                                 to a file, rendered in the format or, without
 *                                 one, unchanged; exclusive: only if nothing is
 *                                 there. A relative path is one of the folder
 *                                 that the program was started in
 *   diff   #{base => [recording], new => [recording], format, top, min_effect,
 *            fail_above, process => [binary], focus, ignore}
 *                                 -> #{text => binary, the rendered bytes,
 *                                      grew => boolean, report => map}
 *                                 grew: a function by more than fail_above
 *                                 percent (0 when not given)
 *   describe #{described => [{Pid, InitialCall, Label, Application, Parent}]}
 *                                 -> described
 * hello must come first and name a version we speak. EOF on stdin ends the
 * program (the Erlang side is gone); so does a packet that is no request. When
 * nobody reads its stdout any more it ends at once, whatever it is doing.
 *
 * The event: with describe => true the other side is the node that is sampled
 * and knows what nobody sees from outside. Then
 *   {processes, [Pid :: binary]}
 * asks what the processes are that were seen first since the last event. Each
 * event is answered by one `describe`, with rows for those that are alive; ""
 * is what has no such fact. The next may be asked before. The reply to `stop`
 * waits a moment for the last answers.
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

enum { PORT_MAX_PROCESSES = 64, PORT_TEXT = 256 };

/** What the node says of one of its processes; "" where there is nothing. */
struct port_description {
    char pid[PORT_TEXT], initial_call[PORT_TEXT], label[PORT_TEXT];
    char application[PORT_TEXT], parent[PORT_TEXT];
};

/** Descriptions not taken yet, in the packet that they came in. */
struct port_descriptions {
    const char *packet;
    int at, left;
};

/** Recordings not taken yet, likewise. */
struct port_recordings {
    const char *packet;
    int at, left;
};

/** A view into the packet; the bytes may be any, a NUL included. */
struct port_bytes {
    const uint8_t *data;
    size_t len;
};

/** A decoded request; one struct for all, unset members are 0 or "". */
struct port_request {
    int64_t ref;
    enum port_command command;
    int64_t version;
    int64_t pid, rate, duration_ms, top;
    bool kernel, force, describe, exclusive, no_command;
    char engine[PORT_TEXT], format[PORT_TEXT], run[PORT_TEXT];
    char focus[PORT_TEXT], ignore[PORT_TEXT];
    char processes[PORT_MAX_PROCESSES][PORT_TEXT];
    size_t process_count;
    struct port_bytes recording, path;
    struct port_recordings base, now, at_end;
    double min_effect, fail_above; /**< percent, 0 or more */
    struct port_descriptions described;
};

/** Pure, fuzzed. -E_PROTOCOL with *ref set when at least that was readable
 *  (else 0). The packet must outlive the request. */
MUST_USE int port_decode(const void *packet, size_t len,
                         struct port_request *out);
/** Takes the next description of a decoded request; false: no more. */
bool port_next_description(struct port_descriptions *d,
                           struct port_description *out);
/** Takes the next recording, a view into the packet; false: no more. */
bool port_next_recording(struct port_recordings *r, const uint8_t **bytes,
                         size_t *len);

/** Replies, appended to out as a whole packet with its length. */
MUST_USE int port_reply_hello(struct buffer *out, int64_t ref,
                              const char *program_version);
MUST_USE int port_reply_atom(struct buffer *out, int64_t ref, const char *atom);
MUST_USE int port_reply_binary(struct buffer *out, int64_t ref,
                               const void *bytes, size_t len);
MUST_USE int port_reply_error(struct buffer *out, int64_t ref, int code);
/** The event that asks about count processes. */
MUST_USE int port_event_processes(struct buffer *out, const char *const *pids,
                                  size_t count);
/** #{report => the JSON report's shape as a map, recording => bytes}. */
MUST_USE int port_reply_result(struct buffer *out, int64_t ref,
                               const struct profile *p, const void *recording,
                               size_t recording_len);

/** A comparison as it was rendered. */
struct port_diff {
    const void *text;
    size_t text_len;
    const char *sentence; /**< what changed */
    bool grew;
};

/** #{text => bytes, grew => grew, report => the JSON diff's shape as a map}. */
MUST_USE int port_reply_diff(struct buffer *out, int64_t ref,
                             const struct diff *d,
                             const struct port_diff *rendered);

/** Framing: one packet from fd into packet (cleared first). 1, 0 at a clean
 *  EOF, or a negative error. Blocks. */
MUST_USE int port_read_packet(int fd, struct buffer *packet);
MUST_USE int port_write_all(int fd, const void *bytes, size_t len);

#endif
