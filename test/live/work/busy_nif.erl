%% The Erlang side of busy_nif.c. All arguments are microseconds of CPU (wait_*
%% and doze_*: of time).
-module(busy_nif).
-export([load/1, thread_ns/0, node_ns/0, burn/1, burn_dirty_cpu/1, burn_dirty_io/1, wait_io/1,
         wait_here/1, wait_by_jump/1, doze_by_jump/1]).

load(Dir) ->
    ok = erlang:load_nif(filename:join(Dir, "busy_nif"), 0).

%% CPU clocks of this thread and of all threads of the node.
thread_ns() -> erlang:nif_error(not_loaded).
node_ns() -> erlang:nif_error(not_loaded).

burn(_) -> erlang:nif_error(not_loaded).
burn_dirty_cpu(_) -> erlang:nif_error(not_loaded).
burn_dirty_io(_) -> erlang:nif_error(not_loaded).
wait_io(_) -> erlang:nif_error(not_loaded).

%% On a normal scheduler, which is blocked meanwhile.
wait_here(_) -> erlang:nif_error(not_loaded).
wait_by_jump(_) -> erlang:nif_error(not_loaded).
doze_by_jump(_) -> erlang:nif_error(not_loaded).
