defmodule Cprof.Options do
  @moduledoc false
  # Turns keywords into the maps that the Erlang side checks (cprof_options), and
  # the switches of the Mix task into keywords.

  @doc """
  Options as a map. Of an option that is given twice, the last value counts. Anything that is not a keyword list is
  returned as it is, so that the Erlang side refuses it.
  """
  @spec to_map(keyword() | term()) :: map() | term()
  def to_map(opts), do: if(Keyword.keyword?(opts), do: Map.new(opts, &chardata/1), else: opts)

  @doc """
  Gives a function of the Erlang side the options as a map. The sentence that it raises for wrong ones is raised as an
  ArgumentError.
  """
  @spec call!(keyword() | term(), (map() | term() -> result)) :: result when result: term()
  def call!(opts, fun) do
    fun.(to_map(opts))
  catch
    :error, {:badarg, sentence} when is_binary(sentence) -> reraise ArgumentError, [message: sentence], __STACKTRACE__
  end

  # Elixir strings as Regex sources and paths may be iodata or structs.
  defp chardata({key, %Regex{} = regex}), do: {key, Regex.source(regex)}
  defp chardata(option), do: option

  @many [:output, :process, :span, :baseline]

  @doc """
  The parsed switches as options. Switches that may be given several times become lists.
  """
  @spec from_switches(keyword()) :: keyword()
  def from_switches(switches) do
    many =
      for key <- @many, values = Keyword.get_values(switches, key), values != [] do
        {key, List.flatten(values)}
      end

    Keyword.merge(switches, many)
  end

  @doc """
  The files of an option that may be given as one file, as a list, and several times.

      iex> Cprof.Options.files([output: "a.html", top: 3, output: ["b.txt", "c.json"]], :output)
      ["a.html", "b.txt", "c.json"]
  """
  @spec files(keyword(), atom()) :: [Path.t()]
  def files(opts, key), do: opts |> Keyword.get_values(key) |> List.flatten()

  @doc """
  Splits options into those of the recording, those of what is shown, and those of the Mix task.
  """
  @spec split(keyword()) :: %{record: keyword(), render: keyword(), task: keyword()}
  def split(opts) do
    {record, opts} = Keyword.split(opts, [:event, :rate, :max_cost, :engine, :kernel, :force, :command, :slower_than])
    {render, task} = Keyword.split(opts, [:format, :top, :process, :span, :focus, :ignore])
    # Spans are shown, and with :slower_than recorded.
    %{record: record ++ Keyword.take(render, [:span]), render: render, task: task}
  end
end
