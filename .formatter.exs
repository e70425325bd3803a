[
  line_length: 120,
  inputs: ["*.exs", "lib/**/*.ex", "test/**/*.exs", "bench/**/*.exs", "examples/**/*.{ex,exs}"]
]
