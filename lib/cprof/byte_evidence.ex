defmodule Cprof.ByteEvidence do
  @moduledoc false
  # Which functions allocate more or less than before, if all others allocate as much as before: by the exact bytes of
  # whole runs, and by samples that show how these are divided among the functions. Pure.
  #
  # A run allocated t0 bytes before and allocates t1 now. If only the functions of a set A have changed, all others
  # together allocate R bytes on both sides, and those of A have t0 - R and t1 - R. The samples are multinomial:
  #
  #   log likelihood = K_R log R + K0_A log(t0 - R) + K1_A log(t1 - R)
  #                    + how the rest, and A on each side, are divided among their functions
  #
  # K0_A and K1_A are the samples of A before and now, K_R those of all others. R is where this is largest. Because t0 and
  # t1 are exact, one set is often much more likely than the next: a function that grew has to have all of the growth.
  #
  # Samples are not quite independent of each other, so differences of log likelihoods are divided by a dispersion.

  @usual_dispersion 1.0
  # How many degrees of freedom the usual value counts for.
  @usual_worth 20
  @least_dispersion 0.5
  # Functions with less of the samples say little about how much runs differ.
  @least_part 0.005
  @steps 50

  @typedoc "A run: how many equal samples it has, and each function's part of them."
  @type run :: {float(), %{term() => float()}}

  @type model :: %{
          counts: %{term() => {float(), float()}},
          n: {float(), float()},
          bytes: {float(), float()},
          dispersion: float(),
          freedom: pos_integer()
        }

  @typedoc "A set of functions that changed, how many bytes all others allocate, and the log likelihood."
  @type explanation :: %{set: [term()], rest: float(), log: float()}

  @doc """
  The model of two groups of runs; `bytes` is what a run allocates before and now.
  """
  @spec model([run(), ...], [run(), ...], {float(), float()}) :: model()
  def model(base, now, bytes) do
    {before, later} = {sums(base), sums(now)}
    keys = Map.keys(Map.merge(before, later))
    {dispersion, freedom} = dispersion([base, now])

    %{
      counts: Map.new(keys, &{&1, {Map.get(before, &1, 0.0), Map.get(later, &1, 0.0)}}),
      n: {total(base), total(now)},
      bytes: bytes,
      dispersion: dispersion,
      freedom: freedom
    }
  end

  defp sums(runs),
    do: Enum.reduce(runs, %{}, fn {_, counts}, sums -> Map.merge(sums, counts, fn _, a, b -> a + b end) end)

  defp total(runs), do: Enum.sum(for {n, _} <- runs, do: n) * 1.0

  # Pearson's sums over the runs of each side, averaged with the usual value.
  defp dispersion(sides) do
    found =
      for runs <- sides, {key, _} <- sums(runs), do: spread(for({n, c} <- runs, n > 0, do: {n, Map.get(c, key, 0.0)}))

    squares = @usual_worth * @usual_dispersion + Enum.sum(for {squares, _} <- found, do: squares)
    freedom = @usual_worth + Enum.sum(for {_, freedom} <- found, do: freedom)
    {max(squares / freedom, @least_dispersion), freedom}
  end

  defp spread(runs) do
    n = Enum.sum(for {n, _} <- runs, do: n)
    part = if n > 0, do: Enum.sum(for {_, count} <- runs, do: count) / n, else: 0.0

    if part > @least_part and part < 1 - @least_part do
      {Enum.sum(for {n, count} <- runs, do: :math.pow(count - n * part, 2) / (n * part * (1 - part))), length(runs) - 1}
    else
      {0.0, 0}
    end
  end

  @doc """
  The likeliest bytes of a set of functions that changed, and how likely they are.
  """
  @spec explain(model(), [term()]) :: explanation()
  # If nothing changed, the shares are the same on both sides.
  def explain(%{n: {n0, n1}} = model, []),
    do: %{set: [], rest: elem(model.bytes, 0), log: divided(model, []) - log_power(n0 + n1)}

  def explain(%{n: {n0, n1}, bytes: {t0, t1}} = model, set) do
    {before, later} = of_set(model, set)
    kept = n0 + n1 - before - later
    # In parts of the bytes before.
    now = t1 / t0
    rest = root(&(kept / &1 - before / (1 - &1) - later / (now - &1)), 0.0, min(1.0, now) * (1 - 1.0e-9))

    log =
      power(kept, rest) + power(before, 1 - rest) + power(later, now - rest) - n1 * :math.log(now) -
        log_power(kept) - log_power(before) - log_power(later) + divided(model, set)

    %{set: set, rest: rest * t0, log: log}
  end

  defp of_set(model, set) do
    counts = for key <- set, do: Map.fetch!(model.counts, key)
    {Enum.sum(for {k0, _} <- counts, do: k0), Enum.sum(for {_, k1} <- counts, do: k1)}
  end

  # The part of the likelihood for the division among functions: all by their sums, those of the set by each side.
  defp divided(model, set) do
    all = Enum.sum(for {_, {k0, k1}} <- model.counts, do: log_power(k0 + k1))

    apart =
      for key <- set, {k0, k1} = Map.fetch!(model.counts, key), do: log_power(k0) + log_power(k1) - log_power(k0 + k1)

    all + Enum.sum(apart)
  end

  defp log_power(k) when k <= 0, do: 0.0
  defp log_power(k), do: k * :math.log(k)

  defp power(k, _) when k <= 0, do: 0.0
  defp power(k, x), do: k * :math.log(max(x, 1.0e-300))

  # Where a falling function is 0, between two bounds.
  defp root(function, low, high) do
    {low, high} =
      Enum.reduce(1..@steps, {low, high}, fn _, {low, high} ->
        middle = (low + high) / 2
        if function.(middle) > 0, do: {middle, high}, else: {low, middle}
      end)

    (low + high) / 2
  end

  @doc """
  By how much more likely the first explanation is, as a logarithm.
  """
  @spec odds(model(), explanation(), explanation()) :: float()
  def odds(model, a, b), do: (a.log - b.log) / model.dispersion

  @doc """
  How likely it is that `key` belongs to the set, and not one of `others` in its place.
  """
  @spec certainty(model(), explanation(), term(), [term()]) :: float()
  def certainty(model, explanation, key, others) do
    left = List.delete(explanation.set, key)
    odds = for other <- others, do: :math.exp(min(odds(model, explain(model, [other | left]), explanation), 300.0))
    1 / (1 + Enum.sum(odds))
  end

  @doc """
  What a function of the set allocates in a run, before and now.
  """
  @spec bytes(model(), explanation(), term()) :: {float(), float()}
  def bytes(%{bytes: {t0, t1}} = model, %{set: set, rest: rest}, key) do
    {before, later} = of_set(model, set)
    {k0, k1} = Map.fetch!(model.counts, key)
    {part(k0, before) * (t0 - rest), part(k1, later) * (t1 - rest)}
  end

  defp part(_, all) when all <= 0, do: 0.0
  defp part(k, all), do: k / all

  @doc """
  The standard error of the logarithm of its growth: from the bytes of all others, from the error of the bytes of whole
  runs (of their difference, in bytes), and from how the bytes of the set are divided.
  """
  @spec error(model(), explanation(), term(), float()) :: float()
  def error(%{bytes: {t0, t1}, n: {n0, n1}} = model, %{set: set, rest: rest}, key, bytes_error) do
    {before, later} = of_set(model, set)
    {k0, k1} = Map.fetch!(model.counts, key)
    {a, b} = {max(t0 - rest, 1.0e-9 * t0), max(t1 - rest, 1.0e-9 * t0)}
    information = (n0 + n1 - before - later) / (rest * rest) + before / (a * a) + later / (b * b)
    rests = :math.pow(1 / a - 1 / b, 2) / information
    divided = 1 / (k0 + 0.5) - 1 / (before + 0.5) + 1 / (k1 + 0.5) - 1 / (later + 0.5)
    :math.sqrt(model.dispersion * (rests + divided) + :math.pow(bytes_error / b, 2))
  end

  @doc """
  The standard error of the logarithm of a function's growth if nothing is assumed of the others.
  """
  @spec error_alone(model(), term()) :: float()
  def error_alone(%{n: {n0, n1}} = model, key) do
    {k0, k1} = Map.fetch!(model.counts, key)
    left = fn k, n -> max(1 - k / max(n, 1.0), 0.0) end
    :math.sqrt(model.dispersion * (left.(k0, n0) / (k0 + 0.5) + left.(k1, n1) / (k1 + 0.5)))
  end

  @doc """
  By how many standard errors the two explanations that only one of the functions has all of the growth differ, squared:
  the samples that tell them apart. It grows in proportion to the number of samples.
  """
  @spec apart(model(), term(), term()) :: float()
  def apart(%{n: {n0, n1}, bytes: {t0, t1}} = model, one, other) do
    parts = for key <- [one, other], {k0, k1} = Map.fetch!(model.counts, key), do: max(k0 + k1, 0.5) / (n0 + n1)
    growth = t1 / t0 - 1
    growth * growth * Enum.sum(for part <- parts, do: 1 / part) / (model.dispersion * (1 / n0 + 1 / n1))
  end
end
