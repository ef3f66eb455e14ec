/// A dependency that Debian states and an image without maintainer scripts does not have.
///
/// Debian packages depend on what their `postinst` runs (adduser, debconf …), and no such script ever runs
/// here. These rules name those dependencies; everything else is followed. What a rule drops wrongly does not
/// go unnoticed: `ProgramNeeds` compares every program of the finished image with what it links and
/// interprets.
struct DropRule: Sendable {
    /// Patterns of names, `*` standing for anything.
    let dependents: [String]
    let packages: [String]
    /// A dropped package of the same source as its dependent is still locked, and downloaded for its licence
    /// texts: Debian lets the dependent's be a link into it.
    var mayHoldLicences = true

    static let all: [DropRule] = [
        // Tools of maintainer scripts, and what these tools depend on themselves.
        DropRule(
            dependents: ["*"],
            packages: [
                "adduser", "base-passwd", "cdebconf", "debconf", "debconf-2.0", "debianutils", "dpkg",
                "init-system-helpers", "install-info", "libdebconfclient0", "login.defs", "media-types",
                "passwd", "perl-base", "sensible-utils", "sysvinit-utils", "tzdata-legacy", "ucf",
            ]),
        // Sign-in by password: handset users have none.
        DropRule(dependents: ["*"], packages: ["libpam-modules", "libpam-modules-bin", "libpam-runtime"]),
        // Supervisors and their glue: amos-init is the only one.
        DropRule(
            dependents: ["*"], packages: ["lsb-base", "systemd", "systemd-sysv", "sysv-rc", "udev", "dbus"]),
        // The kernel package depends on what makes an initramfs and a boot menu on a desktop.
        DropRule(dependents: ["linux-image-*"], packages: ["initramfs-tools", "kmod", "linux-base*"]),
        // Rehashes certificates after installation; the bundle is made at build time.
        DropRule(dependents: ["ca-certificates"], packages: ["openssl"]),
        // Nothing but documentation: only its licence text is wanted.
        DropRule(dependents: ["*"], packages: ["gcc-*-base"]),
        // A plug-in with ciphers that libssl does not use unless asked to; a dependency for upgrades' sake.
        DropRule(dependents: ["libssl3*"], packages: ["openssl-provider-legacy"]),
        // Other event loops than its own, and headers that its own do not include.
        DropRule(
            dependents: ["libwebsockets-dev"],
            packages: ["libwebsockets-evlib-*", "libev-dev", "libuv1-dev", "zlib1g-dev"],
            mayHoldLicences: false),
        // Compilers for a machine that runs the packages, and sanitizers' run-time libraries.
        DropRule(
            dependents: ["libc6-dev", "libgcc-*-dev", "musl-dev"],
            packages: [
                "gcc-*", "libasan*", "libatomic*", "libc-dev-bin", "libcc1-*", "libcrypt-dev", "libgomp*",
                "libhwasan*",
                "libitm*", "liblsan*", "libtsan*", "libubsan*", "rpcsvc-proto",
            ], mayHoldLicences: false),
    ]

    func drops(_ package: String, of dependent: String) -> Bool {
        dependents.contains { matches(pattern: $0, dependent) }
            && packages.contains { matches(pattern: $0, package) }
    }
}

/// Whether `text` is `pattern`, in which `*` stands for any run of characters.
func matches(pattern: String, _ text: String) -> Bool {
    let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
    guard parts.count > 1, let first = parts.first, let last = parts.last else { return pattern == text }
    guard text.hasPrefix(first), text.count >= first.count + last.count, text.hasSuffix(last) else {
        return false
    }
    var rest = text.dropFirst(first.count).dropLast(last.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
        guard let found = rest.firstRange(of: part) else { return false }
        rest = rest[found.upperBound...]
    }
    return true
}
