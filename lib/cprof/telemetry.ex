defmodule Cprof.Telemetry do
  @moduledoc """
  The node's figures as telemetry events, and recordings that telemetry events trigger.

  The library `:telemetry` is not needed by anything else of cprof. Where it is not there, the functions that need it
  return `{:error, %Cprof.Error{code: :no_telemetry}}`.

  ## Figures

  Either by a process of ours under your supervisor, or by the library `:telemetry_poller`, which takes a snapshot of
  the node at each period and executes its events:

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

  Shares are from 0.0 to 1.0. What a snapshot does not know is missing from the measurements: utilization is since the
  previous snapshot, so the first has none. `metrics/0` is all of this for `Telemetry.Metrics`. `docs/telemetry.md`
  tells what each figure is.

  ## Recordings

      :ok = Cprof.Telemetry.attach("checkout", span: [:my_app, :checkout], output: "/var/tmp/profiles")
      :ok = Cprof.Telemetry.attach("alarm", event: [:my_app, :alarm], seconds: 10)

  records the node while a span `[:my_app, :checkout]` runs (from `[..., :start]` to `[..., :stop]` or `[...,
  :exception]`), and for ten seconds after an event `[:my_app, :alarm]`. Each writes a file and executes events with
  its name; see `attach/2`.
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
  Records this node when an event comes, until `detach/1`.

  The handler that is attached costs the process that executes the event one look at a number, and a small message when
  it triggers: all else is done by other processes. One recording runs at a time, whoever began it; a trigger that
  comes meanwhile is refused and counted.

  ## Options

    * `:span` - the spans to record, by their prefix. A span's end is found by its `telemetry_span_context`, and where it
      has none (those of `Plug.Telemetry`) by its process. It also ends when its process does
    * `:max_seconds` - how long a span is recorded at most (60)
    * `:event` - the event after which to record, instead of a span
    * `:seconds` - how long to record after it (10)
    * `:filter` - a function of the event, its measurements and its metadata; only where it returns `true` a recording
      begins. It runs in the process that executes the event: give a capture `&Mod.fun/3` that is quick. One that raises
      is counted
    * `:limit` - how many recordings to make before all is refused (100), or `:infinity`
    * `:output` - a folder, or file names with `%t` (the time) or `%n` (the number of the recording) in them; by default
      `cprof-%t.html` in the folder for temporary files. A file that is there is never overwritten
    * `:caller_only` - whether the files show only the process that executed the event (`false`)
    * the options of a recording and of what is shown: see `Cprof`; `:rate` is 999 for spans, else 99

  ## Events

    * `[:cprof, :profile, :start]` - sampling began. Measurements: `system_time`, `monotonic_time`, `latency` (since the
      trigger; attaching takes some 0.1 s, and what happens meanwhile is not in the recording)
    * `[:cprof, :profile, :stop]` - the files are written. Measurements: `duration` (of sampling), `samples`,
      `monotonic_time`. Metadata: `file`, `files`, `hottest` (the function with most samples of its own), `ended` (`:stop`
      or `:exception` of the span, `:process_down`, `:time`)
    * `[:cprof, :profile, :exception]` - there is no file. Measurements: `duration`, `monotonic_time`. Metadata: `kind`,
      `reason` (a code and a sentence), `stacktrace`
    * `[:cprof, :profile, :refused]` - triggers that were refused. Measurement: `count`. Metadata: `reason`,
      `:own_recording` (told when that is over) or `:other_recording`

  Times are in native units. The metadata of each holds `id`, `trigger` (the span or event) and a
  `telemetry_span_context`.
  """
  @spec attach(id(), [option()]) :: :ok | {:error, Error.t()}
  def attach(id, opts), do: id |> :cprof_telemetry.attach(Options.to_map(opts)) |> result()

  @doc """
  Ends what `attach/2` began. A recording that runs is dropped; one that is being written is waited for.
  """
  @spec detach(id()) :: :ok | {:error, Error.t()}
  def detach(id), do: result(:cprof_telemetry.detach(id))

  @doc """
  How often it recorded, failed and refused since it was attached, and the file that it wrote last.
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
  The specification of a process that takes a snapshot every `:period` milliseconds (5000) and executes its events.
  Options, too: `:top`, how many processes the metadata lists (10), and `:name`, to register it.

      iex> Cprof.Telemetry.child_spec(period: 1000).id
      Cprof.Telemetry
  """
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(opts \\ []) do
    %{id: Keyword.get(opts, :name, __MODULE__), start: {__MODULE__, :start_link, [opts]}}
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
  The figures as `Telemetry.Metrics`, for a reporter: gauges, and for recordings how many were made, failed and
  refused. Needs the library `telemetry_metrics`, and raises `Cprof.Error` without it.
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
       "the library telemetry_metrics is not there; add {:telemetry_metrics, \"~> 1.0\"} to your dependencies in mix.exs"}
    )
  end

  defp result({:error, failure}), do: {:error, Error.new(failure)}
  defp result(other), do: other
end
