# Spans with the real telemetry, from inside the node; test/roots.sh puts it into the root with OTP 29 and says where it
# is. What the sampler makes of the marks: spans_test.exs.
libraries = System.get_env("CPROF_LIBRARIES", "")
for ebin <- Path.wildcard(Path.join(libraries, "*/ebin")), do: Code.append_path(ebin)
there? = libraries != "" and Code.ensure_loaded?(:telemetry)
if not there?, do: IO.puts("spans: skipped, telemetry is not on this machine (make test-roots has it for OTP 29)")

{:ok, :cprof_spans_page, page} = :compile.file(~c"test/cprof_spans_page.erl", [:binary])
{:module, _} = :code.load_binary(:cprof_spans_page, ~c"cprof_spans_page", page)

defmodule Live.SpansInside.Orders do
  @moduledoc "An application with a page that asks for each row, and one that asks once."

  @compile {:no_warn_undefined, [:telemetry]}

  @doc "The customers of so many orders, one by one."
  def loop(count, us) do
    query("SELECT * FROM orders", "orders", us)
    for id <- 1..count, do: customer(id, us)
  end

  def customer(id, us), do: query("SELECT name FROM customers WHERE id = #{id}", "customers", us)

  @doc "The same in one query, which takes as long."
  def batch(count, us) do
    query("SELECT * FROM orders", "orders", us)
    query("SELECT name FROM customers WHERE id IN (#{Enum.join(1..count, ", ")})", "customers", us * count)
  end

  @doc "Takes so long, and executes an event of the shape that Ecto documents. Returns how long it took, in ns."
  def query(text, source, us) do
    began = System.monotonic_time()
    spin(began + System.convert_time_unit(us, :microsecond, :native))
    total = System.monotonic_time() - began

    measurements = %{
      total_time: total,
      query_time: total - 200,
      queue_time: 100,
      decode_time: 100,
      idle_time: 5_000_000
    }

    :telemetry.execute([:shop, :repo, :query], measurements, %{
      type: :ecto_sql_query,
      repo: Shop.Repo,
      result: {:ok, %{num_rows: 1}},
      params: [],
      query: text,
      source: source,
      stacktrace: nil,
      options: []
    })

    System.convert_time_unit(total, :native, :nanosecond)
  end

  defp spin(until), do: if(System.monotonic_time() < until, do: spin(until))
end

