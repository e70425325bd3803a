defmodule Invoices do
  @moduledoc "What customers owe for their orders."

  @doc "The sum of all invoices."
  def total(orders, customers) do
    by_id = Map.new(customers, &{&1.id, &1})
    orders |> Enum.map(&invoice(&1, by_id)) |> Enum.map(& &1.total) |> Enum.sum()
  end

  defp invoice(order, by_id) do
    customer = customer(by_id, order.customer_id)
    sum = Enum.reduce(order.lines, 0, fn line, sum -> sum + line.price * line.count end)
    text = "#{customer.name}: order #{order.number}, #{sum}"
    %{text: text, checksum: :erlang.md5(text), total: sum - div(sum * customer.discount, 100)}
  end

  # A map knows where each customer is.
  defp customer(by_id, id), do: Map.fetch!(by_id, id)
end
