defmodule Cprof.RunsTest do
  use ExUnit.Case, async: true

  doctest Cprof.Runs
  doctest Cprof.RunText
  doctest Cprof.Measurement

  alias Cprof.{Runs, RunText}

  defp run(wall_us, waited_us \\ 0) do
    %Runs{number: 1, count: 1, wall_us: wall_us, waited_us: waited_us, warm?: true, set: 1}
  end

  test "a text is read back as the run it was made of" do
    for wall <- [1, 999_999_999_999, nil],
        warm? <- [true, false],
        number <- [1, 10_000],
        bytes <- [nil, 0, 999_999_999_999] do
      run = %Runs{
        number: number,
        count: 10_000,
        wall_us: wall,
        waited_us: 7,
        allocated: bytes,
        warm?: warm?,
        set: 1_763_720_000_123_456
      }

      text = Runs.to_text(run)
      assert byte_size(text) < 256
      assert Runs.from_text(text) == run
    end
  end

  test "what is not such a text is no run" do
    text = Runs.to_text(run(412_345))
    for length <- 0..(byte_size(text) - 2), do: assert(Runs.from_text(binary_part(text, 0, length)) == nil)
    assert Runs.from_text(text <> "x") == nil
    assert Runs.from_text(String.replace(text, "412345", "9999999999999999999")) == nil
    assert Runs.from_text(<<255, 254>>) == nil
    assert Runs.from_text("") == nil
  end

  test "the interval of a change is right as often as it says" do
    :rand.seed(:exsss, {1, 2, 3})
    times = fn mean -> for _ <- 1..5, do: round(mean * :math.exp(0.05 * :rand.normal())) end

    inside =
      for _ <- 1..400 do
        %{interval: {low, high}} = Runs.wall_change(times.(100_000), times.(130_000))
        low <= 0.3 and 0.3 <= high
      end

    assert Enum.count(inside, & &1) in 365..395
  end

  test "equal times have an interval, too" do
    assert Runs.wall_change([5, 5], [5, 5]) == %{change: 0.0, interval: {0.0, 0.0}}
  end

  test "the table of wall times" do
    text = IO.iodata_to_binary(RunText.walls([{"baseline", [run(2000), run(1000)]}, {"now", [run(900, 500)]}]))
    assert [head, baseline, now, busy, _] = String.split(text, "\n", trim: true)
    assert head =~ ~r/Wall time +RUNS +MEDIAN +P95 +P99 +MIN +MAX/
    assert baseline =~ ~r/\Abaseline +2 +1.5 ms +- +- +1.0 ms +2.0 ms +47.1 % +0.000 ms\z/
    assert now =~ ~r/\Anow +1 +0.900 ms .* - +0.500 ms\z/
    assert busy =~ "(now)"
  end

  test "a percentile is shown from the number of runs on that it needs" do
    row = fn count ->
      [_, row | _] = String.split(IO.iodata_to_binary(RunText.walls([{"now", List.duplicate(run(1000), count)}])), "\n")
      row |> String.split(~r/ {2,}/) |> Enum.slice(3, 2)
    end

    assert row.(19) == ["-", "-"]
    assert row.(20) == ["1.0 ms", "-"]
    assert row.(100) == ["1.0 ms", "1.0 ms"]
  end

  test "a row whose interval has no 0 and that is no change explains itself" do
    measure = %{base_ms: 10.0, now_ms: 4.0, growth: -0.6, interval: {-0.8, -0.2}, verdict: :same}
    steady = %{measure | now_ms: 10.0, growth: 0.0, interval: {-0.1, 0.1}}

    text = fn measure ->
      row = %{name: "a/0", kind: :erlang, self: measure, total: measure}
      side = %{base: 900, now: 900}
      comparison = %{rows: [row], whole: %{base_ms: 10.0, now_ms: 4.0}, samples: side, alike?: true}
      IO.iodata_to_binary(RunText.functions(comparison, 5))
    end

    assert text.(measure) =~ ~r/-60.0 % +-80.0 to -20.0 +unsure +a\/0\n.*\nunsure: the function's own interval /s
    assert text.(steady) =~ ~r/-10.0 to \+10.0 +same +a\/0\n/
    refute text.(steady) =~ "unsure"
  end

  test "the sentence says what is not sure" do
    measure = %{base_ms: 10.0, now_ms: 15.0, growth: 0.5, interval: {0.4, 0.6}, verdict: :grew}
    sure = RunText.sentence({"A.b/1", measure, "C.d/2"}, %{change: 0.1, interval: {0.05, 0.15}}, false)

    assert sure ==
             "A.b/1 (called by C.d/2) grew from 10.0 ms to 15.0 ms of CPU time per run, +50.0 % (95 %: +40.0 to +60.0); " <>
               "wall time +10.0 % (95 %: +5.0 to +15.0)."

    assert RunText.sentence(nil, %{change: 0.1, interval: nil}, false) ==
             "No function's CPU time changed significantly; wall time +10.0 %, from single runs."

    assert RunText.sentence(nil, %{change: 0.1, interval: {0.05, 0.15}}, true) =~ "on a busy machine"
  end
end
