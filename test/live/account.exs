defmodule Live.Account do
  @moduledoc """
  Expresses what normal schedulers did during a recording in the terms of the VM's own microstate accounting: "port",
  "gc", "running" (the state emulator), "outside" (all others except sleep), and "check_io", a part of "outside".
  """

  alias Live.Cprof

  @busy ["[idle: busy-wait]", "[idle: sched_yield]"]
  @calls ~w(erts_internal:port_command/3 erts_internal:port_control/3)
  @system_calls ~w(writev sendmsg send recv recvmsg write read getsockopt setsockopt getpeername getsockname)
  @looks ~w(erts_check_io erts_poll_wait epoll_wait)

  @doc """
  By state: the least and the most, in percent of the time awake. The account has borders that samples cannot see:

    - A process that sends runs the driver itself. The account counts that, but not the whole call, for the port. The
      driver's system call certainly counts for it.
    - When a driver tells the system what it waits for, that is check_io.
    - Scheduling a process in and out is partly emulator and partly "other".
    - On the way to sleep and back, "other" ends and begins somewhere in the C library.
  """
  def ranges(file, pid) do
    only = ["report", file | Enum.flat_map(schedulers(pid), &["--thread", &1])]
    %{"states" => states} = Cprof.json(only)
    stacks = fn state -> Cprof.collapsed(only ++ ["--state", state]) end
    calls = for {stack, n} <- stacks.("running"), Enum.any?(@calls, &(&1 in stack)), do: {stack, n}
    {calling, driving} = {sum(calls), with_frame(calls, @system_calls)}
    selecting = with_frame(stacks.("port"), ~w(driver_select epoll_ctl))
    {apart, of_processes} = Enum.split_with(stacks.("scheduling"), fn {[root | _], _} -> root == "[scheduling]" end)
    {busy, asleep} = Enum.split_with(stacks.("idle"), fn {[root | _], _} -> root in @busy end)
    border = for {stack, n} <- asleep, List.last(stack) != "[kernel]", do: {stack, n}
    looking = with_frame(apart, @looks)
    work = Enum.sum(for state <- ~w(port gc running scheduling), do: states[state]) + sum(busy)
    share = fn n, border -> 100 * n / (work + border) end

    %{
      "port" => {share.(states["port"] + driving - selecting, sum(border)), share.(states["port"] + calling, 0)},
      "gc" => {share.(states["gc"], sum(border)), share.(states["gc"], 0)},
      "running" =>
        {share.(states["running"] - calling, sum(border)), share.(states["running"] - driving + sum(of_processes), 0)},
      "check_io" => {share.(looking, sum(border)), share.(looking + selecting + with_frame(border, @looks), 0)},
      "outside" =>
        {share.(sum(apart) + sum(busy), 0),
         share.(states["scheduling"] + sum(busy) + selecting + sum(border), sum(border))}
    }
  end

  @doc "The same states according to the account itself, from the time in each of its states."
  def shares(times) do
    awake = Map.drop(times, ["sleep"])
    all = awake |> Map.values() |> Enum.sum()
    # A VM that was built --with-microstate-accounting=extra has more states.
    outside = awake |> Map.drop(~w(port gc emulator)) |> Map.values() |> Enum.sum()

    for {state, time} <- [
          {"port", times["port"]},
          {"gc", times["gc"]},
          {"running", times["emulator"]},
          {"check_io", times["check_io"]},
          {"outside", outside}
        ],
        into: %{},
        do: {state, 100 * time / all}
  end

  @doc "Gives the node a high priority. The account uses wall time, so the node must not wait for a CPU."
  def go_first(pid), do: schedule(pid, ~w(--fifo --pid 1))

  @doc "Gives the node the priority of any other process again."
  def go_as_others(pid), do: schedule(pid, ~w(--other --pid 0))

  defp schedule(pid, how),
    do: {_, 0} = System.cmd("chrt", ["--all-tasks" | how] ++ ["#{pid}"], stderr_to_stdout: true)

  defp schedulers(pid) do
    for file <- Path.wildcard("/proc/#{pid}/task/*/comm"),
        String.trim(File.read!(file)) =~ ~r/^(\d+_scheduler|erts_sched_\d+)$/,
        do: file |> Path.split() |> Enum.at(-2) |> String.to_integer()
  end

  defp with_frame(stacks, frames), do: sum(for {stack, n} <- stacks, Enum.any?(frames, &(&1 in stack)), do: {stack, n})

  defp sum(stacks), do: stacks |> Enum.map(&elem(&1, 1)) |> Enum.sum()
end
