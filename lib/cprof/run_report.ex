defmodule Cprof.RunReport do
  @moduledoc false
  # Prints and writes the results of mix profile.run when its runs are over, and decides how it ends.

  alias Cprof.{Measurement, Options, RunBytesText, RunCompare, RunFiles, Runs, RunText}

  @above_limit 3

  @doc """
  Reports, saves and compares what was measured. Then returns the value of the code, or raises what the code raised.
  Exits with `{:shutdown, 3}` when a function grew by more than the limit.
  """
  @spec conclude(Measurement.outcome(), [Measurement.measured()], [Measurement.measured()], keyword()) :: term()
  def conclude({:value, value}, measured, baseline, opts) do
    report!(measured, opts)
    if baseline == [], do: walls(measured, opts), else: compare(baseline, measured, opts)
    value
  end

  # The failure of the code counts, even if the report fails as well.
  def conclude({:raised, kind, reason, stack}, measured, _, opts) do
    try do
      report!(measured, opts)
    rescue
      error -> Mix.shell().error(Exception.message(error))
    end

    :erlang.raise(kind, reason, stack)
  end

  def conclude({:failed, error}, measured, _, opts) do
    report!(measured, opts)
    Mix.raise(error.message)
  end

  @doc """
  What is written for a run whose code ends the VM: the report for the terminal, and the requested files.
  """
  @spec at_end(Runs.t(), keyword()) :: [{Path.t(), map()}]
  def at_end(%Runs{} = run, opts) do
    %{render: render} = Options.split(opts)
    {:ok, checked} = :cprof_options.check(Options.to_map(render), [:render])
    shown = for file <- ["-" | files(opts, :output)], do: :cprof_sampler.at_end(file, checked)
    saved = for file <- files(opts, :save), do: {Enum.at(Runs.files(file, run.count), run.number - 1), %{}}
    shown ++ saved
  end

  defp files(opts, key), do: opts |> Options.files(key) |> Enum.map(&IO.chardata_to_string/1)

  defp report!([], _), do: :ok

  defp report!(measured, opts) do
    %{render: render} = Options.split(opts)
    {run, profile} = typical(measured)
    {format, shown} = Keyword.pop(render, :format, "text")
    {:ok, text} = ok!(Cprof.render(profile, printed(to_string(format)), shown))
    if run.count > 1, do: say(opts, "Run #{run.number} of #{run.count}, the one with the median wall time:\n\n")
    IO.write(text)
    for file <- Options.files(opts, :output), do: written!(file, Cprof.write(profile, file, render))

    if file = opts[:save] do
      {:ok, files} = ok!(RunFiles.save(measured, file))
      Enum.each(files, &written!(&1, :ok))
    end
  end

  # The run with the median wall time; of an even number of runs the shorter of the
  # two in the middle. A run that raised has no wall time and is used only if no
  # other is left.
  defp typical(measured) do
    complete = Enum.filter(measured, fn {run, _} -> run.wall_us end)
    sorted = Enum.sort_by(complete, fn {run, _} -> run.wall_us end)
    Enum.at(sorted, div(length(sorted) - 1, 2)) || List.last(measured)
  end

  # These formats are only for files.
  defp printed(format) when format in ["html", "pprof"], do: "text"
  defp printed(format), do: format

  defp written!(file, result) do
    ok!(result)
    Mix.shell().info(:cprof_words.shown("Wrote #{file}"))
  end

  @doc """
  Prints text to standard output, or to standard error when standard output is for a program.
  """
  @spec say(keyword(), iodata()) :: :ok
  def say(opts, text) do
    device = if to_string(opts[:format] || "text") in ["json", "collapsed"], do: :stderr, else: :stdio
    IO.write(device, text)
  end

  defp walls([_], _), do: :ok

  defp walls(measured, opts) do
    wholes = if "alloc" in events(opts), do: ["\n", RunBytesText.wholes([{"now", runs(measured)}])], else: []
    say(opts, ["\n", RunText.walls([{"now", runs(measured)}]) | wholes])
  end

  defp compare(baseline, measured, opts) do
    results =
      for event <- RunFiles.compared(events(opts)),
          do: RunCompare.compare(event, baseline, measured, opts, &stacks(&1, event))

    say(opts, [for(%{tables: tables} <- results, do: ["\n", tables]), warmups(baseline, measured), "\n"])

    case for %{above: above} <- results, above, do: "Above the limit of #{limit(opts)} %: #{above}\n" do
      [] ->
        say(opts, for(%{sentence: sentence} <- results, do: [sentence, "\n"]))

      above ->
        say(opts, above)
        exit({:shutdown, @above_limit})
    end
  end

  defp events(opts) do
    {:ok, checked} = :cprof_options.check(Options.to_map(Keyword.take(opts, [:event])), [:record])
    :cprof_options.events(checked)
  end

  defp limit(opts) do
    if opts[:fail_above] == trunc(opts[:fail_above]), do: trunc(opts[:fail_above]), else: opts[:fail_above]
  end

  defp stacks(measured, event) do
    {_, profile} = typical(measured)
    {:ok, stacks} = ok!(Cprof.render(profile, :collapsed, event: event))
    stacks
  end

  defp warmups(baseline, measured) do
    case Enum.uniq_by(runs(baseline ++ measured), & &1.warm?) do
      [_] -> []
      _ -> "Some runs were warmed up and some were not: use --warmup for all of them, or --no-warmup for all\n"
    end
  end

  defp runs(measured), do: for({run, _} <- measured, do: run)

  defp ok!({:error, %Cprof.Error{message: text}}), do: Mix.raise(text)
  defp ok!(ok), do: ok
end
