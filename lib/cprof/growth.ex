defmodule Cprof.Growth do
  @moduledoc """
  Compares measurements of the same work before and after a change: which functions now take more CPU time per run.
  Pure.

  Two recordings of a node can only be compared by shares (`Cprof.diff/3`), because nobody knows how much work the node
  did during each. Here both sides did the same work a known number of times, so CPU time per run is compared. This
  matters when a function was made faster: the shares of all others grow, although none of them became slower.

  A function has *grown* when

    * its CPU time per run grew by 5 % or more, and by at least 1 % of the CPU time that a whole run took before;
    * the growth is significant: an interval at a level of 5 %, divided by the number of functions that could have
      changed by that much (Bonferroni), excludes 0. Counts vary more between runs than by sampling alone. How much more
      is estimated from the spread between the runs, combined with usual values; so single runs can be compared, too,
      but with less certainty;
    * the function grew, rather than the machine becoming slower: either its share of the CPU time also grew
      significantly, or the growth stays significant when the speed of the machine is assumed to be uncertain by 5 %
      (standard deviation). Where the two sides were measured on different hosts or in different ways, only the share
      counts. The time of the collector and the kernel depends on what else is in memory and caches, so theirs is
      assumed to be uncertain by 30 %; a function that did not grow itself must have grown in total by more than
      the collector and the kernel did without significance.

  `shrank` is the mirror image. Functions that were sampled on only one side are `new` or `gone`.

  Each function has two measures: `self`, the time in the function itself, and `total`, which includes what it called.
  Growth of self does not count when the total did not follow: then work was only moved into the function.
  """

  alias Cprof.{Evidence, Statistics}

  @min_effect 0.05
  @min_part 0.01
  @min_samples 10
  @speed_doubt 0.05
  @runtime_doubt 0.3

  @typedoc "CPU time in milliseconds per run. A growth of 0.2 means 20 percent more."
  @type measure :: %{
          base_ms: float(),
          now_ms: float(),
          growth: float(),
          interval: {float(), float()},
          verdict: :same | :grew | :shrank | :new | :gone
        }

  @type row :: %{name: String.t(), kind: atom(), self: measure(), total: measure()}

  @type t :: %{
          rows: [row()],
          whole: %{base_ms: float(), now_ms: float()},
          samples: %{base: non_neg_integer(), now: non_neg_integer()},
          alike?: boolean()
        }

  @doc """
  Compares the reports of the runs before with those of now. Rows are sorted by the size of their change.
  """
  @spec compare([Cprof.Profile.report(), ...], [Cprof.Profile.report(), ...]) :: t()
  def compare(base_reports, now_reports) do
    {base, now} = {side(base_reports), side(now_reports)}
    keys = Map.keys(Map.merge(base.functions, now.functions))
    rows = for key <- keys, do: row(key, base, now)
    alike? = base.facts == now.facts
    judged = judge(rows, Map.put(judge_of(rows, base, now), :alike?, alike?))

    %{
      rows: Enum.sort_by(judged, &{-abs(own(&1).now_ms - own(&1).base_ms), &1.name}),
      whole: %{base_ms: base.whole_ms, now_ms: now.whole_ms},
      samples: %{base: base.counted, now: now.counted},
      alike?: alike?
    }
  end

  @doc """
  The measure that represents a function: total for a BIF or NIF, whose cost is in the C functions that it calls, and
  self for all others.
  """
  @spec own(row()) :: measure()
  def own(%{kind: kind, total: total}) when kind in [:bif, :nif], do: total
  def own(%{self: self}), do: self

  @doc """
  The rows that grew by more than `limit` (0.1: 10 percent), in self or total, the culprit first. A new function counts
  when it takes more than that part of what a whole run took before, and made the run longer; otherwise it took over
  work of others.
  """
  @spec grown_above(t(), float()) :: [{row(), measure()}]
  def grown_above(%{whole: whole} = comparison, limit) do
    suspects(comparison, fn
      %{verdict: :grew} = measure ->
        measure.growth > limit

      %{verdict: :new, now_ms: now_ms} ->
        now_ms > limit * whole.base_ms and whole.now_ms - whole.base_ms > now_ms / 2

      _ ->
        false
    end)
  end

  @doc """
  The rows to show, each with its measure. First the functions that changed themselves, the largest change first. If
  only the collector or the kernel changed themselves, also the innermost function that calls what changed. Then the
  largest functions that stayed the same, until there are `least` rows in all.
  """
  @spec shown(t(), non_neg_integer()) :: [{row(), measure()}]
  def shown(comparison, least) do
    suspects = suspects(comparison, &(&1.verdict != :same))
    own = Enum.filter(suspects, fn {row, measure} -> measure == own(row) end)
    changed = Enum.uniq(Enum.take(suspects, 1) ++ own)
    names = MapSet.new(changed, fn {row, _} -> row.name end)
    same = for row <- comparison.rows, row.kind != :native, row.name not in names, do: {row, own(row)}
    largest = Enum.sort_by(same, fn {_, measure} -> -max(measure.base_ms, measure.now_ms) end)

    Enum.sort_by(changed, fn {_, measure} -> -abs(measure.now_ms - measure.base_ms) end) ++
      Enum.take(largest, max(least - length(changed), 0))
  end

  @doc """
  The row that a single sentence about the change should name, with the measure that changed; or nil.
  """
  @spec culprit(t()) :: {row(), measure()} | nil
  def culprit(comparison), do: comparison |> suspects(&(&1.verdict != :same)) |> List.first()

  # First the functions of code whose own measure fits, the largest change first;
  # then those that only call such functions, the innermost first; then the
  # collector and the kernel. C functions are left out: they stand below the BIF or
  # the Erlang function that called them.
  defp suspects(comparison, suspect?) do
    {code, runtime} = comparison.rows |> Enum.reject(&(&1.kind == :native)) |> Enum.split_with(&code?/1)
    own = for row <- code ++ runtime, suspect?.(own(row)), do: {row, own(row)}
    callers = for row <- code -- Enum.map(own, &elem(&1, 0)), suspect?.(row.total), do: {row, row.total}
    {code_first, runtime_last} = Enum.split_with(own, fn {row, _} -> code?(row) end)
    code_first ++ Enum.sort_by(callers, fn {_, total} -> max(total.base_ms, total.now_ms) end) ++ runtime_last
  end

  defp code?(row), do: row.kind in [:erlang, :elixir, :bif, :nif]

  # --- counts ----------------------------------------------------------------

  defp side(reports) do
    counted = sum(reports, & &1.meta.counted)
    ms = ms_per_sample(reports)
    runs = length(reports)

    %{
      runs: runs,
      counted: counted,
      totals: Enum.map(reports, & &1.meta.counted),
      ms_per_sample: ms,
      whole_ms: counted * ms / runs,
      functions: reports |> Enum.with_index() |> Enum.reduce(%{}, &count/2),
      facts: reports |> Enum.map(&facts(&1.meta)) |> Enum.uniq() |> Enum.sort()
    }
  end

  # The CPU time that a sample stands for; by the rate, if no CPU time was measured.
  defp ms_per_sample([first | _] = reports) do
    {samples, cpu_ns} = {sum(reports, & &1.meta.samples), sum(reports, & &1.meta.cpu_ns)}
    if samples > 0 and cpu_ns > 0, do: cpu_ns / samples / 1.0e6, else: 1000 / max(first.meta.rate_asked, 1)
  end

  defp facts(meta), do: Map.take(meta, [:host, :otp, :erts, :engine, :event, :kernel_included, :schedulers])

  defp sum(reports, fun), do: reports |> Enum.map(fun) |> Enum.sum()

  # Functions with the same name in a run (with different lines, or arities of
  # closures) are one function; each has the counts of the runs in which it was seen.
  defp count({report, run}, functions) do
    Enum.reduce(report.functions, functions, fn row, functions ->
      seen = Map.get(functions, key(row), %{})
      {self, total} = Map.get(seen, run, {0, 0})
      Map.put(functions, key(row), Map.put(seen, run, {self + row.self, total + row.total}))
    end)
  end

  defp key(row), do: {steady(row.name), if(row.kind == :native, do: row.module, else: ""), row.kind}

  @doc """
  A function's name without the part that differs from one start of the VM to the next: the number of the module that
  code outside of modules is compiled into.

      iex> Cprof.Growth.steady("anonymous fn/0 in :elixir_compiler_12.__FILE__/1")
      "anonymous fn/0 in :elixir_compiler.__FILE__/1"
  """
  @spec steady(String.t()) :: String.t()
  def steady(name) do
    Regex.replace(~r/elixir_compiler_\d+/, name, "elixir_compiler")
  end

  # --- verdicts --------------------------------------------------------------

  defp row({name, _, kind} = key, base, now) do
    {before, later} = {counts(base, key), counts(now, key)}

    [self, total] =
      for at <- [0, 1], do: counted(Enum.map(before, &elem(&1, at)), Enum.map(later, &elem(&1, at)), base, now)

    %{name: name, kind: kind, self: self, total: total}
  end

  defp counts(side, key) do
    seen = Map.get(side.functions, key, %{})
    for run <- 0..(side.runs - 1), do: Map.get(seen, run, {0, 0})
  end

  defp counted(before, later, base, now) do
    base_ms = Enum.sum(before) * base.ms_per_sample / base.runs
    now_ms = Enum.sum(later) * now.ms_per_sample / now.runs
    growth = if base_ms > 0, do: now_ms / base_ms - 1, else: 0.0
    %{counts: {before, later}, base_ms: base_ms, now_ms: now_ms, growth: growth}
  end

  # How rows are judged: by the spread of the counts, and by the number of standard
  # errors that a change must reach, given all rows that could reach the least change.
  defp judge_of(rows, base, now) do
    least_ms = @min_part * base.whole_ms
    could? = fn measure -> enough?(measure) and max(measure.base_ms, measure.now_ms) >= least_ms end
    model = Evidence.model(base, now, for(row <- rows, could?.(row.self), do: row.self.counts))
    candidates = Enum.count(rows, &(could?.(&1.self) or could?.(&1.total)))

    %{
      model: model,
      least_ms: least_ms,
      reach: Statistics.reach(0.05 / max(candidates, 1), model.freedom),
      width: Statistics.reach(0.05, model.freedom)
    }
  end

  defp enough?(%{counts: {before, later}}), do: Enum.sum(before) + Enum.sum(later) >= @min_samples

  defp judge(rows, judge) do
    judged =
      for row <- rows do
        judge = Map.put(judge, :code?, row.kind == :native or code?(row))
        self = if followed?(row.self, row.total), do: verdict(row.self, judge), else: :same
        %{row | self: measure(row.self, self, judge), total: measure(row.total, verdict(row.total, judge), judge)}
      end

    unsure_ms = unsure_runtime_ms(judged)
    Enum.map(judged, &beyond_runtime(&1, unsure_ms, judge))
  end

  # By how much the collector and the kernel changed without significance. That
  # time is in the total of any function.
  defp unsure_runtime_ms(rows) do
    for(%{kind: kind, self: %{verdict: :same} = self} <- rows, kind in [:gc, :kernel], do: change_ms(self))
    |> Enum.sum()
  end

  defp beyond_runtime(%{self: %{verdict: :same}, total: %{verdict: verdict} = total} = row, unsure_ms, judge)
       when verdict in [:grew, :shrank] do
    left_ms = change_ms(total) - unsure_ms

    if left_ms < @min_effect * total.base_ms or left_ms < judge.least_ms,
      do: put_in(row.total.verdict, :same),
      else: row
  end

  defp beyond_runtime(row, _, _), do: row

  defp change_ms(measure), do: abs(measure.now_ms - measure.base_ms)

  defp followed?(self, total) do
    {own, all} = {self.now_ms - self.base_ms, total.now_ms - total.base_ms}
    own * all > 0 and abs(all) >= abs(own) / 2
  end

  defp verdict(measure, judge) do
    cond do
      not comparable?(judge.model) or not enough?(measure) or small?(measure, judge) or not sure?(measure, judge) ->
        :same

      measure.now_ms > measure.base_ms ->
        if measure.base_ms == 0, do: :new, else: :grew

      true ->
        if measure.now_ms == 0, do: :gone, else: :shrank
    end
  end

  defp comparable?(model), do: model.base.counted > 0 and model.now.counted > 0

  defp small?(%{base_ms: base_ms, now_ms: now_ms}, judge) do
    change = abs(now_ms - base_ms)
    change < @min_effect * base_ms or change < judge.least_ms
  end

  defp sure?(%{counts: counts} = measure, %{model: model} = judge) do
    direction = if measure.now_ms > measure.base_ms, do: 1, else: -1
    beyond? = fn score -> score * direction > judge.reach end
    time? = fn doubt -> beyond?.(Evidence.time_score(model, counts, doubt)) end

    share? = beyond?.(Evidence.share_score(model, counts))

    if judge.code?,
      do: time?.(0.0) and (share? or (judge.alike? and time?.(@speed_doubt))),
      else: time?.(@runtime_doubt) and (share? or judge.alike?)
  end

  defp measure(measure, verdict, judge) do
    measure
    |> Map.take([:base_ms, :now_ms, :growth])
    |> Map.merge(%{interval: Evidence.interval(judge.model, measure.counts, judge.width), verdict: verdict})
  end
end
