%% The call of RabbitMQ's own gen_server, in its form, under its name.
-module(gen_server2).
-export([call/3]).

call(Name, Request, Timeout) ->
    case catch gen:call(Name, '$gen_call', Request, Timeout) of
        {ok, Res} -> Res;
        {'EXIT', Reason} -> exit({Reason, {?MODULE, call, [Name, Request, Timeout]}})
    end.
