defmodule Cprof.GrowthTest do
  use ExUnit.Case, async: true

  doctest Cprof.Growth
  doctest Cprof.Statistics

  alias Cprof.Growth

  # Reports in the form that the port gives, for known work: the self samples of
  # each function per run are drawn around a given mean, with twice the variance
  # of chance. main/0 calls all of them.
  defp reports(means, runs \\ 5, meta \\ %{}), do: for(_ <- 1..runs, do: report(means, meta))

  defp report(means, meta) do
    speed = :math.exp(0.03 * :rand.normal())
    drawn = for {name, mean} <- means, do: {name, draw(mean * speed)}
    counted = drawn |> Enum.map(&elem(&1, 1)) |> Enum.sum()
    main = %{name: "main/0", module: "main", kind: :elixir, self: 0, total: counted}

    functions =
      for {name, count} <- drawn, count > 0, do: %{name: name, module: "m", kind: :elixir, self: count, total: count}

    facts = %{host: "h", otp: "25", erts: "13", engine: "bpf", event: "e", kernel_included: true, schedulers: 2}
    figures = %{samples: counted, counted: counted, cpu_ns: counted * 1_001_001, rate_asked: 999}
    %{meta: facts |> Map.merge(figures) |> Map.merge(meta), functions: [main | functions]}
  end

  defp draw(mean), do: max(round(mean + :math.sqrt(1.3 * mean) * :rand.normal()), 0)

  # A program of forty functions; the share of the k-th is smaller the larger k is.
  defp program(changes \\ %{}), do: for(k <- 1..40, do: {"f#{k}/1", 400 / k * Map.get(changes, k, 1.0)})

  defp everything(factor), do: for({name, mean} <- program(), do: {name, mean * factor})

  defp culprit(base, now) do
    case Growth.culprit(Growth.compare(base, now)) do
      {row, measure} -> {row.name, measure.verdict}
      nil -> nil
    end
  end

  defp changed?(comparison), do: Enum.any?(comparison.rows, &(&1.self.verdict != :same or &1.total.verdict != :same))

  setup do
    :rand.seed(:exsss, {2, 3, 5})
    :ok
  end

  test "the same code twice is no change" do
    alarms = for _ <- 1..200, changed?(Growth.compare(reports(program()), reports(program()))), do: :alarm
    assert length(alarms) <= 10
    single = for _ <- 1..200, changed?(Growth.compare(reports(program(), 1), reports(program(), 1))), do: :alarm
    assert length(single) <= 10
  end

  for {factor, runs, least} <- [{1.2, 10, 38}, {1.5, 3, 38}, {0.5, 3, 38}] do
    test "a function #{factor} times as slow is named, with its size in the interval" do
      trials =
        for _ <- 1..40 do
          changed = program(%{1 => unquote(factor)})
          comparison = Growth.compare(reports(program(), unquote(runs)), reports(changed, unquote(runs)))
          {row, measure} = Growth.culprit(comparison) || {%{name: nil}, %{interval: {1, 0}}}
          {low, high} = measure.interval
          {row.name == "f1/1", low <= unquote(factor) - 1 and unquote(factor) - 1 <= high}
        end

      assert Enum.count(trials, &elem(&1, 0)) >= unquote(least)
      assert Enum.count(trials, &elem(&1, 1)) >= 36
    end
  end

  test "when one function was made faster, the others did not grow, though their shares did" do
    for _ <- 1..20 do
      comparison = Growth.compare(reports(program(%{1 => 10.0})), reports(program()))
      assert Growth.grown_above(comparison, 0.05) == []
      assert {%{name: "f1/1"}, %{verdict: :shrank}} = Growth.culprit(comparison)
    end
  end

  test "a machine that is slower for everything is no function's fault" do
    for _ <- 1..20 do
      assert Growth.grown_above(Growth.compare(reports(program()), reports(everything(1.08))), 0.05) == []
    end

    # On another host, not even if everything is much slower.
    other = %{host: "other"}
    comparison = Growth.compare(reports(program()), reports(everything(1.5), 5, other))
    assert not comparison.alike?
    assert Growth.grown_above(comparison, 0.05) == []
    # But a function that became even slower is found.
    slower = for {name, mean} <- program(%{2 => 2.0}), do: {name, mean * 1.5}
    comparison = Growth.compare(reports(program()), reports(slower, 5, other))
    assert [{%{name: "f2/1"}, _} | _] = Growth.grown_above(comparison, 0.05)
  end

  test "one function that is nearly all of the run" do
    alone = &[{"hot/1", &1}, {"rest/0", 0.5}]
    assert {"hot/1", :grew} = culprit(reports(alone.(300)), reports(alone.(450)))
    assert nil == culprit(reports(alone.(300)), reports(alone.(306)))
  end

  test "a new function counts when the run became longer by it" do
    base = reports([{"work/0", 300}])

    [{row, %{verdict: :new}} | _] =
      Growth.grown_above(Growth.compare(base, reports([{"work/0", 300}, {"more/0", 100}])), 0.1)

    assert row.name == "more/0"
    # It only had another name before.
    renamed = Growth.compare(reports([{"work/0", 300}, {"old/0", 100}]), reports([{"work/0", 300}, {"new/0", 100}]))
    assert Growth.grown_above(renamed, 0.1) == []

    assert renamed.rows |> Enum.map(&{&1.name, &1.self.verdict}) |> Enum.sort() |> Enum.slice(1, 2) == [
             {"new/0", :new},
             {"old/0", :gone}
           ]
  end

  test "work that moved into a function from one that it called is no growth" do
    inlined = fn self ->
      for report <- reports([{"a/0", 300}]) do
        %{report | functions: for(row <- report.functions, do: %{row | self: if(row.name == "a/0", do: self, else: 0)})}
      end
    end

    comparison = Growth.compare(inlined.(100), inlined.(300))
    assert Growth.grown_above(comparison, 0.1) == []
  end

  # Garbage collection takes more or less time depending on what else is in memory and caches.
  defp collecting(gc_mean, work_mean \\ 200) do
    for _ <- 1..5 do
      [%{functions: functions} = report] = reports([{"other/1", 800}, {"makes/1", work_mean}], 1)
      gc = draw(gc_mean)
      collector = %{name: "[gc]", module: "", kind: :gc, self: gc, total: gc}
      counted = report.meta.counted + gc

      functions =
        for row <- functions, do: if(row.name in ["makes/1", "main/0"], do: %{row | total: row.total + gc}, else: row)

      meta = Map.merge(report.meta, %{samples: counted, counted: counted, cpu_ns: counted * 1_001_001})
      %{meta: meta, functions: [collector | functions]}
    end
  end

  test "what the collector took more, without significance, is not its caller's growth" do
    comparison = Growth.compare(collecting(300), collecting(540))
    [gc] = for row <- comparison.rows, row.kind == :gc, do: row
    assert gc.self.growth > 0.6 and gc.self.verdict == :same
    assert Growth.grown_above(comparison, 0.1) == []
    slower = Growth.compare(collecting(300), collecting(540, 400))
    assert [{%{name: "makes/1"}, %{verdict: :grew}} | _] = Growth.grown_above(slower, 0.1)
  end

  test "a side without samples is no reason to fail" do
    comparison = Growth.compare(reports([]), reports([]))
    assert comparison.whole == %{base_ms: 0.0, now_ms: 0.0}
    assert Growth.culprit(comparison) == nil
    assert Growth.grown_above(Growth.compare(reports([]), reports([{"a/0", 1}])), 0.1) == []
    assert IO.iodata_to_binary(Cprof.RunText.functions(comparison, 5)) =~ "Few samples"
  end
end
