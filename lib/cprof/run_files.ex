defmodule Cprof.RunFiles do
  @moduledoc false
  # Writes the recordings of a measurement to files, one for each run, and reads them back together.

  alias Cprof.{Error, Profile, Runs}

  @compared ["cpu", "alloc"]

  @max_runs 10_000

  @type measured :: {Runs.t(), Profile.t()}

  @doc """
  Writes the recording of each run to its file. Returns the files.
  """
  @spec save([measured()], Path.t()) :: {:ok, [Path.t()]} | {:error, Error.t()}
  def save(measured, file) do
    files = Runs.files(file, length(measured))

    failed =
      Enum.find_value(Enum.zip(files, measured), fn {file, {_, profile}} ->
        case :cprof_sampler.save(profile.recording, file, %{}) do
          :ok -> nil
          {:error, failure} -> {:error, Error.new(failure)}
        end
      end)

    failed || {:ok, files}
  end

  @doc """
  Those of the events of a recording that can be compared.
  """
  @spec compared([String.t()]) :: [String.t()]
  def compared(events), do: Enum.filter(events, &(&1 in @compared))

  @doc """
  Reads the runs of one measurement that were saved as `file` and did not raise, for a comparison of these events. Also
  returns sentences that say what is missing.
  """
  @spec load(Path.t(), [String.t()]) :: {:ok, [measured()], [String.t()]} | {:error, Error.t()}
  def load(file, events \\ ["cpu"]) do
    with {:ok, profile} <- Cprof.read(file),
         {:ok, first} <- run_of(profile, file),
         :ok <- comparable(profile, first, file, events) do
      rest = file |> Runs.files(min(first.count, @max_runs)) |> tl() |> Enum.flat_map(&same_set(&1, first.set))
      whole([{first, profile} | rest], first.count, file)
    end
  end

  defp comparable(profile, run, file, events) do
    missing = Enum.find(events, &(Profile.of_event(profile, &1) == nil))
    recorded = Enum.filter(["cpu", "wall", "alloc", "block"], &Profile.of_event(profile, &1))

    cond do
      missing && compared(recorded) == [] ->
        text = "was recorded with --event #{Enum.join(recorded, ",")}, and such recordings cannot be compared"
        error(:wall, file, text)

      missing ->
        text = "was recorded with --event #{Enum.join(recorded, ",")}; compare it with that option, or save it again"
        error(:no_event, file, text)

      "alloc" in events and run.wall_us != nil and run.allocated == nil ->
        error(:no_baseline, file, "does not say what its runs allocated; save it again with mix profile.run --save")

      true ->
        :ok
    end
  end

  defp run_of(profile, file) do
    case Runs.from_text(profile.report.meta.run) do
      nil ->
        text = "was not made by mix profile.run --save; compare recordings of other work with cprof diff"
        error(:no_baseline, file, text)

      run ->
        {:ok, run}
    end
  end

  # A file of an earlier measurement may still be there.
  defp same_set(file, set) do
    with {:ok, profile} <- Cprof.read(file),
         {:ok, %Runs{set: ^set} = run} <- run_of(profile, file) do
      [{run, profile}]
    else
      _ -> []
    end
  end

  defp whole(measured, count, file) do
    case Enum.filter(measured, fn {run, _} -> run.wall_us end) do
      [] -> error(:no_baseline, file, "its code raised; save it again with mix profile.run --save")
      good when length(good) == count -> {:ok, good, []}
      good -> {:ok, good, [:cprof_words.shown("#{file}: only #{length(good)} of its #{count} runs were found")]}
    end
  end

  defp error(code, file, text), do: {:error, Error.new({code, "#{file}: #{text}"})}
end
