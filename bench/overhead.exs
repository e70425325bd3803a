# What sampling costs the node: work done per CPU second with the sampler
# attached over work per CPU second without, in alternating windows of one run.
# 1.0 is free. Rate 0 is the noise: both windows without a sampler. PAIRS (20),
# WINDOW_MS (1000) by environment.
Code.require_file("support.exs", __DIR__)

defmodule Overhead do
  alias Live.{Cprof, Node}

  # Rounds and CPU nanoseconds of the whole node so far.
  defp progress(node) do
    Node.tell(node, "rounds")
    {String.to_integer(Node.line(node)), cpu_ns(node.pid)}
  end

  defp cpu_ns(pid) do
    for task <- File.ls!("/proc/#{pid}/task"), reduce: 0 do
      sum ->
        case File.read("/proc/#{pid}/task/#{task}/schedstat") do
          {:ok, text} -> sum + (text |> String.split() |> hd() |> String.to_integer())
          _ -> sum
        end
    end
  end

  defp window(node, ms) do
    {rounds0, cpu0} = progress(node)
    Process.sleep(ms)
    {rounds1, cpu1} = progress(node)
    (rounds1 - rounds0) / (cpu1 - cpu0)
  end

  # The sampler is attached before the window begins and leaves after it.
  defp sampled(node, ms, 0), do: window(node, ms)

  defp sampled(node, ms, rate) do
    args = ["record", "-p", "#{node.pid}", "-r", "#{rate}", "-d", "60", "-o", Path.join(node.dir, "o.collapsed")]
    port = Port.open({:spawn_executable, Cprof.program()}, [:exit_status, :stderr_to_stdout, args: args])
    {:os_pid, pid} = Port.info(port, :os_pid)
    Process.sleep(400)
    done = window(node, ms)
    {_, 0} = System.cmd("kill", ["-INT", "#{pid}"])

    receive do
      {^port, {:exit_status, 0}} -> done
    end
  end

  # Which window comes first changes from pair to pair: drift cancels out.
  def ratio(node, ms, rate, pair) do
    if rem(pair, 2) == 0 do
      on = sampled(node, ms, rate)
      on / window(node, ms)
    else
      off = window(node, ms)
      sampled(node, ms, rate) / off
    end
  end
end

setting = fn name, default -> String.to_integer(System.get_env(name, default)) end
{pairs, ms} = {setting.("PAIRS", "20"), setting.("WINDOW_MS", "1000")}

rows =
  for set <- ["erlang", "bif"], rate <- [0, 99, 499, 999] do
    node = Live.Node.known(set)
    Process.sleep(1000)
    ratios = for pair <- 1..pairs, do: Overhead.ratio(node, ms, rate, pair)
    Live.Node.stop(node)
    {mean, half} = Bench.mean_ci(ratios)

    %{
      "1 workload" => set,
      "2 otp" => Live.Cprof.otp(),
      "3 rate" => rate,
      "4 ratio" => mean,
      "5 +-95%" => half,
      "6 median" => Bench.median(ratios),
      "7 min" => Enum.min(ratios),
      "8 max" => Enum.max(ratios),
      "9 pairs" => pairs
    }
  end

Bench.publish("overhead", rows)
