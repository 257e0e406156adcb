import { defineRole, sh, z } from "hawser";

const BASE = "/srv/w1";
const VARS = {
  base: BASE,
  app: "w1app",
  port: 8080,
  workers: ["alpha", "beta", "gamma", "delta"],
  upstreams: [{ host: "10.0.0.11", weight: 3 }, { host: "10.0.0.12", weight: 2 }, { host: "10.0.0.13", weight: 1 }],
  flags: { metrics: true, tracing: false, cache: true },
};

/**
 * The reference workload W1: 50 steps, each one public resource (the first is the facts, which every run reads), two handlers,
 * and `task` for the two commands alone. Its shape is that of a small service: accounts, folders, files, templates, lines,
 * blocks, looks, packages, cron and links.
 */
export const w1 = defineRole(import.meta, {
  name: "w1",
  summary: "The reference workload W1.",
  vars: z.strictObject({}),
  tasks({ t }) {
    const restart = t.handler("restart app", sh`umask 022; touch ${BASE}/run/app.restarted`);
    const reload = t.handler("reload web", sh`umask 022; touch ${BASE}/run/web.reloaded`);
    const app = { owner: "w1app", group: "w1app" };
    const deploy = { owner: "w1deploy", group: "w1ops" };

    const groups = [t.group("w1app", { gid: 4801 }), t.group("w1ops", { gid: 4802 })];
    t.user("w1app", { needs: groups, uid: 4801, group: "w1app", home: `${BASE}/home`, createHome: false, shell: "/usr/sbin/nologin" });
    t.user("w1deploy", { needs: groups, uid: 4803, group: "w1ops", groups: ["w1app"], createHome: false, shell: "/bin/bash", comment: "Deploy" });

    for (const folder of ["", "/etc", "/etc/conf.d", "/run"]) t.directory(`${BASE}${folder}`, { mode: "0755" });
    for (const folder of ["/log", "/data", "/data/cache"]) t.directory(`${BASE}${folder}`, { ...app, mode: "0750" });
    t.directory(`${BASE}/bin`, { mode: "0755" });
    for (const folder of ["/releases", "/releases/v1"]) t.directory(`${BASE}${folder}`, { ...deploy, mode: "0755" });

    t.file(`${BASE}/etc/motd`, { content: "Managed host, do not edit.\n", mode: "0644" });
    t.file(`${BASE}/releases/v1/VERSION`, { content: "1.4.2\n", mode: "0644" });
    t.file(`${BASE}/etc/limits.conf`, { content: "w1app soft nofile 65536\nw1app hard nofile 65536\n", mode: "0644" });
    t.file(`${BASE}/etc/sysctl.conf`, { content: "# kernel settings\nvm.swappiness = 60\nnet.core.somaxconn = 128\n", mode: "0644", once: true });
    t.file(`${BASE}/etc/sshd_config`, { content: "Port 22\n#PermitRootLogin yes\nPasswordAuthentication yes\nX11Forwarding yes\n", mode: "0600", once: true });
    t.file(`${BASE}/etc/hosts`, { content: "127.0.0.1 localhost\n", mode: "0644", once: true });
    t.file(`${BASE}/etc/secret.key`, { content: "0123456789abcdef\n", ...app, mode: "0400" });
    t.file(`${BASE}/bin/health.sh`, { source: "health.sh", mode: "0755" });
    t.template(`${BASE}/etc/app.conf`, "app.conf.ejs", VARS, { mode: "0644", notify: restart });
    t.template(`${BASE}/etc/conf.d/web.conf`, "web.conf.ejs", VARS, { mode: "0644", notify: reload });
    t.template(`${BASE}/etc/app.env`, "env.ejs", VARS, { ...app, mode: "0640", notify: restart });
    t.template(`${BASE}/etc/logrotate.conf`, "logrotate.ejs", VARS, { mode: "0644" });

    t.line(`${BASE}/etc/sysctl.conf`, { match: /^vm\.swappiness/, line: "vm.swappiness = 10" });
    t.line(`${BASE}/etc/sysctl.conf`, { match: /^net\.core\.somaxconn/, line: "net.core.somaxconn = 4096" });
    t.line(`${BASE}/etc/sysctl.conf`, { match: /^fs\.file-max/, line: "fs.file-max = 200000" });
    t.line(`${BASE}/etc/sshd_config`, { match: /^#?PermitRootLogin/, line: "PermitRootLogin no" });
    t.line(`${BASE}/etc/sshd_config`, { match: /^#?PasswordAuthentication/, line: "PasswordAuthentication no" });
    t.line(`${BASE}/etc/sshd_config`, { match: /^#?X11Forwarding/, line: "X11Forwarding no" });
    t.line(`${BASE}/etc/hosts`, { match: /\sdb\.internal$/, line: "10.0.0.21 db.internal" });
    t.lines(`${BASE}/etc/sshd_config`, "match", { marker: "# {mark} MATCH", block: "Match Group w1ops\n  AllowTcpForwarding no\n" });
    t.lines(`${BASE}/etc/hosts`, "cluster", { marker: "# {mark} CLUSTER", block: "10.0.0.11 n1\n10.0.0.12 n2\n10.0.0.13 n3\n" });
    t.lines(`${BASE}/etc/profile`, "app", { marker: "# {mark} APP", block: `export APP_HOME=${BASE}\nexport APP_ENV=production\n`, create: true });

    for (const file of ["etc/app.conf", "data", "etc/missing"]) t.read(file, { probe: sh`stat -c '%F %a %U' ${BASE}/${file} 2>/dev/null || echo absent` });
    t.task("init data", { check: sh`[ -e ${BASE}/data/.initialised ]`, apply: sh`umask 022; touch ${BASE}/data/.initialised` });
    t.task("init cache", { check: sh`[ -e ${BASE}/data/cache/seed ]`, apply: sh`umask 022; cp ${BASE}/etc/motd ${BASE}/data/cache/seed` });
    t.package(["coreutils", "tar", "gzip"]);
    t.package(["sed", "grep"]);
    t.cron("w1health", { file: "/etc/cron.d/w1health", heading: "#Ansible: w1 health", schedule: "*/5 * * * *", user: "root", command: `${BASE}/bin/health.sh` });
    t.file("/etc/cron.d/w1rotate", { content: `15 3 * * * root /usr/sbin/logrotate ${BASE}/etc/logrotate.conf\n`, mode: "0644" });
    t.symlink(`${BASE}/current`, `${BASE}/releases/v1`);
    t.symlink(`${BASE}/etc/web.conf`, `${BASE}/etc/conf.d/web.conf`);
    t.symlink(`${BASE}/bin/health`, `${BASE}/bin/health.sh`);
    t.file(`${BASE}/etc/old.conf`, { state: "absent" });
  },
});
