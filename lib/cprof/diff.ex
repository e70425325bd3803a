defmodule Cprof.Diff do
  @moduledoc """
  What `Cprof.diff/3` found.

    * `report` - the comparison as a map; its keys are those of the JSON (`docs/diff.md`). `report.functions` is sorted
      by the size of the change, `report.culprit` is the function that the sentence names, or nil.
    * `text` - the comparison in the requested format
    * `grew?` - whether a function grew significantly and by more than the option `:fail_above`
  """

  @type t :: %__MODULE__{report: map(), text: binary(), grew?: boolean()}

  @enforce_keys [:report, :text, :grew?]
  defstruct [:report, :text, :grew?]

  defimpl Inspect do
    def inspect(%{report: report, grew?: grew?}, _opts) do
      "#Cprof.Diff<#{length(report.functions)} functions, grew?: #{grew?}>"
    end
  end
end
