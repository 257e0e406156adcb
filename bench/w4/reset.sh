# Takes away everything that W4 has made.
rm -rf /srv/w4
