# Does a comparison tell the truth? One function of a node's work is made slower by a known number of iterations:
#
#   mix run --no-start bench/diff.exs
#   TRIALS=40 CPU=4 RUNS=3 RATE=999 SLOWER="5 10 20 50" KEEP=folder
#
# Each recording is of a node of its own, of about CPU seconds of its CPU time: on a busy machine that takes longer.
# A trial records the work as it is, the same again, and each slower form, RUNS times each, and compares with the first.
# KEEP keeps the recordings in a folder, and uses those that are there.
Code.require_file("support.exs", __DIR__)

defmodule DiffBench do
  alias Live.{Cprof, Json, Node}

  @slowed "slowed:hash/2"
  @z 1.959964

  def run do
    trials = Bench.setting("TRIALS", 40)
    slower = for text <- Bench.names("SLOWER", "5 10 20 50"), do: String.to_integer(text)
    dir = System.get_env("KEEP") || Node.tmp_dir()
    File.mkdir_p!(dir)
    results = for n <- 1..trials, do: trial(dir, n, slower)
    if !System.get_env("KEEP"), do: File.rm_rf!(dir)

    rows = for by <- [0 | slower], do: summary(by, for(result <- results, do: result[by]))
    Bench.publish("diff", rows)
    check(rows)
  end

  # The forms take turns: what else the machine does changes with time, and should be on all sides alike.
  defp trial(dir, n, slower) do
    forms = [{"base", 0} | for(by <- [0 | slower], do: {"#{by}", by})]
    files = for run <- 1..Bench.setting("RUNS", 3), {name, by} <- forms, do: {name, recording(dir, n, name, run, by)}
    of = fn name -> for {^name, file} <- files, do: file end
    result = for by <- [0 | slower], into: %{}, do: {by, compare(of.("base"), of.("#{by}"), by)}
    IO.puts("#{n}: " <> Enum.map_join(result, "  ", fn {by, r} -> "#{by}: #{r.text}" end))
    result
  end

  defp recording(dir, n, name, run, by) do
    file = Path.join(dir, "#{n}-#{name}-#{run}.pb.gz")
    if !File.exists?(file), do: record(file, by)
    file
  end

  defp record(file, by) do
    node = Node.start("slowed", ["#{100 + by}"], ~w(+sbwt none))
    seconds = seconds(node, Bench.setting("CPU", 4))
    {_, err, code} = Cprof.run(~w(record -q -p #{node.pid} -d #{seconds} -r #{Bench.setting("RATE", 999)} -o #{file}))
    Node.stop(node)
    if code != 0, do: raise(err)
  end

  # How long the node needs for that much CPU time at its present pace.
  defp seconds(node, cpu) do
    Process.sleep(200)
    before = cpu_ticks(node)
    Process.sleep(400)
    pace = (cpu_ticks(node) - before) / 100 / 0.4
    Float.round(min(max(cpu / max(pace, 0.05), 1.0), 60.0), 1)
  end

  defp cpu_ticks(node) do
    [_, fields] = File.read!("/proc/#{node.pid}/stat") |> String.split(") ", parts: 2)
    fields |> String.split() |> Enum.slice(11, 2) |> Enum.map(&String.to_integer/1) |> Enum.sum()
  end

  # What is said of the function that was made slower, and of all others.
  defp compare(base, now, by) do
    files = Enum.flat_map(base, &["--base", &1]) ++ Enum.flat_map(now, &["--new", &1])
    {out, err, code} = Cprof.run(["diff", "-f", "json" | files])
    if code != 0, do: raise(err)
    report = Json.decode!(out)
    row = Enum.find(report["functions"], &(&1["name"] == @slowed))["own"]
    changed = for f <- report["functions"], f["own"]["verdict"] != "same", do: f["name"]
    above = for f <- report["functions"], f["total"]["verdict"] in ["grew", "new"], do: f["name"]
    named = report["culprit"]["name"] == @slowed

    %{
      growth: row["growth"],
      covered: row["growth_low"] <= by / 100 and by / 100 <= row["growth_high"],
      named: named,
      alarm: Enum.any?(changed, &(&1 != @slowed)) or (by == 0 and (changed != [] or above != [])),
      samples: report["now"]["counted"],
      text: "#{round(100 * row["growth"])}#{if named, do: "!"}#{if changed -- [@slowed] != [], do: "?"}"
    }
  end

  defp summary(by, results) do
    share = fn key -> Enum.count(results, & &1[key]) / length(results) end

    [
      slower_pct: by,
      trials: length(results),
      named: share.(:named),
      named_within: Enum.count(results, &(&1.named and &1.covered)) / length(results),
      within: share.(:covered),
      other_alarms: share.(:alarm),
      growth_median: Bench.median(for r <- results, do: r.growth),
      growth_spread: @z * deviation(for r <- results, do: r.growth),
      samples_median: Bench.median(for r <- results, do: r.samples)
    ]
  end

  defp deviation(list) do
    mean = Enum.sum(list) / length(list)
    :math.sqrt(Enum.sum(for x <- list, do: (x - mean) * (x - mean)) / max(length(list) - 1, 1))
  end

  defp check(rows) do
    for row <- rows, row[:trials] >= 20 do
      good =
        case row[:slower_pct] do
          0 -> row[:other_alarms] <= 0.05
          by when by >= 20 -> row[:named_within] >= 0.95
          _ -> true
        end

      if !good, do: IO.puts("not reached at #{row[:slower_pct]} %: #{inspect(row)}")
      good
    end
    |> Enum.all?()
    |> if(do: :ok, else: System.halt(1))
  end
end

DiffBench.run()
