defmodule Live.SharesTest do
  @moduledoc "Compares the shares in a recording with known CPU shares."
  use ExUnit.Case

  alias Live.{Cprof, Node, Recording}

  @module "known_work"

  setup_all do
    node = Node.known("erlang")
    on_exit(fn -> Node.stop(node) end)
    Node.tell(node, "reset")
    "ok" = Node.line(node)
    file = Path.join(node.dir, "shares.pb.gz")
    {us, said} = :timer.tc(fn -> Recording.of_cpu(node, 5, ["-r", 499, "-o", file]) end)
    truth = Node.truth(node)
    assert said =~ "wrote"
    %{report: Cprof.json(["report", file]), truth: truth, node: node, at_most_ns: 1000 * us}
  end

  defp function(report, name), do: Enum.find(report["functions"], &(&1["name"] == name))

  # Functions that call nothing have all of their time as self.
  test "self shares are the truth, within 3 points", %{report: report, truth: truth} do
    for {piece, name} <- [{"deep", "deep/1"}, {"add", "add/2"}, {"mul", "mul/2"}] do
      row = function(report, "#{@module}:#{name}")
      assert row, "#{name} is missing"
      assert_in_delta row["self_pct"], truth[piece], 3.0, name
    end
  end

  # The report counts stacks that do not reach the caller as truncated. As many samples may be missing from a total.
  test "what calls other functions has its share as total", %{report: report, truth: truth} do
    truncated = 100 * report["counters"]["truncated"] / report["meta"]["counted"]
    # On a busy machine many samples are taken in a page fault of a new heap, where engine bpf cannot read memory.
    assert truncated < if(report["meta"]["engine"] == "bpf", do: 5, else: 20)

    for {piece, name} <- [{"list_work", "list_work_piece/0"}, {"map_work", "map_work_piece/0"}] do
      row = function(report, "#{@module}:#{name}")
      assert row, "#{name} is missing"
      assert row["total_pct"] <= truth[piece] + 3
      assert row["total_pct"] >= truth[piece] - truncated - 3
    end
  end

  test "stacks reach the process's first function", %{report: report} do
    counters = report["counters"]
    assert counters["erlang_leaf"] > 500
    assert counters["erlang_leaf_complete"] / counters["erlang_leaf"] >= 0.99
  end

  test "hardly a frame is unresolved, no sample is lost", %{report: report} do
    counters = report["counters"]
    assert counters["unresolved_frames"] / counters["frames"] < 0.005
    assert counters["lost"] == 0
  end

  test "hot functions have their file and line", %{report: report} do
    source = File.read!("test/live/work/#{@module}.erl") |> String.split("\n")

    for {name, head} <- [{"deep/1", "deep("}, {"add/2", "add("}, {"mul/2", "mul("}] do
      row = function(report, "#{@module}:#{name}")
      assert Path.basename(row["file"]) == "#{@module}.erl"
      first = Enum.find_index(source, &String.starts_with?(&1, head)) + 1
      assert row["line"] in first..(first + 3), "#{name} is at line #{row["line"]}"
    end
  end

  test "the worker is named as the process that does it", %{report: report} do
    [first | _] = report["processes"]
    assert first["name"] == "known_worker"
    assert first["initial_call"] == "known_work:init/2"
    assert first["pid"] =~ ~r/^<0\.\d+\.0>$/
    assert first["pct"] > 90
  end

  test "the report says what was measured", %{report: report, node: node} = context do
    meta = report["meta"]
    assert meta["pid"] == node.pid
    assert meta["otp"] == "#{Cprof.otp()}"
    assert meta["rate_asked"] == 499
    # It is one process, so its 5 s of CPU time took at least 5 s.
    assert meta["duration_ns"] > 4.0e9 and meta["duration_ns"] < context.at_most_ns
  end
end
