Code.require_file("../test/live/support.exs", __DIR__)

defmodule Bench do
  @moduledoc "What the benches share: truth, statistics, output."

  alias Live.{Cprof, Node}

  @doc "The engines to measure: those of ENGINES, else those that work here by themselves."
  def engines do
    case System.get_env("ENGINES") do
      nil -> for engine <- ["bpf", "perf"], works?(engine), do: engine
      names -> String.split(names)
    end
  end

  defp works?(engine) do
    {out, _, _} = Cprof.run(["doctor"])
    out =~ ~r/^ok +engine #{engine} /m
  end

  @doc "The rate for an engine: ptrace holds threads and stays at 99 Hz."
  def rate("ptrace", rate), do: min(rate, 99)
  def rate(_, rate), do: rate

  @doc "A recording of the node, as a file in its folder."
  def record(node, engine, seconds, rate) do
    file = Path.join(node.dir, "bench.pb.gz")
    args = ["record", "-p", node.pid, "-d", seconds, "-r", rate, "--engine", engine, "-o", file]
    {_, err, code} = Cprof.run(args)
    if code != 0, do: raise(err)
    file
  end

  @doc "Shares of the pieces, by the node's own clock and by a recording of it."
  def shares(node, engine, seconds, rate) do
    Node.tell(node, "reset")
    "ok" = Node.line(node)
    file = record(node, engine, seconds, rate)
    truth = Map.new(Node.truth(node), fn {piece, percent} -> {piece, percent / 100} end)
    stacks = Cprof.collapsed(["report", file])
    {counts, total} = count(stacks, Map.has_key?(truth, "rest"))
    seen = Map.new(counts, fn {piece, n} -> {piece, n / max(total, 1)} end)
    %{truth: truth, seen: seen, samples: total, stacks: stacks, report: Cprof.json(["report", file])}
  end

  # A stack belongs to the piece whose function is on it. What has none is "rest" where the node knows what else it
  # did, and no part of the pieces' shares where it does not. Scheduler work is no process's and left out.
  defp count(stacks, rest) do
    counts =
      for {[root | _] = stack, n} <- stacks,
          root != "[scheduler]",
          piece = bucket(stack) || (rest && "rest"),
          reduce: %{} do
        acc -> Map.update(acc, piece, n, &(&1 + n))
      end

    {counts, counts |> Map.values() |> Enum.sum()}
  end

  defp bucket(stack) do
    Enum.find_value(stack, fn frame ->
      case Regex.run(~r/^\w+:(\w+)_piece\/\d$/, frame) do
        [_, piece] -> piece
        nil -> nil
      end
    end)
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

  @doc "Mean and the half width of its 95 % interval (normal approximation)."
  def mean_ci(list) do
    n = length(list)
    mean = Enum.sum(list) / n
    variance = Enum.sum(Enum.map(list, &((&1 - mean) * (&1 - mean)))) / max(n - 1, 1)
    {mean, 1.96 * :math.sqrt(variance / n)}
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
