defmodule Cprof.Memory do
  @moduledoc """
  Why is this node big? Where its memory is, who has most of it, and what grows.

      Cprof.memory()                            # a sentence and tables
      Cprof.memory(ms: 5_000)                   # also what grew in 5 seconds

      memory = Cprof.Memory.take()
      memory.sentence                           # "2.10 GB in RAM: 71 % ETS tables (sessions has 1.40 GB), ..."
      for part <- memory.parts, do: {part.part, part.bytes}

  The parts add up to what is in RAM: heaps and their unused room, messages, binaries, ETS tables, atoms, code, persistent
  terms, what the allocators keep unused, and the rest, which is not explained. Lists name the processes with the largest
  heaps and with the most unused room, the holders of binaries, the ETS tables, and the processes by initial call. No
  garbage collection is forced, and nothing is traced.

  The result is a map, documented as `t:t/0` and in `docs/memory.md`. All sizes are bytes. A figure that is not known is
  `:undefined`. Erlang has the same functions in `cprof_nif`.
  """

  alias Cprof.Options

  @type t :: :cprof_memory.memory()
  @type option ::
          {:ms, non_neg_integer()}
          | {:top, pos_integer()}
          | {:source, :auto | :bif}
          | {:wait_ms, non_neg_integer()}

  @doc """
  Reads where the memory of this node is.

    * `:ms` - the time until a second reading, which shows what grew, in milliseconds (0: reads once; at most a day)
    * `:top` - rows of each list (10, at most 200)
    * `:source` - `:bif` to use only BIFs
    * `:wait_ms` - the least time to wait for missing answers (0: cprof gives up on stuck processes within milliseconds)

  Raises `ArgumentError` if an option is wrong.

  For example:

      iex> memory = Cprof.Memory.take(top: 3, wait_ms: 5000)
      iex> Enum.sum(Enum.map(memory.parts, & &1.bytes)) == memory.resident.rss
      true
      iex> length(memory.ets.top)
      3
      iex> Cprof.Memory.take(top: 0)
      ** (ArgumentError) option top must be a whole number of rows, 1 to 200, not 0
  """
  @spec take([option()]) :: t()
  def take(opts \\ []), do: Options.call!(opts, &:cprof_memory.take/1)

  @doc """
  Formats the result of `take/1` as text.

      iex> Cprof.Memory.format(Cprof.Memory.take(wait_ms: 5000)) =~ "Where the memory is:"
      true
  """
  @spec format(t()) :: String.t()
  def format(memory), do: :cprof_nif.format(memory)

  @doc """
  The same map for any JSON encoder: keys, pids and functions are texts, and figures that are not known are left out.

      iex> %{"sentence" => sentence} = Cprof.Memory.to_map(Cprof.Memory.take(wait_ms: 5000))
      iex> sentence =~ " in RAM"
      true
  """
  @spec to_map(t()) :: %{String.t() => term()}
  def to_map(memory), do: :cprof_nif.to_json_map(memory)
end
