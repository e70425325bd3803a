defmodule Live.NodesTest do
  @moduledoc "A command line without a pid finds the only node, or lists all nodes."
  use ExUnit.Case

  import Live.Node, only: [own_dir: 1]

  alias Live.{Cprof, Node}

  setup :own_dir

  # Runs in a pid namespace, because other nodes run on this machine, such as the VM of this test. `CPROF` is the
  # program, and `up N` waits for N nodes that have code.
  @prelude """
  trap 'kill $(jobs -p) 2>/dev/null' EXIT
  cd "$DIR"
  node() {
    erl "$@" -dist_listen false -noshell -noinput -eval 'spawn(fun F() -> lists:seq(1, 1000), F() end).' >/dev/null 2>&1 &
  }
  up() {
    i=0
    until [ "$("$CPROF" --nodes | tail -n +2 | wc -l)" -ge "$1" ]; do
      i=$((i + 1)); [ $i -lt 600 ] || exit 99; sleep 0.1
    done
  }
  """

  defp alone(dir, script) do
    env = [{"CPROF", Cprof.program()}, {"DIR", dir}]
    args = ~w(--pid --fork --kill-child --mount-proc sh -c) ++ [@prelude <> script]
    System.cmd("unshare", args, env: env, stderr_to_stdout: true)
  end

  @namespaces match?({_, 0}, System.cmd("unshare", ~w(--pid --fork --mount-proc true), stderr_to_stdout: true))
  @no_namespaces not @namespaces && "no pid namespaces here"

  @tag skip: @no_namespaces
  test "no node", %{dir: dir} do
    {said, code} = alone(dir, ~s("$CPROF" record -d 1))
    assert code == 1
    assert said =~ ~r/^cprof: record: no Erlang node is running here: none of \d+ processes in \/proc is a VM/
    assert {said, 1} = alone(dir, ~s("$CPROF" --nodes))
    assert said =~ ~r/^cprof: --nodes: no Erlang node is running here: /
  end

  @tag skip: @no_namespaces
  test "the only node is taken, whatever else is called like a VM", %{dir: dir} do
    script = """
    cp "$(command -v sleep)" beam.smp; ./beam.smp 600 &
    node -sname only; up 1
    "$CPROF" record -d 1 -o a.json; echo "exit $?"
    "$CPROF" doctor
    """

    {said, _} = alone(dir, script)
    assert said =~ ~r/^cprof: record: pid \d+, only, the only Erlang node here$/m
    assert said =~ "wrote a.json"
    assert said =~ "exit 0"
    assert said =~ ~r/^ok   Erlang VM +.*beam.smp$/m
    assert File.read!("#{dir}/a.json") =~ "\"node\": \"only\""
  end

  @tag skip: @no_namespaces
  test "several are listed, and one is taken by its name", %{dir: dir} do
    script = """
    node -sname first; node -name second@127.0.0.1; up 2
    "$CPROF" record -d 1; echo "exit $?"
    "$CPROF" record -n second -d 1 -o b.json; echo "exit $?"
    "$CPROF" record -n second@10.0.0.1 -d 1; echo "exit $?"
    "$CPROF" doctor -n first; echo "exit $?"
    node -name second@127.0.0.2; up 3
    "$CPROF" record -n second -d 1; echo "exit $?"
    """

    {said, _} = alone(dir, script)
    assert [several, by_name, unknown, doctor, same, _] = String.split(said, ~r/exit \d\n/)
    assert Regex.scan(~r/exit (\d)/, said, capture: :all_but_first) == [["2"], ["0"], ["1"], ["0"], ["2"]]
    assert several =~ ~r/^ +PID  NODE +RUNS +OTP +UP FOR +USER$/m
    assert several =~ ~r/^ *\d+  first +- +#{Cprof.otp()} +\d+ s +root$/m
    assert several =~ ~r/^ *\d+  second@127.0.0.1 +- +#{Cprof.otp()} +\d+ s +root$/m
    assert several =~ "cprof: record: several nodes run here; choose one with -p PID or -n NAME"
    assert by_name =~ ~r/^cprof: record: pid \d+, second@127.0.0.1$/m
    assert unknown =~ "second@10.0.0.1: no node was started with that name"
    assert doctor =~ ~r/^ok   Erlang VM/m
    assert same =~ "cprof: record: several nodes have that name; choose one with -p PID; see"
    refute same =~ ~r/^ *\d+  first /m
  end

  test "what a node runs is told by its command line" do
    node = Node.start("kinds", ["idle"], [], with: "busy_nif", nif: "busy_nif")
    {table, _, 0} = Cprof.run(["--nodes"])
    Node.stop(node)
    assert table =~ ~r/^ *#{node.pid}  - +kinds /m
  end
end
