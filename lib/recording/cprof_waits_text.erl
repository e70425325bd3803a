%% Shows who is waited for, as text for a shell. Pure.
-module(cprof_waits_text).

-export([format/1, label/1]).

-spec format(cprof_waits:waits()) -> unicode:chardata().
format(#{top := Top, others := Others} = Waits) ->
    [
        head(Waits),
        quality(Waits),
        sentence(Waits),
        ["\n" || Top =/= []],
        cprof_table:format(columns(), Top),
        [["  ... and ", cprof_words:count(Others), " more\n"] || Others > 0]
    ].

head(#{seconds := Seconds, readings := Readings, processes := Processes, busy := Busy} = Waits) ->
    [
        io_lib:format("waits of ~.1f s: processes were read ~b times\n", [Seconds, Readings]),
        io_lib:format("Processes: ~ts on average, ~ts of them not idle", [
            average(Processes), average(Busy)
        ]),
        states(Waits),
        "\n"
    ].

states(#{states := States}) ->
    Busy = [
        {Average, State, Share}
     || {State, #{average := Average, share := Share}} <- maps:to_list(States), State =/= idle
    ],
    Shown = [
        [", ", atom_to_list(State), " ", cprof_words:percent(Share), " %"]
     || {_, State, Share} <- lists:reverse(lists:sort(Busy))
    ],
    case Shown of
        [] -> [];
        [[_ | First] | Others] -> [": ", First, Others]
    end.

%% Only the counters that are not as they should be.
quality(#{quality := Quality}) ->
    Words = [
        {changed, "ran while they were read"},
        {unreadable, "could not be read"},
        {ended, "had ended when they were read"},
        {lost, "were lost"}
    ],
    Gaps = [
        [cprof_words:count(Count), " ", Text]
     || {Key, Text} <- Words, Count <- [maps:get(Key, Quality)], Count > 0
    ],
    [["  of the readings of single processes: ", lists:join(", ", Gaps), "\n"] || Gaps =/= []].

sentence(#{cause := Cause, sentence := Sentence}) -> [label(Cause), Sentence, "\n"].

%% What stands before the sentence.
-spec label(none | waiting | circle | deadlock) -> string().
label(deadlock) -> "Deadlock: ";
label(circle) -> "Circle: ";
label(_) -> "Waiting: ".

columns() ->
    [
        {"waiting", right, fun(#{average := Average}) -> average(Average) end},
        {"most", right, fun(#{most := Most}) -> cprof_words:count(Most) end},
        {"time %", right, fun(#{share := Share}) -> cprof_words:percent(Share) end},
        {"who is waited for", left, fun(#{name := Name}) -> cprof_words:shown(Name) end},
        {"what it does itself", left, fun does/1},
        {"mostly called from", left, fun site/1}
    ].

average(Average) -> io_lib:format("~.1f", [Average]).

does(#{states := States, name := Name}) when map_size(States) =:= 0 ->
    case names_a_port(Name) of
        true -> "not a process";
        false -> "not seen"
    end;
does(#{states := States, usual_state := State} = Callee) ->
    Share = maps:get(State, States),
    [io_lib:format("~b % ", [round(100 * Share)]), atom_to_list(State), place(State, Callee)].

%% As in profile/waits_name.c; the name of a process is quoted if it is like this.
names_a_port(<<"port">>) -> true;
names_a_port(<<"port ", _/binary>>) -> true;
names_a_port(Name) -> Name =:= <<"socket">>.

place(blocked, #{waits_for := Name}) when is_binary(Name) -> [" on ", cprof_words:shown(Name)];
place(_, #{usual_function := undefined}) -> [];
place(_, #{usual_function := Function}) -> [" in ", cprof_words:shown(Function)].

site(#{sites := [#{function := Function} | _]}) -> cprof_words:shown(Function);
site(_) -> [].
