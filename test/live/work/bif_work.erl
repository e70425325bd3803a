%% Processes that call BIFs and NIFs, each of them for TURN_MS, then the next.
%% Commands on stdin: "calls" prints "FUNCTION BIF" lines and "end".
-module(bif_work).
-compile(export_all).
-compile(nowarn_export_all).

-define(TURN_MS, 10).
-define(BATCH, 20). % calls between two looks at the clock
-define(WORKERS, 2).

start() ->
    process_flag(priority, high),
    [spawn(?MODULE, work, []) || _ <- lists:seq(1, ?WORKERS)],
    io:format("ready ~s~n", [os:getpid()]),
    commands().

commands() ->
    case io:get_line("") of
        "calls\n" ->
            [io:format("~s ~s~n", Call) || Call <- [[Name, Bif] || {Name, Bif} <- calls()]],
            io:format("end~n");
        eof ->
            halt()
    end,
    commands().

%% The names of the functions below, and what they call.
calls() ->
    [
        % light BIFs: named by the call
        {phash2, "erlang:phash2/1"},
        {to_binary, "erlang:term_to_binary/1"},
        {to_term, "erlang:binary_to_term/1"},
        {member, "lists:member/2"},
        {keyfind, "lists:keyfind/3"},
        {append, "erlang:'++'/2"},
        {subtract, "erlang:'--'/2"},
        {lookup, "ets:lookup/2"},
        {insert, "ets:insert/2"},
        {merge, "maps:merge/2"},
        {iolist, "erlang:iolist_to_binary/1"},
        {utf8, "unicode:characters_to_binary/2"},
        {digits, "erlang:integer_to_binary/1"},
        {send, "erlang:send/2"},
        % and those that yield and go on elsewhere
        {md5, "erlang:md5/1"},
        {match, "binary:match/2"},
        {split, "binary:split/3"},
        {regex, "re:run/3"},
        % entered through their stubs, by calls of different kinds
        {info, "erlang:process_info/2"},
        {applied, "erlang:phash2/2"},
        {fun_called, "erlang:crc32/1"},
        % NIFs, on normal and dirty schedulers
        {digest, "crypto:hash_nif/2"},
        {derive, "crypto:pbkdf2_hmac_nif/5"}
    ].

work() ->
    turns([{Name, fun ?MODULE:Name/1, argument(Name)} || {Name, _} <- calls()]).

turns(Work) ->
    [repeat(F, Arg, now_ms() + ?TURN_MS) || {_, F, Arg} <- Work],
    turns(Work).

now_ms() -> erlang:monotonic_time(millisecond).

repeat(F, Arg, Until) ->
    times(?BATCH, F, Arg),
    now_ms() < Until andalso repeat(F, Arg, Until).

argument(phash2) -> terms(100);
argument(to_binary) -> terms(100);
argument(to_term) -> term_to_binary(terms(100));
argument(member) -> lists:seq(1, 1000);
argument(keyfind) -> terms(1000);
argument(append) -> lists:seq(1, 1000);
argument(subtract) -> lists:seq(1, 1000);
argument(lookup) -> table();
argument(insert) -> table();
argument(merge) -> maps:from_list([{N, N} || N <- lists:seq(1, 1000)]);
argument(iolist) -> [[<<"abc">>, $d, "efg"] || _ <- lists:seq(1, 300)];
argument(utf8) -> lists:duplicate(500, 1234);
argument(digits) -> 1 bsl 1000;
argument(send) -> {spawn(fun() -> ok end), terms(1)};
argument(md5) -> binary:copy(<<"abcde">>, 1000);
argument(match) -> <<(binary:copy(<<"abcde">>, 20000))/binary, "x">>;
argument(split) -> binary:copy(<<"abcde">>, 1000);
argument(regex) -> binary:copy(<<"abcde ">>, 1000);
argument(info) -> self();
argument(applied) -> {erlang, phash2, [terms(100), 1000]};
argument(fun_called) -> {fun erlang:crc32/1, binary:copy(<<"abcde">>, 200)};
argument(digest) -> binary:copy(<<"abcde">>, 200);
argument(derive) -> <<"secret">>.

terms(Count) -> [{N, integer_to_list(N), #{N => a, b => <<"hello">>}} || N <- lists:seq(1, Count)].

table() ->
    Table = ets:new(table, []),
    ets:insert(Table, terms(1000)),
    Table.

times(0, _, _) ->
    ok;
times(N, F, Arg) ->
    F(Arg),
    times(N - 1, F, Arg).

phash2(T) -> erlang:phash2(T), ok.
to_binary(T) -> put(result, term_to_binary(T)), ok.
to_term(B) -> put(result, binary_to_term(B)), ok.
member(L) -> lists:member(none, L), ok.
keyfind(L) -> lists:keyfind(none, 1, L), ok.
append(L) -> put(result, L ++ [a]), ok.
subtract(L) -> put(result, L -- [none, neither]), ok.
lookup(T) -> ets:lookup(T, 500), ok.
insert(T) -> ets:insert(T, {500, "abc", #{500 => a}}), ok.
merge(M) -> maps:merge(M, #{none => 0}), ok.
iolist(L) -> iolist_to_binary(L), ok.
utf8(L) -> unicode:characters_to_binary(L, unicode), ok.
digits(N) -> put(result, integer_to_binary(N)), ok.
send({Pid, T}) -> Pid ! T, Pid ! T, Pid ! T, Pid ! T, ok.
md5(B) -> erlang:md5(B), ok.
match(B) -> binary:match(B, <<"x">>), ok.
split(B) -> binary:split(B, <<"c">>, [global]), ok.
regex(B) -> re:run(B, "z", []), ok.
info(Pid) -> process_info(Pid, [heap_size, memory, links, dictionary]), ok.
applied({M, F, A}) -> apply(M, F, A), ok.
fun_called({F, B}) -> F(B), ok.
digest(B) -> crypto:hash(sha256, B), ok.
derive(P) -> crypto:pbkdf2_hmac(sha256, P, <<"salt">>, 1000, 16), ok.
