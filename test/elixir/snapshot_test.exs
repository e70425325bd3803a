defmodule Cprof.SnapshotTest do
  use ExUnit.Case, async: false

  doctest Cprof.Snapshot

  defp holder(fun) do
    test = self()

    pid =
      spawn(fn ->
        held = fun.()
        send(test, :ready)
        receive(do: ({:"$end", _} -> held))
      end)

    on_exit(fn -> Process.exit(pid, :kill) end)
    assert_receive :ready, 60_000
    pid
  end

  # On a busy machine all processes may answer late. Only a stuck process makes a snapshot take this long.
  @patient %{wait_ms: 20_000}

  defp snapshot(opts \\ %{}), do: :cprof_nif.snapshot(Map.merge(@patient, opts))

  # Both ways, with the NIF (if it is there) and with BIFs.
  defp both(fun) do
    fun.(:auto)
    fun.(:bif)
  end

  defp keys(map), do: map |> Map.keys() |> Enum.sort()

  test "has the documented shape" do
    both(fn source ->
      snapshot = snapshot(%{source: source})

      assert keys(snapshot) ==
               ~w(allocators at binaries elapsed_us imbalance mailboxes memory processes quality reason run_queue
                  schedulers source took_us top waiting)a

      assert keys(snapshot.processes) ==
               ~w(count created_per_s exiting gc limit runnable running suspended top waiting)a

      assert keys(snapshot.mailboxes) == ~w(exact histogram max top total)a
      assert keys(snapshot.binaries) == ~w(distinct examined held leaks sharing top total unaccounted)a
      assert keys(snapshot.waiting) == ~w(callees examined groups others)a

      assert keys(snapshot.waiting.callees) == ~w(asked in_calls others top unknown)a

      assert keys(snapshot.quality) ==
               ~w(details_missing embryos gone groups_missed implausible longest_hold_us lower_bounds missing
                  process_table_nearly_full unanswered)a

      assert snapshot.quality.missing == []

      for row <- snapshot.schedulers,
          do: assert(keys(row) == ~w(busy_wait cpu id run_queue type utilization waiting_for_cpu)a)

      assert abs(snapshot.at - System.os_time(:microsecond)) < 10_000_000
      assert is_binary(snapshot.reason) == (snapshot.source == :bif)
    end)
  end

  test "says why it was not the NIF" do
    assert %{source: :bif, reason: "option source is bif"} = snapshot(%{source: :bif})
  end

  test "figures agree with the BIFs" do
    spinner = spawn(fn -> Stream.repeatedly(fn -> :ok end) |> Stream.run() end)
    snapshot = snapshot()
    Process.exit(spinner, :kill)
    assert abs(snapshot.processes.count - :erlang.system_info(:process_count)) < 20
    assert snapshot.processes.limit == :erlang.system_info(:process_limit)
    states = Map.take(snapshot.processes, ~w(running runnable waiting gc suspended exiting)a)
    assert abs(Enum.sum(Map.values(states)) - snapshot.processes.count) < 20
    assert snapshot.processes.running + snapshot.processes.runnable >= 1
    by_type = Enum.frequencies_by(snapshot.schedulers, & &1.type)
    assert by_type.normal == :erlang.system_info(:schedulers)
    assert by_type.dirty_cpu == :erlang.system_info(:dirty_cpu_schedulers)
    assert by_type.dirty_io == :erlang.system_info(:dirty_io_schedulers)
    assert keys(Map.delete(snapshot.memory, :top)) == keys(Map.new(:erlang.memory()))
  end

  test "the longest mailbox is named" do
    pid = holder(fn -> Process.register(self(), :cprof_test_mailbox) end)
    for n <- 1..4321, do: send(pid, n)
    %{mailboxes: mailboxes} = snapshot(%{top: 1})
    assert [%{pid: ^pid, name: :cprof_test_mailbox, length: 4321} = row] = mailboxes.top
    assert {_, _, _} = row.current_function
    assert mailboxes.max == 4321 and mailboxes.total >= 4321
  end

  test "initial_call is that of the program, not of proc_lib" do
    {:ok, agent} = Agent.start(fn -> :ok end)
    :sys.suspend(agent)
    for n <- 1..3000, do: send(agent, n)
    assert %{initial_call: {__MODULE__, _, 0}} = hd(snapshot().mailboxes.top)
    Process.exit(agent, :kill)
  end

  test "a process that does not answer is counted, and the others are there" do
    both(fn source ->
      asleep = holder(fn -> :ok end)
      for n <- 1..5000, do: send(asleep, n)
      :erlang.suspend_process(asleep)
      snapshot = :cprof_nif.snapshot(source: source)
      assert snapshot.processes.suspended >= 1
      assert snapshot.quality.details_missing + snapshot.quality.unanswered >= 1 or answers?(snapshot, asleep)
      :erlang.resume_process(asleep)
    end)
  end

  defp answers?(snapshot, pid),
    do: Enum.any?(snapshot.mailboxes.top, &(&1.pid == pid and &1.current_function != :undefined))

  test "the histogram counts the mailboxes by powers of two" do
    both(fn source ->
      before = Map.new(snapshot(%{source: source}).mailboxes.histogram)

      for {length, _} <- [{700, 1}, {1023, 2}, {1024, 3}] do
        pid = holder(fn -> :ok end)
        for n <- 1..length, do: send(pid, n)
      end

      now = Map.new(snapshot(%{source: source}).mailboxes.histogram)
      assert Map.get(now, 512, 0) - Map.get(before, 512, 0) == 2
      assert Map.get(now, 1024, 0) - Map.get(before, 1024, 0) == 1
    end)
  end

  test "growth per second is since the caller's previous snapshot" do
    both(fn source ->
      pid = holder(fn -> :ok end)
      for n <- 1..20_000, do: send(pid, n)
      assert %{growth_per_s: growth} = hd(snapshot(%{source: source}).mailboxes.top)
      assert growth == :undefined or is_float(growth)
      for n <- 1..1000, do: send(pid, n)
      Process.sleep(200)
      %{mailboxes: mailboxes, elapsed_us: us} = snapshot(%{source: source})
      assert %{pid: ^pid, length: 21_000, growth_per_s: growth} = hd(mailboxes.top)
      assert_in_delta growth, 1000 * 1.0e6 / us, 0.01
      Process.exit(pid, :kill)
    end)
  end

  test "the busiest process is named, with its reductions per second" do
    both(fn source ->
      spinner = spawn(fn -> Stream.repeatedly(fn -> :ok end) |> Stream.run() end)
      snapshot(%{source: source})
      {:reductions, before} = Process.info(spinner, :reductions)
      Process.sleep(200)
      {:reductions, now} = Process.info(spinner, :reductions)
      assert [%{pid: ^spinner, reductions_per_s: rate} | _] = snapshot(%{source: source}).processes.top
      assert rate > 0.1 * (now - before)
      Process.exit(spinner, :kill)
    end)
  end

  test "what everyone is waiting for: the place, with counts" do
    both(fn source ->
      pids = for _ <- 1..200, do: spawn(&wait_here/0)

      parked = fn ->
        Enum.all?(pids, &(Process.info(&1, :current_function) == {:current_function, {__MODULE__, :wait_here, 0}}))
      end

      wait_until(parked)
      groups = &for(%{function: {__MODULE__, :wait_here, 0}} = group <- &1.waiting.groups, do: group)
      # A process that has just answered a question may not be waiting again yet.
      taken = fn -> %{source: source, wait_ms: 500} |> snapshot() |> tap(&Process.put(:taken, &1)) |> groups.() end
      wait_until(fn -> match?([%{count: 200}], taken.()) end)
      %{waiting: waiting} = taken = Process.get(:taken)
      [group] = groups.(taken)
      assert group.agree == group.asked and group.asked >= 1
      [{_, _, _, where} | _] = Process.info(hd(pids), :current_stacktrace) |> elem(1)
      assert group.file =~ "snapshot_test.exs" and group.line == where[:line]
      assert hd(group.stack) =~ "Cprof.SnapshotTest.wait_here/0 ("
      assert group.pids -- pids == []
      assert waiting.examined == waiting.others + Enum.sum(Enum.map(waiting.groups, & &1.count))
      for pid <- pids, do: Process.exit(pid, :kill)
    end)
  end

  def wait_here do
    receive do
      :go_on -> :ok
    end
  end

  defp wait_until(fun) do
    if not fun.() do
      Process.sleep(10)
      wait_until(fun)
    end
  end

  test "the process that holds binaries is named, also by ratio, each binary once" do
    both(fn source ->
      pid = holder(fn -> for n <- 1..50, do: :binary.copy(<<n>>, 1_000_000) end)
      %{binaries: binaries} = snapshot(%{source: source})
      assert [%{pid: ^pid, bytes: bytes} = row | _] = binaries.top
      assert bytes in 50_000_000..52_000_000
      assert row.distinct_bytes == 50_000_000
      assert binaries.distinct >= 50_000_000
      assert [%{pid: ^pid, ratio: ratio} | _] = binaries.leaks
      assert_in_delta ratio, row.bytes / row.heap_bytes, 1.0e-6
      assert binaries.total >= 50_000_000 and binaries.held >= bytes
      assert binaries.examined > 10
      assert_in_delta binaries.sharing, binaries.held / binaries.total, 1.0e-6
      Process.exit(pid, :kill)
    end)
  end

  test "a binary that many hold is counted in each, and once in distinct" do
    both(fn source ->
      shared = :binary.copy(<<1>>, 4_000_000)
      pids = for _ <- 1..8, do: holder(fn -> shared end)
      %{binaries: binaries} = snapshot(%{source: source, top: 8})
      assert Enum.count(binaries.top, &(&1.pid in pids and &1.distinct_bytes == 4_000_000)) >= 7
      assert binaries.held >= 32_000_000 and binaries.sharing > 1.5
      assert binaries.distinct < 3 * 4_000_000
      for pid <- pids, do: Process.exit(pid, :kill)
      assert byte_size(shared) == 4_000_000
    end)
  end

  test "how long a hoard has stood still" do
    both(fn source ->
      pid = holder(fn -> :binary.copy(<<7>>, 30_000_000) end)
      snapshot(%{source: source})
      Process.sleep(150)
      snapshot(%{source: source})
      Process.sleep(150)
      assert [%{pid: ^pid, still_ms: still} | _] = snapshot(%{source: source}).binaries.top
      assert is_float(still) and still >= 150
      Process.exit(pid, :kill)
    end)
  end

  test "allocators: what is in use is part of what they got" do
    rows = snapshot().allocators
    assert Enum.any?(rows, &(&1.name == :eheap_alloc))

    for row <- rows do
      assert row.blocks <= row.carriers
      assert row.utilization == if(row.carriers == 0, do: :undefined, else: row.blocks / row.carriers)
    end

    used = rows |> Enum.map(& &1.blocks) |> Enum.sum()
    assert used in div(:erlang.memory(:total), 2)..(2 * :erlang.memory(:total))
  end

  test "the caller keeps its messages, and gets none" do
    send(self(), :mine)
    snapshot()
    assert Process.info(self(), :messages) == {:messages, [:mine]}
  end

  test "utilization is that since the caller's previous snapshot" do
    Task.async(fn ->
      first = snapshot()
      assert Enum.all?(first.schedulers, &(&1.utilization == nil or &1.utilization == :undefined))
      # One process keeps one scheduler busy, except while it moves to another; on a busy machine, not at every try.
      wait_until(fn ->
        Process.sleep(300)
        quiet = normal_utilization(snapshot(%{wait_ms: 5000}))
        spinner = spawn(fn -> Stream.repeatedly(fn -> :ok end) |> Stream.run() end)
        Process.sleep(300)
        busy = normal_utilization(snapshot(%{wait_ms: 5000}))
        Process.exit(spinner, :kill)
        assert busy <= :erlang.system_info(:schedulers)
        busy > quiet + 0.5
      end)
    end)
    |> Task.await(60_000)
  end

  test "the wall time flag ends with the process that took snapshots" do
    Task.await(Task.async(fn -> snapshot() end), 60_000)
    wait_until(fn -> :erlang.statistics(:scheduler_wall_time) == :undefined end)
  end

  test "a wrong option is an ArgumentError that says what is allowed" do
    wrong = "option top must be a whole number of rows, 1 to 1000, not 0"
    assert_raise ArgumentError, wrong, fn -> Cprof.Snapshot.take(top: 0) end
    assert_raise ArgumentError, wrong, fn -> Cprof.Snapshot.watch(%{top: 0}) end
    assert_raise ArgumentError, wrong, fn -> Cprof.snapshot(top: 0) end
    assert_raise ArgumentError, ~r/in Elixir, \[top: 10\], not 5$/, fn -> Cprof.Snapshot.take(5) end
    assert_raise ArgumentError, ~r/in Elixir, \[snapshots: 3\], not 5$/, fn -> Cprof.Snapshot.watch(5) end
    assert_raise ArgumentError, ~r/in Elixir, \[top: 10\], not \[top\]$/, fn -> Cprof.snapshot([:top]) end
  end

  defp normal_utilization(snapshot) do
    for(%{type: :normal} = row <- snapshot.schedulers, do: row.utilization) |> Enum.sum()
  end
end
