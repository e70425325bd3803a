Code.require_file("../test/live/support.exs", __DIR__)

defmodule Bench do
  @moduledoc "What the benches share: truth, statistics, output."

  alias Live.{Cprof, Node, Recorder}

  @doc "A number from the environment."
  def setting(name, default), do: String.to_integer(System.get_env(name, "#{default}"))

  @doc "Names from the environment, with spaces between."
  def names(name, default), do: String.split(System.get_env(name) || default)

  @doc "The engines to measure: those of ENGINES, else all that work here."
  def engines do
    {doctor, _, _} = Cprof.run(["doctor"])
    here = for [_, engine] <- Regex.scan(~r/^ok +engine (\w+) /m, doctor), do: engine
    names("ENGINES", Enum.join(here, " "))
  end

  @doc "The rate for an engine: ptrace holds threads and stays at 99 Hz."
  def rate("ptrace", rate), do: min(rate, 99)
  def rate(_, rate), do: rate

  @doc "Arguments that choose an engine; ptrace would not go to a busy machine by itself."
  def engine("ptrace"), do: ["--engine", "ptrace", "--force"]
  def engine(engine), do: ["--engine", engine]

  @doc "A node at a set of known_work whose idle schedulers sleep: all CPU time is somebody's work."
  def node(set, flags \\ []),
    do: Node.known(set, ~w(+sbwt none +sbwtdcpu none +sbwtdio none -kernel logger_level error) ++ flags)

  @doc "What the node's pieces have of its CPU time by its own clock while `fun` runs, and what that returns."
  def truth_of(node, fun) do
    Node.tell(node, "reset")
    "ok" = Node.line(node)
    result = fun.()
    {Map.new(Node.truth(node), fn {piece, percent} -> {piece, percent / 100} end), result}
  end

  @doc "A recording of the node, as a file in its folder."
  def record(node, engine, seconds, rate) do
    file = Path.join(node.dir, "bench.pb.gz")
    args = ["record", "-p", node.pid, "-d", seconds, "-r", rate, "-o", file | engine(engine)]
    {_, err, code} = Cprof.run(args)
    if code != 0, do: raise(err)
    file
  end

  @doc "What `fun` returns, and the CPU time that each thread of a process used meanwhile: [{name, tid, ns}]."
  def spent(pid, fun) do
    before = Recorder.cpu_of_threads(pid)
    result = fun.()
    {result, for({tid, ns} <- Recorder.cpu_of_threads(pid), do: {comm(pid, tid), tid, ns - Map.get(before, tid, 0)})}
  end

  # A thread that has ended meanwhile has no name.
  defp comm(pid, tid) do
    case File.read("/proc/#{pid}/task/#{tid}/comm") do
      {:ok, name} -> String.trim(name)
      _ -> "ended"
    end
  end

  @doc """
  Rows of a recording by kind of thread: CPU time that the samples stand for, divided by what the kernel charged during a
  span of it (`spent/2`). The recording begins and ends a little outside the span, so what a kind of thread used in all of
  it is in proportion.
  """
  def seen(file, used) do
    longer = Cprof.json(["report", file])["meta"]["cpu_used_ns"] / Enum.sum(for {_, _, ns} <- used, do: ns)

    for {kind, threads} <- by_kind(used) do
      ns = longer * Enum.sum(for {_, _, ns} <- threads, do: ns)
      %{"meta" => meta} = Cprof.json(["report", file | Enum.flat_map(threads, fn {_, tid, _} -> ["--thread", tid] end)])
      [threads: kind, used_s: ns / 1.0e9, seen_of_used: meta["cpu_ns"] / ns, chance: chance(meta["samples"])]
    end
  end

  @doc "The threads of `spent/2` by kind; first all of them. Kinds that used no CPU time are left out."
  def by_kind(used) do
    kinds = Enum.group_by(used, fn {comm, _, _} -> String.replace(comm, ~r/_?\d+_?/, "") end)

    for {kind, threads} <- [{"all", used} | Enum.sort(kinds)],
        Enum.any?(threads, &(elem(&1, 2) > 0)),
        do: {kind, threads}
  end

  @doc "How far, as a share, n samples are from what they stand for by chance alone (95 %)."
  def chance(n), do: 1.96 / :math.sqrt(max(n, 1))

  @doc """
  What the pieces have of a recording's samples: a stack belongs to the piece whose function is on it. Returns shares,
  samples and the share that was set apart: threads at the VM's own work. Of many processes nobody knows that from the
  rest of messaging, so there it is part of the rest.
  """
  def shares(set, stacks) do
    {apart, work} = Enum.split_with(stacks, fn {[root | _], _} -> set != "messages" and apart?(root) end)
    sum = fn stacks -> stacks |> Enum.map(&elem(&1, 1)) |> Enum.sum() end
    total = max(sum.(work), 1)

    shares =
      for {stack, n} <- work, reduce: %{} do
        shares -> Map.update(shares, Enum.find_value(stack, "rest", &piece/1), n / total, &(&1 + n / total))
      end

    {shares, total, sum.(apart) / max(sum.(stacks), 1)}
  end

  defp apart?(root), do: root in ["[idle]", "[scheduler]", "[scheduling]", "[aux thread]", "[poll thread]"]

  @doc "The piece that a function is, or nil."
  def piece(function) do
    case Regex.run(~r/^known_\w+:(\w+)_piece\/\d$/, function) do
      [_, piece] -> piece
      nil -> nil
    end
  end

  @doc "The middle of distributions: a window in which the machine stumbled does not move it."
  def middle(list) do
    middle = for key <- list |> Enum.flat_map(&Map.keys/1) |> Enum.uniq(), do: {key, median(for d <- list, do: d[key])}
    total = middle |> Enum.map(&elem(&1, 1)) |> Enum.sum()
    Map.new(middle, fn {key, p} -> {key, p / total} end)
  end

  @doc "Total-variation distance of two distributions."
  def distance(a, b) do
    keys = Enum.uniq(Map.keys(a) ++ Map.keys(b))
    Enum.sum(Enum.map(keys, &abs(Map.get(a, &1, 0.0) - Map.get(b, &1, 0.0)))) / 2
  end

  @doc "The distance that n independent samples have on average from the truth."
  def expected_distance(truth, n) do
    0.5 * Enum.sum(for {_, p} <- truth, do: :math.sqrt(2 * p * (1 - p) / (:math.pi() * n)))
  end

  def median(list), do: quantile(list, 0.5)

  def quantile(list, q) do
    sorted = Enum.sort(list)
    position = q * (length(sorted) - 1)
    low = trunc(position)
    a = Enum.at(sorted, low)
    b = Enum.at(sorted, min(low + 1, length(sorted) - 1))
    a + (b - a) * (position - low)
  end

  @doc "A statistic of a list and its 95 % interval by resampling the list: {value, low, high}."
  def interval(list, statistic) do
    _ = :rand.seed(:exsss, {1, 2, 3})
    pool = List.to_tuple(list)
    again = fn -> for _ <- list, do: elem(pool, :rand.uniform(tuple_size(pool)) - 1) end
    values = for _ <- 1..1000, do: statistic.(again.())
    {statistic.(list), quantile(values, 0.025), quantile(values, 0.975)}
  end

  @doc "Writes rows (keyword lists of numbers and strings) as JSON, prints them as a table."
  def publish(name, rows) do
    File.mkdir_p!("build/bench")
    file = "build/bench/#{name}.json"
    File.write!(file, json(rows))
    table = [Keyword.keys(hd(rows)) | Enum.map(rows, fn row -> Enum.map(Keyword.values(row), &text/1) end)]
    widths = for column <- Enum.zip_with(table, & &1), do: column |> Enum.map(&String.length("#{&1}")) |> Enum.max()

    for line <- table do
      line
      |> Enum.zip(widths)
      |> Enum.map_join("  ", fn {cell, width} -> String.pad_trailing("#{cell}", width) end)
      |> String.trim_trailing()
      |> IO.puts()
    end

    IO.puts("written to #{file}")
  end

  defp text(value) when is_float(value), do: :erlang.float_to_binary(value, decimals: 4)
  defp text(value), do: to_string(value)

  defp json(rows) do
    "[" <>
      Enum.map_join(rows, ",\n ", fn row ->
        "{" <> Enum.map_join(row, ", ", fn {k, v} -> ~s("#{k}": #{value(v)}) end) <> "}"
      end) <> "]\n"
  end

  defp value(v) when is_number(v), do: text(v)
  defp value(v), do: inspect(to_string(v))
end
