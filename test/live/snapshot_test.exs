defmodule Live.SnapshotTest do
  @moduledoc "Compares snapshots of this VM with loads that know what they did."
  use ExUnit.Case, async: false

  @work "test/live/work"
  @period_us 20_000
  @attempts 20

  setup_all do
    dir = Live.Node.tmp_dir()
    include = Path.join(:code.root_dir(), "usr/include")
    cc = System.get_env("CC") || "cc"
    library = Path.join(dir, "busy_nif.so")
    {_, 0} = System.cmd(cc, ["-O2", "-Wall", "-fPIC", "-shared", "-I#{include}", "-o", library, "#{@work}/busy_nif.c"])
    {:ok, module, binary} = :compile.file(~c"#{@work}/busy_nif.erl", [:binary])
    # When failed tests run again, it is there.
    if :code.is_loaded(module) == false do
      {:module, ^module} = :code.load_binary(module, ~c"busy_nif", binary)
      :ok = apply(:busy_nif, :load, [dir])
    end

    on_exit(fn -> File.rm_rf!(dir) end)
  end

  # A load works for a share of each period. Its first counter is how long it has
  # worked, in us of wall time, because utilization is measured by wall time, too.
  # While it works, its second counter is when it began.
  defp start_load(share, work, opts) do
    counters = :atomics.new(2, [])
    pid = :erlang.spawn_opt(fn -> load(share, work, counters) end, [:link | opts])
    {pid, counters}
  end

  defp load(share, work, counters) do
    Process.sleep(round(@period_us * (1 - share) / 1000))
    began = System.monotonic_time(:microsecond)
    :atomics.put(counters, 2, began)
    if share > 0, do: work.(round(@period_us * share))
    :atomics.put(counters, 2, 0)
    :atomics.add(counters, 1, System.monotonic_time(:microsecond) - began)
    load(share, work, counters)
  end

  defp busy_us(counters, now) do
    case {:atomics.get(counters, 1), :atomics.get(counters, 2)} do
      {done, 0} -> done
      {done, began} -> done + now - began
    end
  end

  defp spin(us), do: spin_until(System.monotonic_time(:microsecond) + us)
  defp spin_until(end_us), do: if(System.monotonic_time(:microsecond) < end_us, do: spin_until(end_us), else: :ok)

  # {what the snapshots say, what the load says} about the time between two snapshots.
  defp compared({_, counters}, of) do
    :cprof_nif.snapshot(wait_ms: 1000)
    at0 = System.monotonic_time(:microsecond)
    busy0 = busy_us(counters, at0)
    Process.sleep(600)
    said = of.(:cprof_nif.snapshot(wait_ms: 1000).schedulers)
    at1 = System.monotonic_time(:microsecond)
    {said, (busy_us(counters, at1) - busy0) / (at1 - at0)}
  end

  # On a busy machine, the snapshot and the load are not always read at the same time.
  defp assert_agree(share, work, opts, of) do
    {pid, _} = load = start_load(share, work, opts)
    seen = agree(load, of, @attempts)
    Process.unlink(pid)
    Process.exit(pid, :kill)
    {said, truth} = hd(seen)
    assert abs(said - truth) <= 0.02, "share #{share}: {snapshot, load} #{inspect(seen)}"
  end

  defp agree(_, _, 0), do: []

  defp agree(load, of, attempts) do
    {said, truth} = pair = compared(load, of)
    if is_float(said) and abs(said - truth) <= 0.02, do: [pair], else: agree(load, of, attempts - 1) ++ [pair]
  end

  describe "utilization within 2 points of the truth" do
    for percent <- [0, 25, 50, 100] do
      test "of a scheduler that is #{percent} % busy" do
        last = :erlang.system_info(:schedulers_online)
        of = fn rows -> Enum.find(rows, &(&1.id == last)).utilization end
        # The load has the scheduler to itself, because our own processes use another one.
        assert_agree(unquote(percent) / 100, &spin/1, [scheduler: last, priority: :high], of)
      end
    end

    test "of the dirty CPU schedulers, one of them busy half of the time" do
      of = fn rows -> Enum.sum(for %{type: :dirty_cpu, utilization: share} <- rows, do: share) end
      assert_agree(0.5, fn us -> apply(:busy_nif, :burn_dirty_cpu, [us]) end, [], of)
    end

    test "busy-wait is no work, and shown apart" do
      last = :erlang.system_info(:schedulers_online)
      ticker = :erlang.spawn_opt(fn -> tick() end, scheduler: last)
      :cprof_nif.snapshot(wait_ms: 1000)
      Process.sleep(500)
      row = Enum.find(:cprof_nif.snapshot(wait_ms: 1000).schedulers, &(&1.id == last))
      Process.exit(ticker, :kill)
      # Every millisecond the scheduler wakes up, does next to nothing, and spins before it sleeps.
      assert row.utilization < 0.2
      assert_in_delta row.busy_wait, max(0.0, row.cpu - row.utilization), 1.0e-9
    end
  end

  defp tick do
    Process.sleep(1)
    tick()
  end

  test "many runnable processes do not always hide what the schedulers did" do
    busy = for _ <- 1..(100 * :erlang.system_info(:schedulers_online)), do: spawn(fn -> spin(60_000_000) end)
    :cprof_nif.snapshot()
    {found, share} = share_of_cpus(fn -> Enum.find_value(1..20, &whole_snapshot/1) end)
    for pid <- busy, do: Process.exit(pid, :kill)
    # A machine that is busy itself may leave us without a CPU for a while.
    assert found || share <= 0.7
  end

  defp whole_snapshot(_) do
    snapshot = :cprof_nif.snapshot()
    used = Enum.any?(snapshot.schedulers, &(is_float(&1.cpu) and &1.cpu > 0.1))
    used and snapshot.quality.missing == []
  end

  # What the busy schedulers had of the CPUs meanwhile: 1.0 is all that they can use.
  defp share_of_cpus(fun) do
    {cpu, wall} = {:erlang.statistics(:runtime) |> elem(0), System.monotonic_time(:millisecond)}
    result = fun.()
    used = elem(:erlang.statistics(:runtime), 0) - cpu
    {result, used / (System.monotonic_time(:millisecond) - wall) / :erlang.system_info(:schedulers_online)}
  end

  describe "a process stuck in a NIF for seconds" do
    for source <- [:auto, :bif] do
      test "holds up no snapshot, source #{source}" do
        on_scheduler(1, fn -> snapshots_beside_a_stuck_process(unquote(source)) end)
      end
    end
  end

  # The VM may leave a process in the queue of a scheduler that is held.
  defp on_scheduler(id, fun) do
    {pid, monitor} = :erlang.spawn_opt(fun, [:monitor, scheduler: id])
    assert_receive {:DOWN, ^monitor, :process, ^pid, reason}, 500_000
    assert reason == :normal
  end

  defp snapshots_beside_a_stuck_process(source) do
    test = self()
    for _ <- 1..3, do: :cprof_nif.snapshot(source: source)
    last = :erlang.system_info(:schedulers_online)

    stuck =
      :erlang.spawn_opt(
        fn ->
          send(test, :stuck)
          apply(:busy_nif, :burn, [4_000_000])
          send(test, :free)
          Process.sleep(:infinity)
        end,
        scheduler: last
      )

    receive(do: (:stuck -> :ok))
    # Now it cannot answer any question, and it is in the lists.
    for n <- 1..5000, do: send(stuck, n)
    snapshots = for _ <- 1..5, do: :cprof_nif.snapshot(source: source)
    refute_received :free

    for snapshot <- snapshots do
      %{quality: quality, schedulers: rows} = snapshot
      # If it was asked, it is known that it has more messages than were counted.
      assert quality.details_missing + quality.unanswered + quality.lower_bounds >= 1
      # Figures that need an answer from its scheduler are missing, and the snapshot says so.
      assert :utilization in quality.missing
      assert Enum.all?(rows, &(&1.utilization == :undefined))
    end

    assert_receive :free, 300_000
    Process.exit(stuck, :kill)
    # After that, snapshots are complete again.
    assert :cprof_nif.snapshot(source: source, wait_ms: 20_000).quality.missing == []
  end
end
