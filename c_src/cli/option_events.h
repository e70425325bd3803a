/**
 * @file option_events.h
 * What the events of a recording allow: rates, and the options that are only
 * for some of them.
 */
#ifndef CPROF_CLI_OPTION_EVENTS_H
#define CPROF_CLI_OPTION_EVENTS_H

#include "cli/options.h"

/** The first event of a set that is not empty, in the order of event.h. */
enum event option_events_first(unsigned events);
/** The rate of an event: if it is the first one, the rate that was given, if
 *  any; or else its default. */
unsigned option_events_rate(const struct options *o, enum event event);
/** An option that the events of the recording do not allow; NULL: there is
 *  none. Sets its value, and why it is not allowed. */
const char *option_events_refuse(const struct options *o, const char **value,
                                 const char **why);

#endif
