#!/usr/bin/env bash
# Everything that must hold: types, lint, direction of dependencies, generated docs, unit tests, and tests on lab hosts.
source "$(dirname "$0")/prepare.sh"

# Journals of the tests' runs are not the user's.
HAWSER_RUNS=$(mktemp -d)
export HAWSER_RUNS
trap 'rm -rf "$HAWSER_RUNS"' EXIT

# What the tests themselves use; the lab installs its own.
needed=(openssh-server openssh-client sudo opendoas busybox dash shellcheck acl attr iproute2 util-linux procps unzip zstd xz-utils bzip2 curl wget nftables iptables ansible-core etcd-server chromium-headless-shell prometheus prometheus-alertmanager)
missing=()
for package in "${needed[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  echo "installing for the tests: ${missing[*]}"
  apt-get update -q
  # policy-rc.d: the tests start their own sshd, the machine's stays as it is.
  [ -e /usr/sbin/policy-rc.d ] || { printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; ours=1; }
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" || status=$?
  [ -z "${ours:-}" ] || rm -f /usr/sbin/policy-rc.d
  [ -z "${status:-}" ] || exit "$status"
fi
node --import tsx scripts/install-lab.ts

step() { printf '\n== %s\n' "$*"; "$@"; }
step npx tsc --noEmit
step npm run --silent lint
step node --import tsx scripts/check-layers.ts
step node --import tsx scripts/reference.ts --check
step node --import tsx scripts/status.ts --check

mapfile -t unit < <(find test roles -name '*.test.ts' -not -path 'test/e2e/*' | sort)
# What needs servers that are built first, or takes long, has a command of its own: the whole site (npm run test:site), Swarm's routing mesh on
# kernels of its own (npm run test:swarm), and the roles of the platform on lab hosts, 10 to 20 minutes each (npm run test:roles).
apart=' network site swarm-mesh swarm monitoring consul-vault minio minio-garage minio-rustfs envoy '
e2e=()
for file in test/e2e/*.test.ts; do
  [[ $apart == *" $(basename "$file" .test.ts) "* ]] || e2e+=("$file")
done
# This reporter says again at the end what failed and why, where the end of a long log is all that is looked at.
run_tests() { step node --import tsx --test --test-reporter=spec "$@"; }
# No test hangs for ever: a file that has not ended after 10 minutes has failed.
run_tests --test-concurrency=2 --test-timeout=600000 "${unit[@]}"
# Two side by side, each with hosts of its own: a lab waits more than it works.
run_tests --test-concurrency=2 --test-timeout=900000 "${e2e[@]}"
# Alone: a gateway whose kernel waits for a second is dead to its peers. With the kernel that it may have to build first.
run_tests --test-timeout=2700000 test/e2e/network.test.ts
