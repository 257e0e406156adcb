# The floor: a hand-written look at everything that W2 declares.
cd /srv/w2 || exit 1
stat -c '%n %F %a %U %G %s' . ??? ???/unit.conf
cat ???/unit.conf | sha256sum
