/**
 * @file symbols_mangled.h
 * Demangles those kinds of C++ names that the emulator has: plain functions and
 * members of namespaces and classes.
 */
#ifndef CPROF_SYMBOLS_SYMBOLS_MANGLED_H
#define CPROF_SYMBOLS_SYMBOLS_MANGLED_H

/** "_ZN4beam3runEi" -> "beam::run"; pure, in place. A name that is not mangled,
 *  or has other parts (templates, operators, ...), is unchanged. */
void symbols_mangled_name(char *name);

#endif
