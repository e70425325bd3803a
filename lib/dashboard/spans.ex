defmodule Cprof.LiveDashboard.Spans do
  @moduledoc false
  # What is known of the spans of the application, as tables of texts: what is attached in this node, and what a
  # recording says of them. Pure.

  alias Cprof.Error

  @type table :: %{says: String.t(), columns: [{:left | :right, String.t()}], rows: [[String.t()]]}
  @type event :: :cpu | :wall | :block

  @rows 12
  @attach "Cprof.Spans.attach([[:phoenix, :endpoint], [:phoenix, :router_dispatch]], metadata: [:route])"
  @doubts [
    span_marks_lost: "starts or ends were lost",
    span_unmatched: "starts had no end, or ends no start",
    span_merged: "spans were not told apart",
    span_late: "samples could not be joined with their span"
  ]

  @doc """
  What `Cprof.Spans.attached/0` returned.
  """
  @spec attached({:ok, [map()]} | {:error, Error.t()}) :: table()
  def attached({:error, error}), do: none("No spans can be attached: #{Exception.message(error)}")

  def attached({:ok, []}) do
    none("No spans are attached. With #{@attach}, recordings say in which request each sample was (docs/spans.md).")
  end

  def attached({:ok, [%{kinds: kinds, kinds_refused: refused} | _] = all}) do
    no_room = if refused > 0, do: "; for #{count(refused)} marks of others there was no room", else: ""

    %{
      says: "Recordings say in which span each sample was. Different spans so far: #{count(kinds)}#{no_room}.",
      columns: [right: "ended", right: "failures", left: "events", left: "attached as"],
      rows: for(one <- all, do: [count(one.spans), count(one.failures), Enum.join(one.events, " "), id(one.id)])
    }
  end

  defp none(says), do: %{says: says, columns: [], rows: []}

  defp id(id) when is_binary(id), do: :cprof_words.shown(id)
  defp id(id), do: id |> inspect() |> :cprof_words.shown()

  @doc """
  What the report of a recording says of spans; `nil` if it has none.
  """
  @spec recorded(map(), event()) :: table() | nil
  def recorded(%{spans: [_ | _] = spans, counters: counters}, event) do
    shown = Enum.take(spans, @rows)

    %{
      says: says(spans, shown, counters),
      columns: columns(event),
      rows: for(span <- shown, do: cells(event, span))
    }
  end

  def recorded(_, _), do: nil

  defp says(spans, shown, counters) do
    sum = fn key -> spans |> Enum.map(& &1[key]) |> Enum.sum() end
    cut = if sum.(:cut) > 0, do: ["of #{count(sum.(:cut))} spans only a part was recorded"], else: []
    doubts = for {key, words} <- @doubts, counters[key] > 0, do: "#{count(counters[key])} #{words}"
    more = length(spans) - length(shown)
    others = if more > 0, do: ["#{count(more)} more have less time"], else: []
    what = "What the application was doing, in #{count(sum.(:count))} spans that ended"
    "#{Enum.join([what] ++ cut ++ doubts ++ others, "; ")}:"
  end

  @times [right: "spans", right: "p50", right: "p95", right: "p99"]

  defp columns(:cpu), do: [right: "CPU %"] ++ @times ++ [right: "CPU time of each", left: "span"]
  defp columns(:block), do: @times ++ [right: "blocked by each", left: "span"]

  defp columns(:wall) do
    @times ++
      [right: "running, each", right: "waiting, each", right: "runnable, each", left: "span", left: "mostly waits"]
  end

  defp cells(:cpu, span) do
    [:erlang.float_to_binary(span.cpu_pct, decimals: 2)] ++ times(span) ++ [each(span, :cpu_ns), span.name]
  end

  defp cells(:block, span), do: times(span) ++ [each(span, :blocked_ns), span.name]

  defp cells(:wall, span) do
    times(span) ++
      for(key <- [:running_ns, :waiting_ns, :runnable_ns], do: each(span, key)) ++ [span.name, mostly(span)]
  end

  # Of spans that had not ended when the recording did, nobody knows how long they take.
  defp times(%{count: 0}), do: ["0", "-", "-", "-"]

  defp times(span) do
    [count(span.count) | for(key <- [:p50_ns, :p95_ns, :p99_ns], do: :cprof_words.duration(span[key]))]
  end

  defp each(%{count: 0} = span, key), do: "#{:cprof_words.duration(span[key])} in all"
  defp each(span, key), do: :cprof_words.duration(span[key] / span.count)

  defp mostly(%{waits: [%{function: function, wait_ns: ns} | _], waiting_ns: all}) when all > 0 do
    "#{:cprof_words.percent(ns / all)} % #{function}"
  end

  defp mostly(_), do: ""

  defp count(count), do: :cprof_words.count(count)
end
