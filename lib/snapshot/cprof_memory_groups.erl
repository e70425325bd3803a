%% How much memory the processes of each kind have, by their initial calls: estimated
%% from a sample in which each process is with a probability that follows its memory
%% (c_src/nif/walk_heaps.h). Exact if the sample has all processes. With BIFs, the sample may
%% itself be of a part of the processes, which then stands for all. Pure.
-module(cprof_memory_groups).

-export([estimate/3]).

-export_type([group/0]).

-type group() :: #{
    %% undefined: those that ended, or did not answer
    initial_call := mfa() | undefined,
    %% heaps with their fragments
    bytes := non_neg_integer(),
    %% with 95 % certainty, it is no further than this from the truth
    error_bytes := non_neg_integer(),
    processes := non_neg_integer(),
    sampled := pos_integer()
}.

-define(Z_95, 1.96).

%% `Times': how many processes each one stands for that could be in the sample. The most
%% memory first.
-spec estimate([cprof_walk_nif:sampled()], #{pid() => mfa() | undefined}, Times :: float()) -> [group()].
estimate(Sample, Calls, Times) ->
    ByCall = maps:groups_from_list(fun({Pid, _, _}) -> maps:get(Pid, Calls, undefined) end, Sample),
    Groups = [group(Call, Rows, Times) || {Call, Rows} <- maps:to_list(ByCall)],
    lists:sort(fun(#{bytes := A}, #{bytes := B}) -> A >= B end, Groups).

group(Call, Rows, Times) ->
    #{
        initial_call => Call,
        bytes => round(Times * lists:sum([max(Bytes, Threshold) || {_, Bytes, Threshold} <- Rows])),
        error_bytes => round(?Z_95 * math:sqrt(lists:sum([variance(Row, Times) || Row <- Rows]))),
        processes => round(Times * lists:sum([stands_for(Row) || Row <- Rows])),
        sampled => length(Rows)
    }.

%% What one process of the sample adds to the variance: an unbiased estimate. The second
%% part is that of the choice of those that could be in the sample.
variance({_, Bytes, Threshold}, Times) ->
    Times * Times * Threshold * max(0, Threshold - Bytes) + Times * (Times - 1) * Bytes * max(Bytes, Threshold).

stands_for({_, Bytes, Threshold}) -> max(1, Threshold / Bytes).
