defmodule Live.AllocTest do
  @moduledoc "Event alloc: who allocates how much, against what the VM counts itself."
  use ExUnit.Case

  alias Live.{Cprof, Node, Recording, Wait}

  @moduletag skip: not Cprof.works?("alloc") && "event alloc does not work here"
  setup_all do: AllocLock.take()

  defp start(set) do
    node = Node.start("alloc_work", [set], [], with: ["alloc_cost"])
    on_exit(fn -> Node.stop(node) end)
    node
  end

  defp record(node, args), do: Recording.launch(["-q", "--event", "alloc", "-p", node.pid | args])

  defp samples?(recording), do: Recording.events(recording.pid) > 0

  # What was recorded, and what was allocated meanwhile, by piece.
  defp during(node, ms) do
    file = Path.join(node.dir, "alloc.pb.gz")
    recording = record(node, ["-d", 3600, "-o", file])
    Wait.until(fn -> samples?(recording) end, "it samples")
    Node.tell(node, "reset")
    "ok" = Node.line(node)
    Process.sleep(ms)
    Node.tell(node, "truth")
    lines = for line <- Node.lines_until(node, "end"), do: String.split(line)
    {_, 0} = System.cmd("kill", ["-INT", "#{recording.pid}"])
    {_, 0} = Recording.finished(recording)
    {[["collected", _, collected]], pieces} = Enum.split_with(lines, &(hd(&1) == "collected"))
    pieces = for [name, heap, binary] <- pieces, into: %{}, do: {name, {to_int(heap), to_int(binary)}}
    Node.tell(node, "parts")
    # Pieces of which all is allocated by one function.
    alone = for line <- Node.lines_until(node, "end"), [name, f, "1000000"] <- [String.split(line)], do: {name, f}

    %{
      pieces: pieces,
      alone: alone,
      collected: to_int(collected),
      seconds: ms / 1000,
      report: Cprof.json(["report", file]),
      file: file
    }
  end

  defp to_int(text), do: String.to_integer(text)

  defp totals(report) do
    for %{"name" => "alloc_work:" <> rest, "total" => total} <- report["functions"],
        [_, piece] <- [Regex.run(~r{^(.*)_piece/0$}, rest)],
        into: %{},
        do: {piece, total}
  end

  # What the functions that allocate alone in their pieces have, divided by what the pieces have.
  defp charged(report, alone) do
    totals = totals(report)
    self = for %{"name" => name, "self" => self} <- report["functions"], {_, ^name} <- alone, do: self
    Enum.sum(self) / Enum.sum(for {piece, _} <- alone, do: Map.get(totals, piece, 0))
  end

  # The total variation distance of two distributions.
  defp distance(a, b) do
    [all_a, all_b] = for m <- [a, b], do: m |> Map.values() |> Enum.sum()
    keys = Enum.uniq(Map.keys(a) ++ Map.keys(b))
    Enum.sum(for k <- keys, do: abs(Map.get(a, k, 0) / all_a - Map.get(b, k, 0) / all_b)) / 2
  end

  defp heap(pieces), do: Map.new(pieces, fn {name, {heap, _}} -> {name, heap} end)

  defp per_second(report), do: report["meta"]["samples"] / (report["meta"]["duration_ns"] / 1.0e9)

  # Of ten pieces, the distance is 1.2 times this on average, by chance alone.
  defp chance(report), do: 1.0 / :math.sqrt(report["counters"]["effective"])

  # What bignums allocate is in heap fragments, which are collected while some other function runs.
  for set <- ~w(mixed crowd repeat bignums) do
    test "#{set}: the shares of functions, and the sum" do
      recorded = unquote(set) |> start() |> during(15_000)
      report = recorded.report
      assert report["meta"]["event"] == "alloc"
      assert report["counters"]["effective"] > 30
      tvd = distance(totals(report), heap(recorded.pieces))
      IO.puts("#{unquote(set)}: TVD #{Float.round(tvd, 4)} of #{report["counters"]["effective"]} equal samples")
      assert tvd <= 0.03 + 1.8 * chance(report), "TVD #{tvd}: #{inspect({totals(report), recorded.pieces})}"
      # Not those that they call, nor those that call them.
      assert charged(report, recorded.alone) > 0.85
      ratio = per_second(report) / (recorded.collected / recorded.seconds)
      IO.puts("#{unquote(set)}: #{Float.round(ratio, 3)} of the bytes that the VM reclaimed")
      assert_in_delta ratio, 1, 0.08 + 1.5 * uncertain(text(recorded.file))
    end
  end

  # Dirty schedulers collect it, in none of the windows or in one that then counts hundreds of times.
  test "rare: the sum is as uncertain as the report says" do
    recorded = "rare" |> start() |> during(10_000)
    report = recorded.report
    text = text(recorded.file)
    ratio = per_second(report) / (recorded.collected / recorded.seconds)
    said = uncertain(text)
    IO.puts("rare: #{Float.round(ratio, 3)} of the bytes that the VM reclaimed, uncertain by #{Float.round(said, 3)}")
    assert abs(1 - 1 / ratio) <= 0.08 + said
    [_, percent] = Regex.run(~r{garbage were sampled, in ([0-9.]+) % of the time}, text)
    open = max(String.to_float(percent), 0.1) / 100

    # The standard error by 48 MB that are in a window or not, once in two seconds; at least half of it is in what is said.
    least = 48.0e6 * :math.sqrt(recorded.seconds / 2 * (1 / open - 1)) / report["meta"]["samples"] / 2
    assert said >= 1.96 * least
    assert report["counters"]["effective"] <= 1 + 1 / (4 * least * least)
  end

  # What the report says of the sum of all bytes. With the VM's count, it also holds where more runs than there are CPUs.
  defp uncertain(text) do
    assert [_, percent] =
             Regex.run(~r{in which the VM has counted its collections, so .* uncertain by \+-([0-9.]+) %}, text)

    String.to_float(percent) / 100
  end

  defp text(file, args \\ []) do
    {text, "", 0} = Cprof.run(["report", file | args])
    for line <- String.split(text, "\n"), do: assert(String.length(line) <= 100, line)
    String.replace(text, ~r/\s+/, " ")
  end

  defp bytes(text) do
    {number, " " <> unit} = Float.parse(text)
    number * Map.fetch!(%{"B" => 1, "KB" => 1024, "MB" => 1024 ** 2, "GB" => 1024 ** 3}, unit)
  end

  test "what the report says of it" do
    recorded = "mixed" |> start() |> during(4_000)
    text = text(recorded.file)

    assert [_, heap, binary] =
             Regex.run(~r{Memory: ([0-9.]+ \w+) allocated on heaps .* ([0-9.]+ \w+) in binaries;}, text)

    {all_heap, all_binary} = recorded.pieces |> Map.values() |> Enum.unzip()
    truth = Enum.sum(all_binary) / Enum.sum(all_heap)
    assert_in_delta bytes(binary) / bytes(heap) / truth, 1, 0.5

    assert text =~ ~r{Note: \d+ collections of garbage were sampled, .* words of heaps were watched}
    assert text =~ "States: running 100.0 %"
    refute text =~ "[gc]"
    refute text =~ "CPU:"
    # Who only needs room for its stack is charged by the few samples for which no word was found.
    totals = totals(recorded.report)
    assert Map.get(totals, "deep", 0) <= 0.2 * Enum.sum(Map.values(totals))
    {scope, "", 0} = Cprof.run(["report", recorded.file, "-f", "speedscope"])
    assert scope =~ ~s("unit":"bytes")
  end

  # It overwrites what it has copied. That the stack is that of who asked for it does not make it an allocation.
  test "a collection allocates nothing" do
    report = ("kept" |> start() |> during(5_000)).report
    self = Map.new(report["functions"], &{&1["name"], &1["self"]})
    assert self["alloc_work:numbers/1"] > 0
    assert Map.get(self, "erlang:garbage_collect/0", 0) <= 0.2 * self["alloc_work:numbers/1"]
  end

  test "together with CPU time" do
    node = start("mixed")
    report = Cprof.json(["record", "-q", "--event", "cpu,alloc", "-p", node.pid, "-d", "3"])
    assert report["meta"]["event"] == "cpu-clock"
    assert report["alloc"]["meta"]["event"] == "alloc"
    assert report["alloc"]["counters"]["samples"] > 20
  end

  # The node's own code, as it is in its memory.
  defp code(node) do
    exe = File.read_link!("/proc/#{node.pid}/exe")
    {:ok, memory} = :file.open("/proc/#{node.pid}/mem", [:read, :raw, :binary])

    bytes =
      for line <- File.stream!("/proc/#{node.pid}/maps"), String.ends_with?(line, " #{exe}\n"), line =~ " r-xp " do
        [from, to] = line |> String.split() |> hd() |> String.split("-") |> Enum.map(&String.to_integer(&1, 16))
        {:ok, bytes} = :file.pread(memory, from, to - from)
        bytes
      end

    :file.close(memory)
    IO.iodata_to_binary(bytes)
  end

  test "nothing of the node is changed, only one recording has room, and it can be killed" do
    node = start("mixed")
    before = code(node)
    recording = record(node, ["-d", 3600, "-o", Path.join(node.dir, "killed.pb.gz")])
    Wait.until(fn -> samples?(recording) end, "it samples")
    assert code(node) == before
    {_, said, 1} = Cprof.run(["record", "--event", "alloc", "-p", node.pid, "-d", "1"])
    assert said =~ "breakpoints"
    {_, 0} = System.cmd("kill", ["-KILL", "#{recording.pid}"])
    assert code(node) == before
    # Its breakpoints are free again.
    report = Cprof.json(["record", "-q", "--event", "alloc", "-p", node.pid, "-d", "2"])
    assert report["counters"]["samples"] > 20
  end
end
