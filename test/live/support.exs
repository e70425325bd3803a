defmodule Live.Json do
  @moduledoc "A small JSON reader, so that the tests need no library."

  def decode!(text) do
    {value, rest} = value(skip(text))
    "" = skip(rest)
    value
  end

  defp skip(<<c, rest::binary>>) when c in [?\s, ?\t, ?\r, ?\n], do: skip(rest)
  defp skip(rest), do: rest

  defp value("{" <> rest), do: members(skip(rest), %{})
  defp value("[" <> rest), do: elements(skip(rest), [])
  defp value("\"" <> rest), do: string(rest, [])
  defp value("true" <> rest), do: {true, rest}
  defp value("false" <> rest), do: {false, rest}
  defp value("null" <> rest), do: {nil, rest}

  defp value(text) do
    [number] = Regex.run(~r/^-?\d+(\.\d+)?([eE][-+]?\d+)?/, text, capture: :first)
    rest = binary_part(text, byte_size(number), byte_size(text) - byte_size(number))
    {if(number =~ ~r/[.eE]/, do: elem(Float.parse(number), 0), else: String.to_integer(number)), rest}
  end

  defp members("}" <> rest, map), do: {map, rest}

  defp members("\"" <> rest, map) do
    {key, rest} = string(rest, [])
    ":" <> rest = skip(rest)
    {value, rest} = value(skip(rest))
    map = Map.put(map, key, value)

    case skip(rest) do
      "," <> rest -> members(skip(rest), map)
      "}" <> rest -> {map, rest}
    end
  end

  defp elements("]" <> rest, list), do: {Enum.reverse(list), rest}

  defp elements(text, list) do
    {value, rest} = value(text)

    case skip(rest) do
      "," <> rest -> elements(skip(rest), [value | list])
      "]" <> rest -> {Enum.reverse([value | list]), rest}
    end
  end

  defp string("\"" <> rest, parts), do: {IO.iodata_to_binary(Enum.reverse(parts)), rest}

  defp string(<<"\\u", hex::binary-4, rest::binary>>, parts),
    do: string(rest, [<<String.to_integer(hex, 16)::utf8>> | parts])

  defp string(<<"\\", c, rest::binary>>, parts) do
    char = Map.get(%{?n => "\n", ?t => "\t", ?r => "\r", ?b => "\b", ?f => "\f"}, c, <<c>>)
    string(rest, [char | parts])
  end

  defp string(<<c, rest::binary>>, parts), do: string(rest, [<<c>> | parts])
end

