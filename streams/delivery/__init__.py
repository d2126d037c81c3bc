"""How people and other systems are told: the sinks of contract section 11.

Theory of operation. What is said stands on Kafka before anybody is told (`streams.watch`), so a sink only looks, and
one that is down holds nothing up and loses nothing.

- `alertmanager` tells what *is* open: the owner of a partition sends each of its open alerts at once and again and
  again, with an end some minutes ahead, so that an alert outlives a worker but not for long. There is nothing to
  remember but what was resolved lately.
- `apprise` and `webhook` tell what *was said*: each sink follows `portal.alerts` with a consumer group of its own, and
  commits how far it came once the receiver took what lies before. What it committed is all that it remembers.

Whatever leaves through the first two is made by `discretion` from what an alert says, and never from the alert itself.
A receiver's failures are met in one place (`posting`): time-outs, retries with backoff and jitter, `Retry-After`, and a
breaker that keeps a dead one from being asked all the time. `answers` counts, and keeps what became of each delivery.
"""
