defmodule Clients do
  @moduledoc "Connections to an echo server, each of which asks at a fixed rate and times the answers."

  @count 200
  @per_second 10

  def start(port) do
    times = :ets.new(:times, [:public, :duplicate_bag, write_concurrency: true])
    for n <- 1..@count, do: spawn(fn -> client(port, n, times) end)
    times
  end

  defp client(port, n, times) do
    {:ok, socket} = :gen_tcp.connect({127, 0, 0, 1}, port, [:binary, active: false, nodelay: true])
    interval = div(1_000_000, @per_second)
    # Not all at once.
    ask(socket, times, interval, System.monotonic_time(:microsecond) + div(interval * n, @count))
  end

  # By the clock, not by when the last answer came: a slow answer does not make fewer questions.
  defp ask(socket, times, interval, at) do
    wait = at - System.monotonic_time(:microsecond)
    if wait > 0, do: Process.sleep(div(wait + 999, 1000))
    from = System.monotonic_time(:nanosecond)

    # It ends with the server.
    with :ok <- :gen_tcp.send(socket, "x"), {:ok, _} <- :gen_tcp.recv(socket, 0) do
      :ets.insert(times, {:us, (System.monotonic_time(:nanosecond) - from) / 1000})
      ask(socket, times, interval, at + interval)
    end
  end

  def forget(times), do: :ets.delete_all_objects(times)

  @doc "Microseconds of the answers since they were forgotten: {p50, p99}."
  def quantiles(times) do
    list = for {_, us} <- :ets.take(times, :us), do: us
    {Bench.quantile(list, 0.5), Bench.quantile(list, 0.99)}
  end
end

defmodule Switching do
  @moduledoc """
  What sampling costs work that switches between threads: windows of all profilers and of none in turn, in one run of
  one node, in an order that moves on; each is compared with the window without that is nearest.
  """

  alias Live.Node

  @pairs Bench.setting("PAIRS", 12)
  @ms Bench.setting("WINDOW_MS", 700)
  @work "switching_work"

  @doc "Starts a workload, `as` a user: {the node, its helpers to be stopped, clients or nil}."
  def start(work, opts \\ [])

  def start("reads", opts) do
    node = Node.start(@work, ["reads", :code.which(:lists)], ["+S", "1"], opts)
    {_, 0} = System.cmd("taskset", ["-apc", "0", "#{node.pid}"])
    {node, [], nil}
  end

  def start("port", opts), do: {Node.start(@work, ["port"], [], opts), [], nil}

  def start("pingpong", opts) do
    peer = Node.start(@work, ["echo"])
    {Node.start(@work, ["pingpong", port(peer)], [], opts), [peer], nil}
  end

  def start("connections", opts) do
    node = Node.start(@work, ["echo"], [], opts)
    {node, [], Clients.start(String.to_integer(port(node)))}
  end

  defp port(node) do
    Node.tell(node, "port")
    Node.line(node)
  end

  @doc "Rows of one workload, one for each of the profilers."
  def rows(work, watches) do
    {node, helpers, clients} = start(work)
    Process.sleep(1000)
    rounds = for n <- 1..@pairs, do: round(node, clients, rotate(watches, n))
    for each <- [node | helpers], do: Node.stop(each)

    for watch <- watches do
      pairs = for round <- rounds, {^watch, with, without} <- round, do: {with, without}
      row(work, watch, pairs)
    end
  end

  defp rotate(list, n) do
    {first, rest} = Enum.split(list, rem(n, length(list)))
    rest ++ first
  end

  defp round(node, clients, watches) do
    for watch <- watches do
      without = window(node, clients, :none)
      {watch, window(node, clients, watch), without}
    end
  end

  defp window(node, clients, watch) do
    Watch.during(node, watch, fn ->
      if clients, do: Clients.forget(clients)
      before = switches(node.pid)
      {cpu, wall} = Watch.cost(node, @ms)
      per_second = (switches(node.pid) - before) * 1000 / @ms
      {p50, p99} = if clients, do: Clients.quantiles(clients), else: {nil, nil}
      %{cpu: cpu, wall: wall, switches: per_second, p50: p50, p99: p99}
    end)
  end

  @doc "Context switches of all threads of a process so far."
  def switches(pid) do
    for tid <- File.ls!("/proc/#{pid}/task"),
        {:ok, text} <- [File.read("/proc/#{pid}/task/#{tid}/status")],
        [_, n] <- Regex.scan(~r/ctxt_switches:\s+(\d+)/, text),
        reduce: 0,
        do: (sum -> sum + String.to_integer(n))
  end

  defp row(work, watch, pairs) do
    ratio = fn key -> Bench.interval(for({with, without} <- pairs, do: with[key] / without[key]), &Bench.median/1) end
    {cpu, low, high} = ratio.(:cpu)
    {wall, _, _} = ratio.(:wall)
    middle = fn key, list -> Bench.median(for window <- list, do: window[key]) end
    {withs, withouts} = Enum.unzip(pairs)

    [workload: work, otp: Live.Cprof.otp()] ++
      name(watch) ++
      [
        ratio: 1 / cpu,
        low: 1 / high,
        high: 1 / low,
        wall_ratio: 1 / wall,
        switches_without: middle.(:switches, withouts),
        switches_with: middle.(:switches, withs)
      ] ++ latencies(withouts, ratio) ++ [pairs: length(pairs)]
  end

  defp name({:engine, engine, rate}), do: [profiler: engine, rate: rate]
  defp name({:flight, rate}), do: [profiler: "watch", rate: rate]
  defp name({:bare_cpus, rate}), do: [profiler: "bare timer per CPU", rate: rate]
  defp name(:none), do: [profiler: "none", rate: 0]

  # How much longer the answers take, and what they take without.
  defp latencies([%{p50: nil} | _], _), do: [p50_us: "-", p50_times: "-", p99_us: "-", p99_times: "-", p99_high: "-"]

  defp latencies(withouts, ratio) do
    {p50, _, _} = ratio.(:p50)
    {p99, _, high} = ratio.(:p99)
    us = fn key -> Bench.median(for window <- withouts, do: window[key]) end
    [p50_us: us.(:p50), p50_times: p50, p99_us: us.(:p99), p99_times: p99, p99_high: high]
  end
end
