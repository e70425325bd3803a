defmodule Cprof.AllocatedTest do
  # Nothing else may allocate, or end, meanwhile.
  use ExUnit.Case, async: false

  doctest Cprof.Allocated

  alias Cprof.Allocated

  # A process that waits, and holds a list of that many cells (16 bytes each).
  defp holder(cells) do
    me = self()

    pid =
      spawn(fn ->
        list = :lists.seq(1, cells)
        send(me, {:holds, self()})

        receive do
          :stop -> length(list)
        end
      end)

    assert_receive {:holds, ^pid}, 10_000
    pid
  end

  defp stop(pids) do
    for pid <- pids do
      monitor = Process.monitor(pid)
      send(pid, :stop)
      assert_receive {:DOWN, ^monitor, :process, ^pid, _}, 10_000
    end
  end

  defp work, do: for(_ <- 1..50, do: Enum.sum(:lists.seq(1, 100_000)))

  defp assert_work(allocated), do: assert_in_delta(allocated, 80.0e6, 16.0e6)

  test "what other processes hold does not count if there are too many to ask all of them" do
    holders = for _ <- 1..4, do: holder(2_000_000)
    before = Allocated.read()
    work()
    many = for _ <- 1..10_000, do: holder(0)
    later = Allocated.read()
    assert_work(Allocated.between(before, later))
    work()
    stop(many)
    assert_work(Allocated.between(later, Allocated.read()))
    stop(holders)
  end

  test "what a process held before does not count if it ends" do
    holders = for _ <- 1..4, do: holder(2_000_000)
    before = Allocated.read()
    work()
    stop(holders)
    assert_work(Allocated.between(before, Allocated.read()))
  end

  test "what a process holds that was started meanwhile counts" do
    before = Allocated.read()
    holder = holder(5_000_000)
    assert_work(Allocated.between(before, Allocated.read()))
    stop([holder])
  end

  test "what the readings allocate themselves does not count" do
    Allocated.between(Allocated.read(), Allocated.read())
    between = for _ <- 1..5, do: Allocated.between(Allocated.read(), Allocated.read())
    assert Enum.min(between) < 10_000
  end
end
