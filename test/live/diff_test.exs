defmodule Live.DiffTest do
  @moduledoc "Compares recordings of real work, unchanged and with one function made slower by a known amount."
  use ExUnit.Case

  import Live.Cprof, only: [one_line: 1]

  alias Live.{Cprof, Json, Node, Recording}

  @slowed "slowed:hash/2"

  setup_all do
    dir = Node.tmp_dir()
    on_exit(fn -> File.rm_rf!(dir) end)
    base = record(dir, "base", 100)
    %{dir: dir, base: base, same: record(dir, "same", 100), slow: record(dir, "slow", 150)}
  end

  defp record(dir, name, percent, more \\ []) do
    node = Node.start("slowed", ["#{percent}"], ~w(+sbwt none))
    file = Path.join(dir, name <> ".pb.gz")
    assert Recording.of_cpu(node, 2, ["-q", "-r", 999, "-o", file | more]) == ""
    Node.stop(node)
    file
  end

  test "what became slower is named, with its size, and fails the gate", %{base: base, slow: slow} do
    {out, err, code} = Cprof.run(["diff", base, slow, "--fail-above", 20])
    assert code == 3, err <> out
    assert one_line(err) =~ ~r/^cprof: above the limit of 20 %: #{Regex.escape(@slowed)} grew by \d+ %/
    [last | _] = out |> String.split("\n", trim: true) |> Enum.reverse()
    assert last =~ "#{@slowed} grew by"

    {json, _, 0} = Cprof.run(["diff", base, slow, "-f", "json"])
    culprit = Json.decode!(json)["culprit"]
    assert culprit["name"] == @slowed
    assert culprit["own"]["growth_low"] > 0
    assert_in_delta culprit["own"]["growth"], 0.5, 0.3
  end

  # By chance alone, some function looks changed in at most 5 of 100 comparisons. But chance does not make a function
  # that has most of the samples look twice as slow.
  test "the same code passes it", %{base: base, same: same} do
    {out, err, code} = Cprof.run(["diff", base, same, "--fail-above", 100])
    assert code == 0, err <> out
    assert err == ""
  end

  test "faster is no growth", %{base: base, slow: slow} do
    {out, err, code} = Cprof.run(["diff", slow, base, "--fail-above", 100])
    assert code == 0, err <> out
    {json, _, 0} = Cprof.run(["diff", slow, base, "-f", "json"])
    row = Enum.find(Json.decode!(json)["functions"], &(&1["name"] == @slowed))
    assert row["own"]["verdict"] == "shrank"
  end

  test "several recordings a side, to a file of the format its name tells", %{dir: dir} = files do
    out = Path.join(dir, "diff.json")
    args = ["--base", files.base, "--base", files.same, "--new", files.slow, "-o", out]
    assert {"", said, 0} = Cprof.run(["diff" | args])
    assert said =~ "wrote #{out}"
    report = out |> File.read!() |> Json.decode!()
    assert report["base"]["recordings"] == 2
    assert report["base"]["counted"] == counted(files.base) + counted(files.same)
    assert report["now"]["counted"] == counted(files.slow)
  end

  test "a filter leaves its part of both", %{base: base, slow: slow} do
    {json, _, 0} = Cprof.run(["diff", base, slow, "--focus", "slowed:hash", "-f", "json"])
    report = Json.decode!(json)
    assert Enum.find(report["functions"], &(&1["name"] == @slowed))["total"]["now_pct"] == 100.0
  end

  test "a time after the end is said, with the length", %{dir: dir} do
    timed = record(dir, "timed", 100, ["--timeline"])
    {"", err, 1} = Cprof.run(["diff", timed, timed, "--from", 100])

    assert one_line(err) =~
             ~r/^cprof: .*timed.pb.gz: --from 100 is after the end: the recording is \d+\.\d\d s long$/

    sides = ["--base", timed, "--base", timed, "--new", timed]
    {"", err, 1} = Cprof.run(["diff", "--from", 100 | sides])
    assert one_line(err) =~ ~r/: the longest recording of this side is \d+\.\d\d s long$/
  end

  defp counted(file), do: Cprof.json(["report", file])["meta"]["counted"]

  test "what cannot be compared is said in one line", %{dir: dir, base: base} do
    none = Path.join(dir, "none.pb.gz")
    text = Path.join(dir, "text.pb.gz")
    File.write!(text, "no recording")

    for {args, code, pattern} <- [
          {[base], 2, ~r/give two recordings, BASE and NEW/},
          {[base, base, base], 2, ~r/give two recordings/},
          {["--base", base], 2, ~r/--new: is missing/},
          {["--base", base, base], 2, ~r/needs one of them/},
          {[base, none], 1, ~r/none.pb.gz: No such file/},
          {[base, text], 1, ~r/text.pb.gz: not a recording/},
          {[base, base, "--fail-above", "much"], 2, ~r/--fail-above much: give a percentage/},
          {[base, base, "--min-effect", "0"], 2, ~r/--min-effect 0: give a percentage above 0/},
          {[base, base, "-f", "pprof"], 2, ~r/--format pprof: choose text/},
          {[base, base, "-o", Path.join(dir, "x.pb.gz")], 2, ~r/use .txt, .html or .json/},
          {[base, base, "-o", "/nonexistent/x.json"], 1, ~r/No such file/},
          {[base, base, "--focus", "("], 2, ~r/not a regular expression/},
          {[base, base, "--focus", "no such function"], 1, ~r/no samples of work to compare/},
          {[base, base, "--pid", "1"], 2, ~r/no such option/}
        ] do
      {out, err, got} = Cprof.run(["diff" | args])
      assert {out, got} == {"", code}, "#{inspect(args)}: #{err}"
      assert one_line(err) =~ pattern
    end
  end
end
