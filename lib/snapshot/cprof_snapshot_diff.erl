%% Compares two snapshots of the same node: which processes grew, and what else
%% changed. Pure.
-module(cprof_snapshot_diff).

-export([diff/2]).

-export_type([diff/0, change/0, grown/0]).

-type change() :: #{before := number(), now := number(), change := number()}.
%% A row of the second snapshot's list, with how much more it is. A process that
%% was not in the first one's list had at most what the last of that list had, or
%% nothing if there was room in it: `before' is undefined where there was none,
%% and `growth' is then what it grew at least.
-type grown() :: #{
    pid := pid(),
    name := atom(),
    initial_call := mfa() | undefined,
    current_function := mfa() | undefined,
    before := non_neg_integer() | undefined,
    now := non_neg_integer(),
    growth := pos_integer(),
    growth_per_s := float() | undefined
}.
-type diff() :: #{
    seconds := float(),
    run_queue := change(),
    schedulers := [#{id := pos_integer(), type := atom(), atom() => change()}],
    processes := #{count | running | runnable | waiting | gc | suspended | exiting => change()},
    mailboxes := #{total := change(), max := change(), grew := [grown()]},
    %% total is missing where one of the snapshots did not know it
    binaries := #{total => change(), held := change(), grew := [grown()]},
    memory := #{grew := [grown()], atom() => change() | [grown()]}
}.

-spec diff(cprof_snapshot:snapshot(), cprof_snapshot:snapshot()) -> diff().
diff(#{at := At0} = Before, #{at := At1} = Now) ->
    Seconds = (At1 - At0) / 1.0e6,
    #{
        seconds => Seconds,
        run_queue => change(maps:get(run_queue, Before), maps:get(run_queue, Now)),
        schedulers => schedulers(maps:get(schedulers, Before), maps:get(schedulers, Now)),
        processes => changes(maps:get(processes, Before), maps:get(processes, Now)),
        mailboxes => part(mailboxes, [total, max], length, Before, Now, Seconds),
        binaries => part(binaries, [total, held], bytes, Before, Now, Seconds),
        memory => part(memory, all, bytes, Before, Now, Seconds)
    }.

change(Before, Now) -> #{before => Before, now => Now, change => Now - Before}.

%% Of the figures that both know.
changes(Before, Now) ->
    maps:from_list([
        {Key, change(Was, Is)}
     || {Key, Is} <- maps:to_list(Now),
        is_number(Is),
        #{Key := Was} <- [Before],
        is_number(Was)
    ]).

schedulers(Before, Now) ->
    Known = maps:from_list([{Id, Row} || #{id := Id} = Row <- Before]),
    [
        maps:merge(maps:without([id], changes(maps:get(Id, Known), Row)), #{id => Id, type => Type})
     || #{id := Id, type := Type} = Row <- Now, is_map_key(Id, Known)
    ].

part(Name, Keys, By, #{top := Top} = Before, Now, Seconds) ->
    #{Name := #{top := Was} = PartBefore} = Before,
    #{Name := #{top := Is} = PartNow} = Now,
    Changes = changes(PartBefore, PartNow),
    Figures =
        case Keys of
            all -> Changes;
            _ -> maps:with(Keys, Changes)
        end,
    Figures#{grew => grew(Was, Is, By, Top, Seconds)}.

%% The most grown first.
grew(Was, Is, By, Top, Seconds) ->
    Known = maps:from_list([{Pid, Size} || #{pid := Pid, By := Size} <- Was]),
    Others =
        case length(Was) < Top of
            true -> {0, 0};
            false -> {undefined, lists:min(maps:values(Known))}
        end,
    Rows = [grown(Row, By, Known, Others, Seconds) || Row <- Is],
    lists:sort(
        fun(#{growth := A}, #{growth := B}) -> A >= B end,
        [Row || #{growth := Growth} = Row <- Rows, Growth > 0]
    ).

grown(#{pid := Pid} = Row, By, Known, Others, Seconds) ->
    Now = maps:get(By, Row),
    {Before, Least} =
        case Known of
            #{Pid := Size} -> {Size, Size};
            #{} -> Others
        end,
    Growth = Now - Least,
    Rate =
        if
            Seconds > 0 -> Growth / Seconds;
            true -> undefined
        end,
    Who = maps:with([pid, name, initial_call, current_function], Row),
    Who#{before => Before, now => Now, growth => Growth, growth_per_s => Rate}.
