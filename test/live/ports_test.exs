defmodule Live.PortsTest do
  @moduledoc "Event wall: processes that wait for ports and sockets, against what they measured themselves."
  use ExUnit.Case

  alias Live.{Cprof, Node}

  @clients 10

  defp start(args) do
    node = Node.start("ports", args)
    on_exit(fn -> Node.stop(node) end)
    node
  end

  defp record(node, seconds, more \\ []) do
    Cprof.json(["record", "-q", "--event", "wall", "-p", node.pid, "-d", "#{seconds}" | more])
  end

  defp within(measured, truth, part), do: assert_in_delta(measured / truth, 1, part)

  # The report, and the nanoseconds that the clients waited while it was made.
  defp measured(node) do
    Node.tell(node, "begin")
    from = System.monotonic_time(:nanosecond)
    report = record(node, 6, ["--rate", "50"])
    took = System.monotonic_time(:nanosecond) - from
    Node.tell(node, "truth")
    [asked, _paused] = node |> Node.line() |> String.split() |> Enum.map(&String.to_integer/1)
    {report, asked * report["meta"]["duration_ns"] / took}
  end

  defp leaf(report, name), do: for(%{"name" => ^name, "self" => self} <- report["functions"], do: self)

  test "a program that answers late" do
    {report, truth} = measured(start(["program", "#{@clients}"]))
    assert [%{"name" => "port spawn sh", "pid" => nil} = wait] = report["waits"]
    within(wait["waited_ns"], truth, 0.15)
    assert [%{"name" => "ports:ask/1"}] = wait["sites"]
    assert %{"kind" => "waiting", "chain" => ["port spawn sh"], "sentence" => sentence} = report["waits_cause"]
    assert sentence =~ ~r{^on average \d+\.\d processes wait for port spawn sh, mostly in ports:ask/1$}
  end

  test "a server that the node connected to, but not its clients" do
    {report, truth} = measured(start(["tcp", "#{@clients}"]))
    assert [%{"name" => "port tcp_inet 127.0.0.1:" <> _} = wait] = report["waits"]
    within(wait["waited_ns"], truth, 0.15)
    assert [%{"name" => "ports:ask/1"}] = wait["sites"]
    # The acceptor, and connections on which the next question is waited for, are idle.
    refute Enum.any?(report["functions"], &(&1["name"] in ["ports:acceptor/2", "prim_inet:accept0/3"]))
    idle = record(%{pid: report["meta"]["pid"]}, 2, ["--state", "idle"])
    assert Enum.any?(idle["functions"], &(&1["name"] == "ports:acceptor/2"))
  end

  test "the module socket" do
    {report, truth} = measured(start(["tcp", "#{@clients}", "socket"]))
    assert [] = report["waits"]
    assert [self] = leaf(report, "[waits for socket]")
    within(self, truth, 0.15)
    refute Enum.any?(report["functions"], &(&1["name"] == "ports:acceptor/2"))
  end

  test "a port that is busy" do
    node = start(["busy"])
    report = record(node, 3)
    assert [%{"name" => "port spawn sh"} = wait] = report["waits"]
    within(wait["waited_ns"], report["meta"]["duration_ns"], 0.05)
    assert [%{"name" => "ports:sender/1"}] = wait["sites"]
    assert report["states"]["suspended"] == 0
  end

  test "nobody is named where nobody waits for an answer" do
    report = record(start(["quiet"]), 2)
    assert %{"waits" => [], "waits_cause" => %{"kind" => "none"}} = report
    refute Enum.any?(report["functions"], &String.starts_with?(&1["name"], "[waits"))
    assert report["states"]["blocked"] == 0
    # Only the one that reads stdin.
    within(report["states"]["waiting"], report["meta"]["duration_ns"], 0.02)
  end
end
