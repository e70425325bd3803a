# Does the gate on bytes tell the truth on a busy machine? Code of this file is measured with `mix profile.run --event
# alloc`, first as it is (the baseline), then the same again, and then with one function that allocates more:
#
#   mix run --no-start bench/gate.exs
#   TRIALS=40 RUNS=4 RUN_MS=6000 MORE=10 FUNCTION=rows BURNERS=2 COST=50
#
# BURNERS processes use all the CPU time that they get (default: as many as the machine has CPUs). The unchanged code must
# never be called changed; code with MORE percent more in FUNCTION must fail a limit of half of that, and name FUNCTION.
# bench/README.md says how to read the table. Needs the rights and the breakpoints of --event alloc.
Code.require_file("support.exs", __DIR__)

defmodule GateWork do
  @moduledoc "Functions whose allocation is known: words per turn."

  # What each allocates of the whole, in percent, about.
  @parts [rows: 40, fields: 24, lines: 14, floats: 9, funs: 7, pairs: 6]
  @words [rows: 7, fields: 9, lines: 5, floats: 4, funs: 7, pairs: 12]

  def functions, do: Keyword.keys(@parts)

  @doc "Turns of each function in a round, with `percent` more for one of them."
  def turns(function, percent) do
    for {name, part} <- @parts, into: %{} do
      turns = div(60 * part, @words[name])
      {name, if(name == function, do: round(turns * (1 + percent / 100)), else: turns)}
    end
  end

  def run(0, _), do: :ok

  def run(rounds, turns) do
    for part <- [rows(turns.rows), fields(turns.fields), lines(turns.lines), funs(turns.funs), pairs(turns.pairs)],
        do: [_ | _] = part

    true = floats(turns.floats, {1.5}) > {0.0}
    run(rounds - 1, turns)
  end

  def rows(0), do: []
  def rows(n), do: [{n, :row, n, :cell} | rows(n - 1)]

  def fields(0), do: []
  def fields(n), do: [%{id: n, name: :name, size: n, next: nil} | fields(n - 1)]

  def lines(0), do: []
  def lines(n), do: [Integer.to_charlist(n) | lines(n - 1)]

  def floats(0, last), do: last
  def floats(n, {x}), do: floats(n - 1, {x * 1.0000001})

  def funs(0), do: []
  def funs(n), do: [fn -> n end | funs(n - 1)]

  def pairs(0), do: []
  def pairs(n), do: [{n, {:pair, [n, n]}} | pairs(n - 1)]
end

