# What sampling costs the node: work done per CPU second with the sampler
# attached over work per CPU second without, in alternating windows of one run.
# 1.0 is free. Rate 0 is the noise: both windows without a sampler. Then what
# one sample costs against a bare timer sample (bare_sample.c), and what the
# sampler itself takes. PAIRS (20), WINDOW_MS (1000), ENGINES by environment.
Code.require_file("support.exs", __DIR__)

defmodule Overhead do
  alias Live.{Cprof, Node}

  # Work and CPU nanoseconds of the whole node so far.
  defp progress(node) do
    Node.tell(node, "rounds")
    {String.to_integer(Node.line(node)), cpu_ns(node.pid)}
  end

  def cpu_ns(pid) do
    for task <- File.ls!("/proc/#{pid}/task"), reduce: 0 do
      sum ->
        case File.read("/proc/#{pid}/task/#{task}/schedstat") do
          {:ok, text} -> sum + (text |> String.split() |> hd() |> String.to_integer())
          _ -> sum
        end
    end
  end

  # CPU nanoseconds per unit of work.
  def cost(node, ms) do
    {work0, cpu0} = progress(node)
    Process.sleep(ms)
    {work1, cpu1} = progress(node)
    (cpu1 - cpu0) / (work1 - work0)
  end

  # The sampler is attached before the window begins and leaves after it.
  defp sampled(node, ms, _, 0), do: cost(node, ms)

  defp sampled(node, ms, "bare", rate) do
    port = open("build/bench/bare_sample", [node.pid, rate])
    receive do: ({^port, {:data, "ready" <> _}} -> :ok)
    done = cost(node, ms)
    Port.close(port)
    Process.sleep(100)
    done
  end

  defp sampled(node, ms, engine, rate) do
    port = open(Cprof.program(), record(node, engine, rate))
    {:os_pid, pid} = Port.info(port, :os_pid)
    Process.sleep(400)
    done = cost(node, ms)
    {_, 0} = System.cmd("kill", ["-INT", "#{pid}"])
    ended(port)
    done
  end

  defp ended(port) do
    receive do
      {^port, {:exit_status, 0}} -> :ok
      {^port, {:data, _}} -> ended(port)
    end
  end

  defp record(node, engine, rate) do
    ["record", "-p", node.pid, "-r", rate, "--engine", engine, "-d", 300, "-o", Path.join(node.dir, "o.collapsed")]
  end

  defp open(program, args) do
    args = Enum.map(args, &to_string/1)
    Port.open({:spawn_executable, program}, [:exit_status, :stderr_to_stdout, :binary, args: args])
  end

  # What is measured first changes from pair to pair: drift cancels out. The ratio of work per CPU second.
  def ratio(node, ms, engine, rate, pair) do
    if rem(pair, 2) == 0 do
      on = sampled(node, ms, engine, rate)
      cost(node, ms) / on
    else
      off = cost(node, ms)
      off / sampled(node, ms, engine, rate)
    end
  end

  # CPU per sample, in units of the work's own cost: how much a second grows, over the rate.
  def added(node, ms, engine, rate) do
    before = cost(node, ms)
    on = sampled(node, ms, engine, rate)
    (on / ((before + cost(node, ms)) / 2) - 1) / rate
  end

  # The sampler's own CPU, in percent of a core, and its memory.
  def own(node, engine, rate, seconds) do
    port = open(Cprof.program(), record(node, engine, rate))
    {:os_pid, pid} = Port.info(port, :os_pid)
    Process.sleep(1000)
    before = cpu_ns(pid)
    Process.sleep(seconds * 1000)
    cpu = (cpu_ns(pid) - before) / (seconds * 1.0e9)
    [_, rss] = Regex.run(~r/VmRSS:\s+(\d+) kB/, File.read!("/proc/#{pid}/status"))
    {_, 0} = System.cmd("kill", ["-INT", "#{pid}"])
    ended(port)
    {100 * cpu, String.to_integer(rss) / 1024}
  end
end

setting = fn name, default -> String.to_integer(System.get_env(name, default)) end
{pairs, ms} = {setting.("PAIRS", "20"), setting.("WINDOW_MS", "1000")}
File.mkdir_p!("build/bench")
{_, 0} = System.cmd(System.get_env("CC") || "cc", ~w(-O2 -o build/bench/bare_sample bench/bare_sample.c))

cases = [{"none", 0} | for(engine <- Bench.engines(), rate <- [99, 999], do: {engine, Bench.rate(engine, rate)})]

rows =
  for set <- ["erlang", "messages"], {engine, rate} <- Enum.uniq(cases) do
    node = Live.Node.known(set)
    Process.sleep(1000)
    ratios = for pair <- 1..pairs, do: Overhead.ratio(node, ms, engine, rate, pair)
    Live.Node.stop(node)
    {mean, half} = Bench.mean_ci(ratios)

    [
      workload: set,
      otp: Live.Cprof.otp(),
      engine: engine,
      rate: rate,
      ratio: mean,
      "+-95%": half,
      median: Bench.median(ratios),
      min: Enum.min(ratios),
      max: Enum.max(ratios),
      pairs: pairs
    ]
  end

Bench.publish("overhead", rows)

# One sample, at a rate that makes it show; the bare one in turn with ours.
rows =
  for set <- ["erlang", "messages"], engine <- Bench.engines(), engine != "ptrace" do
    node = Live.Node.known(set)
    Process.sleep(1000)

    {ours, bare} =
      Enum.unzip(
        for _ <- 1..pairs, do: {Overhead.added(node, ms, engine, 9000), Overhead.added(node, ms, "bare", 9000)}
      )

    Live.Node.stop(node)

    [
      workload: set,
      engine: engine,
      us: Bench.median(ours) * 1.0e6,
      bare_us: Bench.median(bare) * 1.0e6,
      multiple: Bench.median(ours) / Bench.median(bare)
    ]
  end

Bench.publish("sample_cost", rows)

rows =
  for engine <- Bench.engines() do
    node = Live.Node.known("bif")
    {cpu, rss} = Overhead.own(node, engine, Bench.rate(engine, 999), 20)
    Live.Node.stop(node)
    [engine: engine, rate: Bench.rate(engine, 999), busy: 1, cpu_pct: cpu, rss_mb: rss]
  end

Bench.publish("sampler", rows)
