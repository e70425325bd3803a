defmodule Cprof.LiveDashboard do
  @moduledoc """
  A page of cprof in [Phoenix LiveDashboard](https://hexdocs.pm/phoenix_live_dashboard) (0.8 or later):

      live_dashboard "/dashboard",
        additional_pages: [cprof: Cprof.LiveDashboard]

  It shows the schedulers, who is waited for, the busiest processes, the mailboxes and where the memory is, and it
  records: a click samples the node for some seconds, then the page shows the hot functions, who was waited for, and
  the flame graph. `docs/dashboard.md` describes it.

  Whoever may open the dashboard may see this page and record. What it shows can be had in no other way: no route or
  file is added. At most one recording runs on a node at a time, for at most a minute. Leaving the page ends what it
  has started.

  ## Options

      additional_pages: [cprof: {Cprof.LiveDashboard, rate: 999}]

    * `:rate` - samples per second of CPU time (499), see `Cprof`
    * `:engine` - the engine that samples CPU time (`:auto`)

  cprof does not depend on Phoenix. This module calls it only when the dashboard calls this module, so it does not
  matter which of them was compiled first.
  """

  # The callbacks are those of Phoenix.LiveDashboard.PageBuilder. That module cannot be used here, since it may be added
  # to a project when this one is compiled already, or never.

  alias Cprof.LiveDashboard.{Markup, Page, View}

  @compile {:no_warn_undefined, [Phoenix.Component, Phoenix.LiveView]}

  @options [:rate, :engine]

  @doc false
  def __page_live__(:refresher?), do: true

  @doc false
  def init(options) do
    if not Keyword.keyword?(options) or Keyword.keys(options) -- @options != [] do
      raise ArgumentError,
            "the options of Cprof.LiveDashboard are :rate and :engine, as in " <>
              "[cprof: {Cprof.LiveDashboard, rate: 999}], not #{inspect(options)}"
    end

    case :cprof_options.check(options, [:record]) do
      {:ok, _} -> {:ok, Map.new(options)}
      {:error, sentence} -> raise ArgumentError, sentence
    end
  end

  @doc false
  def menu_link(_session, _capabilities), do: {:ok, "cprof"}

  @doc false
  def mount(_params, options, socket) do
    page = Page.new(options, socket.assigns.page.node, socket.assigns.csp_nonces)
    {:ok, put(socket, if(Phoenix.LiveView.connected?(socket), do: Page.refresh(page), else: page))}
  end

  @doc false
  def handle_refresh(socket), do: update(socket, &Page.refresh/1)

  @doc false
  def handle_event(event, params, socket), do: update(socket, &Page.event(&1, event, params))

  @doc false
  def handle_info(message, socket), do: update(socket, &Page.message(&1, message))

  defp update(socket, change), do: {:noreply, put(socket, change.(socket.assigns.cprof))}

  # By part of the page, so that only the parts that changed are sent to the browser.
  defp put(socket, page) do
    Phoenix.Component.assign(socket,
      cprof: page,
      cprof_controls: Map.take(page, [:other_node, :seconds, :job, :failure]),
      cprof_result: page.result,
      cprof_figures: {page.figures, page.unread}
    )
  end

  # --- what is sent to the browser --------------------------------------------------------------------------------------

  @doc false
  def render(assigns) do
    parts = parts()

    rendered("cprof", length(parts), fn track_changes? ->
      for {key, markup} <- parts do
        if not track_changes? or Phoenix.Component.changed?(assigns, key) do
          rendered(to_string(key), 1, fn _ -> [Markup.html(markup.(assigns))] end)
        end
      end
    end)
  end

  defp parts do
    [
      cprof_controls: &View.controls(&1.cprof_controls),
      cprof_result: &{:safe, &1.cprof_result || ""},
      cprof_figures: &View.figures(&1.cprof_figures)
    ]
  end

  # What a template of Phoenix makes, as the documentation of Phoenix.LiveView.Engine describes it. `nil` stands for a
  # part that did not change; of an element that is the root of its template, the browser then leaves alone all of it.
  defp rendered(id, count, dynamic) do
    static = [~s(<div id="#{id}">)] ++ List.duplicate("", count - 1) ++ ["</div>"]
    print = :erlang.phash2(static)
    struct!(Phoenix.LiveView.Rendered, static: static, dynamic: dynamic, fingerprint: print, root: true)
  end
end
