import { earlierRules } from "./rules.ts";

const SLEEPER = "[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n";
const key = (letter: string, name: string): string => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${letter.repeat(43)} ${name}@e2e`;

/** What stands on an untouched host: the part that is right already, and the part that has drifted or must go. */
export const PREPARE = `
b=/srv/honest
mkdir -p $b/repo $b/kept-dir $b/mode-dir $b/owner-dir/below $b/empty-dir $b/full-dir/below $b/unpacked-not
touch $b/owner-dir/below/file $b/full-dir/below/file
echo kept >$b/kept; echo other >$b/drifted; echo x >$b/mode; echo theirs >$b/once; echo x >$b/gone
ln -s drifted-target $b/link-to-drifted; echo x >$b/drifted-target
printf '# fixed\\nlisten 22\\n' >$b/site-kept.conf
ln -s kept $b/link-kept; ln -s elsewhere $b/link-drifted; echo x >$b/link-force; ln -s kept $b/link-gone
chmod 644 $b/kept $b/once $b/mode
cat >$b/edited.conf <<'END'
color = red
kept = yes
gone = yes
# BEGIN hawser two
old
# END hawser two
# BEGIN hawser kept
k
# END hawser kept
# BEGIN hawser gone
g
# END hawser gone
END
printf '; a comment\\n[main]\\nkept = 1\\ndrifted = 0\\ngone = 1\\n' >$b/edited.ini
printf '{\\n  "main": {\\n    "kept": 1,\\n    "drifted": [1],\\n    "gone": true\\n  }\\n}\\n' >$b/edited.json
printf '# a comment\\nmain:\\n  kept: 1\\n  drifted: [1]\\n  gone: true\\n' >$b/edited.yaml
printf '192.0.2.2\\thonest-kept.example\\n192.0.2.4\\thonest-moved.example\\n192.0.2.5\\thonest-gone.example\\n' >>/etc/hosts

printf '${SLEEPER}' | tee /etc/systemd/system/honest-kept.service /etc/systemd/system/honest-drifted.service /etc/systemd/system/honest-gone.service /etc/systemd/system/honest-old.service >/etc/systemd/system/honest-mask.service
chmod 644 /etc/systemd/system/honest-*.service
rm /etc/systemd/system/honest-mask.service
printf '${SLEEPER}' >/usr/lib/systemd/system/honest-mask.service
printf '[Timer]\\nOnCalendar=weekly\\n[Install]\\nWantedBy=timers.target\\n' >/etc/systemd/system/honest-tock.timer
systemctl daemon-reload
systemctl -q enable --now honest-kept honest-gone honest-old
groupadd -g 4300 honest-drifted; groupadd -g 4310 honest-gone
useradd -m -g honest-drifted -s /usr/sbin/nologin honest-drifted
useradd -m -g daemon honest-gone; useradd -m -g daemon honest-listed
for u in honest-drifted honest-listed; do mkdir -m 700 /home/$u/.ssh; done
echo '${key("B", "two")}' >/home/honest-drifted/.ssh/authorized_keys
printf '%s\\n' '${key("A", "one")}' '${key("C", "three")}' >/home/honest-listed/.ssh/authorized_keys
for u in honest-drifted honest-listed; do chmod 600 /home/$u/.ssh/authorized_keys; chown -R $u: /home/$u/.ssh; done

