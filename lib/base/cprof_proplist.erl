%% Options as users of Erlang give them: as a map, or as a proplist of pairs. Pure.
-module(cprof_proplist).

-export([to_map/1]).

%% Of an option that is given twice, the last value counts. What is neither a map nor a
%% list of pairs stays as it is; whoever checks the options refuses it.
-spec to_map(term()) -> map() | term().
to_map(Options) when is_list(Options) ->
    try
        maps:from_list(Options)
    catch
        error:badarg -> Options
    end;
to_map(Options) ->
    Options.
