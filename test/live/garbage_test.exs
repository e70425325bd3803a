defmodule Live.GarbageTest do
  @moduledoc "Event alloc: what processes allocate and keep, by processes of which that is known."
  use ExUnit.Case

  alias Live.{Cprof, Node, Recording, Wait}

  @moduletag skip: not Cprof.works?("alloc") && "event alloc does not work here"
  setup_all do: AllocLock.take()

  # Two words for each of 200 numbers.
  @round 3200

  # By name: rounds, and what the VM says of the heap and of the collections so far.
  defp sizes(node) do
    Node.tell(node, "sizes")

    for line <- Node.lines_until(node, "end"), into: %{} do
      [name | figures] = String.split(line)

      {name,
       [:rounds, :heap, :survived, :collections] |> Enum.zip(Enum.map(figures, &String.to_integer/1)) |> Map.new()}
    end
  end

  defp recorded(node, file) do
    recording = Recording.launch(["-q", "--event", "alloc", "-p", node.pid, "-d", 3600, "-o", file])
    Wait.until(fn -> Recording.events(recording.pid) > 0 end, "it samples")
    before = sizes(node)
    Process.sleep(10_000)
    now = sizes(node)
    {_, 0} = System.cmd("kill", ["-INT", "#{recording.pid}"])
    {_, 0} = Recording.finished(recording)
    {before, now}
  end

  defp rows(file) do
    for row <- Cprof.json(["report", file])["garbage"], into: %{}, do: {row["name"], row}
  end

  # By name: the part of all bytes, by samples of functions and by collections.
  defp shares(file, rows) do
    processes = Cprof.json(["report", file])["processes"]
    [samples, collected] = [sum(processes, "samples"), sum(Map.values(rows), "allocated_bytes")]

    for %{"name" => name} = process <- processes, row = rows[name], into: %{} do
      {name, {process["samples"] / samples, row["allocated_bytes"] / collected}}
    end
  end

  defp sum(rows, key), do: rows |> Enum.map(& &1[key]) |> Enum.sum()

  test "who makes garbage, who keeps it, and whose heap grows" do
    node = Node.start("garbage_work")
    on_exit(fn -> Node.stop(node) end)
    file = Path.join(node.dir, "garbage.pb.gz")
    {before, now} = recorded(node, file)
    rows = rows(file)
    assert %{"garbage_churner" => churner, "garbage_keeper" => keeper, "garbage_grower" => grower} = rows

    of = fn name, key -> now[name][key] - before[name][key] end
    assert_in_delta churner["allocated_bytes"] / (@round * of.("garbage_churner", :rounds)), 1, 0.4
    assert_in_delta churner["collections"] / of.("garbage_churner", :collections), 1, 0.4

    # The churner keeps only what it is making when it is collected.
    IO.puts("survived: churner #{churner["survived_bytes"]}, true #{of.("garbage_churner", :survived)}")
    IO.puts("survived: keeper #{keeper["survived_bytes"]}, true #{of.("garbage_keeper", :survived)}")
    assert_in_delta churner["survived_bytes"] / of.("garbage_churner", :survived), 1, 0.4
    assert_in_delta keeper["survived_bytes"] / of.("garbage_keeper", :survived), 1, 0.5
    assert churner["survived_bytes"] < 0.1 * churner["allocated_bytes"]
    assert keeper["survived_bytes"] > 0.2 * keeper["allocated_bytes"]

    # However often a process is collected, it has the samples of what it allocates.
    shares = shares(file, rows)
    IO.puts("shares by samples, and by collections: #{inspect(shares)}")
    for {_, {by_samples, by_collections}} <- shares, do: assert_in_delta(by_samples, by_collections, 0.3)

    # From its first to its last collection, which were both within the recording.
    grew = of.("garbage_grower", :heap)
    IO.puts("grower #{grower["heap_grew_bytes"]}, true #{grew}")
    assert grower["heap_grew_bytes"] > 0.3 * grew
    assert grower["heap_grew_bytes"] <= now["garbage_grower"].heap
    assert abs(churner["heap_grew_bytes"]) < 0.1 * grew

    {text, "", 0} = Cprof.run(["report", file])
    assert text =~ ~r/ALLOCATED +SURVIVED +HEAP GREW +COLLECTIONS +PROCESSES +NAME/
    assert text =~ ~r/\+[0-9.]+ [KM]B +\d+  <[0-9.]+> +garbage_grower/
    {text, "", 0} = Cprof.run(["report", file, "--process", "garbage_keeper"])
    assert text =~ ~r/\d+  <[0-9.]+> +garbage_keeper/
    refute text =~ "garbage_grower"
  end

  test "a process that ended before it could be asked has the name of its code" do
    node = Node.start("brief_lives")
    on_exit(fn -> Node.stop(node) end)
    file = Path.join(node.dir, "brief.pb.gz")
    {_, _, 0} = Cprof.run(["record", "-q", "--event", "alloc", "-p", node.pid, "-d", 3, "-o", file])
    rows = rows(file)
    assert rows["brief_lives:brief/0"]["processes"] > 1, inspect(Map.keys(rows))
    refute Map.has_key?(rows, "proc_lib:init_p/5")
  end

  test "what is not known is no figure" do
    node = Node.start("garbage_work")
    on_exit(fn -> Node.stop(node) end)
    {_, 0} = System.cmd("kill", ["-STOP", "#{node.pid}"])
    {text, _, _} = Cprof.run(["record", "--event", "alloc", "-p", node.pid, "-d", "1"])
    {_, 0} = System.cmd("kill", ["-CONT", "#{node.pid}"])
    refute text =~ "+-0.0 %"
    refute text =~ "SURVIVED"
  end
end
