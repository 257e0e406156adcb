#!/bin/sh
# Managed by hawser: role swarm. Lets what is forwarded through some interfaces pass Docker's rules, which drop what they do not know.
# docker-user.sh check|set INTERFACE...   check: exits 0 when the rules are these and no others of ours
set -eu
mode=$1
shift
mark='-m comment --comment hawser'
ours() { iptables -w -S DOCKER-USER 2>/dev/null | grep -- '--comment "\{0,1\}hawser"\{0,1\} ' | sed 's/"//g' | sort; }
wanted() {
  for name in "$@"; do
    for way in -i -o; do echo "-A DOCKER-USER $way $name $mark -j ACCEPT"; done
  done | sort
}
if [ "$(ours)" = "$(wanted "$@")" ]; then exit 0; fi
if [ "$mode" = check ]; then exit 1; fi
ours | sed 's/^-A/-D/' | while read -r rule; do iptables -w $rule; done
wanted "$@" | sed 's/^-A/-I/' | while read -r rule; do iptables -w $rule; done
