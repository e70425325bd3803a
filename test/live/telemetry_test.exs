# Tests with the real telemetry, telemetry_poller, telemetry_metrics and Phoenix:
# test/roots.sh puts them into the root with OTP 29 and says where they are.
libraries = System.get_env("CPROF_LIBRARIES", "")
ebins = Path.wildcard(Path.join(libraries, "*/ebin"))
# Mix has removed the applications of OTP that cprof does not name from the path.
otp = if ebins == [], do: [], else: Path.wildcard(Path.join(:code.lib_dir(), "*/ebin"))
Enum.each(ebins ++ otp, &Code.append_path/1)
there? = ebins != [] and Code.ensure_loaded?(:telemetry)

if there? do
  Code.require_file("work/phoenix_shop.exs", __DIR__)
else
  IO.puts("telemetry: skipped, telemetry and Phoenix are not on this machine (make test-roots has them for OTP 29)")
end

defmodule Live.TelemetryTest do
  use ExUnit.Case, async: false

  alias Cprof.{Error, Telemetry}
  alias Live.Wait

  @libraries [:telemetry, :telemetry_poller, :ranch, Elixir.Telemetry.Metrics.ConsoleReporter]
  @compile {:no_warn_undefined, @libraries}
  @moduletag skip: not there? && "telemetry and Phoenix are not there"
  @moduletag :tmp_dir
  @patience 60_000

  # A span that lasts as long as the test wants, in a process of its own.
  defmodule Span do
    @compile {:no_warn_undefined, [:telemetry]}

    def start(prefix, how \\ :return) do
      flag = :atomics.new(1, [])
      {pid, monitor} = spawn_monitor(fn -> run(prefix, flag, how) end)
      %{flag: flag, pid: pid, monitor: monitor}
    end

    def stop(span) do
      :atomics.put(span.flag, 1, 1)
      ExUnit.Assertions.assert_receive({:DOWN, monitor, _, _, _} when monitor == span.monitor, 60_000)
    end

    defp run(prefix, flag, how) do
      :telemetry.span(prefix, %{}, fn ->
        burn(flag)
        if how == :raise, do: exit(:raised), else: {:ok, %{}}
      end)
    catch
      :exit, :raised -> :ok
    end

    defp burn(flag) do
      spin(20_000)
      if :atomics.get(flag, 1) == 0, do: burn(flag)
    end

    def spin(0), do: 0
    def spin(n), do: spin(n - 1)
  end

  setup_all do
    {:ok, _} = Application.ensure_all_started(:telemetry)
    :ok
  end

  setup do
    processes = Process.list()
    on_exit(fn -> assert left(processes) == {[], [], nil} end)
  end

  # Our processes and handlers that still exist; ending takes them a moment. The
  # process with which the NIF checks itself remains after a snapshot.
  defp left(processes, tries \\ 1200) do
    new = Process.list() -- [Process.whereis(:cprof_canary) | processes]
    ours = for pid <- new, of_cprof?(pid), do: {pid, Process.info(pid)}
    handlers = for %{id: id, function: function} <- :telemetry.list_handlers([]), of_cprof?(function), do: id
    now = {handlers, ours, Process.whereis(:cprof_sampler)}

    if now == {[], [], nil} or tries == 0 do
      now
    else
      Process.sleep(50)
      left(processes, tries - 1)
    end
  end

  defp of_cprof?(function) when is_function(function), do: inspect(function) =~ "cprof_"

  defp of_cprof?(pid) do
    case Process.info(pid, [:dictionary, :initial_call, :current_stacktrace]) do
      nil -> false
      info -> inspect(info, limit: :infinity) =~ "cprof_"
    end
  end

  # The test gets these events as messages.
  defp listen(events) do
    id = "test-#{System.unique_integer([:positive])}"
    :ok = :telemetry.attach_many(id, events, &__MODULE__.tell/4, self())
    on_exit(fn -> :telemetry.detach(id) end)
  end

  def tell(event, measurements, metadata, pid), do: send(pid, {:event, event, measurements, metadata})

  @profile for last <- [:start, :stop, :exception, :refused], do: [:cprof, :profile, last]

  defp attach(id, opts) do
    listen(@profile)
    assert Telemetry.attach(id, opts) == :ok
    on_exit(fn -> Telemetry.detach(id) end)
  end

  defp wait_for(last, timeout \\ @patience) do
    assert_receive {:event, [:cprof, :profile, ^last], measurements, metadata}, timeout
    {measurements, metadata}
  end

  defp nothing(last), do: refute_received({:event, [:cprof, :profile, ^last], _, _})

  defp stats(id) do
    {:ok, stats} = Telemetry.stats(id)
    stats
  end

  defp files(dir), do: Enum.sort(Path.wildcard(Path.join(dir, "*")))

  # --- figures ----------------------------------------------------------------

  @figures [
    {[:cprof, :schedulers], ~w(count run_queue utilization utilization_max cpu)a},
    {[:cprof, :scheduler], ~w(run_queue utilization cpu)a},
    {[:cprof, :mailboxes], ~w(total max)a},
    {[:cprof, :binaries], ~w(total held)a},
    {[:cprof, :processes], ~w(count limit running runnable waiting gc suspended exiting)a},
    {[:cprof, :snapshot], ~w(duration)a}
  ]

  # Waits for a complete event of each kind: the first snapshot has no utilization,
  # and others may lack answers that came too late.
  defp check_figures, do: for({event, keys} <- @figures, do: complete(event, keys, :none, 300))

  defp complete(event, keys, last, 0), do: flunk("#{inspect(event)} without #{inspect(keys)}: #{inspect(last)}")

  defp complete(event, keys, _, tries) do
    assert_receive {:event, ^event, measurements, metadata}, @patience
    assert Enum.all?(measurements, fn {_, value} -> is_number(value) end)
    assert metadata.source in [:nif, :bif]
    missing = Enum.reject(keys, &is_map_key(measurements, &1))
    if missing != [], do: complete(event, missing, {measurements, metadata}, tries - 1)
  end

  test "figures by our own poller: documented measurements, true values" do
    mailbox = spawn(fn -> Process.sleep(:infinity) end)
    for n <- 1..43_210, do: send(mailbox, n)
    listen(for {event, _} <- @figures, do: event)
    pid = start_supervised!({Telemetry, period: 100, top: 3})
    check_figures()

    assert_receive {:event, [:cprof, :mailboxes], %{max: 43_210, total: total}, %{top: [%{pid: ^mailbox} | _]}},
                   @patience

    assert total >= 43_210
    assert_receive {:event, [:cprof, :processes], %{count: count, limit: limit}, _}, @patience
    assert limit == :erlang.system_info(:process_limit)
    assert abs(count - :erlang.system_info(:process_count)) < 50
    assert_receive {:event, [:cprof, :schedulers], %{count: schedulers}, %{type: :normal}}, @patience
    assert schedulers == :erlang.system_info(:schedulers)
    assert_receive {:event, [:cprof, :scheduler], %{utilization: share}, %{type: :normal, id: 1}}, @patience
    assert share >= 0.0 and share <= 1.0
    Process.exit(mailbox, :kill)
    assert Process.alive?(pid)
    stop_supervised!(Telemetry)
  end

  test "figures by telemetry_poller, which does not drop the measurement" do
    listen(for {event, _} <- @figures, do: event)
    {:ok, poller} = :telemetry_poller.start_link(measurements: Telemetry.measurements(), period: 100)
    check_figures()
    assert :telemetry_poller.list_measurements(poller) == Telemetry.measurements()
    GenServer.stop(poller)
  end

  test "every metric finds its measurement and its tags in an event" do
    listen(for {event, _} <- @figures, do: event)
    assert Telemetry.start_link(period: :often) |> elem(0) == :error
    metrics = for %{event_name: [_, part | _]} = metric <- Telemetry.metrics(), part != :profile, do: metric
    assert length(metrics) >= 15
    assert Enum.all?(metrics, &(&1.__struct__ |> inspect() =~ "Telemetry.Metrics."))

    # These are not known, or not always, when BIFs give the figures.
    optional = ~w(created_per_s busy_wait waiting_for_cpu imbalance unaccounted)a

    # A snapshot may lack answers that came too late.
    Wait.until(fn ->
      assert :cprof_telemetry.execute() == :ok
      {:messages, messages} = Process.info(self(), :messages)
      Enum.all?(metrics, &Enum.any?(messages, fn message -> measured?(&1, message, optional) end))
    end)
  end

  defp measured?(metric, {:event, event, measurements, metadata}, optional) do
    event == metric.event_name and Enum.all?(metric.tags, &is_map_key(metadata, &1)) and
      (metric.measurement in optional or measured?(metric.measurement, measurements))
  end

  # A metric with another unit has a function of the measurements.
  defp measured?(convert, measurements) when is_function(convert), do: is_number(convert.(measurements))
  defp measured?(key, measurements), do: is_map_key(measurements, key)

  test "telemetry_metrics' own reporter shows them" do
    {:ok, device} = StringIO.open("")
    opts = [metrics: Telemetry.metrics(), device: device]
    {:ok, reporter} = Elixir.Telemetry.Metrics.ConsoleReporter.start_link(opts)
    for _ <- 1..2, do: :ok = :cprof_telemetry.execute()
    {_, text} = StringIO.contents(device)
    GenServer.stop(reporter)
    assert text =~ ~r/Event name: cprof.mailboxes.*Metric measurement: :max/s
    refute text =~ "Errored"
  end

  # --- recordings ---------------------------------------------------------------

  describe "a request of Phoenix" do
    setup do
      :persistent_term.put(PhoenixShop, :atomics.new(1, []))
      Application.put_env(:phoenix, :json_library, Jason)

      Application.put_env(:phoenix_shop, PhoenixShop.Endpoint,
        http: [ip: {127, 0, 0, 1}, port: 0],
        adapter: Phoenix.Endpoint.Cowboy2Adapter,
        server: true,
        secret_key_base: String.duplicate("x", 64)
      )

      Logger.configure(level: :error)
      {:ok, _} = Application.ensure_all_started(:phoenix)
      {:ok, _} = Application.ensure_all_started(:plug_cowboy)
      start_supervised!(PhoenixShop.Endpoint)
      on_exit(fn -> :persistent_term.erase(PhoenixShop) end)
    end

    defp get(path) do
      port = :ranch.get_port(PhoenixShop.Endpoint.HTTP)
      {:ok, socket} = :gen_tcp.connect({127, 0, 0, 1}, port, [:binary, active: false])
      :ok = :gen_tcp.send(socket, "GET #{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
      answer = answer(socket, "")
      :gen_tcp.close(socket)
      answer
    end

    defp answer(socket, got) do
      case :gen_tcp.recv(socket, 0, @patience) do
        {:ok, more} -> answer(socket, got <> more)
        {:error, :closed} -> got
      end
    end

    def burns?(_event, _measurements, metadata), do: metadata.conn.request_path == "/burn"

    test "has what its controller calls in the first ten rows" do
      {:ok, _, profile} = Cprof.profile(fn -> for _ <- 1..300, do: assert(get("/basket") =~ "total") end, rate: 999)
      {:ok, text} = Cprof.render(profile, :text)
      assert rows(text, "HOT FUNCTION") =~ ~r/Shop\.Basket\.(total|price)\/1/
      # The controller may be on so many stacks of its processes that it explains nothing (c_src/profile/origins.h).
      assert rows(text, "WHERE IT COMES FROM") =~ ~r/PhoenixShop\.(PageController\.basket\/2|Basket\.total\/1)/
      total = Map.new(profile.report.functions, &{&1.name, &1.total})
      assert total["PhoenixShop.PageController.basket/2"] >= total["PhoenixShop.Basket.total/1"]
      assert text =~ ~r/PROCESSES.*cowboy_stream_h:request_process/s
    end

    defp rows(text, title) do
      [_, after_title] = String.split(text, title, parts: 2)
      after_title |> String.split("\n") |> Enum.take(11) |> Enum.join("\n")
    end

    @tag :tmp_dir
    test "is recorded once; what came meanwhile was refused", %{tmp_dir: dir} do
      attach("phoenix", span: [:phoenix, :endpoint], output: Path.join(dir, "%n.json"), filter: &__MODULE__.burns?/3)
      assert get("/quick") =~ "quick"
      assert %{state: :idle, recorded: 0, refused: 0} = stats("phoenix")

      burning = Task.async(fn -> get("/burn") end)
      {start, started} = wait_for(:start)
      assert started.id == "phoenix" and started.trigger == [:phoenix, :endpoint]
      assert start.latency > 0
      second = Task.async(fn -> get("/burn") end)
      Wait.until(fn -> stats("phoenix").refused == 1 end)
      assert stats("phoenix").state == :recording
      # Another span does not end the recording.
      assert get("/quick") =~ "quick"
      Process.sleep(1000)
      nothing(:stop)
      :atomics.put(:persistent_term.get(PhoenixShop), 1, 1)
      assert Task.await(burning, @patience) =~ "burnt"
      assert Task.await(second, @patience) =~ "burnt"

      {stop, stopped} = wait_for(:stop)
      assert stopped.ended == :stop
      assert stopped.telemetry_span_context == started.telemetry_span_context
      assert stopped.hottest == "PhoenixShop.Burner.spin/1"
      assert stop.samples > 0 and stop.duration > 0
      {refused, %{reason: :own_recording}} = wait_for(:refused)
      assert refused.count == 1
      assert %{state: :idle, recorded: 1, failed: 0, refused: 1} = stats("phoenix")
      assert files(dir) == [stopped.file] and stopped.files == [stopped.file]

      report = Live.Json.decode!(File.read!(stopped.file))
      assert [%{"name" => "PhoenixShop.Burner.spin/1"} | _] = report["functions"]
      assert Telemetry.detach("phoenix") == :ok
      assert get("/burn") =~ "burnt"
      nothing(:start)
    end
  end

  test "a span that raises ends its recording, and the next one is recorded", %{tmp_dir: dir} do
    attach("spans", span: [:shop, :work], output: dir, rate: 199)

    for {how, ended} <- [raise: :exception, return: :stop] do
      span = Span.start([:shop, :work], how)
      wait_for(:start)
      Live.Wait.for_own_cpu(0.5)
      Span.stop(span)
      {_, metadata} = wait_for(:stop)
      assert metadata.ended == ended
      assert metadata.hottest == "Live.TelemetryTest.Span.spin/1"
      assert Path.extname(metadata.file) == ".html" and Path.dirname(metadata.file) == dir
      assert File.read!(metadata.file) =~ "Live.TelemetryTest.Span.spin/1"
    end

    assert length(files(dir)) == 2
    assert stats("spans").recorded == 2
  end

  test "another span's end is not the recorded one's", %{tmp_dir: dir} do
    attach("spans", span: [:shop, :work], output: dir, limit: 1)
    span = Span.start([:shop, :work])
    wait_for(:start)
    # In the same process, while the recorded span lasts.
    :telemetry.span([:shop, :work], %{}, fn -> {:ok, %{}} end)
    Process.sleep(100)
    assert %{state: :recording, refused: 1} = stats("spans")
    Span.stop(span)
    wait_for(:stop)

    # The limit is reached, so this is refused and not recorded.
    :telemetry.span([:shop, :work], %{}, fn -> {:ok, %{}} end)
    assert %{state: :idle, recorded: 1, refused: 2} = stats("spans")
    nothing(:start)
  end

  test "a span ends with its process, and at its longest", %{tmp_dir: dir} do
    attach("spans", span: [:shop, :work], output: dir)
    span = Span.start([:shop, :work])
    wait_for(:start)
    Process.exit(span.pid, :kill)
    assert {_, %{ended: :process_down}} = wait_for(:stop)
    Telemetry.detach("spans")

    attach("short", span: [:shop, :work], output: dir, max_seconds: 0.2)
    span = Span.start([:shop, :work])
    assert {_, %{ended: :time}} = wait_for(:stop)
    Span.stop(span)
    Telemetry.detach("short")
  end

  test "a span that is over before sampling begins has a file that says so", %{tmp_dir: dir} do
    attach("short", span: [:shop, :work], output: Path.join(dir, "%n.json"), caller_only: true)
    :telemetry.span([:shop, :work], %{}, fn -> {:ok, %{}} end)
    assert {%{latency: latency}, _} = wait_for(:start)
    assert {%{duration: duration}, %{ended: :stop, file: file}} = wait_for(:stop)
    assert latency > 0 and duration > 0
    report = Live.Json.decode!(File.read!(file))
    assert Enum.sum(for row <- report["processes"], do: row["samples"]) <= report["counters"]["samples"]
  end

  test "some seconds after an event; only the calling process is shown", %{tmp_dir: dir} do
    outputs = [Path.join(dir, "%t-%n.collapsed"), Path.join(dir, "%n.pb.gz")]
    attach("alarm", event: [:shop, :alarm], seconds: 0.5, output: outputs, caller_only: true, rate: 499)
    other = Span.start([:shop, :other])
    {pid, _} = spawn_monitor(fn -> :telemetry.execute([:shop, :alarm], %{}, %{}) && Enum.each(1..1000, &idle/1) end)
    {stop, metadata} = wait_for(:stop)
    Process.exit(pid, :kill)
    Span.stop(other)
    assert metadata.ended == :time
    assert System.convert_time_unit(stop.duration, :native, :millisecond) >= 500
    assert [collapsed, recording] = metadata.files
    assert Path.basename(recording) == "1.pb.gz"
    assert <<0x1F, 0x8B, _::binary>> = File.read!(recording)
    assert Path.basename(collapsed) =~ ~r/^\d{8}T\d{6}\.\d{6}Z-1\.collapsed$/
    refute File.read!(collapsed) =~ "Span.spin/1"
    # The hottest function is that of the whole node.
    assert metadata.hottest == "Live.TelemetryTest.Span.spin/1"
  end

  defp idle(_), do: Process.sleep(10)

  test "every trigger is recorded or refused, whoever comes when", %{tmp_dir: dir} do
    attach("crowd", event: [:shop, :alarm], seconds: 0.05, output: Path.join(dir, "%n.txt"), limit: :infinity)
    triggers = :counters.new(1, [])

    crowd =
      for _ <- 1..8 do
        Task.async(fn ->
          for n <- 1..2000 do
            :counters.add(triggers, 1, 1)
            :telemetry.execute([:shop, :alarm], %{}, %{})
            if rem(n, 100) == 0, do: Process.sleep(50)
          end
        end)
      end

    Task.await_many(crowd, @patience)
    Wait.until(fn -> stats("crowd").state == :idle end)
    stats = stats("crowd")
    assert stats.recorded >= 1 and stats.failed == 0
    assert stats.recorded + stats.refused == :counters.get(triggers, 1)
    assert length(files(dir)) == stats.recorded
  end

  test "a recording that somebody else began refuses ours", %{tmp_dir: dir} do
    attach("spans", span: [:shop, :work], output: dir)
    assert Cprof.start() == :ok
    :telemetry.span([:shop, :work], %{}, fn -> {:ok, %{}} end)
    assert {%{count: 1}, %{reason: :other_recording}} = wait_for(:refused)
    nothing(:start)
    assert %{state: :idle, refused: 1, recorded: 0, failed: 0} = stats("spans")
    assert {:ok, _} = Cprof.stop()
    # After that, ours works.
    span = Span.start([:shop, :work])
    wait_for(:start)
    assert {:error, %Error{code: :already_started}} = Cprof.start()
    Span.stop(span)
    wait_for(:stop)
  end

  test "detach while it records drops the recording and leaves nothing", %{tmp_dir: dir} do
    attach("spans", span: [:shop, :work], output: dir)
    span = Span.start([:shop, :work])
    wait_for(:start)
    {:ok, os_pid} = :cprof_port.os_pid(:cprof_sampler)
    assert Telemetry.detach("spans") == :ok
    assert {_, %{kind: :error, reason: {:detached, _}}} = wait_for(:exception, 0)
    assert Process.whereis(:cprof_sampler) == nil
    Wait.until(fn -> not File.exists?("/proc/#{os_pid}") end)
    assert files(dir) == []
    assert Enum.filter(:telemetry.list_handlers([]), &(&1.id == "spans")) == []
    assert {:error, %Error{code: :not_attached}} = Telemetry.detach("spans")
    assert {:error, %Error{code: :not_attached}} = Telemetry.stats("spans")
    Span.stop(span)
  end

  test "detach before sampling began, in Erlang", %{tmp_dir: dir} do
    listen(@profile)

    assert :cprof_telemetry.attach("erlang", event: [:shop, :alarm], seconds: 60, output: String.to_charlist(dir)) ==
             :ok

    :telemetry.execute([:shop, :alarm], %{}, %{})
    assert :cprof_telemetry.detach("erlang") == :ok
    assert {_, %{reason: {:detached, _}}} = wait_for(:exception, 0)
    assert {:error, {:not_attached, _}} = :cprof_telemetry.stats("erlang")
    assert files(dir) == [] and Process.whereis(:cprof_sampler) == nil
  end

  test "a sampler killed while it records is a failure that is told", %{tmp_dir: dir} do
    attach("spans", span: [:shop, :work], output: dir)
    span = Span.start([:shop, :work])
    wait_for(:start)
    {:ok, os_pid} = :cprof_port.os_pid(:cprof_sampler)
    System.cmd("kill", ["-9", "#{os_pid}"])
    Span.stop(span)
    assert {_, %{reason: {:sampler_ended, text}}} = wait_for(:exception)
    assert text =~ "the sampler"
    assert %{state: :idle, recorded: 0, failed: 1, last_failure: {:sampler_ended, ^text}} = stats("spans")
    assert files(dir) == []
  end

  test "a folder that went away is a failure; a file that is there is kept", %{tmp_dir: dir} do
    gone = Path.join(dir, "gone")
    File.mkdir!(gone)
    attach("spans", span: [:shop, :work], output: Path.join(gone, "%n.txt"))
    File.rmdir!(gone)
    span = Span.start([:shop, :work])
    wait_for(:start)
    Span.stop(span)
    assert {_, %{reason: {:enoent, text}}} = wait_for(:exception)
    assert text =~ gone
    Telemetry.detach("spans")

    kept = Path.join(dir, "1.txt")
    File.write!(kept, "mine")
    attach("again", span: [:shop, :work], output: Path.join(dir, "%n.txt"))
    span = Span.start([:shop, :work])
    wait_for(:start)
    Span.stop(span)
    assert {_, %{reason: {:eexist, _}}} = wait_for(:exception)
    assert File.read!(kept) == "mine"
    Telemetry.detach("again")
  end

  def raises(_, _, _), do: raise("no filter")

  test "what is odd does not detach the handler", %{tmp_dir: dir} do
    attach("odd", span: [:shop, :work], output: dir, filter: &__MODULE__.raises/3)
    attach("gone", event: [:shop, :alarm], output: dir)
    :telemetry.execute([:shop, :work, :start], %{}, %{telemetry_span_context: {:any, "term"}})
    :telemetry.execute([:shop, :work, :exception], %{}, %{})
    assert %{filter_failures: 1, recorded: 0, refused: 0, state: :idle} = stats("odd")

    # When the recorder is killed, events still pass, and the name can be used again.
    [%{config: config}] = Enum.filter(:telemetry.list_handlers([]), &(&1.id == "gone"))
    recorder = :cprof_telemetry_handler.recorder(config)
    Process.exit(recorder, :kill)
    Wait.until(fn -> not Process.alive?(recorder) end)
    :telemetry.execute([:shop, :alarm], %{}, %{})
    assert {:error, %Error{code: :not_attached}} = Telemetry.stats("gone")

    assert Enum.sort(for h <- :telemetry.list_handlers([:shop]), h.id in ["odd", "gone"], uniq: true, do: h.id) ==
             ~w(gone odd)

    assert Telemetry.attach("gone", event: [:shop, :alarm], output: dir) == :ok
    assert {:error, %Error{code: :already_attached}} = Telemetry.attach("gone", event: [:shop, :alarm], output: dir)
    assert stats("gone").state == :idle
    assert Telemetry.detach("gone") == :ok
  end

  test "a recorder killed while it records takes the recording with it", %{tmp_dir: dir} do
    attach("spans", span: [:shop, :work], output: dir)
    span = Span.start([:shop, :work])
    wait_for(:start)
    [%{config: config} | _] = Enum.filter(:telemetry.list_handlers([]), &(&1.id == "spans"))
    Process.exit(:cprof_telemetry_handler.recorder(config), :kill)
    Wait.until(fn -> Process.whereis(:cprof_sampler) == nil end)
    Span.stop(span)
    assert Telemetry.detach("spans") == :ok
    assert files(dir) == []
  end

  test "the handler costs the caller little", %{tmp_dir: dir} do
    attach("cost", span: [:shop, :work], output: dir)
    attach("open", event: [:shop, :never], output: dir)
    [%{config: config} | _] = Enum.filter(:telemetry.list_handlers([]), &(&1.id == "cost"))
    span = Span.start([:shop, :work])
    wait_for(:start)
    sink = spawn(fn -> sink() end)
    metadata = %{telemetry_span_context: make_ref(), big: Enum.to_list(1..10_000)}
    cast = median(fn -> GenServer.cast(sink, :message) end)
    # The cost of an event that is refused, and of the end of a span that is not recorded.
    refused = median(fn -> :cprof_telemetry_handler.handle([:shop, :work, :start], %{}, metadata, config) end)
    ended = median(fn -> :cprof_telemetry_handler.handle([:shop, :work, :stop], %{}, metadata, config) end)

    # The cost of an event that starts a recording: the gate is opened again each time; the recorder ignores the event.
    gate = :cprof_telemetry_gate.new()
    own = :cprof_telemetry_handler.config(sink, gate, [:shop, :work, :start], :none)

    taken =
      median(fn ->
        :cprof_telemetry_gate.open(gate)
        :cprof_telemetry_handler.handle([:shop, :work, :start], %{}, metadata, own)
      end)

    Process.exit(sink, :kill)
    Span.stop(span)
    wait_for(:stop)
    IO.puts("telemetry: a cast #{cast} ns; a trigger #{taken} ns, refused #{refused} ns, another's end #{ended} ns")
    for cost <- [refused, ended, taken], do: assert(cost < 20 * max(cast, 500))
  end

  defp sink, do: receive(do: (_ -> sink()))

  # The median time of 2001 single calls, in ns.
  defp median(fun) do
    times =
      for _ <- 1..2001 do
        began = System.monotonic_time(:nanosecond)
        fun.()
        System.monotonic_time(:nanosecond) - began
      end

    times |> Enum.sort() |> Enum.at(1000)
  end

  test "wrong options are one sentence, and nothing is attached", %{tmp_dir: dir} do
    span = {:span, [:shop, :work]}

    for {opts, code, sentence} <- [
          {[], :invalid_option, "span"},
          {[span, event: [:a]], :invalid_option, "not both"},
          {[span: "shop"], :invalid_option, "a list of atoms"},
          {[span, seconds: 3], :invalid_option, "max_seconds"},
          {[span, max_seconds: 0], :invalid_option, "more than 0"},
          {[span, limit: 0], :invalid_option, "1 or more"},
          {[span, filter: &is_map/1], :invalid_option, "a function"},
          {[span, speed: 1], :invalid_option, "unknown option speed"},
          {[span, rate: 0], :invalid_option, "1 to 10000"},
          {[span, output: Path.join(dir, "same.html")], :invalid_option, "%t"},
          {[span, output: Path.join(dir, "%t.svg")], :unknown_format, ".html"},
          {[span, output: "/no/such/folder/%t.html"], :enoent, "/no/such/folder"}
        ] do
      assert {:error, %Error{code: ^code} = error} = Telemetry.attach("wrong", opts)
      assert Exception.message(error) =~ sentence
      assert {:error, %Error{code: :not_attached}} = Telemetry.detach("wrong")
    end

    assert files(dir) == []
  end
end
