defmodule Mix.Tasks.Profile.Run do
  use Mix.Task

  @shortdoc "Profiles the given file or expression by sampling"

  @moduledoc """
  Profiles the given file or expression by sampling it from outside.

  The code runs in this VM while another process of the operating system samples it many times per second. Nothing is
  traced, so the code runs as fast as without a profiler. The samples cover all processes of the VM, and their stacks
  include BIFs, NIFs, the garbage collector and the C library.

      $ mix profile.run -e Hello.world
      $ mix profile.run -e "Enum.sort(Enum.map(1..1_000_000, &:erlang.phash2/1))"
      $ mix profile.run my_script.exs arg1 arg2 arg3
      $ mix profile.run --output flamegraph.html my_script.exs

  Before it runs the code, the task invokes the `app.start` task, which compiles and loads your project. The code runs
  once: sampling needs no warmup, unless loading modules for the first time would be a large part of the run. With
  `--runs` the code runs once more before the measured runs.

  This task is automatically re-enabled, so you can profile multiple times in the same Mix invocation.

  ## Command line options

    * `--event` - `cpu` (the default) samples the CPU time; `wall` samples the processes, whether they run or wait: see
      below; `alloc` samples what functions allocate (`docs/alloc.md`); `block` samples the time for which schedulers
      are blocked while they run a process (`docs/block.md`); several with commas between, as in `cpu,alloc`
    * `--rate` - samples per second of CPU time, 1 to 10000 (default: 999); with `--event wall`, readings of the
      processes per second, 1 to 100 (default: 10); with `--event alloc`, samples per second, at most (default: 999);
      with `--event block`, samples per second of blocked time (1000); with several events, the rate is that of the first
      in this order
    * `--max-cost` - with `--event alloc`, the percentage of the CPU time that the recording may cost (default: 50; 0.85
      with several events); more gives more samples
    * `--engine` - how samples are taken: `auto` (the default: the best engine that works), `bpf`, `perf`, `ptrace`
    * `--kernel` - also shows kernel stacks
    * `--force` - lets engine `ptrace` run even on a machine without a spare CPU
    * `--no-command` - leaves the VM's command line out of reports and recordings; cookies in it are always masked
    * `--runs` - runs the code this many times; each run is measured and recorded (default: 1)
    * `--output`, `-o` - writes a file, in the format of its extension: `.html` (a flame graph), `.txt`, `.json`,
      `.collapsed`, `.pb.gz`; may be given several times
    * `--format` - the format of what is printed, `text`, `json` or `collapsed` (default: `text`), and of output files
      whose extension is not that of a known format
    * `--top` - rows of the printed tables (default: 10; of a comparison: 15)
    * `--save` - writes the recording (pprof) to this file, for `--baseline`, `cprof report` and `cprof diff`; the
      recordings of further runs are written beside it: `base.pb.gz`, `base-2.pb.gz`, ...
    * `--baseline` - compares with the runs that were saved to this file; may be given several times
    * `--fail-above` - exits with status 3 when a function takes over this many percent more CPU time than in the
      baseline, or with `--event alloc` allocates as many percent more bytes, and the difference is significant
    * `--process` - only this process: a pid, registered name or initial call; may be given several times
    * `--span` - only samples in this span of the application (docs/spans.md); may be given several times
    * `--slower-than` - only samples in a span that takes as many milliseconds; with `--span`, in one of those
    * `--focus` - only stacks with a function that matches this regular expression
    * `--ignore` - only stacks without a function that matches this regular expression
    * `--warmup` - runs the code once before it is profiled; the default with `--runs` of 2 or more
    * `--eval`, `-e` - evaluates the given code
    * `--require`, `-r` - requires pattern before running the command
    * `--parallel`, `-p` - makes all requires parallel
    * `--config`, `-c` - loads the given configuration files
    * `--no-warmup` - does not run the code before it is profiled; the default with one run
    * `--no-compile` - does not compile even if files require compilation
    * `--no-deps-check` - does not check dependencies
    * `--no-archives-check` - does not check archives
    * `--no-halt` - does not halt the system after running the command
    * `--no-start` - does not start applications after compilation
    * `--no-elixir-version-check` - does not check the Elixir version from mix.exs

  ## Profile output

  The tables of processes are left out here:

      $ mix profile.run --top 5 -e 'Enum.sort(Enum.map(1..1_000_000, &:erlang.phash2/1))'
      Compiling 2 files (.ex)
      Command:  mix profile.run, pid 5553 on vm, OTP 25, 2 schedulers
      When:     2026-11-28 12:19:58 UTC, for 8.71 s; engine bpf, 999 Hz
      CPU:      2.10 s used, 100.8 % of it sampled; 2,092 samples (2.12 s), 2,032 counted below
      States:   running 50.1 %, gc 47.7 %, scheduling 1.7 %, the rest 0.5 %; not counted: idle 2.9 % of all
      Error:    at most +-2.17 in any percentage (95 % interval); 0.0 % of stacks truncated

        OWN%    +-  IN C    GC KERNEL TOTAL%  HOT FUNCTION          FILE:LINE
       17.52  1.65   0.0  16.9      -  23.28  Enum.reduce_range/5   lib/enum.ex:4299
       10.68  1.34     -   4.8    1.6  10.68  lists:rmerge3_2/6     lists.erl:1757
       10.24  1.32     -   5.5    1.4  10.24  lists:merge3_2/6      lists.erl:1707
        9.06  1.25   1.5   6.6    1.0   9.06  lists:reverse/1       lists.erl:182
        8.51  1.21     -   5.9    0.7   8.51  lists:split_1/5       lists.erl:1619
      ... and 17 more functions
        1.87 in no known Erlang function: scheduling 1.5, other 0.3

      TOTAL%    +-    OWN%  WHERE IT COMES FROM                       FILE:LINE
       32.33  2.03    0.00  elixir_compiler_3:'-__FILE__/1-fun-0-'/0  nofile:1

      TOTAL%    +-   SELF%  BIF OR C FUNCTION                FILE:LINE
        2.81  0.72    0.00  lists:reverse/2
        1.62  0.56    1.28  lists_reverse_2                  beam.smp
        1.18  0.48    0.54  beam.smp+0x140d90                beam.smp
        0.39  0.29    0.00  erlang:phash2/1
        0.25  0.23    0.00  erts_internal:prepare_loading/2
      ... and 33 more functions
      [...]
      More:     write flame.html (a flame graph) or r.pb.gz; `cprof report r.pb.gz --tree` shows calls

  Percentages are shares of the samples of work: in processes, in ports, and in the scheduling between them. `OWN%` is
  the time in the function itself and in the BIFs, C code, garbage collections and kernel code below it. `TOTAL%` also
  includes the Erlang and Elixir functions that it called; a recursive function counts once. A function that ends in a
  tail call gives up its stack frame, but is still shown where the code of its caller names it (docs/report.md, Tail
  calls). `+-` is the sampling error (95 %): a longer run or a higher rate makes it smaller.

  ## What processes wait for

  Code is often slow because its processes wait for each other, and not because they use CPU time. `--event wall` shows
  for whose answer they wait, and what that process does meanwhile (`docs/wall.md`):

      $ mix profile.run --event wall --top 2 bench.exs
      [...]
      Waiting:  on average 20.1 processes wait for till, mostly in queues:pay/0; till itself is
                waiting 99 % of its time, mostly in queues:work/1

       TIME%    +-  WAITING  MOST  WHO IS WAITED FOR     WHAT IT DOES ITSELF            MOSTLY CALLED FROM
       50.35  5.68    20.14    29  till                  99 % waiting in queues:work/1  queues:pay/0
       12.47  3.78     4.99     5  front                 99 % blocked on middle         queues:clerk/0
      [...]

  A run should take some seconds, because the processes are read only ten times per second. Processes of cprof itself are
  left out. The options `--engine`, `--kernel` and `--force` are only for CPU time, and such recordings cannot be
  compared (`--baseline`).

  ## What functions allocate

  With `--event alloc`, tables and files show bytes instead of CPU time, and `--baseline` compares bytes per run. The same
  code allocates the same, however busy the machine is, so this is a gate that also works on noisy machines:

      mix profile.run --event alloc --runs 5 --save /tmp/base.pb.gz bench.exs
      mix profile.run --event alloc --runs 5 --baseline /tmp/base.pb.gz --fail-above 10 bench.exs

  The VM's own count says how much a run allocates, and samples which function the difference is of. `Cprof.ByteGrowth`
  says how. It needs the rights and the breakpoints of `cprof record --event alloc` (`docs/alloc.md`). `--event
  cpu,alloc` compares both, but with fewer samples of allocation: these must not slow the code down.

  ## Measure, change, measure again

      $ cd examples/invoices
      $ mix profile.run --runs 5 --save base.pb.gz bench.exs
      $ cp faster/invoices.ex lib/
      $ mix profile.run --runs 5 --baseline base.pb.gz bench.exs
      [...]
      Wall time       RUNS    MEDIAN       P95       P99       MIN       MAX        +-    WAITED
      baseline           5 2578.4 ms         -         - 2082.6 ms 2733.8 ms    10.2 % 3774.8 ms
      now                5  215.1 ms         -         -  145.7 ms  318.6 ms    31.7 %  362.3 ms
      Other programs used the CPUs (baseline, now): threads waited for a CPU for WAITED per run;
      wall times are less certain

      CPU time per run, by function (3876 samples before, 571 now)
          BEFORE        NOW     CHANGE  95 %                        FUNCTION
        645.8 ms   0.000 ms                                 gone    Invoices.customer/2
         48.8 ms    56.1 ms    +14.8 %  -5.4 to +39.2       same    [gc]
         18.6 ms     8.8 ms    -52.7 %  -67.4 to -30.6      unsure  [kernel]
         10.8 ms     7.6 ms    -29.6 %  -54.3 to +9.2       same    erlang:md5/1
          8.6 ms     4.2 ms    -51.2 %  -71.3 to -14.9      unsure  anonymous fn/2 in Invoices.invoice/2
        776.0 ms   114.3 ms    -85.3 %                              all
      unsure: the function's own interval does not contain 0, but with this many functions, and on a machine
              whose speed varies, such a change may be noise

      Invoices.customer/2 (called by Invoices.invoice/2) took 645.8 ms of CPU time per run and now takes none; wall time -90.8 %, on a busy machine.

  The code must do the same work each time. The task compares the CPU time per run of every function, with an interval
  that comes from the number of samples and from the spread between the runs. `Cprof.Growth` says when a function counts
  as changed. Each interval is for its function alone, so one of many intervals may exclude 0 although nothing changed.
  Wall times are compared by their geometric means. Their interval covers only the spread between the runs, so two
  measurements of the same code can differ by a little more than the interval says, and by much more on a busy machine;
  then no interval is shown. With more than one run, the report and the output files show the run with the median wall
  time.

  Modules that are defined at the start of a script are defined once and are not part of the runs.

  With `--fail-above` this is a gate for CI. Measure both versions in one job, on one machine:

      git switch --detach origin/main && mix profile.run --runs 5 --save /tmp/base.pb.gz bench.exs
      git switch --detach "$COMMIT" && mix profile.run --runs 5 --baseline /tmp/base.pb.gz --fail-above 10 bench.exs

  If the code raises, the task reports and saves what was recorded until then, compares nothing, and raises the same
  error. If the code ends the VM, as `System.halt/1` does, the task reports what was recorded of that run on standard
  error and saves it, compares nothing, and the exit status is that of the code.

  ## When it does not work

  Error messages say what to do. `cprof doctor` (the program is in `priv/`) shows which way of sampling works on this
  machine.
  """

  alias Cprof.{Measurement, RunFiles, RunOptions, RunReport, Runs}

  @type profile_opts :: [
          event: Cprof.event() | [Cprof.event()] | String.t(),
          rate: pos_integer(),
          max_cost: number(),
          engine: :auto | :bpf | :perf | :ptrace | String.t(),
          kernel: boolean(),
          force: boolean(),
          command: boolean(),
          runs: pos_integer(),
          output: Path.t() | [Path.t()],
          format: atom() | String.t(),
          top: pos_integer(),
          save: Path.t(),
          baseline: Path.t() | [Path.t()],
          fail_above: number(),
          process: [pid() | atom() | String.t()],
          span: [String.t()],
          slower_than: number(),
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
    event: :string,
    rate: :integer,
    max_cost: :float,
    engine: :string,
    kernel: :boolean,
    force: :boolean,
    command: :boolean,
    runs: :integer,
    output: :keep,
    format: :string,
    top: :integer,
    save: :string,
    baseline: :keep,
    fail_above: :float,
    process: :keep,
    span: :keep,
    slower_than: :float,
    focus: :string,
    ignore: :string
  ]

  @aliases [r: :require, p: :parallel, e: :eval, c: :config, o: :output]

  @of_task [:warmup, :runs, :output, :save, :baseline, :fail_above]
  @of_recording [:event, :rate, :max_cost, :engine, :kernel, :force, :command, :slower_than]
  @own @of_task ++ @of_recording ++ [:format, :top, :process, :span, :focus, :ignore]

  @usage 2

  @impl true
  def run(args) do
    {switches, head} = OptionParser.parse_head!(args, aliases: @aliases, strict: @switches)
    Mix.Task.reenable("profile.run")
    {own, shared} = Keyword.split(switches, @own)
    opts = Cprof.Options.from_switches(own)
    # Errors in the options are reported before anything is compiled.
    RunOptions.check!(opts)
    if head == [] and not Keyword.has_key?(switches, :eval), do: nothing_to_run!()

    Mix.Tasks.Run.run(
      ["--no-mix-exs" | OptionParser.to_argv(shared, switches: @switches)],
      shared,
      head,
      &profile_code(&1, "nofile", opts),
      &profile_code(File.read!(&1), &1, opts)
    )
  end

  @spec nothing_to_run!() :: no_return()
  defp nothing_to_run! do
    Mix.shell().error("mix profile.run: nothing to run; name a script, or give code: mix profile.run -e CODE")
    exit({:shutdown, @usage})
  end

  # The code is compiled, not evaluated, so that it runs as it would in a project.
  # Definitions at its start are not part of the run; they are made once.
  defp profile_code(code, file, opts) do
    {definitions, quoted} = code |> Code.string_to_quoted!(file: file) |> split_code()

    content =
      quote do
        unquote_splicing(definitions)
        unquote(__MODULE__).profile(fn -> unquote(quoted) end, unquote(Macro.escape(opts)))
      end

    Code.compile_quoted(content, file)
  end

  @definitions [:defmodule, :defprotocol, :defimpl, :import, :alias, :require]

  defp split_code({:__block__, meta, expressions}) do
    {definitions, rest} = Enum.split_while(expressions, &match?({name, _, [_ | _]} when name in @definitions, &1))
    {definitions, {:__block__, meta, rest}}
  end

  defp split_code(expression), do: {[], expression}

  @doc """
  Runs `fun` and samples the VM while it runs; then prints the report and writes the requested files.

  Returns the value of the last run of `fun`. What `fun` raises is raised again here, after the report. The options are
  those of the command line, as in `profile(fun, rate: 499, output: ["flamegraph.html"])`. If `fail_above` is exceeded,
  the calling process exits with `{:shutdown, 3}` after everything was written.
  """
  @spec profile((() -> result), profile_opts()) :: result when result: any()
  def profile(fun, opts \\ []) when is_function(fun, 0) do
    %{record: record, compared: events} = RunOptions.check!(opts)
    baseline = for file <- Cprof.Options.files(opts, :baseline), do: load!(file, events)
    runs = opts[:runs] || 1
    warm? = Keyword.get(opts, :warmup, runs > 1)
    if warm?, do: warmup(fun, opts)

    first = %Runs{number: 1, count: runs, warm?: warm?, set: System.os_time(:microsecond)}
    at_end = &RunReport.at_end(&1, opts)
    {outcome, measured} = Measurement.run(fun, record, first, at_end)
    # A run counts once, also if all files of a measurement were named.
    base =
      baseline |> Enum.flat_map(&(&1 |> Measurement.take() |> :erlang.binary_to_term())) |> Enum.uniq_by(&elem(&1, 0))

    RunReport.conclude(outcome, measured, base, opts)
  end

  defp warmup(fun, opts) do
    RunReport.say(opts, "Warmup...\n\n")
    fun.()
  end

  # Another process reads the file, so that its data does not get onto the heap of this one.
  defp load!(file, events) do
    load = fn ->
      with {:ok, measured, doubts} <- RunFiles.load(file, events), do: {:ok, :erlang.term_to_binary(measured), doubts}
    end

    {:ok, packed, doubts} = load |> Task.async() |> Task.await(:infinity) |> ok!()
    Enum.each(doubts, &Mix.shell().error(&1))
    Measurement.keep(packed)
  end

  defp ok!({:error, %Cprof.Error{message: text}}), do: Mix.raise(:cprof_words.shown(text))
  defp ok!(ok), do: ok
end
