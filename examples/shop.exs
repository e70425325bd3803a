# A small shop under load, for about five seconds: customers order, and each
# order is priced, checked against the stock, signed, and kept in a ledger.
# Profile it, for example with
#
#     mix profile.run --output flamegraph.html examples/shop.exs
#
# What to find: Shop.Discounts.best/2 tries every set of coupons, which is far
# more work than everything else (each further coupon doubles it). The ledger
# sorts its whole page to find three customers. The rest is necessary work.

defmodule Shop.Catalog do
  @items for n <- 1..400, into: %{}, do: {"item-#{n}", 100 + rem(n * 7919, 4900)}

  def price(item), do: Map.fetch!(@items, item)
  def random(seed), do: "item-#{rem(seed * 31, 400) + 1}"
end

defmodule Shop.Discounts do
  @doc "The lowest price that any set of coupons gives."
  def best(total, []), do: total

  def best(total, [coupon | coupons]) do
    min(best(total, coupons), best(apply_coupon(total, coupon), coupons))
  end

  defp apply_coupon(total, {:percent, percent}), do: total - div(total * percent, 100)
  defp apply_coupon(total, {:amount, amount}) when total > 4 * amount, do: total - amount
  defp apply_coupon(total, {:amount, _}), do: total
end

defmodule Shop.Order do
  def new(seed) do
    lines = for n <- 1..8, do: {Shop.Catalog.random(seed + n), rem(seed, 3) + 1}
    %{id: seed, lines: lines, customer: "customer-#{rem(seed, 97)}", total: 0}
  end

  def priced(order) do
    total = Enum.reduce(order.lines, 0, fn {item, count}, sum -> sum + count * Shop.Catalog.price(item) end)
    %{order | total: Shop.Discounts.best(total, coupons(order))}
  end

  def signed(order) do
    text = order |> :erlang.term_to_binary() |> List.duplicate(8) |> IO.iodata_to_binary()
    {:erlang.md5(text), order}
  end

  defp coupons(%{id: id}) do
    for n <- 1..12, do: if(rem(id + n, 2) == 0, do: {:percent, rem(n, 5) + 1}, else: {:amount, 50 * n})
  end
end

defmodule Shop.Ledger do
  def start, do: spawn_link(fn -> loop([], 0) end)

  # The best customers are looked up after every 100 orders; the ledger begins
  # a new page after 5000.
  defp loop(orders, count) do
    receive do
      {:add, order} when rem(count, 5_000) == 0 ->
        loop([order], count + 1)

      {:add, order} when rem(count, 100) == 0 ->
        best_customers([order | orders])
        loop([order | orders], count + 1)

      {:add, order} ->
        loop([order | orders], count + 1)

      {:count, from} ->
        send(from, {:count, count})
    end
  end

  defp best_customers(orders) do
    orders
    |> Enum.sort_by(fn {_, order} -> {-order.total, order.customer} end)
    |> Enum.take(3)
  end
end

defmodule Shop do
  def open(seconds) do
    ledger = Shop.Ledger.start()
    closing = System.monotonic_time(:millisecond) + seconds * 1000
    tills = for till <- 1..2, do: Task.async(fn -> serve(ledger, till, closing) end)
    Task.await_many(tills, :infinity)
    send(ledger, {:count, self()})

    receive do
      {:count, count} -> IO.puts("#{count} orders in #{seconds} s")
    end
  end

  defp serve(ledger, seed, closing) do
    order = seed |> Shop.Order.new() |> Shop.Order.priced() |> Shop.Order.signed()
    send(ledger, {:add, order})
    if System.monotonic_time(:millisecond) < closing, do: serve(ledger, seed + 2, closing)
  end
end

Shop.open(5)
