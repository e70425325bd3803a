defmodule Live.Terminal do
  @moduledoc "A terminal with a shell in it: tmux, which also says what its screen shows."

  import ExUnit.Assertions

  alias Live.{Node, Wait}

  defstruct [:socket, :dir]

  def open(width, height) do
    dir = Node.tmp_dir()
    terminal = %__MODULE__{socket: Path.join(dir, "tmux"), dir: dir}
    shell = "env PS1='$ ' bash --norc --noprofile -i"
    tmux(terminal, ["-f", "/dev/null", "new-session", "-d", "-x", width, "-y", height, shell])
    Wait.until(fn -> screen(terminal) =~ "$" end, "the shell is ready")
    terminal
  end

  def close(terminal) do
    tmux(terminal, ["kill-server"])
    File.rm_rf!(terminal.dir)
  end

  defp tmux(terminal, args) do
    {out, code} = System.cmd("tmux", ["-S", terminal.socket | Enum.map(args, &to_string/1)], stderr_to_stdout: true)
    assert code == 0, out
    out
  end

  def screen(terminal), do: tmux(terminal, ["capture-pane", "-p"])
  def keys(terminal, keys), do: tmux(terminal, ["send-keys" | List.wrap(keys)])
  def type(terminal, text), do: tmux(terminal, ["send-keys", "-l", text])
  def resize(terminal, width, height), do: tmux(terminal, ["resize-window", "-x", width, "-y", height])

  @doc "Runs a command in the shell, and waits for its output."
  def run(terminal, command) do
    file = Path.join(terminal.dir, "out-#{System.unique_integer([:positive])}")
    type(terminal, "#{command} >#{file}.part; mv #{file}.part #{file}")
    keys(terminal, "Enter")
    Wait.until(fn -> File.exists?(file) end, "#{command} ends")
    File.read!(file)
  end

  @doc "Waits until the screen shows that, and returns the screen."
  def see(terminal, what) do
    Wait.until(
      fn ->
        screen = screen(terminal)
        screen =~ what && screen
      end,
      "the screen shows #{inspect(what)}"
    )
  end
end

