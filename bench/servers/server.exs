defmodule Server do
  @moduledoc "A server in a place of its own, what loads it, and calls to its node."

  alias Live.{Node, Recorder, Wait}

  defstruct [:name, :place, :ask, :pid, :dir, :rate, :load]

  @port 8000
  @connections 64
  @users 40

  def start(name) do
    place = Place.open()
    log = "exec /mnt/servers/start.sh #{name} >/tmp/server.log 2>&1 </dev/null"
    _ = Place.start(place, ["sh", "-c", log])
    until_listening(place)
    ask = Place.start(place, ["escript", "/mnt/servers/ask.escript", "#{name}@localhost"])
    "ready" = Place.line(ask)
    server = %__MODULE__{name: name, place: place, ask: ask, dir: Node.tmp_dir()}
    prepare(server)
    inner = server |> call(:os, :getpid, []) |> List.to_integer()
    %{server | pid: Place.pid_outside(place, inner)}
  end

  defp until_listening(place) do
    Place.until_listening(place, @port)
  rescue
    error ->
      IO.puts(File.read!(Place.file(place, "/tmp/server.log")))
      reraise(error, __STACKTRACE__)
  end

  def stop(server) do
    Place.close(server.place)
    File.rm_rf!(server.dir)
  end

  @doc "Calls a function on its node."
  def call(server, module, function, args) do
    Port.command(server.ask, :io_lib.format("~0p.~n", [{module, function, args}]))
    {:ok, tokens, _} = :erl_scan.string(String.to_charlist(Place.line(server.ask) <> "."))
    {:ok, term} = :erl_parse.parse_term(tokens)
    term
  end

  defp prepare(%{name: "rabbitmq"} = server),
    do: Wait.until(fn -> call(server, :rabbit, :is_running, []) end, "RabbitMQ runs")

  defp prepare(%{name: "yaws"}), do: :ok

  defp prepare(%{name: "ejabberd"} = server) do
    for n <- 1..@users, do: :ok = call(server, :ejabberd_auth, :try_register, ["u#{n}", "localhost", "secret"])
  end

  @doc "What it can answer at most, and half of it as its rate from then on."
  def half_of_saturation(server) do
    pressed = load(server, 0)
    full = rate(pressed, 5000).rate
    {full, pressed |> unload() |> load(div(round(full), 2))}
  end

  @doc "With as much load as it can take."
  def at_saturation(server), do: server |> unload() |> load(0)

  @doc "With no load, but the same rate for `latencies/2`."
  def without_load(server), do: unload(server)

  @doc "How long the answers of a span of its load take: the median and the 99th percentile."
  def latencies(%{name: "yaws"} = server, ms) do
    wrk = Place.start(server.place, ["sh", "-c", wrk(server.rate, "#{div(ms + 999, 1000)}s")])
    wrk_said(wrk)
  end

  # The last line is that of load.lua.
  defp wrk_said(port) do
    receive do
      {^port, {:data, {:eol, line}}} ->
        case Regex.run(~r/^(\d+) (\d+) (\d+) 0$/, line) do
          nil -> wrk_said(port)
          [_, _, p50, p99] -> %{p50_us: String.to_integer(p50), p99_us: String.to_integer(p99)}
        end

      {^port, {:exit_status, status}} ->
        raise "wrk ended with status #{status}, and no figures without errors"
    end
  end

  defp load(server, rate) do
    load = Place.start(server.place, command(server.name, rate))
    if server.name != "yaws", do: "ready" = Place.line(load)
    Process.sleep(3000)
    %{server | load: load, rate: rate}
  end

  # Its end of stdin ends it.
  defp unload(server) do
    Port.close(server.load)
    Process.sleep(2000)
    %{server | load: nil}
  end

  defp command("rabbitmq", rate) do
    plugins = "ERL_LIBS=$(echo /usr/lib/rabbitmq/lib/rabbitmq_server-*/plugins)"
    ["sh", "-c", "#{plugins} exec escript /mnt/rabbitmq/load.escript #{@port} #{rate}"]
  end

  defp command("ejabberd", rate), do: ~w(escript /mnt/servers/xmpp.escript #{@port} #{@users} #{rate})

  defp command("yaws", rate), do: ["sh", "-c", "#{wrk(rate, "36000")} & cat >/dev/null; kill $!"]

  # wrk itself has no rate.
  defp wrk(rate, duration) do
    pause = if rate == 0, do: 0, else: max(div(1000 * @connections, rate) - 1, 1)

    "DELAY_MS=#{pause} wrk -t 1 -c #{@connections} -d #{duration} -s /mnt/servers/load.lua http://127.0.0.1:#{@port}"
  end

  @doc "Answers so far."
  def answers(%{name: "yaws"} = server), do: call(server, :bench_shop, :answers, [])

  def answers(server) do
    Port.command(server.load, "count\n")
    String.to_integer(Place.line(server.load))
  end

  @doc "A span of its work: answers a second, CPU nanoseconds of an answer."
  def rate(server, ms) do
    before = progress(server)
    Process.sleep(ms)
    later = progress(server)
    answers = later.answers - before.answers
    %{rate: answers * 1.0e9 / (later.at - before.at), cpu: (later.cpu - before.cpu) / answers}
  end

  defp progress(server),
    do: %{answers: answers(server), cpu: cpu_ns(server), at: System.monotonic_time(:nanosecond)}

  # Of threads that live.
  defp cpu_ns(server), do: server.pid |> Recorder.cpu_of_threads() |> Map.values() |> Enum.sum()
end
