# Tests with the real telemetry: test/roots.sh puts it into the root with OTP 29 and says where it is.
ebins = Path.wildcard(Path.join(System.get_env("CPROF_LIBRARIES", ""), "telemetry-*/ebin"))
Enum.each(ebins, &Code.append_path/1)
there? = ebins != [] and Code.ensure_loaded?(:telemetry)

if not there?,
  do: IO.puts("flight_inside: skipped, telemetry is not on this machine (make test-roots has it for OTP 29)")

defmodule Live.FlightInsideTest do
  @moduledoc "`Cprof.Watch` of this node: telemetry events over their limits trigger once and soon, and what fires is an event."
  use ExUnit.Case, async: false

  alias Cprof.{Error, Watch}
  alias Live.{Cprof, Wait}

  @compile {:no_warn_undefined, [:telemetry]}
  @moduletag skip: not there? && "telemetry is not there"
  @moduletag :tmp_dir
  @patience 60_000

  setup_all do
    {:ok, _} = Application.ensure_all_started(:telemetry)
    :ok
  end

  setup do
    on_exit(fn -> assert handlers() == [] end)
  end

  defp handlers, do: for(%{id: {:cprof_flight_span, _, _} = id} <- :telemetry.list_handlers([]), do: id)

  defp listen do
    id = "test-#{System.unique_integer([:positive])}"
    events = for last <- [:fired, :recorded, :held_back, :failed], do: [:cprof, :watch, last]
    :ok = :telemetry.attach_many(id, events, &__MODULE__.tell/4, self())
    on_exit(fn -> :telemetry.detach(id) end)
  end

  def tell([:cprof, :watch, last], measurements, metadata, pid), do: send(pid, {last, measurements, metadata})

  defp watch(dir, opts) do
    listen()
    {:ok, watch} = Watch.start_link([folder: dir, before: 5, after: 1] ++ opts)
    Wait.until(fn -> match?({:ok, %{state: :watching}}, Watch.stats(watch)) end, "it watches")
    watch
  end

  defp took(event, ms, key \\ :duration) do
    :telemetry.execute(event, %{key => System.convert_time_unit(round(ms * 1000), :microsecond, :native)}, %{})
  end

  defp now, do: System.monotonic_time(:millisecond)

  # Burns for a time, so that a recording shows it.
  def slow_query(until), do: if(now() < until, do: slow_query(until))

  test "a single span over its limit fires once, with what it did in the recording", %{tmp_dir: dir} do
    watch = watch(dir, spans: [{[:my_app, :query], over: 500}])
    for _ <- 1..50, do: took([:my_app, :query], 400)
    from = now()
    slow_query(from + 1200)
    took([:my_app, :query], now() - from)
    at = now()
    assert_receive {:fired, %{system_time: _} = measurements, %{figure: "span", cause: cause}}, @patience
    assert now() - at <= 2000
    assert cause =~ ~r/^\[my_app,query\] took 1\d\d\d\.\d ms, more than 500 ms$/
    refute is_map_key(measurements, :value)
    # Those that follow do not fire.
    for _ <- 1..50, do: took([:my_app, :query], 900)
    assert_receive {:recorded, %{samples: _, before_s: before}, %{files: files}}, @patience
    assert before >= 1
    file = Enum.find(files, &String.ends_with?(&1, ".pb.gz"))
    assert Enum.any?(Cprof.json(["report", file])["functions"], &(&1["name"] =~ "slow_query"))
    assert {:ok, %{fired: 1, recorded: 1, last_cause: ^cause}} = Watch.stats(watch)
    assert :ok = Watch.stop(watch)
    refute_received {:fired, _, _}
  end

  test "p99 over its limit fires once; a few slow ones do not", %{tmp_dir: dir} do
    watch = watch(dir, spans: [{[:my_app, :query], p99: 100, measurement: :total_time}])
    for n <- 1..1000, do: took([:my_app, :query], if(rem(n, 200) == 0, do: 300, else: 5), :total_time)
    # Two ticks have seen them.
    Process.sleep(2200)
    refute_received {:fired, _, _}
    for _ <- 1..50, do: took([:my_app, :query], 300, :total_time)
    at = now()
    assert_receive {:fired, _, %{figure: "p99", cause: cause}}, @patience
    assert now() - at <= 2000
    assert cause =~ ~r/^p99 of \[my_app,query\] above 100 ms: 5\d of the last 1050 took longer$/
    for _ <- 1..50, do: took([:my_app, :query], 300, :total_time)
    assert_receive {:recorded, _, _}, @patience
    :ok = Watch.stop(watch)
    refute_received {:fired, _, _}
  end

  test "conditions of the program and requests are events, too; more are held back", %{tmp_dir: dir} do
    watch = watch(dir, conditions: "processes > 1000000", at_most: "1/h")
    :ok = Watch.trigger(watch, "deploy")
    assert_receive {:fired, _, %{figure: "request", cause: "deploy", recording: recording}}, @patience
    assert_receive {:recorded, _, %{recording: ^recording}}, @patience
    :ok = Watch.trigger(watch)
    assert_receive {:held_back, _, %{cause: "asked for", why: why}}, @patience
    assert why =~ "already 1 within 3600 s"
    assert {:ok, %{held_back: 1, last_failure: nil}} = Watch.stats(watch)
    :ok = Watch.stop(watch)
    assert {:error, %Error{code: :not_started}} = Watch.stats(watch)
  end

  test "a watch that was killed leaves no handler, whether it has a name or not", %{tmp_dir: dir} do
    Process.flag(:trap_exit, true)

    for name <- [[], [name: __MODULE__]] do
      watch = watch(dir, name ++ [spans: [{[:my_app, :query], over: 500}]])
      assert [_] = handlers()
      Process.exit(watch, :kill)
      assert_receive {:EXIT, ^watch, :killed}, @patience
      Wait.until(fn -> handlers() == [] end, "its handlers are gone")
    end

    second = watch(dir, name: __MODULE__, spans: [{[:my_app, :query], over: 500}])
    assert [_] = handlers()
    took([:my_app, :query], 900)
    assert_receive {:fired, _, _}, @patience
    :ok = Watch.stop(second)
  end
end
