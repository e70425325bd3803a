defmodule Live.SpansTest do
  @moduledoc """
  Spans, marked by the NIF in a node and read from outside. Each kind of span burns a function of its own, so the stack
  of a sample says in which span it has to be.
  """
  use ExUnit.Case

  alias Live.{Cprof, Node, Recorder, Wait}

  # In each function, the innermost span; and those around it.
  @spans %{
    "burn_tiny" => "[:work, :tiny]",
    "burn_short" => "[:work, :short]",
    "burn_medium" => "[:work, :medium] ten ms",
    "burn_long" => "[:work, :long]",
    "burn_outer" => "[:work, :outer] a",
    "burn_inner" => "[:work, :inner]",
    "burn_worker" => "[:work, :parent]"
  }
  @within %{"[:work, :outer] a" => ["burn_inner"]}

  defp start(processes) do
    ebin = :cprof_native |> :code.which() |> Path.dirname()
    # The folder of the test's own code looks like one of an application cprof.
    env = [{~c"CPROF_PRIV", ~c"#{Path.expand("priv")}"}]
    node = Node.start("spans_work", ["#{processes}"], ["-pa", ebin], env: env)
    on_exit(fn -> Node.stop(node) end)
    node
  end

  defp report(file, more \\ []), do: Cprof.json(["report", file | more])

  # The samples in each function that burns.
  defp burnt(report) do
    for %{"name" => "spans_work:burn_" <> _ = name, "total" => n} <- report["functions"], into: %{} do
      [_, function, _] = String.split(name, [":", "/"])
      {function, n}
    end
  end

  defp in_span(file, span, events),
    do: file |> report(["--span", span | events]) |> burnt()

  defp work(node, cpu_seconds) do
    Node.tell(node, "begin")
    "begun" = Node.line(node)
    Wait.for_cpu(node.pid, cpu_seconds)
  end

  defp truth(node) do
    Node.tell(node, "truth")

    for line <- Node.lines_until(node, "end"), into: %{} do
      [ns, spans | name] = line |> String.split() |> Enum.reverse()
      {name |> Enum.reverse() |> Enum.join(" "), {String.to_integer(spans), String.to_integer(ns)}}
    end
  end

  for events <- ["cpu", "cpu,wall"] do
    test "samples of #{events} are in the right span, also those of workers" do
      node = start(1000)
      {_, file} = Recorder.during(node, ["--event", unquote(events), "-r", "999"], fn -> work(node, 4) end)
      all = file |> report(["--event", "cpu"]) |> burnt()
      total = all |> Map.values() |> Enum.sum()
      assert total > 1000

      right =
        for {function, span} <- @spans do
          there = in_span(file, span, ["--event", "cpu"])
          foreign = Map.drop(there, [function | Map.get(@within, span, [])])
          assert foreign |> Map.values() |> Enum.sum() <= total / 100, inspect({span, foreign})
          Map.get(there, function, 0)
        end

      assert Enum.sum(right) >= 0.99 * total, inspect({all, right})
    end
  end

  test "all spans are counted, and take as long as they measured" do
    node = start(12)

    {truth, file} =
      Recorder.during(node, ["--event", "cpu,wall"], fn ->
        work(node, 3)
        truth(node)
      end)

    report = report(file)
    spans = Map.new(report["spans"], &{&1["name"], &1})
    assert report["counters"]["span_marks_lost"] == 0
    assert report["counters"]["span_unmatched"] == 0

    for {name, {count, ns}} <- truth do
      assert %{"count" => ^count, "cut" => 0, "took_ns" => took} = spans[name]
      # The marks are around what was measured.
      assert took >= ns
      assert took <= ns * 1.05 + count * 20_000
    end

    parent = spans["[:work, :parent]"]
    assert [%{"function" => "spans_work:wait_for/1", "wait_ns" => waited} | _] = parent["waits"]
    assert_in_delta waited / parent["took_ns"], 1, 0.25
    outer = spans["[:work, :outer] a"]
    assert_in_delta outer["own_cpu_ns"] / outer["cpu_ns"], 0.5, 0.15
  end

  test "only slow spans of a name" do
    node = start(12)
    args = ["-r", "499", "--slower-than", "30ms", "--span", "[:work, :medium]"]
    {_, file} = Recorder.during(node, args, fn -> work(node, 4) end)
    report = report(file)
    assert %{"burn_medium" => n} = all = burnt(report)
    assert n > 100
    assert map_size(all) == 1
    assert [%{"name" => "[:work, :medium] ten ms", "count" => spans, "p50_ns" => p50}] = report["spans"]
    assert spans > 10 and p50 >= 29_000_000
    assert report["counters"]["span_left_out"] > 100
    assert Enum.any?(report["meta"]["notes"], &(&1 =~ "--slower-than 30ms"))
  end

  test "of 200,000 spans a second none is lost, or it is counted" do
    node = start(1)

    {spans, file} =
      Recorder.during(node, [], fn ->
        Node.tell(node, "flood 3000 200000")
        "flooded " <> spans = Node.line(node)
        String.to_integer(spans)
      end)

    report = report(file)
    counters = report["counters"]
    # With the start and the end of one span before the recording.
    assert counters["span_marks"] + counters["span_marks_lost"] == 2 * spans + 2
    flood = Enum.find(report["spans"], &(&1["name"] == "[:work, :flood]"))
    assert (spans - flood["count"]) in 0..counters["span_marks_lost"]
  end

  test "faults of marks from before a recording are not among its doubts" do
    node = start(1)

    forget = fn n ->
      Node.tell(node, "forget #{n}")
      "forgotten" = Node.line(node)
    end

    forget.(50)
    {_, file} = Recorder.during(node, [], fn -> forget.(3) end)
    counters = report(file)["counters"]
    assert counters["span_unmatched"] == 3
    assert counters["span_merged"] == 3
  end

  test "a node without spans says nothing of them" do
    node = Node.known("erlang")
    report = Cprof.json(["record", "-q", "-p", node.pid, "-d", "1"])
    Node.stop(node)
    refute Map.has_key?(report, "spans")
    assert report["counters"]["span_marks"] == 0
  end
end
