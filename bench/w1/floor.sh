# The floor: a hand-written look at everything that W1 declares, as one script over one cold ssh connection. It knows nothing of
# facts, plans or differences; nothing that checks the same over ssh can be much faster.
cd /srv/w1 || exit 1
getent passwd w1app w1deploy
getent group w1app w1ops
stat -c '%n %F %a %U %G %s' . etc etc/conf.d run log data data/cache bin releases releases/v1 etc/motd etc/limits.conf etc/sysctl.conf etc/sshd_config etc/hosts etc/profile \
  etc/secret.key etc/app.conf etc/conf.d/web.conf etc/app.env etc/logrotate.conf bin/health.sh releases/v1/VERSION data/.initialised data/cache/seed current etc/web.conf bin/health /etc/cron.d/*w1*
cat etc/motd etc/limits.conf etc/sysctl.conf etc/sshd_config etc/hosts etc/profile etc/secret.key etc/app.conf etc/conf.d/web.conf etc/app.env etc/logrotate.conf bin/health.sh releases/v1/VERSION /etc/cron.d/*w1* | sha256sum
readlink current etc/web.conf bin/health
dpkg-query -W -f '${Package} ${Status}\n' coreutils tar gzip sed grep
[ ! -e etc/old.conf ]
