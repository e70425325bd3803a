%% Reads the page of c_src/base/span_ring.h as a program outside does, from the memory of
%% this node, for tests of what writes it.
-module(cprof_spans_page).

-export([symbol/0, page/0, marks_of/1, marks/1, texts/1]).

-define(MAGIC, 16#3130534e50535043).
-define(MARK, 40).
-define(KIND, 256).

%% What the exported symbol of the loaded library says: the address of the page.
symbol() ->
    Library = filename:join(cprof_native:priv_dir(), "cprof_nif.so"),
    Lines = string:split(os:cmd("readelf --dyn-syms -W " ++ Library), "\n", all),
    [[_, Value | _]] = [string:lexemes(Line, " ") || Line <- Lines, string:find(Line, " cprof_span_page") =/= nomatch],
    <<Page:64/little>> = memory(base("cprof_nif.so") + list_to_integer(Value, 16), 8),
    Page.

%% The library's first mapping, of which all addresses in it are relative.
base(Name) ->
    {ok, Maps} = file:read_file("/proc/self/maps"),
    [First | _] = [Line || Line <- binary:split(Maps, <<"\n">>, [global]), binary:match(Line, list_to_binary(Name)) =/= nomatch],
    [From | _] = binary:split(First, <<"-">>),
    binary_to_integer(From, 16).

memory(Address, Size) ->
    {ok, File} = file:open("/proc/self/mem", [read, raw, binary]),
    {ok, Bytes} = file:pread(File, Address, Size),
    ok = file:close(File),
    Size = byte_size(Bytes),
    Bytes.

page() ->
    <<?MAGIC:64/little, Version:32/little, MarksSize:32/little, KindsSize:32/little, KindsUsed:32/little, Next:64/little,
        Refused:64/little, Marks:64/little, Kinds:64/little>> = memory(cprof_native:spans_page(), 56),
    #{
        version => Version,
        marks_size => MarksSize,
        kinds_size => KindsSize,
        kinds_used => KindsUsed,
        next => Next,
        refused => Refused,
        marks => Marks,
        kinds => Kinds
    }.

%% The marks that were made since there were so many, the first one first, of any process.
marks(Since) ->
    #{next := Next, marks_size := Size, marks := Marks, kinds := Kinds, kinds_used := Used} = page(),
    Ring = memory(Marks, Size * ?MARK),
    Texts = memory(Kinds, Used * ?KIND),
    [mark(binary:part(Ring, N rem Size * ?MARK, ?MARK), N, Texts) || N <- lists:seq(max(Since, Next - Size), Next - 1)].

mark(Bytes, N, Texts) ->
    <<Number:64/little, Time:64/little, Process:64/little, Other:64/little, Kind:32/little, What, Common:24/little>> = Bytes,
    Number = N + 1,
    #{time => Time, process => Process, other => Other, kind => kind(Kind, Texts), what => what(What), common => Common}.

what(1) -> start;
what(2) -> stop;
what(3) -> exception;
what(4) -> child.

%% {Event, the rest of the text}
kind(Index, Texts) ->
    <<EventLength:32/little, Length:32/little, Text:Length/binary, _/binary>> = binary:part(Texts, Index * ?KIND, ?KIND),
    case Text of
        <<Event:EventLength/binary>> -> {Event, <<>>};
        <<Event:EventLength/binary, $\s, More/binary>> -> {Event, More}
    end.

%% What the function returns, and the marks that the calling process made meanwhile.
marks_of(Fun) ->
    #{next := Before} = page(),
    Result = Fun(),
    Own = cprof_native:walk_word(self()),
    {Result, [Mark || #{process := Process} = Mark <- marks(Before), Process =:= Own]}.

%% Marks as {What, Event, More}.
texts(Marks) -> [{What, Event, More} || #{what := What, kind := {Event, More}} <- Marks].
