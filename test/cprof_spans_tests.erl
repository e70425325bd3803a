%% What needs no telemetry: the marks, the handler by itself, the options, the counting of
%% repeated queries, and what is said where the library is not there. The rest is tested
%% with the real library in test/live/spans_inside_test.exs.
-module(cprof_spans_tests).

-include_lib("eunit/include/eunit.hrl").

-export([raises/2, route/2, nothing/2]).

-import(cprof_spans_page, [marks_of/1, texts/1]).

%% --- the page --------------------------------------------------------------------

the_symbol_is_the_page_test() ->
    Page = cprof_native:spans_page(),
    ?assertEqual(Page, cprof_spans_page:symbol()),
    ?assertMatch(#{version := 1, marks_size := 262144, kinds_size := 4096}, cprof_spans_page:page()).

marks_say_what_they_are_told_test() ->
    Before = erlang:monotonic_time(nanosecond),
    {_, Marks} = marks_of(fun() ->
        ok = cprof_native:span_child(none),
        Token = cprof_native:span_begin(1, <<"[:a, :b]">>, <<"more">>, context),
        ok = cprof_native:span_end(2, Token),
        ok = cprof_native:span_mark(2, <<"[:a, :b]">>, <<"more">>, context),
        ok = cprof_native:span_mark(1, <<"[:a, :b]">>, <<>>, undefined),
        ok = cprof_native:span_mark(3, <<"[:a, :b]">>, <<>>, other)
    end),
    After = erlang:monotonic_time(nanosecond),
    ?assertEqual(
        [
            {start, <<"[:a, :b]">>, <<"more">>},
            {stop, <<"[:a, :b]">>, <<"more">>},
            {stop, <<"[:a, :b]">>, <<"more">>},
            {start, <<"[:a, :b]">>, <<>>},
            {exception, <<"[:a, :b]">>, <<>>}
        ],
        texts(Marks)
    ),
    [Number, Number, Number, 0, Other] = [Common || #{common := Common} <- Marks],
    ?assert(Number > 0 andalso Other > 0 andalso Number =/= Other),
    Times = [Time || #{time := Time} <- Marks],
    ?assertEqual(Times, lists:sort(Times)),
    ?assert(lists:last(Times) - hd(Times) =< After - Before).

wrong_arguments_raise_test() ->
    [
        ?assertError(badarg, erlang:apply(cprof_native, span_mark, Arguments))
     || Arguments <- [
            [0, <<"a">>, <<>>, undefined],
            [4, <<"a">>, <<>>, undefined],
            [1, "a", <<>>, undefined],
            [1, <<"a">>, nil, undefined],
            [1, <<"a">>, "text", undefined],
            [1, <<"a">>, [<<"b">> | <<"c">>], undefined],
            [start, <<"a">>, <<>>, undefined]
        ]
    ],
    ?assertError(badarg, cprof_native:span_end(1, 0)),
    ?assertError(badarg, cprof_native:span_end(2, -1)),
    ?assertError(badarg, cprof_native:span_end(2, 1 bsl 52)),
    ?assertError(badarg, cprof_native:span_past(1, <<"a">>, <<>>, undefined, 1)),
    ?assertError(badarg, cprof_native:span_past(2, <<"a">>, <<>>, undefined, -1)).

words_are_joined_test() ->
    _ = cprof_native:spans_page(),
    Kind = fun(More) -> cprof_native:span_kind(<<"[:joined]">>, More) end,
    ?assertEqual(Kind(<<"a bc d">>), Kind([<<"a">>, <<"bc">>, <<"d">>])),
    ?assertEqual(Kind(<<>>), Kind([])),
    Long = binary:copy(<<"x">>, 300),
    ?assertEqual(Kind(Long), Kind([Long, Long])),
    Almost = binary:copy(<<"x">>, 247),
    ?assertEqual(Kind(<<Almost/binary, " yz">>), Kind([Almost, <<"yz">>, Long])),
    {_, [#{kind := Of}]} = marks_of(fun() -> ok = cprof_native:span_mark(2, <<"[:joined]">>, [<<"a">>, <<"b">>], x) end),
    ?assertEqual({<<"[:joined]">>, <<"a b">>}, Of).

%% Also while the old library is purged, and a new one has to take over.
the_page_survives_a_reload_test() ->
    Page = cprof_native:spans_page(),
    Kind = cprof_native:span_kind(<<"[:stays]">>, <<"here">>),
    {module, cprof_native} = code:load_file(cprof_native),
    ?assertEqual(Kind, cprof_native:span_kind(<<"[:stays]">>, <<"here">>)),
    _ = code:purge(cprof_native),
    ?assertEqual(Page, cprof_native:spans_page()),
    ?assertEqual(Page, cprof_spans_page:symbol()),
    {_, [_]} = marks_of(fun() -> ok = cprof_native:span_mark(2, <<"[:stays]">>, <<>>, undefined) end).

%% The first mark makes another page, on a dirty scheduler.
without_a_page_marks_are_refused_test() ->
    unload(),
    ?assertMatch(<<_/binary>>, cprof_native:version()),
    ?assertEqual({error, no_page}, cprof_native:spans_figures()),
    ?assertEqual({error, no_page}, cprof_native:span_kind(<<"[:gone]">>, <<>>)),
    ?assertEqual({error, no_page}, cprof_native:spans_figures()),
    ?assertError(badarg, cprof_native:span_mark(0, <<"[:gone]">>, <<>>, undefined)),
    ?assertEqual({error, no_page}, cprof_native:span_begin(1, <<"[:gone]">>, <<>>, undefined)),
    ?assertEqual({0, 1, 0}, cprof_native:spans_figures()),
    ?assertEqual(ok, cprof_native:span_mark(2, <<"[:gone]">>, <<>>, undefined)),
    ?assertEqual(cprof_native:spans_page(), cprof_spans_page:symbol()).

%% Each makes one mark. Those that come before the page is there are refused.
many_marks_without_a_page_make_one_test() ->
    unload(),
    Mark = fun() -> exit({marked, cprof_native:span_mark(2, <<"[:gone]">>, <<>>, undefined)}) end,
    Monitors = [element(2, spawn_monitor(Mark)) || _ <- lists:seq(1, 200)],
    Answers = [receive {'DOWN', Monitor, process, _, {marked, Answer}} -> Answer end || Monitor <- Monitors],
    ?assertEqual([], [Other || Other <- Answers, Other =/= ok, Other =/= {error, no_page}]),
    ?assert(lists:member({error, no_page}, Answers)),
    ?assertEqual(ok, cprof_native:span_mark(2, <<"[:gone]">>, <<>>, undefined)),
    ?assertEqual({1 + length([ok || ok <- Answers]), 2, 0}, cprof_native:spans_figures()).

unload() ->
    _ = code:purge(cprof_native),
    _ = code:delete(cprof_native),
    _ = code:purge(cprof_native).

many_processes_mark_at_the_same_time_test_() -> {timeout, 120, fun many_processes/0}.

many_processes() ->
    #{next := Before} = cprof_spans_page:page(),
    Pids = [spawn_monitor(fun() -> spans(500) end) || _ <- lists:seq(1, 100)],
    [receive {'DOWN', Monitor, process, Pid, Why} -> ?assertEqual(normal, Why) end || {Pid, Monitor} <- Pids],
    Ours = [cprof_native:walk_word(Pid) || {Pid, _} <- Pids],
    Marks = [Mark || #{process := Process} = Mark <- cprof_spans_page:marks(Before), lists:member(Process, Ours)],
    ?assertEqual(100 * 2 * 500, length(Marks)),
    ByProcess = maps:groups_from_list(fun(#{process := P}) -> P end, fun(#{what := What}) -> What end, Marks),
    Alternately = lists:append(lists:duplicate(500, [start, stop])),
    ?assertEqual([Alternately], lists:usort(maps:values(ByProcess))).

spans(0) -> ok;
spans(N) ->
    _ = [ok = cprof_native:span_child(none) || N =:= 500],
    ok = cprof_native:span_mark(1, <<"[:many]">>, <<>>, N),
    ok = cprof_native:span_mark(2, <<"[:many]">>, <<>>, N),
    spans(N - 1).

%% --- the handler -----------------------------------------------------------------

-define(KEY, cprof_spans_test).

attached(Prefixes, Options, Fun) ->
    {ok, #{n_plus_one := Counted} = Checked} = cprof_spans_options:check(Prefixes, Options),
    {ok, Watch} = cprof_n_plus_one:start(Counted),
    Attachment = cprof_spans_handler:attachment(Checked#{watch => Watch}),
    persistent_term:put(?KEY, Attachment),
    _ = cprof_native:spans_page(),
    %% It does not matter who started this process.
    ok = cprof_native:span_child(none),
    try
        Fun(Attachment)
    after
        ?assertEqual(undefined, get(?KEY)),
        persistent_term:erase(?KEY),
        cprof_n_plus_one:stop(Watch)
    end.

execute(Event, Measurements, Metadata) ->
    ok = cprof_spans_handler:handle(Event, Measurements, Metadata, ?KEY).

execute(Event, Metadata) -> execute(Event, #{}, Metadata).

span(Prefix, Metadata, Fun) ->
    Context = make_ref(),
    execute(Prefix ++ [start], Metadata#{telemetry_span_context => Context}),
    Fun(),
    %% Many give no metadata for the stop.
    execute(Prefix ++ [stop], #{telemetry_span_context => Context}).

spans_are_marked_with_their_text_test() ->
    Two = [[shop, page], ['Elixir.Shop', 'a b']],
    attached(Two, #{metadata => [route, method]}, fun(Attachment) ->
        {_, Marks} = marks_of(fun() ->
            span([shop, page], #{route => <<"/a">>, method => get}, fun() ->
                span(['Elixir.Shop', 'a b'], #{method => 'Elixir.Shop.Get'}, fun() -> ok end),
                span([shop, page], #{route => 17, method => nil}, fun() -> ok end)
            end)
        end),
        ?assertEqual(
            [
                {start, <<"[:shop, :page]">>, <<"/a get">>},
                {start, <<"[Shop, :\"a b\"]">>, <<"Shop.Get">>},
                {stop, <<"[Shop, :\"a b\"]">>, <<"Shop.Get">>},
                {start, <<"[:shop, :page]">>, <<"17">>},
                {stop, <<"[:shop, :page]">>, <<"17">>},
                {stop, <<"[:shop, :page]">>, <<"/a get">>}
            ],
            texts(Marks)
        ),
        [A, B, B, C, C, A] = [Common || #{common := Common} <- Marks],
        ?assert(lists:min([A, B, C]) > 0),
        ?assertEqual(#{spans => 3, failures => 0}, cprof_spans_handler:figures(Attachment))
    end).

route([shop, page], #{route := Route}) -> ["GET ", Route].
nothing(_, _) -> nil.
raises(_, _) -> error(oops).

a_function_gives_the_text_test() ->
    attached([shop, page], #{metadata => fun ?MODULE:route/2}, fun(Attachment) ->
        {_, Marks} = marks_of(fun() ->
            span([shop, page], #{route => <<"/b">>}, fun() -> ok end),
            span([shop, page], #{}, fun() -> ok end)
        end),
        ?assertMatch([{start, _, <<"GET /b">>}, {stop, _, <<"GET /b">>}, {start, _, <<>>}, {stop, _, <<>>}], texts(Marks)),
        ?assertEqual(#{spans => 2, failures => 1}, cprof_spans_handler:figures(Attachment))
    end),
    attached([shop, page], #{metadata => fun ?MODULE:nothing/2}, fun(_) ->
        {_, Marks} = marks_of(fun() -> span([shop, page], #{}, fun() -> ok end) end),
        ?assertMatch([{start, _, <<>>}, {stop, _, <<>>}], texts(Marks))
    end).

odd_events_do_not_raise_test() ->
    attached([shop, page], #{metadata => fun ?MODULE:raises/2, events => [[shop, query]]}, fun(Attachment) ->
        %% The functions fail, and the marks are made.
        execute([shop, page, start], #{}),
        execute([shop, page, stop], #{}),
        ?assertEqual(#{spans => 1, failures => 1}, cprof_spans_handler:figures(Attachment)),
        %% Neither a duration nor an event of ours.
        execute([shop, query], #{}, #{}),
        execute([shop, query], #{duration => soon}, #{}),
        execute([shop, other], #{}),
        ?assertMatch(#{spans := 1, failures := 4}, cprof_spans_handler:figures(Attachment)),
        %% A stop without a start is a mark that readers leave out.
        execute([shop, page, exception], #{telemetry_span_context => {any, "term"}}),
        ?assertEqual(#{spans => 1, failures => 5}, cprof_spans_handler:figures(Attachment))
    end),
    %% After it was detached, and with the attachment of another version.
    execute([shop, page, start], #{}),
    persistent_term:put(?KEY, {attachment, of_another_version}),
    execute([shop, page, start], #{}),
    persistent_term:erase(?KEY).

%% One event is the beginning of another one, and events have common beginnings.
each_event_has_its_own_step_test() ->
    Prefixes = [[shop], [shop, page], [shop, page, start], [shop, job]],
    attached(Prefixes, #{events => [[page], [shop, job, query]]}, fun(Attachment) ->
        {_, Marks} = marks_of(fun() ->
            _ = [span(Prefix, #{}, fun() -> ok end) || Prefix <- Prefixes],
            _ = [execute(Event, #{duration => 1}, #{}) || Event <- [[page], [shop, job, query]]]
        end),
        ?assertEqual(
            [
                {What, cprof_spans_options:name(Event), <<>>}
             || Event <- Prefixes ++ [[page], [shop, job, query]], What <- [start, stop]
            ],
            texts(Marks)
        ),
        %% None of these is an event.
        _ = [execute(Event, #{}) || Event <- [[], [shop], [shop, job], [shop, page, start, stop, x], [other, start]]],
        ?assertEqual(#{spans => 6, failures => 5}, cprof_spans_handler:figures(Attachment)),
        ?assertEqual(6, length(cprof_spans_handler:events(Attachment)))
    end).

%% Phoenix executes the stop of the endpoint when it sends the response, within the span
%% of the router, whose stop has other metadata.
a_span_may_end_after_the_one_around_it_test() ->
    attached([[endpoint], [router]], #{metadata => [route], events => [[shop, query]]}, fun(Attachment) ->
        {_, Marks} = marks_of(fun() ->
            _ = [late_request(Ends) || Ends <- [true, false, true]],
            span([endpoint], #{}, fun() ->
                late_request(true),
                execute([shop, query], #{total_time => 1}, #{}),
                late_request(false)
            end)
        end),
        Late = [
            {start, <<"[:endpoint]">>, <<>>}, {start, <<"[:router]">>, <<"/a">>},
            {stop, <<"[:endpoint]">>, <<>>}, {stop, <<"[:router]">>, <<"/a">>}
        ],
        [Start, _, Stop, _] = Late,
        Query = [{start, <<"[:shop, :query]">>, <<>>}, {stop, <<"[:shop, :query]">>, <<>>}],
        Halted = lists:droplast(Late),
        ?assertEqual(Late ++ Halted ++ Late ++ [Start] ++ Late ++ Query ++ Halted ++ [Stop], texts(Marks)),
        ?assertEqual(#{spans => 10, failures => 0}, cprof_spans_handler:figures(Attachment)),
        %% No more of it in the dictionary than what the last one left.
        ?assertMatch({_, 0, [], _, [_]}, get(?KEY)),
        late_request(true),
        ?assertEqual(undefined, get(?KEY))
    end).

%% Jobs that overlap, another span after the response, and stops without metadata.
late_spans_outlast_others_test() ->
    attached([[endpoint], [router], [job], [audit]], #{metadata => [route]}, fun(Attachment) ->
        {_, Marks} = marks_of(fun() ->
            Endpoint = #{telemetry_span_context => make_ref()},
            execute([endpoint, start], Endpoint),
            execute([router, start], #{route => <<"/a">>}),
            execute([endpoint, stop], Endpoint),
            span([audit], #{}, fun() -> ok end),
            execute([router, stop], #{}),
            Jobs = [#{telemetry_span_context => make_ref()} || _ <- lists:seq(1, 50)],
            lists:foldl(
                fun(Job, Before) ->
                    execute([job, start], Job#{route => <<"/j">>}),
                    _ = [execute([job, stop], B) || B <- Before],
                    [Job]
                end,
                [],
                Jobs
            ),
            execute([job, stop], lists:last(Jobs))
        end),
        ?assertEqual(
            [{start, <<"/a">>}, {stop, <<"/a">>}],
            [{What, Text} || {What, <<"[:router]">>, Text} <- texts(Marks)]
        ),
        ?assertEqual(50, length([stop || {stop, <<"[:job]">>, <<"/j">>} <- texts(Marks)])),
        ?assertEqual(#{spans => 53, failures => 0}, cprof_spans_handler:figures(Attachment))
    end).

late_request(Ends) ->
    Endpoint = #{telemetry_span_context => make_ref()},
    execute([endpoint, start], Endpoint),
    execute([router, start], #{route => <<"/a">>}),
    execute([endpoint, stop], Endpoint),
    _ = [execute([router, stop], #{}) || Ends],
    ok.

%% The process that failed in a span of Plug.Telemetry's serves the next request.
a_span_without_context_ends_when_it_starts_again_test() ->
    attached([[plug], [inner]], #{metadata => [route]}, fun(_) ->
        {_, Marks} = marks_of(fun() ->
            execute([plug, start], #{route => <<"/fails">>}),
            execute([inner, start], #{telemetry_span_context => make_ref()}),
            execute([plug, start], #{route => <<"/next">>}),
            execute([plug, stop], #{route => <<"/next">>})
        end),
        ?assertMatch(
            [
                {start, <<"[:plug]">>, <<"/fails">>},
                {start, <<"[:inner]">>, <<>>},
                {stop, <<"[:plug]">>, <<"/fails">>},
                {start, <<"[:plug]">>, <<"/next">>},
                {stop, <<"[:plug]">>, <<"/next">>}
            ],
            texts(Marks)
        )
    end).

%% A process that was in spans at detach, in the dictionary of which they stay.
left_open(Spans) ->
    {ok, Checked} = cprof_spans_options:check([[a], [b]], #{metadata => [route]}),
    persistent_term:put(?KEY, cprof_spans_handler:attachment(Checked#{watch => none})),
    ok = cprof_native:span_child(none),
    [execute(Prefix ++ [start], Metadata#{route => <<"/open">>}) || {Prefix, Metadata} <- Spans],
    persistent_term:erase(?KEY),
    ok.

spans_that_were_open_at_detach_end_at_the_next_start_test() ->
    _ = cprof_native:spans_page(),
    [A, B] = [#{telemetry_span_context => make_ref()} || _ <- [a, b]],
    left_open([{[a], A}, {[b], B}]),
    attached([[a], [b]], #{metadata => [route]}, fun(Attachment) ->
        {_, Marks} = marks_of(fun() -> span([b], #{route => <<"/new">>}, fun() -> ok end) end),
        ?assertEqual(
            [
                {stop, <<"[:b]">>, <<"/open">>}, {stop, <<"[:a]">>, <<"/open">>},
                {start, <<"[:b]">>, <<"/new">>}, {stop, <<"[:b]">>, <<"/new">>}
            ],
            texts(Marks)
        ),
        ?assertEqual(#{spans => 1, failures => 0}, cprof_spans_handler:figures(Attachment))
    end).

spans_that_were_open_at_detach_have_their_own_end_test() ->
    _ = cprof_native:spans_page(),
    [A, B] = [#{telemetry_span_context => make_ref()} || _ <- [a, b]],
    left_open([{[a], A}, {[b], B}]),
    attached([[a], [b]], #{metadata => [route]}, fun(Attachment) ->
        {_, Marks} = marks_of(fun() ->
            _ = [execute([Last, stop], Metadata) || {Last, Metadata} <- [{b, B}, {a, A}]],
            %% This one was never known.
            execute([a, stop], #{telemetry_span_context => make_ref()})
        end),
        ?assertEqual(
            [{stop, <<"[:b]">>, <<"/open">>}, {stop, <<"[:a]">>, <<"/open">>}, {stop, <<"[:a]">>, <<>>}], texts(Marks)
        ),
        ?assertEqual(#{spans => 2, failures => 0}, cprof_spans_handler:figures(Attachment))
    end).

only_integers_that_are_soon_written_are_texts_test() ->
    attached([[a]], #{metadata => [id, size]}, fun(_) ->
        Sizes = [(1 bsl 64) - 1, 1 - (1 bsl 64), 1 bsl 64, -(1 bsl 1000000)],
        {_, Marks} = marks_of(fun() -> [span([a], #{id => 7, size => Size}, fun() -> ok end) || Size <- Sizes] end),
        ?assertEqual(
            [<<"7 18446744073709551615">>, <<"7 -18446744073709551615">>, <<"7">>, <<"7">>],
            [Text || {start, _, Text} <- texts(Marks)]
        )
    end).

%% A span that was open keeps nothing in its process.
spans_go_on_after_the_library_was_unloaded_test() ->
    attached([[a], [b]], #{}, fun(Attachment) ->
        span([a], #{}, fun() ->
            span([b], #{}, fun() -> unload() end)
        end),
        ?assertEqual(undefined, get(?KEY)),
        %% The ends of both belong to the former page.
        ?assertEqual(#{spans => 2, failures => 2}, cprof_spans_handler:figures(Attachment)),
        {_, Marks} = marks_of(fun() -> span([a], #{}, fun() -> ok end) end),
        ?assertMatch([{start, <<"[:a]">>, <<>>}, {stop, <<"[:a]">>, <<>>}], [M || M <- texts(Marks), element(1, M) =/= child])
    end).

deep_spans_are_marked_test() ->
    attached([[deep]], #{}, fun(_) ->
        {_, Marks} = marks_of(fun() -> deep(100) end),
        ?assertEqual(100, length([1 || #{what := start} <- Marks])),
        ?assertEqual(100, length([1 || #{what := stop} <- Marks]))
    end).

deep(0) -> ok;
deep(N) -> span([deep], #{}, fun() -> deep(N - 1) end).

an_event_with_a_duration_is_a_span_that_ended_test() ->
    Ns = 123456789,
    Native = erlang:convert_time_unit(Ns, nanosecond, native),
    attached([], #{events => [[shop, query], [shop, call]], metadata => [source]}, fun(Attachment) ->
        {_, Marks} = marks_of(fun() ->
            execute([shop, query], #{total_time => Native, query_time => 1}, #{source => <<"users">>}),
            execute([shop, call], #{duration => Native}, #{})
        end),
        [#{time := Start}, #{time := Stop}, #{time := CallStart}, #{time := CallStop}] = Marks,
        ?assertMatch(
            [{start, _, <<"users">>}, {stop, _, <<"users">>}, {start, <<"[:shop, :call]">>, _}, {stop, _, _}], texts(Marks)
        ),
        ?assertEqual(Ns, Stop - Start),
        ?assertEqual(Ns, CallStop - CallStart),
        ?assertEqual(#{spans => 2, failures => 0}, cprof_spans_handler:figures(Attachment))
    end).

%% --- children ----------------------------------------------------------------------

%% A process that marks a span and notes for whom it works.
child(Dictionary) ->
    Own = self(),
    Prefix = [worker],
    attached(Prefix, #{}, fun(_) ->
        {Pid, Monitor} = spawn_monitor(fun() ->
            _ = [put(Key, Value) || {Key, Value} <- Dictionary],
            Work = fun() -> [span(Prefix, #{}, fun() -> ok end) || _ <- lists:seq(1, 3)] end,
            Own ! {marks, element(2, marks_of(Work))}
        end),
        receive
            {'DOWN', Monitor, process, Pid, Why} -> ?assertEqual(normal, Why)
        end,
        receive
            {marks, Marks} -> Marks
        end
    end).

a_child_says_for_whom_it_works_once_test() ->
    Own = cprof_native:walk_word(self()),
    Init = cprof_native:walk_word(whereis(init)),
    Six = [start, stop, start, stop, start, stop],
    Of = fun(Marks) -> {[What || #{what := What} <- Marks], [Other || #{what := child, other := Other} <- Marks]} end,
    ?assertEqual({[child | Six], [Own]}, Of(child([{'$callers', [self(), whereis(init)]}, {'$ancestors', [whereis(init)]}]))),
    ?assertEqual({[child | Six], [Init]}, Of(child([{'$ancestors', [whereis(init), self()]}]))),
    ?assertEqual({Six, []}, Of(child([{'$ancestors', [a_name, self()]}]))),
    ?assertEqual({Six, []}, Of(child([{'$callers', odd}]))),
    ?assertEqual({Six, []}, Of(child([]))).

%% --- repeated queries ----------------------------------------------------------------

query(Text, Source, Ns, More) ->
    Time = erlang:convert_time_unit(Ns, nanosecond, native),
    Measurements = #{total_time => Time, query_time => Time, queue_time => 0, decode_time => 0, idle_time => 17},
    Metadata = #{type => ecto_sql_query, repo => 'Elixir.Shop.Repo', result => {ok, []}, params => [], options => []},
    execute([shop, repo, query], Measurements, maps:merge(Metadata#{query => Text, source => Source}, More)).

query(Text, Source, Ns) -> query(Text, Source, Ns, #{}).

one(Id) -> <<"SELECT name FROM customers WHERE id = ", (integer_to_binary(Id))/binary>>.
batch(Ids) -> iolist_to_binary(["SELECT name FROM customers WHERE id IN (", lists:join(",", [integer_to_list(I) || I <- Ids]), ")"]).

found(Attachment) ->
    {ok, Found} = cprof_n_plus_one:found(cprof_spans_handler:watch(Attachment)),
    Found.

with_queries(Options, Fun) ->
    attached([[web], [page]], maps:merge(#{metadata => [route], events => [[shop, repo, query]]}, Options), Fun).

request(Route, Fun) -> span([web], #{}, fun() -> span([page], #{route => Route}, Fun) end).

a_loop_of_queries_is_found_and_a_batch_is_not_test() ->
    with_queries(#{}, fun(Attachment) ->
        [
            request(<<"/orders">>, fun() ->
                query(<<"SELECT * FROM orders">>, <<"orders">>, 5000000),
                [query(one(Id), <<"customers">>, 1000000) || Id <- lists:seq(1, N)]
            end)
         || N <- lists:seq(3, 22)
        ],
        [
            request(<<"/batch">>, fun() ->
                query(<<"SELECT * FROM orders">>, <<"orders">>, 5000000),
                query(batch(lists:seq(1, N)), <<"customers">>, 9000000)
            end)
         || N <- lists:seq(3, 22)
        ],
        #{spans := 40, rows := [Row], threshold := 3, refused := Refused} = Found = found(Attachment),
        ?assertEqual(#{rows => 0, queries => 0, children => 0}, Refused),
        ?assertMatch(
            #{
                path := [<<"[:web]">>, <<"[:page] /orders">>],
                event := <<"[:shop, :repo, :query]">>,
                source := <<"customers">>,
                query := <<"SELECT name FROM customers WHERE id = ?">>,
                spans := 20,
                queries := 250,
                counts := #{min := 3, median := 12, p95 := 21, max := 22},
                lost_us := 230000
            },
            Row
        ),
        Text = unicode:characters_to_binary(cprof_spans:format(Found)),
        [
            ?assertNotEqual({nomatch, Words}, {binary:match(Text, Words), Words})
         || Words <- [<<"[:web] > [:page] /orders">>, <<"WHERE id = ?">>, <<"20 spans, each with 3 to 22">>, <<"230 ms">>]
        ]
    end).

texts_of_a_row_are_as_long_as_those_of_marks_test() ->
    Long = unicode:characters_to_binary(lists:duplicate(5000, $\x{e4})),
    Key = fun(_, _) -> Long end,
    with_queries(#{n_plus_one => [{key, Key}]}, fun(Attachment) ->
        request(Long, fun() -> [query(one(Id), <<"c">>, 1) || Id <- [1, 2, 3]] end),
        #{rows := [#{path := [<<"[:web]">>, <<"[:page] ", _/binary>> = Span], query := Query}]} = found(Attachment),
        ?assertEqual({248, 2000}, {byte_size(Span), byte_size(Query)}),
        ?assert(is_list(unicode:characters_to_list(Span)))
    end),
    with_queries(#{}, fun(Attachment) ->
        request(<<"x", Long/binary>>, fun() -> [query(one(Id), <<"c">>, 1) || Id <- [1, 2, 3]] end),
        #{rows := [#{path := [_, Span]}]} = found(Attachment),
        ?assertEqual(247, byte_size(Span)),
        ?assert(is_list(unicode:characters_to_list(Span)))
    end).

less_than_the_threshold_is_no_loop_test() ->
    with_queries(#{n_plus_one => [{threshold, 5}]}, fun(Attachment) ->
        request(<<"/a">>, fun() -> [query(one(Id), <<"customers">>, 1000) || Id <- lists:seq(1, 4)] end),
        %% Not in one span, or in none at all.
        [request(<<"/b">>, fun() -> query(one(Id), <<"customers">>, 1000) end) || Id <- lists:seq(1, 9)],
        [query(one(Id), <<"customers">>, 1000) || Id <- lists:seq(1, 9)],
        ?assertMatch(#{rows := [], spans := 10}, found(Attachment)),
        ?assertMatch([_ | _], cprof_spans:format(found(Attachment))),
        request(<<"/a">>, fun() -> [query(one(Id), <<"customers">>, 1000) || Id <- lists:seq(1, 5)] end),
        ?assertMatch(#{rows := [#{spans := 1}]}, found(Attachment))
    end).

the_caller_is_of_the_application_test() ->
    Stack = [
        {'Elixir.Ecto.Repo.Supervisor', all, 2, []},
        {'Elixir.Shop.Repo', all, 2, [{file, "lib/shop/repo.ex"}, {line, 2}]},
        {'Elixir.Enum', map, 2, []},
        {'Elixir.Shop.Orders', '-names/1-fun-0-', 2, [{file, "lib/shop/orders.ex"}, {line, 41}]},
        {'Elixir.Shop.Page', index, 2, [{file, "lib/shop/page.ex"}, {line, 7}]}
    ],
    with_queries(#{}, fun(Attachment) ->
        request(<<"/a">>, fun() -> [query(one(Id), <<"c">>, 10, #{stacktrace => Stack}) || Id <- lists:seq(1, 4)] end),
        ?assertMatch(#{rows := [#{caller := <<"Shop.Orders.names/1 (lib/shop/orders.ex:41)">>}]}, found(Attachment))
    end),
    %% Ecto gives none by itself; then it is taken here.
    with_queries(#{}, fun(Attachment) ->
        request(<<"/a">>, fun() -> [query(one(Id), <<"c">>, 10) || Id <- lists:seq(1, 4)] end),
        #{rows := [#{caller := Caller}]} = found(Attachment),
        ?assertMatch(<<"cprof_spans_tests:execute/3 (", _/binary>>, Caller)
    end).

modules_between_are_known_test() ->
    [
        ?assertEqual({Is, Module}, {cprof_n_plus_one_caller:is_between(Module), Module})
     || {Module, Is} <- [
            {'Elixir.Ecto.Adapters.SQL', true}, {'Elixir.Enum', true}, {telemetry, true}, {lists, true},
            {'Elixir.TaskManager', false}, {'Elixir.EctoLike', false}, {my_telemetry, false}, {'Elixir.Shop', false}
        ]
    ].

by_key(_, #{params := [Id]}) -> {id, Id rem 2};
by_key(_, _) -> nil.

a_key_function_says_what_is_the_same_test() ->
    with_queries(#{n_plus_one => #{key => fun by_key/2, threshold => 2}}, fun(Attachment) ->
        request(<<"/a">>, fun() ->
            [query(<<"same">>, <<"c">>, 10, #{params => [Id]}) || Id <- lists:seq(1, 5)],
            [query(<<"same">>, <<"c">>, 10) || _ <- lists:seq(1, 5)]
        end),
        #{rows := Rows} = found(Attachment),
        ?assertEqual([{<<"{id,0}">>, 2}, {<<"{id,1}">>, 3}], lists:sort([{Q, N} || #{query := Q, queries := N} <- Rows]))
    end).

many_queries_are_bounded_and_counted_test() ->
    with_queries(#{}, fun(Attachment) ->
        Query = fun(Id) -> query(<<"SELECT f", (integer_to_binary(Id))/binary>>, <<"c">>, 10) end,
        request(<<"/a">>, fun() -> [Query(Id) || Id <- lists:seq(1, 300)] end),
        ?assertMatch(#{rows := [], refused := #{queries := 44}}, found(Attachment)),
        [request(<<"/b">>, fun() -> [Query(Id) || _ <- [1, 2, 3]] end) || Id <- lists:seq(1, 510)],
        #{rows := Rows, refused := #{rows := 10}} = found(Attachment),
        ?assertEqual(500, length(Rows))
    end).

large_counts_are_rounded_down_a_little_test() ->
    [
        with_queries(#{}, fun(Attachment) ->
            request(<<"/a">>, fun() -> [query(one(Id), <<"c">>, 10) || Id <- lists:seq(1, N)] end),
            #{rows := [#{counts := #{min := Min, max := Max}, queries := N}]} = found(Attachment),
            ?assertEqual(Min, Max),
            ?assert(Max =< N andalso Max > 0.93 * N),
            ?assert(N >= 64 orelse Max =:= N)
        end)
     || N <- [3, 63, 64, 65, 67, 127, 128, 1000, 5000]
    ].

%% Tasks make the queries; the span is of the process that waits for them.
children_count_for_their_caller_test() ->
    with_queries(#{}, fun(Attachment) ->
        Own = self(),
        InChild = fun(Id, Text) ->
            {Pid, Monitor} = spawn_monitor(fun() ->
                put('$callers', [Own]),
                query(Text, <<"c">>, Id * 1000000)
            end),
            receive
                {'DOWN', Monitor, process, Pid, normal} -> ok
            end
        end,
        %% What they did before the span began does not count.
        [InChild(Id, one(Id)) || Id <- [1, 2, 3]],
        request(<<"/quiet">>, fun() -> InChild(1, one(1)) end),
        ?assertMatch(#{rows := [], spans := 1}, found(Attachment)),
        request(<<"/loop">>, fun() -> [InChild(Id, one(Id)) || Id <- lists:seq(1, 5)] end),
        #{rows := [Row]} = found(Attachment),
        ?assertMatch(#{path := [<<"[:web]">>], spans := 1, queries := 5, lost_us := 14000, counts := #{max := 5}}, Row),
        %% Together with its own.
        request(<<"/both">>, fun() -> [query(one(7), <<"c">>, 0), [InChild(Id, one(Id)) || Id <- [1, 2, 3]]] end),
        ?assertMatch(#{rows := [#{queries := 9, spans := 2}]}, found(Attachment))
    end).

%% A child counts its query first, and then makes the row of what is known of the query.
%% Its caller may leave the span in between.
a_child_that_has_no_row_yet_is_no_failure_test() ->
    {ok, Checked} = cprof_n_plus_one:check(#{}),
    {ok, Watch} = cprof_n_plus_one:start(Checked),
    Table = element(2, Watch),
    Key = {<<"[:shop, :repo, :query]">>, cprof_native:query_id(one(1)), <<"c">>},
    [cprof_n_plus_one_table:add_child({self(), Key}, 1000, Table) || _ <- [1, 2, 3]],
    ok = cprof_n_plus_one:ended({<<"[:web]">>, context, 0, <<>>}, #{}, Watch),
    ?assertMatch({ok, #{spans := 1, rows := []}}, cprof_n_plus_one:found(Watch)),
    ?assertEqual([], cprof_n_plus_one_table:take_children(self(), Table)),
    ok = cprof_n_plus_one:stop(Watch).

with_table(Fun) ->
    {ok, Checked} = cprof_n_plus_one:check(#{}),
    {ok, Watch} = cprof_n_plus_one:start(Checked),
    {table, Owner, _, Children, _} = Table = element(2, Watch),
    Tick = fun() ->
        Owner ! forget,
        Table = gen_server:call(Owner, table)
    end,
    Refused = fun() ->
        {ok, #{refused := #{rows := Rows, children := Of}}} = cprof_n_plus_one:found(Watch),
        {Rows, Of}
    end,
    try
        Fun(Table, Tick, Refused, Children)
    after
        cprof_n_plus_one:stop(Watch)
    end.

%% Any process may say that it works for any other.
one_caller_does_not_take_all_places_test() ->
    with_table(fun(Table, Tick, Refused, _) ->
        Add = fun(Caller, N) -> cprof_n_plus_one_table:add_child({Caller, {query, N}}, 1, Table) end,
        ?assertEqual(256, lists:sum([Add(self(), N) || N <- lists:seq(1, 300)])),
        ?assertEqual({0, 44}, Refused()),
        ?assertEqual(2, Add(self(), 256)),
        ?assertEqual(1, Add(whereis(init), 1)),
        Tick(),
        ?assertEqual(256, length(cprof_n_plus_one_table:take_children(self(), Table))),
        ?assertEqual(1, Add(self(), 300)),
        ?assertEqual({0, 44}, Refused())
    end).

places_are_free_again_test() ->
    with_table(fun(Table, Tick, Refused, Children) ->
        Add = fun(Caller, N) -> cprof_n_plus_one_table:add_child({Caller, {query, N}}, 1, Table) end,
        Fill = fun(Caller) -> [1 = Add(Caller, N) || N <- lists:seq(1, 250)] end,
        Sleep = fun() -> receive after infinity -> ok end end,
        [First | Others] = Pids = [spawn(Sleep) || _ <- lists:seq(1, 40)],
        lists:foreach(Fill, Pids),
        ?assertEqual(0, Add(self(), 1)),
        Tick(),
        ?assertEqual({0, 1}, Refused()),
        %% Its callers are in no span for more than a minute.
        Minute = erlang:monotonic_time(second) - 61,
        [true = ets:update_element(Children, {Pid, 0}, {3, Minute}) || Pid <- Pids, Pid =/= First],
        Tick(),
        ?assertEqual({0, 1 + 39 * 250}, Refused()),
        ?assertEqual(1, Add(self(), 1)),
        ?assertEqual(250, length(cprof_n_plus_one_table:take_children(First, Table))),
        %% Those of processes that ended are dropped, and missed by nobody.
        Fill(First),
        Monitor = erlang:monitor(process, First),
        [exit(Pid, kill) || Pid <- [First | Others]],
        receive {'DOWN', Monitor, process, First, killed} -> ok end,
        Tick(),
        ?assertEqual({0, 1 + 39 * 250}, Refused()),
        ?assertEqual(2, ets:info(Children, size))
    end).

rows_of_children_take_no_place_of_others_test() ->
    with_table(fun(Table, Tick, Refused, _) ->
        Row = fun(Path, N) -> cprof_n_plus_one_table:row({Path, N}, fun() -> #{} end, Table) end,
        ?assertEqual(100, length([none || N <- lists:seq(1, 600), Row([], N) =:= none])),
        ?assertEqual({100, 0}, Refused()),
        ?assertEqual(10, length([none || N <- lists:seq(1, 510), Row([<<"[:web]">>], N) =:= none])),
        ?assertEqual({110, 0}, Refused()),
        Tick(),
        ?assertNotEqual(none, Row([], 601)),
        ?assertEqual(#{}, cprof_n_plus_one_table:info({[<<"[:web]">>], 1}, Table)),
        ?assertEqual(none, cprof_n_plus_one_table:info({[], 1}, Table))
    end).

%% --- the depth of stacks ---------------------------------------------------------------

-define(DEPTH_LOCK, {cprof_n_plus_one_caller, backtrace_depth}).

depth() ->
    Depth = erlang:system_flag(backtrace_depth, 64),
    64 = erlang:system_flag(backtrace_depth, Depth),
    Depth.

%% As a process leaves it that is killed while it takes its stack. (Such kills are too rare
%% to wait for: a process is killed when it is scheduled out.)
leave_depth_raised() ->
    Lock = persistent_term:get(?DEPTH_LOCK),
    {Pid, Monitor} = spawn_monitor(fun() ->
        [_, Number, Serial] = string:lexemes(pid_to_list(self()), "<.>"),
        ok = atomics:compare_exchange(Lock, 1, 0, list_to_integer(Number) bor (list_to_integer(Serial) bsl 28)),
        atomics:put(Lock, 2, erlang:system_flag(backtrace_depth, 64)),
        exit(self(), kill)
    end),
    receive {'DOWN', Monitor, process, Pid, killed} -> ok end,
    64 = depth().

a_killed_process_does_not_leave_the_depth_raised_test() ->
    ok = cprof_n_plus_one_caller:prepare(),
    Depth = depth(),
    ?assertNotEqual(64, Depth),
    leave_depth_raised(),
    ok = cprof_n_plus_one_caller:restore_depth(),
    ?assertEqual(Depth, depth()),
    ?assertEqual(0, atomics:get(persistent_term:get(?DEPTH_LOCK), 1)),
    with_table(fun(_, Tick, _, _) ->
        leave_depth_raised(),
        Tick(),
        ?assertEqual(Depth, depth()),
        leave_depth_raised()
    end),
    ?assertEqual(Depth, depth()),
    %% Who lives sets it back itself.
    ?assertMatch(<<_/binary>>, caller_of_stack()),
    ?assertEqual(Depth, depth()).

caller_of_stack() -> cprof_n_plus_one_caller:of_query(#{}).

%% --- options -------------------------------------------------------------------------

options_are_checked_test_() ->
    Sentence = fun(Prefixes, Options) ->
        {error, {invalid_option, Text}} = cprof_spans_options:check(Prefixes, Options),
        Text
    end,
    [
        ?_assertMatch({{_, _}, Words}, {binary:match(Sentence(Prefixes, Options), Words), Words})
     || {Prefixes, Options, Words} <- [
            {[], #{}, <<"both are []">>},
            {web, #{}, <<"give a prefix">>},
            {[[web], <<"page">>], #{}, <<"give a prefix">>},
            {[web], #{metadata => route}, <<"a list of keys">>},
            {[web], #{metadata => fun erlang:abs/1}, <<"a list of keys">>},
            {[web], #{events => [web, query]}, <<"list of events">>},
            {[web], #{events => [[web, stop]]}, <<"belong to a span">>},
            {[web], #{n_plus_one => true}, <<"(true) counts the events of option events">>},
            {[web], #{n_plus_one => 3}, <<"n_plus_one must be">>},
            {[], #{events => [[q]], n_plus_one => [{threshold, 1}]}, <<"2 or more">>},
            {[], #{events => [[q]], n_plus_one => #{key => 1}}, <<"key of n_plus_one">>},
            {[], #{events => [[q]], n_plus_one => #{speed => 1}}, <<"unknown option speed of n_plus_one">>},
            {[], #{events => [[q]], n_plus_one => [odd]}, <<"n_plus_one must be">>},
            {[web], #{speed => 1}, <<"unknown option speed">>},
            {[web], none, <<"a map or a list">>},
            {[web], [{id, a}, odd], <<"a map or a list">>}
        ]
    ].

%% Whatever an error quotes, it is one line.
errors_are_one_line_test() ->
    Long = [{list_to_atom("an_option_with_a_long_name_" ++ integer_to_list(N)), N} || N <- lists:seq(1, 20)],
    {error, {invalid_option, Text}} = cprof_spans_options:check([web], #{metadata => Long}),
    ?assertEqual(nomatch, binary:match(Text, <<"\\x{0A}">>)),
    ?assertMatch({_, _}, binary:match(Text, <<"{an_option_with_a_long_name_20,20}]">>)).

options_are_completed_test() ->
    {ok, One} = cprof_spans_options:check([web], #{}),
    ?assertMatch(#{id := <<"cprof-spans">>, label := none, n_plus_one := none}, One),
    ?assertEqual([[web, exception], [web, start], [web, stop]], lists:sort(maps:keys(maps:get(steps, One)))),
    {ok, Two} = cprof_spans_options:check([[web], [page], [web]], #{events => [[q]], id => x, metadata => []}),
    ?assertMatch(#{id := x, label := none, n_plus_one := #{threshold := 3, key := query}}, Two),
    ?assertEqual(7, map_size(maps:get(steps, Two))).

without_the_library_it_says_so_test_() ->
    [
        ?_assertMatch({error, {no_telemetry, <<"the library telemetry", _/binary>>}}, Answer)
     || Answer <- [
            cprof_spans:attach([web], #{}),
            cprof_spans:attach([web], []),
            cprof_spans:detach(<<"cprof-spans">>),
            cprof_spans:stats(<<"cprof-spans">>),
            cprof_spans:n_plus_one(<<"cprof-spans">>)
        ]
    ].
