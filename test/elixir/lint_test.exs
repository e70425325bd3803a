defmodule LintTest do
  @moduledoc "Faults are planted in a copy of the tree: each check of lint must find them, in every folder."
  use ExUnit.Case, async: true

  @moduletag timeout: 600_000

  setup_all do
    {dir, 0} = System.cmd("mktemp", ["-d", "-t", "cprof-lint-XXXXXXXX"])
    dir = String.trim(dir)
    on_exit(fn -> File.rm_rf!(dir) end)
    for part <- ~w(c_src lib ARCHITECTURE.md), do: File.cp_r!(part, Path.join(dir, part))
    File.mkdir_p!(Path.join(dir, "test"))
    for file <- ~w(lint.sh modules.exs), do: File.cp!("test/#{file}", Path.join([dir, "test", file]))
    %{dir: dir}
  end

  defp lint(dir, check), do: System.cmd("sh", ["test/lint.sh", check], cd: dir, stderr_to_stdout: true)

  # The output of the check for the tree with that file changed, without its first line.
  defp planted(dir, check, file, change) do
    path = Path.join(dir, file)
    before = if File.exists?(path), do: File.read!(path)
    changed = change.(before)
    assert changed != before
    File.write!(path, changed)
    {said, status} = lint(dir, check)
    if before, do: File.write!(path, before), else: File.rm!(path)
    assert {status, String.starts_with?(said, "lint: #{check}\n")} == {1, true}
    said |> String.split("\n", trim: true) |> tl() |> Enum.join("\n")
  end

  defp more(text), do: &(&1 <> text)
  defp instead(from, to), do: &String.replace(&1, from, to, global: false)

  test "the tree as it is", %{dir: dir} do
    for check <- ~w(layers sizes banned names includes once), do: assert(lint(dir, check) == {"lint: clean\n", 0})
  end

  test "an include from a folder above, in a subfolder, too", %{dir: dir} do
    for file <- ~w(c_src/base/index.h c_src/engine/bpf/copy.bpf.h),
        do: assert(planted(dir, "layers", file, more("#include \"cli/say.h\"\n")) == "#{file} includes cli/say.h")
  end

  test "a circle in the table of folders, and one in the includes", %{dir: dir} do
    said =
      planted(
        dir,
        "layers",
        "ARCHITECTURE.md",
        instead(" of terms, sums over processes | -", " of terms, sums over processes | profile")
      )

    assert said =~ "a circle of folders: base"

    assert planted(dir, "layers", "c_src/profile/frame.h", more("#include \"report/sink.h\"\n")) =~
             "profile/frame.h includes"
  end

  test "a Makefile that links tests with other folders than the table has", %{dir: dir} do
    said =
      planted(
        dir,
        "layers",
        "c_src/Makefile",
        instead("USES_unwind   := unwind target base", "USES_unwind   := unwind base")
      )

    assert said == "only in ARCHITECTURE.md: unwind target"

    said =
      planted(
        dir,
        "layers",
        "c_src/Makefile",
        instead("USES_output   := output base", "USES_output   := output base target")
      )

    assert said == "only in USES_ of c_src/Makefile: output target"
  end

  test "a folder that the table lacks", %{dir: dir} do
    File.mkdir!(Path.join(dir, "c_src/misc"))
    said = planted(dir, "layers", "c_src/misc/all.c", fn nil -> "\n" end)
    File.rmdir!(Path.join(dir, "c_src/misc"))
    assert said == "misc is only in one of: c_src, the table of ARCHITECTURE.md"
  end

  test "what lib may use is the table's, too", %{dir: dir} do
    said =
      planted(
        dir,
        "modules",
        "ARCHITECTURE.md",
        instead("it is big | base, native |", "it is big | base |")
      )

    assert said =~ "snapshot/cprof_walk uses native/cprof_walk_nif"
  end

  test "long functions, banned calls and names used twice where BPF's code is", %{dir: dir} do
    bpf = "c_src/engine/bpf/copy.bpf.h"
    long = "int f(void)\n{\n" <> String.duplicate("    ;\n", 90) <> "}\n"
    assert planted(dir, "sizes", bpf, more(long)) =~ ~r/^#{bpf}:\d+ has 91 lines$/m
    assert planted(dir, "banned", bpf, more("    strcpy(a, b);\n")) =~ ~r/^#{bpf}:\d+: +strcpy/
    assert planted(dir, "banned", "c_src/nif/walk.c", more("    exit(1);\n")) =~ ~r/^c_src.nif.walk.c:\d+: +exit/
    assert planted(dir, "names", "c_src/engine/bpf/index.h", fn nil -> "\n" end) == "file name used twice: index.h"
  end

  test "includes out of order", %{dir: dir} do
    said = planted(dir, "includes", "c_src/base/index.c", &("#include <errno.h>\n" <> &1))
    assert said =~ "c_src/base/index.c does not begin with its own header"
    said = planted(dir, "includes", "c_src/profile/rows.c", more("#include <errno.h>\n"))
    assert said == "c_src/profile/rows.c: <errno.h> stands behind others"
  end

  test "a key, an option and an extension written twice, and an option that is none", %{dir: dir} do
    again = fn line -> more("static const char *again = #{line};\n") end
    assert planted(dir, "once", "c_src/report/sink.c", again.(~s("culprit"))) == ~s(report key written twice: "culprit")
    assert planted(dir, "once", "c_src/report/sink.c", again.(~s("host"))) == ~s(report key written twice: "host")

    row = ~s(    {"rate", 0, RECORD, NULL, NULL, false, NULL, 0, "again"},\n)
    assert planted(dir, "once", "c_src/cli/option_table.c", more(row)) == "option name written twice: rate"
    assert planted(dir, "once", "c_src/cli/say.c", again.(~s(".pb.gz"))) == ~s(extension written twice: ".pb.gz")
    assert planted(dir, "once", "c_src/base/err.c", again.(~s("add --rates"))) == "no option is called --rates"
    assert planted(dir, "once", "c_src/formats/view.c", again.(~s(" --state %s"))) =~ "an option by a name of its own"
  end
end
