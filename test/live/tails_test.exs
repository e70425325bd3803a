defmodule Live.TailsTest do
  @moduledoc "A function that ended in a tail call is shown where the code of its caller names it."
  use ExUnit.Case

  alias Live.{Cprof, Node, Recording}

  setup_all do
    node = Node.start("tails")
    file = Path.join(node.dir, "r.pb.gz")
    Recording.of_cpu(node, 3, ["-r", 999, "-o", file])
    on_exit(fn -> Node.stop(node) end)
    %{recording: file, stacks: Cprof.collapsed(["report", file])}
  end

  # The stacks in which loop/1 called `callee`, from below that frame on.
  defp below(stacks, callee) do
    for {frames, n} <- stacks, [_, rest] <- [split(frames)], [^callee | below] <- [rest], do: {below, n}
  end

  defp split(frames) do
    case Enum.split_while(frames, &(&1 != "tails:loop/1")) do
      {above, ["tails:loop/1" | rest]} -> [above, rest]
      _ -> nil
    end
  end

  defp count(stacks), do: stacks |> Enum.map(&elem(&1, 1)) |> Enum.sum()

  test "by a call in its module and through its export", %{stacks: stacks} do
    for name <- ~w(local by_two by_export by_fun sorted) do
      found = below(stacks, "tails:#{name}/#{if name == "by_fun", do: 2, else: 1}")
      assert count(found) > 20, "#{name}: #{count(found)} samples"
    end

    local = below(stacks, "tails:local/1")
    true_ones = [nil, "tails:sum/1", "tails:sum/2", "tails:keep/2"]
    others = Enum.reject(local, fn {below, _} -> List.first(below) in true_ones end)
    others = Enum.reject(others, fn {below, _} -> String.starts_with?(hd(below), "[") end)
    # When keep/2 has allocated its slot but not written it, the slot still has the
    # return address that the call of sorted/1 left there. That is about 1 % of samples.
    assert count(others) <= 0.05 * count(local), inspect({count(local), others})
  end

  test "of several in a row the first, and no other", %{stacks: stacks} do
    for {frames, _} <- stacks, hidden <- ["tails:second/1", "tails:sum/1"] do
      # What runs may be in the kernel, or a BIF.
      callers = frames |> Enum.filter(&String.starts_with?(&1, "tails:")) |> Enum.drop(-1)
      refute hidden in callers, Enum.join(frames, ";")
    end
  end

  test "it has a total, hardly any time of its own, and is counted", %{recording: file} do
    {text, _, 0} = Cprof.run(["report", file, "-f", "json"])
    report = Live.Json.decode!(text)
    functions = Map.new(report["functions"], &{&1["name"], &1})
    assert report["counters"]["tail_called"] > 100
    assert functions["tails:by_two/1"]["total"] > functions["tails:by_two/1"]["own"]
    assert functions["tails:by_two/1"]["own_pct"] < 5
  end
end