defmodule Live.Node do
  @moduledoc "An Erlang node for a test: starts it, talks to it by lines, and ends it."

  defstruct [:port, :pid, :dir]

  @work "test/live/work"
  @known ~w(known_clock known_code known_messages known_peers known_roots known_tiny busy_nif)

  @doc """
  Compiles the work module (and those given by `with`) and starts `erl` with it, with no VM flags but erl_flags. `nif`:
  also builds this library, with `nif_flags`; its folder is then the first argument. `driver`: builds a port driver there,
  too. `as`: the user who runs it.
  `env`: of its environment.
  """
  def start(module, args \\ [], erl_flags \\ [], opts \\ []) do
    dir = if opts[:as], do: tmp_dir_for_all(), else: tmp_dir()
    sources = for name <- [module | List.wrap(opts[:with])], do: "#{@work}/#{name}.erl"
    {_, 0} = System.cmd("erlc", ["-o", dir | sources])
    if opts[:nif], do: build_nif(dir, opts[:nif], opts[:nif_flags] || [])
    if opts[:driver], do: build_nif(dir, opts[:driver], [])
    if opts[:as], do: open_to_all(dir)
    args = if opts[:nif], do: [dir | args], else: args
    run = ["-noshell", "-pa", dir, "-run", "#{module}", "start" | args]
    {exe, argv} = wrap(opts[:as], [System.find_executable("erl") | erl_flags ++ run])
    # Another user may not look for a .erlang in our home, and erl would complain.
    env = if opts[:as], do: [{~c"HOME", String.to_charlist(dir)}, {~c"XDG_CONFIG_HOME", false}], else: []
    env = env ++ (opts[:env] || [])
    # Nor may that user look into our folder if it is below /root.
    place = if opts[:as], do: [cd: dir], else: []
    boot(dir, {exe, [:binary, :exit_status, line: 65536, args: argv, env: env] ++ place}, 3)
  end

  @doc "Starts an Elixir script of the work folder."
  def script(name) do
    args = [Path.expand("#{@work}/#{name}")]
    boot(tmp_dir(), {System.find_executable("elixir"), [:binary, :exit_status, line: 65536, args: args]}, 3)
  end

  # On a busy machine OTP 27 sometimes loses a race with itself: its logger ends before there is a code server.
  defp boot(dir, {exe, options} = how, tries) do
    node = %__MODULE__{port: Port.open({:spawn_executable, exe}, options), dir: dir}
    "ready " <> pid = line(node)
    %{node | pid: String.to_integer(pid)}
  rescue
    error in RuntimeError -> if tries > 1, do: boot(dir, how, tries - 1), else: reraise(error, __STACKTRACE__)
  end

  @doc "Starts a node that works in known shares: a set of known_work."
  def known(set, erl_flags \\ [], opts \\ []),
    do: start("known_work", [set], erl_flags, Keyword.merge([with: @known, nif: "busy_nif"], opts))

  defp build_nif(dir, name, flags) do
    include = Path.join(:code.root_dir(), "usr/include")
    cc = System.get_env("CC") || "cc"
    files = ["-o", Path.join(dir, "#{name}.so"), "#{@work}/#{name}.c"]
    {_, 0} = System.cmd(cc, ["-O2", "-Wall", "-fPIC", "-shared", "-I#{include}"] ++ flags ++ files)
  end

  @doc "A command for a user, or for nil, our own: {executable, arguments}."
  def wrap(nil, [exe | args]), do: {exe, args}

  def wrap(user, command),
    do: {System.find_executable("setpriv"), ~w(--reuid #{user} --regid nogroup --clear-groups) ++ command}

  def tell(node, text), do: Port.command(node.port, text <> "\n")

  def line(node, timeout \\ 60_000) do
    receive do
      {port, {:data, {:eol, line}}} when port == node.port -> line
      {port, {:exit_status, status}} when port == node.port -> raise "the node ended: #{status}"
    after
      timeout -> raise "the node said nothing for #{timeout} ms"
    end
  end

  def lines_until(node, last) do
    case line(node) do
      ^last -> []
      line -> [line | lines_until(node, last)]
    end
  end

  @doc "The shares of known_work's pieces in percent, measured by its own clock."
  def truth(node) do
    tell(node, "truth")

    pieces =
      for line <- lines_until(node, "end") do
        [piece, ns] = String.split(line)
        {piece, String.to_integer(ns)}
      end

    total = pieces |> Enum.map(&elem(&1, 1)) |> Enum.sum()
    Map.new(pieces, fn {piece, ns} -> {piece, 100 * ns / total} end)
  end

  @doc "Ends the node by closing its stdin, and then kills it by its pid to make sure."
  def stop(node) do
    if Port.info(node.port), do: Port.close(node.port)
    System.cmd("kill", ["-9", "#{node.pid}"], stderr_to_stdout: true)
    File.rm_rf!(node.dir)
  end

  def tmp_dir(parent \\ System.tmp_dir!()) do
    # It has an unpredictable name, and other users may look into it.
    {dir, 0} = System.cmd("mktemp", ["-d", "-p", parent, "cprof-live-XXXXXXXX"])
    dir = String.trim(dir)
    File.chmod!(dir, 0o755)
    dir
  end

  @doc "For `setup :own_dir`: a folder that is removed at the end of the test."
  def own_dir(_context) do
    dir = tmp_dir()
    ExUnit.Callbacks.on_exit(fn -> File.rm_rf!(dir) end)
    %{dir: dir}
  end

  @doc "A folder that every user can reach, wherever the checkout and TMPDIR are."
  def tmp_dir_for_all do
    dir = tmp_dir("/tmp")
    File.chmod!(dir, 0o755)
    dir
  end

  @doc "Lets every user read what is in the folder, whatever the umask was."
  def open_to_all(dir), do: {_, 0} = System.cmd("chmod", ["-R", "a+rX", dir])
end

defmodule Live.Memory do
  @moduledoc "A control group that limits a process's memory (version 1 of the kernel's interface, or 2)."

  @v1 "/sys/fs/cgroup/memory"
  @v2 "/sys/fs/cgroup"

  def limits? do
    {dir, limit, _} = group()
    File.mkdir(dir)
    has_limit = dir |> Path.join(limit) |> File.exists?()
    File.rmdir(dir)
    has_limit
  end

  defp group do
    if File.dir?(@v1),
      do: {"#{@v1}/cprof-#{System.pid()}", "memory.limit_in_bytes", "memory.failcnt"},
      else: {"#{@v2}/cprof-#{System.pid()}", "memory.max", "memory.events"}
  end

  @doc "Calls `fun` while the process may use at most `mb` more; its argument tells how often that was not enough."
  def limited(pid, mb, fun) do
    {dir, limit, failures} = group()
    # It is there if a test before was killed.
    File.mkdir(dir)

    try do
      File.write!(Path.join(dir, limit), "#{mb}M")
      File.write!(Path.join(dir, "cgroup.procs"), "#{pid}")
      fun.(fn -> dir |> Path.join(failures) |> File.read!() |> count() end)
    after
      # The process may have ended.
      File.write(Path.join(Path.dirname(dir), "cgroup.procs"), "#{pid}")
      File.rmdir(dir)
    end
  end

  defp count(text) do
    case Regex.run(~r/max (\d+)/, text) do
      [_, n] -> String.to_integer(n)
      nil -> text |> String.trim() |> String.to_integer()
    end
  end
end

defmodule Live.Cprof do
  @moduledoc "Runs the program under test as a user would."

  import ExUnit.Assertions

  alias Live.Node

  @program Path.expand("priv/cprof")

  def program, do: @program

  @doc "Copies the program to a folder that every user can reach."
  def program_in(dir) do
    copy = Path.join(dir, "cprof")
    File.cp!(@program, copy)
    Node.open_to_all(dir)
    copy
  end

  @doc "Runs it, or the given `program`, until it ends: {stdout, stderr, exit code}. `as`: a user. `env`: as System.cmd."
  def run(args, opts \\ []) do
    {err, 0} = System.cmd("mktemp", ["-t", "cprof-err-XXXXXXXX"])
    err = String.trim(err)
    prefix = if opts[:as], do: "setpriv --reuid #{opts[:as]} --regid nogroup --clear-groups ", else: ""
    script = ~s(e=$1; shift; exec #{prefix}"$@" 2>"$e")
    program = opts[:program] || @program
    args = ["-c", script, "sh", err, program | Enum.map(args, &to_string/1)]
    {out, code} = System.cmd("sh", args, env: opts[:env] || [])
    stderr = File.read!(err)
    File.rm!(err)
    {out, stderr, code}
  end

  @doc "The only line of the text."
  def one_line(text) do
    assert [line] = String.split(text, "\n", trim: true), text
    line
  end

  @doc "Runs the program with `-f json`, which must succeed, and decodes the result."
  def json(args, opts \\ []) do
    {out, err, code} = run(args ++ ["-f", "json"], opts)
    if code != 0, do: raise("cprof failed with #{code}: #{err}")
    Live.Json.decode!(out)
  end

  @doc "The stacks of a collapsed report as {[frame], count}."
  def collapsed(args, opts \\ []) do
    {out, err, code} = run(args ++ ["-f", "collapsed"], opts)
    if code != 0, do: raise("cprof failed with #{code}: #{err}")

    for line <- String.split(out, "\n", trim: true) do
      [_, stack, count] = Regex.run(~r/^(.*) (\d+)$/, line)
      {String.split(stack, ";"), String.to_integer(count)}
    end
  end

  @doc "Does an engine, or an event that has a line of its own, work here, according to `cprof doctor`?"
  def works?(name) do
    {doctor, _, _} = run(["doctor"])
    doctor =~ ~r/^ok +(engine|event) #{name}\b/m
  end

  def otp, do: :erlang.system_info(:otp_release) |> List.to_integer()
end

defmodule Live.Recorder do
  @moduledoc "A recording that begins before a function is called and ends after it."

  alias Live.Recording

  @doc "Runs `fun` while the node is recorded: {its result, the recording's file}."
  def during(node, args, fun) do
    file = Path.join(node.dir, "during-#{System.unique_integer([:positive])}.pb.gz")
    recording = Recording.start(["-q", "-p", node.pid, "-d", 3600, "-o", file | args])
    result = if is_function(fun, 1), do: fun.(recording.pid), else: fun.()
    {_, 0} = System.cmd("kill", ["-INT", "#{recording.pid}"])
    {_, 0} = Recording.finished(recording)
    {result, file}
  end

  @doc "The CPU nanoseconds that each thread of a process has used so far, by thread id."
  def cpu_of_threads(pid) do
    for tid <- File.ls!("/proc/#{pid}/task"),
        {:ok, text} <- [File.read("/proc/#{pid}/task/#{tid}/schedstat")],
        into: %{},
        do: {String.to_integer(tid), text |> String.split() |> hd() |> String.to_integer()}
  end
end

defmodule Live.Program do
  @moduledoc "A program in the background."

  import ExUnit.Assertions

  defstruct [:port, :pid]

  @patience_ms 60_000

  @doc "Starts it. Its output on stdout and stderr, and its end, come as messages of its port."
  def start(program, args) do
    exe = System.find_executable(program) || program
    opts = [:binary, :exit_status, :stderr_to_stdout, args: Enum.map(args, &to_string/1)]
    port = Port.open({:spawn_executable, exe}, opts)
    {:os_pid, pid} = Port.info(port, :os_pid)
    %__MODULE__{port: port, pid: pid}
  end

  @doc "Waits for its end, `more_ms` longer than for one that should end at once: {its output, exit status}."
  def finished(%__MODULE__{port: port} = program, more_ms \\ 0, said \\ "") do
    receive do
      {^port, {:data, text}} -> finished(program, more_ms, said <> text)
      {^port, {:exit_status, status}} -> {said, status}
    after
      @patience_ms + more_ms ->
        signal(program.pid, "KILL")
        flunk("#{program.pid} does not end; it said: #{said}")
    end
  end

  @doc "Sends a signal to a process of the operating system."
  def signal(pid, name), do: {_, 0} = System.cmd("kill", ["-#{name}", "#{pid}"])
end

defmodule Live.Recording do
  @moduledoc "`cprof record` in the background."

  import ExUnit.Assertions

  alias Live.Program

  @doc "Records until the node has used that much CPU time, however long that takes. Returns the output of `record`."
  def of_cpu(node, cpu_seconds, args) do
    recording = start(["-p", node.pid, "-d", 3600 | args])
    Live.Wait.for_cpu(node.pid, cpu_seconds)
    Program.signal(recording.pid, "INT")
    assert {said, 0} = finished(recording)
    said
  end

  @doc "Starts it, and returns when it samples: engines `bpf` and `perf` then have perf events open."
  def start(args) do
    recording = launch(args)
    Live.Wait.until(fn -> ended?(recording) or events(recording.pid) > 0 end)
    # The probe of an engine also has events for a moment.
    Process.sleep(500)
    Live.Wait.until(fn -> ended?(recording) or events(recording.pid) > 0 end)
    recording
  end

  @doc "Starts it, without waiting."
  def launch(args), do: Program.start(Live.Cprof.program(), ["record" | args])

  # Its output is left for finished/1.
  defp ended?(recording), do: Port.info(recording.port) == nil

  @doc "Waits until it has a perf event or a BPF link open, even for a short time."
  def until_it_begins(recording) do
    Live.Wait.until(fn -> Enum.any?(links(recording.pid), &(&1 =~ ~r/perf_event|bpf_link/)) end, "it begins to sample")
  end

  @doc "How many perf events a process has open."
  def events(pid), do: Enum.count(links(pid), &(&1 == "anon_inode:[perf_event]"))

  defp links(pid), do: for(fd <- Path.wildcard("/proc/#{pid}/fd/*"), {:ok, to} <- [File.read_link(fd)], do: to)

  @doc "Waits for its end; see `Live.Program`."
  defdelegate finished(recording, more_ms \\ 0), to: Program
end

defmodule Live.Wait do
  @moduledoc "Waits for something that can be seen, not for a time: on a busy machine anything may take long."

  import ExUnit.Assertions

  @patience_ms 60_000

  @doc "Waits until `fun` returns something true, and returns that."
  def until(fun, what \\ "what is waited for comes"), do: until(fun, what, now_ms() + @patience_ms)

  defp until(fun, what, deadline) do
    cond do
      value = fun.() -> value
      now_ms() > deadline -> flunk("within #{div(@patience_ms, 1000)} s it was not seen that #{what}")
      true -> Process.sleep(20) && until(fun, what, deadline)
    end
  end

  @doc "Waits until `fun` returns an empty list. Returns its last result, so that a test shows what is left."
  def until_none(fun, deadline \\ now_ms() + @patience_ms) do
    left = fun.()

    if left == [] or now_ms() > deadline do
      left
    else
      Process.sleep(5)
      until_none(fun, deadline)
    end
  end

  @doc "Waits until a process of the operating system has used that many more seconds of CPU time."
  def for_cpu(pid, seconds) do
    ticks = cpu_ticks(pid) + round(seconds * 100)
    until(fn -> cpu_ticks(pid) >= ticks end)
  end

  @doc "Waits until this VM has used that many more seconds of CPU time."
  def for_own_cpu(seconds) do
    {before_ms, _} = :erlang.statistics(:runtime)
    until(fn -> elem(:erlang.statistics(:runtime), 0) - before_ms >= 1000 * seconds end)
  end

  @doc "The CPU time of a process in 1/100 s."
  def cpu_ticks(pid) do
    [_, fields] = File.read!("/proc/#{pid}/stat") |> String.split(") ", parts: 2)
    fields |> String.split() |> Enum.slice(11, 2) |> Enum.map(&String.to_integer/1) |> Enum.sum()
  end

  defp now_ms, do: System.monotonic_time(:millisecond)
end
