%% Many processes, each of which does a little now and then: COUNT of them, by 64 initial calls, so that each has its own
%% row in a recording. What they do lies at depths of 1 to 40 below eight kinds of functions.
-module(crowd_work).
-export([start/1, life/2]).

start([Count]) ->
    N = list_to_integer(Count),
    Module = kinds(),
    [spawn(Module, kind(I rem 64), [I]) || I <- lists:seq(1, N)],
    io:format("ready ~s~n", [os:getpid()]),
    eof = io:get_line(""),
    halt().

kind(K) -> list_to_atom("kind" ++ integer_to_list(K)).

%% A module with kind0/1 ... kind63/1, each of which is another initial call.
kinds() ->
    Forms = [
        {attribute, 1, module, crowd_kinds},
        {attribute, 2, export, [{kind(K), 1} || K <- lists:seq(0, 63)]}
        | [
            {function, 3 + K, kind(K), 1, [
                {clause, 3 + K, [{var, 3 + K, 'I'}], [], [
                    {call, 3 + K, {remote, 3 + K, {atom, 3 + K, ?MODULE}, {atom, 3 + K, life}}, [
                        {integer, 3 + K, K}, {var, 3 + K, 'I'}
                    ]},
                    {atom, 3 + K, done}
                ]}
            ]}
         || K <- lists:seq(0, 63)
        ]
    ],
    {ok, crowd_kinds, Code} = compile:forms(Forms),
    {module, crowd_kinds} = code:load_binary(crowd_kinds, "crowd_kinds.erl", Code),
    crowd_kinds.

life(Kind, I) ->
    below(Kind, I rem 40),
    timer:sleep(20 + (I * 7919) rem 30),
    life(Kind, I).

below(Kind, 0) -> work(Kind rem 8);
below(Kind, N) when N rem 2 =:= 0 -> {even, below(Kind, N - 1)};
below(Kind, N) -> {odd, below(Kind + 1, N - 1)}.

work(0) -> lists:sort([erlang:phash2(N) || N <- lists:seq(1, 60)]);
work(1) -> binary_to_term(term_to_binary(lists:seq(1, 200)));
work(2) -> maps:from_list([{N, N} || N <- lists:seq(1, 60)]);
work(3) -> lists:foldl(fun(N, S) -> N * S rem 1000003 end, 1, lists:seq(1, 300));
work(4) -> re:run(lists:duplicate(200, $a), "a+b");
work(5) -> io_lib:format("~p ~s", [lists:seq(1, 20), "text"]);
work(6) -> erlang:md5(binary:copy(<<"abc">>, 1000));
work(7) -> lists:reverse(lists:seq(1, 500)).
