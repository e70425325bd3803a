defmodule Live.ReloadTest do
  @moduledoc "A sample is named after the code that was loaded at its time."
  use ExUnit.Case

  alias Live.{Cprof, Node, Recording}

  @versions 50

  # Stacks of version N have N + 1 frames of at_depth/2: N that wait for a result, and the last, which ended in a tail
  # call.
  test "50 versions of a module, each seen as itself" do
    node = Node.start("reloaded", ["#{@versions}"])
    recording = Path.join(node.dir, "r.pb.gz")
    recorder = Recording.start(["-p", node.pid, "-d", 600, "-r", 999, "-o", recording])
    Node.tell(node, "go")
    "end" = Node.line(node, 120_000)
    Node.tell(node, "quit")
    {_, 0} = Recording.finished(recorder)
    stacks = Cprof.collapsed(["report", recording])
    Node.stop(node)

    versions = for {stack, count} <- stacks, version = version_of(stack), do: {version, frames(stack), count}
    named = Enum.reduce(versions, %{}, fn {version, _, n}, seen -> Map.update(seen, version, n, &(&1 + n)) end)
    total = named |> Map.values() |> Enum.sum()
    # When its caller's code is replaced before it was read, nothing names the last.
    others = for {version, frames, n} <- versions, frames != version + 1, do: {version, frames, n}
    assert Enum.all?(others, fn {version, frames, _} -> frames == version end), inspect(others)
    assert Enum.sum(for {_, _, n} <- others, do: n) <= div(total, 100), inspect(others)
    replaced = Enum.sum(for {stack, n} <- stacks, "[replaced code]" in stack, do: n)
    assert total > 500
    # On a busy machine a version may come and go between two reads of the code list. Its samples must not get the name
    # of another version.
    missed = @versions - map_size(named)
    assert missed <= div(@versions, 2)
    assert missed == 0 or replaced >= missed
    # Around each load, some samples (more on a busy machine) could be of either version. cprof must not guess.
    assert replaced <= 8 * @versions + missed * div(total, map_size(named))
  end

  defp frames(stack), do: Enum.count(stack, &(&1 == "reloaded:at_depth/2"))

  defp version_of(stack) do
    Enum.find_value(stack, fn frame ->
      with [_, n] <- Regex.run(~r/^changing:version_(\d+)\/2$/, frame), do: String.to_integer(n)
    end)
  end
end
