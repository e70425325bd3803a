defmodule Live.EndingsTest do
  @moduledoc """
  Every recording ends when its time is up, or on a signal, and writes what it has, even for a node with thousands of
  modules on a machine with more work than CPUs. The end of a command is reported. cprof says which limit was reached.
  """
  use ExUnit.Case

  import Live.Node, only: [own_dir: 1]

  alias Live.{Cprof, Node, Program, Recording, Wait}

  @seconds 2

  setup_all do
    node = Node.start("crammed", ["2000"], ["+S", "64:64"])
    on_exit(fn -> Node.stop(node) end)
    %{pid: node.pid}
  end

  setup :own_dir

  defp counters(file), do: Cprof.json(["report", file])["counters"]

  # These programs end with this VM, however it ends.
  defp crowd(_context) do
    busy = for _ <- 1..4, do: Program.start("sh", ["-c", "while kill -0 $PPID; do :; done"])
    on_exit(fn -> for %{pid: pid} <- busy, do: Program.signal(pid, "TERM") end)
  end

  describe "on a crowded machine" do
    setup :crowd

    test "several at once end by their time", %{pid: pid, dir: dir} do
      recordings =
        for i <- 1..4,
            engine <- ["bpf", "perf"],
            do:
              {Recording.launch(["-p", pid, "-d", @seconds, "--engine", engine, "-o", "#{dir}/#{engine}#{i}.pb.gz"]),
               "#{dir}/#{engine}#{i}.pb.gz"}

      for {recording, file} <- recordings do
        assert {said, 0} = Recording.finished(recording)
        assert said =~ "wrote #{file}"
        # Threads switch often here, so engine perf samples only a part of the time.
        assert file =~ "perf" or counters(file)["samples"] + counters(file)["lost"] > 0
      end
    end

    for name <- ["INT", "TERM", "HUP"], engine <- ["bpf", "perf"] do
      test "SIG#{name} ends a recording by #{engine} with what it has", %{pid: pid, dir: dir} do
        file = "#{dir}/r.pb.gz"
        recording = Recording.launch(["-p", pid, "-d", 600, "--engine", unquote(engine), "-o", file])
        Recording.until_it_begins(recording)
        Program.signal(recording.pid, unquote(name))
        # Engine perf has events on its own threads before it samples.
        case Recording.finished(recording) do
          {said, 0} ->
            assert said =~ "wrote #{file}"
            assert counters(file)["samples"] >= 0

          {said, 1} ->
            assert said =~ "interrupted before the first sample"
        end
      end
    end

    # Shortly after the start it is probably still attaching. In any case it must end and say so.
    test "a signal while it attaches", %{pid: pid, dir: dir} do
      for ms <- [20, 50, 100, 200, 400] do
        file = "#{dir}/#{ms}.pb.gz"
        recording = Recording.launch(["-p", pid, "-d", 600, "-o", file])
        Process.sleep(ms)

        Program.signal(recording.pid, "INT")

        # Before it has a handler, the signal ends it like any other program.
        case Recording.finished(recording) do
          {said, 0} -> assert said =~ "wrote #{file}"
          {said, 1} -> assert said =~ "interrupted before the first sample"
          {_, 130} -> :ok
        end
      end
    end

    test "a port that is closed ends its program while it attaches, and while it samples", %{pid: pid} do
      for wait <- [0, 50, 200, 1000, 3000] do
        port = Port.open({:spawn_executable, Cprof.program()}, [:binary, packet: 4, args: ["port"]])
        {:os_pid, os_pid} = Port.info(port, :os_pid)
        Port.command(port, :erlang.term_to_binary({1, :hello, %{version: 1}}))
        assert_receive {^port, {:data, _}}, 60_000
        Port.command(port, :erlang.term_to_binary({2, :start, %{pid: pid, rate: 99, engine: "bpf"}}))
        Process.sleep(wait)
        Port.close(port)
        Wait.until(fn -> not File.exists?("/proc/#{os_pid}") end, "the program ends with its port")
      end
    end
  end

  # It has half a gigabyte of addresses, and must not decide how much memory cprof uses.
  test "a list of code without an end is refused", %{dir: dir} do
    cc = System.get_env("CC") || "cc"
    program = "#{dir}/beam.smp"
    {_, 0} = System.cmd(cc, ["-O1", "-Wall", "-o", program, "test/live/work/endless.c"])
    %{port: port, pid: pid} = Program.start(program, [])
    assert_receive {^port, {:data, "ready\n"}}, 60_000
    record = "#{Cprof.program()} record -p #{pid} -d 1 -o #{dir}/r.json"
    {said, code} = System.cmd("sh", ["-c", "ulimit -v 500000; exec #{record} 2>&1"])
    Port.close(port)
    assert {code, said =~ "does not end within the limits"} == {1, true}, said
  end

  # libbpf returns "No such process" if it has no memory for the kernel's types.
  test "too little memory is named", %{pid: pid} do
    for kb <- [12000, 15000, 20000] do
      record = "#{Cprof.program()} record -p #{pid} -d 1 --engine bpf"
      {said, code} = System.cmd("sh", ["-c", "ulimit -v #{kb}; #{record} 2>&1"])
      assert {code, said =~ "Cannot allocate memory: raise `ulimit -v`"} == {1, true}, said
    end
  end

  describe "descriptors" do
    for limit <- [16, 24, 40], engine <- ["bpf", "perf", "ptrace"] do
      test "#{limit} are too few for #{engine}, and that is said", %{pid: pid, dir: dir} do
        file = "#{dir}/r.json"
        record = "#{Cprof.program()} record -p #{pid} -d 1 --engine #{unquote(engine)} --force -o #{file}"
        {said, code} = System.cmd("sh", ["-c", "ulimit -n #{unquote(limit)}; #{record} 2>&1"])
        assert {code, said =~ "Too many open files: raise `ulimit -n`"} == {1, true}, said
        refute said =~ "ended"
        refute File.exists?(file)
      end
    end

    test "a low soft limit is raised", %{pid: pid, dir: dir} do
      for engine <- ["bpf", "perf"] do
        file = "#{dir}/#{engine}.pb.gz"
        record = "#{Cprof.program()} record -p #{pid} -d 1 --engine #{engine} -o #{file}"
        {said, code} = System.cmd("sh", ["-c", "ulimit -Sn 30; #{record} 2>&1"])
        assert code == 0, said
        refute Cprof.json(["report", file])["meta"]["notes"] |> Enum.any?(&(&1 =~ "could not be sampled"))
      end
    end
  end

  describe "a small stack" do
    defp limited(limit, args),
      do: System.cmd("sh", ["-c", "ulimit #{limit}; #{Cprof.program()} #{Enum.join(args, " ")} 2>&1"])

    for engine <- ["bpf", "perf", "ptrace"] do
      test "of 64 KiB is enough for #{engine}", %{pid: pid, dir: dir} do
        file = "#{dir}/r.pb.gz"
        {said, code} = limited("-s 64", ["record -p #{pid} -d 1 --force --engine", unquote(engine), "-o", file])
        assert {code, said =~ "wrote"} == {0, true}, said
      end
    end

    test("is raised", %{pid: pid}, do: assert({_, 0} = limited("-Ss 40", ["doctor", "-p", "#{pid}"])))

    test "that cannot be raised is said to be too small",
      do: assert(limited("-s 40", ["doctor"]) == {"cprof: stack: raise `ulimit -s` to 64 or more\n", 1})
  end

  describe "a command" do
    defp run(dir, code, opts \\ []) do
      args = ["record", "-o", "#{dir}/r.pb.gz"] ++ opts ++ ["--", "erl", "-noshell", "-eval", code]
      {_, said, status} = Cprof.run(args)
      {said, status}
    end

    @work "lists:sum([erlang:phash2(X) || X <- lists:seq(1, 500000)])"

    test "that fails", %{dir: dir} do
      assert {said, 7} = run(dir, "#{@work}, halt(7).")
      assert said =~ "wrote"
      assert said =~ "cprof: erl exited with 7\n"
    end

    test "that ends by a signal", %{dir: dir} do
      assert {said, 139} = run(dir, "#{@work}, os:cmd(\"kill -SEGV \" ++ os:getpid()), timer:sleep(60000).")
      assert said =~ "cprof: erl was ended by SIGSEGV\n"
    end

    test "that is fine, also after the recording's time", %{dir: dir} do
      assert {said, 0} = run(dir, "#{@work}, timer:sleep(2000), halt(0).", ["-d", "1"])
      refute said =~ "exited"
      assert {_, 3} = run(dir, "#{@work}, timer:sleep(2000), halt(3).", ["-d", "1"])
    end
  end
end
