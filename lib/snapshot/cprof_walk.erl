%% Walks over all processes of the node: by the NIF (cprof_walk_nif) or, if that is
%% refused or not wanted, by BIFs (cprof_walk_bif). Only this module decides between
%% the two.
-module(cprof_walk).

-export([read/4]).

-export_type([answer/0, walk/0, memory/0]).

-type walk() :: cprof_walk_nif:walk() | cprof_walk_bif:walk().
-type answer() :: #{
    source := nif | bif,
    %% why not by the NIF
    reason := binary() | undefined,
    walk := walk()
}.
%% What the same caller's next walk needs to know of this one. The NIF remembers
%% its own.
-type memory() :: cprof_walk_bif:memory() | undefined.

%% Lists have at most Top rows; the NIF's have fewer when Top is large. The
%% config is for a walk through BIFs, except `heaps', which is for both.
-spec read(auto | bif, pos_integer(), cprof_walk_bif:config(), memory()) -> {answer(), memory()}.
read(auto, Top, Config, Memory) ->
    case cprof_walk_nif:read(Top, maps:get(heaps, Config, false)) of
        {ok, Walk} -> {#{source => nif, reason => undefined, walk => Walk}, undefined};
        {refused, Reason} -> read_bif(Reason, Top, Config, Memory)
    end;
read(bif, Top, Config, Memory) ->
    read_bif(<<"option source is bif">>, Top, Config, Memory).

read_bif(Reason, Top, Config, Memory) ->
    {Walk, Next} = cprof_walk_bif:read(Top, Memory, Config),
    {#{source => bif, reason => Reason, walk => Walk}, Next}.
