defmodule Cprof.SnapshotTest do
  use ExUnit.Case, async: false

  defp holder(fun) do
    test = self()

    pid =
      spawn(fn ->
        held = fun.()
        send(test, :ready)
        receive(do: ({:"$end", _} -> held))
      end)

    on_exit(fn -> Process.exit(pid, :kill) end)
    assert_receive :ready, 5_000
    pid
  end

  test "has the documented shape" do
    snapshot = :cprof_nif.snapshot()

    assert Enum.sort(Map.keys(snapshot)) ==
             ~w(at binaries mailboxes memory processes reason run_queue schedulers source took_us)a

    assert snapshot.source == :bif and is_binary(snapshot.reason)

    assert Enum.sort(Map.keys(snapshot.processes)) ==
             ~w(count created_per_s exiting gc limit runnable running suspended waiting)a

    for row <- snapshot.schedulers, do: assert(Enum.sort(Map.keys(row)) == ~w(cpu id run_queue type utilization)a)
    assert abs(snapshot.at - System.os_time(:microsecond)) < 10_000_000
  end

  test "figures agree with the BIFs" do
    snapshot = :cprof_nif.snapshot()
    assert abs(snapshot.processes.count - :erlang.system_info(:process_count)) < 20
    assert snapshot.processes.limit == :erlang.system_info(:process_limit)
    states = Map.take(snapshot.processes, ~w(running runnable waiting gc suspended exiting)a)
    assert abs(Enum.sum(Map.values(states)) - snapshot.processes.count) < 20
    assert snapshot.processes.running >= 1
    by_type = Enum.frequencies_by(snapshot.schedulers, & &1.type)
    assert by_type.normal == :erlang.system_info(:schedulers)
    assert by_type.dirty_cpu == :erlang.system_info(:dirty_cpu_schedulers)
    assert by_type.dirty_io == :erlang.system_info(:dirty_io_schedulers)
    assert Map.keys(snapshot.memory) == Map.keys(Map.new(:erlang.memory()))
  end

  test "the longest mailbox is named" do
    pid = holder(fn -> Process.register(self(), :cprof_test_mailbox) end)
    for n <- 1..4321, do: send(pid, n)
    %{mailboxes: mailboxes} = :cprof_nif.snapshot(top: 1)
    assert [%{pid: ^pid, name: :cprof_test_mailbox, length: 4321} = row] = mailboxes.top
    assert {_, _, _} = row.current_function
    assert mailboxes.max == 4321 and mailboxes.total >= 4321
  end

  test "initial_call is that of the program, not of proc_lib" do
    {:ok, agent} = Agent.start(fn -> :ok end)
    :sys.suspend(agent)
    for n <- 1..3000, do: send(agent, n)
    assert %{initial_call: {__MODULE__, _, 0}} = hd(:cprof_nif.snapshot().mailboxes.top)
    Process.exit(agent, :kill)
  end

  test "a process that does not answer delays the snapshot only a little" do
    busy = holder(fn -> :ok end)
    for n <- 1..5000, do: send(busy, n)
    :erlang.suspend_process(busy)
    assert %{took_us: took} = snapshot = :cprof_nif.snapshot()
    assert took < 5_000_000
    assert snapshot.processes.suspended >= 1
    assert hd(snapshot.mailboxes.top).length == 5000
    :erlang.resume_process(busy)
  end

  test "the process that holds binaries is named" do
    pid = holder(fn -> for n <- 1..50, do: :binary.copy(<<n>>, 1_000_000) end)
    %{binaries: binaries} = :cprof_nif.snapshot()
    assert [%{pid: ^pid, bytes: bytes} | _] = binaries.top
    assert bytes in 50_000_000..52_000_000
    assert binaries.total >= 50_000_000 and binaries.held >= bytes
    assert binaries.examined > 10
  end

  test "utilization is that since the caller's previous snapshot" do
    Task.async(fn ->
      first = :cprof_nif.snapshot()
      assert Enum.all?(first.schedulers, &(&1.utilization == nil or &1.utilization == :undefined))
      Process.sleep(300)
      quiet = normal_utilization(:cprof_nif.snapshot())
      spinner = spawn(fn -> Stream.repeatedly(fn -> :ok end) |> Stream.run() end)
      Process.sleep(300)
      busy = normal_utilization(:cprof_nif.snapshot())
      Process.exit(spinner, :kill)
      # One process keeps one scheduler busy, less what it takes to move it.
      assert busy > quiet + 0.5
      assert busy <= :erlang.system_info(:schedulers)
    end)
    |> Task.await()
  end

  test "the wall time flag ends with the process that took snapshots" do
    Task.await(Task.async(fn -> :cprof_nif.snapshot() end))
    Process.sleep(100)
    assert :erlang.statistics(:scheduler_wall_time) == :undefined
  end

  test "a wrong top is refused" do
    assert_raise ArgumentError, fn -> :cprof_nif.snapshot(top: 0) end
  end

  defp normal_utilization(snapshot) do
    for(%{type: :normal} = row <- snapshot.schedulers, do: row.utilization) |> Enum.sum()
  end
end
