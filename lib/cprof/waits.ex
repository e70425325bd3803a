defmodule Cprof.Waits do
  @moduledoc """
  Who is waited for in this node: for whose answer processes wait, how many do, from where, what that process does
  itself, and for whom it waits.

      Cprof.waits()                             # a sentence and a table

      {:ok, waits} = Cprof.Waits.take(ms: 5_000)
      waits.sentence                            # follows the waiting to its end, or to a deadlock
      for callee <- waits.top, do: {callee.name, callee.average}

  The program `priv/cprof` reads the processes from outside, again and again; no message is sent to any of them. The
  caller and the processes of cprof are left out. `Cprof.snapshot/1` names those that are waited for, too: at a moment,
  by an estimate.

  The result is a map, documented as `t:t/0` and in `docs/wall.md`. A figure that is not known is `:undefined`. To keep
  a whole recording of what processes wait for, or to write a flame graph of it, use `Cprof.record/2` with
  `event: :wall`. Erlang has the same functions in `cprof_nif`.
  """

  alias Cprof.{Error, Options}

  @type t :: :cprof_waits.waits()
  @type callee :: :cprof_waits.callee()
  @type option :: {:ms, pos_integer()} | {:top, pos_integer()} | {:rate, pos_integer()}

  @doc """
  Reads the processes of this node for a while; the caller waits. Only one recording runs at a time.

    * `:ms` - for how long, 100 to 3,600,000 (1000)
    * `:top` - how many processes are listed (10)
    * `:rate` - readings per second, 1 to 100 (at least 10, and 40 in all)

  For example:

      iex> {:ok, waits} = Cprof.Waits.take(ms: 200)
      iex> waits.readings > 0 and waits.processes > 10
      true
      iex> {:error, error} = Cprof.Waits.take(ms: 1)
      iex> Exception.message(error)
      "option ms must be a whole number of milliseconds, 100 to 3600000, not 1"
      iex> {:error, error} = Cprof.Waits.take(3000)
      iex> Exception.message(error) =~ "[ms: 1000], not 3000"
      true
  """
  @spec take([option()]) :: {:ok, t()} | {:error, Error.t()}
  def take(opts \\ []) do
    case opts |> Options.to_map() |> :cprof_waits.take() do
      {:ok, waits} -> {:ok, waits}
      {:error, failure} -> {:error, Error.new(failure)}
    end
  end

  @doc """
  Formats the result of `take/1` as text.

      iex> {:ok, waits} = Cprof.Waits.take(ms: 200)
      iex> Cprof.Waits.format(waits) =~ "processes were read"
      true
  """
  @spec format(t()) :: String.t()
  def format(waits), do: :cprof_nif.format(waits)

  @doc """
  The same map for any JSON encoder: keys and pids are texts, and figures that are not known are left out.

      iex> {:ok, waits} = Cprof.Waits.take(ms: 200)
      iex> %{"sentence" => sentence} = Cprof.Waits.to_map(waits)
      iex> is_binary(sentence)
      true
  """
  @spec to_map(t()) :: %{String.t() => term()}
  def to_map(waits), do: :cprof_nif.to_json_map(waits)
end
