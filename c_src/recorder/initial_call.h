/**
 * @file initial_call.h
 * Initial calls as people know them. Pure.
 *   "shop:init/1"                  -> shop:init/1
 *   "'Elixir.My.Server':init/1"    -> My.Server.init/1
 *   "supervisor:shop_sup/1"        -> shop_sup:init/1
 * The last is how proc_lib notes a supervisor: by its callback module.
 */
#ifndef CPROF_RECORDER_INITIAL_CALL_H
#define CPROF_RECORDER_INITIAL_CALL_H

enum { INITIAL_CALL_TEXT = 256 };

/** @param vm_name  as the VM writes functions; any other text stays as it is */
void initial_call_spell(const char *vm_name, char text[INITIAL_CALL_TEXT]);

#endif
