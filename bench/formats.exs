# What writing each format costs: `make bench-formats`. A recording of a node with PROCESSES (10,000) processes, each of
# which does a little, SECONDS (10) at RATE (999), with a timeline; then `cprof report` of it into every format.
Code.require_file("support.exs", __DIR__)

defmodule Bench.Formats do
  alias Live.{Cprof, Node}

  @run Path.expand("build/bench/run_cost")
  @formats ~w(text html json collapsed speedscope pprof)
  @limit_ms 1000
  @limit_mib 128

  def run do
    File.mkdir_p!("build/bench")
    {_, 0} = System.cmd(System.get_env("CC") || "cc", ~w(-O2 -Wall -o #{@run} bench/run_cost.c))
    processes = Bench.setting("PROCESSES", 10_000)
    node = Node.start("crowd_work", ["#{processes}"], ["+P", "#{max(2 * processes, 100_000)}"])
    file = Path.join(node.dir, "formats.pb.gz")

    args = ["record", "-p", node.pid, "-d", Bench.setting("SECONDS", 10), "-r", Bench.setting("RATE", 999)]
    {_, err, 0} = Cprof.run(args ++ ["--timeline", "-o", file])
    IO.write(err)
    rows = for format <- @formats, do: row(file, format)
    Node.stop(node)
    Bench.publish("formats", rows)
    over = for row <- rows, row[:worst_ms] > @limit_ms or row[:max_mib] > @limit_mib, do: row[:format]
    if over != [], do: raise("over #{@limit_ms} ms or #{@limit_mib} MiB: #{Enum.join(over, ", ")}")
  end

  # The whole program: it reads the recording, too.
  defp row(file, format) do
    out = "#{file}.#{format}"
    runs = for _ <- 1..Bench.setting("RUNS", 5), do: cost(file, format, out)
    meta = Cprof.json(["report", file])["meta"]

    [
      format: format,
      samples: meta["samples"],
      bytes: File.stat!(out).size,
      median_ms: Bench.median(for {wall, _, _} <- runs, do: wall),
      worst_ms: Enum.max(for {wall, _, _} <- runs, do: wall),
      cpu_ms: Bench.median(for {_, cpu, _} <- runs, do: cpu),
      max_mib: Enum.max(for {_, _, kib} <- runs, do: kib / 1024)
    ]
  end

  defp cost(file, format, out) do
    {text, 0} = System.cmd(@run, [Cprof.program(), "report", file, "-f", format, "-o", out])
    [wall, cpu, kib] = String.split(text)
    {String.to_float(wall), String.to_float(cpu), String.to_integer(kib)}
  end
end

Bench.Formats.run()
