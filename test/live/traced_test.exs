defmodule Live.TracedTest do
  @moduledoc "The cost of a call trace pattern is shown below the functions that it is set on."
  use ExUnit.Case

  alias Live.{Cprof, Node}

  test "the breakpoint of a trace pattern is named" do
    node = Node.start("traced")
    on_exit(fn -> Node.stop(node) end)
    recording = Path.join(node.dir, "r.pb.gz")
    {_, _, 0} = Cprof.run(["record", "-p", node.pid, "-d", 2, "-r", 999, "-o", recording])
    {text, _, 0} = Cprof.run(["report", recording, "-f", "json"])
    report = Live.Json.decode!(text)
    # From OTP 27 on, the trampoline is part of the function.
    frame = Enum.find(report["functions"], &(&1["name"] == "[breakpoint]"))
    assert Cprof.otp() >= 27 or (frame["module"] == "traced" and frame["self"] > 0)
    refute Enum.any?(report["functions"], &(&1["name"] == "[unknown]"))

    for {stack, _} <- Cprof.collapsed(["report", recording]), List.last(stack) == "[breakpoint]" do
      assert Enum.at(stack, -2) == "traced:sum/1", Enum.join(stack, ";")
      assert hd(stack) == "traced:loop/0"
    end
  end
end
