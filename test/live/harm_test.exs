defmodule Live.HarmTest do
  @moduledoc "Using cprof leaves this node as it was, even if callers end or schedulers go offline meanwhile."
  use ExUnit.Case, async: false

  alias Live.Wait

  @patience_ms 300_000

  # Our programs that this VM started: children of its erl_child_setup.
  defp programs do
    for stat <- Path.wildcard("/proc/[0-9]*/stat"),
        pid = stat |> Path.dirname() |> Path.basename(),
        File.read_link("/proc/#{pid}/exe") == {:ok, Live.Cprof.program()},
        grandparent(pid) == System.pid(),
        do: pid
  end

  defp grandparent(pid), do: pid |> parent() |> parent()

  defp parent(pid) do
    with {:ok, status} <- File.read("/proc/#{pid}/status"),
         [_, parent] <- Regex.run(~r/^PPid:\s+(\d+)$/m, status),
         do: parent,
         else: (_ -> nil)
  end

  defp left_since(before) do
    Wait.until_none(fn ->
      Enum.filter(Process.list() -- [Process.whereis(:cprof_canary) | before], &Process.alive?/1)
    end)
  end

  for work <- [:record, :profile, :read, :render, :snapshot, :watch] do
    test "callers of #{work} that are killed leave no process and no program" do
      {:ok, profile} = Cprof.record(0.2)
      Cprof.Snapshot.take(%{})
      before = Process.list()
      assert Wait.until_none(&programs/0) == []

      for round <- 1..15 do
        callers = for _ <- 1..5, do: spawn(fn -> ask(unquote(work), profile) end)
        # In some rounds they are killed while they start, in others while they work.
        if rem(round, 3) == 0 and unquote(work) in [:record, :profile], do: Wait.until_none(&no_program/0)
        Process.sleep(:rand.uniform(40))
        for pid <- callers, do: Process.exit(pid, :kill)
      end

      assert Wait.until_none(&programs/0) == []
      assert left_since(before) == []
      assert Process.whereis(:cprof_sampler) == nil
    end
  end

  defp no_program, do: if(programs() == [], do: [:no_program], else: [])

  defp ask(:record, _), do: Cprof.record(1000)
  defp ask(:profile, _), do: Cprof.profile(fn -> Process.sleep(:infinity) end)
  defp ask(:read, profile), do: for(_ <- 1..100, do: :cprof_sampler.read(profile.recording))
  defp ask(:render, profile), do: for(_ <- 1..100, do: Cprof.render(profile, :html))
  defp ask(:snapshot, _), do: for(_ <- 1..1000, do: Cprof.Snapshot.take(%{}))
  defp ask(:watch, _), do: Cprof.Snapshot.watch(snapshots: 1000)

  # Measured by CPU time: a complete comparison takes more.
  test "a program that works on an answer ends with who asked for it" do
    {:ok, _, profile} = Cprof.profile(fn -> for n <- 1..60, do: Enum.sort(Enum.shuffle(1..(1000 * n))) end)
    whole = cpu_of_comparison(profile, fn _, _ -> :ok end)
    cut = cpu_of_comparison(profile, fn ticks, caller -> if ticks > div(whole, 10), do: Process.exit(caller, :kill) end)
    assert whole >= 20 and cut < div(9 * whole, 10), "CPU ticks: whole #{whole}, killed #{cut}"
  end

  defp cpu_of_comparison(profile, each) do
    many = List.duplicate(profile.recording, 60)
    {caller, monitor} = spawn_monitor(fn -> {:ok, _} = :cprof_sampler.diff(many, many, %{}) end)
    program = until_found(caller)
    ticks = program && follow(program, 0, &each.(&1, caller))
    assert_receive {:DOWN, ^monitor, :process, ^caller, _}, @patience_ms
    # On a busy machine it may have ended before it was found.
    ticks || cpu_of_comparison(profile, each)
  end

  defp until_found(caller) do
    case programs() do
      [] -> if Process.alive?(caller), do: until_found(caller)
      [found] -> found
    end
  end

  defp follow(program, last, each) do
    case File.read("/proc/#{program}/stat") do
      {:ok, stat} ->
        [state, ticks] = stat |> String.split(") ") |> List.last() |> String.split() |> then(&[hd(&1), ticks(&1)])
        each.(ticks)
        Process.sleep(2)
        if state == "Z", do: max(last, ticks), else: follow(program, max(last, ticks), each)

      {:error, _} ->
        last
    end
  end

  # utime and stime.
  defp ticks(fields), do: String.to_integer(Enum.at(fields, 11)) + String.to_integer(Enum.at(fields, 12))

  test "while schedulers go offline and online, snapshots go on, and code is loaded" do
    all = :erlang.system_info(:schedulers_online)
    on_exit(fn -> :erlang.system_flag(:schedulers_online, all) end)
    Cprof.Snapshot.take(%{})
    before = Process.list()
    taken = :counters.new(3, [])
    options = [%{}, %{source: :bif}, %{wait_ms: 1}]
    takers = for {opts, n} <- Enum.with_index(options, 1), do: spawn(fn -> take(opts, taken, n) end)
    # Otherwise they would work on beside all later tests.
    on_exit(fn -> for pid <- takers, do: Process.exit(pid, :kill) end)

    for round <- 1..60 do
      for n <- 1..10, do: :erlang.system_flag(:schedulers_online, 1 + rem(n, all))
      :erlang.system_flag(:schedulers_online, 1)
      done = for n <- 1..3, do: :counters.get(taken, n)
      # Each of them continues with the schedulers that are online,
      assert Wait.until_none(fn ->
               for {n, was} <- Enum.with_index(done), :counters.get(taken, was + 1) == n, do: was
             end) == []

      # and a module is replaced twice, which asks every process.
      assert round |> load() |> Task.await(@patience_ms) == round
      :erlang.system_flag(:schedulers_online, all)
    end

    for pid <- takers, do: Process.exit(pid, :kill)
    assert left_since(before) == []
  end

  defp take(opts, taken, n) do
    %{processes: %{count: count}} = Cprof.Snapshot.take(opts)
    true = count > 0
    :counters.add(taken, n, 1)
    take(opts, taken, n)
  end

  defp load(version) do
    Task.async(fn ->
      function = {:function, 1, :version, 0, [{:clause, 1, [], [], [{:integer, 1, version}]}]}
      forms = [{:attribute, 1, :module, :harm_small}, {:attribute, 1, :export, [version: 0]}, function]
      {:ok, module, code} = :compile.forms(forms)

      for _ <- 1..2 do
        {:module, ^module} = :code.load_binary(module, ~c"harm_small", code)
        :code.purge(module)
      end

      apply(module, :version, [])
    end)
  end
end
