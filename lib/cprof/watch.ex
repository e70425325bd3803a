defmodule Cprof.Watch do
  @moduledoc """
  Watches this node all the time, and keeps a recording of what led to a condition.

      children = [
        {Cprof.Watch,
         name: MyApp.Watch,
         folder: "/var/log/my_app",
         conditions: ["mailbox > 10000", "utilization > 90% for 5s", "memory > 2G"],
         spans: [{[:my_app, :repo, :query], over: 500}, {[:phoenix, :endpoint, :stop], p99: 200}],
         system: [long_schedule: 200, long_gc: 500]}
      ]

  A process of cprof under your supervisor starts the program `cprof`. It samples the node from outside at a low rate and
  keeps the last minutes, as `cprof watch` does in a shell. When a condition holds, it writes a recording with the minute
  before, some seconds after, and a snapshot of the node beside it. `docs/watch.md` describes the figures, the files, and
  how old files make room for new ones.

  Some triggers are known only inside the node:

    * the condition `allocation > 500M/s`: how many bytes collections have freed on heaps per second
    * `:spans` - telemetry events whose `duration` exceeds a limit in milliseconds: that of a single one (`:over`), or
      the p99 of the last ten seconds (`:p99`). Needs the library `:telemetry`. `:measurement` names another
      measurement, such as `:total_time` of `[:my_app, :repo, :query]`. The handler only compares and counts, in the
      process that executes the event; it sends a message only when it triggers
    * `:system` - events of the VM's system monitor: `long_gc: ms`, `long_schedule: ms`, `large_heap: words`,
      `:busy_port`, `:busy_dist_port`. Since OTP 28 the watch has a trace session of its own for them; before, a node has
      only one system monitor, which the watch takes only if nobody has it

  When the program ends, so does the process, and the supervisor starts both again. If the node cannot be watched at all,
  for instance because the kernel does not allow it, this is logged, and the process tries again every minute.

  ## Events

  With the library `:telemetry`:

    * `[:cprof, :watch, :fired]` - a recording is being made. Measurements: `system_time`, as of all of these, and of
      conditions `value` and `above` (the limit), and of `utilization` also `waited_for_cpu` (percent of the time).
      Metadata: `figure`, `cause`, `recording` (how the names of its files begin), `process` (of a mailbox),
      and `at_least` (`true` if not all processes were read, so `value` may be higher)
    * `[:cprof, :watch, :recorded]` - it is written. Measurements: `samples`, `before_s`, `after_s`. Metadata:
      `recording`, `files`, and `why`, if the snapshot is missing
    * `[:cprof, :watch, :held_back]` - there were too many recordings already (`:at_most`). Measurements and metadata as
      those of `:fired`, with `why` instead of `recording`
    * `[:cprof, :watch, :failed]` - it could not be written. Metadata: `recording`, `why`, and `files`, if some were
      written
  """

  alias Cprof.{Error, Options}

  @type watch :: pid() | atom()

  @type option ::
          {:name, atom()}
          | {:conditions, String.t() | [String.t()]}
          | {:spans, [{[atom(), ...], keyword()}]}
          | {:system, [atom() | {atom(), pos_integer()}]}
          | {:folder, Path.t()}
          | {:prefix, String.t()}
          | {:before, number()}
          | {:after, number()}
          | {:at_most, String.t()}
          | {:keep, String.t()}
          | {:also, String.t() | atom()}
          | {:rate, pos_integer()}
          | {:engine, String.t() | atom()}

  @type stats :: %{
          state: :starting | :watching | :failed,
          os_pid: pos_integer() | nil,
          engine: String.t() | nil,
          fired: non_neg_integer(),
          held_back: non_neg_integer(),
          recorded: non_neg_integer(),
          failed: non_neg_integer(),
          lost: non_neg_integer(),
          last_cause: String.t() | nil,
          last_files: [String.t()],
          last_failure: {atom(), String.t()} | nil
        }

  @doc """
  For a supervisor: the specification of the process of `start_link/1`, which checks the options.

      iex> Cprof.Watch.child_spec(conditions: "mailbox > 10000").id
      Cprof.Watch
  """
  @spec child_spec([option()]) :: Supervisor.child_spec()
  def child_spec(opts \\ []) do
    %{
      id: Options.call!(opts, &:cprof_proplist.name(&1, __MODULE__)),
      start: {__MODULE__, :start_link, [opts]},
      shutdown: 10_000
    }
  end

  @doc """
  Starts to watch this node, until the process ends.

  ## Options

    * `:name` - under which to register the process
    * `:conditions` - such as `"mailbox > 10000"`; see `cprof watch --help` and `docs/watch.md`
    * `:spans`, `:system` - see above
    * `:folder` - where the files go (the node's current folder)
    * `:prefix` - how their names begin (`"watch"`)
    * `:keep` - the space for all files of that name in the folder (`"500M"`): the oldest make room
    * `:before`, `:after` - seconds of a recording before it was triggered (60, at most 600) and after (10, at most 300)
    * `:at_most` - how many recordings within a time (`"6/h"`)
    * `:also` - another format of each recording, such as `:html`
    * `:rate` - samples per second of CPU time (19)
    * `:engine` - how samples are taken (`:auto`)

  Errors have the code `:invalid_option`, `:no_telemetry` (for `:spans`), `:system_monitor_taken` (for `:system`, before
  OTP 28), `:no_program` or `:system_limit` (all ports of the node are taken). If the program starts and then cannot
  watch the node, the process stays, and tries again every minute.
  """
  @spec start_link([option()]) :: {:ok, pid()} | {:error, Error.t() | {:already_started, pid()}}
  def start_link(opts \\ []) do
    case :cprof_flight.start_link(Options.to_map(opts)) do
      {:error, {:already_started, pid}} when is_pid(pid) -> {:error, {:already_started, pid}}
      other -> result(other)
    end
  end

  @doc """
  Ends the watch. What is being recorded is written.
  """
  @spec stop(watch()) :: :ok
  def stop(watch), do: :cprof_flight.stop(watch)

  @doc """
  What the watch does, and what it has done since it began. `lost` counts triggers of `:spans` and `:system` that the
  program did not take, because it did not run or was stopped. Errors have the code `:not_started` or `:timeout` (the
  watch did not answer within 5 s).
  """
  @spec stats(watch()) :: {:ok, stats()} | {:error, Error.t()}
  def stats(watch) do
    with {:ok, stats} <- result(:cprof_flight.stats(watch)) do
      {:ok, Map.new(stats, fn {key, value} -> {key, if(value == :undefined, do: nil, else: value)} end)}
    end
  end

  @doc """
  Asks for a recording now. The text says why; the watch reports it. `:at_most` limits these recordings, too. Errors are
  those of `stats/1`, `:not_watched` if the program does not read, and its `last_failure` if it does not run.
  """
  @spec trigger(watch(), String.t()) :: :ok | {:error, Error.t()}
  def trigger(watch, text \\ "asked for"), do: result(:cprof_flight.trigger(watch, text))

  defp result({:error, failure}), do: {:error, Error.new(failure)}
  defp result(other), do: other
end
