defmodule Cprof.RunOptions do
  @moduledoc false
  # The options of mix profile.run, checked before any code runs. What is wrong is raised as Mix.Error.

  alias Cprof.{Options, RunFiles, Runs}

  @of_task [:warmup, :runs, :output, :save, :baseline, :fail_above]
  @max_runs 10_000

  @type checked :: %{record: keyword(), render: keyword(), task: keyword(), compared: [String.t()]}

  @doc """
  The options by what they are for (`Cprof.Options.split/1`), and the events that are compared with a baseline.
  """
  @spec check!(keyword()) :: checked()
  def check!(opts) do
    %{record: record, render: render, task: task} = split = Options.split(opts)

    case Keyword.keys(task) -- @of_task do
      [] -> :ok
      [key | _] -> fail!("unknown option #{inspect(key)}")
    end

    check_numbers!(task)
    {:ok, checked} = ok!(:cprof_options.check(Options.to_map(record ++ render), [:record, :render]))
    compared = checked |> :cprof_options.events() |> RunFiles.compared()
    check_comparable!(checked, compared, task)
    check_files!(checked, task)
    Map.put(split, :compared, compared)
  end

  defp check_comparable!(%{event: event}, [], task) do
    if Keyword.has_key?(task, :baseline),
      do: fail!("option baseline is only for events cpu and alloc: recordings of event #{event} cannot be compared")
  end

  defp check_comparable!(_, _, _), do: :ok

  defp check_numbers!(task) do
    runs = Keyword.get(task, :runs, 1)
    limit = Keyword.get(task, :fail_above, 0)
    in_range? = is_integer(runs) and runs in 1..@max_runs
    if not in_range?, do: fail!("option runs must be a number from 1 to #{@max_runs}, not #{inspect(runs)}")

    if not (is_number(limit) and limit >= 0),
      do: fail!("option fail_above must be a number of percent, 0 or more, not #{inspect(limit)}")

    if task[:fail_above] && not Keyword.has_key?(task, :baseline),
      do: fail!("option fail_above needs a baseline: make one with --save, and name it with --baseline")
  end

  defp check_files!(%{format: format} = checked, task) when format in ["html", "pprof"] do
    if Options.files(task, :output) == [],
      do: fail!("format #{format} is not for the terminal: name a file with --output")

    check_written!(checked, task)
  end

  defp check_files!(checked, task), do: check_written!(checked, task)

  defp check_written!(checked, task) do
    saved = Enum.flat_map(Options.files(task, :save), &Runs.files(&1, task[:runs] || 1))
    ok!(:cprof_sampler.check_outputs(Map.put(checked, :output, Options.files(task, :output))))
    ok!(:cprof_sampler.check_outputs(%{output: saved, format: "pprof"}))

    for file <- Options.files(task, :baseline), not File.regular?(file) do
      fail!("#{file}: no such baseline; make it with mix profile.run --save #{file}")
    end
  end

  # The text may quote file names and values, which may contain anything.
  @spec fail!(String.t()) :: no_return()
  defp fail!(text), do: Mix.raise(:cprof_words.shown(text))

  defp ok!({:error, {_code, text}}), do: fail!(text)
  defp ok!({:error, text}) when is_binary(text), do: fail!(text)
  defp ok!(ok), do: ok
end
