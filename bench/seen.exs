# Is all CPU time of a node in its samples? By kind of thread, for every kind of work of bench-accuracy and bench-overhead.
# bench/README.md says how to read the table. By environment: ENGINES, RATES (999), WORK, RECORD_SECONDS (8).
for file <- ~w(support peers watch switching), do: Code.require_file("#{file}.exs", __DIR__)

defmodule Seen do
  alias Live.{Cprof, Node, Recorder}

  @seconds Bench.setting("RECORD_SECONDS", 8)
  @switching ~w(reads port pingpong connections)

  def rows(work, how) do
    {node, helpers} = start(work)
    Process.sleep(1000)

    rows =
      for {engine, rate} <- how, row <- recording(node, engine, rate), do: [workload: work, otp: Cprof.otp()] ++ row

    for each <- [node | helpers], do: Node.stop(each)
    rows
  end

  defp start(work) when work in @switching do
    {node, helpers, _} = Switching.start(work)
    {node, helpers}
  end

  defp start(work), do: {Bench.node(work), []}

  defp recording(node, "perf -a", rate) do
    file = Path.join(node.dir, "perf.data")
    args = ~w(record -q -a -k CLOCK_MONOTONIC -e cpu-clock -c #{div(1_000_000_000, rate)} -o #{file})
    {window, used} = Watch.program(System.find_executable("perf"), args, fn -> window(node) end)
    samples = samples_of_perf(file, window)
    for {kind, threads} <- Bench.by_kind(used), do: row_of_perf(kind, threads, samples, rate)
  end

  defp recording(node, engine, rate) do
    {{_, used}, file} = Recorder.during(node, ["-r", rate | Bench.engine(engine)], fn -> window(node) end)
    for row <- Bench.seen(file, used), do: [profiler: engine, rate: rate] ++ row
  end

  # {from, to} by CLOCK_MONOTONIC, and the CPU time of the threads meanwhile.
  defp window(node) do
    Bench.spent(node.pid, fn ->
      from = :os.perf_counter(:nanosecond)
      Process.sleep(@seconds * 1000)
      {from, :os.perf_counter(:nanosecond)}
    end)
  end

  # Samples by thread.
  defp samples_of_perf(file, {from, to}) do
    {text, 0} = System.cmd("perf", ["script", "-i", file, "--ns", "-F", "tid,time"], stderr_to_stdout: true)

    for [_, tid, s, ns] <- Regex.scan(~r/^ *(\d+) +(\d+)\.(\d{9}):/m, text),
        String.to_integer(s <> ns) in from..to,
        reduce: %{},
        do: (counts -> Map.update(counts, String.to_integer(tid), 1, &(&1 + 1)))
  end

  defp row_of_perf(kind, threads, samples, rate) do
    n = Enum.sum(for {_, tid, _} <- threads, do: Map.get(samples, tid, 0))
    used = Enum.sum(for {_, _, ns} <- threads, do: ns) / 1.0e9

    [profiler: "perf -a", rate: rate, threads: kind, used_s: used] ++
      [seen_of_used: n / rate / used, chance: Bench.chance(n)]
  end

  def work, do: Bench.names("WORK", "erlang bif gc messages dirty tiny " <> Enum.join(@switching, " "))
end

engines = Enum.reject(Bench.engines(), &(&1 == "ptrace")) ++ for "perf" <- Peers.available(), do: "perf -a"
how = for engine <- engines, rate <- Bench.names("RATES", "999"), do: {engine, String.to_integer(rate)}
Bench.publish("seen", for(work <- Seen.work(), row <- Seen.rows(work, how), do: row))
