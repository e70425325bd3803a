%% Processes as OTP starts them, whose callbacks burn CPU and make garbage: 30
%% gen_servers of one kind, a registered one, a supervised one, a gen_statem,
%% plain processes, with labels and without.
-module(peoples).
-behaviour(gen_server).
-export([start/1, init/1, handle_call/3, handle_cast/2, handle_info/2, worker/0]).

-define(SESSIONS, 30).

start(_) ->
    [{ok, _} = gen_server:start(?MODULE, session, []) || _ <- lists:seq(1, ?SESSIONS)],
    {ok, _} = gen_server:start({local, the_registered}, ?MODULE, session, []),
    {ok, Top} = supervisor:start_link({local, peoples_top}, ?MODULE, top),
    unlink(Top),
    {ok, _} = peoples_statem:start(),
    Plain = [spawn(fun() -> labelled({till, N, "two words"}) end) || N <- lists:seq(1, 2)],
    [spawn(fun() -> worker() end) || _ <- lists:seq(1, 3)],
    [proc_lib:spawn(?MODULE, worker, []) || _ <- lists:seq(1, 3)],
    io:format("ready ~s~n", [os:getpid()]),
    io:format("~s~n", [pid_to_list(hd(Plain))]),
    io:get_line(""),
    halt().

init(top) ->
    {ok, {#{}, [#{id => till, start => {gen_server, start_link, [?MODULE, session, []]}}]}};
init(session) ->
    %% So many entries that some share a slot.
    [put({entry, N}, N) || N <- lists:seq(1, 60)],
    self() ! burn,
    {ok, []}.

handle_call(_, _, State) -> {reply, ok, State}.
handle_cast(_, State) -> {noreply, State}.
handle_info(burn, State) ->
    burn(),
    self() ! burn,
    {noreply, State}.

labelled(Label) ->
    case erlang:function_exported(proc_lib, set_label, 1) of
        true -> proc_lib:set_label(Label);
        false -> put('$process_label', Label)
    end,
    worker().

worker() ->
    burn(),
    worker().

burn() ->
    lists:sum([length(lists:seq(1, 100)) || _ <- lists:seq(1, 50)]).
