defmodule Live.StatesTest do
  @moduledoc "What schedulers do outside processes, against the VM's own account of it."
  use ExUnit.Case

  alias Live.{Cprof, Node, Recorder, Wait}

  @rate 1999
  @cpu_seconds 4
  # Percentage points of the time in which the schedulers did not sleep.
  @points 3

  for kind <- ~w(receives sends echoes switches) do
    test "a node that #{kind}" do
      # Without busy-wait: what the VM calls "other" is then scheduling.
      flags = ["+S", "1", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"]
      node = Node.start("network", [unquote(kind)], flags)
      go_first(node)
      at = where(node)
      other = spawn_link(fn -> other_side(unquote(kind), at) end)
      {account, file} = Recorder.during(node, ["-r", @rate], fn -> account(node) end)
      found = shares(file, node)
      show(unquote(kind), found, account)
      assert_agree(found, account)
      check(unquote(kind), file, node)
      Process.unlink(other)
      Process.exit(other, :kill)
      Node.stop(node)
    end
  end

  # The account is of wall time; the less the node has to wait for a CPU, the more it says.
  defp go_first(node) do
    {_, 0} = System.cmd("chrt", ~w(--all-tasks --fifo --pid 1 #{node.pid}), stderr_to_stdout: true)
  end

  # Each is to be between the least and the most that the samples allow, in points of the time awake.
  defp assert_agree(found, account) do
    for {state, {least, most}} <- found do
      assert account[state] > least - @points, state
      assert account[state] < most + @points, state
    end
  end

  defp percent(map) do
    all = map |> Map.values() |> Enum.sum()
    Map.new(map, fn {key, n} -> {key, 100 * n / all} end)
  end

  defp where(node) do
    Node.tell(node, "where")
    node |> Node.line() |> String.to_integer()
  end

  defp other_side("receives", port), do: port |> connect(false) |> send_all(:binary.copy(<<0>>, 65536))
  defp other_side("sends", port), do: port |> connect(true) |> take_all()
  defp other_side(_, _), do: :ok

  defp connect(port, active) do
    {:ok, socket} = :gen_tcp.connect({127, 0, 0, 1}, port, [:binary, active: active, buffer: 1_000_000])
    socket
  end

  defp send_all(socket, data) do
    :ok = :gen_tcp.send(socket, data)
    send_all(socket, data)
  end

  defp take_all(socket) do
    receive do
      {:tcp, ^socket, _} -> take_all(socket)
    end
  end

  # The VM's account of its normal schedulers, without the time in which they slept.
  defp account(node) do
    Node.tell(node, "account")
    "accounting" = Node.line(node)
    Wait.for_cpu(node.pid, @cpu_seconds)
    Node.tell(node, "say")

    us =
      for line <- Node.lines_until(node, "end"), into: %{} do
        [state, us] = String.split(line)
        {state, String.to_integer(us)}
      end

    # A build --with-microstate-accounting=extra has more states.
    outside = us |> Map.drop(~w(sleep port gc emulator)) |> Map.values() |> Enum.sum()
    percent(%{"port" => us["port"], "gc" => us["gc"], "running" => us["emulator"], "outside" => outside})
  end

  # Of normal schedulers, as the account is: by state the least and the most. Where its borders are, samples do not
  # tell: a process that sends runs the driver itself, which is the port's for the account but not all of the call; a
  # driver's word to the system what it waits for is check_io; taking up and putting away a process is in part the
  # emulator's, in part "other"; on the way to sleep and back "other" ends, and begins, somewhere in the C library.
  defp shares(file, node) do
    only = ["report", file | Enum.flat_map(schedulers(node), &["--thread", &1])]
    %{"states" => states} = Cprof.json(only)
    calling = with_frame(only, "running", ~w(erts_internal:port_command/3 erts_internal:port_control/3))
    selecting = with_frame(only, "port", ~w(driver_select epoll_ctl))
    apart = with_root(only, "scheduling", "[scheduling]")
    idle = Cprof.collapsed(only ++ ["--state", "idle"])
    border = Enum.sum(for {stack, n} <- idle, List.last(stack) != "[kernel]", do: n)
    work = Enum.sum(for state <- ~w(port gc running scheduling), do: states[state])
    share = fn n, border -> 100 * n / (work + border) end

    %{
      "port" => {share.(states["port"] - selecting, border), share.(states["port"] + calling, 0)},
      "gc" => {share.(states["gc"], border), share.(states["gc"], 0)},
      "running" =>
        {share.(states["running"] - calling, border), share.(states["running"] + states["scheduling"] - apart, 0)},
      "outside" => {share.(apart, 0), share.(states["scheduling"] + selecting + border, border)}
    }
  end

  defp schedulers(node) do
    for file <- Path.wildcard("/proc/#{node.pid}/task/*/comm"),
        String.trim(File.read!(file)) =~ ~r/^(\d+_scheduler|erts_sched_\d+)$/,
        do: file |> Path.split() |> Enum.at(-2) |> String.to_integer()
  end

  defp with_frame(only, state, frames) do
    stacks = Cprof.collapsed(only ++ ["--state", state])
    Enum.sum(for {stack, n} <- stacks, Enum.any?(frames, &(&1 in stack)), do: n)
  end

  defp with_root(only, state, root) do
    stacks = Cprof.collapsed(only ++ ["--state", state])
    Enum.sum(for {[^root | _], n} <- stacks, do: n)
  end

  defp show(kind, found, account) do
    line =
      for state <- ~w(port gc running outside) do
        {least, most} = found[state]
        " #{state} #{round1(least)}..#{round1(most)}/#{round1(account[state])}"
      end

    IO.puts("OTP #{Cprof.otp()} #{kind}:#{line}")
  end

  defp round1(x), do: Float.round(x * 1.0, 1)

  defp check("switches", _, _), do: :ok

  # Its root names the driver, the frame above it the port and who owns it.
  defp check(kind, file, _) do
    {driver, owner, port} =
      %{
        "receives" => {"[port tcp_inet]", "receiver", ~r/^#Port<0\.\d+> of receiver$/},
        "sends" => {"[port tcp_inet]", "sender", ~r/^#Port<0\.\d+> of sender$/},
        "echoes" => {"[port spawn]", "echoer", ~r/^#Port<0\.\d+> cat of echoer$/}
      }[kind]

    tasks = Cprof.collapsed(["report", file, "--state", "port"])
    total = tasks |> Enum.map(&elem(&1, 1)) |> Enum.sum()
    named = for {[^driver, name | _], n} <- tasks, name =~ port, do: n
    assert Enum.sum(named) >= nearly_all(total)
    rows = Cprof.json(["report", file, "--state", "port", "--process", owner])
    assert rows["meta"]["samples"] >= nearly_all(total)
  end

  # 98 %, less what chance moves in so few samples.
  defp nearly_all(total), do: 0.98 * total - 3 * :math.sqrt(0.02 * total)
end
