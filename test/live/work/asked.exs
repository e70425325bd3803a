# A GenServer and an Agent that do not answer, and who waits for them.
defmodule Asked do
  def server(timeout), do: {:ok, GenServer.call(Asked.Server, :work, timeout)}
  def agent(timeout), do: {:ok, Agent.get(Asked.Agent, & &1, timeout)}

  def asks?(pid), do: Process.info(pid, :current_function) == {:current_function, {:gen, :do_call, 4}}
end

defmodule Asked.Server do
  use GenServer

  def init(_), do: {:ok, []}

  def handle_call(:work, _, _) do
    receive do
      :never -> :ok
    end
  end
end

{:ok, _} = GenServer.start(Asked.Server, [], name: Asked.Server)
{:ok, _} = Agent.start(fn -> [] end, name: Asked.Agent)
spawn(fn -> Agent.update(Asked.Agent, fn _ -> Process.sleep(:infinity) end, :infinity) end)

asking =
  for(timeout <- [:infinity, :infinity, 3_600_000, 3_600_000], do: spawn(Asked, :server, [timeout])) ++
    for timeout <- [:infinity, 3_600_000], do: spawn(Asked, :agent, [timeout])

until = fn until -> Enum.all?(asking, &Asked.asks?/1) || (Process.sleep(10) && until.(until)) end
until.(until)
IO.puts("ready #{System.pid()}")
IO.gets("")
System.halt(0)
