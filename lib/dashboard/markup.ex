defmodule Cprof.LiveDashboard.Markup do
  @moduledoc false
  # HTML made of Elixir terms. A text is escaped wherever it stands; only el/3 makes markup. (The templates of Phoenix
  # would have to be compiled with Phoenix, which need not be there.)

  @type content :: String.t() | {:safe, iodata()} | nil | [content()]
  @type attributes :: [{atom() | String.t(), String.t() | number() | boolean() | nil}]

  @void [:input]

  @doc """
  An element. An attribute with the value `true` has only a name; one that is `nil` or `false` is left out.

      iex> Cprof.LiveDashboard.Markup.html(Cprof.LiveDashboard.Markup.el(:td, [class: "x", hidden: nil], "1 < 2"))
      ~s(<td class="x">1 &lt; 2</td>)
  """
  @spec el(atom(), attributes(), content()) :: {:safe, iodata()}
  def el(tag, attributes \\ [], content \\ []) do
    open = ["<", to_string(tag), Enum.map(attributes, &attribute/1), ">"]
    if tag in @void, do: {:safe, open}, else: {:safe, [open, inner(content), "</", to_string(tag), ">"]}
  end

  @doc """
  The markup as one binary.
  """
  @spec html(content()) :: String.t()
  def html(content), do: content |> inner() |> IO.iodata_to_binary()

  defp attribute({_, value}) when value in [nil, false], do: []
  defp attribute({name, true}), do: [" ", to_string(name)]
  defp attribute({name, value}), do: [" ", to_string(name), "=\"", escape(to_string(value)), "\""]

  defp inner(nil), do: []
  defp inner({:safe, markup}), do: markup
  defp inner(text) when is_binary(text), do: escape(text)
  defp inner(list) when is_list(list), do: Enum.map(list, &inner/1)

  defp escape(text), do: String.replace(text, ["&", "<", ">", "\"", "'"], &entity/1)

  defp entity("&"), do: "&amp;"
  defp entity("<"), do: "&lt;"
  defp entity(">"), do: "&gt;"
  defp entity("\""), do: "&quot;"
  defp entity("'"), do: "&#39;"
end
