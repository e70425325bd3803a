defmodule Cprof.Evidence do
  @moduledoc false
  # How certain a difference of counts is. Each side has runs, each run has a
  # number of samples, and a function has a count in each run. Pure.
  #
  #   dispersion   counts of a function vary more between runs than sampling
  #                alone explains: the factor by which their variance is larger.
  #                Estimated from all functions together and the function itself.
  #   speed        runs of the same work differ in their whole CPU time: the
  #                variance of its logarithm.
  #
  # Both are combined with usual values, so that few runs can be judged, too.

  alias Cprof.Statistics

  @usual_dispersion 1.5
  @usual_speed 0.03
  # The degrees of freedom that the usual values count for.
  @usual_worth 20
  @usual_speed_worth 4

  @typedoc "A side: the samples of each run, and the time that one sample stands for."
  @type side :: %{
          totals: [non_neg_integer(), ...],
          counted: non_neg_integer(),
          ms_per_sample: float(),
          runs: pos_integer()
        }

  @type counts :: {[non_neg_integer(), ...], [non_neg_integer(), ...]}

  @type model :: %{base: side(), now: side(), freedom: pos_integer(), dispersion: float(), speed: float()}

  @doc """
  Estimates the spread of the runs of two sides; `all` are the counts of the functions to estimate it from.
  """
  @spec model(side(), side(), [counts()]) :: model()
  def model(base, now, all) do
    between = base.runs + now.runs - 2
    sides = %{base: base, now: now}
    spread = Enum.sum(Enum.map(all, &spread(&1, sides)))
    worth = length(all) * between + @usual_worth
    dispersion = max((spread + @usual_worth * @usual_dispersion) / worth, 1.0)

    Map.merge(sides, %{
      freedom: between + @usual_worth,
      dispersion: dispersion,
      speed: speed(base, now, between, dispersion)
    })
  end

  # The variance of the logarithms of whole runs, less the part that comes from counting.
  defp speed(base, now, between, dispersion) do
    squares = squares(base.totals) + squares(now.totals)
    by_counting = between * dispersion * (base.runs + now.runs) / max(base.counted + now.counted, 1)

    (max(squares - by_counting, 0.0) + @usual_speed_worth * @usual_speed * @usual_speed) /
      (between + @usual_speed_worth)
  end

  defp squares(totals), do: Statistics.variance(Enum.map(totals, &:math.log(&1 + 0.5))) * (length(totals) - 1)

  # Pearson's sum: squared deviations from the function's share of each run, divided
  # by the variance that they have by chance.
  defp spread({before, later}, %{base: base, now: now}), do: spread(before, base) + spread(later, now)

  defp spread(counts, %{totals: totals, counted: counted}) do
    part = Enum.sum(counts) / max(counted, 1)

    if part > 0 and part < 1,
      do: Enum.sum(Enum.zip_with(counts, totals, &deviation(&1, &2, part))),
      else: 0.0
  end

  defp deviation(_, 0, _), do: 0.0
  defp deviation(count, total, part), do: :math.pow(count - total * part, 2) / (total * part * (1 - part))

  @doc """
  The dispersion of one function.
  """
  @spec dispersion(model(), counts()) :: float()
  def dispersion(model, counts) do
    max((spread(counts, model) + @usual_worth * model.dispersion) / model.freedom, 1.0)
  end

  @doc """
  By how many standard errors the time per run has grown, when the speed of the machine is assumed to differ by `doubt`
  between the sides. Compares square roots of counts: their error does not depend on the counts, so a count may be 0.
  """
  @spec time_score(model(), counts(), float()) :: float()
  def time_score(model, {before, later} = counts, doubt) do
    # How many samples there would be now for each sample in the base.
    scale = model.base.ms_per_sample / model.base.runs / (model.now.ms_per_sample / model.now.runs)
    {a, b} = {scale * (Enum.sum(before) + 0.375), Enum.sum(later) + 0.375}
    error = dispersion(model, counts) * (1 + scale) + (speed_error(model) + doubt * doubt) * (a + b) / 2
    2 * (:math.sqrt(b) - :math.sqrt(a)) / :math.sqrt(error)
  end

  @doc """
  By how many standard errors the share of all samples has grown. Compares arc sines, for the same reason.
  """
  @spec share_score(model(), counts()) :: float()
  def share_score(model, {before, later} = counts) do
    error = dispersion(model, counts) * (1 / max(model.base.counted, 1) + 1 / max(model.now.counted, 1))
    2 * (angle(later, model.now.counted) - angle(before, model.base.counted)) / :math.sqrt(error)
  end

  defp angle(counts, counted), do: :math.asin(:math.sqrt(min((Enum.sum(counts) + 0.375) / (counted + 0.75), 1.0)))

  @doc """
  The interval of the growth of the time per run, `width` standard errors wide on each side. Adding a half to each count
  keeps it finite for a function that was never sampled on one side.
  """
  @spec interval(model(), counts(), float()) :: {float(), float()}
  def interval(%{base: base, now: now} = model, {before, later} = counts, width) do
    {a, b} = {Enum.sum(before) + 0.5, Enum.sum(later) + 0.5}
    log = :math.log(b * now.ms_per_sample / now.runs / (a * base.ms_per_sample / base.runs))
    reach = width * :math.sqrt(dispersion(model, counts) * (1 / a + 1 / b) + speed_error(model))
    {:math.exp(log - reach) - 1, :math.exp(min(log + reach, 700.0)) - 1}
  end

  # The squared error of the means of both sides.
  defp speed_error(model), do: model.speed * (1 / model.base.runs + 1 / model.now.runs)
end
