defmodule Cprof.Allocated do
  @moduledoc false
  # How many bytes the processes of this node have allocated on their heaps between two readings, as the VM counts it:
  # what collections of garbage have freed, and by how much what heaps hold has changed. What a process held when it
  # ended is not known; it counts as if it had not changed.

  @word :erlang.system_info(:wordsize)
  @ask_ms 500
  # Of more processes, only the calling one is asked: all would take too long.
  @most_processes 10_000

  @typedoc "One reading, packed: it does not fill the heap of the process that is measured."
  @opaque reading :: binary()

  @doc """
  Reads what was freed and what is held. Another process reads, because a process that runs cannot see how full its own
  heap is.

      iex> before = Cprof.Allocated.read()
      iex> list = :lists.seq(1, 1_000_000)
      iex> allocated = Cprof.Allocated.between(before, Cprof.Allocated.read())
      iex> {length(list), allocated > 15_000_000 and allocated < 32_000_000}
      {1_000_000, true}
  """
  @spec read() :: reading()
  def read do
    caller = self()
    read = fn -> read(caller) end
    :cprof_aside.run(:cprof_allocated, read, read)
  end

  @doc "Bytes that were allocated between two readings by the same process."
  @spec between(reading(), reading()) :: non_neg_integer()
  def between(before, later) do
    {before, later} = {:erlang.binary_to_term(before), :erlang.binary_to_term(later)}
    @word * max(later.freed - before.freed_at_end + change(before, later), 0)
  end

  # What was freed is read on both sides of the questions: what these allocate is none of the work between two readings.
  defp read(caller) do
    freed = freed()
    all = Process.list() -- [self()]
    all? = length(all) <= @most_processes
    asked = if all?, do: all, else: [caller]
    silent = Map.new(asked, &{&1, :silent})
    held = Map.merge(silent, :cprof_ask.each(asked, &held/1, @ask_ms))
    :erlang.term_to_binary(%{caller: caller, freed: freed, all?: all?, held: held, freed_at_end: freed()})
  end

  defp freed do
    {_, words, _} = :erlang.statistics(:garbage_collection)
    words
  end

  # Words of the young heap, the old heap, and messages that are not on a heap yet.
  defp held(pid) do
    case :erlang.process_info(pid, :garbage_collection_info) do
      {:garbage_collection_info, info} -> Enum.sum(for {key, words} <- info, key in heaps(), do: words)
      :undefined -> :undefined
    end
  end

  defp heaps, do: [:heap_size, :old_heap_size, :mbuf_size]

  # Both readings must be of the same processes: else all that the others hold would seem to be new, or gone.
  defp change(%{all?: true} = before, %{all?: true} = later),
    do: Enum.sum(for {pid, words} <- later.held, do: grown(Map.get(before.held, pid, 0), words))

  defp change(before, later), do: grown(before.held[before.caller], later.held[later.caller])

  # A process that is stuck in C code does not answer.
  defp grown(before, later) when before == :silent or later == :silent, do: 0
  defp grown(before, later), do: later - before
end
