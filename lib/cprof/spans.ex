defmodule Cprof.Spans do
  @moduledoc """
  Which request, query or job the application was in when a sample was taken, and queries that are repeated in a loop.

      :ok = Cprof.Spans.attach([[:phoenix, :endpoint], [:phoenix, :router_dispatch]],
              metadata: [:route], events: [[:my_app, :repo, :query]])

  From then on, each process of this node marks in a page of memory when it enters and leaves such a span, which takes
  less than a microsecond. Recordings of the node, from inside or outside, read the page: each sample knows its spans,
  also that of a process which works for another one (by `$callers` or `$ancestors`, as tasks have them). Nothing is
  sent or written while nobody records. `docs/spans.md` says how reports show spans.

  ## Queries in a loop

      {:ok, found} = Cprof.Spans.n_plus_one()
      IO.puts(Cprof.Spans.format(found))

      queries repeated in one span (N+1), of 1,204 spans
      [:phoenix, :endpoint] > [:phoenix, :router_dispatch] /orders
        SELECT c0."id", c0."name" FROM "customers" AS c0 WHERE (c0."id" = ?)
        source customers, event [:my_app, :repo, :query]
        called by MyApp.Orders.with_customer/1 (lib/my_app/orders.ex:41)
        301 spans, each with 3 to 50 of them (median 20, p95 48); lost 4.90 s, 16.3 ms in each

  The library `:telemetry` is optional. Without it these functions return
  `{:error, %Cprof.Error{code: :no_telemetry}}`. Erlang has the same functions in `cprof_spans`.
  """

  alias Cprof.{Error, Options}

  @default "cprof-spans"

  @type id :: term()
  @type event :: [atom(), ...]

  @type option ::
          {:id, id()}
          | {:metadata, [atom()] | (event(), map() -> String.t() | nil)}
          | {:events, [event()]}
          | {:n_plus_one, boolean() | [n_plus_one_option()]}

  @type n_plus_one_option :: {:threshold, pos_integer()} | {:key, (event(), map() -> term())}

  @type stats :: :cprof_spans.stats()
  @type attached :: :cprof_spans.attached()
  @type found :: :cprof_n_plus_one.found()

  @doc """
  Marks the spans of one prefix, or of a list of prefixes, until `detach/1`.

  A span of prefix `[:my_app, :checkout]` begins with the event `[:my_app, :checkout, :start]` and ends with
  `[..., :stop]` or `[..., :exception]`.

    * `:metadata` - what tells spans of one prefix apart: keys of the metadata (`[:route]`), whose values are texts,
      atoms or integers, or a function of the prefix and the metadata that returns a text or `nil`, as a capture
      `&Mod.fun/2`. It is called at the start of a span. Choose metadata with few different values: a node has room
      for 4,095 different spans, and all further ones are called "[other spans]"
    * `:events` - events without a start, such as Ecto's `[:my_app, :repo, :query]`: a span that ended when the event
      was executed, and that was as long as its measurement `duration` or `total_time` says (in native units)
    * `:n_plus_one` - whether these events are counted, see `n_plus_one/1` (`true` if there are any), or options of
      that: `:threshold`, how often the same query must be made in one span (3), and `:key`, a function of the event
      and its metadata. Queries with an equal key are the same, and those with the key `nil` are not counted
    * `:id` - what the handler is called (`"#{@default}"`). Up to 8 can be attached under different names

  Errors have the code `:invalid_option`, `:no_telemetry`, `:no_nif` (the library `cprof_nif.so` is missing, or there is
  no memory for the marks), `:already_attached`, `:too_many` or `:system_limit` (too few process slots are free).
  """
  @spec attach(event() | [event()], [option()]) :: :ok | {:error, Error.t()}
  def attach(prefixes, opts \\ []), do: prefixes |> :cprof_spans.attach(Options.to_map(opts)) |> result()

  @doc """
  Removes what `attach/2` attached, and drops the list of repeated queries. If nothing has this id, the error is
  `:not_attached`.
  """
  @spec detach(id()) :: :ok | {:error, Error.t()}
  def detach(id \\ @default), do: result(:cprof_spans.detach(id))

  @doc """
  What is attached now: for each the `id`, the `events` (prefixes of spans, and single events, as texts), and the
  figures of `stats/1`.
  """
  @spec attached() :: {:ok, [attached()]} | {:error, Error.t()}
  def attached, do: result(:cprof_spans.attached())

  @doc """
  `spans`: how many ended since `attach/2`. `failures`: events that could not be marked (one without a duration), and
  functions that raised. And of the node: `kinds`, how many different spans it knows, and `kinds_refused`, how many
  marks were of spans that found no room. If nothing has this id, the error is `:not_attached`.
  """
  @spec stats(id()) :: {:ok, stats()} | {:error, Error.t()}
  def stats(id \\ @default), do: result(:cprof_spans.stats(id))

  @doc """
  The queries that were made several times in one span, those that cost most first.

  Queries are the same if they are of the same event and source, and have the same text after parameters, numbers and
  quoted texts are taken out of it. A query with a list (`IN (1, 2, 3)`) is one query. They are counted in the outermost
  span of a process, together with those of processes that work directly for it (`$callers`, as tasks have it).

  The map is documented in `docs/spans.md`; a figure that is not known is `:undefined`. Errors have the code
  `:not_attached` or `:not_counted` (`attach/2` had no `:events`, or `n_plus_one: false`).
  """
  @spec n_plus_one(id()) :: {:ok, found()} | {:error, Error.t()}
  def n_plus_one(id \\ @default), do: result(:cprof_spans.n_plus_one(id))

  @doc """
  The result of `n_plus_one/1` as text.
  """
  @spec format(found()) :: String.t()
  def format(found), do: found |> :cprof_spans.format() |> IO.chardata_to_string()

  defp result({:error, failure}), do: {:error, Error.new(failure)}
  defp result(other), do: other
end
