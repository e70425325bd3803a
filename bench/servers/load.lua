-- For wrk: pages of the Yaws server in turn. DELAY_MS is the mean pause before each request (0: none); it varies by half,
-- so that connections do not ask together.
local pause = tonumber(os.getenv("DELAY_MS"))
local paths = { "/shop?most=5000", "/page.yaws", "/shop?most=1000" }
local n = 0

if pause > 0 then
   function delay()
      return math.floor(pause * (0.5 + math.random()) + 0.5)
   end
end

function request()
   n = n + 1
   return wrk.format("GET", paths[n % #paths + 1])
end

function done(summary, latency)
   io.write(string.format("%d %d %d %d\n", summary.requests, latency:percentile(50), latency:percentile(99),
                          summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status
                             + summary.errors.timeout))
end
