defmodule ModulesTest do
  @moduledoc "Lint's check for cycles and layers finds planted faults, in Erlang and in Elixir."
  use ExUnit.Case, async: true

  setup do
    {dir, 0} = System.cmd("mktemp", ["-d", "-t", "cprof-modules-XXXXXXXX"])
    dir = String.trim(dir)
    on_exit(fn -> File.rm_rf!(dir) end)
    %{dir: dir}
  end

  defp plant(dir, file, code) do
    file = Path.join(dir, file)
    File.mkdir_p!(Path.dirname(file))
    File.write!(file, code)
  end

  defp check(dir), do: System.cmd("elixir", ["test/modules.exs", dir], stderr_to_stdout: true)

  test "a call, a type and a later call between both languages are a circle", %{dir: dir} do
    plant(dir, "planted_a.erl", "-module(planted_a).\n-export([f/0]).\nf() -> planted_b:f().\n")

    plant(
      dir,
      "planted_b.erl",
      "-module(planted_b).\n-export([f/0]).\n-spec f() -> 'Elixir.PlantedC':t().\nf() -> 1.\n"
    )

    plant(dir, "c.ex", "defmodule PlantedC do\n@type t :: integer()\ndef f, do: {:planted_a, :f, []}\nend\n")
    assert {found, 1} = check(dir)
    assert [line] = String.split(found, "\n", trim: true)
    assert line =~ "circle of 3 modules: "

    for module <- [":planted_a -> :planted_b", ":planted_b -> PlantedC", "PlantedC -> :planted_a"],
        do: assert(line =~ module)
  end

  test "a folder that uses one above it, and one that may", %{dir: dir} do
    plant(dir, "base/planted_low.erl", "-module(planted_low).\n-export([f/0]).\nf() -> planted_high:f().\n")
    plant(dir, "snapshot/planted_high.erl", "-module(planted_high).\n-export([f/0]).\nf() -> 1.\n")
    plant(dir, "snapshot/planted_user.erl", "-module(planted_user).\n-export([f/0]).\nf() -> planted_low:f().\n")
    assert check(dir) == {"base/planted_low uses snapshot/planted_high\n", 1}
  end
end
