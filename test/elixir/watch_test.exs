defmodule Cprof.WatchTest do
  # test/cprof_flight_tests.erl tests a real watch, test/live/flight_inside_test.exs one with the real telemetry.
  use ExUnit.Case, async: true

  alias Cprof.{Error, Watch}

  doctest Cprof.Watch

  test "a wrong option is an error" do
    for opts <- [[condition: "mailbox > 1"], [spans: [:a]], [system: [:long_gc]], [rate: "many"], :none] do
      assert {:error, %Error{code: :invalid_option}} = Watch.start_link(opts)
    end

    assert_raise ArgumentError, ~r/a list of pairs, as in .*, not none$/, fn -> Watch.child_spec(:none) end
  end

  test "to ask a watch that is not running is an error" do
    assert {:error, %Error{code: :not_started}} = Watch.stats(:no_such_watch)
    assert {:error, %Error{code: :not_started}} = Watch.trigger(:no_such_watch)
    assert Watch.stop(:no_such_watch) == :ok
  end

  test "limits of spans need the library telemetry" do
    if not Code.ensure_loaded?(:telemetry) do
      Process.flag(:trap_exit, true)
      assert {:error, %Error{code: :no_telemetry}} = Watch.start_link(spans: [{[:a], over: 1}])
    end
  end
end
