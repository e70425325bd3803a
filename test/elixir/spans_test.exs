defmodule Cprof.SpansTest do
  # test/live/spans_inside_test.exs tests this with the real library.
  use ExUnit.Case, async: true

  alias Cprof.{Error, Spans}

  test "without the library each function says so" do
    for answer <- [
          Spans.attach([:shop, :checkout]),
          Spans.attach([[:shop, :checkout]], metadata: [:route], events: [[:shop, :repo, :query]]),
          Spans.detach(),
          Spans.stats("other"),
          Spans.n_plus_one()
        ] do
      assert {:error, %Error{code: :no_telemetry} = error} = answer
      assert Exception.message(error) =~ "{:telemetry,"
    end
  end

  test "the queries that were found, as text" do
    row = %{
      path: ["[:phoenix, :endpoint]", "[:phoenix, :router_dispatch] /orders"],
      event: "[:shop, :repo, :query]",
      source: "customers",
      query: "SELECT name FROM customers WHERE id = ?",
      caller: "Shop.Orders.list/1 (lib/shop/orders.ex:41)",
      spans: 301,
      queries: 6000,
      lost_us: 4_900_000,
      counts: %{min: 3, median: 20, p95: 48, max: 50}
    }

    refused = %{rows: 0, queries: 2, children: 0}
    found = %{threshold: 3, spans: 1204, rows: [row, %{row | caller: :undefined, source: :undefined}], refused: refused}

    assert Spans.format(found) == """
           queries repeated in one span (N+1), of 1,204 spans
           [:phoenix, :endpoint] > [:phoenix, :router_dispatch] /orders
             SELECT name FROM customers WHERE id = ?
             source customers, event [:shop, :repo, :query]
             called by Shop.Orders.list/1 (lib/shop/orders.ex:41)
             301 spans, each with 3 to 50 of them (median 20, p95 48); lost 4.90 s, 16.3 ms in each

           [:phoenix, :endpoint] > [:phoenix, :router_dispatch] /orders
             SELECT name FROM customers WHERE id = ?
             event [:shop, :repo, :query]
             301 spans, each with 3 to 50 of them (median 20, p95 48); lost 4.90 s, 16.3 ms in each
           2 queries were not counted, because their span had made too many different ones
           """

    one = %{row | spans: 1, queries: 5, lost_us: 16_300, counts: %{min: 5, median: 5, p95: 5, max: 5}}
    text = Spans.format(%{found | spans: 1, rows: [one]})
    assert text =~ "(N+1), of 1 span\n"
    assert text =~ "\n  1 span with 5 of them; lost 16.3 ms\n"

    none = %{found | rows: [], refused: %{rows: 0, queries: 0, children: 0}}
    assert Spans.format(none) =~ "No query was repeated 3 times or more in one span.\n"
  end
end
