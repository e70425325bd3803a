defmodule CallGraph do
  @moduledoc "Which of a work module's functions can stand above which on a stack, by its source."

  @modules ~w(known_work known_burns)

  @doc "The functions that each function reaches by calls, tail calls between them left out or not."
  def of(_node) do
    for module <- @modules, into: %{} do
      {:ok, forms} = :epp.parse_file(~c"test/live/work/#{module}.erl", [])
      calls = for {:function, _, name, arity, clauses} <- forms, into: %{}, do: {{name, arity}, callees(clauses)}
      {module, for({function, _} <- calls, into: %{}, do: {text(function), reach(calls, function)})}
    end
  end

  @doc "How many stacks have a caller next to a callee that it never reaches."
  def impossible(graph, stacks) do
    Enum.sum(for {stack, n} <- stacks, impossible?(graph, stack), do: n)
  end

  defp impossible?(graph, stack) do
    stack
    |> Enum.zip(tl(stack))
    |> Enum.any?(fn {caller, callee} ->
      with [module, from] <- own(caller), [^module, to] <- own(callee), true <- from != to do
        not MapSet.member?(graph[module][from] || MapSet.new(), to)
      else
        _ -> false
      end
    end)
  end

  # Functions that the compiler made of comprehensions and funs belong to the one they are in.
  defp own(frame) do
    case Regex.run(~r/^(known_work|known_burns):(?:'-)?(\w+\/\d+)/, frame) do
      [_, module, function] -> [module, function]
      nil -> nil
    end
  end

  defp callees(clauses), do: clauses |> walk([]) |> Enum.uniq()

  defp walk({:call, _, {:atom, _, name}, args}, found), do: walk(args, [{name, length(args)} | found])
  defp walk({:fun, _, {:function, name, arity}}, found), do: [{name, arity} | found]
  defp walk(tuple, found) when is_tuple(tuple), do: walk(Tuple.to_list(tuple), found)
  defp walk(list, found) when is_list(list), do: Enum.reduce(list, found, &walk/2)
  defp walk(_, found), do: found

  # What is called through a variable: any piece.
  defp reach(calls, function) do
    pieces = for {{name, _} = f, _} <- calls, String.ends_with?(Atom.to_string(name), "_piece"), do: f
    direct = fn f -> if f == {:timed, 2}, do: pieces ++ (calls[f] || []), else: calls[f] || [] end
    direct.(function) |> spread(MapSet.new(), direct) |> MapSet.new(&text/1)
  end

  defp spread([], seen, _), do: seen

  defp spread([f | rest], seen, direct) do
    if MapSet.member?(seen, f),
      do: spread(rest, seen, direct),
      else: spread(direct.(f) ++ rest, MapSet.put(seen, f), direct)
  end

  defp text({name, arity}), do: "#{name}/#{arity}"
end
