# A Phoenix application with one slow page. Loaded only where Phoenix is.
defmodule PhoenixShop.Burner do
  @moduledoc "Burns CPU until it is told to stop, nearly all of it in spin/1."

  def until(flag) do
    spin(20_000)
    if :atomics.get(flag, 1) == 0, do: until(flag), else: :done
  end

  def spin(0), do: 0
  def spin(n), do: spin(n - 1)
end

defmodule PhoenixShop.Basket do
  @moduledoc "A page's work as it is in many: a list is made, sorted and summed up."

  def total(count) do
    items = for n <- 1..count, do: %{name: "item #{n}", price: price(n)}
    items |> Enum.sort_by(& &1.price) |> Enum.reduce(0, &(&1.price + &2))
  end

  def price(n), do: Enum.reduce(1..20, n, &rem(&1 * &2 + 7919, 10_007))
end

defmodule PhoenixShop.Seats do
  @moduledoc "A server that takes its time for each answer."
  use GenServer

  def start_link(_), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)
  def reserve, do: GenServer.call(__MODULE__, :reserve, 60_000)

  @impl GenServer
  def init(nil), do: {:ok, nil}

  @impl GenServer
  def handle_call(:reserve, _, nil) do
    receive(do: (:never -> :ok), after: (8 -> :ok))
    {:reply, :ok, nil}
  end
end

defmodule PhoenixShop.PageController do
  use Phoenix.Controller, formats: []

  def burn(conn, _params) do
    PhoenixShop.Burner.until(:persistent_term.get(PhoenixShop))
    Plug.Conn.send_resp(conn, 200, "burnt")
  end

  def quick(conn, _params), do: Plug.Conn.send_resp(conn, 200, "quick")

  def seats(conn, _params) do
    :ok = PhoenixShop.Seats.reserve()
    Plug.Conn.send_resp(conn, 200, "reserved")
  end

  def spin(conn, %{"id" => _}) do
    PhoenixShop.Burner.spin(2_000_000)
    Plug.Conn.send_resp(conn, 200, "spun")
  end

  def basket(conn, _params) do
    total = PhoenixShop.Basket.total(2_000)
    Plug.Conn.send_resp(conn, 200, "total #{total}")
  end
end

defmodule PhoenixShop.Router do
  use Phoenix.Router

  scope "/", PhoenixShop do
    get("/burn", PageController, :burn)
    get("/quick", PageController, :quick)
    get("/basket", PageController, :basket)
    get("/seats", PageController, :seats)
    get("/spin/:id", PageController, :spin)
  end
end

defmodule PhoenixShop.Endpoint do
  use Phoenix.Endpoint, otp_app: :phoenix_shop

  plug(Plug.Telemetry, event_prefix: [:phoenix, :endpoint])
  plug(PhoenixShop.Router)
end
