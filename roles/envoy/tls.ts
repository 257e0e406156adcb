import { extension, type Extension } from "./api.ts";
import { meshName } from "./mesh.ts";
import { CERTIFICATE, KEY, TRUSTED } from "./paths.ts";

/** Both ends show a certificate, and each looks for the name of the other in it. */
const common = (peers: readonly string[]) => ({
  tls_params: { tls_minimum_protocol_version: "TLSv1_3", tls_maximum_protocol_version: "TLSv1_3" },
  tls_certificates: [{ certificate_chain: { filename: CERTIFICATE }, private_key: { filename: KEY } }],
  validation_context: {
    trusted_ca: { filename: TRUSTED },
    match_typed_subject_alt_names: peers.map((peer) => ({ san_type: "DNS", matcher: { exact: meshName(peer) } })),
  },
  alpn_protocols: ["h2"],
});

/** To one peer: any other one's certificate does not do. */
export const towards = (peer: string): Extension => extension("envoy.transport_sockets.tls", "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", { common_tls_context: common([peer]), sni: meshName(peer) });

/** From any of the peers. */
export const from = (peers: readonly string[]): Extension => extension("envoy.transport_sockets.tls", "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", { common_tls_context: common(peers), require_client_certificate: true });
