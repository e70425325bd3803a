# What sampling costs the node, one sample and the sampler itself.
# bench/README.md says how to read the tables. By environment: ENGINES, PEERS
# (PEERS= for none), PAIRS (12), WINDOW_MS (700), SAMPLER_SECONDS (60).
for file <- ~w(support peers watch switching), do: Code.require_file("#{file}.exs", __DIR__)

defmodule Overhead do
  @pairs Bench.setting("PAIRS", 12)
  @ms Bench.setting("WINDOW_MS", 700)
  @fast 9000
  @bpf_stats "/proc/sys/kernel/bpf_stats_enabled"

  # Pairs of windows, with and without; which comes first changes from pair to pair, so that drift cancels out.
  def row(set, name, watch, flags \\ [], pairs \\ @pairs) do
    node = Bench.node(set, flags)
    Process.sleep(1000)
    ratios = for pair <- 1..pairs, do: pair(node, watch, pair)
    Live.Node.stop(node)
    {cpu, low, high} = Bench.interval(for({cpu, _} <- ratios, do: cpu), &Bench.median/1)
    {wall, _, _} = Bench.interval(for({_, wall} <- ratios, do: wall), &Bench.median/1)

    [
      workload: set,
      otp: Live.Cprof.otp(),
      profiler: name,
      rate: rate(watch),
      ratio: cpu,
      low: low,
      high: high,
      wall_ratio: wall,
      pairs: pairs
    ]
  end

  defp pair(node, watch, number) do
    windows = fn kinds -> for kind <- kinds, do: Watch.during(node, kind, fn -> Watch.cost(node, @ms) end) end

    [{cpu, wall}, {cpu_with, wall_with}] =
      if rem(number, 2) == 0, do: windows.([:none, watch]), else: Enum.reverse(windows.([watch, :none]))

    {cpu / cpu_with, wall / wall_with}
  end

  defp rate({_, _, rate}), do: rate
  defp rate(:none), do: 0

  # What one sample takes, by how much dearer work becomes at a rate that shows; the bare event's windows in between.
  def sample_row(set, engine) do
    node = Bench.node(set)
    row = sample_row(set, engine, node, node, {:bare, @fast})
    Live.Node.stop(node)
    row
  end

  # The same of work beside an idle node that is watched: its samples are all dropped. What an idle CPU pays, too.
  def dropped_row(engine) do
    node = Bench.node("spin")
    idle = Live.Node.start("switching_work", ["echo"])
    row = sample_row("beside", engine, node, idle, {:bare_cpus, @fast})
    for each <- [node, idle], do: Live.Node.stop(each)
    row
  end

  defp sample_row(name, engine, node, watched, bare) do
    Process.sleep(1000)
    cpu = fn watch -> watched |> Watch.during(watch, fn -> Watch.cost(node, @ms) end) |> elem(0) end

    costs =
      for _ <- 1..@pairs do
        before = cpu.(:none)
        ours = cpu.({:engine, engine, @fast})
        between = cpu.(:none)
        bare = cpu.(bare)
        later = cpu.(:none)
        {added(ours, before, between), added(bare, between, later)}
      end

    ours = fn costs -> Bench.median(for {ours, _} <- costs, do: ours) end
    bare = fn costs -> Bench.median(for {_, bare} <- costs, do: bare) end
    {multiple, low, high} = Bench.interval(costs, &(ours.(&1) / bare.(&1)))

    [
      workload: name,
      otp: Live.Cprof.otp(),
      engine: engine,
      rate: @fast,
      us: ours.(costs),
      bare_us: bare.(costs),
      pct_at_99: 99 * ours.(costs) / 1.0e4,
      pct_at_999: 999 * ours.(costs) / 1.0e4,
      bare_pct_at_999: 999 * bare.(costs) / 1.0e4,
      multiple: multiple,
      low: low,
      high: high
    ]
  end

  # A second of CPU time has @fast samples, so a second of unwatched work takes 1 + @fast x t / (1 - @fast x t).
  defp added(with, before, later), do: (1 - (before + later) / 2 / with) / @fast * 1.0e6

  # What the BPF program adds to the timer, by the kernel's own count of its runs (kernel.bpf_stats_enabled).
  def program_row(work) do
    {node, helpers, _} = started(work)
    Process.sleep(1000)
    {runs, ns} = Watch.during(node, {:engine, "bpf", 999}, fn pid -> program_cost(pid, 10 * @ms) end)
    for each <- [node | helpers], do: Live.Node.stop(each)
    us = ns / runs / 1000

    [workload: work, otp: Live.Cprof.otp(), rate: 999, runs: runs, us: us, pct_at_99: 99 * us / 1.0e4] ++
      [pct_at_999: 999 * us / 1.0e4]
  end

  defp started(work) when work in ~w(reads port pingpong connections), do: Switching.start(work)
  defp started(set), do: {Bench.node(set), [], nil}

  defp program_cost(pid, ms) do
    {runs, ns} = program_so_far(pid)
    Process.sleep(ms)
    {later_runs, later_ns} = program_so_far(pid)
    {later_runs - runs, later_ns - ns}
  end

  defp program_so_far(pid) do
    for fd <- File.ls!("/proc/#{pid}/fdinfo"),
        {:ok, text} <- [File.read("/proc/#{pid}/fdinfo/#{fd}")],
        [_, ns, runs] <- [Regex.run(~r/run_time_ns:\s+(\d+)\nrun_cnt:\s+(\d+)/, text)],
        reduce: {0, 0},
        do: ({r, n} -> {r + String.to_integer(runs), n + String.to_integer(ns)})
  end

  @doc "Runs `fun` while the kernel counts what BPF programs take."
  def with_program_stats(fun) do
    before = File.read!(@bpf_stats)
    File.write!(@bpf_stats, "1")

    try do
      fun.()
    after
      File.write!(@bpf_stats, before)
    end
  end

  # The sampler's own CPU, in percent of a core, and its memory after a while on 16,384 stacks.
  def sampler_row(engine, rate, seconds) do
    node = Bench.node("paths")

    {cpu, rss} =
      Watch.during(node, {:engine, engine, rate}, fn pid ->
        before = Watch.cpu_ns(pid)
        Process.sleep(seconds * 1000)
        cpu = (Watch.cpu_ns(pid) - before) / (seconds * 1.0e9)
        [_, rss] = Regex.run(~r/VmRSS:\s+(\d+) kB/, File.read!("/proc/#{pid}/status"))
        {100 * cpu, String.to_integer(rss) / 1024}
      end)

    stacks = Live.Cprof.collapsed(["report", Path.join(node.dir, "watch.pb.gz")])
    Live.Node.stop(node)
    samples = stacks |> Enum.map(&elem(&1, 1)) |> Enum.sum()

    [
      otp: Live.Cprof.otp(),
      engine: engine,
      rate: rate,
      seconds: seconds,
      samples: samples,
      stacks: length(stacks),
      cpu_pct: cpu,
      rss_mb: rss
    ]
  end
