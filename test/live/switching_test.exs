defmodule Live.SwitchingTest do
  @moduledoc "Work that moves between threads thousands of times per second is sampled completely, in the right shares."
  use ExUnit.Case

  alias Live.{Cprof, Node, Recorder, Recording}

  # At this rate, the error of a perfect sampler is small compared with what is asserted.
  @rate 4999

  setup do
    # Not in /tmp, because each read must really go to the page cache.
    file = Path.expand("_build/cprof-switching-#{System.unique_integer([:positive])}")
    File.write!(file, :binary.copy(<<0>>, 131_072))
    on_exit(fn -> File.rm!(file) end)
    %{data: file}
  end

  test "reads over a dirty IO scheduler on one CPU", %{data: file} do
    node = Node.start("switching", [file], ["+S", "1"])
    on_one_cpu(node.pid)
    {used, report} = recorded(node, "turns 30000")
    all_agree(used, report)
    rows = for row <- report["functions"], into: %{}, do: {row["name"], row["total_pct"]}
    share = rows["switching:thrice/1"] / (rows["switching:thrice/1"] + rows["switching:once/1"])
    assert_in_delta share, 0.75, 0.02 + 3 * :math.sqrt(0.75 * 0.25 / report["meta"]["counted"])
    Node.stop(node)
  end

  # In some virtual machines the timer does not fire while a CPU is idle.
  test "half idle: samples stand for no idle time", %{data: file} do
    node = Node.start("switching", [file], ["+S", "1"] ++ ~w(+sbwt none +sbwtdcpu none +sbwtdio none))
    {used, report} = recorded(node, "naps 600")
    all_agree(used, report)
    Node.stop(node)
  end

  # Its events make switches slower, so it samples a part of the time, in which the threads use more or less than usual.
  for rate <- [99, 999, 4999] do
    test "engine perf at #{rate} Hz on a switching node", %{data: file} do
      node = Node.start("switching", [file], ["+S", "1"])
      on_one_cpu(node.pid)
      {used, report} = recorded(node, "turns 30000", ["--engine", "perf"], unquote(rate))
      perf_agrees(used, report)
      Node.stop(node)
    end
  end

  test "a node on one CPU: no other is armed", %{data: file} do
    node = Node.start("switching", [file], ["+S", "1"])
    on_one_cpu(node.pid)
    events = Recorder.during(node, [], fn recorder -> Recording.events(recorder) end) |> elem(0)
    assert events == 1
    Node.stop(node)
  end

  defp on_one_cpu(pid) do
    {text, 0} = System.cmd("taskset", ["-pc", "#{pid}"])
    [cpu] = Regex.run(~r/(\d+)\D*$/, text, capture: :all_but_first)
    {_, 0} = System.cmd("taskset", ["-apc", cpu, "#{pid}"])
  end

  # The CPU nanoseconds of each thread for the work, according to the kernel, and the report of a recording of it.
  defp recorded(node, work, args \\ [], rate \\ @rate) do
    {used, file} =
      Recorder.during(node, ["-r", rate | args], fn recorder ->
        # While engine perf measures what its events cost, it has two.
        Live.Wait.until(fn -> args == [] or Recording.events(recorder) > 2 end)
        before = Recorder.cpu_of_threads(node.pid)
        Node.tell(node, work)
        "done" = Node.line(node, 60_000)
        for {thread, ns} <- Recorder.cpu_of_threads(node.pid), do: {thread, ns - Map.get(before, thread, 0)}
      end)

    {used, Cprof.json(["report", file])}
  end

  defp all_agree(used, report) do
    all = used |> Enum.map(&elem(&1, 1)) |> Enum.sum()
    %{"lost" => lost, "samples" => samples} = report["counters"]
    # If the reader gets no CPU for a long time, samples are lost and counted.
    assert lost <= 0.1 * samples
    seen = report["meta"]["cpu_ns"] * (1 + lost / samples)
    # The rest is what chance does on a machine with other work; this is not a benchmark.
    assert_in_delta report["meta"]["cpu_used_ns"] / all, 1.0, 0.05
    assert_in_delta report["meta"]["cpu_seen_ns"] / report["meta"]["cpu_ns"], 1.0, 0.0001
    assert_in_delta seen / all, 1.0, 0.02 + 3 / :math.sqrt(samples)
  end

  # The samples of a part of the time stand for all of it, also for those that did not fit into a ring.
  defp perf_agrees(used, report) do
    all = used |> Enum.map(&elem(&1, 1)) |> Enum.sum()
    taken = report["counters"]["samples"]
    assert taken > 0
    # Those of one window are alike, so they say less than as many that are apart.
    assert_in_delta report["meta"]["cpu_seen_ns"] / all, 1.0, 0.1 + 6 / :math.sqrt(taken)
  end
end
