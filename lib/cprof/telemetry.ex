defmodule Cprof.Telemetry do
  @moduledoc """
  The node's figures as telemetry events, and recordings that telemetry events trigger.

  The rest of cprof does not need the library `:telemetry`. Without it, the functions that need it return
  `{:error, %Cprof.Error{code: :no_telemetry}}`.

  ## Figures

  Either a process of cprof under your supervisor or the library `:telemetry_poller` takes a snapshot of the node in
  each period and executes its events:

      children = [{Cprof.Telemetry, period: 5_000}]

      children = [{:telemetry_poller, measurements: Cprof.Telemetry.measurements(), period: 5_000}]

  | event | measurements | metadata |
  |---|---|---|
  | `[:cprof, :schedulers]`, one for each type | `count`, `utilization`, `utilization_max`, `imbalance`, `cpu`, `busy_wait`, `waiting_for_cpu`, `run_queue` | `type` |
  | `[:cprof, :scheduler]`, one for each | `utilization`, `cpu`, `busy_wait`, `waiting_for_cpu`, `run_queue` | `type`, `id` |
  | `[:cprof, :mailboxes]` | `total`, `max` (messages) | `top`, `exact` |
  | `[:cprof, :binaries]` | `total`, `held`, `unaccounted` (bytes), `sharing`, `examined` | `top`, `leaks` |
  | `[:cprof, :processes]` | `count`, `limit`, `created_per_s`, `running`, `runnable`, `waiting`, `gc`, `suspended`, `exiting` | `top` |
  | `[:cprof, :snapshot]` | `duration` (native), and what was missed | `reason` |

  Shares are from 0.0 to 1.0. A figure that a snapshot does not know is missing from the measurements. Utilization is
  measured since the previous snapshot, so the first snapshot has none. `metrics/0` returns all figures as
  `Telemetry.Metrics`. `docs/telemetry.md` says what each figure means.

  ## Recordings

      :ok = Cprof.Telemetry.attach("checkout", span: [:my_app, :checkout], output: "/var/tmp/profiles")
      :ok = Cprof.Telemetry.attach("alarm", event: [:my_app, :alarm], seconds: 10)

  The first records the node while a span `[:my_app, :checkout]` runs (from `[..., :start]` to `[..., :stop]` or
  `[..., :exception]`), and the second for ten seconds after an event `[:my_app, :alarm]`. Each recording writes a file
  and executes events of its own; see `attach/2`.
  """

  alias Cprof.{Error, Options}

  @compile {:no_warn_undefined, [Telemetry.Metrics]}

  @type id :: term()

  @type option ::
          {:span, [atom(), ...]}
          | {:event, [atom(), ...]}
          | {:seconds, number()}
          | {:max_seconds, number()}
          | {:filter, ([atom()], map(), map() -> boolean())}
          | {:caller_only, boolean()}
          | {:limit, pos_integer() | :infinity}
          | {:output, Path.t() | [Path.t()]}
          | Cprof.option()
          | Cprof.render_option()

  @type stats :: %{
          state: :idle | :recording,
          recorded: non_neg_integer(),
          failed: non_neg_integer(),
          refused: non_neg_integer(),
          filter_failures: non_neg_integer(),
          last_file: String.t() | nil,
          last_failure: {atom(), String.t()} | nil
        }

  @doc """
  Records this node whenever the event occurs, until `detach/1`.

  In the process that executes the event, the handler only looks at one number and, when it triggers a recording, sends
  a small message. Other processes do everything else. Only one recording runs at a time, whoever started it; a trigger
  that comes while one runs is refused and counted.

  ## Options

    * `:span` - the spans to record, by their prefix. The end of a span is recognised by its `telemetry_span_context`,
      or, where it has none (as with `Plug.Telemetry`), by its process. A span also ends when its process ends
    * `:max_seconds` - the longest time for which a span is recorded (60)
    * `:event` - the event after which to record, instead of a span
    * `:seconds` - how long to record after it (10)
    * `:filter` - a function of the event, its measurements and its metadata; a recording starts only if it returns
      `true`. It runs in the process that executes the event, so give a quick function as a capture `&Mod.fun/3`. A
      filter that raises is counted
    * `:limit` - the number of recordings after which further triggers are refused (100), or `:infinity`
    * `:output` - a folder, or file names with `%t` (the time) or `%n` (the number of the recording) in them; by default
      `cprof-%t.html` in the folder for temporary files. An existing file is never overwritten
    * `:caller_only` - whether the files show only the process that executed the event (`false`)
    * the options of a recording and of what is shown: see `Cprof`; `:rate` is 999 for spans and 99 otherwise. (A
      recording that telemetry triggers is always one of CPU time.)

  ## Events

    * `[:cprof, :profile, :start]` - sampling started. Measurements: `system_time`, `monotonic_time`, `latency` (the
      time since the trigger: attaching takes about 0.1 s, and what happens during that time is not in the recording)
    * `[:cprof, :profile, :stop]` - the files are written. Measurements: `duration` (of sampling), `samples`,
      `monotonic_time`. Metadata: `file`, `files`, `hottest` (the function with the most self samples), `ended` (`:stop`
      or `:exception` of the span, `:process_down`, `:time`)
    * `[:cprof, :profile, :exception]` - no file was written. Measurements: `duration`, `monotonic_time`. Metadata:
      `kind`, `reason` (a code and a sentence), `stacktrace`
    * `[:cprof, :profile, :refused]` - triggers were refused. Measurement: `count`. Metadata: `reason`, which is
      `:own_recording` (reported when that recording is over) or `:other_recording`

  Times are in native units. The metadata of every event holds `id`, `trigger` (the span or event) and a
  `telemetry_span_context`.
  """
  @spec attach(id(), [option()]) :: :ok | {:error, Error.t()}
  def attach(id, opts), do: id |> :cprof_telemetry.attach(Options.to_map(opts)) |> result()

  @doc """
  Removes what `attach/2` attached. Drops a recording that is running, but waits for one that is being written.
  """
  @spec detach(id()) :: :ok | {:error, Error.t()}
  def detach(id), do: result(:cprof_telemetry.detach(id))

  @doc """
  How many recordings were made, failed and were refused since `attach/2`, and the file that was written last.
  """
  @spec stats(id()) :: {:ok, stats()} | {:error, Error.t()}
  def stats(id) do
    with {:ok, stats} <- result(:cprof_telemetry.stats(id)) do
      {:ok, Map.new(stats, fn {key, value} -> {key, if(value == :undefined, do: nil, else: value)} end)}
    end
  end

  @doc """
  The snapshot as a measurement for `:telemetry_poller`.

      iex> Cprof.Telemetry.measurements()
      [{:cprof_telemetry, :execute, []}]
  """
  @spec measurements() :: [{module(), atom(), list()}]
  def measurements, do: :cprof_telemetry.measurements()

  @doc """
  The specification of a process that takes a snapshot every `:period` milliseconds (5000; at most a day) and executes
  its events. Further options: `:top`, how many processes the metadata lists (10; at most 1000), and `:name`, under which
  to register the process.

      iex> Cprof.Telemetry.child_spec(period: 1000).id
      Cprof.Telemetry
  """
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(opts \\ []) do
    %{id: Options.call!(opts, &:cprof_proplist.name(&1, __MODULE__)), start: {__MODULE__, :start_link, [opts]}}
  end

  @doc """
  Starts the process of `child_spec/1`.
  """
  @spec start_link(keyword()) :: {:ok, pid()} | {:error, Error.t() | {:already_started, pid()}}
  def start_link(opts \\ []) do
    case :cprof_telemetry.start_link(Options.to_map(opts)) do
      {:error, {:already_started, pid}} when is_pid(pid) -> {:error, {:already_started, pid}}
      other -> result(other)
    end
  end

  # Event, measurement, unit, tags.
  @metrics [
    {"cprof.schedulers.utilization", :unit, [:type]},
    {"cprof.schedulers.utilization_max", :unit, [:type]},
    {"cprof.schedulers.imbalance", :unit, [:type]},
    {"cprof.schedulers.cpu", :unit, [:type]},
    {"cprof.schedulers.busy_wait", :unit, [:type]},
    {"cprof.schedulers.waiting_for_cpu", :unit, [:type]},
    {"cprof.schedulers.run_queue", :process, [:type]},
    {"cprof.scheduler.utilization", :unit, [:type, :id]},
    {"cprof.mailboxes.total", :message, []},
    {"cprof.mailboxes.max", :message, []},
    {"cprof.binaries.total", :byte, []},
    {"cprof.binaries.held", :byte, []},
    {"cprof.binaries.unaccounted", :byte, []},
    {"cprof.processes.count", :process, []},
    {"cprof.processes.created_per_s", :process, []},
    {"cprof.processes.running", :process, []},
    {"cprof.processes.runnable", :process, []},
    {"cprof.processes.gc", :process, []}
  ]

  @doc """
  The figures as `Telemetry.Metrics`, for a reporter: gauges, and the numbers of recordings that were made, failed and
  were refused. Needs the library `telemetry_metrics`, and raises `Cprof.Error` without it.
  """
  @spec metrics() :: [struct()]
  def metrics do
    if not Code.ensure_loaded?(Telemetry.Metrics), do: raise(no_metrics())

    Enum.map(@metrics, fn {name, unit, tags} -> Telemetry.Metrics.last_value(name, unit: unit, tags: tags) end) ++
      [
        Telemetry.Metrics.last_value("cprof.snapshot.duration", unit: {:native, :millisecond}),
        Telemetry.Metrics.counter("cprof.profile.stop.duration", tags: [:id]),
        Telemetry.Metrics.counter("cprof.profile.exception.duration", tags: [:id]),
        Telemetry.Metrics.sum("cprof.profile.refused.count", tags: [:id, :reason])
      ]
  end

  defp no_metrics do
    Error.new(
      {:no_telemetry,
       "the library telemetry_metrics is missing; add {:telemetry_metrics, \"~> 1.0\"} to your dependencies in mix.exs"}
    )
  end

  defp result({:error, failure}), do: {:error, Error.new(failure)}
  defp result(other), do: other
end
