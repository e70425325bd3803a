defmodule Cprof.Snapshot do
  @moduledoc """
  The figures of the node at one moment, even with a million processes: schedulers, processes, mailboxes, binaries,
  memory, and where processes wait.

      Cprof.snapshot()                          # prints tables

      before = Cprof.Snapshot.take()
      now = Cprof.Snapshot.take()
      IO.write(Cprof.Snapshot.format(Cprof.Snapshot.diff(before, now)))   # who grew

      IO.write(Cprof.Snapshot.format(Cprof.Snapshot.watch()))             # who leaks

  A snapshot is a map, documented as `t:t/0` and in `docs/snapshot.md`. A figure that is not known is `:undefined`.
  Erlang has the same functions in `cprof_nif`.
  """

  alias Cprof.Options

  @type t :: :cprof_snapshot.snapshot()
  @type diff :: :cprof_snapshot_diff.diff()
  @type watched :: :cprof_watch.result()

  @type option :: {:top, pos_integer()} | {:source, :auto | :bif} | {:wait_ms, non_neg_integer()}

  @type watch_option ::
          {:snapshots, pos_integer()}
          | {:interval_ms, pos_integer()}
          | {:top, pos_integer()}
          | {:source, :auto | :bif}

  @doc """
  Takes a snapshot. Rates and utilization are those since the previous snapshot of the calling process.

    * `:top` - rows of each list (10, at most 1000)
    * `:source` - `:bif` to use only BIFs
    * `:wait_ms` - the least time to wait for missing answers (0: cprof gives up on stuck processes within milliseconds)

  Raises `ArgumentError` if an option is wrong.

  For example:

      iex> snapshot = Cprof.Snapshot.take(top: 3)
      iex> snapshot.processes.count > 10 and length(snapshot.memory.top) <= 3
      true
      iex> Cprof.Snapshot.take(speed: 1)
      ** (ArgumentError) unknown option speed; the options are top, source, wait_ms
  """
  @spec take([option()]) :: t()
  def take(opts \\ []), do: Options.call!(opts, &:cprof_snapshot.take/1)

  @doc """
  Formats a snapshot, a diff or the result of `watch/1` as text.

      iex> Cprof.Snapshot.format(Cprof.Snapshot.take()) =~ "Mailboxes:"
      true
  """
  @spec format(t() | diff() | watched()) :: String.t()
  def format(map), do: :cprof_nif.format(map)

  @doc """
  Compares two snapshots: which processes grew (mailboxes, binaries, memory), and how schedulers and totals changed.

      iex> before = Cprof.Snapshot.take()
      iex> pid = spawn(fn -> Process.sleep(:infinity) end)
      iex> for n <- 1..30_000, do: send(pid, n)
      iex> [row | _] = Cprof.Snapshot.diff(before, Cprof.Snapshot.take()).mailboxes.grew
      iex> Process.exit(pid, :kill)
      iex> {row.pid == pid, row.now}
      {true, 30_000}
  """
  @spec diff(t(), t()) :: diff()
  def diff(before, now), do: :cprof_snapshot_diff.diff(before, now)

  @doc """
  Finds leaks. Takes a baseline and then `:snapshots` (3) more, one every `:interval_ms` (1000), with readings between
  them. Names mailboxes, heaps, ETS tables and hoards of binaries that grew in every interval, large hoards of idle
  processes, and the process that starts most of the short-lived processes. It neither forces garbage collections nor
  traces. The caller waits for the result, for at most 31 days. Raises `ArgumentError` if an option is wrong.

      iex> result = Cprof.Snapshot.watch(snapshots: 2, interval_ms: 100)
      iex> {result.snapshots, is_list(result.findings)}
      {2, true}
  """
  @spec watch([watch_option()]) :: watched()
  def watch(opts \\ []), do: Options.call!(opts, &:cprof_watch.watch/1)

  @doc """
  The same map for any JSON encoder: keys, pids and functions are texts, and figures that are not known are left out.

      iex> %{"processes" => %{"count" => count}} = Cprof.Snapshot.to_map(Cprof.Snapshot.take())
      iex> is_integer(count)
      true
  """
  @spec to_map(t() | diff() | watched()) :: %{String.t() => term()}
  def to_map(map), do: :cprof_snapshot_json.to_map(map)
end
