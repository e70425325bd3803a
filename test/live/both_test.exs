defmodule Live.BothTest do
  @moduledoc "Events cpu and wall in one recording: each part is as true as if it were recorded alone."
  use ExUnit.Case

  alias Live.{Cprof, Node, Program, Recording}

  @both ~w(--event cpu,wall)

  defp dir do
    dir = Node.tmp_dir()
    on_exit(fn -> File.rm_rf!(dir) end)
    dir
  end

  defp start(name, args) do
    node = Node.start(name, args)
    on_exit(fn -> Node.stop(node) end)
    node
  end

  defp function(report, name), do: Enum.find(report["functions"], &(&1["name"] == name))

  defp wait(report, name) do
    assert [wait] = Enum.filter(report["waits"], &(&1["name"] == name)), inspect(report["waits"])
    wait
  end

  defp within(measured, truth, part), do: assert_in_delta(measured / truth, 1, part)

  # A node that works in known shares.
  setup_all do
    node = Node.known("erlang")
    on_exit(fn -> Node.stop(node) end)
    Node.tell(node, "reset")
    "ok" = Node.line(node)
    recorded = Path.join(node.dir, "both.pb.gz")
    said = Recording.of_cpu(node, 5, @both ++ ["-r", 499, "-o", recorded])
    %{said: said, truth: Node.truth(node), report: Cprof.json(["report", recorded]), recorded: recorded}
  end

  test "CPU time and process time are both right", %{report: report, truth: truth, said: said} do
    assert said =~ ~r/wrote .* \(\d+ samples, \d+ lost; wall: \d+ samples, \d+ lost\)/

    for {piece, name} <- [{"deep", "deep/1"}, {"add", "add/2"}, {"mul", "mul/2"}] do
      row = function(report, "known_work:#{name}")
      assert row, "#{name} is missing"
      assert_in_delta row["self_pct"], truth[piece], 3.0, name
    end

    # The worker runs all the time, if the machine lets it.
    %{"wall" => wall} = report
    [worker] = Enum.filter(wall["processes"], &(&1["name"] == "known_worker"))
    within(worker["samples"], wall["meta"]["duration_ns"], 0.05)
    assert wall["states"]["running"] + wall["states"]["runnable"] + wall["states"]["gc"] > 0.9 * worker["samples"]
    assert wall["states"]["running"] >= worker["samples"] / 2
  end

  test "each part has its own facts and counters", %{report: report} do
    %{"wall" => wall} = report
    assert report["meta"]["event"] == "cpu-clock"
    assert report["meta"]["rate_asked"] == 499
    assert wall["meta"]["event"] == "wall"
    assert wall["meta"]["engine"] == "process-table"
    assert wall["meta"]["rate_asked"] == 10
    assert wall["meta"]["cpu_used_ns"] == 0
    assert report["counters"]["ticks"] == 0
    assert report["counters"]["changed"] == 0
    within(wall["counters"]["ticks"], 10 * wall["meta"]["duration_ns"] / 1.0e9, 0.25)
    assert report["meta"]["duration_ns"] == wall["meta"]["duration_ns"]
    assert report["meta"]["samples"] == report["counters"]["samples"]
    assert wall["counters"]["samples"] > wall["counters"]["ticks"]
    # Reading processes delays no sample of CPU time for long.
    for part <- [report, wall], do: assert(part["counters"]["lost"] == 0)
    assert report["counters"]["late"] <= 0.02 * report["counters"]["samples"]
    assert report["counters"]["erlang_leaf_complete"] / report["counters"]["erlang_leaf"] >= 0.99
  end

  test "comparisons are of CPU time", %{recorded: recorded} do
    assert {text, "", 0} = Cprof.run(["diff", recorded, recorded])
    refute text =~ "wall"
  end

  test "waits are as long as they took, and every format has them" do
    node = start("queues", ["queues", "30"])
    dir = dir()
    file = Path.join(dir, "both.pb.gz")
    Node.tell(node, "begin")
    from = System.monotonic_time(:nanosecond)
    {"", "", 0} = Cprof.run(["record", "-q", "-p", node.pid, "-d", "20", "--timeline", "-o", file | @both])
    took = System.monotonic_time(:nanosecond) - from
    Node.tell(node, "truth")
    [blocked, paused] = node |> Node.line() |> String.split() |> Enum.map(&String.to_integer/1)

    %{"wall" => wall} = report = Cprof.json(["report", file])
    part = wall["meta"]["duration_ns"] / took
    within(wait(wall, "till")["waited_ns"], blocked * part, 0.1)
    within(function(wall, "queues:pause/1")["total"], paused * part, 0.1)
    within(wait(wall, "front")["waited_ns"], 5 * wall["meta"]["duration_ns"], 0.05)
    assert wait(wall, "middle")["waits_for"] == "back"
    assert report["waits"] == []

    # Either one alone is what the report of both says of it.
    assert Cprof.json(["report", file, "--event", "wall"]) == Map.put(wall, "version", report["version"])
    assert Cprof.json(["report", file, "--event", "cpu"]) == Map.delete(report, "wall")

    {text, "", 0} = Cprof.run(["report", file])
    for line <- String.split(text, "\n"), do: assert(String.length(line) <= 100, line)
    assert [cpu, wall_text] = text |> String.split("===== Process time ")
    assert cpu =~ ~r/^===== CPU time ==/
    assert cpu =~ ~r/CPU: +\d+\.\d+ s used/
    assert wall_text =~ ~r/Waiting: +on average \d+\.\d processes wait for till/
    assert Cprof.run(["report", file, "--event", "wall,cpu"]) == {text, "", 0}

    assert {_, error, 1} = Cprof.run(["report", file, "-f", "collapsed"])
    assert error =~ "--event EVENT"
    {collapsed, "", 0} = Cprof.run(["report", file, "-f", "collapsed", "--event", "wall"])
    assert collapsed =~ ~r/queues:clerk\/0;.*gen:do_call\/4;\[waits for front\] \d+/
    {speedscope, "", 0} = Cprof.run(["report", file, "-f", "speedscope"])
    names = for %{"name" => name} <- Live.Json.decode!(speedscope)["profiles"], do: name
    assert "CPU time: all processes and threads" in names
    assert "Process time: all processes and threads" in names
    {page, "", 0} = Cprof.run(["report", file, "-f", "html"])
    assert page =~ ~s(id="profile-data-wall")

    alone = Path.join(dir, "wall.pb.gz")
    {"", "", 0} = Cprof.run(["report", file, "-q", "--event", "wall", "-o", alone])
    assert Cprof.json(["report", alone]) == Map.put(wall, "version", report["version"])
    assert {_, error, 1} = Cprof.run(["report", alone, "--event", "cpu"])
    assert error =~ "not of the event"
    assert {_, error, 1} = Cprof.run(["diff", alone, alone])
    assert error =~ "--event wall cannot be compared"
  end

  test "a recording that is stopped keeps both" do
    node = start("queues", ["queues", "5"])
    file = Path.join(dir(), "stopped.json")
    recording = Recording.start(["-q", "-p", node.pid, "-d", "600", "-o", file | @both])
    # Three readings of the processes, and some CPU time.
    Live.Wait.for_cpu(node.pid, 0.3)
    Program.signal(recording.pid, "INT")
    assert {"", 0} = Recording.finished(recording)
    report = file |> File.read!() |> Live.Json.decode!()
    assert report["counters"]["samples"] > 0
    assert wait(report["wall"], "front")["waited_ns"] > 0
  end

  test "a node that ends leaves both" do
    node = start("queues", ["queues", "5"])
    file = Path.join(dir(), "ended.json")
    recording = Recording.start(["-p", node.pid, "-d", "600", "-o", file | @both])
    Live.Wait.for_cpu(node.pid, 0.3)
    Node.stop(node)
    assert {said, 0} = Recording.finished(recording)
    assert said =~ "the node ended during the recording"
    report = file |> File.read!() |> Live.Json.decode!()

    for part <- [report, report["wall"]] do
      assert "the node ended during the recording" in part["meta"]["notes"]
      assert part["counters"]["samples"] > 0
    end
  end

  test "what cannot be meant" do
    for {args, why} <- [
          {~w(--event cpu,cpu), "give each event once"},
          {~w(--event cpu,time), "choose cpu, wall, alloc or block"},
          {~w(--event cpu,wall -o x.collapsed), "shows one event"}
        ] do
      assert {_, error, 2} = Cprof.run(["record" | args])
      assert error =~ why
    end
  end
end
