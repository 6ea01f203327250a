# shellcheck shell=bash
# hwdr s3 rewind, lifecycle and check on the lab's S3 server: random pasts, faults, kills (tests/s3). It creates its own buckets, and
# drops them.
# HWDR_S3_CASES, HWDR_S3_KILLS: how many random pasts, and kills.

test_a_bucket_is_rewound() {
  export AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY AWS_REGION=$S3_REGION
  export HWDR_LAB_S3_ENDPOINT=$S3_ENDPOINT
  if [ -n "${LAB_SOAK:-}" ]; then export HWDR_S3_CASES=${HWDR_S3_CASES:-12} HWDR_S3_KILLS=${HWDR_S3_KILLS:-40}; fi
  cd "$LAB/.."
  cargo test --locked --workspace --test s3 -- --test-threads 3
}
