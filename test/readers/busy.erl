%% A node for the readers: named and nameless processes that sort, make terms and garbage, sleep; one function and one
%% process have names that no format may stumble over. Ends by itself.
-module(busy).
-export([start/0]).

start() ->
    register(sorter, spawn(fun sort/0)),
    register('odd;name </script> \x{43f}\x{440}', spawn(fun 'odd;fun <b> \x{43f}\x{440}'/0)),
    spawn(fun text/0),
    [spawn(fun pause/0) || _ <- lists:seq(1, 20)],
    timer:sleep(3500),
    halt().

sort() ->
    lists:sort([erlang:phash2(N) || N <- lists:seq(1, 500)]),
    sort().

text() ->
    binary_to_term(term_to_binary(lists:seq(1, 300))),
    text().

pause() ->
    lists:reverse(lists:seq(1, 20000)),
    timer:sleep(5),
    pause().

'odd;fun <b> \x{43f}\x{440}'() ->
    count(100000),
    'odd;fun <b> \x{43f}\x{440}'().

count(0) -> ok;
count(N) -> count(N - 1).
