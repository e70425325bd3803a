%% Describes processes of this node: the facts that cannot be seen from outside.
%% The sampler asks for them (c_src/port/port.h, describe) as it meets processes,
%% so there are few at a time.
-module(cprof_describe).

-export([processes/1]).

-export_type([row/0]).

%% Pid, initial call, label, application, parent; <<>> for what a process lacks.
-type row() :: {binary(), binary(), binary(), binary(), binary()}.

-define(FACTS_MS, 500).
-define(LEADERS_MS, 300).
%% Asking is slow behind a long mailbox, and its owner has enough to do.
-define(MAX_MAILBOX, 10000).
-define(LABEL_BYTES, 200).
%% The program takes texts of less than 256 bytes.
-define(TEXT_BYTES, 255).

%% A row for each that is alive and answers.
-spec processes([binary()]) -> [row()].
processes(Texts) ->
    Pids = [{Text, Pid} || Text <- Texts, Pid <- local(Text)],
    Facts = cprof_ask:each([Pid || {_, Pid} <- Pids], fun facts/1, ?FACTS_MS),
    Leaders = lists:usort([Leader || #{leader := Leader} <- maps:values(Facts)]),
    Applications = cprof_ask:each(Leaders, fun application_of/1, ?LEADERS_MS),
    [row(Text, maps:get(Pid, Facts), Applications) || {Text, Pid} <- Pids, is_map_key(Pid, Facts)].

local(Text) ->
    try list_to_pid(binary_to_list(Text)) of
        Pid when node(Pid) =:= node() -> [Pid];
        _ -> []
    catch
        error:badarg -> []
    end.

row(Text, #{leader := Leader} = Facts, Applications) ->
    #{initial_call := InitialCall, label := Label, parent := Parent} = Facts,
    {Text, InitialCall, Label, maps:get(Leader, Applications, <<>>), Parent}.

%% The group leader of an application's processes is its master, which leads
%% itself. Others, like the one of a shell, may themselves belong to some
%% application; their processes do not.
application_of(Leader) ->
    case erlang:process_info(Leader, group_leader) of
        {group_leader, Leader} ->
            case application:get_application(Leader) of
                {ok, Application} -> text(Application);
                undefined -> undefined
            end;
        _ ->
            undefined
    end.

%% --- of one process --------------------------------------------------------

facts(Pid) ->
    case erlang:process_info(Pid, message_queue_len) of
        {message_queue_len, Length} when Length =< ?MAX_MAILBOX ->
            facts_of(cprof_ask:info(Pid, [initial_call, group_leader, parent]));
        _ -> undefined
    end.

facts_of(undefined) ->
    undefined;
facts_of(Info) ->
    #{
        leader => proplists:get_value(group_leader, Info),
        initial_call => initial_call(cprof_ask:initial_call(Info)),
        label => label(proplists:get_value(label, Info)),
        parent => parent(Info)
    }.

initial_call({Module, Function, Arity}) ->
    %% As the VM writes functions: the program spells them for people.
    text(io_lib:format("~0tp:~0tp/~b", [Module, Function, Arity]));
initial_call(undefined) ->
    <<>>.

%% proc_lib notes the name that the parent had, which says more than its pid.
parent(Info) ->
    Dictionary = proplists:get_value(dictionary, Info, []),
    case {proplists:get_value('$ancestors', Dictionary), proplists:get_value(parent, Info)} of
        {[Name | _], _} when is_atom(Name) -> text(Name);
        {[Pid | _], _} when is_pid(Pid) -> text(pid_to_list(Pid));
        {_, Pid} when is_pid(Pid) -> text(pid_to_list(Pid));
        _ -> <<>>
    end.

%% --- texts -----------------------------------------------------------------

%% A label that is text is shown as it is, any other as a term.
label(undefined) ->
    <<>>;
label(Label) ->
    Text =
        case words(Label) of
            [_ | _] = Words -> Words;
            _ -> io_lib:format("~0tp", [Label], [{chars_limit, ?LABEL_BYTES}])
        end,
    cut(unicode:characters_to_binary(Text), ?LABEL_BYTES).

words(Label) when is_binary(Label) ->
    Head = binary:part(Label, 0, min(byte_size(Label), ?LABEL_BYTES + 4)),
    case unicode:characters_to_list(Head) of
        {incomplete, Words, _} when byte_size(Head) < byte_size(Label) -> printable(Words);
        Words -> printable(Words)
    end;
words(Label) ->
    printable(Label).

printable(Words) ->
    case io_lib:printable_unicode_list(Words) andalso lists:all(fun(C) -> C >= $\s end, Words) of
        true -> Words;
        false -> false
    end.

text(Atom) when is_atom(Atom) -> text(atom_to_list(Atom));
text(Chars) -> cut(unicode:characters_to_binary(Chars), ?TEXT_BYTES).

%% At most Bytes bytes, in whole characters, without NUL.
cut(Text, Bytes) ->
    Clean = binary:replace(Text, <<0>>, <<>>, [global]),
    case Clean of
        <<Head:Bytes/binary, _, _/binary>> ->
            case unicode:characters_to_binary(Head) of
                {_, Whole, _} -> Whole;
                Whole -> Whole
            end;
        _ ->
            Clean
    end.
