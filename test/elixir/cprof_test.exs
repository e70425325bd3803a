defmodule CprofTest do
  use ExUnit.Case, async: false
  doctest Cprof

  alias Cprof.{Error, Profile}

  # Known work: 0.6 s of CPU time, nearly all of it in spin/1.
  defmodule Work do
    def run(ms \\ 600), do: until(cpu_ms() + ms)

    def linger do
      run()
      receive(do: (:end -> :ok))
    end

    defp until(closing) do
      spin(20_000)
      if cpu_ms() < closing, do: until(closing), else: :done
    end

    # The CPU time of the VM.
    defp cpu_ms, do: :erlang.statistics(:runtime) |> elem(0)

    @line __ENV__.line + 1
    def lines, do: [@line + 1, @line + 2]
    def spin(0), do: 0
    def spin(n), do: spin(n - 1)
  end

  setup do
    before = {Process.list(), Port.list(), programs()}
    on_exit(fn -> assert left(before) == {[], [], []} end)
  end

  # Processes, ports and programs that did not exist before; programs take a moment to end.
  defp left({processes, ports, programs} = before, tries \\ 1200) do
    now = {Process.list() -- [self() | processes], Port.list() -- ports, programs() -- programs}
    now = put_elem(now, 0, Enum.reject(elem(now, 0), &of_exunit?/1))

    if now == {[], [], []} or tries == 0 do
      now
    else
      Process.sleep(50)
      left(before, tries - 1)
    end
  end

  defp of_exunit?(pid) do
    case Process.info(pid, [:dictionary, :initial_call]) do
      nil -> true
      info -> match?({ExUnit.OnExitHandler, _, _}, info[:initial_call]) or exunit_ancestor?(info[:dictionary])
    end
  end

  defp exunit_ancestor?(dictionary) do
    ancestors = List.wrap(dictionary[:"$ancestors"])
    initial = inspect(dictionary[:"$initial_call"])
    initial =~ "ExUnit" or Enum.any?(ancestors, &(inspect(&1) =~ "ExUnit"))
  end

  # Port programs that are children of this VM, according to /proc.
  defp programs do
    for dir <- Path.wildcard("/proc/[0-9]*"),
        {:ok, line} <- [File.read(Path.join(dir, "cmdline"))],
        String.ends_with?(line, "/cprof\0port\0"),
        # Other VMs may have their own; between this VM and its program is erl_child_setup.
        dir |> parent() |> parent() == "/proc/#{System.pid()}",
        do: dir
  end

  defp parent(dir) do
    with {:ok, status} <- File.read(Path.join(dir, "status")),
         [_, pid] <- Regex.run(~r/^PPid:\t(\d+)$/m, status) do
      "/proc/#{pid}"
    else
      _ -> dir
    end
  end

  defp sampler_os_pid do
    {:ok, os_pid} = :cprof_port.os_pid(:cprof_sampler)
    os_pid
  end

  defp hottest(profile), do: profile |> Cprof.hotspots(1) |> hd()

  test "a hot function is named at the top, with file and line" do
    assert {:ok, :done, profile} = Cprof.profile(fn -> Work.run() end)
    row = hottest(profile)
    assert row.name == "CprofTest.Work.spin/1"
    assert row.module == "Elixir.CprofTest.Work" and row.function == "spin" and row.arity == 1
    assert row.kind == :elixir
    assert Path.basename(row.file) == "cprof_test.exs"
    assert row.line in Work.lines()
    assert row.self_pct > 60.0
    assert row.total >= row.self
    assert profile.report.meta.rate_asked == 999
    assert profile.report.meta.pid == String.to_integer(System.pid())
    # There are 600 if the machine has no other load.
    assert profile.report.counters.samples > 20
    assert Enum.sum(Map.values(profile.report.states)) == profile.report.counters.samples
  end

  test "the process that did the work is named" do
    {:ok, pid, profile} =
      Cprof.profile(fn ->
        Work.run()
        self()
      end)

    text = List.to_string(:erlang.pid_to_list(pid))
    assert [%{pid: ^text, pct: pct} | _] = profile.report.processes
    assert pct > 60.0
  end

  test "what only the node knows of a process is there, also in the text" do
    {:ok, task, profile} =
      Cprof.profile(fn ->
        Process.put(:"$process_label", "night shift")
        task = Task.async(Work, :linger, [])
        Work.run()
        task
      end)

    send(task.pid, :end)
    Task.await(task, 60_000)

    rows = Map.new(profile.report.processes, &{&1.pid, &1})
    [own, task] = for pid <- [self(), task.pid], do: rows[List.to_string(:erlang.pid_to_list(pid))]
    assert own.label == "night shift"
    assert task.label == ""
    assert task.parent == own.pid
    assert task.initial_call == "CprofTest.Work.linger/0"
    assert {:ok, text} = Cprof.render(profile, :text, process: "night shift")
    assert text =~ "night shift" and not (text =~ task.pid)
  end

  test "hotspots are sorted and limited" do
    {:ok, _, profile} = Cprof.profile(fn -> Work.run() end)
    rows = Cprof.hotspots(profile, 3)
    assert length(rows) <= 3
    assert rows == Enum.sort_by(rows, & &1.own, :desc)
    assert hd(rows).own == profile.report.functions |> Enum.map(& &1.own) |> Enum.max()
    assert Cprof.hotspots(profile, 0) == []
    assert inspect(profile) =~ "#Cprof.Profile<"
  end

  for {kind, raise} <- [error: quote(do: raise("boom")), throw: quote(do: throw(:boom)), exit: quote(do: exit(:boom))] do
    test "#{kind} passes through, after the output was written" do
      file = tmp("raised-#{unquote(kind)}.txt")

      caught =
        try do
          Cprof.profile(
            fn ->
              Work.run(200)
              unquote(raise)
            end,
            output: file
          )
        catch
          kind, _ -> kind
        end

      assert caught == unquote(kind)
      assert File.read!(file) =~ "Work.spin/1"
      assert Process.whereis(:cprof_sampler) == nil
      File.rm!(file)
    end
  end

  test "every format is written by its extension" do
    {:ok, _, profile} = Cprof.profile(fn -> Work.run() end)

    for {name, sign} <- [
          {"a.html", "<!DOCTYPE html"},
          {"a.txt", "Work.spin/1"},
          {"a.json", "\"functions\""},
          {"a.collapsed", ";CprofTest.Work.spin/1 "},
          {"a.speedscope.json", "file-format-schema.json"},
          {"a.pb.gz", <<0x1F, 0x8B>>}
        ] do
      file = tmp(name)
      assert Cprof.write(profile, file) == :ok
      assert String.downcase(File.read!(file)) |> String.contains?(String.downcase(sign)) or name == "a.pb.gz"
      if name == "a.pb.gz", do: assert(<<0x1F, 0x8B, _::binary>> = File.read!(file))
      File.rm!(file)
    end
  end

  test "a recording read back is the one that was written" do
    {:ok, _, profile} = Cprof.profile(fn -> Work.run() end)
    file = tmp("read.pb.gz")
    assert Cprof.write(profile, file) == :ok
    assert {:ok, read} = Cprof.read(file)
    assert read.report == profile.report
    assert Cprof.render(read, :collapsed) == Cprof.render(profile, :collapsed)
    File.write!(file, "no recording")
    assert {:error, %Error{code: :not_a_profile} = error} = Cprof.read(file)
    assert Exception.message(error) =~ file
    File.rm!(file)
  end

  # Known work: five functions do the same, and twist/1 does it `times` times.
  defmodule Twist do
    def run(times) do
      for _ <- 1..400 do
        Work.spin(80_000)
        for down <- [&a/1, &b/1, &c/1, &d/1], do: down.(80_000)
        twist(80_000 * times)
      end
    end

    for name <- [:a, :b, :c, :d, :twist] do
      defp unquote(name)(0), do: 0
      defp unquote(name)(n), do: unquote(name)(n - 1)
    end
  end

  test "a comparison names what grew, of profiles and of files" do
    {:ok, _, base} = Cprof.profile(fn -> Twist.run(1) end)
    {:ok, _, new} = Cprof.profile(fn -> Twist.run(8) end)
    [before, later] = for name <- ["before.pb.gz", "later.pb.gz"], do: tmp(name)
    :ok = Cprof.write(base, before)
    :ok = Cprof.write(new, later)

    assert {:ok, diff} = Cprof.diff(base, new, fail_above: 50)
    assert diff.grew?, diff.text
    assert diff.report.culprit.name == "CprofTest.Twist.twist/1"
    assert diff.report.culprit.own.growth > 1.0
    assert diff.report.sentence =~ "CprofTest.Twist.twist/1 grew by"
    assert diff.text =~ diff.report.sentence
    assert inspect(diff) =~ "grew?: true"

    assert {:ok, same} = Cprof.diff([before, base], [base, before], fail_above: 50)
    assert not same.grew?
    assert same.report.base.recordings == 2
    assert same.report.culprit == nil

    assert {:ok, json} = Cprof.diff(before, later, format: :json)
    assert json.text =~ ~s("sentence": "CprofTest.Twist.twist/1 grew)
    assert json.report == diff.report

    assert {:ok, narrowed} = Cprof.diff(before, later, focus: "spin")
    refute narrowed.text =~ "twist"

    assert {:error, %Error{code: :enoent} = error} = Cprof.diff(before, "nowhere.pb.gz")
    assert Exception.message(error) =~ "nowhere.pb.gz"
    assert {:error, %Error{code: :invalid_option}} = Cprof.diff([], later)
    assert {:error, %Error{code: :invalid_option}} = Cprof.diff(before, later, fail_above: -1)
    assert {:error, %Error{code: :invalid_option}} = Cprof.diff(before, later, rate: 99)
    assert {:error, %Error{code: :empty}} = Cprof.diff(before, later, focus: "nobody is called this")
    File.write!(later, "no recording")
    assert {:error, %Error{code: :not_a_profile}} = Cprof.diff(before, later)
    Enum.each([before, later], &File.rm!/1)
  end

  test "what is shown can be narrowed" do
    {:ok, _, profile} = Cprof.profile(fn -> Work.run() end)
    assert {:ok, focused} = Cprof.render(profile, :collapsed, focus: "Work[.]spin")
    assert focused != "" and Enum.all?(String.split(focused, "\n", trim: true), &(&1 =~ "Work.spin/1"))
    assert {:ok, ignored} = Cprof.render(profile, :collapsed, ignore: "Work[.]spin")
    refute ignored =~ "Work.spin/1"
    assert {:error, %Error{}} = Cprof.render(profile, :collapsed, focus: "(")
  end

  test "an output that cannot be written is found out before sampling" do
    test = self()
    fun = fn -> send(test, :ran) end
    assert {:error, error} = Cprof.profile(fun, output: "/no/such/folder/a.html")
    assert Exception.message(error) =~ "/no/such/folder/a.html"
    assert error.code == :enoent
    assert {:error, %Error{code: :unknown_format}} = Cprof.profile(fun, output: tmp("a.svg"))
    refute File.exists?(tmp("a.svg"))
    refute_received :ran
  end

  test "wrong options are one sentence, and nothing is started" do
    for rate <- [0, -1, 1_000_000_000] do
      assert {:error, %Error{code: :invalid_option} = error} = Cprof.start(rate: rate)
      assert Exception.message(error) =~ "1 to 10000"
    end

    assert {:error, %Error{code: :invalid_option}} = Cprof.record(1, speed: 3)
    profile = %Cprof.Profile{report: %{}, recording: ""}

    for answer <- [Cprof.record(1, :none), Cprof.render(profile, :text, :none), Cprof.write(profile, "a.txt", :none)] do
      assert {:error, %Error{code: :invalid_option} = error} = answer
      assert Exception.message(error) =~ "the options must be a map or a list of pairs"
    end
  end

  test "only slow spans" do
    assert {:ok, profile} = Cprof.record(0.2, slower_than: 10)
    assert Enum.any?(profile.report.meta.notes, &(&1 =~ "--slower-than 10ms"))
  end

  test "one recording at a time" do
    assert Cprof.start() == :ok
    assert {:error, %Error{code: :already_started}} = Cprof.start()
    assert {:error, %Error{code: :already_started}} = Cprof.profile(fn -> flunk("must not run") end)
    assert {:ok, %Profile{}} = Cprof.stop()
    assert {:error, %Error{code: :not_started}} = Cprof.stop()
  end

  test "the port program killed while it records: an error, and the next start works" do
    assert Cprof.start() == :ok
    kill_sampler()
    assert {:error, error} = Cprof.stop()
    assert error.code == :sampler_ended
    assert Exception.message(error) =~ "signal 9"
    assert Cprof.start() == :ok
    kill_sampler()
    # It also works without a stop in between.
    assert Cprof.start() == :ok
    assert {:ok, %Profile{}} = Cprof.stop()
  end

  defp kill_sampler do
    System.cmd("kill", ["-9", "#{sampler_os_pid()}"])
    wait_until(fn -> :cprof_port.failed(:cprof_sampler) end)
  end

  test "garbage on the port ends the program, and the caller gets an error" do
    assert Cprof.start() == :ok
    os_pid = sampler_os_pid()
    port = :sys.get_state(:cprof_sampler).port
    # Only the owner of the port may send to it, so this runs in the owner.
    :sys.replace_state(:cprof_sampler, fn state ->
      Port.command(port, "this is no term")
      state
    end)

    assert {:error, error} = Cprof.stop()
    assert error.code in [:protocol, :sampler_ended]
    assert gone?(os_pid)
  end

  test "the owner killed while it profiles: nothing stays" do
    {pid, monitor} = spawn_monitor(fn -> Cprof.profile(fn -> Process.sleep(:infinity) end) end)
    wait_until(fn -> Process.whereis(:cprof_sampler) && match?({:ok, _}, :cprof_port.os_pid(:cprof_sampler)) end)
    Process.sleep(300)
    os_pid = sampler_os_pid()
    Process.exit(pid, :kill)
    assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}, 60_000
    wait_until(fn -> Process.whereis(:cprof_sampler) == nil end)
    assert gone?(os_pid)
  end

  test "work of other processes is seen too" do
    {:ok, _, profile} =
      Cprof.profile(fn -> 1..4 |> Enum.map(fn _ -> Task.async(&Work.run/0) end) |> Task.await_many(:infinity) end)

    assert hottest(profile).name == "CprofTest.Work.spin/1"
  end

  defp tmp(name), do: Path.join(System.tmp_dir!(), "cprof-test-#{System.pid()}-#{name}")

  defp gone?(os_pid), do: wait_until(fn -> not File.exists?("/proc/#{os_pid}") end)

  defp wait_until(fun, tries \\ 1200) do
    cond do
      fun.() ->
        true

      tries == 0 ->
        flunk("waited in vain")

      true ->
        Process.sleep(50)
        wait_until(fun, tries - 1)
    end
  end
end
