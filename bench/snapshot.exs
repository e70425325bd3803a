# What a snapshot costs: `make bench-snapshot`. In nodes with SIZES (10000 100000 1000000) processes at rest, RUNS (3)
# times in turn: the NIF's walk, the whole snapshot, BIFs for the same figures, and the usual code for two of them.
Code.require_file("support.exs", __DIR__)

defmodule Bench.Snapshot do
  @columns ~w(us garbage_words switches growth_kib hold_us hold_cpu_us)a
  @limit_us 150_000
  @limit_hold_us 250
  @least_ratio 30

  def run do
    ebin = Path.expand("build/bench/ebin")
    File.mkdir_p!(ebin)
    {_, 0} = System.cmd("erlc", ["-o", ebin, "bench/snapshot_cost.erl"])
    rows = for size <- Bench.names("SIZES", "10000 100000 1000000"), row <- rows(size, ebin), do: row
    Bench.publish("snapshot", rows)

    for row <- rows,
        row[:processes] >= 1_000_000,
        over <- over(row),
        do: IO.puts("over the target: #{row[:way]} #{over}")
  end

  defp rows(size, ebin) do
    code = ~s|snapshot_cost:main(["#{size}", "#{Bench.setting("RUNS", 3)}"])|
    args = ~w(-noshell +P 2097152 -pa) ++ [ebin, to_string(:code.lib_dir(:cprof, :ebin)), "-eval", code]
    {text, 0} = System.cmd("erl", args)
    runs = text |> String.split("\n", trim: true) |> Enum.map(&String.split/1)
    ways = runs |> Enum.map(&hd/1) |> Enum.uniq()
    medians = for way <- ways, do: {way, median(for([^way | figures] <- runs, do: figures))}
    [_, {_, whole} | _] = medians

    for {way, figures} <- medians do
      [otp: System.otp_release(), processes: String.to_integer(size), way: way] ++
        Enum.map(figures, fn {column, n} -> {column, round(n)} end) ++ [of_snapshot: figures[:us] / whole[:us]]
    end
  end

  # Of a hold the longest, of all else the median.
  defp median(runs) do
    for {column, figures} <- Enum.zip(@columns, Enum.zip_with(runs, & &1)) do
      figures = Enum.map(figures, &String.to_integer/1)
      {column, if(column in [:hold_us, :hold_cpu_us], do: Enum.max(figures), else: Bench.median(figures))}
    end
  end

  defp over(row) do
    List.flatten([
      if(row[:way] in ["walk", "snapshot"] and row[:us] > @limit_us, do: "takes #{row[:us]} us", else: []),
      if(row[:hold_cpu_us] > @limit_hold_us, do: "holds #{row[:hold_cpu_us]} us", else: []),
      if(row[:way] == "bif_all" and row[:of_snapshot] < @least_ratio, do: "is #{row[:of_snapshot]} times", else: [])
    ])
  end
end

Bench.Snapshot.run()