defmodule Live.TopTest do
  @moduledoc "`cprof top` of a node that does known things, on a terminal and without one."
  use ExUnit.Case

  import Live.Cprof, only: [one_line: 1]

  alias Live.{Cprof, Node, Program, Terminal, Wait}

  @callers 30

  defp start(many \\ 0, flags \\ []), do: Node.start("topped", ["#{@callers}", "#{many}"], flags)

  setup do
    node = start()
    on_exit(fn -> Node.stop(node) end)
    %{node: node}
  end

  defp ask(node, what) do
    Node.tell(node, what)
    node |> Node.line() |> String.to_integer()
  end

  # --- plain lines ---

  defp blocks(node, args) do
    {out, "", 0} = Cprof.run(["top", "-p", node.pid, "-q" | args])
    for line <- String.split(out, "\n"), do: assert(String.length(line) <= 100, line)
    String.split(out, "\n\n", trim: true)
  end

  # The lines of a table, below its title.
  defp rows(block, title) do
    block |> String.split("\n") |> Enum.drop_while(&(not (&1 =~ title))) |> tl()
  end

  defp functions(block) do
    for line <- block |> rows(~r/^ *OWN%/) |> Enum.take_while(&(not (&1 =~ "MBOX"))) do
      [own, _, total, name | _] = String.split(line)
      {name, String.to_float(own), String.to_float(total)}
    end
  end

  # By name (processes with the same one: any of them).
  defp processes(block) do
    for line <- rows(block, "MBOX"), into: %{} do
      [cpu, speed, queue, growth, memory, binaries, asked, pid, name | doing] = String.split(line)

      {name,
       %{
         cpu: cpu,
         speed: speed,
         queue: queue,
         growth: growth,
         memory: memory,
         binaries: binaries,
         asked: asked,
         pid: pid,
         doing: Enum.join(doing, " ")
       }}
    end
  end

  # "1.2k" as a number; "-": nil.
  defp number("-"), do: nil

  defp number(text) do
    {value, unit} = Float.parse(text)
    value * Map.fetch!(%{"" => 1, "k" => 1000, "M" => 1.0e6, "G" => 1.0e9}, unit)
  end

  # "1.2k" and "1.2k+" as bytes.
  defp bytes(text) do
    {value, unit} = text |> String.trim_trailing("+") |> Float.parse()
    value * Map.fetch!(%{"" => 1, "k" => 1024, "M" => 1024 ** 2}, unit)
  end

  test "names the busy function and the busy process first", %{node: node} do
    last = node |> blocks(["-d", "7"]) |> List.last()
    assert [{"topped:burn/1", own, total} | _] = functions(last)
    assert own > 90 and total >= own
    [first | _] = rows(last, "MBOX")
    assert first =~ ~r/ burner /
    # It is nearly all that this node does; on a busy machine that is less than a CPU.
    [_, node_cpus] = Regex.run(~r/^CPU: +node ([\d.]+) /m, last)
    assert_in_delta number(processes(last)["burner"].cpu) / 100 / String.to_float(node_cpus), 1, 0.2
    assert last =~ ~r/^CPU: +node \d\.\d\d of \d+ CPUs?, machine \d+\.\d\d in the last [45]\.\d s; engine /m
    assert last =~ ~r/S\d +\d+% run \d+/
  end

  test "shows a block a second, and of which span it is", %{node: node} do
    blocks = blocks(node, ["-d", "5"])
    assert length(blocks) in 3..5

    spans =
      for block <- blocks do
        [_, span] = Regex.run(~r/ in the last ([\d.]+) s;/, block)
        String.to_float(span)
      end

    assert spans == Enum.sort(spans)
    assert hd(spans) < 2
  end

  test "shows a mailbox that grows, and how fast", %{node: node} do
    before = ask(node, "queue")
    from = System.monotonic_time(:millisecond)
    last = node |> blocks(["-d", "7", "--sort", "mailbox"]) |> List.last()
    ms = System.monotonic_time(:millisecond) - from
    later = ask(node, "queue")
    hoarder = processes(last)["hoarder"]
    assert number(hoarder.queue) >= before and number(hoarder.queue) <= later
    assert_in_delta number(hoarder.growth) / ((later - before) * 1000 / ms), 1, 0.2
    # Each message is a struct of 88 bytes.
    assert bytes(hoarder.memory) >= 88 * before
  end

  test "shows what processes wait for, and how much they keep", %{node: node} do
    shown = fn column -> node |> blocks(["-d", "2", "--sort", column]) |> List.last() end
    last = shown.("waits")
    assert processes(last)["topped:caller/0"].doing == "[waits for db]"
    # The one that all wait for comes first.
    assert [first | _] = rows(last, "MBOX")
    assert first =~ ~r/ #{@callers} <[\d.]+> +db /
    assert processes(last)["topped:caller/0"].asked == "0"
    # On a busy machine it may not get a CPU for a second.
    burner = Wait.until(fn -> processes(shown.("cpu"))["burner"] end, "the burner is among the first by CPU time")
    assert burner.doing in ["[running]", "[runnable]", "[changed while it was read]"]
    # In powers of 1024.
    assert [first | _] = rows(shown.("binaries"), "MBOX")
    assert first =~ ~r/ 20M .* keeper /
    [_, count] = Regex.run(~r/^Now: +([\d,]+) processes/m, last)
    assert_in_delta count |> String.replace(",", "") |> String.to_integer(), ask(node, "processes"), 3
  end

  test "agrees with `record`", %{node: node} do
    top = node |> blocks(["-d", "7"]) |> List.last() |> functions() |> hd()
    report = Cprof.json(["record", "-q", "-p", node.pid, "-d", "3"])
    [first | _] = Enum.sort_by(report["functions"], & &1["own"], :desc)
    assert {name, own, _} = top
    assert name == first["name"]
    assert_in_delta own, first["own_pct"], 10
  end

  test "a million processes are not all read, but those that matter are" do
    node = start(300_000, ["+P", "1000000"])
    on_exit(fn -> Node.stop(node) end)
    last = node |> blocks(["-d", "20"]) |> List.last()
    assert last =~ ~r/^Now: +300,\d\d\d processes, a sample of (9|1,[01])\d\d read/m
    assert [first | _] = rows(last, "MBOX")
    assert first =~ ~r/ burner /
  end

  # Where the kernel forbids perf events and BPF, as in most containers.
  test "without samples of CPU time, says why, and shows the processes", %{node: node} do
    sandbox = Path.join(node.dir, "sandbox")
    cc = System.get_env("CC") || "cc"
    {_, 0} = System.cmd(cc, ~w(-std=gnu11 -D_GNU_SOURCE -o #{sandbox} test/live/work/sandbox.c))
    denied = ~w(-d perf_event_open:EPERM -d bpf:EPERM)
    top = [Cprof.program(), "top", "-q", "-p", "#{node.pid}", "-d", "3", "--sort", "mailbox"]
    {out, 0} = System.cmd(sandbox, denied ++ top)
    last = out |> String.split("\n\n", trim: true) |> List.last()
    assert last =~ ~r/^Note: +no samples of CPU time: /m
    refute last =~ "OWN%"
    hoarder = processes(last)["hoarder"]
    assert hoarder.cpu == "-"
    assert number(hoarder.queue) > 0
    # An engine that was asked for must work.
    {err, 1} = System.cmd(sandbox, denied ++ top ++ ["--engine", "perf"], stderr_to_stdout: true)
    assert one_line(err) =~ "cprof: pid #{node.pid}: "
  end

  test "what is no node is refused, and an end of the node is said" do
    {"", err, 1} = Cprof.run(["top", "-q", "-p", "#{System.pid()}0"])
    assert one_line(err) =~ ~r/^cprof: pid /
    node = start()
    top = Program.start(Cprof.program(), ["top", "-q", "-p", node.pid])
    # It has begun to show the node.
    assert_receive {port, {:data, first}} when port == top.port, 60_000
    assert first =~ "CPU:"
    Program.signal(node.pid, "KILL")
    assert {said, 1} = Program.finished(top)
    assert said =~ "cprof: pid #{node.pid}: the node has ended"
  end

  # --- on a terminal ---

  @moduletag skip: System.find_executable("tmux") == nil && "no tmux here"

  defp terminal(width \\ 100, height \\ 30) do
    terminal = Terminal.open(width, height)
    on_exit(fn -> Terminal.close(terminal) end)
    terminal
  end

  # Without waiting for its end.
  defp begin(terminal, node, args \\ "") do
    Terminal.type(terminal, "#{Cprof.program()} top -q -p #{node.pid} #{args}; echo status $?")
    Terminal.keys(terminal, "Enter")
    Terminal.see(terminal, ~r/OWN%/)
  end

  defp attributes(terminal), do: Terminal.run(terminal, "stty -a")

  defp top_pid(node), do: Wait.until(fn -> find_top(node) end, "top runs")

  defp find_top(node) do
    tops =
      for path <- Path.wildcard("/proc/[0-9]*/cmdline"),
          {:ok, line} <- [File.read(path)],
          [program, "top", "-q", "-p", pid | _] <- [String.split(line, <<0>>)],
          program == Cprof.program() and pid == "#{node.pid}",
          do: path |> Path.split() |> Enum.at(2) |> String.to_integer()

    List.first(tops)
  end

  test "shows the node, and keys change what is shown", %{node: node} do
    terminal = terminal()
    begin(terminal, node)
    Terminal.see(terminal, ~r/FUNCTION, of .*\n *\d+\.\d\d +\d+\.\d\d +\d+\.\d\d +topped:burn\/1/)
    Terminal.see(terminal, ~r/\*CPU% .*\n.* burner /)
    Terminal.keys(terminal, "m")
    Terminal.see(terminal, ~r/\*MBOX .*\n.* hoarder /)
    Terminal.keys(terminal, "b")
    Terminal.see(terminal, ~r/\*BIN .*\n.* 20M .* keeper /)
    Terminal.keys(terminal, "w")
    Terminal.see(terminal, ~r/\*ASKED .*\n.* #{@callers} <[\d.]+> +db .*\n.*\[waits for db\]/)
    Terminal.type(terminal, "/hoard")
    screen = Terminal.see(terminal, ~r{/hoard_})
    refute screen =~ "keeper"
    Terminal.keys(terminal, "Enter")
    Terminal.keys(terminal, "Enter")
    Terminal.see(terminal, ~r/^Process: +<[\d.]+> hoarder/m)
    Terminal.see(terminal, ~r/STACK.*\n +topped:hoarder\/0/)
    Terminal.keys(terminal, "Escape")
    Terminal.keys(terminal, "Escape")
    Node.tell(node, "db")
    Terminal.type(terminal, "/#{Node.line(node)}")
    Terminal.keys(terminal, ["Enter", "Enter"])
    Terminal.see(terminal, ~r/WAIT FOR ITS ANSWER: #{@callers} of/)
    Terminal.keys(terminal, "?")
    Terminal.see(terminal, "any other key: back")
    Terminal.keys(terminal, "q")
    Terminal.see(terminal, "status 0")
  end

  test "a paused screen does not change", %{node: node} do
    terminal = terminal()
    begin(terminal, node)
    Terminal.keys(terminal, "m")
    Terminal.see(terminal, ~r/\*MBOX .*\n.* hoarder /)
    Terminal.keys(terminal, "Space")
    paused = Terminal.see(terminal, "PAUSED")
    queue = ask(node, "queue")
    Wait.until(fn -> ask(node, "queue") > queue + 200 end, "the mailbox grows")
    assert Terminal.screen(terminal) == paused
    Terminal.keys(terminal, "Space")
    Wait.until(fn -> Terminal.screen(terminal) != paused end, "it goes on")
  end

  test "follows the size of the terminal", %{node: node} do
    terminal = terminal(80, 24)
    begin(terminal, node)
    Terminal.resize(terminal, 140, 50)
    Terminal.see(terminal, ~r/topped\.erl:\d+/)
    Terminal.resize(terminal, 80, 24)
    screen = Terminal.see(terminal, ~r/q quit .*\n*\z/)
    for line <- String.split(screen, "\n"), do: assert(String.length(line) <= 80, line)
    assert length(String.split(String.trim_trailing(screen, "\n"), "\n")) == 24
  end

  defp end_it(terminal, _, {:keys, keys}), do: Terminal.keys(terminal, keys)
  defp end_it(_, node, {:signal, signal}), do: Program.signal(top_pid(node), signal)
  defp end_it(_, _, :its_time), do: :ok

  for {name, args, how} <- [
        {"q", "", {:keys, "q"}},
        {"Ctrl-C", "", {:keys, "C-c"}},
        {"SIGINT", "", {:signal, "INT"}},
        {"SIGTERM", "", {:signal, "TERM"}},
        {"SIGHUP", "", {:signal, "HUP"}},
        {"the end of its time", "-d 3", :its_time}
      ] do
    test "the terminal is as before after #{name}", %{node: node} do
      terminal = terminal()
      before = attributes(terminal)
      begin(terminal, node, unquote(args))
      end_it(terminal, node, unquote(Macro.escape(how)))
      screen = Terminal.see(terminal, ~r/status 0/)
      # The shell's own screen is there again.
      refute screen =~ "OWN%"
      assert attributes(terminal) == before
    end
  end

  test "and after the node was killed, which is said" do
    node = start()
    terminal = terminal()
    before = attributes(terminal)
    begin(terminal, node)
    Program.signal(node.pid, "KILL")
    screen = Terminal.see(terminal, ~r/status 1/)
    assert screen =~ "cprof: pid #{node.pid}: the node has ended"
    refute screen =~ "OWN%"
    assert attributes(terminal) == before
  end

  test "and while it is suspended", %{node: node} do
    terminal = terminal()
    before = attributes(terminal)
    begin(terminal, node)
    Terminal.keys(terminal, "C-z")
    Terminal.see(terminal, "Stopped")
    assert attributes(terminal) == before
    Terminal.type(terminal, "fg")
    Terminal.keys(terminal, "Enter")
    Terminal.see(terminal, ~r/OWN%/)
    Terminal.see(terminal, ~r/burner/)
    Terminal.keys(terminal, "q")
    Wait.until(fn -> not (Terminal.screen(terminal) =~ "OWN%") end, "it ends")
    assert attributes(terminal) == before
  end

  test "a terminal that is not known gets plain lines, and is told so", %{node: node} do
    terminal = terminal()
    err = Path.join(terminal.dir, "err")
    command = "TERM=no-such-terminal #{Cprof.program()} top -p #{node.pid} -d 3"
    out = Terminal.run(terminal, "script -qec '#{command} 2>#{err}' /dev/null")
    assert out =~ ~r/ burner /
    refute out =~ "\e["

    assert one_line(File.read!(err)) ==
             "cprof: top: there is no description of this terminal here (TERM); plain lines follow, Ctrl-C ends them"
  end
end
