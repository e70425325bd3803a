defmodule Live.KindsTest do
  @moduledoc "The work of a process appears in the right state and share, on whichever thread it is done."
  use ExUnit.Case

  alias Live.{Cprof, Node, Recording}

  @burners ~w(on_normal on_dirty_cpu on_dirty_io)

  setup_all do
    node = Node.start("kinds", ["kinds"], ["+SDcpu", "1:1"], with: "busy_nif", nif: "busy_nif")
    on_exit(fn -> Node.stop(node) end)
    Node.tell(node, "reset")
    "ok" = Node.line(node)
    recording = Path.join(node.dir, "kinds.pb.gz")
    assert Recording.of_cpu(node, 6, ["-r", 999, "-o", recording]) =~ "wrote"
    counts = counts(node)
    report = Cprof.json(["report", recording])
    %{counts: counts, report: report, stacks: Cprof.collapsed(["report", recording])}
  end

  test "NIFs on normal and dirty schedulers have their shares", %{counts: counts, report: report} do
    samples =
      for %{"name" => name} = row <- report["processes"], name in @burners, into: %{}, do: {name, row["samples"]}

    for name <- @burners, do: assert_in_delta(share(samples, name), share(counts, name), 4, name)
  end

  test "the states are those of the schedulers the work was done on", %{report: report} do
    samples = for row <- report["processes"], into: %{}, do: {row["name"], row["samples"]}
    %{"dirty-cpu" => cpu, "dirty-io" => io} = report["states"]
    # A large garbage collection also moves to a dirty CPU scheduler, but it counts as garbage collection.
    assert_in_delta cpu, samples["on_dirty_cpu"], 0.05 * samples["on_dirty_cpu"] + 5
    assert_in_delta io, samples["on_dirty_io"], 0.05 * samples["on_dirty_io"] + 15
  end

  test "a NIF's Erlang name stands between its caller and its C function", %{stacks: stacks} do
    for {name, nif} <- Enum.zip(@burners, ~w(burn burn_dirty_cpu burn_dirty_io)) do
      burned = for {stack, n} <- stacks, "busy_nif:#{nif}/1" in stack, do: {stack, n}
      total = burned |> Enum.map(&elem(&1, 1)) |> Enum.sum()
      assert total > 100, name
      good = for {["kinds:burner/2", <<"busy_nif:", _::binary>> | _], n} <- burned, do: n
      assert Enum.sum(good) >= 0.995 * total, name
    end
  end

  test "who collects only is garbage collection", %{stacks: stacks} do
    collects = for {["kinds:collector/1" | _] = stack, n} <- stacks, do: {List.last(stack), n}
    total = collects |> Enum.map(&elem(&1, 1)) |> Enum.sum()
    assert total > 50
    assert Enum.sum(for {"[gc]", n} <- collects, do: n) >= 0.95 * total
  end

  test "who sleeps or is blocked in a NIF burns nothing", %{report: report} do
    rows = for row <- report["processes"], row["name"] in ~w(sleeps blocked_in_nif), do: row["samples"]
    assert Enum.sum(rows) <= 0.01 * report["counters"]["samples"]
  end

  test "no sample is without its process, no stack without its root", %{report: report} do
    counters = report["counters"]
    if report["meta"]["engine"] == "bpf", do: assert(counters["unverified"] == 0)
    assert counters["no_process"] <= 0.002 * counters["samples"]
    assert counters["truncated"] <= 0.005 * counters["samples"]
  end

  test "2,000 short lives are one after another what they are" do
    node = Node.start("kinds", ["idle"], [], with: "busy_nif", nif: "busy_nif")
    recording = Path.join(node.dir, "short.pb.gz")
    recorder = Recording.start(["-p", node.pid, "-d", 600, "-r", 1999, "-o", recording])
    Node.tell(node, "short lives")
    "ok" = Node.line(node)
    System.cmd("kill", ["-9", "#{node.pid}"])
    {_, 0} = Recording.finished(recorder)
    lives = for {["kinds:short_life/1" | _], n} <- Cprof.collapsed(["report", recording]), do: n
    report = Cprof.json(["report", recording])
    Node.stop(node)
    of_lives = for %{"initial_call" => "kinds:short_life/1"} = row <- report["processes"], do: row["samples"]
    assert Enum.sum(lives) > 500
    # A process begins and ends its life in the emulator.
    assert_in_delta Enum.sum(of_lives), Enum.sum(lives), 0.1 * Enum.sum(lives)
    assert report["counters"]["no_process"] <= 0.005 * report["counters"]["samples"]
    # However many there were, there are few rows, and one group for people to read.
    assert length(of_lives) <= 300
    assert [group] = for(%{"initial_call" => "kinds:short_life/1"} = group <- report["process_groups"], do: group)
    assert group["samples"] == Enum.sum(of_lives)
    assert group["processes"] >= length(of_lives)
  end

  defp counts(node) do
    Node.tell(node, "truth")

    for line <- Node.lines_until(node, "end"), into: %{} do
      [name, count] = String.split(line)
      {name, String.to_integer(count)}
    end
  end

  defp share(counts, name), do: 100 * counts[name] / Enum.sum(for burner <- @burners, do: counts[burner])
end
