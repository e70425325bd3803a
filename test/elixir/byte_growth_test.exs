defmodule Cprof.ByteGrowthTest do
  use ExUnit.Case, async: true

  doctest Cprof.RunBytesText

  alias Cprof.{ByteGrowth, RunBytesText, Runs}

  # Runs in the form that the port gives, of known work: what a run allocates is exact but for a spread of 0.05 %, and
  # `equal` samples show by chance who allocates it.
  defp runs(bytes, runs, equal) do
    functions = for {name, of_it} <- bytes, of_it > 0, do: {name, of_it}
    all = Enum.sum(for {_, of_it} <- functions, do: of_it)

    for number <- 1..runs do
      allocated = round(all * :math.exp(0.0005 * :rand.normal()))
      run = %Runs{number: number, count: runs, wall_us: 1000, allocated: allocated, warm?: true, set: 1}
      {run, report(functions, all, equal)}
    end
  end

  # What was sampled is a tenth off in all: only its shares count.
  defp report(functions, all, equal) do
    seen = for {name, of_it} <- functions, do: {name, drawn(equal * of_it / all)}
    counted = seen |> Enum.map(&elem(&1, 1)) |> Enum.sum()
    unit = 0.9 * all / max(counted, 1)
    rows = for {name, times} <- seen, name != "outside", do: %{name: name, kind: :elixir, own: round(times * unit)}
    %{meta: %{counted: round(counted * unit), otp: "25"}, counters: %{effective: counted}, functions: rows}
  end

  defp drawn(mean), do: max(round(mean + :math.sqrt(mean) * :rand.normal()), 0)

  @work [
    {"Work.big/1", 400.0e6},
    {"Work.other/1", 200.0e6},
    {"Work.third/1", 150.0e6},
    {"Work.fourth/1", 100.0e6},
    {"outside", 20.0e6} | for(n <- 1..26, do: {"Work.small#{n}/1", 5.0e6})
  ]

  defp work(changes \\ %{}), do: for({name, bytes} <- @work, do: {name, bytes * Map.get(changes, name, 1.0)})

  defp compare(base, now), do: ByteGrowth.compare(base, now)
  defp named(comparison), do: for(%{own: %{verdict: verdict}} = row <- comparison.rows, verdict != :same, do: row.name)

  setup do
    :rand.seed(:exsss, {5, 7, 11})
    :ok
  end

  test "the same code twice is no change, with many runs and with one" do
    for {runs, equal} <- [{5, 400}, {1, 2000}], _ <- 1..60 do
      comparison = compare(runs(work(), runs, equal), runs(work(), runs, equal))
      assert named(comparison) == []
      assert comparison.whole.verdict == :same
      assert comparison.suspects == []
      assert ByteGrowth.grown_above(comparison, 0.01) == nil
    end
  end

  test "a function that allocates 10 % more is named, and by how much is known better than its share" do
    trials =
      for _ <- 1..60 do
        comparison = compare(runs(work(), 5, 1000), runs(work(%{"Work.big/1" => 1.1}), 5, 1000))

        case ByteGrowth.culprit(comparison) do
          nil ->
            [{row, _} | _] = comparison.suspects
            assert row.name =~ "Work." and comparison.runs_needed > 5
            {false, true}

          %{name: name, own: %{growth: growth, interval: {low, high}}} ->
            assert high - low < 0.05
            {name == "Work.big/1" and abs(growth - 0.1) < 0.02, low <= 0.1 and 0.1 <= high}
        end
      end

    assert Enum.count(trials, &elem(&1, 0)) >= 57
    assert Enum.count(trials, &elem(&1, 1)) >= 54
  end

  test "when samples do not show which function it is, those that may be it are named, and how many runs it takes" do
    changed = work(%{"Work.third/1" => 1.1})

    trials =
      for _ <- 1..40 do
        comparison = compare(runs(work(), 2, 300), runs(changed, 2, 300))
        assert comparison.whole.verdict == :grew
        assert_in_delta comparison.whole.growth, 0.015, 0.003

        case ByteGrowth.culprit(comparison) do
          nil ->
            assert Enum.sum(for {_, part} <- comparison.suspects, do: part) > 0.5
            {:open, comparison.runs_needed}

          row ->
            {row.name, nil}
        end
      end

    {open, sure} = Enum.split_with(trials, &(elem(&1, 0) == :open))
    assert length(open) > 20
    wrong = for {name, _} <- sure, name != "Work.third/1", do: name
    assert length(wrong) <= 2

    needed = open |> Enum.map(&elem(&1, 1)) |> Enum.sort() |> Enum.at(div(length(open), 2))
    assert needed in 30..200
    # That many are enough.
    found = for _ <- 1..10, do: named(compare(runs(work(), needed, 300), runs(changed, needed, 300)))
    assert Enum.count(found, &(&1 == ["Work.third/1"])) >= 8
  end

  test "two functions that changed are both named" do
    changed = work(%{"Work.big/1" => 1.3, "Work.other/1" => 0.6})

    for _ <- 1..20 do
      comparison = compare(runs(work(), 5, 1000), runs(changed, 5, 1000))
      assert Enum.sort(named(comparison)) == ["Work.big/1", "Work.other/1"]
      assert %{name: "Work.big/1", own: %{verdict: :grew}} = ByteGrowth.culprit(comparison)
      assert {:functions, [%{name: "Work.big/1"}]} = ByteGrowth.grown_above(comparison, 0.1)
    end
  end

  test "what one function allocates more and another less is seen by the samples alone" do
    changed =
      for {name, bytes} <- work(),
          do: {name, bytes + Map.get(%{"Work.big/1" => 80.0e6, "Work.other/1" => -80.0e6}, name, 0.0)}

    comparison = compare(runs(work(), 5, 1500), runs(changed, 5, 1500))
    assert comparison.whole.verdict == :same
    assert Enum.sort(named(comparison)) == ["Work.big/1", "Work.other/1"]
  end

  test "functions that are new, and that are gone" do
    with_new = [{"Work.new/0", 120.0e6} | work()]
    more = compare(runs(work(), 3, 800), runs(with_new, 3, 800))
    assert %{name: "Work.new/0", own: %{verdict: :new, base: +0.0, now: now}} = ByteGrowth.culprit(more)
    assert_in_delta now, 120.0e6, 6.0e6
    assert {:functions, [%{name: "Work.new/0"}]} = ByteGrowth.grown_above(more, 0.1)
    assert ByteGrowth.grown_above(more, 0.2) == nil

    assert RunBytesText.sentence(more, nil) =~
             ~r/^Work.new\/0 allocated nothing and now allocates 11\d MB per run; a whole/

    less = compare(runs(with_new, 3, 800), runs(work(), 3, 800))
    assert %{name: "Work.new/0", own: %{verdict: :gone}} = ByteGrowth.culprit(less)
    assert ByteGrowth.grown_above(less, 0.0) == nil

    assert RunBytesText.sentence(less, "A.b/1") =~
             ~r/^Work.new\/0 \(called by A.b\/1\) allocated .* now allocates nothing/
  end

  test "a function that has a new name is new, but not above a limit" do
    renamed = for {name, bytes} <- work(), do: {String.replace(name, "Work.big", "Work.great"), bytes}
    comparison = compare(runs(work(), 3, 800), runs(renamed, 3, 800))
    assert %{name: "Work.great/1", own: %{verdict: :new}} = ByteGrowth.culprit(comparison)
    assert ByteGrowth.grown_above(comparison, 0.1) == nil

    # With as much again of its own, it is.
    doubled = for {name, bytes} <- renamed, do: {name, if(name == "Work.great/1", do: 2 * bytes, else: bytes)}
    more = compare(runs(work(), 3, 800), runs(doubled, 3, 800))
    assert ByteGrowth.grown_above(more, 0.1) != nil
  end

  test "a limit may be exceeded by one of several functions, or by the whole run" do
    # Two functions of the same size, and few samples.
    even = [{"A.a/0", 100.0e6}, {"A.b/0", 100.0e6}]
    more = [{"A.a/0", 115.0e6}, {"A.b/0", 100.0e6}]
    comparison = compare(runs(even, 2, 10), runs(more, 2, 10))
    assert ByteGrowth.culprit(comparison) == nil
    assert {:one_of, [_, _]} = above = ByteGrowth.grown_above(comparison, 0.1)
    assert RunBytesText.above(comparison, above, nil) =~ "one of several functions grew by more"

    # Any of many functions would have grown by much more, but none of them is likely by itself.
    many = for n <- 1..25, do: {"A.f#{n}/0", 8.0e6}
    [{name, bytes} | others] = many
    comparison = compare(runs(many, 2, 150), runs([{name, 1.3 * bytes} | others], 2, 150))
    assert ByteGrowth.culprit(comparison) == nil
    assert {:one_of, _} = above = ByteGrowth.grown_above(comparison, 0.1)

    assert RunBytesText.not_judged(comparison, above) == ""

    assert RunBytesText.above(comparison, above, nil) =~
             ~r/it may be (any of \d+ functions|.*, or another one \(\d+ %\))\. About/

    assert ByteGrowth.grown_above(compare(runs(many, 2, 150), runs(many, 2, 150)), 0.1) == nil

    # Nothing was sampled at all.
    blind = compare(runs(even, 2, 0), runs(more, 2, 0))
    assert blind.rows == [] and ByteGrowth.grown_above(blind, 0.1) == nil
    assert ByteGrowth.grown_above(blind, 0.05) == :whole

    assert RunBytesText.above(blind, :whole, nil) =~
             ~r/^A whole run allocates \+7\.\d % .* do not show in which function\./

    assert IO.iodata_to_binary(RunBytesText.functions(blind, 5)) =~ "Few samples"

    for above <- [nil, :whole],
        do: assert(RunBytesText.not_judged(blind, above) == " Only the whole run was held against --fail-above.")

    sure = compare(runs(even, 5, 700), runs(more, 5, 700))
    assert ByteGrowth.culprit(sure).name == "A.a/0" and RunBytesText.not_judged(sure, nil) == ""
  end

  test "a function that has samples on one side only, by chance, does not seem to have changed" do
    side = fn rows ->
      run = %Runs{number: 1, count: 1, wall_us: 1000, allocated: 14_000_000, warm?: true, set: 1}
      functions = for {name, samples} <- rows, do: %{name: name, kind: :elixir, own: samples * 1_000_000}
      [{run, %{meta: %{counted: 14_000_000, otp: "25"}, counters: %{effective: 14}, functions: functions}}]
    end

    {one, other} = {side.([{"A.a/0", 13}, {"A.gone/0", 1}]), side.([{"A.a/0", 13}, {"A.new/0", 1}])}
    comparison = compare(one, other)

    for name <- ["A.new/0", "A.gone/0"] do
      assert %{own: %{interval: {low, high}}} = Enum.find(comparison.rows, &(&1.name == name))
      assert low < 0 and high > 0 and high < 1000
    end

    text = IO.iodata_to_binary(RunBytesText.functions(comparison, 5))
    assert text =~ ~r{^ +0 B +977 KB +same +A.new/0$}m
    refute text =~ "unsure"
  end

  test "a function that was sampled on one side only has no change in percent" do
    run = %Runs{number: 1, count: 1, wall_us: 1000, allocated: 100_000, warm?: true, set: 1}
    report = fn rows -> %{meta: %{counted: 100_000, otp: "25"}, counters: %{effective: 50}, functions: rows} end
    row = &%{name: &1, kind: :elixir, own: &2}
    base = [{run, report.([row.("A.a/0", 100_000)])}]
    now = [{run, report.([row.("A.a/0", 95_000), row.("A.b/0", 5_000)])}]

    for {comparison, before, later} <- [
          {compare(base, now), "0 B", "4.88 KB"},
          {compare(now, base), "4.88 KB", "0 B"}
        ] do
      assert named(comparison) == []
      text = IO.iodata_to_binary(RunBytesText.functions(comparison, 5))
      assert text =~ ~r{^ +#{before} +#{later} +(same|unsure) +A.b/0$}m
    end
  end

  test "measurements on different releases of OTP are not quite comparable" do
    base = runs(work(), 3, 800)
    later = for {run, report} <- base, do: {run, put_in(report.meta.otp, "27")}
    text = &IO.iodata_to_binary(RunBytesText.functions(compare(base, &1), 5))
    assert text.(later) =~ "\nMeasured on different OTP releases, which may allocate more or less for the same code\n"
    refute text.(base) =~ "OTP"
  end

  test "runs that differ are no change" do
    unsteady = fn ->
      for {run, report} <- runs(work(), 5, 500),
          do: {%{run | allocated: round(run.allocated * (1 + 0.1 * :rand.uniform()))}, report}
    end

    for _ <- 1..20, do: assert(named(compare(unsteady.(), unsteady.())) == [])
  end

  test "as text" do
    base = runs(work(), 5, 700)
    comparison = compare(base, runs(work(%{"Work.big/1" => 1.2}), 5, 700))
    text = IO.iodata_to_binary(RunBytesText.functions(comparison, 4))
    assert [title, head | rows] = String.split(text, "\n", trim: true)
    assert title =~ ~r/^Bytes on heaps per run, by function \(as by 3\d\d\d equal samples before, 3\d\d\d now\)$/
    assert head =~ ~r/^ +BEFORE +NOW +CHANGE  95 % +FUNCTION$/
    assert hd(rows) =~ ~r{^     3\d\d MB      4\d\d MB +\+(19|20)\.\d %  \+1\d\.\d to \+2\d\.\d +grew    Work.big/1$}
    assert Enum.find(rows, &(&1 =~ ~r{^     95\d MB +1.01 GB +\+8\.\d %  \+7\.\d to \+8\.\d +grew    all$}))

    assert RunBytesText.sentence(comparison, "Work.run/0") =~
             ~r{^Work.big/1 \(called by Work.run/0\) grew from 3\d\d MB to 4\d\d MB per run, \+\d\d\.\d % \(95 %: .*\); a whole run: \+8\.\d % \(95 %: \+7\.\d to \+8\.\d\)\.$}

    wholes = IO.iodata_to_binary(RunBytesText.wholes([{"baseline", for({run, _} <- base, do: run)}]))
    assert wholes =~ ~r/^Allocated +RUNS +MEAN +MIN +MAX +\+-\nbaseline +5 +9\d\d MB +9\d\d MB +9\d\d MB +0.0\d %\n$/
  end
end
