/// Capabilities by name (capabilities(7)), without `CAP_` and in small letters: `sys-time`.
enum Capabilities {
    /// In the order of their numbers (linux/capability.h).
    static let names = [
        "chown", "dac-override", "dac-read-search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
        "linux-immutable", "net-bind-service", "net-broadcast", "net-admin", "net-raw", "ipc-lock",
        "ipc-owner", "sys-module", "sys-rawio", "sys-chroot", "sys-ptrace", "sys-pacct", "sys-admin",
        "sys-boot", "sys-nice", "sys-resource", "sys-time", "sys-tty-config", "mknod", "lease", "audit-write",
        "audit-control", "setfcap", "mac-override", "mac-admin", "syslog", "wake-alarm", "block-suspend",
        "audit-read", "perfmon", "bpf", "checkpoint-restore",
    ]

    /// With one of these a process can soon have all others.
    static let mighty = [
        "dac-override", "dac-read-search", "fowner", "chown", "setuid", "setgid", "setpcap", "sys-module",
        "sys-rawio", "sys-ptrace", "sys-admin", "mknod", "setfcap", "bpf", "sys-boot", "mac-override",
        "mac-admin",
    ]

    /// Those the kernel has; higher bits of a mask mean nothing.
    static let all: UInt64 = (1 << UInt64(names.count)) - 1

    static func mask(_ names: [String]) -> UInt64 {
        names.reduce(0) { mask, name in
            self.names.firstIndex(of: name).map { mask | 1 << UInt64($0) } ?? mask
        }
    }

    static func names(in mask: UInt64) -> [String] {
        names.indices.filter { mask >> UInt64($0) & 1 == 1 }.map { names[$0] }
    }
}
