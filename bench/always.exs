# What `cprof watch` costs a node for as long as it runs, and how much memory it takes meanwhile.
# bench/README.md says how to read the tables. By environment: WORKS, PAIRS (12), WINDOW_MS (5000), MINUTES (30).
if System.get_env("WINDOW_MS") == nil, do: System.put_env("WINDOW_MS", "5000")
for file <- ~w(support watch switching), do: Code.require_file("#{file}.exs", __DIR__)

defmodule Always do
  @minutes Bench.setting("MINUTES", 30)

  @doc "A minute's row each: the memory of the program and its CPU time, while processes come and go on the node."
  def memory_rows do
    node = Live.Node.start("watched")
    Live.Node.tell(node, "varied #{60 * @minutes + 60}")
    "ok" = Live.Node.line(node)
    rows = Watch.during(node, {:flight, 19}, fn pid -> for minute <- 1..@minutes, do: row(pid, minute) end)
    Live.Node.stop(node)
    rows
  end

  defp row(pid, minute) do
    before = Watch.cpu_ns(pid)
    Process.sleep(60_000)
    cpu = (Watch.cpu_ns(pid) - before) / 60.0e9
    status = File.read!("/proc/#{pid}/status")
    [rss, peak] = for key <- ~w(VmRSS VmHWM), do: kb(status, key)
    [minute: minute, rss_mb: rss / 1024, peak_mb: peak / 1024, cpu_pct: 100 * cpu]
  end

  defp kb(status, key) do
    [_, kb] = Regex.run(~r/#{key}:\s+(\d+) kB/, status)
    String.to_integer(kb)
  end
end

work = Bench.names("WORKS", "reads port pingpong connections")
Bench.publish("watch", Enum.flat_map(work, &Switching.rows(&1, [:none, {:flight, 19}])))
if System.get_env("MINUTES") != "0", do: Bench.publish("watch_memory", Always.memory_rows())
