defmodule Peers do
  @moduledoc "Other profilers on the same work: what share of it each says a piece has."

  alias Live.Node

  # They slow calls down up to a thousandfold: what they see in this time is enough, and what they write small.
  @ms %{"eprof" => 1000, "cprof" => 1000, "tprof" => 1000, "fprof" => 60}

  @doc "Those that can be run here; says which cannot."
  def available do
    for {peer, here, why} <- [
          {"perf", System.find_executable("perf") != nil, "the program perf is not installed"},
          {"eprof", true, ""},
          {"cprof", true, ""},
          {"tprof", Live.Cprof.otp() >= 27, "it is part of OTP 27 and later"},
          {"fprof", true, ""}
        ],
        here || IO.puts("peer #{peer} is left out: #{why}") == :skip,
        do: peer
  end

  @doc "What a node must be started with for a peer."
  def flags("perf"), do: ["+JPperf", "true"]
  def flags(_), do: []

  @doc "{%{piece => share}, samples or nil, seconds it watched}."
  def shares("perf", node, owners, seconds, rate) do
    {shares, n} = node |> perf(seconds, rate) |> Enum.map(&{stack_piece(&1, owners), 1}) |> normalize()
    {shares, n, seconds}
  end

  def shares(peer, node, owners, _, _) do
    Node.tell(node, "peer #{peer} #{@ms[peer]}")

    weights =
      for line <- Node.lines_until(node, "end"),
          [_, m, f, a, weight] <- [Regex.run(~r/^(\S+) (\S+) (\d+) ([\d.e+-]+)$/, line)],
          {weight, _} = Float.parse(weight),
          pieces = owners["#{m}:#{f}/#{a}"] || ["rest"],
          piece <- pieces,
          do: {piece, weight / length(pieces)}

    {shares, _} = normalize(weights)
    {shares, nil, @ms[peer] / 1000}
  end

  defp perf(node, seconds, rate) do
    data = Path.join(node.dir, "perf.data")
    args = ~w(record -q -e cpu-clock -F #{rate} -g -p #{node.pid} -o #{data} -- sleep #{seconds})
    {_, 0} = System.cmd("perf", args, stderr_to_stdout: true)
    {text, 0} = System.cmd("sh", ["-c", "perf script -F ip,sym -i #{data} 2>/dev/null"])
    File.rm!(data)
    # Leaf first; the JIT's symbols begin with a dollar sign.
    for stack <- String.split(text, ~r/\n\s*\n/, trim: true) do
      for line <- String.split(stack, "\n", trim: true), do: line |> String.split() |> List.last() |> frame()
    end
  end

  defp frame("$" <> name), do: name
  defp frame(name), do: name

  # A stack that was cut below its piece still counts for it when a function of that piece alone is on it.
  defp stack_piece(stack, owners) do
    Enum.find_value(Enum.reverse(stack), &Bench.piece/1) ||
      Enum.find_value(stack, "rest", fn name -> match?([_], owners[name]) && hd(owners[name]) end)
  end

  defp normalize(weights) do
    total = weights |> Enum.map(&elem(&1, 1)) |> Enum.sum()
    sums = Enum.reduce(weights, %{}, fn {piece, w}, sums -> Map.update(sums, piece, w, &(&1 + w)) end)
    {Map.new(sums, fn {piece, w} -> {piece, w / max(total, 1.0e-9)} end), length(weights)}
  end
end
