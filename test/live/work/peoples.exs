# Elixir's ways to start processes, each of which burns CPU.
defmodule Peoples.Work do
  def burn, do: Enum.sum(for(_ <- 1..50, do: length(Enum.to_list(1..100))))

  def on do
    burn()
    on()
  end

  def task, do: {:ok, _} = Task.Supervisor.start_child(Peoples.Tasks, fn -> on() end)
end

defmodule Peoples.Server do
  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, [], opts)
  def init(_), do: {:ok, [], {:continue, :burn}}

  def handle_continue(:burn, state) do
    Peoples.Work.burn()
    {:noreply, state, {:continue, :burn}}
  end
end

children = [
  Supervisor.child_spec({Peoples.Server, []}, id: :one),
  Supervisor.child_spec({Peoples.Server, []}, id: :two),
  Supervisor.child_spec({Peoples.Server, [name: Peoples.Named]}, id: :three),
  {Task.Supervisor, name: Peoples.Tasks}
]

{:ok, _} = Supervisor.start_link(children, strategy: :one_for_one)
Peoples.Work.task()
Task.async(Peoples.Work, :on, [])
IO.puts("ready #{System.pid()}")
IO.gets("")
System.halt(0)
