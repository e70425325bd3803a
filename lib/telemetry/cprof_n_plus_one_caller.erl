%% From which line of the application a query was made: that of the first function on the
%% stack that is neither of a library between the application and its database, nor one
%% that only calls functions for others (Enum, Task).
-module(cprof_n_plus_one_caller).

-export([prepare/0, of_query/1, is_between/1, restore_depth/0]).

%% These modules, and those whose names begin with one of these names and a point.
-define(BETWEEN, [
    "cprof_n_plus_one_caller", "cprof_n_plus_one_table", "cprof_n_plus_one", "cprof_spans_handler", "telemetry",
    "Elixir.Ecto", "Elixir.EctoSQL", "Elixir.DBConnection", "Elixir.Postgrex", "Elixir.MyXQL", "Elixir.Tds",
    "Elixir.Exqlite", "epgsql", "mysql", "poolboy",
    "Elixir.Enum", "Elixir.Enumerable", "Elixir.Stream", "Elixir.Task", "Elixir.Process", "Elixir.GenServer",
    "Elixir.Agent", "erlang", "lists", "maps", "timer", "proc_lib", "gen", "gen_server", "gen_statem"
]).

%% How many functions of a stack are looked at: the most that the VM gives.
-define(DEPTH, 64).
-define(USUAL_DEPTH, 8).
%% Of atomics among the persistent terms: which process has raised the depth (0: none),
%% and what it was before.
-define(LOCK, {?MODULE, backtrace_depth}).
-define(HOLDER, 1).
-define(BEFORE, 2).

%% Before the first of_query/1.
-spec prepare() -> ok.
prepare() ->
    case persistent_term:get(?LOCK, none) of
        none ->
            Lock = atomics:new(2, []),
            ok = atomics:put(Lock, ?BEFORE, ?USUAL_DEPTH),
            persistent_term:put(?LOCK, Lock);
        _ ->
            restore_depth()
    end,
    %% Learns the depth, in case the first that raises it is killed before it has noted it.
    _ = stack(#{}),
    ok.

%% From the metadata of its event: Ecto adds a stack if it is asked to (the option
%% `stacktrace' of the repository). Otherwise from the stack of the calling process.
%% `undefined' if all known functions of the stack are left out.
-spec of_query(map()) -> binary() | undefined.
of_query(Metadata) ->
    %% Its functions (all/2, get/3) are made by Ecto.
    Repo = maps:get(repo, Metadata, undefined),
    case [Frame || {Module, _, _, _} = Frame <- stack(Metadata), Module =/= Repo, not is_between(Module)] of
        [{Module, Function, Arity, Where} | _] ->
            cprof_words:frame(written(atom_to_list(Function), {Module, Function, Arity, Where}));
        [] ->
            undefined
    end.

stack(#{stacktrace := [_ | _] = Stack}) ->
    Stack;
stack(_) ->
    Lock = persistent_term:get(?LOCK),
    case atomics:compare_exchange(Lock, ?HOLDER, 0, number(self())) of
        ok -> deep_stack(Lock);
        _ -> own_stack()
    end.

%% By itself the VM gives 8 functions, which are those of telemetry and Ecto. The depth is
%% one number for the node: for these microseconds, exceptions elsewhere have longer
%% stacks, too.
deep_stack(Lock) ->
    Depth = erlang:system_flag(backtrace_depth, ?DEPTH),
    atomics:put(Lock, ?BEFORE, Depth),
    Stack = own_stack(),
    _ = erlang:system_flag(backtrace_depth, Depth),
    atomics:put(Lock, ?HOLDER, 0),
    Stack.

%% If the process that has raised the depth was killed before it set it back: does that in
%% its place.
-spec restore_depth() -> ok.
restore_depth() ->
    Lock = persistent_term:get(?LOCK),
    case atomics:get(Lock, ?HOLDER) of
        0 -> ok;
        Holder -> is_process_alive(process(Holder)) orelse restore_depth(Lock, Holder)
    end,
    ok.

restore_depth(Lock, Holder) ->
    case atomics:compare_exchange(Lock, ?HOLDER, Holder, number(self())) of
        ok ->
            _ = set_back(erlang:system_flag(backtrace_depth, atomics:get(Lock, ?BEFORE))),
            atomics:put(Lock, ?HOLDER, 0);
        _ ->
            ok
    end.

%% It had not been raised yet, or somebody has set it since.
set_back(?DEPTH) -> ok;
set_back(Other) -> erlang:system_flag(backtrace_depth, Other).

%% A local pid is two numbers of 28 and at most 32 bits. No process that executes an event
%% is <0.0.0>.
number(Pid) ->
    [_, Number, Serial] = string:lexemes(pid_to_list(Pid), "<.>"),
    list_to_integer(Number) bor (list_to_integer(Serial) bsl 28).

process(Number) ->
    Parts = [Number band ((1 bsl 28) - 1), Number bsr 28],
    list_to_pid(lists:flatten(io_lib:format("<0.~b.~b>", Parts))).

own_stack() ->
    {current_stacktrace, Stack} = erlang:process_info(self(), current_stacktrace),
    Stack.

%% The function in which a fun or a comprehension is written: -list/1-fun-0-
written([$- | Text], {Module, _, _, Where} = Frame) ->
    case re:run(Text, "^(.+?)/([0-9]+)-", [{capture, all_but_first, list}, unicode]) of
        {match, [Name, Arity]} -> in_function(Name, {Module, list_to_integer(Arity), Where}, Frame);
        nomatch -> Frame
    end;
written(_, Frame) ->
    Frame.

%% No atom is made: the function may have been inlined, so that its name is not an atom.
in_function(Name, {Module, Arity, Where}, Frame) ->
    try list_to_existing_atom(Name) of
        Function -> {Module, Function, Arity, Where}
    catch
        error:badarg -> Frame
    end.

-spec is_between(module()) -> boolean().
is_between(Module) ->
    Name = atom_to_list(Module),
    lists:any(fun(Of) -> Name =:= Of orelse lists:prefix(Of ++ ".", Name) end, ?BETWEEN).
