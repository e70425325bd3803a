defmodule Cprof.LiveDashboard.Figures do
  @moduledoc false
  # The figures of the node as tables of texts. One process reads them, in the loop serve/1. It is always the same one,
  # because rates are those since its previous reading. It is not the process of the page, which must never wait.

  alias Cprof.LiveDashboard.Spans

  @rows 8
  # How long to wait for missing answers; as in Cprof.snapshot/1.
  @wait_ms 100
  @sources %{nif: "the NIF", bif: "BIFs"}
  @kinds %{normal: "normal", dirty_cpu: "dirty CPU", dirty_io: "dirty IO"}
  @gaps [
    details_missing: "answers did not arrive in time",
    unanswered: "processes did not answer",
    groups_missed: "waiting processes are in no group",
    unread: "heaps were being moved"
  ]
  @shares [:utilization, :utilization_max, :cpu, :busy_wait, :waiting_for_cpu]

  @type row :: %{pid: pid() | nil, cells: [String.t()]}
  @type table :: %{
          id: String.t(),
          title: String.t(),
          says: String.t(),
          columns: [{:left | :right, String.t()}],
          rows: [row()]
        }
  @type t :: %{read: String.t(), incomplete: String.t() | nil, tables: [table()]}

  @doc """
  Reads the figures whenever `:read` arrives and sends them to the page.
  """
  @spec serve(pid()) :: no_return()
  def serve(page) do
    receive do
      :read -> send(page, {:cprof_figures, self(), take()})
    end

    serve(page)
  end

  @doc """
  Reads the figures. The first time in a process this takes a second, because rates need two readings.
  """
  @spec take() :: t()
  def take do
    options = %{top: @rows, wait_ms: @wait_ms}
    spans = Spans.attached(Cprof.Spans.attached())
    from(:cprof_snapshot.take_with_rates(options), :cprof_memory.take(options), spans)
  end

  @doc """
  The tables of a snapshot, of what is known of the memory, and of spans.
  """
  @spec from(:cprof_snapshot.snapshot(), :cprof_memory.memory(), Spans.table()) :: t()
  def from(snapshot, memory, spans) do
    %{
      read: read(snapshot, memory),
      incomplete: incomplete(snapshot.quality, memory.quality),
      tables: [
        schedulers(snapshot),
        waited(snapshot),
        processes(snapshot),
        mailboxes(snapshot),
        spans(spans),
        memory(memory)
      ]
    }
  end

  defp read(%{at: at, elapsed_us: elapsed} = snapshot, memory) do
    took = Float.round((snapshot.took_us + memory.took_us) / 1000, 1)
    since = if is_integer(elapsed), do: "; rates are of the last #{seconds(elapsed)} s", else: ""
    way = if is_binary(snapshot.reason), do: "by BIFs: #{snapshot.reason}", else: "by #{@sources[snapshot.source]}"
    "Read at #{time(at)} UTC in #{took} ms, #{way}#{since}."
  end

  defp time(us) do
    us |> DateTime.from_unix!(:microsecond) |> Calendar.strftime("%H:%M:%S")
  end

  defp seconds(us), do: :erlang.float_to_binary(us / 1.0e6, decimals: 1)

  # Only what is incomplete.
  defp incomplete(snapshot, memory) do
    gaps =
      for {key, words} <- @gaps,
          count = Map.get(snapshot, key, 0) + Map.get(memory, key, 0),
          count > 0,
          do: "#{count(count)} #{words}"

    full =
      if snapshot.process_table_nearly_full, do: ["few process slots are free, so not all could be asked"], else: []

    unread = for what <- snapshot.missing, do: "no #{what}"
    unknown = Enum.map_join(memory.missing, ", ", &:cprof_memory_text.missing_name/1)
    found = full ++ gaps ++ unread ++ if(unknown == "", do: [], else: ["not known: #{unknown}"])
    if found != [], do: "Incomplete: #{Enum.join(found, ", ")}."
  end

  # --- the tables -----------------------------------------------------------------------------------------------------

  defp schedulers(%{run_queue: queue, imbalance: imbalance} = snapshot) do
    uneven = if is_float(imbalance), do: "; the busiest works #{share(imbalance)} points more than the mean", else: ""

    rows =
      for {[:cprof, :schedulers], figures, %{type: type}} <- :cprof_telemetry_events.from(snapshot) do
        shares = Enum.map(@shares, &share(figures[&1]))
        row(nil, [@kinds[type], count(figures.count)] ++ shares ++ [count(figures.run_queue)])
      end

    table("schedulers", "Schedulers", "#{count(queue)} in the run queues#{uneven}", rows,
      left: "kind",
      right: "count",
      right: "work %",
      right: "busiest",
      right: "CPU %",
      right: "busy-wait %",
      right: "waits for CPU %",
      right: "queue"
    )
  end

  defp waited(%{waiting: %{callees: callees}}) do
    table("waited", "Who is waited for", waited_says(callees), Enum.map(callees.top, &callee/1),
      right: "about",
      right: "of those asked",
      left: "process",
      left: "now in"
    )
  end

  defp waited_says(%{in_calls: 0}), do: "no process waits for an answer"

  defp waited_says(%{in_calls: in_calls, asked: asked, unknown: unknown, others: others}) do
    whose = if unknown > 0, do: "; for about #{count(unknown)} it is not known whose", else: ""
    more = if others > 0, do: "; #{count(others)} more are waited for", else: ""
    "about #{count(in_calls)} processes wait for an answer (estimated from #{count(asked)} of them)#{whose}#{more}"
  end

  defp callee(%{pid: pid} = row) do
    row(pid, [count(row.about), "#{row.agree} of #{row.asked}", who(row), now_in(row)])
  end

  defp processes(%{processes: processes}) do
    created =
      if is_number(processes.created_per_s), do: ", #{rate(processes.created_per_s)} created per second", else: ""

    states =
      for state <- [:running, :runnable, :gc, :suspended, :exiting],
          processes[state] > 0,
          do: ", #{count(processes[state])} #{state}"

    says = "#{count(processes.count)} of at most #{count(processes.limit)}#{states}#{created}"
    rows = for row <- processes.top, do: row(row.pid, [rate(row.reductions_per_s), who(row), now_in(row)])

    table("processes", "Busiest processes", says, rows, right: "reductions/s", left: "process", left: "now in")
  end

  defp mailboxes(%{mailboxes: mailboxes}) do
    least = if mailboxes.exact, do: "", else: " (at least)"
    says = "#{count(mailboxes.total)} messages wait, the longest mailbox has #{count(mailboxes.max)}#{least}"

    rows =
      for row <- mailboxes.top,
          do: row(row.pid, [count(row.length), rate(row.growth_per_s), who(row), now_in(row)])

    table("mailboxes", "Mailboxes", says, rows,
      right: "messages",
      right: "growth/s",
      left: "process",
      left: "now in"
    )
  end

  defp spans(%{says: says, rows: rows, columns: columns}) do
    table("spans", "Spans", says, Enum.map(rows, &row(nil, &1)), columns)
  end

  defp memory(%{sentence: sentence, parts: parts}) do
    rows =
      for part <- parts do
        row(nil, [:cprof_words.bytes(part.bytes), share(part.share), IO.chardata_to_string(part_name(part))])
      end

    table("memory", "Memory", sentence, rows, right: "bytes", right: "%", left: "what")
  end

  defp part_name(part), do: :cprof_memory_text.what(part)

  # --- their cells ----------------------------------------------------------------------------------------------------

  defp table(id, title, says, rows, columns) do
    %{id: id, title: title, says: says, rows: rows, columns: columns}
  end

  defp row(pid, cells), do: %{pid: pid, cells: cells}

  defp who(%{pid: pid} = row), do: "#{:cprof_words.pid(pid)} #{:cprof_words.who(row)}"

  defp now_in(%{waits_for: pid, current_function: call}) when is_pid(pid) do
    "#{:cprof_words.function(call)}, waits for #{:cprof_words.pid(pid)}"
  end

  defp now_in(%{current_function: call}), do: :cprof_words.function(call)

  defp share(nil), do: "-"
  defp share(share), do: :cprof_words.percent(share)

  defp count(count), do: :cprof_words.count(count)
  defp rate(rate), do: :cprof_words.rate(rate)
end
