%% Converts a snapshot, a diff or the result of watch for any JSON encoder: keys and
%% texts are binaries. Figures that are not known are left out, since encoders have
%% different terms for null. Pure.
-module(cprof_snapshot_json).

-export([to_map/1]).

-spec to_map(map()) -> #{binary() => term()}.
to_map(Map) ->
    Known = [Pair || {_, Value} = Pair <- maps:to_list(Map), Value =/= undefined],
    maps:from_list([{key(Key), value(Value)} || {Key, Value} <- Known]).

key(Key) when is_atom(Key) -> atom_to_binary(Key).

value(Value) when is_boolean(Value); is_number(Value); is_binary(Value) ->
    Value;
value(Atom) when is_atom(Atom) ->
    atom_to_binary(Atom);
value(Pid) when is_pid(Pid) ->
    cprof_words:pid(Pid);
%% An ETS table without a name.
value(Table) when is_reference(Table) ->
    list_to_binary(ref_to_list(Table));
value(Map) when is_map(Map) ->
    to_map(Map);
value({Module, Function, Arity}) when is_atom(Module), is_atom(Function), is_integer(Arity) ->
    cprof_words:function({Module, Function, Arity});
value({From, Count}) ->
    [value(From), value(Count)];
value(List) when is_list(List) ->
    [value(Value) || Value <- List].
