%% Iterates over all processes of the node in chunks. Since OTP 28 this needs no
%% list of all processes.
-module(cprof_processes).

-export([all/0, take/2]).

-export_type([source/0]).

-opaque source() :: {list, [pid()]} | {iterator, term()}.

-spec all() -> source().
all() ->
    case erlang:function_exported(erlang, processes_iterator, 0) of
        true -> {iterator, apply(erlang, processes_iterator, [])};
        false -> {list, erlang:processes()}
    end.

%% The next Count of them; [] at the end.
-spec take(pos_integer(), source()) -> {[pid()], source()}.
take(Count, Source) -> take(Count, Source, []).

take(0, Source, Taken) ->
    {Taken, Source};
take(_, {list, []} = Source, Taken) ->
    {Taken, Source};
take(Count, {list, [Pid | Rest]}, Taken) ->
    take(Count - 1, {list, Rest}, [Pid | Taken]);
take(Count, {iterator, Iterator}, Taken) ->
    case apply(erlang, processes_next, [Iterator]) of
        {Pid, Next} -> take(Count - 1, {iterator, Next}, [Pid | Taken]);
        none -> {Taken, {list, []}}
    end.
