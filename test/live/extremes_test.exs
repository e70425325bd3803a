defmodule Live.ExtremesTest do
  @moduledoc "Nodes of unusual size or in an unusual state: there is no error, and the counters show what is missing."
  use ExUnit.Case

  alias Live.{Cprof, Node, Recording, Wait}

  test "a stack 100,000 frames deep keeps both ends" do
    node = Node.start("extremes", ["deep"])
    {report, stacks} = record(node, 2)
    busy = for {["extremes:deep/1" | _] = stack, n} <- stacks, hd(Enum.reverse(stack)) =~ "busy/1", do: {stack, n}
    total = busy |> Enum.map(&elem(&1, 1)) |> Enum.sum()
    assert total > 0.6 * report["meta"]["counted"]
    for {stack, _} <- busy, do: assert("[elided]" in stack and length(stack) > 500)
    assert report["counters"]["elided"] >= total
    Node.stop(node)
  end

  test "200 schedulers" do
    node = Node.start("extremes", ["spin"], ["+S", "200"])
    {report, _} = record(node, 2)
    busy_is_seen(report)
    assert length(report["processes"]) >= 4
    Node.stop(node)
  end

  # Engine bpf needs a descriptor for each CPU, not for each thread.
  test "1,024 async threads and few open files" do
    node = Node.start("extremes", ["spin"], ["+A", "1024"])
    file = Path.join(node.dir, "few.pb.gz")
    args = ["record", "-q", "-p", "#{node.pid}", "-d", "2", "-r", "499", "--engine", "bpf", "-o", file]
    limited = ["-c", ~s(ulimit -n 256 && exec "$@"), "sh", Cprof.program() | args]
    {out, code} = System.cmd("sh", limited, stderr_to_stdout: true)
    assert code == 0, out
    report = Cprof.json(["report", file])
    busy_is_seen(report)
    # On a busy machine cprof may have to wait, and then it says so.
    assert Enum.reject(report["meta"]["notes"], &(&1 =~ "cprof itself did not run")) == []
    Node.stop(node)
  end

  test "100,000 processes" do
    node = Node.start("extremes", ["many"], ["+P", "200000"])
    {report, _} = record(node, 2)
    busy_is_seen(report)
    Node.stop(node)
  end

  test "a node that is stopped and goes on" do
    node = Node.start("extremes", ["spin"])
    file = Path.join(node.dir, "x.pb.gz")
    recording = Recording.start(["-p", node.pid, "-d", 3600, "-r", 499, "-o", file])
    Wait.for_cpu(node.pid, 0.5)
    System.cmd("kill", ["-STOP", "#{node.pid}"])
    Process.sleep(800)
    System.cmd("kill", ["-CONT", "#{node.pid}"])
    Wait.for_cpu(node.pid, 0.5)
    System.cmd("kill", ["-INT", "#{recording.pid}"])
    assert {_, 0} = Recording.finished(recording)
    busy_is_seen(Cprof.json(["report", file]))
    Node.stop(node)
  end

  # The node holds half of the memory that it may use, and what it reads evicts what it read before, over and over.
  @tag skip: not Live.Memory.limits?() && "no memory control group can be made here"
  test "a node under memory pressure" do
    # Not in /tmp, which may be in memory itself.
    file = Path.expand("_build/cprof-large-#{System.pid()}")
    {_, 0} = System.cmd("truncate", ["-s", "400M", file])
    node = Node.start("extremes", ["full", file])

    Live.Memory.limited(node.pid, 96, fn failures ->
      Node.tell(node, "go")
      assert Node.line(node) == "full"
      before = failures.()
      {report, _} = record(node, 3)
      busy_is_seen(report, 20, 0.1)
      assert failures.() > before
    end)

    Node.stop(node)
    File.rm!(file)
  end

  # A stopped node must not keep cprof waiting, and cprof must not resume it.
  test "a node that stays stopped" do
    node = Node.start("extremes", ["spin"])
    System.cmd("kill", ["-STOP", "#{node.pid}"])
    Wait.until(fn -> File.read!("/proc/#{node.pid}/stat") =~ ") T " end)
    file = Path.join(node.dir, "x.json")
    {_, _, 0} = Cprof.run(["record", "-p", node.pid, "-d", 1, "-o", file])
    report = Live.Json.decode!(File.read!(file))
    assert report["counters"]["samples"] == 0
    assert report["counters"]["stopped_ms"] > 500
    assert File.read!("/proc/#{node.pid}/stat") =~ ") T "
    Node.stop(node)
  end

  # On a busy machine, scheduling and the kernel take a large part of such a short recording. Reading the memory of a
  # node that has no memory left takes the sampler so long that it loses samples.
  defp busy_is_seen(report, at_least \\ 60, lost \\ 0.01) do
    row = Enum.find(report["functions"], &(&1["name"] == "extremes:busy/1"))
    assert row["self_pct"] > at_least
    counters = report["counters"]
    assert counters["truncated"] <= 0.01 * counters["samples"]
    assert counters["unresolved_frames"] <= 0.005 * counters["frames"]
    assert counters["lost"] <= lost * counters["samples"]
  end

  defp record(node, cpu_seconds) do
    file = Path.join(node.dir, "x.pb.gz")
    Recording.of_cpu(node, cpu_seconds, ["-r", 499, "-o", file])
    {Cprof.json(["report", file]), Cprof.collapsed(["report", file])}
  end
end
