# Functions of modules called Cprof.* count as those of the profiler.
defmodule WaitsWork do
  use GenServer

  def init(ms), do: {:ok, ms}
  def handle_call(:work, _, ms), do: {:reply, Process.sleep(ms), ms}

  def again(ask) do
    ask.()
    again(ask)
  end
end

defmodule Cprof.WaitsTest do
  use ExUnit.Case, async: false
  import ExUnit.CaptureIO

  doctest Cprof.Waits

  defp callers(count, ask) do
    pids = for _ <- 1..count, do: spawn(WaitsWork, :again, [ask])
    on_exit(fn -> Enum.each(pids, &Process.exit(&1, :kill)) end)
  end

  test "a GenServer that others wait for" do
    server = start_supervised!(%{id: WaitsWork, start: {GenServer, :start_link, [WaitsWork, 5, [name: WaitsWork]]}})
    callers(20, fn -> GenServer.call(WaitsWork, :work, :infinity) end)
    assert {:ok, %{cause: :waiting, top: [row | _]} = waits} = Cprof.Waits.take(ms: 2000)
    assert %{name: "WaitsWork", pid: ^server} = row
    assert_in_delta row.average, 20, 1.5
    assert [%{function: "WaitsWork.again/1", share: 1.0}] = row.sites
    assert waits.sentence =~ "processes wait for WaitsWork"
    assert Cprof.Waits.format(waits) =~ "Waiting: on average"
    assert %{"top" => [%{"name" => "WaitsWork"} | _]} = Cprof.Waits.to_map(waits)
  end

  test "Agents and tasks" do
    # Mix itself awaits the task that runs the tests.
    assert {:ok, %{states: states}} = Cprof.Waits.take(ms: 500)
    others = get_in(states, [:blocked, :average]) || 0.0
    agent = start_supervised!({Agent, fn -> :ok end})
    callers(3, fn -> Agent.get(agent, fn _ -> Process.sleep(5) end, :infinity) end)
    callers(2, fn -> Task.await(Task.async(fn -> Process.sleep(50) end), :infinity) end)
    assert {:ok, waits} = Cprof.Waits.take(ms: 2000)
    assert [%{average: average}] = Enum.filter(waits.top, &(&1.pid == agent))
    assert_in_delta average, 3, 0.3
    # Each task is a row of its own.
    assert_in_delta waits.states.blocked.average, 5 + others, 0.5
  end

  test "prints who is waited for" do
    agent = start_supervised!({Agent, fn -> :ok end})
    Process.register(agent, :cprof_waits_agent)
    callers(4, fn -> Agent.get(agent, fn _ -> Process.sleep(5) end, :infinity) end)
    text = capture_io(fn -> assert Cprof.waits(ms: 1000) == :ok end)
    assert text =~ ~r/^Waiting: on average .* processes wait for cprof_waits_agent/m
    assert {:error, %Cprof.Error{code: :invalid_option}} = Cprof.waits(ms: :long)
  end

  test "a snapshot names them, too" do
    server =
      start_supervised!(%{id: WaitsWork, start: {GenServer, :start_link, [WaitsWork, 60_000, [name: WaitsWork]]}})

    callers(20, fn -> GenServer.call(WaitsWork, :work, :infinity) end)
    named = fn -> Enum.find(Cprof.Snapshot.take(wait_ms: 5000).waiting.callees.top, &(&1.pid == server)) end
    assert %{name: WaitsWork, about: 20, agree: asked, asked: asked} = wait_until(named, &match?(%{about: 20}, &1))
  end

  defp wait_until(fun, good?) do
    found = fun.()

    if good?.(found) do
      found
    else
      Process.sleep(10)
      wait_until(fun, good?)
    end
  end
end
