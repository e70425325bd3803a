defmodule Cprof.RunCompare do
  @moduledoc false
  # Compares the runs of mix profile.run with those of a baseline, for one event: as text, and against a limit.

  alias Cprof.{ByteGrowth, Growth, Measurement, Profile, RunBytesText, Runs, RunText}

  @compared_rows 15

  @typedoc "Tables, one sentence that says what changed, and the one that says what is above the limit; nil: nothing is."
  @type result :: %{tables: iodata(), sentence: String.t(), above: String.t() | nil}

  @doc """
  Takes the options of the task. `stacks_of` returns the collapsed stacks of a group of runs, to find out who called a
  function.
  """
  @spec compare(String.t(), [Measurement.measured()], [Measurement.measured()], keyword(), fun) :: result()
        when fun: ([Measurement.measured()] -> String.t())
  def compare("cpu", baseline, measured, opts, stacks_of) do
    comparison = Growth.compare(reports(baseline, "cpu"), reports(measured, "cpu"))
    walls = RunText.walls([{"baseline", runs(baseline)}, {"now", runs(measured)}])
    functions = RunText.functions(comparison, opts[:top] || @compared_rows)

    say = fn culprit ->
      wall = Runs.wall_change(wall_times(baseline), wall_times(measured))
      disturbed? = Runs.disturbed?(runs(baseline)) or Runs.disturbed?(runs(measured))
      RunText.sentence(with_caller(culprit, baseline, measured, stacks_of), wall, disturbed?)
    end

    above = if opts[:fail_above], do: comparison |> Growth.grown_above(opts[:fail_above] / 100) |> List.first()

    %{
      tables: [walls, "\n", functions],
      sentence: say.(Growth.culprit(comparison)),
      above: if(above, do: say.(above))
    }
  end

  def compare("alloc", baseline, measured, opts, stacks_of) do
    comparison = ByteGrowth.compare(with_reports(baseline), with_reports(measured))
    wholes = RunBytesText.wholes([{"baseline", runs(baseline)}, {"now", runs(measured)}])
    functions = RunBytesText.functions(comparison, opts[:top] || @compared_rows)
    above = if opts[:fail_above], do: ByteGrowth.grown_above(comparison, opts[:fail_above] / 100)
    caller = fn row -> row && caller(row.name, row.own.verdict, baseline, measured, stacks_of) end

    first =
      case above do
        {:functions, [row | _]} -> row
        _ -> nil
      end

    sentence = RunBytesText.sentence(comparison, caller.(ByteGrowth.culprit(comparison)))

    %{
      tables: [wholes, "\n", functions],
      sentence: sentence <> if(opts[:fail_above], do: RunBytesText.not_judged(comparison, above), else: ""),
      above: if(above, do: RunBytesText.above(comparison, above, caller.(first)))
    }
  end

  defp with_caller(nil, _, _, _), do: nil

  defp with_caller({row, measure}, baseline, measured, stacks_of),
    do: {row.name, measure, caller(row.name, measure.verdict, baseline, measured, stacks_of)}

  # Of a function that is gone, only the baseline knows who called it.
  defp caller(name, verdict, baseline, measured, stacks_of) do
    runs = if verdict in [:gone, :shrank], do: baseline, else: measured
    runs |> stacks_of.() |> RunText.caller(name)
  end

  defp runs(measured), do: for({run, _} <- measured, do: run)
  defp reports(measured, event), do: for({_, profile} <- measured, do: Profile.of_event(profile, event))
  defp with_reports(measured), do: for({run, profile} <- measured, do: {run, Profile.of_event(profile, "alloc")})
  defp wall_times(measured), do: for({run, _} <- measured, do: run.wall_us)
end
