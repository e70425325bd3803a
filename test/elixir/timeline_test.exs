defmodule TimelineTest do
  use ExUnit.Case

  @program Path.expand("priv/cprof")

  defp spin(until), do: if(cpu_ms() < until, do: spin(until))
  defp cpu_ms, do: :erlang.statistics(:runtime) |> elem(0)

  defp samples(file, args) do
    {json, 0} = System.cmd(@program, ["report", file, "-f", "json" | args])
    [_, count] = Regex.run(~r/"samples": (\d+),\n  "counted"/, json)
    String.to_integer(count)
  end

  test "a recording from inside keeps when its samples were taken" do
    work = fn -> spin(cpu_ms() + 500) end
    {:ok, _, profile} = Cprof.profile(work, rate: 499)
    meta = profile.report.meta
    assert meta.bucket_ns >= 10_000_000
    border = "#{4 * meta.bucket_ns / 1.0e9}"
    file = Path.join(System.tmp_dir!(), "cprof-timeline-#{System.pid()}-#{System.unique_integer([:positive])}.pb.gz")
    File.write!(file, profile.recording)
    assert samples(file, []) == meta.samples
    assert samples(file, ["--to", border]) + samples(file, ["--from", border]) == meta.samples
    assert samples(file, ["--from", "#{meta.duration_ns / 1.0e9 + 1}"]) == 0
    File.rm!(file)
  end
end
