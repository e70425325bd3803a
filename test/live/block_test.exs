defmodule Live.BlockTest do
  @moduledoc "Event block: schedulers that are blocked, against what the node measured itself."
  use ExUnit.Case

  alias Live.{Cprof, Node, Program}

  @moduletag skip: not Cprof.works?("bpf") && "engine bpf does not work here"

  defp start(mode, flags \\ []) do
    node =
      Node.start("blocked", [mode], flags, with: ["busy_nif"], nif: "busy_nif", driver: mode == "port" && "slow_driver")

    on_exit(fn -> Node.stop(node) end)
    node
  end

  defp args(node, seconds, more), do: ["record", "-q", "--event", "block", "-p", node.pid, "-d", "#{seconds}" | more]

  defp record(node, seconds, more \\ []), do: Cprof.json(args(node, seconds, more))

  defp text(node, seconds) do
    {text, "", 0} = Cprof.run(args(node, seconds, []))
    for line <- String.split(text, "\n"), do: assert(String.length(line) <= 100, line)
    String.replace(text, ~r/\s+/, " ")
  end

  # A recording, and for how long and how often schedulers were blocked during it, according to the node.
  defp measured(node, seconds, more \\ []) do
    report = record(node, seconds, more)
    from = report["meta"]["started_unix_ns"]
    Node.tell(node, "truth #{from} #{from + report["meta"]["duration_ns"]}")
    [ns, times] = node |> Node.line() |> String.split() |> Enum.map(&String.to_integer/1)
    {report, ns, times}
  end

  defp within(measured, truth, part), do: assert_in_delta(measured / truth, 1, part)

  # Including the time for which the thread could run again, but had no CPU.
  defp of(report, function, figure \\ "own") do
    [ns] = for %{"name" => ^function, ^figure => ns} <- report["functions"], do: ns
    ns
  end

  # The only place where schedulers are blocked for long.
  defp first(report) do
    [first | rest] = report["blocks"]
    for row <- rest, do: assert(row["blocked_ns"] < 0.05 * first["blocked_ns"], inspect(report["blocks"]))
    first
  end

  test "a NIF that sleeps on a normal scheduler" do
    node = start("nif")
    {report, ns, times} = measured(node, 5)
    row = first(report)
    within(of(report, "blocked:nap/0"), ns, 0.05)
    within(row["times"], times, 0.05)
    assert %{"function" => "blocked:nap/0", "called" => "busy_nif:wait_here/1"} = row
    assert row["blocked_in"] == "[blocked in clock_nanosleep]"
    assert row["state"] == "sleep"
    assert row["normal_ns"] == row["blocked_ns"]
    assert report["blocks_cause"]["kind"] == "normal"
    assert report["meta"]["event"] == "block"
    within(report["meta"]["longest_ns"], 10_000_000, 0.5)

    assert text(node, 2) =~
             ~r/Blocked: normal schedulers were blocked for .* in busy_nif:wait_here\/1, called by blocked:nap\/0/
  end

  # Neither its caller nor its C function is on a stack: Process.current tells.
  test "a NIF in tail position whose C function ended by a jump" do
    node = start("tail")
    {report, ns, times} = measured(node, 5)
    row = first(report)
    within(of(report, "blocked:last_nap/0"), ns, 0.05)
    within(row["times"], times, 0.05)
    assert %{"function" => "blocked:last_nap/0", "called" => "busy_nif:wait_by_jump/1", "state" => "sleep"} = row
  end

  test "a file: a pipe with a known writer" do
    node = start("fifo")
    {report, ns, times} = measured(node, 5)
    row = first(report)
    within(of(report, "prim_file:read_1/5"), ns, 0.05)
    within(row["times"], times, 0.1)
    assert %{"called" => "prim_file:read_nif/2", "state" => "io", "normal_ns" => 0} = row
    assert row["blocked_in"] in ["[blocked in read]", "[blocked in readv]"]
    assert row["site"] == "blocked:take/1"
    assert report["blocks_cause"]["kind"] == "dirty"

    text = text(node, 1)
    # Once in the sentence, and once in the table.
    assert length(String.split(text, "reached from blocked:take/1")) == 3, text
  end

  test "a table that another process writes to" do
    node = start("table", ~w(+S 2:2))
    {report, ns, _} = measured(node, 8, ["--scheduler", "1"])
    within(report["meta"]["samples"], ns, 0.05)
    row = first(report)
    assert %{"function" => "blocked:search/0"} = row
    assert %{"called" => "ets:lookup_element/3", "state" => "lock", "blocked_in" => "[blocked in futex]"} = row
  end

  test "a port whose driver sleeps" do
    node = start("port")
    {report, ns, _} = measured(node, 5)
    row = first(report)
    within(of(report, "[port slow_driver]", "total"), ns, 0.05)
    assert row["function"] == "[port slow_driver]"
    assert row["normal_ns"] == row["blocked_ns"]
    assert [%{"pid" => "<0." <> _} | _] = report["processes"]
  end

  test "a node that only computes" do
    node = start("spin")
    report = record(node, 3)
    assert %{"kind" => "none"} = report["blocks_cause"]
    # Without any wait there is another sentence, as nothing can be said of shares.
    assert text(node, 2) =~ ~r/[Nn]o scheduler was blocked (for long )?while it ran a process/
  end

  test "more threads than CPUs" do
    node = start("spin")
    others = for _ <- 1..System.schedulers_online(), do: Program.start("sh", ["-c", "while :; do :; done"])

    try do
      {report, ns, _} = measured(node, 5, ["--scheduler", "1"])
      within(report["meta"]["samples"], ns, 0.05)
      within(report["states"]["no-cpu"], report["meta"]["samples"], 0.01)
      within(report["blocks_cause"]["no_cpu_ns"], ns, 0.05)
      assert report["blocks_cause"]["kind"] == "none"
    after
      for other <- others, do: Program.signal(other.pid, "KILL")
    end
  end

  test "a wait that lasts longer than the recording" do
    node = start("long", ~w(+S 2:2))
    Node.tell(node, "begin")
    report = record(node, 2)
    row = first(report)
    within(row["blocked_ns"], report["meta"]["duration_ns"], 0.05)
    assert row["function"] == "blocked:long_nap/0"
    within(report["meta"]["longest_ns"], report["meta"]["duration_ns"], 0.05)
  end
end
