defmodule Cprof.LiveDashboard.Recording do
  @moduledoc false
  # One recording that the page asked for, and what the page shows of it. All of it runs in a process of its own, which
  # ends with the page's process, and the recording with it.

  alias Cprof.{Error, Profile}
  alias Cprof.LiveDashboard.Spans

  @events %{cpu: "CPU time", wall: "process time", block: "blocked time"}
  @seconds [2, 5, 10, 30, 60]
  @titles %{cpu: "CPU time", wall: "Process time", block: "Blocked time"}
  # Of CPU time; the options of the page can say otherwise.
  @rate 499
  @rows 12
  @text_rows 20
  # What is larger is not sent to the browser: the process of the page would take too long to encode it.
  @max_bytes 8_000_000

  @type event :: :cpu | :wall | :block
  @type options :: %{optional(:rate) => pos_integer(), optional(:engine) => atom()}
  @type hot :: %{function: String.t(), place: String.t(), own: String.t(), error: String.t(), total: String.t()}
  @type result :: %{
          event: event(),
          says: String.t(),
          hot: [hot()],
          waits: :cprof_waits.waits() | nil,
          spans: Spans.table() | nil,
          text: String.t(),
          html: String.t() | nil,
          recording: binary() | nil,
          file: String.t()
        }

  @doc """
  The events that can be recorded, in words.
  """
  @spec events() :: %{event() => String.t()}
  def events, do: @events

  @doc """
  The durations that can be chosen, in seconds.
  """
  @spec choices() :: [pos_integer()]
  def choices, do: @seconds

  @doc """
  Records the node for some seconds, or until `:stop` arrives, and tells the page how far it is.
  """
  @spec run(pid(), event(), pos_integer(), options()) :: {:ok, result()} | {:error, String.t()}
  def run(page, event, seconds, options) do
    case :cprof_sampler.start(record_options(event, options), %{owner: self(), own: [self()]}) do
      :ok ->
        sample(page, 0, seconds)
        tell(page, :finishing)
        finish(event)

      {:error, failure} ->
        {:error, sentence(failure)}
    end
  end

  # Whoever may open the dashboard need not know the node's command line.
  defp record_options(:cpu, options), do: Map.merge(%{event: :cpu, command: false, rate: @rate}, options)
  defp record_options(event, _), do: %{event: event, command: false}

  defp sample(_, seconds, seconds), do: :ok

  defp sample(page, passed, seconds) do
    tell(page, {:recording, passed})

    receive do
      :stop -> :ok
    after
      1000 -> sample(page, passed + 1, seconds)
    end
  end

  defp tell(page, phase), do: send(page, {:cprof_recording, self(), phase})

  defp finish(event) do
    with {:ok, recorded} <- :cprof_sampler.stop(),
         profile = struct!(Profile, recorded),
         {:ok, text} <- Cprof.render(profile, :text, top: @text_rows),
         {:ok, html} <- Cprof.render(profile, :html) do
      {:ok, result(event, profile, text, html)}
    else
      {:error, %Error{message: message}} -> {:error, message}
      {:error, failure} -> {:error, sentence(failure)}
    end
  end

  defp sentence({:already_started, _}) do
    "Another recording runs on this node: of another viewer of this page, of Cprof, or of telemetry. " <>
      "Wait until it has ended."
  end

  defp sentence(failure), do: Exception.message(Error.new(failure))

  # --- what is shown of it --------------------------------------------------------------------------------------------

  @doc """
  What the page shows of a profile, given its text report and its flame graph page. What is too large to be sent to the
  browser is `nil`.
  """
  @spec result(event(), Profile.t(), String.t(), String.t()) :: result()
  def result(event, %Profile{report: report, recording: recording} = profile, text, html) do
    %{
      event: event,
      says: says(event, report),
      hot: profile |> Cprof.hotspots(@rows) |> Enum.map(&hot/1),
      waits: if(event == :wall, do: :cprof_waits.of_report(report, @rows)),
      spans: Spans.recorded(report, event),
      text: text,
      html: if(byte_size(html) <= @max_bytes, do: html),
      recording: if(byte_size(recording) <= @max_bytes, do: recording),
      file: "cprof-#{event}-#{started(report, "%Y%m%dT%H%M%SZ")}.pb.gz"
    }
  end

  defp says(event, %{meta: meta, counters: counters} = report) do
    seconds = :erlang.float_to_binary(meta.duration_ns / 1.0e9, decimals: 1)
    samples = "#{:cprof_words.count(counters.samples)} samples"
    at = started(report, "%H:%M:%S")
    "#{@titles[event]}, recorded for #{seconds} s from #{at} UTC: #{samples} by engine #{meta.engine}"
  end

  defp started(%{meta: %{started_unix_ns: ns}}, format) do
    ns |> DateTime.from_unix!(:nanosecond) |> Calendar.strftime(format)
  end

  defp hot(row) do
    %{
      function: row.name,
      place: place(row),
      own: percent(row.own_pct),
      error: percent(row.own_error_pct),
      total: percent(row.total_pct)
    }
  end

  defp place(%{file: ""}), do: ""
  defp place(%{file: file, line: 0}), do: file
  defp place(%{file: file, line: line}), do: "#{file}:#{line}"

  defp percent(percent), do: :erlang.float_to_binary(percent * 1.0, decimals: 2)
end
