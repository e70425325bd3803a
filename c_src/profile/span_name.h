/**
 * @file span_name.h
 * The name of a span: its event, such as "[:phoenix, :router_dispatch]", and
 * after one space what distinguishes spans of this event, such as
 * "GET /users/:id".
 */
#ifndef CPROF_PROFILE_SPAN_NAME_H
#define CPROF_PROFILE_SPAN_NAME_H

#include <stdbool.h>
#include <stddef.h>

/** The bytes of the event: up to the first "]" before a space, or all. */
size_t span_name_event(const char *name);
/** Does a user mean this span? `asked` is its name, its event, or what follows
 *  the event. */
bool span_name_is(const char *name, const char *asked);
/** The same for any of several. */
bool span_name_is_any(const char *name, const char *const *asked, size_t n);

#endif
