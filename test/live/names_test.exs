defmodule Live.NamesTest do
  @moduledoc "`--ask`: what a named node tells of its processes, against what it says itself; and when it does not."
  use ExUnit.Case

  import Live.Cprof, only: [one_line: 1]

  alias Live.{Cprof, Node, Program, Wait}

  @cookie "the-cookie-of-this-test"

  # An epmd of our own, at a port of its own.
  defp epmd do
    {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
    {:ok, port} = :inet.port(socket)
    :ok = :gen_tcp.close(socket)
    program = Program.start("epmd", ["-port", port])
    Wait.until(fn -> match?({:ok, _}, :gen_tcp.connect({127, 0, 0, 1}, port, [])) end, "epmd listens")
    on_exit(fn -> System.cmd("kill", ["-9", "#{program.pid}"], stderr_to_stdout: true) end)
    {program, port}
  end

  defp start(epmd, home, flags \\ []) do
    env = [{~c"ERL_EPMD_PORT", ~c"#{epmd}"}, {~c"HOME", ~c"#{home}"}, {~c"XDG_CONFIG_HOME", false}]
    name = ["-sname", "tills_#{System.pid()}", "-start_epmd", "false"]
    node = Node.start("tills", [], name ++ flags, env: env)
    on_exit(fn -> Node.stop(node) end)
    node
  end

  setup do
    home = Node.tmp_dir()
    on_exit(fn -> File.rm_rf!(home) end)
    write_cookie("#{home}/.erlang.cookie", 0o400)
    {program, port} = epmd()
    %{home: home, epmd: port, epmd_program: program}
  end

  defp write_cookie(path, mode) do
    File.write!(path, @cookie <> "\n")
    File.chmod!(path, mode)
  end

  # {JSON, stderr}; the node's name is known by its command line, and epmd's port by its environment.
  defp ask(verb, node, home, more \\ [], env \\ []) do
    args = verb ++ ["-p", node.pid, "--ask", "-f", "json"] ++ more
    {out, err, code} = Cprof.run(args, env: [{"HOME", home}, {"CPROF_COOKIE", nil} | env])
    assert code == 0, err
    {Live.Json.decode!(out), err}
  end

  defp truth(node) do
    Node.tell(node, "truth")

    for line <- Node.lines_until(node, "end"), into: %{} do
      [pid, application, id] = String.split(line, " ", parts: 3)
      {pid, {known(application), known(id)}}
    end
  end

  defp known("-"), do: ""
  defp known(text), do: text

  # Of all objects that are about a process: {application, id} by pid.
  defp said(%{"pid" => "<" <> _ = pid} = row),
    do: row |> Map.delete("pid") |> said() |> Map.put(pid, {row["application"] || "", row["child_id"] || ""})

  defp said(%{} = object), do: object |> Map.values() |> said()
  defp said(list) when is_list(list), do: list |> Enum.map(&said/1) |> Enum.reduce(%{}, &Map.merge/2)
  defp said(_), do: %{}

  defp state(node) do
    Node.tell(node, "node")
    [hidden, atoms, modules] = node |> Node.line() |> String.split(" ")
    {hidden, String.to_integer(atoms), modules}
  end

  # The node notices a moment later that a connection is closed.
  defp state_at_rest(node) do
    Wait.until(fn -> match?({"[]", _, _}, state(node)) end, "no hidden node is connected")
    state(node)
  end

  for {verb, args} <- [snapshot: ["--top", "100"], dump: [], record: ["-d", "1", "--event", "wall"]] do
    test "applications and ids of children, by #{verb}", %{home: home, epmd: epmd} do
      node = start(epmd, home)
      truth = truth(node)
      {result, err} = ask(["#{unquote(verb)}" | unquote(args)], node, home)
      assert err =~ ~r/^cprof: asked tills_\d+ about \d+ processes$/m
      refute err =~ "--ask"
      said = said(result)
      assert said == Map.take(truth, Map.keys(said))
      tills = for {_, {"tills", id}} <- said, do: id
      assert length(tills) >= 2
      assert Enum.all?(tills, &(&1 in ["{till,1}", "{till,2}", "{till,3}", "cook", ""]))
      if unquote(verb) == :snapshot, do: assert({"kernel", "kernel_safe_sup"} in Map.values(said))
    end
  end

  test "in the text", %{home: home, epmd: epmd} do
    node = start(epmd, home)
    {text, _, 0} = Cprof.run(["dump", "-q", "-p", node.pid, "--ask"], env: [{"HOME", home}])
    assert text =~ ~r/<0\.\d+\.0> tills:init\/1 \{till,\d\} \[tills\]/
  end

  test "the node is left as it was", %{home: home, epmd: epmd} do
    node = start(epmd, home)
    truth(node)
    before = state(node)
    assert {"[]", _, modules} = before
    ask(["dump"], node, home)
    {_, atoms, ^modules} = first = state_at_rest(node)
    # Our name.
    assert atoms <= elem(before, 1) + 1
    for _ <- 1..5, do: ask(["dump"], node, home)
    assert state_at_rest(node) == first
  end

  test "without --ask nothing is connected, and nothing is known", %{home: home, epmd: epmd} do
    node = start(epmd, home)
    dump = Cprof.json(["dump", "-q", "-p", node.pid])
    assert Enum.all?(Map.values(said(dump)), &(&1 == {"", ""}))
  end

  test "a supervisor that starts a child is left alone", %{home: home, epmd: epmd} do
    node = start(epmd, home)
    Node.tell(node, "block")
    assert Node.line(node) == "blocked"
    {dump, _} = ask(["dump"], node, home)
    tills = for {_, {"tills", id}} <- said(dump), do: id
    assert length(tills) >= 2 and Enum.all?(tills, &(&1 == ""))
    Node.tell(node, "mailbox")
    assert Node.line(node) == "0"
    Node.tell(node, "unblock")
    assert Node.line(node) == "unblocked"
  end

  test "the cookie comes from the environment or a file", %{home: home, epmd: epmd} do
    node = start(epmd, home)
    File.rm!("#{home}/.erlang.cookie")
    # As a release has it.
    write_cookie("#{home}/COOKIE", 0o644)
    {dump, _} = ask(["dump"], node, home, [], [{"CPROF_COOKIE", @cookie}])
    assert dump["meta"]["notes"] == []
    {dump, _} = ask(["dump"], node, home, ["--cookie-file", "#{home}/COOKIE"], [{"CPROF_COOKIE", "wrong"}])
    assert dump["meta"]["notes"] == []
    assert {"", none, 1} = refused(["dump"], node, home)
    assert one_line(none) =~ "#{home}: has no .erlang.cookie; name the file"
    write_cookie("#{home}/.erlang.cookie", 0o640)
    assert {"", open, 1} = refused(["record", "-d", "1"], node, home)
    assert one_line(open) =~ ".erlang.cookie: can be used by others than its owner"
    File.chmod!("#{home}/.erlang.cookie", 0o600)
    File.write!("#{home}/.erlang.cookie", "two words")
    assert {"", words, 1} = refused(["snapshot"], node, home)
    assert one_line(words) =~ "holds no cookie"
  end

  defp refused(verb, node, home),
    do: Cprof.run(verb ++ ["-q", "-p", node.pid, "--ask"], env: [{"HOME", home}, {"CPROF_COOKIE", nil}])

  # The dump is complete but for these names, and says so.
  defp without_names(node, home, why, env \\ []) do
    {dump, err} = ask(["dump"], node, home, ["-q"], env)
    line = one_line(err)
    assert line =~ ~r/^cprof: --ask: \S+: #{why}/
    assert line =~ "names that only the node knows are missing"
    assert dump["meta"]["notes"] == [String.replace_prefix(line, "cprof: ", "")]
    assert dump["processes"]["seen"] > 20
    assert Enum.all?(Map.values(said(dump)), &(&1 == {"", ""}))
  end

  test "a wrong cookie, a node that is stopped, no epmd", %{home: home, epmd: epmd, epmd_program: program} do
    node = start(epmd, home)
    without_names(node, home, "the node refused the cookie", [{"CPROF_COOKIE", "wrong"}])
    Program.signal(node.pid, "STOP")
    without_names(node, home, "the node did not answer in time")
    Program.signal(node.pid, "CONT")
    Program.signal(program.pid, "KILL")
    Wait.until(fn -> match?({:error, _}, :gen_tcp.connect({127, 0, 0, 1}, epmd, [])) end, "epmd ends")
    without_names(node, home, "no epmd answers")
  end

  test "another node of that name is not asked", %{home: home, epmd: epmd} do
    node = start(epmd, home)

    other =
      Node.start("dumped", ["many", "1"], [], with: "busy_nif", nif: "busy_nif", env: [{~c"ERL_EPMD_PORT", ~c"#{epmd}"}])

    on_exit(fn -> Node.stop(other) end)
    args = ["dump", "-q", "-p", other.pid, "-n", "tills_#{System.pid()}", "--ask", "-f", "json"]
    {out, err, 0} = Cprof.run(args, env: [{"HOME", home}])
    assert one_line(err) =~ "the node that answers to this name is another process"
    assert Live.Json.decode!(out)["processes"]["seen"] > 20
    {_, asked, 0} = Cprof.run(List.replace_at(args, 3, node.pid), env: [{"HOME", home}])
    assert asked == ""
    # One that has a name already is not another one.
    wrong = ["snapshot", "-p", node.pid, "-n", "nobody", "--ask"]
    assert {"", err, 1} = Cprof.run(wrong, env: [{"HOME", home}])
    assert one_line(err) =~ ~r/^cprof: nobody: pid #{node.pid} was started as tills_\S+; give -p or -n, not both$/
  end

  test "a node without a name cannot be asked", %{home: home} do
    node = Node.start("dumped", ["many", "1"], [], with: "busy_nif", nif: "busy_nif")
    on_exit(fn -> Node.stop(node) end)
    assert {"", err, 1} = refused(["dump"], node, home)
    assert one_line(err) =~ "this node was started without a name"
  end
end
