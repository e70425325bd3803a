defmodule Live.HostileTest do
  @moduledoc """
  Names in a node, a command line or a file never act on the terminal of a user who looks at them; and secrets in a
  command line are in no result.
  """
  use ExUnit.Case

  import Live.Node, only: [own_dir: 1]

  alias Live.{Cprof, Node, Wait}

  @bad "\e[2J\u202e\u2066\u0085\u2028\nNote:     forged"
  # C0 except the line feed, DEL, C1, separators, marks of direction.
  @forbidden ~r/[\x{00}-\x{09}\x{0b}-\x{1f}\x{7f}-\x{9f}\x{61c}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}]/u
  @formats ~w(text json collapsed speedscope html)

  setup :own_dir

  defp clean(text, what) do
    assert String.valid?(text), what
    refute text =~ @forbidden, "#{what}: #{inspect(Regex.run(@forbidden, text))} in #{inspect(text)}"
    refute text =~ "\nNote:     forged", what
    text
  end

  # The emulator itself is in a folder with such a name, so that /proc/PID/exe contains it.
  defp start_hostile(dir) do
    folder = Path.join(dir, "bin" <> @bad)
    File.mkdir_p!(folder)
    bin = Path.wildcard(Path.join(:code.root_dir(), "erts-#{:erlang.system_info(:version)}/bin")) |> hd()
    for file <- File.ls!(bin), do: File.cp!(Path.join(bin, file), Path.join(folder, file))
    {_, 0} = System.cmd("erlc", ["-o", dir, "test/live/work/hostile_names.erl"])

    env = [
      {~c"ROOTDIR", :code.root_dir()},
      {~c"BINDIR", to_charlist(folder)},
      {~c"EMU", ~c"beam"},
      {~c"PROGNAME", ~c"erl"},
      {~c"LC_ALL", ~c"C.UTF-8"}
    ]

    args = ["-noshell", "-pa", dir, "-run", "hostile_names", "start", "/src#{@bad}/f.erl", "-extra", "arg" <> @bad]
    options = [:binary, :exit_status, line: 65536, args: args, env: env]
    port = Port.open({:spawn_executable, Path.join(folder, "erlexec")}, options)
    node = %Node{port: port, dir: folder}
    "ready " <> pid = Node.line(node)
    %{node | pid: String.to_integer(pid)}
  end

  test "a node full of such names", %{dir: dir} do
    node = start_hostile(dir)
    {said, "", 0} = Cprof.run(["doctor", "-p", node.pid])
    assert clean(said, "doctor") =~ ~S"bin\x{1B}[2J\x{202E}"
    file = Path.join(dir, "r.pb.gz")
    {"", said, 0} = Cprof.run(["record", "-p", node.pid, "-d", 1, "-r", 499, "-o", file])
    assert clean(said, "record") =~ "wrote"

    for format <- @formats do
      {out, "", 0} = Cprof.run(["report", file, "-f", format])
      clean(out, format)
      {out, "", 0} = Cprof.run(["record", "-q", "-p", node.pid, "-d", 0.3, "-f", format])
      clean(out, format)
    end

    Node.stop(node)
    {text, "", 0} = Cprof.run(["report", file])
    for name <- ["m", "f", "name1"], do: assert(text =~ ~r"#{name}.{0,3}(\\x\{1B\}|\\033|\\e)\[2J", name)
    {tree, "", 0} = Cprof.run(["report", file, "--tree"])
    clean(tree, "tree")
    json = Cprof.json(["report", file])
    # Programs get the names unchanged.
    assert Enum.any?(json["processes"], &(&1["name"] == "name1" <> @bad)), inspect(json["processes"])
    [hottest | _] = json["functions"]
    {callers, "", 0} = Cprof.run(["report", file, "--callers", hottest["name"]])
    clean(callers, "callers")

    for format <- ~w(text json html) do
      {out, "", 0} = Cprof.run(["diff", file, file, "-f", format])
      clean(out, "diff #{format}")
    end
  end

  test "arguments of our own command line", %{dir: dir} do
    wrong = [
      [@bad],
      ["record", "-p", @bad],
      ["record", "-p", 1, "-o", @bad],
      ["record", "-p", 1, "-o", "/no/such" <> @bad <> "/x.html"],
      ["record", "-p", 1, "--focus", "(" <> @bad],
      ["record", "--" <> @bad],
      ["record", "--", @bad],
      ["record", "--", "true", @bad],
      ["report", @bad],
      ["report", Path.join(dir, "none" <> @bad <> ".pb.gz")],
      ["diff", @bad, @bad],
      ["diff", @bad],
      ["doctor", @bad]
    ]

    for args <- wrong do
      {out, err, code} = Cprof.run(args)
      assert {out, code in [1, 2]} == {"", true}, inspect(args)
      clean(err, inspect(args))
      assert [_] = String.split(err, "\n", trim: true), err
    end
  end

  test "a cookie is in no result, and without the command line nothing of it is", %{dir: dir} do
    secret = "KEEP#{System.unique_integer([:positive])}OUT"

    for flags <- [
          ["-setcookie", secret],
          ["-setcookie", "n@h", secret],
          ["-setcookie", "a #{secret}"],
          ["-extra", "--cookie", secret],
          ["-extra", "--cookie=#{secret}"]
        ] do
      recorded(dir, flags, [], fn bytes -> refute bytes =~ secret end)
    end

    recorded(dir, ["-myapp", "password", secret], ["--no-command"], fn bytes -> refute bytes =~ secret end)
    # Without the option the secret would be there.
    assert recorded(dir, ["-myapp", "password", secret], [], fn bytes -> bytes =~ secret end)
  end

  # Checks all results of a recording, unpacked. The flags come first, because a long command line is cut.
  defp recorded(dir, flags, options, check) do
    {early, late} = Enum.split_while(flags, &(&1 != "-extra"))
    argv = early ++ ["-noinput", "-eval", "F = fun F() -> F() end, spawn(F), spawn(F)."] ++ late
    port = Port.open({:spawn_executable, System.find_executable("erl")}, [:binary, :exit_status, args: argv])
    {:os_pid, pid} = Port.info(port, :os_pid)
    # erl becomes the emulator by exec; when it can be recorded, it is running.
    Wait.until(fn -> match?({_, _, 0}, Cprof.run(["doctor", "-p", pid])) end)
    file = Path.join(dir, "r.pb.gz")
    {_, err, code} = Cprof.run(["record", "-p", pid, "-d", 0.3, "-o", file] ++ options)
    {_, 0} = System.cmd("kill", ["-KILL", "#{pid}"])
    assert code == 0, err
    check.(:zlib.gunzip(File.read!(file)))

    for format <- ["text", "json", "html"] do
      {out, "", 0} = Cprof.run(["report", file, "-f", format])
      check.(out)
    end
  end
end
