Code.require_file("../test/live/support.exs", __DIR__)

defmodule Bench do
  @moduledoc "What the benches share: truth, statistics, output."

  alias Live.{Cprof, Node}

  @doc "Shares of the pieces, by the node's own clock and by a recording of it."
  def shares(node, seconds, rate) do
    Node.tell(node, "reset")
    "ok" = Node.line(node)
    report = Path.join(node.dir, "bench.pb.gz")
    {_, err, code} = Cprof.run(["record", "-p", node.pid, "-d", seconds, "-r", rate, "-o", report])
    if code != 0, do: raise(err)
    json = Cprof.json(["report", report])
    truth = Map.new(Node.truth(node), fn {piece, percent} -> {piece, percent / 100} end)
    {counts, total} = count(Cprof.collapsed(["report", report]))
    {truth, Map.new(counts, fn {k, n} -> {k, n / max(total, 1)} end), total, json}
  end

  # A stack belongs to the piece whose function is on it; what has none is
  # "unattributed". Scheduler work is not the pieces' and is left out.
  defp count(stacks) do
    counts =
      for {stack, n} <- stacks, stack != ["[scheduler]"], reduce: %{} do
        acc -> Map.update(acc, bucket(stack), n, &(&1 + n))
      end

    {counts, counts |> Map.values() |> Enum.sum()}
  end

  defp bucket(stack) do
    Enum.find_value(stack, "unattributed", fn frame ->
      case Regex.run(~r/^known_work:(\w+)_piece\/0$/, frame) do
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

  @doc "Writes rows (maps of numbers and strings) as JSON, prints them as a table."
  def publish(name, rows) do
    File.mkdir_p!("build/bench")
    file = "build/bench/#{name}.json"
    File.write!(file, json(rows))
    keys = rows |> hd() |> Map.keys()
    table = [keys | Enum.map(rows, fn row -> Enum.map(keys, &text(row[&1])) end)]
    widths = for column <- Enum.zip_with(table, & &1), do: column |> Enum.map(&String.length("#{&1}")) |> Enum.max()

    for line <- table do
      line
      |> Enum.zip(widths)
      |> Enum.map_join("  ", fn {cell, width} -> String.pad_trailing("#{cell}", width) end)
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
