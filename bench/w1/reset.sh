# Takes away everything that W1 has made, so that it can be applied once more.
rm -rf /srv/w1 /etc/cron.d/*w1*
userdel w1deploy 2>/dev/null
userdel w1app 2>/dev/null
groupdel w1ops 2>/dev/null
groupdel w1app 2>/dev/null
:
