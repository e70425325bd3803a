defmodule Cprof.ByteGrowth do
  @moduledoc """
  Compares what functions allocate in runs of the same work, before and after a change, in bytes on heaps. Pure.

  The same work allocates the same, whatever else the machine does, and the VM counts how much a whole run allocates
  (`Cprof.Runs`, `allocated`). Only how these bytes are divided among the functions comes from samples. So:

    * *Has anything changed?* This is decided by the bytes of whole runs: they changed if the difference is at least
      0.5 %, and significant (0.1 %) by the spread between the runs, combined with a usual spread of 0.1 %.
    * *Which function?* If one function changed and all others allocate as much as before, that function has all of the
      difference. For each function it is computed how likely the samples are if it is that one. A function is named if
      it is right with a probability of 95 %, among all functions, and if it changed by 5 % or more. If the samples show
      that one function is not enough to explain them (at a level of 0.1 %, divided by the number of functions), a
      second one is added, and so on.
    * *By how much?* The difference of the whole runs, divided by what the function allocated before. This is much more
      exact than the difference of two sampled shares.

  If the whole runs allocate the same, functions are named only if the samples show that one allocates more and another
  less, at the same level.

  When the runs differ but no function can be named, `suspects` has all functions with the probability that each of them
  is it, and `runs_needed` says how many runs on both sides could decide it.

  A function's bytes are its `own`: those of the function itself, and of the BIFs and C code that it calls. A function
  that calls others more often makes *them* grow.
  """

  alias Cprof.{ByteEvidence, Growth, Runs, Statistics}

  @min_effect 0.05
  @min_part 0.01
  @min_whole 0.005
  @level 0.001
  @sure 0.95
  # A set of more functions than that is no explanation.
  @most_changed 5
  # The spread of whole runs: its usual size, and how many degrees of freedom it counts for.
  @usual_spread 0.001
  @usual_worth 4
  # Two functions are told apart with 95 % certainty, in 95 % of cases, when their explanations are this far apart.
  @far_apart 21.0
  # Less likely ones are not listed.
  @likely 0.05
  @most_listed 5
  @most_runs 10_000

  # What was allocated outside of any Erlang function.
  @rest :rest

  @typedoc "Bytes per run. A growth of 0.2 means 20 percent more; the interval is at 95 %."
  @type measure :: %{
          base: float(),
          now: float(),
          growth: float(),
          interval: {float(), float()},
          verdict: :same | :grew | :shrank | :new | :gone
        }

  @type row :: %{name: String.t(), own: measure()}

  @typedoc """
  `whole` is the whole run, `samples` the number of equal samples of each side, and `suspects` have the probability that
  each of them is the one that changed, the most likely first. Both sides are `alike?` if they ran on the same OTP
  release: another one may allocate more or less for the same code.
  """
  @type t :: %{
          rows: [row()],
          whole: measure(),
          samples: %{base: non_neg_integer(), now: non_neg_integer()},
          suspects: [{row(), float()}],
          runs_needed: pos_integer() | nil,
          alike?: boolean()
        }

  @typedoc "What is above a limit, see `grown_above/2`."
  @type above :: {:functions, [row(), ...]} | {:one_of, [row(), ...]} | :whole | nil

  @doc """
  Compares the runs before with those of now, each with its report. All of them have `allocated`.
  """
  @spec compare([{Runs.t(), Cprof.Profile.report()}, ...], [{Runs.t(), Cprof.Profile.report()}, ...]) :: t()
  def compare(base, now) do
    whole = whole(base, now)
    {before, later} = {sampled(base), sampled(now)}

    compared =
      if before == [] or later == [],
        do: unsampled(whole),
        else:
          judged(whole, ByteEvidence.model(before, later, {whole.base, steady(whole)}), max(length(base), length(now)))

    Map.put(compared, :alike?, releases(base) == releases(now))
  end

  defp releases(runs), do: runs |> Enum.map(fn {_, report} -> report.meta.otp end) |> Enum.uniq() |> Enum.sort()

  defp unsampled(whole) do
    %{rows: [], whole: Map.delete(whole, :error), samples: %{base: 0, now: 0}, suspects: [], runs_needed: nil}
  end

  # --- whole runs --------------------------------------------------------------

  defp whole(base, now) do
    {before, later} = {allocated(base), allocated(now)}
    {mean, mean_now} = {Statistics.mean(before), Statistics.mean(later)}
    between = length(before) + length(later) - 2
    {variance, freedom} = spread(squares(before) + squares(later), between)
    error = :math.sqrt(variance * (1 / length(before) + 1 / length(later)))
    log = :math.log(mean_now / mean)
    real? = abs(mean_now / mean - 1) >= @min_whole and abs(log) > Statistics.reach(@level, freedom) * error
    reach = Statistics.reach(0.05, freedom) * error

    %{
      base: mean,
      now: mean_now,
      growth: mean_now / mean - 1,
      interval: {:math.exp(log - reach) - 1, :math.exp(log + reach) - 1},
      verdict: verdict(real?, mean, mean_now),
      error: error * mean
    }
  end

  # Steady runs say less than the usual spread; those that are not are believed.
  defp spread(squares, between) do
    usual = @usual_spread * @usual_spread

    if between > 0 and squares / between > usual,
      do: {squares / between, between + @usual_worth / 2},
      else: {(squares + @usual_worth * usual) / (between + @usual_worth), between + @usual_worth}
  end

  defp allocated(runs), do: for({%{allocated: bytes}, _} <- runs, do: max(bytes, 1) * 1.0)
  defp squares(bytes), do: Statistics.variance(Enum.map(bytes, &:math.log/1)) * (length(bytes) - 1)

  defp verdict(false, _, _), do: :same
  defp verdict(true, before, now) when now > before, do: if(before > 0, do: :grew, else: :new)
  defp verdict(true, _, now), do: if(now > 0, do: :shrank, else: :gone)

  # Differences that mean nothing are not to be explained.
  defp steady(%{verdict: :same, base: base}), do: base
  defp steady(%{now: now}), do: now

  # --- samples -----------------------------------------------------------------

  # What each run has of equal samples, by function.
  defp sampled(runs) do
    for {_, %{meta: %{counted: counted}, counters: %{effective: effective}} = report} <- runs,
        counted > 0 and effective > 0 do
      counts =
        for %{own: own, name: name} when own > 0 <- report.functions, reduce: %{} do
          counts -> Map.update(counts, Growth.steady(name), own, &(&1 + own))
        end

      rest = counted - Enum.sum(Map.values(counts))
      counts = if rest > 0, do: Map.put(counts, @rest, rest), else: counts
      {effective * 1.0, Map.new(counts, fn {key, bytes} -> {key, bytes * effective / counted} end)}
    end
  end

  # --- what changed ------------------------------------------------------------

  defp judged(whole, model, runs) do
    keys = for {key, _} <- model.counts, key != @rest, do: key
    explanation = explanation(model, whole.verdict, keys)
    named = for key <- explanation.set, named?(model, explanation, key, keys), do: key
    rows = for key <- keys, do: row(key, model, explanation, key in named, whole.error)
    suspects = if named == [] and whole.verdict != :same, do: suspects(model, keys, rows), else: []
    {n0, n1} = model.n

    %{
      rows: Enum.sort_by(rows, &{&1.own.verdict == :same, -change(&1), -&1.own.now, &1.name}),
      whole: Map.delete(whole, :error),
      samples: %{base: round(n0), now: round(n1)},
      suspects: suspects,
      runs_needed: runs_needed(model, suspects, keys, runs)
    }
  end

  defp change(%{own: %{verdict: :same}}), do: 0.0
  defp change(%{own: own}), do: abs(own.now - own.base)

  # One function, if the runs differ, or else none; then more while the samples ask for them.
  defp explanation(model, :same, keys) do
    none = ByteEvidence.explain(model, [])
    pairs = for a <- largest(model, keys), b <- largest(model, keys), a < b, do: ByteEvidence.explain(model, [a, b])

    case Enum.max_by(pairs, & &1.log, fn -> none end) do
      best -> if better?(model, best, none, length(pairs)), do: more(model, best, keys), else: none
    end
  end

  defp explanation(model, _, keys) do
    case Enum.max_by(for(key <- keys, do: ByteEvidence.explain(model, [key])), & &1.log, fn -> nil end) do
      nil -> ByteEvidence.explain(model, [])
      best -> more(model, best, keys)
    end
  end

  # Pairs of all functions would be too many.
  defp largest(model, keys) do
    keys |> Enum.sort_by(fn key -> -Enum.sum(Tuple.to_list(model.counts[key])) end) |> Enum.take(60)
  end

  defp more(_, %{set: set} = explanation, _) when length(set) >= @most_changed, do: explanation

  defp more(model, %{set: set} = explanation, keys) do
    larger = for key <- keys -- set, do: ByteEvidence.explain(model, [key | set])

    case Enum.max_by(larger, & &1.log, fn -> explanation end) do
      ^explanation -> explanation
      best -> if better?(model, best, explanation, length(larger)), do: more(model, best, keys), else: explanation
    end
  end

  # Twice the logarithm of the odds has the distribution of a squared standard error.
  defp better?(model, best, than, tried) do
    2 * ByteEvidence.odds(model, best, than) > :math.pow(Statistics.reach(@level / max(tried, 1), model.freedom), 2)
  end

  defp named?(model, explanation, key, keys) do
    {before, now} = ByteEvidence.bytes(model, explanation, key)
    change = abs(now - before)
    {whole, _} = model.bytes

    change >= @min_effect * before and change >= @min_part * whole and
      ByteEvidence.certainty(model, explanation, key, keys -- explanation.set) >= @sure
  end

  # --- rows --------------------------------------------------------------------

  defp row(key, model, explanation, true, bytes_error) do
    {before, now} = ByteEvidence.bytes(model, explanation, key)
    error = ByteEvidence.error(model, explanation, key, bytes_error)
    # Nothing is left of a function that has no samples.
    {k0, k1} = Map.fetch!(model.counts, key)
    {before, now} = {if(k0 > 0, do: before, else: 0.0), if(k1 > 0, do: now, else: 0.0)}
    least = 1.0e-9 * elem(model.bytes, 0)
    %{name: key, own: measure({before, now}, {least, least}, verdict(true, before, now), error, model)}
  end

  # That a side has no sample of it does not mean that it allocates nothing there: it may be half a sample.
  defp row(key, model, _, false, _) do
    {{k0, k1}, {n0, n1}, {t0, t1}} = {Map.fetch!(model.counts, key), model.n, model.bytes}
    {bytes, least} = {{t0 * k0 / n0, t1 * k1 / n1}, {t0 * 0.5 / n0, t1 * 0.5 / n1}}
    %{name: key, own: measure(bytes, least, :same, ByteEvidence.error_alone(model, key), model)}
  end

  defp measure({before, now}, {least_before, least_now}, verdict, error, model) do
    growth = if before > 0, do: now / before - 1, else: 0.0
    reach = Statistics.reach(0.05, model.freedom) * error
    log = :math.log(max(now, least_now) / max(before, least_before))

    %{
      base: before,
      now: now,
      growth: growth,
      interval: {:math.exp(max(log - reach, -700.0)) - 1, :math.exp(min(log + reach, 700.0)) - 1},
      verdict: verdict
    }
  end

  # --- who may be it -----------------------------------------------------------

  # Each as it would be if it were the one.
  defp suspects(model, keys, rows) do
    alone = for key <- keys, do: ByteEvidence.explain(model, [key])
    best = Enum.max_by(alone, & &1.log, fn -> nil end)
    odds = for one <- alone, do: {one, :math.exp(max(ByteEvidence.odds(model, one, best), -700.0))}
    sum = Enum.sum(for {_, odds} <- odds, do: odds)
    names = Map.new(rows, &{&1.name, &1})

    for {%{set: [key]} = one, odds} <- Enum.sort_by(odds, fn {_, odds} -> -odds end) do
      {before, now} = ByteEvidence.bytes(model, one, key)
      growth = if before > 0, do: now / before - 1, else: 0.0
      row = names[key]
      {%{row | own: %{row.own | base: before, now: now, growth: growth}}, odds / sum}
    end
  end

  # For each that may be it, so many that it could be told from the one that is hardest to tell from it.
  defp runs_needed(_, [], _, _), do: nil

  defp runs_needed(model, suspects, keys, runs) do
    least =
      for {%{name: one}, _} <- likely(suspects), other <- keys, other != one, do: ByteEvidence.apart(model, one, other)

    least = Enum.min(least, fn -> @far_apart end)
    min(ceil(runs * max(@far_apart / max(least, 1.0e-6), 1.5)), @most_runs)
  end

  # --- conclusions -------------------------------------------------------------

  @doc "Those suspects that are worth listing: at most five, none with a probability below 5 %."
  @spec likely([{row(), float()}]) :: [{row(), float()}]
  def likely(suspects) do
    suspects |> Enum.take(@most_listed) |> Enum.filter(fn {_, part} -> part >= @likely end)
  end

  @doc """
  The function that changed most: one that grew, or else one that shrank; or nil.
  """
  @spec culprit(t()) :: row() | nil
  def culprit(%{rows: rows}) do
    changed = Enum.filter(rows, &(&1.own.verdict != :same))
    Enum.find(changed, &(&1.own.verdict in [:grew, :new])) || List.first(changed)
  end

  @doc """
  What grew by more than `limit` (0.1: 10 percent), the first reason that holds: functions that are named; functions one
  of which did, with a probability of 95 %; or the whole run.

  A new function counts if it allocates more than that part of what a whole run allocated before, and if the whole run
  allocates more by at least half as much. Otherwise it took over the work of others, as a function with a new name does.
  """
  @spec grown_above(t(), float()) :: above()
  def grown_above(%{rows: rows, whole: whole, suspects: suspects}, limit) do
    named =
      for %{own: %{verdict: verdict}} = row when verdict in [:grew, :new] <- rows, above?(row, limit, whole), do: row

    above = for {row, part} <- suspects, above?(row, limit, whole), do: {row, part}

    cond do
      named != [] -> {:functions, named}
      Enum.sum(for {_, part} <- above, do: part) >= @sure -> {:one_of, for({row, _} <- above, do: row)}
      whole.verdict == :grew and whole.growth > limit -> :whole
      true -> nil
    end
  end

  defp above?(%{own: %{base: base, now: now}}, limit, whole) when base <= 0,
    do: now > limit * whole.base and whole.now - whole.base > now / 2

  defp above?(%{own: own}, limit, _), do: own.growth > limit
end
