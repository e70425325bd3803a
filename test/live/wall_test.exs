defmodule Live.WallTest do
  @moduledoc "Event wall: what processes wait for, against what they measured themselves."
  use ExUnit.Case

  alias Live.{Cprof, Node, Program}

  @customers 30

  defp start(args, flags \\ []) do
    node = Node.start("queues", args, flags)
    on_exit(fn -> Node.stop(node) end)
    node
  end

  defp record(node, seconds, more \\ []) do
    Cprof.json(["record", "-q", "--event", "wall", "-p", node.pid, "-d", "#{seconds}" | more])
  end

  defp text(node, seconds) do
    {text, "", 0} = Cprof.run(["record", "-q", "--event", "wall", "-p", node.pid, "-d", "#{seconds}"])
    for line <- String.split(text, "\n"), do: assert(String.length(line) <= 100, line)
    text
  end

  defp wait(report, name) do
    assert [wait] = Enum.filter(report["waits"], &(&1["name"] == name)), inspect(report["waits"])
    wait
  end

  defp functions(report), do: Map.new(report["functions"], &{&1["name"], &1["total"]})

  defp within(measured, truth, part), do: assert_in_delta(measured / truth, 1, part)

  describe "queues" do
    setup do
      %{node: start(["queues", "#{@customers}"])}
    end

    test "as long as they took", %{node: node} do
      Node.tell(node, "begin")
      from = System.monotonic_time()
      report = record(node, 8, ["--rate", "50"])
      # What was measured is of the whole time, the recording of nearly all of it.
      took = System.convert_time_unit(System.monotonic_time() - from, :native, :nanosecond)
      Node.tell(node, "truth")
      [blocked, paused] = node |> Node.line() |> String.split() |> Enum.map(&String.to_integer/1)
      part = report["meta"]["duration_ns"] / took
      assert report["meta"]["event"] == "wall"
      assert report["counters"]["ticks"] in 50..500

      till = wait(report, "till")
      within(till["waited_ns"], blocked * part, 0.1)
      within(functions(report)["queues:pause/1"], paused * part, 0.1)
      assert [%{"name" => "queues:pay/0", "site_ns" => ns}] = till["sites"]
      assert ns == till["waited_ns"]
      assert till["most"] in ceil(till["waited_ns"] / report["meta"]["duration_ns"])..@customers
      assert "<0." <> _ = till["pid"]
      assert till["usual_function"] == "queues:work/1"
      # All the time of all processes, neither more nor less.
      seconds = report["meta"]["duration_ns"]
      within(till["own_ns"], seconds, 0.02)
      within(till["states"]["waiting"], till["own_ns"], 0.1)
      clerks = wait(report, "front")
      within(clerks["waited_ns"], 5 * seconds, 0.05)
    end

    test "the last of a chain is named first", %{node: node} do
      report = record(node, 3)
      assert %{"waits_for" => "middle", "waits_for_ns" => for_middle} = front = wait(report, "front")
      assert for_middle > 0.8 * front["own_ns"]
      assert %{"waits_for" => "back"} = wait(report, "middle")
      assert %{"waits_for" => nil, "most" => 1} = wait(report, "back")
      assert %{"kind" => "waiting", "chain" => ["till"], "circle" => 0} = report["waits_cause"]

      assert report["waits_cause"]["sentence"] =~
               "processes wait for till, mostly in queues:pay/0; till itself is waiting"

      # The customers wait for a part of the time.
      flat = node |> text(3) |> String.replace(~r/\s+/, " ")

      assert flat =~
               ~r{Waiting: on average \d+\.\d processes wait for till, mostly in queues:pay/0; till itself is waiting \d+ % of its time, mostly in queues:work/1 }

      assert flat =~
               ~r/WHO IS WAITED FOR .* front \d+ % blocked on middle queues:clerk\/0 .* middle \d+ % blocked on back/
    end
  end

  test "a circle, in which nothing goes on" do
    node = start(["deadlock"])
    assert %{"kind" => "deadlock", "circle" => 2, "chain" => chain} = record(node, 2)["waits_cause"]
    assert Enum.sort(chain) == ["left", "right"]
    flat = node |> text(3) |> String.replace(~r/\s+/, " ")

    assert flat =~
             ~r/Deadlock: on average 2\.0 processes wait for (left|right), .* waits for .*: a circle, in which nothing goes on/
  end

  # They wait for each other in turn.
  test "a circle that goes on is no deadlock" do
    node = start(["turns"])
    text = text(node, 4)
    refute text =~ "Deadlock"
    refute text =~ "nothing goes on"
  end

  test "processes that live for 10 ms" do
    node = start(["short"])
    Node.tell(node, "begin")
    from = System.monotonic_time(:nanosecond)
    report = record(node, 5)
    took = System.monotonic_time(:nanosecond) - from
    Node.tell(node, "truth")
    [lived, _] = node |> Node.line() |> String.split() |> Enum.map(&String.to_integer/1)
    # Those that end before they are read are counted.
    nanoseconds = functions(report)
    seen = for name <- ["queues:pause/1", "[not there when it was read]"], do: nanoseconds[name] || 0
    within(Enum.sum(seen) / report["meta"]["duration_ns"], lived / took, 0.25)
    assert report["states"]["ended"] == (nanoseconds["[not there when it was read]"] || 0)
    assert report["states"]["exiting"] < report["states"]["waiting"] / 10
  end

  test "who sleeps in its first function is not idle, who listens is" do
    report = record(start(["sleep"]), 2)
    seconds = report["meta"]["duration_ns"]
    within(functions(report)["queues:sleeper/0"], seconds, 0.02)
    within(functions(report)["[receive ... after]"], seconds, 0.02)
    for name <- ["queues:listener/0", "queues:statue/0"], do: assert(functions(report)[name] == nil)
    assert %{"waits" => []} = report
  end

  test "a recording that is stopped, or paused, keeps what it has" do
    node = start(["queues", "5"])
    dir = Node.tmp_dir()
    on_exit(fn -> File.rm_rf!(dir) end)
    file = Path.join(dir, "stopped.json")
    args = ["record", "-q", "--event", "wall", "-p", node.pid, "-d", "600", "-o", file]

    for signals <- [["INT"], ["STOP", "CONT", "INT"]] do
      recording = Program.start(Cprof.program(), args)
      Process.sleep(1500)
      for signal <- signals, do: {Program.signal(recording.pid, signal), Process.sleep(700)}
      assert {"", 0} = Program.finished(recording)
      assert wait(file |> File.read!() |> Live.Json.decode!(), "front")["waited_ns"] > 0
    end
  end

  test "more work than schedulers" do
    node = start(["crowded"], ~w(+S 1:1))
    states = record(node, 3)["states"]
    within(states["runnable"], 5 * states["running"], 0.3)
  end

  test "nobody is named where nobody is waited for" do
    node = start(["quiet"])
    assert %{"waits" => [], "waits_cause" => %{"kind" => "none", "chain" => []}} = record(node, 2)
    text = text(node, 2)
    assert text =~ "Waiting:  no process is waited for by others for long (on average 0.00 processes are blocked)"
    refute text =~ "WAITED"
    assert text =~ "idle"
  end

  @tag skip: System.find_executable("elixir") == nil && "no Elixir here"
  test "Elixir's servers and tasks" do
    node = Node.script("asked.exs")
    on_exit(fn -> Node.stop(node) end)
    report = record(node, 2)
    seconds = report["meta"]["duration_ns"]
    within(wait(report, "Asked.Server")["waited_ns"], 4 * seconds, 0.05)
    within(wait(report, "Asked.Agent")["waited_ns"], 3 * seconds, 0.05)
    refute Enum.any?(report["waits"], &(&1["name"] == "an unknown process"))
  end

  test "what cannot be meant" do
    for args <- [~w(--engine bpf), ~w(--clock cycles), ~w(--rate 101), ~w(--kernel), ~w(--scheduler 1)] do
      assert {_, error, 2} = Cprof.run(~w(record --event wall) ++ args)
      assert error =~ hd(args)
    end
  end

  test "a recording keeps it" do
    dir = Node.tmp_dir()
    on_exit(fn -> File.rm_rf!(dir) end)
    node = start(["queues", "5"])
    file = Path.join(dir, "wall.pb.gz")
    {_, "", 0} = Cprof.run(["record", "-q", "--event", "wall", "-p", node.pid, "-d", "2", "-o", file])
    report = Cprof.json(["report", file])
    assert %{"waits_for" => "middle", "most" => 5} = wait(report, "front")
    # Of a part of a recording it is not known.
    {part, "", 0} = Cprof.run(["report", file, "-f", "json", "--focus", "queues"])
    assert part |> Live.Json.decode!() |> wait("front") |> Map.fetch!("most") == nil
    {text, "", 0} = Cprof.run(["report", file, "--process", "back"])
    assert text =~ "Waiting:  in this part of the recording, no process is waited for by others for long"
    assert {_, error, 1} = Cprof.run(["diff", file, file])
    assert error =~ "--event wall cannot be compared"
    {collapsed, "", 0} = Cprof.run(["report", file, "-f", "collapsed"])
    assert collapsed =~ ~r/queues:clerk\/0;.*gen:do_call\/4;\[waits for front\] \d+/
  end
end
