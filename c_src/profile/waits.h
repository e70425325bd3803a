/**
 * @file waits.h
 * Who is waited for, in a recording of process time (event wall). A stack whose
 * process waits for an answer has a leaf frame that names the process which is
 * to answer: "[waits for my_server]" or "[waits for <0.123.0> (db_worker)]"; or
 * the port: "[waits for port spawn ffmpeg]".
 * This is computed from a profile alone, so also from a saved and filtered one.
 */
#ifndef CPROF_PROFILE_WAITS_H
#define CPROF_PROFILE_WAITS_H

#include "base/err.h"
#include "profile/longest.h"
#include "profile/profile.h"

#define WAITS_FOR     "[waits for "
#define WAITS_UNKNOWN WAITS_FOR "an unknown process]"
/** What such a frame names if it is no process, but a port or a socket; what
 *  port it is may follow ("port tcp_inet 127.0.0.1:5432"). */
#define WAITS_PORT   "port"
#define WAITS_SOCKET "socket"
/** The leaf frame of those that only wait for a time to pass. */
#define WAITS_SLEEPS "[receive ... after]"
/** One of the processes beyond those that have a frame of their own. */
#define WAITS_MANY WAITS_FOR "one of many processes]"

enum {
    WAITS_TEXT = 1200, /* bytes of the name of such a frame: any atom fits */
    WAITS_SITES = 3,
};

/** The name of the leaf frame of those that wait for a process. A registered
 *  name is shown as text reports show it, without "Elixir.".
 *  @param name  "" if it is not registered; then pid is shown
 *  @param is    what the process is: its label or initial call, or "" */
void waits_text(const char *name, const char *pid, const char *is,
                char text[WAITS_TEXT]);

/** Is it, without "[waits for ]", a port or a socket? */
bool waits_is_port(const char *name);

/** A process that others waited for; those that had the same registered name
 *  one after the other are one. Or ports of the same description. */
struct waits_row {
    char *name;       /**< as in the frame; owned */
    bool unknown;     /**< WAITS_UNKNOWN or WAITS_MANY */
    bool port;        /**< it is no process, but a port or a socket */
    uint64_t ns;      /**< process time that was spent waiting for it */
    uint64_t samples; /**< in which somebody waited for it */
    uint32_t most;    /**< that waited for it at one reading; 0: not known,
                           because not all processes were read each time, or
                           this is a part of the recording */
    struct longest sites[WAITS_SITES]; /**< where most of it was spent */
    unsigned site_count;
    /** What it did itself. */
    uint32_t process; /**< PROFILE_NONE: it was not seen; one of them, if
                           several had the name */
    uint64_t own_ns;  /**< process time in which it was seen; 0: it was not */
    uint64_t own_samples;
    uint64_t own_by_state[STATE_COUNT];
    enum sample_state usual; /**< the state in which it was longest */
    uint32_t usual_function; /**< where, most of that time: the application's
                                  function if there is one; or PROFILE_NONE */
    uint32_t waits_for;      /**< the row of the process that it waited for
                                  longest; PROFILE_NONE: none */
    uint64_t waits_for_ns;
};

struct waits {
    struct waits_row *rows; /**< sorted by ns, the longest first */
    size_t count;
};

/** 0 or -ENOMEM; deinit in any case. There are no rows unless the profile is of
 *  process time. */
MUST_USE int waits_find(const struct profile *p, struct waits *out);
void waits_deinit(struct waits *w);

/** The end of the chain of those that wait for each other. */
struct waits_cause {
    uint32_t first;  /**< the row that is waited for longest, and known */
    uint32_t row;    /**< the last of the chain; PROFILE_NONE: there is none */
    unsigned length; /**< rows of the chain; 1: the first waits for nobody */
    unsigned circle; /**< of these, how many at the end form a circle: the last
                          waits for the first of them; 0: none */
    bool deadlock;   /**< those on the circle did nothing else */
};

/**
 * Begins with the first row that is known, and goes on to the one for which it
 * waits, if it does so for more than half of its time, and so on. There is no
 * chain if on average less than half a process waits for the first row, or if
 * too few samples say so.
 * @param duration_ns  of the recording
 */
struct waits_cause waits_explain(const struct waits *w, uint64_t duration_ns);
/** "none", "waiting", "circle" or "deadlock". */
const char *waits_kind(const struct waits_cause *cause);

#endif
