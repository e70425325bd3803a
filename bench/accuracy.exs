# How far a recording's shares are from the truth: total-variation distance
# over the pieces of workloads that time themselves in the same run
# (test/live/work/known_work.erl, known_burns.erl). `expected` is what perfect
# sampling of that many samples would have. By environment: SETS and ENGINES
# (names with spaces between), RUNS (3), SECONDS (5), RATE (999).
Code.require_file("support.exs", __DIR__)
Code.require_file("call_graph.exs", __DIR__)

setting = fn name, default -> String.to_integer(System.get_env(name, default)) end
{runs, seconds, rate} = {setting.("RUNS", "3"), setting.("SECONDS", "5"), setting.("RATE", "999")}
sets = String.split(System.get_env("SETS", "erlang bif gc tiny messages dirty"))

rows =
  for set <- sets, engine <- Bench.engines() do
    node = Live.Node.known(set)
    results = for _ <- 1..runs, do: Bench.shares(node, engine, seconds, Bench.rate(engine, rate))
    graph = CallGraph.of(node)
    Live.Node.stop(node)
    distances = for r <- results, do: Bench.distance(r.truth, r.seen)
    sum = fn key -> results |> Enum.map(& &1.report["counters"][key]) |> Enum.sum() end
    samples = results |> Enum.map(& &1.samples) |> Enum.sum()
    impossible = results |> Enum.map(&CallGraph.impossible(graph, &1.stacks)) |> Enum.sum()

    [
      workload: set,
      engine: engine,
      otp: Live.Cprof.otp(),
      tvd: Bench.median(distances),
      min: Enum.min(distances),
      max: Enum.max(distances),
      expected: Bench.expected_distance(hd(results).truth, samples / runs),
      samples: samples,
      truncated: sum.("truncated") / samples,
      impossible: impossible / samples,
      unresolved: sum.("unresolved_frames") / max(sum.("frames"), 1),
      unverified: sum.("unverified") / samples,
      lost: sum.("lost")
    ]
  end

Bench.publish("accuracy", rows)

# Each process has a root function of its own: is any stack under another pid?
rows =
  for engine <- Bench.engines() do
    node = Live.Node.known("own")
    recording = Bench.record(node, engine, seconds, Bench.rate(engine, rate))
    Live.Node.tell(node, "roots")
    roots = for line <- Live.Node.lines_until(node, "end"), do: String.split(line)

    {right, wrong} =
      for [pid, root] <- roots,
          {stack, n} <- Live.Cprof.collapsed(["report", recording, "--process", pid]),
          reduce: {0, 0} do
        {right, wrong} ->
          cond do
            "own_roots:#{root}/0" in stack or "own_roots:#{root}_piece/0" in stack -> {right + n, wrong}
            Enum.any?(stack, &String.starts_with?(&1, "own_roots:")) -> {right, wrong + n}
            true -> {right, wrong}
          end
      end

    Live.Node.stop(node)
    [workload: "own", engine: engine, otp: Live.Cprof.otp(), processes: length(roots), right: right, wrong: wrong]
  end

Bench.publish("roots", rows)
