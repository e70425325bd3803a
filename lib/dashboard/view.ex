defmodule Cprof.LiveDashboard.View do
  @moduledoc false
  # The page as markup: what can be done, what was recorded, and the figures. The classes are those of the dashboard's
  # own style sheet, and there is no inline style or script, so a content security policy that the dashboard can live
  # with suffices. The flame graph page has inline scripts: it gets the dashboard's nonces, in a frame of its own that
  # may run scripts but neither reach the dashboard nor anything else.

  import Cprof.LiveDashboard.Markup, only: [el: 3]

  alias Cprof.LiveDashboard.{Figures, Markup, Recording}

  @type nonces :: %{optional(:style) => String.t() | nil, optional(:script) => String.t() | nil}

  @buttons [cpu: "Record CPU time", wall: "Record process time", block: "Record blocked time"]
  @hints %{
    cpu: "Samples what the schedulers run: which functions use the CPU time?",
    wall: "Samples all processes, whether they run or wait: what do they wait for, and for whom?",
    block: "Samples the time for which schedulers are blocked: by files, locks, C code?"
  }
  @frame_height 820

  # --- what can be done -------------------------------------------------------------------------------------------------

  @doc """
  The buttons, how far a recording is, and why the last one failed: of a `Cprof.LiveDashboard.Page`.
  """
  @spec controls(map()) :: {:safe, iodata()}
  def controls(%{other_node: nil} = page) do
    el(:div, [class: "card mb-4"], [
      el(:div, [class: "card-body"], [
        el(:form, [id: "cprof-form", class: "form-inline", "phx-change": "cprof_seconds"], [
          Enum.map(@buttons, &button(&1, page.job)),
          el(:label, [for: "cprof-seconds", class: "mx-2"], "for"),
          el(:select, [id: "cprof-seconds", name: "seconds", class: "custom-select custom-select-sm"], options(page))
        ]),
        job(page.job),
        alert("cprof-failure", page.failure)
      ])
    ])
  end

  def controls(%{other_node: other}) do
    alert(
      "cprof-failure",
      "cprof shows the node that serves this page, #{node()}, and cannot show #{other}. " <>
        "Select #{node()} above, or open the dashboard of #{other}."
    )
  end

  defp button({event, words}, job) do
    el(
      :button,
      [
        type: "button",
        id: "cprof-record-#{event}",
        class: "btn btn-primary btn-sm mr-2",
        title: @hints[event],
        disabled: job != nil,
        "phx-click": "cprof_record",
        "phx-value-event": to_string(event)
      ],
      words
    )
  end

  defp options(%{seconds: chosen}) do
    for seconds <- Recording.choices() do
      el(:option, [value: seconds, selected: seconds == chosen], "#{seconds} seconds")
    end
  end

  defp job(nil), do: nil

  defp job(%{event: event, seconds: seconds, phase: phase}) do
    el(:div, [id: "cprof-job", class: "mt-3", role: "status"], [
      el(:progress, [class: "mr-3", max: seconds, value: passed(phase, seconds)], []),
      phase(phase, Recording.events()[event], seconds),
      if(match?({:recording, _}, phase), do: stop(), else: nil)
    ])
  end

  defp passed({:recording, passed}, _), do: passed
  defp passed(:finishing, seconds), do: seconds
  defp passed(:attaching, _), do: 0

  defp phase(:attaching, event, _), do: "Attaching the sampler for #{event}"
  defp phase({:recording, passed}, event, seconds), do: "Recording #{event}: #{passed} of #{seconds} s"
  defp phase(:finishing, event, _), do: "Drawing the flame graph of #{event}"

  defp stop do
    el(
      :button,
      [type: "button", id: "cprof-stop", class: "btn btn-secondary btn-sm ml-3", "phx-click": "cprof_stop"],
      "Stop now"
    )
  end

  defp alert(_, nil), do: nil
  defp alert(id, sentence), do: el(:div, [id: id, class: "alert alert-danger mt-3 mb-0", role: "alert"], sentence)

  # --- what was recorded ------------------------------------------------------------------------------------------------

  @doc """
  A recording; the number tells it from earlier ones of the page. The browser leaves it alone once it is there
  (`phx-update`). Otherwise each refresh would close what the user has opened.
  """
  @spec result(pos_integer(), Recording.result(), nonces()) :: {:safe, iodata()}
  def result(number, result, nonces) do
    el(:div, [id: "cprof-result-#{number}", "phx-update": "ignore", class: "mb-4"], [
      el(:h5, [class: "card-title"], result.says),
      waits(result.waits),
      hot(result),
      spans(result.spans),
      frame(result, nonces),
      el(:div, [class: "mt-2"], [download(result)]),
      el(:details, [class: "mt-2"], [
        el(:summary, [], "The whole text report"),
        el(:pre, [class: "bg-white p-3 small"], result.text)
      ])
    ])
  end

  defp waits(nil), do: nil

  defp waits(%{cause: cause, sentence: sentence, top: rows, others: others}) do
    more = if others > 0, do: "#{others} more are waited for.", else: nil

    [
      el(:p, [class: "cprof-sentence"], [to_string(:cprof_waits_text.label(cause)), sentence]),
      table(
        [
          right: "time %",
          right: "waiting",
          left: "who is waited for",
          left: "what it does itself",
          left: "called from"
        ],
        for(row <- rows, do: {nil, waited(row)}),
        "nobody was waited for"
      ),
      el(:p, [], more)
    ]
  end

  defp waited(row) do
    sites = Enum.map_join(row.sites, ", ", & &1.function)
    [:cprof_words.percent(row.share), decimal(row.average), row.name, itself(row), sites]
  end

  # Who was never seen at a reading has no state.
  defp itself(%{usual_state: :undefined}), do: "-"

  defp itself(%{usual_state: state, states: states, usual_function: function}) do
    where = if is_binary(function), do: " in #{function}", else: ""
    "#{:cprof_words.percent(states[state])} % #{state}#{where}"
  end

  defp decimal(number), do: :erlang.float_to_binary(number * 1.0, decimals: 2)

  defp hot(%{hot: rows, event: event}) do
    cells = for row <- rows, do: {nil, [row.own, row.error, row.total, row.function, row.place]}
    heads = [right: "time %", right: "+-", right: "with callees %", left: "function", left: "where"]
    [el(:p, [], hot_title(event)), table(heads, cells, "no time was sampled")]
  end

  defp hot_title(:cpu), do: "Hot functions, by their own CPU time:"
  defp hot_title(:wall), do: "Where the processes were, by process time:"
  defp hot_title(:block), do: "Where schedulers were blocked:"

  defp spans(nil), do: nil

  defp spans(%{says: says, columns: columns, rows: rows}) do
    el(:div, [class: "cprof-spans"], [el(:p, [], says), table(columns, Enum.map(rows, &{nil, &1}), nil)])
  end

  defp frame(%{html: nil}, _) do
    el(:p, [], "The flame graph page is too large to be shown here. Save the recording, and make the page of it.")
  end

  defp frame(%{html: html}, nonces) do
    el(
      :iframe,
      [
        class: "cprof-flame-graph w-100 border-0 bg-white",
        title: "Flame graph",
        height: @frame_height,
        sandbox: "allow-scripts allow-forms",
        srcdoc: with_nonces(html, nonces)
      ],
      []
    )
  end

  # The page in the frame inherits the policy of the dashboard.
  defp with_nonces(html, nonces) do
    for {tag, key} <- [{"<style>", :style}, {"<script>", :script}], nonce = nonces[key], reduce: html do
      html -> String.replace(html, tag, String.replace(tag, ">", ~s( nonce="#{Markup.html(nonce)}">)), global: false)
    end
  end

  # A link that holds the recording: so it needs no route that others could ask.
  defp download(%{recording: nil}), do: "The recording is too large to be saved from here."

  defp download(%{recording: recording, file: file}) do
    [
      el(:a, [class: "cprof-save", download: file, href: "data:application/gzip;base64," <> Base.encode64(recording)], [
        "Save the recording"
      ]),
      " (#{:cprof_words.bytes(byte_size(recording))}; cprof report #{file} -o flame.html makes this page of it)"
    ]
  end

  # --- the figures ------------------------------------------------------------------------------------------------------

  @spec figures({Figures.t() | nil, String.t() | nil}) :: {:safe, iodata()} | nil
  def figures({nil, nil}), do: el(:p, [id: "cprof-reading"], "Reading the node ...")
  def figures({nil, unread}), do: alert("cprof-unread", unread)

  def figures({%{tables: tables, read: read, incomplete: incomplete}, unread}) do
    el(:div, [id: "cprof-figures"], [
      alert("cprof-unread", unread),
      Enum.map(tables, &section/1),
      el(:p, [class: "small"], [read, " ", incomplete])
    ])
  end

  defp section(%{id: id, title: title, says: says, columns: columns, rows: rows}) do
    el(:div, [id: "cprof-#{id}", class: "mb-4"], [
      el(:h5, [class: "card-title"], title),
      el(:p, [class: "mb-2"], says),
      if(rows != [], do: table(columns, Enum.map(rows, &{&1.pid, &1.cells}), nil))
    ])
  end

  # --- tables -----------------------------------------------------------------------------------------------------------

  defp table(_, [], empty), do: el(:p, [class: "text-muted"], empty)

  defp table(heads, rows, _) do
    el(:div, [class: "card tabular-card mb-3"], [
      el(:div, [class: "dash-table-wrapper"], [
        el(:table, [class: "table table-hover table-sm mt-0 dash-table"], [
          el(:thead, [], el(:tr, [], for({side, head} <- heads, do: el(:th, [class: side(side)], head)))),
          el(:tbody, [], Enum.map(rows, &row(&1, heads)))
        ])
      ])
    ])
  end

  # A click on a process opens what the dashboard says of it.
  defp row({pid, cells}, heads) do
    info = if pid, do: ["phx-click": "show_info", "phx-value-info": "PID#{:erlang.pid_to_list(pid)}"], else: []
    el(:tr, info, for({cell, {side, _}} <- Enum.zip(cells, heads), do: el(:td, [class: side(side)], cell)))
  end

  defp side(:right), do: "text-right text-nowrap pr-4"
  defp side(:left), do: nil
end
