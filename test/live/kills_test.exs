defmodule Live.KillsTest do
  @moduledoc """
  Sends signals to the sampler and to the node at random moments. KILLS: tries for each engine (default 6);
  KILLS_ENGINES: only these engines; KILLS_SEED: the same moments again; KILLS_ERL: flags of the node, such as "+S 1".
  """
  use ExUnit.Case

  alias Live.{Cprof, Node, Wait}

  @tries String.to_integer(System.get_env("KILLS") || "6")
  @flags OptionParser.split(System.get_env("KILLS_ERL") || "")
  # The length of a recording in seconds, and the milliseconds after its start within which the signal comes.
  @seconds "0.4"
  @within 700
  # What the tests wait for comes at once, except on a busy machine.
  @patience 60_000

  @moduletag timeout: 60_000 + @tries * 20_000

  setup_all do
    seed = String.to_integer(System.get_env("KILLS_SEED") || "#{System.os_time() |> rem(1_000_000)}")
    IO.puts("KILLS_SEED=#{seed}")
    [seed: seed]
  end

  setup %{seed: seed} do
    :rand.seed(:exsss, seed)
    :ok
  end

  for engine <- String.split(System.get_env("KILLS_ENGINES") || "bpf perf ptrace") do
    @tag engine: engine
    test "a sampler with engine #{engine}: killed, stopped, ended", %{engine: engine} do
      node = Node.start("heartbeat", [], @flags)

      if works?(engine, node) do
        figures = for i <- 1..@tries, do: attempt(engine, node, Enum.at(signals(), rem(i, 5)))
        tell(engine, figures)
      end

      Node.stop(node)
    end

    @tag engine: engine
    test "a node sampled with engine #{engine}: killed, ended, stopped", %{engine: engine} do
      for i <- 0..max(2, div(@tries, 6)), do: node_attempt(engine, Enum.at([:kill, :term, :stop], rem(i, 3)))
    end

    @tag engine: engine
    test "a command whose sampler with engine #{engine} is killed goes on", %{engine: engine} do
      for _ <- 1..max(2, div(@tries, 10)), do: command_attempt(engine)
    end
  end

  defp signals, do: [:kill, :stop, :tstp, :term, :int]

  # --- the sampler gets a signal ----------------------------------------------------------------------------------------

  defp attempt(engine, node, signal) do
    dir = Node.tmp_dir()
    gap(node)
    began = now()
    sampler = start_sampler(engine, node.pid, dir)
    Process.sleep(:rand.uniform(@within))
    send_signal(sampler, signal)
    if signal in [:stop, :tstp], do: stand_still(sampler, node)
    code = exit_code(sampler)
    let_go(node.pid)
    beats(node)
    with_us = gap(node)
    took = now() - began
    result = check_result(signal, code, sampler, dir)
    nothing_is_left(sampler, dir)
    gap(node)
    Process.sleep(took)
    {signal, result, with_us, gap(node)}
  end

  # The node must continue while the sampler is stopped.
  defp stand_still(sampler, node) do
    Wait.until(fn -> state(sampler.pid) in ["T", "t", "Z", nil] end, "the sampler stops")
    let_go(node.pid)
    beats(node)
    Process.sleep(:rand.uniform(200))
    send_signal(sampler, :cont)
  end

  # A recording is complete, or there is none and the exit code says so. `signal` was sent to the sampler.
  defp check_result(signal, code, sampler, dir) do
    file = Path.join(dir, "r.pb.gz")

    cond do
      File.exists?(file) ->
        {out, err, 0} = Cprof.run(["report", file, "-f", "json"])
        assert err == ""
        assert is_map(Live.Json.decode!(out)["meta"])
        assert code == 0 or signal == :kill, "exit code #{code} with a result"
        :whole

      signal == :kill ->
        assert code == 137
        :none

      true ->
        assert code != 0, "exit code 0 without a result"
        # In its first moments, a signal ends it like any other program.
        assert code == 1 or code in [128 + 2, 128 + 15], "exit code #{code}: #{said(sampler)}"
        assert code != 1 or said(sampler) != ""
        :none
    end
  end

  defp tell(engine, figures) do
    results = Enum.frequencies_by(figures, fn {signal, result, _, _} -> {signal, result} end)
    with_us = for {_, _, us, _} <- figures, do: us
    without = for {_, _, _, us} <- figures, do: us

    IO.puts(
      "engine #{engine}: #{length(figures)} tries, stuck 0, partial 0, left over 0; longest gap with cprof " <>
        "#{ms(Enum.max(with_us))} ms (median #{ms(median(with_us))}), without #{ms(Enum.max(without))} ms " <>
        "(median #{ms(median(without))}); #{inspect(results)}"
    )
  end

  defp median(list), do: list |> Enum.sort() |> Enum.at(div(length(list), 2))
  defp ms(us), do: Float.round(us / 1000, 1)

  # --- the node gets one ------------------------------------------------------------------------------------------------

  defp node_attempt(engine, signal) do
    node = Node.start("heartbeat", [], @flags)

    if works?(engine, node) do
      dir = Node.tmp_dir()
      sampler = start_sampler(engine, node.pid, dir)
      Process.sleep(:rand.uniform(@within))
      send_signal(node, signal)
      code = exit_code(sampler)
      # On a busy machine the node may end before the first sample.
      check_result(:none, code, sampler, dir)
      if signal == :stop, do: assert(state(node.pid) == "T")
      nothing_is_left(sampler, dir)
    end

    Node.stop(node)
  end

  # --- the sampler has started the node ---------------------------------------------------------------------------------

  defp command_attempt(engine) do
    dir = Node.tmp_dir()
    {_, 0} = System.cmd("erlc", ["-o", dir, "test/live/work/heartbeat.erl"])
    erl = [System.find_executable("erl"), "-noinput", "-pa", dir, "-run", "heartbeat", "start", "alone"]
    sampler = start(["--engine", engine, "-o", Path.join(dir, "r.pb.gz"), "--" | erl], dir)
    vm = Wait.until(fn -> vm_below(sampler.pid) end, "a VM is started")
    Process.sleep(500 + :rand.uniform(@within))
    send_signal(sampler, :kill)
    assert exit_code(sampler) == 137
    let_go(vm)
    used = Wait.cpu_ticks(vm)
    Wait.until(fn -> Wait.cpu_ticks(vm) > used end, "the command goes on")
    System.cmd("kill", ["-9", "#{vm}"])
    Wait.until(fn -> state(vm) in [nil, "Z"] end, "the command ends")
    nothing_is_left(sampler, dir, Path.wildcard(Path.join(dir, "*.beam")))
  end

  defp vm_below(pid) do
    with {:ok, children} <- File.read("/proc/#{pid}/task/#{pid}/children") do
      children
      |> String.split()
      |> Enum.find(fn child -> match?({:ok, "beam.smp\n"}, File.read("/proc/#{child}/comm")) end)
    else
      _ -> nil
    end
  end

  # --- samplers ---------------------------------------------------------------------------------------------------------

  defp works?(engine, node) do
    {_, err, code} = Cprof.run(["record", "-p", node.pid, "-d", "0.1", "--engine", engine, "--force", "-f", "json"])
    if code != 0, do: IO.puts("engine #{engine} does not work here: #{err}")
    code == 0
  end

  defp start_sampler(engine, pid, dir) do
    file = Path.join(dir, "r.pb.gz")
    start(["-p", "#{pid}", "-d", @seconds, "--engine", engine, "-o", file], dir)
  end

  # stderr goes to a file outside the folder of results, so that all files there are the sampler's.
  defp start(args, dir) do
    args = [
      "-c",
      ~s(e=$1; shift; exec "$@" 2>"$e" >/dev/null),
      "sh",
      dir <> ".err",
      Cprof.program(),
      "record",
      "-q",
      "--force" | args
    ]

    port = Port.open({:spawn_executable, System.find_executable("sh")}, [:binary, :exit_status, args: args])
    {:os_pid, pid} = Port.info(port, :os_pid)
    %{port: port, pid: pid, err: dir <> ".err"}
  end

  defp send_signal(%{pid: pid}, signal),
    do: System.cmd("kill", ["-#{String.upcase("#{signal}")}", "#{pid}"], stderr_to_stdout: true)

  defp exit_code(%{port: port} = sampler) do
    receive do
      {^port, {:exit_status, code}} -> code
    after
      @patience -> flunk("the sampler does not end: #{said(sampler)}")
    end
  end

  defp said(%{err: file}) do
    case File.read(file) do
      {:ok, text} -> text
      _ -> ""
    end
  end

  # --- what must be so --------------------------------------------------------------------------------------------------

  # Waits until no thread is traced or stopped by a tracer.
  defp let_go(pid), do: Wait.until(fn -> held(pid) == [] end, "all threads of the node are let go")

  defp held(pid) do
    for task <- Path.wildcard("/proc/#{pid}/task/*/status"),
        {:ok, text} <- [File.read(task)],
        not (text =~ ~r/^TracerPid:\t0$/m) or text =~ ~r/^State:\t[tT]/m,
        do: text
  end

  # Every scheduler continues to work.
  defp beats(node) do
    before = ask_beats(node)

    Wait.until(
      fn -> Enum.zip(before, ask_beats(node)) |> Enum.all?(fn {a, b} -> b > a + 5 end) end,
      "all schedulers go on"
    )
  end

  defp ask_beats(node) do
    Node.tell(node, "beats")
    node |> Node.line() |> String.split() |> Enum.map(&String.to_integer/1)
  end

  defp gap(node) do
    Node.tell(node, "gap")
    node |> Node.line() |> String.to_integer()
  end

  defp nothing_is_left(sampler, dir, but \\ []) do
    Wait.until(fn -> ours() == [] end, "all processes of cprof end")
    assert Enum.sort(File.ls!(dir)) -- ["r.pb.gz" | Enum.map(but, &Path.basename/1)] == []
    File.rm_rf!(dir)
    File.rm(sampler.err)
  end

  # Samplers of this checkout only, because others may be running, too.
  defp ours do
    for exe <- Path.wildcard("/proc/[0-9]*/exe"), {:ok, path} <- [File.read_link(exe)], path == Cprof.program(), do: exe
  end

  defp state(pid) do
    case File.read("/proc/#{pid}/stat") do
      {:ok, text} -> text |> String.split(") ") |> List.last() |> String.first()
      _ -> nil
    end
  end

  defp now, do: System.monotonic_time(:millisecond)
end
