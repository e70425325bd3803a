%% The messages of the port: encodes requests and decodes replies, nothing else.
%% The other side is c_src/port/port.h.
-module(cprof_protocol).

-export([version/0, request/3, reply/1]).

-type command() :: hello | start | stop | read | render | check | write | diff | describe.
-type failure() :: {Code :: atom(), Text :: binary()}.
-type reply() ::
    {reply, Ref :: integer(), {ok, term()} | {error, failure()}}
    | {event, term()}
    | malformed.
-export_type([command/0, failure/0, reply/0]).

%% The version of the protocol that this side speaks.
-spec version() -> pos_integer().
version() -> 1.

-spec request(integer(), command(), map()) -> binary().
request(Ref, Command, Args) when is_integer(Ref), is_atom(Command), is_map(Args) ->
    term_to_binary({Ref, Command, Args}).

-spec reply(binary()) -> reply().
reply(Packet) ->
    try binary_to_term(Packet) of
        {0, event, Value} -> {event, Value};
        {Ref, ok, Value} when is_integer(Ref) -> {reply, Ref, {ok, Value}};
        {Ref, error, {Code, Text}} when is_integer(Ref), is_atom(Code), is_binary(Text) ->
            {reply, Ref, {error, {Code, Text}}};
        _ -> malformed
    catch
        error:badarg -> malformed
    end.
