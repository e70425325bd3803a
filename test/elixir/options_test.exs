defmodule Cprof.OptionsTest do
  use ExUnit.Case, async: true

  doctest Cprof.Options

  @all [:record, :render, :output]

  defp check(opts), do: :cprof_options.check(Cprof.Options.to_map(opts), @all)

  test "good options come out as the program wants them" do
    assert {:ok, checked} =
             check(rate: 499, engine: :perf, kernel: true, format: :json, top: 3, focus: ~r/^lists:/, ignore: ~c"x")

    assert checked == %{
             rate: 499,
             engine: "perf",
             kernel: true,
             format: "json",
             top: 3,
             focus: "^lists:",
             ignore: "x"
           }
  end

  test "processes may be pids, names and texts, one or many" do
    pid = self()
    text = List.to_string(:erlang.pid_to_list(pid))
    assert {:ok, %{process: [^text]}} = check(process: pid)
    assert {:ok, %{process: ["logger", "<0.1.0>", "x"]}} = check(process: [:logger, "<0.1.0>", ~c"x"])
    assert {:error, _} = check(process: [%{}])
    assert {:error, _} = check(process: List.duplicate("p", 65))
  end

  test "spans are names, one or many, and may have to be slow" do
    assert {:ok, %{span: ["[:a, :b]"], slower_than: 100}} = check(span: "[:a, :b]", slower_than: 100)
    assert {:ok, %{span: ["[:a]", "GET /"]}} = check(span: ["[:a]", ~c"GET /"])
    for wrong <- [[:a, :b], "", [], 5, List.duplicate("s", 65)], do: assert({:error, _} = check(span: wrong))
    for wrong <- [0, -1, "100ms"], do: assert({:error, _} = check(slower_than: wrong))
    options = :cprof_options.start_args(%{slower_than: 0.5, span: ["x"]})
    assert options == %{slower_than_us: 500, span: ["x"]}
    assert %{record: [slower_than: 1, span: "x"], render: [span: "x"]} = Cprof.Options.split(slower_than: 1, span: "x")
  end

  test "one output or many" do
    assert {:ok, %{output: ["a.html"]}} = check(output: "a.html")
    assert {:ok, %{output: ["a.html"]}} = check(output: ~c"a.html")
    assert {:ok, %{output: ["a.html", "b.txt"]}} = check(output: ["a.html", ~c"b.txt"])
    assert {:error, _} = check(output: [])
    assert {:error, _} = check(output: 5)
  end

  test "wrong values are refused with a sentence" do
    for {key, values} <- [
          event: [:lock, "cpu-clock", 1],
          rate: [0, -1, 1_000_000_000, 9.5, "99"],
          engine: [:magic, 1, ""],
          kernel: ["yes", nil],
          force: [1],
          command: [:no],
          top: [0, -5, :all],
          format: [:svg, 7],
          focus: [String.duplicate("x", 256), 1]
        ],
        value <- values do
      assert {:error, text} = check([{key, value}])
      assert text =~ "option #{key} must be"
    end
  end

  # The values that an option of the program accepts, according to its completion script.
  defp words(verb, option) do
    {script, 0} = System.cmd(Path.expand("priv/cprof"), ["--completion", "bash"])
    [_, of_verb] = String.split(script, "    #{verb})", parts: 2)
    [_, words] = Regex.run(~r/--#{option}(?:\|-\w)?\) .*?compgen -W '([^']*)'/, of_verb)
    String.split(words)
  end

  test "formats and engines are those of the program" do
    for event <- words("record", "event"), do: assert({:ok, %{event: ^event}} = check(event: event))
    for engine <- words("record", "engine"), do: assert({:ok, %{engine: ^engine}} = check(engine: engine))
    {:error, text} = check(engine: "none")
    assert text =~ Enum.join(words("record", "engine"), ", ")

    for format <- words("record", "format"), do: assert({:ok, %{format: ^format}} = check(format: format))
    {:error, text} = check(format: "none")
    [_, known] = Regex.run(~r/one of (.*), not/, text)
    assert Enum.sort(String.split(known, ", ")) == Enum.sort(words("report", "format"))

    check = &:cprof_options.check_comparison(Cprof.Options.to_map(&1))
    for format <- words("diff", "format"), do: assert({:ok, %{format: ^format}} = check.(format: format))
  end

  test "a comparison has its own options and formats" do
    check = &:cprof_options.check_comparison(Cprof.Options.to_map(&1))

    assert check.(format: :html, fail_above: 10, min_effect: 2.5, top: 3, focus: "x") ==
             {:ok, %{format: "html", fail_above: 10, min_effect: 2.5, top: 3, focus: "x"}}

    assert check.([]) == {:ok, %{}}
    assert check.(event: :alloc) == {:ok, %{event: "alloc"}}

    for event <- [:wall, :block, "cpu,alloc"] do
      assert {:error, text} = check.(event: event)
      assert text =~ "cpu or alloc"
    end

    for {key, value} <- [format: :pprof, format: 7, fail_above: -1, fail_above: "10", min_effect: nil, rate: 99] do
      assert {:error, text} = check.([{key, value}])
      assert text =~ "option" and text =~ to_string(key)
    end
  end

  test "options of CPU time are refused with event wall" do
    assert check(event: :wall, rate: 100, engine: :auto, kernel: false, force: false, command: false, top: 3) ==
             {:ok, %{event: "wall", rate: 100, engine: "auto", kernel: false, force: false, command: false, top: 3}}

    for {key, value} <- [rate: 101, engine: :perf, kernel: true, force: true] do
      assert {:error, text} = check([{:event, :wall}, {key, value}])
      assert text =~ "option #{key}" and text =~ "event"
    end

    rate = &:cprof_options.with_rate(&1, 499).rate
    assert {rate.(%{event: "wall"}), rate.(%{event: "cpu"}), rate.(%{}), rate.(%{rate: 7})} == {10, 499, 499, 7}
    assert rate.(%{event: "block"}) == 1000
  end

  test "several events are one text, in the order of the program" do
    for events <- ["alloc,cpu", :"cpu,alloc", [:alloc, :cpu], ["cpu", :alloc], ~c"cpu,alloc"] do
      assert check(event: events) == {:ok, %{event: "cpu,alloc"}}
    end

    assert :cprof_options.events(%{event: "cpu,alloc"}) == ["cpu", "alloc"]
    assert :cprof_options.events(%{}) == ["cpu"]
    # What is only for some of them is allowed for these.
    assert {:ok, _} = check(event: "cpu,wall", engine: :perf, kernel: true, force: true, rate: 999)
    assert {:error, text} = check(event: "wall,alloc", rate: 101)
    assert text =~ "readings"
    assert {:error, _} = check(event: "wall,alloc", kernel: true)
    assert :cprof_options.with_rate(%{event: "wall,alloc"}, 499).rate == 10
    # The stacks of two events are of different things.
    assert {:error, text} = check(event: "cpu,alloc", format: :collapsed)
    assert text =~ "shows one event"
    assert {:ok, _} = check(event: "cpu,alloc", format: :html)
    assert {:error, {:events, text}} = :cprof_sampler.check_outputs(%{event: "cpu,alloc", output: ["a.collapsed"]})
    assert text =~ "shows one event"
  end

  test "allocation may cost more" do
    assert check(event: :alloc, max_cost: 20) == {:ok, %{event: "alloc", max_cost: 20}}
    assert {:ok, _} = check(event: "cpu,alloc", max_cost: 0.1)
    for cost <- [0, 91, "20", nil], do: assert({:error, _} = check(event: :alloc, max_cost: cost))
    assert check(max_cost: 20) == {:error, "option max_cost is only for event alloc"}
  end

  test "event block has kernel stacks, and one engine" do
    assert check(event: :block, rate: 2000, kernel: true) == {:ok, %{event: "block", rate: 2000, kernel: true}}
    for option <- [engine: :perf, force: true], do: assert({:error, _} = check([{:event, :block}, option]))
  end

  test "an unknown option is named, with those that are known" do
    assert {:error, text} = check(speed: 9)
    assert text =~ "speed"
    assert text =~ "rate"
  end

  test "a file's format is that of its extension, else the one asked for" do
    for {file, format} <- [
          {"a.html", "html"},
          {"dir.txt/a.pb.gz", "pprof"},
          {"a.collapsed", "collapsed"},
          {"a.json", "json"},
          {"a.speedscope.json", "speedscope"},
          {"a.txt", "text"}
        ] do
      assert :cprof_options.format_of(file, %{format: "text"}) == {:ok, format}
    end

    assert :cprof_options.format_of("a.out", %{format: "json"}) == {:ok, "json"}
    assert {:error, text} = :cprof_options.format_of("a.out", %{})
    assert text =~ "a.out" and text =~ ".html"
  end

  test "switches given several times become lists" do
    switches = [output: "a.html", rate: 9, output: "b.txt", process: "p"]
    assert Enum.sort(Cprof.Options.from_switches(switches)) == [output: ["a.html", "b.txt"], process: ["p"], rate: 9]
  end
end
