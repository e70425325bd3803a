# The tests record this VM, one recording at a time.
ExUnit.start(max_cases: 1, timeout: 600_000)
