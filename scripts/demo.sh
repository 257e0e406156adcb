#!/usr/bin/env bash
# hawser in a few minutes: two throw-away hosts in two regions become a bidirectional PostgreSQL pair, drift, and are repaired.
source "$(dirname "$0")/prepare.sh"

hawser=(node bin/hawser.mjs)
inventory=inventory/lab
playbook=playbooks/data.ts
if [ -t 1 ]; then bold=$'\e[1m'; plain=$'\e[0m'; else bold=; plain=; fi

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
run() { printf '%s$ hawser %s%s\n' "$bold" "$*" "$plain"; "${hawser[@]}" "$@"; }

say "1. Two hosts, Los Angeles and Singapore, with real systemd and sshd"
run lab up -i "$inventory" --install

say "2. The dry run: what would change?"
run run "$playbook" -i "$inventory" --check

say "3. The run"
run run "$playbook" -i "$inventory"

say "4. The run again: nothing to change"
run run "$playbook" -i "$inventory"

say "5. A row written in Los Angeles is read in Singapore, and the other way"
psql() { "${hawser[@]}" lab exec -i "$inventory" "$1" runuser -u postgres -- psql -XtAq -d "$database" -c "$2"; }
source scripts/demo-data.sh

say "6. Somebody breaks something on sg-1"
break_something

say "7. The dry run finds it"
run run "$playbook" -i "$inventory" --check --diff

say "8. The run repairs it"
run run "$playbook" -i "$inventory"

say "What next?"
cat <<TEXT
  node bin/hawser.mjs lab ssh la-1                                  a shell on a host
  node bin/hawser.mjs run $playbook -i $inventory --list-tasks   what the playbook consists of
  node bin/hawser.mjs inventory explain la-1 ssh.key -i $inventory  where a value comes from
  node bin/hawser.mjs lab down                                      removes the hosts and all they left
  docs/getting-started.md                                           your own first role
TEXT
