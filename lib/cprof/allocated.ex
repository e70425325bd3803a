defmodule Cprof.Allocated do
  @moduledoc false
  # How many bytes the processes of this node have allocated on their heaps, as the VM counts it: what collections of
  # garbage have freed so far, and what heaps hold now. The difference of two readings is what was allocated in between,
  # but for what a process still held when it ended.

  @word :erlang.system_info(:wordsize)
  @ask_ms 500
  # More processes would take too long. The calling one always counts.
  @most_processes 10_000

  @doc """
  Bytes so far. Another process reads, because a process that runs cannot see how full its own heap is.

      iex> before = Cprof.Allocated.bytes()
      iex> list = :lists.seq(1, 1_000_000)
      iex> allocated = Cprof.Allocated.bytes() - before
      iex> {length(list), allocated > 15_000_000 and allocated < 32_000_000}
      {1_000_000, true}
  """
  @spec bytes() :: non_neg_integer()
  def bytes do
    caller = self()
    read = fn -> read(caller) end
    :cprof_aside.run(:cprof_allocated, read, read)
  end

  defp read(caller) do
    {_, freed, _} = :erlang.statistics(:garbage_collection)
    held = :cprof_ask.each(processes(caller) -- [self()], &held/1, @ask_ms)
    @word * (freed + Enum.sum(Map.values(held)))
  end

  defp processes(caller) do
    case Process.list() do
      all when length(all) <= @most_processes -> all
      _ -> [caller]
    end
  end

  # Words of the young heap, the old heap, and messages that are not on a heap yet.
  defp held(pid) do
    case :erlang.process_info(pid, :garbage_collection_info) do
      {:garbage_collection_info, info} -> Enum.sum(for {key, words} <- info, key in heaps(), do: words)
      :undefined -> :undefined
    end
  end

  defp heaps, do: [:heap_size, :old_heap_size, :mbuf_size]
end
