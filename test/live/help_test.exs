defmodule Live.HelpTest do
  @moduledoc "What the program says about itself."
  use ExUnit.Case, async: true

  import Live.Cprof, only: [one_line: 1]

  alias Live.Cprof

  @verbs ~w(record report diff top dump snapshot watch doctor)

  defp shown(args) do
    {text, "", 0} = Cprof.run(args)
    text
  end

  test "`cprof help VERB` is `cprof VERB --help`, and without a verb it names all of them" do
    whole = shown(["help"])
    assert shown(["--help"]) == whole

    for verb <- @verbs do
      text = shown([verb, "--help"])
      assert text =~ ~r/^cprof #{verb} /
      assert text =~ "--help"
      assert shown(["help", verb]) == text
      assert shown(["--help", verb]) == text
      assert whole =~ ~r/^  cprof #{verb} /m
    end
  end

  test "words that are too many are refused" do
    for args <- [~w(--nodes -q), ~w(--version x), ~w(--man watch), ~w(help watch dump), ~w(--completion bash zsh)] do
      {"", said, 2} = Cprof.run(args)
      assert one_line(said) == "cprof: #{List.last(args)}: unexpected argument; see `cprof --help`"
    end
  end

  test "help of what is no verb for people" do
    for word <- ["sing", "port"] do
      {"", said, 2} = Cprof.run(["help", word])
      assert one_line(said) =~ "no verb '#{word}'"
    end
  end
end
