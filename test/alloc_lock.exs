defmodule AllocLock do
  @moduledoc """
  Only one recording of allocation at a time works on a machine. So its tests wait for each other, also for those that
  another VM runs.
  """

  @path Path.join(System.tmp_dir!(), "cprof-alloc-tests.lock")

  @doc "Waits for the lock. It belongs to the calling process until that ends."
  def take do
    port = Port.open({:spawn_executable, System.find_executable("flock")}, [:binary, args: [@path, "cat"]])
    Port.command(port, "taken\n")

    receive do
      {^port, {:data, "taken\n"}} -> :ok
    end
  end
end
