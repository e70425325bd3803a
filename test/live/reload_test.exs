defmodule Live.ReloadTest do
  @moduledoc "A sample is named after the code that was loaded at its time."
  use ExUnit.Case

  alias Live.{Cprof, Node}

  @versions 50

  # Each version runs alone and names its function after itself, so its share
  # of the samples must be its share of the time, and none may be missing.
  test "50 versions of a module, each seen as itself" do
    node = Node.start("reloaded", ["#{@versions}"])
    recording = Path.join(node.dir, "r.pb.gz")
    me = self()

    spawn_link(fn ->
      send(me, {:recorded, Cprof.run(["record", "-p", node.pid, "-d", 60, "-r", 999, "-o", recording])})
    end)

    Process.sleep(700)
    Node.tell(node, "go")
    ran = for "ran " <> line <- Node.lines_until(node, "end"), do: String.split(line)
    Process.sleep(200)
    Node.tell(node, "quit")
    assert_receive {:recorded, {_, _, 0}}, 20_000

    seen =
      for {stack, count} <- Cprof.collapsed(["report", recording]),
          "changing:" <> name <- Enum.uniq(stack),
          reduce: %{} do
        acc -> Map.update(acc, String.replace(name, "/2", ""), count, &(&1 + count))
      end

    assert length(ran) == @versions
    total_ns = ran |> Enum.map(fn [_, from, to] -> String.to_integer(to) - String.to_integer(from) end) |> Enum.sum()
    total = seen |> Map.values() |> Enum.sum()
    assert total > 200

    for [name, from, to] <- ran do
      expected = total * (String.to_integer(to) - String.to_integer(from)) / total_ns
      got = Map.get(seen, name, 0)
      assert abs(got - expected) <= 3 + 0.5 * expected, "#{name}: #{got} samples, #{expected} expected"
    end

    Node.stop(node)
  end
end
