defmodule Watch do
  @moduledoc "A profiler attached to a node for as long as a function runs, and what the node's work costs meanwhile."

  alias Live.{Cprof, Node}

  @bare "build/bench/bare_sample"

  def build_bare do
    File.mkdir_p!("build/bench")
    {_, 0} = System.cmd(System.get_env("CC") || "cc", ~w(-O2 -o #{@bare} bench/bare_sample.c))
  end

  @doc """
  Runs `fun` while a profiler watches: :none, {:engine, name, rate}, {:flight, rate} (`cprof watch`), {:bare, rate},
  {:bare_cpus, rate} or {:peer, name, rate}.
  """
  def during(_, :none, fun), do: fun.()

  def during(node, {:bare, rate}, fun), do: bare([node.pid, rate], fun)
  def during(node, {:bare_cpus, rate}, fun), do: bare([node.pid, rate, "cpus"], fun)

  def during(node, {:engine, engine, rate}, fun) do
    program(Cprof.program(), record(node, engine, rate), fn pid ->
      sampling(engine, pid)
      if is_function(fun, 1), do: fun.(pid), else: fun.()
    end)
  end

  def during(node, {:flight, rate}, fun) do
    limits = ["mailbox > 1000000000", "run_queue > 1000000", "memory > 1T"]
    args = ["watch", "-q", "-p", node.pid, "-r", rate, "--folder", node.dir | Enum.flat_map(limits, &["--when", &1])]

    program(Cprof.program(), args, fn pid ->
      Live.Wait.until(fn -> Live.Recording.events(pid) > 0 end)
      Process.sleep(500)
      if is_function(fun, 1), do: fun.(pid), else: fun.()
    end)
  end

  def during(node, {:peer, "perf", rate}, fun) do
    data = Path.join(node.dir, "perf.data")
    program(System.find_executable("perf"), ~w(record -q -e cpu-clock -F #{rate} -g -p #{node.pid} -o #{data}), fun)
  end

  def during(node, {:peer, peer, _}, fun) do
    Node.tell(node, "peer start #{peer}")
    "ok" = Node.line(node)
    result = fun.()
    Node.tell(node, "peer stop #{peer}")
    until_ok(node)
    result
  end

  @doc "Waits until a recording samples. While it tries what works here it has events, too: one, or perf two."
  def sampling("ptrace", _), do: :ok
  def sampling("perf", pid), do: Live.Wait.until(fn -> Live.Recording.events(pid) > 2 end)

  def sampling("bpf", pid) do
    for _ <- 1..2 do
      Live.Wait.until(fn -> Live.Recording.events(pid) > 0 end)
      Process.sleep(200)
    end
  end

  defp bare(args, fun) do
    port = open(@bare, args)

    receive do
      {^port, {:data, "ready" <> _}} -> :ok
    after
      5000 -> raise "bare_sample did not begin"
    end

    result = fun.()
    Port.close(port)
    Process.sleep(100)
    result
  end

  # Some peers print on their own.
  defp until_ok(node), do: if(Node.line(node) != "ok", do: until_ok(node))

  defp record(node, engine, rate) do
    out = Path.join(node.dir, "watch.pb.gz")
    ["record", "-q", "-p", node.pid, "-r", rate, "-d", 3600, "-o", out | Bench.engine(engine)]
  end

  @doc "Runs `fun` while a program runs, `as` a user."
  def program(exe, args, fun, opts \\ []) do
    {exe, args} = Node.wrap(opts[:as], [exe | args])
    port = open(exe, args)
    {:os_pid, pid} = Port.info(port, :os_pid)
    Process.sleep(400)
    if Port.info(port) == nil, do: raise("#{exe} did not stay: #{inspect(Process.info(self(), :messages))}")
    result = if is_function(fun, 1), do: fun.(pid), else: fun.()
    {_, 0} = System.cmd("kill", ["-INT", "#{pid}"], stderr_to_stdout: true)
    ended(port)
    result
  end

  defp open(exe, args) do
    Port.open({:spawn_executable, exe}, [:exit_status, :stderr_to_stdout, :binary, args: Enum.map(args, &to_string/1)])
  end

  defp ended(port) do
    receive do
      {^port, {:exit_status, _}} -> :ok
      {^port, {:data, _}} -> ended(port)
    after
      30_000 -> raise "a profiler did not end"
    end
  end

  @doc "CPU and wall nanoseconds per round of the node's work in a window: {cpu, wall}."
  def cost(node, ms) do
    {work0, cpu0, wall0} = progress(node)
    Process.sleep(ms)
    {work1, cpu1, wall1} = progress(node)
    work = max(work1 - work0, 1)
    {(cpu1 - cpu0) / work, (wall1 - wall0) / work}
  end

  defp progress(node) do
    Node.tell(node, "rounds")
    {String.to_integer(Node.line(node)), cpu_ns(node.pid), System.monotonic_time(:nanosecond)}
  end

  @doc "CPU nanoseconds of all threads of a process."
  def cpu_ns(pid) do
    for task <- File.ls!("/proc/#{pid}/task"),
        {:ok, text} <- [File.read("/proc/#{pid}/task/#{task}/schedstat")],
        reduce: 0,
        do: (sum -> sum + (text |> String.split() |> hd() |> String.to_integer()))
  end
end