defmodule GateBench do
  alias Live.{Cprof, Node}
  alias Mix.Tasks.Profile.Run

  @above 3

  def run do
    {doctor, _, _} = Cprof.run(["doctor"])
    if not (doctor =~ ~r/^ok +event alloc/m), do: raise("event alloc does not work here: see `cprof doctor`")
    burners = for _ <- 1..Bench.setting("BURNERS", cpus())//1, do: burner()

    try do
      measure()
    after
      Enum.each(burners, &Port.close/1)
    end
  end

  # A program that does nothing but run, and ends with its input, however this VM ends.
  defp burner do
    burn = "while :; do :; done & burns=$!; read end; kill $burns"
    Port.open({:spawn_executable, System.find_executable("sh")}, args: ["-c", burn])
  end

  defp cpus, do: File.read!("/proc/cpuinfo") |> String.split("\n") |> Enum.count(&String.starts_with?(&1, "processor"))

  defp measure do
    dir = Node.tmp_dir()
    function = String.to_existing_atom(System.get_env("FUNCTION", "rows"))

    settings = %{
      file: Path.join(dir, "base.pb.gz"),
      function: function,
      more: Bench.setting("MORE", 10),
      rounds: rounds()
    }

    started = System.monotonic_time(:millisecond)
    results = for n <- 1..Bench.setting("TRIALS", 40), do: trial(n, settings)
    File.rm_rf!(dir)
    seconds = (System.monotonic_time(:millisecond) - started) / 1000 / length(results)
    rows = [row("unchanged", 0, results, :same, seconds), row("#{function}", settings.more, results, :more, seconds)]
    Bench.publish("gate", rows)
    check(rows)
  end

  # How many rounds a run of RUN_MS has, by CPU time: the work of a run does not depend on what else the machine does.
  defp rounds do
    turns = GateWork.turns(nil, 0)
    # The first rounds take longer: the heap grows.
    GateWork.run(1000, turns)
    {from, _} = :erlang.statistics(:runtime)
    GateWork.run(20_000, turns)
    {to, _} = :erlang.statistics(:runtime)
    max(div(20_000 * Bench.setting("RUN_MS", 6000), max(to - from, 1)), 1)
  end

  defp trial(n, %{file: file} = settings) do
    {nil, _} = gate(settings, 0, save: file)
    limit = settings.more / 2
    {same, said_same} = gate(settings, 0, baseline: [file], fail_above: limit)
    {more, said_more} = gate(settings, settings.more, baseline: [file], fail_above: limit)
    name = "GateWork.#{settings.function}/#{if settings.function == :floats, do: 2, else: 1}"
    result = %{same: outcome(same, said_same, name), more: outcome(more, said_more, name)}
    IO.puts("#{n}: unchanged: #{last(said_same)}\n#{n}: +#{settings.more} %: #{last(said_more)}")
    result
  end

  # The gate itself: {its exit status if it failed, what it printed}.
  defp gate(settings, percent, opts) do
    turns = GateWork.turns(settings.function, percent)
    work = fn -> GateWork.run(settings.rounds, turns) end
    recording = [event: "alloc", warmup: false, runs: Bench.setting("RUNS", 4), max_cost: Bench.setting("COST", 50)]
    leader = Process.group_leader()
    {:ok, device} = StringIO.open("")
    Process.group_leader(self(), device)

    status =
      try do
        Run.profile(work, recording ++ opts)
        nil
      catch
        :exit, {:shutdown, @above} -> @above
      after
        Process.group_leader(self(), leader)
      end

    {:ok, {_, said}} = StringIO.close(device)
    {status, said}
  end

  defp last(said), do: said |> String.split("\n", trim: true) |> List.last()

  defp outcome(status, said, name) do
    [_, before, now] = Regex.run(~r/as by (\d+) equal samples before, (\d+) now/, said)
    grew = for [_, row] <- Regex.scan(~r/ (?:grew|new|shrank|gone) {2,}(\S.*)$/m, said), row != "all", do: row

    growth =
      Regex.run(
        ~r/#{Regex.escape(name)}.*, \+(\d+\.\d) % \(95 %: \+?(-?\d+\.\d) to \+?(-?\d+\.\d)\); a whole/,
        last(said)
      )

    %{
      failed: status == @above,
      named: status == @above and String.contains?(last(said), ": #{name}"),
      others: grew -- [name],
      alarm: status != nil or grew != [],
      growth: growth && for(text <- tl(growth), do: String.to_float(text)),
      samples: (String.to_integer(before) + String.to_integer(now)) / 2
    }
  end

  defp row(what, more, results, key, seconds) do
    results = for result <- results, do: result[key]
    count = fn key -> Enum.count(results, & &1[key]) end
    growths = for %{named: true, growth: [growth, low, high]} <- results, do: {growth, low <= more and more <= high}

    [
      work: what,
      more_pct: more,
      trials: length(results),
      named: count.(:named),
      failed: count.(:failed),
      alarms: count.(:alarm),
      others_named: Enum.count(results, &(&1.others != [])),
      growth_median_pct: if(growths == [], do: 0.0, else: Bench.median(for {growth, _} <- growths, do: growth)),
      within_interval: Enum.count(growths, &elem(&1, 1)),
      equal_samples: Bench.median(for r <- results, do: r.samples),
      seconds_each: seconds
    ]
  end

  defp check([same, more]) do
    good = same[:alarms] == 0 and more[:named] >= 0.95 * more[:trials] and more[:others_named] <= 0.05 * more[:trials]
    if !good, do: System.halt(1)
  end
end

GateBench.run()
