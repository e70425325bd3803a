defmodule Cprof.Profile do
  @moduledoc """
  The result of a recording.

    * `report` - the figures as a map with the keys of the JSON report. `report.functions` is sorted by self samples,
      and `report.counters` holds everything that makes a figure less certain.
    * `recording` - the whole recording, a gzipped pprof file: `Cprof.write(profile, "r.pb.gz")` keeps it for
      `cprof report` and for every tool that reads pprof.

  `Cprof.hotspots/2`, `Cprof.render/3` and `Cprof.write/3` take a profile.
  """

  @type t :: %__MODULE__{report: report(), recording: binary()}

  @typedoc "One function of a report; `self`, `own`, `own_c`, `own_gc`, `own_kernel` and `total` are samples, `line` is 0 when not known."
  @type function_row :: %{
          name: String.t(),
          module: String.t(),
          function: String.t(),
          arity: non_neg_integer() | nil,
          kind: atom(),
          file: String.t(),
          line: non_neg_integer(),
          self: non_neg_integer(),
          own: non_neg_integer(),
          own_c: non_neg_integer(),
          own_gc: non_neg_integer(),
          own_kernel: non_neg_integer(),
          total: non_neg_integer(),
          self_pct: float(),
          own_pct: float(),
          total_pct: float(),
          self_error_pct: float(),
          own_error_pct: float(),
          total_error_pct: float()
        }

  @type report :: %{
          version: 1,
          meta: map(),
          counters: %{atom() => non_neg_integer()},
          states: %{atom() => non_neg_integer()},
          states_pct: %{atom() => float()},
          idle: %{atom() => non_neg_integer()},
          leaf_kinds: %{atom() => non_neg_integer()},
          leaf_kinds_pct: %{atom() => float()},
          functions: [function_row()],
          processes: [map()],
          process_groups: [map()],
          waits: [map()],
          waits_cause: map() | nil,
          spans: [map()]
        }

  @enforce_keys [:report, :recording]
  defstruct [:report, :recording]

  @doc """
  The report of one event: `"cpu"`, `"wall"`, `"alloc"` or `"block"`. The report of a recording of several events is that of
  the first one, and has those of the others under their names. Nil if the recording is not of that event.

      iex> {:ok, profile} = Cprof.record(0.2)
      iex> {Cprof.Profile.of_event(profile, "cpu") == profile.report, Cprof.Profile.of_event(profile, "alloc")}
      {true, nil}
  """
  @spec of_event(t(), String.t()) :: report() | nil
  def of_event(%__MODULE__{report: %{meta: %{event: event}} = report}, name) do
    first = if event in ["wall", "alloc", "block"], do: event, else: "cpu"

    if name == first,
      do: report,
      else: Enum.find_value(report, fn {key, value} -> if to_string(key) == name and is_map(value), do: value end)
  end

  defimpl Inspect do
    # Both members are large: a shell should show a summary, not all of them.
    def inspect(%{report: report, recording: recording}, _opts) do
      functions = length(report.functions)
      "#Cprof.Profile<#{report.counters.samples} samples, #{functions} functions, #{byte_size(recording)} bytes>"
    end
  end
end
