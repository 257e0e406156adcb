"""The reference workload W1 as pyinfra operations (pyinfra 3); bench/w1 is the same in hawser."""
from io import StringIO
from os.path import abspath, dirname, join

from pyinfra import host
from pyinfra.facts.files import File
from pyinfra.facts.server import Hostname, Kernel, LinuxDistribution
from pyinfra.operations import apt, files, server

HERE = dirname(abspath(__file__))
BASE = "/srv/w1"
VARS = {
    "base": BASE,
    "app": "w1app",
    "port": 8080,
    "workers": ["alpha", "beta", "gamma", "delta"],
    "upstreams": [{"host": "10.0.0.11", "weight": 3}, {"host": "10.0.0.12", "weight": 2}, {"host": "10.0.0.13", "weight": 1}],
    "flags": {"metrics": True, "tracing": False, "cache": True},
}
# Ansible's templates are rendered so.
AS_ANSIBLE = {"trim_blocks": True}
APP = {"user": "w1app", "group": "w1app"}
DEPLOY = {"user": "w1deploy", "group": "w1ops"}


def put(dest, text, mode, once=False, **owner):
    """A file with this text; `once` leaves one alone that is there."""
    if once and host.get_fact(File, path=dest):
        return files.file(path=dest, mode=mode, **owner)
    return files.put(src=StringIO(text), dest=dest, mode=mode, create_remote_dir=False, **owner)


def template(name, dest, mode, **owner):
    return files.template(src=join(HERE, "../templates", name), dest=f"{BASE}{dest}", mode=mode, create_remote_dir=False, jinja_env_kwargs=AS_ANSIBLE, **VARS, **owner)


for fact in (LinuxDistribution, Kernel, Hostname):
    host.get_fact(fact)
server.group(group="w1app", gid=4801)
server.group(group="w1ops", gid=4802)
server.user(user="w1app", uid=4801, group="w1app", home=f"{BASE}/home", ensure_home=False, shell="/usr/sbin/nologin")
server.user(user="w1deploy", uid=4803, group="w1ops", groups=["w1app"], ensure_home=False, shell="/bin/bash", comment="Deploy")

for folder in ("", "/etc", "/etc/conf.d", "/run"):
    files.directory(path=f"{BASE}{folder}", mode=755)
for folder in ("/log", "/data", "/data/cache"):
    files.directory(path=f"{BASE}{folder}", mode=750, **APP)
files.directory(path=f"{BASE}/bin", mode=755)
for folder in ("/releases", "/releases/v1"):
    files.directory(path=f"{BASE}{folder}", mode=755, **DEPLOY)

put(f"{BASE}/etc/motd", "Managed host, do not edit.\n", 644)
put(f"{BASE}/releases/v1/VERSION", "1.4.2\n", 644)
put(f"{BASE}/etc/limits.conf", "w1app soft nofile 65536\nw1app hard nofile 65536\n", 644)
put(f"{BASE}/etc/sysctl.conf", "# kernel settings\nvm.swappiness = 60\nnet.core.somaxconn = 128\n", 644, once=True)
put(f"{BASE}/etc/sshd_config", "Port 22\n#PermitRootLogin yes\nPasswordAuthentication yes\nX11Forwarding yes\n", 600, once=True)
put(f"{BASE}/etc/hosts", "127.0.0.1 localhost\n", 644, once=True)
put(f"{BASE}/etc/secret.key", "0123456789abcdef\n", 400, **APP)
files.put(src=join(HERE, "../../w1/files/health.sh"), dest=f"{BASE}/bin/health.sh", mode=755, create_remote_dir=False)
app_conf = template("app.conf.j2", "/etc/app.conf", 644)
web_conf = template("web.conf.j2", "/etc/conf.d/web.conf", 644)
app_env = template("env.j2", "/etc/app.env", 640, **APP)
template("logrotate.j2", "/etc/logrotate.conf", 644)

for name, match, line in (
    ("sysctl.conf", r"^vm\.swappiness.*", "vm.swappiness = 10"),
    ("sysctl.conf", r"^net\.core\.somaxconn.*", "net.core.somaxconn = 4096"),
    ("sysctl.conf", r"^fs\.file-max.*", "fs.file-max = 200000"),
    ("sshd_config", r"^.*PermitRootLogin.*", "PermitRootLogin no"),
    ("sshd_config", r"^.*PasswordAuthentication.*", "PasswordAuthentication no"),
    ("sshd_config", r"^.*X11Forwarding.*", "X11Forwarding no"),
    ("hosts", r"^.*db\.internal.*", "10.0.0.21 db.internal"),
):
    files.line(path=f"{BASE}/etc/{name}", line=match, replace=line)
files.file(path=f"{BASE}/etc/profile", mode=644)
for name, mark, content in (
    ("sshd_config", "MATCH", "Match Group w1ops\n  AllowTcpForwarding no"),
    ("hosts", "CLUSTER", "10.0.0.11 n1\n10.0.0.12 n2\n10.0.0.13 n3"),
    ("profile", "APP", f"export APP_HOME={BASE}\nexport APP_ENV=production"),
):
    files.block(path=f"{BASE}/etc/{name}", marker=f"# {{mark}} {mark}", content=content)

for path in ("etc/app.conf", "data", "etc/missing"):
    host.get_fact(File, path=f"{BASE}/{path}")
for path, command in (("data/.initialised", f"touch {BASE}/data/.initialised"), ("data/cache/seed", f"cp {BASE}/etc/motd {BASE}/data/cache/seed")):
    if not host.get_fact(File, path=f"{BASE}/{path}"):
        server.shell(commands=[command])
apt.packages(packages=["coreutils", "tar", "gzip"])
apt.packages(packages=["sed", "grep"])
put("/etc/cron.d/w1health", f"#Ansible: w1 health\n*/5 * * * * root {BASE}/bin/health.sh\n", 644)
put("/etc/cron.d/w1rotate", f"15 3 * * * root /usr/sbin/logrotate {BASE}/etc/logrotate.conf\n", 644)
for link, target in (("current", "releases/v1"), ("etc/web.conf", "etc/conf.d/web.conf"), ("bin/health", "bin/health.sh")):
    files.link(path=f"{BASE}/{link}", target=f"{BASE}/{target}", create_remote_dir=False)
files.file(path=f"{BASE}/etc/old.conf", present=False)

server.shell(commands=[f"touch {BASE}/run/app.restarted"], _if=lambda: app_conf.did_change() or app_env.did_change())
server.shell(commands=[f"touch {BASE}/run/web.reloaded"], _if=web_conf.did_change)
