defmodule Mix.Tasks.Profile.Run do
  use Mix.Task

  @shortdoc "Profiles the given file or expression by sampling"

  @moduledoc """
  Profiles the given file or expression by sampling it from outside.

  The code runs in this VM while another process of the operating system looks at it many times a second. Nothing is
  traced, so the code runs as fast as without a profiler, and what it calls is seen down to BIFs, NIFs, the garbage
  collector and the C library. All processes of the VM are seen.

      $ mix profile.run -e Hello.world
      $ mix profile.run -e "Enum.sort(Enum.map(1..1_000_000, &:erlang.phash2/1))"
      $ mix profile.run my_script.exs arg1 arg2 arg3
      $ mix profile.run --output flamegraph.html my_script.exs

  Before running the code it invokes the `app.start` task, which compiles and loads your project. The code runs once:
  sampling needs no warmup, unless loading modules for the first time would be a large part of the run.

  This task is automatically re-enabled, so you can profile multiple times in the same Mix invocation.

  ## Command line options

    * `--rate` - samples per second of CPU time of each thread, 1 to 10000 (default: 999)
    * `--engine` - how samples are taken: `auto` (the default: the best that works), `bpf`, `perf`, `ptrace`
    * `--kernel` - shows kernel stacks too
    * `--output`, `-o` - writes a file, in the format of its extension: `.html` (a flame graph), `.txt`, `.json`,
      `.collapsed`, `.pb.gz`; may be given several times
    * `--format` - the format of what is printed, `text`, `json` or `collapsed` (default: `text`), and of output files
      whose extension does not tell
    * `--top` - rows of the printed table (default: 25)
    * `--save` - writes the recording (pprof) to this file, for `cprof report`
    * `--process` - only this process: a pid, registered name or initial call; may be given several times
    * `--focus` - only stacks with a function that matches this regular expression
    * `--ignore` - no stacks with a function that matches this regular expression
    * `--warmup` - runs the code once before it is profiled
    * `--eval`, `-e` - evaluates the given code
    * `--require`, `-r` - requires pattern before running the command
    * `--parallel`, `-p` - makes all requires parallel
    * `--config`, `-c` - loads the given configuration files
    * `--no-warmup` - the default; accepted as in the other profiling tasks
    * `--no-compile` - does not compile even if files require compilation
    * `--no-deps-check` - does not check dependencies
    * `--no-archives-check` - does not check archives
    * `--no-halt` - does not halt the system after running the command
    * `--no-start` - does not start applications after compilation
    * `--no-elixir-version-check` - does not check the Elixir version from mix.exs

  ## Profile output

  The first lines, which say what was watched and where, are left out here:

      $ mix profile.run --top 8 -e 'Enum.sort(Enum.map(1..1_000_000, &:erlang.phash2/1))'
      [...]
      Machine:  OTP 25, erts 13.1.5, JIT, 2 schedulers
      Sampling: engine bpf, event cpu-clock, 999 Hz asked, 999.0 Hz reached, kernel included
      Samples:  512 in 0.77 s, 0.51 s of CPU; 502 counted below
      States:   running 57.4 %, gc 42.6 %; apart: scheduler 2.0 % of all samples, left out below
      Running:  erlang 35.5 %, elixir 3.2 %, native 3.4 %, gc 42.6 %, kernel 15.3 %
      Error:    at most +-4.36 in a percentage (95 %); [gc] 42.63 +-4.31, [kernel] 15.34 +-3.15, lists:rmerge3_1/6 5.78 +-2.06
      Stacks:   100.00 % of 194 samples in Erlang code reach the first function
      Doubts:   of 512 samples, 11978 frames
                24 C frames known by object and offset only

       SELF%     +-  TOTAL%      SELF  FUNCTION              FILE:LINE
       42.63   4.31   42.63       214  [gc]
       15.34   3.15   15.34        77  [kernel]
        5.78   2.06   12.35        29  lists:rmerge3_1/6     lists.erl:1747
        5.18   1.96    6.77        26  lists:rmerge3_2/6     lists.erl:1757
        3.98   1.74    8.76        20  lists:merge3_1/6      lists.erl:1697
        3.39   1.62    8.17        17  lists:rmerge3_12_3/6  lists.erl:1773
        3.39   1.62    6.77        17  lists:merge3_21_3/6   lists.erl:1737
        3.39   1.62    6.18        17  lists:rmerge3_21_3/6  lists.erl:1787
      … and 39 more functions

           %     +-   SAMPLES  PROCESS              NAME                      INITIAL CALL
      100.00   0.38       502  <0.96.0>                                       erlang:apply/2

           %  PROCESS and its biggest functions, C code with what called it
      100.00  <0.96.0>  erlang:apply/2
               42.63  [gc]
                7.57  lists:rmerge3_1/6
                6.77  lists:rmerge3_2/6

  Percentages are of the samples that did Erlang work; the busy-wait of idle schedulers is shown apart. `self` is time
  in the function itself, `total` also in what it called; a recursive function counts once. `+-` is the sampling error
  (95 %): a longer run or a higher rate makes it smaller.

  ## When it does not work

  An error says what to do. `cprof doctor` (the program is in `priv/`) tells which way of sampling works on this
  machine.
  """

  @type profile_opts :: [
          rate: pos_integer(),
          engine: :auto | :bpf | :perf | :ptrace | String.t(),
          kernel: boolean(),
          output: Path.t() | [Path.t()],
          format: atom() | String.t(),
          top: pos_integer(),
          save: Path.t(),
          process: [pid() | atom() | String.t()],
          focus: String.t(),
          ignore: String.t(),
          warmup: boolean()
        ]

  @switches [
    parallel: :boolean,
    require: :keep,
    eval: :keep,
    config: :keep,
    halt: :boolean,
    compile: :boolean,
    deps_check: :boolean,
    start: :boolean,
    archives_check: :boolean,
    warmup: :boolean,
    elixir_version_check: :boolean,
    parallel_require: :keep,
    rate: :integer,
    engine: :string,
    kernel: :boolean,
    output: :keep,
    format: :string,
    top: :integer,
    save: :string,
    process: :keep,
    focus: :string,
    ignore: :string
  ]

  @aliases [r: :require, p: :parallel, e: :eval, c: :config, o: :output]

  @own [:warmup, :rate, :engine, :kernel, :output, :format, :top, :save, :process, :focus, :ignore]

  @impl true
  def run(args) do
    {switches, head} = OptionParser.parse_head!(args, aliases: @aliases, strict: @switches)
    Mix.Task.reenable("profile.run")
    {own, shared} = Keyword.split(switches, @own)
    opts = Cprof.Options.from_switches(own)
    # What is wrong with the options is said before anything is compiled.
    check!(opts)

    Mix.Tasks.Run.run(
      ["--no-mix-exs" | OptionParser.to_argv(shared, switches: @switches)],
      shared,
      head,
      &profile_code(&1, "nofile", opts),
      &profile_code(File.read!(&1), &1, opts)
    )
  end

  # The code is compiled, not evaluated: it is to be profiled as it would run.
  defp profile_code(code, file, opts) do
    quoted = Code.string_to_quoted!(code, file: file)

    content =
      quote do
        unquote(__MODULE__).profile(fn -> unquote(quoted) end, unquote(Macro.escape(opts)))
      end

    Code.compile_quoted(content, file)
  end

  @doc """
  Runs `fun`, samples the VM meanwhile, prints the report and writes the files that were asked for.

  Returns the value of `fun`. What it raises is raised here, after the report. The options are those of the command
  line, as in `profile(fun, rate: 499, output: ["flamegraph.html"])`.
  """
  @spec profile((() -> result), profile_opts()) :: result when result: any()
  def profile(fun, opts \\ []) when is_function(fun, 0) do
    %{record: record} = check!(opts)
    if opts[:warmup], do: warmup(fun)
    start!(Keyword.put_new(record, :rate, 999))

    outcome =
      try do
        {:value, fun.()}
      catch
        kind, reason -> {:raised, kind, reason, __STACKTRACE__}
      end

    case outcome do
      {:value, value} ->
        stop!() |> report!(opts)
        value

      {:raised, kind, reason, stack} ->
        # Whatever becomes of the report, the code's own failure is what counts.
        try do
          stop!() |> report!(opts)
        rescue
          error -> Mix.shell().error(Exception.message(error))
        end

        :erlang.raise(kind, reason, stack)
    end
  end

  defp warmup(fun) do
    IO.puts("Warmup...\n")
    fun.()
  end

  # The recording ends with this process, should it be killed.
  defp start!(record) do
    ok!(:cprof_sampler.start(Cprof.Options.to_map(record), %{owner: self()}))
  end

  defp stop! do
    {:ok, recorded} = ok!(:cprof_sampler.stop())
    struct!(Cprof.Profile, recorded)
  end

  defp report!(profile, opts) do
    %{render: render} = Cprof.Options.split(opts)
    {format, shown} = Keyword.pop(render, :format, "text")
    {:ok, text} = ok!(Cprof.render(profile, printed(to_string(format)), shown))
    IO.write(text)
    for file <- outputs(opts), do: written!(file, Cprof.write(profile, file, render))
    if file = opts[:save], do: written!(file, File.write(file, profile.recording))
  end

  # These are for files, and no terminal shows them.
  defp printed(format) when format in ["html", "pprof"], do: "text"
  defp printed(format), do: format

  defp written!(file, {:error, posix}) when is_atom(posix), do: Mix.raise("#{file}: #{:file.format_error(posix)}")

  defp written!(file, result) do
    ok!(result)
    Mix.shell().info("Wrote #{file}")
  end

  defp outputs(opts), do: opts |> Keyword.get_values(:output) |> List.flatten()

  defp check!(opts) do
    %{record: record, render: render, task: task} = split = Cprof.Options.split(opts)

    case Keyword.keys(task) -- [:warmup, :output, :save] do
      [] -> :ok
      [key | _] -> Mix.raise("unknown option #{inspect(key)}")
    end

    {:ok, checked} = ok!(:cprof_options.check(Cprof.Options.to_map(record ++ render), [:record, :render]))
    check_files!(checked, outputs(opts), Keyword.get_values(task, :save))
    split
  end

  defp check_files!(%{format: format}, [], _) when format in ["html", "pprof"] do
    Mix.raise("format #{format} is not for the terminal: name a file with --output")
  end

  defp check_files!(checked, outputs, saved) do
    ok!(:cprof_sampler.check_outputs(Map.put(checked, :output, outputs)))
    ok!(:cprof_sampler.check_outputs(%{output: saved, format: "pprof"}))
  end

  defp ok!({:error, {_code, text}}), do: Mix.raise(text)
  defp ok!({:error, text}) when is_binary(text), do: Mix.raise(text)
  defp ok!({:error, %Cprof.Error{message: text}}), do: Mix.raise(text)
  defp ok!(ok), do: ok
end
