defmodule Live.ProgressTest do
  @moduledoc "What a terminal shows while a recording runs, and that scripts see none of it."
  use ExUnit.Case

  alias Live.{Cprof, Node}

  setup_all do
    node = Node.start("phases")
    dir = Node.tmp_dir()

    on_exit(fn ->
      Node.stop(node)
      File.rm_rf!(dir)
    end)

    %{pid: node.pid, recording: "#{dir}/r.json"}
  end

  # stdout and stderr are both a terminal.
  defp on_terminal(args) do
    command = Enum.map_join([Cprof.program() | args], " ", &"'#{&1}'")
    {out, 0} = System.cmd("script", ["-qec", command, "/dev/null"])
    out
  end

  test "time left, samples a second, lost", %{pid: pid, recording: file} do
    out = on_terminal(["record", "-p", pid, "-d", 2, "-o", file])
    assert out =~ ~r/\r[12] s left, \d+ samples\/s, \d+ lost; Ctrl-C ends it/
    assert out =~ "cprof: wrote"
    # The line is removed before anything else is written.
    assert [_, _] = String.split(out, "\r\e[Kcprof: wrote")
  end

  test "nothing with --quiet", %{pid: pid, recording: file} do
    assert on_terminal(["record", "-p", pid, "-d", 1, "-o", file, "-q"]) == ""
  end

  test "nothing where stderr is no terminal", %{pid: pid, recording: file} do
    {"", err, 0} = Cprof.run(["record", "-p", pid, "-d", 1, "-o", file])
    assert err =~ ~r/\Acprof: wrote .* lost\)\n\z/
  end
end