defmodule Live.SpansInsideTest do
  use ExUnit.Case, async: false

  alias Cprof.{Error, Spans}
  alias Live.SpansInside.Orders
  alias Live.Wait

  @compile {:no_warn_undefined, [:telemetry]}
  @moduletag skip: not there? && "telemetry is not there"
  @patience 60_000

  setup_all do
    {:ok, _} = Application.ensure_all_started(:telemetry)
    :ok
  end

  # No handler, process, table or persistent term of ours remains.
  setup do
    before = what_is_there()
    on_exit(fn -> Wait.until(fn -> what_is_there() == before end) end)
  end

  defp what_is_there do
    handlers = for %{id: id} <- :telemetry.list_handlers([]), do: id
    owners = for pid <- Process.list(), of_ours?(pid), do: pid

    tables =
      for table <- :ets.all(),
          :ets.info(table, :name) in [:cprof_n_plus_one_rows, :cprof_n_plus_one_children],
          do: table

    terms = for {key, _} <- :persistent_term.get(), of_attachment?(key), do: key
    {handlers, owners, tables, terms}
  end

  defp of_ours?(pid) do
    case Process.info(pid, [:dictionary]) do
      [dictionary: dictionary] -> dictionary[:"$initial_call"] == {:cprof_n_plus_one_table, :init, 1}
      nil -> false
    end
  end

  defp of_attachment?(key), do: is_atom(key) and to_string(key) =~ "$cprof_spans_"

  defp attach(prefixes, opts) do
    id = opts[:id] || "cprof-spans"
    assert Spans.attach(prefixes, opts) == :ok
    on_exit(fn -> Spans.detach(id) end)
  end

  defp stats(id \\ "cprof-spans") do
    {:ok, stats} = Spans.stats(id)
    stats
  end

  defp marks_of(fun) do
    {_, marks} = :cprof_spans_page.marks_of(fun)
    for {what, event, more} <- :cprof_spans_page.texts(marks), what != :child, do: {what, event, more}
  end

  defp span(prefix, metadata, fun), do: :telemetry.span(prefix, metadata, fn -> {fun.(), %{}} end)

  test "spans are marked until they are detached" do
    attach([:shop, :page], metadata: [:route])
    work = fn -> span([:shop, :page], %{route: "/a"}, fn -> :value end) end
    assert marks_of(work) == [{:start, "[:shop, :page]", "/a"}, {:stop, "[:shop, :page]", "/a"}]
    raising = fn -> catch_error(span([:shop, :page], %{route: "/b"}, fn -> raise("oops") end)) end
    assert marks_of(raising) == [{:start, "[:shop, :page]", "/b"}, {:exception, "[:shop, :page]", "/b"}]
    assert %{spans: 2, failures: 0, kinds_refused: 0} = stats()

    assert {:error, %Error{code: :already_attached}} = Spans.attach([:shop, :other])
    assert Spans.detach() == :ok
    assert marks_of(work) == []
    assert {:error, %Error{code: :not_attached}} = Spans.detach()
    assert {:error, %Error{code: :not_attached}} = Spans.stats()
    assert {:error, %Error{code: :not_attached}} = Spans.n_plus_one()
  end

  test "several are attached at the same time, each with its own events" do
    attach([:shop, :page], id: "pages")
    attach([[:shop, :job], [:shop, :mail]], id: {:any, "term"}, events: [[:shop, :repo, :query]], n_plus_one: false)

    marks =
      marks_of(fn ->
        span([:shop, :page], %{}, fn -> span([:shop, :job], %{}, fn -> Orders.query("SELECT 1", nil, 1) end) end)
      end)

    assert [:start, :start, :start, :stop, :stop, :stop] = for({what, _, _} <- marks, do: what)
    assert stats("pages").spans == 1 and stats({:any, "term"}).spans == 2
    assert {:error, %Error{code: :not_counted}} = Spans.n_plus_one({:any, "term"})
    assert Spans.detach("pages") == :ok
    assert length(marks_of(fn -> span([:shop, :job], %{}, fn -> :ok end) end)) == 2
  end

  def raises(_, _), do: raise("no text")
  def throws(_, _), do: throw(:no_text)
  def exits(_, _), do: exit(:no_text)
  def odd(_, _), do: {:no, :text}

  test "functions that fail are counted, and telemetry detaches nothing" do
    for function <- [&__MODULE__.raises/2, &__MODULE__.throws/2, &__MODULE__.exits/2, &__MODULE__.odd/2] do
      attach([:shop, :page], metadata: function)
      marks = marks_of(fn -> for _ <- 1..50, do: span([:shop, :page], %{}, fn -> :ok end) end)
      assert length(marks) == 100
      assert %{spans: 50, failures: 50} = stats()
      assert [_, _, _] = Enum.filter(:telemetry.list_handlers([:shop, :page]), &(&1.id == "cprof-spans"))
      assert Spans.detach() == :ok
    end

    attach([], events: [[:shop, :repo, :query]], n_plus_one: [key: &__MODULE__.raises/2])
    attach([:shop, :page], id: "pages", metadata: [:route])
    span([:shop, :page], %{}, fn -> Orders.loop(5, 1) end)
    for metadata <- [%{}, %{query: 17}], do: :telemetry.execute([:shop, :repo, :query], %{}, metadata)
    :telemetry.execute([:shop, :page, :start], %{}, %{route: {:no, "text"}, telemetry_span_context: self()})
    :telemetry.execute([:shop, :page, :stop], %{}, %{telemetry_span_context: self()})
    # Two had no duration; the key is only asked for in a span of the same attachment.
    assert %{spans: 6, failures: 2} = stats()
    assert %{spans: 2, failures: 0} = stats("pages")
  end

  # Processes that are in spans all the time, until they are told to stop. They answer with how many spans they made and
  # with what is left in their dictionary.
  defp busy(count, prefix) do
    stop = :atomics.new(1, [])
    {stop, for(_ <- 1..count, do: Task.async(fn -> {spans_until(stop, prefix, 0), ours(Process.get())} end))}
  end

  defp spans_until(stop, prefix, n) do
    span(prefix, %{route: "/#{rem(n, 7)}"}, fn -> span(prefix, %{}, fn -> :ok end) end)
    if :atomics.get(stop, 1) == 0, do: spans_until(stop, prefix, n + 2), else: n + 2
  end

  defp ours(dictionary), do: for({key, _} <- dictionary, of_attachment?(key), do: key)

  defp finish({stop, tasks}) do
    :atomics.put(stop, 1, 1)
    Task.await_many(tasks, @patience)
  end

  test "modules are reloaded while spans run, and no mark is missing" do
    attach([:shop, :page], metadata: [:route], events: [[:shop, :repo, :query]])
    busy = busy(4, [:shop, :page])
    page = :cprof_native.spans_page()

    for round <- 1..5, module <- [:cprof_native, :cprof_spans_handler, :cprof_n_plus_one, :cprof_n_plus_one_table] do
      ended = stats().spans
      assert {:module, ^module} = :code.load_file(module)
      Wait.until(fn -> stats().spans > ended + 100 end)
      assert :code.soft_purge(module), "#{module} is still run in round #{round}"
    end

    made = for {spans, []} <- finish(busy), do: spans
    assert length(made) == 4
    assert %{failures: 0, spans: ended} = stats()
    assert ended == Enum.sum(made)
    assert :cprof_native.spans_page() == page and :cprof_spans_page.symbol() == page
    assert length(marks_of(fn -> span([:shop, :page], %{}, fn -> :ok end) end)) == 2
  end

  def count(_, _, _, counter), do: :counters.add(counter, 1, 1)

  test "100 times attached and detached: other handlers miss nothing, and nothing is left" do
    counter = :counters.new(1, [])
    events = for last <- [:start, :stop], do: [:shop, :page, last]
    :ok = :telemetry.attach_many("other", events, &__MODULE__.count/4, counter)
    on_exit(fn -> :telemetry.detach("other") end)
    before = what_is_there()
    busy = busy(4, [:shop, :page])

    for _ <- 1..100 do
      :ok = Spans.attach([:shop, :page], metadata: [:route], events: [[:shop, :repo, :query]])
      Wait.until(fn -> stats().spans > 0 end)
      :ok = Spans.detach()
    end

    answers = finish(busy)
    assert :counters.get(counter, 1) == 2 * Enum.sum(for {spans, _} <- answers, do: spans)
    # Of a span that a process was in at the last detach, one entry may be left until it is attached again.
    for {_, left} <- answers, do: assert(length(left) <= 1)
    assert what_is_there() == before
    assert Enum.any?(:telemetry.list_handlers([:shop]), &(&1.id == "other"))
  end

  test "a loop of queries is found, with its time and its line; a batch is not" do
    attach([[:shop, :request], [:shop, :page]], metadata: [:route], events: [[:shop, :repo, :query]])
    request = fn route, fun -> span([:shop, :request], %{}, fn -> span([:shop, :page], %{route: route}, fun) end) end

    lost =
      for count <- [2, 4, 8, 16] do
        request.("/batch", fn -> Orders.batch(count, 300) end)
        [_first | others] = request.("/orders", fn -> Orders.loop(count, 300) end)
        if count >= 3, do: Enum.sum(others), else: 0
      end

    assert {:ok, %{spans: 8, rows: [row], threshold: 3} = found} = Spans.n_plus_one()
    assert row.path == ["[:shop, :request]", "[:shop, :page] /orders"]
    assert row.query == "SELECT name FROM customers WHERE id = ?"
    assert row.source == "customers" and row.event == "[:shop, :repo, :query]"
    assert row.spans == 3 and row.queries == 28
    assert row.counts == %{min: 4, median: 8, p95: 16, max: 16}
    assert_in_delta row.lost_us, Enum.sum(lost) / 1000, 0.1 * Enum.sum(lost) / 1000
    assert row.caller =~ ~r/^Live\.SpansInside\.Orders\.\w+\/\d \(.*spans_inside_test\.exs:\d+\)$/
    assert Spans.format(found) =~ "3 spans, each with 4 to 16 of them"
  end

  test "queries of tasks count for the process that waits for them" do
    attach([:shop, :page], metadata: [:route], events: [[:shop, :repo, :query]])

    times =
      span([:shop, :page], %{route: "/parallel"}, fn ->
        1..20 |> Task.async_stream(&Orders.customer(&1, 200), max_concurrency: 2) |> Enum.map(&elem(&1, 1))
      end)

    assert {:ok, %{spans: 1, rows: [row]}} = Spans.n_plus_one()
    assert row.path == ["[:shop, :page] /parallel"] and row.queries == 20
    # It is not known which query was the first.
    assert_in_delta row.lost_us, 19 / 20 * Enum.sum(times) / 1000, 0.1 * Enum.sum(times) / 1000
    assert row.caller =~ "Live.SpansInside.Orders"
  end

  test "the owner of the table is killed: events pass, and it can be attached again" do
    attach([:shop, :page], events: [[:shop, :repo, :query]])
    [owner] = for pid <- Process.list(), of_ours?(pid), do: pid
    Process.exit(owner, :kill)
    Wait.until(fn -> not Process.alive?(owner) end)
    assert length(marks_of(fn -> span([:shop, :page], %{}, fn -> Orders.loop(5, 1) end) end)) >= 14
    assert {:error, %Error{code: :not_attached}} = Spans.n_plus_one()
    assert Enum.any?(:telemetry.list_handlers([:shop]), &(&1.id == "cprof-spans"))
    assert Spans.detach() == :ok
    attach([:shop, :page], events: [[:shop, :repo, :query]])
    span([:shop, :page], %{}, fn -> Orders.loop(5, 1) end)
    assert {:ok, %{rows: [%{queries: 5}]}} = Spans.n_plus_one()
  end

  test "no more than eight are attached at the same time" do
    for n <- 1..8, do: attach([:shop, :page], id: n)
    assert length(marks_of(fn -> span([:shop, :page], %{}, fn -> :ok end) end)) == 16
    assert {:error, %Error{code: :too_many}} = Spans.attach([:shop, :page], id: 9)
    # One that telemetry has detached is not counted.
    :ok = :telemetry.detach(5)
    attach([:shop, :page], id: 9)
    assert {:error, %Error{code: :not_attached}} = Spans.stats(5)
    assert length(marks_of(fn -> span([:shop, :page], %{}, fn -> :ok end) end)) == 16
  end

  test "wrong options are one sentence, and nothing is attached" do
    for {prefixes, opts, sentence} <- [
          {:shop, [], "give a prefix"},
          {[:shop], [metadata: 1], "list of keys"},
          {[:shop], [events: [:shop]], "list of events"},
          {[:shop], [n_plus_one: true], "option events"},
          {[:shop], [speed: 1], "unknown option speed"}
        ] do
      assert {:error, %Error{code: :invalid_option} = error} = Spans.attach(prefixes, opts)
      assert Exception.message(error) =~ sentence
      assert {:error, %Error{code: :not_attached}} = Spans.detach()
    end
  end
end
