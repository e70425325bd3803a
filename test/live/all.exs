# Runs the live tests: `mix run --no-start test/live/all.exs [FILE...]`. Most of
# them measure on a machine that others use as well. So tests that fail run a
# second time, by themselves; the last lines of the output name them.
defmodule Live.Failed do
  @moduledoc "A formatter that notes which tests failed."
  use GenServer

  @spec take() :: [{module(), atom()}]
  def take do
    Agent.get_and_update(__MODULE__, &{&1, []})
  end

  @spec start() :: {:ok, pid()}
  def start, do: Agent.start(fn -> [] end, name: __MODULE__)

  @impl GenServer
  def init(_options), do: {:ok, nil}

  @impl GenServer
  def handle_cast({:test_finished, %ExUnit.Test{state: {kind, _}} = test}, state) when kind in [:failed, :invalid] do
    Agent.update(__MODULE__, &[{test.module, test.name} | &1])
    {:noreply, state}
  end

  def handle_cast(_, state), do: {:noreply, state}
end

{:ok, _} = Live.Failed.start()
ExUnit.start(autorun: false, timeout: 600_000, max_cases: 1, formatters: [ExUnit.CLIFormatter, Live.Failed])
for file <- ["support.exs", "../alloc_lock.exs"], do: Code.require_file(file, __DIR__)

files =
  case System.argv() do
    [] -> Path.wildcard(Path.join(__DIR__, "*_test.exs"))
    files -> files
  end

Enum.each(files, &Code.require_file(Path.expand(&1)))

names = fn tests -> Enum.map_join(tests, "", fn {module, name} -> "\n    #{inspect(module)}: #{name}" end) end
%{failures: failures} = ExUnit.run()
failed = Live.Failed.take()

if failures > 0 or failed != [] do
  IO.puts("\nOnce more:#{names.(failed)}")
  ExUnit.configure(only_test_ids: MapSet.new(failed))
  %{total: total} = failed |> Enum.map(&elem(&1, 0)) |> Enum.uniq() |> ExUnit.run()
  again = Live.Failed.take()
  if failed -- again != [], do: IO.puts("\nFailed only once:#{names.(failed -- again)}")
  if again != [], do: IO.puts("\nFailed twice:#{names.(again)}")
  if again != [] or failed == [] or total < length(failed), do: exit({:shutdown, 2})
end
