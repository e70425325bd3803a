Code.require_file("account.exs", __DIR__)

defmodule Live.StatesTest do
  @moduledoc "Compares what schedulers do outside processes with the VM's own account of it."
  use ExUnit.Case

  alias Live.{Account, Cprof, Node, Recorder, Wait}

  @rate 1999
  @cpu_seconds 4
  # Percentage points of the time in which the schedulers did not sleep.
  @points 3

  for kind <- ~w(receives sends echoes switches) do
    test "a node that #{kind}" do
      # Without busy-wait, what the VM calls "other" is scheduling.
      flags = ["+S", "1", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"]
      node = Node.start("network", [unquote(kind)], flags)
      Account.go_first(node.pid)
      at = where(node)
      other = spawn_link(fn -> other_side(unquote(kind), at) end)
      {account, file} = Recorder.during(node, ["-r", @rate], fn -> account(node) end)
      found = Map.delete(Account.ranges(file, node.pid), "check_io")
      show(unquote(kind), found, account)
      assert_agree(found, account)
      check(unquote(kind), file, node)
      Process.unlink(other)
      Process.exit(other, :kill)
      Node.stop(node)
    end
  end

  # Each state must be between the least and the most that the samples allow, in points of the time awake.
  defp assert_agree(found, account) do
    for {state, {least, most}} <- found do
      assert account[state] > least - @points, state
      assert account[state] < most + @points, state
    end
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

  # The VM's account of its normal schedulers, without the time that they slept.
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

    Account.shares(us)
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

  # The root of a stack names the driver, and the next frame names the port and its owner.
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

  # 98 %, minus what chance explains in that number of samples.
  defp nearly_all(total), do: 0.98 * total - 3 * :math.sqrt(0.02 * total)
end
