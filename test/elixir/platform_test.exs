defmodule Cprof.PlatformTest do
  use ExUnit.Case, async: true

  # With this list, the program distinguishes the application's modules from those of OTP and Elixir. After a new
  # release, add what is missing and keep the order: `LC_ALL=C sort -u`.
  @list "c_src/profile/platform_modules.txt"

  test "the list has every module of this OTP and Elixir, and is sorted" do
    listed = @list |> File.read!() |> String.split("\n", trim: true)
    assert listed == Enum.sort(Enum.uniq(listed))
    missing = MapSet.difference(MapSet.new(installed()), MapSet.new(listed))
    assert MapSet.size(missing) == 0, "add to #{@list}: #{Enum.join(Enum.sort(missing), " ")}"
  end

  defp installed do
    elixir = :elixir |> :code.lib_dir() |> Path.dirname()

    # The folders of a project, and those where Debian keeps other packages, contain modules of others.
    for root <- [:code.lib_dir(), elixir],
        app <- File.ls!(root),
        hd(String.split(app, "-")) in applications(),
        beam <- Path.wildcard(Path.join([root, app, "ebin", "*.beam"])),
        do: Path.basename(beam, ".beam")
  end

  # The applications of OTP and Elixir. One that a release does not have is skipped.
  defp applications do
    ~w(asn1 common_test compiler crypto debugger dialyzer diameter edoc eldap erts et eunit ftp inets kernel megaco
       mnesia observer odbc os_mon parsetools public_key reltool runtime_tools sasl snmp ssh ssl stdlib syntax_tools
       tftp tools wx xmerl eex elixir ex_unit iex logger mix)
  end
end
