# `record --event alloc`: how far its shares and its sum are from allocation that is known, beside OTP's tprof; what it
# costs the node; and whether anything of it is left behind when it is killed. bench/README.md says how to read the
# tables. By environment: PARTS (truth tprof cost kills), SETS, SECONDS (15), SCHEDULERS (1), PEER_SETS, WORKS, RATES
# (999), PAIRS (20), WINDOW_MS (3000), KILLS (100), KILLS_SEED, MAX_COST (recordings' default: more samples with more).
for file <- ~w(support watch), do: Code.require_file("#{file}.exs", __DIR__)

defmodule Alloc do
  @moduledoc "Nodes whose allocation is known (test/live/work/alloc_work.erl), and what a recording says of them."

  alias Live.{Cprof, Node, Recorder}

  @doc "A node at a set, such as \"mixed\", or \"mixed:2\" with two schedulers."
  def start(name) do
    {set, schedulers} =
      case String.split(name, ":") do
        [set] -> {set, System.get_env("SCHEDULERS") || "1"}
        [set, n] -> {set, n}
      end

    flags = ~w(+sbwt none +sbwtdcpu none +sbwtdio none +S #{schedulers})
    node = Node.start("alloc_work", [set], flags, with: ["alloc_cost"])
    # Its heaps have grown to the size that they keep.
    Process.sleep(1500)
    node
  end

  @doc """
  What `fun` returns, and what the node allocates meanwhile: bytes by piece, what the VM says it has reclaimed, and
  seconds.
  """
  def known(node, fun) do
    Node.tell(node, "reset")
    "ok" = Node.line(node)
    from = System.monotonic_time()
    result = fun.()
    took = System.monotonic_time() - from
    lines = for line <- ask(node, "truth"), do: String.split(line)
    {[["collected", times, bytes]], pieces} = Enum.split_with(lines, &(hd(&1) == "collected"))
    heap = for [piece, heap, _] <- pieces, into: %{}, do: {piece, String.to_integer(heap)}
    seconds = took / System.convert_time_unit(1, :second, :native)
    times = String.to_integer(times)
    {result, %{heap: heap, collections: times, reclaimed: String.to_integer(bytes), seconds: seconds}}
  end

  def ask(node, command) do
    Node.tell(node, command)
    Node.lines_until(node, "end")
  end

  @doc "The functions that allocate in each piece, with their parts of it: %{piece => %{function => part}}."
  def parts(node) do
    for line <- ask(node, "parts"), [piece, function, part] = String.split(line), reduce: %{} do
      parts ->
        part = %{function => String.to_integer(part) / 1.0e6}
        Map.update(parts, piece, part, &Map.merge(&1, part))
    end
  end

  @doc "Bytes by {piece, function}. Where it is not known which functions allocate, the function is \"all of it\"."
  def by_function(heap, parts) do
    for {piece, bytes} <- heap, {function, part} <- parts[piece] || %{"all of it" => 1.0}, bytes > 0, into: %{} do
      {{piece, function}, bytes * part}
    end
  end

  @doc "A recording of the node while `fun`, which may be given the program's pid, runs: {its result, the file}."
  def record(node, rate, fun) do
    cost = for cost <- List.wrap(System.get_env("MAX_COST")), option <- ["--max-cost", cost], do: option
    Recorder.during(node, ["--event", "alloc", "-r", rate] ++ cost, fun)
  end

  @doc "Bytes of a recording's stacks by {piece, innermost function}; those outside of pieces are left out."
  def seen(stacks, parts) do
    for {stack, bytes} <- stacks, piece = Enum.find_value(stack, &piece/1), reduce: %{} do
      seen ->
        function = if parts[piece], do: List.last(stack), else: "all of it"
        Map.update(seen, {piece, function}, bytes, &(&1 + bytes))
    end
  end

  defp piece(function) do
    case Regex.run(~r"^alloc_work:(\w+)_piece/\d$", function) do
      [_, piece] -> piece
      nil -> nil
    end
  end

  def stacks(file), do: Cprof.collapsed(["report", file])

  @doc "What a recording says of itself: bytes per second, and figures of its notes, in percent."
  def said(file) do
    %{"meta" => meta, "counters" => counters} = Cprof.json(["report", file])

    %{
      all: meta["samples"],
      per_second: meta["samples"] / (meta["duration_ns"] / 1.0e9),
      effective: counters["effective"],
      cost: noted(meta, ~r/cost the node ([\d.]+) % of its CPU time/),
      sum: noted(meta, ~r/sum of all bytes is uncertain by \+-([\d.]+) %/),
      fallback: noted(meta, ~r/(\d+) % of the heap's bytes are charged to the function that reached/)
    }
  end

  # A note is only there if there is something to say.
  defp noted(meta, regex) do
    numbers = for note <- meta["notes"], [_, number] <- [Regex.run(regex, note)], do: number |> Float.parse() |> elem(0)
    List.first(numbers) || 0.0
  end

  def sums(bytes, key), do: Enum.reduce(bytes, %{}, fn {k, n}, sums -> Map.update(sums, key.(k), n, &(&1 + n)) end)

  def shares(bytes) do
    all = total(bytes)
    Map.new(bytes, fn {key, n} -> {key, n / max(all, 1)} end)
  end

  def total(bytes), do: bytes |> Map.values() |> Enum.sum()
end

defmodule AllocTruth do
  @moduledoc "Shares and sums of a recording against those that are known."

  @seconds Bench.setting("SECONDS", 15)

  @doc "{the row of a set, its rows by function}"
  def rows(set) do
    node = Alloc.start(set)
    parts = Alloc.parts(node)

    {{cpu_ns, known}, file} =
      Alloc.record(node, 999, fn pid ->
        Alloc.known(node, fn ->
          before = Watch.cpu_ns(pid)
          Process.sleep(@seconds * 1000)
          Watch.cpu_ns(pid) - before
        end)
      end)

    {truth, seen} = {Alloc.by_function(known.heap, parts), Alloc.seen(Alloc.stacks(file), parts)}
    said = Alloc.said(file)
    Live.Node.stop(node)
    row = [set: set, otp: Live.Cprof.otp()] ++ distances(truth, seen, said) ++ sums(truth, seen, known, said)
    {row ++ [sampler_pct: cpu_ns / known.seconds / 1.0e7], by_function(set, truth, seen)}
  end

  defp distances(truth, seen, said) do
    {tvd, expected} = distance(Alloc.sums(truth, &elem(&1, 0)), Alloc.sums(seen, &elem(&1, 0)), said)
    {self, self_expected} = distance(truth, seen, said)
    [tvd: tvd, expected: expected, self: self, self_expected: self_expected, effective: said.effective]
  end

  defp distance(truth, seen, said) do
    truth = Alloc.shares(truth)
    {Bench.distance(truth, Alloc.shares(seen)), Bench.expected_distance(truth, said.effective)}
  end

  defp sums(truth, seen, known, said) do
    # The recording is a little longer than what is known of.
    in_pieces = said.per_second * Alloc.total(seen) / max(said.all, 1)

    [
      sum: said.per_second / (known.reclaimed / known.seconds),
      sum_pm: said.sum / 100,
      sum_pieces: in_pieces / (Alloc.total(truth) / known.seconds),
      fallback_pct: said.fallback,
      collections: known.collections / known.seconds,
      cost_pct: said.cost
    ]
  end

  # All that is, or should be, one in a hundred.
  defp by_function(set, truth, seen) do
    {truth, seen} = {Alloc.shares(truth), Alloc.shares(seen)}

    for {piece, function} = key <- Enum.sort(Enum.uniq(Map.keys(truth) ++ Map.keys(seen))),
        {share, got} = {truth[key] || 0.0, seen[key] || 0.0},
        max(share, got) >= 0.01 do
      [set: set, piece: piece, function: function, truth_pct: 100 * share, seen_pct: 100 * got]
    end
  end
end

defmodule AllocPeers do
  @moduledoc "The same work under OTP's tprof, which counts the words of each call, and under cprof."

  alias Live.{Cprof, Node}

  @ms 1000 * Bench.setting("SECONDS", 15)

  def profilers do
    if Cprof.otp() >= 27,
      do: ["cprof", "tprof"],
      else: IO.puts("tprof is part of OTP 27 and later") && ["cprof"]
  end

  # Each has its turn between windows without.
  def rows(set) do
    node = Alloc.start(set)
    parts = Alloc.parts(node)

    rows =
      for profiler <- profilers() do
        before = Watch.cost(node, @ms)
        {cost, known, seen} = under(profiler, node)
        row(set, profiler, {seen, Alloc.by_function(known.heap, parts)}, {before, cost, Watch.cost(node, @ms)})
      end

    Node.stop(node)
    rows
  end

  defp under("cprof", node) do
    {{cost, known}, file} = Alloc.record(node, 999, fn -> Alloc.known(node, fn -> Watch.cost(node, @ms) end) end)
    stacks = Alloc.stacks(file)
    # What was seen in as much time as is known of.
    said = Alloc.said(file)
    of = known.seconds * said.per_second / said.all
    seen = for {stack, bytes} <- stacks, do: {List.last(stack), bytes * of}
    {cost, known, seen}
  end

  defp under("tprof", node) do
    Node.tell(node, "tprof")
    "ok" = Node.line(node)
    {cost, known} = Alloc.known(node, fn -> Watch.cost(node, @ms) end)

    seen =
      for line <- Alloc.ask(node, "tprof stop"), [words, function] = String.split(line, " ", parts: 2) do
        {function, 8 * String.to_integer(words)}
      end

    {cost, known, seen}
  end

  # tprof knows functions, and not who has called them: so both are compared by functions that one piece alone has.
  defp row(set, profiler, {seen, truth}, {before, cost, later}) do
    truth = truth |> Alloc.sums(&elem(&1, 1)) |> Map.delete("all of it")
    seen = seen |> Enum.filter(&Map.has_key?(truth, elem(&1, 0))) |> Alloc.sums(& &1)
    times = fn at -> (elem(before, at) + elem(later, at)) / 2 / elem(cost, at) end

    [set: set, otp: Cprof.otp(), profiler: profiler] ++
      [self: Bench.distance(Alloc.shares(truth), Alloc.shares(seen)), sum: Alloc.total(seen) / Alloc.total(truth)] ++
      [work_ratio: times.(0), wall_ratio: times.(1)]
  end
end

defmodule AllocCost do
  @moduledoc "What a recording costs the node's work: pairs of windows with one and without, in one run of one node."

  @pairs Bench.setting("PAIRS", 20)
  @ms Bench.setting("WINDOW_MS", 3000)

  # Beside each rate, windows that are both without a recording, which shows the noise.
  def rows(work) do
    node = Alloc.start(work)
    {_, known} = Alloc.known(node, fn -> Process.sleep(1000) end)
    rates = for rate <- Bench.names("RATES", "999"), do: String.to_integer(rate)
    rounds = for n <- 1..@pairs, do: for(rate <- [0 | rates], do: {rate, pair(node, rate, n)})
    Live.Node.stop(node)

    for rate <- [0 | rates] do
      pairs = for round <- rounds, {^rate, pair} <- round, do: pair
      row(work, rate, pairs) ++ [collections: known.collections / known.seconds, pairs: @pairs]
    end
  end

  # Which of both comes first changes from pair to pair, so that drift cancels out.
  defp pair(node, rate, n) do
    if rem(n, 2) == 0 do
      without = Watch.cost(node, @ms)
      {with, said} = window(node, rate)
      {with, without, said}
    else
      {with, said} = window(node, rate)
      {with, Watch.cost(node, @ms), said}
    end
  end

  defp window(node, 0), do: {Watch.cost(node, @ms), %{cost: 0.0, effective: 0}}

  defp window(node, rate) do
    {cost, file} = Alloc.record(node, rate, fn -> Watch.cost(node, @ms) end)
    said = Alloc.said(file)
    File.rm!(file)
    {cost, said}
  end

  defp row(work, rate, pairs) do
    ratio = fn at -> for {with, without, _} <- pairs, do: elem(without, at) / elem(with, at) end
    {cpu, low, high} = Bench.interval(ratio.(0), &Bench.median/1)
    {wall, wall_low, wall_high} = Bench.interval(ratio.(1), &Bench.median/1)
    said = fn key -> Bench.median(for {_, _, said} <- pairs, do: said[key]) end

    [work: work, otp: Live.Cprof.otp(), rate: rate, ratio: cpu, low: low, high: high] ++
      [wall_ratio: wall, wall_low: wall_low, wall_high: wall_high] ++
      [spread: Bench.quantile(ratio.(0), 0.75) - Bench.quantile(ratio.(0), 0.25)] ++
      [stated_pct: said.(:cost), effective: said.(:effective)]
  end
end

# It uses Alloc.
Code.require_file("alloc_kills.exs", __DIR__)

parts = Bench.names("PARTS", "truth tprof cost kills")

if "truth" in parts do
  sets = Bench.names("SETS", "repeat mixed crowd brief data text binaries bifs passing deep small kept bignums")
  {rows, functions} = Enum.unzip(for set <- sets, do: AllocTruth.rows(set))
  Bench.publish("alloc_functions", Enum.concat(functions))
  Bench.publish("alloc_truth", rows)
end

if "tprof" in parts,
  do: Bench.publish("alloc_tprof", Enum.flat_map(Bench.names("PEER_SETS", "data bifs binaries"), &AllocPeers.rows/1))

if "cost" in parts,
  do: Bench.publish("alloc_cost", Enum.flat_map(Bench.names("WORKS", "swift mixed passing:2"), &AllocCost.rows/1))

if "kills" in parts do
  row = AllocKills.row()
  Bench.publish("alloc_kills", [row])
  if !AllocKills.good?(row), do: System.halt(1)
end
