%% What several test modules need: waiting for what must come, and processes that
%% only live or only answer.
-module(cprof_test_support).

-include_lib("eunit/include/eunit.hrl").

-export([until/1, eventually/1, at_once/1, aside/1, forever/0]).

-define(PATIENCE_MS, 60000).

%% Returns once Check gives true.
until(Check) -> until(Check, deadline()).

until(Check, Deadline) ->
    case Check() of
        true ->
            ok;
        Other ->
            is_early(Deadline) orelse error({never, Other}),
            timer:sleep(5),
            until(Check, Deadline)
    end.

%% Returns once both halves of what Check gives are equal, what is and what should be.
eventually(Check) -> eventually(Check, deadline()).

eventually(Check, Deadline) ->
    case Check() of
        {Is, Is} ->
            ok;
        {Is, Should} ->
            is_early(Deadline) orelse ?assertEqual(Should, Is),
            timer:sleep(5),
            eventually(Check, Deadline)
    end.

deadline() -> erlang:monotonic_time(millisecond) + ?PATIENCE_MS.

is_early(Deadline) -> erlang:monotonic_time(millisecond) < Deadline.

%% What functions return that each run in a process of their own, all begun at once.
at_once(Funs) ->
    Tag = make_ref(),
    Monitors = [element(2, spawn_monitor(fun() -> exit({Tag, Fun()}) end)) || Fun <- Funs],
    [
        receive
            {'DOWN', Monitor, process, _, {Tag, Answer}} -> Answer;
            {'DOWN', Monitor, process, _, Reason} -> error(Reason)
        end
     || Monitor <- Monitors
    ].

aside(Fun) ->
    [Answer] = at_once([Fun]),
    Answer.

forever() ->
    receive
        stop -> ok
    end.
