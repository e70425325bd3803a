defmodule Live.DumpThreadsTest do
  @moduledoc "The threads that `cprof dump` shows, of a node whose schedulers do known things."
  use ExUnit.Case

  import Live.Cprof, only: [one_line: 1]

  alias Live.{Cprof, Node, Program, Wait}

  @depth 40
  @flags ["+S", "4:4", "+SDcpu", "2:2", "+SDio", "3"]

  defp start(opts \\ []) do
    # Whoever runs the node may read and write it.
    dir = Node.tmp_dir_for_all()
    fifo = Path.join(dir, "fifo")
    {_, 0} = System.cmd("mkfifo", ["-m", "666", fifo])
    how = [with: "busy_nif", nif: "busy_nif"] ++ opts
    node = Node.start("threaded", [fifo, "#{@depth}"], @flags, how)

    on_exit(fn ->
      Node.stop(node)
      File.rm_rf!(dir)
    end)

    node
  end

  defp dump(node, args \\ [], opts \\ []), do: Cprof.json(["dump", "-q", "-p", node.pid | args], opts)

  defp names(%{"frames" => nil}), do: []
  defp names(thread), do: Enum.map(thread["frames"], & &1["name"])

  defp of(dump, name), do: Enum.find(dump["threads"]["shown"], &(&1["process"]["name"] == name))

  # What must hold for every thread that was seen, in every dump.
  defp check(dump) do
    threads = dump["threads"]["shown"]

    kinds = Enum.frequencies_by(threads, & &1["kind"])
    assert %{"scheduler" => 4, "dirty-cpu" => 2, "dirty-io" => 3, "aux" => 1, "poll" => 1} = kinds
    assert threads == Enum.uniq_by(threads, &{&1["kind"], &1["number"]})

    for thread <- threads do
      check_seen(thread, dump["threads"]["watched_ns"])
      check_stack(thread, thread["process"]["name"], names(thread))
    end

    dump
  end

  defp check_seen(%{"seen" => "unseen"} = thread, _) do
    assert %{"state" => nil, "frames" => nil, "age_ns" => nil} = thread
  end

  defp check_seen(thread, watched_ns) do
    assert thread["age_ns"] <= watched_ns
    assert thread["still_ns"] == nil or (thread["seen"] == "asleep" and thread["still_ns"] <= watched_ns)
    assert length(thread["frames"]) > 0
    if thread["state"] == "idle", do: assert(thread["process"] == nil)
  end

  # Of a stopped thread in a function with a frame pointer, C frames are missing.
  defp root(names), do: names |> Enum.reject(&(&1 == "[truncated]")) |> List.last()

  # No thread has the stack of another process.
  defp check_stack(_, _, []), do: :ok

  # While it is scheduled, its whole stack need not be there.
  defp check_stack(%{"state" => "running", "verified" => true} = thread, "spinner", names) do
    assert List.last(names) in ["threaded:spinner/1", "[truncated]"], inspect(thread)
    refute Enum.any?(names, &(&1 =~ ~r/burner|reader/))
  end

  defp check_stack(thread, "reader", names) do
    assert thread["kind"] == "dirty-io" or thread["kind"] == "scheduler"
    assert root(names) == "threaded:reader/1"
  end

  defp check_stack(thread, "dirty_burner", names) do
    assert thread["kind"] in ["dirty-cpu", "scheduler"]
    assert root(names) == "threaded:dirty_burner/0"
  end

  defp check_stack(_, name, names) when name not in ["spinner", "burner"],
    do: refute(Enum.any?(names, &(&1 =~ ~r/^threaded:(spin|burner)/)))

  defp check_stack(_, _, _), do: :ok

  defp whole_spinner?(thread), do: names(thread) |> Enum.count(&(&1 == "threaded:spinner/1")) >= @depth

  # A dump in which all that work were caught at their work.
  defp all_at_work(node, args \\ [], opts \\ []) do
    Wait.until(
      fn ->
        dump = check(dump(node, args, opts))
        in_burner = ["busy_nif:burn/1", "threaded:burner/0"]

        whole_spinner?(of(dump, "spinner") || %{"frames" => []}) and
          in_burner -- names(of(dump, "burner") || %{"frames" => []}) == [] and
          "busy_nif:burn_dirty_cpu/1" in names(of(dump, "dirty_burner") || %{"frames" => []}) && dump
      end,
      "all that work are caught"
    )
  end

  test "each shows what it does" do
    node = start()
    dump = all_at_work(node)
    assert dump["threads"]["engine"] in ["bpf", "perf"]
    spinner = of(dump, "spinner")
    assert %{"kind" => "scheduler", "state" => "running", "seen" => "sampled", "verified" => true} = spinner
    assert hd(names(spinner)) == "threaded:spin/2"
    assert %{"kind" => "dirty-cpu", "state" => "dirty-cpu"} = of(dump, "dirty_burner")

    reader = of(dump, "reader")
    assert %{"kind" => "dirty-io", "state" => "dirty-io", "seen" => "asleep"} = reader
    assert reader["still_ns"] > 0
    assert "prim_file:read_nif/2" in names(reader)

    idle = for t <- dump["threads"]["shown"], t["state"] == "idle", do: t["kind"]
    assert "dirty-cpu" in idle and "dirty-io" in idle
    for t <- dump["threads"]["shown"], t["seen"] == "asleep", t["kind"] == "scheduler", do: assert(t["process"] == nil)
  end

  test "the same with each engine that works here" do
    node = start()

    for engine <- ["bpf", "perf"], Cprof.works?(engine) do
      dump = all_at_work(node, ["--engine", engine])
      assert dump["threads"]["engine"] == engine
      assert dump["threads"]["engine_why"] == nil
    end
  end

  test "a stopped node has all its stacks" do
    node = start()
    all_at_work(node)
    Program.signal(node.pid, "STOP")

    try do
      dump = check(dump(node))
      threads = dump["threads"]["shown"]
      assert Enum.all?(threads, &(&1["seen"] == "asleep"))
      # One may have been stopped between two turns of its process.
      running = for t <- threads, t["process"]["name"] == "spinner", do: t
      assert Enum.all?(running, &whole_spinner?/1)
      assert "busy_nif:burn_dirty_cpu/1" in names(of(dump, "dirty_burner"))
      assert "prim_file:read_nif/2" in names(of(dump, "reader"))
    after
      Program.signal(node.pid, "CONT")
    end
  end

  test "a port's task is caught" do
    node = start()
    Node.tell(node, "talk")

    port =
      Wait.until(fn ->
        Enum.find(check(dump(node))["threads"]["shown"], &(&1["state"] == "port"))
      end)

    assert port["kind"] == "scheduler"
    assert Enum.any?(names(port), &(&1 =~ ~r/^\[port spawn\]|^#Port<.*> yes of talker$/))
  end

  test "as text" do
    node = start()
    all_at_work(node)
    {text, "", 0} = Cprof.run(["dump", "-q", "-p", node.pid, "--all"])
    assert text =~ ~r/^Threads: +11 watched for [\d.]+ ms with engine (bpf|perf)/m

    assert text =~
             ~r/^dirty-io \d: dirty-io <0\.\d+\.0> reader, off its CPU for [\d.]+ ms or longer\n(    .*\n)*    prim_file:read_nif\/2\n/m

    assert text =~ ~r/^dirty-io [123], [123]: idle, off its CPU/m
    refute text =~ "more group"
    refute text =~ ~r/^Idle:/m

    {brief, "", 0} = Cprof.run(["dump", "-q", "-p", node.pid])
    assert brief =~ ~r/^Idle: +\d+ threads: .*dirty-io [123], [123]; .*\(stacks: --all\)$/m
    refute brief =~ ~r/^(scheduler|dirty-).*: idle/m
  end

  @tag :another_user
  test "a user sees the same of an own node" do
    if :os.type() == {:unix, :linux} and System.cmd("id", ["-u"]) == {"0\n", 0} do
      node = start(as: "nobody")
      program = Cprof.program_in(node.dir)
      dump = all_at_work(node, [], as: "nobody", program: program)
      assert dump["threads"]["engine_why"] != nil
      {"", err, 1} = Cprof.run(["dump", "-p", node.pid], as: "daemon", program: program)
      assert one_line(err) =~ ~r/^cprof: pid #{node.pid}: /
    end
  end

  test "a node that dies meanwhile is named, or was read" do
    for _ <- 1..5 do
      node = start()
      dump = Program.start(Cprof.program(), ["dump", "-q", "-p", node.pid])
      # At any moment of its work.
      Process.sleep(:rand.uniform(200))
      Program.signal(node.pid, "KILL")
      {said, code} = Program.finished(dump)
      assert code == 0 or (code == 1 and one_line(said) =~ ~r/^cprof: pid #{node.pid}: /)
    end
  end
end
