defmodule Cprof.Runs do
  @moduledoc """
  Several runs of the same code: what the recording of a run says about the run, and statistics of wall times. Pure.

  `mix profile.run --save` makes a recording of every run. A comment in the pprof file (`meta.run` in its JSON report)
  describes the run:

      run 2 of 5, 412345 us, waited 120 us, warmed up, of 1763720000123456

  These are the number of the run, the planned number of runs, its wall time (or `raised`), how long threads were ready
  but had no CPU, whether the code had run before, and a number that all runs of one measurement share. With `--event
  alloc`, `allocated 1048576 bytes` says how much was allocated on heaps, by the VM's own count.
  """

  alias Cprof.Statistics

  @enforce_keys [:number, :count, :warm?, :set]
  defstruct [:number, :count, :wall_us, :allocated, :warm?, :set, waited_us: 0]

  @typedoc "One run; `wall_us` is nil when the code raised, `allocated` (bytes) when it was not counted."
  @type t :: %__MODULE__{
          number: pos_integer(),
          count: pos_integer(),
          wall_us: pos_integer() | nil,
          waited_us: non_neg_integer(),
          allocated: non_neg_integer() | nil,
          warm?: boolean(),
          set: pos_integer()
        }

  @typedoc "Wall times in microseconds; `deviation` is the standard deviation as a part of the mean."
  @type wall :: %{
          runs: pos_integer(),
          median: float(),
          p95: pos_integer(),
          p99: pos_integer(),
          min: pos_integer(),
          max: pos_integer(),
          deviation: float() | nil
        }

  @typedoc "A change of 0.2 means 20 percent more. The 95 % interval is nil if a side has only one run."
  @type change :: %{change: float(), interval: {float(), float()} | nil}

  @doc """
  The text that the recording of a run says about it.

      iex> Cprof.Runs.to_text(%Cprof.Runs{number: 2, count: 5, wall_us: 412_345, waited_us: 9, warm?: true, set: 17})
      "run 2 of 5, 412345 us, waited 9 us, warmed up, of 17"
      iex> Cprof.Runs.to_text(%Cprof.Runs{number: 1, count: 1, wall_us: nil, warm?: false, set: 17})
      "run 1 of 1, raised, waited 0 us, not warmed up, of 17"
      iex> run = %Cprof.Runs{number: 1, count: 1, wall_us: 9, allocated: 1048576, warm?: true, set: 17}
      iex> Cprof.Runs.to_text(run)
      "run 1 of 1, 9 us, waited 0 us, allocated 1048576 bytes, warmed up, of 17"
  """
  @spec to_text(t()) :: String.t()
  def to_text(%__MODULE__{} = run) do
    wall = if run.wall_us, do: "#{run.wall_us} us", else: "raised"
    warm = if run.warm?, do: "warmed up", else: "not warmed up"
    allocated = if run.allocated, do: "allocated #{run.allocated} bytes, ", else: ""
    "run #{run.number} of #{run.count}, #{wall}, waited #{run.waited_us} us, #{allocated}#{warm}, of #{run.set}"
  end

  @form ~S"\Arun (\d{1,9}) of (\d{1,9}), (?:(\d{1,18}) us|raised), waited (\d{1,18}) us, " <>
          ~S"(?:allocated (\d{1,18}) bytes, )?(not )?warmed up, of (\d{1,18})\z"

  @doc """
  The run that a recording's text describes; nil if the recording is not one of `mix profile.run`.

      iex> Cprof.Runs.from_text("run 2 of 5, 412345 us, waited 9 us, warmed up, of 17")
      %Cprof.Runs{number: 2, count: 5, wall_us: 412_345, waited_us: 9, warm?: true, set: 17}
      iex> Cprof.Runs.from_text("run two")
      nil
  """
  @spec from_text(String.t()) :: t() | nil
  def from_text(text) do
    # Compiled here, at run time: not every release can keep a compiled expression in a module.
    case Regex.run(Regex.compile!(@form), text, capture: :all_but_first) do
      nil ->
        nil

      [number, count, wall, waited, allocated, cold, set] ->
        %__MODULE__{
          number: String.to_integer(number),
          count: String.to_integer(count),
          wall_us: if(wall != "", do: max(String.to_integer(wall), 1)),
          waited_us: String.to_integer(waited),
          allocated: if(allocated != "", do: String.to_integer(allocated)),
          warm?: cold == "",
          set: String.to_integer(set)
        }
    end
  end

  @doc """
  Whether other programs took so much CPU (a tenth of the time) that wall times say little.

      iex> run = %Cprof.Runs{number: 1, count: 1, wall_us: 1000, warm?: true, set: 17}
      iex> for waited <- [90, 110], do: Cprof.Runs.disturbed?([%{run | waited_us: waited}])
      [false, true]
  """
  @spec disturbed?([t(), ...]) :: boolean()
  def disturbed?(runs) do
    Enum.sum(Enum.map(runs, & &1.waited_us)) * 10 > Enum.sum(Enum.map(runs, &(&1.wall_us || 0)))
  end

  @doc """
  The files of the runs of one measurement: the given name, and then numbered names beside it.

      iex> Cprof.Runs.files("base.pb.gz", 3)
      ["base.pb.gz", "base-2.pb.gz", "base-3.pb.gz"]
      iex> Cprof.Runs.files("tmp/base", 2)
      ["tmp/base", "tmp/base-2"]
  """
  @spec files(Path.t(), pos_integer()) :: [Path.t()]
  def files(file, count) do
    extension = Enum.find([".pb.gz", Path.extname(file)], &String.ends_with?(file, &1))
    stem = String.replace_suffix(file, extension, "")
    [file | Enum.map(2..count//1, &"#{stem}-#{&1}#{extension}")]
  end

  @doc """
  Statistics of wall times. The percentiles are measured times, not interpolated ones: with fewer than 20 runs, the 95th
  percentile is the longest time.

      iex> Cprof.Runs.wall([1010, 990, 1000])
      %{runs: 3, median: 1000.0, p95: 1010, p99: 1010, min: 990, max: 1010, deviation: 0.01}
      iex> Cprof.Runs.wall([1000]).deviation
      nil
  """
  @spec wall([pos_integer(), ...]) :: wall()
  def wall(times) do
    deviation = :math.sqrt(Statistics.variance(times)) / Statistics.mean(times)

    %{
      runs: length(times),
      median: Statistics.median(times),
      p95: Statistics.percentile(times, 95),
      p99: Statistics.percentile(times, 99),
      min: Enum.min(times),
      max: Enum.max(times),
      deviation: if(match?([_, _ | _], times), do: deviation)
    }
  end

  @doc """
  How much longer the runs take now: a comparison of geometric means, with Welch's interval of the logarithms.

      iex> Cprof.Runs.wall_change([1000], [1500])
      %{change: 0.5, interval: nil}
      iex> %{change: change, interval: {low, high}} = Cprof.Runs.wall_change([990, 1000, 1010], [1485, 1500, 1515])
      iex> {Float.round(change, 2), Float.round(low, 2), Float.round(high, 2)}
      {0.5, 0.47, 0.53}
  """
  @spec wall_change([pos_integer(), ...], [pos_integer(), ...]) :: change()
  def wall_change(base, now) do
    {base, now} = {Enum.map(base, &:math.log/1), Enum.map(now, &:math.log/1)}
    change = Statistics.mean(now) - Statistics.mean(base)
    %{change: grown(change), interval: interval(change, error(base), error(now))}
  end

  # The squared error of a mean, and the number of its values.
  defp error(values), do: {Statistics.variance(values) / length(values), length(values)}

  defp interval(_, {_, 1}, _), do: nil
  defp interval(_, _, {_, 1}), do: nil

  defp interval(change, {base, base_count}, {now, now_count}) do
    sum = base + now
    squares = base * base / (base_count - 1) + now * now / (now_count - 1)
    freedom = if squares > 0, do: sum * sum / squares, else: 1
    width = Statistics.reach(0.05, freedom) * :math.sqrt(sum)
    {grown(change - width), grown(change + width)}
  end

  # A doubling is exactly +1.0.
  defp grown(logarithm), do: Float.round(:math.exp(logarithm) - 1, 9)
end
