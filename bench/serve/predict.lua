-- One visitor of ten thousand per request.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

request = function()
  local visitor = string.format("visitor-%05d", math.random(10000))
  return wrk.format(nil, "/predict", nil, '{"domain_userid":"' .. visitor .. '"}')
end

-- The load tool's own figures, as one line that a program reads.
done = function(summary, latency, requests)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read
    + summary.errors.write + summary.errors.timeout
  io.write(string.format("figures %d %d %d %.0f %.0f\n", summary.requests, summary.duration,
    failed, latency:percentile(50), latency:percentile(99)))
end
