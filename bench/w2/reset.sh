# Takes away everything that W2 has made.
rm -rf /srv/w2
