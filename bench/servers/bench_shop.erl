%% An appmod for Yaws that has something to do: a list of offers, chosen, sorted and written as HTML. It counts its answers.
-module(bench_shop).

-export([start/0, answers/0, out/1]).

-define(ITEMS, 200).

start() ->
    persistent_term:put(?MODULE, {counters:new(1, [write_concurrency]), [item(N) || N <- lists:seq(1, ?ITEMS)]}).

item(N) ->
    {<<"item ", (integer_to_binary(N))/binary>>, erlang:phash2(N, 10_000), erlang:phash2({stock, N}, 5)}.

answers() ->
    {Count, _} = persistent_term:get(?MODULE),
    counters:get(Count, 1).

out(Request) ->
    {Count, Items} = persistent_term:get(?MODULE),
    {ok, Most} = yaws_api:queryvar(Request, "most"),
    Offers = cheapest(Items, list_to_integer(Most)),
    counters:add(Count, 1, 1),
    {ehtml, {html, [], [{body, [], [{h1, [], "Offers"}, {table, [], [row(Offer) || Offer <- Offers]}]}]}}.

cheapest(Items, Most) ->
    lists:keysort(2, [Item || {_, Price, Stock} = Item <- Items, Price < Most, Stock > 0]).

row({Name, Price, Stock}) ->
    {tr, [], [{td, [], Name}, {td, [{class, "price"}], price(Price)}, {td, [], integer_to_list(Stock)}]}.

price(Cents) ->
    io_lib:format("~b.~2..0b", [Cents div 100, Cents rem 100]).
