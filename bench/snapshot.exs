# What a snapshot costs: `make bench-snapshot`. In a node with SIZES (10000 100000 1000000) processes, most at rest, RUNS
# (5) times in turn: the NIF's walk, the whole snapshot by it, the BIF way for the same figures, the usual code for two of
# them, each in a process of its own.
Code.require_file("support.exs", __DIR__)

defmodule Bench.Snapshot do
  @limit_ms 150
  @limit_hold_us 250
  @least_ratio 30
  @ways ~w(walk snapshot bif_folds queue_sort binary_memory)a

  def run do
    rows = for size <- sizes(), row <- measure(size), do: row
    Bench.publish("snapshot", rows)
    for row <- rows, row.processes >= 1_000_000, over = over(row), do: IO.puts("over the target: #{over}")
  end

  defp sizes, do: Bench.names("SIZES", "10000 100000 1000000") |> Enum.map(&String.to_integer/1)
end
