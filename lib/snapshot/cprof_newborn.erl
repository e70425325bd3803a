%% Finds the parents of short-lived processes. Pids are assigned in order, so the
%% processes that were started just before another one have the numbers just below
%% its own. We start a process, look which of those before it are still alive, and
%% ask for their parents. Processes that are gone at the next look are counted for
%% their parent. A look sees short-lived processes by chance, so the parent that
%% starts most of them is seen most often. Once a node has used all numbers, it
%% reuses those of ended processes in the order in which they ended (erts_ptab in
%% erts/emulator/beam/erl_ptab.c), which is nearly the same for short-lived ones.
-module(cprof_newborn).

-export([new/0, look_for/2, seen/1]).
-export([ended/2]).

-export_type([newborn/0, seen/0]).

-record(newborn, {
    %% alive at the last look, with their parents
    alive = #{},
    %% by parent: children seen to have ended, and looks that saw any; children of
    %% parents that were forgotten
    parents = #{},
    others = 0,
    looks = 0,
    %% begun by others while looking, and how long that was
    created = 0,
    us = 0
}).

-opaque newborn() :: #newborn{}.
-type seen() :: #{
    looks := non_neg_integer(),
    parents := #{pid() => {Children :: pos_integer(), Looks :: pos_integer()}},
    %% children of parents that are not listed
    others := non_neg_integer(),
    created_per_s := float() | undefined
}.

-define(BACK, 8).
-define(LOOKS, 20).
%% Parents that are remembered: when there are more, the half with most children.
-define(PARENTS, 1000).
%% Those that live on are followed, but not many.
-define(FOLLOWED, 64).
-define(PAUSE_MS, 4).
-define(LATE_MS, 1000).

-spec new() -> newborn().
new() -> #newborn{}.

-spec seen(newborn()) -> seen().
seen(#newborn{looks = Looks, parents = Parents, others = Others, created = Created, us = Us}) ->
    Rate =
        case Us of
            0 -> undefined;
            _ -> Created * 1.0e6 / Us
        end,
    #{looks => Looks, parents => Parents, others => Others, created_per_s => Rate}.

%% Looks again and again for some ms. By a process of its own: a newborn one
%% that is asked for its parent might be held in C code.
-spec look_for(non_neg_integer(), newborn()) -> newborn().
look_for(Ms, Newborn) ->
    Owner = self(),
    case cprof_aside:help(fun() -> looker(Ms, Owner, Newborn) end) of
        full ->
            timer:sleep(Ms),
            Newborn;
        {_, Monitor} = Task ->
            case cprof_aside:next(#{Monitor => looker}, Ms + ?LATE_MS) of
                {Monitor, {ok, Looked}} ->
                    Looked;
                {Monitor, failed} ->
                    Newborn;
                none ->
                    cprof_aside:give_up(Task),
                    Newborn
            end
    end.

looker(Ms, Owner, Newborn) ->
    Until = erlang:monotonic_time(millisecond) + Ms,
    Began = erlang:monotonic_time(microsecond),
    {First, Looked} = look(Owner, Newborn),
    look_until(Until, Owner, First, First, 0, Began, Looked).

look_until(Until, Owner, First, Last, Looks, Began, Newborn) ->
    case Until - erlang:monotonic_time(millisecond) of
        Left when Left > 0 ->
            timer:sleep(min(Left, ?PAUSE_MS + rand:uniform(?PAUSE_MS))),
            {Now, Looked} = look_often(?LOOKS, Owner, Newborn),
            look_until(Until, Owner, First, Now, Looks + ?LOOKS, Began, Looked);
        _ ->
            Us = erlang:monotonic_time(microsecond) - Began,
            created(First, Last, Looks, Us, Newborn)
    end.

%% All that the same tick of the clock woke have their turn in between, and what
%% they begin has not.
look_often(1, Owner, Newborn) ->
    look(Owner, Newborn);
look_often(Times, Owner, Newborn) ->
    {_, Looked} = look(Owner, Newborn),
    erlang:yield(),
    look_often(Times - 1, Owner, Looked).

%% The numbers in between are processes that were begun, but for our probes, as
%% long as the serial is the same.
created({First, Serial}, {Last, Serial}, Looks, Us, Newborn) when Last >= First ->
    #newborn{created = Created, us = Before} = Newborn,
    Newborn#newborn{created = Created + max(0, Last - First - Looks), us = Before + Us};
created(_, _, _, _, Newborn) ->
    Newborn.

look(Owner, Newborn) ->
    case cprof_aside:has_room(1) of
        true -> look(number(spawn(fun() -> ok end)), Owner, Newborn);
        false -> {nowhere, Newborn}
    end.

look({Number, Serial} = Position, Owner, Newborn) ->
    Own = [Owner, self()],
    Alive = [
        {Pid, Parent}
     || Back <- lists:seq(max(0, Number - ?BACK), Number - 1),
        Pid <- [pid(Back, Serial)],
        Parent <- parent(Pid),
        not lists:member(Parent, Own)
    ],
    {Position, count(maps:from_list(Alive), Newborn)}.

%% <0.Number.Serial>
number(Pid) ->
    [_, Number, Serial] = string:lexemes(pid_to_list(Pid), "<.>"),
    {list_to_integer(Number), list_to_integer(Serial)}.

pid(Number, Serial) ->
    list_to_pid(lists:flatten(io_lib:format("<0.~b.~b>", [Number, Serial]))).

parent(Pid) ->
    case erlang:process_info(Pid, parent) of
        {parent, Parent} when is_pid(Parent), node(Parent) =:= node() -> [Parent];
        _ -> []
    end.

%% Those that were alive a look before and are no more, each counted to its parent.
count(Alive, #newborn{alive = Before, looks = Looks} = Newborn) ->
    Ended = maps:filter(fun(Pid, _) -> not is_process_alive(Pid) end, Before),
    ByParent = maps:groups_from_list(fun({_, Parent}) -> Parent end, maps:to_list(Ended)),
    Left = maps:without(maps:keys(Ended), Before),
    ended(maps:map(fun(_, Children) -> length(Children) end, ByParent), Newborn#newborn{
        alive = follow(maps:merge(Left, Alive), Alive),
        looks = Looks + 1
    }).

follow(All, _) when map_size(All) =< ?FOLLOWED -> All;
follow(_, Newest) -> Newest.

%% @private Also for tests. In one look, these numbers of children were seen to have
%% ended, by parent.
-spec ended(#{pid() => pos_integer()}, newborn()) -> newborn().
ended(Children, #newborn{parents = Parents} = Newborn) ->
    forget(Newborn#newborn{parents = maps:fold(fun count/3, Parents, Children)}).

count(Parent, Children, Parents) ->
    {Seen, Looks} = maps:get(Parent, Parents, {0, 0}),
    Parents#{Parent => {Seen + Children, Looks + 1}}.

forget(#newborn{parents = Parents, others = Others} = Newborn) when map_size(Parents) > ?PARENTS ->
    Sorted = lists:reverse(lists:keysort(2, maps:to_list(Parents))),
    {Most, Forgotten} = lists:split(?PARENTS div 2, Sorted),
    Lost = lists:sum([Seen || {_, {Seen, _}} <- Forgotten]),
    Newborn#newborn{parents = maps:from_list(Most), others = Others + Lost};
forget(Newborn) ->
    Newborn.
