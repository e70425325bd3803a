defmodule Mix.Tasks.Profile.RunTest do
  use ExUnit.Case, async: false
  import ExUnit.CaptureIO

  alias Mix.Tasks.Profile.Run

  # Half a second of sorting and of hashing.
  @code """
  numbers = Enum.to_list(1..300)
  for _ <- 1..60_000, do: :erlang.phash2(numbers)
  for _ <- 1..12, do: Enum.sort(Enum.map(1..50_000, &:erlang.phash2/1))
  """

  defp run(args), do: capture_io(fn -> Run.run(args) end)
  defp tmp(name), do: Path.join(System.tmp_dir!(), "cprof-task-#{System.pid()}-#{name}")

  setup do
    ports = Port.list()

    on_exit(fn ->
      assert Process.whereis(:cprof_sampler) == nil
      assert Port.list() -- ports == []
    end)
  end

  test "prints the hotspots of an expression" do
    text = run(["--top", "500", "-e", @code])
    assert text =~ ~r/lists:r?merge/
    assert text =~ "erlang:phash2/1"
  end

  test "says that there is nothing to run" do
    for args <- [[], ["--top", "3"]] do
      said = capture_io(:stderr, fn -> assert catch_exit(Run.run(args)) == {:shutdown, 2} end)
      assert said =~ "nothing to run"
    end
  end

  test "runs a script with its arguments, names its functions and lines" do
    script = tmp("script.exs")

    File.write!(script, """
    defmodule CprofTaskScript do
      def down(0), do: 0
      def down(n), do: down(n - 1)
    end
    [ "one", "--top", "2" ] = System.argv()
    for _ <- 1..200, do: CprofTaskScript.down(500_000)
    """)

    json = run(["--format", "json", script, "one", "--top", "2"])
    assert json =~ "CprofTaskScript.down/1"
    assert json =~ Path.basename(script)
    File.rm!(script)
  end

  test "writes the files and says so" do
    html = tmp("a.html")
    text = tmp("b.txt")
    saved = tmp("c.pb.gz")
    printed = run(["-o", html, "--output", text, "--save", saved, "--top", "3", "-e", @code])
    for file <- [html, text, saved], do: assert(printed =~ "Wrote #{file}")
    assert File.read!(html) =~ ~r"<th scope=.row.>(lists:|Enum\.)"
    assert File.read!(text) =~ ~r"more functions"
    assert <<0x1F, 0x8B, _::binary>> = File.read!(saved)
    Enum.each([html, text, saved], &File.rm!/1)
  end

  test "is enabled again after each run" do
    assert run(["-e", "1 + 1"]) != ""
    assert run(["-e", "1 + 1"]) != ""
  end

  test "event wall: what processes waited for" do
    code = """
    {:ok, _} = Agent.start_link(fn -> 0 end, name: :cprof_task_slow)
    ask = fn -> for _ <- 1..25, do: Agent.get(:cprof_task_slow, fn state -> Process.sleep(5) && state end) end
    Enum.map(1..20, fn _ -> Task.async(ask) end) |> Task.await_many(:infinity)
    :ok = Agent.stop(:cprof_task_slow)
    """

    text = run(["--event", "wall", "-e", code])
    assert text =~ ~r/^Waiting:  on average 1\d\.\d processes wait for cprof_task_slow, /m
    assert text =~ "WHO IS WAITED FOR"
    refute text =~ "cprof_sampler"
  end

  test "event wall is for reports, not for comparisons" do
    saved = tmp("wall.pb.gz")
    assert run(["--event", "wall", "--save", saved, "-e", "Process.sleep(300)"]) =~ "Wrote #{saved}"

    for args <- [["--event", "wall", "--baseline", saved], ["--baseline", saved]] do
      error = assert_raise Mix.Error, fn -> run(args ++ ["-e", "1 + 1"]) end
      assert error.message =~ "wall" and error.message =~ "cannot be compared"
    end

    File.rm!(saved)
    error = assert_raise Mix.Error, fn -> run(["--event", "lock", "-e", "1 + 1"]) end
    assert error.message =~ "option event must be cpu, wall, alloc or block"
  end

  test "profile/2 returns the value" do
    assert {{:value, 42}, _} = with_io(fn -> {:value, Run.profile(fn -> 42 end)} end)
  end

  test "what the code raises is raised after the report" do
    printed =
      capture_io(fn ->
        assert_raise RuntimeError, "boom", fn ->
          work = fn ->
            Code.eval_string(@code)
            raise "boom"
          end

          Run.profile(work, top: 500)
        end

        assert catch_throw(Run.profile(fn -> throw(:ball) end)) == :ball
        assert catch_exit(Run.profile(fn -> exit(:now) end)) == :now
      end)

    assert printed =~ "phash2"
  end

  test "the code runs once, or twice with --warmup" do
    test = self()
    code = fn -> send(test, :ran) end
    capture_io(fn -> Run.profile(code) end)
    assert_received :ran
    refute_received :ran
    assert capture_io(fn -> Run.profile(code, warmup: true) end) =~ "Warmup..."
    assert_received :ran
    assert_received :ran
  end

  for {args, message} <- [
        {["--rate", "0"], ~r/rate must be/},
        {["--rate", "-1"], ~r/rate must be/},
        {["--rate", "1000000000"], ~r/rate must be/},
        {["--engine", "magic"], ~r/engine must be/},
        {["--format", "svg"], ~r/format must be/},
        {["--format", "html"], ~r/terminal/},
        {["--top", "0"], ~r/top must be/},
        {["-o", "/no/such/folder/a.html"], ~r"/no/such/folder/a.html: No such file"},
        {["-o", "a.svg"], ~r/a.svg: the extension belongs to no known format/},
        {["--save", "/no/such/folder/r.pb.gz"], ~r"/no/such/folder/r.pb.gz"}
      ] do
    test "#{Enum.join(args, " ")} is refused before the code runs" do
      args = unquote(args) ++ ["-e", "raise \"must not run\""]
      assert_raise Mix.Error, unquote(Macro.escape(message)), fn -> run(args) end
    end
  end

  test "an unknown switch is refused" do
    assert_raise OptionParser.ParseError, fn -> run(["--speed", "x", "-e", "1"]) end
  end
end
