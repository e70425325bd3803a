defmodule Live.DoctorTest do
  @moduledoc """
  Compares what `cprof doctor` says with what `cprof record` then does: with all rights, with fewer, and under the
  seccomp filters of containers. The tests first find out which rights they have here, because they must also work in a
  container.
  """
  use ExUnit.Case

  alias Live.{Cprof, Node}

  @nobody 65534
  @paranoid "/proc/sys/kernel/perf_event_paranoid"

  setup_all do
    dir = Node.tmp_dir_for_all()
    sandbox = Path.join(dir, "sandbox")
    cc = System.get_env("CC") || "cc"
    {_, 0} = System.cmd(cc, ~w(-std=gnu11 -Wall -Wextra -O1 -D_GNU_SOURCE -o #{sandbox} test/live/work/sandbox.c))
    node = Node.known("erlang", [], as: "nobody")

    on_exit(fn ->
      Node.stop(node)
      File.rm_rf!(dir)
    end)

    context = %{dir: dir, sandbox: sandbox, node: node, program: Cprof.program_in(dir)}
    root = doctor(context, [])
    nobody = doctor(context, user: @nobody)
    perf = %{nil => works?(root, "perf"), @nobody => works?(nobody, "perf")}
    Map.merge(context, %{bpf: works?(root, "bpf"), perf: perf, filtered: filtered?()})
  end

  # Do the tests themselves run in a container? Then rights may be missing because of that.
  defp filtered?, do: File.read!("/proc/self/status") =~ ~r/^Seccomp:\s+2/m

  # Runs the program in a sandbox: {stdout, stderr, exit code}. deny: ["bpf:EPERM", ...], user: UID.
  defp cprof(context, args, opts) do
    err = Path.join(context.dir, "err-#{System.unique_integer([:positive])}")
    denied = Enum.flat_map(opts[:deny] || [], &["-d", &1])
    user = if opts[:user], do: ["-u", "#{opts[:user]}"], else: []
    command = [context.sandbox | denied ++ user] ++ [context.program | Enum.map(args, &to_string/1)]
    {out, code} = System.cmd("sh", ["-c", ~s(e=$1; shift; exec "$@" 2>"$e"), "sh", err | command])
    {out, File.read!(err), code}
  end

  # The output of doctor: %{lines: %{what => {mark, text}}, now: text, best: text, code: exit code}.
  defp doctor(context, opts) do
    {out, err, code} = cprof(context, ["doctor", "-p", opts[:pid] || context.node.pid], opts)
    assert err == ""

    lines =
      for <<mark::binary-5, what::binary-20, text::binary>> <- String.split(out, "\n", trim: true),
          do: {String.trim(mark), String.trim(what), text}

    [{"now", _, now}] = Enum.filter(lines, &(elem(&1, 0) == "now"))
    [{"best", _, best}] = Enum.filter(lines, &(elem(&1, 0) == "best"))
    gaps = for {"no", what, _} <- lines, what in ["schedulers", "VM layout"], do: what
    if gaps != [], do: refute(best =~ "nothing", "#{inspect(gaps)}: #{best}")
    %{lines: Map.new(lines, fn {mark, what, text} -> {what, {mark, text}} end), now: now, best: best, code: code}
  end

  defp line(said, what), do: Map.fetch!(said.lines, what)
  defp works?(said, engine), do: match?({"ok", _}, line(said, "engine #{engine}"))

  defp no(said, what, pattern) do
    assert {"no", text} = line(said, what)
    assert text =~ pattern
  end

  defp record(context, opts),
    do: cprof(context, ["record", "-q", "-p", context.node.pid, "-d", 0.2, "-f", "json"], opts)

  # Whatever rights there are here, record does what doctor said, and says why that is not the best.
  defp agrees(context, opts) do
    said = doctor(context, opts)
    {out, err, code} = record(context, opts)

    case Regex.run(~r/uses engine (\w+)/, said.now) do
      [_, engine] ->
        assert {said.code, code} == {0, 0}, err
        meta = Live.Json.decode!(out)["meta"]
        assert meta["engine"] == engine
        note = Enum.filter(meta["notes"], &String.starts_with?(&1, "engine "))

        if engine == "bpf" do
          assert note == []
          assert said.best =~ "nothing to do"
        else
          {"no", reason} = line(said, "engine bpf")
          assert note == ["engine #{engine}, because bpf does not work here: #{reason}"]
          assert not (said.best =~ "nothing to do")
        end

      nil ->
        assert code == 1
        assert out == ""
        assert [_one_line] = String.split(err, "\n", trim: true)
        assert not (said.best =~ "nothing to do")
    end

    Map.put(said, :err, err)
  end

  test "as root: the best engine, and nothing to do", context do
    said = agrees(context, [])
    if context.bpf, do: assert(said.now =~ "engine bpf")
    assert {"ok", known} = line(said, "schedulers")
    assert [_, n, n] = Regex.run(~r/^(\d+) of (\d+) known: \d+ normal, \d+ dirty CPU, \d+ dirty IO$/, known)
    assert line(said, "VM layout") == {"ok", "every field was found and verified"}
  end

  test "as the node's user: perf, and how to get more", context do
    said = agrees(context, user: @nobody)
    refute works?(said, "bpf")
    assert {"ok", _} = line(said, "memory")

    if context.perf[@nobody] and context.bpf and not context.filtered do
      assert said.now =~ "engine perf"
      no(said, "engine bpf", "sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace+ep FILE` once")
      assert said.best =~ ~r"^sudo /.*/cprof record -p #{context.node.pid}$"
    end
  end

  test "as another user: nothing, and who may", context do
    other = 65533
    said = agrees(context, user: other)
    assert said.code == 1
    assert said.now == "no recording is possible"
    no(said, "memory", "as the same user or as root")
    assert said.err =~ "as the same user or as root"
    unless context.filtered, do: assert(said.best =~ ~r"^sudo /.*/cprof record -p")
  end

  test "bpf forbidden by a filter: perf", context do
    for error <- ["EPERM", "ENOSYS"], user <- [nil, @nobody] do
      said = agrees(context, user: user, deny: ["bpf:#{error}"])
      if context.bpf, do: no(said, "engine bpf", "seccomp filter")
      assert works?(said, "perf") == context.perf[user]
      if context.bpf, do: assert(said.best =~ "--cap-add BPF")
    end
  end

  test "as in a container, bpf and perf_event_open forbidden: no engine by itself", context do
    for error <- ["EPERM", "ENOSYS"], user <- [nil, @nobody] do
      said = agrees(context, user: user, deny: ["bpf:#{error}", "perf_event_open:#{error}"])
      no(said, "engine perf", "seccomp filter")
      no(said, "time in the kernel", "seccomp filter")
      refute said.now =~ "uses engine"
      if context.bpf, do: assert(said.err =~ "seccomp filter")
      if context.bpf, do: assert(said.best =~ "--cap-add BPF --cap-add PERFMON")
    end
  end

  test "reading forbidden by a filter: no engine is of use", context do
    said = agrees(context, deny: ["process_vm_readv:EPERM"])
    assert said.code == 1
    assert said.now == "no recording is possible"
    no(said, "memory", "seccomp filter")
    no(said, "pid #{context.node.pid}", "seccomp filter")
    assert said.err =~ "seccomp filter"
  end

  test "an engine asked for that is forbidden is not replaced", context do
    args = ["record", "-p", context.node.pid, "-d", 1, "--engine", "bpf"]
    {out, err, code} = cprof(context, args, deny: ["bpf:EPERM"])
    assert {out, code} == {"", 1}
    if context.bpf, do: assert(err =~ "seccomp filter")
  end

  test "a pid that is no node", context do
    port = Port.open({:spawn_executable, System.find_executable("sleep")}, args: ["60"])
    {:os_pid, pid} = Port.info(port, :os_pid)
    said = doctor(context, pid: pid)
    System.cmd("kill", ["-KILL", "#{pid}"])
    assert said.code == 1
    assert said.best =~ "cprof --nodes"
  end

  # Level 3 exists only in the kernels of Debian and Ubuntu, which answer with EACCES. With other kernels the sandbox
  # does that.
  test "perf_event_paranoid 3", context do
    at_level("3", fn ->
      said = agrees(context, user: @nobody)
      assert {"", "3"} = line(said, "perf_event_paranoid")
      said = agrees(context, user: @nobody, deny: ["perf_event_open:EACCES"])
      no(said, "engine perf", "sudo sysctl kernel.perf_event_paranoid=2")
      refute said.now =~ "uses engine"
      if context.bpf, do: assert(agrees(context, []).now =~ "engine bpf")
    end)
  end

  test "perf_event_paranoid 2 and 1: time in the kernel", context do
    for {level, mark} <- [{"2", "no"}, {"1", "ok"}], context.perf[@nobody] do
      at_level(level, fn ->
        assert {^mark, _} = line(agrees(context, user: @nobody), "time in the kernel")
      end)
    end
  end

  # Runs fun with the setting at that level, if it can be set. The setting is restored in any case.
  defp at_level(level, fun) do
    before = File.read!(@paranoid) |> String.trim()

    case File.write(@paranoid, level) do
      :ok ->
        try do
          fun.()
        after
          File.write!(@paranoid, before)
        end

      {:error, reason} ->
        IO.puts("\nnot tested: #{@paranoid} cannot be set here (#{reason})")
    end
  end
end
