# The routes of the real Phoenix as spans, from outside the node that serves them; test/roots.sh puts Phoenix into the root
# with OTP 29 and says where it is.
libraries = System.get_env("CPROF_LIBRARIES", "")
ebins = Path.wildcard(Path.join(libraries, "*/ebin"))
# Mix has removed the applications of OTP that cprof does not name from the path.
otp = if ebins == [], do: [], else: Path.wildcard(Path.join(:code.lib_dir(), "*/ebin"))
Enum.each(ebins ++ otp, &Code.append_path/1)
there? = ebins != [] and Code.ensure_loaded?(Phoenix.Router)

cond do
  not there? -> IO.puts("routes: skipped, Phoenix is not on this machine (make test-roots has it for OTP 29)")
  Code.ensure_loaded?(PhoenixShop.Router) -> :ok
  true -> Code.require_file("work/phoenix_shop.exs", __DIR__)
end

defmodule Live.RoutesTest do
  use ExUnit.Case, async: false

  alias Live.{Cprof, Recorder}

  @compile {:no_warn_undefined, [:ranch, PhoenixShop.Endpoint]}
  @moduletag skip: not there? && "Phoenix is not there"
  @moduletag :tmp_dir
  @clients 6
  @requests 40
  # What each route's controller does.
  @burns %{"/spin/:id" => "PhoenixShop.Burner.spin/1", "/basket" => "PhoenixShop.Basket.total/1"}

  setup do
    level = Logger.level()
    Logger.configure(level: :error)
    on_exit(fn -> Logger.configure(level: level) end)
    Application.put_env(:phoenix, :json_library, Jason)

    Application.put_env(:phoenix_shop, PhoenixShop.Endpoint,
      http: [ip: {127, 0, 0, 1}, port: 0],
      adapter: Phoenix.Endpoint.Cowboy2Adapter,
      server: true,
      secret_key_base: String.duplicate("x", 64)
    )

    {:ok, _} = Application.ensure_all_started(:phoenix)
    {:ok, _} = Application.ensure_all_started(:plug_cowboy)
    start_supervised!(PhoenixShop.Seats)
    start_supervised!(PhoenixShop.Endpoint)
    :ok = Elixir.Cprof.Spans.attach([[:phoenix, :endpoint], [:phoenix, :router_dispatch]], metadata: [:route])
    on_exit(fn -> Elixir.Cprof.Spans.detach() end)
    %{port: :ranch.get_port(PhoenixShop.Endpoint.HTTP)}
  end

  # Each client asks for all pages in turn.
  defp load(port) do
    1..@clients
    |> Task.async_stream(fn _ -> requests(port) end, timeout: :infinity, max_concurrency: @clients)
    |> Enum.each(fn {:ok, @requests} -> :ok end)
  end

  defp requests(port) do
    {:ok, socket} = :gen_tcp.connect({127, 0, 0, 1}, port, [:binary, active: false])

    Enum.count(1..@requests, fn n ->
      for path <- ["/spin/#{n}", "/basket", "/seats", "/quick"] do
        :ok = :gen_tcp.send(socket, "GET #{path} HTTP/1.1\r\nhost: localhost\r\n\r\n")
        {:ok, "HTTP/1.1 200" <> _} = :gen_tcp.recv(socket, 0, 60_000)
      end
    end)
  end

  defp functions(file, more \\ []) do
    report = Cprof.json(["report", file, "--event", "cpu" | more])
    {report, Map.new(report["functions"], &{&1["name"], &1["total"]})}
  end

  test "say how long they took, what they burn, and for whom they wait", %{port: port, tmp_dir: dir} do
    node = %{pid: System.pid(), dir: dir}
    {_, file} = Recorder.during(node, ["--event", "cpu,wall", "-r", "999"], fn -> load(port) end)
    {_, all} = functions(file)
    report = Cprof.json(["report", file])
    assert report["counters"]["span_unmatched"] == 0
    assert report["counters"]["span_died"] == 0
    routes = for %{"event" => "[:phoenix, :router_dispatch]"} = row <- report["spans"], do: row
    assert Enum.sort(Enum.map(routes, & &1["metadata"])) == ["/basket", "/quick", "/seats", "/spin/:id"]
    for row <- routes, do: assert({row["count"], row["cut"]} == {@clients * @requests, 0})

    # All that a controller burns is in its route, and a route burns nothing else.
    for {route, function} <- @burns do
      {part, there} = functions(file, ["--span", route])
      assert there[function] >= 0.98 * all[function], inspect({route, there, all[function]})
      assert there[function] >= 0.5 * part["meta"]["samples"]
      others = Map.keys(Map.take(there, Map.values(@burns))) -- [function]
      assert others == []
    end

    # The routes together are what was recorded in them, and that is what runs below the router.
    in_routes = Enum.sum(for row <- routes, do: row["cpu_ns"])
    {part, below} = functions(file, ["--span", "[:phoenix, :router_dispatch]"])
    assert_in_delta in_routes / (part["meta"]["samples"] * 1.0e9 / 999), 1, 0.02
    assert_in_delta below["Phoenix.Router.__call__/5"] / all["Phoenix.Router.__call__/5"], 1, 0.02

    seats = Enum.find(routes, &(&1["metadata"] == "/seats"))
    assert [%{"function" => "[waits for PhoenixShop.Seats]", "wait_ns" => waited} | _] = seats["waits"]
    assert_in_delta waited / seats["took_ns"], 1, 0.2
  end
end
