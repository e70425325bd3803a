defmodule Live.OutputTest do
  @moduledoc "Results are written completely or not at all, never where somebody planted something; a loss is reported."
  use ExUnit.Case

  import Live.Cprof, only: [one_line: 1]
  import Live.Node, only: [own_dir: 1]

  alias Live.{Cprof, Node, Program}

  @root System.cmd("id", ["-u"]) == {"0\n", 0}
  # Not in a chroot, whose "/" is not a mount.
  @disks @root and match?({_, 0}, System.cmd("unshare", ["-m", "true"], stderr_to_stdout: true))
  if @root and not @disks, do: IO.puts("output: tests with full disks are skipped, no disk of our own can be mounted")
  if not @root, do: IO.puts("output: tests with another user and with full disks are skipped, they need root")

  setup_all do
    dir = Node.tmp_dir()
    node = Node.known("erlang")
    recording = "#{dir}/r.pb.gz"
    {_, _, 0} = Cprof.run(["record", "-p", node.pid, "-d", 1, "-r", 499, "-o", recording])

    on_exit(fn ->
      Node.stop(node)
      File.rm_rf!(dir)
    end)

    %{node: node, recording: recording}
  end

  setup :own_dir

  # Runs a shell script: {stdout and stderr together, exit code}.
  defp sh(script, args) do
    System.cmd("sh", ["-c", script, "sh" | Enum.map(args, &to_string/1)], stderr_to_stdout: true)
  end

  defp mode(file), do: Bitwise.band(File.lstat!(file).mode, 0o7777)

  defp as_nobody(script, args) do
    prefix = "setpriv --reuid nobody --regid nogroup --clear-groups sh -c"
    {_, 0} = sh(~s(s=$1; shift; #{prefix} "$s" sh "$@"), [script | args])
  end

  # --- who may decide what is there -------------------------------------------

  @tag skip: not @root && "needs root"
  test "root makes no set-user-id file of what nobody planted", %{node: node, dir: dir} do
    file = "#{dir}/flame.html"
    File.chmod!(dir, 0o777)
    as_nobody(~s(touch "$1"; chmod 6777 "$1"), [file])
    record = ~s(umask 077; exec "$1" record -p "$2" -d 1 -q -o "$3")
    assert {"", 0} = sh(record, [Cprof.program(), node.pid, file])
    assert %{uid: 0, size: size} = File.stat!(file)
    assert size > 1000
    assert mode(file) == 0o600
  end

  @tag skip: not @root && "needs root"
  test "what nobody planted in a sticky folder is refused before sampling", %{node: node, dir: dir} do
    target = "#{dir}/target"
    shared = "#{dir}/shared"
    File.write!(target, "mine")
    File.mkdir!(shared)
    File.chmod!(dir, 0o755)
    # File.chmod! cannot set the sticky bit.
    {_, 0} = System.cmd("chmod", ["1777", shared])
    as_nobody(~s(cd "$1"; touch f.html; chmod 6777 f.html; mkfifo p.html; ln -s ../target l.html), [shared])

    for {name, pattern} <- [
          {"f", "belongs to another user"},
          {"p", "belongs to another user"},
          {"l", "a link that belongs to another user or lies in a folder where anyone may create links"}
        ] do
      # If it sampled before the check, the test would time out.
      {out, err, 1} = Cprof.run(["record", "-p", node.pid, "-d", 3600, "-o", "#{shared}/#{name}.html"])
      assert out == ""
      assert one_line(err) =~ pattern
    end

    assert mode("#{shared}/f.html") == 0o6777
    assert File.stat!("#{shared}/f.html").size == 0
    assert File.read!(target) == "mine"
    assert length(File.ls!(shared)) == 3
  end

  test "a new file has what the umask leaves, an old one its mode without special bits", %{recording: r, dir: dir} do
    report = ~s(umask $4; exec "$1" report -q "$2" -o "$3")

    for {mask, wanted} <- [{"022", 0o644}, {"077", 0o600}] do
      assert {"", 0} = sh(report, [Cprof.program(), r, "#{dir}/#{mask}.html", mask])
      assert mode("#{dir}/#{mask}.html") == wanted
    end

    File.chmod!("#{dir}/022.html", 0o6755)
    assert {"", 0} = sh(report, [Cprof.program(), r, "#{dir}/022.html", "077"])
    assert mode("#{dir}/022.html") == 0o755
  end

  # --- no room ------------------------------------------------------------------

  # Runs the script with $dir, a disk of 64 kB that only it can see and that has old.html; then shows what is there.
  defp on_a_small_disk(dir, script, args) do
    mount = ~s(dir=$1; shift; mount -t tmpfs -o size=64k none "$dir"; printf old >"$dir/old.html"\n)
    look = ~s(\ncode=$?; echo "-- $code"; cat "$dir"/*; echo; ls -A "$dir")

    {out, 0} =
      System.cmd("unshare", ["-m", "sh", "-c", mount <> script <> look, "sh", dir | args], stderr_to_stdout: true)

    [said, left] = String.split(out, "-- ")
    [code, content | names] = String.split(left, "\n", trim: true)
    {said, String.to_integer(code), content, names}
  end

  @tag skip: not @disks && "needs root, and no chroot"
  test "a full disk is one line and changes nothing", %{recording: r, dir: dir} do
    for name <- ["old", "new"] do
      {said, code, content, names} =
        on_a_small_disk(dir, ~s("$1" report "$2" -o "$dir/$3.html"), [Cprof.program(), r, name])

      assert one_line(said) =~ "#{name}.html: No space left on device"
      assert {code, content, names} == {1, "old", ["old.html"]}
    end
  end

  # The command line of a node that writes results to this folder in every way there is, after a shell command.
  defp saver(beams, folder, before) do
    {_, 0} = System.cmd("erlc", ["-o", beams, "test/live/work/saver.erl"])
    ebin = Path.dirname(to_string(:code.which(:cprof_nif)))
    libraries = Path.wildcard(Path.join(System.get_env("CPROF_LIBRARIES", ""), "telemetry-*/ebin"))
    if libraries == [], do: IO.puts("output: no telemetry here (make test-roots has it for OTP 29)")
    ["erl", "-noinput", "-pa", beams, ebin, "-run", "saver", "start", before, folder | libraries]
  end

  # Each way of writing answers on a line of its own.
  defp doors(said) do
    {"end", answers} = said |> String.split("\n", trim: true) |> List.pop_at(-1)
    assert Enum.take(answers, 4) |> Enum.map(&hd(String.split(&1))) == ~w(record profile write save)
    answers |> Enum.map(&List.last(String.split(&1))) |> Enum.uniq()
  end

  @tag skip: not @disks && "needs root, and no chroot"
  test "a full disk for the node: API, Mix and Telemetry alike", %{dir: dir} do
    beams = Node.tmp_dir()
    {said, 0, content, names} = on_a_small_disk(dir, ~s("$@"), saver(beams, dir, "true"))
    File.rm_rf!(beams)
    assert doors(said) == ["enospc"]
    assert {content, names} == {"old", ["old.html"]}
  end

  test "a limit of file sizes is one line and changes nothing", %{recording: r, dir: dir} do
    File.write!("#{dir}/old.html", "old")

    for name <- ["old", "new"] do
      {said, 1} = sh(~s(ulimit -f 4; exec "$1" report "$2" -o "$3/$4.html"), [Cprof.program(), r, dir, name])
      assert one_line(said) =~ "#{name}.html: File too large"
    end

    {said, 1} = sh(~s(ulimit -f 1; exec "$1" report "$2" >"$3/out"), [Cprof.program(), r, dir])
    assert one_line(said) =~ "stdout: File too large"
    File.rm!("#{dir}/out")
    assert File.ls!(dir) == ["old.html"]
    assert File.read!("#{dir}/old.html") == "old"
  end

  test "the limit for the node, too, and what it starts has it unchanged", %{dir: dir} do
    beams = Node.tmp_dir()
    File.write!("#{dir}/old.html", "old")
    # Limits the programs that the node starts, but not the node: its code is in a file without a name.
    {said, 0} = sh(~s(exec "$@"), saver(beams, dir, "prlimit --pid $PPID --fsize=512"))
    File.rm_rf!(beams)
    assert doors(said) == ["efbig"]
    assert File.ls!(dir) == ["old.html"]
    # SIGXFSZ is bit 24.
    command = [Cprof.program(), "record", "--", "sh", "-c", "grep SigIgn /proc/self/status"]
    {said, 1} = sh(~s(exec "$@"), command)
    [_, ignored] = Regex.run(~r/SigIgn:\s*(\S+)/, said)
    assert Bitwise.band(String.to_integer(ignored, 16), 0x1000000) == 0
  end

  test "standard output that cannot be written is said, and no success", %{recording: r, node: node} do
    for args <-
          [~w(--help), ~w(--version), ~w(record --help), ~w(report --help), ~w(diff --help), ~w(doctor --help)] ++
            [["doctor"], ["report", r], ["report", r, "-f", "json"], ["diff", r, r]] ++
            [["record", "-q", "-d", "0.2", "-p", node.pid], ["help", "watch"], ["top", "-p", node.pid]] ++
            [["watch", "-q", "--when", "ended", "-p", node.pid]] do
      {said, code} = sh(~s(exec "$@" >/dev/full), [Cprof.program() | args])
      assert {code, one_line(said)} == {1, "cprof: stdout: No space left on device"}, inspect(args)
      {said, code} = sh(~s(exec "$@" >&-), [Cprof.program() | args])
      assert {code, one_line(said)} == {1, "cprof: stdout: Bad file descriptor"}, inspect(args)
    end

    assert {"", 2} = sh(~s(exec "$1" >/dev/full 2>&1), [Cprof.program()])
  end

  # --- killed -------------------------------------------------------------------

  test "killed at any moment: a whole file or none, and nothing else", %{recording: r, dir: dir} do
    whole = "#{dir}/whole.html"
    {_, _, 0} = Cprof.run(["report", r, "-o", whole])
    size = File.stat!(whole).size
    :rand.seed(:exsss, {1, 2, 3})
    assert Enum.reduce(1..8, 0, fn _, killed -> killed + if(killed < 5, do: kill_some(r, dir), else: 0) end) >= 3
    assert File.ls!(dir) -- ["whole.html", "0.html", "1.html"] == []
    for name <- File.ls!(dir), do: assert(File.stat!("#{dir}/#{name}").size == size)
  end

  # How many were killed before they had ended by themselves? How long one takes depends on what else the machine does,
  # so it is measured each time.
  defp kill_some(recording, dir) do
    us = elem(:timer.tc(fn -> Cprof.run(["report", recording, "-o", "#{dir}/whole.html"]) end), 0)
    Enum.count(1..20, &kill_one(recording, "#{dir}/#{rem(&1, 2)}.html", :rand.uniform(us) / 1.0e6))
  end

  # Was the program killed before it had ended by itself?
  defp kill_one(recording, file, after_s) do
    if String.ends_with?(file, "0.html"), do: File.rm(file)
    script = ~s("$1" report "$2" -o "$3" & sleep $4; kill -9 $! 2>/dev/null; wait $!)
    {_, code} = sh(script, [Cprof.program(), recording, file, after_s])
    code == 128 + 9
  end

  # --- pipes ----------------------------------------------------------------------

  test "a pipe without a reader is waited for with a word, and a signal ends that", %{node: node, dir: dir} do
    {_, 0} = System.cmd("mkfifo", ["#{dir}/p.html"])
    record = ["record", "-p", node.pid, "-d", 0.2, "-q", "-o", "#{dir}/p.html"]
    %{port: port, pid: pid} = Program.start(Cprof.program(), record)
    assert_receive {^port, {:data, said}}, 60_000
    assert one_line(said) =~ "waiting for a reader of this pipe"
    Program.signal(pid, "INT")
    assert_receive {^port, {:data, said}}, 60_000
    assert one_line(said) =~ "p.html: Interrupted"
    assert_receive {^port, {:exit_status, 1}}, 60_000
  end

  test "its reader gets the whole", %{recording: r, dir: dir} do
    {_, 0} = System.cmd("mkfifo", ["#{dir}/p.html"])
    %{port: port} = Program.start(Cprof.program(), ["report", r, "-o", "#{dir}/p.html"])
    assert_receive {^port, {:data, _}}, 60_000
    {page, 0} = System.cmd("cat", ["#{dir}/p.html"])
    assert_receive {^port, {:exit_status, 0}}, 60_000
    {_, _, 0} = Cprof.run(["report", r, "-o", "#{dir}/f.html"])
    assert page == File.read!("#{dir}/f.html")
  end

  test "the node does not wait for one", %{recording: r, dir: dir} do
    {_, 0} = System.cmd("mkfifo", ["#{dir}/p.html"])
    assert {:error, {:no_reader, text}} = :cprof_sampler.write(File.read!(r), "#{dir}/p.html", %{})
    assert text =~ "p.html: nothing reads this pipe"
    assert {:error, {:einval, _}} = :cprof_sampler.read_file("#{dir}/p.html")
  end

  test "/dev/stdout is standard output", %{recording: r, dir: dir} do
    {page, _, 0} = Cprof.run(["report", r, "-f", "json", "-o", "/dev/stdout"])
    assert Live.Json.decode!(page)["version"] == 1
    {"", 0} = sh(~s(exec "$1" report -q "$2" -f json -o /dev/stdout >>"$3"), [Cprof.program(), r, "#{dir}/a.json"])
    assert File.read!("#{dir}/a.json") == page
  end
end
