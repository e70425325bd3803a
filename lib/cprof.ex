defmodule Cprof do
  @moduledoc """
  A sampling profiler for the node it runs in.

  The program `priv/cprof` samples the node from outside. It needs no tracing, no flag and no instrumented code, so the
  code runs as it does without a profiler. It samples all processes of the node, not only the calling one.

      {:ok, sum, profile} = Cprof.profile(fn -> Enum.sum(Enum.map(1..10_000_000, &(&1 * &1))) end)
      [hottest | _] = Cprof.hotspots(profile)
      :ok = Cprof.write(profile, "flamegraph.html")

  To look at a node in production, use `cprof record -p PID` in a shell on the same machine: see the README. To profile
  a script or an expression, use `mix profile.run`.

  ## Options of a recording

    * `:event` - `:cpu` (the default) samples the CPU time; `:wall` samples the processes, whether they run or wait, and
      says who is waited for (`docs/wall.md`, `Cprof.Waits`); `:alloc` samples what functions allocate, in bytes
      (`docs/alloc.md`); `:block` samples the time for which schedulers are blocked while they run a process
      (`docs/block.md`). A list, such as `[:cpu, :alloc]`, records several at once: the report is that of the first one in
      the order of this list, and has those of the others under their names (`Cprof.Profile.of_event/2`)
    * `:rate` - samples per second of CPU time, 1 to 10000 (`profile/2`: 999, else 99); with `event: :wall`, readings of
      the processes per second, 1 to 100 (10); with `event: :alloc`, samples per second, at most (999); with `event:
      :block`, samples per second of blocked time (1000); with several events, the rate is that of the first
    * `:max_cost` - with `event: :alloc`, the percentage of the node's CPU time that the recording may cost (0.85, and 50
      in `mix profile.run`); more gives more samples
    * `:engine` - `:auto` (the best engine that works), `:bpf`, `:perf` or `:ptrace` (at most 99 Hz)
    * `:kernel` - also shows kernel stacks (`false`)
    * `:force` - lets engine `:ptrace` run even on a machine without a spare CPU (`false`)
    * `:command` - `false` leaves the node's command line out of the recording (`true`); cookies in it are always masked
    * `:slower_than` - only samples in a span that takes as many milliseconds (see `:span`; docs/spans.md)

  ## Options of what is shown

    * `:top` - the number of rows of a text table
    * `:process` - only these processes: a pid, registered name or initial call, or a list of them
    * `:span` - only samples in this span of the application (an event such as `"[:phoenix, :endpoint]"`, an event with
      its metadata, or the metadata alone), or a list of them; with `:slower_than`, those that have to be slow
    * `:focus` - only stacks with a function that matches this regular expression (POSIX, as a string)
    * `:ignore` - only stacks without such a function

    * `:event` - of a recording of several events, only this one

  `:engine` and `:force` are only for `event: :cpu`, and `:kernel` is not for `event: :wall` and `event: :alloc`.

  Functions that can fail return `{:error, %Cprof.Error{}}`; its message says what to do. This includes options that are
  wrong. Only the functions that return or print figures of the node without `:ok` (`snapshot/1`, `memory/1`,
  `Cprof.Snapshot` and `Cprof.Memory`), and `child_spec/1`, raise `ArgumentError` for these, with the same sentence.
  """

  alias Cprof.{Diff, Error, Options, Profile}

  @type event :: :cpu | :wall | :alloc | :block

  @type option ::
          {:event, event() | [event()] | String.t()}
          | {:rate, pos_integer()}
          | {:max_cost, number()}
          | {:engine, :auto | :bpf | :perf | :ptrace | String.t()}
          | {:kernel, boolean()}
          | {:force, boolean()}
          | {:command, boolean()}
          | {:slower_than, number()}

  @type render_option ::
          {:format, atom() | String.t()}
          | {:event, event() | String.t()}
          | {:top, pos_integer()}
          | {:process, pid() | atom() | String.t() | [pid() | atom() | String.t()]}
          | {:span, String.t() | [String.t()]}
          | {:focus, String.t()}
          | {:ignore, String.t()}

  @doc """
  Runs a function and samples the node while it runs.

  Returns the function's value and the profile. What the function raises, throws or exits with is raised again here. A
  function that takes only milliseconds gives few samples: repeat it until it takes a second or more.

  `{:error, error}` says that the function was not run. `{:error, error, value}` says that it was run, but the recording
  failed.

  In addition to the options of a recording, it takes `:output`, a file or a list of files to write (see `write/3`), and
  the options of what is shown. The files are also written when the function raises.

      iex> {:ok, value, profile} = Cprof.profile(fn -> Enum.reduce(1..3_000_000, 0, &rem(&1 + &2, 1000)) end)
      iex> value in 0..999
      true
      iex> profile.report.counters.samples > 0
      true
  """
  @spec profile((() -> value), [option() | render_option() | {:output, Path.t() | [Path.t()]}]) ::
          {:ok, value, Profile.t()} | {:error, Error.t()} | {:error, Error.t(), value}
        when value: any()
  def profile(fun, opts \\ []) when is_function(fun, 0) do
    case :cprof_sampler.profile(fun, Options.to_map(opts)) do
      {:ok, value, recorded} -> {:ok, value, struct!(Profile, recorded)}
      {:error, failure} -> {:error, Error.new(failure)}
      {:error, failure, value} -> {:error, Error.new(failure), value}
    end
  end

  @doc """
  Starts a recording, which runs until `stop/0`. Only one recording runs at a time.

      iex> Cprof.start(rate: 199)
      :ok
      iex> {:error, error} = Cprof.start()
      iex> error.code
      :already_started
      iex> {:ok, %Cprof.Profile{}} = Cprof.stop()
      iex> {:error, error} = Cprof.stop()
      iex> Exception.message(error)
      "no recording is running"
  """
  @spec start([option()]) :: :ok | {:error, Error.t()}
  def start(opts \\ []), do: opts |> Options.to_map() |> :cprof_sampler.start() |> result()

  @doc """
  Ends the recording that `start/1` began and returns its profile.
  """
  @spec stop() :: {:ok, Profile.t()} | {:error, Error.t()}
  def stop, do: profile_result(:cprof_sampler.stop())

  @doc """
  Records the node for some seconds. Takes the options of `profile/2`.

      iex> {:ok, profile} = Cprof.record(0.2)
      iex> profile.report.meta.rate_asked
      99
  """
  @spec record(number(), [option() | render_option() | {:output, Path.t() | [Path.t()]}]) ::
          {:ok, Profile.t()} | {:error, Error.t()}
  def record(seconds, opts \\ []) when is_number(seconds) and seconds > 0 do
    profile_result(:cprof_sampler.record(seconds, Options.to_map(opts)))
  end

  @doc """
  The functions that took the most time, the hottest first. They are sorted by `own`, the time in the function itself
  and in the BIFs, C code, garbage collections and kernel code below it. If no function has own time (as in a profile of
  another program), they are sorted by `self`.

      iex> {:ok, _, profile} = Cprof.profile(fn -> for n <- 1..60, do: Enum.sort(Enum.shuffle(1..(1000 * n))) end)
      iex> [%{name: name, own_pct: percent} | _] = Cprof.hotspots(profile, 5)
      iex> {is_binary(name), percent > 0.0}
      {true, true}
  """
  @spec hotspots(Profile.t(), non_neg_integer()) :: [Profile.function_row()]
  def hotspots(%Profile{report: report}, count \\ 10) when is_integer(count) and count >= 0 do
    by = if Enum.any?(report.functions, &(&1.own > 0)), do: :own, else: :self
    report.functions |> Enum.filter(&(&1[by] > 0)) |> Enum.sort_by(& &1[by], :desc) |> Enum.take(count)
  end

  @doc """
  Renders the profile in a format: `:text`, `:html`, `:json`, `:collapsed`, `:speedscope` or `:pprof`. Takes the options
  of what is shown.

      iex> {:ok, profile} = Cprof.record(0.2)
      iex> {:ok, text} = Cprof.render(profile, :text, top: 5)
      iex> is_binary(text)
      true
  """
  @spec render(Profile.t(), atom() | String.t(), [render_option()]) ::
          {:ok, binary()} | {:error, Error.t()}
  def render(%Profile{recording: recording}, format, opts \\ []) do
    case :cprof_sampler.render(recording, Options.to_map([{:format, format} | opts])) do
      {:ok, bytes} -> {:ok, bytes}
      {:error, failure} -> {:error, Error.new(failure)}
    end
  end

  @doc """
  Writes the profile to a file, in the format of its extension: `.html` (a flame graph), `.txt`, `.json`, `.collapsed`,
  `.speedscope.json`, `.pb.gz`. For any other extension the option `:format` selects the format. Takes the options of
  what is shown.

      iex> {:ok, profile} = Cprof.record(0.2)
      iex> file = Path.join(System.tmp_dir!(), "cprof-doc-\#{System.pid()}.html")
      iex> Cprof.write(profile, file)
      :ok
      iex> File.rm!(file)
      :ok
  """
  @spec write(Profile.t(), Path.t(), [render_option()]) :: :ok | {:error, Error.t()}
  def write(%Profile{recording: recording}, path, opts \\ []) do
    result(:cprof_sampler.write(recording, IO.chardata_to_string(path), Options.to_map(opts)))
  end

  @doc """
  Prints who is waited for in this node: reads its processes for a second, and prints a sentence and a table.
  `Cprof.Waits.take/1` returns the same figures. Takes the options of that function.
  """
  @spec waits([Cprof.Waits.option()]) :: :ok | {:error, Error.t()}
  def waits(opts \\ []), do: opts |> Options.to_map() |> :cprof_nif.print_waits() |> result()

  @doc """
  Prints the node's figures at this moment: schedulers, processes, mailboxes, binaries, memory, where processes wait,
  and who is waited for. `Cprof.Snapshot.take/1` returns the same figures. Takes the options of that function; `:wait_ms` is 100 by
  default. Rates need two snapshots: the first time in a process, this function takes both, a second apart.
  """
  @spec snapshot([Cprof.Snapshot.option()]) :: :ok
  def snapshot(opts \\ []), do: Options.call!(opts, &:cprof_nif.print_snapshot/1)

  @doc """
  Prints why the node is big: a sentence, where its memory is, and who has most of it. `Cprof.Memory.take/1` returns the
  same figures. Takes the options of that function; `:wait_ms` is 100 by default.
  """
  @spec memory([Cprof.Memory.option()]) :: :ok
  def memory(opts \\ []), do: Options.call!(opts, &:cprof_nif.print_memory/1)

  @doc """
  Reads a recording that was saved by `write/3`, by `mix profile.run --save` or by `cprof record`, or any other pprof
  file.

      iex> {:ok, profile} = Cprof.record(0.2)
      iex> file = Path.join(System.tmp_dir!(), "cprof-doc-\#{System.pid()}.pb.gz")
      iex> :ok = Cprof.write(profile, file)
      iex> {:ok, again} = Cprof.read(file)
      iex> File.rm!(file)
      iex> again.report.counters == profile.report.counters
      true
      iex> {:error, error} = Cprof.read("nowhere.pb.gz")
      iex> Exception.message(error)
      "nowhere.pb.gz: no such file or directory"
  """
  @spec read(Path.t()) :: {:ok, Profile.t()} | {:error, Error.t()}
  def read(path) do
    with {:ok, bytes} <- :cprof_sampler.read_file(IO.chardata_to_string(path)),
         {:ok, recorded} <- :cprof_sampler.read(bytes) |> named(path) do
      {:ok, struct!(Profile, recorded)}
    else
      {:error, failure} -> {:error, Error.new(failure)}
    end
  end

  @typedoc "A recording to compare: a profile, or the file that it was saved to."
  @type recording :: Profile.t() | Path.t()

  @type diff_option :: render_option() | {:fail_above, number()} | {:min_effect, number()}

  @doc """
  Compares recordings: says which functions now take a larger or a smaller part of the CPU time, or of the allocated
  bytes, by how much, and how certain that is.

  Each side is a profile, the file of a saved recording, or a list of these. With several recordings on a side, their
  spread shows how much recordings of the same work differ. `docs/diff.md` explains the statistics. To compare two
  measurements of the same work, prefer `mix profile.run --baseline`, which can use that the work is the same.

  Options: the options of what is shown (`:format` can be `:text`, `:json` or `:html`, a differential flame graph), and

    * `:event` - `:cpu` or `:alloc`: what is compared of recordings of several events (the first of these)
    * `:fail_above` - `grew?` is true when a function grew significantly and by more than this many percent (0)
    * `:min_effect` - smaller changes, in percent, are ignored (5)

  For example:

      iex> {:ok, _, base} = Cprof.profile(fn -> Enum.sort(Enum.shuffle(1..200_000)) end)
      iex> {:ok, _, new} = Cprof.profile(fn -> Enum.sort(Enum.shuffle(1..200_000)) end)
      iex> {:ok, %Cprof.Diff{} = diff} = Cprof.diff(base, new, fail_above: 1_000_000)
      iex> {diff.grew?, is_binary(diff.text), diff.report.base.recordings}
      {false, true, 1}
  """
  @spec diff(recording() | [recording()], recording() | [recording()], [diff_option()]) ::
          {:ok, Diff.t()} | {:error, Error.t()}
  def diff(base, new, opts \\ []) do
    with {:ok, base} <- recordings(base),
         {:ok, new} <- recordings(new),
         {:ok, compared} <- :cprof_sampler.diff(base, new, Options.to_map(opts)) do
      {:ok, %Diff{report: compared.report, text: compared.text, grew?: compared.grew}}
    else
      {:error, failure} -> {:error, Error.new(failure)}
    end
  end

  defp recordings(side) do
    side
    |> List.wrap()
    |> Enum.reduce_while({:ok, []}, fn recording, {:ok, read} ->
      case bytes(recording) do
        {:ok, bytes} -> {:cont, {:ok, [bytes | read]}}
        error -> {:halt, error}
      end
    end)
    |> then(fn result -> with {:ok, read} <- result, do: {:ok, Enum.reverse(read)} end)
  end

  defp bytes(%Profile{recording: recording}), do: {:ok, recording}
  defp bytes(path), do: :cprof_sampler.read_file(IO.chardata_to_string(path))

  defp named({:error, {code, text}}, path), do: {:error, {code, "#{path}: #{text}"}}
  defp named(ok, _), do: ok

  defp profile_result({:ok, recorded}), do: {:ok, struct!(Profile, recorded)}
  defp profile_result({:error, failure}), do: {:error, Error.new(failure)}

  defp result(:ok), do: :ok
  defp result({:error, failure}), do: {:error, Error.new(failure)}
end
