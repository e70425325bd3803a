# How far a recording's shares are from the truth: total-variation distance
# over the pieces of workloads that time themselves in the same run
# (test/live/work/known_work.erl). `expected` is what perfect sampling of that
# many samples would have. RUNS (5), SECONDS (5), RATE (999) by environment.
Code.require_file("support.exs", __DIR__)

setting = fn name, default -> String.to_integer(System.get_env(name, default)) end
{runs, seconds, rate} = {setting.("RUNS", "5"), setting.("SECONDS", "5"), setting.("RATE", "999")}

rows =
  for set <- ["erlang", "bif", "gc"] do
    node = Live.Node.start("known_work", [set])
    results = for _ <- 1..runs, do: Bench.shares(node, seconds, rate)
    Live.Node.stop(node)
    distances = for {truth, seen, _, _} <- results, do: Bench.distance(truth, seen)
    counters = for {_, _, _, report} <- results, do: report["counters"]
    sum = fn key -> counters |> Enum.map(& &1[key]) |> Enum.sum() end
    {truth, _, samples, _} = hd(results)

    %{
      "1 workload" => set,
      "2 otp" => Live.Cprof.otp(),
      "3 tvd median" => Bench.median(distances),
      "4 min" => Enum.min(distances),
      "5 max" => Enum.max(distances),
      "6 expected" => Bench.expected_distance(truth, samples),
      "7 samples" => samples,
      "8 unattributed" => Bench.median(for {_, seen, _, _} <- results, do: Map.get(seen, "unattributed", 0.0)),
      "9 truncated" => sum.("truncated") / max(sum.("samples"), 1),
      "9 unverified" => sum.("unverified") / max(sum.("samples"), 1)
    }
  end

Bench.publish("accuracy", rows)
