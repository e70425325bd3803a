defmodule Cprof.Measurement do
  @moduledoc false
  # Runs code and records each run: what mix profile.run does between reading its
  # options and writing its reports. Results are kept outside the heap of the process
  # that runs the code: there they would change the work of the collector, and a
  # loaded baseline would make a difference.

  alias Cprof.{Allocated, Error, Options, Profile, Runs}

  # Of allocation, in percent of the CPU time. It may cost much, because slower code allocates as much.
  @max_cost 50

  @typedoc "What `keep/1` put aside, for the process that did."
  @opaque kept :: :ets.table()
  @type measured :: {Runs.t(), Profile.t()}
  @type outcome :: {:value, term()} | {:raised, atom(), term(), list()} | {:failed, Error.t()}

  @type at_end :: (Runs.t() -> [{Path.t(), map()}])

  @doc """
  Runs `fun` as many times as `first` (the first run) says, until a run raises or cannot be recorded. Returns what was
  recorded until then. If the code ends this VM, the program writes the files that `at_end` names for that run.
  """
  @spec run(fun(), keyword(), Runs.t(), at_end()) :: {outcome(), [measured()]}
  def run(fun, record, %Runs{} = first, at_end) do
    how = %{fun: fun, record: Options.to_map(record), at_end: at_end, allocates?: false}
    {outcome, kept} = how |> of_allocation() |> repeat(first, [])
    {outcome, kept |> Enum.reverse() |> Enum.map(&take/1)}
  end

  @doc """
  Puts a term aside while code is measured in this process. What the process holds makes its collections dearer, and
  binaries that it holds make them more frequent, so the term is put into a table, as one binary.

      iex> Cprof.Measurement.take(Cprof.Measurement.keep([1, 2, 3]))
      [1, 2, 3]
  """
  @spec keep(term()) :: kept()
  def keep(term) do
    table = :ets.new(__MODULE__, [:private])
    :ets.insert(table, {:kept, :erlang.term_to_binary(term)})
    table
  end

  @doc "Gets back what was kept, once."
  @spec take(kept()) :: term()
  def take(table) do
    [{:kept, packed}] = :ets.lookup(table, :kept)
    :ets.delete(table)
    :erlang.binary_to_term(packed)
  end

  # Wrong options are refused when the recording is to start.
  defp of_allocation(%{record: record} = how) do
    case :cprof_options.check(record, [:record]) do
      {:ok, checked} -> of_events(how, :cprof_options.events(checked))
      {:error, _} -> how
    end
  end

  defp of_events(%{record: record} = how, ["alloc"]),
    do: %{how | allocates?: true, record: Map.put_new(record, :max_cost, @max_cost)}

  defp of_events(how, events), do: %{how | allocates?: "alloc" in events}

  defp repeat(how, run, measured) do
    # So that garbage of earlier code is not collected during this run.
    :erlang.garbage_collect()
    threads = Path.wildcard("/proc/self/task/*/schedstat")
    waited = waited_us(threads)

    case :cprof_sampler.start(how.record, %{owner: self(), at_end: how.at_end.(run), cpu_rate: 999}) do
      :ok ->
        before = if how.allocates?, do: Allocated.read()
        {wall_us, outcome} = timed(how.fun)
        run = %{run | wall_us: wall_us, waited_us: max(waited_us(threads) - waited, 0), allocated: since(before)}
        stopped(:cprof_sampler.stop(%{run: Runs.to_text(run)}), outcome, {how, run, measured})

      {:error, failure} ->
        {{:failed, Error.new(failure)}, measured}
    end
  end

  defp since(nil), do: nil
  defp since(before), do: Allocated.between(before, Allocated.read())

  # What the code raised is more important than a failure of the recording.
  defp stopped({:error, failure}, outcome, {_, _, measured}) do
    outcome = if match?({:value, _}, outcome), do: {:failed, Error.new(failure)}, else: outcome
    {outcome, measured}
  end

  defp stopped({:ok, recorded}, outcome, {how, run, measured}) do
    measured = [keep({run, struct!(Profile, recorded)}) | measured]

    if run.wall_us && run.number < run.count,
      do: repeat(how, %{run | number: run.number + 1, wall_us: nil, allocated: nil}, measured),
      else: {outcome, measured}
  end

  defp timed(fun) do
    started = System.monotonic_time()

    outcome =
      try do
        {:value, fun.()}
      catch
        kind, reason -> {:raised, kind, reason, __STACKTRACE__}
      end

    wall_us = System.convert_time_unit(System.monotonic_time() - started, :native, :microsecond)
    {if(match?({:value, _}, outcome), do: max(wall_us, 1)), outcome}
  end

  # How long the threads of this VM have been ready to run without a CPU since it
  # started; 0 if the kernel does not count it.
  defp waited_us(threads) do
    threads |> Enum.map(&thread_waited_ns(File.read(&1))) |> Enum.sum() |> div(1000)
  end

  defp thread_waited_ns({:ok, text}) do
    case String.split(text) do
      [_, waited | _] -> String.to_integer(waited)
      _ -> 0
    end
  end

  # The thread has just ended.
  defp thread_waited_ns({:error, _}), do: 0
end
