%% Owns a port to priv/cprof: a process that lives as long as the port program is
%% needed. It ends, and the program with it, when it is closed or when its owner
%% ends. When the program ends first, the process stays and says so to the next
%% caller.
-module(cprof_port).

-behaviour(gen_server).

-export([open/1, request/4, failed/1, close/1, os_pid/1]).
-export([start_program/1, os_pid_of/1, kill_program/1, close_port/1, ended/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-type failure() :: cprof_protocol:failure().
-type config() :: #{
    %% registered under this name
    name => atom(),
    %% ends with this process
    owner => pid(),
    %% the program may attach to this node: see cprof_nif:allow_tracer/1
    attaches => boolean(),
    %% the program has something to finish when this node ends, which waits for it
    finishes => boolean()
}.

-define(HELLO_MS, 10000).
-define(KILL_MS, 1000).

%% Starts the program and agrees on the protocol's version.
-spec open(config()) -> {ok, pid()} | {error, {already_started, pid()} | failure()}.
open(Config) ->
    try cprof_aside:has_room(1) andalso start(Config) of
        false -> {error, no_slot()};
        {error, {shutdown, Failure}} -> {error, Failure};
        Started -> Started
    catch
        error:system_limit -> {error, no_slot()}
    end.

start(#{name := Name} = Config) -> gen_server:start({local, Name}, ?MODULE, Config, []);
start(Config) -> gen_server:start(?MODULE, Config, []).

no_slot() ->
    {system_limit, <<
        "too few process slots of this node are free, and cprof leaves the last ones to the node; "
        "record from outside with the program `cprof`, or start the node with a larger +P"
    >>}.

-spec request(pid() | atom(), cprof_protocol:command(), map(), timeout()) ->
    {ok, term()} | {error, failure()}.
request(Server, Command, Args, Timeout) ->
    try
        gen_server:call(Server, {request, Command, Args}, Timeout)
    catch
        exit:{timeout, _} ->
            close(Server, {shutdown, unanswered}),
            {error, {timeout, <<"the sampler did not answer in time">>}};
        exit:_ ->
            {error, {not_started, <<"no recording is running">>}}
    end.

%% Has the program ended by itself?
-spec failed(pid()) -> boolean().
failed(Server) ->
    try
        gen_server:call(Server, failed)
    catch
        exit:_ -> true
    end.

%% The operating system process of the program; for tests and for inspection.
-spec os_pid(pid() | atom()) -> {ok, pos_integer()} | error.
os_pid(Server) ->
    try
        gen_server:call(Server, os_pid)
    catch
        exit:_ -> error
    end.

%% The end of its input tells the program to end.
-spec close(pid() | atom()) -> ok.
close(Server) -> close(Server, normal).

close(Server, Reason) ->
    try
        gen_server:stop(Server, Reason, infinity)
    catch
        exit:_ -> ok
    end.

init(Config) ->
    process_flag(trap_exit, true),
    _ = [erlang:monitor(process, Owner) || #{owner := Owner} <- [Config]],
    case start_program(["port"]) of
        {ok, Port} -> greet(Port, Config);
        {error, Failure} -> {stop, {shutdown, Failure}}
    end.

greet(Port, Config) ->
    Hello = #{version => cprof_protocol:version()},
    try
        port_command(Port, cprof_protocol:request(0, hello, Hello))
    catch
        %% A program that could not be run is gone already; its status follows.
        error:badarg -> true
    end,
    receive
        {Port, {data, Packet}} ->
            case cprof_protocol:reply(Packet) of
                {reply, 0, {ok, _}} -> {ok, greeted(Port, Config)};
                {reply, 0, {error, Failure}} -> not_greeted(Port, Failure);
                _ -> not_greeted(Port, stranger())
            end;
        {Port, {exit_status, Status}} ->
            not_greeted(Port, ended(Status))
    after ?HELLO_MS ->
        not_greeted(Port, {timeout, <<"the sampler did not answer in time">>})
    end.

not_greeted(Port, Failure) ->
    close_port(Port),
    {stop, {shutdown, Failure}}.

greeted(Port, Config) ->
    OsPid = os_pid_of(Port),
    Attaches = maps:get(attaches, Config, false),
    %% Not being allowed is no failure yet: most kernels need no permission,
    %% and the program says itself when it could not attach.
    _ = [cprof_native:allow_tracer(OsPid) || Attaches, is_integer(OsPid)],
    Finishes = maps:get(finishes, Config, false),
    _ = [cprof_native:wait_at_exit(OsPid) || Finishes, is_integer(OsPid)],
    #{
        port => Port,
        os_pid => OsPid,
        attaches => Attaches,
        finishes => Finishes,
        pending => #{},
        helpers => #{},
        next => 1,
        failure => none
    }.

%% Of the program at the other end of a port.
-spec os_pid_of(port()) -> pos_integer() | undefined.
os_pid_of(Port) ->
    case erlang:port_info(Port, os_pid) of
        {os_pid, OsPid} -> OsPid;
        undefined -> undefined
    end.

handle_call({request, _, _}, _, #{failure := {_, _} = Failure} = State) ->
    {reply, {error, Failure}, State};
handle_call({request, Command, Args}, From, State) ->
    {noreply, send(Command, Args, From, State)};
handle_call(failed, _, #{failure := Failure} = State) ->
    {reply, Failure =/= none, State};
handle_call(os_pid, _, #{os_pid := OsPid} = State) ->
    {reply, {ok, OsPid}, State}.

handle_cast(_, State) ->
    {noreply, State}.

handle_info({Port, {data, Packet}}, #{port := Port} = State) ->
    case cprof_protocol:reply(Packet) of
        {reply, Ref, Answer} -> {noreply, answer(Ref, Answer, State)};
        {event, Event} -> {noreply, consult(Event, State)};
        malformed -> {noreply, fail(stranger(), State)}
    end;
handle_info({Port, {exit_status, Status}}, #{port := Port} = State) ->
    {noreply, fail(ended(Status), State)};
handle_info({'EXIT', Port, _}, #{port := Port} = State) ->
    {noreply, fail(ended(closed), State)};
handle_info({'DOWN', Monitor, process, _, Reason}, #{helpers := Helpers} = State) ->
    case maps:take(Monitor, Helpers) of
        {_, Left} -> {noreply, describe(Reason, State#{helpers := Left})};
        %% The owner.
        error -> {stop, {shutdown, abandoned}, State}
    end;
handle_info(_, State) ->
    {noreply, State}.

%% A program that is stopped does not see that its input has ended.
terminate(Reason, #{port := Port, attaches := Attaches, finishes := Finishes} = State) ->
    _ = [cprof_native:wait_at_exit(0) || Finishes],
    _ = [kill(State) || Reason =/= normal],
    close_port(Port),
    _ = [cprof_native:deny_tracer() || Attaches],
    ok.

kill(#{failure := none, os_pid := OsPid}) when is_integer(OsPid) -> kill_program(OsPid);
kill(_) -> ok.

%% While its port is open nobody else has its pid.
-spec kill_program(pos_integer()) -> ok.
kill_program(OsPid) ->
    try
        Kill = os:find_executable("kill"),
        Args = [{args, ["-KILL", integer_to_list(OsPid)]}, exit_status, hide],
        Port = open_port({spawn_executable, Kill}, Args),
        receive
            {Port, {exit_status, _}} -> ok
        after ?KILL_MS -> ok
        end
    catch
        error:_ -> ok
    end.

%% From is `nobody' when this process itself asks.
send(Command, Args, From, #{port := Port, next := Ref, pending := Pending} = State) ->
    try
        port_command(Port, cprof_protocol:request(Ref, Command, Args))
    catch
        %% The port has just closed; its last message is on the way.
        error:badarg -> true
    end,
    State#{next := Ref + 1, pending := Pending#{Ref => From}}.

%% The program asks what these processes are. Finding out may take a while, so
%% it is left to a helper.
consult({processes, Pids}, #{helpers := Helpers} = State) ->
    case cprof_aside:start(fun() -> cprof_describe:processes(Pids) end) of
        full -> describe(full, State);
        {_, Monitor} -> State#{helpers := Helpers#{Monitor => processes}}
    end;
consult(_, State) ->
    State.

%% Each event is answered once, whatever became of the helper.
describe(_, #{failure := {_, _}} = State) -> State;
describe(Reason, State) ->
    Rows =
        case cprof_aside:answer(Reason) of
            {ok, Described} -> Described;
            failed -> []
        end,
    send(describe, #{described => Rows}, nobody, State).

answer(Ref, Answer, #{pending := Pending} = State) ->
    case maps:take(Ref, Pending) of
        {From, Left} ->
            reply(From, Answer),
            State#{pending := Left};
        error ->
            %% An answer without a request: the program could not read our request.
            fail(
                case Answer of
                    {error, Failure} -> Failure;
                    {ok, _} -> stranger()
                end,
                State
            )
    end.

%% The first reason is the true one; all waiting callers get it.
fail(_, #{failure := {_, _}} = State) ->
    State;
fail(Failure, #{pending := Pending, port := Port, finishes := Finishes} = State) ->
    _ = [cprof_native:wait_at_exit(0) || Finishes],
    close_port(Port),
    _ = [reply(From, {error, Failure}) || From <- maps:values(Pending)],
    State#{failure := Failure, pending := #{}}.

reply(nobody, _) -> ok;
reply(From, Answer) -> gen_server:reply(From, Answer).

stranger() ->
    {protocol, <<"the program answered in a different protocol; rebuild priv/cprof">>}.

%% What the end of the program means, by its status.
-spec ended(closed | non_neg_integer()) -> failure().
ended(closed) ->
    {sampler_ended, <<"the sampler's port was closed before it was stopped">>};
ended(Status) when Status > 128 ->
    text("the sampler was killed by signal ~b", [Status - 128]);
ended(Status) ->
    text("the sampler ended unexpectedly with status ~b", [Status]).

text(Format, Args) ->
    {sampler_ended, cprof_words:text(Format, Args)}.

-spec close_port(port()) -> ok.
close_port(Port) ->
    try port_close(Port) of
        true -> ok
    catch
        error:badarg -> ok
    end.

%% Starts the program with these arguments, as a port of the caller that speaks in
%% packets.
-spec start_program([string() | binary()]) -> {ok, port()} | {error, failure()}.
start_program(Args) ->
    Program = program(),
    case filelib:is_regular(Program) of
        true -> start_program(Program, Args);
        false -> {error, {no_program, missing(Program)}}
    end.

start_program(Program, Args) ->
    try
        {ok,
            open_port({spawn_executable, Program}, [
                {args, Args}, {packet, 4}, binary, exit_status, hide
            ])}
    catch
        error:Reason ->
            Text = cprof_words:text("~ts could not be started: ~ts", [Program, why(Reason)]),
            {error, {code(Reason), Text}}
    end.

code(system_limit) -> system_limit;
code(_) -> no_program.

why(system_limit) ->
    io_lib:format(
        "all ~b ports of this node are taken; close some, or start it with a larger +Q",
        [erlang:system_info(port_limit)]
    );
why(Reason) when is_atom(Reason) ->
    %% If no descriptor is left, the module with the texts of errors cannot be loaded.
    try
        file:format_error(Reason)
    catch
        _:_ -> atom_to_list(Reason)
    end;
why(Reason) ->
    io_lib:format("~0tp", [Reason]).

missing(Program) ->
    cprof_words:shown(missing(Program, os:getenv("CPROF_PRIV", ""))).

missing(Program, "") ->
    case in_archive(code:which(?MODULE)) of
        true ->
            "an escript cannot hold the program priv/cprof: set CPROF_PRIV to the priv folder of a "
            "built cprof, or use a release";
        false ->
            ["the program ", Program, " is not there; build it with `make -C c_src` in cprof's folder"]
    end;
missing(Program, _) ->
    ["CPROF_PRIV is set, but the program ", Program, " is not there; it is made by building cprof"].

%% Is a file where a folder should be?
in_archive(Beam) when is_list(Beam) ->
    Folder = filename:dirname(Beam),
    Folder =/= Beam andalso (filelib:is_regular(Folder) orelse in_archive(Folder));
in_archive(_) ->
    false.

program() ->
    filename:join(cprof_native:priv_dir(), "cprof").
