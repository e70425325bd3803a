defmodule Mix.Tasks.Profile.RunAllocTest do
  use ExUnit.Case, async: false
  import ExUnit.CaptureIO

  alias Mix.Tasks.Profile.Run

  defmodule Work do
    @moduledoc false

    # About half a second, two thirds of the bytes in `many`.
    def run(rounds, many) do
      for _ <- 1..rounds do
        [_ | _] = many(many)
        [_ | _] = some(50)
      end

      :ok
    end

    def many(0), do: []
    def many(n), do: [{n, :many, n} | many(n - 1)]

    def some(0), do: []
    def some(n), do: [{n, :some, n} | some(n - 1)]
  end

  # On machines without breakpoints, or without the rights, there is nothing to test but that it says so.
  setup_all do
    AllocLock.take()
    {doctor, _} = System.cmd(Path.expand("priv/cprof"), ["doctor"], stderr_to_stdout: true)
    works = doctor =~ ~r/^ok +event alloc/m
    if not works, do: IO.puts("event alloc does not work here: its tests only check that it says so")
    {us, _} = :timer.tc(fn -> Work.run(2000, 100) end)
    folder = Path.join(System.tmp_dir!(), "cprof-bytes-#{System.pid()}")
    File.mkdir_p!(folder)
    on_exit(fn -> File.rm_rf!(folder) end)
    %{works: works, rounds: max(div(2000 * 500_000, max(us, 1)), 1), folder: folder}
  end

  defp last_line(text), do: text |> String.split("\n", trim: true) |> List.last()

  defp gate(fun, opts) do
    with_io(fn ->
      try do
        Run.profile(fun, opts)
        0
      catch
        :exit, {:shutdown, status} -> status
      end
    end)
  end

  test "a function that allocates more is named, and the same code passes", context do
    %{works: works, rounds: rounds, folder: folder} = context
    saved = Path.join(folder, "base.pb.gz")
    recording = [event: :alloc, runs: 3]

    if works do
      assert {0, printed} = gate(fn -> Work.run(rounds, 100) end, [save: saved] ++ recording)
      assert printed =~ ~r/^Allocated +RUNS +MEAN/m
      assert printed =~ ~r/^now +3 +[\d.]+ .B/m

      limit = [baseline: saved, fail_above: 10] ++ recording
      assert {0, printed} = gate(fn -> Work.run(rounds, 100) end, limit)
      assert last_line(printed) =~ ~r/^No function allocates significantly more or less; a whole run: [+-]0\.\d % /

      assert {3, printed} = gate(fn -> Work.run(rounds, 150) end, limit)
      assert last_line(printed) =~ ~r/^Above the limit of 10 %: /
      [grew | _] = for line <- String.split(printed, "\n"), line =~ " grew ", do: line
      assert grew =~ "Work.many/1"
      # 1.5 times the 2/3 that it had.
      assert [_, all] = Regex.run(~r/a whole run: \+(\d+\.\d) %/, last_line(printed))
      assert_in_delta String.to_float(all), 33.3, 1.0

      # Every run says what it allocated; it is the same each time.
      {:ok, measured, []} = Cprof.RunFiles.load(saved, ["alloc"])
      bytes = for {run, _} <- measured, do: run.allocated
      # 150 cells of 6 words, at least.
      assert Enum.min(bytes) > rounds * 150 * 6 * 8
      assert Enum.max(bytes) - Enum.min(bytes) < 0.01 * Enum.max(bytes)

      assert_raise Mix.Error, ~r/was recorded with --event alloc; compare it with that option/, fn ->
        Run.profile(fn -> flunk("must not run") end, baseline: saved)
      end
    else
      assert_raise Mix.Error, ~r/breakpoints|rights|root|permit/i, fn ->
        capture_io(fn -> Run.profile(fn -> 1 end, recording) end)
      end
    end
  end

  test "CPU time and allocation in one recording", %{works: works, rounds: rounds, folder: folder} do
    if works do
      saved = Path.join(folder, "both.pb.gz")
      page = Path.join(folder, "both.html")
      fun = fn -> Work.run(2 * rounds, 100) end
      assert {0, printed} = gate(fun, event: "cpu,alloc", save: saved, output: page)
      assert printed =~ "HOT FUNCTION" and printed =~ ~r/^Memory: /m
      assert File.read!(page) =~ "Allocation"

      {:ok, profile} = Cprof.read(saved)
      assert profile.report.meta.event == "cpu-clock"
      assert %{meta: %{event: "alloc"}} = Cprof.Profile.of_event(profile, "alloc")
      assert Cprof.Profile.of_event(profile, "wall") == nil
      assert {:ok, stacks} = Cprof.render(profile, :collapsed, event: :alloc)
      assert stacks =~ "Work.many/1"
      assert {:error, %{message: message}} = Cprof.render(profile, :collapsed)
      assert message =~ "one event"

      assert {0, printed} = gate(fun, event: "cpu,alloc", baseline: saved)
      assert printed =~ ~r/^CPU time per run, by function/m
      assert printed =~ ~r/^Bytes on heaps per run, by function/m

      assert {:ok, profile} = Cprof.record(0.5, event: [:alloc, :cpu])
      assert profile.report.meta.event == "cpu-clock" and is_map(profile.report.alloc)
      assert {:ok, diff} = Cprof.diff(saved, saved, event: :alloc)
      assert diff.text =~ "of the allocated bytes"
    end
  end
end
