defmodule Cprof.Error do
  @moduledoc """
  Why a function of cprof failed: one sentence that also says what to do about it.

  `code` names the case for programs: for instance `:already_started`, `:not_started`, `:no_program`, `:no_access`,
  `:perf_denied`, `:sampler_ended`, `:unknown_format`, `:invalid_option`, or a POSIX code such as `:enoent`.
  """

  @type t :: %__MODULE__{code: atom(), message: String.t()}

  defexception [:code, :message]

  @doc false
  @spec new({atom(), binary()}) :: t()
  def new({code, text}), do: %__MODULE__{code: code, message: :cprof_words.shown(text)}
end
