defmodule Cprof.TelemetryTest do
  # test/live/telemetry_test.exs tests this with the real library.
  use ExUnit.Case, async: false
  doctest Cprof.Telemetry

  alias Cprof.{Error, Telemetry}

  test "without the library each function says so" do
    for answer <- [
          Telemetry.attach("id", span: [:shop, :checkout]),
          Telemetry.detach("id"),
          Telemetry.stats("id"),
          Telemetry.start_link(period: 1000)
        ] do
      assert {:error, %Error{code: :no_telemetry} = error} = answer
      assert Exception.message(error) =~ "{:telemetry,"
    end

    assert_raise Error, ~r/telemetry_metrics/, fn -> Telemetry.metrics() end
  end

  test "a supervisor is told, too" do
    supervisor = start_supervised!(DynamicSupervisor)
    assert {:error, error} = DynamicSupervisor.start_child(supervisor, {Telemetry, period: 1000})
    assert Exception.message(error) =~ "the library telemetry is missing"
    assert DynamicSupervisor.which_children(supervisor) == []
  end

  test "wrong options of the poller are one sentence" do
    for opts <- [[period: 0], [top: -1], [name: "text"], [speed: 1]] do
      assert {:error, %Error{code: :invalid_option} = error} = Telemetry.start_link(opts)
      assert Exception.message(error) =~ ~r/^(unknown option speed|option #{hd(Keyword.keys(opts))} must be)/
    end

    assert_raise ArgumentError, ~r/a list of pairs, as in .*, not none$/, fn -> Telemetry.child_spec(:none) end
  end

  test "pollers of other names are other children" do
    assert Telemetry.child_spec(name: :other).id == :other
    assert %{start: {Telemetry, :start_link, [[]]}} = Telemetry.child_spec([])
  end
end
