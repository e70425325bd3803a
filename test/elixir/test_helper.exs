# The tests record this VM, one recording at a time.
Code.require_file("../alloc_lock.exs", __DIR__)
ExUnit.start(max_cases: 1, timeout: 600_000)
