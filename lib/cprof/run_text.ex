defmodule Cprof.RunText do
  @moduledoc false
  # Shows runs and their comparison as text. Pure.

  alias Cprof.{Growth, Runs}

  @few_samples 200
  # From how many runs on a time says more than the maximum.
  @times [median: 1, p95: 20, p99: 100, min: 1, max: 1]
  @least_rows 5

  @unsure "unsure"
  @unsure_means """
  unsure: the function's own interval does not contain 0, but with this many functions, and on a machine
          whose speed varies, such a change may be noise
  """

  @doc """
  Wall times, a line for each group of runs: `[{"now", runs}]`.
  """
  @spec walls([{String.t(), [Runs.t(), ...]}]) :: iodata()
  def walls(groups) do
    head = row(["Wall time", "RUNS", "MEDIAN", "P95", "P99", "MIN", "MAX", "+-", "WAITED"])
    disturbed = for {name, runs} <- groups, Runs.disturbed?(runs), do: name
    [head, for({name, runs} <- groups, do: wall_row(name, runs)), disturbance(disturbed)]
  end

  defp wall_row(name, runs) do
    wall = runs |> Enum.map(& &1.wall_us) |> Runs.wall()
    waited = Enum.sum(Enum.map(runs, & &1.waited_us)) / length(runs)
    times = for {key, runs} <- @times, do: if(wall.runs >= runs, do: time(wall[key] / 1000), else: "-")
    spread = if wall.deviation, do: percent(wall.deviation), else: "-"
    row([name, "#{wall.runs}"] ++ times ++ [spread, time(waited / 1000)])
  end

  defp disturbance([]), do: []

  defp disturbance(names) do
    "Other programs used the CPUs (#{Enum.join(names, ", ")}): threads waited for a CPU for WAITED per run;\n" <>
      "wall times are less certain\n"
  end

  defp row([name | cells]), do: [String.pad_trailing(name, 10), Enum.map(cells, &String.pad_leading(&1, 10)), "\n"]

  @doc """
  The functions that changed most, at most `top` of them, and the whole run. Where few functions changed, the largest
  others show how small a change could have been seen.
  """
  @spec functions(Growth.t(), pos_integer()) :: iodata()
  def functions(comparison, top) do
    {shown, left} = comparison |> Growth.shown(@least_rows) |> Enum.split(top)
    %{base: base, now: now} = comparison.samples
    %{base_ms: base_ms, now_ms: now_ms} = comparison.whole

    [
      "CPU time per run, by function (#{base} samples before, #{now} now)\n",
      function_row("BEFORE", "NOW", "CHANGE", "95 %", "", "FUNCTION"),
      for({row, measure} <- shown, do: measure_row(measure, title(row, measure))),
      function_row(
        time(base_ms),
        time(now_ms),
        if(base_ms > 0, do: signed(now_ms / base_ms - 1), else: "-"),
        "",
        "",
        "all"
      ),
      if(left != [], do: "... and #{length(left)} more\n", else: []),
      if(Enum.any?(shown, fn {_, measure} -> word(measure) == @unsure end), do: @unsure_means, else: []),
      doubts(comparison)
    ]
  end

  # Other rows sum up to the whole run at most.
  defp title(row, measure), do: if(measure == Growth.own(row), do: row.name, else: row.name <> ", with what it calls")

  defp measure_row(measure, name) do
    {change, interval} =
      case measure.verdict do
        one_sided when one_sided in [:new, :gone] -> {"", ""}
        _ -> {signed(measure.growth), range(measure.interval)}
      end

    function_row(time(measure.base_ms), time(measure.now_ms), change, interval, word(measure), shown(name))
  end

  # The interval is for its function alone.
  defp word(%{verdict: :same, interval: {low, high}}) when low > 0 or high < 0, do: @unsure
  defp word(%{verdict: verdict}), do: to_string(verdict)

  defp function_row(before, now, change, interval, verdict, name) do
    cells = [String.pad_leading(before, 10), String.pad_leading(now, 11), String.pad_leading(change, 11)]
    [cells, "  ", String.pad_trailing(interval, 18), "  ", String.pad_trailing(verdict, 6), "  ", name, "\n"]
  end

  defp doubts(%{samples: samples, alike?: alike?}) do
    few? = min(samples.base, samples.now) < @few_samples

    [
      if(few?,
        do: "Few samples: only large changes can be seen; use more --runs, or more work in the code\n",
        else: []
      ),
      if(alike?,
        do: [],
        else:
          "Measured on different machines, VMs or engines: a function counts as changed only if its share\n" <>
            "changed as well\n"
      )
    ]
  end

  @doc """
  One sentence that says what changed: a function, if there is one to name, and the wall time.
  """
  @spec sentence({String.t(), Growth.measure(), String.t() | nil} | nil, Runs.change(), boolean()) :: String.t()
  def sentence(change, wall, disturbed?), do: "#{changed(change)}; wall time #{wall_changed(wall, disturbed?)}."

  defp changed(nil), do: "No function's CPU time changed significantly"

  defp changed({name, measure, caller}) do
    called = if caller, do: "#{shown(name)} (called by #{shown(caller)})", else: shown(name)
    "#{called} #{changed(measure, measure.verdict)}"
  end

  defp changed(measure, :new), do: "took no CPU time and now takes #{time(measure.now_ms)} per run"
  defp changed(measure, :gone), do: "took #{time(measure.base_ms)} of CPU time per run and now takes none"

  defp changed(measure, verdict) do
    times = "from #{time(measure.base_ms)} to #{time(measure.now_ms)} of CPU time per run"
    "#{verdict} #{times}, #{signed(measure.growth)} (95 %: #{range(measure.interval)})"
  end

  defp wall_changed(%{change: change}, true), do: "#{signed(change)}, on a busy machine"
  defp wall_changed(%{change: change, interval: nil}, _), do: "#{signed(change)}, from single runs"
  defp wall_changed(%{change: change, interval: interval}, _), do: "#{signed(change)} (95 %: #{range(interval)})"

  @doc """
  The function that called another one most often, by collapsed stacks; nil if no function called it.

      iex> stacks = "main/0;a/1;hot/1 5\\nmain/0;b/1;hot/1;memcpy 7\\nhot/1 9\\n"
      iex> {Cprof.RunText.caller(stacks, "hot/1"), Cprof.RunText.caller(stacks, "main/0")}
      {"b/1", nil}
  """
  @spec caller(String.t(), String.t()) :: String.t() | nil
  def caller(collapsed, name) do
    # As the format writes names.
    name = name |> shown() |> String.replace(";", ":")

    collapsed
    |> String.split("\n", trim: true)
    |> Enum.reduce(%{}, &count_caller(&1, name, &2))
    |> Enum.max_by(fn {_, count} -> count end, fn -> {nil, 0} end)
    |> elem(0)
  end

  defp count_caller(line, name, counts) do
    [_, stack, count] = Regex.run(~r/\A(.*) (\d+)\z/s, line)
    frames = stack |> String.split(";") |> Enum.map(&Growth.steady/1)

    case Enum.find_index(frames, &(&1 == name)) do
      at when at in [nil, 0] -> counts
      at -> Map.update(counts, Enum.at(frames, at - 1), String.to_integer(count), &(&1 + String.to_integer(count)))
    end
  end

  @doc """
  A time given in milliseconds.

      iex> for ms <- [0.0, 0.0123, 1.26, 999.96, 61_234.5], do: Cprof.RunText.time(ms)
      ["0.000 ms", "0.012 ms", "1.3 ms", "1000.0 ms", "61.23 s"]
  """
  @spec time(number()) :: String.t()
  def time(ms) when ms < 1, do: fixed(ms, 3) <> " ms"
  def time(ms) when ms < 10_000, do: fixed(ms, 1) <> " ms"
  def time(ms), do: fixed(ms / 1000, 2) <> " s"

  @doc """
  A change in percent, with its sign; from a tenfold increase on as a factor.

      iex> for change <- [0.5, -0.123456, 0.0, 41.0], do: Cprof.RunText.signed(change)
      ["+50.0 %", "-12.3 %", "+0.0 %", "x42"]
  """
  @spec signed(float()) :: String.t()
  def signed(change) when change >= 9, do: sign(change)
  def signed(change), do: sign(change) <> " %"

  @doc """
  An interval of changes, in percent.

      iex> Cprof.RunText.range({-0.05, 0.125})
      "-5.0 to +12.5"
  """
  @spec range({float(), float()}) :: String.t()
  def range({low, high}), do: "#{sign(low)} to #{sign(high)}"

  defp sign(change) when change >= 9, do: "x" <> fixed(change + 1, 0)

  defp sign(change) do
    text = fixed(change * 100, 1)

    cond do
      text in ["-0.0", "0.0"] -> "+0.0"
      change > 0 -> "+" <> text
      true -> text
    end
  end

  # Names come from recordings, which may hold anything.
  defp shown(name), do: :cprof_words.shown(name)

  defp percent(part), do: fixed(part * 100, 1) <> " %"
  defp fixed(number, digits), do: :erlang.float_to_binary(number * 1.0, decimals: digits)
end
