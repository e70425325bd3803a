%% A gen_statem that burns CPU: see peoples.
-module(peoples_statem).
-behaviour(gen_statem).
-export([start/0, init/1, callback_mode/0, burning/3]).

start() -> gen_statem:start(?MODULE, [], []).

init([]) -> {ok, burning, none, [{state_timeout, 0, burn}]}.

callback_mode() -> state_functions.

burning(state_timeout, burn, none) ->
    lists:sum([length(lists:seq(1, 100)) || _ <- lists:seq(1, 50)]),
    {keep_state_and_data, [{state_timeout, 0, burn}]}.
