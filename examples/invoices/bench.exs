# The work that is measured: invoices for a day's orders.
#
#     mix profile.run --runs 5 --save base.pb.gz bench.exs
#     cp faster/invoices.ex lib/
#     mix profile.run --runs 5 --baseline base.pb.gz bench.exs

{customers, orders} = Invoices.Shop.day(5_000, 40_000)
total = Invoices.total(orders, customers)
true = total > 0
