# Servers that nobody here wrote, at half of what they can do: do the states of a recording agree with the VM's own
# account, is all CPU time in it, how many stacks are cut, and what does it cost an answer? bench/README.md says how to read
# the tables. By environment: SERVERS, ENGINES, RATES, RECORD_SECONDS (30), PAIRS (10), WINDOW_MS (1500), PARTS
# ("recordings cost speed").
for file <- ~w(support watch servers/place servers/server), do: Code.require_file("#{file}.exs", __DIR__)
Code.require_file("../test/live/account.exs", __DIR__)

defmodule Servers do
  alias Live.{Account, Cprof, Recorder}

  @seconds Bench.setting("RECORD_SECONDS", 30)
  @pairs Bench.setting("PAIRS", 10)
  @ms Bench.setting("WINDOW_MS", 1500)
  @out "build/bench/servers"

  def run(name, how, parts) do
    server = Server.start(name)
    {full, server} = Server.half_of_saturation(server)
    IO.puts("#{name}: #{round(full)} answers a second at most, #{server.rate} from here on; load #{load()}")
    recordings = for "recordings" <- parts, {engine, rate} <- how, do: recording(server, engine, rate)
    costs = for "cost" <- parts, row <- costs(server, how), do: row
    speeds = for "speed" <- parts, row <- speeds(server, how), do: row
    Server.stop(server)

    %{
      states: Enum.flat_map(recordings, & &1.states),
      threads: Enum.flat_map(recordings, & &1.threads),
      stacks: Enum.map(recordings, & &1.stacks),
      cost: costs,
      speed: speeds
    }
  end

  # Of the same span: a recording, the VM's account, the CPU time of its threads.
  defp recording(server, engine, rate) do
    Account.go_first(server.pid)
    account(server, true)
    load = load()
    args = ["--no-command", "-r", rate | Bench.engine(engine)]
    {{times, used}, file} = Recorder.during(server, args, fn -> spent(server) end)
    account(server, false)
    Account.go_as_others(server.pid)
    kept = Path.join(@out, "#{server.name}-#{engine}-#{rate}.pb.gz")
    File.mkdir_p!(@out)
    File.cp!(file, kept)
    {_, _, 0} = Cprof.run(["report", kept, "-o", Path.rootname(kept, ".pb.gz") <> ".txt"])
    head = [server: server.name, engine: engine, rate: rate]
    report = Cprof.json(["report", kept])

    %{
      states: states(head, report, kept, server.pid, times),
      threads: for(row <- Bench.seen(kept, used), do: head ++ row),
      stacks: head ++ stacks(report) ++ [load_before: load, load_after: load()]
    }
  end

  defp spent(server) do
    Bench.spent(server.pid, fn ->
      account(server, :reset)
      Process.sleep(@seconds * 1000)
      times(server)
    end)
  end

  defp account(server, what), do: Server.call(server, :erlang, :system_flag, [:microstate_accounting, what])

  # Of the normal schedulers.
  defp times(server) do
    for %{type: :scheduler, counters: counters} <- Server.call(server, :erlang, :statistics, [:microstate_accounting]),
        {state, time} <- counters,
        reduce: %{},
        do: (all -> Map.update(all, "#{state}", time, &(&1 + time)))
  end

  # Engine perf does not tell what a scheduler does outside processes.
  defp states(head, report, file, pid, times) do
    if report["states"]["scheduler"] * 100 > report["meta"]["samples"] do
      []
    else
      account = Account.shares(times)

      for {state, {least, most}} <- Account.ranges(file, pid) do
        off = Enum.max([0.0, least - account[state], account[state] - most])
        head ++ [state: state, least: least, most: most, account: account[state], off: off]
      end
    end
  end

  defp stacks(%{"counters" => counters} = report) do
    of_samples = fn key -> 100 * counters[key] / counters["samples"] end
    of_frames = fn key -> 100 * counters[key] / counters["frames"] end
    cut = Enum.find(report["functions"], %{"total_pct" => 0.0}, &(&1["name"] == "[truncated]"))

    [
      samples: counters["samples"],
      truncated_pct: of_samples.("truncated"),
      truncated_counted_pct: cut["total_pct"],
      c_cut_pct: of_samples.("c_cut"),
      c_unreadable_pct: of_samples.("c_unreadable"),
      unverified_pct: of_samples.("unverified"),
      no_process_pct: of_samples.("no_process"),
      unresolved_frames_pct: of_frames.("unresolved_frames"),
      nameless_frames_pct: of_frames.("nameless_native_frames"),
      stale_frames_pct: of_frames.("stale_symbols")
    ]
  end

  defp costs(server, how) do
    load = load()

    for {watch, pairs} <- in_turn(server, how, fn -> Server.rate(server, @ms) end),
        do: cost(server, watch, pairs) ++ [load_before: load, load_after: load()]
  end

  # What its clients see: how much it can do, or how long answers take at half of that.
  defp speeds(%{name: "yaws"} = server, how) do
    server = Server.without_load(server)
    pairs = in_turn(server, how, fn -> Server.latencies(server, @ms) end)
    for {watch, pairs} <- pairs, figure <- [:p50_us, :p99_us], do: speed(server, watch, pairs, figure)
  end

  defp speeds(server, how) do
    server = Server.at_saturation(server)
    pairs = in_turn(server, how, fn -> Server.rate(server, @ms) end)
    for {watch, pairs} <- pairs, do: speed(server, watch, pairs, :rate)
  end

  # Windows of all kinds of recording in turn, each with one without next to it.
  defp in_turn(server, how, window) do
    watches = [:none | for({engine, rate} <- how, do: {:engine, engine, rate})]

    rounds =
      for n <- 1..@pairs, watch <- rotated(watches, n) do
        without = window.()
        {watch, {Watch.during(server, watch, window), without}}
      end

    for watch <- watches, do: {watch, for({^watch, pair} <- rounds, do: pair)}
  end

  defp rotated(watches, n) do
    {first, rest} = Enum.split(watches, rem(n, length(watches)))
    rest ++ first
  end

  defp engine_and_rate(:none), do: {"none", 0}
  defp engine_and_rate({:engine, engine, rate}), do: {engine, rate}

  defp speed(server, watch, pairs, figure) do
    ratios = for {with, without} <- pairs, do: with[figure] / without[figure]
    {times, low, high} = Bench.interval(ratios, &Bench.median/1)
    {engine, rate} = engine_and_rate(watch)
    without = Bench.median(for {_, without} <- pairs, do: without[figure])

    [server: server.name, figure: figure, engine: engine, rate: rate, times: times, low: low, high: high] ++
      [without: without, pairs: length(pairs), load: load()]
  end

  defp cost(server, watch, pairs) do
    {ratio, low, high} = Bench.interval(for({with, without} <- pairs, do: with.cpu / without.cpu), &Bench.median/1)
    {engine, rate} = engine_and_rate(watch)
    withouts = for {_, without} <- pairs, do: without

    [
      server: server.name,
      engine: engine,
      rate: rate,
      cpu_times: ratio,
      low: low,
      high: high,
      answers_per_s: Bench.median(for w <- withouts, do: w.rate),
      us_per_answer: Bench.median(for w <- withouts, do: w.cpu / 1000),
      pairs: length(pairs)
    ]
  end

  defp load, do: File.read!("/proc/loadavg") |> String.split() |> hd()
end

engines = Bench.names("ENGINES", "bpf perf")
how = for engine <- engines, rate <- Bench.names("RATES", "99 999"), do: {engine, String.to_integer(rate)}
parts = Bench.names("PARTS", "recordings cost speed")
results = for name <- Bench.names("SERVERS", "rabbitmq yaws ejabberd"), do: Servers.run(name, how, parts)

for part <- [:states, :threads, :stacks, :cost, :speed], rows = Enum.flat_map(results, & &1[part]), rows != [] do
  IO.puts("")
  Bench.publish("servers_#{part}", rows)
end
