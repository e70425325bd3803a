# What spans cost the process that executes an event: `make bench-spans`. WORKERS (8) processes together execute RATE
# (200000) spans per second of the real telemetry, and time the handler in every call. Each kind of handler has its turn
# ROUNDS (15) times, for ROUND_MS (250). Needs telemetry: CPROF_LIBRARIES names a folder with telemetry-VERSION/ebin, as
# in the root with OTP 29.
Code.require_file("support.exs", __DIR__)
for ebin <- Path.wildcard(Path.join(System.get_env("CPROF_LIBRARIES", ""), "*/ebin")), do: Code.append_path(ebin)

defmodule Bench.Spans do
  @compile {:no_warn_undefined, [:telemetry]}
  @span [:shop, :page]
  @query [:shop, :repo, :query]
  # Times by 10 ns; the last place has all that were longer.
  @step 10
  @places 100_000
  @p50_ns 500
  @p99_ns 2_000
  @empty ["none", "none, queries"]

  def run do
    if not Code.ensure_loaded?(:telemetry),
      do: raise("telemetry is not there: CPROF_LIBRARIES=DIR, or test/roots.sh run 29 make bench-spans")

    {:ok, _} = Application.ensure_all_started(:telemetry)
    measured = for _ <- 1..Bench.setting("ROUNDS", 15), row <- round(), do: row

    rows =
      for {key, rounds} <- Enum.group_by(measured, &Keyword.take(&1, [:order, :handler, :event])),
          do: key ++ middle(rounds)

    rows = for row <- Enum.sort(rows), do: Keyword.delete(row, :order)
    Bench.publish("spans", rows)

    for row <- rows, row[:handler] not in @empty, {key, most} <- [p50_ns: @p50_ns, p99_ns: @p99_ns], row[key] > most do
      IO.puts("over the target: #{row[:handler]}, #{row[:event]}: #{key} #{row[key]}")
    end
  end

  # What a call takes by itself is the difference from a call of the empty handler, at the same work in the same round.
  defp round do
    rows = for way <- ways(), row <- measure(way), do: row
    empty = for row <- rows, row[:handler] in @empty, into: %{}, do: {{row[:work], row[:event]}, row}

    for row <- rows, none = empty[{row[:work], row[:event]}] do
      row ++ [p50_own: row[:p50_ns] - none[:p50_ns], p99_own: row[:p99_ns] - none[:p99_ns]]
    end
  end

  # The middle of the rounds, and the best of them: on a machine that others use, the one that was disturbed least.
  defp middle(rounds) do
    of = fn key -> for row <- rounds, do: row[key] end

    [
      per_s: round(Bench.median(of.(:per_s))),
      p50_ns: round(Bench.median(of.(:p50_ns))),
      p50_own: round(Bench.median(of.(:p50_own))),
      p50_best: Enum.min(of.(:p50_ns)),
      p99_ns: round(Bench.median(of.(:p99_ns))),
      p99_own: round(Bench.median(of.(:p99_own))),
      p99_best: Enum.min(of.(:p99_ns)),
      p999_ns: round(Bench.median(of.(:p999_ns)))
    ]
  end

  defp ways do
    [
      {0, "none", nil, &spans/2},
      {1, "span", [@span, []], &spans/2},
      {2, "span, one key", [@span, [metadata: [:route]]], &spans/2},
      {3, "span, two keys", [@span, [metadata: [:method, :route]]], &spans/2},
      {4, "span, function", [@span, [metadata: &__MODULE__.label/2]], &spans/2},
      {5, "none, queries", nil, &queries/2},
      {6, "query", [@span, [events: [@query], n_plus_one: false, metadata: [:source]]], &queries/2},
      {7, "query, counted", [@span, [events: [@query], metadata: [:source]]], &queries/2}
    ]
  end

  def label(_, metadata), do: metadata.route

  # The handler that was attached, in its table of telemetry, within one that takes the time.
  defp measure({order, name, args, work}) do
    key = args && attach(args)

    histograms =
      for event <- [:start, :stop, :query], into: %{}, do: {event, :counters.new(@places, [:write_concurrency])}

    events = [@query | for(last <- [:start, :stop], do: @span ++ [last])]

    # Telemetry copies what it is given here for every event.
    :persistent_term.put(__MODULE__, histograms)
    :ok = :telemetry.attach_many("bench", events, &__MODULE__.timed/4, key)
    {us, count} = all_workers(work)
    :ok = :telemetry.detach("bench")
    failures = if key, do: failures(key), else: 0
    if failures > 0, do: raise("#{failures} events failed")
    of = [order: order, handler: name, work: work]
    for {event, histogram} <- Enum.sort(histograms), row = row(of, event, histogram, count / us), do: row
  end

  defp attach([prefix, opts]) do
    _ = :cprof_spans.detach("cprof-spans")
    :ok = Cprof.Spans.attach(prefix, opts)
    [%{config: key} | _] = Enum.filter(:telemetry.list_handlers([]), &(&1.id == "cprof-spans"))
    :ok = :telemetry.detach("cprof-spans")
    key
  end

  defp failures(key), do: key |> :persistent_term.get() |> :cprof_spans_handler.figures() |> Map.fetch!(:failures)

  def empty(_, _, _, _), do: :ok

  # Both are called in the same way, by their full name.
  def timed(event, measurements, metadata, nil) do
    began = :erlang.monotonic_time(:nanosecond)
    __MODULE__.empty(event, measurements, metadata, nil)
    note(event, :erlang.monotonic_time(:nanosecond) - began)
  end

  def timed(event, measurements, metadata, key) do
    began = :erlang.monotonic_time(:nanosecond)
    :cprof_spans_handler.handle(event, measurements, metadata, key)
    note(event, :erlang.monotonic_time(:nanosecond) - began)
  end

  defp note([_, _, last], ns), do: :counters.add(Map.fetch!(:persistent_term.get(__MODULE__), last), place(ns), 1)

  defp place(ns), do: min(div(ns, @step) + 1, @places)

  # Each worker makes its share of the rate in small portions.
  defp all_workers(work) do
    workers = Bench.setting("WORKERS", 8)
    per_ms = Bench.setting("RATE", 200_000) / 1000 / workers
    ms = Bench.setting("ROUND_MS", 250)
    began = System.monotonic_time(:microsecond)
    owner = self()
    # A heap as it is in a process that serves requests.
    opts = [:link, min_heap_size: 8_000]

    for n <- 1..workers,
        do: :erlang.spawn_opt(fn -> send(owner, {:done, portions(work, n, began, per_ms, ms, 0)}) end, opts)

    count = Enum.sum(for _ <- 1..workers, do: receive(do: ({:done, count} -> count)))
    {System.monotonic_time(:microsecond) - began, count}
  end

  defp portions(work, n, began, per_ms, ms, done) do
    elapsed = (System.monotonic_time(:microsecond) - began) / 1000
    due = trunc(per_ms * min(elapsed, ms))
    work.(n, due - done)

    if elapsed < ms do
      receive(do: (:never -> :ok), after: (1 -> :ok))
      portions(work, n, began, per_ms, ms, due)
    else
      due
    end
  end

  defp spans(_, 0), do: :ok

  defp spans(n, count) do
    :telemetry.span(@span, %{route: route(count), method: :get}, fn -> {garbage(n, count), %{}} end)
    spans(n, count - 1)
  end

  # An application's own, of any size: else each garbage collection of a process would be at the same place of a span.
  defp garbage(n, count), do: length(:lists.seq(1, :erlang.phash2({n, count}, 100)))

  defp route(count), do: elem({"/orders/:id", "/orders", "/customers/:id", "/"}, rem(count, 4))

  # Portions of a query are one span, so that most of them are repeated; a quarter of the rate, as each is two marks.
  defp queries(_, count) when count < 1, do: :ok

  defp queries(n, count) do
    :telemetry.span(@span, %{source: "orders"}, fn ->
      for id <- 1..count, do: query(id) && garbage(n, id)
      {:ok, %{}}
    end)
  end

  @text "SELECT c0.\"id\", c0.\"name\", c0.\"address\", c0.\"inserted_at\", c0.\"updated_at\" FROM \"customers\" AS c0 WHERE (c0.\"id\" = $1)"
  @measurements %{total_time: 1_000_000, query_time: 900_000, queue_time: 50_000, decode_time: 50_000, idle_time: 1}

  defp query(id) do
    :telemetry.execute(@query, @measurements, %{
      type: :ecto_sql_query,
      repo: Shop.Repo,
      result: :ok,
      params: [id],
      query: @text,
      source: "customers",
      options: []
    })
  end

  defp row(of, event, histogram, per_us) do
    counts = for place <- 1..@places, n = :counters.get(histogram, place), n > 0, do: {(place - 1) * @step, n}
    total = Enum.sum(for {_, n} <- counts, do: n)

    if total > 0 do
      of ++
        [
          event: to_string(event),
          per_s: round(per_us * 1.0e6),
          p50_ns: at(counts, 0.5 * total),
          p99_ns: at(counts, 0.99 * total),
          p999_ns: at(counts, 0.999 * total)
        ]
    end
  end

  defp at([{ns, n} | rest], rank), do: if(rank <= n or rest == [], do: ns, else: at(rest, rank - n))
end

Bench.Spans.run()
