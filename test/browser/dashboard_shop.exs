# A Phoenix application that has the dashboard with the page of cprof, for test/dashboard.sh. It prints its address, and
# ends with its standard input. The dashboard asks for a password and has a strict content security policy.
for folder <- Path.wildcard("#{System.fetch_env!("CPROF_LIBRARIES")}/*/ebin"), do: Code.append_path(folder)

defmodule DashboardShop.Till do
  use GenServer

  def start_link(_), do: GenServer.start_link(__MODULE__, 0, name: __MODULE__)
  def pay(price), do: GenServer.call(__MODULE__, {:pay, price}, :infinity)

  @impl true
  def init(sum), do: {:ok, sum}

  @impl true
  def handle_call({:pay, price}, _, sum) do
    print_receipt()
    {:reply, :ok, sum + price}
  end

  def print_receipt, do: Process.sleep(8)
end

defmodule DashboardShop.Clerk do
  use Task, restart: :permanent

  def start_link(_), do: Task.start_link(__MODULE__, :serve, [])

  @compile {:no_warn_undefined, :telemetry}

  def serve do
    :telemetry.span([:shop, :sale], %{kind: "basket"}, fn ->
      {DashboardShop.Till.pay(DashboardShop.Prices.of_basket(200)), %{}}
    end)

    serve()
  end
end

defmodule DashboardShop.Prices do
  use Task, restart: :permanent

  def start_link(_), do: Task.start_link(__MODULE__, :update, [])

  def update do
    of_basket(100_000)
    Process.sleep(10)
    update()
  end

  def of_basket(count), do: Enum.reduce(1..count, 1, &price/2)
  def price(n, sum), do: rem(sum * 7919 + n, 1_000_003)
end

defmodule DashboardShop.Letters do
  @moduledoc "Nobody reads them."
  use GenServer

  def start_link(_), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  @impl true
  def init(nil) do
    for n <- 1..5_000, do: send(self(), {:letter, n})
    {:ok, nil, {:continue, :never}}
  end

  @impl true
  def handle_continue(:never, nil), do: Process.sleep(:infinity)
end

defmodule DashboardShop.Router do
  use Phoenix.Router
  import Phoenix.LiveDashboard.Router
  import Plug.Conn

  pipeline :browser do
    plug(:accepts, ["html"])
    plug(:fetch_session)
    plug(:protect_from_forgery)
    plug(:authorized)
    plug(:policy)
  end

  scope "/" do
    pipe_through(:browser)

    live_dashboard("/dashboard",
      additional_pages: [cprof: Cprof.LiveDashboard],
      csp_nonce_assign_key: :nonce,
      request_logger: false
    )
  end

  defp authorized(conn, _), do: Plug.BasicAuth.basic_auth(conn, username: "shop", password: "secret")

  defp policy(conn, _) do
    nonce = Base.encode64(:crypto.strong_rand_bytes(18))

    policy =
      "default-src 'none'; script-src 'nonce-#{nonce}'; style-src 'nonce-#{nonce}'; img-src 'self' data:; " <>
        "font-src data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

    conn |> assign(:nonce, nonce) |> put_resp_header("content-security-policy", policy)
  end
end

defmodule DashboardShop.Endpoint do
  use Phoenix.Endpoint, otp_app: :dashboard_shop

  @session [store: :cookie, key: "_shop", signing_salt: "dashboard"]

  socket("/live", Phoenix.LiveView.Socket, websocket: [connect_info: [session: @session]])
  plug(:no_icon)
  plug(Plug.Session, @session)
  plug(DashboardShop.Router)

  # Browsers ask for it.
  defp no_icon(%{request_path: "/favicon.ico"} = conn, _), do: conn |> Plug.Conn.send_resp(204, "") |> Plug.Conn.halt()
  defp no_icon(conn, _), do: conn
end

Application.put_env(:phoenix, :json_library, Jason)

Application.put_env(:dashboard_shop, DashboardShop.Endpoint,
  adapter: Phoenix.Endpoint.Cowboy2Adapter,
  http: [ip: {127, 0, 0, 1}, port: 0],
  url: [host: "127.0.0.1"],
  server: true,
  secret_key_base: String.duplicate("shop", 16),
  live_view: [signing_salt: "dashboard"],
  pubsub_server: DashboardShop.PubSub
)

Logger.configure(level: :error)
for application <- [:phoenix_live_dashboard, :plug_cowboy], do: {:ok, _} = Application.ensure_all_started(application)

{:ok, _} = Application.ensure_all_started(:telemetry)
:ok = Cprof.Spans.attach([:shop, :sale], metadata: [:kind])

clerks = for n <- 1..12, do: Supervisor.child_spec(DashboardShop.Clerk, id: {:clerk, n})

servers = [
  DashboardShop.Till,
  DashboardShop.Prices,
  DashboardShop.Letters,
  {Phoenix.PubSub, name: DashboardShop.PubSub}
]

{:ok, _} = Supervisor.start_link(servers ++ clerks ++ [DashboardShop.Endpoint], strategy: :one_for_one)
{:ok, {_, port}} = DashboardShop.Endpoint.server_info(:http)
IO.puts("ready http://127.0.0.1:#{port}/dashboard")
IO.read(:stdio, :line)
System.halt(0)
