defmodule Live.CompletionTest do
  @moduledoc "What a shell offers after the words of a command line, which are split as bash does."
  use ExUnit.Case, async: true

  import Live.Node, only: [own_dir: 1]

  alias Live.Cprof

  setup :own_dir

  # The last word is completed.
  defp offers(words, dir) do
    script = """
    eval "$("$0" --completion bash)"
    COMP_WORDS=(cprof "$@") COMP_CWORD=$#
    _cprof
    printf '%s\\n' "${COMPREPLY[@]}"
    """

    {out, 0} = System.cmd("bash", ["-c", script, Cprof.program() | words], cd: dir)
    String.split(out, "\n", trim: true)
  end

  test "verbs, options, values and files", %{dir: dir} do
    File.write!("#{dir}/a b.pb.gz", "")
    assert offers(["rep"], dir) == ["report"]
    assert offers(["help", "rep"], dir) == ["report"]
    assert offers(["report", "--tr"], dir) == ["--tree"]
    assert offers(["report", "--state", "p"], dir) == ["port"]
    assert offers(["report", "a"], dir) == ["a b.pb.gz"]
    assert offers(["report", "-o", "a"], dir) == ["a b.pb.gz"]
  end

  test "the value behind an equals sign, which is a word of its own", %{dir: dir} do
    assert offers(["report", "--state", "=", "p"], dir) == ["port"]
    assert "running" in offers(["report", "--state", "="], dir)
    # In zsh it is a part of the same word.
    assert offers(["report", "--state=p"], dir) == ["--state=port"]
    assert offers(["report", "--state=nosuch"], dir) == []
  end

  test "the command to be recorded, and its arguments", %{dir: dir} do
    File.write!("#{dir}/script.exs", "")
    assert "bash" in offers(["record", "--", "bas"], dir)
    assert "bash" in offers(["record", "-d", "3", "--", "bas"], dir)
    assert offers(["record", "--", "mix", "scr"], dir) == ["script.exs"]
    assert offers(["record", "--", "mix", "--eng"], dir) == []
    refute "bash" in offers(["report", "bas"], dir)
  end
end
