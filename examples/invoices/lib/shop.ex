defmodule Invoices.Shop do
  @moduledoc "A day of a shop, the same each time."

  @doc "A number of customers, and a number of their orders."
  def day(customer_count, order_count) do
    customers = for id <- 1..customer_count, do: %{id: id, name: "customer #{id}", discount: rem(id, 10)}

    orders =
      for number <- 1..order_count do
        lines = for n <- 1..5, do: %{price: 100 + rem(number * 7919 + n * 31, 4900), count: rem(number + n, 3) + 1}
        %{number: number, customer_id: rem(number * 7919, customer_count) + 1, lines: lines}
      end

    {customers, orders}
  end
end
