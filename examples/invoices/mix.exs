defmodule Invoices.MixProject do
  use Mix.Project

  def project do
    [app: :invoices, version: "0.1.0", elixir: "~> 1.14", deps: [{:cprof, path: "../..", only: :dev}]]
  end

  def application, do: []
end
