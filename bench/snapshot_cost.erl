%% What figures of all processes cost, by one way or the other: a node of
%% SIZE processes, each way in turn, RUNS times. Prints a line for each run:
%% way, us, words of garbage, context switches, kB of growth, longest hold by
%% wall and CPU time (us, -1: not known).
-module(snapshot_cost).

-export([main/1]).
-export([rest/1]).

-define(TOP, 10).

main([Size, Runs]) ->
    populate(list_to_integer(Size)),
    {ok, _} = cprof_walk_nif:read(?TOP),
    _ = [
        print(Way, aside(fun() -> measured(Way) end))
     || _ <- lists:seq(1, list_to_integer(Runs)),
        Way <- [walk, snapshot, bif_all, queue_sort, binary_memory]
    ],
    halt(0).

%% One in a hundred with a queue, one in a hundred with a binary.
populate(Size) ->
    lists:foreach(
        fun(N) ->
            Pid = spawn(?MODULE, rest, [N]),
            _ = [Pid ! unread || N rem 100 =:= 1, _ <- lists:seq(1, N rem 37)]
        end,
        lists:seq(1, Size)
    ),
    receive
    after 500 -> ok
    end.

rest(N) when N rem 100 =:= 0 -> keep(binary:copy(<<0>>, 1000 + N rem 5000));
rest(_) -> keep([]).

keep(Held) ->
    receive
        {never, Held} -> ok
    end.

aside(Fun) ->
    {_, Monitor} = spawn_monitor(fun() -> exit({answer, Fun()}) end),
    receive
        {'DOWN', Monitor, process, _, {answer, Answer}} -> Answer
    end.

measured(Way) ->
    Before = facts(),
    Began = erlang:monotonic_time(microsecond),
    Hold = way(Way),
    Us = erlang:monotonic_time(microsecond) - Began,
    After = facts(),
    [Us | lists:zipwith(fun(A, B) -> A - B end, After, Before)] ++ Hold.

%% Words that were collected and those that are still to be; switches; kB.
facts() ->
    {_, Collected, _} = erlang:statistics(garbage_collection),
    {total_heap_size, Heap} = process_info(self(), total_heap_size),
    {Switches, _} = erlang:statistics(context_switches),
    {ok, Text} = file:read_file("/proc/self/statm"),
    [_, Pages | _] = string:split(Text, " ", all),
    [Collected + Heap, Switches, 4 * binary_to_integer(Pages)].

print(Way, Figures) ->
    io:format("~s~s~n", [Way, [[$\s, integer_to_list(Figure)] || Figure <- Figures]]).

way(walk) ->
    {ok, #{longest_hold_us := Wall, longest_hold_cpu_us := Cpu}} = cprof_walk_nif:read(?TOP),
    [Wall, Cpu];
way(snapshot) ->
    #{source := nif, quality := #{longest_hold_us := Wall}} = cprof_nif:snapshot(#{top => ?TOP}),
    [Wall, -1];
way(bif_all) ->
    _ = lists:foldl(fun all/2, {0, 0, #{}, #{}, #{}}, processes()),
    [-1, -1];
way(queue_sort) ->
    Lengths = [{N, Pid} || Pid <- processes(), {_, N} <- [process_info(Pid, message_queue_len)]],
    _ = lists:sublist(lists:reverse(lists:sort(Lengths)), ?TOP),
    [-1, -1];
way(binary_memory) ->
    Held = [
        {lists:sum([Size || {_, Size, _} <- Binaries]), Pid}
     || Pid <- processes(), {_, Binaries} <- [process_info(Pid, binary)]
    ],
    _ = lists:sublist(lists:reverse(lists:sort(Held)), ?TOP),
    [-1, -1].

%% The figures of the walk: sums, longest lists, groups.
all(Pid, {Queued, Held, States, Groups, Tops} = Sum) ->
    Items = [
        status, message_queue_len, reductions, garbage_collection_info, current_function, initial_call
    ],
    case process_info(Pid, Items) of
        [{_, Status}, {_, Queue}, {_, Reductions}, {_, Info}, {_, At}, {_, Call}] ->
            {_, Young} = lists:keyfind(bin_vheap_size, 1, Info),
            {_, Old} = lists:keyfind(bin_old_vheap_size, 1, Info),
            {_, Heap} = lists:keyfind(heap_block_size, 1, Info),
            {_, OldHeap} = lists:keyfind(old_heap_block_size, 1, Info),
            {
                Queued + Queue,
                Held + Young + Old,
                count(Status, States),
                count({At, Call}, Groups),
                tops(Pid, [{queue, Queue}, {reductions, Reductions}, {held, Young + Old}, {heap, Heap + OldHeap}], Tops)
            };
        undefined ->
            Sum
    end.

count(Key, Counts) -> maps:update_with(Key, fun(N) -> N + 1 end, 1, Counts).

tops(Pid, Keys, Tops) ->
    lists:foldl(
        fun({Name, Key}, All) ->
            All#{Name => top({Key, Pid}, maps:get(Name, All, []))}
        end,
        Tops,
        Keys
    ).

top(Row, Rows) when length(Rows) < ?TOP -> lists:sort([Row | Rows]);
top(Row, [Least | Rest]) when Row > Least -> lists:merge([Row], Rest);
top(_, Rows) -> Rows.
