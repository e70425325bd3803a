defmodule Cprof.HostileNamesTest do
  @moduledoc "Whatever the names of modules, functions and files are, the output is only lines of text."
  use ExUnit.Case, async: false
  import ExUnit.CaptureIO

  alias Cprof.RunText
  alias Mix.Tasks.Profile.Run

  @bad "\e[2J\u202e\u2028\u0085\nforged"
  @shown ~S"\x{1B}[2J\x{202E}\x{2028}\x{85}\x{0A}forged"
  @forbidden ~r/[\x{00}-\x{09}\x{0b}-\x{1f}\x{7f}-\x{9f}\x{61c}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}]/u

  # 100 runs of the function give more than one sample.
  @script """
  bad = #{inspect(@bad)}
  module = String.to_atom("m" <> bad)
  function = String.to_atom("f" <> bad)
  unless :erlang.module_loaded(module) do
    Module.create(
      module,
      quote do
        def unquote(function)(0), do: 0
        def unquote(function)(n), do: unquote(function)(n - 1)
      end,
      Macro.Env.location(__ENV__)
    )
  end
  for _ <- 1..100, do: apply(module, function, [500_000])
  """

  setup do
    dir = Path.join(System.tmp_dir!(), "cprof-hostile-#{System.pid()}-#{System.unique_integer([:positive])}")
    File.mkdir_p!(dir)
    on_exit(fn -> File.rm_rf!(dir) end)
    %{dir: dir}
  end

  defp clean(text) do
    refute text =~ @forbidden, "#{inspect(Regex.run(@forbidden, text))} in #{inspect(text)}"
    refute text =~ "\nforged"
    text
  end

  defp run(args), do: capture_io(fn -> Run.run(args) end)

  test "reports, comparisons and the files they name", %{dir: dir} do
    file = Path.join(dir, "base#{@bad}.pb.gz")
    assert clean(run(["--runs", "2", "--save", file, "-e", @script])) =~ "Wrote #{dir}/base#{@shown}.pb.gz"
    text = clean(run(["--runs", "2", "--baseline", file, "-e", @script]))
    # The VM itself escapes control characters in a name; cprof escapes the rest.
    [_, compared] = String.split(text, "CPU time per run, by function", parts: 2)
    assert compared =~ ~S"f\033[2J\x{202E}"
    File.rm!(String.replace_suffix(file, ".pb.gz", "-2.pb.gz"))

    warned = capture_io(:stderr, fn -> run(["--runs", "2", "--baseline", file, "-e", @script]) end)
    assert clean(warned) =~ "base#{@shown}.pb.gz"
  end

  test "errors", %{dir: dir} do
    none = Path.join(dir, "none#{@bad}")

    for args <- [
          ["--baseline", none],
          ["--engine", @bad],
          ["--format", @bad],
          ["--output", none],
          ["--output", none <> "/x.html"],
          ["--focus", "(" <> @bad]
        ] do
      error = assert_raise Mix.Error, fn -> run(args ++ ["-e", "1"]) end
      refute clean(error.message) =~ "\n"
    end

    for result <- [
          Cprof.read(none),
          Cprof.write(elem(Cprof.record(0.2), 1), none <> "/x.html"),
          Cprof.start([{:rate, @bad}])
        ] do
      assert {:error, error} = result
      refute clean(Exception.message(error)) =~ "\n"
    end

    File.write!(none, "hello")
    assert {:error, error} = Cprof.read(none)
    refute clean(Exception.message(error)) =~ "\n"
  end

  test "a sentence, and who called" do
    measure = %{verdict: :new, now_ms: 1.0}
    sentence = RunText.sentence({"f" <> @bad, measure, "g" <> @bad}, %{change: 0.0, interval: nil}, false)
    assert clean(sentence) =~ "f#{@shown} (called by g#{@shown}) took no CPU time and now takes 1.0 ms"
    assert RunText.caller("main;a;f#{@shown};x 3\n", "f" <> @bad) == "a"
  end
end
