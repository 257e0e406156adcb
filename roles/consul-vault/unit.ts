/** A server of this role, as systemd runs it. */
export interface Daemon {
  readonly description: string;
  /** Also its group. */
  readonly user: string;
  /** The command line. */
  readonly command: string;
  /** Lines of the section Service that only this one has. */
  readonly more?: readonly string[];
}

/** The text of its unit. It reads its configuration anew on SIGHUP. */
export const unitText = ({ description, user, command, more = [] }: Daemon): string => `# Managed by hawser: role consul-vault
[Unit]
Description=${description}
After=network-online.target
Wants=network-online.target
# However often it ends: what it waits for may be gone for long.
StartLimitIntervalSec=0

[Service]
Type=simple
User=${user}
Group=${user}
ExecStart=${command}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=2
LimitNOFILE=65536
${more.map((line) => `${line}\n`).join("")}ProtectSystem=full
ProtectHome=true
PrivateTmp=true
NoNewPrivileges=true

[Install]
WantedBy=multi-user.target
`;
