"""The way in: CloudFront, its web ACL and the load balancer, acted out as stack 03 has deployed them.

    python -m retail.local.edge --port 8080 --load-balancer-port 8081 --feed-port 8082 --page-port 8083 \
        --project retail --environment dev

The environment names the emulator (AWS_ENDPOINT_URL). Everything is read from there and again every two seconds, so
that a stack deployed again is followed without a restart. What cannot be acted out is refused in one line, at the
start with exit code 2; later the edge says so and stays with what it had.

    browser -> distribution: web ACL, behaviour by path, cache -> load balancer: listener's rules -> a healthy target

Not as in AWS:

- All of it is plain HTTP: 127.0.0.1 has no certificate. So viewer protocol policies redirect nobody, and
  X-Forwarded-Proto says http. The load balancer's listener is the one that CloudFront would reach by HTTPS.
- The managed rule groups of AWS are closed. A few sample patterns stand for them (samples.py), and the header
  ``x-local-blocked-by`` says of each answer which rule it was and whether a sample.
- The rate limit counts exactly and at once; AWS estimates, within seconds.
- A cache of one edge location, in memory; an expired object is fetched as if it had never been there; ranges are
  answered whole. Compression is gzip only. No HTTP/2.
- Targets are checked every second, however long the target group's interval.
"""
