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

defmodule PhoenixShop.PageController do
  use Phoenix.Controller, formats: []

  def burn(conn, _params) do
    PhoenixShop.Burner.until(:persistent_term.get(PhoenixShop))
    Plug.Conn.send_resp(conn, 200, "burnt")
  end

  def quick(conn, _params), do: Plug.Conn.send_resp(conn, 200, "quick")
end

defmodule PhoenixShop.Router do
  use Phoenix.Router

  scope "/", PhoenixShop do
    get("/burn", PageController, :burn)
    get("/quick", PageController, :quick)
  end
end

defmodule PhoenixShop.Endpoint do
  use Phoenix.Endpoint, otp_app: :phoenix_shop

  plug(Plug.Telemetry, event_prefix: [:phoenix, :endpoint])
  plug(PhoenixShop.Router)
end
