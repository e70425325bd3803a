defmodule Live.BadInputTest do
  @moduledoc "Bad input and bad luck give one line that says what to do, and the right exit code."
  use ExUnit.Case

  import Live.Cprof, only: [one_line: 1]
  import Live.Node, only: [own_dir: 1]

  alias Live.{Cprof, Node, Program, Recording, Wait}

  setup :own_dir

  defp refused(args, code, pattern, opts \\ []) do
    {out, err, got} = Cprof.run(args, opts)
    assert got == code, "exit #{got}: #{err}"
    assert out == ""
    assert one_line(err) =~ pattern
  end

  defp unused_pid do
    max = File.read!("/proc/sys/kernel/pid_max") |> String.trim() |> String.to_integer()
    Enum.find(max..2//-1, &(not File.exists?("/proc/#{&1}")))
  end

  defp samples(file), do: Cprof.json(["report", file])["counters"]["samples"]

  test "no such pid" do
    refused(["record", "-p", unused_pid(), "-d", 1], 1, "no process has this pid")
  end

  test "a pid that is no Erlang VM" do
    port = Port.open({:spawn_executable, System.find_executable("sleep")}, args: ["60"])
    {:os_pid, pid} = Port.info(port, :os_pid)
    refused(["record", "-p", pid, "-d", 1], 1, "not an Erlang VM")
    Program.signal(pid, "KILL")
  end

  test "rates and durations that are none" do
    for rate <- ["0", "-1", "1000000000", "many", ""],
        do: refused(["record", "-p", 1, "-r", rate], 2, "samples per second")

    for seconds <- ["0", "-3", "x", "nan", "1e99"],
        do: refused(["record", "-p", 1, "-d", seconds], 2, "give seconds")
  end

  test "options, formats and engines that do not exist" do
    refused(["record", "-p", 1, "--nonsense"], 2, "no such option")
    refused(["record", "-p", 1, "-f", "svg"], 2, "--format svg: choose text, html")
    refused(["record", "-p", 1, "-o", "x.svg"], 2, "of no known format")
    refused(["record", "-p", "abc"], 2, "not a process id")
    refused(["sing"], 2, "no verb")
    refused(["record", "-p", 1, "--engine", "magic"], 2, "--engine magic: choose auto, bpf, perf or ptrace")
    refused(["record", "-p", 1, "--focus", "("], 2, "not a regular expression")
    refused(["record", "-p", 1, "-o", ""], 2, "give a file name")
    refused(["record", "-p", 1, "-o", "a.html", "-o", "b.txt"], 2, "can be given only once")
    refused(["record", "4711"], 2, "did you mean -p 4711?")
    refused(["record", "4711", "-d", "1"], 2, "did you mean -p 4711?")
    refused(["record", "shop@host"], 2, "did you mean -n shop@host?")
    refused(["record", "-p", 1, "-n", "shop"], 2, "either --pid or --node")
    refused(["record", "-n", "shop", "--", "true"], 2, "either a node or a command")
    refused(["doctor", "4711"], 2, "did you mean -p 4711?")
    refused(["report", "a.pb.gz", "--bogus"], 2, "--bogus: no such option")
    refused(["report", "a.pb.gz", "-o"], 2, "-o: needs a value")
  end

  test "a filter that matches nothing says so", %{dir: dir} do
    node = Node.known("erlang")
    file = "#{dir}/r.pb.gz"
    {_, _, 0} = Cprof.run(["record", "-p", node.pid, "-d", 1, "-o", file])
    Node.stop(node)
    refused(["report", file, "--process", "nobody"], 1, "no process in the recording matches --process")
    {text, _, 0} = Cprof.run(["report", file, "--focus", "nobody"])
    assert text =~ "No sample matches the filter"
    assert text =~ ~r/filtered: --focus nobody; 0 of \d+ samples/
  end

  test "an output that is a link stays one, and a file keeps its mode", %{dir: dir} do
    node = Node.known("erlang")
    File.write!("#{dir}/real.json", "")
    File.chmod!("#{dir}/real.json", 0o600)
    File.ln_s!("real.json", "#{dir}/link.json")
    {_, _, 0} = Cprof.run(["record", "-p", node.pid, "-d", 1, "-o", "#{dir}/link.json"])
    Node.stop(node)
    assert File.read_link!("#{dir}/link.json") == "real.json"
    assert Live.Json.decode!(File.read!("#{dir}/real.json"))["version"] == 1
    assert Bitwise.band(File.stat!("#{dir}/real.json").mode, 0o777) == 0o600
  end

  test "an output that cannot be written is found out before sampling", %{dir: dir} do
    node = Node.known("erlang")
    # Otherwise the test would time out.
    refused(["record", "-p", node.pid, "-d", 3600, "-o", "#{dir}/no/such/x.html"], 1, "No such file")
    refused(["record", "-p", node.pid, "-d", 3600, "-o", "/proc/x.html"], 1, "/proc/x.html")
    File.mkdir!("#{dir}/folder.html")
    refused(["record", "-p", node.pid, "-d", 3600, "-o", "#{dir}/folder.html"], 1, "directory")
    Node.stop(node)
  end

  test "no right to attach" do
    node = Node.known("erlang")
    dir = Node.tmp_dir_for_all()
    opts = [as: "nobody", program: Cprof.program_in(dir)]
    refused(["record", "-p", node.pid, "-d", 1], 1, "as the same user or as root", opts)
    File.rm_rf!(dir)
    Node.stop(node)
  end

  test "the node is killed during the recording: what was sampled is written", %{dir: dir} do
    node = Node.known("erlang")
    file = "#{dir}/killed.pb.gz"
    recording = Recording.start(["-p", node.pid, "-d", 600, "-r", 499, "-o", file])
    Wait.for_cpu(node.pid, 1)
    Program.signal(node.pid, "KILL")
    {said, status} = Recording.finished(recording)
    assert status == 0
    assert said =~ "the node ended during the recording"
    assert samples(file) > 200
    Node.stop(node)
  end

  test "Ctrl-C and SIGTERM write the result", %{dir: dir} do
    node = Node.known("erlang")

    for signal <- ["INT", "TERM"] do
      file = "#{dir}/#{signal}.pb.gz"
      recording = Recording.start(["-p", node.pid, "-d", 600, "-r", 499, "-o", file])
      Wait.for_cpu(node.pid, 0.5)
      Program.signal(recording.pid, signal)
      {_, status} = Recording.finished(recording)
      assert status == 0
      assert samples(file) > 100
    end

    Node.stop(node)
  end

  # The stdin of erl and sleep does not end, so only the signal ends them.
  test "a signal ends a recording with its command", %{dir: dir} do
    command = ["erl", "-noinput", "-eval", "F = fun F() -> F() end, F()."]

    for {args, start, pattern} <- [
          {command, &Recording.start/1, ""},
          {["sleep", "600"], &Recording.launch/1, "interrupted before an Erlang VM was ready"}
        ] do
      recording = start.(["-r", 499, "-o", "#{dir}/c.pb.gz", "--" | args])
      [child] = Wait.until(fn -> running_child(recording.pid) end)
      if pattern == "", do: Wait.for_cpu(child, 1)
      Program.signal(recording.pid, "TERM")
      {said, _} = Recording.finished(recording)
      assert said =~ pattern
      refute File.exists?("/proc/#{child}")
    end

    assert samples("#{dir}/c.pb.gz") > 100
  end

  # A child that has already replaced our program by exec.
  defp running_child(pid) do
    with {children, 0} <- System.cmd("pgrep", ["-P", "#{pid}"]),
         [child] <- String.split(children),
         {:ok, exe} <- File.read_link("/proc/#{child}/exe"),
         true <- exe != Cprof.program(),
         do: [String.to_integer(child)],
         else: (_ -> nil)
  end

  test "SIGKILL leaves the node unharmed and no file behind", %{dir: dir} do
    node = Node.known("erlang")
    recording = Recording.start(["-p", node.pid, "-d", 600, "-o", "#{dir}/x.pb.gz"])
    Program.signal(recording.pid, "KILL")
    Recording.finished(recording)
    assert File.ls!(dir) == []
    Node.tell(node, "truth")
    assert length(Node.lines_until(node, "end")) == 6
    Node.stop(node)
  end

  test "a recording that is cut or is none", %{dir: dir} do
    node = Node.known("erlang")
    file = "#{dir}/good.pb.gz"
    {_, _, 0} = Cprof.run(["record", "-p", node.pid, "-d", 1, "-r", 499, "-o", file])
    Node.stop(node)
    bytes = File.read!(file)

    for keep <- [0, 1, 10, 100, div(byte_size(bytes), 2), byte_size(bytes) - 1] do
      File.write!("#{dir}/cut.pb.gz", binary_part(bytes, 0, keep))
      refused(["report", "#{dir}/cut.pb.gz"], 1, "not a recording")
    end

    File.write!("#{dir}/text.pb.gz", "hello")
    refused(["report", "#{dir}/text.pb.gz"], 1, "not a recording")
    refused(["report", "#{dir}/missing.pb.gz"], 1, "No such file")
    # A sparse file.
    {:ok, long} = :file.open("#{dir}/long.pb.gz", [:write, :raw])
    {:ok, _} = :file.position(long, 256 * 1024 * 1024 + 1)
    :ok = :file.truncate(long)
    :ok = :file.close(long)
    refused(["report", "#{dir}/long.pb.gz"], 1, "to more than 256 MB")
    <<a::binary-200, b, rest::binary>> = bytes
    File.write!("#{dir}/flipped.pb.gz", <<a::binary, Bitwise.bxor(b, 255), rest::binary>>)
    refused(["report", "#{dir}/flipped.pb.gz"], 1, "not a recording")
  end

  test "the port ends on garbage and when it is closed" do
    for garbage <- [<<1, 2, 3>>, :erlang.term_to_binary(:hello), :erlang.term_to_binary({1, :start, %{}})] do
      port = Port.open({:spawn_executable, Cprof.program()}, [:binary, :exit_status, packet: 4, args: ["port"]])
      Port.command(port, garbage)
      assert_receive {^port, {:exit_status, 1}}, 60_000
    end

    port = Port.open({:spawn_executable, Cprof.program()}, [:binary, packet: 4, args: ["port"]])
    {:os_pid, pid} = Port.info(port, :os_pid)
    Port.close(port)
    Wait.until(fn -> not File.exists?("/proc/#{pid}") end)
  end
end
