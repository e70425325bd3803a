defmodule Cprof.RunBytesText do
  @moduledoc false
  # Shows what runs allocated, and the comparison of that, as text. Pure.

  alias Cprof.{ByteGrowth, RunText, Runs, Statistics}

  @few_samples 200
  @least_rows 5

  @unsure "unsure"
  @unsure_means """
  unsure: the function's own interval does not contain 0, but other functions explain the bytes of whole runs
          better, or with this many functions it may be chance
  """

  @unlike """
  Measured on different OTP releases, which may allocate more or less for the same code
  """

  @doc """
  What whole runs allocated on heaps, a line for each group of runs: `[{"now", runs}]`.
  """
  @spec wholes([{String.t(), [Runs.t(), ...]}]) :: iodata()
  def wholes(groups) do
    [row(["Allocated", "RUNS", "MEAN", "MIN", "MAX", "+-"]) | for({name, runs} <- groups, do: whole_row(name, runs))]
  end

  defp whole_row(name, runs) do
    bytes = for %{allocated: bytes} <- runs, bytes, do: bytes
    mean = Statistics.mean(bytes)
    spread = if match?([_, _ | _], bytes), do: percent(:math.sqrt(Statistics.variance(bytes)) / max(mean, 1)), else: "-"
    row([name, "#{length(bytes)}", bytes(mean), bytes(Enum.min(bytes)), bytes(Enum.max(bytes)), spread])
  end

  defp row([name | cells]), do: [String.pad_trailing(name, 10), Enum.map(cells, &String.pad_leading(&1, 11)), "\n"]

  @doc """
  The functions that changed, at most `top` of them, then the largest others, and the whole run.
  """
  @spec functions(ByteGrowth.t(), pos_integer()) :: iodata()
  def functions(%{rows: rows, samples: samples, whole: whole} = comparison, top) do
    {changed, same} = Enum.split_with(rows, &(&1.own.verdict != :same))
    shown = Enum.take(changed ++ Enum.take(same, max(@least_rows - length(changed), 0)), top)

    [
      "Bytes on heaps per run, by function (as by #{samples.base} equal samples before, #{samples.now} now)\n",
      function_row(["BEFORE", "NOW", "CHANGE", "95 %", "", "FUNCTION"]),
      for(row <- shown, do: measure_row(row.own, :cprof_words.shown(row.name))),
      measure_row(whole, "all"),
      if(Enum.any?(shown, &(word(&1.own) == @unsure)), do: @unsure_means, else: []),
      doubts(comparison),
      if(comparison.alike?, do: [], else: @unlike)
    ]
  end

  # A function that has no samples on one side cannot be compared with itself.
  defp measure_row(measure, name) do
    {change, interval} =
      if measure.base <= 0 or measure.now <= 0,
        do: {"", ""},
        else: {RunText.signed(measure.growth), RunText.range(measure.interval)}

    function_row([bytes(measure.base), bytes(measure.now), change, interval, word(measure), name])
  end

  # The interval is for its function alone.
  defp word(%{verdict: :same, interval: {low, high}}) when low > 0 or high < 0, do: @unsure
  defp word(%{verdict: verdict}), do: to_string(verdict)

  defp function_row([before, now, change, interval, verdict, name]) do
    cells = [String.pad_leading(before, 11), String.pad_leading(now, 12), String.pad_leading(change, 11)]
    [cells, "  ", String.pad_trailing(interval, 18), "  ", String.pad_trailing(verdict, 6), "  ", name, "\n"]
  end

  defp doubts(%{samples: %{base: base, now: now}}) when base >= @few_samples and now >= @few_samples, do: []

  defp doubts(_) do
    "Few samples: only functions with a large part of the bytes can be named; use more --runs, or more work in the\n" <>
      "code\n"
  end

  @doc """
  That no function could be held against the limit, as `Cprof.ByteGrowth.grown_above/2` found it, only the whole run:
  empty if one could, or if there is nothing to hold against it.
  """
  @spec not_judged(ByteGrowth.t(), ByteGrowth.above()) :: String.t()
  def not_judged(%{whole: %{verdict: :grew}} = comparison, above) when above in [nil, :whole] do
    if ByteGrowth.culprit(comparison), do: "", else: " Only the whole run was held against --fail-above."
  end

  def not_judged(_, _), do: ""

  @doc """
  One sentence that says what changed: a function, if there is one to name, and the whole run. `caller` is that of the
  function.
  """
  @spec sentence(ByteGrowth.t(), String.t() | nil) :: String.t()
  def sentence(%{whole: whole} = comparison, caller) do
    case ByteGrowth.culprit(comparison) do
      nil -> unnamed(comparison)
      row -> "#{called(row.name, caller)} #{changed(row.own)}; a whole run: #{change(whole)}."
    end
  end

  defp called(name, nil), do: :cprof_words.shown(name)
  defp called(name, caller), do: "#{:cprof_words.shown(name)} (called by #{:cprof_words.shown(caller)})"

  defp changed(%{verdict: :new, now: now}), do: "allocated nothing and now allocates #{bytes(now)} per run"
  defp changed(%{verdict: :gone, base: base}), do: "allocated #{bytes(base)} per run and now allocates nothing"

  defp changed(%{verdict: verdict} = measure),
    do: "#{verdict} from #{bytes(measure.base)} to #{bytes(measure.now)} per run, #{change(measure)}"

  defp change(%{growth: growth, interval: interval}), do: "#{RunText.signed(growth)} (95 %: #{RunText.range(interval)})"

  defp unnamed(%{whole: %{verdict: :same} = whole}),
    do: "No function allocates significantly more or less; a whole run: #{change(whole)}."

  defp unnamed(%{whole: whole} = comparison),
    do: "A whole run allocates #{change(whole)}, but the samples do not show in which function#{may_be(comparison)}."

  defp may_be(%{suspects: []}), do: ""

  defp may_be(%{suspects: suspects, runs_needed: runs}) do
    more =
      if runs, do: ". About #{runs} runs on both sides could decide it (--runs #{runs}), or more work in each", else: ""

    "; it may be #{who(ByteGrowth.likely(suspects), length(suspects))}#{more}"
  end

  defp who([], count), do: "any of #{count} functions"

  defp who(likely, _) do
    names = for {row, part} <- likely, do: "#{:cprof_words.shown(row.name)} (#{in_percent(part)} %)"
    left = in_percent(1 - Enum.sum(for {_, part} <- likely, do: part))
    Enum.join(names, ", ") <> if(left > 0, do: ", or another one (#{left} %)", else: "")
  end

  defp in_percent(part), do: round(part * 100)

  @doc """
  What of it is above the limit, as `Cprof.ByteGrowth.grown_above/2` found it.
  """
  @spec above(ByteGrowth.t(), ByteGrowth.above(), String.t() | nil) :: String.t()
  def above(comparison, {:functions, [row | _]}, caller),
    do: "#{called(row.name, caller)} #{changed(row.own)}; a whole run: #{change(comparison.whole)}."

  def above(comparison, {:one_of, _}, _), do: "one of several functions grew by more. #{unnamed(comparison)}"
  def above(comparison, :whole, _), do: sentence(comparison, nil)

  @doc """
  Bytes in the unit of their size, with three digits.

      iex> for bytes <- [0, 999.4, 1024, 1.5e6, 3_000_000_000], do: Cprof.RunBytesText.bytes(bytes)
      ["0 B", "999 B", "1.00 KB", "1.43 MB", "2.79 GB"]
  """
  @spec bytes(number()) :: String.t()
  def bytes(bytes), do: :cprof_words.bytes(round(bytes))

  defp percent(part), do: :erlang.float_to_binary(part * 100, decimals: 2) <> " %"
end
