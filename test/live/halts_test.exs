defmodule Live.HaltsTest do
  @moduledoc "Code that ends its VM while it is recorded from inside: cprof writes the samples until then, and says so."
  use ExUnit.Case

  import Live.Node, only: [own_dir: 1]

  alias Live.{Cprof, Wait}

  setup :own_dir

  @work "lists:sum([erlang:phash2(X) || X <- lists:seq(1, 500000)])"
  @said "cprof: the node ended during the recording; wrote "

  # Profiles the work, followed by code that `ends` the VM.
  defp profile(file, ends) do
    code = "cprof_nif:profile(fun() -> #{@work}, #{ends} end, \#{output => [\"#{file}\"]})."
    ebin = Path.expand("_build/dev/lib/cprof/ebin")
    System.cmd("erl", ["-noshell", "-pa", ebin, "-eval", code], stderr_to_stdout: true)
  end

  defp notes(file), do: Cprof.json(["report", file])["meta"]["notes"]

  test "mix profile.run", %{dir: dir} do
    files = for name <- ["flame.html", "a.pb.gz"], do: "#{dir}/#{name}"
    [html, saved] = files
    code = "Enum.each(1..3_000_000, &:erlang.phash2/1); System.halt(5)"
    args = ["profile.run", "-o", html, "--save", saved, "-e", code]
    {said, 5} = System.cmd("mix", args, stderr_to_stdout: true, env: [{"MIX_ENV", "dev"}])
    # When the VM has ended, the files must be complete.
    assert File.read!(html) =~ "</html>"
    assert "the node ended before the recording was stopped" in notes(saved)
    for file <- files, do: assert(said =~ @said <> file)
    assert said =~ ~r/FUNCTION/
  end

  test "in Erlang", %{dir: dir} do
    file = "#{dir}/a.pb.gz"
    {said, 3} = profile(file, "halt(3)")
    assert said =~ @said <> file
    assert "the node ended before the recording was stopped" in notes(file)
  end

  test "a VM that is killed, and one whose sampler is stopped", %{dir: dir} do
    stops = "{ok, P} = cprof_port:os_pid(cprof_sampler), os:cmd(\"kill -STOP \" ++ integer_to_list(P))"

    for {name, ends} <- [killed: "os:cmd(\"kill -KILL \" ++ os:getpid())", stopped: "#{stops}, halt(0)"] do
      file = "#{dir}/#{name}.pb.gz"
      profile(file, ends)
      Wait.until(fn -> File.exists?(file) end, "the program writes what it has when the VM is #{name}")
      assert "the node ended before the recording was stopped" in notes(file)
    end
  end

  test "files that cannot be written are named", %{dir: dir} do
    file = "#{dir}/gone/a.json"
    File.mkdir!(Path.dirname(file))
    {said, 0} = profile(file, "file:del_dir_r(\"#{Path.dirname(file)}\"), halt(0)")
    assert said =~ "cprof: #{file}: No such file or directory"
  end
end
