defmodule Live.FiguresTest do
  @moduledoc "`cprof snapshot` from outside: planted figures, and the snapshot that the node takes of itself."
  use ExUnit.Case

  import Live.Cprof, only: [one_line: 1]

  alias Live.{Cprof, Node, Wait}

  # The one that talks to us, and those that read and print for it, work meanwhile.
  @ours ~w(init user user_drv logger code_server erl_prim_loader cprof_wall_time)

  defp start(what, flags \\ []) do
    ebin = :cprof_nif |> :code.which() |> Path.dirname()
    args = if what == "planted", do: [what, to_string(:code.priv_dir(:cprof))], else: [what]
    node = Node.start("figures", args, ["-pa", ebin] ++ flags)
    on_exit(fn -> Node.stop(node) end)
    node
  end

  defp snapshot(node, more \\ []), do: Cprof.json(["snapshot", "-q", "-p", node.pid, "--top", "200"] ++ more)

  defp ask(node, what) do
    Node.tell(node, what)
    node |> Node.line() |> Base.decode64!() |> :erlang.binary_to_term()
  end

  # A snapshot in which no process was left out.
  defp whole(node) do
    Wait.until(
      fn ->
        s = snapshot(node)
        s["quality"]["torn"] + s["quality"]["unreadable"] + s["quality"]["gone"] == 0 && s
      end,
      "every process is read"
    )
  end

  defp row(rows, name), do: Enum.find(rows, &(&1["name"] == name))

  defp by_pid(rows, figure),
    do: for(r <- rows, is_number(r[figure]), r["name"] not in @ours, into: %{}, do: {r["pid"], r[figure]})

  # For the processes that both lists have; they must have the planted ones. A few of the VM's own may have worked
  # in between.
  defp assert_same(outside, inside, figure, planted) do
    left = by_pid(outside, figure)
    right = by_pid(inside, figure)
    different = for {pid, a} <- left, b = right[pid], a != b, do: {pid, a, b}
    assert length(different) <= 3, "#{figure}: #{inspect(different)}"

    for name <- planted, %{"pid" => pid} = row(outside, name) do
      assert left[pid] != nil and left[pid] == right[pid], "#{name} by #{figure}"
    end
  end

  test "long names, and processes that others have suspended" do
    node = start("odd")
    snapshot = whole(node)
    assert row(snapshot["mailboxes"]["top"], String.duplicate("x", 77))["length"] == 3
    assert snapshot["processes"]["suspended"] == 3
    {text, "", 0} = Cprof.run(["snapshot", "-q", "-p", node.pid])
    refute text =~ "incomplete"
  end

  describe "planted" do
    setup do
      node = start("planted")
      %{node: node, outside: whole(node), figures: Map.new(ask(node, "figures"), &{&1.name, &1})}
    end

    test "mailboxes are as long as process_info says", %{outside: outside, figures: figures} do
      boxes = outside["mailboxes"]

      for {name, sent} <- [{"full", 777}, {"parked", 800}, {"aside", 250}, {"at_work", 200}] do
        assert figures[name].length == sent
        assert row(boxes["top"], name)["length"] == sent, name
        assert row(boxes["top"], name)["growth_per_s"] == 0
      end

      assert boxes["exact"]
      assert boxes["max"] == 800
      assert boxes["total"] == Enum.sum(for r <- boxes["top"], do: r["length"])
      assert [512, 2] in boxes["histogram"]
      assert outside["processes"]["suspended"] == 1
      # Running, or about to.
      assert Enum.sum(for s <- ~w(running runnable gc), do: outside["processes"][s]) >= 1
    end

    test "messages take what process_info says", %{outside: outside, figures: figures} do
      for name <- ~w(full aside) do
        row = row(outside["mailboxes"]["top"], name)
        assert row["bytes"] == figures[name].mailbox, name
        assert row["bytes_exact"]
      end

      # Each message is a struct, and the numbers of the long one lie outside the heap.
      assert figures["aside"].mailbox > 250 * 88 + 16_000
    end

    test "heaps and binaries are as large as process_info says", %{outside: outside, figures: figures} do
      assert figures["given"].fragments > 900

      for name <- ~w(full parked bulky aged given) do
        # Of a process with an on-heap queue, process_info counts the messages in it, too.
        fragments = if name == "given", do: figures[name].fragments, else: 0
        assert row(outside["memory"]["top"], name)["bytes"] == figures[name].heap + fragments, name
      end

      assert outside["memory"]["heaps"] >= outside["memory"]["top"] |> Enum.map(& &1["bytes"]) |> Enum.sum()
      assert outside["memory"]["resident"] > outside["memory"]["heaps"]

      held = row(outside["binaries"]["top"], "holder")
      assert held["bytes"] == figures["holder"].binaries
      assert_in_delta held["bytes"], 2_300_000, 1000
      assert held["heap_bytes"] == row(outside["memory"]["top"], "holder")["bytes"]
      assert_in_delta held["ratio"], held["bytes"] / held["heap_bytes"], 0.001
      assert held["still_ms"] >= 900
      assert row(outside["binaries"]["leaks"], "holder")["bytes"] == held["bytes"]
    end

    test "are what the node's own snapshot says", %{node: node} do
      outside = whole(node)
      inside = ask(node, "snapshot")
      assert inside["source"] == "nif", inspect(inside["reason"])
      # The process whose figures cprof made up is there, and in neither.
      Node.tell(node, "canary")
      assert node |> Node.line() |> String.to_integer() > 0
      refute Enum.any?(~w(mailboxes memory binaries), &row(outside[&1]["top"], "cprof_canary"))
      assert outside["mailboxes"]["total"] == inside["mailboxes"]["total"]
      assert outside["mailboxes"]["max"] == inside["mailboxes"]["max"]
      # (Not `exact`: since OTP 26, a question of the snapshot inside waits behind the messages of a suspended process.)
      assert outside["processes"]["limit"] == inside["processes"]["limit"]
      assert outside["processes"]["suspended"] == inside["processes"]["suspended"]
      assert outside["mailboxes"]["histogram"] == inside["mailboxes"]["histogram"]

      assert_same(outside["mailboxes"]["top"], inside["mailboxes"]["top"], "length", ~w(full parked aside at_work))
      assert_same(outside["memory"]["top"], inside["memory"]["top"], "bytes", ~w(full bulky aged given holder parked))
      assert_same(outside["binaries"]["top"], inside["binaries"]["top"], "bytes", ~w(holder))
      assert_same(outside["binaries"]["leaks"], inside["binaries"]["leaks"], "heap_bytes", ~w(holder))

      schedulers = fn snapshot -> for s <- snapshot["schedulers"], do: {s["id"], s["type"]} end
      assert schedulers.(outside) == schedulers.(inside)

      for snapshot <- [outside, inside] do
        assert [group] = for(g <- snapshot["waiting"]["groups"], g["initial_call"] == "figures:waiter/0", do: g)
        assert group["count"] == 60
        assert group["function"] == "figures:waiter/0"
      end

      for {key, _} <- outside["processes"],
          key != "created_per_s",
          do: assert(is_map_key(inside["processes"], key), key)

      shared = ~w(processes mailboxes binaries memory waiting schedulers quality at took_us elapsed_us top)
      for key <- shared, do: assert(is_map_key(outside, key) and is_map_key(inside, key), key)
    end

    test "as many as the node says", %{node: node} do
      Wait.until(
        fn ->
          [before, said, later] =
            for what <- ["count", nil, "count"] do
              if what, do: Node.tell(node, what)
              if what, do: node |> Node.line() |> String.to_integer(), else: snapshot(node)["processes"]["count"]
            end

          before == said and later == said
        end,
        "the counts agree"
      )
    end

    test "as text", %{node: node} do
      {text, "", 0} = Cprof.run(["snapshot", "-p", node.pid])

      for part <- [
            "Schedulers: ",
            "Processes: ",
            "Mailboxes: ",
            "Binaries: held by processes ",
            "Memory: ",
            "Waiting: "
          ],
          do: assert(text =~ ~r/^#{part}/m, part)

      assert text =~ ~r/^ +800 +0\.0 +[\d.]+ KB +<0\.\d+\.0> +parked +figures:waiter\/0$/m, text
      assert text =~ ~r/^ +60  figures:waiter\/0 \(.*figures\.erl:\d+\) +figures:waiter\/0$/m, text
      assert text =~ ~r/ suspects /
    end

    test "into a file, with as many rows as asked for", %{node: node} do
      file = Path.join(node.dir, "s.json")
      {"", err, 0} = Cprof.run(["snapshot", "-p", node.pid, "--top", "2", "-o", file])
      assert one_line(err) =~ ~r/^cprof: wrote .*s\.json \(\d+ processes\)$/
      assert %{"top" => 2, "memory" => %{"top" => [_, _]}} = file |> File.read!() |> Live.Json.decode!()
    end
  end

  describe "busy" do
    test "rates are those of the node" do
      node = start("busy", ["+S", "2:2"])
      {made, reductions, from} = ask(node, "made")
      outside = snapshot(node)
      {made_later, reductions_later, to} = ask(node, "made")
      per_s = fn now, before -> (now - before) * 1.0e6 / (to - from) end
      spinner = row(outside["processes"]["top"], "spinner")
      assert_in_delta spinner["reductions_per_s"] / per_s.(reductions_later, reductions), 1, 0.25
      assert_in_delta outside["processes"]["created_per_s"] / per_s.(made_later, made), 1, 0.25
      # On a busy machine it waits for a CPU most of the time.
      assert Enum.any?(outside["schedulers"], &(&1["type"] == "normal" and &1["cpu"] + &1["waiting_for_cpu"] > 0.2))
      assert outside["elapsed_us"] in 1_000_000..5_000_000
    end
  end

  test "what cannot be read is one line" do
    {"", err, 1} = Cprof.run(["snapshot", "-p", System.pid() |> String.to_integer() |> parent()])
    assert one_line(err) =~ ~r/^cprof: /
    {"", err, 2} = Cprof.run(["snapshot", "-p", "none"])
    assert one_line(err) =~ "not a process id"
  end

  defp parent(pid) do
    [_, parent] = Regex.run(~r/^PPid:\s+(\d+)$/m, File.read!("/proc/#{pid}/status"))
    parent
  end
end
