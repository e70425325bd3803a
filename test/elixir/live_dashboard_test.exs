defmodule DashboardWork do
  @moduledoc "What the page is to show. (Modules called Cprof.* count as those of the profiler.)"
  use GenServer

  def init(ms), do: {:ok, ms}
  def handle_call(:work, _, ms), do: {:reply, Process.sleep(ms), ms}

  def ask(server) do
    GenServer.call(server, :work, :infinity)
    ask(server)
  end

  def burn(n), do: burn(rem(n * 7919 + 1, 1_000_003))

  @doc "Marks what it does, as the handlers of cprof_spans do, of whose library there is none here."
  def serve do
    :ok = :cprof_native.span_mark(0x101, "[:shop, :page]", "/orders", :undefined)
    count(200_000)
    :ok = :cprof_native.span_mark(2, "[:shop, :page]", "/orders", :undefined)
    serve()
  end

  def count(0), do: :ok
  def count(n), do: count(n - 1)
end

defmodule Cprof.LiveDashboardTest do
  # The page without Phoenix. test/browser/dashboard.test.mjs uses it in the real dashboard.
  use ExUnit.Case, async: false

  alias Cprof.LiveDashboard
  alias Cprof.LiveDashboard.{Figures, Markup, Page, Recording, Spans, View}

  doctest Markup

  @patience 60_000

  defp work(function, arguments) do
    pid = spawn(DashboardWork, function, arguments)
    on_exit(fn -> Process.exit(pid, :kill) end)
    pid
  end

  # What the dashboard does for a page, as far as the page is concerned.
  defp until(page, done?) do
    if done?.(page) do
      page
    else
      receive do
        message -> page |> Page.message(message) |> until(done?)
      after
        @patience -> flunk("nothing came for #{inspect(page, limit: 5)}")
      end
    end
  end

  defp here(options \\ %{}), do: Page.new(options, node(), %{})
  defp record(page, event), do: Page.event(page, "cprof_record", %{"event" => event})
  defp ended(page), do: until(page, &(&1.job == nil))

  # As soon as it records, unless it cannot.
  defp stopped(page) do
    page |> until(&(&1.job == nil or match?({:recording, _}, &1.job.phase))) |> Page.event("cprof_stop", %{})
  end

  defp shown(table, id), do: Enum.find(table.tables, &(&1.id == id))

  test "what is not known is named in words" do
    memory = :cprof_memory.take(%{top: 3, wait_ms: 100})
    unknown = %{memory | quality: %{memory.quality | missing: [:cached, :resident]}}

    figures = Figures.from(:cprof_snapshot.take(%{top: 3, wait_ms: 100}), unknown, Spans.attached({:ok, []}))
    assert figures.incomplete =~ "not known: room for new carriers, what is in RAM."
  end

  test "the figures are those of the node" do
    server = start_supervised!(%{id: DashboardWork, start: {GenServer, :start_link, [DashboardWork, 50]}})
    for _ <- 1..3, do: work(:ask, [server])
    full = spawn(fn -> Process.sleep(:infinity) end)
    on_exit(fn -> Process.exit(full, :kill) end)
    for n <- 1..20_000, do: send(full, n)

    %{figures: figures} = here() |> Page.refresh() |> until(&(&1.figures != nil))
    assert figures.read =~ ~r/^Read at \d\d:\d\d:\d\d UTC in [\d.]+ ms, .*rates are of the last 1\.\d s\.$/
    assert [%{cells: ["normal", count | _]} | _] = shown(figures, "schedulers").rows
    assert count == to_string(System.schedulers())
    assert %{pid: ^full, cells: ["20,000" | _]} = hd(shown(figures, "mailboxes").rows)
    assert Enum.any?(shown(figures, "waited").rows, &(&1.pid == server))
    assert shown(figures, "memory").says =~ " in RAM"
    assert shown(figures, "spans").says =~ "No spans can be attached: the library telemetry is missing"
    assert length(shown(figures, "processes").rows) in 1..8
    for %{columns: columns, rows: rows} <- figures.tables, row <- rows, do: assert(length(row.cells) == length(columns))
  end

  test "the next figures are asked for when the last ones have come" do
    page = Page.refresh(here())
    assert page.reading
    assert Page.refresh(page) == page
    page = until(page, & &1.figures)
    refute page.reading
    %{reader: {pid, _}} = again = Page.refresh(page)
    assert again.reader == page.reader
    Process.exit(pid, :kill)
    lost = until(again, & &1.unread)
    assert lost.unread == "The figures could not be read: killed"
    assert %{unread: nil, reader: {other, _}} = Page.refresh(lost)
    assert other != pid
    Process.exit(other, :kill)
  end

  # As in a call that needs an answer from a scheduler which a process holds.
  test "a reader that hangs is given up, and another one is started" do
    page = Page.refresh(%{here() | reading_ms: 100})
    %{reader: {pid, _}} = page
    true = :erlang.suspend_process(pid)
    hangs = until(page, & &1.unread)
    assert hangs.unread =~ "The figures could not be read within"
    assert Page.refresh(hangs) == hangs
    assert %{unread: unread, reading: nil} = ended = until(hangs, &(&1.reader == nil))
    assert unread == hangs.unread
    assert Markup.html(View.figures({ended.figures, ended.unread})) =~ "could not be read within"

    %{reader: {other, _}} = again = Page.refresh(%{ended | reading_ms: @patience})
    assert other != pid
    assert %{figures: %{tables: [_ | _]}, reading: nil, unread: nil} = until(again, & &1.figures)
    Process.exit(other, :kill)
  end

  test "a limit of a reading that has ended does not end the next one" do
    page = here() |> Page.refresh() |> until(& &1.figures)
    %{reading: timer} = again = Page.refresh(page)
    assert Page.message(again, {:timeout, make_ref(), :cprof_reading}) == again
    %{reader: {pid, _}} = read = until(again, &(&1.reading == nil))
    assert Page.message(read, {:timeout, timer, :cprof_reading}) == read
    assert Process.alive?(pid)
    Process.exit(pid, :kill)
  end

  test "how spans are attached, and what is attached" do
    assert %{rows: [], says: "No spans are attached. With Cprof.Spans.attach(" <> _} = none = Spans.attached({:ok, []})
    one = %{id: "cprof-spans", events: ["[:a, :b]", "[:c]"], spans: 1204, failures: 2, kinds: 17, kinds_refused: 0}
    other = %{one | id: {:any, "term"}, kinds_refused: 3}
    table = Spans.attached({:ok, [one, other]})
    assert table.says == "Recordings say in which span each sample was. Different spans so far: 17."
    assert [["1,204", "2", "[:a, :b] [:c]", "cprof-spans"], [_, _, _, ~s({:any, "term"})]] = table.rows
    assert Spans.attached({:ok, [other]}).says =~ "; for 3 marks of others there was no room."
    figures = Figures.from(:cprof_snapshot.take(%{}), :cprof_memory.take(%{}), none)
    assert Markup.html(View.figures({figures, nil})) =~ ~s(<div id="cprof-spans" class="mb-4">)
  end

  test "a recording has the spans of the application" do
    assert is_integer(:cprof_native.spans_page())
    work(:serve, [])
    assert {:ok, %{spans: spans} = result} = Recording.run(self(), :cpu, 2, %{rate: 997})
    assert spans.says =~ ~r/^What the application was doing, in [\d,]+ spans that ended/
    assert [[cpu, count, p50, _, _, each, "[:shop, :page] /orders"]] = spans.rows
    assert String.to_float(cpu) > 10
    assert count =~ ~r/^[1-9][\d,]*$/
    for time <- [p50, each], do: assert(time =~ ~r/^[\d.]+ (us|ms)$/)
    html = Markup.html(View.result(1, result, %{}))
    assert html =~ ~s(<div class="cprof-spans">)
    assert html =~ "[:shop, :page] /orders"
  end

  test "of each event, a table of spans has what the event knows" do
    span = %{name: "[:web] /a", count: 10, cut: 3, p50_ns: 40_000_000, p95_ns: 41_000_000, p99_ns: 42_000_000}
    waits = [%{function: "[waits for repo]", wait_ns: 225_000_000}]

    wall = %{running_ns: 60_000_000, waiting_ns: 300_000_000, runnable_ns: 40_000_000, waits: waits}
    counters = %{span_marks_lost: 7, span_unmatched: 0, span_merged: 0, span_late: 0}
    report = fn more, many -> %{counters: counters, spans: List.duplicate(Map.merge(span, more), many)} end

    assert %{says: says, rows: [row]} = table = Spans.recorded(report.(wall, 1), :wall)

    assert row ==
             ~w(10) ++
               ["40.0 ms", "41.0 ms", "42.0 ms", "6.00 ms", "30.0 ms", "4.00 ms", "[:web] /a"] ++
               ["75.0 % [waits for repo]"]

    assert length(table.columns) == length(row)

    assert says ==
             "What the application was doing, in 10 spans that ended; of 3 spans only a part was recorded; " <>
               "7 starts or ends were lost:"

    assert %{rows: rows, says: says} = Spans.recorded(report.(%{blocked_ns: 5_000}, 14), :block)
    assert List.last(hd(rows)) == "[:web] /a" and "500 ns" in hd(rows)
    assert length(rows) == 12 and says =~ "; 2 more have less time:"
    open = report.(%{count: 0, cpu_ns: 2_000_000_000, cpu_pct: 50.0}, 1)
    assert %{rows: [["50.00", "0", "-", "-", "-", "2.00 s in all", _]]} = Spans.recorded(open, :cpu)
    assert Spans.recorded(%{counters: counters}, :cpu) == nil
    assert Spans.recorded(%{counters: counters, spans: []}, :cpu) == nil
  end

  test "a recording of CPU time" do
    work(:burn, [1])
    assert {:ok, result} = Recording.run(self(), :cpu, 2, %{rate: 997})
    assert_received {:cprof_recording, pid, {:recording, 0}} when pid == self()
    assert_received {:cprof_recording, _, {:recording, 1}}
    assert_received {:cprof_recording, _, :finishing}
    assert [%{function: "DashboardWork.burn/1", place: place} | _] = result.hot
    assert place =~ "live_dashboard_test.exs:"
    assert result.says =~ ~r/^CPU time, recorded for 2\.\d s from \d\d:\d\d:\d\d UTC: [\d,]+ samples by engine \w+$/
    assert "<!doctype html>" <> _ = result.html
    assert result.text =~ "DashboardWork.burn/1"
    file = Path.join(System.tmp_dir!(), "#{System.pid()}-#{result.file}")
    File.write!(file, result.recording)
    assert {:ok, profile} = Cprof.read(file)
    File.rm!(file)
    assert profile.report.meta.rate_asked == 997
    assert %{html: nil, hot: [_ | _]} = Recording.result(:cpu, profile, "", String.duplicate("x", 8_000_001))
    # The command line of a node may hold what only its owner should know.
    assert profile.report.meta[:command] in [nil, ""]
  end

  test "a recording of process time names who is waited for, and is stopped early" do
    server =
      start_supervised!(%{id: DashboardWork, start: {GenServer, :start_link, [DashboardWork, 5, [name: DashboardWork]]}})

    for _ <- 1..10, do: work(:ask, [server])
    page = here() |> Page.event("cprof_seconds", %{"seconds" => "60"}) |> record("wall")
    page = page |> until(&match?(%{phase: {:recording, n}} when n >= 3, &1.job)) |> Page.event("cprof_stop", %{})
    assert %{result: html, number: 1, failure: nil} = ended(page)
    assert html =~ ~r/>Waiting: on average [\d.]+ processes wait for DashboardWork,/
    assert html =~ "DashboardWork.ask/1"
  end

  # Not everywhere can it be sampled; then the page says why.
  test "a recording of blocked time" do
    page = here() |> record("block") |> stopped() |> ended()

    case Cprof.record(0.2, event: :block) do
      {:ok, _} -> assert page.result =~ ">Blocked time, recorded for "
      {:error, error} -> assert page.failure == Exception.message(error)
    end
  end

  test "one at a time: another recording is named, and the page's own is not started twice" do
    :ok = Cprof.start()
    assert %{failure: failure, result: nil} = here() |> record("cpu") |> ended()
    assert failure =~ "Another recording runs on this node"
    {:ok, _} = Cprof.stop()

    page = record(here(), "cpu")
    assert record(page, "wall") == page
    assert %{failure: nil, result: first, number: 1} = page = page |> stopped() |> ended()
    assert first =~ ~s(<div id="cprof-result-1" phx-update="ignore")
    assert %{result: second, number: 2} = page |> record("cpu") |> stopped() |> ended()
    assert second =~ ~s(<div id="cprof-result-2")
  end

  test "why there is no recording is one sentence" do
    System.put_env("CPROF_PRIV", "/nowhere")
    on_exit(fn -> System.delete_env("CPROF_PRIV") end)
    assert %{failure: "CPROF_PRIV is set, but " <> _} = here() |> record("cpu") |> ended()
    System.delete_env("CPROF_PRIV")
    assert %{failure: failure} = here(%{rate: 0}) |> record("cpu") |> ended()
    assert failure =~ "rate"
    html = Markup.html(View.controls(%{here() | failure: failure}))
    assert html =~ ~s(class="alert alert-danger)
    assert html =~ "rate"
  end

  test "what a browser sends is not trusted" do
    page = here()

    for {event, params} <- [
          {"cprof_record", %{"event" => "everything"}},
          {"cprof_record", %{}},
          {"cprof_record", %{"event" => ["cpu"]}},
          {"cprof_seconds", %{"seconds" => "86400"}},
          {"cprof_seconds", %{"seconds" => "2s"}},
          {"cprof_seconds", %{"seconds" => %{}}},
          {"cprof_stop", %{}},
          {"other", %{}}
        ],
        do: assert(Page.event(page, event, params) == page)

    assert Page.event(page, "cprof_seconds", %{"seconds" => "30"}).seconds == 30
  end

  test "what it has started ends with the process of the page" do
    test = self()

    page =
      spawn(fn ->
        page = here() |> Page.refresh() |> Page.event("cprof_seconds", %{"seconds" => "60"}) |> record("cpu")
        send(test, until(page, &match?(%{phase: {:recording, _}}, &1.job)))
        Process.sleep(:infinity)
      end)

    assert_receive %Page{job: %{task: {recorder, _}}, reader: {reader, _}}, @patience
    helpers = for pid <- [recorder, reader, Process.whereis(:cprof_sampler)], do: Process.monitor(pid)
    Process.exit(page, :kill)
    for monitor <- helpers, do: assert_receive({:DOWN, ^monitor, _, _, _}, @patience)
    assert {:ok, _} = Cprof.record(0.2)
  end

  test "another node is not shown, and nothing is started" do
    page = %{} |> Page.new(:other@host, %{}) |> Page.refresh() |> record("cpu")
    assert {page.reader, page.job} == {nil, nil}
    assert Markup.html(View.controls(page)) =~ "cannot show other@host"
  end

  test "a text is never markup" do
    hostile = ~s|<script>alert("1")</script>|
    html = Markup.html(View.controls(%{here() | failure: hostile}))
    refute html =~ "<script"
    assert html =~ "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"
    assert Markup.html(Markup.el(:a, [href: ~s(" onclick=")], [])) == ~s(<a href="&quot; onclick=&quot;"></a>)
  end

  test "the flame graph page is in a frame that reaches nothing, with the nonces of the dashboard" do
    result = %{
      event: :cpu,
      says: "all of it",
      hot: [],
      waits: nil,
      spans: nil,
      text: "text",
      html: "<style>\n</style><script>\nvar x = '<script>';</script>",
      recording: "recording",
      file: "r.pb.gz"
    }

    html = Markup.html(View.result(1, result, %{style: "S+/=", script: ~s(X"Y)}))
    assert html =~ ~s(sandbox="allow-scripts allow-forms")

    srcdoc =
      ~s(srcdoc="&lt;style nonce=&quot;S+/=&quot;&gt;\n&lt;/style&gt;&lt;script nonce=&quot;X&amp;quot;Y&quot;&gt;\n)

    assert html =~ srcdoc
    assert html =~ "var x = &#39;&lt;script&gt;&#39;"
    assert html =~ "href=\"data:application/gzip;base64,#{Base.encode64("recording")}\""
    assert Markup.html(View.result(1, result, %{style: nil, script: nil})) =~ "&lt;script&gt;\nvar x"
    large = Markup.html(View.result(1, %{result | html: nil, recording: nil}, %{}))
    assert large =~ "too large to be shown"
    assert large =~ "too large to be saved"
  end

  test "the options of the page, and what the dashboard asks of it" do
    refute Code.ensure_loaded?(Phoenix.LiveDashboard.PageBuilder)
    assert LiveDashboard.init([]) == {:ok, %{}}
    assert LiveDashboard.init(rate: 999) == {:ok, %{rate: 999}}
    assert_raise ArgumentError, ~r/:rate and :engine/, fn -> LiveDashboard.init(speed: 1) end

    assert_raise ArgumentError, ~r/option rate must be .* 1 to 10000, not "999"/, fn ->
      LiveDashboard.init(rate: "999")
    end

    assert LiveDashboard.menu_link(%{}, %{}) == {:ok, "cprof"}
    assert LiveDashboard.__page_live__(:refresher?)
  end
end
