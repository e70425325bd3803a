%% Workloads whose CPU time is known by the piece: each burns so many
%% microseconds in a NIF, which tells how many they were.
%%
%%   messages  one gen_server, all that 1,000 clients wait for; its handlers
%%             burn, and so do the clients now and then
%%   dirty     one process that burns on normal and on dirty schedulers
%%   own       20 processes, each with a root function of its own
%%
%% Commands on stdin: as for known_work; "roots" prints "PID ROOT" lines of
%% `own` and "end".
-module(known_burns).
-behaviour(gen_server).
-export([start/1, client/2, dirty/1, init/1, handle_call/3, handle_cast/2]).
-export([own/3]).

-define(CLIENTS, 1000).
-define(OWN, 20).

start([Dir, Set]) ->
    busy_nif:load(Dir),
    Pieces = pieces(Set),
    Counts = counters:new(length(Pieces) + 1, [write_concurrency]),
    persistent_term:put(?MODULE, {Counts, maps:from_list(numbered(Pieces))}),
    Pids = begin_work(Set),
    io:format("ready ~s~n", [os:getpid()]),
    commands(Pieces, Counts, Pids).

%% {piece, microseconds}
pieces("messages") -> [{get, 60}, {put, 100}, {scan, 240}, {client, 10}];
pieces("dirty") -> [{normal, 300}, {dirty_cpu, 500}, {dirty_io, 200}];
pieces("own") -> [{list_to_atom("own" ++ integer_to_list(N)), 100 + 10 * N} || N <- lists:seq(1, ?OWN)].

numbered(Pieces) ->
    [{Piece, {N, Us}} || {N, {Piece, Us}} <- lists:enumerate(Pieces)].

begin_work("messages") ->
    {ok, Server} = gen_server:start({local, known_server}, ?MODULE, [], []),
    [spawn(?MODULE, client, [Server, N]) || N <- lists:seq(1, ?CLIENTS)];
begin_work("dirty") ->
    [spawn(?MODULE, dirty, [0])];
begin_work("own") ->
    Made = own_module(),
    [spawn(Made, Piece, []) || {Piece, _} <- pieces("own")].

commands(Pieces, Counts, Pids) ->
    case io:get_line("") of
        "reset\n" ->
            [counters:put(Counts, N, 0) || N <- lists:seq(1, length(Pieces) + 1)],
            io:format("ok~n");
        "truth\n" ->
            [io:format("~s ~b~n", [Piece, counters:get(Counts, N)]) ||
                {Piece, {N, _}} <- numbered(Pieces)],
            io:format("end~n");
        "rounds\n" ->
            %% what they burnt, in nanoseconds
            io:format("~b~n", [lists:sum([counters:get(Counts, N) || N <- lists:seq(1, length(Pieces))])]);
        "roots\n" ->
            [io:format("~p ~s~n", [Pid, Piece]) || {Pid, {Piece, _}} <- lists:zip(Pids, Pieces)],
            io:format("end~n");
        eof ->
            halt()
    end,
    commands(Pieces, Counts, Pids).

burn(Piece) -> burn(Piece, burn).

burn(Piece, How) ->
    {Counts, #{Piece := {N, Us}}} = persistent_term:get(?MODULE),
    counters:add(Counts, N, busy_nif:How(Us)).

%% --- messages ------------------------------------------------------------

client(Server, N) ->
    ok = gen_server:call(Server, element(1 + N rem 3, {get, put, scan}), infinity),
    client_piece(),
    client(Server, N + 1).

client_piece() -> burn(client), ok.

init([]) -> {ok, none}.

handle_call(get, _, State) -> get_piece(), {reply, ok, State};
handle_call(put, _, State) -> put_piece(), {reply, ok, State};
handle_call(scan, _, State) -> scan_piece(), {reply, ok, State}.

handle_cast(_, State) -> {noreply, State}.

get_piece() -> burn(get), ok.
put_piece() -> burn(put), ok.
scan_piece() -> burn(scan), ok.

%% --- dirty schedulers ----------------------------------------------------

dirty(N) ->
    normal_piece(),
    dirty_cpu_piece(),
    dirty_io_piece(),
    dirty(N + 1).

normal_piece() -> burn(normal), ok.
dirty_cpu_piece() -> burn(dirty_cpu, burn_dirty_cpu), ok.
dirty_io_piece() -> burn(dirty_io, burn_dirty_io), ok.

%% --- a root function for each process -------------------------------------

own_module() ->
    Texts = ["-module(own_roots).", "-compile(export_all)." |
        [io_lib:format("~s() -> known_burns:own(~s, 7, fun ~s_piece/0), ~s().", [P, P, P, P]) || {P, _} <- pieces("own")] ++
        [io_lib:format("~s_piece() -> known_burns:own(~s, 0, none), ok.", [P, P]) || {P, _} <- pieces("own")]],
    {ok, own_roots, Code} = compile:forms([form(Text) || Text <- Texts], [nowarn_export_all]),
    {module, own_roots} = code:load_binary(own_roots, "own_roots.erl", Code),
    own_roots.

form(Text) ->
    {ok, Tokens, _} = erl_scan:string(lists:flatten(Text)),
    {ok, Form} = erl_parse:parse_form(Tokens),
    Form.

%% Some frames deep, then the piece.
own(Piece, 0, none) -> burn(Piece), ok;
own(_, 0, Fun) -> Fun(), ok;
own(Piece, N, Fun) -> own(Piece, N - 1, Fun), ok.
