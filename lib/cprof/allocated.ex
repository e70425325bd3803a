defmodule Cprof.Allocated do
  @moduledoc false
  # How many bytes the processes of this node allocate on their heaps, as the VM counts it: what collections of garbage
  # have freed so far, and what heaps hold. The difference of two readings is what was allocated in between, but for what
  # a process still held when it ended.

  @word :erlang.system_info(:wordsize)
  @ask_ms 500
  # Of more processes, only the calling one is asked: all would take too long.
  @most_processes 10_000

  @typedoc "Bytes: freed so far, held by the calling process, and held by all processes, unless these are too many."
  @opaque reading :: %{freed: non_neg_integer(), own: non_neg_integer(), held: non_neg_integer() | nil}

  @doc """
  Reads it. Another process does that, because a process that runs cannot see how full its own heap is.
  """
  @spec read() :: reading()
  def read do
    caller = self()
    read = fn -> read(caller) end
    :cprof_aside.run(:cprof_allocated, read, read)
  end

  @doc """
  Bytes that were allocated between two readings of one process.

      iex> before = Cprof.Allocated.read()
      iex> list = :lists.seq(1, 1_000_000)
      iex> allocated = Cprof.Allocated.between(before, Cprof.Allocated.read())
      iex> {length(list), allocated > 15_000_000 and allocated < 32_000_000}
      {1_000_000, true}
  """
  @spec between(reading(), reading()) :: non_neg_integer()
  def between(%{freed: before} = first, %{freed: now} = last), do: max(now - before + grown(first, last), 0)

  # Sums over all processes and over one must not be compared.
  defp grown(%{held: before}, %{held: now}) when is_integer(before) and is_integer(now), do: now - before
  defp grown(%{own: before}, %{own: now}), do: now - before

  defp read(caller) do
    {_, freed, _} = :erlang.statistics(:garbage_collection)
    pids = Process.list()
    all? = length(pids) <= @most_processes
    words = :cprof_ask.each(if(all?, do: pids -- [self()], else: [caller]), &held/1, @ask_ms)
    held = if all?, do: @word * Enum.sum(Map.values(words))
    %{freed: @word * freed, own: @word * Map.get(words, caller, 0), held: held}
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
