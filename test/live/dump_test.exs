defmodule Live.DumpTest do
  @moduledoc "`cprof dump` of processes that do known things, compared with what the node itself says about them."
  use ExUnit.Case

  import Live.Cprof, only: [one_line: 1]

  alias Live.{Cprof, Node, Program, Wait}

  @waiters 500
  @servers 200
  @depth 40

  # `churn` and `many` need no NIF, but all are started in the same way.
  defp start(args, flags \\ []),
    do: Node.start("dumped", args, flags, with: "busy_nif", nif: "busy_nif")

  defp planted, do: start(["planted", "#{@waiters}", "#{@servers}", "#{@depth}"])

  # For a test that talks to the node, whose output goes to the process that started it.
  defp own_planted do
    node = planted()
    on_exit(fn -> Node.stop(node) end)
    node
  end

  defp dump(node), do: Cprof.json(["dump", "-q", "-p", node.pid])

  defp names(%{"frames" => nil}), do: []
  defp names(group), do: Enum.map(group["frames"], & &1["name"])

  # The only group in a state whose stack has that function.
  defp group(dump, state, function) do
    found = for g <- dump["groups"], g["state"] == state, function in names(g), do: g
    assert [group] = found, "not one group in #{function} #{state}: #{inspect(found)}"
    group
  end

  defp count(node) do
    Node.tell(node, "count")
    node |> Node.line() |> String.to_integer()
  end

  # A dump in which no process was left out. A busy node sometimes has a process that is torn.
  defp whole(node) do
    Wait.until(
      fn ->
        dump = dump(node)
        dump["processes"]["seen"] == dump["processes"]["used"] && dump
      end,
      "every process is read"
    )
  end

  setup_all do
    node = planted()
    on_exit(fn -> Node.stop(node) end)
    %{node: node}
  end

  test "are all there, each where it is", %{node: node} do
    dump = whole(node)
    assert dump["version"] == 1
    assert dump["meta"]["pid"] == node.pid
    assert dump["meta"]["otp"] == "#{Cprof.otp()}"
    refute dump["meta"]["stopped"]
    assert group(dump, "waiting", "dumped:waiter/0")["processes"] == @waiters
    assert group(dump, "waiting", "dumped:chain/1")["processes"] == 1
    assert group(dump, "suspended", "dumped:parked/0")["processes"] == 1
    assert Enum.sum(for g <- dump["groups"], do: g["processes"]) == dump["processes"]["seen"]
    assert Enum.sum(Map.values(dump["states"])) == dump["processes"]["seen"]
  end

  test "gen_servers are counted with their own kind, whatever else waits in the same function", %{node: node} do
    dump = whole(node)
    servers = for g <- dump["groups"], hd(names(g) ++ [""]) =~ ~r{^gen_server:loop/}, do: g
    assert Enum.sum(for g <- servers, do: g["processes"]) >= @servers
    biggest = hd(servers)
    assert Enum.any?(biggest["members"], &(&1["initial_call"] == "dumped:init/1" or &1["name"] != ""))
  end

  test "as many as the node says" do
    node = own_planted()

    Wait.until(
      fn ->
        before = count(node)
        dump = dump(node)
        later = count(node)
        same? = Enum.uniq([before, later, dump["processes"]["used"], dump["processes"]["seen"]]) == [before]
        unless same?, do: IO.puts("dump: #{before} to #{later} processes, #{inspect(dump["processes"])}")
        same?
      end,
      "all #{count(node)} processes are shown"
    )
  end

  test "have the stacks that the node says" do
    node = own_planted()
    Node.tell(node, "stacks")

    said =
      for line <- Node.lines_until(node, "end"), reduce: %{} do
        said ->
          [kind, name, file, at] = String.split(line)
          Map.update(said, kind, [{name, file, at}], &(&1 ++ [{name, file, at}]))
      end

    dump = whole(node)
    # The VM itself shows a repeated frame only once.
    assert length(located(group(dump, "waiting", "dumped:chain/1"))) == @depth + 2

    for {kind, state, function} <- [
          {"waiter", "waiting", "dumped:waiter/0"},
          {"chain", "waiting", "dumped:chain/1"},
          {"parked", "suspended", "dumped:parked/0"}
        ] do
      assert Enum.dedup(located(group(dump, state, function))) == said[kind], kind
    end

    assert length(said["server"]) == 2
    assert Enum.any?(dump["groups"], &(located(&1) == said["server"]))
  end

  defp located(%{"frames" => nil}), do: []

  defp located(group),
    do: for(f <- group["frames"], do: {f["name"], Path.basename(f["file"]), "#{f["line"]}"})

  test "what is running has no stack", %{node: node} do
    # It spins; at the moment it may also wait for a turn, at its call or in what it calls.
    spins =
      Wait.until(fn ->
        Enum.find(dump(node)["groups"], &(&1["state"] == "running" and runs?(&1, "dumped:spinner/0")))
      end)

    assert spins["frames"] == nil
  end

  # The sleeper, and those of the VM's own that have gone to sleep meanwhile.
  test "what hibernates has an empty stack" do
    node = own_planted()

    hibernated = fn ->
      Node.tell(node, "hibernated")
      node |> Node.line() |> String.to_integer()
    end

    Wait.until(
      fn ->
        before = hibernated.()
        dump = whole(node)
        before == hibernated.() and before > 0 and group(dump, "waiting", "[hibernated]")["processes"] == before
      end,
      "those that hibernate are shown so"
    )
  end

  defp runs?(group, initial_call), do: Enum.any?(group["members"], &(&1["initial_call"] == initial_call))

  test "one in a dirty NIF shows that and its callers", %{node: node} do
    assert names(group(whole(node), "running", "busy_nif:wait_io/1")) == ["busy_nif:wait_io/1", "dumped:in_nif/0"]
  end

  test "names are those of the processes", %{node: node} do
    dump = whole(node)
    waiters = group(dump, "waiting", "dumped:waiter/0")["members"]
    assert length(waiters) == 3
    assert "the_waiter" in Enum.map(waiters, & &1["name"])
    assert Enum.all?(waiters, &(&1["initial_call"] == "dumped:waiter/0" and &1["pid"] =~ ~r/^<0\.\d+\.\d+>$/))
    named = for g <- dump["groups"], m <- g["members"], m["name"] != "", do: m["name"]
    assert "code_server" in named or "init" in named
  end

  test "as text", %{node: node} do
    {text, "", 0} = Cprof.run(["dump", "-q", "-p", node.pid])
    assert text =~ ~r/^(Node|Command): .*pid #{node.pid} on .*, OTP #{Cprof.otp()}/
    assert text =~ ~r/^When: +\d{4}-\d\d-\d\d .* UTC; read in [\d.]+ ms, nothing was stopped$/m
    assert text =~ ~r/^Shown: +\d+ processes of \d+ in the table/m

    assert text =~
             ~r/^#{@waiters} processes waiting in dumped:wait_here\/0\n    dumped:wait_here\/0 +.*dumped\.erl:\d+\n    dumped:waiter\/0 +.*dumped\.erl:\d+\n       -- /m

    assert text =~ ~r/ the_waiter.* and 497 more$/m
    {some, "", 0} = Cprof.run(["dump", "-q", "-p", node.pid, "--top", "1"])
    assert some =~ ~r/^\.\.\. and \d+ processes in \d+ more groups$/m
  end

  test "into a file", %{node: node} do
    file = Path.join(node.dir, "dump.json")
    {"", err, 0} = Cprof.run(["dump", "-p", node.pid, "-o", file])
    assert one_line(err) =~ ~r/wrote #{file} \(\d+ processes\)/
    assert Live.Json.decode!(File.read!(file))["meta"]["pid"] == node.pid
  end

  test "a stopped node" do
    node = own_planted()
    Program.signal(node.pid, "STOP")

    try do
      dump = dump(node)
      assert dump["meta"]["stopped"]
      assert group(dump, "waiting", "dumped:waiter/0")["processes"] == @waiters
      assert dump["processes"]["torn"] == 0
    after
      Program.signal(node.pid, "CONT")
    end

    assert count(node) > @waiters
  end

  test "a process that exits has no stack" do
    node = start(["exits"])
    on_exit(fn -> Node.stop(node) end)
    exits = Wait.until(fn -> Enum.find(dump(node)["groups"], &(&1["state"] == "exiting")) end, "one exits")
    assert exits["frames"] == nil
    assert [%{"pid" => "<0." <> _} | _] = exits["members"]
  end

  test "no process has another's stack, however fast they come and go" do
    node = start(["churn"])
    on_exit(fn -> Node.stop(node) end)

    seen =
      for _ <- 1..30, reduce: %{own: 0, mixed: [], foreign: [], torn: 0} do
        seen ->
          dump = dump(node)
          groups = for g <- dump["groups"], names(g) != [], do: g
          own = for g <- groups, Enum.any?(names(g), &kind/1), do: g

          %{
            own: seen.own + length(own),
            mixed: seen.mixed ++ for(g <- own, length(kinds(g)) != 1, do: names(g)),
            foreign: seen.foreign ++ for(g <- own, m <- g["members"], foreign?(m, g), do: {m, names(g)}),
            torn: seen.torn + dump["processes"]["torn"]
          }
      end

    IO.puts("OTP #{Cprof.otp()} churn: #{seen.own} stacks of the workload, #{seen.torn} torn")
    assert seen.own > 30
    assert seen.mixed == []
    assert seen.foreign == []
  end

  defp kind("dumped:even" <> _), do: :even
  defp kind("dumped:odd" <> _), do: :odd
  defp kind(_), do: nil

  defp kinds(group), do: group |> names() |> Enum.map(&kind/1) |> Enum.filter(& &1) |> Enum.uniq()

  # The initial call is read after the stack, by the pid.
  defp foreign?(member, group), do: kind(member["initial_call"]) not in [nil | kinds(group)]

  test "100,000 processes, none left out" do
    node = start(["many", "100000"])
    on_exit(fn -> Node.stop(node) end)
    dump = whole(node)
    assert group(dump, "waiting", "dumped:waiter/0")["processes"] == 100_000
    assert dump["processes"]["seen"] > 100_000

    IO.puts(
      "OTP #{Cprof.otp()}: #{dump["processes"]["seen"]} processes in #{div(dump["meta"]["duration_ns"], 1_000_000)} ms"
    )
  end

  test "what is no node is refused in one line" do
    other = Program.start("sleep", ["600"])
    {"", err, 1} = Cprof.run(["dump", "-p", other.pid])
    Program.signal(other.pid, "KILL")
    assert one_line(err) =~ ~r/^cprof: pid #{other.pid}: /
    {"", err, 2} = Cprof.run(["dump", "-p", "none"])
    assert one_line(err) =~ "not a process id"
  end

  test "of a node whose files do not open" do
    node = Node.start("hung", ["60"])
    on_exit(fn -> Node.stop(node) end)

    opening = fn ->
      dump = dump(node)
      found = for g <- dump["groups"], "hung:open/1" in names(g), do: g["processes"]
      Enum.sum(found) == 60 && dump
    end

    dump = Wait.until(opening, "60 processes open a file")
    assert dump["processes"]["seen"] == dump["processes"]["used"]
  end
end
