defmodule Mix.Tasks.Profile.RunDiffTest do
  use ExUnit.Case, async: false
  import ExUnit.CaptureIO

  alias Mix.Tasks.Profile.Run

  @example Path.expand("../../examples/invoices", __DIR__)

  # Known work: spin/1 takes twice as long as steady/1, or eight times as long.
  defp script(factor) do
    """
    defmodule CprofDiffWork do
      def spin(0), do: 0
      def spin(n), do: spin(n - 1)
      def steady(0), do: 0
      def steady(n), do: steady(n - 1)
    end

    for _ <- 1..200 do
      CprofDiffWork.spin(#{200_000 * factor})
      CprofDiffWork.steady(100_000)
    end
    """
  end

  setup do
    folder = Path.join(System.tmp_dir!(), "cprof-diff-#{System.pid()}-#{System.unique_integer([:positive])}")
    File.mkdir_p!(folder)
    on_exit(fn -> File.rm_rf!(folder) end)
    %{folder: folder}
  end

  # Runs the task: {exit status, output}.
  defp run(args) do
    with_io(fn ->
      # Scripts define their modules again, which gives warnings.
      capture_io(:stderr, fn -> send(self(), {:status, status(args)}) end)
      assert_received {:status, status}
      status
    end)
  end

  defp status(args) do
    Run.run(args)
    0
  catch
    :exit, {:shutdown, status} -> status
  end

  defp write(folder, name, text) do
    file = Path.join(folder, name)
    File.write!(file, text)
    file
  end

  defp failed({3, _} = result), do: result
  defp failed(_), do: nil

  defp last_line(text), do: text |> String.split("\n", trim: true) |> List.last()

  test "slower code is named and fails the limit, the same code passes", %{folder: folder} do
    code = write(folder, "code.exs", script(1))
    saved = Path.join(folder, "base.pb.gz")
    assert {0, printed} = run(["--runs", "3", "--save", saved, code])
    files = Cprof.Runs.files(saved, 3)
    for file <- files, do: assert(printed =~ "Wrote #{file}")
    assert printed =~ "Warmup..."
    assert printed =~ ~r/^now +3 .* ms/m

    gate = ["--runs", "3", "--baseline", saved, "--fail-above", "100", code]
    assert {0, printed} = run(gate)
    assert printed =~ ~r/^baseline +3 .* ms/m
    assert last_line(printed) =~ "wall time"

    File.write!(code, script(4))
    output = Path.join(folder, "out.txt")
    # On a busy machine, three runs may differ too much for a certain result.
    assert {3, printed} = Enum.find_value(1..4, fn _ -> failed(run(["--output", output | gate])) end)
    sentence = last_line(printed)
    assert sentence =~ ~r/^Above the limit of 100 %: CprofDiffWork.spin\/1 .*grew from .* ms to .* ms/
    refute sentence =~ "steady"
    # Everything was written before it failed.
    assert File.read!(output) =~ "CprofDiffWork.spin/1"

    # Each file is a normal recording, which everything else can read.
    for file <- files do
      assert {:ok, profile} = Cprof.read(file)
      assert "CprofDiffWork.spin/1" in Enum.map(Cprof.hotspots(profile), & &1.name)
      assert %Cprof.Runs{count: 3, warm?: true} = Cprof.Runs.from_text(profile.report.meta.run)
    end
  end

  test "the example becomes faster as its walk through says", %{folder: folder} do
    File.cp_r!(@example, folder)
    for file <- ["lib/shop.ex", "lib/invoices.ex"], do: compile(folder, file)
    # Less work than in the example.
    bench = Path.join(folder, "bench.exs")
    File.write!(bench, String.replace(File.read!(bench), "day(5_000, 40_000)", "day(2_000, 20_000)"))
    saved = Path.join(folder, "base.pb.gz")
    assert {0, _} = run(["--runs", "2", "--no-warmup", "--save", saved, bench])
    compile(folder, "faster/invoices.ex")
    assert {0, printed} = run(["--runs", "2", "--no-warmup", "--baseline", saved, "--fail-above", "50", bench])

    assert last_line(printed) =~
             ~r/Invoices.customer\/2 \(called by Invoices.invoice\/2\) (shrank from|took)|on a busy machine/
  end

  defp compile(folder, file) do
    capture_io(:stderr, fn -> Code.compile_file(Path.join(folder, file)) end)
  end

  test "a run that raises is saved, and refused as a baseline", %{folder: folder} do
    saved = Path.join(folder, "raised.pb.gz")
    count = :counters.new(1, [])

    third_raises = fn ->
      :counters.add(count, 1, 1)
      if :counters.get(count, 1) == 3, do: raise("boom")
    end

    printed =
      capture_io(fn ->
        assert_raise RuntimeError, "boom", fn -> Run.profile(third_raises, runs: 5, warmup: false, save: saved) end
      end)

    assert printed =~ "Wrote #{Path.join(folder, "raised-3.pb.gz")}"
    refute printed =~ "raised-4.pb.gz"
    refute printed =~ "CPU time per run"

    # Only two of the five runs are complete.
    {:ok, measured, [doubt]} = Cprof.RunFiles.load(saved)
    assert length(measured) == 2
    assert doubt =~ "2 of its 5 runs"

    capture_io(fn ->
      assert_raise RuntimeError, "boom", fn -> Run.profile(fn -> raise "boom" end, save: saved) end

      assert_raise Mix.Error, ~r/its code raised/, fn ->
        Run.profile(fn -> flunk("must not run") end, baseline: saved)
      end
    end)
  end

  # Its collections would become more frequent with each run: the code would seem to be slower.
  test "the process that runs the code holds no recording meanwhile", %{folder: folder} do
    saved = Path.join(folder, "held.pb.gz")
    held = :ets.new(:held, [:bag])

    code = fn ->
      {:binary, binaries} = Process.info(self(), :binary)
      :ets.insert(held, {:bytes, Enum.sum(for {_, bytes, _} <- binaries, do: bytes)})
      Enum.sum(1..100_000)
    end

    capture_io(fn ->
      Run.profile(code, runs: 6, warmup: false, save: saved)
      Run.profile(code, runs: 6, warmup: false, baseline: saved)
    end)

    assert :ets.info(held, :size) >= 1
    for {:bytes, bytes} <- :ets.tab2list(held), do: assert(bytes < 10_000)
  end

  test "files of an earlier measurement are not taken for runs of this one", %{folder: folder} do
    saved = Path.join(folder, "base.pb.gz")

    capture_io(fn ->
      Run.profile(fn -> 1 end, runs: 3, save: saved)
      Run.profile(fn -> 2 end, runs: 2, save: saved)
    end)

    assert {:ok, [{%{set: set}, _}, {%{set: set}, _}], []} = Cprof.RunFiles.load(saved)
    capture_io(fn -> Run.profile(fn -> 3 end, save: Path.join(folder, "base-2.pb.gz")) end)
    assert {:ok, [{%{set: ^set}, _}], [doubt]} = Cprof.RunFiles.load(saved)
    assert doubt =~ "1 of its 2 runs"
  end

  test "several baselines are one; another recording is none", %{folder: folder} do
    [one, two, plain] = for name <- ["1.pb.gz", "2.pb.gz", "plain.pb.gz"], do: Path.join(folder, name)
    code = fn -> Enum.sum(1..100_000) end

    printed =
      capture_io(fn ->
        Run.profile(code, save: one)
        Run.profile(code, runs: 2, save: two)
        # A file that is named twice counts once.
        assert Run.profile(code, baseline: [one, two, one]) == 5_000_050_000
      end)

    assert printed =~ ~r/^baseline +3 /m
    assert printed =~ "Few samples"
    assert printed =~ "Some runs were warmed up"

    {:ok, profile} = Cprof.record(0.1)
    :ok = Cprof.write(profile, plain)

    for {file, message} <- [
          {plain, ~r/plain.pb.gz: was not made by .*cprof diff/},
          {__ENV__.file, ~r/not a recording|no recording|pprof/}
        ] do
      capture_io(fn ->
        assert_raise Mix.Error, message, fn -> Run.profile(fn -> flunk("must not run") end, baseline: file) end
      end)
    end
  end

  test "standard output holds nothing but the JSON that was asked for" do
    {json, errors} = with_io(:stderr, fn -> capture_io(fn -> Run.profile(fn -> 1 end, runs: 2, format: "json") end) end)

    assert String.starts_with?(json, "{") and String.ends_with?(String.trim(json), "}")
    assert errors =~ "Wall time" and errors =~ "Warmup"
  end

  for {args, message} <- [
        {["--runs", "0"], ~r/runs must be/},
        {["--runs", "10001"], ~r/runs must be/},
        {["--fail-above", "10"], ~r/needs a baseline/},
        {["--fail-above", "-1", "--baseline", "x"], ~r/fail_above must be/},
        {["--baseline", "/no/such/base.pb.gz"], ~r"/no/such/base.pb.gz: no such baseline; make it with"},
        {["--runs", "2", "--save", "/no/such/folder/r.pb.gz"], ~r"/no/such/folder/r.pb.gz"}
      ] do
    test "#{Enum.join(args, " ")} is refused before the code runs" do
      args = unquote(args) ++ ["-e", "raise \"must not run\""]
      assert_raise Mix.Error, unquote(Macro.escape(message)), fn -> Run.run(args) end
    end
  end
end
