%% Names from elsewhere, as they may be shown: by the function that does it, in
%% the tables of snapshots, and in the texts of errors.
-module(cprof_words_tests).

-include_lib("eunit/include/eunit.hrl").

-define(BAD, "\e[2J\x{202E}\x{2066}\x{85}\x{2028}\nforged").

%% --- the function ---------------------------------------------------------

shown_test_() ->
    [
        ?_assertEqual(Want, cprof_words:shown(Text))
     || {Text, Want} <- [
            {"", <<>>},
            {<<"Enum.map/2">>, <<"Enum.map/2">>},
            {"\x{e9}\x{20ac}\x{1f600}\x{a0}\x{200d}\x{202f}\x{206a}",
                <<"\x{e9}\x{20ac}\x{1f600}\x{a0}\x{200d}\x{202f}\x{206a}"/utf8>>},
            {"\e[2J\r\n\t\d\0", <<"\\x{1B}[2J\\x{0D}\\x{0A}\\x{09}\\x{7F}\\x{00}">>},
            {[$a, [<<"\x{202E}"/utf8>>, "\x{2028}"]], <<"a\\x{202E}\\x{2028}">>},
            {<<"\\x{1B}">>, <<"\\x{1B}">>},
            {<<"a", 16#9b, "2J", 16#ff>>, <<"a\\x{9B}2J\\x{FF}">>},
            {<<16#ed, 16#a0, 16#80>>, <<"\\x{ED}\\x{A0}\\x{80}">>},
            {["x", <<16#e2, 16#82>>], <<"x\\x{E2}\\x{82}">>}
        ]
    ].

%% All code points: those that act are gone, all others stay.
every_code_point_test_() ->
    {timeout, 60, fun() ->
        Codes = lists:seq(0, 16#d7ff) ++ lists:seq(16#e000, 16#10ffff),
        Wanted = << <<(wanted(Code, forbidden(Code)))/binary>> || Code <- Codes >>,
        %% Not ?assertEqual, which would print a million characters.
        ?assert(cprof_words:shown(Codes) =:= Wanted)
    end}.

wanted(Code, true) when Code < 256 -> iolist_to_binary(io_lib:format("\\x{~2.16.0B}", [Code]));
wanted(Code, true) -> iolist_to_binary(io_lib:format("\\x{~.16B}", [Code]));
wanted(Code, false) -> <<Code/utf8>>.

forbidden(Code) when Code < 32 -> true;
forbidden(Code) when Code >= 16#7f, Code =< 16#9f -> true;
forbidden(Code) when Code >= 16#2028, Code =< 16#202e -> true;
forbidden(Code) when Code >= 16#2066, Code =< 16#2069 -> true;
forbidden(Code) -> lists:member(Code, [16#61c, 16#200e, 16#200f]).

%% --- where names go -------------------------------------------------------

assert_clean(Text) ->
    Bad = [C || C <- unicode:characters_to_list(Text), C =/= $\n, forbidden(C)],
    ?assertEqual({[], Text}, {Bad, Text}).

%% A process with such names, known by all that a snapshot shows: it is
%% registered, its module and function are so called, and messages wait.
hostile_process() ->
    Module = list_to_atom("m" ++ ?BAD),
    Function = list_to_atom("f" ++ ?BAD),
    File = "/src" ++ ?BAD ++ ".erl",
    Forms = [
        {attribute, 1, file, {File, 1}},
        {attribute, 1, module, plain},
        {attribute, 1, export, [{Function, 0}]},
        {function, 2, Function, 0, [
            {clause, 2, [], [], [
                {'receive', 3, [{clause, 3, [{atom, 3, never}], [], [{atom, 3, ok}]}]}
            ]}
        ]}
    ],
    %% The compiler refuses such a module name; other languages make them.
    {ok, plain, Core} = compile:forms(Forms, [to_core]),
    Renamed = cerl:update_c_module(
        Core,
        cerl:c_atom(Module),
        cerl:module_exports(Core),
        cerl:module_attrs(Core),
        cerl:module_defs(Core)
    ),
    {ok, Module, Binary} = compile:forms(Renamed, [from_core]),
    {module, Module} = code:load_binary(Module, File, Binary),
    Pid = spawn(Module, Function, []),
    register(list_to_atom("name" ++ ?BAD), Pid),
    _ = [Pid ! {message, N} || N <- lists:seq(1, 5000)],
    {Module, Pid}.

snapshot_test_() ->
    {timeout, 120, fun() ->
        {Module, Pid} = hostile_process(),
        try
            Before = cprof_nif:snapshot(#{wait_ms => 1000}),
            Text = shown_with(<<"name\\x{1B}[2J\\x{202E}">>, Before),
            %% Where everyone waits: its function and file.
            ?assertMatch({_, _}, binary:match(Text, <<"f\\x{1B}[2J">>)),
            _ = [Pid ! more || _ <- lists:seq(1, 5000)],
            Now = cprof_nif:snapshot(#{wait_ms => 1000}),
            _ = shown_with(<<"name\\x{1B}[2J">>, cprof_nif:snapshot_diff(Before, Now)),
            Findings = #{
                seconds => 1.0,
                readings => 1,
                looks => 1,
                examined => #{mailboxes => 1, binaries => 1, heaps => 1, tables => 1, all_tables => 1},
                findings => [finding(Pid)]
            },
            _ = shown_with(<<"name\\x{1B}[2J">>, Findings),
            _ = shown_with(<<"name\\x{1B}[2J">>, cprof_nif:memory(#{top => 200, wait_ms => 1000}))
        after
            exit(Pid, kill),
            code:purge(Module),
            code:delete(Module)
        end
    end}.

finding(Pid) ->
    {registered_name, Name} = process_info(Pid, registered_name),
    #{
        kind => growing_mailbox,
        pid => Pid,
        name => Name,
        initial_call => undefined,
        slope_per_s => 1.0,
        why => <<"messages wait">>
    }.

shown_with(Part, Map) ->
    Text = cprof_nif:format(Map),
    assert_clean(Text),
    ?assertMatch({_, _}, binary:match(Text, Part)),
    ?assertEqual(nomatch, binary:match(Text, <<"\nforged">>)),
    Text.

%% Random names, in all the places of a table.
random_names_test_() -> {timeout, 120, fun random_names/0}.

random_names() ->
    Pieces = [?BAD, "\r", [16#9b], "\x{200f}", "abc", "\x{20ac}", " ", "\\", "~p"],
    _ = [
        begin
            Name = lists:append([
                lists:nth(rand:uniform(length(Pieces)), Pieces)
             || _ <- lists:seq(1, rand:uniform(5))
            ]),
            Atom = list_to_atom(lists:sublist(Name, 100)),
            MFA = {Atom, Atom, 2},
            assert_line(cprof_words:function(MFA)),
            assert_line(cprof_words:frame({Atom, Atom, [1, 2], [{file, Name}, {line, 7}]})),
            assert_line(cprof_words:who(#{name => Atom, initial_call => MFA})),
            assert_line(cprof_words:text("~ts: ~tp", [Name, Name]))
        end
     || _ <- lists:seq(1, 300)
    ],
    ok.

assert_line(Text) ->
    assert_clean(Text),
    ?assertEqual(nomatch, binary:match(Text, <<"\n">>)).

%% --- errors ---------------------------------------------------------------

durations_have_three_digits_test_() ->
    [
        ?_assertEqual(Want, cprof_words:duration(Ns))
     || {Ns, Want} <- [
            {0, <<"0 ns">>}, {999, <<"999 ns">>}, {1000, <<"1.00 us">>}, {9990, <<"9.99 us">>}, {9999, <<"10.0 us">>},
            {12345.6, <<"12.3 us">>}, {99960, <<"100 us">>}, {999700, <<"1.00 ms">>}, {4000000, <<"4.00 ms">>},
            {30000000, <<"30.0 ms">>}, {1500000000, <<"1.50 s">>}, {72000000000, <<"72.0 s">>}, {1.0e13, <<"10000 s">>}
        ]
    ].

errors_test_() ->
    Name = unicode:characters_to_binary(["/no/such", ?BAD]),
    Atom = list_to_atom(?BAD),
    [
        {atom_to_list(Where), fun() ->
            {error, {_, Text}} = Fail(),
            assert_line(Text)
        end}
     || {Where, Fail} <- [
            {read, fun() -> cprof_nif:diff(Name, Name, #{}) end},
            {write, fun() -> cprof_sampler:check_outputs(#{output => [<<Name/binary, ".html">>]}) end},
            {format, fun() -> cprof_sampler:check_outputs(#{output => [Name]}) end},
            {option, fun() -> cprof_nif:record(1, #{Atom => 1}) end},
            {value, fun() -> cprof_nif:record(1, #{engine => Atom}) end},
            {text, fun() -> cprof_nif:record(1, #{engine => Name}) end},
            {attach, fun() -> cprof_telemetry_options:check(#{span => Name}) end},
            {poller, fun() -> cprof_telemetry_poller:start_link([{Atom, Name}]) end}
        ]
    ].
