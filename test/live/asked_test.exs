defmodule Live.AskedTest do
  @moduledoc "Whose answer processes wait for, in a dump from outside, against what the node itself says."
  use ExUnit.Case

  alias Live.{Cprof, Node, Wait}

  @callers 40

  defp start(args) do
    node = Node.start("asked", args)
    on_exit(fn -> Node.stop(node) end)
    node
  end

  # One in which no process was left out.
  defp dump(node) do
    Wait.until(
      fn ->
        dump = Cprof.json(["dump", "-q", "-p", node.pid])
        dump["processes"]["seen"] == dump["processes"]["used"] && dump
      end,
      "every process is read"
    )
  end

  setup_all do
    node = Node.start("asked", ["planted", "#{@callers}"], [], with: "gen_server2")
    on_exit(fn -> Node.stop(node) end)
    Node.tell(node, "truth")
    pairs = for line <- Node.lines_until(node, "end"), do: List.to_tuple(String.split(line, " ", parts: 2))
    %{node: node, answers: dump(node)["answers"], truth: pairs}
  end

  defp of(answers, name) do
    assert [one] = Enum.filter(answers["asked"], &(&1["name"] == name))
    one
  end

  test "each is told, and from where it is asked", %{answers: answers, truth: truth} do
    # Without a time limit the VM keeps whom it asks only as the caller wrote it, and not for every kind of server.
    functions = ["asked:about_global/2", "asked:of_event/1", "asked:of_statem/1"]
    {unsure, sure} = Enum.split_with(truth, fn {_, function} -> function in functions end)
    assert length(unsure) == 6
    assert answers["processes"] == length(truth)
    assert answers["unknown"] == length(unsure)
    expected = Enum.frequencies_by(sure, &elem(&1, 0))
    assert Map.new(answers["asked"], &{&1["pid"], &1["waiting"]}) == expected

    for asked <- answers["asked"] do
      sites = for {pid, function} <- sure, pid == asked["pid"], do: function
      most = sites |> Enum.frequencies() |> Enum.sort_by(&(-elem(&1, 1))) |> Enum.take(3) |> Enum.map(&elem(&1, 1))
      assert Enum.map(asked["sites"], & &1["processes"]) == most
      assert Enum.all?(asked["sites"], &(&1["name"] in sites))
    end
  end

  test "through others, to the one that does not answer", %{answers: answers} do
    assert %{"waiting" => 5, "in_all" => 5, "asks" => stock, "state" => "waiting"} = of(answers, "cart")
    assert %{"waiting" => 1, "in_all" => 6, "asks" => db, "pid" => ^stock} = of(answers, "stock")
    all = 2 * @callers + 11
    assert %{"waiting" => direct, "in_all" => ^all, "asks" => nil, "pid" => ^db} = hd(answers["asked"])
    assert direct == 2 * @callers + 5
    assert [%{"name" => "asked:never/0"} | _] = hd(answers["asked"])["frames"]
    refute Enum.any?(~w(cart stock db), &of(answers, &1)["circle"])
  end

  test "in a circle", %{answers: answers} do
    for {name, other} <- [{"left", "right"}, {"right", "left"}] do
      one = of(answers, name)
      assert one["circle"]
      assert one["asks"] == of(answers, other)["pid"]
      assert one["in_all"] == 4
    end
  end

  test "as text, the one most wait for in the first lines", %{node: node} do
    {text, "", 0} = Cprof.run(["dump", "-q", "-p", node.pid])
    all = 2 * @callers + 11
    flat = String.replace(text, ~r/\s+/, " ")
    most = "#{all} of them in the end for that of <0\\.\\d+\\.0> db, which is waiting in asked:never/0"
    assert flat =~ ~r{Answers: \d+ processes wait for an answer, #{most}; for 6 it could not be found out whose }
    assert flat =~ ~r/Deadlock: <0\.\d+\.0> left, <0\.\d+\.0> right wait for each other until a time limit /
    assert flat =~ ~r/ 5 5 <0\.\d+\.0> cart waits for an answer of <0\.\d+\.0> stock asked by 5 in asked:buyer\/1 /
    for line <- String.split(text, "\n"), do: assert(String.length(line) <= 100, line)
    {short, "", 0} = Cprof.run(["dump", "-q", "-p", node.pid, "--top", "1"])
    assert short =~ ~r/^\.\.\. and \d+ processes more$/m
  end

  test "nobody is named where nobody asks" do
    node = start(["quiet"])
    dump = dump(node)
    assert dump["answers"] == %{"processes" => 0, "unknown" => 0, "asked" => []}
    {text, "", 0} = Cprof.run(["dump", "-q", "-p", node.pid])
    refute text =~ "answer"
  end

  @tag skip: System.find_executable("elixir") == nil && "no Elixir here"
  test "Elixir's servers and tasks" do
    node = Node.script("asked.exs")
    on_exit(fn -> Node.stop(node) end)
    answers = dump(node)["answers"]
    assert %{"waiting" => 4} = of(answers, "Elixir.Asked.Server")

    tasks = for %{"frames" => [%{"name" => "Asked.never/0"} | _], "name" => ""} = one <- answers["asked"], do: one
    assert [%{"waiting" => 1, "sites" => [%{"name" => "Asked.task/1"}]}, %{"waiting" => 1}] = tasks
    assert answers["unknown"] == 0

    assert %{"waiting" => 3, "sites" => [%{"name" => "Asked.agent/1", "processes" => 2} | _]} =
             of(answers, "Elixir.Asked.Agent")
  end
end
