defmodule Place do
  @moduledoc """
  The Debian root with the servers (`test/roots.sh make servers`), entered: processes, network and mounts of its own. So
  nothing but loopback is there, other nodes of this machine have other ports, and what was started in it ends with it.
  """

  alias Live.{Node, Wait}

  defstruct [:port, :init]

  # Its first process lives until our side of its stdin is closed; the kernel then ends all the others. What they write
  # is in memory.
  @first ~S"""
  mount -t proc proc "$0/proc"
  mount --rbind /dev "$0/dev"
  mount --rbind /sys "$0/sys"
  mount -t tmpfs -o mode=1777 tmpfs "$0/tmp"
  mount --bind "$1" "$0/mnt"
  exec chroot "$0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -ec '
      ip link set lo up
      mkdir -m 700 /tmp/home
      od -An -tx8 -N 24 /dev/urandom | tr -d " \n" >/tmp/home/.erlang.cookie
      chmod 400 /tmp/home/.erlang.cookie
      echo ready
      exec cat >/dev/null'
  """

  def open do
    {_, 0} = System.cmd(Path.expand("test/roots.sh"), ~w(make servers), into: IO.stream())
    {root, 0} = System.cmd(Path.expand("test/roots.sh"), ~w(dir servers))
    namespaces = ~w(--mount --net --pid --fork --kill-child)
    port = spawn_port("unshare", namespaces ++ ["sh", "-ec", @first, String.trim(root), Path.expand("bench")])
    "ready" = line(port)
    {:os_pid, outer} = Port.info(port, :os_pid)
    [init] = String.split(File.read!("/proc/#{outer}/task/#{outer}/children"))
    %__MODULE__{port: port, init: init}
  end

  def close(place), do: Port.close(place.port)

  @doc "A program in it, as a port that is read and written by lines."
  def start(place, command) do
    enter = ["-t", place.init | ~w(--mount --net --pid --root)]
    env = ~w(/usr/bin/env -i -C /tmp HOME=/tmp/home LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin)
    spawn_port("nsenter", enter ++ env ++ command)
  end

  defp spawn_port(program, args),
    do:
      Port.open({:spawn_executable, System.find_executable(program)}, [
        :binary,
        :exit_status,
        line: 1_000_000,
        args: args
      ])

  @doc "The next line that a program says."
  def line(port), do: Node.line(%{port: port})

  @doc "A file in it."
  def file(place, path), do: "/proc/#{place.init}/root#{path}"

  @doc "The pid out here of the process that has this one in there."
  def pid_outside(place, inner) do
    {:ok, space} = File.read_link("/proc/#{place.init}/ns/pid")
    found = for pid <- pids(), File.read_link("/proc/#{pid}/ns/pid") == {:ok, space}, inner_pid(pid) == inner, do: pid
    hd(found)
  end

  defp pids, do: for(name <- File.ls!("/proc"), {pid, ""} <- [Integer.parse(name)], do: pid)

  defp inner_pid(pid) do
    with {:ok, status} <- File.read("/proc/#{pid}/status"), [_, inner] <- Regex.run(~r/^NSpid:.*\s(\d+)$/m, status) do
      String.to_integer(inner)
    else
      _ -> nil
    end
  end

  @doc "Waits until something listens there."
  def until_listening(place, port) do
    hex = port |> Integer.to_string(16) |> String.pad_leading(4, "0")
    tables = for table <- ~w(tcp tcp6), do: "/proc/#{place.init}/net/#{table}"
    listens = ~r/:#{hex} \S+ 0A /
    Wait.until(fn -> Enum.any?(tables, &(File.read!(&1) =~ listens)) end, "something listens on #{port}")
  end
end
