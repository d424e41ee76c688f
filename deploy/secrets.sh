#!/bin/sh
# Makes the tokens and passwords of the compose files, once, in deploy/.env. What is there stays.
set -eu
cd "$(dirname "$0")"
if [ -e .env ]; then
  echo "deploy/.env is there already: nothing was changed" >&2
  exit 0
fi
secret() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
umask 077
cat >.env.new <<EOF
# Made by deploy/secrets.sh. Keep it out of version control and out of images.
# The token that the screen and the API ask for:
MILLRACE_ADMIN_TOKEN=$(secret 32)
# The password of user "kafka" at the built-in broker (docker-compose.single.yml):
MILLRACE_KAFKA_PASSWORD=$(secret 16)
INFLUXDB_PASSWORD=$(secret 16)
INFLUXDB_TOKEN=$(secret 32)
# Old data into MinIO, or into any other S3: take the first # of these lines away.
#COMPOSE_PROFILES=bucket
#MILLRACE_BUCKET_URL=s3://millrace?endpoint=http://minio:9000&region=us-east-1&path_style=true
#AWS_ACCESS_KEY_ID=millrace
#AWS_SECRET_ACCESS_KEY=$(secret 16)
EOF
mv .env.new .env
echo "made deploy/.env: MILLRACE_ADMIN_TOKEN in it opens the screen"
