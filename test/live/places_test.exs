defmodule Live.PlacesTest do
  @moduledoc "Nodes in unusual places: more threads than descriptors, and pid namespaces of their own."
  use ExUnit.Case

  alias Live.{Cprof, Node}

  @root System.cmd("id", ["-u"]) == {"0\n", 0}
  @namespaces @root and
                match?({_, 0}, System.cmd("unshare", ~w(--pid --mount-proc --fork true), stderr_to_stdout: true))
  @work "L = fun L() -> lists:seq(1, 1000), L() end, L()."

  setup do
    dir = Node.tmp_dir()
    on_exit(fn -> File.rm_rf!(dir) end)
    %{out: Path.join(dir, "r.pb.gz")}
  end

  test "a thousand threads, 256 descriptors", %{out: file} do
    node = Node.known("erlang", ["+A", "1024"])

    record = fn engine ->
      script = "ulimit -n 256; exec #{Cprof.program()} record -p #{node.pid} -d 1 --engine #{engine} -o #{file} 2>&1"
      System.cmd("sh", ["-c", script])
    end

    if Cprof.works?("bpf") do
      assert {_, 0} = record.("bpf")
      refute Cprof.json(["report", file])["meta"]["notes"] |> Enum.any?(&(&1 =~ "could not be sampled"))
      File.rm!(file)
    end

    # Engine perf needs a descriptor for each thread; they are not enough for all.
    assert {_, 0} = record.("perf")
    report = Cprof.json(["report", file])
    assert Enum.any?(report["meta"]["notes"], &(&1 =~ ~r/^\d+ threads were not sampled \(schedulers come first\)/))
    assert report["counters"]["samples"] > 0
    Node.stop(node)
  end

  if @namespaces do
    # The first line of the script's output is the node's pid inside the namespace.
    defp in_namespace(script, args) do
      argv = ~w(--pid --mount-proc --fork --kill-child sh -c) ++ [script, "sh" | args]
      exe = System.find_executable("unshare")
      port = Port.open({:spawn_executable, exe}, [:binary, :exit_status, :stderr_to_stdout, line: 4096, args: argv])
      {:os_pid, pid} = Port.info(port, :os_pid)
      on_exit(fn -> System.cmd("kill", ["-9", "#{pid}"], stderr_to_stdout: true) end)
      {port, pid}
    end

    defp works_on_lists?(file) do
      File.exists?(file) and Enum.any?(Cprof.json(["report", file])["functions"], &(&1["name"] =~ ~r/^lists:seq/))
    end

    for engine <- ["bpf", "perf"] do
      @tag engine: engine
      test "a pid namespace, #{engine} inside", %{out: file, engine: engine} do
        record = ~s("$1" record -q -p $! -d 1 --engine #{engine} -o "$3")
        script = ~s(erl -noinput -eval "$2" & sleep 1; while :; do #{record}; sleep 1; done)
        in_namespace(script, [Cprof.program(), @work, file])
        if Cprof.works?(engine), do: Live.Wait.until(fn -> works_on_lists?(file) end)
      end

      @tag engine: engine
      test "a pid namespace, #{engine} outside", %{out: file, engine: engine} do
        {_, pid} = in_namespace(~s(exec erl -noinput -eval "$1"), [@work])
        node = Live.Wait.until(fn -> child(pid) end)
        args = ["record", "-q", "-p", node, "-d", 1, "--engine", engine, "-o", file]

        if Cprof.works?(engine) do
          Live.Wait.until(fn -> match?({_, _, 0}, Cprof.run(args)) and works_on_lists?(file) end)
        end
      end
    end

    # The pid of the VM outside the namespace, once it is a VM.
    defp child(pid) do
      with {:ok, text} <- File.read("/proc/#{pid}/task/#{pid}/children"),
           [child | _] <- String.split(text),
           {:ok, "beam.smp\n"} <- File.read("/proc/#{child}/comm") do
        child
      else
        _ -> nil
      end
    end
  end
end
