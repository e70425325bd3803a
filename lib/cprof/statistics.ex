defmodule Cprof.Statistics do
  @moduledoc false
  # What comparing needs of statistics: quantiles of measured values, and of
  # Student's distribution for intervals. Pure.

  @doc """
  The median: the middle value, or the mean of the two in the middle.

      iex> Cprof.Statistics.median([5, 1, 3])
      3.0
      iex> Cprof.Statistics.median([4, 1, 3, 2])
      2.5
  """
  @spec median([number(), ...]) :: float()
  def median(values) do
    sorted = Enum.sort(values)
    count = length(sorted)
    (Enum.at(sorted, div(count - 1, 2)) + Enum.at(sorted, div(count, 2))) / 2
  end

  @doc """
  The smallest of the values that at least `percent` percent of them do not exceed: always one that was measured, so
  with fewer than 20 values the 95th percentile is the largest.

      iex> Cprof.Statistics.percentile(Enum.to_list(1..200), 95)
      190
      iex> Cprof.Statistics.percentile([7, 9, 8], 95)
      9
  """
  @spec percentile([value, ...], number()) :: value when value: number()
  def percentile(values, percent) do
    rank = ceil(length(values) * percent / 100)
    values |> Enum.sort() |> Enum.at(max(rank, 1) - 1)
  end

  @spec mean([number(), ...]) :: float()
  def mean(values), do: Enum.sum(values) / length(values)

  @doc """
  The sample variance; 0.0 for a single value, which has no spread.

      iex> Cprof.Statistics.variance([2, 4, 4, 4, 5, 5, 7, 9]) |> Float.round(3)
      4.571
  """
  @spec variance([number(), ...]) :: float()
  def variance([_]), do: 0.0

  def variance(values) do
    mean = mean(values)
    Enum.sum(Enum.map(values, &((&1 - mean) * (&1 - mean)))) / (length(values) - 1)
  end

  @doc """
  How many standard errors on either side of an estimate make an interval that misses the truth with probability
  `miss`: the quantile of Student's distribution with `freedom` degrees of freedom (of the normal one for
  `:infinity`).

      iex> Cprof.Statistics.reach(0.05, :infinity) |> Float.round(3)
      1.96
      iex> Cprof.Statistics.reach(0.05, 8) |> Float.round(2)
      2.31
      iex> Cprof.Statistics.reach(0.05, 1) |> Float.round(1)
      12.7
  """
  @spec reach(float(), number() | :infinity) :: float()
  def reach(miss, freedom) when miss > 0 and miss < 1 do
    search(&(tail(&1, freedom) * 2 - miss), 0.0, 1.0)
  end

  # The falling function's zero: first a bound that is beyond it, then halving.
  defp search(function, low, high) do
    cond do
      high < 1.0e7 and function.(high) > 0 -> search(function, high, high * 2)
      high - low < 1.0e-6 * high -> (low + high) / 2
      function.((low + high) / 2) > 0 -> search(function, (low + high) / 2, high)
      true -> search(function, low, (low + high) / 2)
    end
  end

  # The probability of a value above x.
  defp tail(x, :infinity), do: :math.erfc(x / :math.sqrt(2)) / 2
  defp tail(x, freedom), do: incomplete_beta(freedom / 2, 0.5, freedom / (freedom + x * x)) / 2

  # The regularised incomplete beta function. Its continued fraction converges
  # fast below the mean; above it the complement does.
  defp incomplete_beta(_, _, x) when x <= 0, do: 0.0
  defp incomplete_beta(_, _, x) when x >= 1, do: 1.0

  defp incomplete_beta(a, b, x) do
    front = :math.exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * :math.log(x) + b * :math.log(1 - x))

    if x < (a + 1) / (a + b + 2),
      do: front * fraction(a, b, x) / a,
      else: 1 - front * fraction(b, a, 1 - x) / b
  end

  @terms 200

  # From the last term of the fraction outwards.
  defp fraction(a, b, x) do
    Enum.reduce(@terms..1//-1, 1.0, fn n, inner -> 1 + coefficient(n, a, b, x) / inner end) |> then(&(1 / &1))
  end

  defp coefficient(n, a, b, x) when rem(n, 2) == 0 do
    m = div(n, 2)
    m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
  end

  defp coefficient(n, a, b, x) do
    m = div(n - 1, 2)
    -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
  end

  # Stirling's series, moved up to where it is exact enough.
  defp log_gamma(x) when x < 10, do: log_gamma(x + 1) - :math.log(x)

  defp log_gamma(x) do
    (x - 0.5) * :math.log(x) - x + 0.5 * :math.log(2 * :math.pi()) + 1 / (12 * x) - 1 / (360 * :math.pow(x, 3)) +
      1 / (1260 * :math.pow(x, 5))
  end
end
