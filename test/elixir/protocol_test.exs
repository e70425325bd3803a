defmodule Cprof.ProtocolTest do
  use ExUnit.Case, async: true

  defp reply(term), do: :cprof_protocol.reply(:erlang.term_to_binary(term))

  test "a request is one term" do
    assert :erlang.binary_to_term(:cprof_protocol.request(4, :start, %{pid: 1})) == {4, :start, %{pid: 1}}
  end

  test "replies, errors and events are told apart" do
    assert reply({4, :ok, :started}) == {:reply, 4, {:ok, :started}}
    assert reply({4, :error, {:gone, "it ended"}}) == {:reply, 4, {:error, {:gone, "it ended"}}}
    assert reply({0, :event, 1}) == {:event, 1}
  end

  test "everything else is malformed" do
    for term <- [1, {}, {1, :ok}, {:a, :ok, 1}, {1, :error, "x"}, {1, :error, {"x", :y}}, {1, :event, 1}] do
      assert reply(term) == :malformed
    end

    good = :erlang.term_to_binary({4, :ok, "value"})

    for length <- 0..(byte_size(good) - 1),
        do: assert(:cprof_protocol.reply(binary_part(good, 0, length)) == :malformed)
  end
end
