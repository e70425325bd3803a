/**
 * @file initial_call.h
 * Spells initial calls the way that people write them. Pure.
 *   "shop:init/1"                  -> shop:init/1
 *   "'Elixir.My.Server':init/1"    -> My.Server.init/1
 *   "supervisor:shop_sup/1"        -> shop_sup:init/1
 * The last one is a supervisor: proc_lib notes its callback module as if it
 * were a function of supervisor.
 */
#ifndef CPROF_RECORDER_INITIAL_CALL_H
#define CPROF_RECORDER_INITIAL_CALL_H

enum { INITIAL_CALL_TEXT = 256 };

/** @param vm_name  a function as the VM writes it; any other text is copied
 *  @param text  the result, cut after a whole character if it is too long */
void initial_call_spell(const char *vm_name, char text[INITIAL_CALL_TEXT]);

#endif
