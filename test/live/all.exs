# Runs the live tests: `mix run --no-start test/live/all.exs [FILE...]`.
ExUnit.start(timeout: 600_000, max_cases: 1)
Code.require_file("support.exs", __DIR__)

files =
  case System.argv() do
    [] -> Path.wildcard(Path.join(__DIR__, "*_test.exs"))
    files -> files
  end

Enum.each(files, &Code.require_file(Path.expand(&1)))
