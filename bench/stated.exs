# Is what a recording says that it cost the node what it cost the node? For
# engine perf as a user without rights, on work that switches between threads.
# bench/README.md says how to read the table. By environment: PAIRS (60),
# WINDOW_MS (700), RATES, SWITCHING.
for file <- ~w(support watch switching), do: Code.require_file("#{file}.exs", __DIR__)

defmodule Stated do
  alias Live.{Cprof, Node}

  @pairs Bench.setting("PAIRS", 60)
  @ms Bench.setting("WINDOW_MS", 700)
  @user "nobody"

  # Windows with and without a recording in turn, in one run of one node; which comes first in a pair is drawn.
  def row(work, rate) do
    {node, helpers, clients} = Switching.start(work, as: @user)
    program = Cprof.program_in(node.dir)
    # Its recordings are written there.
    File.chmod!(node.dir, 0o777)
    load = load()
    Process.sleep(1000)
    pairs = for _ <- 1..@pairs, do: pair(node, program, rate)
    if clients, do: Clients.forget(clients)
    for each <- [node | helpers], do: Node.stop(each)
    [workload: work, otp: Cprof.otp(), rate: rate] ++ figures(pairs) ++ [load_before: load, load_after: load()]
  end

  defp pair(node, program, rate) do
    case :rand.uniform(2) do
      1 ->
        without = window(node)
        {with, said} = recorded(node, program, rate)
        {with, without, said}

      2 ->
        {with, said} = recorded(node, program, rate)
        {with, window(node), said}
    end
  end

  defp window(node) do
    switches = Switching.switches(node.pid)
    {cpu, _} = Watch.cost(node, @ms)
    %{cpu: cpu, switches: (Switching.switches(node.pid) - switches) * 1000 / @ms}
  end

  defp recorded(node, program, rate) do
    file = Path.join(node.dir, "stated.pb.gz")
    args = ["record", "-q", "-p", node.pid, "-r", rate, "-d", 3600, "-o", file, "--engine", "perf"]

    windowed = fn pid ->
      Watch.sampling("perf", pid)
      window(node)
    end

    window = Watch.program(program, args, windowed, as: @user)
    {window, stated(Cprof.json(["report", file])["meta"]["notes"])}
  end

  # {cost, share of the time that was sampled}
  defp stated(notes) do
    note = Enum.find(notes, &(&1 =~ "recording cost the node")) || raise "nothing is said of the cost"
    [_, cost] = Regex.run(~r/cost the node (?:at most )?([\d.]+) %/, note)
    sampled = Regex.run(~r/taken (?:at \d+ Hz )?in (\d+) %/, note)
    {number(cost), if(sampled, do: number(Enum.at(sampled, 1)), else: 100.0)}
  end

  defp number(text), do: text |> Float.parse() |> elem(0)

  defp figures(pairs) do
    loss = for {with, without, _} <- pairs, do: 100 * (with.cpu / without.cpu - 1)
    {measured, low, high} = Bench.interval(loss, &Bench.median/1)
    said = for {_, _, {cost, _}} <- pairs, do: cost
    middle = fn list -> Bench.median(list) end

    [
      measured_pct: measured,
      low: low,
      high: high,
      stated_pct: middle.(said),
      stated_least: Enum.min(said),
      stated_most: Enum.max(said),
      sampled_pct: middle.(for {_, _, {_, sampled}} <- pairs, do: sampled),
      switches: middle.(for {_, without, _} <- pairs, do: without.switches),
      pairs: length(pairs)
    ]
  end

  defp load, do: File.read!("/proc/loadavg") |> String.split() |> hd()
end

work = Bench.names("SWITCHING", "reads port pingpong connections")
rates = for rate <- Bench.names("RATES", "99 999"), do: String.to_integer(rate)
Bench.publish("stated", for(w <- work, rate <- rates, do: Stated.row(w, rate)))
