#!/usr/bin/env bash
# hawser in a few minutes: two throw-away hosts in two regions become a bidirectional PostgreSQL pair, drift, and are repaired.
source "$(dirname "$0")/prepare.sh"

hawser=(node bin/hawser.mjs)
inventory=inventory/demo
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
on() { "${hawser[@]}" lab exec -i "$inventory" "$@"; }
sql() { on "$1" runuser -u postgres -- psql -XtAq -d app -c "$2"; }
# Polls, because replication is not instant; fails after 20 s.
arrives() {
  for _ in $(seq 100); do
    if [ "$(sql "$1" "select count(*) from customers where name = '$2'")" = 1 ]; then
      echo "  $1 has it: $2"
      return
    fi
    sleep 0.2
  done
  echo "  $2 never arrived on $1" >&2
  exit 1
}
stamp=$(date +%s)
sql la-1 "insert into customers (name) values ('from Los Angeles $stamp')"
arrives sg-1 "from Los Angeles $stamp"
sql sg-1 "insert into customers (name) values ('from Singapore $stamp')"
arrives la-1 "from Singapore $stamp"

say "6. Somebody breaks things on sg-1: a setting, a service, a replicated table"
on sg-1 sed -i 's/^wal_level.*/wal_level = minimal/' /etc/postgresql/15/main/conf.d/hawser.conf
on sg-1 systemctl stop chrony
sql sg-1 "select pglogical.replication_set_remove_table('default', 'orders')" >/dev/null
echo "  done: wal_level = minimal, chrony stopped, orders no longer replicated"

say "7. The dry run finds it"
run run "$playbook" -i "$inventory" --check --diff

say "8. The run repairs it"
run run "$playbook" -i "$inventory"

say "What next?"
cat <<TEXT
  node bin/hawser.mjs lab ssh -i inventory/demo la-1
      a shell on a host
  node bin/hawser.mjs run $playbook -i $inventory --list-tasks
      what the playbook consists of
  node bin/hawser.mjs inventory explain sg-1 postgres-pglogical.seed -i $inventory
      where a value comes from
  node bin/hawser.mjs lab down -i inventory/demo
      removes the hosts and all they left
  docs/getting-started.md
      your own first role
TEXT