mkdir -p /etc/sysctl.d /etc/modules-load.d "/lib/modules/$(uname -r)"
printf 'net.ipv4.ip_local_port_range = 20000 60000\\nnet.ipv4.tcp_syncookies = 1\\n' >/etc/sysctl.d/99-zz-hawser.conf
echo '20000 60000' >/proc/sys/net/ipv4/ip_local_port_range
# The machine's own modules are out of reach of a lab host; what is built in is read from this list.
printf 'kernel/printk/printk.ko\\nkernel/workqueue.ko\\n' >"/lib/modules/$(uname -r)/modules.builtin"
echo honest-gone >/etc/modules-load.d/hawser-honest_gone.conf
mkdir -p /mnt/honest-kept /mnt/honest-off /mnt/honest-gone
printf 'tmpfs /mnt/honest-kept tmpfs size=1m 0 0\\ntmpfs /mnt/honest-gone tmpfs size=1m 0 0\\n' >>/etc/fstab
mount /mnt/honest-kept; mount /mnt/honest-gone; mount -t tmpfs tmpfs /mnt/honest-off
systemctl daemon-reload
printf '# kept: written by hawser\\n5 * * * * root true\\n' >/etc/cron.d/hawser-kept
echo '1 1 1 1 1 root true' | tee /etc/cron.d/hawser-drifted >/etc/cron.d/hawser-gone
chmod 644 /etc/cron.d/hawser-*
(
${earlierRules()}
)
printf 'the download\\n' | tee $b/download-kept >/dev/null; echo x >$b/download-drifted
chmod 644 $b/download-*
if command -v apt-get >/dev/null; then
: >$b/repo/Packages
printf '# Managed by hawser\\nTypes: deb\\nURIs: file:/nowhere\\nSuites: ./\\nTrusted: yes\\nEnabled: no\\n' >/etc/apt/sources.list.d/honest-old.sources
else
createrepo_c -q $b/repo
printf '[honest-old]\\nname=honest-old\\nbaseurl=file:///nowhere\\nenabled=0\\n' >/etc/yum.repos.d/honest-old.repo
dnf -y -q install tinytool >/dev/null 2>&1
fi
`;

/** Drifts by hand, and the resources that have drifted by it. Each is undone by a run. */
export const DRIFTS: readonly { readonly script: string; readonly ids: readonly string[]; readonly only?: "deb" | "el" }[] = [
  { script: "apt-get -q -y remove tree", ids: ["package:tree", "task:a command of the package", "task:absent with its package"], only: "deb" },
  { script: "apt-mark -qq unhold less", ids: ["package:less"], only: "deb" },
  { script: "apt-get -q -y install unzip", ids: ["package:unzip"], only: "deb" },
  { script: "dnf -y -q install tinytool", ids: ["package:tinytool"], only: "el" },
  { script: "rm /etc/apt/sources.list.d/honest.sources", ids: ["repository:honest"], only: "deb" },
  { script: "echo '# mine' >>/etc/yum.repos.d/honest.repo", ids: ["repository:honest"], only: "el" },
  { script: "systemctl stop honest-new", ids: ["service:honest-new.service"] },
  { script: "systemctl -q disable honest-kept", ids: ["service:honest-kept.service"] },
  { script: "systemctl start honest-old", ids: ["service:honest-old.service"] },
  { script: "systemctl -q unmask honest-mask", ids: ["service:honest-mask.service"] },
  { script: "echo >>/etc/systemd/system/cron.service.d/honest.conf; systemctl daemon-reload", ids: ["unit:cron.service/honest"] },
  { script: "cp /etc/systemd/system/honest-kept.service /etc/systemd/system/honest-gone.service", ids: ["unit:honest-gone.service"] },
  { script: "systemctl -q stop honest-tick.timer", ids: ["timer:honest-tick"] },
  { script: "echo >>/etc/systemd/system/honest-tock.timer; systemctl daemon-reload", ids: ["timer:honest-tock"] },
  { script: "groupmod -g 4302 honest-drifted", ids: ["group:honest-drifted"] },
  { script: "groupadd honest-gone", ids: ["group:honest-gone"] },
  { script: "gpasswd -d honest sudo; usermod -p '*' honest", ids: ["user:honest"] },
  { script: "useradd -M -g daemon honest-gone", ids: ["user:honest-gone"] },
  { script: `echo '${key("C", "three")}' >>/home/honest/.ssh/authorized_keys`, ids: ["authorized-key:honest:three@e2e"] },
  { script: "chmod 755 /home/honest-drifted/.ssh", ids: ["authorized-key:honest-drifted:one@e2e"] },
  { script: `echo '${key("C", "three")}' >>/home/honest-listed/.ssh/authorized_keys`, ids: ["authorized-keys:honest-listed"] },
  { script: "chmod 755 /srv/honest/new", ids: ["directory:/srv/honest/new"] },
  { script: "chown root /srv/honest/owner-dir/below/file", ids: ["directory:/srv/honest/owner-dir"] },
  { script: "mkdir /srv/honest/never-dir", ids: ["directory:/srv/honest/never-dir"] },
  { script: "echo >>/srv/honest/kept", ids: ["file:/srv/honest/kept"] },
  { script: "rm /srv/honest/new/of-user/file", ids: ["file:/srv/honest/new/of-user/file"] },
  { script: "chmod 640 /srv/honest/secret", ids: ["file:/srv/honest/secret"] },
  { script: "truncate -s -1 /srv/honest/larger", ids: ["file:/srv/honest/larger"] },
  { script: "touch /srv/honest/never", ids: ["file:/srv/honest/never"] },
  { script: "echo changed >/srv/honest/once", ids: [] },
  { script: "sed -i s/443/444/ /srv/honest/site.conf", ids: ["file:/srv/honest/site.conf"] },
  { script: "echo >/srv/honest/machine", ids: ["file:/srv/honest/machine"] },
  { script: "ln -sfn other /srv/honest/link-kept", ids: ["symlink:/srv/honest/link-kept"] },
  { script: "ln -s kept /srv/honest/link-never", ids: ["symlink:/srv/honest/link-never"] },
  { script: "sed -i -e s/blue/green/ -e 's/^c$/x/' /srv/honest/edited.conf; echo 'never = yes' >>/srv/honest/edited.conf", ids: ["line:/srv/honest/edited.conf:^color", "block:/srv/honest/edited.conf:two", "line:/srv/honest/edited.conf:never = yes"] },
  { script: "sed -i '/^added/d' /srv/honest/edited.ini", ids: ["ini-key:/srv/honest/edited.ini:[main]added"] },
  { script: "sed -i 's/true/false/' /srv/honest/edited.json /srv/honest/edited.yaml", ids: ["json-key:/srv/honest/edited.json:main.added", "yaml-key:/srv/honest/edited.yaml:main.added"] },
  { script: "printf '192.0.2.9 honest-kept.example\\n192.0.2.6 honest-never.example\\n' >>/etc/hosts", ids: ["hosts-entry:192.0.2.2:honest-kept.example", "hosts-entry:192.0.2.6:honest-never.example"] },
  { script: "hostname other", ids: ["hostname:hostname"] },
  { script: "echo 0 >/proc/sys/net/ipv4/ip_forward; sed -i /log_martians/d /etc/sysctl.d/99-zz-hawser.conf", ids: ["sysctl:net.ipv4.ip_forward", "sysctl:net.ipv4.conf.all.log_martians"] },
  { script: "echo 'net.ipv4.tcp_fin_timeout=9' >>/etc/sysctl.d/99-zz-hawser.conf", ids: ["sysctl:net.ipv4.tcp_fin_timeout"] },
  { script: "rm /etc/modprobe.d/hawser-printk.conf", ids: ["kernel-module:printk"] },
  { script: "nft flush ruleset; sed -i /honest-kept/d /etc/hawser/firewall.rules", ids: ["firewall-rule:honest-legacy", "firewall-rule:honest-kept", "firewall-rule:honest-drifted", "firewall-rule:honest-new", "firewall-rule:honest-needs"] },
  { script: "umount /mnt/honest-new; mount -t tmpfs tmpfs /mnt/honest-gone", ids: ["mount:/mnt/honest-new", "mount:/mnt/honest-gone"] },
  { script: "sed -i /honest-later/d /etc/fstab", ids: ["mount:/mnt/honest-later"] },
  { script: "rm /etc/cron.d/hawser-new; chmod 600 /etc/cron.d/hawser-kept; touch /etc/cron.d/hawser-never", ids: ["cron:new", "cron:kept", "cron:never"] },
  { script: "mv /srv/honest/new/file /tmp", ids: ["file:/srv/honest/new/file"] },
  { script: "echo >>/srv/honest/uploaded", ids: ["download:/srv/honest/uploaded"] },
  { script: "rm -r /srv/honest/unpacked/inner", ids: ["archive:/srv/honest/unpacked:inner.tar.gz"] },
  { script: "rm /srv/honest/by-zx /tmp/honest-by-daemon", ids: ["task:in zx", "task:as a user"] },
  { script: "rm /srv/honest/loaded", ids: ["task:load it"] },
  { script: "rm /srv/honest/item-b", ids: ["file:/srv/honest/item-b"] },
  { script: "rm /srv/honest/in-block", ids: ["file:/srv/honest/in-block"] },
];
