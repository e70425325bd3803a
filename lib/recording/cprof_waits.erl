%% Who is waited for in this node: a recording of event wall, of which only the
%% waiting is kept. The program reads the processes from outside, because nothing
%% inside may read the stack of another process while that one runs.
-module(cprof_waits).

-export([take/1, of_report/2]).

-export_type([waits/0, callee/0, options/0]).

%% docs/wall.md, From inside, says what each figure means. Shares are parts of 1.
-type waits() :: #{
    %% system time at the beginning, us
    at := integer(),
    seconds := float(),
    %% how often the processes were read
    readings := non_neg_integer(),
    %% rows that top can have
    rows := pos_integer(),
    %% on average; of them not idle
    processes := float(),
    busy := float(),
    %% share: of the time that is not idle; that of idle is of all time
    states := #{atom() => #{average := float(), share := float()}},
    cause := none | waiting | circle | deadlock,
    sentence := binary(),
    %% names, from the process that most wait for to the end
    chain := [binary()],
    %% the most waited for first
    top := [callee()],
    %% callees in no row
    others := non_neg_integer(),
    quality := #{
        %% the largest sampling error of any share
        error := float(),
        changed := non_neg_integer(),
        unreadable := non_neg_integer(),
        ended := non_neg_integer(),
        lost := non_neg_integer()
    }
}.
-type callee() :: #{
    %% as in the report: <<"my_server">>, <<"<0.123.0> (db_worker)">>
    name := binary(),
    pid := pid() | undefined,
    %% processes that waited for it; most: at one reading, undefined if not all
    %% processes were read each time
    average := float(),
    most := pos_integer() | undefined,
    share := float(),
    waited_ms := float(),
    %% how often one was seen to wait for it
    samples := non_neg_integer(),
    %% from where, at most three; shares of the time that was waited for it
    sites := [#{function := binary(), share := float()}],
    %% what it did itself; empty if it was never seen
    states := #{atom() => float()},
    usual_state := atom(),
    usual_function := binary() | undefined,
    %% for whom it waited longest itself, and for which share of its time
    waits_for := binary() | undefined,
    waits_for_share := float()
}.
-type options() :: #{ms => pos_integer(), top => pos_integer(), rate => pos_integer()}.

-define(OPTIONS, [
    {ms, 1000, {whole, "milliseconds", 100, 3600000}},
    {top, 10, {whole, "rows", 1, 1000}},
    {rate, none, {whole, "readings a second", 1, ?MAX_RATE}}
]).
%% Readings in all and per second where no rate is given. Few readings say little:
%% processes that are read together are not independent of each other.
-define(READINGS, 40).
-define(RATE, 10).
-define(MAX_RATE, 100).
-define(QUALITY, [changed, unreadable, ended, lost]).

%% Records this node for some time; the caller waits. The options are a map or a
%% proplist.
-spec take(options() | [{atom(), term()}]) -> {ok, waits()} | {error, cprof_protocol:failure()}.
take(Options) ->
    case cprof_proplist:check(Options, ?OPTIONS) of
        {ok, #{ms := Ms, top := Top} = Checked} ->
            Record = #{event => wall, rate => rate(Checked), command => false},
            case cprof_sampler:record(Ms / 1000, Record) of
                {ok, #{report := Report}} -> {ok, of_report(Report, Top)};
                {error, Failure} -> {error, Failure}
            end;
        {error, Text} ->
            {error, {invalid_option, Text}}
    end.

rate(#{rate := Rate}) -> Rate;
rate(#{ms := Ms}) -> min(?MAX_RATE, max(?RATE, ?READINGS * 1000 div Ms)).

%% --- of the report -----------------------------------------------------------

%% Of the report of any recording of event wall.
-spec of_report(map(), pos_integer()) -> waits().
of_report(#{meta := Meta, states := States, waits := Rows} = Report, Top) ->
    #{counters := Counters, waits_cause := #{kind := Kind, sentence := Sentence, chain := Chain}} =
        Report,
    #{duration_ns := Duration, started_unix_ns := Started, counted := Counted} = Meta,
    All = lists:sum(maps:values(States)),
    {Shown, Others} = lists:split(min(Top, length(Rows)), Rows),
    #{
        at => Started div 1000,
        seconds => Duration / 1.0e9,
        readings => maps:get(ticks, Counters),
        rows => Top,
        processes => ratio(All, Duration),
        busy => ratio(Counted, Duration),
        states => states(States, Counted, All, Duration),
        cause => Kind,
        sentence => Sentence,
        chain => Chain,
        top => [callee(Row, Counted, Duration) || Row <- Shown],
        others => length(Others),
        quality => quality(Meta, Counters)
    }.

states(States, Counted, All, Duration) ->
    maps:from_list([
        {State, #{average => ratio(Ns, Duration), share => ratio(Ns, whole(State, Counted, All))}}
     || {State, Ns} <- maps:to_list(States), Ns > 0
    ]).

whole(idle, _, All) -> All;
whole(_, Counted, _) -> Counted.

callee(#{name := Name, waited_ns := Waited, own_ns := Own, states := States} = Row, Counted, Duration) ->
    #{
        name => Name,
        pid => pid(maps:get(pid, Row)),
        average => ratio(Waited, Duration),
        most => known(maps:get(most, Row)),
        share => ratio(Waited, Counted),
        waited_ms => Waited / 1.0e6,
        samples => maps:get(samples, Row),
        sites => [
            #{function => Site, share => ratio(Ns, Waited)}
         || #{name := Site, site_ns := Ns} <- maps:get(sites, Row)
        ],
        states => maps:map(fun(_, Ns) -> ratio(Ns, Own) end, States),
        usual_state => usual(States),
        usual_function => known(maps:get(usual_function, Row)),
        waits_for => known(maps:get(waits_for, Row)),
        waits_for_share => ratio(maps:get(waits_for_ns, Row), Own)
    }.

%% The report has null for what is not known.
known(nil) -> undefined;
known(Value) -> Value.

pid(nil) ->
    undefined;
pid(Text) ->
    try
        list_to_pid(binary_to_list(Text))
    catch
        error:badarg -> undefined
    end.

usual(States) ->
    case lists:reverse(lists:keysort(2, maps:to_list(States))) of
        [{State, _} | _] -> State;
        [] -> undefined
    end.

quality(#{max_error_pct := Error}, Counters) ->
    (maps:with(?QUALITY, Counters))#{error => Error / 100}.

ratio(_, 0) -> 0.0;
ratio(Part, Whole) -> Part / Whole.
