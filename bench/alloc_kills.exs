defmodule AllocKills do
  @moduledoc "SIGKILL for the sampler at random moments: the node's code must be what it was, and the node must go on."

  alias Live.{Cprof, Node, Program, Recording, Wait}

  @kills Bench.setting("KILLS", 100)
  @within_ms 300

  def row do
    seed = Bench.setting("KILLS_SEED", rem(System.os_time(), 1_000_000))
    _ = :rand.seed(:exsss, seed)
    node = Alloc.start("mixed")
    # Whatever the VM loads for that is there before.
    true = goes_on?(node)
    code = code(node)
    tries = for n <- 1..@kills, do: attempt(node, Enum.at([:starting, :sampling], rem(n, 2)), code)
    refused = refused?(node)
    report = Cprof.json(["record", "-q", "--event", "alloc", "-p", node.pid, "-d", "2"])
    row = row(tries, refused, report["counters"]["samples"], Enum.sum(for {_, bytes, _} <- code, do: bytes))
    same = code(node) == code
    Node.stop(node)
    [otp: Cprof.otp(), seed: seed] ++ row ++ [same_at_end: same]
  end

  defp row(tries, refused, samples, bytes) do
    count = fn key, value -> Enum.count(tries, &(&1[key] == value)) end

    [kills: length(tries), starting: count.(:when, :starting), sampling: count.(:when, :sampling)] ++
      [code_bytes: bytes, code_same: count.(:changed, []), node_goes_on: count.(:goes_on, true)] ++
      [changed: tries |> Enum.flat_map(& &1.changed) |> Enum.uniq() |> Enum.join(" ")] ++
      [second_refused: refused, samples_after: samples]
  end

  @doc "Is everything as it must be?"
  def good?(row) do
    row[:code_same] == row[:kills] and row[:node_goes_on] == row[:kills] and row[:second_refused] and
      row[:samples_after] > 20 and row[:same_at_end]
  end

  # One that is killed while it samples shows that those before have left it a breakpoint.
  defp attempt(node, moment, code) do
    recording = if moment == :sampling, do: Recording.start(args(node, "killed")), else: launch(node, "killed")
    Process.sleep(:rand.uniform(@within_ms + 1) - 1)
    Program.signal(recording.pid, "KILL")
    {_, 137} = Recording.finished(recording)
    changed = for {name, _, _} <- code(node) -- code, do: name
    %{when: moment, changed: changed, goes_on: goes_on?(node)}
  end

  defp launch(node, name), do: Recording.launch(args(node, name))
  defp args(node, name), do: ["-q", "--event", "alloc", "-p", node.pid, "-d", 3600, "-o", file(node, name)]
  defp file(node, name), do: Path.join(node.dir, "#{name}.pb.gz")

  defp goes_on?(node) do
    before = rounds(node)
    Wait.until(fn -> rounds(node) > before end, "the node goes on")
  end

  defp rounds(node) do
    Node.tell(node, "rounds")
    node |> Node.line() |> String.to_integer()
  end

  # A second recording is refused, and the first one goes on.
  defp refused?(node) do
    first = Recording.start(args(node, "first"))
    {_, said, status} = Cprof.run(["record", "--event", "alloc", "-p", node.pid, "-d", "1"])
    Process.sleep(500)
    Program.signal(first.pid, "INT")
    {_, 0} = Recording.finished(first)
    report = Cprof.json(["report", file(node, "first")])
    status == 1 and said =~ "all breakpoints of the CPUs are in use" and report["counters"]["samples"] > 0
  end

  # The code of the node as it is in its memory: its program, its libraries, and what its JIT has made.
  defp code(node) do
    {:ok, memory} = :file.open("/proc/#{node.pid}/mem", [:read, :raw, :binary])

    code =
      for line <- File.stream!("/proc/#{node.pid}/maps"), [range, flags | rest] = String.split(line), flags =~ "x" do
        [from, to] = range |> String.split("-") |> Enum.map(&String.to_integer(&1, 16))
        {List.last(rest), to - from, hash(memory, from, to)}
      end

    :file.close(memory)
    code
  end

  # The kernel's own page is not readable in this way.
  defp hash(memory, from, to) do
    case :file.pread(memory, from, to - from) do
      {:ok, bytes} -> :erlang.md5(bytes)
      _ -> :unreadable
    end
  end
end
