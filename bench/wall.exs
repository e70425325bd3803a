# `record --event wall`: how far its shares of process time are from the truth, what reading a node with very many
# processes costs cprof and the node, and whether a stack is ever that of another process. bench/README.md says how to
# read the tables. By environment: RECORD_SECONDS (30), RUNS (3), SIZES (1000 100000 1000000), PAIRS (12), WINDOW_MS
# (1500), ROOTS_SECONDS (100).
for file <- ~w(support watch), do: Code.require_file("#{file}.exs", __DIR__)

defmodule Wall do
  alias Live.{Cprof, Node}

  @seconds Bench.setting("RECORD_SECONDS", 30)
  @pairs Bench.setting("PAIRS", 12)
  @ms Bench.setting("WINDOW_MS", 1500)
  @clerks 5

  # Customers time their calls and pauses themselves. Clerks and their chain of servers always wait (queues.erl).
  def truth_row(customers) do
    node = Node.start("queues", ["queues", "#{customers}"])
    Node.tell(node, "begin")
    from = :os.perf_counter(:nanosecond)
    report = Cprof.json(["record", "-q", "--event", "wall", "-p", node.pid, "-d", @seconds])
    took = :os.perf_counter(:nanosecond) - from
    Node.tell(node, "truth")
    [blocked, paused] = node |> Node.line() |> String.split() |> Enum.map(&String.to_integer/1)
    Node.stop(node)

    truth = shares(%{till: blocked, pause: paused, front: @clerks * took, middle: took, back: took})
    seen = shares(seen(report))
    ticks = report["counters"]["ticks"]

    [otp: Cprof.otp(), customers: customers, ticks: ticks, tvd: Bench.distance(truth, seen)] ++
      [expected: Bench.expected_distance(truth, ticks), till: seen.till, till_truth: truth.till]
  end

  defp seen(report) do
    waited = Map.new(report["waits"], &{&1["name"], &1["waited_ns"]})
    functions = Map.new(report["functions"], &{&1["name"], &1["total"]})

    for name <- ~w(till front middle back)a, into: %{pause: functions["queues:pause/1"]} do
      {name, waited["#{name}"] || 0}
    end
  end

  defp shares(times) do
    all = times |> Map.values() |> Enum.sum()
    Map.new(times, fn {key, ns} -> {key, ns / all} end)
  end

  # What a tick costs cprof, and what it costs the node: work per CPU second with a recording, divided by that without.
  def cost_row(size, more) do
    node = Node.start("many", ["#{size}" | more], ~w(+P 4194304))
    Process.sleep(2000)
    pairs = for n <- 1..@pairs, do: pair(node, n)
    {report, cpu_ms} = alone(node)
    Node.stop(node)
    {ratio, low, high} = Bench.interval(for({with, without} <- pairs, do: without / with), &Bench.median/1)
    %{"ticks" => ticks, "changed" => changed, "unreadable" => unreadable, "ended" => ended} = report["counters"]

    [otp: Cprof.otp(), processes: size, beside: Enum.join(["work" | more], ", ")] ++
      [ticks_per_s: ticks / @seconds * 1.0, ms_per_tick: cpu_ms / ticks, readings: report["counters"]["samples"]] ++
      [changed: changed, unreadable: unreadable, ended: ended, node_ratio: ratio, low: low, high: high]
  end

  defp pair(node, n) do
    with_recording = fn -> Watch.program(Cprof.program(), record(node, 3600), fn -> Watch.cost(node, @ms) end) end
    without = fn -> Watch.cost(node, @ms) end

    if rem(n, 2) == 0 do
      {before, _} = without.()
      {during, _} = with_recording.()
      {during, before}
    else
      {during, _} = with_recording.()
      {later, _} = without.()
      {during, later}
    end
  end

  defp record(node, seconds),
    do: ["record", "-q", "--event", "wall", "-p", node.pid, "-d", seconds, "-o", Path.join(node.dir, "wall.json")]

  # The program's own CPU time while it reads, without its beginning and its end.
  defp alone(node) do
    cpu_ms =
      Watch.program(Cprof.program(), record(node, 3600), fn pid ->
        before = Watch.cpu_ns(pid)
        Process.sleep(@seconds * 1000)
        (Watch.cpu_ns(pid) - before) / 1.0e6
      end)

    {node.dir |> Path.join("wall.json") |> File.read!() |> Live.Json.decode!(), cpu_ms}
  end

  # Every stack must be that of the process whose root it has, while others come and go.
  def roots_row(seconds) do
    node = Node.start("many", ~w(1000 births roots), [], with: ~w(known_roots known_code))
    file = Path.join(node.dir, "roots.pb.gz")
    {_, "", 0} = Cprof.run(["record", "-q", "--event", "wall", "-r", 100, "-p", node.pid, "-d", seconds, "-o", file])
    Node.tell(node, "roots")
    roots = for line <- Node.lines_until(node, "end"), do: line |> String.split() |> List.to_tuple()
    all = rooted(file, [])
    right = for {pid, root} <- roots, {^root, n} <- rooted(file, ["--process", pid]), do: n
    counters = Cprof.json(["report", file])["counters"]
    Node.stop(node)
    of_all = all |> Enum.map(&elem(&1, 1)) |> Enum.sum()

    [otp: Cprof.otp(), ticks: counters["ticks"], changed: counters["changed"], ended: counters["ended"]] ++
      [rooted_s: of_all / 1.0e9, foreign_s: (of_all - Enum.sum(right)) / 1.0e9]
  end

  defp rooted(file, args) do
    for state <- ~w(runnable gc running),
        {[root | _], n} <- Cprof.collapsed(["report", file, "--state", state | args]),
        String.starts_with?(root, "known_roots_code:"),
        do: {root, n}
  end
end

runs = Bench.setting("RUNS", 3)
Bench.publish("wall_truth", for(customers <- [30, 1000], _ <- 1..runs, do: Wall.truth_row(customers)))
sizes = for size <- Bench.names("SIZES", "1000 100000 1000000"), do: String.to_integer(size)
Bench.publish("wall_cost", for(size <- sizes, more <- [[], ["births"]], do: Wall.cost_row(size, more)))
Bench.publish("wall_roots", [Wall.roots_row(Bench.setting("ROOTS_SECONDS", 100))])
