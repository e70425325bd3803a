# A GenServer and an Agent that do not answer, and who waits for them.
defmodule Asked do
  def server(timeout), do: {:ok, GenServer.call(Asked.Server, :work, timeout)}
  def agent(timeout), do: {:ok, Agent.get(Asked.Agent, & &1, timeout)}

  def task(timeout), do: {:ok, Task.await(Task.async(Asked, :never, []), timeout)}

  def never do
    receive do
      :never -> :ok
    end
  end

  def asks?(pid) do
    {:current_function, {module, function, _}} = Process.info(pid, :current_function)
    {module, function} in [{:gen, :do_call}, {Task, :await}, {Task, :await_receive}]
  end
end

defmodule Asked.Server do
  use GenServer

  def init(_), do: {:ok, []}

  def handle_call(:work, _, _) do
    Asked.never()
  end
end

{:ok, _} = GenServer.start(Asked.Server, [], name: Asked.Server)
{:ok, _} = Agent.start(fn -> [] end, name: Asked.Agent)
spawn(fn -> Agent.update(Asked.Agent, fn _ -> Process.sleep(:infinity) end, :infinity) end)

asking =
  for(timeout <- [:infinity, :infinity, 3_600_000, 3_600_000], do: spawn(Asked, :server, [timeout])) ++
    for(timeout <- [:infinity, 3_600_000], do: spawn(Asked, :agent, [timeout])) ++
    for timeout <- [:infinity, 3_600_000], do: spawn(Asked, :task, [timeout])

until = fn until -> Enum.all?(asking, &Asked.asks?/1) || (Process.sleep(10) && until.(until)) end
until.(until)
IO.puts("ready #{System.pid()}")
IO.gets("")
System.halt(0)
