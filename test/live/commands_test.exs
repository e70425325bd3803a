defmodule Live.CommandsTest do
  @moduledoc "Commands that start more than one VM, or leave one running: cprof says what was not recorded."
  use ExUnit.Case

  import Live.Node, only: [own_dir: 1]

  alias Live.{Cprof, Program, Wait}

  setup :own_dir

  @work "lists:sum([erlang:phash2(X) || X <- lists:seq(1, 500000)])"

  defp run(dir, code, opts \\ []) do
    args = ["record", "-o", "#{dir}/r.pb.gz"] ++ opts ++ ["--", "erl", "-noshell", "-eval", code]
    {_, said, status} = Cprof.run(args)
    {said, status}
  end

  @other ~r/^cprof: another Erlang VM \(pid \d+\) was started and not recorded$/m

  test "that starts a second VM when the first has ended", %{dir: dir} do
    one = "erl -noshell -eval '#{@work}, halt().'"
    two = "erl -noshell -eval 'timer:sleep(5000), halt(4).'"
    {_, said, 4} = Cprof.run(["record", "-o", "#{dir}/r.pb.gz", "--", "sh", "-c", "#{one}; #{two}"])
    assert said =~ @other
    notes = Cprof.json(["report", "#{dir}/r.pb.gz"])["meta"]["notes"]
    assert Enum.any?(notes, &(&1 =~ "was started and not recorded"))
  end

  test "that starts a second VM while the first runs, and after the time", %{dir: dir} do
    two = "os:cmd(\"erl -noshell -eval \\\"timer:sleep(5000), halt().\\\"\")"
    {said, 0} = run(dir, "#{@work}, #{two}, halt().")
    assert said =~ @other
    {said, 0} = run(dir, "timer:sleep(3000), #{two}, halt().", ["-d", "1"])
    assert said =~ @other
  end

  test "that starts one VM", %{dir: dir} do
    {said, 0} = run(dir, "os:cmd(\"true\"), #{@work}, os:cmd(\"true\"), halt().")
    refute said =~ "another Erlang VM"
  end

  test "whose VM goes into the background", %{dir: dir} do
    code = "file:write_file(\"#{dir}/pid\", os:getpid()), timer:sleep(60000), halt()."
    {"", said, 1} = Cprof.run(["record", "-o", "#{dir}/r.json", "--", "erl", "-detached", "-eval", code])
    assert [_, pid] = Regex.run(~r/^cprof: erl: .* runs in the background as pid (\d+); `cprof record -p \1`/, said)
    Wait.until(fn -> File.read("#{dir}/pid") == {:ok, pid} end, "the node writes its pid")
    Program.signal(pid, "KILL")
    refute File.exists?("#{dir}/r.json")
  end
end
