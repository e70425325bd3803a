defmodule Cprof.MixProject do
  use Mix.Project

  # Mix and rebar3 share one statement of what this application is.
  {:ok, [{:application, :cprof, facts}]} = :file.consult(~c"#{__DIR__}/lib/cprof.app.src")
  @version to_string(facts[:vsn])
  @description to_string(facts[:description])

  def project do
    [
      app: :cprof,
      version: @version,
      description: @description,
      elixir: "~> 1.14",
      compilers: [:cprof_native | Mix.compilers()],
      erlc_paths: ["lib"],
      test_paths: ["test/elixir"],
      deps: deps(),
      docs: [main: "Cprof", extras: ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"]],
      package: package()
    ]
  end

  def application, do: []

  # Optional for those who use cprof, and not needed to build or test it: a
  # machine without Hex could not even say `mix test` with it.
  defp deps do
    if System.get_env("CPROF_HEX") == "1", do: [{:telemetry, "~> 1.0", optional: true}], else: []
  end

  defp package do
    [
      licenses: ["Apache-2.0"],
      links: %{},
      build_tools: ["mix", "rebar3", "make"],
      files: ~w(lib c_src rebar.config mix.exs README.md CHANGELOG.md LICENSE)
    ]
  end
end

defmodule Mix.Tasks.Compile.CprofNative do
  @moduledoc false
  # Runs make in c_src. It is defined here because Mix must know it before the
  # project is compiled, also when the project is somebody's dependency.
  use Mix.Task.Compiler

  # The last one is made for one VM: for a different VM than last time it is missing.
  @targets ["priv/cprof", "priv/cprof_nif.so", "priv/cprof_nif.erts-#{:erlang.system_info(:version)}"]

  @impl true
  def run(_args) do
    sources = Path.wildcard("c_src/**/*.{c,h,S,proto,html,js,css}")
    sources = ["c_src/Makefile", "lib/cprof.app.src" | sources]
    if Mix.Utils.stale?(sources, @targets), do: make(), else: {:noop, []}
  end

  @impl true
  def clean, do: Enum.each(@targets, &File.rm/1)

  defp make do
    case System.find_executable("make") do
      nil -> failed("make was not found; install make and a C compiler (see README.md)")
      make -> make |> run_make() |> result()
    end
  end

  defp run_make(make) do
    args = ["-s", "-C", "c_src", "-j#{System.schedulers_online()}"]
    {_, status} = System.cmd(make, args, into: IO.stream(:stdio, :line), stderr_to_stdout: true)
    status
  end

  # make leaves alone what did not change; the time says it was looked at. Mix
  # links priv into _build before it compiles, and in a clean checkout that is
  # too early.
  defp result(0) do
    Enum.each(@targets, &File.touch!/1)
    Mix.Project.build_structure()
    {:ok, []}
  end

  defp result(status), do: failed("make failed in c_src (status #{status})")

  defp failed(message) do
    Mix.shell().error(message)
    file = Path.expand("c_src/Makefile")
    fields = [file: file, position: 0, severity: :error, message: message]
    {:error, [struct!(Mix.Task.Compiler.Diagnostic, [compiler_name: "cprof_native"] ++ fields)]}
  end
end
