defmodule CallGraph do
  @moduledoc """
  Who can stand above whom on a stack, from compiled code: a function stands above what it calls and, as a tail call
  leaves no frame, above what that goes on in. Functions are their texts, "lists:seq/2".
  """

  # How far calls are followed into modules that are not the work's own.
  @foreign_depth 3

  defstruct [:own, :mentioned, :cache]

  @doc "Of the modules in a node's folder and, where they call them, of OTP's."
  def of(dir) do
    cache = :ets.new(:code, [:public])
    own = for file <- Path.wildcard(Path.join(dir, "*.beam")), do: load(cache, file)
    known = for {function, calls} <- :ets.tab2list(cache), is_binary(function), do: {function, calls}

    mentioned =
      for {function, c} <- known, name <- [function | Enum.concat(c.body, c.tail)], into: MapSet.new(), do: name

    %__MODULE__{own: MapSet.new(own), mentioned: mentioned, cache: cache}
  end

  @doc "How many of `{stack, n}` have a function of the work next to one that it cannot have called."
  def impossible(graph, stacks), do: Enum.sum(for {stack, n} <- stacks, bad_pair(graph, stack), do: n)

  @doc "The first such pair of a stack, or nil."
  def bad_pair(graph, stack) do
    stack
    |> Enum.zip(tl(stack))
    |> Enum.find(fn {caller, callee} ->
      own?(graph, caller) and MapSet.member?(graph.mentioned, callee) and not can_call?(graph, caller, callee)
    end)
  end

  defp own?(graph, function), do: MapSet.member?(graph.own, module(function))

  defp can_call?(graph, caller, callee) do
    case calls(graph.cache, caller) do
      nil -> true
      %{any: true} -> true
      %{body: body} -> goes_on_in?(graph.cache, MapSet.to_list(body), callee, MapSet.new())
    end
  end

  defp goes_on_in?(_, [], _, _), do: false
  defp goes_on_in?(_, [callee | _], callee, _), do: true

  defp goes_on_in?(cache, [f | rest], callee, seen) do
    case if(MapSet.member?(seen, f), do: nil, else: calls(cache, f)) do
      nil -> goes_on_in?(cache, rest, callee, MapSet.put(seen, f))
      %{any_tail: true} -> true
      %{tail: tail} -> goes_on_in?(cache, MapSet.to_list(tail) ++ rest, callee, MapSet.put(seen, f))
    end
  end

  @doc "The pieces that each function can be part of: %{function => [piece]}."
  def owners(graph) do
    for {name, _} <- :ets.tab2list(graph.cache),
        is_binary(name),
        piece = Bench.piece(name),
        function <- reach(graph, [{name, 0}], MapSet.new()),
        reduce: %{} do
      owners -> Map.update(owners, function, [piece], &[piece | &1])
    end
  end

  defp reach(_, [], seen), do: seen

  defp reach(graph, [{f, depth} | rest], seen) do
    c = if depth <= @foreign_depth, do: calls(graph.cache, f)
    depth = if own?(graph, f), do: 0, else: depth + 1

    cond do
      MapSet.member?(seen, f) -> reach(graph, rest, seen)
      c == nil -> reach(graph, rest, MapSet.put(seen, f))
      true -> reach(graph, for(g <- MapSet.union(c.body, c.tail), do: {g, depth}) ++ rest, MapSet.put(seen, f))
    end
  end

  defp module(function), do: function |> String.split(":", parts: 2) |> hd()

  # What a function calls; its module is read when it is first asked for. nil: not known.
  defp calls(cache, function) do
    module = module(function)

    with [] <- :ets.lookup(cache, {:module, module}),
         file when is_list(file) <- :code.where_is_file(String.to_charlist(module <> ".beam")) do
      load(cache, to_string(file))
    end

    case :ets.lookup(cache, function) do
      [{_, calls}] -> calls
      [] -> nil
    end
  end

  defp load(cache, file) do
    {:beam_file, module, _, _, _, functions} = :beam_disasm.file(String.to_charlist(file))
    :ets.insert(cache, {{:module, "#{module}"}, true})

    for {:function, name, arity, _, code} <- functions do
      empty = %{body: MapSet.new(), tail: MapSet.new(), any: false, any_tail: false}
      :ets.insert(cache, {text(module, name, arity), Enum.reduce(code, empty, &instruction/2)})
    end

    "#{module}"
  end

  # A BIF's or NIF's code here is a stub; it may go on in anything.
  defp instruction({op, _, {:extfunc, :erlang, :nif_error, _}, _}, c) when op == :call_ext_last, do: any(c)
  defp instruction({_, _, {:extfunc, :erlang, :nif_error, _}}, c), do: any(c)
  defp instruction({:call_ext, _, {:extfunc, :erlang, :apply, _}}, c), do: %{c | any: true}
  defp instruction({:call_ext, _, to}, c), do: body(c, to)
  defp instruction({:call_ext_only, _, to}, c), do: tail(c, to)
  defp instruction({:call_ext_last, _, to, _}, c), do: tail(c, to)
  defp instruction({:call, _, to}, c), do: body(c, to)
  defp instruction({:call_only, _, to}, c), do: tail(c, to)
  defp instruction({:call_last, _, to, _}, c), do: tail(c, to)
  defp instruction({:bif, name, _, args, _}, c), do: body(c, {:erlang, name, length(args)})
  defp instruction({:gc_bif, name, _, _, args, _}, c), do: body(c, {:erlang, name, length(args)})
  defp instruction({op, _}, c) when op in [:call_fun, :apply], do: %{c | any: true}
  defp instruction({:call_fun2, _, _, _}, c), do: %{c | any: true}
  defp instruction({:apply_last, _, _}, c), do: any(c)
  # Who makes a fun may have it called: that much for owners/1; as a pair it never is one.
  defp instruction({:make_fun2, to, _, _, _}, c), do: tail(c, to)
  defp instruction({:make_fun3, to, _, _, _, _}, c), do: tail(c, to)
  defp instruction(_, c), do: c

  defp any(c), do: %{c | any: true, any_tail: true}
  defp body(c, {:extfunc, m, f, a}), do: body(c, {m, f, a})
  defp body(c, {m, f, a}), do: %{c | body: MapSet.put(c.body, text(m, f, a))}
  defp tail(c, {:extfunc, m, f, a}), do: tail(c, {m, f, a})
  defp tail(c, {m, f, a}), do: %{c | tail: MapSet.put(c.tail, text(m, f, a))}

  defp text(m, f, a), do: to_string(:io_lib.format("~w:~w/~b", [m, f, a]))
end
