# Which modules of lib/ refer to each other, Erlang and Elixir together, and what is wrong with that:
#
#     elixir test/modules.exs [FOLDER]        (default: lib)
#
#   circles   modules that need each other, by whatever way
#   layers    the table of ARCHITECTURE.md: which folder may use which
#
# Prints one line for each and exits with 1 when there is any. A module refers to another when its name stands anywhere
# in its code: in a call, a type, a struct, or as an atom by which it is called later. All is compiled in memory, so
# nothing has to be built before.
defmodule Modules do
  @spec main([String.t()]) :: no_return()
  def main(args) do
    folder = List.first(args) || "lib"
    code = erlang(folder) ++ elixir(folder)
    if code == [], do: fail("no module in #{folder}")

    graph = :digraph.new()

    for {module, file, _} <- code,
        do: :digraph.add_vertex(graph, module, file |> Path.relative_to(folder) |> Path.dirname())

    for {module, _, beam} <- code,
        name <- names(forms(beam)),
        name != module,
        do: :digraph.add_edge(graph, module, name)

    found = circles(graph) ++ layers(graph, table())
    Enum.each(found, &IO.puts/1)
    System.halt(if found == [], do: 0, else: 1)
  end

  # --- what is there --------------------------------------------------------------------------------------------------

  # Loaded, too: the Elixir compiler warns of modules that are not there.
  defp erlang(folder) do
    for file <- Path.wildcard("#{folder}/**/*.erl") do
      case :compile.file(String.to_charlist(file), [:binary, :debug_info, :return_errors]) do
        {:ok, module, beam} ->
          {:module, ^module} = :code.load_binary(module, String.to_charlist(file), beam)
          {module, file, beam}

        {:error, errors, _} ->
          fail("#{file} does not compile: #{inspect(errors)}")
      end
    end
  end

  defp elixir(folder) do
    owner = self()
    Code.compiler_options(debug_info: true, ignore_module_conflict: true)
    each = fn file, module, beam -> send(owner, {:compiled, module, file, beam}) end

    case Kernel.ParallelCompiler.compile(Path.wildcard("#{folder}/**/*.ex"), each_module: each, return_diagnostics: true) do
      {:ok, modules, _} ->
        for module <- modules, do: receive(do: ({:compiled, ^module, file, beam} -> {module, file, beam}))

      {:error, _, _} ->
        fail("the Elixir sources of #{folder} do not compile")
    end
  end

  defp forms(beam) do
    {:ok, {module, [debug_info: {:debug_info_v1, backend, data}]}} = :beam_lib.chunks(beam, [:debug_info])
    {:ok, forms} = backend.debug_info(:erlang_v1, module, data, [])
    forms
  end

  # --- who needs whom -------------------------------------------------------------------------------------------------

  # What a module says of itself is no reference; its specs and types are.
  @of_itself [:module, :file, :export, :compile, :behaviour, :ignore_xref, :dialyzer]

  defp names(forms) do
    for form <- forms,
        not match?({:attribute, _, said, _} when said in @of_itself, form),
        name <- atoms(form),
        uniq: true,
        do: name
  end

  defp atoms(atom) when is_atom(atom), do: [atom]
  defp atoms(tuple) when is_tuple(tuple), do: tuple |> Tuple.to_list() |> Enum.flat_map(&atoms/1)
  defp atoms([head | tail]), do: atoms(head) ++ atoms(tail)
  defp atoms(map) when is_map(map), do: map |> Map.to_list() |> Enum.flat_map(&atoms/1)
  defp atoms(_), do: []

  # The shortest way round through one of them, and how many modules hang together.
  defp circles(graph) do
    for [first | _] = part <- :digraph_utils.cyclic_strong_components(graph) do
      way = graph |> :digraph.get_short_cycle(first) |> Enum.map_join(" -> ", &inspect/1)
      "circle of #{length(part)} modules: #{way}"
    end
  end

  # The rows of ARCHITECTURE.md's table of lib, but for those that may use all.
  defp table() do
    text = File.read!(Path.join(__DIR__, "../ARCHITECTURE.md"))
    [_, section] = String.split(text, "## Folders of lib", parts: 2)
    [section | _] = String.split(section, "\n## ")
    rows = for "| " <> row <- String.split(section, "\n"), do: row |> String.split("|") |> Enum.map(&String.trim/1)

    table =
      for [folder, _, may | _] <- rows, may not in ["may use", "all"], into: %{}, do: {folder, may_use(folder, may)}

    if table == %{}, do: fail("ARCHITECTURE.md has no table of the folders of lib")
    table
  end

  defp may_use(folder, "-"), do: [folder]
  defp may_use(folder, may), do: [folder | String.split(may, ", ")]

  defp layers(graph, may_use) do
    for edge <- :digraph.edges(graph),
        {_, module, name, _} = :digraph.edge(graph, edge),
        {_, folder} = :digraph.vertex(graph, module),
        {_, other} = :digraph.vertex(graph, name),
        allowed = may_use[folder],
        other not in allowed,
        do: "#{folder}/#{module} uses #{other}/#{name}"
  end

  defp fail(text) do
    IO.puts(:stderr, "modules.exs: #{text}")
    System.halt(2)
  end
end

# The Mix task needs Mix.
Application.ensure_all_started(:mix)
Modules.main(System.argv())
