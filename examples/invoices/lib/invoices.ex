defmodule Invoices do
  @moduledoc "What customers owe for their orders."

  @doc "The sum of all invoices."
  def total(orders, customers) do
    orders |> Enum.map(&invoice(&1, customers)) |> Enum.map(& &1.total) |> Enum.sum()
  end

  defp invoice(order, customers) do
    customer = customer(customers, order.customer_id)
    sum = Enum.reduce(order.lines, 0, fn line, sum -> sum + line.price * line.count end)
    text = "#{customer.name}: order #{order.number}, #{sum}"
    %{text: text, checksum: :erlang.md5(text), total: sum - div(sum * customer.discount, 100)}
  end

  # Looks at half of all customers for each order.
  defp customer([%{id: id} = customer | _], id), do: customer
  defp customer([_ | customers], id), do: customer(customers, id)
end
