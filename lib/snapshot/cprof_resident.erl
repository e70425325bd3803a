%% What Linux says about the memory of this VM.
-module(cprof_resident).

-export([read/0, parse/1]).

-export_type([resident/0]).

%% In bytes.
-type resident() :: #{
    %% in RAM now, and the most ever
    rss := non_neg_integer(),
    peak => non_neg_integer(),
    %% of it: pages of files (the program and its libraries), pages shared with other
    %% mappings (code of the JIT, where that is mapped twice), and all other pages
    files => non_neg_integer(),
    shared => non_neg_integer(),
    anonymous => non_neg_integer(),
    %% not in RAM
    swapped => non_neg_integer()
}.

-define(STATUS, "/proc/self/status").
-define(STATUS_BYTES, 16384).

%% `undefined' where there is no such file. Not by the file server, which may have
%% other things to do.
-spec read() -> resident() | undefined.
read() ->
    case file:open(?STATUS, [raw, read, binary]) of
        {ok, File} ->
            Read = file:read(File, ?STATUS_BYTES),
            ok = file:close(File),
            parsed(Read);
        {error, _} ->
            undefined
    end.

parsed({ok, Status}) -> parse(Status);
parsed(_) -> undefined.

-spec parse(binary()) -> resident() | undefined.
parse(Status) ->
    Keys = #{
        <<"VmRSS">> => rss,
        <<"VmHWM">> => peak,
        <<"RssFile">> => files,
        <<"RssShmem">> => shared,
        <<"RssAnon">> => anonymous,
        <<"VmSwap">> => swapped
    },
    Lines = binary:split(Status, <<"\n">>, [global]),
    Read = [{maps:get(Key, Keys), Bytes} || Line <- Lines, {Key, Bytes} <- kilobytes(Line), is_map_key(Key, Keys)],
    case maps:from_list(Read) of
        #{rss := _} = Resident -> Resident;
        #{} -> undefined
    end.

%% As `VmRSS:     1234 kB'.
kilobytes(Line) ->
    case re:run(Line, "^(\\w+):\\s*([0-9]+) kB$", [{capture, all_but_first, binary}]) of
        {match, [Key, KB]} -> [{Key, 1024 * binary_to_integer(KB)}];
        nomatch -> []
    end.
