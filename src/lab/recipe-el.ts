/** rpm brings rpmbuild, which calls file(1); dnf brings Python, which a real EL host has for the same reason. */
export const EL_PACKAGES = ["dnf", "rpm", "createrepo-c", "file"];

/** A dummy package: what a package manager, a service and a config file resource need to be tried on. */
interface DummyRpm {
  readonly name: string;
  readonly version: string;
  readonly unit?: string;
  readonly requires?: string;
}

/** tinyweb comes in two versions (for pins and upgrades) and drags in tinylib (for removal). */
const RPMS: readonly DummyRpm[] = [
  { name: "tinylib", version: "1.0" },
  { name: "tinyweb", version: "1.0", unit: "tinyweb", requires: "tinylib" },
  { name: "tinyweb", version: "1.1", unit: "tinyweb", requires: "tinylib" },
  { name: "chrony", version: "4.3", unit: "chronyd" },
  { name: "tinytool", version: "2.0" },
];

function specFile({ name, version, unit, requires }: DummyRpm): string {
  const unitPath = `/usr/lib/systemd/system/${unit}.service`;
  const install = [
    `mkdir -p %{buildroot}/etc %{buildroot}/usr/lib/systemd/system`,
    `echo "# ${name} ${version}" >%{buildroot}/etc/${name}.conf`,
    ...(unit === undefined
      ? []
      : [
          `cat >%{buildroot}${unitPath} <<'UNIT'`,
          `[Unit]\nDescription=Dummy ${name} of the lab`,
          `[Service]\nExecStart=/usr/bin/sleep infinity`,
          `[Install]\nWantedBy=multi-user.target\nUNIT`,
        ]),
  ];
  return `Name: ${name}
Version: ${version}
Release: 1
Summary: A dummy ${name} for hawser's lab
License: MIT
BuildArch: noarch
AutoReqProv: no
${requires === undefined ? "" : `Requires: ${requires}\n`}%description
A dummy for hawser's lab: it does nothing.
%install
${install.join("\n")}
%files
%config(noreplace) /etc/${name}.conf
${unit === undefined ? "" : unitPath}
`;
}

const BUILD = RPMS.map(
  (rpm) => `put /tmp/rpm/${rpm.name}-${rpm.version}.spec <<'SPEC'
${specFile(rpm)}SPEC
chroot "$root" rpmbuild --quiet -bb --define "_topdir /tmp/rpm/build" /tmp/rpm/${rpm.name}-${rpm.version}.spec
`,
).join("");

/**
 * Turns the Debian root into an EL-like one: rpm database, a local repository, EL's os-release; apt and dpkg are moved
 * out of the path. It exercises the dnf and rpm code paths, and its os-release says plainly what it is.
 */
export const EL_SCRIPT = `${BUILD}repo=/usr/share/hawser-lab/rpms
mkdir -p "$root$repo" && cp "$root"/tmp/rpm/build/RPMS/noarch/*.rpm "$root$repo" && rm -rf "$root/tmp/rpm"
chroot "$root" createrepo_c --quiet "$repo"
# Where EL has it, and readable to all as there; Debian's rpm keeps it in root's home.
echo '%_dbpath /var/lib/rpm' | put /etc/rpm/macros.hawser-lab
chroot "$root" rpmdb --initdb
chmod 755 "$root/var/lib/rpm"
put /etc/yum.repos.d/hawser-lab.repo <<END
[hawser-lab]
name=Dummy packages of the lab
baseurl=file://$repo
enabled=1
gpgcheck=0
END
echo 9 | put /etc/dnf/vars/releasever
ln -sf dnf "$root/usr/bin/yum"
ln -sf /lib/systemd/system/cron.service "$root/etc/systemd/system/crond.service"
rm -f "$root/etc/os-release" "$root/etc/debian_version"
put /usr/lib/os-release <<END
NAME="EL-like lab host"
PRETTY_NAME="EL-like lab host (Debian underneath, not CentOS)"
ID="centos"
ID_LIKE="rhel fedora"
VERSION="9"
VERSION_ID="9"
PLATFORM_ID="platform:el9"
END
ln -s ../usr/lib/os-release "$root/etc/os-release"
echo "EL-like lab host release 9" | put /etc/redhat-release
mkdir -p "$root/usr/lib/hawser-lab/debian"
for tool in "$root"/usr/bin/apt "$root"/usr/bin/apt-* "$root"/usr/bin/dpkg "$root"/usr/bin/dpkg-*; do
  mv "$tool" "$root/usr/lib/hawser-lab/debian/"
done
rm -rf "$root"/etc/apt/sources.list* "$root"/var/lib/apt/lists/*
`;
