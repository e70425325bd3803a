defmodule Cprof.MemoryTest do
  use ExUnit.Case, async: false
  import ExUnit.CaptureIO

  doctest Cprof.Memory

  @patient [wait_ms: 20_000]

  defp keys(map), do: map |> Map.keys() |> Enum.sort()

  test "has the documented shape, with the NIF and with BIFs" do
    for source <- [:auto, :bif] do
      memory = Cprof.Memory.take([source: source] ++ @patient)

      assert keys(memory) ==
               ~w(allocators at atoms binaries elapsed_us ets heaps parts persistent_terms processes quality reason
                  resident rows sentence source took_us)a

      assert keys(memory.heaps) == ~w(examined fill fragments live stacks unused unused_top used)a
      assert keys(memory.processes) == ~w(count groups messages off_heap_messages other_groups top)a
      assert keys(memory.binaries) == ~w(held old pinned sharing top total unaccounted)a
      assert keys(memory.ets) == ~w(count examined examined_bytes growing top total)a
      assert keys(memory.atoms) == ~w(bytes count limit used_bytes)a
      assert keys(memory.persistent_terms) == ~w(bytes count)a

      assert keys(memory.quality) ==
               ~w(details_missing longest_hold_us missing process_table_nearly_full reasons unanswered unread)a

      for part <- memory.parts, do: assert(keys(part) == ~w(bytes grew part share)a)

      for row <- memory.processes.top,
          do: assert(keys(row) == ~w(all bytes current_function grew initial_call name own pid)a)

      for group <- memory.processes.groups,
          do: assert(keys(group) == ~w(bytes error_bytes initial_call processes sampled)a)

      for row <- memory.ets.top,
          do:
            assert(
              keys(row) == ~w(bytes grew name named objects owner owner_initial_call owner_name protection table type)a
            )

      for row <- memory.allocators, do: assert(keys(row) == ~w(blocks carriers grew name unused utilization)a)
      assert is_binary(memory.reason) == (memory.source == :bif)
      assert memory.quality.missing == []
    end
  end

  test "says why the node is big" do
    {:ok, agent} =
      Agent.start(fn -> :ets.new(:cprof_memory_sessions, [:named_table, :public]) end, name: CprofMemoryOwner)

    before = Cprof.Memory.take(@patient)
    # More than anything else on the node.
    bytes = Enum.max([64_000_000 | Enum.map(before.parts, & &1.bytes)])
    fill = fn n -> :ets.insert(:cprof_memory_sessions, {n, :lists.duplicate(1000, n)}) end
    for n <- 1..div(bytes, 8_000), do: fill.(n)
    memory = Cprof.Memory.take(@patient)

    assert memory.sentence =~
             ~r/^[\d.]+ [MG]B(, of which [\d.]+ [MG]B)? in RAM: \d+ % ETS tables \(cprof_memory_sessions has [\d.]+ [MG]B\)/

    assert [%{part: :ets, bytes: total, share: share} | _] = memory.parts
    assert total >= bytes and share > 0.3
    assert [%{table: :cprof_memory_sessions, owner: ^agent, owner_name: CprofMemoryOwner} = row | _] = memory.ets.top
    assert row.bytes == 8 * :ets.info(:cprof_memory_sessions, :memory)
    text = capture_io(fn -> assert Cprof.memory(ms: 50) == :ok end)
    assert text =~ ~r/^[\d.]+ [MG]B(, of which [\d.]+ [MG]B)? in RAM: /
    assert text =~ ~r/cprof_memory_sessions +set public +CprofMemoryOwner$/m
    Process.exit(agent, :kill)
  end

  test "a wrong option is an ArgumentError that says what is allowed" do
    wrong = "option ms must be a whole number of milliseconds, 0 to 86400000, not -1"
    assert_raise ArgumentError, wrong, fn -> Cprof.Memory.take(ms: -1) end
    assert_raise ArgumentError, wrong, fn -> Cprof.memory(ms: -1) end
    assert_raise ArgumentError, ~r/in Elixir, \[ms: 0\], not 5000$/, fn -> Cprof.memory(5000) end
  end
end
