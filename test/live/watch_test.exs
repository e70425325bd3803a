defmodule Live.WatchTest do
  @moduledoc "Leaks are planted among 100,000 working processes: these are named, and no others."
  use ExUnit.Case, async: false

  @processes 100_000
  @attempts 4

  setup do
    test = self()

    load =
      spawn(fn ->
        pids = for _ <- 1..@processes, do: spawn_link(&worker/0)
        send(test, :up)
        drive(List.to_tuple(pids))
      end)

    assert_receive :up, 60_000
    on_exit(fn -> Process.exit(load, :kill) end)
  end

  # Binaries come and go, mailboxes are read, and some processes live only for a short time.
  defp drive(pids) do
    for _ <- 1..100 do
      send(elem(pids, :rand.uniform(@processes) - 1), {:work, :binary.copy("x", :rand.uniform(5000))})
    end

    spawn(fn -> :ok end)
    Process.sleep(20)
    drive(pids)
  end

  defp worker do
    receive do
      {:work, binary} -> Process.put(:binary, binary)
    end

    worker()
  end

  test "watch names the leaks, and none in a healthy node" do
    assert named([], @attempts) == []
    mailbox = spawn(fn -> Process.sleep(:infinity) end)
    feeder = spawn(fn -> feed(mailbox) end)
    hoarder = spawn(&hoard/0)
    churner = spawn(&churn/0)
    heap = spawn(fn -> growing_heap(Enum.to_list(1..400_000)) end)
    table = spawn(fn -> growing_table(:ets.new(:watch_test, []), 1) end)

    wanted = [
      growing_mailbox: mailbox,
      binary_hoarder: hoarder,
      growing_heap: heap,
      growing_table: table,
      churning: churner
    ]

    assert named(wanted, @attempts) == wanted
    for pid <- [feeder, mailbox, hoarder, churner, heap, table], do: Process.exit(pid, :kill)
  end

  # On a busy machine a feeder may not have run during an interval.
  defp named(wanted, attempts) do
    found = kinds(Cprof.Snapshot.watch())
    if found == wanted or attempts == 1, do: found, else: named(wanted, attempts - 1)
  end

  defp kinds(%{findings: findings}), do: for(%{kind: kind, pid: pid} <- findings, do: {kind, pid})

  defp feed(pid) do
    send(pid, :more)
    Process.sleep(100)
    feed(pid)
  end

  # Keeps small parts of binaries, whose rest nobody needs.
  defp hoard do
    parts = for n <- 1..50, do: binary_part(:binary.copy(<<n>>, 1_000_000), 10, 100)
    :erlang.garbage_collect()
    Process.sleep(:infinity)
    parts
  end

  # Keeps some more each time, and makes garbage, so that it is collected often.
  defp growing_heap(kept) do
    Enum.sum(Enum.to_list(1..20_000))
    Process.sleep(5)
    growing_heap(Enum.reduce(1..2000, kept, &[&1 | &2]))
  end

  defp growing_table(table, next) do
    for n <- next..(next + 100), do: :ets.insert(table, {n, Enum.to_list(1..20)})
    Process.sleep(50)
    growing_table(table, next + 101)
  end

  defp churn do
    # These live for a millisecond. Much shorter lives would be seen only by chance.
    for _ <- 1..5, do: spawn(fn -> Process.sleep(1) end)
    Process.sleep(4)
    churn()
  end
end
