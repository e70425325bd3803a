/**
 * @file symbols_mangled.h
 * Names of C++ functions, as far as the emulator has them: plain functions
 * and members of namespaces and classes.
 */
#ifndef CPROF_SYMBOLS_SYMBOLS_MANGLED_H
#define CPROF_SYMBOLS_SYMBOLS_MANGLED_H

/** "_ZN4beam3runEi" -> "beam::run"; pure, in place. What is no mangled name,
 *  or more than names (templates, operators, ...), stays as it is. */
void symbols_mangled_name(char *name);

#endif
