defmodule Live.PeoplesTest do
  @moduledoc "Processes get the names that people use for them, although only the node's memory can be read."
  use ExUnit.Case

  import Live.Cprof, only: [one_line: 1]

  alias Live.{Cprof, Node, Recording, Wait}

  @engines Enum.filter(~w(bpf perf), &Cprof.works?/1)
  @names ["peoples:init/1", "the_registered", "peoples_statem:init/1", "peoples:worker/0"]

  # Enough samples for most processes to have some.
  defp recorded(node, engine, cpu_seconds) do
    file = Path.join(node.dir, "#{engine}.pb.gz")
    Recording.of_cpu(node, cpu_seconds, ["-q", "-r", 999, "--engine", engine, "-o", file])
    file
  end

  defp groups(report), do: Map.new(report["process_groups"], &{&1["name"], &1})
  # No process may have the name of another one.
  defp strange(called), do: for({name, rows} <- called, name not in @names, name =~ "peoples", do: {name, length(rows)})

  defp called(report), do: Enum.group_by(report["processes"], & &1["group"])

  setup_all do
    erlang = Node.start("peoples", ["all"], [], with: "peoples_statem")
    on_exit(fn -> Node.stop(erlang) end)
    %{erlang: erlang, labelled: Node.line(erlang)}
  end

  for engine <- @engines do
    test "Erlang's processes, from outside by #{engine}", %{erlang: node} do
      report = Cprof.json(["report", recorded(node, unquote(engine), 3)])
      called = called(report)
      sessions = called["peoples:init/1"]
      # Those of the 30 sessions and the supervised one that were sampled, but not the registered one.
      assert length(sessions) in 15..31
      assert Enum.all?(sessions, &(&1["initial_call"] == "peoples:init/1" and &1["name"] == ""))
      assert [%{"initial_call" => "peoples:init/1", "name" => "the_registered"}] = called["the_registered"]
      assert [%{"parent" => "<0." <> _}] = called["peoples_statem:init/1"]
      assert Enum.any?(sessions, &(&1["parent"] == "peoples_top"))
      assert [_ | _] = called["{till,1,\"two words\"}"]
      assert [_ | _] = called["{till,2,\"two words\"}"]
      # Plain processes are named by what they do, whether proc_lib started them or not.
      assert length(called["peoples:worker/0"]) in 3..6
      group = groups(report)["peoples:init/1"]
      assert group["processes"] == length(sessions)
      assert group["samples"] == Enum.sum(for row <- sessions, do: row["samples"])
      assert strange(called) == []
      assert report["counters"]["dictionary_unread"] <= 3
    end
  end

  # Engine ptrace takes few samples on a busy machine, so the test makes as many recordings as it needs.
  @tag skip: not Cprof.works?("ptrace") && "no thread may be stopped here"
  test "Erlang's processes, from outside by ptrace", %{erlang: node} do
    called =
      Wait.until(fn ->
        called = called(Cprof.json(["record", "-q", "-p", node.pid, "-d", 5, "--engine", "ptrace", "--force"]))
        called["peoples:init/1"] && called
      end)

    assert strange(called) == []
  end

  test "groups are one row, which --process finds", %{erlang: node, labelled: pid} do
    file = recorded(node, hd(@engines), 3)
    {text, _, 0} = Cprof.run(["report", file])
    assert [row] = Regex.run(~r/^ *[\d.]+ +[\d.]+ +\d+  \d+ processes +peoples:init\/1$/m, text)
    assert String.length(row) <= 100
    [samples] = Regex.run(~r/ (\d+)  \d+ processes/, row, capture: :all_but_first)
    report = Cprof.json(["report", file, "--process", "peoples:init/1"])
    named = Enum.sum(for %{"name" => ""} = row <- report["processes"], do: row["samples"])
    assert named == String.to_integer(samples)
    assert [%{"pid" => ^pid}] = Cprof.json(["report", file, "--process", "{till,1,\"two words\"}"])["processes"]
    {"", err, 1} = Cprof.run(["report", file, "--process", "nosuch"])
    assert one_line(err) =~ "no process in the recording matches --process"
    refute err =~ "rate"
  end

  test "Elixir's processes are spelled as Elixir spells" do
    node = Node.script("peoples.exs")
    on_exit(fn -> Node.stop(node) end)
    called = called(Cprof.json(["report", recorded(node, hd(@engines), 3)]))
    assert [_, _] = called["Peoples.Server.init/1"]
    assert [%{"name" => "Elixir.Peoples.Named"}] = called["Peoples.Named"]
    assert [_] = called["Peoples.Work.on/0"]
    assert [_] = called["anonymous fn/0 in Peoples.Work.task/0"]
  end
end
