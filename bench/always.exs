# What `cprof watch` costs a node for as long as it runs, how much memory it takes meanwhile, and whether a healthy load
# sets it off. bench/README.md says how to read the tables. By environment: WORKS, PAIRS (12), WINDOW_MS (5000),
# MINUTES (30), HEALTHY_MINUTES (5).
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

  # Such as people give, with a duration where the figure may be high for a moment.
  @conditions ["utilization > 90% for 5s", "run_queue > 50 for 3s", "mailbox > 10000", "mailbox growth > 1000/s for 3s"] ++
                ["memory > 1G", "memory growth > 50M/s for 3s", "binary > 500M", "binary growth > 50M/s for 3s"] ++
                ["processes > 20000", "processes growth > 1000/s for 3s"]

  @doc "What fires while a healthy, varied load runs, and how busy the node is by its own account."
  def healthy_row(minutes) do
    node = Live.Node.start("watched")
    whens = Enum.flat_map(@conditions, &["--when", &1])
    args = ["watch", "--json-lines", "-q", "-p", node.pid, "--folder", node.dir, "--after", "0" | whens]
    watch = Live.Program.start(Live.Cprof.program(), args)
    asked(node, "utilization")
    "ok" = asked(node, "healthy #{60 * minutes}")
    Process.sleep(60_000 * minutes)
    busy = String.to_integer(asked(node, "utilization"))
    Live.Program.signal(watch.pid, "TERM")
    {said, 0} = Live.Program.finished(watch)
    Live.Node.stop(node)
    true = said =~ ~s("event": "began")
    fired = for [_, cause] <- Regex.scan(~r/"event": "fired".*?"cause": "([^"]*)"/, said), do: cause

    [
      minutes: minutes,
      conditions: length(@conditions),
      utilization: busy,
      fired: length(fired),
      which: Enum.join(fired, "; ")
    ]
  end

  defp asked(node, what) do
    Live.Node.tell(node, what)
    Live.Node.line(node)
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
if work != [], do: Bench.publish("watch", Enum.flat_map(work, &Switching.rows(&1, [:none, {:flight, 19}])))
if System.get_env("MINUTES") != "0", do: Bench.publish("watch_memory", Always.memory_rows())
healthy = Bench.setting("HEALTHY_MINUTES", 5)
row = if healthy > 0, do: Always.healthy_row(healthy), else: [fired: 0]
if healthy > 0, do: Bench.publish("watch_healthy", [row])
if row[:fired] > 0, do: raise("a healthy load set the watch off")
