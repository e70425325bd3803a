%% An application, `tills', with a supervisor and its children.
%% On stdin: `truth' prints a line for each process, "PID APPLICATION CHILD_ID", with "-" where there is none; `node'
%% prints what cprof could have changed here: hidden nodes, atoms, loaded modules; `block' has the supervisor start a
%% child that is not ready before `unblock'; `mailbox' prints how many messages wait for the supervisor.
-module(tills).
-export([start/0, start/2, stop/1, start_link/1, init/1, handle_continue/2, handle_call/3, handle_cast/2]).

start() ->
    %% What a node loads when it is connected for the first time, whoever does it.
    [{module, _} = code:ensure_loaded(Module) || Module <- [dist_util, string, unicode_util]],
    Facts = [{vsn, "1"}, {modules, [?MODULE]}, {registered, []}, {applications, [kernel, stdlib]}, {mod, {?MODULE, []}}],
    ok = application:load({application, ?MODULE, Facts}),
    ok = application:start(?MODULE),
    {ok, _} = gen_server:start({local, of_no_application}, ?MODULE, till, []),
    io:format("ready ~s~n", [os:getpid()]),
    talk().

talk() ->
    case io:get_line("") of
        "truth\n" ->
            Ids = [{Pid, Id} || Supervisor <- supervisors(), {Id, Pid, _, _} <- supervisor:which_children(Supervisor)],
            [io:format("~p ~s ~s~n", [Pid, application(Pid), id(Pid, Ids)]) || Pid <- processes()],
            io:format("end~n");
        "node\n" ->
            Modules = lists:sort([atom_to_list(Module) || {Module, _} <- code:all_loaded()]),
            io:format("~w ~w ~s~n", [
                nodes(hidden), erlang:system_info(atom_count), lists:join($,, Modules)
            ]);
        "block\n" ->
            Parent = self(),
            spawn(fun() -> supervisor:start_child(tills_sup, spec(late, {wait_for, Parent})) end),
            receive
                {here, Pid} -> put(late, Pid)
            end,
            io:format("blocked~n");
        "unblock\n" ->
            get(late) ! go_on,
            _ = supervisor:which_children(tills_sup),
            io:format("unblocked~n");
        "mailbox\n" ->
            {message_queue_len, N} = process_info(whereis(tills_sup), message_queue_len),
            io:format("~w~n", [N]);
        eof ->
            halt()
    end,
    talk().

supervisors() ->
    [Pid || Pid <- processes(), {supervisor, _, 1} <- [proc_lib:translate_initial_call(Pid)]].

application(Pid) ->
    {group_leader, Leader} = process_info(Pid, group_leader),
    case {process_info(Leader, group_leader), application:get_application(Pid)} of
        {{group_leader, Leader}, {ok, Application}} -> atom_to_list(Application);
        _ -> "-"
    end.

id(Pid, Ids) ->
    case proplists:get_value(Pid, Ids, undefined) of
        undefined -> "-";
        Id when is_atom(Id) -> atom_to_list(Id);
        Id -> io_lib:format("~tw", [Id])
    end.

%% --- the application ---

start(_, _) -> supervisor:start_link({local, tills_sup}, ?MODULE, sup).

stop(_) -> ok.

spec(Id, Argument) -> #{id => Id, start => {?MODULE, start_link, [Argument]}, restart => temporary}.

start_link(Argument) -> gen_server:start_link(?MODULE, Argument, []).

init(sup) ->
    {ok, {#{}, [spec({till, N}, till) || N <- lists:seq(1, 3)] ++ [spec(cook, till)]}};
init(till) ->
    {ok, till, {continue, wait}};
init({wait_for, Parent}) ->
    Parent ! {here, self()},
    receive
        go_on -> {ok, till, {continue, wait}}
    end.

%% Not where all servers wait.
handle_continue(wait, State) ->
    receive
        never -> {noreply, State}
    end.

handle_call(_, _, State) -> {reply, State, State}.

handle_cast(_, State) -> {noreply, State}.
