defmodule Live.FlightTest do
  @moduledoc "`cprof watch`: planted conditions fire once and soon, with the onset in the recording, and nothing else does."
  use ExUnit.Case

  import Live.Cprof, only: [one_line: 1]

  alias Live.{Cprof, Json, Node, Program, Wait}

  setup do
    node = Node.start("watched")
    dir = Node.tmp_dir()

    on_exit(fn ->
      Node.stop(node)
      File.rm_rf!(dir)
    end)

    %{node: node, dir: dir}
  end

  # --- a watch in the background ---

  @soon ~w(--before 5 --after 1)

  defp watch(node, dir, args), do: watch_of(["-p", node.pid, "--folder", dir | @soon ++ args])

  defp watch_of(args) do
    watch = Program.start(Cprof.program(), ["watch", "--json-lines", "-q" | args])
    on_exit(fn -> System.cmd("kill", ["-9", "#{watch.pid}"], stderr_to_stdout: true) end)
    watch
  end

  # The next event of that kind; those before it are dropped.
  defp event(watch, kind, timeout \\ 60_000) do
    case next(watch, timeout) do
      %{"event" => ^kind} = event -> event
      {:ended, said, status} -> flunk("it ended with #{status}: #{said}")
      %{} -> event(watch, kind, timeout)
    end
  end

  # Lines may come in pieces.
  defp next(%{port: port} = watch, timeout) do
    said = Process.get({:said, port}, "")

    case String.split(said, "\n", parts: 2) do
      [line, rest] ->
        Process.put({:said, port}, rest)
        if line =~ ~r/^{/, do: Json.decode!(line), else: next(watch, timeout)

      [part] ->
        receive do
          {^port, {:data, more}} ->
            Process.put({:said, port}, part <> more)
            next(watch, timeout)

          {^port, {:exit_status, status}} ->
            {:ended, part, status}
        after
          timeout -> flunk("nothing was reported; it said #{inspect(part)}")
        end
    end
  end

  defp began(watch), do: event(watch, "began")

  # Ends it, and returns all that it has still reported.
  defp rest(watch) do
    Program.signal(watch.pid, "TERM")
    rest(watch, [])
  end

  defp rest(watch, events) do
    case next(watch, 60_000) do
      {:ended, "", 0} -> Enum.reverse(events)
      %{} = event -> rest(watch, [event | events])
      other -> flunk(inspect(other))
    end
  end

  defp tell(node, what) do
    Node.tell(node, what)
    "ok" = Node.line(node)
    System.system_time(:millisecond)
  end

  defp memory_mb(node) do
    Node.tell(node, "memory")
    node |> Node.line() |> String.to_integer()
  end

  # By the VM's own account, in percent, since it was last asked.
  defp utilization(node) do
    Node.tell(node, "utilization")
    node |> Node.line() |> String.to_integer()
  end

  defp unix_ms(%{"time" => time}) do
    {:ok, at, 0} = DateTime.from_iso8601(time)
    DateTime.to_unix(at, :millisecond)
  end

  defp own_files(dir),
    do:
      dir
      |> File.ls!()
      |> Enum.filter(&(&1 =~ ~r/^watch-\d{8}T\d{6}\.\d{3}Z-\w+\.(pb\.gz|snapshot\.(json|txt))$/))
      |> Enum.sort()

  defp recording(%{"files" => files}), do: Enum.find(files, &String.ends_with?(&1, ".pb.gz"))

  # Names of the functions with samples from that second of the recording on.
  defp functions(file, from_s \\ 0) do
    report = Cprof.json(["report", file, "--from", from_s])
    for %{"name" => name} <- report["functions"], do: name
  end

  # --- conditions ---

  # The condition, what is told to the node, what must be seen in the recording.
  defp planted(node) do
    mb = memory_mb(node)

    [
      {"mailbox > 5000", "flood 6000", "watched:"},
      {"mailbox growth > 3000/s", "flood 6000", "watched:"},
      {"run_queue > 20", "crowd 60", "watched:count/1"},
      {"utilization > 90%", "crowd 12", "watched:count/1"},
      {"memory > #{mb + 200}M", "hoard 400", "watched:"},
      {"memory growth > 30M/s", "hoard 400", "watched:"},
      {"binary > 200M", "hoard 400", "watched:"},
      {"binary growth > 30M/s", "hoard 400", "watched:"},
      {"processes > 3000", "born 5000", nil},
      {"processes growth > 1500/s", "born 5000", nil}
    ]
  end

  for n <- 0..9 do
    test "planted condition #{n} fires once within 2 s, with its onset in the recording", %{node: node, dir: dir} do
      {condition, plant, function} = node |> planted() |> Enum.at(unquote(n))
      watch = watch(node, dir, ["--when", condition])
      began(watch)
      # A second without it: nothing fires, and there is something before the onset.
      Process.sleep(1500)
      at = tell(node, plant)
      fired = event(watch, "fired")
      assert %{"cause" => ^condition, "value" => value, "above" => limit} = fired
      assert value > limit
      assert unix_ms(fired) - at <= 2000, "#{condition} fired only after #{unix_ms(fired) - at} ms"
      wrote = event(watch, "wrote")
      assert wrote["recording"] == fired["recording"]
      assert wrote["before_s"] >= 1
      if function, do: assert(Enum.any?(functions(recording(wrote)), &String.starts_with?(&1, function)))
      # With the snapshot of that moment beside it, as JSON and as text.
      assert [snapshot, text] = Enum.filter(wrote["files"], &(&1 =~ ".snapshot."))
      assert %{"processes" => %{"count" => _}} = snapshot |> File.read!() |> Json.decode!()
      assert File.read!(text) =~ "rocesses"
      # And that was all.
      assert for(%{"event" => "fired"} = event <- rest(watch), do: event) == []
      assert length(own_files(dir)) == 3
    end
  end

  test "a node that gets few CPUs is at its limit, and the line says how long it waited for them", ctx do
    others = for _ <- 1..(2 * System.schedulers_online()), do: Program.start("sh", ["-c", "while :; do :; done"])

    on_exit(fn -> for other <- others, do: Program.signal(other.pid, "KILL") end)
    watch = watch(ctx.node, ctx.dir, ["--when", "utilization > 90%"])
    began(watch)
    tell(ctx.node, "crowd 40")
    assert %{"figure" => "utilization", "waited_for_cpu" => waited} = event(watch, "fired")
    assert waited > 20 and waited <= 100
    rest(watch)
  end

  test "the onset is in the second in which it began", %{node: node, dir: dir} do
    watch = watch(node, dir, ["--when", "run_queue > 20", "--after", "3", "-r", "99"])
    began(watch)
    Process.sleep(3500)
    at = tell(node, "crowd 60")
    wrote = event(watch, "wrote")
    # The recording begins with a whole second of the watch.
    onset = wrote["before_s"] - (unix_ms(event_of(wrote)) - at) / 1000
    assert "watched:count/1" in functions(recording(wrote), Float.floor(onset))
    early = Cprof.json(["report", recording(wrote), "--to", Float.floor(max(onset, 1.0))])
    refute Enum.any?(early["functions"], &(&1["name"] == "watched:count/1" and &1["self_pct"] > 90))
    rest(watch)
  end

  # When it fired, by the name of its files.
  defp event_of(%{"recording" => name}) do
    [_, y, mo, d, h, mi, s, ms] = Regex.run(~r/-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\.(\d{3})Z-/, name)
    %{"time" => "#{y}-#{mo}-#{d}T#{h}:#{mi}:#{s}.#{ms}Z"}
  end

  test "several conditions; a second one is in the recording that is being made", %{node: node, dir: dir} do
    watch = watch(node, dir, ["--when", "mailbox > 5000", "--when", "run_queue > 20", "--after", "4"])
    began(watch)
    tell(node, "flood 6000")
    tell(node, "crowd 60")
    one = event(watch, "fired")
    other = event(watch, "fired")
    assert one["recording"] == other["recording"]
    assert Enum.sort([one["figure"], other["figure"]]) == ["mailbox", "run_queue"]
    assert event(watch, "wrote")["recording"] == one["recording"]
    assert rest(watch) == []
  end

  test "of more processes than are read each time, the longest mailbox is a lower bound", %{node: node, dir: dir} do
    tell(node, "born 15000")
    watch = watch(node, dir, ["--when", "mailbox > 5000"])
    began(watch)
    tell(node, "flood 6000")
    assert %{"value" => value, "at_least" => true} = event(watch, "fired")
    assert value > 5000
    rest(watch)
  end

  # The process that takes the snapshot is stopped, so the first recording waits for it after its time.
  test "what fires after the time of a recording that waits for its snapshot gets one of its own", ctx do
    watch = watch(ctx.node, ctx.dir, ["--when", "mailbox > 5000000"])
    began(watch)
    Program.signal(watch.pid, "USR1")
    one = event(watch, "fired")
    Program.signal(child_of(watch), "STOP")
    Wait.until(fn -> System.system_time(:millisecond) > unix_ms(one) + 1100 end, "its time is over")
    Program.signal(watch.pid, "USR1")
    assert %{"event" => "wrote", "files" => [file]} = wrote = next(watch, 60_000)
    assert wrote["recording"] == one["recording"]
    assert file =~ ~r/\.pb\.gz$/
    assert wrote["why"] == "there is no snapshot: it was not finished when the recording was written"
    assert %{"event" => "fired"} = other = next(watch, 60_000)
    assert other["recording"] != one["recording"]
    assert %{"files" => [_, _, _], "recording" => name} = wrote = event(watch, "wrote")
    assert name == other["recording"]
    refute Map.has_key?(wrote, "why")
    assert rest(watch) == []
  end

  test "a recording whose snapshot fails says so", ctx do
    watch = watch(ctx.node, ctx.dir, ["--when", "mailbox > 5000000"])
    began(watch)
    Program.signal(watch.pid, "USR1")
    event(watch, "fired")
    Program.signal(child_of(watch), "KILL")
    assert %{"files" => [_], "why" => why} = event(watch, "wrote")
    assert why == "there is no snapshot: the process that took it ended too early"
    rest(watch)
  end

  defp child_of(%{pid: pid}) do
    children = fn -> "/proc/#{pid}/task/#{pid}/children" |> File.read!() |> String.split() end
    [child] = Wait.until(fn -> match?([_], children.()) && children.() end, "it takes a snapshot")
    child
  end

  test "`for 3s` wants it to last", %{node: node, dir: dir} do
    watch = watch(node, dir, ["--when", "mailbox > 5000 for 3s"])
    began(watch)
    at = tell(node, "flood 6000")
    # It may have begun to hold just before it was said.
    assert unix_ms(event(watch, "fired")) - at >= 2900
    rest(watch)
  end

  @tag timeout: 180_000
  test "nothing fires while a healthy, varied load runs", %{node: node, dir: dir} do
    mb = memory_mb(node)

    conditions =
      ["mailbox > 1000", "mailbox growth > 1000/s", "run_queue > 60", "utilization > 95% for 20s"] ++
        ["memory > #{mb + 200}M", "memory growth > 100M/s", "binary > 100M", "processes > 1000"] ++
        ["processes growth > 500/s"]

    watch = watch(node, dir, Enum.flat_map(conditions, &["--when", &1]))
    began(watch)
    utilization(node)
    tell(node, "varied 60")
    Process.sleep(60_000)
    # On a machine that is short of CPU time, the VM itself finds its schedulers busy.
    busy = if utilization(node) > 80, do: ["utilization"], else: []
    assert for(%{"event" => "fired", "figure" => figure} <- rest(watch), figure not in busy, do: figure) == []
    assert busy != [] or File.ls!(dir) == []
  end

  # --- spans ---

  test "a recording says in which spans its samples are, and how long those took that ended in its time", %{dir: dir} do
    env = [{~c"CPROF_PRIV", ~c"#{Path.expand("priv")}"}]
    ebin = :cprof_native |> :code.which() |> Path.dirname()
    node = Node.start("spans_work", ["12"], ["-pa", ebin], env: env)
    on_exit(fn -> Node.stop(node) end)
    watch = watch(node, dir, ["--when", "mailbox > 5000000", "-r", "499", "--before", "3", "--after", "1"])
    began(watch)
    Node.tell(node, "begin")
    "begun" = Node.line(node)
    # What was before the recording is not in it.
    Wait.for_cpu(node.pid, 12)
    Program.signal(watch.pid, "USR1")
    file = recording(event(watch, "wrote"))
    rest(watch)
    report = Cprof.json(["report", file])
    spans = Map.new(report["spans"], &{&1["name"], &1})
    assert %{"count" => count, "took_ns" => took, "p50_ns" => p50} = spans["[:work, :medium] ten ms"]
    assert count > 10 and p50 >= 9_000_000
    # At most two processes, for the four seconds of the recording, and of a span before it and one after it.
    assert took <= 2 * 8.0e9
    in_it = Cprof.json(["report", file, "--span", "[:work, :medium]"])
    burnt = for %{"name" => "spans_work:burn_" <> name, "total" => n} <- in_it["functions"], do: {name, n}
    all = burnt |> Enum.map(&elem(&1, 1)) |> Enum.sum()
    assert {"medium/1", medium} = List.keyfind(burnt, "medium/1", 0)
    assert all > 50 and medium >= 0.98 * all, inspect(burnt)
    assert report["counters"]["span_marks_lost"] == 0
  end

  # --- limits ---

  test "more than --at-most are held back", %{node: node, dir: dir} do
    watch = watch(node, dir, ["--when", "mailbox > 5000000", "--at-most", "1/h", "--after", "0"])
    began(watch)
    Program.signal(watch.pid, "USR1")
    assert event(watch, "fired")["cause"] == "signal SIGUSR1"
    event(watch, "wrote")
    Program.signal(watch.pid, "USR1")
    assert event(watch, "held_back")["why"] =~ "already 1 within 3600 s"
    rest(watch)
    assert length(own_files(dir)) == 3
  end

  test "old recordings make room, and only those", %{node: node, dir: dir} do
    old = "watch-20200101T000000.000Z-mailbox"
    strangers = ["#{old}.pb.gz.kept", "watch.pb.gz", "watch2-20200101T000000.000Z-mailbox.pb.gz", "notes.txt"]
    for name <- strangers, do: File.write!(Path.join(dir, name), String.duplicate("x", 100_000))

    for name <- ["#{old}.pb.gz", "#{old}.snapshot.txt"],
        do: File.write!(Path.join(dir, name), <<0::size(600_000)-unit(8)>>)

    younger = "watch-20210101T000000.000Z-mailbox.pb.gz"
    File.write!(Path.join(dir, younger), <<0::size(400_000)-unit(8)>>)
    watch = watch(node, dir, ["--when", "mailbox > 5000000", "--keep", "1M", "--after", "0"])
    began(watch)
    Program.signal(watch.pid, "USR1")
    assert [one] = event(watch, "removed")["files"]
    assert Path.basename(one) == "#{old}.pb.gz"
    event(watch, "removed")
    event(watch, "wrote")
    rest(watch)
    assert Enum.sort(strangers ++ own_files(dir)) == Enum.sort(File.ls!(dir))
    assert younger in own_files(dir)
    assert Enum.sum(for name <- own_files(dir), do: File.stat!(Path.join(dir, name)).size) <= 1_048_576
  end

  test "a recording in another format, too, and under another name", %{node: node, dir: dir} do
    watch = watch(node, dir, ["--when", "ended", "--also", "html", "--name", "shop@host", "--after", "0"])
    began(watch)
    Program.signal(watch.pid, "USR1")
    assert [a, b, c, d] = event(watch, "wrote")["files"]
    assert Enum.all?([a, b, c, d], &(Path.basename(&1) =~ ~r/^shop@host-.*-signal\./))
    assert File.read!(Enum.find([a, b, c, d], &String.ends_with?(&1, ".html"))) =~ "<html"
    rest(watch)
  end

  # --- ends ---

  test "what is pending is written when it is ended", %{node: node, dir: dir} do
    watch = watch(node, dir, ["--when", "mailbox > 5000", "--after", "300"])
    began(watch)
    tell(node, "flood 6000")
    fired = event(watch, "fired")
    assert [%{"event" => "wrote", "recording" => name}] = rest(watch)
    assert name == fired["recording"]
    assert [_ | _] = own_files(dir)
  end

  # A shell reads the line `began`, or also the line `fired`, and ends.
  for lines <- 1..2 do
    test "what is pending is written when nobody reads line #{lines + 1}", %{node: node, dir: dir} do
      File.write!(Path.join(dir, "watch-20200101T000000.000Z-mailbox.pb.gz"), <<0::size(1_048_576)-unit(8)>>)
      reader = ~s{for i in $(seq #{unquote(lines)}); do read -r line; echo "$line"; done}
      script = ~s[("$@" & echo "pid $!" >&2; wait $!; echo "status $?" >&2) | ] <> reader
      args = ~w(--json-lines -q --keep 1M --folder #{dir} --when ended -p #{node.pid}) ++ @soon
      shell = Program.start("sh", ["-c", script, "sh", Cprof.program(), "watch" | args])
      said = until_said(shell, ~r/\A(?=[\s\S]*pid \d+\n)(?=[\s\S]*"began")/)
      [_, pid] = Regex.run(~r/pid (\d+)/, said)
      on_exit(fn -> System.cmd("kill", ["-9", pid], stderr_to_stdout: true) end)
      Program.signal(pid, "USR1")
      {said, 0} = Program.finished(shell, 0, said)
      assert said =~ ~r/^cprof: stdout: nobody reads it any more, so the watch has ended\nstatus 1\n/m
      assert said |> String.split("cprof: ") |> length() == 2
      # The old one has made room for it.
      assert [_] = for(name <- own_files(dir), name =~ "-signal.pb.gz", do: name)
      refute Enum.any?(own_files(dir), &(&1 =~ "-mailbox."))
    end
  end

  test "the node ends: what led to that is kept, and the watch ends with status 1", %{node: node, dir: dir} do
    watch = watch(node, dir, ["--when", "ended"])
    began(watch)
    tell(node, "crowd 12")
    Wait.for_cpu(node.pid, 1)
    Program.signal(node.pid, "KILL")
    assert event(watch, "fired")["cause"] == "ended"
    wrote = event(watch, "wrote")
    assert "watched:count/1" in functions(recording(wrote))
    assert event(watch, "ended")["why"] == "the node has ended"
    assert {:ended, said, 1} = next(watch, 60_000)
    assert said == "" or one_line(said) == "cprof: pid #{node.pid}: the node has ended"
  end

  # A shell reads the line `began`, closes the pipe, and only then repeats it.
  test "the node ends, and nobody reads that: the one line is about the node", %{node: node, dir: dir} do
    reader = ~s{read -r line; exec <&-; echo "$line"}
    script = ~s[("$@"; echo "status $?" >&2) | (#{reader})]
    args = ~w(--json-lines -q --folder #{dir} --when ended -p #{node.pid}) ++ @soon
    shell = Program.start("sh", ["-c", script, "sh", Cprof.program(), "watch" | args])
    said = until_said(shell, ~r/"began"/)
    Program.signal(node.pid, "KILL")
    {said, 0} = Program.finished(shell, 0, said)
    assert said =~ ~r/^cprof: pid #{node.pid}: the node has ended\nstatus 1\n/m
    assert said |> String.split("cprof: ") |> length() == 2
    assert [_] = for(name <- own_files(dir), name =~ "-ended.pb.gz", do: name)
  end

  test "a node closes the port while a recording is made: it is written without a word", %{node: node, dir: dir} do
    file = Path.join(dir, "stderr")
    program = [Cprof.program(), "watch-port", "-p", "#{node.pid}", "--folder", dir, "--after", "300"]
    args = ["-c", ~s(file=$1; shift; exec "$@" 2>"$file"), "sh", file | program]
    port = Port.open({:spawn_executable, System.find_executable("sh")}, [:binary, packet: 4, args: args])
    {:os_pid, pid} = Port.info(port, :os_pid)
    assert_receive {^port, {:data, _began}}, 60_000
    Port.command(port, "fire asked test")
    assert_receive {^port, {:data, _fired}}, 60_000
    Port.close(port)
    Wait.until(fn -> not File.exists?("/proc/#{pid}") end, "the program ends")
    assert Enum.any?(own_files(dir), &(&1 =~ "-asked.pb.gz"))
    assert File.read!(file) == ""
  end

  test "with --wait it waits for a node of that name, and again", %{dir: dir} do
    name = "watched#{System.unique_integer([:positive])}"
    watch = watch_of(["-n", name, "--wait", "--when", "ended", "--folder", dir | @soon])

    for _ <- 1..2 do
      node = Node.start("watched", [], ["-sname", name, "-start_epmd", "false", "-erl_epmd_port", "0"])
      began = began(watch)
      assert began["os_pid"] == node.pid
      Program.signal(node.pid, "KILL")
      assert event(watch, "ended")["os_pid"] == node.pid
      Node.stop(node)
    end

    rest(watch)
    assert length(own_files(dir)) == 2
  end

  test "with --wait, several nodes of that name are listed, and the one that is left is watched", %{dir: dir} do
    name = "watched#{System.unique_integer([:positive])}"
    args = ["-sname", name, "-start_epmd", "false", "-erl_epmd_port", "0"]
    [one, other] = for _ <- 1..2, do: Node.start("watched", [], args)
    on_exit(fn -> Node.stop(one) end)
    args = ["watch", "--json-lines", "-n", name, "--wait", "--when", "ended", "--folder", dir | @soon]
    watch = Program.start(Cprof.program(), args)
    on_exit(fn -> System.cmd("kill", ["-9", "#{watch.pid}"], stderr_to_stdout: true) end)
    said = until_said(watch, ~r/2 nodes here are named #{name}; waiting until only one is/)
    for pid <- [one.pid, other.pid], do: assert(said =~ ~r/^ *#{pid}  #{name}/m)
    Node.stop(other)
    assert began(watch)["os_pid"] == one.pid
    rest(watch)
  end

  defp until_said(%{port: port} = watch, pattern, said \\ "") do
    if said =~ pattern do
      said
    else
      receive do
        {^port, {:data, more}} -> until_said(watch, pattern, said <> more)
      after
        60_000 -> flunk("it said only #{inspect(said)}")
      end
    end
  end

  test "what cannot be watched is said in one line", %{node: node, dir: dir} do
    {"", err, 2} = Cprof.run(["watch", "-p", node.pid])
    assert one_line(err) =~ "--when: is missing"
    {"", err, 2} = Cprof.run(["watch", "-p", node.pid, "--when", "allocation > 1M/s"])
    assert one_line(err) =~ "known only inside the node: use Cprof.Watch"
    {"", err, 1} = Cprof.run(["watch", "-p", node.pid, "--when", "ended", "--folder", Path.join(dir, "none")])
    assert one_line(err) =~ ~r{^cprof: .*/none: there is no such folder; create it first$}
    {"", err, 1} = Cprof.run(["watch", "-q", "-p", "#{System.pid()}0", "--when", "ended", "--folder", dir])
    assert one_line(err) =~ ~r/^cprof: pid /
  end
end
