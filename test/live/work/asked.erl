%% Servers that do not answer, and who waits for them:
%%
%%   CALLERS by name, CALLERS by pid, each half with a time limit -> db
%%   5 buyers -> cart -> stock -> db
%%   one poker -> left <-> right <- one poker
%%   2 -> db with gen_server2
%%   3 -> a gen_statem, 2 -> a gen_event, neither with a time limit
%%   some that ask db about another process: by its name or its global name, with a time limit or without
%%
%% `quiet': servers that nobody asks. On stdin: `truth' prints whom each waiting process monitors.
-module(asked).
-behaviour(gen_server).
-export([start/1, init/1, handle_call/3, handle_cast/2, callback_mode/0, waits/3, handle_event/2]).
-export([timed/1, endless/1, rabbit/1, buyer/1, poker/1, of_statem/1, of_event/1, about/2, about_global/2, about_in_time/2]).

start(["planted", Callers]) ->
    N = list_to_integer(Callers),
    Db = server(db, stuck),
    yes = global:register_name(db, Db),
    server(stock, {asks, db}),
    Stock = whereis(stock),
    server(cart, {asks, Stock}),
    server(left, {asks, right}),
    server(right, {asks, left}),
    {ok, Statem} = gen_statem:start(?MODULE, statem, []),
    {ok, Event} = gen_event:start(),
    ok = gen_event:add_handler(Event, ?MODULE, event),
    All =
        [spawn(?MODULE, Fun, [Whom]) || Fun <- [timed, endless], Whom <- [db, Db], _ <- lists:seq(1, N div 2)] ++
            [spawn(?MODULE, rabbit, [Whom]) || Whom <- [db, Db]] ++
            [spawn(?MODULE, buyer, [cart]) || _ <- lists:seq(1, 5)] ++
            [spawn(?MODULE, poker, [Whom]) || Whom <- [left, right]] ++
            [spawn(?MODULE, of_statem, [Statem]) || _ <- lists:seq(1, 3)] ++
            [spawn(?MODULE, of_event, [Event]) || _ <- lists:seq(1, 2)] ++
            [spawn(?MODULE, Fun, [db, Statem]) || Fun <- [about, about_global, about_in_time]],
    until(fun() -> lists:all(fun asks/1, [whereis(Name) || Name <- [stock, cart, left, right]] ++ All) end),
    io:format("ready ~s~n", [os:getpid()]),
    talk();
start(["quiet"]) ->
    [server(Name, stuck) || Name <- [db, stock, cart]],
    io:format("ready ~s~n", [os:getpid()]),
    talk().

server(Name, How) ->
    {ok, Pid} = gen_server:start({local, Name}, ?MODULE, How, []),
    Pid.

until(Fun) -> Fun() orelse begin timer:sleep(10), until(Fun) end.

asks(Pid) ->
    process_info(Pid, [status, current_function]) =:= [{status, waiting}, {current_function, {gen, do_call, 4}}].

talk() ->
    case io:get_line("") of
        "truth\n" ->
            [io:format("~s ~s~n", [name(Whom), F]) || Pid <- processes(), asks(Pid), {Whom, F} <- [truth(Pid)]],
            io:format("end~n");
        eof ->
            halt()
    end,
    talk().

%% Whom it asks, and the function of this module that does.
truth(Pid) ->
    [{monitors, Monitors}, {current_stacktrace, Frames}] = process_info(Pid, [monitors, current_stacktrace]),
    [Whom] = [Whom || {process, Whom} <- Monitors],
    [F | _] = [io_lib:format("~s:~s/~w", [?MODULE, F, A]) || {?MODULE, F, A, _} <- Frames],
    {Whom, F}.

name(Name) when is_atom(Name) -> name(whereis(Name));
name(Pid) -> pid_to_list(Pid).

%% --- servers ---

init(statem) -> {ok, waits, []};
init(How) -> {ok, How}.

callback_mode() -> state_functions.

handle_call(_, _, {asks, Whom}) -> {reply, gen_server:call(Whom, work, infinity), {asks, Whom}};
handle_call(_, _, stuck) -> never().

handle_cast(_, State) -> {noreply, State}.

waits({call, _}, _, _) -> never().

handle_event(_, event) -> never().

never() ->
    receive
        never -> ok
    end.

%% --- who asks them ---

timed(Whom) -> ok(gen_server:call(Whom, work, 3600000)).
endless(Whom) -> ok(gen_server:call(Whom, {work, self()}, infinity)).
rabbit(Whom) -> ok(gen_server2:call(Whom, work, infinity)).
buyer(Whom) -> ok(gen_server:call(Whom, work, infinity)).
poker(Whom) -> ok(gen_server:call(Whom, work, 3600000)).
of_statem(Whom) -> ok(gen_statem:call(Whom, work, infinity)).
of_event(Whom) -> ok(gen_event:sync_notify(Whom, work)).
about(Whom, Other) -> ok(gen_server:call(Whom, Other, infinity)).
about_global(Whom, Other) -> ok(gen_server:call({global, Whom}, Other, infinity)).
about_in_time(Whom, Other) -> ok(gen_server:call({global, Whom}, Other, 3600000)).

ok(Answer) -> {ok, Answer}.