end

Watch.build_bare()
engines = Bench.engines()
peers = if System.get_env("PEERS"), do: Bench.names("PEERS", ""), else: Peers.available() -- ["fprof"]
rates = fn engine -> Enum.uniq(for rate <- [99, 999], do: Bench.rate(engine, rate)) end

rows =
  for set <- ["erlang", "messages"] do
    of_engines = for e <- engines, rate <- rates.(e), do: Overhead.row(set, e, {:engine, e, rate})
    # Tracers cost so much that few pairs are enough.
    of_peers =
      for p <- peers do
        rate = if p == "perf", do: 999, else: "-"
        Overhead.row(set, "peer #{p}", {:peer, p, rate}, Peers.flags(p), if(p == "perf", do: 6, else: 2))
      end

    [Overhead.row(set, "none", :none) | of_engines] ++ of_peers
  end

Bench.publish("overhead", Enum.concat(rows))

# What each costs work that switches, beside the bare timer per CPU.
exact = Enum.filter(engines, &(&1 != "ptrace"))
watches = [:none | for(rate <- [999, 99], w <- [{:bare_cpus, rate} | for(e <- exact, do: {:engine, e, rate})], do: w)]
work = Bench.names("SWITCHING", "reads port pingpong connections")
Bench.publish("switching", Enum.flat_map(work, &Switching.rows(&1, watches)))

rows = for set <- ["spin", "messages"], e <- engines, e != "ptrace", do: Overhead.sample_row(set, e)
dropped = if "bpf" in engines, do: [Overhead.dropped_row("bpf")], else: []
if rows ++ dropped != [], do: Bench.publish("sample_cost", rows ++ dropped)

if "bpf" in engines do
  rows = fn -> for set <- ["spin", "erlang", "messages" | work], do: Overhead.program_row(set) end
  Bench.publish("bpf_program", Overhead.with_program_stats(rows))
end

seconds = Bench.setting("SAMPLER_SECONDS", 60)
Bench.publish("sampler", for(e <- engines, do: Overhead.sampler_row(e, Bench.rate(e, 999), seconds)))
