# How far a profiler's shares are from the truth: total-variation distance over
# the pieces of work that knows its own shares (test/live/work/known_work.erl).
# bench/README.md says how to read the tables. By environment: SETS, ENGINES,
# PEERS (names with spaces between; PEERS= for none), RUNS (2), SECONDS (5),
# RATE (999), TRUTH_MS (1500).
for file <- ~w(support call_graph peers), do: Code.require_file("#{file}.exs", __DIR__)

defmodule Accuracy do
  alias Live.{Cprof, Node}

  @seconds Bench.setting("SECONDS", 5)
  @rate Bench.setting("RATE", 999)
  @runs Bench.setting("RUNS", 2)
  @truth_ms Bench.setting("TRUTH_MS", 1500)

  def rows(set, engines, peers) do
    {perf, others} = Enum.split_with(peers, &(Peers.flags(&1) != []))
    rows = on_node(set, [], engines, others)
    for(peer <- perf, row <- on_node(set, Peers.flags(peer), [], [peer]), do: row) |> then(&(rows ++ &1))
  end

  # Windows without a profiler before, between and after those with one are the truth for all of them.
  defp on_node(set, flags, engines, peers) do
    node = Bench.node(set, flags)
    Process.sleep(500)
    graph = CallGraph.of(node.dir)
    owners = if peers == [], do: %{}, else: CallGraph.owners(graph)

    watched =
      for engine <- engines, _ <- 1..runs(engine) do
        {truth(node), engine, engine_run(set, node, graph, engine)}
      end ++ for(peer <- peers, do: {truth(node), peer, peer_run(node, owners, peer)})

    truths = [truth(node) | Enum.map(watched, &elem(&1, 0))]
    Node.stop(node)
    truth = Bench.middle(truths)
    spread = Bench.median(for t <- truths, do: Bench.distance(t, truth))
    for name <- Enum.uniq(engines ++ peers), do: row(set, name, for({_, ^name, run} <- watched, do: run), truth, spread)
  end

  # At 99 Hz another run would tell little.
  defp runs("ptrace"), do: 1
  defp runs(_), do: @runs

  defp truth(node), do: node |> Bench.truth_of(fn -> Process.sleep(@truth_ms) end) |> elem(0)

  defp engine_run(set, node, graph, engine) do
    rate = Bench.rate(engine, @rate)
    {meanwhile, file} = Bench.truth_of(node, fn -> Bench.record(node, engine, @seconds, rate) end)
    stacks = Cprof.collapsed(["report", file])
    {seen, samples, apart} = Bench.shares(set, stacks)

    %{
      seen: seen,
      meanwhile: meanwhile,
      samples: samples,
      apart: apart,
      rate: rate,
      impossible: CallGraph.impossible(graph, stacks),
      counters: Cprof.json(["report", file])["counters"]
    }
  end

  defp peer_run(node, owners, peer) do
    {meanwhile, {seen, samples, _}} = Bench.truth_of(node, fn -> Peers.shares(peer, node, owners, @seconds, @rate) end)
    %{seen: seen, meanwhile: meanwhile, samples: samples, rate: if(samples, do: @rate), counters: nil}
  end

  defp row(set, name, runs, truth, spread) do
    distances = for run <- runs, do: Bench.distance(truth, run.seen)
    first = hd(runs)

    [
      workload: set,
      otp: Cprof.otp(),
      profiler: label(name, first),
      rate: first.rate || "-",
      samples: first.samples || "-",
      tvd: Bench.median(distances),
      max: Enum.max(distances),
      same_run: Bench.median(for run <- runs, do: Bench.distance(run.meanwhile, run.seen)),
      expected: if(first.samples, do: Bench.expected_distance(truth, first.samples), else: "-"),
      truth_spread: spread
    ] ++ stacks(runs, first.counters)
  end

  defp label(peer, %{counters: nil}), do: "peer #{peer}"
  defp label(engine, _), do: engine

  defp stacks(_, nil),
    do: for(key <- ~w(apart complete unresolved nameless impossible unverified lost)a, do: {key, "-"})

  defp stacks(runs, _) do
    sum = fn key -> runs |> Enum.map(& &1.counters[key]) |> Enum.sum() end
    samples = max(sum.("samples"), 1)
    frames = max(sum.("frames"), 1)

    [
      apart: Bench.median(for run <- runs, do: run.apart),
      complete: 1 - sum.("truncated") / samples,
      unresolved: sum.("unresolved_frames") / frames,
      nameless: sum.("nameless_native_frames") / frames,
      impossible: (runs |> Enum.map(& &1.impossible) |> Enum.sum()) / samples,
      unverified: sum.("unverified") / samples,
      lost: sum.("lost")
    ]
  end

  # Each process has a root function of its own: how many samples are not those of the process whose root they have?
  def roots_row(engine) do
    node = Bench.node("roots")
    file = Bench.record(node, engine, @seconds, Bench.rate(engine, @rate))
    Node.tell(node, "roots")
    roots = for line <- Node.lines_until(node, "end"), do: line |> String.split() |> List.to_tuple()
    rooted = fn stacks -> for {stack, n} <- stacks, root = Enum.find(stack, &root?/1), do: {root, n} end
    count = fn rooted -> rooted |> Enum.map(&elem(&1, 1)) |> Enum.sum() end

    right = for {pid, root} <- roots, {^root, n} <- rooted.(Cprof.collapsed(["report", file, "--process", pid])), do: n

    all = count.(rooted.(Cprof.collapsed(["report", file])))
    Node.stop(node)

    [
      workload: "roots",
      otp: Cprof.otp(),
      profiler: engine,
      processes: length(roots),
      samples: all,
      violations: all - Enum.sum(right)
    ]
  end

  defp root?(frame), do: String.starts_with?(frame, "known_roots_code:")
end

engines = Bench.engines()
peers = if System.get_env("PEERS"), do: Bench.names("PEERS", ""), else: Peers.available()
sets = Bench.names("SETS", "erlang bif gc messages dirty tiny")

Bench.publish("accuracy", for(set <- sets, row <- Accuracy.rows(set, engines, peers), do: row))
Bench.publish("roots", for(engine <- engines, do: Accuracy.roots_row(engine)))
