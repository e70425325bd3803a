defmodule Cprof.LiveDashboard.Page do
  @moduledoc false
  # What the page knows, and how that changes with what its user does and with what its two helpers say: the process
  # that reads the figures, and the one that records. Both end with the process of the page (cprof_aside). Nothing here
  # waits, and nothing knows of Phoenix.

  alias Cprof.LiveDashboard.{Figures, Markup, Recording, View}

  # The figures take a second the first time, and tens of milliseconds later; on a busy node more.
  @reading_ms 20_000

  defstruct options: %{},
            nonces: %{},
            # the node that was chosen, if it is not this one
            other_node: nil,
            seconds: 5,
            job: nil,
            failure: nil,
            # the markup of the last recording, and how many there were
            result: nil,
            number: 0,
            reader: nil,
            # the timer of the reading that is awaited; :given_up when it has taken too long, until its process has ended
            reading: nil,
            reading_ms: @reading_ms,
            figures: nil,
            unread: nil

  @type job :: %{
          task: {pid(), reference()},
          event: Recording.event(),
          seconds: pos_integer(),
          phase: :attaching | {:recording, non_neg_integer()} | :finishing
        }
  @type t :: %__MODULE__{
          options: Recording.options(),
          nonces: View.nonces(),
          other_node: node() | nil,
          seconds: pos_integer(),
          job: job() | nil,
          failure: String.t() | nil,
          result: String.t() | nil,
          number: non_neg_integer(),
          reader: {pid(), reference()} | nil,
          reading: reference() | :given_up | nil,
          reading_ms: pos_integer(),
          figures: Figures.t() | nil,
          unread: String.t() | nil
        }

  @doc """
  The page of a node. Only this node can be shown: the sampler runs on the machine of the node that it samples.
  """
  @spec new(Recording.options(), node(), View.nonces()) :: t()
  def new(options, node, nonces) do
    %__MODULE__{options: options, nonces: nonces, other_node: if(node != node(), do: node)}
  end

  @doc """
  Asks for new figures, unless the last ones are still being read.
  """
  @spec refresh(t()) :: t()
  def refresh(%__MODULE__{other_node: other, reading: reading} = page) when other != nil or reading != nil, do: page

  def refresh(%__MODULE__{reader: nil} = page) do
    owner = self()

    case :cprof_aside.start(fn -> Figures.serve(owner) end) do
      :full -> %{page | unread: no_slot()}
      reader -> refresh(%{page | reader: reader, unread: nil})
    end
  end

  def refresh(%__MODULE__{reader: {pid, _}} = page) do
    send(pid, :read)
    %{page | reading: :erlang.start_timer(page.reading_ms, self(), :cprof_reading)}
  end

  defp no_slot, do: "Too few process slots of this node are free, and cprof leaves the last ones to the node."

  # --- what its user does -----------------------------------------------------------------------------------------------

  @doc """
  An event of the browser. Anybody can send anything, so unknown ones are ignored.
  """
  @spec event(t(), String.t(), map()) :: t()
  def event(page, "cprof_seconds", %{"seconds" => text}) do
    case Enum.find(Recording.choices(), &(to_string(&1) == text)) do
      nil -> page
      seconds -> %{page | seconds: seconds}
    end
  end

  def event(%__MODULE__{job: nil, other_node: nil} = page, "cprof_record", %{"event" => text}) do
    case Enum.find(Map.keys(Recording.events()), &(to_string(&1) == text)) do
      nil -> page
      event -> record(page, event)
    end
  end

  def event(%__MODULE__{job: %{task: {pid, _}}} = page, "cprof_stop", _) do
    send(pid, :stop)
    page
  end

  def event(page, _, _), do: page

  defp record(%__MODULE__{seconds: seconds} = page, event) do
    %{options: options, number: number, nonces: nonces} = page
    owner = self()
    run = fn -> owner |> Recording.run(event, seconds, options) |> drawn(number + 1, nonces) end

    case :cprof_aside.start(run) do
      :full -> %{page | failure: no_slot()}
      task -> %{page | failure: nil, job: %{task: task, event: event, seconds: seconds, phase: :attaching}}
    end
  end

  # Drawing it takes long enough to be done in the other process, too.
  defp drawn({:ok, result}, number, nonces), do: {:ok, number |> View.result(result, nonces) |> Markup.html()}
  defp drawn(error, _, _), do: error

  # --- what its helpers say ---------------------------------------------------------------------------------------------

  @doc """
  A message to the process of the page. Those that are not for the page leave it as it is.
  """
  @spec message(t(), term()) :: t()
  def message(%__MODULE__{reader: {pid, _}, reading: timer} = page, {:cprof_figures, pid, figures})
      when is_reference(timer) do
    :erlang.cancel_timer(timer)
    %{page | figures: figures, reading: nil}
  end

  # The reader hangs, for instance in a call that needs an answer from every scheduler. It is ended; where that takes
  # time, too, no other one is started meanwhile.
  def message(%__MODULE__{reader: {pid, _}, reading: timer} = page, {:timeout, timer, :cprof_reading}) do
    Process.exit(pid, :kill)
    seconds = div(page.reading_ms, 1000)
    unread = "The figures could not be read within #{seconds} s. The next update tries it again."
    %{page | reading: :given_up, unread: unread}
  end

  def message(%__MODULE__{job: %{task: {pid, _}} = job} = page, {:cprof_recording, pid, phase}) do
    %{page | job: %{job | phase: phase}}
  end

  def message(%__MODULE__{job: %{task: {pid, monitor}}} = page, {:DOWN, monitor, :process, pid, reason}) do
    case :cprof_aside.answer(reason) do
      {:ok, {:ok, result}} -> %{page | job: nil, result: result, number: page.number + 1}
      {:ok, {:error, sentence}} -> %{page | job: nil, failure: sentence}
      :failed -> %{page | job: nil, failure: "The recording ended unexpectedly: #{why(reason)}"}
    end
  end

  # The next refresh starts another one.
  def message(%__MODULE__{reader: {pid, monitor}} = page, {:DOWN, monitor, :process, pid, reason}) do
    %{page | reader: nil, reading: nil, unread: ended(page, reason)}
  end

  def message(page, _), do: page

  defp ended(%{reading: :given_up, unread: unread}, _), do: unread

  defp ended(%{reading: timer}, reason) do
    if timer, do: :erlang.cancel_timer(timer)
    "The figures could not be read: #{why(reason)}"
  end

  defp why({:raised, class, reason, stack}), do: :cprof_words.shown(Exception.format_banner(class, reason, stack))
  defp why(reason), do: :cprof_words.text("~0tp", [reason])
end
