defmodule Live.BifNamesTest do
  @moduledoc "A BIF or NIF is shown with its Erlang name between its caller and its C code, however it was called."
  use ExUnit.Case

  alias Live.{Cprof, Node, Recording}

  setup_all do
    %{plain: record([])}
  end

  # {function, BIF, stacks of the function in C code whose caller is known}
  defp record(erl_flags) do
    node = Node.start("bif_work", [], erl_flags)
    file = Path.join(node.dir, "bifs.pb.gz")
    Recording.of_cpu(node, 5, ["-r", 999, "-o", file])
    stacks = Cprof.collapsed(["report", file])
    Node.tell(node, "calls")
    calls = for line <- Node.lines_until(node, "end"), do: List.to_tuple(String.split(line))
    Node.stop(node)
    # +JPperf leaves these files behind.
    for file <- ["perf-#{node.pid}.map", "jit-#{node.pid}.dump"], do: File.rm(Path.join("/tmp", file))
    for {function, bif} <- calls, do: {function, bif, in_c(stacks, "bif_work:#{function}/")}
  end

  defp in_c(stacks, caller) do
    for {frames, n} <- stacks,
        hd(frames) != "[truncated]",
        Enum.any?(frames, &String.starts_with?(&1, caller)),
        Enum.any?(frames, &native?/1),
        do: {frames, n}
  end

  # Other frames are Erlang functions or in brackets.
  defp native?(frame), do: not (frame =~ ~r/:.+\/\d+$/ or String.starts_with?(frame, "["))

  defp named?(frames, bif) do
    outer =
      frames
      |> Enum.take_while(&(not native?(&1)))
      |> Enum.reject(&(&1 in ["[elided]", "[C stack cut]", "[unreadable]"]))

    List.last(outer) == bif
  end

  defp count(stacks), do: stacks |> Enum.map(&elem(&1, 1)) |> Enum.sum()

  # Other work of a function (put/2, garbage collection) may be in C code, too.
  defp assert_named(calls) do
    for {function, bif, stacks} <- calls do
      named = Enum.filter(stacks, fn {frames, _} -> named?(frames, bif) end)
      assert count(named) >= 5, "#{function}: #{bif} has #{count(named)} of #{count(stacks)} samples"
      unnamed = Enum.filter(stacks, fn {frames, _} -> frames |> Enum.take_while(&(not native?(&1))) |> ours_last?() end)
      assert count(unnamed) <= 0.1 * count(stacks) + 2, "#{function}: #{inspect(Enum.take(unnamed, 5), width: 200)}"
    end
  end

  defp ours_last?(outer), do: String.starts_with?(List.last(outer) || "", "bif_work:")

  test "in a node as it is", %{plain: calls} do
    assert length(calls) > 20
    assert_named(calls)
  end

  test "in a node with frame pointers" do
    assert_named(record(["+JPperf", "true"]))
  end

  test "the emulator's C++ functions are spelled as in C++", %{plain: calls} do
    for {_, _, stacks} <- calls, {frames, _} <- stacks, frame <- frames, do: refute(frame =~ ~r/^_Z\d/)
  end
end
